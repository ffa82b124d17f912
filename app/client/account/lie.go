package account

import (
	"errors"

	"conclave/app/core"
	"conclave/call"
	"conclave/keys"
	"conclave/keys/tlog"
)

// isLog reports whether an error proves that the log is not one log.
func isLog(err error) bool {
	var fork *tlog.ForkError
	return errors.As(err, &fork) || errors.Is(err, tlog.ErrRollback) || errors.Is(err, tlog.ErrTile) || errors.Is(err, tlog.ErrCheckpoint)
}

// isLie reports whether an error accuses the service, and does not pass.
func isLie(err error) bool {
	return isLog(err) || errors.Is(err, errIdentity) || errors.Is(err, errAccount) || errors.Is(err, errPolicy)
}

// accuse notes that the service was caught. Nothing that it says of people is
// believed from now on, and this device does not show its passport.
func (s *Session) accuse(err error) {
	code := core.NoticeServiceIdentity
	switch {
	case errors.Is(err, errPolicy):
		code = core.NoticePolicyUnlogged
	case isLog(err):
		code = core.NoticeLogForked
	}
	s.mu.Lock()
	told := s.liar != nil
	s.liar = err
	s.bundle = nil
	s.stand.State, s.stand.Why = core.AccountNoPassport, code
	s.stand.Policy, s.stand.Class, s.stand.Issuer = nil, keys.ClassGuest, ""
	s.mu.Unlock()
	if !told {
		s.warn(code, "")
	}
}

func (s *Session) warn(code core.NoticeCode, name string) {
	s.cfg.Report(core.Warned{Notice: core.Notice{Code: code, Severity: core.SeverityAlarm, Modal: true, Name: name}})
}

func (s *Session) say(code core.NoticeCode) {
	s.cfg.Report(core.Warned{Notice: core.Notice{Code: code, Severity: core.SeverityInfo}})
}

// flawOf says what an error of tlog.Client.Check means; false where it only
// means that the log did not answer.
func flawOf(err error) (call.Flaw, bool) {
	switch {
	case isLog(err):
		return call.FlawLog, true
	case errors.Is(err, tlog.ErrRevoked):
		return call.FlawRevoked, true
	case errors.Is(err, tlog.ErrNotLogged):
		return call.FlawNotLogged, true
	case errors.Is(err, keys.ErrPassportDevice):
		return call.FlawDevice, true
	case errors.Is(err, keys.ErrPassportDates), errors.Is(err, keys.ErrPassportAuthority):
		return call.FlawDates, true
	case errors.Is(err, keys.ErrPassportChain):
		return call.FlawIssuer, true
	case errors.Is(err, keys.ErrPassport), errors.Is(err, keys.ErrBundle):
		return call.FlawForm, true
	}
	return call.FlawNone, false
}
