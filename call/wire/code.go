package wire

import (
	"fmt"
	"log/slog"
	"slices"

	"conclave/keys"
)

// Code says why a request failed. The list is closed, and no code tells more
// than the client may know.
type Code string

// The codes, with what a client does about each.
const (
	// CodeStale: another message was ordered first; handle it, rebase, retry.
	CodeStale Code = "stale"
	// CodeNotFound: no such meeting, or no such ticket.
	CodeNotFound Code = "not-found"
	// CodeNotHost: only the host's device may do this.
	CodeNotHost Code = "not-host"
	// CodeNotSeated: the device has no seat (or no place) in the meeting.
	CodeNotSeated Code = "not-seated"
	// CodeLocked: the lobby is closed.
	CodeLocked Code = "locked"
	// CodeFull: lobby, meeting, or this device's number of meetings is full.
	CodeFull Code = "full"
	// CodeBadRequest: the message is malformed or out of order: a bug.
	CodeBadRequest Code = "bad-request"
	// CodeTooLarge: the message is longer than its type allows.
	CodeTooLarge Code = "too-large"
	// CodeTooFast: over the rate limit; slow down and retry.
	CodeTooFast Code = "too-fast"
	// CodeVersion: the service does not speak this version.
	CodeVersion Code = "version"
	// CodeBusy: the service has no room for more; try later.
	CodeBusy Code = "busy"
	// CodeInternal: a fault of the service; retry after reconnecting.
	CodeInternal Code = "internal"
	// CodeResync: what the client missed is no longer kept; knock again.
	CodeResync Code = "resync"
	// CodeEnded: the meeting is over.
	CodeEnded Code = "ended"
)

// Codes lists every code.
func Codes() []Code {
	return []Code{
		CodeStale, CodeNotFound, CodeNotHost, CodeNotSeated, CodeLocked, CodeFull,
		CodeBadRequest, CodeTooLarge, CodeTooFast, CodeVersion, CodeBusy,
		CodeInternal, CodeResync, CodeEnded,
	}
}

// Error makes a code an error, so that callers can branch with errors.Is.
func (c Code) Error() string { return "service answered " + string(c) }

func (c Code) check() error { return listed("code", c, Codes()) }

// Reason says why a knock was turned away.
type Reason string

// The reasons. A host's device sends the first two, the service all of them.
const (
	ReasonRefused  Reason = "refused"
	ReasonPasscode Reason = "passcode"
	ReasonLocked   Reason = "locked"
	ReasonFull     Reason = "full"
	ReasonEnded    Reason = "ended"
)

// Reasons lists every reason.
func Reasons() []Reason {
	return []Reason{ReasonRefused, ReasonPasscode, ReasonLocked, ReasonFull, ReasonEnded}
}

func (r Reason) check() error { return listed("reason", r, Reasons()) }

// EndReason says why a meeting is over.
type EndReason string

const (
	// EndHost: the host ended it.
	EndHost EndReason = "host"
	// EndEmpty: everybody left, or nobody was connected for too long.
	EndEmpty EndReason = "empty"
	// EndExpired: it reached the service's longest duration.
	EndExpired EndReason = "expired"
)

// EndReasons lists every end reason.
func EndReasons() []EndReason { return []EndReason{EndHost, EndEmpty, EndExpired} }

func (r EndReason) check() error { return listed("reason", r, EndReasons()) }

// Token is a credential: it prints as [hidden] in every format and log, and as
// itself only on the wire.
type Token string

// Reveal returns the token for the client that dials with it.
func (t Token) Reveal() string { return string(t) }

// Format implements fmt.Formatter.
func (Token) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("[hidden]")) }

// LogValue implements slog.LogValuer.
func (Token) LogValue() slog.Value { return slog.StringValue("[hidden]") }

// FieldError says which field of a message breaks a rule. It never repeats the
// field's value.
type FieldError struct {
	Field, Rule string
}

func (e *FieldError) Error() string { return "field " + e.Field + " " + e.Rule }

func fault(field, rule string) error { return &FieldError{field, rule} }

func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func device(field string, k keys.PublicKey) error {
	if k == (keys.PublicKey{}) {
		return fault(field, "is empty")
	}
	return nil
}

func meeting(id keys.MeetingID) error {
	if id == (keys.MeetingID{}) {
		return fault("meeting", "is empty")
	}
	return nil
}

func reference(ref uint32) error { return positive("ref", uint64(ref)) }

func positive(field string, n uint64) error {
	if n == 0 {
		return fault(field, "must be positive")
	}
	return nil
}

func size(field string, b []byte, least, most int) error {
	if len(b) < least {
		return fault(field, "is too short")
	}
	if len(b) > most {
		return fault(field, "is too long")
	}
	return nil
}

func listed[T comparable](field string, v T, list []T) error {
	if !slices.Contains(list, v) {
		return fault(field, "is not in its list")
	}
	return nil
}

// distinct refuses zero values, repetitions and lists that are too long.
func distinct[T comparable](field string, list []T) error {
	if len(list) > MaxChanges {
		return fault(field, "has too many entries")
	}
	var zero T
	seen := make(map[T]bool, len(list))
	for _, v := range list {
		if v == zero || seen[v] {
			return fault(field, "has an empty or repeated entry")
		}
		seen[v] = true
	}
	return nil
}
