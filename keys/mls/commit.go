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
	if len(st.proposals) == 0 {
		return nil
	}
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
