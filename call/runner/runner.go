package runner

import (
	"context"
	"crypto/sha256"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"conclave/call"
	"conclave/call/frame"
	"conclave/call/media"
	"conclave/call/wire"
	"conclave/keys"
	"conclave/keys/group"
)

// Conn is a greeted control connection to the service, as call/link makes it.
type Conn interface {
	// Send writes one message; it may wait for the network.
	Send(context.Context, wire.Message) error
	// Receive waits for the next message of the service.
	Receive(context.Context) (wire.Message, error)
	Close() error
}

// Media is one meeting's media, as media.Session makes it.
type Media interface {
	SetMembers([]media.Member)
	SetWants(media.Wants)
	SetSending(bool)
	// SetRefused says what of the others is not to be opened.
	SetRefused(map[keys.PublicKey]media.Kinds)
	// RequestKeyFrame makes the next picture one that stands alone.
	RequestKeyFrame()
	Events() <-chan media.Event
	Close()
}

// FinalError is an error of Config.Dial after which trying again cannot help.
type FinalError struct {
	Why call.EndReason
	Err error
}

func (e *FinalError) Error() string { return e.Err.Error() }
func (e *FinalError) Unwrap() error { return e.Err }

// Config is what a meeting runs with. Device, Dial, Media and Observe must be
// set.
type Config struct {
	Device   keys.DeviceKey
	Passcode string // asked of joiners when creating, offered when joining
	Wants    call.Wants
	// Dial reaches the service and greets it.
	Dial func(context.Context) (Conn, error)
	// Media starts the meeting's media. ring is nil in transport mode. token
	// gives the newest address and token of the relay.
	Media func(about keys.Descriptor, ring *frame.Ring, token func() (url, token string)) Media
	// Observe is called in the runner's goroutine after each change.
	Observe func(call.State)
	// Tell shows a notice; called in the runner's goroutine.
	Tell func(call.Tell)
	// Passports is what the meeting's service vouches for; nil where it keeps no
	// accounts: then everybody is a guest.
	Passports Passports
	// Most is how many people policy lets this host have in; 0 is unlimited.
	Most int
	// OnMedia hears what the session reports; called in the runner's goroutine.
	OnMedia func(media.Event)
	// Now is the clock; time.Now when nil.
	Now func() time.Time
}

// Runner is one meeting under way. Its methods may be called from any
// goroutine.
type Runner struct {
	cfg   Config
	inbox chan any
	stop  chan struct{}
	once  sync.Once
	done  chan struct{}
	tasks sync.WaitGroup
	life  context.Context // of the checks
	end   context.CancelFunc

	token struct {
		sync.Mutex
		url, token string
	}

	// Owned by the run goroutine.
	state   call.State
	lobby   keys.LobbyKey
	group   *group.Group
	joining *group.Joining
	knocks  int // number of the newest knock
	ring    *frame.Ring
	media   Media
	applied applied
	timers  map[call.Timer]*time.Timer
	expiry  *time.Timer
	conn    *connection
	dial    context.CancelFunc
	dials   int
	said    map[[sha256.Size]byte]uint32 // own messages that were not echoed yet
	queue   []call.Event
}

// applied is what the media session was last told.
type applied struct {
	sending bool
	wants   call.Wants
	epoch   uint64
	members []media.Member // nil before the first time
	refused map[keys.PublicKey]media.Kinds
}

// Start runs a meeting in which nothing has happened yet.
func Start(cfg Config) *Runner {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	r := &Runner{
		cfg: cfg, inbox: make(chan any, 256), stop: make(chan struct{}), done: make(chan struct{}),
		state:  call.Begin(cfg.Device.Public(), cfg.Wants),
		timers: make(map[call.Timer]*time.Timer),
		said:   make(map[[sha256.Size]byte]uint32),
	}
	r.life, r.end = context.WithCancel(context.Background())
	go r.run()
	return r
}

// Create starts a meeting with a descriptor that this device signed. lobby is
// the private half of the descriptor's lobby key.
func (r *Runner) Create(about keys.Descriptor, lobby keys.LobbyKey, name keys.NameStatement) {
	r.post(create{call.Create{Sealed: r.cfg.Device.SignDescriptor(about), About: about, Name: name, Most: r.cfg.Most}, lobby})
}

// Do hands the person's wish, or anything else that happened, to the meeting.
func (r *Runner) Do(e call.Event) { r.post(e) }

// Close stops at once, without a goodbye: keys are wiped, devices released.
// It returns when no goroutine of the runner is left.
func (r *Runner) Close() {
	r.once.Do(func() { close(r.stop) })
	<-r.done
}

// create carries the lobby key past the pure machine.
type create struct {
	call.Create
	lobby keys.LobbyKey
}

// expire is posted when former epochs' frame keys have had their time.
type expire struct{}

func (r *Runner) post(what any) {
	select {
	case r.inbox <- what:
	case <-r.stop:
	}
}

func (r *Runner) run() {
	defer close(r.done)
	defer r.tasks.Wait()
	defer r.release()
	for {
		var events <-chan media.Event
		if r.media != nil {
			events = r.media.Events()
		}
		select {
		case <-r.stop:
			return
		case what := <-r.inbox:
			r.take(what)
		case e, ok := <-events:
			if ok {
				r.mediaEvent(e)
			}
		}
	}
}

// take turns what was posted into events and lets the machine step until no
// event is left.
func (r *Runner) take(what any) {
	switch w := what.(type) {
	case create: // before call.Event, which it is too
		r.lobby = w.lobby
		r.queue = append(r.queue, w.Create)
	case call.Event:
		r.queue = append(r.queue, w)
	case dialled:
		r.dialled(w)
	case ownFetched:
		r.ownFetched(w)
	case examined:
		if w.conn == nil || w.conn == r.conn { // what a former connection showed is shown again
			r.queue = append(r.queue, w.event)
		}
	case expire:
		if r.ring != nil {
			r.ring.Expire()
		}
		return
	case received:
		if r.conn == w.from {
			r.queue = append(r.queue, call.FromService{Message: w.message})
		}
	case broken:
		if r.conn == w.from {
			r.hangUp()
			r.queue = append(r.queue, finalOf(w.err))
		}
	}
	r.settle()
}

func (r *Runner) settle() {
	for len(r.queue) > 0 {
		e := r.queue[0]
		r.queue = r.queue[1:]
		var effects []call.Effect
		r.state, effects = call.Step(r.state, r.cfg.Now(), e)
		for _, f := range effects {
			r.carryOut(f)
		}
		r.reconcile()
	}
	r.cfg.Observe(r.state)
}

func (r *Runner) event(e call.Event) { r.queue = append(r.queue, e) }

// reconcile makes the media what the state says it should be.
func (r *Runner) reconcile() {
	if r.media == nil {
		url, _ := r.relayToken()
		if url == "" || r.group == nil || r.state.Seat != call.SeatSeated {
			return
		}
		r.media = r.cfg.Media(r.state.About, r.ring, r.relayToken)
	}
	if s := r.state.Sending(); s != r.applied.sending {
		r.media.SetSending(s)
		r.applied.sending = s
	}
	r.refuse()
	if w := r.state.Sends(); w != r.applied.wants {
		r.media.SetWants(media.Wants{Mic: w.Mic, Camera: w.Camera, Share: w.Share})
		r.applied.wants = w
	}
	members := make([]media.Member, 0, len(r.state.People))
	for _, p := range r.state.People {
		members = append(members, media.Member{
			Key: p.Key, Leaf: p.Leaf, Shares: p.Says.Share, Silent: !p.Says.Mic, Hidden: !p.Says.Camera,
		})
	}
	if r.applied.members == nil || r.applied.epoch != r.state.Epoch || !slices.Equal(members, r.applied.members) {
		r.media.SetMembers(members)
		r.applied.members, r.applied.epoch = members, r.state.Epoch
	}
}

func (r *Runner) mediaEvent(e media.Event) {
	switch e.Kind {
	case media.EventFlowing:
		r.event(call.MediaUp{})
	case media.EventStalled:
		r.event(call.MediaStalling{})
	case media.EventStrangers:
		r.event(call.StrangersSeen{Count: len(e.Strangers)})
	case media.EventUnknown, media.EventDeviceLost, media.EventDeviceBack, media.EventSpeaking,
		media.EventTileState, media.EventFirstFrame, media.EventQuality, media.EventSaving:
	}
	if r.cfg.OnMedia != nil {
		r.cfg.OnMedia(e)
	}
	if len(r.queue) > 0 {
		r.settle()
	}
}

// release lets go of everything; the machine is not asked any more.
func (r *Runner) release() {
	r.once.Do(func() { close(r.stop) })
	r.end()
	for _, t := range r.timers {
		t.Stop()
	}
	if r.expiry != nil {
		r.expiry.Stop()
	}
	r.hangUp()
	r.stopMedia()
	r.wipe()
}

func (r *Runner) stopMedia() {
	r.takeToken(call.StartMedia{})
	if r.media == nil {
		return
	}
	r.media.Close()
	r.media, r.applied = nil, applied{}
}

func (r *Runner) wipe() {
	if r.group != nil {
		r.group.Close()
	}
	if r.joining != nil {
		r.joining.Close()
	}
	if r.ring != nil {
		r.ring.Close()
	}
	r.group, r.joining, r.ring = nil, nil, nil
	clear(r.said)
	if !r.state.Host() || r.state.Seat == call.SeatEnded {
		r.lobby = keys.LobbyKey{}
	}
}

func (r *Runner) armTimer(e call.Arm) {
	r.disarm(e.Timer)
	after := e.After
	if e.Timer == call.TimerRetry {
		after = after*3/4 + rand.N(after/2+1) // so that many clients do not come back at once
	}
	r.timers[e.Timer] = time.AfterFunc(after, func() {
		r.post(call.Fired{Timer: e.Timer, Generation: e.Generation})
	})
}

func (r *Runner) disarm(t call.Timer) {
	if old := r.timers[t]; old != nil {
		old.Stop()
		delete(r.timers, t)
	}
}

// finalOf reads what a failed dial means.
func finalOf(err error) call.LinkFailed {
	if final, ok := errors.AsType[*FinalError](err); ok {
		return call.LinkFailed{Final: true, Why: final.Why}
	}
	return call.LinkFailed{Why: call.EndUnreachable}
}
