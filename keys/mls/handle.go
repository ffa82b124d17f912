package mls

import (
	"crypto/sha256"
	"fmt"

	"conclave/keys/mls/internal/framing"
	"conclave/keys/mls/internal/rule"
	"conclave/keys/mls/internal/suite"
	"conclave/keys/mls/internal/tree"
)

// ResultKind says what a message was.
type ResultKind uint8

// The kinds of results.
const (
	KindApplication ResultKind = iota + 1
	KindProposal
	KindCommit
)

// Result is what came of a message. Everything in it has been verified.
type Result struct {
	suite.Hidden
	Kind              ResultKind
	Epoch             uint64 // in which the message was sent
	Sender            Sender
	Member            Member // the sender, as of that epoch; zero when it was no member
	AuthenticatedData []byte
	Application       []byte        // of KindApplication
	Proposal          *ProposalInfo // of KindProposal
	Commit            *Staged       // of KindCommit
}

// ProposalInfo is a proposal that waits to be committed.
type ProposalInfo struct {
	Type       ProposalType
	Ref        []byte
	Sender     Sender
	Added      Member     // of an Add; its leaf index is not known yet
	Removed    LeafIndex  // of a Remove
	Extensions Extensions // of GroupContextExtensions
}

func (p *pending) info() *ProposalInfo {
	i := &ProposalInfo{Type: p.proposal.Type, Ref: p.ref, Sender: p.sender, Removed: p.proposal.Removed, Extensions: p.proposal.Extensions}
	if p.proposal.KeyPackage != nil {
		i.Added = memberOf(0, &p.proposal.KeyPackage.Leaf)
	}
	return i
}

// Proposals returns the proposals that wait to be committed.
func (g *Group) Proposals() []ProposalInfo {
	return read(g, func(st *state) (list []ProposalInfo) {
		for _, p := range st.proposals {
			list = append(list, *p.info())
		}
		return list
	})
}

// Forget drops a waiting proposal that nobody is to commit. A commit that names it
// all the same will be refused.
func (g *Group) Forget(ref []byte) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.now == nil {
		return
	}
	for k, p := range g.now.proposals {
		if string(p.ref) == string(ref) {
			g.now.proposals = append(g.now.proposals[:k:k], g.now.proposals[k+1:]...)
			return
		}
	}
}

// Handle takes in a message from the delivery service, and applies it if it is a
// commit. On an error the group is what it was.
func (g *Group) Handle(message []byte) (*Result, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	r, err := g.process(message)
	if err != nil {
		return nil, fmt.Errorf("handle message: %w", err)
	}
	if r.Kind == KindCommit {
		if err := g.merge(r.Commit); err != nil {
			return nil, fmt.Errorf("handle message: %w", err)
		}
	}
	return r, nil
}

// Process is Handle for those who look at a commit before they apply it: it comes
// back staged, and Merge or Discard decides.
func (g *Group) Process(message []byte) (*Result, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	r, err := g.process(message)
	if err != nil {
		return nil, fmt.Errorf("process message: %w", err)
	}
	return r, nil
}

func (g *Group) process(message []byte) (*Result, error) {
	if g.now == nil {
		return nil, ErrRemoved
	}
	if g.pending != nil && sha256.Sum256(message) == g.pending.hash {
		return &Result{
			Kind: KindCommit, Epoch: g.now.context.Epoch, Sender: Sender{Type: SenderMember, Leaf: g.now.self()},
			AuthenticatedData: g.pending.AuthenticatedData, Commit: g.pending,
		}, nil
	}
	m, err := framing.ParseMessage(message)
	if err != nil {
		return nil, err
	}
	switch m.Wire {
	case framing.WirePublic:
		return g.processPublic(m.Public)
	case framing.WirePrivate:
		return g.processPrivate(m.Private)
	default:
		return nil, rule.Broken("6", "take message: neither a PublicMessage nor a PrivateMessage")
	}
}

// checkEpoch refuses a handshake message of another group or epoch.
func (st *state) checkEpoch(groupID []byte, epoch uint64) error {
	switch {
	case string(groupID) != string(st.context.GroupID):
		return ErrOtherGroup
	case epoch < st.context.Epoch:
		return ErrPastEpoch
	case epoch > st.context.Epoch:
		return ErrFutureEpoch
	default:
		return nil
	}
}

func (g *Group) processPublic(m *framing.PublicMessage) (*Result, error) {
	st := g.now
	if err := st.checkEpoch(m.Content.GroupID, m.Content.Epoch); err != nil {
		return nil, err
	}
	if err := m.CheckMembership(st.suite, st.epoch.Membership, st.contextBytes); err != nil {
		return nil, err
	}
	key, err := st.senderKey(&m.Content)
	if err != nil {
		return nil, err
	}
	if err := m.Verify(st.suite, key, st.contextBytes); err != nil {
		return nil, err
	}
	return g.processContent(&m.Authenticated, func() {})
}

// senderKey returns the key that a handshake message must be signed with (section
// 6.1).
func (st *state) senderKey(c *framing.Content) ([]byte, error) {
	switch c.Sender.Type {
	case SenderMember:
		leaf, err := st.member(c.Sender.Leaf)
		if err != nil {
			return nil, err
		}
		return leaf.SignatureKey, nil
	case SenderExternal:
		senders, err := framing.ExternalSenders(st.context.Extensions)
		if err != nil {
			return nil, err
		}
		if c.Type != framing.ContentProposal || int64(c.Sender.Index) >= int64(len(senders)) {
			return nil, rule.Broken("12.1.8.1", "find sender: no such external sender")
		}
		return senders[c.Sender.Index].SignatureKey, nil
	case SenderNewMemberProposal:
		if c.Type == framing.ContentProposal && c.Proposal.Type == ProposalAdd {
			return c.Proposal.KeyPackage.Leaf.SignatureKey, nil
		}
		return nil, rule.Broken("12.1.8", "find sender: a new member may propose nothing but its Add")
	case SenderNewMemberCommit:
		if c.Type == framing.ContentCommit && c.Commit.Path != nil {
			return c.Commit.Path.Leaf.SignatureKey, nil
		}
		return nil, rule.Broken("12.4.3.2", "find sender: an external commit without a path")
	default:
		return nil, rule.Broken("6", "find sender: unknown type")
	}
}

func (g *Group) processPrivate(m *framing.PrivateMessage) (*Result, error) {
	st := g.now
	err := st.checkEpoch(m.GroupID, m.Epoch)
	if err == ErrPastEpoch && m.Type == framing.ContentApplication {
		return g.processPast(m)
	}
	if err != nil {
		return nil, err
	}
	a, use, err := openPrivate(m, &past{
		suite: st.suite, contextBytes: st.contextBytes, tree: st.tree,
		senderData: st.epoch.SenderData, secrets: st.secrets, self: st.self(),
	})
	if err != nil {
		return nil, err
	}
	return g.processContent(a, use)
}

// processPast opens an application message of a past epoch, which counts for that
// epoch's members only.
func (g *Group) processPast(m *framing.PrivateMessage) (*Result, error) {
	for _, p := range g.past {
		if p.epoch == m.Epoch {
			a, use, err := openPrivate(m, p)
			if err != nil {
				return nil, err
			}
			use()
			return application(a, p.tree.Leaf(a.Content.Sender.Leaf)), nil
		}
	}
	return nil, ErrPastEpoch
}

// openPrivate decrypts a message and checks its signature. The key is deleted when
// use is called.
func openPrivate(m *framing.PrivateMessage, p *past) (*framing.Authenticated, func(), error) {
	a, lease, err := m.Decrypt(p.suite, p.secrets, p.senderData, p.self)
	if err != nil {
		return nil, nil, err
	}
	leaf := p.tree.Leaf(a.Content.Sender.Leaf)
	if leaf == nil {
		return nil, nil, rule.Broken("6", "find sender: the leaf is blank")
	}
	if err := a.Verify(p.suite, leaf.SignatureKey, p.contextBytes); err != nil {
		return nil, nil, err
	}
	return a, lease.Use, nil
}

func application(a *framing.Authenticated, leaf *tree.LeafNode) *Result {
	return &Result{
		Kind: KindApplication, Epoch: a.Content.Epoch, Sender: a.Content.Sender,
		Member:            memberOf(a.Content.Sender.Leaf, leaf),
		AuthenticatedData: a.Content.AuthenticatedData, Application: a.Content.Application,
	}
}

// processContent takes in a message whose signature has been checked.
func (g *Group) processContent(a *framing.Authenticated, use func()) (*Result, error) {
	st := g.now
	r := &Result{Epoch: a.Content.Epoch, Sender: a.Content.Sender, AuthenticatedData: a.Content.AuthenticatedData}
	if a.Content.Sender.Type == SenderMember {
		r.Member = memberOf(a.Content.Sender.Leaf, st.tree.Leaf(a.Content.Sender.Leaf))
	}
	switch a.Content.Type {
	case framing.ContentApplication:
		use()
		return application(a, st.tree.Leaf(a.Content.Sender.Leaf)), nil
	case framing.ContentProposal:
		p, err := st.take(&g.config, a)
		if err != nil {
			return nil, err
		}
		use()
		r.Kind, r.Proposal = KindProposal, p.info()
		return r, nil
	case framing.ContentCommit:
		staged, err := g.stage(a)
		if err != nil {
			return nil, err
		}
		staged.use = use
		r.Kind, r.Commit = KindCommit, staged
		if staged.External {
			r.Member = memberOf(staged.Committer, &a.Content.Commit.Path.Leaf)
		}
		return r, nil
	default:
		return nil, rule.Broken("6", "take message: unknown content type")
	}
}

// take checks and remembers a proposal. One that is known already, such as the echo
// of an own one, changes nothing.
func (st *state) take(c *Config, a *framing.Authenticated) (*pending, error) {
	ref := a.ProposalRef(st.suite)
	if p := st.find(ref); p != nil {
		return p, nil
	}
	if err := st.checkProposal(c, a.Content.Proposal, a.Content.Sender); err != nil {
		return nil, err
	}
	if len(st.proposals) >= maxProposals {
		return nil, rule.Broken("12.1", "take proposal: too many wait")
	}
	p := &pending{ref: ref, sender: a.Content.Sender, proposal: a.Content.Proposal}
	st.proposals = append(st.proposals, p)
	return p, nil
}
