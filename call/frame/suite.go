package frame

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"fmt"
	"hash"
)

// Suite is a cipher suite of RFC 9605 section 4.5. The suites with short tags and
// without AES-GCM are left out on purpose.
type Suite uint16

const (
	AES128GCM Suite = 4 // AES_128_GCM_SHA256_128
	AES256GCM Suite = 5 // AES_256_GCM_SHA512_128, the default
)

// String returns the name in the registry.
func (s Suite) String() string {
	switch s {
	case AES128GCM:
		return "AES_128_GCM_SHA256_128"
	case AES256GCM:
		return "AES_256_GCM_SHA512_128"
	}
	return "unknown"
}

// KeySize returns the length of a base key in bytes (Nk), or 0 for an unknown suite.
func (s Suite) KeySize() int {
	switch s {
	case AES128GCM:
		return 16
	case AES256GCM:
		return 32
	}
	return 0
}

func (s Suite) hash() func() hash.Hash {
	if s == AES128GCM {
		return sha256.New
	}
	return sha512.New
}

// extract returns the secret from which the keys of one base key are expanded.
func (s Suite) extract(base []byte) ([]byte, error) {
	if s.KeySize() == 0 || len(base) == 0 {
		return nil, fmt.Errorf("derive frame keys: unknown suite or empty base key")
	}
	secret, err := hkdf.Extract(s.hash(), base, nil)
	if err != nil {
		return nil, fmt.Errorf("derive frame keys: %w", err)
	}
	return secret, nil
}

// key is one expanded SFrame key with its salt.
type key struct {
	aead cipher.AEAD
	salt [12]byte
}

// expand derives the key of one KID (RFC 9605 section 4.4.2).
func (s Suite) expand(secret []byte, kid KID) (key, error) {
	info := binary.BigEndian.AppendUint64(nil, uint64(kid))
	info = binary.BigEndian.AppendUint16(info, uint16(s))
	raw, err := hkdf.Expand(s.hash(), secret, "SFrame 1.0 Secret key "+string(info), s.KeySize())
	if err != nil {
		return key{}, fmt.Errorf("derive frame key: %w", err)
	}
	defer clear(raw)
	salt, err := hkdf.Expand(s.hash(), secret, "SFrame 1.0 Secret salt "+string(info), 12)
	if err != nil {
		return key{}, fmt.Errorf("derive frame salt: %w", err)
	}
	block, err := aes.NewCipher(raw)
	if err != nil {
		return key{}, fmt.Errorf("derive frame key: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return key{}, fmt.Errorf("derive frame key: %w", err)
	}
	return key{aead: aead, salt: [12]byte(salt)}, nil
}
