package mls

import (
	"bytes"
	"fmt"

	"conclave/keys/mls/internal/codec"
	"conclave/keys/mls/internal/framing"
	"conclave/keys/mls/internal/rule"
	"conclave/keys/mls/internal/schedule"
	"conclave/keys/mls/internal/suite"
	"conclave/keys/mls/internal/tree"
)

// maxWelcomePSKs bounds the pre-shared keys a Welcome may ask for.
const maxWelcomePSKs = 64

// Join enters a group by a Welcome (section 12.4.3.1). ratchetTree is needed when
// the Welcome was made without the tree; wherever it came from, it must have the
// hash that the Welcome says. The key package must not be used again.
func Join(c Config, k *KeyPackage, welcome, ratchetTree []byte) (*Group, error) {
	g, err := join(c, k, welcome, ratchetTree)
	if err != nil {
		return nil, fmt.Errorf("join group: %w", err)
	}
	return g, nil
}

func join(c Config, k *KeyPackage, welcome, ratchetTree []byte) (*Group, error) {
	s, err := c.check()
	if err != nil {
		return nil, err
	}
	m, err := framing.ParseKind(welcome, framing.WireWelcome)
	if err != nil {
		return nil, err
	}
	if m.Welcome.Suite != s.ID() || k.public.Suite != s.ID() {
		return nil, rule.Broken("12.4.3.1", "check welcome: its cipher suite is not the key package's")
	}
	secrets, err := m.Welcome.OpenSecrets(s, k.public.Ref(s), k.initKey)
	if err != nil {
		return nil, err
	}
	defer secrets.Wipe()
	psk, err := c.welcomePSK(s, secrets.PSKs)
	if err != nil {
		return nil, err
	}
	defer psk.Wipe()
	info, err := m.Welcome.OpenGroupInfo(s, secrets.Joiner, psk)
	if err != nil {
		return nil, err
	}
	t, err := c.readTree(s, info, ratchetTree)
	if err != nil {
		return nil, err
	}
	private, err := k.privateIn(t, info.Signer, secrets.PathSecret)
	if err != nil {
		return nil, err
	}
	epoch := schedule.NewEpoch(s, secrets.Joiner, psk, codec.Marshal(&info.Context))
	tag := s.MAC(epoch.Confirmation, info.Context.TranscriptHash)
	if !suite.EqualMAC(tag, info.ConfirmationTag) {
		return nil, rule.Broken("12.4.3.1", "check welcome: confirmation tag does not match")
	}
	return &Group{config: c, now: newState(s, info.Context, t, private, epoch, tag)}, nil
}

// privateIn finds the key package's leaf in a tree and returns the private keys that
// the new member has there.
func (k *KeyPackage) privateIn(t *tree.Tree, committer LeafIndex, pathSecret suite.Secret) (*tree.Private, error) {
	self, err := findSelf(t, k)
	if err != nil {
		return nil, err
	}
	private := tree.NewPrivate(self, k.leafKey.Clone())
	if pathSecret == nil {
		return private, nil
	}
	return private, private.Implant(t, committer, pathSecret)
}

// welcomePSK returns the pre-shared keys a Welcome asks for.
func (c *Config) welcomePSK(s *suite.Suite, ids []pskID) (suite.Secret, error) {
	if len(ids) > maxWelcomePSKs {
		return nil, rule.Broken("12.4.3.1", "check welcome: too many pre-shared keys")
	}
	seen := make(map[string]bool)
	for _, id := range ids {
		if id.Type != schedule.PSKExternal {
			return nil, rule.Broken("12.4.3.1", "check welcome: resumption keys are not used here")
		}
		if len(id.PSKNonce) != s.HashSize() {
			return nil, rule.Broken("8.4", "check welcome: nonce of a pre-shared key has the wrong length")
		}
		if seen[string(id.ID)] {
			return nil, rule.Broken("12.4.3.1", "check welcome: a pre-shared key is named twice")
		}
		seen[string(id.ID)] = true
	}
	return c.psk(s, ids)
}

// readTree finds a group's tree and checks all that sections 12.4.3.1 and 7.9 ask
// for: its hash, its members, and the signature on the GroupInfo.
func (c *Config) readTree(s *suite.Suite, info *framing.GroupInfo, apart []byte) (*tree.Tree, error) {
	context := &info.Context
	if context.Suite != s.ID() {
		return nil, rule.Broken("12.4.3.1", "check group info: cipher suite is not the expected one")
	}
	if len(context.GroupID) > maxGroupID {
		return nil, rule.Broken("8.1", "check group info: group id is too long")
	}
	raw, inside := info.Extensions.Find(tree.ExtensionRatchetTree)
	if !inside {
		raw = apart
	}
	if len(raw) == 0 {
		return nil, rule.Broken("12.4.3.1", "check group info: there is no ratchet tree")
	}
	if len(raw) > framing.MaxMessage {
		return nil, rule.Broken("12.4.3.3", "check group info: ratchet tree is too long")
	}
	t, err := tree.Parse(s, raw)
	if err != nil {
		return nil, err
	}
	signer := t.Leaf(info.Signer)
	if signer == nil {
		return nil, rule.Broken("12.4.3.1", "check group info: the signer's leaf is blank")
	}
	if err := info.Verify(s, signer.SignatureKey); err != nil {
		return nil, err
	}
	if !bytes.Equal(t.Hash(), context.TreeHash) {
		return nil, rule.Broken("12.4.3.1", "check group info: tree hash does not match")
	}
	if err := t.Validate(context.GroupID, context.Extensions); err != nil {
		return nil, err
	}
	for _, leaf := range t.Leaves {
		if err := c.verify(leaf); err != nil {
			return nil, err
		}
	}
	return t, c.verifySenders(context.Extensions)
}

// findSelf finds the key package's leaf in the tree.
func findSelf(t *tree.Tree, k *KeyPackage) (LeafIndex, error) {
	want := codec.Marshal(&k.public.Leaf)
	for i, leaf := range t.Leaves {
		if bytes.Equal(leaf.SignatureKey, k.public.Leaf.SignatureKey) && bytes.Equal(codec.Marshal(leaf), want) {
			return i, nil
		}
	}
	return 0, rule.Broken("12.4.3.1", "check welcome: the tree has no leaf with this key package's node")
}

// ExternalOptions says how to join by an external commit.
type ExternalOptions struct {
	// RatchetTree is needed when the GroupInfo has no tree inside.
	RatchetTree []byte
	// Resync removes this client's earlier self: the member with the same
	// signature key or, with Replace, the leaf named there.
	Resync bool
	// Replace names the leaf to remove, for a client that comes back with
	// another signature key. The members decide whether they accept that.
	Replace *LeafIndex
	// PSK names external pre-shared keys to mix in.
	PSK [][]byte
	// AuthenticatedData travels with the commit.
	AuthenticatedData []byte
}

// JoinExternal enters a group by a commit of its own (section 12.4.3.2), made from a
// GroupInfo. The group that it returns is good only once the delivery service has
// accepted the commit; if another commit came first, drop it and try again with the
// next GroupInfo. It is in the new epoch already, so the commit's echo is of a past
// one to it: do not hand it to Handle.
func JoinExternal(c Config, groupInfo []byte, o ExternalOptions) (*Group, []byte, error) {
	g, message, err := joinExternal(c, groupInfo, &o)
	if err != nil {
		return nil, nil, fmt.Errorf("join group by external commit: %w", err)
	}
	return g, message, nil
}

func joinExternal(c Config, groupInfo []byte, o *ExternalOptions) (*Group, []byte, error) {
	s, err := c.check()
	if err != nil {
		return nil, nil, err
	}
	m, err := framing.ParseKind(groupInfo, framing.WireGroupInfo)
	if err != nil {
		return nil, nil, err
	}
	info := m.GroupInfo
	t, err := c.readTree(s, info, o.RatchetTree)
	if err != nil {
		return nil, nil, err
	}
	externalPub, err := info.ExternalPub()
	if err != nil {
		return nil, nil, err
	}
	kemOutput, init, err := s.ExternalInit(externalPub)
	if err != nil {
		return nil, nil, err
	}
	defer init.Wipe()
	// The state of the epoch before, as far as an outsider knows it.
	st := &state{
		suite: s, context: info.Context, contextBytes: codec.Marshal(&info.Context), tree: t,
		interim: framing.InterimTranscript(s, info.Context.TranscriptHash, info.ConfirmationTag),
	}
	list, err := st.externalProposals(&c, o, kemOutput)
	if err != nil {
		return nil, nil, err
	}
	next, message, err := st.commitExternal(&c, o, list, init)
	if err != nil {
		return nil, nil, err
	}
	return &Group{config: c, now: next}, message, nil
}

// externalProposals makes an external commit's proposals.
func (st *state) externalProposals(c *Config, o *ExternalOptions, kemOutput []byte) ([]*framing.Proposal, error) {
	list := []*framing.Proposal{{Type: ProposalExternalInit, KEMOutput: kemOutput}}
	earlier := o.Replace
	if earlier == nil && o.Resync {
		key, err := st.suite.SignatureKey(c.Signer)
		if err != nil {
			return nil, err
		}
		for i, leaf := range st.tree.Leaves {
			if bytes.Equal(leaf.SignatureKey, key) {
				earlier = &i
				break
			}
		}
	}
	if earlier != nil {
		list = append(list, &framing.Proposal{Type: ProposalRemove, Removed: *earlier})
	}
	for _, id := range o.PSK {
		p, err := st.newPSK(id)
		if err != nil {
			return nil, err
		}
		list = append(list, p)
	}
	return list, nil
}

// commitExternal makes the external commit and the epoch that it begins.
func (st *state) commitExternal(c *Config, o *ExternalOptions, proposals []*framing.Proposal, init suite.Secret) (*state, []byte, error) {
	s, by := st.suite, Sender{Type: SenderNewMemberCommit}
	commit := new(framing.Commit)
	var list []listed
	for _, p := range proposals {
		commit.Proposals = append(commit.Proposals, framing.ProposalOrRef{Proposal: p})
		list = append(list, listed{proposal: p, sender: by})
	}
	ch, err := st.apply(c, list, by)
	if err != nil {
		return nil, nil, err
	}
	psk, err := c.psk(s, ch.psks)
	if err != nil {
		return nil, nil, err
	}
	defer psk.Wipe()
	placeholder, err := c.leaf(s)
	if err != nil {
		return nil, nil, err
	}
	ch.private = tree.NewPrivate(ch.tree.PlaceExternal(&placeholder), nil)
	path, err := st.renew(c, ch, commit)
	if err != nil {
		return nil, nil, err
	}
	defer path.Wipe()
	a := st.contentExternal(o.AuthenticatedData, commit)
	if err := a.Sign(s, c.Signer, st.contextBytes); err != nil {
		return nil, nil, err
	}
	next, joiner := st.begin(ch, a, init, path.CommitSecret, psk)
	joiner.Wipe()
	a.ConfirmationTag = next.tag
	m := a.Protect(s, nil, nil)
	return next, codec.Marshal(&framing.Message{Wire: framing.WirePublic, Public: m}), nil
}

func (st *state) contentExternal(authenticated []byte, commit *framing.Commit) *framing.Authenticated {
	return &framing.Authenticated{Wire: framing.WirePublic, Content: framing.Content{
		GroupID: st.context.GroupID, Epoch: st.context.Epoch, Type: framing.ContentCommit, Commit: commit,
		Sender:            Sender{Type: SenderNewMemberCommit},
		AuthenticatedData: append([]byte(nil), authenticated...),
	}}
}
