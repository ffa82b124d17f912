package framing

import (
	"crypto"

	"conclave/keys/mls/internal/codec"
	"conclave/keys/mls/internal/rule"
	"conclave/keys/mls/internal/suite"
	"conclave/keys/mls/internal/tree"
)

// PublicMessage is a signed message that is not encrypted (section 6.2).
type PublicMessage struct {
	Authenticated
	MembershipTag []byte // of a member's message
}

// Encode writes the structure.
func (m *PublicMessage) Encode(w *codec.Writer) {
	m.Content.Encode(w)
	m.encodeAuth(w)
	if m.Content.Sender.Type == SenderMember {
		w.Opaque(m.MembershipTag)
	}
}

// Decode reads the structure.
func (m *PublicMessage) Decode(r *codec.Reader) {
	m.Wire = WirePublic
	m.Content.Decode(r)
	m.decodeAuth(r)
	if m.Content.Sender.Type == SenderMember {
		m.MembershipTag = r.Opaque()
	}
}

// tbs is FramedContentTBS (section 6.1). context is the encoded GroupContext of the
// epoch in which the message was sent.
func (a *Authenticated) tbs(context []byte) []byte {
	var w codec.Writer
	w.Uint16(tree.Version)
	w.Uint16(uint16(a.Wire))
	a.Content.Encode(&w)
	switch a.Content.Sender.Type {
	case SenderMember, SenderNewMemberCommit:
		w.Raw(context)
	case SenderExternal, SenderNewMemberProposal:
	}
	return w.Bytes()
}

// Sign signs the content (section 6.1).
func (a *Authenticated) Sign(s *suite.Suite, signer crypto.Signer, context []byte) (err error) {
	a.Signature, err = s.SignWithLabel(signer, "FramedContentTBS", a.tbs(context))
	return err
}

// Verify checks the signature (section 6.1).
func (a *Authenticated) Verify(s *suite.Suite, key, context []byte) error {
	if err := s.VerifyWithLabel(key, "FramedContentTBS", a.tbs(context), a.Signature); err != nil {
		return rule.Because("6.1", "check message", err)
	}
	return nil
}

func (a *Authenticated) membershipTag(s *suite.Suite, key suite.Secret, context []byte) []byte {
	var auth codec.Writer
	a.encodeAuth(&auth)
	return s.MAC(key, a.tbs(context), auth.Bytes())
}

// Protect makes a PublicMessage of a signed content (section 6.2).
func (a *Authenticated) Protect(s *suite.Suite, membership suite.Secret, context []byte) *PublicMessage {
	m := &PublicMessage{Authenticated: *a}
	if a.Content.Sender.Type == SenderMember {
		m.MembershipTag = a.membershipTag(s, membership, context)
	}
	return m
}

// CheckMembership checks the tag that only a member can make (section 6.2).
func (m *PublicMessage) CheckMembership(s *suite.Suite, membership suite.Secret, context []byte) error {
	if m.Content.Type == ContentApplication {
		return rule.Broken("6.2", "check message: application data in a PublicMessage")
	}
	if m.Content.Sender.Type != SenderMember {
		return nil
	}
	if !suite.EqualMAC(m.MembershipTag, m.membershipTag(s, membership, context)) {
		return rule.Broken("6.2", "check message: membership tag does not match")
	}
	return nil
}

// ProposalRef names a proposal (section 5.2).
func (a *Authenticated) ProposalRef(s *suite.Suite) []byte {
	return s.RefHash("MLS 1.0 Proposal Reference", codec.Marshal(a))
}

// ConfirmedTranscript adds a commit to the transcript (section 8.2).
func (a *Authenticated) ConfirmedTranscript(s *suite.Suite, interim []byte) []byte {
	var w codec.Writer
	w.Raw(interim)
	w.Uint16(uint16(a.Wire))
	a.Content.Encode(&w)
	w.Opaque(a.Signature)
	return s.Hash(w.Bytes())
}

// InterimTranscript adds a confirmation tag to the transcript (section 8.2).
func InterimTranscript(s *suite.Suite, confirmed, confirmationTag []byte) []byte {
	var w codec.Writer
	w.Raw(confirmed)
	w.Opaque(confirmationTag)
	return s.Hash(w.Bytes())
}
