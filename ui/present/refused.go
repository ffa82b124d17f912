package present

import (
	"slices"

	"conclave/app/core"
	"conclave/keys"
	"conclave/keys/policy"
)

// RefusedView is the screen about a meeting that policy did not open.
type RefusedView struct {
	Title, Words string
	Reason       string // the operator's or host's sentence
	Unlock       []Mark // what opens it, of what this service offers
	None         string // said where nothing that is offered opens it
	Action       string // the button that leads on; "" when nothing does
	SignIn       bool   // Action signs in and that is enough
	Transport    bool   // the same meeting may be started with transport encryption
}

// Refused computes the view; call it only while something is refused.
func (p Presenter) Refused(s core.Snapshot) RefusedView {
	a, r, say := s.Account, s.Account.Refused, p.Text.Say
	key := "refused." + r.Action.String()
	if !p.Text.Has(key + ".title") {
		key = "refused.other"
	}
	v := RefusedView{Title: say(key + ".title"), Words: say("refused.words"), Reason: r.Reason}
	signedIn := a.State == core.AccountReady || a.State == core.AccountNoPassport
	if !signedIn && slices.Contains(r.Unlock, keys.ClassEmail) {
		v.Unlock = append(v.Unlock, p.wayMark(keys.ClassEmail))
		v.SignIn = true
	}
	for _, c := range offered(a.Ways) {
		if slices.Contains(r.Unlock, c) {
			v.Unlock = append(v.Unlock, p.wayMark(c))
		}
	}
	switch {
	case len(v.Unlock) == 0:
		v.Words, v.None = "", say("refused.none")
	case v.SignIn:
		v.Action = say("account.signin")
	default:
		v.Action = say("account.upgrade")
	}
	v.Transport = r.Start != nil && r.Start.Mode == keys.ModeE2EE && mayHostTransport(a.May)
	return v
}

func (p Presenter) wayMark(c keys.Class) Mark {
	return Mark{p.Text.Say("way." + c.String() + ".title"), classIcon(c), Info}
}

// mayHostTransport reports whether policy is known to allow it: nothing is
// offered that would be refused as well.
func mayHostTransport(may []core.Permission) bool {
	for _, m := range may {
		if m.Action == policy.ActionHostTransport {
			return m.Decision == policy.DecisionAllow
		}
	}
	return false
}
