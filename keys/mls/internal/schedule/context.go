// Package schedule turns the secrets of one epoch into those of the next, and
// into the keys of every message (RFC 9420 sections 8 and 9).
package schedule

import (
	"conclave/keys/mls/internal/codec"
	"conclave/keys/mls/internal/rule"
	"conclave/keys/mls/internal/suite"
	"conclave/keys/mls/internal/tree"
)

// GroupContext is what all members of a group agree on in an epoch (section 8.1).
type GroupContext struct {
	Suite          suite.ID
	GroupID        []byte
	Epoch          uint64
	TreeHash       []byte
	TranscriptHash []byte // the confirmed one
	Extensions     tree.Extensions
}

// Encode writes the structure.
func (c *GroupContext) Encode(w *codec.Writer) {
	w.Uint16(tree.Version)
	w.Uint16(uint16(c.Suite))
	w.Opaque(c.GroupID)
	w.Uint64(c.Epoch)
	w.Opaque(c.TreeHash)
	w.Opaque(c.TranscriptHash)
	c.Extensions.Encode(w)
}

// Decode reads the structure.
func (c *GroupContext) Decode(r *codec.Reader) {
	if r.Uint16() != tree.Version {
		r.Fail(rule.Broken("8.1", "decode group context: protocol version is not mls10"))
	}
	c.Suite = suite.ID(r.Uint16())
	c.GroupID = r.Opaque()
	c.Epoch = r.Uint64()
	c.TreeHash = r.Opaque()
	c.TranscriptHash = r.Opaque()
	c.Extensions.Decode(r)
}
