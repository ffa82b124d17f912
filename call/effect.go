package call

import (
	"time"

	"conclave/call/wire"
	"conclave/keys"
)

// Effect is something to do. The runner carries effects out in order.
type Effect interface{ effect() }

// Effects on the link.
type (
	// Dial the service; answered by LinkReady or LinkFailed.
	Dial struct{}
	// HangUp closes the link, if any.
	HangUp struct{}
	// Send a message on the link; lost silently when there is none.
	Send struct{ Message wire.Message }
)

// Effects on the keys.
type (
	// CreateGroup makes the group; answered by EpochReady.
	CreateGroup struct{}
	// SealKnock makes a key package and a sealed knock; answered by KnockSealed.
	SealKnock struct{}
	// OpenKnock opens a knock; answered by KnockOpened.
	OpenKnock struct{ Knocking wire.Knocking }
	// JoinGroup joins from a Welcome; answered by EpochReady or KeyFault.
	JoinGroup struct{ Welcome []byte }
	// OpenCommit handles an ordered commit; answered by EpochReady or KeyFault.
	OpenCommit struct{ Ordered wire.Ordered }
	// OpenSaid handles an ordered application message; answered by Heard,
	// Echoed for one said here, or KeyFault.
	OpenSaid struct{ Said wire.Said }
	// MakeCommit builds a commit and sends it under Ref. The passport of
	// State.Mine becomes this device's credential with it.
	MakeCommit struct {
		Ref     uint32
		Adds    []Knocker
		Removes []keys.PublicKey
	}
	// DropCommit forgets the commit that lost.
	DropCommit struct{}
	// Departed allows the removal of a member by anybody.
	Departed struct{ Person keys.PublicKey }
	// Returned takes Departed back.
	Returned struct{ Person keys.PublicKey }
	// Say seals a payload and sends it under Ref.
	Say struct {
		Ref     uint32
		Payload Payload
	}
	// SwitchKeys makes sending use Epoch; at the next key frame unless Now.
	SwitchKeys struct {
		Epoch uint64
		Now   bool
	}
	// Wipe destroys every key of the meeting.
	Wipe struct{}
)

// Effects on the media.
type (
	// StartMedia connects to the relay.
	StartMedia struct{ URL, Token string }
	// StopMedia disconnects and releases the devices.
	StopMedia struct{}
)

// Effects on time and the screen.
type (
	// Arm starts a timer, in place of one of the same name.
	Arm struct {
		Timer      Timer
		Generation uint32
		After      time.Duration
	}
	// Disarm stops a timer.
	Disarm struct{ Timer Timer }
	// Tell shows a notice. Name is a person's display name or "".
	Tell struct {
		Notice Notice
		Name   string
	}
)

// Notice is something to tell the person once.
type Notice uint8

// The notices of a meeting.
const (
	NoticeServiceGone Notice = iota + 1
	NoticeFork
	NoticeForged
	NoticeForbidden
	NoticeStranger
	NoticeUnheard
	NoticeChatFailed
	NoticeRenamed
	NoticeTooFast
	NoticeInternal
	NoticeMuted         // by the host, Name; as are the next ones
	NoticeCameraStopped //
	NoticeShareStopped  //
	NoticeSuspended     // everything
	NoticeResumed       //
	NoticeFalsePassport // what a member shows does not hold, Name
	NoticeAgainstPolicy // a member whom the policy does not let in, Name
	NoticeNotAllowed    // the host's rules forbid what was wished
)

func (Dial) effect()        {}
func (HangUp) effect()      {}
func (Send) effect()        {}
func (CreateGroup) effect() {}
func (SealKnock) effect()   {}
func (OpenKnock) effect()   {}
func (JoinGroup) effect()   {}
func (OpenCommit) effect()  {}
func (OpenSaid) effect()    {}
func (MakeCommit) effect()  {}
func (DropCommit) effect()  {}
func (Departed) effect()    {}
func (Returned) effect()    {}
func (Say) effect()         {}
func (SwitchKeys) effect()  {}
func (Wipe) effect()        {}
func (StartMedia) effect()  {}
func (StopMedia) effect()   {}
func (Arm) effect()         {}
func (Disarm) effect()      {}
func (Tell) effect()        {}
