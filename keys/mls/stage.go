package mls

import (
	"conclave/keys/mls/internal/codec"
	"conclave/keys/mls/internal/framing"
	"conclave/keys/mls/internal/rule"
	"conclave/keys/mls/internal/suite"
	"conclave/keys/mls/internal/tree"
)

// stage checks another member's commit, or an external one, and works out the next
// epoch (section 12.4.2).
func (g *Group) stage(a *framing.Authenticated) (*Staged, error) {
	st, by := g.now, a.Content.Sender
	if by.Type == SenderMember && by.Leaf == st.self() {
		return nil, rule.Because("12.4.2", "take commit: it is this member's own, and not pending", ErrOwnMessage)
	}
	if by.Type == SenderNewMemberCommit && a.Wire != framing.WirePublic {
		return nil, rule.Broken("12.4.3.2", "take commit: an external commit must be a PublicMessage")
	}
	list, err := st.resolve(a.Content.Commit, by)
	if err != nil {
		return nil, err
	}
	ch, err := st.apply(&g.config, list, by)
	if err != nil {
		return nil, err
	}
	init, commitSecret, err := st.takePath(&g.config, ch, a)
	if err != nil {
		return nil, err
	}
	staged := &Staged{base: st, use: func() {}}
	if ch.removesSelf {
		// The keys of the next epoch are out of reach, and with them the
		// confirmation tag. The signature and the membership tag were good.
		staged.Change = ch.describe(st, nil, a)
		return staged, nil
	}
	defer commitSecret.Wipe()
	psk, err := g.psk(ch.psks)
	if err != nil {
		return nil, err
	}
	defer psk.Wipe()
	next, joiner := st.begin(ch, a, init, commitSecret, psk)
	joiner.Wipe()
	if !suite.EqualMAC(next.tag, a.ConfirmationTag) {
		next.wipe()
		return nil, rule.Broken("8.1", "take commit: confirmation tag does not match")
	}
	staged.next = next
	staged.Change = ch.describe(st, next, a)
	return staged, nil
}

// resolve finds the proposals that a commit names.
func (st *state) resolve(commit *framing.Commit, by Sender) (list []listed, err error) {
	seen := make(map[string]bool)
	for _, p := range commit.Proposals {
		if p.Proposal != nil {
			list = append(list, listed{proposal: p.Proposal, sender: by})
			continue
		}
		if by.Type == SenderNewMemberCommit {
			return nil, rule.Broken("12.4.3.2", "take commit: an external commit names proposals by reference")
		}
		known := st.find(p.Ref)
		if known == nil {
			return nil, rule.Because("12.4.2", "take commit", ErrUnknownProposal)
		}
		if seen[string(p.Ref)] {
			return nil, rule.Broken("12.2", "take commit: it names a proposal twice")
		}
		seen[string(p.Ref)] = true
		list = append(list, listed{proposal: known.proposal, sender: known.sender, checked: true})
	}
	return list, nil
}

// takePath checks and merges a commit's path, and returns the two secrets that go
// into the next epoch. For a client that is removed there are none.
func (st *state) takePath(c *Config, ch *change, a *framing.Authenticated) (init, commitSecret suite.Secret, err error) {
	path := a.Content.Commit.Path
	by := &a.Content.Sender
	if path == nil {
		if ch.needsPath {
			return nil, nil, rule.Broken("12.4.2", "take commit: it has no path, and needs one")
		}
		return st.epoch.Init, st.suite.Zero(), ch.checkTree()
	}
	if path.Leaf.Source != tree.SourceCommit {
		return nil, nil, rule.Broken("12.4.2", "take commit: the path's leaf was not made for a commit")
	}
	init = st.epoch.Init
	if by.Type == SenderNewMemberCommit {
		if init, err = st.acceptExternal(c, ch, path); err != nil {
			return nil, nil, err
		}
		if err := path.Leaf.CheckKey(st.suite); err != nil {
			return nil, nil, err
		}
		by.Leaf = ch.tree.PlaceExternal(&path.Leaf)
		if err := path.Leaf.Verify(st.suite, st.context.GroupID, by.Leaf); err != nil {
			return nil, nil, err
		}
	} else if err := st.checkReplacement(c, by.Leaf, &path.Leaf); err != nil {
		return nil, nil, err
	}
	if err := ch.tree.Merge(by.Leaf, path); err != nil {
		return nil, nil, err
	}
	if err := ch.checkTree(by.Leaf); err != nil {
		return nil, nil, err
	}
	if ch.removesSelf {
		return nil, nil, nil
	}
	ch.private.Prune(ch.tree)
	context := st.provisional(ch)
	commitSecret, err = ch.private.Receive(ch.tree, by.Leaf, path, codec.Marshal(&context), ch.added)
	return init, commitSecret, err
}

// acceptExternal checks the new member of an external commit and returns the init
// secret that it encapsulated (sections 8.3 and 12.4.3.2).
func (st *state) acceptExternal(c *Config, ch *change, path *tree.UpdatePath) (suite.Secret, error) {
	if err := c.verify(&path.Leaf); err != nil {
		return nil, err
	}
	if len(ch.removed) == 1 {
		// A member that comes back: its new credential must be acceptable in
		// place of the old one.
		if err := c.succeeds(st.tree.Leaf(ch.removed[0].Leaf), &path.Leaf); err != nil {
			return nil, err
		}
	}
	if ch.removesSelf {
		return nil, nil
	}
	pair, err := st.epoch.ExternalKey(st.suite)
	if err != nil {
		return nil, err
	}
	defer pair.Private.Wipe()
	return st.suite.AcceptExternalInit(pair.Private, ch.externalInit)
}
