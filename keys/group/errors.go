package group

import "errors"

// Errors on which callers branch. All come wrapped; use errors.Is.
var (
	// ErrStale: the message belongs to an epoch that is over. A commit of this
	// device that comes to this has lost: Discard, look again, commit again.
	ErrStale = errors.New("it belongs to an epoch that is over")
	// ErrFuture: the message belongs to an epoch that has not begun here; commits
	// between are missing. Ask the service to resume.
	ErrFuture = errors.New("it belongs to an epoch that has not begun here")
	// ErrInvalid: the message is malformed, forged or breaks a rule of MLS.
	ErrInvalid = errors.New("it is malformed or not genuine")
	// ErrForbidden: the message is genuine and breaks a rule of the meeting. Its
	// sender, or the service, is up to something; show it. A *ForbiddenError.
	ErrForbidden = errors.New("it breaks a rule of the meeting")
	// ErrRemoved: this device is no longer in the group.
	ErrRemoved = errors.New("this device was removed from the meeting")
	// ErrPending: a commit of this device is still staged.
	ErrPending = errors.New("a commit of this device is staged")
	// ErrOtherMeeting: the message or descriptor belongs to another meeting.
	ErrOtherMeeting = errors.New("it belongs to another meeting")
	// ErrUsed: the key package has been used. Prepare another one.
	ErrUsed = errors.New("its key package has been used")
	// ErrSuite: the meeting's cipher suite is not supported by this version.
	ErrSuite = errors.New("the meeting's cipher suite is not supported")
	// ErrMode: the meeting has no frame keys, because its media is not end-to-end
	// encrypted.
	ErrMode = errors.New("the meeting is not end-to-end encrypted")
	// ErrNotMember: the device is not in the group.
	ErrNotMember = errors.New("the device is not in the meeting")
	// ErrPassport: what was to be this device's credential is no passport of it.
	ErrPassport = errors.New("it is no passport of this device")
	// ErrFull: the group has as many members as frame keys can name.
	ErrFull = errors.New("the meeting is full")
	// ErrClosed: Close was called.
	ErrClosed = errors.New("the group is closed")
)

// Why says which rule of the meeting was broken. The texts are for logs.
type Why string

// The rules of a meeting.
const (
	AddNotByHost     Why = "somebody who is not the host tried to add a member"
	AddNotAdmitted   Why = "a member was to be added without the host's signed admission"
	AddTwice         Why = "a device was to be added that is in the meeting already"
	RemoveNotAllowed Why = "a member was to be removed who has not left, by somebody who is not the host"
	OutsideCommit    Why = "somebody tried to enter from outside"
	OtherProposal    Why = "something else about the group was to be changed"
	BadCredential    Why = "a member's credential is neither its device key nor a passport of it"
	SenderLeft       Why = "the sender has left the meeting"
)

// ForbiddenError is what errors.As finds behind ErrForbidden.
type ForbiddenError struct {
	Why Why
	By  Member // who sent it, when that is known
}

// Error names the rule.
func (e *ForbiddenError) Error() string { return string(e.Why) }

// Is reports whether target is ErrForbidden.
func (e *ForbiddenError) Is(target error) bool { return target == ErrForbidden }
