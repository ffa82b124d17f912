package mls

import (
	"bytes"
	"crypto"
	"errors"
	"testing"

	"conclave/keys/mls/internal/codec"
	"conclave/keys/mls/internal/framing"
	"conclave/keys/mls/internal/rule"
	"conclave/keys/mls/internal/tree"
)

// forgery is a handshake message by a member who keeps to the rules but for one.
// Signature and tags are right, unless it says otherwise.
type forgery struct {
	proposals []*framing.Proposal // of a commit, by value
	refs      [][]byte            // of a commit, by reference
	sender    *Sender
	withPath  bool
	leaf      func(*tree.LeafNode)   // changes the path's leaf before it is signed
	path      func(*tree.UpdatePath) // changes the path when it is ready
	content   func(*framing.Content) // before the signature
	signed    func(*framing.Authenticated)
	tagged    func(*framing.PublicMessage)
	groupID   []byte // the path's leaf is signed for this group
}

// commit makes a commit that is as it should be but for what the forgery does. The
// path is made for the tree as it is, so proposals that change the tree must break
// a rule that is checked before the path is.
func (f forgery) commit(t *testing.T, g *Group) []byte {
	t.Helper()
	st := g.now
	body := new(framing.Commit)
	for _, p := range f.proposals {
		body.Proposals = append(body.Proposals, framing.ProposalOrRef{Proposal: p})
	}
	for _, ref := range f.refs {
		body.Proposals = append(body.Proposals, framing.ProposalOrRef{Ref: ref})
	}
	ch := &change{tree: st.tree.Clone(), private: st.private.Clone(), extensions: st.context.Extensions}
	commitSecret := st.suite.Zero()
	if f.withPath {
		template, err := g.config.leaf(st.suite)
		must(t, err)
		if f.leaf != nil {
			f.leaf(&template)
		}
		id := st.context.GroupID
		if f.groupID != nil {
			id = f.groupID
		}
		path, err := tree.Renew(ch.tree, ch.private, template, g.config.Signer, id)
		must(t, err)
		context := st.provisional(ch)
		body.Path, err = path.Encrypt(ch.tree, codec.Marshal(&context), nil)
		must(t, err)
		commitSecret = path.CommitSecret
		if f.path != nil {
			f.path(body.Path)
		}
	}
	a := st.content(framing.ContentCommit, nil)
	a.Content.Commit = body
	return f.finish(t, g, a, func() {
		next, _ := st.begin(ch, a, st.epoch.Init, commitSecret, st.suite.Zero())
		a.ConfirmationTag = next.tag
	})
}

// proposal makes a proposal message.
func (f forgery) proposal(t *testing.T, g *Group, p *framing.Proposal) []byte {
	t.Helper()
	a := g.now.content(framing.ContentProposal, nil)
	a.Content.Proposal = p
	return f.finish(t, g, a, func() {})
}

func (f forgery) finish(t *testing.T, g *Group, a *framing.Authenticated, confirm func()) []byte {
	t.Helper()
	st := g.now
	a.Wire = framing.WirePublic
	if f.sender != nil {
		a.Content.Sender = *f.sender
	}
	if f.content != nil {
		f.content(&a.Content)
	}
	must(t, a.Sign(st.suite, g.config.Signer, st.contextBytes))
	if a.Content.Type == framing.ContentCommit {
		confirm()
	}
	if f.signed != nil {
		f.signed(a)
	}
	m := a.Protect(st.suite, st.epoch.Membership, st.contextBytes)
	if f.tagged != nil {
		f.tagged(m)
	}
	return codec.Marshal(&framing.Message{Wire: framing.WirePublic, Public: m})
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// names reports whether an error says that a rule of the section was broken.
func names(err error, section string) bool {
	for {
		var e *rule.Error
		if !errors.As(err, &e) {
			return false
		}
		if e.Section == section {
			return true
		}
		err = e.Err
	}
}

// snapshot is everything a group holds, secrets included.
func snapshot(g *Group) []byte {
	var w codec.Writer
	g.now.encode(&w)
	for _, p := range g.past {
		p.encode(&w)
	}
	return w.Bytes()
}

// refuse hands a message to a group, which must refuse it by the section's rule and
// be what it was before.
func refuse(t *testing.T, g *Group, message []byte, section string) {
	t.Helper()
	before := snapshot(g)
	_, err := g.Handle(message)
	if err == nil {
		t.Fatalf("accepted; want an error of section %s", section)
	}
	if !names(err, section) {
		t.Fatalf("got %q, want an error of section %s", err, section)
	}
	if !bytes.Equal(snapshot(g), before) {
		t.Fatalf("the group changed although the message was refused: %v", err)
	}
}

// forgedKeyPackage makes a key package, changed before its leaf is signed, before
// it is signed itself, and at the end.
func forgedKeyPackage(t *testing.T, c Config, leaf func(*tree.LeafNode), unsigned, signed func(*framing.KeyPackage)) *framing.KeyPackage {
	t.Helper()
	k := keyPackage(t, c)
	s, err := c.check()
	must(t, err)
	public := *k.public
	if leaf != nil {
		leaf(&public.Leaf)
		must(t, public.Leaf.Sign(s, c.Signer, nil, 0))
	}
	if unsigned != nil {
		unsigned(&public)
	}
	must(t, public.Sign(s, c.Signer))
	if signed != nil {
		signed(&public)
	}
	return &public
}

func addOf(k *framing.KeyPackage) *framing.Proposal {
	return &framing.Proposal{Type: ProposalAdd, KeyPackage: k}
}

// updateOf makes an Update of a member's, changed before it is signed.
func updateOf(t *testing.T, g *Group, signer crypto.Signer, groupID []byte, edit func(*tree.LeafNode)) *framing.Proposal {
	t.Helper()
	leaf, err := g.config.leaf(g.now.suite)
	must(t, err)
	pair, err := g.now.suite.GenerateKeyPair()
	must(t, err)
	leaf.EncryptionKey, leaf.Source = pair.Public, tree.SourceUpdate
	if edit != nil {
		edit(&leaf)
	}
	must(t, leaf.Sign(g.now.suite, signer, groupID, g.Self()))
	return &framing.Proposal{Type: ProposalUpdate, Leaf: &leaf}
}
