package media

import (
	"context"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"conclave/call/frame"
	"conclave/keys"
)

// Member is somebody in the meeting's group: their device key and their leaf
// in the tree, with which their frames are sealed.
//
// Shares says that they say, in the group, that they share their screen. Screens
// of others are not opened, whatever the relay delivers.
type Member struct {
	Key    keys.PublicKey
	Leaf   uint32
	Shares bool
	// Silent and Hidden say that they say, in the group, that their microphone or
	// camera is off. Then nothing of it is opened, so that nobody is heard who is
	// shown muted.
	Silent, Hidden bool
}

// says reports whether they say that they send a stream.
func (m *Member) says(stream frame.Stream) bool {
	switch stream {
	case frame.Audio:
		return !m.Silent
	case frame.Screen:
		return m.Shares
	}
	return !m.Hidden
}

// Wants is what the person wishes to send. A Session makes it so and checks
// every second that it still is.
type Wants struct {
	Mic, Camera, Share bool
}

// SessionConfig is what a Session is made of. Self and Codecs must be set, and
// but for a rehearsal Mode, Meeting and Dial.
type SessionConfig struct {
	Mode    keys.Mode
	Meeting keys.MeetingID
	Self    keys.PublicKey
	// Ring seals and opens frames. It must be set in every mode but
	// transport mode, in which it is not used: without one nothing is sent.
	Ring *frame.Ring
	// Dial connects to the relay. It is called again, with a back-off, when a
	// connection is over. Without it the session is a rehearsal: devices open and
	// are shown to this person, and there is no way for anything to leave.
	Dial func(context.Context) (Relay, error)
	// Video, Screen, Audio and Speaker open devices. A nil one is a device
	// that is missing. They are called again while a device is wanted and
	// failed before, from a goroutine of the session.
	Video, Screen func() (VideoSource, error)
	Audio         func() (AudioSource, error)
	Speaker       func() (AudioSink, error)
	Codecs        Codecs
	// Format is the largest size, the rate and the bit rate of the camera's
	// picture on the wire; 640x360, 30 pictures a second and 350 kbit/s when
	// zero. A picture of another aspect keeps it and is scaled to fit inside.
	Format VideoFormat
	// ScreenFormat is the same for the shared screen; DefaultScreenFormat when
	// zero.
	ScreenFormat VideoFormat
	// ReadPatterns makes the session look for the machine-readable pattern in
	// every picture it paints, for RemoteStats.Pattern and GlassToGlass.
	ReadPatterns bool
	// Now is the wall clock; time.Now when nil.
	Now func() time.Time
}

// Session is one meeting's media. All methods may be called from several
// goroutines.
//
// Loudness is measured on decoded sound at the receiving side. The clear
// audio-level header extension of RTP is never sent, since it would tell the
// relay who speaks when; for the same reason sound packets have one size and
// there is no discontinuous transmission.
type Session struct {
	cfg      SessionConfig
	self     string // our relay identity
	ctx      context.Context
	cancel   context.CancelFunc
	tasks    sync.WaitGroup
	mail     *mailbox
	mailDone chan struct{}
	poke     chan struct{}
	mixer    mixer
	sent     sent
	unopened atomic.Uint64
	refused  atomic.Pointer[map[keys.PublicKey]Kinds] // see SetRefused
	started  time.Time                                // by the wall clock
	began    time.Time                                // by the machine's: zero of the times that tracks carry

	gate    sync.RWMutex // held for reading while a frame is handed to the relay
	sending bool

	camera, screen *videoOut
	mic            *audioOut

	mu         sync.Mutex // guards the rest
	wants      Wants
	members    map[string]Member  // by relay identity, without ourselves
	remotes    map[string]*remote // by relay identity: everybody at the relay, and every member
	tiles      map[keys.PublicKey]*Tile
	screens    map[keys.PublicKey]*Tile
	strangers  []string
	relay      Relay // nil while not connected
	connected  time.Time
	reconnects int
	speaker    AudioSink // nil while there is none
	reopening  bool      // the speaker is to be opened anew
	level      float64   // of our microphone, as last reported
	measured   measures
	ownGrade   int      // of our own network, 0 to 4, as measured here
	selfGrade  int      // of our own network, as the relay judges it
	toldGrade  int      // of our own network, as last reported
	budget     float64  // see SetBudget
	governor   governor // belongs to watch
}

// NewSession starts a session. It dials the relay at once, opens devices as
// SetWants says, and sends frames once SetSending(true) was called.
func NewSession(cfg SessionConfig) *Session {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Format == (VideoFormat{}) {
		cfg.Format = DefaultFormat()
	}
	if cfg.ScreenFormat == (VideoFormat{}) {
		cfg.ScreenFormat = DefaultScreenFormat()
	}
	s := &Session{
		cfg: cfg, self: keys.RelayIdentity(cfg.Meeting, cfg.Self), started: cfg.Now(), began: time.Now(),
		mail: newMailbox(), mailDone: make(chan struct{}), poke: make(chan struct{}, 1),
		members: map[string]Member{}, remotes: map[string]*remote{},
		tiles: map[keys.PublicKey]*Tile{}, screens: map[keys.PublicKey]*Tile{},
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.camera = newVideoOut(s, DeviceCamera)
	s.screen = newVideoOut(s, DeviceScreen)
	s.mic = newAudioOut(s)
	if cfg.Dial != nil {
		s.tasks.Go(s.connect)
		s.tasks.Go(s.play)
	}
	s.tasks.Go(s.watch)
	go func() {
		defer close(s.mailDone)
		s.mail.run(s.ctx)
	}()
	return s
}

// sealed reports whether frames are sealed end to end.
func (s *Session) sealed() bool { return s.cfg.Mode != keys.ModeTransport }

// nudge makes watch look now rather than at its next tick.
func (s *Session) nudge() {
	select {
	case s.poke <- struct{}{}:
	default:
	}
}

// SetMembers says who is in the group, with or without this device itself.
// After it returns no further frame of anybody else is opened, but for one that
// is being opened at that moment.
func (s *Session) SetMembers(members []Member) {
	s.mu.Lock()
	now := make(map[string]Member, len(members))
	for _, m := range members {
		if m.Key != s.cfg.Self {
			now[keys.RelayIdentity(s.cfg.Meeting, m.Key)] = m
		}
	}
	s.members = now
	for identity := range now {
		s.remoteLocked(identity)
	}
	for identity, r := range s.remotes {
		m, in := now[identity]
		r.setMember(m, in)
		if !in && !r.present {
			delete(s.remotes, identity)
		}
	}
	s.mu.Unlock()
	s.nudge()
}

// remoteLocked finds or makes the record of a relay identity.
func (s *Session) remoteLocked(identity string) *remote {
	r := s.remotes[identity]
	if r == nil {
		r = newRemote(s, identity)
		s.remotes[identity] = r
		m, in := s.members[identity]
		r.setMember(m, in)
	}
	return r
}

// SetWants says what the person wishes to send. The microphone follows within a
// frame of sound, without its device being opened or closed.
func (s *Session) SetWants(w Wants) {
	s.mu.Lock()
	s.wants = w
	s.mu.Unlock()
	s.mic.on.Store(w.Mic)
	s.nudge()
}

// SetSending allows or forbids that anything leaves this device, whatever the
// wants. False holds at once: when it returns, no further frame is sent.
func (s *Session) SetSending(allowed bool) {
	s.gate.Lock()
	s.sending = allowed
	s.gate.Unlock()
}

// maySend is a glance at the gate; what it says may be over at once.
func (s *Session) maySend() bool {
	s.gate.RLock()
	defer s.gate.RUnlock()
	return s.sending
}

// RequestKeyFrame makes the next pictures of ours key frames. A switch of keys
// does so by itself.
func (s *Session) RequestKeyFrame() {
	s.camera.key.Store(true)
	s.screen.key.Store(true)
}

// Reopen closes a device and opens it again, for when another one was chosen.
func (s *Session) Reopen(d DeviceKind) {
	switch d {
	case DeviceCamera:
		s.camera.reopen()
	case DeviceScreen:
		s.screen.reopen()
	case DeviceMicrophone:
		s.mic.reopen()
	case DeviceSpeaker:
		s.mu.Lock()
		s.reopening = true
		sink := s.speaker
		s.mu.Unlock()
		if sink != nil {
			_ = sink.Close() // it is replaced whatever it says
		}
	case DeviceUnknown:
	}
	s.nudge()
}

// Tile is the picture of a member; Self's is the preview of the own camera. It
// is the same one for as long as the session lives. Nothing is decoded for a
// tile until it is given a size.
func (s *Session) Tile(key keys.PublicKey) *Tile {
	s.mu.Lock()
	defer s.mu.Unlock()
	return tileOf(s.tiles, key)
}

// ScreenTile is the picture of what a member shares.
func (s *Session) ScreenTile(key keys.PublicKey) *Tile {
	s.mu.Lock()
	defer s.mu.Unlock()
	return tileOf(s.screens, key)
}

func tileOf(tiles map[keys.PublicKey]*Tile, key keys.PublicKey) *Tile {
	t := tiles[key]
	if t == nil {
		t = NewTile()
		tiles[key] = t
	}
	return t
}

// Events delivers what happens. When nobody reads, an event gives way to a
// newer one of the same subject. It is closed by Close.
func (s *Session) Events() <-chan Event { return s.mail.out }

// Strangers are the relay identities in the room that belong to no member.
func (s *Session) Strangers() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.strangers)
}

// Stats are the figures of this moment.
func (s *Session) Stats() Stats {
	s.mu.Lock()
	out := Stats{
		Started: s.started, Connected: s.connected, Reconnects: s.reconnects, SpeakerClock: s.speaker == nil,
		Up: s.measured.up, Down: s.measured.down, Lost: s.measured.lost,
	}
	relay := s.relay
	remotes := slices.Collect(maps.Values(s.remotes))
	s.mu.Unlock()
	out.Sent, out.Unopened = s.sent.get(), s.unopened.Load()
	for _, o := range []*outgoing{&s.mic.outgoing, &s.camera.outgoing, &s.screen.outgoing} {
		if o.current() != nil {
			out.Out = append(out.Out, o.meter.read(o.kind))
		}
	}
	if relay != nil {
		out.Relay = relay.Stats()
	}
	for _, r := range remotes {
		if st, ok := r.snapshot(); ok {
			out.Remotes = append(out.Remotes, st)
		}
	}
	slices.SortFunc(out.Remotes, func(a, b RemoteStats) int { return slices.Compare(a.Key[:], b.Key[:]) })
	return out
}

// Close ends the session and returns when none of its goroutines is left.
// Calling it again does nothing.
func (s *Session) Close() {
	s.SetSending(false)
	s.cancel()
	s.tasks.Wait()
	<-s.mailDone
}
