package keys

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"time"
)

// DescriptorVersion is the only version of Descriptor that is read: version 2
// has what the host demands of those who join, which an older app would not
// enforce.
const DescriptorVersion = 2

// descriptorFixed is the length of an encoded descriptor whose host demands no
// organisation: version, mode, suite, host, lobby key, passcode flag, policy
// hash, creation time, nonce, demand flag, length of the organisation.
const descriptorFixed = 1 + 1 + 2 + 32 + 32 + 1 + 32 + 8 + 16 + 1 + 1

const contextDescriptor = "descriptor"

// Errors of ParseDescriptor and SignedDescriptor.Verify.
var (
	ErrDescriptor          = errors.New("parse meeting descriptor: malformed")
	ErrDescriptorVersion   = errors.New("parse meeting descriptor: made by another version of the app")
	ErrDescriptorMeeting   = errors.New("verify meeting descriptor: it belongs to another meeting")
	ErrDescriptorSignature = errors.New("verify meeting descriptor: the host has not signed it")
)

// Descriptor says what a meeting is. It never changes: its hash is the meeting's
// identifier, so that whoever has a link knows the mode and the host and cannot
// be told anything else by the service.
type Descriptor struct {
	Version    uint8     // DescriptorVersion
	Mode       Mode      // who can read the media
	Suite      uint16    // MLS cipher suite of the group
	Host       PublicKey // the only device that admits and removes
	LobbyKey   [32]byte  // X25519 key to which knocks are sealed (HPKE)
	Passcode   bool      // the host asks for a passcode in the knock
	PolicyHash [32]byte  // hash of the terms (keys/policy); zero where there is no policy
	Created    time.Time // whole seconds, UTC
	Nonce      [16]byte  // makes two meetings of one host differ
	Demand     Demand    // what the host asks of those who join, beyond policy
}

// NewDescriptor returns a descriptor with a fresh nonce and created rounded down
// to the second. The caller sets Passcode, PolicyHash and Demand before signing.
func NewDescriptor(mode Mode, suite uint16, host PublicKey, lobby [32]byte, created time.Time) (Descriptor, error) {
	if !mode.IsValid() {
		return Descriptor{}, fmt.Errorf("make meeting descriptor: %w", ErrMode)
	}
	d := Descriptor{
		Version: DescriptorVersion, Mode: mode, Suite: suite, Host: host, LobbyKey: lobby,
		Created: time.Unix(created.Unix(), 0).UTC(),
	}
	if _, err := rand.Read(d.Nonce[:]); err != nil {
		return Descriptor{}, fmt.Errorf("make meeting descriptor: %w", err)
	}
	return d, nil
}

// Encode returns the one encoding of d: fields in order, big endian, 127 bytes
// and those of the demanded organisation's domain.
func (d Descriptor) Encode() []byte {
	out := make([]byte, 0, descriptorFixed+len(d.Demand.Organisation))
	out = append(out, d.Version, byte(d.Mode))
	out = binary.BigEndian.AppendUint16(out, d.Suite)
	out = append(out, d.Host[:]...)
	out = append(out, d.LobbyKey[:]...)
	out = append(out, flag(d.Passcode))
	out = append(out, d.PolicyHash[:]...)
	out = binary.BigEndian.AppendUint64(out, uint64(d.Created.Unix()))
	out = append(out, d.Nonce[:]...)
	organisation := d.Demand.Organisation[:min(len(d.Demand.Organisation), maxIssuer)]
	out = append(out, flag(d.Demand.Verified), byte(len(organisation)))
	return append(out, organisation...)
}

func flag(set bool) byte {
	if set {
		return 1
	}
	return 0
}

// maxCreated keeps creation times within what time.Time prints (year 9999).
const maxCreated = 253402300799

// ParseDescriptor reads what Encode writes, and no other bytes.
func ParseDescriptor(data []byte) (Descriptor, error) {
	if len(data) > 0 && data[0] != DescriptorVersion {
		return Descriptor{}, ErrDescriptorVersion
	}
	if len(data) < descriptorFixed || len(data) != descriptorFixed+int(data[descriptorFixed-1]) {
		return Descriptor{}, ErrDescriptor
	}
	d := Descriptor{Version: data[0], Mode: Mode(data[1]), Suite: binary.BigEndian.Uint16(data[2:])}
	rest := data[4:]
	rest = rest[copy(d.Host[:], rest):]
	rest = rest[copy(d.LobbyKey[:], rest):]
	flag := rest[0]
	rest = rest[1:]
	rest = rest[copy(d.PolicyHash[:], rest):]
	created := binary.BigEndian.Uint64(rest)
	rest = rest[8:]
	rest = rest[copy(d.Nonce[:], rest):]
	d.Demand = Demand{Verified: rest[0] == 1, Organisation: string(rest[2:])}
	if !d.Mode.IsValid() || flag > 1 || created > maxCreated || rest[0] > 1 || d.Demand.Check() != nil {
		return Descriptor{}, ErrDescriptor
	}
	d.Passcode = flag == 1
	d.Created = time.Unix(int64(created), 0).UTC()
	return d, nil
}

// ID returns the meeting's identifier: SHA-256 over a label and the encoding.
func (d Descriptor) ID() MeetingID { return meetingID(d.Encode()) }

func meetingID(encoded []byte) MeetingID {
	return sha256.Sum256(append([]byte(signaturePrefix+"meeting\x00"), encoded...))
}

// SignedDescriptor is a descriptor with the host's signature, as the service
// keeps it and hands it out.
type SignedDescriptor struct {
	Encoded   []byte `json:"encoded"`
	Signature []byte `json:"signature"`
}

// SignDescriptor signs d, whose Host must be this device.
func (k DeviceKey) SignDescriptor(d Descriptor) SignedDescriptor {
	encoded := d.Encode()
	return SignedDescriptor{Encoded: encoded, Signature: k.Sign(contextDescriptor, encoded)}
}

// Verify returns the descriptor when it is that of meeting want and the host
// named inside signed it. want comes from the link, never from the service.
func (s SignedDescriptor) Verify(want MeetingID) (Descriptor, error) {
	d, err := ParseDescriptor(s.Encoded)
	if err != nil {
		return Descriptor{}, err
	}
	if meetingID(s.Encoded) != want {
		return Descriptor{}, ErrDescriptorMeeting
	}
	if !Verify(d.Host, contextDescriptor, s.Encoded, s.Signature) {
		return Descriptor{}, ErrDescriptorSignature
	}
	return d, nil
}
