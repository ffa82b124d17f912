package peer

import (
	"bytes"
	"sync/atomic"
	"time"

	"github.com/livekit/protocol/livekit"
	lksdk "github.com/livekit/server-sdk-go/v2"
	"github.com/livekit/server-sdk-go/v2/pkg/samplebuilder"
	"github.com/pion/rtp"
	"github.com/pion/rtp/codecs"
	"github.com/pion/webrtc/v4"

	"conclave/call/media"
)

// maxLate is how many packets a frame may wait for a missing one, which NACK
// fetches within a round trip: half a second of pictures at 350 kbit/s.
const maxLate = 32

// maxLateScreen is the same for a shared screen, whose key frames are hundreds
// of packets: the builder holds twice as many, and drops a frame that is larger.
const maxLateScreen = 384

// keyFramePause is the shortest time between two requests for a key frame.
const keyFramePause = 100 * time.Millisecond

// remoteTrack is a media.RemoteTrack. ReadFrame belongs to one goroutine.
type remoteTrack struct {
	c           *connection
	id          string
	participant string
	kind        media.Kind
	track       *webrtc.TrackRemote
	pub         *lksdk.RemoteTrackPublication
	owner       *lksdk.RemoteParticipant
	trailer     []byte // ends every frame that the relay made itself
	stopped     atomic.Bool
	lastAsk     atomic.Int64

	newest  uint16 // number of the newest packet
	counted bool   // newest means something

	build *samplebuilder.SampleBuilder // of pictures
	vp8   codecs.VP8Packet
	frame []byte
	gap   bool
}

func newRemoteTrack(c *connection, t *webrtc.TrackRemote, pub *lksdk.RemoteTrackPublication, p *lksdk.RemoteParticipant) *remoteTrack {
	r := &remoteTrack{c: c, id: pub.SID(), participant: p.Identity(), kind: kindOf(t, pub), track: t, pub: pub, owner: p, trailer: c.room.SifTrailer()}
	if r.kind != media.KindAudio {
		late := uint16(maxLate)
		if r.kind == media.KindScreen {
			late = maxLateScreen
		}
		r.build = samplebuilder.New(late, &codecs.VP8Packet{}, 90000,
			samplebuilder.WithPacketDroppedHandler(func() { r.gap = true }))
	}
	return r
}

func kindOf(t *webrtc.TrackRemote, pub *lksdk.RemoteTrackPublication) media.Kind {
	switch t.Codec().MimeType {
	case webrtc.MimeTypeOpus:
		return media.KindAudio
	case webrtc.MimeTypeVP8:
		if pub.Source() == livekit.TrackSource_SCREEN_SHARE {
			return media.KindScreen
		}
		return media.KindCamera
	}
	return media.KindUnknown
}

func (r *remoteTrack) ID() string          { return r.id }
func (r *remoteTrack) Participant() string { return r.participant }
func (r *remoteTrack) Kind() media.Kind    { return r.kind }

// ReadFrame waits for the next whole frame.
func (r *remoteTrack) ReadFrame() (media.RemoteFrame, error) {
	for {
		if f, ok := r.built(); ok {
			return f, nil
		}
		p, _, err := r.track.ReadRTP()
		if err != nil || r.stopped.Load() {
			return media.RemoteFrame{}, media.ErrRelayClosed
		}
		r.c.received.Add(uint64(len(p.Payload)))
		r.number(p.SequenceNumber)
		if p.Padding {
			// The relay opens a stream and probes with padding, which it also
			// repeats as payload. None of our senders pads. Its place in the
			// sequence counts, or the builder would wait for what never comes.
			p.Payload = nil
		}
		if r.build != nil {
			r.build.Push(p)
			continue
		}
		if f, ok := r.sound(p); ok {
			return f, nil
		}
	}
}

// number takes note of a packet's number, for the share of those that got lost
// and were not fetched in time.
func (r *remoteTrack) number(n uint16) {
	r.c.arrived.Add(1)
	switch ahead := n - r.newest; {
	case !r.counted:
		r.counted = true
		r.c.expected.Add(1)
	case ahead >= 1<<15: // late, and expected already
		return
	case ahead > 1<<10: // the numbering begins anew
		r.c.expected.Add(1)
	default:
		r.c.expected.Add(uint64(ahead))
	}
	r.newest = n
}

// built returns a picture that is complete.
func (r *remoteTrack) built() (media.RemoteFrame, bool) {
	for r.build != nil {
		packets := r.build.PopPackets()
		if len(packets) == 0 {
			break
		}
		if !r.join(packets) || r.injected(r.frame) {
			continue
		}
		gap := r.gap
		r.gap = false
		return media.RemoteFrame{Data: r.frame, Timestamp: packets[0].Timestamp, Gap: gap, Arrived: time.Now()}, true
	}
	return media.RemoteFrame{}, false
}

// join puts the payloads of a picture together. It is false for padding.
//
// A picture whose last packet lacks the marker was cut off by whatever the relay
// sent next, as happens at a mute: that is a loss, and not a forgery.
func (r *remoteTrack) join(packets []*rtp.Packet) bool {
	r.frame = r.frame[:0]
	if last := packets[len(packets)-1]; len(last.Payload) > 0 && !last.Marker {
		r.gap = true
		return false
	}
	for _, p := range packets {
		if len(p.Payload) == 0 {
			continue
		}
		part, err := r.vp8.Unmarshal(p.Payload)
		if err != nil {
			r.gap = true
			return false
		}
		r.frame = append(r.frame, part...)
	}
	return len(r.frame) > 0
}

// sound returns a packet of sound, which is a whole frame.
func (r *remoteTrack) sound(p *rtp.Packet) (media.RemoteFrame, bool) {
	if len(p.Payload) == 0 || r.injected(p.Payload) {
		return media.RemoteFrame{}, false
	}
	return media.RemoteFrame{Data: p.Payload, Sequence: p.SequenceNumber, Timestamp: p.Timestamp, Arrived: time.Now()}, true
}

// injected reports whether the relay made a frame itself: silence, or a black
// picture, after a mute. Nobody sealed it, so nobody shall hear it.
func (r *remoteTrack) injected(frame []byte) bool {
	return len(r.trailer) > 0 && bytes.HasSuffix(frame, r.trailer)
}

// RequestKeyFrame asks the sender, by way of the relay, for a key frame.
func (r *remoteTrack) RequestKeyFrame() {
	now := time.Now().UnixNano()
	last := r.lastAsk.Load()
	if now-last < int64(keyFramePause) || !r.lastAsk.CompareAndSwap(last, now) {
		return
	}
	r.owner.WritePLI(r.track.SSRC())
}

// SetWanted pauses or resumes the track at the relay.
func (r *remoteTrack) SetWanted(wanted bool, width, height int) {
	r.c.wishes.put(wish{remote: r, wanted: wanted, width: width, height: height})
}

func (r *remoteTrack) settle(w wish) {
	if w.wanted != r.pub.IsEnabled() {
		r.pub.SetEnabled(w.wanted)
	}
	if w.wanted && r.kind != media.KindAudio {
		r.pub.SetVideoDimensions(uint32(w.width), uint32(w.height))
		r.RequestKeyFrame()
	}
}

// stop ends a ReadFrame that waits.
func (r *remoteTrack) stop() {
	r.stopped.Store(true)
	_ = r.track.SetReadDeadline(time.Now()) // the track is over already, then
}
