package account

import (
	"context"
	"errors"
	"time"

	"conclave/app/core"
	"conclave/call"
	"conclave/keys"
	"conclave/keys/policy"
	"conclave/keys/registry/client"
	"conclave/keys/registry/wire"
	"conclave/keys/tlog"
)

// keepPassport sees to it that there is a passport that lasts a while. One of
// the last start is checked like anybody else's before it is used again.
func (s *Session) keepPassport(ctx context.Context) error {
	now := s.cfg.Now()
	s.mu.Lock()
	stored, have, until := s.trust.Passport, s.bundle != nil, s.own.NotAfter
	account := s.account
	s.mu.Unlock()
	if !have && len(stored) > 0 {
		have, until = s.useStored(ctx, stored, account)
	}
	current := have && string(account.Name) == s.ownName() && account.Class == s.ownClass()
	if current && until.Sub(now) > renewBefore {
		s.mu.Lock()
		bundle, own := s.bundle, s.own
		s.mu.Unlock()
		if _, err := s.check(ctx, bundle, own.Name, s.cfg.Device.Public()); err == nil {
			return nil
		} // revoked meanwhile, or the log lies: the next one tells
	}
	err := s.driver.Renew(ctx)
	switch {
	case err == nil && s.ownName() == string(account.Name) && s.ownClass() == account.Class:
		return nil
	case err == nil: // it says otherwise than the service just did
	case isLie(err):
		return err
	case errors.Is(err, client.ErrDown), errors.Is(err, context.DeadlineExceeded):
		return err
	}
	var refused *wire.Error
	if errors.As(err, &refused) {
		return err
	}
	// A passport that does not stand the check is not used, and not shown.
	s.forgetPassport()
	s.set(func(st *core.Standing) { st.State, st.Why = core.AccountNoPassport, core.NoticePassportFalse })
	s.warn(core.NoticePassportFalse, "")
	return nil
}

func (s *Session) ownName() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.own.Name
}

func (s *Session) ownClass() keys.Class {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.own.Class
}

// useStored takes the passport of the last start, if it still holds.
func (s *Session) useStored(ctx context.Context, stored []byte, account wire.Account) (bool, time.Time) {
	b, err := keys.ParsePassportBundle(stored)
	if err != nil {
		return false, time.Time{}
	}
	p, err := s.log.Check(ctx, s.roots, b, s.cfg.Device.Public(), s.cfg.Now())
	if err != nil || p.Account != account.ID {
		return false, time.Time{}
	}
	s.took(b, p)
	return true, p.NotAfter
}

// took is called with a new passport that was checked. It must be this
// account's, and say neither more nor less than what the service told.
func (s *Session) took(b keys.PassportBundle, p keys.Passport) {
	data, err := b.Encode()
	if err != nil {
		return
	}
	s.mu.Lock()
	if !s.trust.Account.IsZero() && p.Account != s.trust.Account {
		s.mu.Unlock()
		return // somebody else's name on this device: the round finds no passport
	}
	s.bundle, s.own = data, p
	st := &s.stand
	st.State, st.Why, st.Name, st.Class, st.Issuer, st.Expires = core.AccountReady, "", p.Name, p.Class, p.Issuer, p.NotAfter
	next := s.trust
	s.mu.Unlock()
	next.Account, next.Passport = p.Account, data
	if err := s.remember(next); err != nil {
		s.say(core.NoticeAccountFailed)
	}
	s.report()
}

func (s *Session) forgetPassport() {
	s.mu.Lock()
	s.bundle, s.own = nil, keys.Passport{}
	next := s.trust
	s.mu.Unlock()
	if len(next.Passport) > 0 {
		next.Passport = nil
		_ = s.remember(next) // it is used no more; a copy left in the file is checked again
	}
}

// Own implements runner.Passports.
func (s *Session) Own(ctx context.Context) []byte {
	s.wait(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.bundle
}

func (s *Session) wait(ctx context.Context) {
	select {
	case <-s.first:
	case <-ctx.Done():
	case <-s.ctx.Done():
	}
}

// Check implements runner.Passports.
func (s *Session) Check(ctx context.Context, about keys.Descriptor, shown call.Shown) call.Proof {
	s.wait(ctx)
	s.mu.Lock()
	state, liar, log := s.stand.State, s.liar, s.log
	s.mu.Unlock()
	switch {
	case liar != nil:
		return call.Proof{Checked: call.CheckedFalse, Flaw: call.FlawLog, Class: keys.ClassGuest}
	case state == core.AccountNotOffered && about.PolicyHash == [32]byte{}:
		return call.NoAccounts()
	}
	rules, err := s.termsOf(ctx, about)
	if errors.Is(err, client.ErrDown) || ctx.Err() != nil {
		return call.Proof{Checked: call.CheckedAway, Class: keys.ClassGuest} // nobody knows what the host asks for
	}
	if err != nil {
		return call.Proof{Checked: call.CheckedFalse, Flaw: call.FlawTerms, Class: keys.ClassGuest}
	}
	guest := call.Proof{
		Checked: call.CheckedNothing, Class: keys.ClassGuest,
		Answer: rules.decide(policy.Guest(), action(about, shown.Device)),
	}
	if len(shown.Bundle) == 0 {
		return guest
	}
	if log == nil {
		guest.Checked = call.CheckedAway
		return guest
	}
	if err = s.readLog(ctx, readWithin); err != nil && !isLie(err) {
		guest.Checked = call.CheckedAway
		return guest
	}
	var p keys.Passport
	if err == nil {
		p, err = s.check(ctx, shown.Bundle, shown.Name, shown.Device)
	}
	if err == nil {
		return call.Proof{
			Checked: call.CheckedHolds, Class: p.Class, Issuer: p.Issuer, Name: p.Name, Until: p.NotAfter,
			Answer: rules.decide(policy.SubjectOf(p), action(about, shown.Device)),
		}
	}
	flaw, proved := flawOf(err)
	if errors.Is(err, errName) {
		flaw, proved = call.FlawName, true
	}
	if !proved {
		guest.Checked = call.CheckedAway
		return guest
	}
	if flaw == call.FlawLog {
		s.accuse(err)
		s.report()
	}
	return call.Proof{Checked: call.CheckedFalse, Flaw: flaw, Class: keys.ClassGuest}
}

// errName means that a passport says another name than its owner.
var errName = errors.New("check passport: it says another name")

// check is the whole check of a passport, against the log as it was read last.
func (s *Session) check(ctx context.Context, bundle []byte, name string, device keys.PublicKey) (keys.Passport, error) {
	b, err := keys.ParsePassportBundle(bundle)
	if err != nil {
		return keys.Passport{}, err
	}
	s.mu.Lock()
	roots := s.roots
	s.mu.Unlock()
	p, err := s.log.Check(ctx, roots, b, device, s.cfg.Now())
	if errors.Is(err, tlog.ErrCheckpoint) {
		err = tlog.ErrNotLogged // a receipt of no log or another one accuses who shows it
	}
	if err == nil && name != "" && p.Name != name {
		err = errName
	}
	return p, err
}

// action is what somebody does in a meeting, for the policy: who opened it by a
// changed app is seen by everybody else.
func action(about keys.Descriptor, who keys.PublicKey) policy.Action {
	host, transport := who == about.Host, about.Mode == keys.ModeTransport
	switch {
	case host && transport:
		return policy.ActionHostTransport
	case host:
		return policy.ActionHostE2EE
	case transport:
		return policy.ActionJoinTransport
	}
	return policy.ActionJoinE2EE
}
