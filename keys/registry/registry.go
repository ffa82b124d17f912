package registry

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"golang.org/x/mod/sumdb/note"

	"conclave/keys"
	"conclave/keys/policy"
	"conclave/keys/registry/channel"
	"conclave/keys/registry/store"
	"conclave/keys/registry/voucher"
	"conclave/keys/registry/wire"
	"conclave/keys/tlog"
)

// Ledger appends to the transparency log: see ledger.Ledger, whose contract it
// is.
type Ledger interface {
	Append(ctx context.Context, entry tlog.Entry) (keys.LogReceipt, error)
}

// SignOn knows the organisations at which people can sign on: see package
// signon.
type SignOn interface {
	// Domains lists the organisations that are configured.
	Domains() []string
	// Start returns where the people of a domain sign on. It returns ErrNotProved
	// when nobody proved the domain and ErrUnknown when it is not configured.
	Start(ctx context.Context, domain string) (issuer, clientID string, err error)
	// Verify returns the identity in an ID token for this domain and nonce.
	Verify(ctx context.Context, domain, nonce, token string) (subject string, err error)
}

// Errors of SignOn.
var (
	ErrNotProved = errors.New("sign on: nobody proved that the domain uses this provider")
	ErrUnknown   = errors.New("sign on: the organisation is not configured")
	ErrToken     = errors.New("sign on: the token does not hold")
	ErrProvider  = errors.New("sign on: the provider does not answer")
)

// Config is what a registry works with. Store, Ledger, Secrets, Mail and Policy
// must be set; what is nil is not offered.
type Config struct {
	Store   store.Store
	Ledger  Ledger
	Secrets Secrets
	// Name is what codes and certificates call this service.
	Name string
	// Mail carries the codes of signing in.
	Mail channel.Channel
	// Text carries the codes to phones; nil offers no verification by phone.
	Text channel.Channel
	// Outbox is set when codes lie in a folder of this computer and the device
	// that asked for one may read it. Only for a service on one's own computer.
	Outbox *channel.Outbox
	// SignOn offers signing on at organisations.
	SignOn SignOn
	// Partners are the organisations whose vouchers count: name and public key.
	Partners map[string][]byte
	// BillingSecret signs the webhook that assigns seats; none when empty.
	BillingSecret []byte
	// GatewaySecret signs the webhook that reports deliveries; none when empty.
	GatewaySecret []byte
	// Policy is in force.
	Policy *policy.Policy
	Limits Limits
	// BodyWithin is how long a client may take for its body; 10 s when zero.
	BodyWithin time.Duration
	// Shared says that other services work on the same store: nonces are then
	// kept there.
	Shared bool
	// Log takes one line for each request that failed inside; nil for none.
	Log *slog.Logger
	// Now is the clock; time.Now when nil.
	Now func() time.Time
}

// Durations of the registry.
const (
	CodeLifetime  = 10 * time.Minute
	maxTries      = 5
	phoneLifetime = 365 * 24 * time.Hour
	orgLifetime   = 90 * 24 * time.Hour  // people leave organisations
	termsLifetime = 100 * 24 * time.Hour // as long as a service takes a descriptor that was made before
	termsMost     = 1000                 // of one account, in that time: a plan with a demand of its own each
	// VoucherLifetime is how long a voucher verifies.
	VoucherLifetime = 365 * 24 * time.Hour
)

// Registry is the service's half of identity. Its methods may be called from
// any goroutine; errors for clients are *wire.Error, all others are internal.
type Registry struct {
	cfg      Config
	partners map[string]voucher.Verifier
	signed   []byte // the policy with its signature
	limits   struct{ codesDevice, codesAddress, codesNetwork, tries, requests, passports *limiter }
	nonces   *limiter
	figures  *figures
}

// Caller is who sends a request: a device that signed it, from a network.
type Caller struct {
	Device  keys.PublicKey
	Network string
}

// New checks the configuration. Start must follow.
func New(cfg Config) (*Registry, error) {
	switch {
	case cfg.Store == nil, cfg.Ledger == nil, cfg.Mail == nil, cfg.Policy == nil, cfg.Secrets.kept == nil:
		return nil, errors.New("set up registry: store, ledger, secrets, mail and policy are needed")
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.BodyWithin == 0 {
		cfg.BodyWithin = 10 * time.Second
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	g := &Registry{partners: map[string]voucher.Verifier{}, figures: newFigures()}
	cfg.Ledger = measured{cfg.Ledger, g.figures}
	g.cfg = cfg
	for name, public := range cfg.Partners {
		v, err := voucher.NewVerifier(public)
		if err != nil {
			return nil, fmt.Errorf("set up registry: partner %q: %w", name, err)
		}
		g.partners[name] = v
	}
	signer, err := cfg.Secrets.PolicySigner()
	if err != nil {
		return nil, err
	}
	if g.signed, err = policy.Sign(cfg.Policy, signer); err != nil {
		return nil, err
	}
	standard := DefaultLimits()
	g.limits.codesDevice = newLimiter(cfg.Limits.CodesPerDevice, standard.CodesPerDevice)
	g.limits.codesAddress = newLimiter(cfg.Limits.CodesPerAddress, standard.CodesPerAddress)
	g.limits.codesNetwork = newLimiter(cfg.Limits.CodesPerNetwork, standard.CodesPerNetwork)
	g.limits.tries = newLimiter(cfg.Limits.TriesPerNetwork, standard.TriesPerNetwork)
	g.limits.requests = newLimiter(cfg.Limits.Requests, standard.Requests)
	g.limits.passports = newLimiter(cfg.Limits.Passports, standard.Passports)
	g.nonces = newLimiter(Rate{Burst: 1, Every: 2 * wire.Skew}, Rate{})
	return g, nil
}

// Start logs the authority and the policy, unless the log has them of today,
// and finishes what a crash interrupted. It is called before serving, and once
// a day.
func (g *Registry) Start(ctx context.Context) error {
	now := g.cfg.Now()
	day := tlog.Day(now)
	authorities := g.cfg.Secrets.Authorities()
	entries := []tlog.Entry{
		{Kind: tlog.KindAuthority, Day: day, Commitment: hashOf(authorities[len(authorities)-1])},
		{Kind: tlog.KindPolicy, Day: day, Version: g.cfg.Policy.Version, Commitment: g.cfg.Policy.Hash()},
	}
	err := g.cfg.Store.Write(ctx, func(tx store.Tx) error {
		for _, kind := range []store.Kind{kindAttempt, kindPassport, kindEvent, kindTerms, kindLogged, kindNonce} {
			if err := tx.Prune(kind, now); err != nil {
				return err
			}
		}
		return put(tx, kindPolicy, g.cfg.Policy.Hash().String(), "", time.Time{}, g.signed)
	})
	if err != nil {
		return fmt.Errorf("start registry: %w", err)
	}
	if g.cfg.Outbox != nil {
		if err := g.cfg.Outbox.Prune(now.Add(-CodeLifetime)); err != nil {
			return fmt.Errorf("start registry: %w", err)
		}
	}
	for _, e := range entries {
		if err := g.logOnce(ctx, e, now); err != nil {
			return fmt.Errorf("start registry: %w", err)
		}
	}
	return g.resume(ctx)
}

// logOnce appends an entry that today's log does not have yet. A crash may
// leave it there twice, which means nothing else.
func (g *Registry) logOnce(ctx context.Context, e tlog.Entry, now time.Time) error {
	key := fmt.Sprintf("%x", hashOf(e.Encode()))
	err := g.cfg.Store.Read(ctx, func(tx store.Tx) error { _, err := tx.Get(kindLogged, key); return err })
	if !errors.Is(err, store.ErrNotFound) {
		return err
	}
	if _, err := g.cfg.Ledger.Append(ctx, e); err != nil {
		return err
	}
	return g.cfg.Store.Write(ctx, func(tx store.Tx) error {
		return put(tx, kindLogged, key, "", now.Add(48*time.Hour), struct{}{})
	})
}

// resume carries out revocations and deletions that were promised.
func (g *Registry) resume(ctx context.Context) error {
	if err := g.flushRevocations(ctx, "*"); err != nil {
		return err
	}
	var accounts []account
	err := g.cfg.Store.Read(ctx, func(tx store.Tx) (err error) {
		accounts, _, err = list[account](tx, kindAccount, "*")
		return err
	})
	if err != nil {
		return fmt.Errorf("resume deletions: %w", err)
	}
	for _, a := range accounts {
		if a.Deleting {
			if err := g.erase(ctx, a); err != nil {
				return err
			}
		}
	}
	return nil
}

// About describes the service to clients.
func (g *Registry) About() wire.About {
	about := wire.About{
		Version: 1, Authorities: g.cfg.Secrets.Authorities(), LogKey: g.cfg.Secrets.LogKey(),
		PolicyKey: g.cfg.Secrets.PolicyKey(), Outbox: g.cfg.Outbox != nil,
		Ways: []string{keys.ClassEmail.String(), keys.ClassSeat.String()},
	}
	if g.cfg.Text != nil {
		about.Ways = append(about.Ways, keys.ClassPhone.String())
	}
	if g.cfg.SignOn != nil {
		about.Organisations = g.cfg.SignOn.Domains()
		about.Ways = append(about.Ways, keys.ClassOrganisation.String())
	}
	for name := range g.partners {
		about.Partners = append(about.Partners, name)
	}
	if len(about.Partners) > 0 {
		slices.Sort(about.Partners)
		about.Ways = append(about.Ways, keys.ClassVoucher.String())
	}
	return about
}

// Policy returns the signed policy in force, or that with a hash.
func (g *Registry) Policy(ctx context.Context, hash string) ([]byte, error) {
	if hash == "" {
		return g.signed, nil
	}
	var out []byte
	err := g.cfg.Store.Read(ctx, func(tx store.Tx) (err error) {
		out, _, err = get[[]byte](tx, kindPolicy, hash)
		return err
	})
	return out, notFound(err)
}

// PolicyVerifier returns what checks policies of a service with this key.
func PolicyVerifier(key string) (note.Verifier, error) {
	v, err := note.NewVerifier(key)
	if err != nil {
		return nil, fmt.Errorf("parse policy key: %w", err)
	}
	return v, nil
}

func errUnauthorized() error { return wire.Fail(wire.CodeUnauthorized) }

func notFound(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return wire.Fail(wire.CodeNotFound)
	}
	return err
}
