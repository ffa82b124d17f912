package ui_test

import (
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"conclave/app/core"
	"conclave/keys"
	"conclave/ui"
	"conclave/ui/theme"
	"conclave/ui/uitest"
	"conclave/ui/widget"
)

func button(s *ui.Shell, label string) *widget.Button {
	b, _ := find(s, func(b *widget.Button) bool { return b.Label() == label || b.AccessibilityLabel() == label })
	return b
}

func flip(t *testing.T, s *ui.Shell, words string) {
	t.Helper()
	sw, ok := find(s, func(sw *widget.Switch) bool { return sw.AccessibilityLabel() == words })
	if !ok {
		t.Fatalf("no switch %q", words)
	}
	test.Tap(sw)
}

func space() *fyne.KeyEvent { return &fyne.KeyEvent{Name: fyne.KeySpace} }

func TestSpaceTalksOnlyWhileMutedAndNothingIsTyped(t *testing.T) {
	snap := uitest.InMeeting(3)
	snap.Meeting.Mic = core.Toggle{}
	s, c, _ := show(t, snap)
	s.KeyDown(space())
	s.KeyDown(space()) // the keyboard repeats
	sent(t, c, core.SetMic{On: true})
	if !says(s, "while you hold the space bar") {
		t.Error("nothing says that one is heard")
	}
	s.KeyUp(space())
	s.KeyUp(space())
	sent(t, c, core.SetMic{On: false})

	s.Do("chat") // a field has the keyboard
	s.KeyDown(space())
	s.KeyUp(space())
	sent(t, c)
	s.Do("chat")
	s.KeyDown(space())
	s.Do("code") // another screen comes over it with the key held
	sent(t, c, core.SetMic{On: true}, core.SetMic{On: false})
	s.KeyDown(space())
	sent(t, c)

	s, c, _ = show(t, uitest.InMeeting(3)) // the microphone is on
	s.KeyDown(space())
	s.KeyUp(space())
	sent(t, c)

	snap = uitest.Ruled(snap, core.Rules{})
	snap.Meeting.People[0].Muted = true
	s, c, _ = show(t, snap)
	s.KeyDown(space())
	s.Do("mic")
	sent(t, c)
	if !says(s, "The host lets nobody unmute themselves") {
		t.Error("nothing says why one is not heard")
	}
}

func TestReactionIsPickedAndEscapeCloses(t *testing.T) {
	s, c, _ := show(t, uitest.InMeeting(3))
	s.Do("react")
	test.Tap(button(s, "Heart"))
	sent(t, c, core.React{Reaction: core.ReactionHeart})
	if button(s, "Heart") != nil {
		t.Error("the picker stays open")
	}
	s.Do("react")
	focused := s.Window().Canvas().Focused()
	if focused == nil {
		t.Fatal("the keyboard does not reach the reactions")
	}
	focused.TypedKey(&fyne.KeyEvent{Name: fyne.KeyEscape})
	if button(s, "Heart") != nil {
		t.Error("Escape does not close the picker")
	}
	sent(t, c)
}

func TestHostToolsSendTheRules(t *testing.T) {
	s, c, _ := show(t, uitest.Hosting(uitest.InMeeting(3)), "tools")
	open := core.Rules{Chat: true, Share: true, Rename: true, Unmute: true}
	flip(t, s, "Lock the door: nobody new can knock")
	flip(t, s, "Write in the chat")
	noChat := open
	noChat.Chat = false
	sent(t, c, core.SetLocked{Locked: true}, core.SetRules{Rules: noChat})

	press(t, s, "Mute everybody")
	sent(t, c)
	if button(s, "Lower all hands") != nil {
		t.Error("the tools stay open under a question: two things to answer")
	}
	press(t, s, "Mute all")
	sent(t, c, core.MuteAll{})

	s.Do("tools")
	press(t, s, "Suspend everything")
	press(t, s, "Cancel")
	sent(t, c)
	s.Do("tools")
	press(t, s, "Suspend everything")
	press(t, s, "Suspend")
	all := noChat // as it was flipped: no newer snapshot came
	all.Suspended = true
	got := c.Intents()
	if len(got) != 1 || !got[0].(core.SetRules).Rules.Suspended {
		t.Fatalf("sent %v", got)
	}

	paused := uitest.Hosting(uitest.InMeeting(3))
	paused.Meeting.Rules = all
	s, c, _ = show(t, paused)
	press(t, s, "Go on")
	sent(t, c, core.SetRules{Rules: noChat})
}

func TestPersonsMenuActsAndRemovingAsks(t *testing.T) {
	s, c, _ := show(t, uitest.Hosting(uitest.InMeeting(3)))
	tile, _ := find(s, func(x *widget.Tile) bool { return x.View().Key == uitest.Key(2) })
	for label, want := range map[string]core.Intent{"Mute": core.MutePerson{Person: uitest.Key(2)}, "Stop their camera": core.StopCamera{Person: uitest.Key(2)}} {
		test.TapSecondary(tile)
		menu, ok := find(s, func(b *widget.Button) bool { return b.Label() == label })
		if !ok {
			t.Fatalf("no %q in the menu", label)
		}
		test.Tap(menu)
		sent(t, c, want)
	}
	test.TapSecondary(tile)
	press(t, s, "Remove from the meeting…")
	sent(t, c)
	press(t, s, "Remove")
	sent(t, c, core.Remove{Person: uitest.Key(2)})

	test.TapSecondary(tile)
	gone := uitest.Hosting(uitest.InMeeting(2))
	s.Render(gone)
	if button(s, "Stop their camera") != nil {
		t.Error("the menu of somebody who left stays open")
	}
}

func TestAnAlarmClosesWhatIsOpen(t *testing.T) {
	s, _, _ := show(t, uitest.Hosting(uitest.InMeeting(3)), "tools")
	s.Render(uitest.Told(uitest.Hosting(uitest.InMeeting(3)), core.Notice{Code: core.NoticeFork, Severity: core.SeverityAlarm, Modal: true}))
	if button(s, "Suspend everything") != nil {
		t.Error("two things must be answered at once")
	}
	if f, ok := s.Window().Canvas().Focused().(*widget.Button); !ok || f.Label() != "I understand" {
		t.Errorf("the alarm does not have the keyboard, but %T %+v", s.Window().Canvas().Focused(), f)
	}
}

func TestScreenIsChosenWhenThereAreSeveral(t *testing.T) {
	_, c, _ := show(t, uitest.InMeeting(2), "share")
	sent(t, c, core.SetShare{On: true})
	two := uitest.InMeeting(2)
	two.Devices.Screens = append(two.Devices.Screens, core.Device{ID: "s2", Label: "Projector"})
	s, c, _ := show(t, two, "share")
	sent(t, c)
	press(t, s, "Projector")
	sent(t, c, core.SetShare{On: true, Screen: "s2"})
	two.Meeting.Share = core.Toggle{Wanted: true, On: true}
	s.Render(two)
	press(t, s, "Stop sharing")
	sent(t, c, core.SetShare{})
	forbidden := uitest.Ruled(uitest.InMeeting(2), core.Rules{})
	s, c, _ = show(t, forbidden, "share")
	sent(t, c)
	if !says(s, "The host lets nobody else share a screen") {
		t.Error("nothing says why")
	}
}

func TestOwnPictureIsHiddenAndTurnedOver(t *testing.T) {
	s, _, f := show(t, uitest.InMeeting(3))
	own := func() *widget.Tile {
		tile, _ := find(s, func(x *widget.Tile) bool { return x.View().Self })
		return tile
	}
	if !own().View().Mirror {
		t.Error("one does not see oneself as in a mirror")
	}
	s.Do("more")
	press(t, s, "Show me as others see me")
	if own().View().Mirror {
		t.Error("it is still turned over")
	}
	s.Do("self")
	if own() != nil || f.Wanted(uitest.Key(0)).X != 0 {
		t.Error("one's own picture is shown, or made, though it is hidden")
	}
	press(t, s, "Show")
	if own() == nil || f.Wanted(uitest.Key(0)).X == 0 {
		t.Error("it does not come back")
	}
}

// Nobody who is on another page is decoded.
func TestPagesAreNotDecodedUntilShown(t *testing.T) {
	s, _, f := show(t, uitest.InMeeting(40))
	if f.Wanted(uitest.Key(1)).X == 0 || f.Wanted(uitest.Key(30)).X != 0 {
		t.Error("wanted is not what is shown")
	}
	s.Do("next")
	settle(s, fyne.NewSize(1000, 700))
	if f.Wanted(uitest.Key(1)).X != 0 || f.Wanted(uitest.Key(30)).X == 0 {
		t.Error("after turning the page, wanted is not what is shown")
	}
	s.Do("code")
	if f.Wanted(uitest.Key(30)).X != 0 {
		t.Error("behind the code, a page is decoded")
	}
	s.Do("code")
	settle(s, fyne.NewSize(1000, 700))
	if f.Wanted(uitest.Key(1)).X != 0 || f.Wanted(uitest.Key(30)).X == 0 {
		t.Error("after the code, wanted is not what is shown")
	}
}

func TestRenamingAsksForTheName(t *testing.T) {
	s, c, _ := show(t, uitest.InMeeting(3), "more")
	press(t, s, "Change my name here…")
	e := field(t, s, "Your name")
	if s.Window().Canvas().Focused() != fyne.Focusable(e) || e.Text != "Mira Solberg" {
		t.Errorf("typing does not begin in the field, which says %q", e.Text)
	}
	e.SetText(" Mira S. ")
	press(t, s, "Change")
	sent(t, c, core.Rename{Name: "Mira S."})
}

func TestFiguresAreAskedForOnceASecondWhileTheyAreOpen(t *testing.T) {
	asked, now := 0, uitest.Noon()
	fake := uitest.NewCore(uitest.InMeeting(3))
	s := ui.New(ui.Config{
		App: test.NewTempApp(t), Post: (&uitest.Posts{}).Post, Snapshots: fake, Send: fake.Send, Language: "en", Theme: &theme.Config{Appearance: theme.Light},
		Figures: func() (core.Figures, bool) { asked++; return uitest.Numbers() }, Now: func() time.Time { return now },
	})
	t.Cleanup(s.Window().Close)
	s.Tick()
	if asked != 0 {
		t.Error("figures are asked for though nobody looks")
	}
	s.Do("figures")
	for range 30 {
		now = now.Add(100 * time.Millisecond)
		s.Tick()
	}
	if asked != 3 {
		t.Errorf("asked %d times in three seconds", asked)
	}
	if !says(s, "23 ms") {
		t.Error("the round trip is not shown")
	}
	s.Do("figures")
	s.Tick()
	if asked != 3 {
		t.Error("asked after it was closed")
	}
}

// The cards of notices may cover neither who knocks nor the banner.
func TestNoticesLeaveTheDoorFree(t *testing.T) {
	for _, size := range []fyne.Size{{Width: 900, Height: 600}, {Width: 1180, Height: 760}} {
		for _, scene := range uitest.MeetingScenes() {
			if scene.Name != "meeting-knock-notices" {
				continue
			}
			s, _, _ := open(t, scene, light, size, "de")
			admit, seen := button(s, "Einlassen"), false
			d := fyne.CurrentApp().Driver()
			door := d.AbsolutePositionForObject(admit).Y + admit.Size().Height
			walk(s.Window().Content(), func(o fyne.CanvasObject) {
				x, ok := o.(*widget.Text)
				if !ok || x.Words() != "Jonas Weber ist ein neuer Name" {
					return
				}
				seen = true
				if d.AbsolutePositionForObject(x).Y < door {
					t.Errorf("at %v a notice lies over who knocks", size)
				}
			})
			if !seen {
				t.Errorf("at %v the notice is not shown", size)
			}
		}
	}
}

// The preview and the meeting show the same camera: when the one makes room for
// the other, it must not take the pictures away.
func TestOwnPictureGoesOnFromThePreview(t *testing.T) {
	before := uitest.AtHome()
	before.Preview = &core.Preview{Mode: keys.ModeE2EE, Mic: core.Toggle{Wanted: true, On: true}, Camera: core.Toggle{Wanted: true, On: true}}
	s, _, f := show(t, before)
	if f.Wanted(uitest.Key(0)).X == 0 {
		t.Fatal("the preview asks for no picture")
	}
	s.Render(uitest.Hosting(uitest.InMeeting(1)))
	settle(s, fyne.NewSize(1000, 700))
	if f.Wanted(uitest.Key(0)).X == 0 {
		t.Error("in the meeting nobody asks for one's own picture")
	}
}

func TestNoticeIsNotSaidTwice(t *testing.T) {
	snap := uitest.InMeeting(3)
	snap.Meeting.People[0].Muted, snap.Meeting.Mic = true, core.Toggle{}
	s, _, _ := show(t, uitest.Told(snap, core.Notice{Code: core.NoticeMuted, Severity: core.SeverityInfo, Name: "Jonas Weber"}))
	if !says(s, "The host muted you") || says(s, "Jonas Weber muted you") {
		t.Error("being muted is told twice, or not at all")
	}
}

// A picture that Fyne has drawn before the clock of the tiles saw it, and that
// stays, must not lie under the initials.
func TestStillPictureIsNotCovered(t *testing.T) {
	fake := uitest.NewCore(uitest.InMeeting(2))
	s := ui.New(ui.Config{
		App: test.NewTempApp(t), Post: (&uitest.Posts{}).Post, Snapshots: fake, Frames: uitest.NewFrames(), Send: fake.Send, Language: "en",
		Theme: &theme.Config{Appearance: theme.Light}, Now: uitest.Noon,
	})
	t.Cleanup(s.Window().Close)
	s.Window().Canvas().Capture()
	s.Tick()
	s.Window().Canvas().Capture()
	s.Tick()
	if _, covered := find(s, func(*widget.Avatar) bool { return true }); covered {
		t.Error("initials lie over a picture")
	}
}

// Where the host lets nobody unmute, one person can be let speak: from their
// row in the list and from the menu of their tile, by the host alone.
func TestHostLetsOnePersonSpeak(t *testing.T) {
	snap := uitest.InMeeting(3)
	snap.Meeting.Rules.Unmute = false
	snap.Can.Mute = true
	snap.Meeting.People[1].Mic, snap.Meeting.People[2].Mic = false, true
	s, c, _ := show(t, snap, "person")
	press(t, s, "Let them speak")
	got := c.Intents()
	if len(got) != 1 {
		t.Fatalf("sent %v, want one intent", got)
	}
	who, ok := got[0].(core.LetSpeak)
	if !ok || who.Person == snap.Profile.Key || who.Person == (keys.PublicKey{}) {
		t.Errorf("sent %#v, want to let somebody else speak", got[0])
	}

	s, c, _ = show(t, snap, "people")
	n := 0
	walk(s.Window().Content(), func(o fyne.CanvasObject) {
		if b, ok := o.(*widget.Button); ok && b.Label() == "Let them speak" {
			n++
		}
	})
	if n != 1 {
		t.Errorf("%d buttons in the list, want one, for who is silent", n)
	}
	press(t, s, "Let them speak")
	sent(t, c, core.LetSpeak{Person: snap.Meeting.People[1].Key})

	snap.Can.Mute = false
	s, _, _ = show(t, snap, "people")
	if _, ok := find(s, func(b *widget.Button) bool { return b.Label() == "Let them speak" }); ok {
		t.Error("who is no host is offered to let others speak")
	}
}
