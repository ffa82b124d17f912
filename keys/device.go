package keys

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// signaturePrefix separates the signatures of Conclave's own statements from
// those that the same key makes inside MLS, which begin with a length byte and
// "MLS 1.0 " (RFC 9420 section 5.1.2).
const signaturePrefix = "Conclave 1 "

// ErrPublicKey is returned for text that is no public key.
var ErrPublicKey = errors.New("parse public key: want 32 bytes in base64url")

// PublicKey is the identity of a device: an Ed25519 public key.
type PublicKey [32]byte

// ParsePublicKey reads the form that PublicKey.String writes, and no other.
func ParsePublicKey(s string) (PublicKey, error) {
	var k PublicKey
	if len(s) != base64.RawURLEncoding.EncodedLen(len(k)) {
		return PublicKey{}, ErrPublicKey
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil || len(raw) != len(k) {
		return PublicKey{}, ErrPublicKey
	}
	copy(k[:], raw)
	return k, nil
}

// String returns the key in base64url without padding, 43 characters.
func (k PublicKey) String() string { return base64.RawURLEncoding.EncodeToString(k[:]) }

// IsZero reports whether the key is the zero value, which is nobody's key.
func (k PublicKey) IsZero() bool { return k == PublicKey{} }

// Fingerprint returns eight groups of four hexadecimal digits (128 bits of a
// hash of the key) for people to compare.
func (k PublicKey) Fingerprint() string {
	sum := sha256.Sum256(append([]byte(signaturePrefix+"fingerprint\x00"), k[:]...))
	text := hex.EncodeToString(sum[:16])
	groups := make([]string, 0, 8)
	for i := 0; i < len(text); i += 4 {
		groups = append(groups, text[i:i+4])
	}
	return strings.Join(groups, " ")
}

// MarshalText writes the form of String.
func (k PublicKey) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText reads the form of String.
func (k *PublicKey) UnmarshalText(text []byte) error {
	parsed, err := ParsePublicKey(string(text))
	if err != nil {
		return err
	}
	*k = parsed
	return nil
}

// DeviceKey is the private half of a device's identity. The zero value has no key;
// its methods panic, except IsZero and those that print.
type DeviceKey struct {
	hidden
	// private holds an ed25519.PrivateKey. Package fmt reads unexported fields of
	// other structs without their methods, and follows pointers to slices and
	// structs there for some verbs, but never a pointer to an interface.
	private *crypto.Signer
}

// NewDeviceKey makes a key from the system's random source.
func NewDeviceKey() (DeviceKey, error) {
	var seed [32]byte
	if _, err := rand.Read(seed[:]); err != nil {
		return DeviceKey{}, fmt.Errorf("make device key: %w", err)
	}
	return DeviceKeyFromSeed(seed), nil
}

// DeviceKeyFromSeed returns the key of a stored seed (RFC 8032 section 5.1.5).
func DeviceKeyFromSeed(seed [32]byte) DeviceKey {
	var private crypto.Signer = ed25519.NewKeyFromSeed(seed[:])
	return DeviceKey{private: &private}
}

// IsZero reports whether there is no key in k.
func (k DeviceKey) IsZero() bool { return k.private == nil }

// Seed returns the secret itself, for keys/vault alone.
func (k DeviceKey) Seed() [32]byte { return [32]byte(k.key().Seed()) }

// Public returns the device's identity.
func (k DeviceKey) Public() PublicKey {
	return PublicKey(k.key()[ed25519.SeedSize:])
}

func (k DeviceKey) key() ed25519.PrivateKey { return (*k.private).(ed25519.PrivateKey) }

// Sign signs msg for one purpose, named by context. Contexts are short constant
// words without a zero byte; a signature made for one never verifies for another.
func (k DeviceKey) Sign(context string, msg []byte) []byte {
	return ed25519.Sign(k.key(), signed(context, msg))
}

// Signer returns the key as MLS needs it. What it signs carries no context: use
// Sign for Conclave's own statements.
func (k DeviceKey) Signer() crypto.Signer { return *k.private }

// Verify reports whether sig is a signature of pub over msg for this context.
func Verify(pub PublicKey, context string, msg, sig []byte) bool {
	return len(sig) == ed25519.SignatureSize && ed25519.Verify(pub[:], signed(context, msg), sig)
}

func signed(context string, msg []byte) []byte {
	out := make([]byte, 0, len(signaturePrefix)+len(context)+1+len(msg))
	out = append(out, signaturePrefix...)
	out = append(out, context...)
	out = append(out, 0)
	return append(out, msg...)
}
