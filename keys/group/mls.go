package group

import (
	"bytes"
	"errors"

	"conclave/keys"
	"conclave/keys/mls"
)

// This file is the engine on keys/mls, our implementation of RFC 9420.

// Suites of meetings. The post-quantum one is MLKEM768X25519_AES256GCM_SHA384_Ed25519
// of draft-ietf-mls-pq-ciphersuites, under a number for private use until it has its
// own: whoever records a meeting today cannot read it with tomorrow's computers.
const (
	SuiteClassic     = uint16(mls.X25519AES128)
	SuitePostQuantum = uint16(mls.PostQuantum)

	// DefaultSuite is the suite of new meetings.
	DefaultSuite = SuitePostQuantum
)

// padding fills application messages up to a multiple, so that the service learns
// little from their length.
const padding = 128

func supports(suite uint16) bool { return suite == SuiteClassic || suite == SuitePostQuantum }

var (
	errCredential = errors.New("the credential is neither the device key nor a passport of it")
	errSuccessor  = errors.New("the credential is of another device than the one before")
)

// credentialOf is a device's credential: its passport, or its bare key.
func credentialOf(device keys.PublicKey, passport []byte) mls.Credential {
	if passport == nil {
		return mls.BasicCredential(device[:])
	}
	return mls.X509Credential([][]byte{passport})
}

// succeeds lets a member exchange its credential for another of the same device
// (RFC 9420 section 5.3.1). That each is of its leaf's signature key is for Verify.
func succeeds(before, after mls.Credential) error {
	a, ok := deviceIn(before)
	b, fine := deviceIn(after)
	if !ok || !fine || a != b {
		return errSuccessor
	}
	return nil
}

// deviceIn is the device that a credential names.
func deviceIn(c mls.Credential) (keys.PublicKey, bool) {
	l := leafOf(mls.Member{Credential: c})
	if l.passport != nil {
		p, err := keys.ParsePassport(l.passport)
		return p.Device, err == nil
	}
	l.signatureKey = l.credential
	return l.key()
}

// mlsConfig is the same for all members of a meeting but for the device.
func mlsConfig(m meeting) mls.Config {
	return mls.Config{
		Suite:      mls.Suite(m.descriptor.Suite),
		Signer:     m.device.Signer(),
		Credential: credentialOf(m.device.Public(), m.passport),
		Verify: func(c mls.Credential, signatureKey []byte) error {
			if _, ok := leafOf(mls.Member{Credential: c, SignatureKey: signatureKey}).key(); !ok {
				return errCredential
			}
			return nil
		},
		Successor:         succeeds,
		ExternalProposals: []mls.ProposalType{}, // none
		Padding:           padding,
	}
}

func leafOf(m mls.Member) leaf {
	l := leaf{index: uint32(m.Leaf), signatureKey: m.SignatureKey}
	switch {
	case m.Credential.Type == mls.CredentialBasic:
		l.credential = m.Credential.Identity
	case m.Credential.Type == mls.CredentialX509 && len(m.Credential.Certificates) == 1:
		l.passport = m.Credential.Certificates[0]
	}
	return l
}

// ours implements engine.
type ours struct {
	device keys.PublicKey
	group  *mls.Group
	staged *mls.Staged
}

// found makes the group.
func found(m meeting) (engine, error) {
	g, err := mls.Create(mlsConfig(m), m.id[:], nil)
	if err != nil {
		return nil, err
	}
	return &ours{device: m.device.Public(), group: g}, nil
}

// ourJoiner implements joiner.
type ourJoiner struct {
	device keys.PublicKey
	config mls.Config
	key    *mls.KeyPackage
}

func prepare(m meeting) (joiner, error) {
	config := mlsConfig(m)
	key, err := mls.NewKeyPackage(config)
	if err != nil {
		return nil, err
	}
	return &ourJoiner{device: m.device.Public(), config: config, key: key}, nil
}

func (j *ourJoiner) keyPackage() []byte { return j.key.Message() }

func (j *ourJoiner) join(welcome []byte) (engine, []byte, error) {
	g, err := mls.Join(j.config, j.key, welcome, nil)
	if err != nil {
		return nil, nil, refused(err)
	}
	return &ours{device: j.device, group: g}, g.ID(), nil
}

func (j *ourJoiner) close() { j.key.Wipe() }

// inspect checks a key package and returns whose it is.
func inspect(m meeting, message []byte) (leaf, error) {
	info, err := mls.ReadKeyPackage(message)
	if err != nil {
		return leaf{}, err
	}
	if uint16(info.Suite) != m.descriptor.Suite {
		return leaf{}, ErrSuite
	}
	return leafOf(mls.Member{Credential: info.Credential, SignatureKey: info.SignatureKey}), nil
}

func (e *ours) epoch() uint64 { return e.group.Epoch() }
func (e *ours) self() uint32  { return uint32(e.group.Self()) }

func (e *ours) members() []leaf {
	members := e.group.Members()
	out := make([]leaf, len(members))
	for i, m := range members {
		out[i] = leafOf(m)
	}
	return out
}

func (e *ours) authenticator() []byte { return e.group.EpochAuthenticator() }

func (e *ours) export(label string, context []byte, length int) ([]byte, error) {
	return e.group.Export(label, context, length)
}

func (e *ours) stage(adds [][]byte, removes []uint32, data, passport []byte) (commit, welcome []byte, err error) {
	leaves := make([]mls.LeafIndex, len(removes))
	for i, index := range removes {
		leaves[i] = mls.LeafIndex(index)
	}
	credential := credentialOf(e.device, passport)
	staged, err := e.group.Commit(mls.CommitOptions{
		Add: adds, Remove: leaves, AuthenticatedData: data, References: [][]byte{}, Credential: &credential,
	})
	if err != nil {
		return nil, nil, refused(err)
	}
	e.staged = staged
	return staged.Message(), staged.Welcome(), nil
}

func (e *ours) merge() error {
	if e.staged == nil {
		return ErrStale
	}
	if err := e.group.Merge(e.staged); err != nil {
		return refused(err)
	}
	e.staged = nil
	return nil
}

func (e *ours) discard() {
	if e.staged != nil {
		e.group.Discard(e.staged)
		e.staged = nil
	}
}

func (e *ours) seal(plaintext []byte) ([]byte, error) { return e.group.Protect(plaintext, nil) }

func (e *ours) read(message []byte, judge func(proposed) error) (outcome, error) {
	result, err := e.group.Process(message)
	if err != nil {
		return outcome{}, refused(err)
	}
	out := outcome{epoch: result.Epoch, from: leafOf(result.Member)}
	switch result.Kind {
	case mls.KindApplication:
		if len(result.AuthenticatedData) != 0 {
			return outcome{}, ErrInvalid
		}
		out.plaintext = result.Application
		return out, nil
	case mls.KindProposal:
		e.group.Forget(result.Proposal.Ref)
		return outcome{}, judge(proposed{
			by: uint32(result.Sender.Leaf), outside: result.Sender.Type != mls.SenderMember, other: true,
		})
	case mls.KindCommit:
		if err := e.apply(message, result, judge); err != nil {
			return outcome{}, err
		}
		out.commit, out.removed = true, result.Commit.RemovesSelf
		return out, nil
	}
	return outcome{}, ErrInvalid
}

// apply puts a commit of somebody else into effect when judge agrees.
func (e *ours) apply(message []byte, result *mls.Result, judge func(proposed) error) error {
	staged := result.Commit
	p, err := proposedBy(message, result)
	if err == nil {
		err = judge(p)
	}
	if err != nil {
		e.group.Discard(staged)
		return err
	}
	if err := e.group.Merge(staged); err != nil {
		return refused(err)
	}
	e.discard() // ours has lost
	return nil
}

// proposedBy says what a verified commit would change. The list of proposals is
// read from the message by code of this package; both readings must agree.
func proposedBy(message []byte, result *mls.Result) (proposed, error) {
	change := result.Commit.Change
	p := proposed{
		by: uint32(result.Sender.Leaf), data: change.AuthenticatedData,
		outside: change.External || result.Sender.Type != mls.SenderMember,
		other:   change.ExtensionsChanged || len(change.Updated) > 0,
	}
	if p.outside {
		return p, nil
	}
	list, err := readProposals(message)
	if err != nil {
		return proposed{}, err
	}
	p.other = p.other || list.other
	p.removes = list.removes
	if len(list.adds) != len(change.Added) || len(list.removes) != len(change.Removed) {
		return proposed{}, ErrInvalid
	}
	for i, kp := range list.adds {
		info, err := mls.ReadKeyPackage(kp)
		if err != nil || !bytes.Equal(info.SignatureKey, change.Added[i].SignatureKey) {
			return proposed{}, errors.Join(ErrInvalid, err)
		}
		p.adds = append(p.adds, added{leaf: leafOf(change.Added[i]), hash: hashKeyPackage(kp)})
	}
	return p, nil
}

// refused translates the library's errors into this package's.
func refused(err error) error {
	for theirs, mine := range map[error]error{
		mls.ErrPastEpoch: ErrStale, mls.ErrStale: ErrStale, mls.ErrFutureEpoch: ErrFuture,
		mls.ErrOtherGroup: ErrOtherMeeting, mls.ErrRemoved: ErrRemoved, mls.ErrCommitPending: ErrPending,
	} {
		if errors.Is(err, theirs) {
			return mine
		}
	}
	return errors.Join(ErrInvalid, err)
}

func (e *ours) close() {
	e.discard()
	e.group.Wipe()
}
