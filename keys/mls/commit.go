package mls

import (
	"crypto"
	"crypto/sha256"
	"fmt"

	"conclave/keys/mls/internal/codec"
	"conclave/keys/mls/internal/framing"
	"conclave/keys/mls/internal/rule"
	"conclave/keys/mls/internal/suite"
	"conclave/keys/mls/internal/tree"
)

// CommitOptions says what a commit is to do, apart from refreshing the committer's
// keys. Its zero value commits every proposal that waits.
type CommitOptions struct {
	Add    [][]byte    // key packages of clients to add, by value
	Remove []LeafIndex // members to remove, by value
	PSK    [][]byte    // external pre-shared keys to mix in, by value
	// Extensions replace those of the group's context, unless nil.
	Extensions Extensions
	// References names the waiting proposals to commit; with nil, all of them
	// are, save for those that contradict one another or this member's place.
	// An empty list commits none.
	References [][]byte
	// WithoutPath leaves out the committer's fresh keys where the RFC allows
	// that (section 12.4): then removed members are locked out as ever, but a
	// stolen key is not healed, and the tree does not fill.
	WithoutPath bool
	// TreeApart leaves the ratchet tree out of the Welcome. New members then
	// fetch it elsewhere, which saves most of a large meeting's Welcome.
	TreeApart bool
	// Signer and Credential replace this member's own from the next epoch on.
	Signer     crypto.Signer
	Credential *Credential
	// AuthenticatedData travels with the commit, in the clear but not to be
	// changed.
	AuthenticatedData []byte
}

// Staged is a commit that has been checked, or made, but not yet applied.
type Staged struct {
	suite.Hidden
	Change
	base    *state
	next    *state            // nil when this client is removed
	hash    [sha256.Size]byte // of an own commit's message, to know its echo
	message []byte
	welcome []byte
	signer  crypto.Signer // replaces the present one, unless nil
	cred    *Credential
	use     func() // deletes the key of an encrypted commit
}

// Change says what a commit does to the group. It holds nothing secret.
type Change struct {
	Epoch             uint64    // the one the commit begins
	Committer         LeafIndex // of an external commit, the new member's
	External          bool      // the committer joins by this commit
	Added             []Member  // without an external committer
	Removed           []Member
	Updated           []LeafIndex // by their own Update
	Extensions        Extensions  // of the new epoch's context
	ExtensionsChanged bool
	PathRenewed       bool // the committer's keys were
	RemovesSelf       bool // this client is removed
	Own               bool // this client's own commit
	AuthenticatedData []byte
	TreeHash          []byte // of the new epoch
	TranscriptHash    []byte // confirmed, of the new epoch; nil when this client is removed
}

// Message returns an own commit as an MLSMessage, to be handed to the delivery
// service.
func (s *Staged) Message() []byte { return s.message }

// Welcome returns the Welcome for the members that an own commit adds, as an
// MLSMessage, or nil when there are none. It must not be delivered before the
// commit has won.
func (s *Staged) Welcome() []byte { return s.welcome }

// Members returns the members of the epoch the commit begins, or nil when this
// client is not among them.
func (s *Staged) Members() (list []Member) {
	if s.next != nil {
		for i, leaf := range s.next.tree.Leaves {
			list = append(list, memberOf(i, leaf))
		}
	}
	return list
}

// RatchetTree returns the tree of the epoch the commit begins, for new members who
// fetch it apart from their Welcome, or nil when this client is not in that epoch.
func (s *Staged) RatchetTree() []byte {
	if s.next == nil {
		return nil
	}
	return codec.Marshal(s.next.tree)
}

func (s *Staged) wipe() {
	if s.next != nil {
		s.next.wipe()
		s.next.secrets.Wipe()
	}
}

// Commit makes a commit (section 12.4.1). It is not applied: hand Message to the
// delivery service, and give what comes back to Handle. When that is the commit
// itself, it is applied; when another commit came first, this one is dropped.
func (g *Group) Commit(o CommitOptions) (*Staged, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.now == nil {
		return nil, ErrRemoved
	}
	if g.pending != nil {
		return nil, ErrCommitPending
	}
	staged, err := g.stageOwn(&o)
	if err != nil {
		return nil, fmt.Errorf("commit: %w", err)
	}
	g.pending = staged
	return staged, nil
}

func (g *Group) stageOwn(o *CommitOptions) (*Staged, error) {
	st := g.now
	by := Sender{Type: SenderMember, Leaf: st.self()}
	proposals, list, err := st.gather(o, by)
	if err != nil {
		return nil, err
	}
	ch, err := st.apply(&g.config, list, by)
	if err != nil {
		return nil, err
	}
	psk, err := g.psk(ch.psks)
	if err != nil {
		return nil, err
	}
	defer psk.Wipe()
	a := st.content(framing.ContentCommit, o.AuthenticatedData)
	a.Wire = g.config.handshakeWire()
	a.Content.Commit = &framing.Commit{Proposals: proposals}
	next := o.nextConfig(g.config)
	path, err := st.ownPath(&next, o, ch, a.Content.Commit)
	if err != nil {
		return nil, err
	}
	defer path.Wipe()
	// Signed with the key the others know, even if the path brings another.
	if err := a.Sign(st.suite, g.config.Signer, st.contextBytes); err != nil {
		return nil, err
	}
	commitSecret := st.suite.Zero()
	if path != nil {
		commitSecret = path.CommitSecret
	}
	began, joiner := st.begin(ch, a, st.epoch.Init, commitSecret, psk)
	defer joiner.Wipe()
	a.ConfirmationTag = began.tag
	staged := &Staged{base: st, next: began, signer: o.Signer, cred: o.Credential, use: func() {}}
	staged.Change = ch.describe(st, began, a)
	staged.Own = true
	if len(ch.packages) > 0 {
		if staged.welcome, err = began.welcome(&next, ch, path, joiner, psk, !o.TreeApart); err != nil {
			return nil, err
		}
	}
	// Last, since an encrypted message uses up a key.
	staged.message, err = st.frame(&g.config, a)
	staged.hash = sha256.Sum256(staged.message)
	return staged, err
}

// nextConfig is the configuration from the next epoch on.
func (o *CommitOptions) nextConfig(c Config) Config {
	if o.Signer != nil {
		c.Signer = o.Signer
	}
	if o.Credential != nil {
		c.Credential = *o.Credential
	}
	return c
}

// ownPath makes the path of an own commit, unless it is to have none.
func (st *state) ownPath(next *Config, o *CommitOptions, ch *change, commit *framing.Commit) (*tree.NewPath, error) {
	if o.WithoutPath && !ch.needsPath && o.Signer == nil && o.Credential == nil {
		return nil, ch.checkTree()
	}
	return st.renew(next, ch, commit)
}

// renew gives the committer fresh keys and puts the path into the commit.
func (st *state) renew(c *Config, ch *change, commit *framing.Commit) (*tree.NewPath, error) {
	template, err := c.leaf(st.suite)
	if err != nil {
		return nil, err
	}
	if before := st.tree.Leaf(ch.private.Leaf); before != nil && ch.externalInit == nil {
		if err := c.succeeds(before, &template); err != nil {
			return nil, err
		}
	}
	path, err := tree.Renew(ch.tree, ch.private, template, c.Signer, st.context.GroupID)
	if err != nil {
		return nil, err
	}
	if err := ch.checkTree(ch.private.Leaf); err != nil {
		return nil, err
	}
	context := st.provisional(ch)
	commit.Path, err = path.Encrypt(ch.tree, codec.Marshal(&context), ch.added)
	return path, err
}

// gather lists what a commit is to hold: the waiting proposals by reference, then
// those of the options by value.
func (st *state) gather(o *CommitOptions, by Sender) (refs []framing.ProposalOrRef, list []listed, err error) {
	waiting, err := st.waiting(o, by)
	if err != nil {
		return nil, nil, err
	}
	for _, p := range waiting {
		refs = append(refs, framing.ProposalOrRef{Ref: p.ref})
		list = append(list, listed{proposal: p.proposal, sender: p.sender, checked: true})
	}
	values, err := st.inline(o)
	for _, p := range values {
		refs = append(refs, framing.ProposalOrRef{Proposal: p})
		list = append(list, listed{proposal: p, sender: by})
	}
	return refs, list, err
}

// waiting lists the proposals that a commit is to hold by reference.
func (st *state) waiting(o *CommitOptions, by Sender) (list []*pending, err error) {
	if o.References == nil {
		return st.compatible(o, by), nil
	}
	for _, ref := range o.References {
		p := st.find(ref)
		if p == nil {
			return nil, rule.Because("12.4", "find proposal", ErrUnknownProposal)
		}
		list = append(list, p)
	}
	return list, nil
}

// inline makes the proposals that the options ask for by value.
func (st *state) inline(o *CommitOptions) (list []*framing.Proposal, err error) {
	for _, raw := range o.Add {
		m, err := framing.ParseKind(raw, framing.WireKeyPackage)
		if err != nil {
			return nil, err
		}
		list = append(list, &framing.Proposal{Type: ProposalAdd, KeyPackage: m.KeyPackage})
	}
	for _, i := range o.Remove {
		list = append(list, &framing.Proposal{Type: ProposalRemove, Removed: i})
	}
	for _, id := range o.PSK {
		p, err := st.newPSK(id)
		if err != nil {
			return nil, err
		}
		list = append(list, p)
	}
	if o.Extensions != nil {
		p, err := newExtensions(o.Extensions)
		if err != nil {
			return nil, err
		}
		list = append(list, p)
	}
	return list, nil
}

// compatible picks those of the waiting proposals that can go into one commit of
// this member's. Of several for one leaf, a Remove is preferred (section 12.2).
func (st *state) compatible(o *CommitOptions, by Sender) (list []*pending) {
	removed := make(map[LeafIndex]bool)
	for _, i := range o.Remove {
		removed[i] = true
	}
	for _, p := range st.proposals {
		i := p.proposal.Removed
		if p.proposal.Type == ProposalRemove && i != by.Leaf && !removed[i] {
			removed[i] = true
			list = append(list, p)
		}
	}
	updated := make(map[LeafIndex]bool)
	clients := st.clients(o, removed)
	contexts := o.Extensions != nil
	for _, p := range st.proposals {
		fits := false
		switch p.proposal.Type {
		case ProposalUpdate:
			i := p.sender.Leaf
			fits = i != by.Leaf && !removed[i] && !updated[i]
			updated[i] = true
		case ProposalAdd:
			key := string(p.proposal.KeyPackage.Leaf.SignatureKey)
			fits = !clients[key]
			clients[key] = true
		case ProposalGroupContextExtensions:
			fits = !contexts
			contexts = true
		case ProposalPSK:
			fits = true
		case ProposalRemove, ProposalReInit, ProposalExternalInit:
		}
		if fits {
			list = append(list, p)
		}
	}
	return list
}

// clients lists the signature keys that are taken: by members that stay, and by
// clients that the options add by value.
func (st *state) clients(o *CommitOptions, removed map[LeafIndex]bool) map[string]bool {
	taken := make(map[string]bool)
	for i, leaf := range st.tree.Leaves {
		if !removed[i] {
			taken[string(leaf.SignatureKey)] = true
		}
	}
	for _, raw := range o.Add {
		if info, err := ReadKeyPackage(raw); err == nil {
			taken[string(info.SignatureKey)] = true
		}
	}
	return taken
}

// welcome makes the Welcome for the members a commit adds (section 12.4.3.1). c is
// the configuration of the next epoch: a new signing key signs it.
func (st *state) welcome(c *Config, ch *change, path *tree.NewPath, joiner, psk suite.Secret, withTree bool) ([]byte, error) {
	s := st.suite
	info := st.groupInfo(withTree)
	if err := info.Sign(s, c.Signer); err != nil {
		return nil, err
	}
	sealed, err := framing.SealGroupInfo(s, info, joiner, psk)
	if err != nil {
		return nil, err
	}
	w := &framing.Welcome{Suite: s.ID(), GroupInfo: sealed, Secrets: make([]framing.EncryptedGroupSecrets, len(ch.packages))}
	err = tree.EachParallel(len(ch.packages), func(k int) (err error) {
		secrets := framing.GroupSecrets{Joiner: joiner, PSKs: ch.psks}
		if path != nil {
			secrets.PathSecret = path.SecretFor(ch.added[k])
		}
		w.Secrets[k], err = framing.SealSecrets(s, &secrets, ch.packages[k], sealed)
		return err
	})
	return codec.Marshal(&framing.Message{Wire: framing.WireWelcome, Welcome: w}), err
}

// describe says what a commit does.
func (ch *change) describe(base, next *state, a *framing.Authenticated) Change {
	d := Change{
		Epoch: base.context.Epoch + 1, Committer: a.Content.Sender.Leaf,
		External: a.Content.Sender.Type == SenderNewMemberCommit,
		Removed:  ch.removed, Updated: ch.updated,
		Extensions: ch.extensions, ExtensionsChanged: ch.newContext,
		PathRenewed: a.Content.Commit.Path != nil, RemovesSelf: ch.removesSelf,
		AuthenticatedData: a.Content.AuthenticatedData, TreeHash: ch.tree.Hash(),
	}
	for _, i := range ch.added {
		d.Added = append(d.Added, memberOf(i, ch.tree.Leaf(i)))
	}
	if next != nil {
		d.TranscriptHash = next.context.TranscriptHash
	}
	return d
}

// Merge applies a staged commit: one that Process returned, or an own one that the
// delivery service has confirmed by other means than its echo.
func (g *Group) Merge(s *Staged) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.merge(s)
}

// Discard drops a staged commit. After that another can be made in its place.
func (g *Group) Discard(s *Staged) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.now != nil && s.next == g.now {
		return // it has been applied, and its secrets are the group's
	}
	if g.pending == s {
		g.pending = nil
	}
	s.wipe()
}

// merge moves the group to the commit's epoch.
func (g *Group) merge(s *Staged) error {
	if g.now == nil {
		return ErrRemoved
	}
	if s.base != g.now {
		return ErrStale
	}
	s.use()
	if g.pending != nil && g.pending != s {
		g.pending.wipe()
	}
	g.pending = nil
	g.past = append([]*past{g.now.retire()}, g.past...)
	for len(g.past) > maxPast {
		g.past[len(g.past)-1].wipe()
		g.past = g.past[:len(g.past)-1]
	}
	g.now = s.next
	if s.signer != nil {
		g.config.Signer = s.signer
	}
	if s.cred != nil {
		g.config.Credential = *s.cred
	}
	if g.now == nil {
		for _, p := range g.past {
			p.wipe()
		}
		g.past = nil
	}
	return nil
}
