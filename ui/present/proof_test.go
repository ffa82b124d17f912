package present_test

import (
	"testing"

	"conclave/app/core"
	"conclave/keys"
	"conclave/ui/present"
	"conclave/ui/uitest"
)

func words(marks []present.Mark) []string {
	var out []string
	for _, m := range marks {
		out = append(out, m.Words)
	}
	return out
}

func TestProofsOfOthersSayWhoVouches(t *testing.T) {
	rows := []struct {
		name   string
		change func(*core.Person)
		mark   string
		tone   present.Tone
	}{
		{"nobody", func(p *core.Person) {}, "Unverified", present.Caution},
		{"an address", func(p *core.Person) { p.Verification, p.Logged = core.VerifiedEmail, true }, "E-mail only", present.Neutral},
		{"a phone", func(p *core.Person) { p.Verification, p.Logged = core.VerifiedPhone, true }, "Phone verified", present.OK},
		{"a school", func(p *core.Person) {
			p.Verification, p.Issuer, p.Logged = core.VerifiedOrganisation, "school.example", true
		}, "Verified by school.example", present.OK},
		{"not logged proves nothing", func(p *core.Person) { p.Verification = core.VerifiedPhone }, "Not in the public log", present.Alarm},
		{"an imitated name comes first", func(p *core.Person) { p.Verification, p.Logged, p.Imitates = core.VerifiedPhone, true, "Ann" }, "Looks like Ann", present.Alarm},
	}
	for _, r := range rows {
		s := uitest.InMeeting(3)
		r.change(&s.Meeting.People[2])
		got := presenter().People(s)[2]
		if len(got.Marks) == 0 || got.Marks[0].Words != r.mark || got.Marks[0].Tone != r.tone {
			t.Errorf("%s: %v", r.name, words(got.Marks))
		}
		fingerprint := false
		for _, l := range got.Proof {
			fingerprint = fingerprint || l.Words == got.Fingerprint && l.Code
		}
		if !fingerprint {
			t.Errorf("%s: no fingerprint in the details", r.name)
		}
	}
}

func TestTilesMarkVerifiedPeople(t *testing.T) {
	s := uitest.InMeeting(5)
	p := s.Meeting.People
	p[1].Verification, p[2].Verification, p[3].Imitates = core.VerifiedPhone, core.VerifiedEmail, "Ann"
	tiles := presenter().Tiles(s)
	if !tiles[0].Verified || tiles[0].Unverified {
		t.Error("a verified person has no mark")
	}
	if tiles[1].Verified || !tiles[1].Unverified {
		t.Error("an e-mail address counts as verified")
	}
	if !tiles[2].Imitates {
		t.Error("an imitated name is not marked")
	}
}

func TestKnockersWhoAreRefusedCannotBeAdmitted(t *testing.T) {
	rows := presenter().Knockers(uitest.Knocking().Meeting)
	if rows[1].Refusal != "The host opened this meeting only for verified people." || rows[0].Refusal != "" {
		t.Errorf("refusals: %q, %q", rows[0].Refusal, rows[1].Refusal)
	}
	if all, verified := present.Admissible(rows); all != 2 || verified != 2 {
		t.Errorf("%d admissible, %d verified, want 2 and 2", all, verified)
	}
	silent := uitest.Knocking().Meeting
	silent.Lobby[1].Refusal = &core.Permission{}
	if got := presenter().Knockers(silent)[1].Refusal; got == "" {
		t.Error("a refusal without a reason is no refusal")
	}
}

func TestFactsTellDemandsAndImitations(t *testing.T) {
	has := func(m *core.Meeting, title string) bool {
		for _, f := range presenter().Facts(m) {
			if f.Title == title {
				return true
			}
		}
		return false
	}
	m := uitest.Knocking().Meeting
	if !has(m, "Verified people only") || !has(m, "A name here imitates another") {
		t.Error("demand or imitation is not told")
	}
	m.Demand, m.Mode = keys.Demand{Organisation: "school.example"}, keys.ModeTransport
	if !has(m, "Only people of school.example") || has(m, "Verified people only") {
		t.Error("an organisation's meeting is not told, in transport mode")
	}
}

func TestOneWhoWaitsSeesTheirOwnVerification(t *testing.T) {
	s := uitest.InLobby()
	if got := presenter().Lobby(s).Verification.Words; got != "Unverified" {
		t.Errorf("guest: %q", got)
	}
	s.Account = uitest.SignedIn(keys.ClassOrganisation, "school.example").Account
	if got := presenter().Lobby(s).Verification.Words; got != "Verified by school.example" {
		t.Errorf("verified: %q", got)
	}
	s.Account.State = core.AccountNoPassport
	if got := presenter().Lobby(s).Verification.Words; got != "Unverified" {
		t.Errorf("without a passport: %q", got)
	}
}
