package framing

import (
	"bytes"
	"crypto"

	"conclave/keys/mls/internal/codec"
	"conclave/keys/mls/internal/rule"
	"conclave/keys/mls/internal/suite"
	"conclave/keys/mls/internal/tree"
)

// KeyPackage lets others add a client to a group while it is away (section 10).
type KeyPackage struct {
	Version    uint16
	Suite      suite.ID
	InitKey    []byte
	Leaf       tree.LeafNode
	Extensions tree.Extensions
	Signature  []byte
}

// Encode writes the structure.
func (k *KeyPackage) Encode(w *codec.Writer) {
	k.encodeBody(w)
	w.Opaque(k.Signature)
}

// Decode reads the structure.
func (k *KeyPackage) Decode(r *codec.Reader) {
	k.Version = r.Uint16()
	k.Suite = suite.ID(r.Uint16())
	k.InitKey = r.Opaque()
	k.Leaf.Decode(r)
	k.Extensions.Decode(r)
	k.Signature = r.Opaque()
}

func (k *KeyPackage) encodeBody(w *codec.Writer) {
	w.Uint16(k.Version)
	w.Uint16(uint16(k.Suite))
	w.Opaque(k.InitKey)
	k.Leaf.Encode(w)
	k.Extensions.Encode(w)
}

func (k *KeyPackage) tbs() []byte {
	var w codec.Writer
	k.encodeBody(&w)
	return w.Bytes()
}

// Sign signs the key package.
func (k *KeyPackage) Sign(s *suite.Suite, signer crypto.Signer) (err error) {
	k.Signature, err = s.SignWithLabel(signer, "KeyPackageTBS", k.tbs())
	return err
}

// Ref returns the key package's reference (section 5.2).
func (k *KeyPackage) Ref(s *suite.Suite) []byte {
	return s.RefHash("MLS 1.0 KeyPackage Reference", codec.Marshal(k))
}

// Verify checks a key package as section 10.1 has it, except for its credential,
// its lifetime and its fitting into a group.
func (k *KeyPackage) Verify(s *suite.Suite) error {
	if k.Version != tree.Version {
		return rule.Broken("10.1", "check key package: protocol version is not the group's")
	}
	if k.Suite != s.ID() {
		return rule.Broken("10.1", "check key package: cipher suite is not the group's")
	}
	if k.Leaf.Source != tree.SourceKeyPackage {
		return rule.Broken("7.3", "check key package: its leaf was not made for a key package")
	}
	if err := s.VerifyWithLabel(k.Leaf.SignatureKey, "KeyPackageTBS", k.tbs(), k.Signature); err != nil {
		return rule.Because("10.1", "check key package", err)
	}
	if bytes.Equal(k.InitKey, k.Leaf.EncryptionKey) {
		return rule.Broken("10.1", "check key package: init key equals the leaf's encryption key")
	}
	if err := s.CheckPublic(k.InitKey); err != nil {
		return rule.Because("10.1", "check key package: init key", err)
	}
	if err := k.Leaf.CheckKey(s); err != nil {
		return err
	}
	if err := k.Leaf.Verify(s, nil, 0); err != nil {
		return err
	}
	return k.Leaf.CheckAlone(s)
}
