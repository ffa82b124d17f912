package upgrade

import (
	"slices"
	"strings"
	"time"

	"conclave/keys"
)

// Step returns the state after an event and what is to be done. Events that make
// no sense in a state change nothing.
func Step(s State, e Event) (State, []Effect) {
	switch e := e.(type) {
	case SignIn:
		return signIn(s)
	case Begin:
		return begin(s, e)
	case Choose:
		return choose(s, e)
	case Enter:
		return enter(s, e)
	case Type:
		return typed(s, e)
	case Resend:
		if s.Phase == PhaseConfirm {
			return send(s)
		}
	case Back:
		return back(s)
	case Retry:
		if s.Phase == PhaseIssuing && s.running == 0 {
			return renew(s)
		}
	case Close:
		return closed(s)
	case Sent, Opened, Verified, Issued, Failed:
		return reported(s, e)
	}
	return s, nil
}

func signIn(s State) (State, []Effect) {
	if s.Phase != PhaseIdle && s.Phase != PhaseDone {
		return s, nil
	}
	return State{Phase: PhaseEnter, Way: keys.ClassEmail, Class: keys.ClassGuest, last: s.last}, nil
}

func begin(s State, e Begin) (State, []Effect) {
	if s.Phase != PhaseIdle && s.Phase != PhaseDone {
		return s, nil
	}
	next := State{Account: e.Account, Class: e.Class, Ways: offered(e.Ways), last: s.last}
	if !e.Account {
		next.Phase, next.Way, next.Class = PhaseEnter, keys.ClassEmail, keys.ClassGuest
		return next, nil
	}
	next.Phase = PhaseChoose
	return next, nil
}

func choose(s State, e Choose) (State, []Effect) {
	if s.Phase != PhaseChoose || !slices.Contains(s.Ways, e.Way) {
		return s, nil
	}
	s.Way, s.Entered = e.Way, ""
	s.quiet()
	if e.Way == keys.ClassSeat {
		n := s.start(PhaseChecking)
		return s, []Effect{ClaimSeat{n}}
	}
	s.Phase = PhaseEnter
	return s, nil
}

func enter(s State, e Enter) (State, []Effect) {
	if s.Phase != PhaseEnter {
		return s, nil
	}
	s.Entered = Text(strings.TrimSpace(string(e.Text)))
	if s.Way == keys.ClassEmail {
		s.Name = Text(strings.TrimSpace(string(e.Name)))
	}
	s.quiet()
	if s.Entered == "" {
		s.Trouble = TroubleInput
		return s, nil
	}
	switch s.Way {
	case keys.ClassEmail, keys.ClassPhone:
		return send(s)
	case keys.ClassOrganisation:
		n := s.start(PhaseSending)
		return s, []Effect{SignOn{n, s.Entered}}
	case keys.ClassVoucher:
		n := s.start(PhaseChecking)
		return s, []Effect{Redeem{n, s.Entered}}
	case keys.ClassNone, keys.ClassGuest, keys.ClassSeat: // nothing is typed for them
	}
	return s, nil
}

func send(s State) (State, []Effect) {
	s.quiet()
	n := s.start(PhaseSending)
	return s, []Effect{SendCode{n, s.Way, s.Entered}}
}

func typed(s State, e Type) (State, []Effect) {
	if s.Phase != PhaseConfirm {
		return s, nil
	}
	code := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, string(e.Code))
	s.quiet()
	if len(code) != 6 {
		s.Trouble = TroubleInput
		return s, nil
	}
	n := s.start(PhaseChecking)
	return s, []Effect{CheckCode{n, s.Way, s.attempt, Text(code), s.Name}}
}

func back(s State) (State, []Effect) {
	if !s.CanBack() {
		return s, nil
	}
	effects := s.stop()
	s.quiet()
	s.attempt, s.Outbox, s.Shown, s.Page, s.Until = "", false, "", "", time.Time{}
	if s.Phase == PhaseEnter {
		s.Phase, s.Way, s.Entered = PhaseChoose, keys.ClassNone, ""
		return s, effects
	}
	s.Phase = PhaseEnter
	return s, effects
}

func closed(s State) (State, []Effect) {
	effects := s.stop()
	return State{last: s.last}, effects
}

// reported takes the answer of the effect that runs, and drops all others.
func reported(s State, e Event) (State, []Effect) {
	switch e := e.(type) {
	case Sent:
		if s.Phase == PhaseSending && s.takes(e.Number) && s.Way != keys.ClassOrganisation {
			s.running = 0
			s.Phase, s.attempt, s.Until, s.Outbox, s.Shown = PhaseConfirm, e.Attempt, e.Until, e.Outbox, e.Shown
		}
	case Opened:
		if s.Phase == PhaseSending && s.takes(e.Number) && s.Way == keys.ClassOrganisation {
			s.Phase, s.Page = PhaseBrowser, e.Page // the effect goes on
		}
	case Verified:
		if (s.Phase == PhaseChecking || s.Phase == PhaseBrowser) && s.takes(e.Number) {
			s.Account, s.Class = true, e.Class
			return renew(s)
		}
	case Issued:
		if s.Phase == PhaseIssuing && s.takes(e.Number) {
			return issued(s)
		}
	case Failed:
		if s.Phase.IsWaiting() && s.takes(e.Number) {
			return failed(s, e), nil
		}
	}
	return s, nil
}

func renew(s State) (State, []Effect) {
	s.attempt, s.Outbox, s.Shown, s.Page, s.Until = "", false, "", "", time.Time{}
	s.quiet()
	n := s.start(PhaseIssuing)
	return s, []Effect{Renew{n}}
}

// issued ends the course; one that began with signing in only to upgrade goes on
// to choose.
func issued(s State) (State, []Effect) {
	s.running, s.Entered, s.Name = 0, "", ""
	s.Phase = PhaseDone
	if s.Way == keys.ClassEmail && len(s.Ways) > 0 && !s.Class.IsVerified() {
		s.Phase, s.Way = PhaseChoose, keys.ClassNone
	}
	return s, nil
}

// failed goes to where the trouble can be mended.
func failed(s State, e Failed) State {
	s.running = 0
	s.Trouble, s.TriesLeft, s.RetryAt = e.Trouble, e.TriesLeft, e.RetryAt
	if s.Trouble == TroubleNone || int(s.Trouble) >= len(troubleNames) {
		s.Trouble = TroubleServiceDown
	}
	if s.Phase == PhaseIssuing {
		return s // verified already; only the passport is missing: Retry
	}
	switch {
	case s.Trouble == TroubleSignedOut:
		s.Account, s.Class = false, keys.ClassGuest
		s.Phase, s.Way, s.Entered, s.attempt = PhaseEnter, keys.ClassEmail, "", ""
	case s.Phase == PhaseSending && s.attempt != "", // resending: the old code still holds
		s.Phase == PhaseChecking && s.attempt != "" && staysAtCode(s.Trouble):
		s.Phase = PhaseConfirm
	case s.Way == keys.ClassSeat:
		s.Phase, s.Way = PhaseChoose, keys.ClassNone
	default:
		s.Phase, s.attempt = PhaseEnter, ""
	}
	if s.Phase != PhaseConfirm {
		s.Outbox, s.Shown, s.Page, s.Until = false, "", "", time.Time{}
	}
	return s
}

// staysAtCode reports whether the same code or another one may still do. After
// TroubleExpired the screen offers Resend there.
func staysAtCode(t Trouble) bool {
	switch t {
	case TroubleWrongCode, TroubleExpired, TroubleTooFast, TroubleServiceDown, TroubleGatewayDown:
		return true
	case TroubleNone, TroubleInput, TroubleUsed, TroubleUndelivered, TroubleNotProved, TroubleDenied, TroubleNoSeat,
		TroubleVoucher, TroubleName, TroubleSignedOut, TroubleUnavailable, TroublePassport:
		return false
	}
	return false
}

// start enters a waiting phase and returns the number of its effect.
func (s *State) start(p Phase) uint64 {
	s.Phase = p
	s.last++
	s.running = s.last
	return s.running
}

// stop ends the running effect.
func (s *State) stop() []Effect {
	if s.running == 0 {
		return nil
	}
	n := s.running
	s.running = 0
	return []Effect{Cancel{n}}
}

func (s *State) takes(number uint64) bool { return s.running != 0 && number == s.running }

func (s *State) quiet() { s.Trouble, s.TriesLeft, s.RetryAt = TroubleNone, 0, time.Time{} }
