package mls

import (
	"fmt"

	"conclave/keys/mls/internal/codec"
	"conclave/keys/mls/internal/framing"
	"conclave/keys/mls/internal/rule"
	"conclave/keys/mls/internal/suite"
	"conclave/keys/mls/internal/tree"
)

// KeyPackage is a key package with its private half. It is good for joining one
// group: after that, Wipe it.
type KeyPackage struct {
	suite.Hidden
	public  *framing.KeyPackage
	initKey suite.Secret
	leafKey suite.Secret
}

// NewKeyPackage makes a key package for being added to a group (section 10).
func NewKeyPackage(c Config) (*KeyPackage, error) {
	s, err := c.check()
	if err != nil {
		return nil, fmt.Errorf("make key package: %w", err)
	}
	init, err := s.GenerateKeyPair()
	if err != nil {
		return nil, fmt.Errorf("make key package: %w", err)
	}
	leaf, leafKey, err := c.newLeaf(s)
	if err != nil {
		return nil, fmt.Errorf("make key package: %w", err)
	}
	public := &framing.KeyPackage{Version: tree.Version, Suite: c.Suite, InitKey: init.Public, Leaf: *leaf}
	if err := public.Sign(s, c.Signer); err != nil {
		return nil, fmt.Errorf("make key package: %w", err)
	}
	return &KeyPackage{public: public, initKey: init.Private, leafKey: leafKey}, nil
}

// newLeaf makes a leaf as key packages carry it, and as the founder of a group has.
func (c *Config) newLeaf(s *suite.Suite) (*tree.LeafNode, suite.Secret, error) {
	leaf, err := c.leaf(s)
	if err != nil {
		return nil, nil, err
	}
	pair, err := s.GenerateKeyPair()
	if err != nil {
		return nil, nil, err
	}
	lifetime := c.Lifetime
	if lifetime == 0 {
		lifetime = defaultLifetime
	}
	leaf.EncryptionKey = pair.Public
	leaf.Source = tree.SourceKeyPackage
	leaf.Lifetime = tree.Lifetime{
		NotBefore: uint64(max(c.now().Add(-clockSkew).Unix(), 0)),
		NotAfter:  uint64(max(c.now().Add(lifetime).Unix(), 0)),
	}
	return &leaf, pair.Private, leaf.Sign(s, c.Signer, nil, 0)
}

// Message returns the public half as an MLSMessage, to be handed to whoever adds
// this client.
func (k *KeyPackage) Message() []byte {
	return codec.Marshal(&framing.Message{Wire: framing.WireKeyPackage, KeyPackage: k.public})
}

// Ref returns the key package's reference (section 5.2).
func (k *KeyPackage) Ref() []byte {
	s, err := suite.Lookup(k.public.Suite)
	if err != nil {
		return nil
	}
	return k.public.Ref(s)
}

// Seal returns the key package with its private half, for sealed storage: whoever
// reads it can read the group it is used for. See Group.Seal for the key.
func (k *KeyPackage) Seal(key []byte) ([]byte, error) {
	var w codec.Writer
	k.public.Encode(&w)
	w.Opaque(k.initKey)
	w.Opaque(k.leafKey)
	return seal(key, sealedKeyPackage, w.Bytes())
}

// OpenKeyPackage reads what Seal wrote.
func OpenKeyPackage(key, sealed []byte) (*KeyPackage, error) {
	b, err := unseal(key, sealedKeyPackage, sealed)
	if err != nil {
		return nil, err
	}
	defer clear(b)
	k := &KeyPackage{public: new(framing.KeyPackage)}
	r := codec.NewReader(b)
	k.public.Decode(r)
	k.initKey = r.Opaque()
	k.leafKey = r.Opaque()
	if r.Done() != nil {
		return nil, ErrSealed
	}
	return k, nil
}

// Wipe overwrites the private half.
func (k *KeyPackage) Wipe() {
	k.initKey.Wipe()
	k.leafKey.Wipe()
}

// KeyPackageInfo is what a key package says about the client that made it.
type KeyPackageInfo struct {
	Suite        Suite
	Credential   Credential
	SignatureKey []byte
	Ref          []byte
}

// ReadKeyPackage checks a key package (section 10.1) and returns what it says, for
// the lobby: whether the credential is to be believed is not checked here.
func ReadKeyPackage(message []byte) (KeyPackageInfo, error) {
	m, err := framing.ParseKind(message, framing.WireKeyPackage)
	if err != nil {
		return KeyPackageInfo{}, err
	}
	k := m.KeyPackage
	s, err := suite.Lookup(k.Suite)
	if err != nil {
		return KeyPackageInfo{}, rule.Because("10.1", "check key package", err)
	}
	if err := k.Verify(s); err != nil {
		return KeyPackageInfo{}, err
	}
	return KeyPackageInfo{Suite: k.Suite, Credential: k.Leaf.Credential, SignatureKey: k.Leaf.SignatureKey, Ref: k.Ref(s)}, nil
}
