package mls

import (
	"bytes"
	"fmt"

	"conclave/keys/mls/internal/codec"
	"conclave/keys/mls/internal/framing"
	"conclave/keys/mls/internal/rule"
	"conclave/keys/mls/internal/schedule"
	"conclave/keys/mls/internal/tree"
)

// listed is a proposal of a commit with its proposer.
type listed struct {
	proposal *framing.Proposal
	sender   Sender
	checked  bool // on its own, when it came by itself
}

// change is what a list of proposals makes of an epoch, before the path.
type change struct {
	tree         *tree.Tree
	private      *tree.Private
	extensions   Extensions
	newContext   bool // the extensions changed
	added        []LeafIndex
	packages     []*framing.KeyPackage // of those added
	removed      []Member
	updated      []LeafIndex
	psks         []pskID
	externalInit []byte
	needsPath    bool
	removesSelf  bool
}

// checkProposal checks a proposal on its own (section 12.1).
func (st *state) checkProposal(c *Config, p *framing.Proposal, sender Sender) error {
	if sender.Type == SenderExternal || sender.Type == SenderNewMemberProposal {
		if !c.allowsExternal(p.Type) || sender.Type == SenderNewMemberProposal && p.Type != ProposalAdd {
			return rule.Broken("12.1.8", "check proposal: not allowed to a sender from outside")
		}
	}
	switch p.Type {
	case ProposalAdd:
		return st.checkAdd(c, p.KeyPackage)
	case ProposalUpdate:
		return st.checkUpdate(c, p.Leaf, sender)
	case ProposalRemove:
		if st.tree.Leaf(p.Removed) == nil {
			return rule.Broken("12.1.3", "check Remove: the leaf is blank")
		}
		return nil
	case ProposalPSK:
		return st.checkPSK(p.PSK)
	case ProposalGroupContextExtensions:
		if _, err := p.Extensions.RequiredCapabilities(); err != nil {
			return rule.Because("11.1", "check GroupContextExtensions: required capabilities", err)
		}
		return c.verifySenders(p.Extensions)
	case ProposalExternalInit:
		if sender.Type != SenderNewMemberCommit {
			return rule.Broken("12.1.6", "check ExternalInit: only an external commit may have one")
		}
		return nil
	case ProposalReInit:
		return rule.Broken("12.1.5", "check ReInit: meetings are not reinitialised")
	default:
		return rule.Broken("12.1", "check proposal: unknown type")
	}
}

func (st *state) checkAdd(c *Config, k *framing.KeyPackage) error {
	if err := k.Verify(st.suite); err != nil {
		return rule.Because("12.1.1", "check Add", err)
	}
	if err := c.checkLifetime(&k.Leaf); err != nil {
		return err
	}
	return c.verify(&k.Leaf)
}

func (st *state) checkUpdate(c *Config, leaf *tree.LeafNode, sender Sender) error {
	if sender.Type != SenderMember {
		return rule.Broken("12.1.2", "check Update: only a member may send one")
	}
	if leaf.Source != tree.SourceUpdate {
		return rule.Broken("7.3", "check Update: its leaf was not made for an Update")
	}
	return st.checkReplacement(c, sender.Leaf, leaf)
}

// checkReplacement checks a new leaf of a present member (sections 7.3 and 12.1.2).
func (st *state) checkReplacement(c *Config, i LeafIndex, leaf *tree.LeafNode) error {
	before, err := st.member(i)
	if err != nil {
		return err
	}
	if bytes.Equal(before.EncryptionKey, leaf.EncryptionKey) {
		return rule.Broken("7.3", "check leaf: the encryption key is the old one")
	}
	if err := leaf.CheckKey(st.suite); err != nil {
		return err
	}
	if err := leaf.Verify(st.suite, st.context.GroupID, i); err != nil {
		return err
	}
	if err := c.succeeds(before, leaf); err != nil {
		return err
	}
	return c.verify(leaf)
}

func (st *state) checkPSK(id pskID) error {
	// A resumption key of this same group is mixed in when a peer asks for it.
	// This package never does; and those that tie groups together are refused.
	if id.Type == schedule.PSKResumption && (id.Usage != schedule.UsageApplication || string(id.GroupID) != string(st.context.GroupID)) {
		return rule.Broken("12.1.4", "check PreSharedKey: resumption keys of other groups are not used here")
	}
	if len(id.PSKNonce) != st.suite.HashSize() {
		return rule.Broken("12.1.4", "check PreSharedKey: nonce has the wrong length")
	}
	return nil
}

// checkList checks a commit's proposals, each on its own and against the others
// (section 12.2).
func (st *state) checkList(c *Config, list []listed, by Sender) error {
	seen := make(map[string]bool)
	// once refuses a second proposal about the same thing.
	once := func(kind, what, reason string) error {
		if seen[kind+what] {
			return rule.Broken("12.2", "check commit: "+reason)
		}
		seen[kind+what] = true
		return nil
	}
	for _, l := range list {
		p := l.proposal
		if !l.checked {
			if err := st.checkProposal(c, p, l.sender); err != nil {
				return err
			}
		}
		var err error
		switch p.Type {
		case ProposalAdd:
			err = once("client ", string(p.KeyPackage.Leaf.SignatureKey), "the same client is added twice")
		case ProposalUpdate, ProposalRemove:
			target := l.target()
			if by.Type == SenderMember && target == by.Leaf {
				return rule.Broken("12.2", "check commit: it updates or removes its own committer")
			}
			err = once("leaf ", fmt.Sprint(target), "two proposals for one leaf")
		case ProposalPSK:
			err = once("psk ", string(codec.Marshal(p.PSK)), "a pre-shared key is named twice")
		case ProposalGroupContextExtensions:
			err = once("context", "", "two GroupContextExtensions proposals")
		case ProposalExternalInit:
			err = once("init", "", "two ExternalInit proposals")
		case ProposalReInit:
		}
		if err != nil {
			return err
		}
	}
	if by.Type == SenderNewMemberCommit {
		return checkExternalList(list)
	}
	return nil
}

// target is the leaf that an Update or a Remove is about.
func (l listed) target() LeafIndex {
	if l.proposal.Type == ProposalUpdate {
		return l.sender.Leaf
	}
	return l.proposal.Removed
}

// checkExternalList checks what an external commit may hold (section 12.2).
func checkExternalList(list []listed) error {
	inits, removes := 0, 0
	for _, l := range list {
		switch l.proposal.Type {
		case ProposalExternalInit:
			inits++
		case ProposalPSK:
		case ProposalRemove:
			removes++
		default:
			return rule.Broken("12.2", "check external commit: a proposal of a type it may not have")
		}
	}
	if inits == 0 {
		return rule.Broken("12.2", "check external commit: no ExternalInit")
	}
	if removes > 1 {
		return rule.Broken("12.2", "check external commit: more than one Remove")
	}
	return nil
}

// apply works out what a commit's proposals make of this epoch (sections 12.2 and
// 12.3). The state itself stays as it is.
func (st *state) apply(c *Config, list []listed, by Sender) (*change, error) {
	if err := st.checkList(c, list, by); err != nil {
		return nil, err
	}
	ch := &change{tree: st.tree.Clone(), extensions: st.context.Extensions, needsPath: len(list) == 0}
	if st.private != nil {
		ch.private = st.private.Clone()
	}
	// The order is that of section 12.3, whatever the commit's is.
	for _, kind := range []ProposalType{ProposalGroupContextExtensions, ProposalUpdate, ProposalRemove, ProposalAdd, ProposalPSK, ProposalExternalInit} {
		for _, l := range list {
			if l.proposal.Type != kind {
				continue
			}
			ch.needsPath = ch.needsPath || kind.NeedsPath()
			if err := st.applyOne(ch, l); err != nil {
				return nil, err
			}
		}
	}
	return ch, nil
}

func (st *state) applyOne(ch *change, l listed) error {
	switch p := l.proposal; p.Type {
	case ProposalGroupContextExtensions:
		ch.extensions, ch.newContext = p.Extensions, true
	case ProposalUpdate:
		i := l.sender.Leaf
		ch.tree.Update(i, p.Leaf)
		ch.updated = append(ch.updated, i)
		if ch.private != nil && i == ch.private.Leaf {
			key := st.updates[string(p.Leaf.EncryptionKey)]
			if key == nil {
				return rule.Broken("12.1.2", "apply Update: the private key of this client's own Update is lost")
			}
			ch.private.SetLeafKey(key)
		}
	case ProposalRemove:
		ch.removed = append(ch.removed, memberOf(p.Removed, ch.tree.Leaf(p.Removed)))
		ch.removesSelf = ch.removesSelf || ch.private != nil && p.Removed == ch.private.Leaf
		ch.tree.Remove(p.Removed)
	case ProposalAdd:
		ch.added = append(ch.added, ch.tree.Add(&p.KeyPackage.Leaf))
		ch.packages = append(ch.packages, p.KeyPackage)
	case ProposalPSK:
		ch.psks = append(ch.psks, p.PSK)
	case ProposalExternalInit:
		ch.externalInit = p.KEMOutput
	case ProposalReInit:
	}
	return nil
}

// checkTree checks the tree that a commit leaves behind (sections 7.3 and 12.2).
// changed are the leaves beyond those added or updated.
func (ch *change) checkTree(changed ...LeafIndex) error {
	if err := ch.tree.CheckKeysUnique(); err != nil {
		return err
	}
	if ch.newContext {
		return ch.tree.CheckAllMembers(ch.extensions)
	}
	changed = append(changed, ch.added...)
	return ch.tree.CheckMembers(ch.extensions, append(changed, ch.updated...))
}
