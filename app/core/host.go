package core

import (
	"time"

	"conclave/keys"
)

// Rules are what the host lets the others do. The host's client says them in the
// group; every client refuses what they forbid, so a modified sender is not
// heard or seen.
type Rules struct {
	Chat, Share, Rename, Unmute bool // allowed to everybody
	Suspended                   bool // nothing of anybody's is shown, heard or sent
}

// Reaction is a small sign that floats over a tile for a few seconds.
type Reaction uint8

// The reactions.
const (
	ReactionNone Reaction = iota
	ReactionThumb
	ReactionClap
	ReactionHeart
	ReactionLaugh
	ReactionSurprise
	ReactionParty
)

// ReactionTime is how long a reaction is shown.
const ReactionTime = 5 * time.Second

// Figures are the numbers behind a meeting: "statistics for nerds".
type Figures struct {
	At     time.Time
	RTT    time.Duration // to the relay; 0 when unknown
	Lost   float64       // share of packets lost on the way here, 0 to 1
	Up     float64       // bits a second
	Down   float64
	Out    []StreamFigures // own streams
	In     []StreamFigures // the others'
	Suite  string
	Epoch  uint64
	Refuse map[string]uint64 // frames refused, by cause
}

// StreamFigures are those of one picture or sound.
type StreamFigures struct {
	Person        keys.PublicKey
	Stream        Stream
	Audio         bool
	Width, Height int
	FPS           float64
	Bits          float64 // a second
	Codec         string
	Delay         time.Duration // decoded to shown; 0 when unknown
}

// The intents of meeting hygiene. All but React, LowerHand of oneself and
// Rename of oneself are the host's.
type (
	// React shows a reaction to everybody.
	React struct{ Reaction Reaction }
	// MutePerson mutes a member; they may unmute themselves if the rules allow.
	MutePerson struct{ Person keys.PublicKey }
	// MuteAll mutes everybody but oneself.
	MuteAll struct{}
	// StopShare ends a member's screen sharing.
	StopShare struct{ Person keys.PublicKey }
	// StopCamera ends a member's picture.
	StopCamera struct{ Person keys.PublicKey }
	// LowerHand lowers a member's hand; the zero key lowers all.
	LowerHand struct{ Person keys.PublicKey }
	// Rename changes one's own name in this meeting.
	Rename struct{ Name string }
	// SetRules says what the others may do.
	SetRules struct{ Rules Rules }
	// LetSpeak lets a member switch on again what the host stopped, and speak
	// although the rules let nobody unmute. They do it themselves: nobody's
	// microphone is switched on from afar.
	LetSpeak struct{ Person keys.PublicKey }
	// AdmitVerified lets in everybody who waits and is verified.
	AdmitVerified struct{}
)

func (React) intent()         {}
func (MutePerson) intent()    {}
func (MuteAll) intent()       {}
func (StopShare) intent()     {}
func (StopCamera) intent()    {}
func (LowerHand) intent()     {}
func (Rename) intent()        {}
func (SetRules) intent()      {}
func (AdmitVerified) intent() {}
func (LetSpeak) intent()      {}

// The notices of meeting hygiene; Name is the host's.
const (
	NoticeMuted         NoticeCode = "muted-by-host"
	NoticeCameraStopped NoticeCode = "camera-stopped-by-host"
	NoticeShareStopped  NoticeCode = "share-stopped-by-host"
	NoticeSuspended     NoticeCode = "suspended-by-host"
	NoticeResumed       NoticeCode = "resumed-by-host"
	NoticeNotAllowed    NoticeCode = "not-allowed-by-host" // what was wished
)
