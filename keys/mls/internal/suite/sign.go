package suite

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"errors"

	"conclave/keys/mls/internal/codec"
	"conclave/keys/mls/internal/rule"
)

type scheme uint8

const (
	schemeEd25519 scheme = iota + 1
	schemeP256
)

// ErrSignature is the cause whenever a signature does not verify.
var ErrSignature = errors.New("signature does not verify")

// ErrSigner is returned for a signing key of another kind than the suite's.
var ErrSigner = errors.New("signing key does not fit the cipher suite")

// NewSigner makes a signing key of the suite's kind.
func (s *Suite) NewSigner() (crypto.Signer, error) {
	if s.scheme == schemeP256 {
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	}
	_, key, err := ed25519.GenerateKey(rand.Reader)
	return key, err
}

// ParseSigner reads a signing key: the seed of Ed25519, or the scalar of P-256.
func (s *Suite) ParseSigner(raw Secret) (crypto.Signer, error) {
	if s.scheme == schemeP256 {
		return ecdsa.ParseRawPrivateKey(elliptic.P256(), raw)
	}
	switch len(raw) {
	case ed25519.SeedSize:
		return ed25519.NewKeyFromSeed(raw), nil
	case ed25519.PrivateKeySize:
		return ed25519.NewKeyFromSeed(raw[:ed25519.SeedSize]), nil
	default:
		return nil, ErrSigner
	}
}

// SignatureKey returns the public half of a signing key as section 5.1.1 writes
// it, and refuses keys of another kind than the suite's.
func (s *Suite) SignatureKey(signer crypto.Signer) ([]byte, error) {
	if signer == nil {
		return nil, ErrSigner
	}
	switch key := signer.Public().(type) {
	case ed25519.PublicKey:
		if s.scheme == schemeEd25519 {
			return append([]byte(nil), key...), nil
		}
	case *ecdsa.PublicKey:
		if s.scheme == schemeP256 && key.Curve == elliptic.P256() {
			return key.Bytes()
		}
	}
	return nil, ErrSigner
}

// SignWithLabel is the function of that name (section 5.1.2).
func (s *Suite) SignWithLabel(signer crypto.Signer, label string, content []byte) ([]byte, error) {
	if signer == nil {
		return nil, ErrSigner
	}
	message := signContent(label, content)
	if s.scheme == schemeP256 {
		digest := sha256.Sum256(message)
		return signer.Sign(rand.Reader, digest[:], crypto.SHA256)
	}
	return signer.Sign(rand.Reader, message, crypto.Hash(0))
}

// VerifyWithLabel is the function of that name (section 5.1.2).
func (s *Suite) VerifyWithLabel(public []byte, label string, content, signature []byte) error {
	message := signContent(label, content)
	if s.scheme == schemeP256 {
		key, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), public)
		if err != nil {
			return rule.Because("5.1.1", "verify "+label+": signature key", err)
		}
		digest := sha256.Sum256(message)
		if !ecdsa.VerifyASN1(key, digest[:], signature) {
			return rule.Because("5.1.2", "verify "+label, ErrSignature)
		}
		return nil
	}
	if len(public) != ed25519.PublicKeySize {
		return rule.Broken("5.1.1", "verify "+label+": signature key has the wrong length")
	}
	if !ed25519.Verify(public, message, signature) {
		return rule.Because("5.1.2", "verify "+label, ErrSignature)
	}
	return nil
}

func signContent(label string, content []byte) []byte {
	w := codec.NewWriter(len(labelPrefix) + len(label) + len(content) + 8)
	w.Opaque([]byte(labelPrefix + label))
	w.Opaque(content)
	return w.Bytes()
}
