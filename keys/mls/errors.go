package mls

import (
	"errors"

	"conclave/keys/mls/internal/framing"
	"conclave/keys/mls/internal/suite"
)

// Errors on which callers branch. Every other refusal is a *RuleError, and where
// one of these has a rule behind it, it is wrapped in one.
var (
	// ErrPastEpoch is returned for a handshake message of an epoch that is
	// over, and for an application message of one that is too long over. A
	// commit of this kind has lost: its sender rebases.
	ErrPastEpoch = errors.New("message is of a past epoch")
	// ErrFutureEpoch is returned for a message of an epoch not reached yet. The
	// commits between are missing.
	ErrFutureEpoch = errors.New("message is of a future epoch")
	// ErrOtherGroup is returned for a message of another group.
	ErrOtherGroup = errors.New("message is of another group")
	// ErrRemoved is returned by a group this client has been removed from.
	ErrRemoved = errors.New("this client was removed from the group")
	// ErrCommitPending is returned when a commit is still waiting for its echo.
	ErrCommitPending = errors.New("a commit of this client is pending")
	// ErrStale is returned when a staged commit belongs to an epoch that is over.
	ErrStale = errors.New("staged commit is not of the present epoch")
	// ErrUnknownProposal is the cause when a commit names a proposal that has
	// not come, or that was refused.
	ErrUnknownProposal = errors.New("proposal not known")
	// ErrOwnMessage is the cause when a member is given an encrypted message of
	// its own, which nobody can open again.
	ErrOwnMessage = framing.ErrOwn
	// ErrSuite is the cause when a cipher suite is not supported.
	ErrSuite = suite.ErrUnknown
	// ErrSigner is returned for a signing key that does not fit the suite.
	ErrSigner = suite.ErrSigner
	// ErrConfig is wrapped by what is wrong with a Config.
	ErrConfig = errors.New("bad configuration")
	// ErrSealed is returned when stored state cannot be opened: the key is
	// another one, or the state was damaged.
	ErrSealed = errors.New("sealed group state cannot be opened")
)
