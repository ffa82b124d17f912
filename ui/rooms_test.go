package ui_test

import (
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/test"

	"conclave/app/core"
	"conclave/keys"
	"conclave/ui/uitest"
	"conclave/ui/widget"
)

func link() string { return uitest.Previewing(nil).Preview.Link }

func TestFirstStartChoosesAService(t *testing.T) {
	s, c, _ := show(t, uitest.FirstStart())
	test.Type(field(t, s, "Your name"), "Mira")
	there, _ := find(s, func(x *widget.Choice) bool { return x.AccessibilityLabel() == "On a service" })
	test.Tap(there)
	press(t, s, "Continue")
	sent(t, c) // no address yet
	test.Type(field(t, s, "https://meet.example.org"), "https://meet.test")
	press(t, s, "Continue")
	sent(t, c, core.ChooseService{URL: "https://meet.test"}, core.SetName{Name: "Mira"})
}

func TestPreviewJoinsByEnterAndSendsThePasscode(t *testing.T) {
	s, c, _ := show(t, uitest.Previewing(nil))
	if title := s.Window().Title(); title != "Conclave - Before the meeting" {
		t.Errorf("title %q", title)
	}
	s.Window().Canvas().Focused().TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
	sent(t, c, core.JoinMeeting{Link: link()})

	s, c, _ = show(t, uitest.Previewing(func(s *core.Snapshot) { s.Preview.Asks = true }))
	passcode := field(t, s, "Passcode, if you were given one")
	if s.Window().Canvas().Focused() != fyne.Focusable(passcode) {
		t.Error("typing does not begin in the field for the passcode")
	}
	press(t, s, "Join")
	sent(t, c) // no passcode yet
	test.Type(passcode, "sesame")
	s.Do("start")
	sent(t, c, core.JoinMeeting{Link: link(), Passcode: "sesame"})
}

func TestPreviewStartsWhatWasChosen(t *testing.T) {
	start := core.StartMeeting{Mode: keys.ModeTransport, Passcode: "sesame", Demand: keys.Demand{Verified: true}}
	s, c, _ := show(t, uitest.Previewing(func(s *core.Snapshot) {
		s.Preview.Link, s.Preview.Start, s.Preview.Mode = "", start, start.Mode
	}))
	if !says(s, "Conclave's operator could listen") {
		t.Error("a transport meeting does not say that the service can listen")
	}
	press(t, s, "Start")
	sent(t, c, start)
	s.Do("mic")
	s.Do("camera")
	sent(t, c, core.SetMic{On: false}, core.SetCamera{On: false})
	press(t, s, "Test the speaker")
	press(t, s, "Headset")
	sent(t, c, core.TestSpeaker{}, core.ChooseDevices{Camera: "cam1", Speaker: "spk1"})
	s.Do("back")
	sent(t, c, core.ClosePreview{})
}

// Whoever pressed Join while the service was asked goes in by itself, but only
// where nothing is to be read first.
func TestPreviewWaitsForTheAnswer(t *testing.T) {
	looking := func(s *core.Snapshot) { s.Preview.Looked, s.Preview.Mode = false, 0 }
	for _, row := range []struct {
		mode keys.Mode
		want []core.Intent
	}{{keys.ModeE2EE, []core.Intent{core.JoinMeeting{Link: link()}}}, {keys.ModeTransport, nil}} {
		s, c, _ := show(t, uitest.Previewing(looking))
		s.Do("join")
		sent(t, c)
		s.Render(uitest.Previewing(func(s *core.Snapshot) { s.Preview.Mode = row.mode }))
		sent(t, c, row.want...)
	}
	s, c, _ := show(t, uitest.Previewing(func(s *core.Snapshot) { s.Preview.Missing = true }))
	s.Do("start")
	press(t, s, "Join")
	sent(t, c)
	if !says(s, "It has not begun yet, or it is over") {
		t.Error("a meeting that is not found does not tell both possibilities")
	}
}

func TestPreviewWantsThePictureOnlyWhileItIsShown(t *testing.T) {
	snap := uitest.Previewing(nil)
	s, _, f := show(t, snap)
	if f.Wanted(uitest.Key(0)).X == 0 {
		t.Error("the own picture is not asked for")
	}
	s.Do("settings")
	if got := f.Wanted(uitest.Key(0)); got.X != 0 {
		t.Errorf("behind the settings it is wanted at %v", got)
	}
	s.Do("back")
	snap.Preview = nil
	s.Render(snap)
	if got := f.Wanted(uitest.Key(0)); got.X != 0 {
		t.Errorf("at home it is wanted at %v", got)
	}
}

func TestPlanningByKeyboard(t *testing.T) {
	s, c, _ := show(t, uitest.Busy(), "schedule")
	title := field(t, s, "What is it about?")
	if s.Window().Canvas().Focused() != fyne.Focusable(title) {
		t.Fatal("typing does not begin at the title")
	}
	press(t, s, "Plan it")
	sent(t, c)
	test.Type(title, "Thesis")
	day := field(t, s, "2026-12-01")
	day.SetText("31.12.2025")
	press(t, s, "Plan it")
	sent(t, c)
	if !says(s, "This is in the past.") {
		t.Error("nothing says why")
	}
	day.SetText("24.11.2026")
	field(t, s, "09:30").SetText("9.15")
	press(t, s, "1:30 h")
	if !says(s, "Tuesday, 24 November 2026, 09:15 to 10:45") {
		t.Error("nothing says when it will be")
	}
	title.TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
	sent(t, c, core.Schedule{Title: "Thesis", Mode: keys.ModeE2EE, Start: time.Date(2026, 11, 24, 9, 15, 0, 0, time.UTC), Duration: 90 * time.Minute})
	if says(s, "Plan it") {
		t.Error("the screen stays")
	}
}

func TestPlansAreStartedCopiedSavedAndRemoved(t *testing.T) {
	snap := uitest.Busy()
	snap.Plans = snap.Plans[:1]
	s, c, _ := show(t, snap)
	id := snap.Plans[0].ID
	press(t, s, "Copy link")
	if got := fyne.CurrentApp().Clipboard().Content(); got != snap.Plans[0].Link {
		t.Errorf("the clipboard has %q", got)
	}
	press(t, s, "Save .ics")
	path := field(t, s, "Save the invitation as")
	if !strings.HasSuffix(path.Text, "Thesis-weekly.ics") {
		t.Errorf("proposed: %q", path.Text)
	}
	path.SetText("/tmp/thesis.ics")
	path.TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
	sent(t, c, core.SaveCalendar{Meeting: id, Path: "/tmp/thesis.ics"})
	press(t, s, "Start")
	sent(t, c, core.StartScheduled{Meeting: id})
	remove, _ := find(s, func(b *widget.Button) bool { return b.AccessibilityLabel() == "Remove" })
	test.Tap(remove)
	sent(t, c) // asks first
	press(t, s, "Remove")
	sent(t, c, core.Unschedule{Meeting: id})
}

func TestPlanningSaysWhyItCannot(t *testing.T) {
	here := uitest.AtHome()
	here.Service.Local = true
	s, c, _ := show(t, here, "schedule")
	if !says(s, "needs a service whose address lasts") {
		t.Error("nothing says why nothing can be planned")
	}
	if _, ok := find(s, func(b *widget.Button) bool { return b.Label() == "Plan it" }); ok {
		t.Error("what would be refused is offered")
	}
	sent(t, c)
}

func TestForgettingAsksFirst(t *testing.T) {
	s, c, _ := open(t, uitest.Scene{Snapshot: uitest.Busy(), Keys: []string{"recent"}}, light, fyne.NewSize(1000, 1600), "en")
	press(t, s, "Forget everybody")
	sent(t, c)
	s.Do("back")
	sent(t, c)
	press(t, s, "Forget everybody")
	s.Window().Canvas().Focused().TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
	sent(t, c, core.ForgetPerson{})
}

func TestReportSendsWhatWasChosen(t *testing.T) {
	s, c, _ := open(t, uitest.Scene{Snapshot: uitest.Reporting(core.Report{}), Keys: []string{"report"}}, light, fyne.NewSize(1000, 1600), "en")
	press(t, s, "Report")
	sent(t, c) // nobody chosen
	press(t, s, "Jonas Weber")
	press(t, s, "Abuse of a child")
	if !says(s, "Call the police first") {
		t.Error("no hint in an emergency")
	}
	press(t, s, "Harassment")
	if says(s, "Call the police first") {
		t.Error("the hint stays with another reason")
	}
	chat, _ := find(s, func(x *widget.Switch) bool { return strings.HasPrefix(x.AccessibilityLabel(), "The chat lines") })
	test.Tap(chat)
	test.Type(field(t, s, "What happened? You may leave this empty."), "He shouted.")
	press(t, s, "Report")
	want := core.SendReport{People: []keys.PublicKey{uitest.Key(1)}, Reason: core.ReportHarassment, Words: "He shouted.", Chat: true}
	sent(t, c, want)

	s.Render(uitest.Reporting(core.Report{Phase: core.ReportSent}))
	press(t, s, "Done")
	sent(t, c, core.ClearReport{})
}

func TestLicencesShowTheWholeText(t *testing.T) {
	s, _, _ := show(t, uitest.AtHome(), "licences")
	press(t, s, "fyne.io/fyne/v2 v2.8.1")
	if !says(s, "Redistributions of source code must retain") {
		t.Error("no text of the licence")
	}
}

// A device's name is as long as its maker likes; it ends within its column,
// and the tip tells it whole.
func TestLongDeviceNamesEndInTheirColumn(t *testing.T) {
	for _, size := range []fyne.Size{{Width: 900, Height: 600}, {Width: 1920, Height: 1080}} {
		s, _, _ := open(t, uitest.Scene{Snapshot: uitest.Previewing(nil)}, light, size, "en")
		var long []*widget.Button
		walk(s.Window().Content(), func(o fyne.CanvasObject) {
			if b, ok := o.(*widget.Button); ok && b.Label() == uitest.LongDevice {
				long = append(long, b)
			}
		})
		if len(long) != 2 {
			t.Fatalf("%d devices with a long name, want 2", len(long))
		}
		for _, b := range long {
			for _, o := range test.WidgetRenderer(b).Objects() {
				words, ok := o.(*canvas.Text)
				if ok && words.Position().X+words.MinSize().Width > b.Size().Width {
					t.Errorf("%v: %q runs out of its button, %.0f wide", size, words.Text, b.Size().Width)
				}
			}
			end := fyne.CurrentApp().Driver().AbsolutePositionForObject(b).X + b.Size().Width
			if end > size.Width-14 {
				t.Errorf("%v: the button ends at %.0f", size, end)
			}
		}
		x := [2]float32{}
		for i, b := range long {
			x[i] = fyne.CurrentApp().Driver().AbsolutePositionForObject(b).X
		}
		if x[0]+long[0].Size().Width > x[1] {
			t.Errorf("%v: the microphone's name runs into the speaker's", size)
		}
		long[1].MouseIn(nil)
		if !says(s, uitest.LongDevice) {
			t.Errorf("%v: no tip tells the whole name", size)
		}
	}
}
