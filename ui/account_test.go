package ui_test

import (
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"conclave/app/core"
	"conclave/app/core/upgrade"
	"conclave/keys"
	"conclave/ui"
	"conclave/ui/present"
	"conclave/ui/screen"
	"conclave/ui/text"
	"conclave/ui/theme"
	"conclave/ui/uitest"
	"conclave/ui/widget"
)

// publish makes a snapshot the newest and draws it.
func publish(s *ui.Shell, c *uitest.Core, snap core.Snapshot) {
	c.Publish(snap)
	s.Render(c.Latest())
}

func proceed(e upgrade.Event) core.Intent { return core.Proceed{Event: e} }

func focused(s *ui.Shell) fyne.Focusable { return s.Window().Canvas().Focused() }

func email() core.Snapshot { return uitest.SignedIn(keys.ClassEmail, "") }

func TestSigningInLiesOverHomeWhileItRuns(t *testing.T) {
	s, c, _ := show(t, uitest.InCourse(uitest.Guest(), upgrade.State{Phase: upgrade.PhaseEnter, Way: keys.ClassEmail}))
	if s.Window().Title() != "Conclave - Sign in" || !says(s, "keychain") {
		t.Error("signing in is not shown with where the key lies")
	}
	address := field(t, s, "you@example.org")
	if focused(s) != address {
		t.Error("typing does not begin in the address")
	}
	if name := field(t, s, "Your name"); name.Text != "Mira Solberg" {
		t.Errorf("name is %q", name.Text)
	}
	test.Type(address, " mira@example.org")
	address.TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
	sent(t, c, proceed(upgrade.Enter{Text: "mira@example.org", Name: "Mira Solberg"}))
	publish(s, c, uitest.Guest())
	if s.Window().Title() != "Conclave - Home" {
		t.Error("signing in stays when it is over")
	}
}

func TestWhatWasTypedStaysWhileSnapshotsCome(t *testing.T) {
	enter := upgrade.State{Phase: upgrade.PhaseEnter, Way: keys.ClassPhone}
	s, c, _ := show(t, uitest.InCourse(email(), enter))
	number := field(t, s, "+44 7700 900123")
	test.Type(number, "+47 400")
	publish(s, c, uitest.InCourse(email(), enter))
	if number.Text != "+47 400" {
		t.Errorf("a snapshot changed it to %q", number.Text)
	}
	press(t, s, "Send the code")
	c.Intents()
	enter.Phase, enter.Entered = upgrade.PhaseSending, "+47 400"
	publish(s, c, uitest.InCourse(email(), enter))
	press(t, s, "Sending the code…")
	if len(c.Intents()) != 0 || number.Text != "+47 400" {
		t.Error("the step can be taken twice")
	}
	enter.Phase, enter.Trouble = upgrade.PhaseEnter, upgrade.TroubleInput
	publish(s, c, uitest.InCourse(email(), enter))
	if number.Text != "+47 400" || !says(s, "This is no phone number.") || focused(s) != number {
		t.Error("the trouble is not at the field, or the field has lost its words")
	}
}

func TestACodeOnThisComputerIsShownAndFilledIn(t *testing.T) {
	confirm := upgrade.State{Phase: upgrade.PhaseConfirm, Way: keys.ClassPhone, Until: uitest.Noon().Add(time.Minute), Outbox: true, Shown: "402913"}
	s, c, _ := show(t, uitest.InCourse(email(), confirm))
	if !says(s, "Your code") || !says(s, "402 913") || !says(s, "outbox folder") {
		t.Error("the code is not shown with its reason")
	}
	press(t, s, "Fill it in")
	sent(t, c, proceed(upgrade.Type{Code: "402 913"}))
	press(t, s, "Send another code")
	sent(t, c, proceed(upgrade.Resend{}))
	press(t, s, "Back")
	sent(t, c, proceed(upgrade.Back{}))
	s.Do("back")
	sent(t, c, proceed(upgrade.Back{}))
}

func TestAWrongCodeIsTypedAnew(t *testing.T) {
	confirm := upgrade.State{Phase: upgrade.PhaseConfirm, Way: keys.ClassEmail, Until: uitest.Noon().Add(time.Minute)}
	s, c, _ := show(t, uitest.InCourse(uitest.Guest(), confirm))
	code := field(t, s, "123 456")
	press(t, s, "Confirm") // nothing is typed yet
	sent(t, c)
	test.Type(code, "111111")
	press(t, s, "Confirm")
	sent(t, c, proceed(upgrade.Type{Code: "111111"}))
	confirm.Phase = upgrade.PhaseChecking
	publish(s, c, uitest.InCourse(uitest.Guest(), confirm))
	confirm.Phase, confirm.Trouble, confirm.TriesLeft = upgrade.PhaseConfirm, upgrade.TroubleWrongCode, 4
	publish(s, c, uitest.InCourse(uitest.Guest(), confirm))
	if code.Text != "" || !says(s, "4 tries are left.") {
		t.Errorf("code %q", code.Text)
	}
}

func TestWaitingTimesCountDownAndBlock(t *testing.T) {
	now := uitest.Noon()
	fake := uitest.NewCore(uitest.InCourse(uitest.Guest(), upgrade.State{Phase: upgrade.PhaseEnter, Way: keys.ClassEmail, Entered: "a@b.example", Trouble: upgrade.TroubleTooFast, RetryAt: now.Add(30 * time.Second)}))
	s := ui.New(ui.Config{App: test.NewTempApp(t), Post: func(f func()) { f() }, Snapshots: fake, Send: fake.Send, Language: "en", Now: func() time.Time { return now }, Theme: &light})
	t.Cleanup(s.Window().Close)
	if !says(s, "in 0:30") {
		t.Error("the time is not told")
	}
	press(t, s, "Send the code")
	sent(t, fake)
	now = now.Add(10 * time.Second)
	s.Tick()
	if !says(s, "in 0:20") {
		t.Error("the time does not run")
	}
	now = now.Add(time.Minute)
	s.Tick()
	if says(s, "try again in") {
		t.Error("the time does not end")
	}
	press(t, s, "Send the code")
	sent(t, fake, proceed(upgrade.Enter{Text: "a@b.example", Name: "Mira Solberg"}))
}

func TestAWayIsChosenWithTheKeyboardAlone(t *testing.T) {
	s, c, _ := show(t, uitest.InCourse(email(), upgrade.State{Phase: upgrade.PhaseChoose, Ways: uitest.Ways()[1:]}))
	w, ok := focused(s).(*widget.Way)
	if !ok || w.Title() != "Phone number" {
		t.Fatalf("the keyboard is at %T", focused(s))
	}
	s.Window().Canvas().FocusNext()
	focused(s).TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
	sent(t, c, proceed(upgrade.Choose{Way: keys.ClassOrganisation}))
	focused(s).TypedKey(&fyne.KeyEvent{Name: fyne.KeyEscape})
	sent(t, c, proceed(upgrade.Close{}))
	if label := w.AccessibilityLabel(); !strings.Contains(label, "Phone number") || !strings.Contains(label, "never the number") {
		t.Errorf("a screen reader says %q", label)
	}
}

func TestEveryButtonOfAStepIsReachedByTab(t *testing.T) {
	confirm := upgrade.State{Phase: upgrade.PhaseConfirm, Way: keys.ClassPhone, Until: uitest.Noon().Add(time.Minute), Outbox: true, Shown: "402913"}
	s, _, _ := show(t, uitest.InCourse(email(), confirm))
	reached := map[string]bool{}
	for range 12 {
		if b, ok := focused(s).(*widget.Button); ok {
			reached[b.Label()] = true
		}
		s.Window().Canvas().FocusNext()
	}
	for _, label := range []string{"Fill it in", "Back", "Cancel", "Send another code", "Confirm"} {
		if !reached[label] {
			t.Errorf("%q is not reached, only %v", label, reached)
		}
	}
}

func TestARefusalLeadsOn(t *testing.T) {
	s, c, _ := show(t, uitest.WasRefused(email()))
	if !says(s, "This service asks for verification to host end-to-end encrypted meetings") || !says(s, "so that abuse costs more than it brings") {
		t.Error("the refusal or its reason is not told")
	}
	if !says(s, "Conclave's operator could listen") {
		t.Error("transport mode is offered without its price")
	}
	press(t, s, "Upgrade to verified")
	sent(t, c, core.Upgrade{})
	press(t, s, "Start with transport encryption instead")
	sent(t, c, core.DropRefusal{}, core.StartMeeting{Mode: keys.ModeTransport})
	press(t, s, "Not now")
	sent(t, c, core.DropRefusal{})
	s.Do("back")
	sent(t, c, core.DropRefusal{})
	publish(s, c, email())
	if s.Window().Title() != "Conclave - Home" {
		t.Error("the refusal stays")
	}
}

// What a person opens over a course or refusal does not lose it.
func TestSettingsReturnToTheCourse(t *testing.T) {
	s, _, _ := show(t, uitest.WasRefused(email()), "settings")
	if s.Window().Title() != "Conclave - Settings" {
		t.Fatalf("title %q", s.Window().Title())
	}
	s.Do("back")
	if s.Window().Title() != "Conclave - Verification needed" {
		t.Errorf("title %q", s.Window().Title())
	}
}

func TestADoneCourseMakesRoomForItsMeeting(t *testing.T) {
	done := uitest.InCourse(uitest.SignedIn(keys.ClassPhone, ""), upgrade.State{Phase: upgrade.PhaseDone, Way: keys.ClassPhone})
	s, c, _ := show(t, done)
	if !says(s, "You are verified") {
		t.Fatal("the end is not told")
	}
	done.Meeting = uitest.InMeeting(1).Meeting
	publish(s, c, done)
	publish(s, c, done)
	sent(t, c, proceed(upgrade.Close{}))
	if s.Window().Title() != "Conclave - Meeting" {
		t.Errorf("title %q", s.Window().Title())
	}
}

func TestSigningInIsOfferedOnceAfterTheFirstStart(t *testing.T) {
	first := uitest.FirstStart()
	first.Can, first.Account = uitest.Guest().Can, uitest.Guest().Account
	s, c, _ := show(t, first)
	sent(t, c)
	named := first
	named.Profile.Name = "Mira Solberg"
	named.Account.State = core.AccountUnknown
	publish(s, c, named)
	sent(t, c)
	named.Account.State = core.AccountSignedOut
	publish(s, c, named)
	sent(t, c, core.SignIn{})
	publish(s, c, named)
	sent(t, c)
	s, c, _ = show(t, uitest.Guest())
	publish(s, c, uitest.Guest())
	sent(t, c) // not at the second start
}

func TestTheAccountAsksBeforeItTakesAway(t *testing.T) {
	s, c, _ := show(t, email(), "account")
	rows := []struct {
		label, yes string
		want       core.Intent
	}{
		{"Remove", "Remove the device", core.RevokeDevice{Device: uitest.Key(20)}},
		{"Sign out on this device", "Sign out", core.SignOut{}},
		{"Delete the account", "Delete for good", core.DeleteAccount{}},
	}
	for _, r := range rows {
		press(t, s, r.label)
		sent(t, c)
		press(t, s, "Cancel")
		press(t, s, r.label)
		press(t, s, r.yes)
		sent(t, c, r.want)
	}
	press(t, s, "Save all that the service has")
	press(t, s, "Save")
	sent(t, c, core.ExportAccount{Path: "conclave-account.json"})
}

func TestAHostCannotAdmitWhomPolicyRefuses(t *testing.T) {
	snap := uitest.Knocking()
	s, c, _ := show(t, snap, "people")
	press(t, s, "Admit all verified")
	sent(t, c, core.AdmitVerified{})
	count := func() (n int) {
		walk(s.Window().Content(), func(o fyne.CanvasObject) {
			if b, ok := o.(*widget.Button); ok && b.Label() == "Admit" {
				n++
			}
		})
		return n
	}
	if got := count(); got != 2 {
		t.Errorf("%d can be admitted, want 2", got)
	}
	if !says(s, "Cannot be let in") || !says(s, "only for verified people") || !says(s, "Looks like Jonas Weber") {
		t.Error("a refusal or an imitation is not told")
	}
	snap.Meeting.Lobby = snap.Meeting.Lobby[1:2]
	s, _, _ = show(t, snap)
	if got := count(); got != 0 {
		t.Error("the bar offers to admit whom policy refuses")
	}
}

func TestDetailsOfAPersonOpenBelowTheirRow(t *testing.T) {
	snap := uitest.Knocking()
	snap.Meeting.Lobby = nil
	s, _, _ := show(t, snap, "people")
	if says(s, "Signed on at school.example") {
		t.Fatal("details are open by themselves")
	}
	var toggles []*widget.Button
	walk(s.Window().Content(), func(o fyne.CanvasObject) {
		if b, ok := o.(*widget.Button); ok && b.AccessibilityLabel() == "Details" {
			toggles = append(toggles, b)
		}
	})
	if len(toggles) != 5 {
		t.Fatalf("%d rows have details, want 5", len(toggles))
	}
	test.Tap(toggles[1])
	for _, words := range []string{"Signed on at school.example", "In the public log", "Fingerprint", "Number for the two of you"} {
		if !says(s, words) {
			t.Errorf("details do not say %q", words)
		}
	}
	publish(s, uitest.NewCore(snap), snap)
	test.Tap(toggles[1])
	if says(s, "Signed on at school.example") {
		t.Error("details stay open")
	}
}

func TestDemandsAreReadFromTheirPart(t *testing.T) {
	test.NewTempApp(t).Settings().SetTheme(theme.New(light))
	var at fyne.Focusable
	d := screen.NewDemand(&screen.Kit{Text: text.New("en"), Focus: func(f fyne.Focusable) { at = f }, Back: func() {}})
	d.Set(keys.Demand{Verified: true})
	if got, ok := d.Value(); !ok || !got.IsZero() {
		t.Error("something is demanded where the service keeps no accounts")
	}
	d.Show(present.Presenter{Text: text.New("en"), Now: uitest.Noon()}, uitest.SignedIn(keys.ClassOrganisation, "school.example"))
	if got, ok := d.Value(); !ok || got != (keys.Demand{Verified: true}) {
		t.Errorf("got %+v, %v", got, ok)
	}
	d.Set(keys.Demand{Organisation: "Anna@Uni.Example"})
	if got, ok := d.Value(); !ok || got != (keys.Demand{Organisation: "uni.example"}) {
		t.Errorf("got %+v, %v", got, ok)
	}
	d.Set(keys.Demand{Organisation: "no domain"})
	if _, ok := d.Value(); ok || at == nil {
		t.Error("what is no domain is demanded, or the field does not get the keyboard")
	}
}

// A voucher or a link is longer than its field. OpenGL draws what sticks out,
// so each field must clip; the test's painter does not show it.
func TestLongTextIsClippedByItsField(t *testing.T) {
	fields := 0
	for _, snap := range []core.Snapshot{
		uitest.InCourse(email(), upgrade.State{Phase: upgrade.PhaseEnter, Way: keys.ClassVoucher}),
		uitest.FirstStart(), uitest.Busy(), uitest.Previewing(func(s *core.Snapshot) { s.Preview.Asks = true }),
	} {
		s, _, _ := show(t, snap)
		size := fyne.NewSize(1000, 700)
		walk(s.Window().Content(), func(o fyne.CanvasObject) {
			if e, is := o.(*widget.Entry); is {
				e.SetText("partner.example:" + strings.Repeat("MWMWMWMW", 60))
			}
		})
		settle(s, size)
		walk(s.Window().Content(), func(o fyne.CanvasObject) {
			e, is := o.(*widget.Entry)
			if !is {
				return
			}
			fields++
			clips := false
			walk(e, func(o fyne.CanvasObject) {
				if _, is := o.(fyne.Scrollable); is && o.Size().Width <= e.Size().Width {
					clips = true
				}
			})
			if !clips {
				t.Errorf("%q: nothing holds the words inside the field", e.PlaceHolder)
			}
		})
	}
	if fields < 4 {
		t.Errorf("only %d fields were looked at", fields)
	}
}
