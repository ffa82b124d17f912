package framing

import (
	"conclave/keys/mls/internal/codec"
	"conclave/keys/mls/internal/rule"
	"conclave/keys/mls/internal/schedule"
	"conclave/keys/mls/internal/suite"
	"conclave/keys/mls/internal/tree"
)

// ProposalType is the number of a proposal (section 17.4).
type ProposalType uint16

// The proposal types of RFC 9420.
const (
	ProposalAdd                    ProposalType = 1
	ProposalUpdate                 ProposalType = 2
	ProposalRemove                 ProposalType = 3
	ProposalPSK                    ProposalType = 4
	ProposalReInit                 ProposalType = 5
	ProposalExternalInit           ProposalType = 6
	ProposalGroupContextExtensions ProposalType = 7
)

// NeedsPath reports whether a commit with such a proposal must have a path
// (section 17.4).
func (t ProposalType) NeedsPath() bool {
	switch t {
	case ProposalUpdate, ProposalRemove, ProposalExternalInit, ProposalGroupContextExtensions:
		return true
	default:
		return false
	}
}

// Proposal is one change to a group (section 12.1).
type Proposal struct {
	Type       ProposalType
	KeyPackage *KeyPackage     // add
	Leaf       *tree.LeafNode  // update
	Removed    tree.LeafIndex  // remove
	PSK        schedule.PSKID  // psk
	ReInit     ReInit          // reinit
	KEMOutput  []byte          // external_init
	Extensions tree.Extensions // group_context_extensions
}

// ReInit is decoded so that it can be refused by name: a meeting is never
// reinitialised, it ends and another begins.
type ReInit struct {
	GroupID    []byte
	Version    uint16
	Suite      suite.ID
	Extensions tree.Extensions
}

// Encode writes the structure.
func (p *Proposal) Encode(w *codec.Writer) {
	w.Uint16(uint16(p.Type))
	p.EncodeBody(w)
}

// EncodeBody writes the proposal without its type.
func (p *Proposal) EncodeBody(w *codec.Writer) {
	switch p.Type {
	case ProposalAdd:
		p.KeyPackage.Encode(w)
	case ProposalUpdate:
		p.Leaf.Encode(w)
	case ProposalRemove:
		w.Uint32(uint32(p.Removed))
	case ProposalPSK:
		p.PSK.Encode(w)
	case ProposalReInit:
		w.Opaque(p.ReInit.GroupID)
		w.Uint16(p.ReInit.Version)
		w.Uint16(uint16(p.ReInit.Suite))
		p.ReInit.Extensions.Encode(w)
	case ProposalExternalInit:
		w.Opaque(p.KEMOutput)
	case ProposalGroupContextExtensions:
		p.Extensions.Encode(w)
	}
}

// Decode reads the structure.
func (p *Proposal) Decode(r *codec.Reader) {
	p.Type = ProposalType(r.Uint16())
	p.DecodeBody(r)
}

// DecodeBody reads the proposal without its type.
func (p *Proposal) DecodeBody(r *codec.Reader) {
	switch p.Type {
	case ProposalAdd:
		p.KeyPackage = new(KeyPackage)
		p.KeyPackage.Decode(r)
	case ProposalUpdate:
		p.Leaf = new(tree.LeafNode)
		p.Leaf.Decode(r)
	case ProposalRemove:
		p.Removed = tree.LeafIndex(r.Uint32())
	case ProposalPSK:
		p.PSK.Decode(r)
	case ProposalReInit:
		p.ReInit.GroupID = r.Opaque()
		p.ReInit.Version = r.Uint16()
		p.ReInit.Suite = suite.ID(r.Uint16())
		p.ReInit.Extensions.Decode(r)
	case ProposalExternalInit:
		p.KEMOutput = r.Opaque()
	case ProposalGroupContextExtensions:
		p.Extensions.Decode(r)
	default:
		// Without a length there is no stepping over it.
		r.Fail(rule.Broken("12.1", "decode proposal: unknown type"))
	}
}

// ProposalOrRef is a proposal in a commit, by value or by reference (section 12.4).
type ProposalOrRef struct {
	Proposal *Proposal
	Ref      []byte // when Proposal is nil
}

// Encode writes the structure.
func (p ProposalOrRef) Encode(w *codec.Writer) {
	if p.Proposal != nil {
		w.Uint8(1)
		p.Proposal.Encode(w)
		return
	}
	w.Uint8(2)
	w.Opaque(p.Ref)
}

// Decode reads the structure.
func (p *ProposalOrRef) Decode(r *codec.Reader) {
	switch r.Uint8() {
	case 1:
		p.Proposal = new(Proposal)
		p.Proposal.Decode(r)
	case 2:
		p.Ref = r.Opaque()
	default:
		r.Fail(rule.Broken("12.4", "decode commit: proposal is neither by value nor by reference"))
	}
}

// Commit moves a group to its next epoch (section 12.4).
type Commit struct {
	Proposals []ProposalOrRef
	Path      *tree.UpdatePath
}

// Encode writes the structure.
func (c *Commit) Encode(w *codec.Writer) {
	codec.List(w, c.Proposals)
	w.Optional(c.Path != nil)
	if c.Path != nil {
		c.Path.Encode(w)
	}
}

// Decode reads the structure.
func (c *Commit) Decode(r *codec.Reader) {
	c.Proposals = codec.Vector(r, func(r *codec.Reader) (p ProposalOrRef) {
		p.Decode(r)
		return p
	})
	if r.Optional() {
		c.Path = new(tree.UpdatePath)
		c.Path.Decode(r)
	}
}
