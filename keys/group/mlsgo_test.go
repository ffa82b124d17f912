package group

import (
	"bytes"
	"cmp"
	"crypto/ed25519"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/thomas-vilte/mls-go/ciphersuite"
	"github.com/thomas-vilte/mls-go/credentials"
	"github.com/thomas-vilte/mls-go/framing"
	mls "github.com/thomas-vilte/mls-go/group"
	"github.com/thomas-vilte/mls-go/keypackages"
	"github.com/thomas-vilte/mls-go/treesync"

	"conclave/keys"
)

// This file is a second engine, on github.com/thomas-vilte/mls-go v1.6.0: a whole
// meeting whose guests run another implementation of MLS than its host. It serves
// tests only.
//
// That library changes a group in place, also when it fails halfway. So commits are
// carried out on a copy, which replaces the group when all went well.

// keptEpochs is how many former epochs still open application messages.
const keptEpochs = 3

// mlsgo implements engine.
type mlsgo struct {
	signer *ciphersuite.SignaturePrivateKey
	group  *mls.Group
	next   *mls.Group   // with our staged commit applied
	former []*mls.Group // newest first
}

func newMLSGo(m meeting, g *mls.Group) *mlsgo {
	g.SetPaddingSize(padding)
	return &mlsgo{signer: mlsSigner(m.device), group: g}
}

func mlsSigner(device keys.DeviceKey) *ciphersuite.SignaturePrivateKey {
	return ciphersuite.NewEd25519SignaturePrivateKey(device.Signer().(ed25519.PrivateKey))
}

func newKeyPackage(m meeting) (*keypackages.KeyPackage, *keypackages.KeyPackagePrivateKeys, error) {
	public := m.device.Public()
	now := time.Now()
	credential := credentials.NewBasicCredential(public[:])
	if m.passport != nil {
		credential = credentials.NewX509Credential([][]byte{m.passport})
	}
	return keypackages.Generate(&credentials.CredentialWithKey{
		Credential:        credential,
		Ed25519PrivateKey: m.device.Signer().(ed25519.PrivateKey),
		SignatureKeyBytes: public[:],
	}, ciphersuite.CipherSuite(m.descriptor.Suite), keypackages.WithLifetime(
		uint64(now.Add(-time.Hour).Unix()), uint64(now.Add(24*time.Hour).Unix())))
}

// mlsgoJoiner implements joiner.
type mlsgoJoiner struct {
	meeting meeting
	public  *keypackages.KeyPackage
	private *keypackages.KeyPackagePrivateKeys
}

// prepareOther is Prepare with the other library.
func prepareOther(cfg Config) (*Joining, error) {
	m, err := cfg.verify()
	if err != nil {
		return nil, err
	}
	j, err := newMLSGoJoiner(m)
	if err != nil {
		return nil, err
	}
	return &Joining{meeting: m, joiner: j, public: j.keyPackage()}, nil
}

func newMLSGoJoiner(m meeting) (joiner, error) {
	kp, private, err := newKeyPackage(m)
	if err != nil {
		return nil, err
	}
	return &mlsgoJoiner{meeting: m, public: kp, private: private}, nil
}

func (j *mlsgoJoiner) keyPackage() []byte {
	return (&framing.MLSMessage{KeyPackage: j.public.Marshal()}).Marshal()
}

func (j *mlsgoJoiner) join(welcome []byte) (engine, []byte, error) {
	msg, err := framing.UnmarshalMLSMessage(welcome)
	if err != nil || len(msg.Welcome) == 0 {
		return nil, nil, ErrInvalid
	}
	w, err := mls.UnmarshalWelcome(msg.Welcome)
	if err != nil || uint16(w.CipherSuite) != j.meeting.descriptor.Suite {
		return nil, nil, ErrInvalid
	}
	g, err := joinFromWelcome(w, j.public, j.private)
	if err != nil {
		return nil, nil, errors.Join(ErrInvalid, err)
	}
	return newMLSGo(j.meeting, g), g.ID().AsSlice(), nil
}

// joinFromWelcome turns a panic of the library on hostile input into an error.
func joinFromWelcome(w *mls.Welcome, public *keypackages.KeyPackage, private *keypackages.KeyPackagePrivateKeys) (g *mls.Group, err error) {
	defer recovered(&err)
	return mls.JoinFromWelcome(w, public, private, nil)
}

func recovered(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("mls-go gave up: %v", r)
	}
}

func (j *mlsgoJoiner) close() { j.private = nil }

func mlsgoLeaf(index uint32, c *credentials.Credential, key []byte) leaf {
	l := leaf{index: index, signatureKey: bytes.Clone(key)}
	switch {
	case c == nil:
	case c.CredentialType == credentials.BasicCredential:
		l.credential = bytes.Clone(c.Identity)
	case c.CredentialType == credentials.X509Credential && len(c.Certificates) == 1:
		l.passport = bytes.Clone(c.Certificates[0])
	}
	return l
}

func (e *mlsgo) epoch() uint64 { return e.group.Epoch().AsUint64() }
func (e *mlsgo) self() uint32  { return uint32(e.group.OwnLeafIndex()) }

func (e *mlsgo) members() []leaf { return membersOf(e.group) }

func membersOf(g *mls.Group) []leaf {
	var out []leaf
	for _, m := range g.GetMembers() {
		node := g.GetTreeLeaf(m.LeafIndex)
		if node == nil || node.LeafData == nil {
			out = append(out, leaf{index: uint32(m.LeafIndex)}) // refused: no credential
			continue
		}
		out = append(out, mlsgoLeaf(uint32(m.LeafIndex), node.LeafData.Credential, node.LeafData.SigKeyBytes()))
	}
	slices.SortFunc(out, func(a, b leaf) int { return cmp.Compare(a.index, b.index) })
	return out
}

func (e *mlsgo) authenticator() []byte { return bytes.Clone(e.group.EpochAuthenticator()) }

func (e *mlsgo) export(label string, context []byte, length int) ([]byte, error) {
	return e.group.Export(label, context, length)
}

// copyOf returns a group with the same state.
func copyOf(g *mls.Group) (out *mls.Group, err error) {
	defer recovered(&err)
	state, err := g.MarshalState()
	if err != nil {
		return nil, err
	}
	defer clear(state)
	out, err = mls.UnmarshalGroupState(state)
	if err != nil {
		return nil, err
	}
	out.SetPaddingSize(padding)
	return out, nil
}

func (e *mlsgo) stage(adds [][]byte, removes []uint32, data, _ []byte) (commit, welcome []byte, err error) {
	next, err := copyOf(e.group)
	if err != nil {
		return nil, nil, err
	}
	for _, index := range removes {
		if _, err := next.RemoveMember(mls.NewLeafNodeIndex(index)); err != nil {
			return nil, nil, err
		}
	}
	if len(adds) > 0 || len(data) > 0 {
		return nil, nil, errors.New("only the host adds, and it has no authenticated data")
	}
	staged, err := next.Commit(e.signer, e.signer.PublicKey(), nil)
	if err != nil {
		return nil, nil, err
	}
	if err := next.MergeCommit(staged); err != nil {
		return nil, nil, err
	}
	commit = framing.NewMLSMessagePublic(&framing.PublicMessage{
		Content: staged.AuthenticatedContent().Content, Auth: staged.AuthenticatedContent().Auth,
		MembershipTag: staged.MembershipTag(),
	}).Marshal()
	e.next = next
	return commit, nil, nil
}

func (e *mlsgo) merge() error {
	if e.next == nil {
		return ErrStale
	}
	e.advance(e.next)
	return nil
}

func (e *mlsgo) advance(next *mls.Group) {
	e.former = append([]*mls.Group{e.group}, e.former...)
	e.former = e.former[:min(len(e.former), keptEpochs)]
	e.group, e.next = next, nil
}

func (e *mlsgo) discard() { e.next = nil }

func (e *mlsgo) seal(plaintext []byte) (sealed []byte, err error) {
	defer recovered(&err)
	pm, err := e.group.SendMessage(plaintext, e.signer)
	if err != nil {
		return nil, err
	}
	return framing.NewMLSMessagePrivate(pm).Marshal(), nil
}

func (e *mlsgo) read(message []byte, judge func(proposed) error) (out outcome, err error) {
	defer recovered(&err)
	msg, err := framing.UnmarshalMLSMessage(message)
	if err != nil {
		return outcome{}, errors.Join(ErrInvalid, err)
	}
	if !bytes.Equal(msg.Marshal(), message) {
		return outcome{}, ErrInvalid
	}
	if pm, ok := msg.AsPrivate(); ok {
		return e.readApplication(pm)
	}
	pm, ok := msg.AsPublic()
	if !ok {
		return outcome{}, ErrInvalid
	}
	return e.readCommit(pm, judge)
}

func (e *mlsgo) readApplication(pm *framing.PrivateMessage) (outcome, error) {
	if !bytes.Equal(pm.GroupID, e.group.ID().AsSlice()) {
		return outcome{}, ErrOtherMeeting
	}
	if pm.Epoch > e.epoch() {
		return outcome{}, ErrFuture
	}
	for _, g := range append([]*mls.Group{e.group}, e.former...) {
		if g.Epoch().AsUint64() != pm.Epoch {
			continue
		}
		plaintext, _, index, err := g.ReceiveApplicationMessage(pm)
		if err != nil {
			return outcome{}, errors.Join(ErrInvalid, err)
		}
		node := g.GetTreeLeaf(mls.LeafNodeIndex(index))
		if node == nil || node.LeafData == nil {
			return outcome{}, ErrInvalid
		}
		from := mlsgoLeaf(uint32(index), node.LeafData.Credential, node.LeafData.SigKeyBytes())
		return outcome{epoch: pm.Epoch, from: from, plaintext: plaintext}, nil
	}
	return outcome{}, ErrStale
}

func (e *mlsgo) readCommit(pm *framing.PublicMessage, judge func(proposed) error) (outcome, error) {
	switch {
	case !bytes.Equal(pm.Content.GroupID, e.group.ID().AsSlice()):
		return outcome{}, ErrOtherMeeting
	case pm.Content.Epoch < e.epoch():
		return outcome{}, ErrStale
	case pm.Content.Epoch > e.epoch():
		return outcome{}, ErrFuture
	}
	if err := e.group.VerifyPublicMessage(pm); err != nil {
		return outcome{}, errors.Join(ErrInvalid, err)
	}
	p, from, err := e.proposed(pm)
	if err != nil {
		return outcome{}, err
	}
	p.data = pm.Content.AuthenticatedData
	if err := judge(p); err != nil {
		return outcome{}, err
	}
	out := outcome{epoch: pm.Content.Epoch, from: from, commit: true}
	if slices.Contains(p.removes, e.self()) {
		// Whoever is removed cannot check more than the signature: the new epoch's
		// secrets are not for them.
		out.removed = true
		return out, nil
	}
	next, err := copyOf(e.group)
	if err != nil {
		return outcome{}, err
	}
	if err := next.ProcessPublicMessage(pm); err != nil {
		return outcome{}, errors.Join(ErrInvalid, err)
	}
	e.advance(next)
	return out, nil
}

// proposed reads what a verified commit would change.
func (e *mlsgo) proposed(pm *framing.PublicMessage) (proposed, leaf, error) {
	data, ok := pm.Content.CommitData()
	if !ok {
		return proposed{other: true, by: pm.Content.Sender.LeafIndex, outside: pm.Content.Sender.Type != framing.SenderTypeMember}, leaf{}, nil
	}
	commit, err := mls.UnmarshalCommit(data)
	if err != nil {
		return proposed{}, leaf{}, errors.Join(ErrInvalid, err)
	}
	p := proposed{by: pm.Content.Sender.LeafIndex, outside: pm.Content.Sender.Type != framing.SenderTypeMember}
	for _, por := range commit.Proposals {
		switch {
		case por.Proposal == nil:
			p.other = true
		case por.Proposal.Type == mls.ProposalTypeAdd && por.Proposal.Add != nil && por.Proposal.Add.KeyPackage != nil:
			kp := por.Proposal.Add.KeyPackage
			p.adds = append(p.adds, added{
				leaf: mlsgoLeaf(0, kp.LeafNode.Credential, kp.LeafNode.SignatureKeyBytes),
				hash: hashKeyPackage((&framing.MLSMessage{KeyPackage: kp.Marshal()}).Marshal()),
			})
		case por.Proposal.Type == mls.ProposalTypeRemove && por.Proposal.Remove != nil:
			p.removes = append(p.removes, uint32(por.Proposal.Remove.Removed))
		default:
			p.other = true
		}
	}
	if p.outside {
		return p, leaf{}, nil
	}
	node := e.group.GetTreeLeaf(mls.LeafNodeIndex(pm.Content.Sender.LeafIndex))
	if node == nil || node.LeafData == nil {
		return proposed{}, leaf{}, ErrInvalid
	}
	from := mlsgoLeaf(pm.Content.Sender.LeafIndex, node.LeafData.Credential, node.LeafData.SigKeyBytes())
	if commit.Path != nil && !keepsIdentity(node.LeafData, commit.Path.LeafNode) {
		p.other = true
	}
	return p, from, nil
}

// keepsIdentity reports whether a commit leaves the committer's key and credential.
func keepsIdentity(before, after *treesync.LeafNodeData) bool {
	return after != nil && bytes.Equal(before.SigKeyBytes(), after.SigKeyBytes()) &&
		before.Credential != nil && after.Credential != nil &&
		bytes.Equal(before.Credential.Marshal(), after.Credential.Marshal())
}

func (e *mlsgo) close() { e.group, e.next, e.former = nil, nil, nil }

// TestTwoImplementationsMeet holds a meeting in which every second guest runs the
// other library: both follow the same commits, Removes and messages to the same
// secrets, and both refuse what the rules forbid.
func TestTwoImplementationsMeet(t *testing.T) {
	r := openRoomWith(t, SuiteClassic)
	for i := range 6 {
		p := r.person(fmt.Sprint("guest ", i), newDevice(t))
		prepare := Prepare
		if i%2 == 0 {
			prepare = prepareOther
		}
		j, err := prepare(p.cfg)
		if err != nil {
			t.Fatal(err)
		}
		staged, err := r.host.Commit([][]byte{j.KeyPackage()}, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.deliver(staged.Commit)
		if p.Group, err = j.Join(staged.Welcome); err != nil {
			t.Fatalf("%s: %v", p.name, err)
		}
		r.present = append(r.present, p)
		r.agree()
	}
	for _, p := range r.present {
		staged, err := p.Commit(nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.deliver(staged.Commit)
		r.agree()
		sealed, err := p.Seal([]byte("from " + p.name))
		if err != nil {
			t.Fatal(err)
		}
		for q, e := range r.deliver(sealed) {
			if s, ok := e.(Said); !ok || string(s.Plaintext) != "from "+p.name || s.From != p.Self() {
				t.Errorf("%s got something else", q.name)
			}
		}
	}
	foreign, gone := r.present[1], r.present[2]
	for _, p := range r.present {
		p.Departed(gone.device.Public())
	}
	staged, err := foreign.Commit(nil, []keys.PublicKey{gone.device.Public()})
	if err != nil {
		t.Fatal(err)
	}
	r.deliver(staged.Commit)
	r.leave(gone)
	r.agree()
	bad, _, err := r.present[2].engine.stage(nil, []uint32{foreign.Self().Leaf}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.unchanged(foreign, func() {
		_, err := foreign.Handle(bad)
		wantForbidden(t, err, RemoveNotAllowed)
	})
}
