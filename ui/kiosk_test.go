package ui_test

import (
	"fmt"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"
	fwidget "fyne.io/fyne/v2/widget"
	"go.uber.org/goleak"

	"conclave/app/core"
	"conclave/ui"
	"conclave/ui/text"
	"conclave/ui/theme"
	"conclave/ui/uitest"
	"conclave/ui/widget"
)

func openKiosk(t *testing.T, scene uitest.KioskScene, look theme.Appearance, size fyne.Size, language string, change ...func(*ui.KioskConfig)) (*ui.Kiosk, *uitest.Core) {
	t.Helper()
	fake, posts := uitest.NewCore(scene.Snapshot), &uitest.Posts{}
	c := ui.KioskConfig{
		App: test.NewTempApp(t), Post: posts.Post, Snapshots: fake, Frames: uitest.NewFrames(), Send: fake.Send, Language: language,
		Look: look, Now: uitest.Noon, Version: "0.1.0", Window: size,
	}
	for _, f := range change {
		f(&c)
	}
	k := ui.NewKiosk(c)
	t.Cleanup(func() {
		k.Window().SetCloseIntercept(nil)
		k.Window().Close()
	})
	settleKiosk(k, size)
	if scene.Help {
		pressIn(t, k.Window(), text.New(language).Say("kiosk.help"))
		settleKiosk(k, size)
	}
	return k, fake
}

func settleKiosk(k *ui.Kiosk, size fyne.Size) {
	for range 4 {
		k.Window().Resize(size)
		k.Window().Content().Refresh()
		relayout(k.Window().Content())
		k.Tick()
	}
}

func pressIn(t *testing.T, w fyne.Window, label string) {
	t.Helper()
	var found *widget.Button
	walk(w.Content(), func(o fyne.CanvasObject) {
		if b, ok := o.(*widget.Button); ok && b.Label() == label {
			found = b
		}
	})
	if found == nil {
		t.Fatalf("no button %q", label)
	}
	test.Tap(found)
}

// Pictures of every scene in three looks and sizes, for a designer's eye:
// CONCLAVE_LOOK=kiosk.
func TestLookAtTheKiosk(t *testing.T) {
	want := os.Getenv("CONCLAVE_LOOK")
	if !strings.HasPrefix(want, "kiosk") {
		t.Skip("set CONCLAVE_LOOK=kiosk to write out/ui/kiosk-*.png")
	}
	language := os.Getenv("CONCLAVE_LANGUAGE")
	for _, scene := range uitest.KioskScenes() {
		if part, ok := strings.CutPrefix(want, "kiosk-"); ok && !strings.HasPrefix(scene.Name, part) {
			continue
		}
		for look, appearance := range looks {
			for _, size := range kioskSizes {
				name := fmt.Sprintf("kiosk-%s-%s-%.0f%s.png", scene.Name, look, size.Width, language)
				t.Run(name, func(t *testing.T) {
					k, _ := openKiosk(t, scene, appearance, size, language)
					path := filepath.Join("..", "out", "ui", name)
					keep(t, path, encode(t, k.Window().Canvas().Capture()))
				})
			}
		}
	}
}

var (
	looks      = map[string]theme.Appearance{"light": theme.Light, "dark": theme.Dark, "contrast": theme.HighContrast}
	kioskSizes = []fyne.Size{{Width: 900, Height: 600}, {Width: 1280, Height: 720}, {Width: 1920, Height: 1080}}
)

func TestKioskAsPictures(t *testing.T) {
	skipUnderRace(t)
	kept := map[string][]string{
		"rooms": {"light", "contrast"}, "rooms-12": {"dark"}, "lobby": {"light"}, "meeting-4": {"dark"}, "meeting-9": {"light"},
		"down": {"light"}, "locked": {"dark", "contrast"}, "help": {"light"},
	}
	for _, scene := range uitest.KioskScenes() {
		for _, look := range kept[scene.Name] {
			name := "kiosk-" + scene.Name + "-" + look + ".png"
			t.Run(name, func(t *testing.T) {
				k, _ := openKiosk(t, scene, looks[look], kioskSizes[0], "en")
				comparePicture(t, filepath.Join("testdata", "pictures", name), k.Window().Canvas().Capture())
			})
		}
	}
}

// Nothing is cut off in any language, at any size, in any scene.
func TestKioskWordsFit(t *testing.T) {
	skipUnderRace(t)
	for _, l := range text.Languages() {
		for _, size := range kioskSizes {
			for _, scene := range uitest.KioskScenes() {
				t.Run(fmt.Sprintf("%s/%s/%.0f", l.Tag, scene.Name, size.Width), func(t *testing.T) {
					k, _ := openKiosk(t, scene, theme.Light, size, l.Tag)
					walk(k.Window().Content(), func(o fyne.CanvasObject) {
						words, cut := cutOff(o)
						if cut && !personal(uitest.Scene{Snapshot: scene.Snapshot}, words) {
							t.Errorf("cuts off %q at width %.0f", words, o.Size().Width)
						}
					})
					m := k.Window().Content().MinSize()
					if m.Width > size.Width || m.Height > size.Height {
						t.Errorf("needs %v of %v", m, size)
					}
				})
			}
		}
	}
}

// A finger is as wide as 48 units.
func TestKioskButtonsAreForFingers(t *testing.T) {
	skipUnderRace(t)
	for _, scene := range uitest.KioskScenes() {
		k, _ := openKiosk(t, scene, theme.Light, kioskSizes[0], "de")
		walk(k.Window().Content(), func(o fyne.CanvasObject) {
			switch o := o.(type) {
			case *widget.Button, *widget.Touch:
				if s := o.Size(); s.Width < 48 || s.Height < 48 {
					t.Errorf("%s: a button of %v", scene.Name, s)
				}
			}
		})
	}
}

func TestKioskEntersTheRoomThatIsTouched(t *testing.T) {
	k, fake := openKiosk(t, uitest.KioskScenes()[0], theme.Light, kioskSizes[0], "en")
	var touches []*widget.Touch
	walk(k.Window().Content(), func(o fyne.CanvasObject) {
		if b, ok := o.(*widget.Touch); ok {
			touches = append(touches, b)
		}
	})
	if len(touches) != 3 || touches[1].Title() != "Norwegian 8b" {
		t.Fatalf("%d rooms", len(touches))
	}
	test.Tap(touches[1])
	sent(t, fake, core.EnterRoom{Room: 1})
}

func TestKioskBarSendsWhatItSays(t *testing.T) {
	k, fake := openKiosk(t, uitest.KioskScene{Snapshot: uitest.KioskIn(3, nil)}, theme.Light, kioskSizes[0], "en")
	for _, label := range []string{"Mute", "Stop video", "Hand", "Leave"} {
		found := false
		walk(k.Window().Content(), func(o fyne.CanvasObject) {
			if b, ok := o.(*widget.Button); ok && b.Label() == label {
				found = true
				test.Tap(b)
			}
		})
		if !found {
			walk(k.Window().Content(), func(o fyne.CanvasObject) {
				if b, ok := o.(*widget.Button); ok {
					t.Logf("there is %q", b.Label())
				}
			})
			t.Errorf("no button %q", label)
		}
	}
	sent(t, fake, core.SetMic{On: false}, core.SetCamera{On: false}, core.SetHand{Up: true}, core.LeaveMeeting{})
}

// Every key of Fyne's, alone and with every modifier, in every scene: none sends
// anything, opens anything or closes the window. The one exception is the policy's key,
// where a room is chosen.
func TestNoKeyLeavesTheKiosk(t *testing.T) {
	skipUnderRace(t)
	names := []fyne.KeyName{
		fyne.KeyEscape, fyne.KeyReturn, fyne.KeyEnter, fyne.KeyTab, fyne.KeyBackspace, fyne.KeyInsert, fyne.KeyDelete, fyne.KeyRight, fyne.KeyLeft,
		fyne.KeyDown, fyne.KeyUp, fyne.KeyPageUp, fyne.KeyPageDown, fyne.KeyHome, fyne.KeyEnd, fyne.KeyF1, fyne.KeyF2, fyne.KeyF3, fyne.KeyF4,
		fyne.KeyF5, fyne.KeyF6, fyne.KeyF7, fyne.KeyF8, fyne.KeyF9, fyne.KeyF10, fyne.KeyF11, fyne.KeyF12, fyne.KeySpace,
		desktop.KeyMenu, desktop.KeyPrintScreen, desktop.KeySuperLeft, desktop.KeyAltLeft, desktop.KeyControlLeft, desktop.KeyCapsLock,
		fyne.KeyComma, fyne.KeyPeriod, fyne.KeySlash, fyne.KeyPlus, fyne.KeyMinus, fyne.KeyEqual, fyne.KeyBackTick,
	}
	for c := 'A'; c <= 'Z'; c++ {
		names = append(names, fyne.KeyName(c))
	}
	for c := '0'; c <= '9'; c++ {
		names = append(names, fyne.KeyName(c))
	}
	for _, scene := range uitest.KioskScenes() {
		k, fake := openKiosk(t, scene, theme.Light, kioskSizes[0], "en")
		closed := false
		k.Window().SetOnClosed(func() { closed = true })
		c := k.Window().Canvas()
		before := test.RenderToMarkup(c)
		for _, name := range names {
			if typed := c.OnTypedKey(); typed != nil {
				typed(&fyne.KeyEvent{Name: name})
			}
			for m := fyne.KeyModifier(0); m < 16; m++ {
				s := &desktop.CustomShortcut{KeyName: name, Modifier: m}
				if handler, ok := c.(interface{ TypedShortcut(fyne.Shortcut) }); ok {
					handler.TypedShortcut(s)
				}
			}
		}
		for _, s := range []fyne.Shortcut{&fyne.ShortcutCopy{}, &fyne.ShortcutPaste{}, &fyne.ShortcutCut{}, &fyne.ShortcutSelectAll{}, &fyne.ShortcutUndo{}} {
			if handler, ok := c.(interface{ TypedShortcut(fyne.Shortcut) }); ok {
				handler.TypedShortcut(s)
			}
		}
		if took := fake.Intents(); len(took) != 0 || closed {
			t.Errorf("%s: keys sent %v, closed %v", scene.Name, took, closed)
		}
		if test.RenderToMarkup(c) != before {
			t.Errorf("%s: keys changed what is shown", scene.Name)
		}
	}
}

func TestThePolicysKeyEntersTheRoomThatIsMeant(t *testing.T) {
	key := func(c *ui.KioskConfig) { c.Key = fyne.KeyF5 }
	rows := map[string]struct {
		snapshot core.Snapshot
		want     []core.Intent
	}{
		"first":        {uitest.AtKiosk(nil), []core.Intent{core.EnterRoom{Room: 0}}},
		"now":          {uitest.AtKiosk(func(k *core.Kiosk) { k.Rooms[1].Now = true }), []core.Intent{core.EnterRoom{Room: 1}}},
		"in a meeting": {uitest.KioskIn(3, nil), nil},
		"locked":       {uitest.AtKiosk(func(k *core.Kiosk) { k.Locked = true }), nil},
	}
	for name, row := range rows {
		k, fake := openKiosk(t, uitest.KioskScene{Snapshot: row.snapshot}, theme.Light, kioskSizes[0], "en", key)
		k.Window().Canvas().OnTypedKey()(&fyne.KeyEvent{Name: fyne.KeyF6})
		k.Window().Canvas().OnTypedKey()(&fyne.KeyEvent{Name: fyne.KeyF5})
		if got := fake.Intents(); !slices.Equal(got, row.want) {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// recorder is an app whose windows note what is asked of them; Fyne's test driver
// knows neither a wish to close nor a whole screen.
type recorder struct {
	fyne.App
	window *recorded
}

type recorded struct {
	fyne.Window
	intercept func()
	full      bool
	dropped   bool
}

func (r *recorder) NewWindow(title string) fyne.Window {
	r.window = &recorded{Window: r.App.NewWindow(title)}
	return r.window
}

func (r *recorded) SetCloseIntercept(f func()) { r.intercept = f }
func (r *recorded) SetFullScreen(full bool)    { r.full = full }
func (r *recorded) SetOnDropped(func(fyne.Position, []fyne.URI)) {
	r.dropped = true
}

// Alt+F4, a click on the cross, a taskbar's menu: all arrive as one wish, which is
// intercepted by something that does nothing.
func TestTheWindowManagerCannotCloseTheKiosk(t *testing.T) {
	r := &recorder{App: test.NewTempApp(t)}
	fake := uitest.NewCore(uitest.AtKiosk(nil))
	k := ui.NewKiosk(ui.KioskConfig{App: r, Post: (&uitest.Posts{}).Post, Snapshots: fake, Send: fake.Send, Language: "en", Now: uitest.Noon})
	t.Cleanup(r.window.Window.Close)
	closed := false
	r.window.SetOnClosed(func() { closed = true })
	if r.window.intercept == nil {
		t.Fatal("nothing intercepts the wish to close")
	}
	r.window.intercept()
	if took := fake.Intents(); closed || len(took) != 0 {
		t.Errorf("closed %v, sent %v", closed, took)
	}
	if !r.window.full {
		t.Error("it does not take the whole screen")
	}
	if r.window.dropped {
		t.Error("it takes what is dropped on it")
	}
	if m := k.Window().MainMenu(); m != nil {
		t.Error("it has a menu")
	}
}

// What is not linked cannot be reached: the kiosk's window imports no dialogue, no
// file, no tray, and nothing of it takes text, a drop or opens an address.
func TestTheKioskHasNoWayOut(t *testing.T) {
	files := []string{"kiosk.go", "kioskstrain.go", "screen/kiosk.go", "screen/kioskmeeting.go", "present/kiosk.go", "widget/touch.go"}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range file.Imports {
			for _, never := range []string{"dialog", "storage", "net/url", "os", "os/exec", "systray"} {
				if path := strings.Trim(i.Path.Value, `"`); path == never || strings.HasSuffix(path, "/"+never) {
					t.Errorf("%s imports %s", name, path)
				}
			}
		}
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, never := range []string{"OpenURL", "SetSystemTrayMenu", "SetOnDropped", "Clipboard", "NewEntry", "k.entry(", "Hyperlink", "SetMainMenu", "Preferences()", "AddShortcut"} {
			if strings.Contains(string(source), never) {
				t.Errorf("%s says %s", name, never)
			}
		}
	}
	for _, scene := range uitest.KioskScenes() {
		k, _ := openKiosk(t, scene, theme.Light, kioskSizes[0], "en")
		walk(k.Window().Content(), func(o fyne.CanvasObject) {
			switch o.(type) {
			case *widget.Entry, *fwidget.Entry, *fwidget.Hyperlink, *fwidget.RichText, *fwidget.Select:
				t.Errorf("%s has a %T", scene.Name, o)
			}
		})
	}
}

func TestHelpClosesByItself(t *testing.T) {
	now := uitest.Noon()
	k, _ := openKiosk(t, uitest.KioskScenes()[0], theme.Light, kioskSizes[0], "en", func(c *ui.KioskConfig) { c.Now = func() time.Time { return now } })
	helps := func() (found bool) {
		walk(k.Window().Content(), func(o fyne.CanvasObject) {
			if x, ok := o.(*widget.Text); ok && strings.Contains(x.Words(), "4711") {
				found = true
			}
		})
		return found
	}
	pressIn(t, k.Window(), "Help")
	if !helps() {
		t.Fatal("no help")
	}
	now = now.Add(59 * time.Second)
	k.Tick()
	if !helps() {
		t.Error("it closed too early")
	}
	now = now.Add(2 * time.Second)
	k.Tick()
	if helps() {
		t.Error("it stays")
	}
}

func TestKioskSaysThatItLives(t *testing.T) {
	now, lived := uitest.Noon(), 0
	k, _ := openKiosk(t, uitest.KioskScenes()[0], theme.Light, kioskSizes[0], "en", func(c *ui.KioskConfig) {
		c.Now = func() time.Time { return now }
		c.Alive = func() { lived++ }
	})
	before := lived
	for range 30 {
		now = now.Add(100 * time.Millisecond)
		k.Tick()
	}
	if lived-before != 3 {
		t.Errorf("%d signs in three seconds", lived-before)
	}
}

func TestKioskStopsWhatItStarted(t *testing.T) {
	before := goleak.IgnoreCurrent()
	k, fake := openKiosk(t, uitest.KioskScenes()[0], theme.Light, kioskSizes[0], "en")
	k.Start()
	fake.Publish(uitest.KioskIn(3, nil))
	k.Close()
	k.Close()
	if err := goleak.Find(before); err != nil {
		t.Error(err)
	}
}
