package ui

import (
	"sync"
	"sync/atomic"
	"time"

	"fyne.io/fyne/v2"

	"conclave/app/core"
	"conclave/keys"
	"conclave/ui/present"
	"conclave/ui/screen"
	"conclave/ui/text"
	"conclave/ui/theme"
	"conclave/ui/widget"
)

// Snapshots gives the newest snapshot. Safe for concurrent use.
type Snapshots interface {
	// Latest returns the newest snapshot.
	Latest() core.Snapshot
	// Subscribe calls news, from any goroutine, after each change of Latest,
	// until cancel is called. Several changes may be told as one.
	Subscribe(news func()) (cancel func())
}

// Config is what the window needs.
type Config struct {
	App       fyne.App
	Post      func(func()) // runs a function on Fyne's goroutine, later: fyne.Do
	Snapshots Snapshots
	Frames    core.Frames                 // moving pictures; nil shows none
	Send      func(core.Intent)           // to the core; must not block
	Figures   func() (core.Figures, bool) // statistics for nerds; nil shows none. Safe for concurrent use
	Language  string                      // of the system, such as "nb_NO"; the person's own choice wins
	Now       func() time.Time            // nil is time.Now
	Version   string                      // shown in settings
	Folder    string                      // where files are saved when nobody says otherwise, such as Downloads
	Theme     *theme.Config               // nil is the person's own choice
	Size      fyne.Size                   // of the window; zero is 1180 by 760
}

// The names under which the person's choices about the window are kept in
// Fyne's preferences.
const (
	prefAppearance = "appearance"
	prefScale      = "text-scale"
	prefLanguage   = "language"
)

// frameRate is how often a second the stage looks for new pictures. 15 is
// what a machine without a graphics card can draw nine tiles at.
const frameRate = 15

// toastTime is how long a word such as "Copied" stays.
const toastTime = 1800 * time.Millisecond

// Shell is the window.
type Shell struct {
	config Config
	window fyne.Window
	text   *text.Speaker
	prefs  screen.Preferences

	content *fyne.Container // the screen that the core's state asks for
	overlay *fyne.Container // what the person opened over it
	root    *fyne.Container
	tips    *widget.Tips
	notices *screen.Notices

	welcome  *screen.Welcome
	home     *screen.Home
	progress *screen.Progress
	lobby    *screen.Lobby
	meeting  *screen.Meeting
	ended    *screen.Ended
	code     *screen.Code
	settings *screen.Settings
	facts    *screen.Facts
	rooms    rooms
	account  *screen.Account
	course   *screen.Course
	refused  *screen.Refused

	shown, over present.Screen
	asked       present.Screen // over all others, by the account's state; 0 for none
	closing     bool           // a course that is done was told to end
	greeted     bool           // the first start happened in this window: signing in is offered once
	toastUntil  time.Time
	talking     bool             // the space bar is held
	hands       []keys.PublicKey // whose are up, in their order
	last        core.Snapshot

	pending, ticking atomic.Bool
	stop             chan struct{}
	stopped          sync.WaitGroup
	cancel           func()
	once             sync.Once
}

// New builds the window and shows the newest snapshot in it. It must be called
// on Fyne's goroutine, or before the app runs. The window is not shown yet.
func New(c Config) *Shell {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Size.IsZero() {
		c.Size = fyne.NewSize(1180, 760)
	}
	s := &Shell{config: c, stop: make(chan struct{})}
	s.loadPreferences()
	s.applyTheme()
	c.App.SetIcon(theme.AppIcon())
	s.window = c.App.NewWindow(text.New(s.prefs.Language).Say("app.name"))
	s.window.SetPadded(false)
	s.window.SetIcon(theme.AppIcon())
	s.build()
	s.window.Resize(c.Size)
	s.bind()
	if c.Snapshots != nil {
		s.Render(c.Snapshots.Latest())
	}
	return s
}

// Window returns the window.
func (s *Shell) Window() fyne.Window { return s.window }

// Start follows the snapshots and the pictures until Close. It may be called
// once, from any goroutine.
func (s *Shell) Start() {
	if s.config.Snapshots != nil {
		s.cancel = s.config.Snapshots.Subscribe(s.news)
	}
	s.stopped.Add(1)
	go s.tick()
}

// Close ends what Start began and waits for it. It does not close the window.
func (s *Shell) Close() {
	s.once.Do(func() {
		if s.cancel != nil {
			s.cancel()
		}
		close(s.stop)
	})
	s.stopped.Wait()
}

// news posts one Render for any number of changes.
func (s *Shell) news() {
	if s.pending.CompareAndSwap(false, true) {
		s.config.Post(func() {
			s.pending.Store(false)
			s.Render(s.config.Snapshots.Latest())
		})
	}
}

// tick posts one look for new pictures at a time: a slow screen gets fewer,
// never a queue of them.
func (s *Shell) tick() {
	defer s.stopped.Done()
	t := time.NewTicker(time.Second / frameRate)
	defer t.Stop()
	for {
		select {
		case <-s.stop:
			return
		case <-t.C:
			if s.ticking.CompareAndSwap(false, true) {
				s.config.Post(func() {
					s.ticking.Store(false)
					s.Tick()
				})
			}
		}
	}
}

// Tick draws what has moved since the last: pictures and the clock.
func (s *Shell) Tick() {
	if !s.toastUntil.IsZero() && s.config.Now().After(s.toastUntil) {
		s.toastUntil = time.Time{}
		s.tips.Hide()
	}
	if s.over == present.Course {
		s.course.Tick(s.config.Now())
	}
	if s.shown == present.Meeting && (s.over == 0 || s.over == present.Facts) {
		s.meeting.Tick(s.config.Now())
	}
	if s.shown == present.Preview && s.over == 0 {
		s.rooms.preview.Tick()
	}
}

// toast shows a word for a moment.
func (s *Shell) toast(words string) {
	s.tips.Toast(words)
	s.toastUntil = s.config.Now().Add(toastTime)
}

// Render draws a snapshot.
func (s *Shell) Render(snap core.Snapshot) {
	s.hands = present.Hands(s.hands, snap.Meeting)
	p := s.presenter()
	which := present.Which(snap)
	if s.last.Meeting != nil && (snap.Meeting == nil || snap.Meeting.ID != s.last.Meeting.ID) {
		s.meeting.Forget()
	}
	s.last = snap
	s.current(which).Show(p, snap)
	if which != s.shown {
		s.switchTo(which)
	}
	if s.over != 0 {
		s.current(s.over).Show(p, snap)
	}
	s.follow(snap)
	s.notices.Show(p, snap)
	if s.notices.Open() { // one question at a time
		closed := s.meeting.CloseSheet()
		if s.over == present.Facts {
			s.close()
			closed = true
		}
		if closed {
			s.notices.Focus()
		}
	}
	s.retitle()
}

func (s *Shell) presenter() present.Presenter {
	return present.Presenter{Text: s.text, Now: s.config.Now(), Hands: s.hands}
}

func (s *Shell) retitle() {
	which := s.shown
	if s.over != 0 {
		which = s.over
	}
	if t := s.presenter().Title(which, s.last); t != s.window.Title() {
		s.window.SetTitle(t)
	}
}

func (s *Shell) current(which present.Screen) screen.Screen {
	if room := s.rooms.of(which); room != nil {
		return room
	}
	switch which {
	case present.Welcome:
		return s.welcome
	case present.Home:
		return s.home
	case present.Progress:
		return s.progress
	case present.Lobby:
		return s.lobby
	case present.Meeting:
		return s.meeting
	case present.Ended:
		return s.ended
	case present.Code:
		return s.code
	case present.Settings:
		return s.settings
	case present.Facts:
		return s.facts
	case present.Account:
		return s.account
	case present.Course:
		return s.course
	case present.Refused:
		return s.refused
	}
	return s.home
}

// switchTo shows another screen and closes what was over the one before.
func (s *Shell) switchTo(which present.Screen) {
	if s.over != present.Settings {
		s.close()
	}
	s.tips.Hide()
	s.hush()
	s.focus(nil)
	before := s.shown
	s.shown = which
	// The preview first: it and the meeting show the same camera, and who asks
	// for its pictures last is heard.
	s.rooms.preview.Rest(which != present.Preview)
	s.content.Objects = []fyne.CanvasObject{s.current(which).Object()}
	s.content.Refresh()
	if before == present.Meeting || which == present.Meeting {
		s.meeting.Rest(which != present.Meeting)
	}
	switch which {
	case present.Welcome:
		s.focus(s.welcome.Field())
	case present.Preview:
		s.focus(s.rooms.preview.Field())
	default: // the keyboard waits
	}
}

// open shows a screen over the present one.
func (s *Shell) open(which present.Screen) {
	s.tips.Hide()
	s.hush()
	s.meeting.CloseSheet()
	s.focus(nil)
	s.over = which
	v := s.current(which)
	v.Show(s.presenter(), s.last)
	s.overlay.Objects = []fyne.CanvasObject{v.Object()}
	s.overlay.Show()
	s.overlay.Refresh()
	// What is covered whole is not drawn, and the keyboard does not get lost
	// behind it.
	if which != present.Facts {
		s.content.Hide()
	} else {
		s.content.Show()
	}
	if f, ok := v.(interface{ Focus() }); ok {
		f.Focus()
	}
	if s.shown == present.Meeting && which != present.Facts {
		s.meeting.Rest(true)
	}
	if s.shown == present.Preview {
		s.rooms.preview.Rest(true)
	}
	if which == present.Schedule {
		s.focus(s.rooms.schedule.Field())
	}
	s.retitle()
}

// close puts away what open showed.
func (s *Shell) close() {
	if s.over == 0 {
		return
	}
	s.tips.Hide()
	s.focus(nil)
	if s.asked != 0 && s.over != s.asked {
		s.open(s.asked)
		return
	}
	s.over = 0
	s.overlay.Objects = nil
	s.overlay.Hide()
	s.content.Show()
	s.root.Refresh()
	if s.shown == present.Meeting {
		s.meeting.Rest(false)
	}
	s.rooms.preview.Rest(s.shown != present.Preview)
	s.retitle()
}

func (s *Shell) toggle(which present.Screen) {
	if s.over == which {
		s.close()
		return
	}
	s.open(which)
}

// focus gives something the keyboard; nil takes it away. Behind what must be
// answered first nothing gets it.
func (s *Shell) focus(f fyne.Focusable) {
	c := s.window.Canvas()
	if f == nil {
		c.Unfocus()
		return
	}
	if s.notices.Open() && !s.notices.Owns(f) {
		s.notices.Focus()
		return
	}
	c.Focus(f)
}
