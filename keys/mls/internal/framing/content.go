// Package framing holds the messages of RFC 9420: what they say (sections 6, 10
// and 12) and how they are signed, tagged and encrypted.
package framing

import (
	"conclave/keys/mls/internal/codec"
	"conclave/keys/mls/internal/rule"
	"conclave/keys/mls/internal/tree"
)

// WireFormat says what an MLSMessage holds (section 6).
type WireFormat uint16

// The wire formats.
const (
	WirePublic     WireFormat = 1
	WirePrivate    WireFormat = 2
	WireWelcome    WireFormat = 3
	WireGroupInfo  WireFormat = 4
	WireKeyPackage WireFormat = 5
)

// ContentType says what a framed content is (section 6).
type ContentType uint8

// The content types.
const (
	ContentApplication ContentType = 1
	ContentProposal    ContentType = 2
	ContentCommit      ContentType = 3
)

// SenderType says who signs a message (section 6).
type SenderType uint8

// The sender types.
const (
	SenderMember            SenderType = 1
	SenderExternal          SenderType = 2
	SenderNewMemberProposal SenderType = 3
	SenderNewMemberCommit   SenderType = 4
)

// Sender names the signer of a message (section 6).
type Sender struct {
	Type  SenderType
	Leaf  tree.LeafIndex // of a member
	Index uint32         // of an external sender, in external_senders
}

// Encode writes the structure.
func (s Sender) Encode(w *codec.Writer) {
	w.Uint8(uint8(s.Type))
	switch s.Type {
	case SenderMember:
		w.Uint32(uint32(s.Leaf))
	case SenderExternal:
		w.Uint32(s.Index)
	case SenderNewMemberProposal, SenderNewMemberCommit:
	}
}

// Decode reads the structure.
func (s *Sender) Decode(r *codec.Reader) {
	switch s.Type = SenderType(r.Uint8()); s.Type {
	case SenderMember:
		s.Leaf = tree.LeafIndex(r.Uint32())
	case SenderExternal:
		s.Index = r.Uint32()
	case SenderNewMemberProposal, SenderNewMemberCommit:
	default:
		r.Fail(rule.Broken("6", "decode sender: unknown type"))
	}
}

// Content is FramedContent (section 6).
type Content struct {
	GroupID           []byte
	Epoch             uint64
	Sender            Sender
	AuthenticatedData []byte
	Type              ContentType
	Application       []byte
	Proposal          *Proposal
	Commit            *Commit
}

// Encode writes the structure.
func (c *Content) Encode(w *codec.Writer) {
	w.Opaque(c.GroupID)
	w.Uint64(c.Epoch)
	c.Sender.Encode(w)
	w.Opaque(c.AuthenticatedData)
	w.Uint8(uint8(c.Type))
	c.encodeBody(w)
}

// Decode reads the structure.
func (c *Content) Decode(r *codec.Reader) {
	c.GroupID = r.Opaque()
	c.Epoch = r.Uint64()
	c.Sender.Decode(r)
	c.AuthenticatedData = r.Opaque()
	c.Type = ContentType(r.Uint8())
	c.decodeBody(r)
}

func (c *Content) encodeBody(w *codec.Writer) {
	switch c.Type {
	case ContentApplication:
		w.Opaque(c.Application)
	case ContentProposal:
		c.Proposal.Encode(w)
	case ContentCommit:
		c.Commit.Encode(w)
	}
}

func (c *Content) decodeBody(r *codec.Reader) {
	switch c.Type {
	case ContentApplication:
		c.Application = r.Opaque()
	case ContentProposal:
		c.Proposal = new(Proposal)
		c.Proposal.Decode(r)
	case ContentCommit:
		c.Commit = new(Commit)
		c.Commit.Decode(r)
	default:
		r.Fail(rule.Broken("6", "decode content: unknown type"))
	}
}

// Authenticated is AuthenticatedContent (section 6): a content with its signature
// and, for a commit, its confirmation tag.
type Authenticated struct {
	Wire            WireFormat
	Content         Content
	Signature       []byte
	ConfirmationTag []byte
}

// Encode writes the structure.
func (a *Authenticated) Encode(w *codec.Writer) {
	w.Uint16(uint16(a.Wire))
	a.Content.Encode(w)
	a.encodeAuth(w)
}

// Decode reads the structure.
func (a *Authenticated) Decode(r *codec.Reader) {
	a.Wire = WireFormat(r.Uint16())
	a.Content.Decode(r)
	a.decodeAuth(r)
}

func (a *Authenticated) encodeAuth(w *codec.Writer) {
	w.Opaque(a.Signature)
	if a.Content.Type == ContentCommit {
		w.Opaque(a.ConfirmationTag)
	}
}

func (a *Authenticated) decodeAuth(r *codec.Reader) {
	a.Signature = r.Opaque()
	if a.Content.Type == ContentCommit {
		a.ConfirmationTag = r.Opaque()
	}
}
