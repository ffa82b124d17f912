package ui

import (
	"conclave/app/core"
	"conclave/app/core/upgrade"
	"conclave/ui/present"
)

// follow shows what the account asks for over the other screens, and puts it
// away when it is answered.
func (s *Shell) follow(snap core.Snapshot) {
	s.offerSignIn(snap)
	s.putDoneAway(snap)
	asked := present.Asked(snap)
	if asked == s.asked {
		return
	}
	before := s.asked
	s.asked = asked
	switch {
	case asked != 0:
		s.open(asked)
	case s.over == before:
		s.close()
	}
}

// offerSignIn opens signing in after the first start, once, as soon as the
// service is known to keep accounts.
func (s *Shell) offerSignIn(snap core.Snapshot) {
	if s.shown == present.Welcome {
		s.greeted = true
		return
	}
	if s.greeted && s.shown == present.Home && s.over == 0 && snap.Can.Accounts && snap.Account.State == core.AccountSignedOut && snap.Account.Course.Phase == upgrade.PhaseIdle {
		s.greeted = false
		s.config.Send(core.SignIn{})
	}
}

// putDoneAway ends a course whose end nobody needs to read: the meeting that it
// was for is open.
func (s *Shell) putDoneAway(snap core.Snapshot) {
	done := snap.Account.Course.Phase == upgrade.PhaseDone && snap.Meeting != nil
	if done && !s.closing {
		s.config.Send(core.Proceed{Event: upgrade.Close{}})
	}
	s.closing = done
}
