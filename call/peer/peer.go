package peer

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/livekit/protocol/livekit"
	lksdk "github.com/livekit/server-sdk-go/v2"
	"github.com/pion/webrtc/v4"

	"conclave/call/media"
)

// Config says where the relay is and who we are to it.
type Config struct {
	URL   string // wss://host[:port], or ws:// to this computer
	Token string // of the service; it names the room and our opaque identity
	// Pin is the base64url SHA-256 of the relay certificate's public key where
	// that is self-made; "" leaves the check to the system.
	Pin string
}

// qualities are the relay's words for a participant's network, on our scale.
var qualities = map[livekit.ConnectionQuality]int{
	livekit.ConnectionQuality_LOST: 1, livekit.ConnectionQuality_POOR: 2,
	livekit.ConnectionQuality_GOOD: 3, livekit.ConnectionQuality_EXCELLENT: 4,
}

// connection is a media.Relay.
type connection struct {
	room   *lksdk.Room
	took   time.Duration
	out    chan media.RelayEvent
	events *queue[media.RelayEvent]
	wishes *queue[wish]
	tasks  sync.WaitGroup
	once   sync.Once
	closed chan struct{}

	sent, received    atomic.Uint64
	expected, arrived atomic.Uint64 // packets

	mu     sync.Mutex
	tracks map[string]*remoteTrack // by track id
}

// Dial connects to a relay. The connection repairs itself for about a minute
// after a failure; its events end when it gave up.
func Dial(ctx context.Context, cfg Config) (media.Relay, error) {
	u, err := relayURL(cfg.URL)
	if err != nil {
		return nil, err
	}
	if err := pin(u, cfg.Pin); err != nil {
		return nil, fmt.Errorf("connect to relay: %w", err)
	}
	c := &connection{
		out: make(chan media.RelayEvent), closed: make(chan struct{}),
		events: newQueue[media.RelayEvent](), wishes: newQueue[wish](),
		tracks: map[string]*remoteTrack{},
	}
	c.room = lksdk.NewRoom(c.callbacks())
	quiet := newQuiet()
	c.room.SetLogger(quiet)
	began := time.Now()
	err = c.room.JoinWithContextAndToken(ctx, u.String(), cfg.Token,
		lksdk.WithAutoSubscribe(true), lksdk.WithDisableRegionDiscovery(), lksdk.WithLogger(quiet))
	if err != nil {
		c.room.Disconnect()
		return nil, fmt.Errorf("connect to relay: %w", safe(ctx, err))
	}
	c.took = time.Since(began)
	for _, p := range c.room.GetRemoteParticipants() {
		c.put(media.RelayEvent{Kind: media.RelayJoined, Participant: p.Identity()})
	}
	c.tasks.Go(c.deliver)
	c.tasks.Go(c.grant)
	return c, nil
}

// errRefused hides what the SDK says of a failure: its errors may quote the
// address, whose query is the token.
var errRefused = errors.New("refused or unreachable")

func safe(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, ErrPin):
		return ErrPin
	}
	return errRefused
}

func (c *connection) put(e media.RelayEvent) { c.events.put(e) }

// deliver passes events on until the connection is over.
func (c *connection) deliver() {
	defer close(c.out)
	for {
		e, ok := c.events.take(c.closed)
		if !ok {
			return
		}
		select {
		case c.out <- e:
		case <-c.closed:
			return
		}
	}
}

// Events delivers what happens at the relay.
func (c *connection) Events() <-chan media.RelayEvent { return c.out }

func (c *connection) callbacks() *lksdk.RoomCallback {
	cb := lksdk.NewRoomCallback()
	cb.OnParticipantConnected = func(p *lksdk.RemoteParticipant) {
		c.put(media.RelayEvent{Kind: media.RelayJoined, Participant: p.Identity()})
	}
	cb.OnParticipantDisconnected = func(p *lksdk.RemoteParticipant) {
		c.put(media.RelayEvent{Kind: media.RelayLeft, Participant: p.Identity()})
	}
	cb.OnTrackSubscribed = c.subscribed
	cb.OnTrackUnsubscribed = func(_ *webrtc.TrackRemote, pub *lksdk.RemoteTrackPublication, p *lksdk.RemoteParticipant) {
		c.unsubscribed(pub.SID(), p.Identity())
	}
	cb.OnTrackMuted = func(pub lksdk.TrackPublication, p lksdk.Participant) {
		c.put(media.RelayEvent{Kind: media.RelayTrackMuted, Participant: p.Identity(), TrackID: pub.SID()})
	}
	cb.OnTrackUnmuted = func(pub lksdk.TrackPublication, p lksdk.Participant) {
		c.put(media.RelayEvent{Kind: media.RelayTrackUnmuted, Participant: p.Identity(), TrackID: pub.SID()})
	}
	cb.OnConnectionQualityChanged = func(q *livekit.ConnectionQualityInfo, p lksdk.Participant) {
		c.put(media.RelayEvent{Kind: media.RelayQuality, Participant: p.Identity(), Quality: qualities[q.GetQuality()]})
	}
	cb.OnReconnecting = func() { c.put(media.RelayEvent{Kind: media.RelayInterrupted}) }
	cb.OnReconnected = func() { c.put(media.RelayEvent{Kind: media.RelayRestored}) }
	cb.OnDisconnected = func() { c.events.end() }
	return cb
}

func (c *connection) subscribed(t *webrtc.TrackRemote, pub *lksdk.RemoteTrackPublication, p *lksdk.RemoteParticipant) {
	r := newRemoteTrack(c, t, pub, p)
	if r.kind == media.KindUnknown {
		return
	}
	c.mu.Lock()
	c.tracks[r.id] = r
	c.mu.Unlock()
	c.put(media.RelayEvent{Kind: media.RelayTrackOpened, Participant: r.participant, TrackID: r.id, TrackKind: r.kind, Track: r})
	if pub.IsMuted() {
		c.put(media.RelayEvent{Kind: media.RelayTrackMuted, Participant: r.participant, TrackID: r.id})
	}
}

func (c *connection) unsubscribed(id, participant string) {
	c.mu.Lock()
	r := c.tracks[id]
	delete(c.tracks, id)
	c.mu.Unlock()
	if r != nil {
		r.stop()
		c.put(media.RelayEvent{Kind: media.RelayTrackClosed, Participant: participant, TrackID: id})
	}
}

// Publish offers a track. It returns when the relay agreed.
func (c *connection) Publish(ctx context.Context, kind media.Kind, width, height int, sealed bool) (media.LocalTrack, error) {
	return publish(ctx, c, kind, width, height, sealed)
}

// Stats are the figures of the connection.
func (c *connection) Stats() media.RelayStats {
	return media.RelayStats{
		BytesSent: c.sent.Load(), BytesReceived: c.received.Load(),
		Expected: c.expected.Load(), Arrived: c.arrived.Load(),
		RoundTrip: c.roundTrip(), Connected: c.took,
	}
}

// roundTrip asks the path in use.
func (c *connection) roundTrip() time.Duration {
	pc := c.room.LocalParticipant.GetPublisherPeerConnection()
	if pc == nil {
		return 0
	}
	// Not pc.GetStats, which races with pc's own end when the relay hangs up; and
	// not before the path is there, since until then Pion is still at work on it.
	sctp := pc.SCTP()
	if sctp == nil || sctp.Transport() == nil {
		return 0
	}
	ice := sctp.Transport().ICETransport()
	if s := ice.State(); s != webrtc.ICETransportStateConnected && s != webrtc.ICETransportStateCompleted {
		return 0
	}
	if pair, ok := ice.GetSelectedCandidatePairStats(); ok {
		return time.Duration(pair.CurrentRoundTripTime * float64(time.Second))
	}
	return 0
}

// Close leaves the room.
func (c *connection) Close() {
	c.once.Do(func() {
		close(c.closed)
		c.mu.Lock()
		for _, r := range c.tracks {
			r.stop()
		}
		c.mu.Unlock()
		c.tasks.Wait()
		c.room.Disconnect()
	})
}

// encryption is what the relay is told of a track: that it must not look into
// it, or that it may.
func encryption(sealed bool) livekit.Encryption_Type {
	if sealed {
		return livekit.Encryption_CUSTOM
	}
	return livekit.Encryption_NONE
}
