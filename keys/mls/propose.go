package mls

import (
	"crypto"
	"crypto/rand"
	"fmt"

	"conclave/keys/mls/internal/codec"
	"conclave/keys/mls/internal/framing"
	"conclave/keys/mls/internal/schedule"
	"conclave/keys/mls/internal/suite"
	"conclave/keys/mls/internal/tree"
)

// maxProposals bounds the proposals that wait to be committed. A member that sends
// more in an epoch is a nuisance.
const maxProposals = 4096

// ProposeAdd proposes to add the client that made a key package (section 12.1.1). It
// returns the message to be sent; the proposal already waits here.
func (g *Group) ProposeAdd(keyPackage []byte) ([]byte, error) {
	m, err := framing.ParseKind(keyPackage, framing.WireKeyPackage)
	if err != nil {
		return nil, fmt.Errorf("propose Add: %w", err)
	}
	return g.propose("Add", func(*state) (*framing.Proposal, error) {
		return &framing.Proposal{Type: ProposalAdd, KeyPackage: m.KeyPackage}, nil
	})
}

// ProposeRemove proposes to remove a member (section 12.1.3). A member that wishes
// to leave proposes its own removal.
func (g *Group) ProposeRemove(leaf LeafIndex) ([]byte, error) {
	return g.propose("Remove", func(*state) (*framing.Proposal, error) {
		return &framing.Proposal{Type: ProposalRemove, Removed: leaf}, nil
	})
}

// ProposeUpdate proposes fresh keys for this member's leaf (section 12.1.2). A
// commit of its own does more: it also fills the nodes above.
func (g *Group) ProposeUpdate() ([]byte, error) {
	var public string
	var private suite.Secret
	message, err := g.propose("Update", func(st *state) (*framing.Proposal, error) {
		leaf, err := g.config.leaf(st.suite)
		if err != nil {
			return nil, err
		}
		pair, err := st.suite.GenerateKeyPair()
		if err != nil {
			return nil, err
		}
		leaf.EncryptionKey, leaf.Source = pair.Public, tree.SourceUpdate
		public, private = string(pair.Public), pair.Private
		st.updates[public] = private
		err = leaf.Sign(st.suite, g.config.Signer, st.context.GroupID, st.self())
		return &framing.Proposal{Type: ProposalUpdate, Leaf: &leaf}, err
	})
	if err != nil && private != nil {
		g.mu.Lock()
		defer g.mu.Unlock()
		if g.now != nil {
			delete(g.now.updates, public)
		}
		private.Wipe()
	}
	return message, err
}

// ProposePSK proposes to mix in an external pre-shared key (section 12.1.4).
func (g *Group) ProposePSK(id []byte) ([]byte, error) {
	return g.propose("PreSharedKey", func(st *state) (*framing.Proposal, error) { return st.newPSK(id) })
}

// ProposeExtensions proposes to replace the extensions of the group's context
// (section 12.1.7).
func (g *Group) ProposeExtensions(extensions Extensions) ([]byte, error) {
	return g.propose("GroupContextExtensions", func(*state) (*framing.Proposal, error) {
		return newExtensions(extensions)
	})
}

func (st *state) newPSK(id []byte) (*framing.Proposal, error) {
	nonce := make([]byte, st.suite.HashSize())
	_, err := rand.Read(nonce)
	return &framing.Proposal{Type: ProposalPSK, PSK: pskID{Type: schedule.PSKExternal, ID: id, PSKNonce: nonce}}, err
}

// newExtensions refuses extensions that could not be decoded again.
func newExtensions(extensions Extensions) (*framing.Proposal, error) {
	var own Extensions
	err := codec.Unmarshal(codec.Marshal(extensions), &own)
	return &framing.Proposal{Type: ProposalGroupContextExtensions, Extensions: own}, err
}

// propose makes, checks, signs and remembers a proposal.
func (g *Group) propose(what string, newProposal func(*state) (*framing.Proposal, error)) ([]byte, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.now == nil {
		return nil, ErrRemoved
	}
	st := g.now
	p, err := newProposal(st)
	if err != nil {
		return nil, fmt.Errorf("propose %s: %w", what, err)
	}
	a := st.content(framing.ContentProposal, nil)
	a.Wire = g.config.handshakeWire()
	a.Content.Proposal = p
	if err := st.checkProposal(&g.config, p, a.Content.Sender); err != nil {
		return nil, fmt.Errorf("propose %s: %w", what, err)
	}
	if len(st.proposals) >= maxProposals {
		return nil, fmt.Errorf("propose %s: too many proposals wait", what)
	}
	if err := a.Sign(st.suite, g.config.Signer, st.contextBytes); err != nil {
		return nil, fmt.Errorf("propose %s: %w", what, err)
	}
	message, err := st.frame(&g.config, a)
	if err != nil {
		return nil, fmt.Errorf("propose %s: %w", what, err)
	}
	st.proposals = append(st.proposals, &pending{ref: a.ProposalRef(st.suite), sender: a.Content.Sender, proposal: p})
	return message, nil
}

// ExternalProposer signs proposals from outside a group, as the external sender
// with the given index (section 12.1.8.1). A service that orders a meeting's
// messages removes members with it whose connection has died.
type ExternalProposer struct {
	Suite   Suite
	Signer  crypto.Signer
	GroupID []byte
	Index   uint32 // place in the group's external_senders extension
}

// ProposeRemove proposes, for the given epoch, to remove a member.
func (e ExternalProposer) ProposeRemove(epoch uint64, leaf LeafIndex) ([]byte, error) {
	return e.propose(epoch, &framing.Proposal{Type: ProposalRemove, Removed: leaf})
}

// ProposeAdd proposes to add a client. Groups refuse it, unless their members'
// Config.ExternalProposals says otherwise.
func (e ExternalProposer) ProposeAdd(epoch uint64, keyPackage []byte) ([]byte, error) {
	m, err := framing.ParseKind(keyPackage, framing.WireKeyPackage)
	if err != nil {
		return nil, fmt.Errorf("propose from outside: %w", err)
	}
	return e.propose(epoch, &framing.Proposal{Type: ProposalAdd, KeyPackage: m.KeyPackage})
}

func (e ExternalProposer) propose(epoch uint64, p *framing.Proposal) ([]byte, error) {
	s, err := suite.Lookup(e.Suite)
	if err != nil {
		return nil, fmt.Errorf("propose from outside: %w", err)
	}
	a := &framing.Authenticated{Wire: framing.WirePublic, Content: framing.Content{
		GroupID: e.GroupID, Epoch: epoch, Type: framing.ContentProposal, Proposal: p,
		Sender: Sender{Type: SenderExternal, Index: e.Index},
	}}
	if err := a.Sign(s, e.Signer, nil); err != nil {
		return nil, fmt.Errorf("propose from outside: %w", err)
	}
	return codec.Marshal(&framing.Message{Wire: framing.WirePublic, Public: a.Protect(s, nil, nil)}), nil
}
