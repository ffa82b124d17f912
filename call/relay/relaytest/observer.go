// Package relaytest looks at the relay as a curious operator can: it joins a
// room as a hidden participant, straight at the engine, and records every RTP
// payload that the relay forwards there, with all that the relay knows about
// participants and tracks.
//
// LiveKit has no hook for packets inside the engine; but what it forwards is
// exactly what came in, save for the numbers in the RTP header and the VP8
// payload descriptor, so the record is what the relay handled (of a simulcast
// track, one layer at a time).
//
// It is for tests only: it needs the relay's secret, which a running service
// makes up at random and tells nobody. Trust zone: relay.
package relaytest

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/livekit/protocol/auth"
	"github.com/livekit/protocol/livekit"
	"github.com/livekit/protocol/logger"
	lksdk "github.com/livekit/server-sdk-go/v2"
	"github.com/pion/webrtc/v4"

	"conclave/call/relay"
)

// Packet is one RTP packet as the relay forwarded it.
type Packet struct {
	// Identity and Track are the relay's names of sender and track.
	Identity, Track string
	// Video says whether the track is one; else it is sound.
	Video bool
	// Timestamp and Marker are those of the RTP header.
	Timestamp uint32
	Marker    bool
	Sequence  uint16
	// Payload is what follows the RTP header: for VP8, its payload descriptor
	// and then the frame's bytes.
	Payload []byte
}

// Observer records one room. Its methods may be called from any goroutine.
type Observer struct {
	room    *lksdk.Room
	reading sync.WaitGroup

	mu      sync.Mutex
	packets []Packet
	facts   []string
}

// Observe joins a room of a relay that was started with secret.
func Observe(s *relay.Server, secret, room string) (*Observer, error) {
	yes, no := true, false
	token, err := auth.NewAccessToken(relay.Key, secret).SetIdentity("observer").SetValidFor(time.Hour).
		SetVideoGrant(&auth.VideoGrant{RoomJoin: true, Room: room, Hidden: true, CanSubscribe: &yes, CanPublish: &no, CanPublishData: &no}).
		ToJWT()
	if err != nil {
		return nil, fmt.Errorf("make observer's token: %w", err)
	}
	o := &Observer{}
	url := "ws" + strings.TrimPrefix(s.Inner(), "http")
	o.room, err = lksdk.ConnectToRoomWithToken(url, token, &lksdk.RoomCallback{
		ParticipantCallback: lksdk.ParticipantCallback{
			OnTrackSubscribed: o.record,
			OnDataPacket: func(d lksdk.DataPacket, p lksdk.DataReceiveParams) {
				o.fact(fmt.Sprintf("data from %s: %v", p.SenderIdentity, d.ToProto()))
			},
		},
	}, lksdk.WithLogger(logger.GetDiscardLogger()))
	if err != nil {
		return nil, fmt.Errorf("observe room: %w", err)
	}
	return o, nil
}

func (o *Observer) record(t *webrtc.TrackRemote, pub *lksdk.RemoteTrackPublication, p *lksdk.RemoteParticipant) {
	o.fact(fmt.Sprintf("participant %q name %q metadata %q attributes %v", p.Identity(), p.Name(), p.Metadata(), p.Attributes()))
	o.fact(fmt.Sprintf("track %v", pub.TrackInfo()))
	if pub.Kind() == lksdk.TrackKindVideo {
		_ = pub.SetVideoQuality(livekit.VideoQuality_HIGH)
	}
	o.reading.Go(func() {
		for {
			packet, _, err := t.ReadRTP()
			if err != nil {
				return
			}
			o.mu.Lock()
			o.packets = append(o.packets, Packet{
				Identity: p.Identity(), Track: pub.SID(), Video: t.Kind() == webrtc.RTPCodecTypeVideo,
				Timestamp: packet.Timestamp, Marker: packet.Marker, Sequence: packet.SequenceNumber,
				Payload: slices.Clone(packet.Payload),
			})
			o.mu.Unlock()
		}
	})
}

func (o *Observer) fact(s string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.facts = append(o.facts, s)
}

// Packets returns what was recorded so far.
func (o *Observer) Packets() []Packet {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.packets)
}

// Facts returns, as text, what the relay told about participants, tracks and
// data besides the packets.
func (o *Observer) Facts() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.facts)
}

// Close leaves the room.
func (o *Observer) Close() {
	o.room.Disconnect()
	o.reading.Wait()
}
