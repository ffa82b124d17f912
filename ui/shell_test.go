package ui_test

import (
	"image"
	"reflect"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"conclave/app/core"
	"conclave/call"
	"conclave/keys"
	"conclave/ui"
	"conclave/ui/theme"
	"conclave/ui/uitest"
	"conclave/ui/widget"
)

var light = theme.Config{Appearance: theme.Light}

func show(t *testing.T, s core.Snapshot, actions ...string) (*ui.Shell, *uitest.Core, *uitest.Frames) {
	t.Helper()
	return open(t, uitest.Scene{Snapshot: s, Keys: actions}, light, fyne.NewSize(1000, 700), "en")
}

// find returns the topmost visible object that fits.
func find[T fyne.CanvasObject](s *ui.Shell, fits func(T) bool) (found T, ok bool) {
	walk(s.Window().Content(), func(o fyne.CanvasObject) {
		if v, is := o.(T); is && fits(v) {
			found, ok = v, true
		}
	})
	return found, ok
}

// walk visits what can be seen, from the bottom to the top.
func walk(o fyne.CanvasObject, visit func(fyne.CanvasObject)) {
	if !o.Visible() {
		return
	}
	visit(o)
	switch o := o.(type) {
	case *fyne.Container:
		for _, c := range o.Objects {
			walk(c, visit)
		}
	case fyne.Widget:
		for _, c := range test.WidgetRenderer(o).Objects() {
			walk(c, visit)
		}
	}
}

func press(t *testing.T, s *ui.Shell, label string) {
	t.Helper()
	b, ok := find(s, func(b *widget.Button) bool { return b.Label() == label })
	if !ok {
		t.Fatalf("no button %q", label)
	}
	test.Tap(b)
}

func field(t *testing.T, s *ui.Shell, placeholder string) *widget.Entry {
	t.Helper()
	e, ok := find(s, func(e *widget.Entry) bool { return e.PlaceHolder == placeholder })
	if !ok {
		t.Fatalf("no field %q", placeholder)
	}
	return e
}

func says(s *ui.Shell, words string) bool {
	_, ok := find(s, func(x *widget.Text) bool { return strings.Contains(x.Words(), words) })
	if !ok {
		_, ok = find(s, func(p *widget.Pill) bool { return strings.Contains(p.Words(), words) })
	}
	return ok
}

func sent(t *testing.T, c *uitest.Core, want ...core.Intent) {
	t.Helper()
	if d := cmp.Diff(want, c.Intents()); d != "" {
		t.Error(d)
	}
}

func TestFirstStartAsksForAName(t *testing.T) {
	s, c, _ := show(t, uitest.FirstStart())
	e := field(t, s, "Your name")
	if s.Window().Canvas().Focused() != fyne.Focusable(e) {
		t.Error("typing does not begin in the field")
	}
	press(t, s, "Continue")
	sent(t, c)
	test.Type(e, "  Mira ")
	press(t, s, "Continue")
	sent(t, c, core.SetName{Name: "Mira"})
}

func TestHomeFollowsTheServiceOfTheCore(t *testing.T) {
	at := uitest.AtHome()
	at.Service = core.Service{State: core.ServiceUp, URL: "https://school.test"}
	s, c, _ := show(t, at)
	if e := field(t, s, "https://meet.example.org"); e.Text != "https://school.test" {
		t.Errorf("the address is %q", e.Text)
	}
	press(t, s, "Start meeting")
	sent(t, c, core.OpenPreview{Start: core.StartMeeting{Mode: keys.ModeE2EE}})
}

func TestStartSendsWhatIsChosen(t *testing.T) {
	s, c, _ := show(t, uitest.AtHome())
	press(t, s, "Start meeting")
	sent(t, c, core.OpenPreview{Start: core.StartMeeting{Mode: keys.ModeE2EE}})

	s.Do("mode")
	here, _ := find(s, func(x *widget.Choice) bool { return x.AccessibilityLabel() == "On a service" })
	test.Tap(here)
	press(t, s, "Start meeting")
	sent(t, c) // no address yet
	test.Type(field(t, s, "https://meet.example.org"), "https://meet.test")
	asks, _ := find(s, func(*widget.Switch) bool { return true })
	test.Tap(asks)
	press(t, s, "Start meeting")
	sent(t, c) // no passcode yet
	test.Type(field(t, s, "Passcode for this meeting"), "swordfish")
	press(t, s, "Start meeting")
	sent(t, c, core.ChooseService{URL: "https://meet.test"}, core.OpenPreview{Start: core.StartMeeting{Mode: keys.ModeTransport, Passcode: "swordfish"}})
}

func TestJoinByKeyboard(t *testing.T) {
	s, c, _ := show(t, uitest.AtHome())
	s.Do("join")
	e := field(t, s, "https://…/m/…")
	if s.Window().Canvas().Focused() != fyne.Focusable(e) {
		t.Fatal("Ctrl+J does not go to the field for the link")
	}
	test.Type(e, " https://meet.test/m/abc ")
	e.TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
	sent(t, c, core.OpenPreview{Link: "https://meet.test/m/abc"})
}

// Fyne hands a focused field every shortcut; ours must pass through it.
func TestShortcutsWorkWhileTyping(t *testing.T) {
	s, c, _ := show(t, uitest.Chatting(uitest.InMeeting(2)), "chat")
	focused, ok := s.Window().Canvas().Focused().(*widget.Entry)
	if !ok {
		t.Fatal("Ctrl+Shift+C does not go to the field")
	}
	focused.TypedShortcut(&desktop.CustomShortcut{KeyName: fyne.KeyD, Modifier: fyne.KeyModifierShortcutDefault})
	sent(t, c, core.SetMic{On: false})
	test.Type(focused, "hello")
	focused.TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
	sent(t, c, core.SendChat{Text: "hello"})
	if focused.Text != "" {
		t.Error("the field keeps what was sent")
	}
	focused.TypedKey(&fyne.KeyEvent{Name: fyne.KeyEscape})
	if _, open := find(s, func(e *widget.Entry) bool { return e == focused }); open {
		t.Error("Escape does not close the panel")
	}
}

func TestEveryShortcutHasWordsAndKeysOfItsOwn(t *testing.T) {
	seen := map[string]string{}
	for _, sc := range ui.Shortcuts() {
		if other, twice := seen[sc.Keys()]; twice {
			t.Errorf("%s is both %s and %s", sc.Keys(), sc.Action, other)
		}
		seen[sc.Keys()] = sc.Action
	}
	if len(seen) < 20 {
		t.Errorf("only %d shortcuts", len(seen))
	}
}

func TestHostsShortcuts(t *testing.T) {
	snap := uitest.Hosting(uitest.InMeeting(3))
	snap.Meeting.Lobby = []core.Knocker{uitest.Waiting(4), uitest.Waiting(5)}
	snap.Meeting.Lobby[0].Admitting = true
	s, c, _ := show(t, snap)
	s.Do("admit")
	sent(t, c, core.Admit{Ticket: "t5"})
	s.Do("lock")
	sent(t, c, core.SetLocked{Locked: true})
	s.Do("end")
	sent(t, c) // asks first
	s.Do("mic")
	sent(t, c) // nothing happens behind a question
	s.Do("back")
	sent(t, c)
	s.Do("end")
	press(t, s, "End for all")
	sent(t, c, core.EndMeeting{})
	s.Do("remove")
	press(t, s, "Remove")
	sent(t, c, core.Remove{Person: uitest.Key(2)})
	s.Do("leave")
	sent(t, c, core.LeaveMeeting{})
}

func TestGuestsShortcutsDoNothingOfAHosts(t *testing.T) {
	snap := uitest.InMeeting(3)
	snap.Can = core.Can{}
	snap.Meeting.Lobby = []core.Knocker{uitest.Waiting(4)}
	s, c, _ := show(t, snap)
	for _, action := range []string{"admit", "lock", "end", "remove", "share", "hand", "react", "tools", "muteall"} {
		s.Do(action)
	}
	sent(t, c)
	if says(s, "wants to come in") {
		t.Error("a guest sees the lobby")
	}
}

func TestEndDialogPressesRightButtonOnEnter(t *testing.T) {
	s, c, _ := show(t, uitest.Hosting(uitest.InMeeting(2)), "end")
	focused := s.Window().Canvas().Focused()
	if focused == nil {
		t.Fatal("nothing has the keyboard while a question is asked")
	}
	focused.TypedKey(&fyne.KeyEvent{Name: fyne.KeyEscape})
	sent(t, c)
	s.Do("end")
	s.Window().Canvas().Focused().TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
	sent(t, c, core.EndMeeting{})
}

func TestCodeIsJudgedForTheEpochThatIsShown(t *testing.T) {
	s, c, _ := show(t, uitest.InMeeting(3), "code")
	if s.Window().Title() != "Conclave - Security code" {
		t.Errorf("title %q", s.Window().Title())
	}
	qr, ok := find(s, func(*widget.QR) bool { return true })
	if !ok || qr.Content() != "conclave-code:1:606163023799858694793910008721:3" {
		t.Fatalf("QR says %q", qr.Content())
	}
	s.Do("matches")
	sent(t, c, core.JudgeCode{Epoch: 3, Matches: true})
	press(t, s, "It differs")
	sent(t, c, core.JudgeCode{Epoch: 3, Matches: false})
	s.Do("code")
	if s.Window().Title() != "Conclave - Meeting" {
		t.Errorf("title %q after closing", s.Window().Title())
	}
	s.Do("matches")
	sent(t, c) // not while the code is not on the screen
}

func TestModalAlarmIsAnswered(t *testing.T) {
	snap := uitest.Told(uitest.InMeeting(3), core.Notice{Code: core.NoticeFork, Severity: core.SeverityAlarm, Modal: true})
	s, c, _ := show(t, snap)
	if !says(s, "People are being shown different meetings") {
		t.Fatal("the alarm is not shown")
	}
	press(t, s, "Leave the meeting")
	sent(t, c, core.Dismiss{Notice: 1}, core.LeaveMeeting{})
}

func TestNoticesAreDismissedByKey(t *testing.T) {
	s, c, _ := show(t, uitest.Told(uitest.AtHome(), core.Notice{Code: core.NoticeBrokenLink, Severity: core.SeverityWarning}))
	if !says(s, "This link is broken") {
		t.Fatal("the notice is not shown")
	}
	s.Do("dismiss")
	sent(t, c, core.Dismiss{Notice: 1})
}

func TestEndedOffersTheNextStep(t *testing.T) {
	s, c, _ := show(t, uitest.After(call.EndPasscode))
	test.Type(field(t, s, "Passcode for this meeting"), "right")
	press(t, s, "Join again")
	sent(t, c, core.CloseMeeting{}, core.JoinMeeting{Link: uitest.InMeeting(2).Meeting.Link, Passcode: "right"})
	s, c, _ = show(t, uitest.After(call.EndRemoved))
	if _, again := find(s, func(b *widget.Button) bool { return b.Label() == "Join again" }); again {
		t.Error("somebody who was removed is offered to join again")
	}
	s.Do("back")
	sent(t, c, core.CloseMeeting{})
}

// Pictures are wanted at the size of their tiles, and not at all while they
// are not shown.
func TestPicturesAreWantedAtTheTilesSize(t *testing.T) {
	snap := uitest.States(uitest.InMeeting(3)) // the third has no camera
	s, c, f := show(t, snap)
	tile, _ := find(s, func(x *widget.Tile) bool { return x.View().Key == uitest.Key(1) })
	want := image.Pt(int(tile.Size().Width+0.5), int(tile.Size().Height+0.5))
	if got := f.Wanted(uitest.Key(1)); got != want {
		t.Errorf("wanted %v, the tile is %v", got, want)
	}
	if got := f.Wanted(uitest.Key(2)); got != (image.Point{}) {
		t.Errorf("a camera that is off is wanted at %v", got)
	}
	s.Do("code")
	if got := f.Wanted(uitest.Key(1)); got != (image.Point{}) {
		t.Errorf("behind the code, a picture is wanted at %v", got)
	}
	s.Do("code")
	if got := f.Wanted(uitest.Key(1)); got != want {
		t.Errorf("after the code, wanted %v, want %v", got, want)
	}
	snap.Meeting.People = snap.Meeting.People[:1]
	c.Publish(snap)
	s.Render(c.Latest())
	if got := f.Wanted(uitest.Key(1)); got != (image.Point{}) {
		t.Errorf("somebody who left is wanted at %v", got)
	}
	s.Render(uitest.After(call.EndLeft))
	if got := f.Wanted(uitest.Key(0)); got != (image.Point{}) {
		t.Errorf("after the meeting, wanted %v", got)
	}
}

func TestTilesAreReusedFromSnapshotToSnapshot(t *testing.T) {
	snap := uitest.InMeeting(4)
	s, _, _ := show(t, snap)
	tiles := func() []*widget.Tile {
		out := []*widget.Tile{}
		for _, o := range test.LaidOutObjects(s.Window().Content()) {
			if x, ok := o.(*widget.Tile); ok {
				out = append(out, x)
			}
		}
		return out
	}
	before := tiles()
	next := uitest.InMeeting(4)
	next.Meeting.People[1].Speaking = true
	s.Render(next)
	if after := tiles(); !reflect.DeepEqual(before, after) {
		t.Error("tiles were made anew")
	}
}

func TestLanguageSwitchesWhileItRuns(t *testing.T) {
	s, _, _ := open(t, uitest.Scene{Snapshot: uitest.AtHome(), Keys: []string{"settings"}}, light, fyne.NewSize(1000, 2600), "en")
	press(t, s, "Deutsch")
	if s.Window().Title() != "Conclave - Einstellungen" || !says(s, "Aussehen") {
		t.Errorf("title %q", s.Window().Title())
	}
	press(t, s, "Norsk bokmål")
	s.Do("back")
	if s.Window().Title() != "Conclave - Hjem" || !says(s, "Start et møte") {
		t.Errorf("title %q", s.Window().Title())
	}
}

func TestSettingsChangeTheLookAndDevices(t *testing.T) {
	s, c, _ := open(t, uitest.Scene{Snapshot: uitest.AtHome(), Keys: []string{"settings"}}, light, fyne.NewSize(1000, 2600), "en")
	dark, _ := find(s, func(x *widget.Choice) bool { return x.AccessibilityLabel() == "Dark" })
	before := fyne.CurrentApp().Settings().Theme().Color(theme.ColorBackground, 0)
	test.Tap(dark)
	if fyne.CurrentApp().Settings().Theme().Color(theme.ColorBackground, 0) == before || !dark.Chosen() {
		t.Error("dark was not taken over")
	}
	size := fyne.CurrentApp().Settings().Theme().Size(theme.SizeBody)
	press(t, s, "150 %")
	if got := fyne.CurrentApp().Settings().Theme().Size(theme.SizeBody) / size; got != 1.5 {
		t.Errorf("text grew by %v", got)
	}
	press(t, s, "Headset")
	sent(t, c, core.ChooseDevices{Camera: "cam1", Speaker: "spk1"})
}

func TestCopyLink(t *testing.T) {
	s, _, _ := show(t, uitest.InMeeting(2), "link")
	if got, want := fyne.CurrentApp().Clipboard().Content(), uitest.InMeeting(2).Meeting.Link; got != want {
		t.Errorf("clipboard has %q", got)
	}
	if !says(s, "Copied") {
		t.Error("nothing says that it was copied")
	}
}

// Any number of changes become one drawing, and after Close nothing runs.
func TestChangesAreDrawnOnceAndNothingRunsAfterClose(t *testing.T) {
	leaks := goleak.IgnoreCurrent()
	app := test.NewTempApp(t)
	fake, posts := uitest.NewCore(uitest.AtHome()), &uitest.Posts{}
	s := ui.New(ui.Config{App: app, Post: posts.Post, Snapshots: fake, Frames: uitest.NewFrames(), Send: fake.Send, Language: "en", Now: uitest.Noon})
	t.Cleanup(s.Window().Close)
	s.Start()
	for i := range 1000 {
		fake.Publish(uitest.InMeeting(1 + i%3))
	}
	if n := posts.Run(); n > 3 { // one drawing, and the ticker's looks
		t.Errorf("%d posts for 1000 changes", n)
	}
	if s.Window().Title() != "Conclave - Meeting" {
		t.Errorf("title %q", s.Window().Title())
	}
	s.Close()
	s.Close()
	fake.Publish(uitest.AtHome())
	if n := posts.Run(); n > 1 {
		t.Errorf("%d posts after Close", n)
	}
	deadline := time.Now().Add(time.Second)
	if err := goleak.Find(leaks); err != nil && time.Now().Before(deadline) && strings.Contains(err.Error(), "conclave/ui") {
		t.Error(err)
	}
}

// While something must be answered or closed first, Tab and Shift+Tab stay
// within it, also from where nothing had the keyboard.
func TestTabStaysInWhatIsOpen(t *testing.T) {
	alarm := uitest.InMeeting(3)
	alarm.Notices = []core.Notice{{ID: 1, Code: core.NoticeFork, Modal: true}}
	host := uitest.InMeeting(3)
	host.Can.SetRules, host.Can.Lock, host.Can.Mute, host.Can.EndForAll = true, true, true, true
	for _, row := range []struct {
		name    string
		snap    core.Snapshot
		actions []string
	}{
		{"alarm", alarm, nil},
		{"question", host, []string{"end"}},
		{"tools", host, []string{"tools"}},
		{"person", host, []string{"person"}},
		{"reactions", host, []string{"react"}},
		{"statistics", host, []string{"figures"}},
		{"facts", host, []string{"facts"}},
		{"alarm over a sheet", alarm, []string{"more"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			s, _, _ := show(t, row.snap, row.actions...)
			c := s.Window().Canvas()
			for _, step := range []struct {
				name string
				move func()
			}{{"Tab", c.FocusNext}, {"Shift+Tab", c.FocusPrevious}} {
				for _, from := range []string{"inside", "nothing"} {
					if from == "nothing" {
						c.Unfocus()
					}
					for n := range 60 {
						step.move()
						o, ok := c.Focused().(fyne.CanvasObject)
						if !ok {
							t.Fatalf("%s %d from %s: nothing has the keyboard", step.name, n, from)
						}
						if !within(s, o) {
							t.Fatalf("%s %d from %s: the keyboard is behind, at %T %q", step.name, n, from, o, o.(fyne.Accessible).AccessibilityLabel())
						}
					}
				}
			}
		})
	}
}

// within reports whether something lies above the topmost scrim or catcher.
func within(s *ui.Shell, what fyne.CanvasObject) bool {
	above, open := false, false
	walk(s.Window().Content(), func(o fyne.CanvasObject) {
		switch o.(type) {
		case *widget.Scrim, *widget.Catcher:
			above, open = false, true
		}
		if o == what {
			above = open
		}
	})
	return above
}
