package ui

import (
	"sync"
	"sync/atomic"
	"time"

	"fyne.io/fyne/v2"

	"conclave/app/core"
	"conclave/ui/present"
	"conclave/ui/screen"
	"conclave/ui/text"
	"conclave/ui/theme"
	"conclave/ui/widget"
)

// KioskConfig is what the window of a classroom machine needs.
type KioskConfig struct {
	App       fyne.App
	Post      func(func()) // runs a function on Fyne's goroutine, later: fyne.Do
	Snapshots Snapshots
	Frames    core.Frames
	Send      func(core.Intent)
	Language  string
	Look      theme.Appearance
	TextScale float32 // beside the one that follows the screen; 0 is 1
	// Key enters the room that is meant now, or the first; "" is none.
	Key     fyne.KeyName
	Version string
	Now     func() time.Time
	// Alive is called about once a second from Fyne's goroutine; may be nil.
	Alive func()
	// Strain is told when the window does not keep up with the pictures, and when it
	// does again; may be nil.
	Strain func(bool)
	// Window is set by tests and trials: a window of this size in the place of the
	// whole screen.
	Window fyne.Size
}

// helpTime is how long the help stays when nobody touches the screen.
const helpTime = time.Minute

// Kiosk is the window of a classroom machine: the whole screen, without a frame,
// without a menu, a tray, settings, links, fields to type into, and without the
// shortcuts of Shell. Closing it does nothing.
type Kiosk struct {
	config KioskConfig
	window fyne.Window
	text   *text.Speaker

	content, over *fyne.Container
	root          *fyne.Container
	rooms         *screen.KioskRooms
	message       *screen.KioskMessage
	meeting       *screen.KioskMeeting
	help          *screen.KioskHelp

	shown  present.KioskScreen
	helped time.Time // until when the help is shown; zero when it is not
	scale  float32
	second int64
	last   core.Snapshot
	strain strain

	pending, ticking atomic.Bool
	slow             atomic.Bool
	missed           atomic.Int64
	stop             chan struct{}
	stopped          sync.WaitGroup
	cancel           func()
	once             sync.Once
}

// NewKiosk builds the window. It must be called on Fyne's goroutine, or before the
// app runs.
func NewKiosk(c KioskConfig) *Kiosk {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.TextScale == 0 {
		c.TextScale = 1
	}
	k := &Kiosk{config: c, stop: make(chan struct{}), text: text.New(c.Language), scale: 1}
	k.applyTheme()
	c.App.SetIcon(theme.AppIcon())
	k.window = c.App.NewWindow(k.text.Say("app.name"))
	k.window.SetPadded(false)
	k.window.SetIcon(theme.AppIcon())
	k.window.SetCloseIntercept(func() {}) // the window manager's wish to close it counts for nothing
	k.build()
	if c.Window.IsZero() {
		k.window.SetFullScreen(true)
	} else {
		k.window.Resize(c.Window)
	}
	k.window.Canvas().SetOnTypedKey(k.typed)
	k.Render(c.Snapshots.Latest())
	return k
}

func (k *Kiosk) build() {
	kit := &screen.Kit{
		Text: k.text, Send: k.config.Send, Frames: k.config.Frames, Focus: func(fyne.Focusable) {}, Back: k.closeHelp, Close: k.closeHelp,
	}
	k.rooms, k.message = screen.NewKioskRooms(kit, k.openHelp), screen.NewKioskMessage(kit, k.openHelp)
	k.meeting, k.help = screen.NewKioskMeeting(kit, k.openHelp), screen.NewKioskHelp(kit, k.config.Version, k.closeHelp)
	k.content, k.over = widget.Stack(), widget.Stack(k.help.Object())
	k.over.Hide()
	k.root = &fyne.Container{Layout: &sized{inner: widget.Stack().Layout, resized: k.resized}, Objects: []fyne.CanvasObject{k.content, k.over}}
	k.window.SetContent(k.root)
}

// sized tells the size that its content is given.
type sized struct {
	inner   fyne.Layout
	resized func(fyne.Size)
}

// Layout implements fyne.Layout.
func (s *sized) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	s.inner.Layout(objects, size)
	s.resized(size)
}

// MinSize implements fyne.Layout.
func (s *sized) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(640, 400) }

// resized makes everything as large as the screen lets it be read from afar.
func (k *Kiosk) resized(size fyne.Size) {
	scale := min(size.Width/780, size.Height/520)
	scale = min(max(scale, 1), 2)
	if d := scale - k.scale; d > -0.04 && d < 0.04 {
		return
	}
	k.scale = scale
	k.applyTheme()
}

func (k *Kiosk) applyTheme() {
	k.config.App.Settings().SetTheme(theme.New(theme.Config{Appearance: k.config.Look, Scale: k.scale * k.config.TextScale}))
}

// Window returns the window.
func (k *Kiosk) Window() fyne.Window { return k.window }

// Start follows the snapshots and the pictures until Close.
func (k *Kiosk) Start() {
	k.cancel = k.config.Snapshots.Subscribe(k.news)
	k.stopped.Add(1)
	go k.tick()
}

// Close ends what Start began and waits for it.
func (k *Kiosk) Close() {
	k.once.Do(func() {
		if k.cancel != nil {
			k.cancel()
		}
		close(k.stop)
	})
	k.stopped.Wait()
}

func (k *Kiosk) news() {
	if k.pending.CompareAndSwap(false, true) {
		k.config.Post(func() {
			k.pending.Store(false)
			k.Render(k.config.Snapshots.Latest())
		})
	}
}

// tick posts one look for new pictures at a time, every other one while power is
// saved, and counts those that came too late to be posted.
func (k *Kiosk) tick() {
	defer k.stopped.Done()
	t := time.NewTicker(time.Second / frameRate)
	defer t.Stop()
	for n := 0; ; n++ {
		select {
		case <-k.stop:
			return
		case <-t.C:
			if k.slow.Load() && n%2 == 0 {
				continue
			}
			if !k.ticking.CompareAndSwap(false, true) {
				k.missed.Add(1)
				continue
			}
			k.config.Post(func() {
				k.ticking.Store(false)
				k.Tick()
			})
		}
	}
}

// Tick draws what has moved since the last: pictures, clock, countdowns.
func (k *Kiosk) Tick() {
	now := k.config.Now()
	if k.shown == present.KioskMeeting && k.helped.IsZero() {
		k.meeting.Tick()
	}
	k.strained(now)
	if now.Unix() == k.second {
		return
	}
	k.second = now.Unix()
	if !k.helped.IsZero() && now.After(k.helped) {
		k.closeHelp()
	}
	k.Render(k.config.Snapshots.Latest())
	if k.config.Alive != nil {
		k.config.Alive()
	}
}

// Render draws a snapshot.
func (k *Kiosk) Render(s core.Snapshot) {
	p := present.Presenter{Text: k.text, Now: k.config.Now()}
	k.last = s
	k.slow.Store(s.Kiosk != nil && s.Kiosk.Saving)
	which := present.WhichKiosk(s)
	v := k.current(which)
	v.Show(p, s)
	if which != k.shown {
		k.shown = which
		k.window.Canvas().Unfocus()
		k.content.Objects = []fyne.CanvasObject{v.Object()}
		k.content.Refresh()
	}
	if !k.helped.IsZero() {
		k.help.Show(p, s)
	}
}

func (k *Kiosk) current(which present.KioskScreen) screen.Screen {
	switch which {
	case present.KioskRooms:
		return k.rooms
	case present.KioskMessage:
		return k.message
	case present.KioskMeeting:
		return k.meeting
	}
	return k.message
}

func (k *Kiosk) openHelp() {
	if k.last.Kiosk == nil || k.last.Kiosk.Locked {
		return
	}
	k.helped = k.config.Now().Add(helpTime)
	k.help.Show(present.Presenter{Text: k.text, Now: k.config.Now()}, k.last)
	k.over.Show()
	k.over.Refresh()
}

func (k *Kiosk) closeHelp() {
	k.helped = time.Time{}
	k.over.Hide()
	k.root.Refresh()
}

// typed takes the one key that the policy names, where there is a room to choose.
// No other key means anything.
func (k *Kiosk) typed(e *fyne.KeyEvent) {
	key := e.Name
	if key == fyne.KeyEnter {
		key = fyne.KeyReturn
	}
	s := k.last
	if k.config.Key == "" || key != k.config.Key || k.shown != present.KioskRooms || !k.helped.IsZero() || len(s.Kiosk.Rooms) == 0 {
		return
	}
	room := 0
	for i, r := range s.Kiosk.Rooms {
		if r.Now {
			room = i
			break
		}
	}
	k.config.Send(core.EnterRoom{Room: room})
}
