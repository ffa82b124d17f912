package call

import (
	"conclave/call/wire"
	"conclave/keys"
)

// Event is something that happened. Each names its source.
type Event interface{ event() }

// Events of the person.
type (
	// Create: start a meeting here, with the descriptor that the runner signed.
	Create struct {
		Sealed keys.SignedDescriptor
		About  keys.Descriptor
		Name   keys.NameStatement
		Most   int // people that policy lets this host have; 0 is unlimited
	}
	// Join: knock at a meeting whose id the link gave.
	Join struct {
		Meeting keys.MeetingID
		Name    keys.NameStatement
	}
	// Leave this meeting; it goes on for others.
	Leave struct{}
	// EndAll ends the meeting for everybody; hosts only.
	EndAll struct{}
	// Admit lets tickets in; none given means all who wait. Hosts only.
	Admit struct{ Tickets []wire.Ticket }
	// Refuse sends one away. Hosts only.
	Refuse struct{ Ticket wire.Ticket }
	// Remove takes a member out. Hosts only.
	Remove struct{ Person keys.PublicKey }
	// Lock sets the door. Hosts only.
	Lock struct{ Locked bool }
	// Chat sends a line.
	Chat struct{ Text string }
	// SetRules says what the others may do. Hosts only.
	SetRules struct{ Rules Rules }
	// StopStreams ends streams of a member, or of everybody else for the zero
	// key. Hosts only.
	StopStreams struct {
		Person keys.PublicKey
		Kinds  Kinds
	}
	// LetSpeak lets a member start again what was stopped, and speak although
	// nobody may unmute. Hosts only.
	LetSpeak struct{ Person keys.PublicKey }
	// LowerHand lowers the own hand, or as host that of another; everybody's
	// for the zero key.
	LowerHand struct{ Person keys.PublicKey }
	// ShowReaction shows a reaction to everybody.
	ShowReaction struct{ Reaction Reaction }
	// Rename changes the own name; its sequence is higher than that of
	// State.Name and State.NewName.
	Rename struct{ Name keys.NameStatement }
	// Wish changes the media wishes.
	Wish struct{ Wants Wants }
	// Judge is the person's word on the code of an epoch.
	Judge struct {
		Epoch   uint64
		Matches bool
	}
)

// Events of the link.
type (
	// LinkReady: dialled and greeted.
	LinkReady struct{}
	// LinkFailed: dialling failed, or the link broke. Final means that trying
	// again cannot help; Why says so to the person.
	LinkFailed struct {
		Final bool
		Why   EndReason
	}
	// FromService is a message of the service.
	FromService struct{ Message wire.Message }
)

// Events of the keys, made by the runner.
type (
	// KnockSealed: the key package and the sealed knock are made.
	KnockSealed struct{ KeyPackage, Sealed []byte }
	// KnockOpened: a knock was opened with the lobby key.
	KnockOpened struct {
		Ticket     wire.Ticket
		Device     keys.PublicKey
		KeyPackage []byte
		Name       keys.NameStatement
		Passcode   bool // right, or none is asked
		Passport   []byte
		Proof      Proof // what Passport proves; zero keeps them out
		Broken     bool  // it could not be opened or does not fit its device
	}
	// EpochReady: the group is at Epoch with these members.
	EpochReady struct {
		Epoch          uint64
		By             keys.PublicKey
		Members        []Member
		Added, Removed []keys.PublicKey
		Code           keys.Code
		Roster         [32]byte
		SelfRemoved    bool
	}
	// KeyFault: the group refused what the service delivered.
	KeyFault struct{ Fault Fault }
	// Heard: a member's payload was opened in Epoch.
	Heard struct {
		From    keys.PublicKey
		Epoch   uint64
		Payload Payload
	}
	// Echoed: the service ordered what was said here under Ref.
	Echoed struct{ Ref uint32 }
	// CommitFailed: a commit could not be made.
	CommitFailed struct{ Ref uint32 }
)

// Member is a leaf of the group.
type Member struct {
	Key      keys.PublicKey
	Leaf     uint32
	Passport PassportHash // the credential in the leaf
}

// Events of the media session.
type (
	// MediaUp: connected to the relay.
	MediaUp struct{}
	// MediaStalling: nothing arrives any more.
	MediaStalling struct{}
	// MediaRestart: the connection is being made anew.
	MediaRestart struct{}
	// StrangersSeen: this many relay participants are not members.
	StrangersSeen struct{ Count int }
)

// Timer names a timer of the machine; at most one of each name runs.
type Timer uint8

// The timers.
const (
	TimerDial Timer = iota
	TimerRetry
	TimerSwitch
	TimerCommit
	TimerHeartbeat
	TimerStranger
	TimerSecure
	TimerLeave
	TimerReaction
	timerCount
)

// Fired: a timer ran out. An old generation is ignored.
type Fired struct {
	Timer      Timer
	Generation uint32
}

func (Create) event()        {}
func (Join) event()          {}
func (Leave) event()         {}
func (EndAll) event()        {}
func (Admit) event()         {}
func (Refuse) event()        {}
func (Remove) event()        {}
func (Lock) event()          {}
func (Chat) event()          {}
func (Wish) event()          {}
func (SetRules) event()      {}
func (StopStreams) event()   {}
func (LetSpeak) event()      {}
func (LowerHand) event()     {}
func (ShowReaction) event()  {}
func (Rename) event()        {}
func (Judge) event()         {}
func (LinkReady) event()     {}
func (LinkFailed) event()    {}
func (FromService) event()   {}
func (KnockSealed) event()   {}
func (KnockOpened) event()   {}
func (EpochReady) event()    {}
func (KeyFault) event()      {}
func (Heard) event()         {}
func (Echoed) event()        {}
func (CommitFailed) event()  {}
func (MediaUp) event()       {}
func (MediaStalling) event() {}
func (MediaRestart) event()  {}
func (StrangersSeen) event() {}
func (Fired) event()         {}
