package media

import (
	"context"
	"time"

	"conclave/call/frame"
	"conclave/keys"
)

// Member is somebody in the meeting's group: their device key and their leaf
// in the tree, with which their frames are sealed.
type Member struct {
	Key  keys.PublicKey
	Leaf uint32
}

// Wants is what the person wishes to send. A Session makes it so and checks
// every second that it still is.
type Wants struct {
	Mic, Camera, Share bool
}

// SessionConfig is what a Session is made of. Mode, Meeting, Self, Dial and
// Codecs must be set.
type SessionConfig struct {
	Mode    keys.Mode
	Meeting keys.MeetingID
	Self    keys.PublicKey
	// Ring seals and opens frames. It must be set in E2EE mode and must not be
	// in transport mode.
	Ring *frame.Ring
	// Dial connects to the relay. It is called again, with a back-off, when a
	// connection is over.
	Dial func(context.Context) (Relay, error)
	// Video, Screen, Audio and Speaker open devices. A nil one is a device
	// that is missing. They are called again while a device is wanted and
	// failed before.
	Video, Screen func() (VideoSource, error)
	Audio         func() (AudioSource, error)
	Speaker       func() (AudioSink, error)
	Codecs        Codecs
	// Format is the size and rate of the camera's picture on the wire;
	// 640x360, 30 pictures a second and 350 kbit/s when zero.
	Format VideoFormat
	// ReadPatterns makes the session look for the machine-readable pattern in
	// every picture it decodes, for RemoteStats.Pattern and GlassToGlass. It
	// costs about 0.1 ms a picture.
	ReadPatterns bool
	// Now is the wall clock; time.Now when nil.
	Now func() time.Time
}

// TileState says what a tile shows instead of, or with, a picture.
type TileState uint8

// The states of a tile.
const (
	TileUnknown       TileState = iota
	TileConnecting              // no track of theirs has arrived
	TileLive                    // pictures arrive and open
	TileCameraOff               // they send no picture
	TileWaitingForKey           // pictures arrive, sealed with a key that this device does not have yet
	TileCannotDecrypt           // pictures arrive that are not theirs, or are damaged
	TileWeak                    // pictures stopped arriving
)

// EventKind says what happened in a session.
type EventKind uint8

// What happens in a session.
const (
	EventUnknown    EventKind = iota
	EventFlowing              // connected to the relay
	EventStalled              // the relay connection broke; it is being restored. Err says why
	EventDeviceLost           // Device gives nothing. Err wraps ErrDeviceMissing, ErrDeviceBusy or ErrDeviceLost
	EventDeviceBack           // Device works
	EventSpeaking             // Key speaks with Level, 0 to 1; 0 when they stopped
	EventTileState            // Key's tile is in State
	EventStrangers            // Strangers are the relay identities without a member; empty when there are none any more
	EventFirstFrame           // Key's first picture was decoded
)

// DeviceKind names a device.
type DeviceKind uint8

// The kinds of device.
const (
	DeviceUnknown DeviceKind = iota
	DeviceCamera
	DeviceMicrophone
	DeviceSpeaker
	DeviceScreen
)

// Event is something that happened in a session.
type Event struct {
	Kind      EventKind
	Key       keys.PublicKey
	Device    DeviceKind
	State     TileState
	Level     float64
	Strangers []string
	Err       error
}

// Session is one meeting's media. All methods may be called from several
// goroutines.
type Session struct {
	cfg SessionConfig
}

// NewSession starts a session that is connected to nothing wanted yet: it
// dials the relay at once and sends when SetSending(true) and SetWants say so.
func NewSession(cfg SessionConfig) *Session { return &Session{cfg: cfg} }

// SetMembers says who is in the group.
func (s *Session) SetMembers([]Member) {}

// SetWants says what the person wishes to send.
func (s *Session) SetWants(Wants) {}

// SetSending allows or forbids that anything leaves this device, whatever the
// wants. False holds at once: when it returns, no further frame is sent.
func (s *Session) SetSending(bool) {}

// RequestKeyFrame makes the next picture of ours a key frame, which a switch
// of keys at a key frame waits for.
func (s *Session) RequestKeyFrame() {}

// Tile is the picture of a member; Self's is the preview of the own camera.
func (s *Session) Tile(keys.PublicKey) *Tile { return nil }

// Events delivers what happens. When nobody reads, older events of the same
// kind and key are replaced by newer ones. It is closed by Close.
func (s *Session) Events() <-chan Event { return nil }

// Strangers are the relay identities in the room that belong to no member.
func (s *Session) Strangers() []string { return nil }

// Stats are the figures of this moment.
func (s *Session) Stats() Stats { return Stats{} }

// Close ends the session and returns when none of its goroutines is left.
func (s *Session) Close() {}

// Stats are the figures of a session at one moment.
type Stats struct {
	Started      time.Time
	Connected    time.Time // first connection to the relay; zero before
	Reconnects   int
	Sent         SentStats
	Remotes      []RemoteStats // by key
	Relay        RelayStats
	Unsubscribed int // tracks of strangers that were left unopened
}

// SentStats count what left this device.
type SentStats struct {
	VideoFrames, KeyFrames, AudioFrames uint64
	VideoBytes, AudioBytes              uint64        // sealed
	Dropped                             uint64        // pictures left out by rate control or because sending is off
	EncodeTime                          time.Duration // all of it
}

// RemoteStats count what came from one member.
type RemoteStats struct {
	Key            keys.PublicKey
	State          TileState
	VideoReceived  uint64 // whole frames that arrived
	VideoOpened    uint64
	VideoDecoded   uint64
	AudioReceived  uint64
	AudioOpened    uint64
	AudioLost      uint64 // packets that had to be recovered or concealed
	AudioRecovered uint64 // of them, by in-band FEC
	Bytes          uint64 // sealed
	Refused        Refusals
	FirstPicture   time.Time     // first decoded picture; zero before
	FirstSound     time.Time     // first decoded sound; zero before
	LastOpened     time.Time     // last frame, of either kind, that could be decrypted
	Pattern        Reading       // newest pattern read from their picture
	GlassToGlass   time.Duration // median of the last 128 patterns: their clock's capture time to our tile
	Level          float64       // loudness of their sound, 0 to 1
	Jitter         time.Duration // depth of the jitter buffer now
}

// Refusals count frames that never reached a decoder, by cause.
type Refusals struct {
	NoKey, Forged, Replayed, WrongSender, Malformed, Undecodable uint64
}

// Reading is what a pattern in a picture said.
type Reading struct {
	Number uint32
	Time   time.Time // capture time by the sender's wall clock
	At     time.Time // when it was painted here
}
