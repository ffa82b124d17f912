package suite

import (
	"crypto/hpke"

	"conclave/keys/mls/internal/codec"
	"conclave/keys/mls/internal/rule"
)

const externalInitLabel = "MLS 1.0 external init secret"

// KeyPair is an HPKE key pair.
type KeyPair struct {
	Hidden
	Private Secret
	Public  []byte
}

// Ciphertext is HPKECiphertext (section 7.6).
type Ciphertext struct {
	KEMOutput  []byte
	Ciphertext []byte
}

// Encode writes the structure.
func (c Ciphertext) Encode(w *codec.Writer) {
	w.Opaque(c.KEMOutput)
	w.Opaque(c.Ciphertext)
}

// Decode reads the structure.
func (c *Ciphertext) Decode(r *codec.Reader) {
	c.KEMOutput = r.Opaque()
	c.Ciphertext = r.Opaque()
}

// GenerateKeyPair makes a fresh HPKE key pair.
func (s *Suite) GenerateKeyPair() (KeyPair, error) {
	k, err := s.kem.GenerateKey()
	if err != nil {
		return KeyPair{}, err
	}
	return pair(k)
}

// DeriveKeyPair is KEM.DeriveKeyPair.
func (s *Suite) DeriveKeyPair(ikm Secret) (KeyPair, error) {
	k, err := s.kem.DeriveKeyPair(ikm)
	if err != nil {
		return KeyPair{}, err
	}
	return pair(k)
}

// PublicOf returns the public key that belongs to a private one.
func (s *Suite) PublicOf(private Secret) ([]byte, error) {
	k, err := s.kem.NewPrivateKey(private)
	if err != nil {
		return nil, err
	}
	return k.PublicKey().Bytes(), nil
}

// CheckPublic refuses bytes that are no public key of the KEM.
func (s *Suite) CheckPublic(public []byte) error {
	_, err := s.kem.NewPublicKey(public)
	return err
}

// EncryptWithLabel is the function of that name (section 5.1.3).
func (s *Suite) EncryptWithLabel(public []byte, label string, context, plaintext []byte) (Ciphertext, error) {
	key, err := s.kem.NewPublicKey(public)
	if err != nil {
		return Ciphertext{}, rule.Because("5.1.3", "encrypt: public key", err)
	}
	enc, sender, err := hpke.NewSender(key, s.kdf, s.aead, encryptContext(label, context))
	if err != nil {
		return Ciphertext{}, rule.Because("5.1.3", "encrypt", err)
	}
	sealed, err := sender.Seal(nil, plaintext)
	if err != nil {
		return Ciphertext{}, rule.Because("5.1.3", "encrypt", err)
	}
	return Ciphertext{KEMOutput: enc, Ciphertext: sealed}, nil
}

// DecryptWithLabel is the function of that name (section 5.1.3).
func (s *Suite) DecryptWithLabel(private Secret, label string, context []byte, c Ciphertext) (Secret, error) {
	key, err := s.kem.NewPrivateKey(private)
	if err != nil {
		return nil, rule.Because("5.1.3", "decrypt: private key", err)
	}
	recipient, err := hpke.NewRecipient(c.KEMOutput, key, s.kdf, s.aead, encryptContext(label, context))
	if err != nil {
		return nil, rule.Because("5.1.3", "decrypt", err)
	}
	plaintext, err := recipient.Open(nil, c.Ciphertext)
	if err != nil {
		return nil, rule.Because("5.1.3", "decrypt", err)
	}
	return plaintext, nil
}

// ExternalInit makes the init secret of an external commit (section 8.3). It is
// what HPKE exports, and not the secret the KEM agreed on: taking the latter
// passes every official vector and fails against every peer.
func (s *Suite) ExternalInit(externalPub []byte) (kemOutput []byte, init Secret, err error) {
	key, err := s.kem.NewPublicKey(externalPub)
	if err != nil {
		return nil, nil, rule.Because("8.3", "external init: external_pub", err)
	}
	enc, sender, err := hpke.NewSender(key, s.kdf, s.aead, nil)
	if err != nil {
		return nil, nil, rule.Because("8.3", "external init", err)
	}
	init, err = sender.Export(externalInitLabel, s.nh)
	if err != nil {
		return nil, nil, rule.Because("8.3", "external init", err)
	}
	return enc, init, nil
}

// AcceptExternalInit gives the members of the group the same secret.
func (s *Suite) AcceptExternalInit(externalPriv Secret, kemOutput []byte) (Secret, error) {
	key, err := s.kem.NewPrivateKey(externalPriv)
	if err != nil {
		return nil, rule.Because("8.3", "external init", err)
	}
	recipient, err := hpke.NewRecipient(kemOutput, key, s.kdf, s.aead, nil)
	if err != nil {
		return nil, rule.Because("8.3", "external init: kem_output", err)
	}
	init, err := recipient.Export(externalInitLabel, s.nh)
	if err != nil {
		return nil, rule.Because("8.3", "external init", err)
	}
	return init, nil
}

func pair(k hpke.PrivateKey) (KeyPair, error) {
	b, err := k.Bytes()
	if err != nil {
		return KeyPair{}, err
	}
	return KeyPair{Private: b, Public: k.PublicKey().Bytes()}, nil
}

func encryptContext(label string, context []byte) []byte {
	w := codec.NewWriter(len(labelPrefix) + len(label) + len(context) + 8)
	w.Opaque([]byte(labelPrefix + label))
	w.Opaque(context)
	return w.Bytes()
}
