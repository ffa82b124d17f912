package media

import (
	"slices"
	"sync"
	"time"

	"conclave/keys"
)

// Stats are the figures of a session at one moment.
type Stats struct {
	Started      time.Time
	Connected    time.Time // first connection to the relay; zero before
	Reconnects   int
	Sent         SentStats
	Remotes      []RemoteStats // by key
	Relay        RelayStats
	Unopened     uint64        // frames left unopened: of relay identities without a member, and screens of who does not share
	Up, Down     float64       // bits a second to and from the relay, over the last second
	Lost         float64       // share of packets that did not come from the relay, over the last second
	Out          []StreamStats // own streams
	SpeakerClock bool          // no speaker: a clock plays into nothing, so that levels go on
}

// SentStats count what left this device.
type SentStats struct {
	VideoFrames, KeyFrames, AudioFrames uint64
	VideoBytes, AudioBytes              uint64        // sealed
	Dropped                             uint64        // pictures left out by rate control
	Encoding                            time.Duration // time spent in the video encoder, all of it
	FirstPicture                        time.Time     // when the first picture was sent; zero before
}

// RemoteStats count what came from one member.
type RemoteStats struct {
	Key            keys.PublicKey
	Streams        []StreamStats // that the relay offers of them
	Quality        int           // of their network, 1 (bad) to 4; 0 is unknown
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
	FirstSound     time.Time     // first sound that could be decrypted; zero before
	LastOpened     time.Time     // last frame, of either kind, that could be decrypted
	Pattern        Reading       // newest pattern read from their picture
	PatternsRead   uint64        // how many
	GlassToGlass   time.Duration // median of the last 128 patterns: their clock's capture time to our finished picture
	Level          float64       // loudness of their sound, 0 to 1
	JitterDepth    time.Duration // what the jitter buffer aims at
	Decoding       time.Duration // time spent in the video decoder, all of it
	Painting       time.Duration // time spent scaling and painting, all of it
}

// Refusals count frames that never reached a decoder, by cause.
type Refusals struct {
	NoKey, Forged, Replayed, WrongSender, Malformed uint64
	Undecodable                                     uint64 // opened, but the decoder did not want them
}

// Reading is what a pattern in a picture said.
type Reading struct {
	Number uint32
	Time   time.Time // capture time by the sender's wall clock
	At     time.Time // when it was painted here
}

// delays keeps the newest glass-to-glass times.
type delays struct {
	kept [128]time.Duration
	n    int
}

func (d *delays) add(v time.Duration) {
	d.kept[d.n%len(d.kept)] = v
	d.n++
}

func (d *delays) median() time.Duration {
	if d.n == 0 {
		return 0
	}
	s := slices.Clone(d.kept[:min(d.n, len(d.kept))])
	slices.Sort(s)
	return s[len(s)/2]
}

// sent guards SentStats.
type sent struct {
	mu sync.Mutex
	SentStats
}

func (s *sent) update(f func(*SentStats)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(&s.SentStats)
}

func (s *sent) get() SentStats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.SentStats
}
