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

// knockSizes are the lengths of knocks before sealing: the shortest that holds
// the knock is filled up with zeros, so that the service cannot tell a long name
// or a passcode from a short one. Whoever shows no passport sends the first.
var knockSizes = [...]int{512, 4 << 10, 8 << 10, 16 << 10, 24 << 10}

// Errors of the lobby.
var (
	ErrLobbyKey = errors.New("parse lobby key: want an X25519 key of 32 bytes")
	ErrPasscode = errors.New("seal knock: the passcode is longer than 64 bytes")
	ErrKnock    = errors.New("open knock: not sealed to this meeting by this device, or malformed")
)

// LobbyKey is the host's private X25519 key to which people who knock seal their
// name, passcode and passport, so that the service sees neither.
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
	Passport []byte // a PassportBundle, encoded; nil for a guest
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
	if len(k.Passport) > MaxBundleBytes {
		return nil, fmt.Errorf("seal knock: %w", ErrBundle)
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
// verified. It does not judge the passcode or the passport.
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

// encode writes three length-prefixed fields and zeros up to one of knockSizes.
func (k Knock) encode() []byte {
	name := k.Name.Encode()
	out := make([]byte, 0, knockSizes[0])
	out = binary.BigEndian.AppendUint16(out, uint16(len(name)))
	out = append(out, name...)
	out = append(out, byte(len(k.Passcode)))
	out = append(out, k.Passcode...)
	out = binary.BigEndian.AppendUint16(out, uint16(len(k.Passport)))
	out = append(out, k.Passport...)
	return append(out, make([]byte, knockSize(len(out))-len(out))...)
}

// knockSize is the shortest of knockSizes that holds n bytes; the checks of
// SealKnock see to it that there is one.
func knockSize(n int) int {
	for _, size := range knockSizes {
		if n <= size {
			return size
		}
	}
	return n
}

func parseKnock(data []byte) (Knock, error) {
	r := bundleReader{rest: data}
	name, err := ParseNameStatement(r.take(int(r.number(2))))
	if err != nil {
		return Knock{}, ErrKnock
	}
	passcode := r.take(int(r.number(1)))
	passport := r.take(int(r.number(2)))
	if r.short || len(passcode) > MaxPasscode || !utf8.Valid(passcode) || len(passport) > MaxBundleBytes {
		return Knock{}, ErrKnock
	}
	for _, b := range r.rest {
		if b != 0 {
			return Knock{}, ErrKnock
		}
	}
	if used := len(data) - len(r.rest); len(data) != knockSize(used) {
		return Knock{}, ErrKnock
	}
	return Knock{Name: name, Passcode: string(passcode), Passport: append([]byte(nil), passport...)}, nil
}
