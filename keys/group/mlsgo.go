package group

import (
	"bytes"
	"cmp"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/thomas-vilte/mls-go/ciphersuite"
	"github.com/thomas-vilte/mls-go/credentials"
	"github.com/thomas-vilte/mls-go/framing"
	mls "github.com/thomas-vilte/mls-go/group"
	"github.com/thomas-vilte/mls-go/keypackages"
	"github.com/thomas-vilte/mls-go/treesync"

	"conclave/keys"
)

// This file is the engine on github.com/thomas-vilte/mls-go v1.6.0. Two things
// about that library shape it:
//
// It changes a group in place, also when it fails halfway. So commits, our own and
// others', are carried out on a copy, which replaces the group when all went well.
//
// It cannot put authenticated_data into a commit. So the data travels in front of
// the commit, in an envelope with a signature of the committer's device key over
// both. The admissions inside are signed by the host as well.

// SuiteClassic is MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519.
const SuiteClassic uint16 = 0x0001

// DefaultSuite is the suite of new meetings.
const DefaultSuite = SuiteClassic

// keptEpochs is how many former epochs still open application messages.
const keptEpochs = 3

// contextEnvelope is the context of the envelope's signature.
const contextEnvelope = "mls envelope"

// padding fills application messages up to a multiple, so that the service learns
// little from their length.
const padding = 128

func supports(suite uint16) bool { return suite == SuiteClassic }

// mlsgo implements engine.
type mlsgo struct {
	device keys.DeviceKey
	signer *ciphersuite.SignaturePrivateKey
	group  *mls.Group
	next   *mls.Group   // with our staged commit applied
	former []*mls.Group // newest first
}

func newMLSGo(m meeting, g *mls.Group) *mlsgo {
	g.SetPaddingSize(padding)
	return &mlsgo{device: m.device, signer: mlsSigner(m.device), group: g}
}

func mlsSigner(device keys.DeviceKey) *ciphersuite.SignaturePrivateKey {
	return ciphersuite.NewEd25519SignaturePrivateKey(device.Signer().(ed25519.PrivateKey))
}

func newKeyPackage(m meeting) (*keypackages.KeyPackage, *keypackages.KeyPackagePrivateKeys, error) {
	public := m.device.Public()
	now := time.Now()
	return keypackages.Generate(&credentials.CredentialWithKey{
		Credential:        credentials.NewBasicCredential(public[:]),
		Ed25519PrivateKey: m.device.Signer().(ed25519.PrivateKey),
		SignatureKeyBytes: public[:],
	}, ciphersuite.CipherSuite(m.descriptor.Suite), keypackages.WithLifetime(
		uint64(now.Add(-time.Hour).Unix()), uint64(now.Add(24*time.Hour).Unix())))
}

// found makes the group.
func found(m meeting) (engine, error) {
	kp, private, err := newKeyPackage(m)
	if err != nil {
		return nil, err
	}
	g, err := mls.NewGroup(mls.NewGroupID(bytes.Clone(m.id[:])), ciphersuite.CipherSuite(m.descriptor.Suite), kp, private)
	if err != nil {
		return nil, err
	}
	return newMLSGo(m, g), nil
}

// mlsgoJoiner implements joiner.
type mlsgoJoiner struct {
	meeting meeting
	public  *keypackages.KeyPackage
	private *keypackages.KeyPackagePrivateKeys
}

func prepare(m meeting) (joiner, error) {
	kp, private, err := newKeyPackage(m)
	if err != nil {
		return nil, err
	}
	return &mlsgoJoiner{meeting: m, public: kp, private: private}, nil
}

func (j *mlsgoJoiner) keyPackage() []byte {
	return (&framing.MLSMessage{KeyPackage: j.public.Marshal()}).Marshal()
}

func (j *mlsgoJoiner) join(welcome []byte) (engine, welcomed, error) {
	msg, err := framing.UnmarshalMLSMessage(welcome)
	if err != nil || len(msg.Welcome) == 0 {
		return nil, welcomed{}, ErrInvalid
	}
	w, err := mls.UnmarshalWelcome(msg.Welcome)
	if err != nil || uint16(w.CipherSuite) != j.meeting.descriptor.Suite {
		return nil, welcomed{}, ErrInvalid
	}
	g, err := joinFromWelcome(w, j.public, j.private)
	if err != nil {
		return nil, welcomed{}, errors.Join(ErrInvalid, err)
	}
	return newMLSGo(j.meeting, g), welcomed{group: g.ID().AsSlice()}, nil
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

// inspect reads a key package and checks it.
func inspect(m meeting, message []byte) (l leaf, err error) {
	defer recovered(&err)
	kp, err := readKeyPackage(message)
	if err != nil {
		return leaf{}, err
	}
	if uint16(kp.CipherSuite) != m.descriptor.Suite {
		return leaf{}, errors.New("another cipher suite")
	}
	if err := kp.Validate(); err != nil {
		return leaf{}, err
	}
	if err := kp.Verify(kp.CipherSuite); err != nil {
		return leaf{}, err
	}
	life, now := kp.LeafNode.Lifetime, uint64(time.Now().Unix())
	if life == nil || now < life.NotBefore || now > life.NotAfter {
		return leaf{}, errors.New("not yet or no longer good")
	}
	return leafOf(0, kp.LeafNode.Credential, kp.LeafNode.SignatureKeyBytes), nil
}

func readKeyPackage(message []byte) (*keypackages.KeyPackage, error) {
	msg, err := framing.UnmarshalMLSMessage(message)
	if err != nil {
		return nil, err
	}
	kp, err := keypackages.UnmarshalKeyPackage(msg.KeyPackage)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal((&framing.MLSMessage{KeyPackage: kp.Marshal()}).Marshal(), message) {
		return nil, errors.New("not in its one form")
	}
	return kp, nil
}

func leafOf(index uint32, c *credentials.Credential, key []byte) leaf {
	l := leaf{index: index, signatureKey: bytes.Clone(key)}
	if c != nil && c.CredentialType == credentials.BasicCredential {
		l.credential = bytes.Clone(c.Identity)
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
		out = append(out, leafOf(uint32(m.LeafIndex), node.LeafData.Credential, node.LeafData.SigKeyBytes()))
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

func (e *mlsgo) stage(adds [][]byte, removes []uint32, data []byte) (commit, welcome []byte, err error) {
	next, err := copyOf(e.group)
	if err != nil {
		return nil, nil, err
	}
	for _, index := range removes {
		if _, err := next.RemoveMember(mls.NewLeafNodeIndex(index)); err != nil {
			return nil, nil, err
		}
	}
	var packages []*keypackages.KeyPackage
	for _, message := range adds {
		kp, err := readKeyPackage(message)
		if err != nil {
			return nil, nil, err
		}
		if _, err := next.AddMember(kp); err != nil {
			return nil, nil, err
		}
		packages = append(packages, kp)
	}
	staged, err := next.Commit(e.signer, e.signer.PublicKey(), nil)
	if err != nil {
		return nil, nil, err
	}
	joinerSecret, pskIDs, pskSecret := staged.JoinerSecret(), staged.PskIDs(), staged.RawPskSecret()
	if err := next.MergeCommit(staged); err != nil {
		return nil, nil, err
	}
	commit = e.wrap(framing.NewMLSMessagePublic(&framing.PublicMessage{
		Content: staged.AuthenticatedContent().Content, Auth: staged.AuthenticatedContent().Auth,
		MembershipTag: staged.MembershipTag(),
	}).Marshal(), data)
	if len(packages) > 0 {
		w, err := next.CreateWelcomeWithOpts(packages, e.signer, mls.WithJoinerSecret(joinerSecret),
			mls.WithPSKIDs(pskIDs), mls.WithPSKSecret(pskSecret), mls.WithStagedCommit(staged))
		if err != nil {
			return nil, nil, err
		}
		welcome = (&framing.MLSMessage{Welcome: w.Marshal()}).Marshal()
	}
	e.next = next
	return commit, welcome, nil
}

// wrap puts data and a signature in front of a message: one byte, a length, data,
// signature, message. Without data it is the byte 0 and the message.
func (e *mlsgo) wrap(message, data []byte) []byte {
	if len(data) == 0 {
		return append([]byte{0}, message...)
	}
	out := binary.BigEndian.AppendUint32([]byte{1}, uint32(len(data)))
	out = append(out, data...)
	out = append(out, e.device.Sign(contextEnvelope, envelope(message, data))...)
	return append(out, message...)
}

func envelope(message, data []byte) []byte {
	a, b := sha256.Sum256(message), sha256.Sum256(data)
	return append(a[:], b[:]...)
}

func unwrap(wrapped []byte) (message, data, signature []byte, err error) {
	switch {
	case len(wrapped) > 0 && wrapped[0] == 0:
		return wrapped[1:], nil, nil, nil
	case len(wrapped) < 5 || wrapped[0] != 1:
		return nil, nil, nil, ErrInvalid
	}
	n, rest := uint64(binary.BigEndian.Uint32(wrapped[1:])), wrapped[5:]
	if n == 0 || uint64(len(rest)) < n+ed25519.SignatureSize {
		return nil, nil, nil, ErrInvalid
	}
	return rest[n+ed25519.SignatureSize:], rest[:n], rest[n : n+ed25519.SignatureSize], nil
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
	return e.wrap(framing.NewMLSMessagePrivate(pm).Marshal(), nil), nil
}

func (e *mlsgo) read(wrapped []byte, judge func(proposed) error) (out outcome, err error) {
	defer recovered(&err)
	message, data, signature, err := unwrap(wrapped)
	if err != nil {
		return outcome{}, err
	}
	msg, err := framing.UnmarshalMLSMessage(message)
	if err != nil {
		return outcome{}, errors.Join(ErrInvalid, err)
	}
	if !bytes.Equal(msg.Marshal(), message) {
		return outcome{}, ErrInvalid
	}
	if pm, ok := msg.AsPrivate(); ok && data == nil {
		return e.readApplication(pm)
	}
	pm, ok := msg.AsPublic()
	if !ok {
		return outcome{}, ErrInvalid
	}
	return e.readCommit(pm, message, data, signature, judge)
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
		from := leafOf(uint32(index), node.LeafData.Credential, node.LeafData.SigKeyBytes())
		return outcome{epoch: pm.Epoch, from: from, plaintext: plaintext}, nil
	}
	return outcome{}, ErrStale
}

func (e *mlsgo) readCommit(pm *framing.PublicMessage, message, data, signature []byte, judge func(proposed) error) (outcome, error) {
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
	if data != nil {
		key, ok := from.key()
		if !ok || !keys.Verify(key, contextEnvelope, envelope(message, data), signature) {
			return outcome{}, ErrInvalid
		}
	}
	p.data = data
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
				leaf: leafOf(0, kp.LeafNode.Credential, kp.LeafNode.SignatureKeyBytes),
				hash: sha256.Sum256((&framing.MLSMessage{KeyPackage: kp.Marshal()}).Marshal()),
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
	from := leafOf(pm.Content.Sender.LeafIndex, node.LeafData.Credential, node.LeafData.SigKeyBytes())
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
