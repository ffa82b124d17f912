package mls

import (
	"errors"
	"fmt"
	"testing"

	"github.com/thomas-vilte/mls-go/ciphersuite"
	"github.com/thomas-vilte/mls-go/credentials"
	"github.com/thomas-vilte/mls-go/extensions"
	peerframing "github.com/thomas-vilte/mls-go/framing"
	peergroup "github.com/thomas-vilte/mls-go/group"
	"github.com/thomas-vilte/mls-go/keypackages"
	"github.com/thomas-vilte/mls-go/treesync"
)

// plan is what a commit is to do, for either implementation.
type plan struct {
	add     [][]byte
	remove  []LeafIndex
	private bool // as a PrivateMessage
}

// actor is a member of a group, whichever implementation it runs. Every message
// goes in and out as an MLSMessage.
type actor interface {
	keyPackage() []byte
	create(id []byte, extensions Extensions) error
	join(welcome []byte) error
	joinExternal(groupInfo []byte) (commit []byte, err error)
	propose(t ProposalType, private bool, add []byte, remove LeafIndex) ([]byte, error)
	commit(p plan) (message, welcome []byte, err error)
	accept(message []byte) error // the own commit has won
	drop() error                 // the own commit has lost
	handle(message []byte) error
	protect(text, aad []byte) ([]byte, error)
	unprotect(message []byte) (text, aad []byte, from LeafIndex, err error)
	groupInfo() ([]byte, error)
	self() LeafIndex
	epoch() uint64
	authenticator() []byte
	export(label string, context []byte, n int) ([]byte, error)
	members() int
	kind() string
}

// ours runs this package.
type ours struct {
	config Config
	kp     *KeyPackage
	group  *Group
	staged *Staged
}

func newOurs(t testing.TB, id Suite, name string) *ours {
	c := person(t, id, name)
	c.MaxLifetime = -1
	return &ours{config: c}
}

func (o *ours) kind() string { return "ours" }

func (o *ours) keyPackage() []byte {
	k, err := NewKeyPackage(o.config)
	if err != nil {
		panic(err)
	}
	o.kp = k
	return k.Message()
}

func (o *ours) create(id []byte, extensions Extensions) (err error) {
	o.group, err = Create(o.config, id, extensions)
	return err
}

func (o *ours) join(welcome []byte) (err error) {
	o.group, err = Join(o.config, o.kp, welcome, nil)
	return err
}

func (o *ours) joinExternal(groupInfo []byte) (message []byte, err error) {
	o.group, message, err = JoinExternal(o.config, groupInfo, ExternalOptions{})
	return message, err
}

func (o *ours) propose(t ProposalType, private bool, add []byte, remove LeafIndex) ([]byte, error) {
	o.group.config.EncryptHandshake = private
	switch t {
	case ProposalAdd:
		return o.group.ProposeAdd(add)
	case ProposalRemove:
		return o.group.ProposeRemove(remove)
	default:
		return o.group.ProposeUpdate()
	}
}

func (o *ours) commit(p plan) (message, welcome []byte, err error) {
	o.group.config.EncryptHandshake = p.private
	o.staged, err = o.group.Commit(CommitOptions{Add: p.add, Remove: p.remove})
	if err != nil {
		return nil, nil, err
	}
	return o.staged.Message(), o.staged.Welcome(), nil
}

func (o *ours) accept(message []byte) error {
	r, err := o.group.Handle(message)
	if err == nil && (r.Commit != o.staged || !r.Commit.Own) {
		err = errors.New("the echo was not taken for the own commit")
	}
	return err
}

func (o *ours) drop() error {
	o.group.Discard(o.staged)
	return nil
}

func (o *ours) handle(message []byte) error {
	_, err := o.group.Handle(message)
	return err
}

func (o *ours) protect(text, aad []byte) ([]byte, error) { return o.group.Protect(text, aad) }

func (o *ours) unprotect(message []byte) (text, aad []byte, from LeafIndex, err error) {
	r, err := o.group.Handle(message)
	if err != nil {
		return nil, nil, 0, err
	}
	return r.Application, r.AuthenticatedData, r.Sender.Leaf, nil
}

func (o *ours) groupInfo() ([]byte, error) { return o.group.GroupInfo(true) }
func (o *ours) self() LeafIndex            { return o.group.Self() }
func (o *ours) epoch() uint64              { return o.group.Epoch() }
func (o *ours) authenticator() []byte      { return o.group.EpochAuthenticator() }
func (o *ours) members() int               { return len(o.group.Members()) }
func (o *ours) export(label string, context []byte, n int) ([]byte, error) {
	return o.group.Export(label, context, n)
}

// theirs runs github.com/thomas-vilte/mls-go.
type theirs struct {
	suite  ciphersuite.CipherSuite
	cred   *credentials.CredentialWithKey
	key    *ciphersuite.SignaturePrivateKey
	kp     *keypackages.KeyPackage
	priv   *keypackages.KeyPackagePrivateKeys
	group  *peergroup.Group
	staged *peergroup.StagedCommit
}

func newTheirs(t testing.TB, id Suite, name string) *theirs {
	t.Helper()
	cs := ciphersuite.CipherSuite(id)
	cred, key, err := credentials.GenerateCredentialWithKeyForCS([]byte(name), cs)
	if err != nil {
		t.Fatal(err)
	}
	return &theirs{suite: cs, cred: cred, key: key}
}

func (p *theirs) kind() string { return "mls-go" }

// wrap puts the head of an MLSMessage in front, which that library leaves out of
// key packages, welcomes and group infos.
func wrap(wire byte, body []byte) []byte { return append([]byte{0, 1, 0, wire}, body...) }

func (p *theirs) keyPackage() []byte {
	var err error
	if p.kp, p.priv, err = keypackages.Generate(p.cred, p.suite); err != nil {
		panic(err)
	}
	return wrap(5, p.kp.Marshal())
}

func (p *theirs) create(id []byte, context Extensions) (err error) {
	p.keyPackage()
	var list []peergroup.Extension
	for _, e := range context {
		list = append(list, peergroup.Extension{Type: extensions.ExtensionType(e.Type), Data: e.Data})
	}
	p.group, err = peergroup.NewGroup(peergroup.NewGroupID(id), p.suite, p.kp, p.priv, peergroup.WithExtensions(list))
	return err
}

func (p *theirs) join(welcome []byte) error {
	w, err := peergroup.UnmarshalWelcome(welcome[4:])
	if err != nil {
		return err
	}
	p.group, err = peergroup.JoinFromWelcome(w, p.kp, p.priv, nil)
	return err
}

func (p *theirs) joinExternal(groupInfo []byte) ([]byte, error) {
	info, err := peergroup.UnmarshalGroupInfo(groupInfo[4:])
	if err != nil {
		return nil, err
	}
	g, staged, err := peergroup.ExternalCommit(info, p.suite, p.key, p.key.PublicKey(), nil, p.cred.Credential)
	if err != nil {
		return nil, err
	}
	p.group = g
	a := staged.AuthenticatedContent()
	return peerframing.NewMLSMessagePublic(&peerframing.PublicMessage{Content: a.Content, Auth: a.Auth}).Marshal(), nil
}

func (p *theirs) propose(t ProposalType, _ bool, add []byte, remove LeafIndex) ([]byte, error) {
	proposal, err := p.newProposal(t, add, remove)
	if err != nil {
		return nil, err
	}
	return p.group.SignProposalAsPublicMessage(proposal, p.key)
}

func (p *theirs) newProposal(t ProposalType, add []byte, remove LeafIndex) (*peergroup.Proposal, error) {
	switch t {
	case ProposalAdd:
		kp, err := keypackages.UnmarshalKeyPackage(add[4:])
		if err != nil {
			return nil, err
		}
		return p.group.AddMember(kp)
	case ProposalRemove:
		return p.group.RemoveMember(peergroup.LeafNodeIndex(remove))
	default:
		return p.group.SelfUpdate(p.key)
	}
}

func (p *theirs) commit(o plan) (message, welcome []byte, err error) {
	for _, add := range o.add {
		if _, err := p.newProposal(ProposalAdd, add, 0); err != nil {
			return nil, nil, err
		}
	}
	for _, i := range o.remove {
		if _, err := p.newProposal(ProposalRemove, nil, i); err != nil {
			return nil, nil, err
		}
	}
	format := peerframing.WireFormatPublicMessage
	if o.private {
		format = peerframing.WireFormatPrivateMessage
	}
	if p.staged, err = p.group.CommitWithFormat(p.key, p.key.PublicKey(), nil, format); err != nil {
		return nil, nil, err
	}
	if message, err = p.frame(o.private); err != nil {
		return nil, nil, err
	}
	if p.newMembers() == nil {
		return message, nil, nil
	}
	// That library makes the Welcome from the group after the commit.
	if err := p.group.MergeCommit(p.staged); err != nil {
		return nil, nil, err
	}
	w, err := p.group.CreateWelcomeWithOpts(p.newMembers(), p.key,
		peergroup.WithJoinerSecret(p.staged.JoinerSecret()), peergroup.WithPSKIDs(p.staged.PskIDs()),
		peergroup.WithPSKSecret(p.staged.RawPskSecret()), peergroup.WithStagedCommit(p.staged))
	if err != nil {
		return nil, nil, err
	}
	p.staged = nil
	return message, wrap(3, w.Marshal()), nil
}

func (p *theirs) newMembers() (list []*keypackages.KeyPackage) {
	for _, q := range p.staged.Proposals() {
		if q.Type == peergroup.ProposalTypeAdd && q.Add != nil {
			list = append(list, q.Add.KeyPackage)
		}
	}
	return list
}

func (p *theirs) frame(private bool) ([]byte, error) {
	a := p.staged.AuthenticatedContent()
	if !private {
		return peerframing.NewMLSMessagePublic(&peerframing.PublicMessage{Content: a.Content, Auth: a.Auth, MembershipTag: p.staged.MembershipTag()}).Marshal(), nil
	}
	m, err := peerframing.Encrypt(peerframing.EncryptParams{
		AuthContent: a, SenderLeafIndex: uint32(p.group.OwnLeafIndex()), CipherSuite: p.suite,
		SenderDataSecret: p.group.EpochSecrets().SenderDataSecret, SecretTree: p.group.SecretTree(),
		GroupContext: p.group.GroupContext().Marshal(),
	})
	if err != nil {
		return nil, err
	}
	return peerframing.NewMLSMessagePrivate(m).Marshal(), nil
}

func (p *theirs) accept([]byte) error {
	if p.staged == nil {
		return nil // merged already, for the Welcome
	}
	defer func() { p.staged = nil }()
	return p.group.MergeCommit(p.staged)
}

func (p *theirs) drop() error {
	if p.staged == nil {
		return errors.New("mls-go has merged the commit already")
	}
	p.staged = nil
	return p.group.DiscardPendingCommit()
}

func (p *theirs) handle(message []byte) error {
	m, err := peerframing.UnmarshalMLSMessage(message)
	if err != nil {
		return err
	}
	if public, ok := m.AsPublic(); ok {
		return p.group.ProcessPublicMessage(public)
	}
	private, ok := m.AsPrivate()
	if !ok {
		return errors.New("neither public nor private")
	}
	return p.group.ProcessPrivateMessage(private)
}

func (p *theirs) protect(text, aad []byte) ([]byte, error) {
	m, err := p.group.SendMessage(text, p.key, peergroup.WithAAD(aad))
	if err != nil {
		return nil, err
	}
	return peerframing.NewMLSMessagePrivate(m).Marshal(), nil
}

func (p *theirs) unprotect(message []byte) (text, aad []byte, from LeafIndex, err error) {
	m, err := peerframing.UnmarshalMLSMessage(message)
	if err != nil {
		return nil, nil, 0, err
	}
	private, ok := m.AsPrivate()
	if !ok {
		return nil, nil, 0, errors.New("not private")
	}
	var leaf treesync.LeafIndex
	text, aad, leaf, err = p.group.ReceiveApplicationMessage(private)
	return text, aad, LeafIndex(leaf), err
}

func (p *theirs) groupInfo() ([]byte, error) {
	info, err := p.group.GetGroupInfo(p.key)
	if err != nil {
		return nil, err
	}
	return wrap(4, info.Marshal()), nil
}

func (p *theirs) self() LeafIndex       { return LeafIndex(p.group.OwnLeafIndex()) }
func (p *theirs) epoch() uint64         { return p.group.Epoch().AsUint64() }
func (p *theirs) authenticator() []byte { return p.group.EpochAuthenticator() }
func (p *theirs) members() int          { return p.group.MemberCount() }
func (p *theirs) export(label string, context []byte, n int) ([]byte, error) {
	return p.group.Export(label, context, n)
}

// newActor makes an actor of one of the two kinds.
func newActor(t testing.TB, kind string, id Suite, name string) actor {
	t.Helper()
	switch kind {
	case "ours":
		return newOurs(t, id, name)
	case "mls-go":
		return newTheirs(t, id, name)
	default:
		panic(fmt.Sprintf("no implementation called %s", kind))
	}
}
