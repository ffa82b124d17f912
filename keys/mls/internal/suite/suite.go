// Package suite holds the cipher suites of RFC 9420 (section 5.1) and the
// labelled operations that everything else is built from (sections 5.1 and 8).
package suite

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/hpke"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"errors"
	"hash"

	"golang.org/x/crypto/chacha20poly1305"

	"conclave/keys/mls/internal/codec"
	"conclave/keys/mls/internal/rule"
)

// ID is the number of a cipher suite (section 17.1).
type ID uint16

// The suites this package speaks.
const (
	X25519AES128 ID = 0x0001 // MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519
	P256AES128   ID = 0x0002 // MLS_128_DHKEMP256_AES128GCM_SHA256_P256
	X25519ChaCha ID = 0x0003 // MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519
	PostQuantum  ID = 0xF04E // MLKEM768X25519_AES256GCM_SHA384_Ed25519, code point not assigned
)

// Others number the post-quantum suite otherwise, as long as IANA does not. Groups
// of ours never have these numbers; test peers do.
const (
	postQuantumPP      ID = 0x0008 // mlspp
	postQuantumOpenMLS ID = 0x004E // OpenMLS
)

const labelPrefix = "MLS 1.0 "

// ErrUnknown is returned for a cipher suite that this package does not speak.
var ErrUnknown = errors.New("cipher suite not supported")

// Suite is one cipher suite. It is read only and may be shared.
type Suite struct {
	id      ID
	kem     hpke.KEM
	kdf     hpke.KDF
	aead    hpke.AEAD
	newHash func() hash.Hash
	newAEAD func(key []byte) (cipher.AEAD, error)
	nh, nk  int
	scheme  scheme
}

// Lookup returns the suite with the given number.
func Lookup(id ID) (*Suite, error) {
	s := &Suite{id: id, newHash: sha256.New, newAEAD: newGCM, nh: 32, nk: 16, kdf: hpke.HKDFSHA256(), aead: hpke.AES128GCM()}
	switch id {
	case X25519AES128:
		s.kem, s.scheme = hpke.DHKEM(ecdh.X25519()), schemeEd25519
	case P256AES128:
		s.kem, s.scheme = hpke.DHKEM(ecdh.P256()), schemeP256
	case X25519ChaCha:
		s.kem, s.scheme = hpke.DHKEM(ecdh.X25519()), schemeEd25519
		s.aead, s.newAEAD, s.nk = hpke.ChaCha20Poly1305(), chacha20poly1305.New, chacha20poly1305.KeySize
	case PostQuantum, postQuantumPP, postQuantumOpenMLS:
		s.kem, s.scheme = hpke.MLKEM768X25519(), schemeEd25519
		s.kdf, s.newHash, s.nh = hpke.HKDFSHA384(), sha512.New384, 48
		s.aead, s.nk = hpke.AES256GCM(), 32
	default:
		return nil, rule.Because("5.1", "look up cipher suite", ErrUnknown)
	}
	return s, nil
}

// ID returns the suite's number.
func (s *Suite) ID() ID { return s.id }

// HashSize returns Nh, which is also the length of every secret.
func (s *Suite) HashSize() int { return s.nh }

// KeySize returns Nk of the AEAD.
func (s *Suite) KeySize() int { return s.nk }

// NonceSize returns Nn of the AEAD. Every AEAD of RFC 9420 has 12.
func (s *Suite) NonceSize() int { return 12 }

// Hash returns the hash over the parts, one after the other.
func (s *Suite) Hash(parts ...[]byte) []byte {
	h := s.newHash()
	for _, p := range parts {
		h.Write(p)
	}
	return h.Sum(nil)
}

// MAC returns HMAC under the suite's hash over the parts, one after the other.
func (s *Suite) MAC(key Secret, parts ...[]byte) []byte {
	m := hmac.New(s.newHash, key)
	for _, p := range parts {
		m.Write(p)
	}
	return m.Sum(nil)
}

// EqualMAC compares tags in constant time; tags of different length differ.
func EqualMAC(a, b []byte) bool { return len(a) == len(b) && hmac.Equal(a, b) }

// RefHash names an object by its hash (section 5.2).
func (s *Suite) RefHash(label string, value []byte) []byte {
	w := codec.NewWriter(len(label) + len(value) + 8)
	w.Opaque([]byte(label))
	w.Opaque(value)
	return s.Hash(w.Bytes())
}

// Zero returns a secret of Nh zero bytes.
func (s *Suite) Zero() Secret { return make(Secret, s.nh) }

// Extract is KDF.Extract (section 5.1).
func (s *Suite) Extract(salt, input Secret) Secret {
	// The salt is an HMAC key, for which any length is right.
	m := hmac.New(s.newHash, salt)
	m.Write(input)
	return m.Sum(nil)
}

// ExpandWithLabel is the function of that name (section 8).
func (s *Suite) ExpandWithLabel(secret Secret, label string, context []byte, n int) Secret {
	out, err := hkdf.Expand(s.newHash, secret, string(kdfLabel(label, context, n)), n)
	if err != nil {
		// Only a length above 255 times the hash comes here, and callers
		// that take a length from outside have checked it.
		panic("suite: " + err.Error())
	}
	return out
}

// kdfLabel is KDFLabel (section 8).
func kdfLabel(label string, context []byte, n int) []byte {
	w := codec.NewWriter(len(labelPrefix) + len(label) + len(context) + 8)
	w.Uint16(uint16(n))
	w.Opaque([]byte(labelPrefix + label))
	w.Opaque(context)
	return w.Bytes()
}

// MaxExpand returns the longest output ExpandWithLabel can give.
func (s *Suite) MaxExpand() int { return 255 * s.nh }

// DeriveSecret is the function of that name (section 8).
func (s *Suite) DeriveSecret(secret Secret, label string) Secret {
	return s.ExpandWithLabel(secret, label, nil, s.nh)
}

// DeriveSecrets is DeriveSecret for each of the labels. It sets up HMAC only once:
// for an output of one hash, HKDF-Expand is HMAC over the label and a byte 1 (RFC
// 5869, section 2.3).
func (s *Suite) DeriveSecrets(secret Secret, labels ...string) []Secret {
	list := make([]Secret, len(labels))
	m := hmac.New(s.newHash, secret)
	for i, label := range labels {
		m.Reset()
		m.Write(append(kdfLabel(label, nil, s.nh), 1))
		list[i] = m.Sum(nil)
	}
	return list
}

// DeriveTreeSecret is the function of that name (section 9.1).
func (s *Suite) DeriveTreeSecret(secret Secret, label string, generation uint32, n int) Secret {
	var c [4]byte
	binary.BigEndian.PutUint32(c[:], generation)
	return s.ExpandWithLabel(secret, label, c[:], n)
}

// Seal encrypts under the suite's AEAD.
func (s *Suite) Seal(key, nonce Secret, plaintext, aad []byte) ([]byte, error) {
	a, err := s.newAEAD(key)
	if err != nil {
		return nil, err
	}
	return a.Seal(nil, nonce, plaintext, aad), nil
}

// Open decrypts under the suite's AEAD.
func (s *Suite) Open(key, nonce Secret, ciphertext, aad []byte) ([]byte, error) {
	a, err := s.newAEAD(key)
	if err != nil {
		return nil, err
	}
	return a.Open(nil, nonce, ciphertext, aad)
}

func newGCM(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}
