package present_test

import (
	"testing"
	"time"

	"conclave/app/core"
	"conclave/app/core/upgrade"
	"conclave/keys"
	"conclave/ui/present"
	"conclave/ui/uitest"
)

func course(c upgrade.State) present.CourseView {
	return presenter().Course(uitest.InCourse(uitest.SignedIn(keys.ClassEmail, ""), c))
}

// Every phase and way that Step can reach has a title and words, and every
// trouble has words and a mend, in every language.
func TestEveryStepAndTroubleHasWords(t *testing.T) {
	everyLanguage(t, func(p present.Presenter) (said []string) {
		for _, way := range uitest.Ways() {
			for _, phase := range upgrade.Phases() {
				if phase == upgrade.PhaseIdle || way == keys.ClassSeat && (phase == upgrade.PhaseEnter || phase == upgrade.PhaseSending) {
					continue
				}
				c := upgrade.State{Phase: phase, Way: way, Entered: "x"}
				codes := way == keys.ClassEmail || way == keys.ClassPhone
				if phase == upgrade.PhaseConfirm && !codes {
					continue
				}
				if phase == upgrade.PhaseConfirm || codes && phase == upgrade.PhaseChecking {
					c.Until = uitest.Noon().Add(time.Minute)
				}
				v := p.Course(uitest.InCourse(uitest.SignedIn(keys.ClassEmail, ""), c))
				said = append(said, v.Title, v.Words)
				if v.Field != nil {
					said = append(said, v.Field.Label, v.Field.Hint, v.Next)
				}
				for _, trouble := range upgrade.Troubles() {
					c.Trouble = trouble
					got := p.Course(uitest.InCourse(uitest.Guest(), c)).Trouble
					said = append(said, got.Words, got.Mend)
				}
			}
			for _, w := range p.Course(uitest.InCourse(uitest.Guest(), upgrade.State{Phase: upgrade.PhaseChoose, Ways: []keys.Class{way}})).Ways {
				said = append(said, w.Title, w.Proves, w.Seen)
			}
		}
		return said
	})
}

func TestCodesOfTheOutboxAreShownWithTheReason(t *testing.T) {
	c := upgrade.State{Phase: upgrade.PhaseConfirm, Way: keys.ClassPhone, Entered: "+47 400 00 000", Until: uitest.Noon().Add(time.Minute)}
	if v := course(c); v.Outbox != nil || v.Words != "It was sent to +47 400 00 000 as a text message." {
		t.Errorf("sent: %+v", v)
	}
	c.Outbox = true // and the folder is elsewhere
	if v := course(c); v.Outbox != nil || v.Words != "Nothing was sent: this service only writes codes to its outbox folder. Ask its operator for yours." {
		t.Errorf("outbox elsewhere: %+v", v)
	}
	c.Shown = "402913"
	v := course(c)
	if v.Outbox == nil || v.Outbox.Code != "402 913" || v.Outbox.Title != "Your code" || v.Words != "Nothing was sent: the code is already here." {
		t.Errorf("outbox: %+v", v)
	}
}

func TestTheFormStaysWhileTheServiceWorks(t *testing.T) {
	until := uitest.Noon().Add(time.Minute)
	rows := []struct {
		name  string
		state upgrade.State
		form  present.Form
		next  string
	}{
		{"sending", upgrade.State{Phase: upgrade.PhaseSending, Way: keys.ClassPhone, Entered: "+47"}, present.FormEnter, "Sending the code…"},
		{"looking for the page", upgrade.State{Phase: upgrade.PhaseSending, Way: keys.ClassOrganisation, Entered: "x.example"}, present.FormEnter, "Looking for its page…"},
		{"sending another", upgrade.State{Phase: upgrade.PhaseSending, Way: keys.ClassPhone, Until: until}, present.FormCode, "Confirm"},
		{"checking a code", upgrade.State{Phase: upgrade.PhaseChecking, Way: keys.ClassPhone, Until: until}, present.FormCode, "Checking…"},
		{"checking a voucher", upgrade.State{Phase: upgrade.PhaseChecking, Way: keys.ClassVoucher, Entered: "x"}, present.FormEnter, "Checking…"},
		{"claiming a seat", upgrade.State{Phase: upgrade.PhaseChecking, Way: keys.ClassSeat}, present.FormNone, ""},
	}
	for _, r := range rows {
		v := course(r.state)
		if !v.Busy || v.Form != r.form || v.Next != r.next {
			t.Errorf("%s: busy %v, form %d, next %q", r.name, v.Busy, v.Form, v.Next)
		}
	}
}

func TestTroublesAreToldWhereTheyAreMended(t *testing.T) {
	rows := []struct {
		state upgrade.State
		words string
	}{
		{upgrade.State{Phase: upgrade.PhaseConfirm, Way: keys.ClassEmail, Trouble: upgrade.TroubleWrongCode, TriesLeft: 3}, "This is not the code. 3 tries are left."},
		{upgrade.State{Phase: upgrade.PhaseConfirm, Way: keys.ClassEmail, Trouble: upgrade.TroubleInput}, "A code has six digits."},
		{upgrade.State{Phase: upgrade.PhaseEnter, Way: keys.ClassEmail, Trouble: upgrade.TroubleInput}, "This is no e-mail address."},
		{upgrade.State{Phase: upgrade.PhaseEnter, Way: keys.ClassPhone, Trouble: upgrade.TroubleUsed}, "This number verifies another account already."},
		{upgrade.State{Phase: upgrade.PhaseEnter, Way: keys.ClassVoucher, Trouble: upgrade.TroubleUsed}, "This voucher was redeemed already."},
		{upgrade.State{Phase: upgrade.PhaseChoose, Trouble: upgrade.TroubleNoSeat}, "Nobody has assigned you a seat."},
	}
	for _, r := range rows {
		if v := course(r.state); v.Trouble == nil || v.Trouble.Words != r.words {
			t.Errorf("want %q, got %+v", r.words, v.Trouble)
		}
	}
	lost := course(upgrade.State{Phase: upgrade.PhaseIssuing, Way: keys.ClassPhone, Trouble: upgrade.TroublePassport})
	if lost.Next != "Try again" || lost.Title != "The passport is missing" {
		t.Errorf("passport: %+v", lost)
	}
}

func TestCountdownsCountAndBlock(t *testing.T) {
	now := uitest.Noon()
	wait := upgrade.State{Phase: upgrade.PhaseEnter, RetryAt: now.Add(45 * time.Second)}
	code := upgrade.State{Phase: upgrade.PhaseConfirm, Until: now.Add(9 * time.Minute)}
	rows := []struct {
		state  upgrade.State
		after  time.Duration
		words  string
		blocks bool
	}{
		{wait, 0, "You can try again in 0:45.", true},
		{wait, 44500 * time.Millisecond, "You can try again in 0:01.", true},
		{wait, 45 * time.Second, "", false},
		{code, 0, "The code holds for another 9:00.", false},
		{code, 10 * time.Minute, "The code has expired. Ask for another one.", false},
		{upgrade.State{Phase: upgrade.PhaseEnter}, 0, "", false},
	}
	for _, r := range rows {
		got := presenter().Countdown(r.state, now.Add(r.after))
		if got.Words != r.words || got.Blocks != r.blocks {
			t.Errorf("got %+v, want %q, %v", got, r.words, r.blocks)
		}
	}
}

func TestWhatAllWaysOpenIsSaidOnce(t *testing.T) {
	choose := upgrade.State{Phase: upgrade.PhaseChoose, Ways: uitest.Ways()[1:]}
	v := course(choose)
	if v.Opens == "" || v.Ways[0].Opens != "" || len(v.Ways) != 4 {
		t.Errorf("all open the same: %q, %+v", v.Opens, v.Ways)
	}
	s := uitest.InCourse(uitest.SignedIn(keys.ClassEmail, ""), choose)
	s.Account.May = []core.Permission{{Action: s.Account.May[0].Action, Decision: s.Account.May[0].Decision, Unlock: []keys.Class{keys.ClassSeat}}}
	v = presenter().Course(s)
	if v.Opens != "" || v.Ways[0].Opens != "" || v.Ways[2].Opens == "" {
		t.Errorf("only a seat opens it: %q, %+v", v.Opens, v.Ways)
	}
	if v := course(upgrade.State{Phase: upgrade.PhaseChoose}); len(v.Ways) != 0 || v.Close != "Close" {
		t.Errorf("nothing is offered: %+v", v)
	}
}

func TestDoneSaysWhatOthersSee(t *testing.T) {
	s := uitest.InCourse(uitest.SignedIn(keys.ClassOrganisation, "school.example"), upgrade.State{Phase: upgrade.PhaseDone, Way: keys.ClassOrganisation})
	v := presenter().Course(s)
	if v.Title != "You are verified" || v.Mark.Words != "Verified by school.example" || v.Upgrade != "" {
		t.Errorf("verified: %+v", v)
	}
	s = uitest.InCourse(uitest.SignedIn(keys.ClassEmail, ""), upgrade.State{Phase: upgrade.PhaseDone, Way: keys.ClassEmail})
	v = presenter().Course(s)
	if v.Title != "You are signed in" || v.Mark.Tone == present.OK || v.Upgrade == "" {
		t.Errorf("signed in only: %+v", v)
	}
}
