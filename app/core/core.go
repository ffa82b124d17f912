package core

import (
	"context"
	"image"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"conclave/call"
	"conclave/call/media"
	"conclave/call/runner"
	"conclave/keys"
)

// Core is the client. Send, Latest, Subscribe and Frames may be called from
// any goroutine.
type Core struct {
	cfg    Config
	inbox  *mailbox
	ctx    context.Context
	cancel context.CancelFunc
	done   chan struct{}
	tasks  sync.WaitGroup

	latest    atomic.Pointer[Snapshot]
	session   atomic.Pointer[media.Session]
	sharing   atomic.Pointer[string] // ID of the screen to share
	shelf     shelf                  // devices between a preview and its meeting
	observers observers
	observed  struct { // newest state of the running meeting, written by its runner
		sync.Mutex
		number int
		state  call.State
		fresh  bool
	}

	keeper keeper

	saver struct { // settings that wait to be written
		sync.Mutex
		pending *Settings
		busy    bool
	}

	// Owned by the run goroutine.
	recent   recent
	plans    []plan      // soonest first
	listing  []Scheduled // the plans as shown; nil when to be made anew
	report   Report
	reports  int
	settings Settings
	service  Service
	pin      string
	devices  Devices
	meeting  *meeting
	meetings int
	preview  *previewing // nil but before a meeting
	previews int
	testing  bool // the test sound plays
	notices  []Notice
	noticeID uint64
	revision uint64
	starting *StartMeeting // waits for the service on this computer
	accounts []*account
	asked    uint64 // number of the newest question to an identity
	update   Update
}

// meeting is the one that is shown.
type meeting struct {
	number   int
	runner   *runner.Runner
	state    call.State
	link     keys.Link
	tiles    map[keys.PublicKey]TileState
	speaking map[keys.PublicKey]bool
	quality  map[keys.PublicKey]int
	saving   bool // fewer pictures are sent, since the machine is weak
	micFault DeviceFault
	camFault DeviceFault
	spkFault DeviceFault
	account  *account     // at the meeting's service; nil without
	joined   *JoinMeeting // how it was joined; nil for one that was started
	limit    *time.Timer  // ends it when its time is over
	shrFault DeviceFault
}

// What arrives at the core's goroutine besides intents.
type (
	refreshed struct{}
	told      struct {
		meeting int
		tell    call.Tell
	}
	happened struct {
		meeting int
		event   media.Event
	}
	served struct {
		url, pin string
		err      error
	}
	listed struct{ devices Devices }
)

// New starts the core. Close ends it.
func New(cfg Config) *Core {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	ctx, cancel := context.WithCancel(context.Background())
	c := &Core{
		cfg: cfg, ctx: ctx, cancel: cancel, inbox: newMailbox(), done: make(chan struct{}),
		settings: cfg.Settings,
	}
	c.sharing.Store(new(string))
	c.useService(cfg.Settings.Service, cfg.Settings.Pin)
	c.devices.Camera, c.devices.Microphone, c.devices.Speaker = cfg.Settings.Camera, cfg.Settings.Microphone, cfg.Settings.Speaker
	c.recall()
	c.publish()
	if cfg.Hardware.List != nil {
		c.tasks.Go(func() { c.post(listed{cfg.Hardware.List()}) })
	}
	if cfg.Updates != nil {
		c.tasks.Go(c.watchUpdates)
	}
	go c.run()
	return c
}

// Close leaves the meeting without ceremony, wipes its keys and returns when
// no goroutine of the core is left.
func (c *Core) Close() {
	c.cancel()
	<-c.done
	c.tasks.Wait()
	c.shelf.close()
}

// Send hands over an intent. It never blocks for long and never fails; what
// came of it is in a later snapshot.
func (c *Core) Send(i Intent) { c.post(i) }

// Latest returns the newest snapshot.
func (c *Core) Latest() Snapshot { return *c.latest.Load() }

// Subscribe calls news after each new snapshot, from the core's goroutine,
// until cancel is called; news must return at once.
func (c *Core) Subscribe(news func()) (cancel func()) {
	return c.observers.subscribe(news)
}

// Want implements Frames. A tile that is larger than the pictures on the wire
// is painted in their size, and enlarged by the screen: painting and uploading
// more pixels than there are costs time and shows nothing more.
func (c *Core) Want(person keys.PublicKey, stream Stream, width, height int) {
	t := c.tile(person, stream)
	if t == nil {
		return
	}
	most := c.cfg.Format.Width
	if most == 0 {
		most = media.DefaultFormat().Width
	}
	if stream == StreamScreen {
		most = max(c.cfg.ScreenFormat.Width, media.DefaultScreenFormat().Width)
	}
	if width > most {
		width, height = most, height*most/width
	}
	t.Resize(width, height)
}

// picture is Latest of Frames.
func (c *Core) picture(person keys.PublicKey, stream Stream) (*image.RGBA, uint64) {
	if t := c.tile(person, stream); t != nil {
		return t.Latest()
	}
	return nil, 0
}

func (c *Core) tile(person keys.PublicKey, stream Stream) *media.Tile {
	s := c.session.Load()
	switch {
	case s == nil:
		return nil
	case stream == StreamScreen:
		return s.ScreenTile(person)
	}
	return s.Tile(person)
}

// Frames gives the screens their pictures.
func (c *Core) Frames() Frames { return frames{c} }

type frames struct{ *Core }

func (f frames) Latest(person keys.PublicKey, stream Stream) (*image.RGBA, uint64) {
	return f.picture(person, stream)
}

// MediaStats are the figures of the running meeting's media; ok is false
// without one.
func (c *Core) MediaStats() (s media.Stats, ok bool) {
	if session := c.session.Load(); session != nil {
		return session.Stats(), true
	}
	return media.Stats{}, false
}

func (c *Core) post(what any) { c.inbox.put(what) }

func (c *Core) run() {
	defer close(c.done)
	defer c.closeAccounts() // after the meeting that asks them
	defer func() {
		c.endPreview(false)
		if c.meeting != nil {
			c.meeting.runner.Close()
			c.meeting.stopLimit()
		}
	}()
	for {
		select {
		case <-c.ctx.Done():
			return
		case <-c.inbox.ready:
			for _, what := range c.inbox.takeAll() {
				c.take(what)
			}
			c.publish()
		}
	}
}

func (c *Core) take(what any) {
	switch w := what.(type) {
	case Intent:
		c.intent(w)
	case refreshed:
		c.refresh()
	case told:
		if c.meeting != nil && c.meeting.number == w.meeting {
			c.notify(noticeOf(w.tell))
		}
	case happened:
		if c.meeting != nil && c.meeting.number == w.meeting {
			c.happened(w.event)
		}
	case rehearsed:
		c.rehearsed(w)
	case looked:
		c.looked(w)
	case tested:
		c.tested(w)
	case served:
		c.served(w)
	case updated:
		c.update = w.update
	case notKept:
		c.notify(Notice{Code: NoticeProfileUnsaved, Severity: SeverityWarning})
	case saved:
		c.saved(w)
	case reported:
		c.reported(w)
	case fromIdentity:
		c.fromIdentity(w)
	case overdue:
		if c.meeting != nil && c.meeting.number == w.meeting {
			c.notify(Notice{Code: NoticeTimeUp, Severity: SeverityWarning})
			c.meeting.runner.Do(call.EndAll{})
		}
	case listed:
		d := w.devices
		d.Camera, d.Microphone, d.Speaker = c.devices.Camera, c.devices.Microphone, c.devices.Speaker
		c.devices = d
	}
}

// refresh takes over the newest state of the running meeting.
func (c *Core) refresh() {
	c.observed.Lock()
	defer c.observed.Unlock()
	c.observed.fresh = false
	if c.meeting != nil && c.meeting.number == c.observed.number {
		before := c.meeting.state.Seat
		c.meeting.state = c.observed.state
		if before != call.SeatEnded && c.meeting.state.End == call.EndPolicy {
			c.refusedAtDoor(c.meeting)
		}
		if c.meeting.state.Seat == call.SeatEnded {
			c.session.Store(nil)
			c.endPlan(c.meeting.link.Meeting, c.meeting.state.End)
		}
	}
}

// observe is called by the runner of meeting number with each new state; only
// the newest one is kept.
func (c *Core) observe(number int, s call.State) {
	c.observed.Lock()
	first := !c.observed.fresh
	c.observed.number, c.observed.state, c.observed.fresh = number, s, true
	c.observed.Unlock()
	if first {
		c.post(refreshed{})
	}
}

func (c *Core) notify(n Notice) {
	if n.Code == NoticeNone {
		return
	}
	same := func(o Notice) bool { return o.Code == n.Code && o.Name == n.Name }
	c.notices = slices.DeleteFunc(slices.Clone(c.notices), same)
	c.noticeID++
	n.ID, n.At = c.noticeID, c.cfg.Now()
	if n.Modal {
		for i := range c.notices {
			c.notices[i].Modal = false
		}
	}
	c.notices = append(c.notices, n)
	if len(c.notices) > 8 {
		c.notices = c.notices[len(c.notices)-8:]
	}
}

func (c *Core) publish() {
	c.revision++
	s := c.snapshot()
	c.remembered(&s)
	c.latest.Store(&s)
	c.observers.tell()
}

// save keeps the settings: one writing at a time, and always the newest last.
func (c *Core) save() {
	if c.cfg.Save == nil {
		return
	}
	w := &c.saver
	w.Lock()
	defer w.Unlock()
	s := c.settings
	w.pending = &s
	if !w.busy {
		w.busy = true
		c.tasks.Go(c.writeSettings)
	}
}

func (c *Core) writeSettings() {
	w := &c.saver
	for {
		w.Lock()
		s := w.pending
		w.pending, w.busy = nil, s != nil
		w.Unlock()
		if s == nil {
			return
		}
		if c.cfg.Save(*s) != nil {
			c.post(notKept{})
		}
	}
}
