package mls

import (
	"conclave/keys/mls/internal/codec"
	"conclave/keys/mls/internal/framing"
	"conclave/keys/mls/internal/rule"
	"conclave/keys/mls/internal/schedule"
	"conclave/keys/mls/internal/suite"
	"conclave/keys/mls/internal/tree"
)

// state is one epoch of a group as one member knows it. A commit does not change
// it: the next epoch is a new state, and the group's pointer moves from one to the
// other when everything about it has been checked. What does change within an
// epoch are the message keys and the proposals waiting to be committed.
type state struct {
	suite        *suite.Suite
	context      groupContext
	contextBytes []byte // encoded; signatures and keys are bound to it
	tree         *tree.Tree
	private      *tree.Private
	epoch        *schedule.Epoch
	secrets      *schedule.SecretTree
	interim      []byte // transcript hash
	tag          []byte // confirmation tag of the commit that began the epoch
	proposals    []*pending
	updates      map[string]suite.Secret // private keys of own Updates, by public key
}

// pending is a proposal waiting to be committed by reference.
type pending struct {
	ref      []byte
	sender   Sender
	proposal *framing.Proposal
}

// newState completes a state: it takes the encryption secret out of epoch.
func newState(s *suite.Suite, context groupContext, t *tree.Tree, private *tree.Private, epoch *schedule.Epoch, tag []byte) *state {
	secrets := schedule.NewSecretTree(s, t.Width(), epoch.Encryption)
	epoch.Encryption = nil
	return &state{
		suite: s, context: context, contextBytes: codec.Marshal(&context),
		tree: t, private: private, epoch: epoch, secrets: secrets, tag: tag,
		interim: framing.InterimTranscript(s, context.TranscriptHash, tag),
		updates: make(map[string]suite.Secret),
	}
}

// self returns the member's own leaf.
func (st *state) self() LeafIndex { return st.private.Leaf }

// find returns a waiting proposal.
func (st *state) find(ref []byte) *pending {
	for _, p := range st.proposals {
		if string(p.ref) == string(ref) {
			return p
		}
	}
	return nil
}

// member returns the leaf of a present member.
func (st *state) member(i LeafIndex) (*tree.LeafNode, error) {
	leaf := st.tree.Leaf(i)
	if leaf == nil {
		return nil, rule.Broken("6", "find sender: the leaf is blank")
	}
	return leaf, nil
}

// provisional is the context that the next epoch's path is encrypted under: all is
// new but the transcript hash (section 12.4.1).
func (st *state) provisional(ch *change) groupContext {
	next := st.context
	next.Epoch++
	next.TreeHash = ch.tree.Hash()
	next.Extensions = ch.extensions
	return next
}

// begin derives the next epoch (section 8). The joiner secret is for the Welcome.
func (st *state) begin(ch *change, commit *framing.Authenticated, init, commitSecret, psk suite.Secret) (next *state, joiner suite.Secret) {
	s := st.suite
	context := st.provisional(ch)
	context.TranscriptHash = commit.ConfirmedTranscript(s, st.interim)
	encoded := codec.Marshal(&context)
	joiner = schedule.Joiner(s, init, commitSecret, encoded)
	epoch := schedule.NewEpoch(s, joiner, psk, encoded)
	tag := s.MAC(epoch.Confirmation, context.TranscriptHash)
	return newState(s, context, ch.tree, ch.private, epoch, tag), joiner
}

// wipe overwrites the state's secrets, save for those that past took over.
func (st *state) wipe() {
	st.private.Wipe()
	st.epoch.Wipe()
	for _, k := range st.updates {
		k.Wipe()
	}
}

// maxPast is how many past epochs' application messages can still be opened. More
// keeps keys for longer; fewer loses messages that were overtaken by a commit.
const maxPast = 3

// past is what remains of an epoch that is over: enough to open application
// messages that were under way, checked against that epoch's members.
type past struct {
	suite        *suite.Suite
	epoch        uint64
	contextBytes []byte
	tree         *tree.Tree
	senderData   suite.Secret
	resumption   suite.Secret
	secrets      *schedule.SecretTree
	self         LeafIndex
}

// retire turns a state into what remains of it, and wipes the rest.
func (st *state) retire() *past {
	p := &past{
		suite: st.suite, epoch: st.context.Epoch, contextBytes: st.contextBytes, tree: st.tree,
		senderData: st.epoch.SenderData.Clone(), resumption: st.epoch.Resumption.Clone(), secrets: st.secrets, self: st.self(),
	}
	st.wipe()
	return p
}

func (p *past) wipe() {
	p.senderData.Wipe()
	p.resumption.Wipe()
	p.secrets.Wipe()
}
