// Package signon checks that people sign on at their organisation: OpenID
// Connect ID tokens of configured providers, for domains that somebody proved.
//
// The app runs the authorization code flow (keys/registry/client); this is the
// service's half. A provider is believed about its own domain only, and only
// when the operator says so or the domain's DNS does. Trust zone: service; it
// talks to providers, and keeps no token.
package signon

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"conclave/keys/registry"
)

// Organisation is one provider for the people of one domain.
type Organisation struct {
	// Domain of the people's e-mail addresses, in lower case.
	Domain string
	// Issuer is the provider's address; discovery must work there.
	Issuer string
	// ClientID is that of the app at the provider: a public client with loopback
	// redirects (RFC 8252 section 7.3).
	ClientID string
	// Proved says that the operator vouches that Issuer speaks for Domain.
	// Otherwise the domain's DNS must have the TXT record Record(Issuer).
	Proved bool
}

// Name is where the TXT record of a domain lies.
func Name(domain string) string { return "_conclave." + domain }

// Record is the text that proves that an issuer speaks for a domain.
func Record(issuer string) string { return "conclave-issuer=" + issuer }

// Resolver looks TXT records up; *net.Resolver is one.
type Resolver interface {
	LookupTXT(ctx context.Context, name string) ([]string, error)
}

// Config is what a Verifier works with.
type Config struct {
	Organisations []Organisation
	// Resolver proves domains; net.DefaultResolver when nil.
	Resolver Resolver
	// Transport reaches providers; http.DefaultTransport when nil.
	Transport http.RoundTripper
	// Now is the clock; time.Now when nil.
	Now func() time.Time
}

// timeout of discovery, keys and DNS together.
const timeout = 10 * time.Second

// Verifier implements registry.SignOn. It is safe for concurrent use.
type Verifier struct {
	cfg       Config
	client    *http.Client
	mutex     sync.Mutex
	providers map[string]*oidc.Provider // by issuer
}

// New checks the configuration; it asks nobody yet.
func New(cfg Config) (*Verifier, error) {
	for _, o := range cfg.Organisations {
		if o.Domain == "" || o.Domain != strings.ToLower(o.Domain) || o.Issuer == "" || o.ClientID == "" {
			return nil, errors.New("set up sign-on: domain in lower case, issuer and client id are needed")
		}
	}
	if cfg.Resolver == nil {
		cfg.Resolver = net.DefaultResolver
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Verifier{
		cfg: cfg, providers: map[string]*oidc.Provider{},
		client: &http.Client{Timeout: timeout, Transport: cfg.Transport},
	}, nil
}

// Domains implements registry.SignOn.
func (v *Verifier) Domains() []string {
	var out []string
	for _, o := range v.cfg.Organisations {
		out = append(out, o.Domain)
	}
	return out
}

// Start implements registry.SignOn.
func (v *Verifier) Start(ctx context.Context, domain string) (issuer, clientID string, err error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	o, err := v.proved(ctx, domain)
	if err != nil {
		return "", "", err
	}
	if _, err := v.provider(ctx, o.Issuer); err != nil {
		return "", "", err
	}
	return o.Issuer, o.ClientID, nil
}

// proved returns the organisation of a domain if its provider speaks for it now.
func (v *Verifier) proved(ctx context.Context, domain string) (Organisation, error) {
	i := slices.IndexFunc(v.cfg.Organisations, func(o Organisation) bool { return o.Domain == domain })
	if i < 0 {
		return Organisation{}, registry.ErrUnknown
	}
	o := v.cfg.Organisations[i]
	if o.Proved {
		return o, nil
	}
	records, err := v.cfg.Resolver.LookupTXT(ctx, Name(domain))
	if err != nil || !slices.Contains(records, Record(o.Issuer)) {
		return Organisation{}, registry.ErrNotProved
	}
	return o, nil
}

func (v *Verifier) provider(ctx context.Context, issuer string) (*oidc.Provider, error) {
	v.mutex.Lock()
	known := v.providers[issuer]
	v.mutex.Unlock()
	if known != nil {
		return known, nil
	}
	// The provider keeps the client, not the context's deadline, for later keys.
	p, err := oidc.NewProvider(oidc.ClientContext(context.WithoutCancel(ctx), v.client), issuer)
	if err != nil {
		return nil, registry.ErrProvider
	}
	v.mutex.Lock()
	defer v.mutex.Unlock()
	v.providers[issuer] = p
	return p, nil
}

// Verify implements registry.SignOn: signature, issuer, audience, times and
// nonce (OpenID Connect Core section 3.1.3.7), and that the address in the token
// is a verified one of the domain.
func (v *Verifier) Verify(ctx context.Context, domain, nonce, token string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	o, err := v.proved(ctx, domain)
	if err != nil {
		return "", err
	}
	p, err := v.provider(ctx, o.Issuer)
	if err != nil {
		return "", err
	}
	id, err := p.Verifier(&oidc.Config{ClientID: o.ClientID, Now: v.cfg.Now}).Verify(ctx, token)
	if err != nil {
		if ctx.Err() != nil || strings.Contains(err.Error(), "fetching keys") {
			return "", registry.ErrProvider
		}
		return "", registry.ErrToken
	}
	if id.Nonce != nonce || nonce == "" || id.Subject == "" {
		return "", registry.ErrToken
	}
	var claims struct {
		Email    string `json:"email"`
		Verified any    `json:"email_verified"` // some providers send text
	}
	if err := id.Claims(&claims); err != nil {
		return "", registry.ErrToken
	}
	if v := fmt.Sprint(claims.Verified); v != "true" {
		return "", registry.ErrToken
	}
	_, of, _ := strings.Cut(strings.ToLower(claims.Email), "@")
	if of != domain {
		return "", registry.ErrToken
	}
	return id.Subject, nil
}
