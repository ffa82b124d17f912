package account

import (
	"context"
	"encoding/json"

	"conclave/app/core"
	"conclave/keys"
)

// errand does something with the account that was asked for, between rounds,
// and then makes a round.
func (s *Session) errand(done core.NoticeCode, f func(context.Context) error) {
	s.work.Go(func() {
		s.wait(s.ctx)
		s.round.Lock()
		defer s.round.Unlock()
		ctx, cancel := context.WithTimeout(s.ctx, roundLimit)
		defer cancel()
		err := f(ctx)
		switch {
		case s.ctx.Err() != nil:
			return
		case err != nil:
			s.cfg.Report(core.Warned{Notice: core.Notice{Code: core.NoticeAccountFailed, Severity: core.SeverityWarning}})
		case done != "":
			s.say(done)
		}
		_ = s.roundLocked() // the next one of run tries again
	})
}

// Rename implements core.Identity.
func (s *Session) Rename(name string) {
	s.errand("", func(ctx context.Context) error {
		_, err := s.client.Rename(ctx, name)
		return err
	})
}

// SignOut implements core.Identity. The device is ended at the account, so that
// nobody who finds its key can go on; signing in again adds it anew.
func (s *Session) SignOut() {
	s.errand("", func(ctx context.Context) error {
		if err := s.client.Revoke(ctx, s.cfg.Device.Public()); err != nil {
			return err
		}
		return s.forgetAccount()
	})
}

// Delete implements core.Identity.
func (s *Session) Delete() {
	s.errand(core.NoticeAccountDeleted, func(ctx context.Context) error {
		if err := s.client.Delete(ctx); err != nil {
			return err
		}
		return s.forgetAccount()
	})
}

// forgetAccount keeps who the service is and what its log said.
func (s *Session) forgetAccount() error {
	s.forgetPassport()
	next := s.trust
	next.Account, next.Devices, next.Told = keys.AccountID{}, nil, nil
	if s.log != nil { // there is none before the first round
		s.log.Watch(keys.AccountID{})
	}
	return s.remember(next)
}

// Revoke implements core.Identity.
func (s *Session) Revoke(k keys.PublicKey) {
	s.errand("", func(ctx context.Context) error { return s.client.Revoke(ctx, k) })
}

// Export implements core.Identity.
func (s *Session) Export(path string) {
	s.errand(core.NoticeExported, func(ctx context.Context) error {
		e, err := s.client.Export(ctx)
		if err != nil {
			return err
		}
		data, err := json.MarshalIndent(e, "", "  ")
		if err != nil {
			return err
		}
		return writeFile(path, data)
	})
}
