package tree

import (
	"crypto"
	"slices"
	"time"

	"conclave/keys/mls/internal/codec"
	"conclave/keys/mls/internal/rule"
	"conclave/keys/mls/internal/suite"
)

// Source says in what kind of message a leaf node was made (section 7.2).
type Source uint8

// The sources of a leaf node.
const (
	SourceKeyPackage Source = 1
	SourceUpdate     Source = 2
	SourceCommit     Source = 3
)

// Version is the protocol version mls10.
const Version uint16 = 1

// Lifetime is the time within which a key package may be used (section 7.2).
type Lifetime struct{ NotBefore, NotAfter uint64 }

// Includes reports whether now lies within the lifetime.
func (l Lifetime) Includes(now time.Time) bool {
	t := uint64(max(now.Unix(), 0))
	return l.NotBefore <= t && t <= l.NotAfter
}

// LeafNode is a member's public half (section 7.2). Once it lies in a tree it is
// not changed any more.
type LeafNode struct {
	EncryptionKey []byte
	SignatureKey  []byte
	Credential    Credential
	Capabilities  Capabilities
	Source        Source
	Lifetime      Lifetime // for SourceKeyPackage
	ParentHash    []byte   // for SourceCommit
	Extensions    Extensions
	Signature     []byte
}

// Encode writes the structure.
func (l *LeafNode) Encode(w *codec.Writer) {
	l.encodeBody(w)
	w.Opaque(l.Signature)
}

// Decode reads the structure.
func (l *LeafNode) Decode(r *codec.Reader) {
	l.EncryptionKey = r.Opaque()
	l.SignatureKey = r.Opaque()
	l.Credential.Decode(r)
	l.Capabilities.Decode(r)
	switch l.Source = Source(r.Uint8()); l.Source {
	case SourceKeyPackage:
		l.Lifetime = Lifetime{NotBefore: r.Uint64(), NotAfter: r.Uint64()}
	case SourceUpdate:
	case SourceCommit:
		l.ParentHash = r.Opaque()
	default:
		r.Fail(rule.Broken("7.2", "decode leaf node: unknown source"))
	}
	l.Extensions.Decode(r)
	l.Signature = r.Opaque()
}

func (l *LeafNode) encodeBody(w *codec.Writer) {
	w.Opaque(l.EncryptionKey)
	w.Opaque(l.SignatureKey)
	l.Credential.Encode(w)
	l.Capabilities.Encode(w)
	w.Uint8(uint8(l.Source))
	switch l.Source {
	case SourceKeyPackage:
		w.Uint64(l.Lifetime.NotBefore)
		w.Uint64(l.Lifetime.NotAfter)
	case SourceUpdate:
	case SourceCommit:
		w.Opaque(l.ParentHash)
	}
	l.Extensions.Encode(w)
}

// tbs is LeafNodeTBS. A leaf in a key package is not yet bound to a group.
func (l *LeafNode) tbs(groupID []byte, index LeafIndex) []byte {
	var w codec.Writer
	l.encodeBody(&w)
	if l.Source != SourceKeyPackage {
		w.Opaque(groupID)
		w.Uint32(uint32(index))
	}
	return w.Bytes()
}

// Sign signs the leaf for its place in a group (section 7.2).
func (l *LeafNode) Sign(s *suite.Suite, signer crypto.Signer, groupID []byte, index LeafIndex) (err error) {
	l.Signature, err = s.SignWithLabel(signer, "LeafNodeTBS", l.tbs(groupID, index))
	return err
}

// Verify checks the leaf's signature for its place in a group (section 7.3).
func (l *LeafNode) Verify(s *suite.Suite, groupID []byte, index LeafIndex) error {
	if err := s.VerifyWithLabel(l.SignatureKey, "LeafNodeTBS", l.tbs(groupID, index), l.Signature); err != nil {
		return rule.Because("7.3", "check leaf", err)
	}
	return nil
}

// CheckAlone checks what section 7.3 asks of a leaf apart from its signature, its
// credential and the other members.
func (l *LeafNode) CheckAlone(s *suite.Suite) error {
	if !slices.Contains(l.Capabilities.Versions, Version) {
		return rule.Broken("7.2", "check leaf: capabilities lack the group's version")
	}
	if !slices.Contains(l.Capabilities.Suites, s.ID()) {
		return rule.Broken("7.2", "check leaf: capabilities lack the group's cipher suite")
	}
	if !slices.Contains(l.Capabilities.Credentials, l.Credential.Type) {
		return rule.Broken("7.3", "check leaf: capabilities lack its own credential type")
	}
	for _, e := range l.Extensions {
		if !l.Capabilities.SupportsExtension(e.Type) {
			return rule.Broken("7.3", "check leaf: it carries an extension its capabilities lack")
		}
	}
	return nil
}

// CheckKey refuses a leaf whose encryption key is none: whoever had it in the tree
// could not commit any more. It is checked when a leaf enters the group, so those
// who join later need not.
func (l *LeafNode) CheckKey(s *suite.Suite) error {
	if err := s.CheckPublic(l.EncryptionKey); err != nil {
		return rule.Because("7.3", "check leaf: encryption key", err)
	}
	return nil
}

// CheckLifetime refuses a leaf from a key package outside its lifetime.
func (l *LeafNode) CheckLifetime(now time.Time) error {
	if l.Source == SourceKeyPackage && !l.Lifetime.Includes(now) {
		return rule.Broken("7.3", "check leaf: outside its lifetime")
	}
	return nil
}

// ParentNode is the public half of an inner node (section 7.1).
type ParentNode struct {
	EncryptionKey  []byte
	ParentHash     []byte
	UnmergedLeaves []LeafIndex
}

// Encode writes the structure.
func (p *ParentNode) Encode(w *codec.Writer) {
	w.Opaque(p.EncryptionKey)
	w.Opaque(p.ParentHash)
	w.Vector(func(w *codec.Writer) {
		for _, i := range p.UnmergedLeaves {
			w.Uint32(uint32(i))
		}
	})
}

// Decode reads the structure.
func (p *ParentNode) Decode(r *codec.Reader) {
	p.EncryptionKey = r.Opaque()
	p.ParentHash = r.Opaque()
	p.UnmergedLeaves = codec.Vector(r, func(r *codec.Reader) LeafIndex { return LeafIndex(r.Uint32()) })
}
