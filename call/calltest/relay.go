package calltest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"conclave/call/media"
	"conclave/call/wire"
	"conclave/keys"
)

// Relay is a media relay without a network. It forwards whole frames and keeps
// all of them, as a curious operator would: Carried is everything that ever
// left a device.
type Relay struct {
	mu      sync.Mutex
	conns   map[*relayConn]bool
	removed map[string]bool
	carried []Carried
	tracks  int
	keep    bool
	swapped bool
}

// Carried is one frame as a device sent it.
type Carried struct {
	Identity string
	Kind     media.Kind
	Data     []byte
	At       time.Time
}

// NewRelay returns a relay with nobody in it.
func NewRelay() *Relay { return &Relay{conns: map[*relayConn]bool{}, removed: map[string]bool{}} }

// Token implements room.Relay. Whoever holds one is let in, again after Remove.
func (r *Relay) Token(_, identity string) (wire.Token, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.removed, identity)
	return wire.Token("for " + identity), nil
}

// Remove implements room.Relay.
func (r *Relay) Remove(_, identity string) {
	r.mu.Lock()
	if r.keep {
		r.mu.Unlock()
		return
	}
	r.removed[identity] = true
	var out []*relayConn
	for c := range r.conns {
		if c.identity == identity {
			out = append(out, c)
		}
	}
	r.mu.Unlock()
	for _, c := range out {
		c.leave()
	}
}

// Empty implements room.Relay.
func (r *Relay) Empty(string) {
	r.mu.Lock()
	all := make([]*relayConn, 0, len(r.conns))
	for c := range r.conns {
		all = append(all, c)
	}
	r.mu.Unlock()
	for _, c := range all {
		c.leave()
	}
}

// Carried returns all frames so far.
func (r *Relay) Carried() []Carried {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.carried)
}

// From counts the frames that a device has sent in a meeting.
func (r *Relay) From(id keys.MeetingID, device keys.PublicKey) (n int) {
	identity := keys.RelayIdentity(id, device)
	for _, c := range r.Carried() {
		if c.Identity == identity {
			n++
		}
	}
	return n
}

// Dial lets the holder of a token in.
func (r *Relay) Dial(_ context.Context, token string) (media.Relay, error) {
	identity, ok := strings.CutPrefix(token, "for ")
	r.mu.Lock()
	defer r.mu.Unlock()
	if !ok || r.removed[identity] {
		return nil, fmt.Errorf("enter relay: %w", media.ErrRelayClosed)
	}
	c := &relayConn{relay: r, identity: identity, events: make(chan media.RelayEvent, 4096), gone: make(chan struct{})}
	for o := range r.conns {
		o.tell(media.RelayEvent{Kind: media.RelayJoined, Participant: identity})
		c.tell(media.RelayEvent{Kind: media.RelayJoined, Participant: o.identity})
		for _, t := range o.tracks {
			t.open(c)
		}
	}
	r.conns[c] = true
	return c, nil
}

// relayConn is one participant; its fields after gone belong to the relay's lock.
type relayConn struct {
	relay    *Relay
	identity string
	events   chan media.RelayEvent
	gone     chan struct{}
	left     bool
	tracks   []*relayTrack
}

func (c *relayConn) tell(e media.RelayEvent) {
	select {
	case c.events <- e:
	default: // nobody reads; a real relay would cut it off
	}
}

func (c *relayConn) leave() {
	r := c.relay
	r.mu.Lock()
	defer r.mu.Unlock()
	if c.left {
		return
	}
	c.left = true
	close(c.gone)
	close(c.events)
	delete(r.conns, c)
	for o := range r.conns {
		for _, t := range c.tracks {
			o.tell(media.RelayEvent{Kind: media.RelayTrackClosed, Participant: c.identity, TrackID: t.id, TrackKind: t.kind})
		}
		o.tell(media.RelayEvent{Kind: media.RelayLeft, Participant: c.identity})
	}
}

// Publish implements media.Relay.
func (c *relayConn) Publish(_ context.Context, kind media.Kind, _, _ int, _ bool) (media.LocalTrack, error) {
	r := c.relay
	r.mu.Lock()
	defer r.mu.Unlock()
	if c.left {
		return nil, media.ErrRelayClosed
	}
	r.tracks++
	t := &relayTrack{from: c, id: fmt.Sprintf("TR%d", r.tracks), kind: kind, to: map[*relayConn]*subscription{}}
	c.tracks = append(c.tracks, t)
	for o := range r.conns {
		if o != c {
			t.open(o)
		}
	}
	return t, nil
}

func (c *relayConn) Events() <-chan media.RelayEvent { return c.events }
func (c *relayConn) Stats() media.RelayStats         { return media.RelayStats{} }
func (c *relayConn) Close()                          { c.leave() }

// relayTrack is a published track; its fields belong to the relay's lock.
type relayTrack struct {
	from *relayConn
	id   string
	kind media.Kind
	to   map[*relayConn]*subscription
	ask  bool
}

func (t *relayTrack) open(to *relayConn) {
	s := &subscription{track: t, to: to, frames: make(chan media.RemoteFrame, 64)}
	t.to[to] = s
	to.tell(media.RelayEvent{
		Kind: media.RelayTrackOpened, Participant: t.from.identity, TrackID: t.id, TrackKind: t.kind, Track: s,
	})
}

// Write implements media.LocalTrack.
func (t *relayTrack) Write(frame []byte, at, _ time.Duration) error {
	r := t.from.relay
	r.mu.Lock()
	defer r.mu.Unlock()
	if t.from.left {
		return media.ErrRelayClosed
	}
	data := slices.Clone(frame)
	r.carried = append(r.carried, Carried{t.from.identity, t.kind, data, time.Now()})
	rate := time.Duration(90_000)
	if t.kind == media.KindAudio {
		rate = media.SampleRate
	}
	for to, s := range r.shownAs(t).to {
		if to.left {
			delete(t.to, to)
			continue
		}
		s.sequence++
		f := media.RemoteFrame{Data: data, Sequence: s.sequence, Timestamp: uint32(at * rate / time.Second), Arrived: time.Now()}
		select {
		case s.frames <- f:
		default:
		}
	}
	return nil
}

func (t *relayTrack) TakeKeyFrameRequest() bool {
	t.from.relay.mu.Lock()
	defer t.from.relay.mu.Unlock()
	ask := t.ask
	t.ask = false
	return ask
}

func (t *relayTrack) SetMuted(bool)      {}
func (t *relayTrack) Loss() float64      { return 0 }
func (t *relayTrack) Close()             {}
func (s *subscription) ID() string       { return s.track.id }
func (s *subscription) Kind() media.Kind { return s.track.kind }

// subscription is a track as one other participant gets it.
type subscription struct {
	track    *relayTrack
	to       *relayConn
	frames   chan media.RemoteFrame
	sequence uint16
}

func (s *subscription) Participant() string      { return s.track.from.identity }
func (s *subscription) SetWanted(bool, int, int) {}
func (s *subscription) RequestKeyFrame() {
	s.track.from.relay.mu.Lock()
	defer s.track.from.relay.mu.Unlock()
	s.track.ask = true
}

func (s *subscription) ReadFrame() (media.RemoteFrame, error) {
	select {
	case f := <-s.frames:
		return f, nil
	case <-s.to.gone:
	case <-s.track.from.gone:
	}
	return media.RemoteFrame{}, media.ErrRelayClosed
}

// Swap makes the relay pass everybody's pictures and sound off as somebody
// else's: those of the one before them in the order of publishing.
func (r *Relay) Swap() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.swapped = true
}

// shownAs is the track as whose a frame of t is delivered.
func (r *Relay) shownAs(t *relayTrack) *relayTrack {
	if !r.swapped {
		return t
	}
	var others []*relayTrack
	for c := range r.conns {
		for _, o := range c.tracks {
			if o.kind == t.kind && o != t {
				others = append(others, o)
			}
		}
	}
	if len(others) == 0 {
		return t
	}
	return slices.MinFunc(others, func(a, b *relayTrack) int { return strings.Compare(a.id, b.id) })
}

// KeepAll makes the relay the liar's accomplice: whoever is to be removed stays.
func (r *Relay) KeepAll() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.keep = true
}
