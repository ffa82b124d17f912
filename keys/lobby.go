package keys

import (
	"crypto/ecdh"
	"crypto/hpke"
	"encoding/binary"
	"errors"
	"fmt"
	"unicode/utf8"
)

// MaxPasscode is the longest passcode in bytes.
const MaxPasscode = 64

// knockSize is the length of every knock before sealing, so that the service
// cannot tell a long name or a passcode from a short one.
const knockSize = 512

// Errors of the lobby.
var (
	ErrLobbyKey = errors.New("parse lobby key: want an X25519 key of 32 bytes")
	ErrPasscode = errors.New("seal knock: the passcode is longer than 64 bytes")
	ErrKnock    = errors.New("open knock: not sealed to this meeting by this device, or malformed")
)

// LobbyKey is the host's private X25519 key to which people who knock seal their
// name and passcode, so that the service sees neither.
type LobbyKey struct {
	hidden
	private *hpke.PrivateKey // a pointer to an interface: see DeviceKey
}

// NewLobbyKey makes a key from the system's random source.
func NewLobbyKey() (LobbyKey, error) {
	private, err := hpke.DHKEM(ecdh.X25519()).GenerateKey()
	if err != nil {
		return LobbyKey{}, fmt.Errorf("make lobby key: %w", err)
	}
	return LobbyKey{private: &private}, nil
}

// LobbyKeyFromBytes returns the key that Bytes stored.
func LobbyKeyFromBytes(stored [32]byte) (LobbyKey, error) {
	private, err := hpke.DHKEM(ecdh.X25519()).NewPrivateKey(stored[:])
	if err != nil {
		return LobbyKey{}, ErrLobbyKey
	}
	return LobbyKey{private: &private}, nil
}

// IsZero reports whether there is no key in k.
func (k LobbyKey) IsZero() bool { return k.private == nil }

// Bytes returns the secret itself, for keys/vault alone.
func (k LobbyKey) Bytes() [32]byte {
	raw, err := (*k.private).Bytes()
	if err != nil || len(raw) != 32 {
		panic("keys: an X25519 private key has 32 bytes")
	}
	return [32]byte(raw)
}

// Public returns the key for the meeting's descriptor.
func (k LobbyKey) Public() [32]byte { return [32]byte((*k.private).PublicKey().Bytes()) }

// Knock is what somebody who wants to enter tells the host, and nobody else.
type Knock struct {
	hidden
	Name     NameStatement
	Passcode string
}

// NewKnock returns a knock; a literal with named fields does as well.
func NewKnock(name NameStatement, passcode string) Knock {
	return Knock{Name: name, Passcode: passcode}
}

// SealKnock seals k to the host's lobby key with HPKE (RFC 9180; X25519,
// HKDF-SHA256, AES-256-GCM), bound to the meeting and the knocking device.
func SealKnock(lobby [32]byte, id MeetingID, device PublicKey, k Knock) ([]byte, error) {
	if len(k.Passcode) > MaxPasscode || !utf8.ValidString(k.Passcode) {
		return nil, ErrPasscode
	}
	if k.Name.Device != device {
		return nil, fmt.Errorf("seal knock: the name belongs to another device")
	}
	if err := k.Name.Verify(id); err != nil {
		return nil, fmt.Errorf("seal knock: %w", err)
	}
	public, err := hpke.DHKEM(ecdh.X25519()).NewPublicKey(lobby[:])
	if err != nil {
		return nil, ErrLobbyKey
	}
	sealed, err := hpke.Seal(public, hpke.HKDFSHA256(), hpke.AES256GCM(), knockInfo(lobby, id, device), k.encode())
	if err != nil {
		return nil, fmt.Errorf("seal knock: %w", err)
	}
	return sealed, nil
}

// Open returns the knock that device sealed for meeting id, with its name
// verified. It does not judge the passcode.
func (k LobbyKey) Open(id MeetingID, device PublicKey, sealed []byte) (Knock, error) {
	info := knockInfo(k.Public(), id, device)
	plain, err := hpke.Open(*k.private, hpke.HKDFSHA256(), hpke.AES256GCM(), info, sealed)
	if err != nil {
		return Knock{}, ErrKnock
	}
	knock, err := parseKnock(plain)
	if err != nil || knock.Name.Device != device || knock.Name.Verify(id) != nil {
		return Knock{}, ErrKnock
	}
	return knock, nil
}

func knockInfo(lobby [32]byte, id MeetingID, device PublicKey) []byte {
	info := []byte(signaturePrefix + "knock\x00")
	info = append(info, lobby[:]...)
	info = append(info, id[:]...)
	return append(info, device[:]...)
}

// encode writes two length-prefixed fields and zeros up to knockSize.
func (k Knock) encode() []byte {
	name := k.Name.Encode()
	out := make([]byte, 0, knockSize)
	out = binary.BigEndian.AppendUint16(out, uint16(len(name)))
	out = append(out, name...)
	out = append(out, byte(len(k.Passcode)))
	out = append(out, k.Passcode...)
	return out[:knockSize]
}

func parseKnock(data []byte) (Knock, error) {
	if len(data) != knockSize {
		return Knock{}, ErrKnock
	}
	n := int(binary.BigEndian.Uint16(data))
	if 2+n+1 > len(data) {
		return Knock{}, ErrKnock
	}
	name, err := ParseNameStatement(data[2 : 2+n])
	if err != nil {
		return Knock{}, ErrKnock
	}
	p := int(data[2+n])
	rest := data[2+n+1:]
	if p > MaxPasscode || p > len(rest) || !utf8.Valid(rest[:p]) {
		return Knock{}, ErrKnock
	}
	for _, b := range rest[p:] {
		if b != 0 {
			return Knock{}, ErrKnock
		}
	}
	return Knock{Name: name, Passcode: string(rest[:p])}, nil
}
