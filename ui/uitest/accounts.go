package uitest

import (
	"time"

	"conclave/app/core"
	"conclave/app/core/upgrade"
	"conclave/keys"
	"conclave/keys/policy"
)

// Guest is the home of somebody without an account at a service that keeps
// some.
func Guest() core.Snapshot {
	s := AtHome()
	s.Service = core.Service{State: core.ServiceUp, URL: "https://meet.example.org"}
	s.Can.Accounts = true
	s.Account = core.Account{
		State: core.AccountSignedOut, Class: keys.ClassGuest, Ways: Ways(), Policy: policy.DefaultPreset,
		May: May(keys.ClassGuest), Logged: Noon().Add(-time.Minute),
	}
	return s
}

// Ways are all that a service can offer.
func Ways() []keys.Class {
	return []keys.Class{keys.ClassEmail, keys.ClassPhone, keys.ClassOrganisation, keys.ClassSeat, keys.ClassVoucher}
}

// May is what the default policy says of a class.
func May(c keys.Class) []core.Permission {
	p, err := policy.Preset(policy.DefaultPreset)
	if err != nil {
		panic(err) // the presets are part of the program
	}
	var out []core.Permission
	for _, a := range policy.Actions() {
		d := p.Decide(policy.Subject{Class: c}, a)
		out = append(out, core.Permission{Action: a, Decision: d.Decision, Limit: d.Limit, Reason: d.Reason, Unlock: d.Unlock})
	}
	return out
}

// SignedIn is the home of somebody with an account of a class.
func SignedIn(c keys.Class, issuer string) core.Snapshot {
	s := Guest()
	a := &s.Account
	a.State, a.Class, a.Issuer, a.Expires, a.May = core.AccountReady, c, issuer, Noon().Add(21*time.Hour), May(c)
	a.Devices = []core.AccountDevice{
		{Key: Key(0), Fingerprint: fingerprint(0), Added: Noon().Add(-40 * 24 * time.Hour), Seen: Noon(), Self: true},
		{Key: Key(20), Fingerprint: fingerprint(20), Added: Noon().Add(-200 * 24 * time.Hour), Seen: Noon().Add(-22 * time.Hour)},
		{Key: Key(21), Fingerprint: fingerprint(21), Added: Noon().Add(-400 * 24 * time.Hour), Seen: Noon().Add(-90 * 24 * time.Hour), Revoked: true},
	}
	return s
}

// InCourse is a course that runs.
func InCourse(s core.Snapshot, c upgrade.State) core.Snapshot {
	c.Class = s.Account.Class
	c.Account = s.Account.State == core.AccountReady
	s.Account.Course = c
	return s
}

// WasRefused is a meeting that policy did not open.
func WasRefused(s core.Snapshot) core.Snapshot {
	for _, m := range s.Account.May {
		if m.Action == policy.ActionHostE2EE {
			s.Account.Refused = &core.Refusal{Permission: m, Start: &core.StartMeeting{Mode: keys.ModeE2EE}}
		}
	}
	return s
}

// confirming is a course that waits for a code.
func confirming(way keys.Class, to upgrade.Text) upgrade.State {
	return upgrade.State{Phase: upgrade.PhaseConfirm, Way: way, Entered: to, Until: Noon().Add(9*time.Minute + 41*time.Second)}
}

// Proofs gives the people and knockers of a meeting one verification each.
func Proofs(s core.Snapshot) core.Snapshot {
	kinds := []struct {
		v      core.Verification
		issuer string
	}{{core.VerifiedPhone, ""}, {core.VerifiedOrganisation, "school.example"}, {core.VerifiedEmail, ""}, {core.Unverified, ""}, {core.VerifiedVoucher, "press-freedom.example"}, {core.VerifiedSeat, "weber-und-soehne.example"}}
	m := s.Meeting
	m.Badge.LogChecked = true
	for i := range m.People {
		k := kinds[i%len(kinds)]
		m.People[i].Verification, m.People[i].Issuer, m.People[i].Logged = k.v, k.issuer, k.v != core.Unverified
		if k.v > core.VerifiedEmail {
			m.Badge.Verified++
		}
	}
	for i := range m.Lobby {
		k := kinds[(i+1)%len(kinds)]
		m.Lobby[i].Verification, m.Lobby[i].Issuer, m.Lobby[i].Logged = k.v, k.issuer, k.v != core.Unverified
	}
	return s
}

// Knocking is a host's meeting before which people of every sort wait.
func Knocking() core.Snapshot {
	s := Hosting(InMeeting(5))
	s.Meeting.Lobby = []core.Knocker{Waiting(5), Waiting(6), Waiting(7), Waiting(8)}
	s = Proofs(s)
	l := s.Meeting.Lobby
	l[1].Trust = core.TrustMet
	l[2].Name, l[2].Imitates = "Jonas Wеber", "Jonas Weber" // with a Cyrillic letter
	l[2].Verification, l[2].Logged = core.VerifiedPhone, true
	l[3].Verification, l[3].Issuer, l[3].Logged = core.Unverified, "", false
	refusal := &core.Permission{Action: policy.ActionJoinE2EE, Decision: policy.DecisionRefuse, Reason: "The host opened this meeting only for verified people.", Unlock: []keys.Class{keys.ClassPhone}}
	l[1].Refusal, l[3].Refusal = refusal, refusal
	s.Meeting.Demand = keys.Demand{Verified: true}
	s.Meeting.People[2].Trust, s.Meeting.People[4].Trust = core.TrustChanged, core.TrustCompared
	s.Meeting.People[3].Name, s.Meeting.People[3].Imitates = "Jonas Wеber", "Jonas Weber"
	return s
}

// AccountScenes are the screens about who people are.
func AccountScenes() []Scene {
	email, phone := SignedIn(keys.ClassEmail, ""), SignedIn(keys.ClassPhone, "")
	choose := upgrade.State{Phase: upgrade.PhaseChoose, Ways: Ways()[1:]}
	enter := func(way keys.Class) upgrade.State {
		return upgrade.State{Phase: upgrade.PhaseEnter, Way: way, Ways: Ways()[1:]}
	}
	used := enter(keys.ClassPhone)
	used.Entered, used.Trouble = "+47 400 00 000", upgrade.TroubleUsed
	fast := enter(keys.ClassEmail)
	fast.Entered, fast.Trouble, fast.RetryAt = "mira@example.org", upgrade.TroubleTooFast, Noon().Add(45*time.Second)
	wrong := confirming(keys.ClassEmail, "mira@example.org")
	wrong.Trouble, wrong.TriesLeft = upgrade.TroubleWrongCode, 3
	outbox := confirming(keys.ClassPhone, "+47 400 00 000")
	outbox.Outbox, outbox.Shown = true, "402913"
	browser := upgrade.State{Phase: upgrade.PhaseBrowser, Way: keys.ClassOrganisation, Entered: "school.example", Page: "https://login.school.example/authorize"}
	lost := upgrade.State{Phase: upgrade.PhaseIssuing, Way: keys.ClassPhone, Trouble: upgrade.TroublePassport}
	noSeat := choose
	noSeat.Trouble = upgrade.TroubleNoSeat
	revoked, noPassport := Guest(), phone
	revoked.Account.State = core.AccountRevoked
	noPassport.Account.State, noPassport.Account.Expires = core.AccountNoPassport, Noon().Add(-time.Hour)
	return []Scene{
		{"signin", InCourse(Guest(), enter(keys.ClassEmail)), nil},
		{"signin-toofast", InCourse(Guest(), fast), nil},
		{"signin-wrong", InCourse(Guest(), wrong), nil},
		{"signin-done", InCourse(email, upgrade.State{Phase: upgrade.PhaseDone, Way: keys.ClassEmail}), nil},
		{"upgrade-choose", InCourse(email, choose), nil},
		{"upgrade-noseat", InCourse(email, noSeat), nil},
		{"upgrade-phone", InCourse(email, enter(keys.ClassPhone)), nil},
		{"upgrade-used", InCourse(email, used), nil},
		{"upgrade-outbox", InCourse(email, outbox), nil},
		{"upgrade-organisation", InCourse(email, enter(keys.ClassOrganisation)), nil},
		{"upgrade-browser", InCourse(email, browser), nil},
		{"upgrade-voucher", InCourse(email, enter(keys.ClassVoucher)), nil},
		{"upgrade-issuing", InCourse(phone, upgrade.State{Phase: upgrade.PhaseIssuing, Way: keys.ClassPhone}), nil},
		{"upgrade-passport", InCourse(phone, lost), nil},
		{"upgrade-done", InCourse(phone, upgrade.State{Phase: upgrade.PhaseDone, Way: keys.ClassPhone}), nil},
		{"refused", WasRefused(email), nil},
		{"refused-guest", WasRefused(Guest()), nil},
		{"account-guest", Guest(), []string{"account"}},
		{"account-email", email, []string{"account"}},
		{"account-verified", SignedIn(keys.ClassOrganisation, "school.example"), []string{"account"}},
		{"account-nopassport", noPassport, []string{"account"}},
		{"account-revoked", revoked, []string{"account"}},
		{"proofs", Knocking(), nil},
		{"proofs-people", Knocking(), []string{"people"}},
		{"proofs-facts", Knocking(), []string{"facts"}},
	}
}
