package core

import (
	"slices"
	"sync/atomic"
	"time"
)

// Room is what a limited user gets in the place of Core: a kiosk for fixed
// rooms. It has no way to its core but Send, which takes few intents and refuses
// every other, those of the future too. What it shows holds no link, no chat and
// no settings, so that a screen could not show them.
//
// It enters rooms by schedule, tries again after a failure, and leaves a meeting
// that nobody else is in. When a meeting is over it asks to be wiped, once, and
// does nothing more: a process cannot promise that it has forgotten, so whoever
// runs it ends the process.
type Room struct {
	cfg  RoomConfig
	core roomCore

	inbox  *mailbox
	cancel func()
	quit   chan struct{}
	done   chan struct{}

	latest    atomic.Pointer[Snapshot]
	strained  atomic.Bool
	saving    atomic.Bool
	observers observers

	// Owned by the run goroutine.
	state    roomState
	reported RoomReport
	revision uint64
	drawn    uint64 // the core's revision that was last drawn
}

// roomCore is what Room needs of a Core.
type roomCore interface {
	Send(Intent)
	Latest() Snapshot
	Subscribe(func()) func()
	Frames() Frames
	Close()
}

// RoomConfig is what a room is made of; it comes from the managed policy.
type RoomConfig struct {
	// Core is the client behind it. Settings.Name is how the others see the room;
	// Save should be nil.
	Core Config
	// Room is its name on its own screen.
	Room string
	// Rooms are the meetings that may be entered, at least one.
	Rooms []RoomPlan
	// AutoJoin enters a room when its time begins.
	AutoJoin bool
	// Idle is how long the room may be alone before it leaves.
	Idle time.Duration
	// Help says whom to call.
	Help string
	// Saving says when power is saved.
	Saving Saving
	// Resume is a room to enter at once, since the last process ended in it; -1 is
	// none.
	Resume int
	// Hold says until when a room is not entered by itself, since somebody left it or
	// it was ended.
	Hold map[int]time.Time
	// Managed are the settings that the organisation has decided.
	Managed []string
	// Spread makes a pause a little longer or shorter, so that two hundred rooms do
	// not come back in the same second. Nil leaves it.
	Spread func(time.Duration) time.Duration
	// Report tells of changes, for a log; it must return at once. May be nil.
	Report func(RoomReport)
	// Over is called once, when all that this process holds is to be wiped.
	Over func(RoomEnd)
}

// RoomPlan is one meeting that may be entered.
type RoomPlan struct {
	Name, Link, Passcode string
	Times                []RoomTime
}

// Saving says when a kiosk draws fewer pictures.
type Saving uint8

// The choices.
const (
	SavingAuto Saving = iota // when the screen cannot keep up
	SavingOn
	SavingOff
)

// RoomStage is what a room is doing.
type RoomStage uint8

// The stages.
const (
	RoomResting RoomStage = iota + 1
	RoomEntering
	RoomWaiting // in the lobby
	RoomMeeting
	RoomBack // lost the service, coming back
	RoomTrouble
	RoomOver
)

// String returns a word for logs.
func (s RoomStage) String() string {
	names := [...]string{RoomResting: "resting", RoomEntering: "entering", RoomWaiting: "lobby", RoomMeeting: "meeting", RoomBack: "reconnecting", RoomTrouble: "trouble", RoomOver: "over"}
	if int(s) < len(names) && names[s] != "" {
		return names[s]
	}
	return "unknown"
}

// RoomReport is what may be told of a room to whoever looks after machines:
// nothing of people.
type RoomReport struct {
	Stage                       RoomStage
	Room                        int // -1 while resting
	Trouble                     NoticeCode
	Saving                      bool
	Camera, Microphone, Speaker DeviceFault
}

// RoomEnd says why a room is to be wiped.
type RoomEnd struct {
	Room  int
	Until time.Time // not to be entered by itself before; zero when it may
}

// tick is how often a room looks at the clock.
const roomTick = 500 * time.Millisecond

// What arrives at the room's goroutine besides intents.
type roomNews struct{}

// NewRoom starts a room. Close ends it.
func NewRoom(cfg RoomConfig) *Room { return startRoom(cfg, New(cfg.Core)) }

func startRoom(cfg RoomConfig, c roomCore) *Room {
	if cfg.Core.Now == nil {
		cfg.Core.Now = time.Now
	}
	if cfg.Spread == nil {
		cfg.Spread = func(d time.Duration) time.Duration { return d }
	}
	r := &Room{cfg: cfg, core: c, inbox: newMailbox(), quit: make(chan struct{}), done: make(chan struct{})}
	r.state = roomState{at: -1}
	r.saving.Store(cfg.Saving == SavingOn)
	r.publish()
	r.cancel = c.Subscribe(func() { r.inbox.put(roomNews{}) })
	go r.run()
	return r
}

// Close leaves without ceremony and returns when nothing of the room runs.
func (r *Room) Close() {
	close(r.quit)
	<-r.done
	r.cancel()
	r.core.Close()
}

// Send takes the few intents of a limited user. Each is named here; what is not
// named is refused, without a word.
func (r *Room) Send(i Intent) {
	switch i := i.(type) {
	case EnterRoom, LeaveMeeting:
		r.inbox.put(i)
	case SetMic, SetCamera, SetHand:
		r.core.Send(i)
	default:
	}
}

// Latest returns what there is to see.
func (r *Room) Latest() Snapshot { return *r.latest.Load() }

// Subscribe calls news after each change of Latest, until cancel is called.
func (r *Room) Subscribe(news func()) (cancel func()) {
	return r.observers.subscribe(news)
}

// Strain tells whether the screen keeps up with the pictures. Any goroutine.
func (r *Room) Strain(strained bool) {
	if r.strained.Swap(strained) != strained {
		r.inbox.put(roomNews{})
	}
}

// Frames gives the screen its pictures, smaller ones while power is saved: the
// relay then sends a smaller layer, and less is decoded, scaled and drawn.
func (r *Room) Frames() Frames { return &roomFrames{Frames: r.core.Frames(), saving: &r.saving} }

func (r *Room) run() {
	defer close(r.done)
	t := time.NewTicker(roomTick)
	defer t.Stop()
	if r.cfg.Resume >= 0 && r.cfg.Resume < len(r.cfg.Rooms) {
		r.enter(r.cfg.Resume, true)
	}
	for {
		select {
		case <-r.quit:
			return
		case <-t.C:
		case <-r.inbox.ready:
			for _, what := range r.inbox.takeAll() {
				switch w := what.(type) {
				case EnterRoom:
					r.choose(w.Room)
				case LeaveMeeting:
					r.leave()
				}
			}
		}
		r.step()
		r.publish()
	}
}

// publish makes a new snapshot when what it would show has changed.
func (r *Room) publish() {
	r.saving.Store(r.cfg.Saving == SavingOn || r.cfg.Saving == SavingAuto && r.strained.Load())
	inner := r.core.Latest()
	k := r.kiosk()
	if last := r.latest.Load(); last != nil && inner.Revision == r.drawn && same(*last.Kiosk, k) {
		return
	}
	r.drawn = inner.Revision
	r.revision++
	s := r.view(inner, k)
	r.latest.Store(&s)
	r.report(s)
	r.observers.tell()
}

func same(a, b Kiosk) bool {
	return slices.Equal(a.Rooms, b.Rooms) && a.Room == b.Room && a.Joining == b.Joining && a.Next.Equal(b.Next) && a.Idle == b.Idle &&
		a.Saving == b.Saving && a.Trouble == b.Trouble && a.Retrying.Equal(b.Retrying) && a.Locked == b.Locked &&
		a.Problem == b.Problem && a.Help == b.Help && a.At == b.At && a.Trying == b.Trying
}

func (r *Room) report(s Snapshot) {
	report := RoomReport{
		Stage: r.stage(s), Room: r.state.at, Trouble: r.state.why, Saving: r.saving.Load(),
		Camera: s.Devices.CameraFault, Microphone: s.Devices.MicrophoneFault, Speaker: s.Devices.SpeakerFault,
	}
	if report != r.reported {
		r.reported = report
		if r.cfg.Report != nil {
			r.cfg.Report(report)
		}
	}
}
