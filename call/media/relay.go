package media

import (
	"context"
	"errors"
	"time"
)

// ErrRelayClosed ends reads and writes of a relay connection that is over.
var ErrRelayClosed = errors.New("relay connection closed")

// Kind says what a track carries.
type Kind uint8

// The kinds of track.
const (
	KindUnknown Kind = iota
	KindAudio
	KindCamera
	KindScreen
)

// Relay is one connection to the media relay, as package peer makes it. All of
// it may be called from several goroutines.
//
// Identities are opaque here and names never travel. The relay is not
// believed: whatever it says of participants and tracks only decides what is
// asked for and shown as a state, never what is opened.
type Relay interface {
	// Publish offers a track of ours. sealed says that frames are sealed end
	// to end, which the relay must know to keep its hands off them.
	Publish(ctx context.Context, kind Kind, width, height int, sealed bool) (LocalTrack, error)
	// Events delivers what happens, in order. It is closed after Close, or
	// when the connection is over for good.
	Events() <-chan RelayEvent
	// Stats is a moment's figures of the connection.
	Stats() RelayStats
	// Close leaves, ends all reads with ErrRelayClosed, and returns when no
	// goroutine of the connection's adapter is left.
	Close()
}

// LocalTrack is a published track of ours.
type LocalTrack interface {
	// Write sends one whole frame, whose memory is free for reuse afterwards.
	// d is its duration; t its capture time on a clock of the track's own.
	Write(frame []byte, t, d time.Duration) error
	// TakeKeyFrameRequest reports, once, that a receiver asked for a key frame.
	TakeKeyFrameRequest() bool
	// SetMuted tells the others that nothing comes, or comes again.
	SetMuted(bool)
	// Loss is the share of packets that the relay did not get, 0 to 1.
	Loss() float64
	// Close withdraws the track.
	Close()
}

// RemoteTrack is a track of somebody else.
type RemoteTrack interface {
	ID() string
	Participant() string // relay identity, opaque
	Kind() Kind
	// ReadFrame waits for the next whole frame. Frames that the relay made
	// itself are already left out. An error ends the track.
	ReadFrame() (RemoteFrame, error)
	// RequestKeyFrame asks for a key frame; the implementation limits the rate.
	RequestKeyFrame()
	// SetWanted pauses or resumes delivery at the relay; width and height say
	// how large the picture is shown.
	SetWanted(wanted bool, width, height int)
}

// RemoteFrame is a frame as it came from the relay, not yet opened.
type RemoteFrame struct {
	Data      []byte // valid until the next ReadFrame
	Sequence  uint16 // RTP sequence of its first packet
	Timestamp uint32 // RTP time, 90 kHz for pictures and 48 kHz for sound
	Gap       bool   // packets were lost before it
	Arrived   time.Time
}

// RelayEventKind says what happened at the relay.
type RelayEventKind uint8

// What happens at a relay.
const (
	RelayUnknown      RelayEventKind = iota
	RelayJoined                      // Participant appeared
	RelayLeft                        // Participant went away
	RelayTrackOpened                 // Track can be read
	RelayTrackClosed                 // TrackID is over
	RelayTrackMuted                  // TrackID is muted by its owner
	RelayTrackUnmuted                // TrackID is not muted any more
	RelayInterrupted                 // the connection is being repaired
	RelayRestored                    // and works again
	RelayQuality                     // Participant's network is of Quality, says the relay
)

// RelayEvent is something that happened at the relay.
type RelayEvent struct {
	Kind        RelayEventKind
	Participant string
	TrackID     string
	TrackKind   Kind
	Track       RemoteTrack
	Quality     int // 1 (bad) to 4
}

// RelayStats are figures of one relay connection.
type RelayStats struct {
	BytesSent, BytesReceived uint64 // payload of RTP, sealed
	Expected, Arrived        uint64 // packets of all streams, by their numbers
	RoundTrip                time.Duration
	Connected                time.Duration // how long connecting took
}
