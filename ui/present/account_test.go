package present_test

import (
	"strings"
	"testing"
	"time"

	"conclave/app/core"
	"conclave/app/core/upgrade"
	"conclave/keys"
	"conclave/keys/policy"
	"conclave/ui/present"
	"conclave/ui/text"
	"conclave/ui/uitest"
)

func everyLanguage(t *testing.T, say func(present.Presenter) []string) {
	t.Helper()
	for _, l := range text.Languages() {
		p := present.Presenter{Text: text.New(l.Tag), Now: uitest.Noon()}
		for _, words := range say(p) {
			if words == "" || strings.ContainsAny(words, "[]{}") {
				t.Errorf("%s: %q", l.Tag, words)
			}
		}
	}
}

func TestStandingSaysWhatIsSoAndWhatIsNext(t *testing.T) {
	email, phone := uitest.SignedIn(keys.ClassEmail, ""), uitest.SignedIn(keys.ClassPhone, "")
	with := func(s core.Snapshot, state core.AccountState) core.Snapshot {
		s.Account.State = state
		return s
	}
	closed := email
	closed.Account.Ways = []keys.Class{keys.ClassEmail}
	barred := uitest.Guest()
	barred.Can.Accounts = false
	rows := []struct {
		name                         string
		s                            core.Snapshot
		shown, signIn, upgrade, open bool
		mark                         string
		tone                         present.Tone
	}{
		{"not asked", with(uitest.Guest(), core.AccountUnknown), false, false, false, false, "Unverified", present.Caution},
		{"no accounts", with(uitest.Guest(), core.AccountNotOffered), false, false, false, false, "Unverified", present.Caution},
		{"guest", uitest.Guest(), true, true, false, true, "Unverified", present.Caution},
		{"guest at a core without accounts", barred, false, false, false, false, "Unverified", present.Caution},
		{"e-mail is not green", email, true, false, true, true, "E-mail only", present.Neutral},
		{"e-mail, no way up", closed, true, false, false, true, "E-mail only", present.Neutral},
		{"phone", phone, true, false, false, true, "Phone verified", present.OK},
		{"organisation", uitest.SignedIn(keys.ClassOrganisation, "school.example"), true, false, false, true, "Verified by school.example", present.OK},
		{"no passport", with(email, core.AccountNoPassport), true, false, false, true, "E-mail only", present.Neutral},
		{"revoked", with(email, core.AccountRevoked), true, true, false, true, "Signed out by others", present.Alarm},
	}
	for _, r := range rows {
		v := presenter().Standing(r.s)
		if v.Shown != r.shown || v.SignIn != r.signIn || v.Upgrade != r.upgrade || v.Open != r.open {
			t.Errorf("%s: shown %v, sign in %v, upgrade %v, open %v", r.name, v.Shown, v.SignIn, v.Upgrade, v.Open)
		}
		if len(v.Marks) == 0 || v.Marks[0].Words != r.mark || v.Marks[0].Tone != r.tone {
			t.Errorf("%s: marks %v, want %q in tone %d", r.name, v.Marks, r.mark, r.tone)
		}
	}
	everyLanguage(t, func(p present.Presenter) (said []string) {
		for state := core.AccountUnknown; state <= core.AccountRevoked; state++ {
			said = append(said, p.Standing(with(email, state)).Words)
		}
		for _, c := range keys.Classes() {
			for _, issuer := range []string{"", "school.example"} {
				said = append(said, p.ClassMark(c, issuer).Words, p.Standing(uitest.SignedIn(c, issuer)).Words)
			}
		}
		return said
	})
}

func TestAccountTellsEveryPermissionWithItsReason(t *testing.T) {
	v := presenter().Account(uitest.SignedIn(keys.ClassEmail, ""))
	if len(v.Permissions) != len(policy.Actions()) {
		t.Fatalf("%d permissions, want %d", len(v.Permissions), len(policy.Actions()))
	}
	want := map[string]string{
		"Host end-to-end encrypted meetings": "Not allowed", "Join end-to-end encrypted meetings": "The host decides",
		"Share your screen": "Allowed", "People in a meeting that you host": "Up to 100 people", "Length of a meeting that you host": "Up to 60 minutes",
	}
	for _, p := range v.Permissions {
		if p.Reason == "" {
			t.Errorf("%s has no reason", p.Action)
		}
		if w, ok := want[p.Action]; ok && p.Decision.Words != w {
			t.Errorf("%s: %q, want %q", p.Action, p.Decision.Words, w)
		}
		if refused := p.Decision.Words == "Not allowed" || p.Decision.Words == "The host decides"; refused != (p.Unlock != "") {
			t.Errorf("%s: %q with %q", p.Action, p.Decision.Words, p.Unlock)
		}
	}
	if got := presenter().Account(uitest.SignedIn(keys.ClassPhone, "")).Permissions[4].Decision.Words; got != "Up to 1000 people" {
		t.Errorf("size: %q", got)
	}
	few := uitest.SignedIn(keys.ClassEmail, "")
	few.Account.Ways, few.Account.Devices[0].Seen = []keys.Class{keys.ClassEmail, keys.ClassSeat}, time.Time{}
	w := presenter().Account(few)
	if got := w.Permissions[0].Unlock; got != "Opens with: a business seat" {
		t.Errorf("only what the service offers opens it, got %q", got)
	}
	if got := w.Devices[0].Words; got != "Added 12 October 2026." {
		t.Errorf("a device that was not seen: %q", got)
	}
	for i, want := range []bool{false, true, false} {
		if got := v.Devices[i].CanRevoke; got != want {
			t.Errorf("device %d can be revoked: %v", i, got)
		}
	}
}

func TestPassportsAndLogsAreToldWithTheirTimes(t *testing.T) {
	find := func(v present.AccountView, name string) present.Line {
		for _, l := range v.Lines {
			if l.Name == name {
				return l
			}
		}
		return present.Line{}
	}
	s := uitest.SignedIn(keys.ClassPhone, "")
	v := presenter().Account(s)
	if got := find(v, "Passport"); got.Words != "Valid until tomorrow at 11:05; it renews itself" || got.Tone != present.Neutral {
		t.Errorf("valid passport: %+v", got)
	}
	if got := find(v, "Public log"); got.Words != "Checked today at 14:04, and consistent" || got.Tone != present.OK {
		t.Errorf("log: %+v", got)
	}
	s.Account.Expires, s.Account.Logged = uitest.Noon().Add(-time.Hour), time.Time{}
	v = presenter().Account(s)
	if got := find(v, "Passport"); got.Words != "Expired today at 13:05" || got.Tone != present.Caution {
		t.Errorf("old passport: %+v", got)
	}
	if got := find(v, "Public log"); got.Tone != present.Caution {
		t.Errorf("a log that was never checked is not green: %+v", got)
	}
}

func TestRefusalOffersWhatWouldNotBeRefusedAgain(t *testing.T) {
	email := uitest.WasRefused(uitest.SignedIn(keys.ClassEmail, ""))
	v := presenter().Refused(email)
	if v.Title != "This service asks for verification to host end-to-end encrypted meetings" || v.Reason == "" || len(v.Unlock) != 4 || v.Action != "Upgrade to verified" || !v.Transport {
		t.Errorf("e-mail: %+v", v)
	}
	guest := uitest.WasRefused(uitest.Guest())
	if v := presenter().Refused(guest); v.Transport {
		t.Error("a guest, who may not host at all, is offered transport mode")
	}
	unlockedByMail := guest
	r := *guest.Account.Refused
	r.Unlock = keys.Classes()[1:]
	unlockedByMail.Account.Refused = &r
	if v := presenter().Refused(unlockedByMail); !v.SignIn || v.Action != "Sign in" {
		t.Errorf("signing in is enough, got %+v", v)
	}
	none := email
	none.Account.Ways = []keys.Class{keys.ClassEmail}
	if v := presenter().Refused(none); v.Action != "" || v.None == "" {
		t.Errorf("nothing that is offered opens it, got %+v", v)
	}
	join := email
	r = *email.Account.Refused
	r.Action, r.Start, r.Join = policy.ActionJoinE2EE, nil, &core.JoinMeeting{Link: "x"}
	join.Account.Refused = &r
	if v := presenter().Refused(join); v.Transport || v.Title != "This meeting asks for verification" {
		t.Errorf("joining: %+v", v)
	}
	everyLanguage(t, func(p present.Presenter) (said []string) {
		for _, a := range append(policy.Actions(), policy.ActionNone) {
			r.Action = a
			said = append(said, p.Refused(join).Title)
		}
		return said
	})
}

func TestAskedIsWhatTheAccountAsksFor(t *testing.T) {
	email := uitest.SignedIn(keys.ClassEmail, "")
	in := func(phase upgrade.Phase, meeting bool) core.Snapshot {
		s := uitest.InCourse(email, upgrade.State{Phase: phase, Way: keys.ClassPhone})
		if meeting {
			s.Meeting = uitest.InMeeting(2).Meeting
		}
		return s
	}
	first := in(upgrade.PhaseEnter, false)
	first.Profile.Name = ""
	both := uitest.WasRefused(in(upgrade.PhaseEnter, false))
	inside := uitest.WasRefused(email)
	inside.Meeting = uitest.InMeeting(2).Meeting
	rows := []struct {
		name string
		s    core.Snapshot
		want present.Screen
	}{
		{"nothing", email, 0},
		{"before a name", first, 0},
		{"a course", in(upgrade.PhaseEnter, false), present.Course},
		{"a course during a meeting", in(upgrade.PhaseConfirm, true), present.Course},
		{"done", in(upgrade.PhaseDone, false), present.Course},
		{"done, and the meeting open", in(upgrade.PhaseDone, true), 0},
		{"refused", uitest.WasRefused(email), present.Refused},
		{"the course that mends it", both, present.Course},
		{"refused, but in a meeting", inside, 0},
	}
	for _, r := range rows {
		if got := present.Asked(r.s); got != r.want {
			t.Errorf("%s: %d, want %d", r.name, got, r.want)
		}
	}
}

func TestTimesAreSaidAsPeopleSayThem(t *testing.T) {
	p := presenter()
	rows := map[time.Duration]string{
		0: "today at 14:05", -13 * time.Hour: "today at 01:05", -15 * time.Hour: "yesterday at 23:05", 10 * time.Hour: "tomorrow at 00:05",
		72 * time.Hour: "24 November 2026", -400 * 24 * time.Hour: "17 October 2025",
	}
	for d, want := range rows {
		if got := p.When(uitest.Noon().Add(d)); got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
	if got := p.When(time.Time{}); got != "" {
		t.Errorf("no time: %q", got)
	}
	left := map[time.Duration]string{-time.Second: "", 0: "", time.Millisecond: "0:01", 45 * time.Second: "0:45", 581 * time.Second: "9:41", time.Hour: "1:00:00"}
	for d, want := range left {
		if got := present.Left(uitest.Noon().Add(d), uitest.Noon()); got != want {
			t.Errorf("%v left: %q, want %q", d, got, want)
		}
	}
}
