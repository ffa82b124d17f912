package keys

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"errors"
)

// Errors of the parsers in this file.
var (
	ErrMode      = errors.New(`parse mode: want "e2ee" or "transport"`)
	ErrMeetingID = errors.New("parse meeting id: want 52 characters of base32")
)

// Mode says who can read a meeting's media. It is part of the meeting's identity:
// a meeting with another mode is another meeting.
type Mode uint8

const (
	// ModeE2EE seals every frame with keys that only the members hold.
	ModeE2EE Mode = 1
	// ModeTransport protects media between device and relay only: the relay
	// can read it, and the app says so.
	ModeTransport Mode = 2
)

// ParseMode reads "e2ee" or "transport".
func ParseMode(s string) (Mode, error) {
	switch s {
	case "e2ee":
		return ModeE2EE, nil
	case "transport":
		return ModeTransport, nil
	}
	return 0, ErrMode
}

// String returns "e2ee", "transport" or "unknown".
func (m Mode) String() string {
	switch m {
	case ModeE2EE:
		return "e2ee"
	case ModeTransport:
		return "transport"
	}
	return "unknown"
}

// IsValid reports whether m is one of the modes above.
func (m Mode) IsValid() bool { return m == ModeE2EE || m == ModeTransport }

// MarshalText writes the form of String; it refuses an invalid mode.
func (m Mode) MarshalText() ([]byte, error) {
	if !m.IsValid() {
		return nil, ErrMode
	}
	return []byte(m.String()), nil
}

// UnmarshalText reads the form of String.
func (m *Mode) UnmarshalText(text []byte) error {
	parsed, err := ParseMode(string(text))
	if err != nil {
		return err
	}
	*m = parsed
	return nil
}

// MeetingID names a meeting: the hash of its descriptor. Whoever has it can knock.
type MeetingID [32]byte

// meetingIDLength is the length of a MeetingID as text.
const meetingIDLength = 52

var meetingIDEncoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// ParseMeetingID reads the form that MeetingID.String writes, and no other.
func ParseMeetingID(s string) (MeetingID, error) {
	var id MeetingID
	if len(s) != meetingIDLength {
		return MeetingID{}, ErrMeetingID
	}
	raw, err := meetingIDEncoding.DecodeString(s)
	if err != nil || len(raw) != len(id) {
		return MeetingID{}, ErrMeetingID
	}
	copy(id[:], raw)
	if id.String() != s { // the last character has four unused bits
		return MeetingID{}, ErrMeetingID
	}
	return id, nil
}

// String returns the identifier in lower-case base32 without padding, 52 characters.
func (id MeetingID) String() string { return meetingIDEncoding.EncodeToString(id[:]) }

// IsZero reports whether id is the zero value, which names no meeting.
func (id MeetingID) IsZero() bool { return id == MeetingID{} }

// MarshalText writes the form of String.
func (id MeetingID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText reads the form of String.
func (id *MeetingID) UnmarshalText(text []byte) error {
	parsed, err := ParseMeetingID(string(text))
	if err != nil {
		return err
	}
	*id = parsed
	return nil
}

// RelayRoom returns the name under which the relay knows the meeting. It is
// computed from the identifier, so that no client believes the service about it.
func RelayRoom(id MeetingID) string {
	sum := sha256.Sum256(append([]byte(signaturePrefix+"relay room\x00"), id[:]...))
	return "r" + hex.EncodeToString(sum[:16])
}

// RelayIdentity returns the opaque name of a device at the relay: one per meeting,
// without a link to the same device in another meeting for those who do not know
// its key. Every client computes the mapping itself.
func RelayIdentity(id MeetingID, device PublicKey) string {
	msg := append([]byte(signaturePrefix+"relay identity\x00"), id[:]...)
	sum := sha256.Sum256(append(msg, device[:]...))
	return "p" + hex.EncodeToString(sum[:16])
}
