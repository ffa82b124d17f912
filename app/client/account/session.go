package account

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"net/http"
	"slices"
	"sync"
	"time"

	"conclave/app/core"
	"conclave/app/core/upgrade"
	"conclave/app/core/upgrade/driver"
	"conclave/call/link"
	"conclave/keys"
	"conclave/keys/policy"
	"conclave/keys/registry/client"
	"conclave/keys/registry/wire"
	"conclave/keys/tlog"
)

// Tuning. Each constant states its trade-off.
const (
	// updateEvery is Config.Every where none is given: longer lets a revoked passport
	// count for longer, shorter costs the service requests.
	updateEvery = 3 * time.Minute
	// renewBefore is how long before its end a passport is renewed: a service may
	// be away for that long without anybody noticing.
	renewBefore = 4 * time.Hour
	// roundLimit bounds one round with the service.
	roundLimit = 45 * time.Second
	// readWithin is how old the last look at the log may be when somebody's
	// passport is checked: a crowd that comes in asks for it once.
	readWithin = 5 * time.Second
	// maxAuthorities bounds what a service can make this device remember.
	maxAuthorities = 64
	// retryFirst and retryMost bound the wait after a round that failed.
	retryFirst, retryMost = 2 * time.Second, time.Minute
)

// Config is what a Session works with. Service, Device and Report must be set.
type Config struct {
	// Service and Pin say how to reach the service, as in keys.Link.
	Service, Pin string
	// Device signs the requests.
	Device keys.DeviceKey
	// Dir is where what is known of the service lies between starts; "" keeps it
	// in memory.
	Dir string
	// Open shows a page in the system's browser; nil offers no signing on.
	Open func(url string) error
	// Report takes what came of the work; called from any goroutine, it must
	// return at once.
	Report func(core.IdentityEvent)
	// Every is how often the log is read and the account looked at; 3 minutes when
	// zero.
	Every time.Duration
	// Transport replaces the way to the service, for tests.
	Transport http.RoundTripper
	// Now is the clock; time.Now when nil.
	Now func() time.Time
}

// Session implements core.Identity.
type Session struct {
	cfg    Config
	client *client.Client
	idle   func() // closes connections that nobody uses
	ctx    context.Context
	cancel context.CancelFunc
	work   sync.WaitGroup
	wake   chan struct{}
	first  chan struct{} // closed after the first round
	once   sync.Once

	round  sync.Mutex // one round or errand at a time
	driver *driver.Driver

	mu      sync.Mutex // guards all below
	trust   trust
	roots   keys.Roots
	log     *tlog.Client
	stand   core.Standing
	bundle  []byte        // own passport, checked; nil without
	own     keys.Passport // the same
	account wire.Account
	liar    error // why nothing of this service is believed any more
	terms   map[[32]byte]policy.Meeting
	read    time.Time // when the log was read last
	signing bool      // somebody signs in here: the account may be another one
}

var _ core.Identity = (*Session)(nil)

// Open starts the work. Close ends it.
func Open(cfg Config) *Session {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Every <= 0 {
		cfg.Every = updateEvery
	}
	transport, idle := cfg.Transport, func() {}
	if transport == nil {
		own := &http.Transport{TLSClientConfig: link.TLS(cfg.Pin), Proxy: http.ProxyFromEnvironment, IdleConnTimeout: time.Minute}
		transport, idle = own, own.CloseIdleConnections
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := &Session{
		cfg: cfg, idle: idle, ctx: ctx, cancel: cancel, wake: make(chan struct{}, 1), first: make(chan struct{}),
		terms: map[[32]byte]policy.Meeting{},
	}
	var err error
	s.client, err = client.New(client.Config{Service: cfg.Service, Device: cfg.Device, Transport: transport, Now: cfg.Now})
	if err == nil {
		s.trust, err = loadTrust(cfg.Dir)
	}
	if err != nil {
		s.stand, s.liar = core.Standing{State: core.AccountNoPassport, Why: core.NoticeServiceIdentity}, err
		close(s.first)
		cfg.Report(s.stand)
		return s
	}
	s.work.Go(s.run)
	return s
}

// Close implements core.Identity.
func (s *Session) Close() {
	s.cancel()
	s.work.Wait()
	if s.driver != nil {
		s.driver.Close()
	}
	s.idle()
}

// run makes rounds until the session is closed.
func (s *Session) run() {
	retry := retryFirst
	for {
		err := s.makeRound()
		s.once.Do(func() { close(s.first) })
		wait := s.cfg.Every
		if err != nil {
			wait = retry
			retry = min(2*retry, retryMost)
		} else {
			retry = retryFirst
		}
		timer := time.NewTimer(wait)
		select {
		case <-s.ctx.Done():
			timer.Stop()
			return
		case <-s.wake:
			timer.Stop()
		case <-timer.C:
		}
	}
}

func (s *Session) again() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// makeRound asks the service for everything anew and reports the standing. An
// error means that it did not answer.
func (s *Session) makeRound() error {
	s.round.Lock()
	defer s.round.Unlock()
	return s.roundLocked()
}

func (s *Session) roundLocked() error {
	s.mu.Lock()
	liar := s.liar
	s.mu.Unlock()
	if liar != nil {
		return nil // whatever it says now
	}
	ctx, cancel := context.WithTimeout(s.ctx, roundLimit)
	defer cancel()
	err := s.lookAround(ctx)
	switch {
	case s.ctx.Err() != nil:
		return nil
	case err == nil:
	case isLie(err):
		s.accuse(err)
		err = nil
	default:
		s.mu.Lock()
		if s.stand.State == core.AccountUnknown {
			s.stand.Why = core.NoticeServiceDown
		}
		s.mu.Unlock()
	}
	s.report()
	return err
}

func (s *Session) report() {
	s.mu.Lock()
	stand := s.stand
	s.mu.Unlock()
	s.cfg.Report(stand)
}

// lookAround is one round: identity of the service, its log, its policy, the
// account, its devices, the own passport.
func (s *Session) lookAround(ctx context.Context) error {
	known, err := s.meetService(ctx)
	if err != nil || !known {
		return err
	}
	if err := s.readLog(ctx, 0); err != nil {
		return err
	}
	if err := s.readPolicy(ctx); err != nil {
		return err
	}
	s.set(func(st *core.Standing) { st.Logged = s.cfg.Now() })
	signedIn, err := s.readAccount(ctx)
	if err != nil || !signedIn {
		return err
	}
	if err := s.watch(ctx); err != nil {
		return err
	}
	return s.keepPassport(ctx)
}

// readLog reads the log, unless that was done within a while.
func (s *Session) readLog(ctx context.Context, within time.Duration) error {
	now := s.cfg.Now()
	s.mu.Lock()
	fresh := now.Sub(s.read) < within
	s.mu.Unlock()
	if fresh {
		return nil
	}
	if err := s.log.Update(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.read = now
	return nil
}

func (s *Session) set(change func(*core.Standing)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.stand)
}

// meetService asks who the service is, and compares it with what is remembered.
func (s *Session) meetService(ctx context.Context) (offered bool, err error) {
	about, err := s.client.About(ctx)
	if !s.trust.known() { // by another session, of a link with another pin, it may be by now
		if err := s.recall(); err != nil {
			return false, err
		}
	}
	if errors.Is(err, fs.ErrNotExist) {
		if s.trust.known() {
			return false, errIdentity // it had accounts, and now denies it
		}
		s.set(func(st *core.Standing) { *st = core.Standing{State: core.AccountNotOffered, Class: keys.ClassGuest} })
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if !s.trust.known() {
		next := s.trust
		next.LogKey, next.PolicyKey, next.Authorities = about.LogKey, about.PolicyKey, about.Authorities
		if err := s.remember(next); err != nil {
			return false, err
		}
	}
	if !s.trust.fits(about) {
		return false, errIdentity
	}
	if err := s.takeAuthorities(about.Authorities); err != nil {
		return false, err
	}
	s.set(func(st *core.Standing) { st.Ways = classes(about.Ways) })
	if s.log != nil {
		return true, nil
	}
	return true, s.openLog()
}

// takeAuthorities remembers authorities that came after those known. Until then
// passports carry the crosses; who misses too many rotations needs the new ones.
func (s *Session) takeAuthorities(now [][]byte) error {
	next := s.trust
	for _, der := range now {
		if !slices.ContainsFunc(next.Authorities, func(known []byte) bool { return bytes.Equal(known, der) }) {
			next.Authorities = append(slices.Clip(next.Authorities), der)
		}
	}
	if len(next.Authorities) == len(s.trust.Authorities) {
		return nil
	}
	if len(next.Authorities) > maxAuthorities {
		return errIdentity
	}
	roots, err := keys.NewRoots(next.Authorities...)
	if err != nil {
		return errIdentity
	}
	s.mu.Lock()
	s.roots = roots
	s.mu.Unlock()
	return s.remember(next)
}

// openLog opens the client's half of the log and what checks passports.
func (s *Session) openLog() error {
	roots, err := keys.NewRoots(s.trust.Authorities...)
	if err != nil {
		return errIdentity
	}
	key, err := tlog.ParseKey(s.trust.LogKey)
	if err != nil {
		return errIdentity
	}
	log, err := tlog.Open(tlog.Config{Key: key, Reader: s.client.Log(), Memory: memory(s.cfg.Dir), Account: s.trust.Account})
	if err != nil {
		return errors.Join(errIdentity, err)
	}
	s.mu.Lock()
	s.roots, s.log = roots, log
	s.driver = driver.New(driver.Config{
		Device: s.cfg.Device.Public(), Client: s.client, Roots: roots, Log: log,
		Report: s.stepped, Passport: s.took, Open: s.cfg.Open, Now: s.cfg.Now,
		Renewing: &s.round,
	})
	s.mu.Unlock()
	return nil
}

func classes(ways []string) []keys.Class {
	var out []keys.Class
	for _, w := range ways {
		if c, err := keys.ParseClass(w); err == nil {
			out = append(out, c)
		}
	}
	return out
}

// readAccount asks whose device this is.
func (s *Session) readAccount(ctx context.Context) (signedIn bool, err error) {
	a, err := s.client.Account(ctx)
	var refused *wire.Error
	if errors.As(err, &refused) && refused.Code == wire.CodeUnauthorized {
		s.forgetPassport()
		state := core.AccountSignedOut
		if !s.trust.Account.IsZero() {
			state = core.AccountRevoked
		}
		s.set(func(st *core.Standing) {
			st.State, st.Why, st.Name, st.Class, st.Issuer, st.Expires, st.Devices = state, "", "", keys.ClassGuest, "", time.Time{}, nil
		})
		return false, nil
	}
	if err != nil {
		return false, err
	}
	s.mu.Lock()
	signing := s.signing
	s.mu.Unlock()
	if a.ID != s.trust.Account && !signing {
		if t, err := loadTrust(s.cfg.Dir); err == nil && t.Account == a.ID { // signed in to by another session
			signing = true
		}
	}
	if a.ID != s.trust.Account {
		if !s.trust.Account.IsZero() && !signing {
			return false, errAccount
		}
		next := s.trust
		next.Account, next.Devices, next.Told = a.ID, nil, nil
		if err := s.remember(next); err != nil {
			return false, err
		}
	}
	s.log.Watch(a.ID)
	s.mu.Lock()
	s.account, s.signing = a, false
	s.mu.Unlock()
	return true, nil
}

// stepped hands an answer of the driver to the core; an account that changed
// is looked at anew.
func (s *Session) stepped(e upgrade.Event) {
	if _, issued := e.(upgrade.Issued); issued {
		s.again()
	}
	s.cfg.Report(core.Stepped{Event: e})
}

// Carry implements core.Identity.
func (s *Session) Carry(effects []upgrade.Effect) {
	if len(effects) == 0 {
		return
	}
	s.work.Go(func() {
		select {
		case <-s.first:
		case <-s.ctx.Done():
			return
		}
		s.mu.Lock()
		d, liar := s.driver, s.liar
		s.signing = s.signing || slices.ContainsFunc(effects, isSigningIn)
		s.mu.Unlock()
		if d != nil && liar == nil {
			d.Carry(effects)
			return
		}
		for _, e := range effects {
			if number := numberOf(e); number != 0 {
				s.cfg.Report(core.Stepped{Event: upgrade.Failed{Number: number, Trouble: upgrade.TroubleServiceDown}})
			}
		}
	})
}

// isSigningIn reports whether an effect may give this device an account.
func isSigningIn(e upgrade.Effect) bool {
	c, is := e.(upgrade.CheckCode)
	return is && c.Way == keys.ClassEmail
}

func numberOf(e upgrade.Effect) uint64 {
	switch e := e.(type) {
	case upgrade.SendCode:
		return e.Number
	case upgrade.CheckCode:
		return e.Number
	case upgrade.SignOn:
		return e.Number
	case upgrade.ClaimSeat:
		return e.Number
	case upgrade.Redeem:
		return e.Number
	case upgrade.Renew:
		return e.Number
	}
	return 0
}
