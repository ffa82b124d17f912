package mls

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"conclave/keys/mls/internal/suite"
)

var allSuites = []Suite{X25519AES128, P256AES128, X25519ChaCha, PostQuantum}

func eachSuite(t *testing.T, run func(t *testing.T, id Suite)) {
	for _, id := range allSuites {
		t.Run(fmt.Sprintf("suite %#06x", uint16(id)), func(t *testing.T) { run(t, id) })
	}
}

// person makes the configuration of somebody whom everybody believes.
func person(t testing.TB, id Suite, name string) Config {
	t.Helper()
	s, err := suite.Lookup(id)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := s.NewSigner()
	if err != nil {
		t.Fatal(err)
	}
	return Config{
		Suite: id, Signer: signer, Credential: BasicCredential([]byte(name)),
		Verify: func(Credential, []byte) error { return nil },
	}
}

func keyPackage(t testing.TB, c Config) *KeyPackage {
	t.Helper()
	k, err := NewKeyPackage(c)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func create(t testing.TB, c Config, extensions ...Extension) *Group {
	t.Helper()
	g, err := Create(c, []byte("meeting"), extensions)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// commit makes a commit and hands it to everybody, the committer included.
func commit(t testing.TB, by *Group, o CommitOptions, others ...*Group) *Staged {
	t.Helper()
	staged, err := by.Commit(o)
	if err != nil {
		t.Fatal(err)
	}
	deliver(t, staged.Message(), append(others, by)...)
	return staged
}

func deliver(t testing.TB, message []byte, to ...*Group) {
	t.Helper()
	for _, g := range to {
		if _, err := g.Handle(message); err != nil {
			t.Fatalf("leaf %d: %v", g.Self(), err)
		}
	}
}

// admit lets somebody in by a commit with an Add.
func admit(t testing.TB, by *Group, c Config, others ...*Group) *Group {
	t.Helper()
	k := keyPackage(t, c)
	staged := commit(t, by, CommitOptions{Add: [][]byte{k.Message()}}, others...)
	g, err := Join(c, k, staged.Welcome(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// meeting is a group of n members, each let in by the one before.
func meeting(t testing.TB, id Suite, n int, extensions ...Extension) []*Group {
	t.Helper()
	groups := []*Group{create(t, person(t, id, "member 0"), extensions...)}
	for i := 1; i < n; i++ {
		last := groups[len(groups)-1]
		g := admit(t, last, person(t, id, fmt.Sprintf("member %d", i)), groups[:len(groups)-1]...)
		groups = append(groups, g)
	}
	agree(t, groups...)
	return groups
}

func agree(t testing.TB, groups ...*Group) {
	t.Helper()
	want := groups[0]
	for _, g := range groups[1:] {
		if g.Epoch() != want.Epoch() || !bytes.Equal(g.EpochAuthenticator(), want.EpochAuthenticator()) || !bytes.Equal(g.TreeHash(), want.TreeHash()) {
			t.Fatalf("leaf %d in epoch %d does not agree with leaf %d in epoch %d", g.Self(), g.Epoch(), want.Self(), want.Epoch())
		}
	}
}

// chat sends a message from each member to all the others.
func chat(t testing.TB, groups ...*Group) {
	t.Helper()
	for _, from := range groups {
		text := fmt.Appendf(nil, "from %d in %d", from.Self(), from.Epoch())
		m, err := from.Protect(text, []byte("header"))
		if err != nil {
			t.Fatal(err)
		}
		for _, to := range groups {
			r, err := to.Handle(m)
			if to == from {
				if !errors.Is(err, ErrOwnMessage) {
					t.Fatalf("own message: got %v, want ErrOwnMessage", err)
				}
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			if r.Kind != KindApplication || !bytes.Equal(r.Application, text) || r.Sender.Leaf != from.Self() || string(r.AuthenticatedData) != "header" {
				t.Fatalf("message came out as %q from %d", r.Application, r.Sender.Leaf)
			}
		}
	}
}

func TestMembersAgreeAfterAddRemoveAndUpdate(t *testing.T) {
	eachSuite(t, func(t *testing.T, id Suite) {
		groups := meeting(t, id, 5)
		chat(t, groups...)
		staged := commit(t, groups[1], CommitOptions{Remove: []LeafIndex{3}}, groups[0], groups[2], groups[3], groups[4])
		if len(staged.Removed) != 1 || staged.Removed[0].Leaf != 3 || !groups[3].Removed() {
			t.Fatal("leaf 3 was not removed")
		}
		rest := []*Group{groups[0], groups[1], groups[2], groups[4]}
		agree(t, rest...)
		chat(t, rest...)
		update, err := groups[4].ProposeUpdate()
		if err != nil {
			t.Fatal(err)
		}
		deliver(t, update, groups[0], groups[1], groups[2], groups[4])
		staged = commit(t, groups[0], CommitOptions{}, groups[1], groups[2], groups[4])
		if len(staged.Updated) != 1 || staged.Updated[0] != 4 {
			t.Fatalf("updated: %v", staged.Updated)
		}
		agree(t, rest...)
		commit(t, groups[4], CommitOptions{}, groups[0], groups[1], groups[2])
		agree(t, rest...)
		chat(t, rest...)
	})
}

func TestExternalCommitJoinsAndResyncs(t *testing.T) {
	eachSuite(t, func(t *testing.T, id Suite) {
		groups := meeting(t, id, 3)
		info, err := groups[1].GroupInfo(false)
		if err != nil {
			t.Fatal(err)
		}
		joiner := person(t, id, "late")
		g, message, err := JoinExternal(joiner, info, ExternalOptions{RatchetTree: groups[0].RatchetTree()})
		if err != nil {
			t.Fatal(err)
		}
		deliver(t, message, groups...)
		groups = append(groups, g)
		agree(t, groups...)
		chat(t, groups...)
		if info, err = groups[0].GroupInfo(true); err != nil {
			t.Fatal(err)
		}
		again, message, err := JoinExternal(joiner, info, ExternalOptions{Resync: true})
		if err != nil {
			t.Fatal(err)
		}
		deliver(t, message, groups...)
		if !g.Removed() {
			t.Fatal("the earlier self is still in the group")
		}
		groups[3] = again
		agree(t, groups...)
		chat(t, groups...)
		commit(t, again, CommitOptions{}, groups[:3]...)
		agree(t, groups...)
	})
}

func TestEncryptedHandshake(t *testing.T) {
	eachSuite(t, func(t *testing.T, id Suite) {
		groups := meeting(t, id, 3)
		for _, g := range groups {
			g.config.EncryptHandshake = true
			g.config.Padding = 256
		}
		p, err := groups[2].ProposeRemove(1)
		if err != nil {
			t.Fatal(err)
		}
		deliver(t, p, groups[0], groups[1])
		commit(t, groups[0], CommitOptions{}, groups[1], groups[2])
		agree(t, groups[0], groups[2])
		chat(t, groups[0], groups[2])
		if !groups[1].Removed() {
			t.Fatal("leaf 1 was not removed")
		}
	})
}

func TestExternalSenderRemoves(t *testing.T) {
	service := person(t, X25519AES128, "service")
	s, _ := suite.Lookup(X25519AES128)
	key, err := s.SignatureKey(service.Signer)
	if err != nil {
		t.Fatal(err)
	}
	groups := meeting(t, X25519AES128, 3, ExternalSendersExtension([]ExternalSender{{SignatureKey: key, Credential: service.Credential}}))
	from := ExternalProposer{Suite: X25519AES128, Signer: service.Signer, GroupID: groups[0].ID()}
	p, err := from.ProposeRemove(groups[0].Epoch(), 1)
	if err != nil {
		t.Fatal(err)
	}
	deliver(t, p, groups...)
	staged := commit(t, groups[2], CommitOptions{}, groups[0], groups[1])
	if len(staged.Removed) != 1 || staged.Removed[0].Leaf != 1 {
		t.Fatalf("removed: %v", staged.Removed)
	}
	agree(t, groups[0], groups[2])
	add, err := from.ProposeAdd(groups[0].Epoch(), keyPackage(t, person(t, X25519AES128, "ghost")).Message())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := groups[0].Handle(add); BrokenSection(err) != "12.1.8" {
		t.Fatalf("the service could propose an Add: %v", err)
	}
}

func TestLosingCommitIsDropped(t *testing.T) {
	groups := meeting(t, X25519AES128, 3)
	lost, err := groups[0].Commit(CommitOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := groups[0].Commit(CommitOptions{}); !errors.Is(err, ErrCommitPending) {
		t.Fatalf("second commit: %v", err)
	}
	secret := lost.next.epoch.Exporter
	commit(t, groups[1], CommitOptions{}, groups[0], groups[2])
	agree(t, groups...)
	if !bytes.Equal(secret, make([]byte, len(secret))) {
		t.Fatal("the secrets of the lost commit are still there")
	}
	if err := groups[0].Merge(lost); !errors.Is(err, ErrStale) {
		t.Fatalf("merge of a lost commit: %v", err)
	}
	if _, err := groups[2].Handle(lost.Message()); !errors.Is(err, ErrPastEpoch) {
		t.Fatalf("lost commit elsewhere: %v", err)
	}
	if groups[0].Pending() {
		t.Fatal("the lost commit is still pending")
	}
	commit(t, groups[0], CommitOptions{}, groups[1], groups[2])
	agree(t, groups...)
}

func TestMessagesOfPastEpochsOpenForThreeEpochs(t *testing.T) {
	groups := meeting(t, X25519AES128, 2)
	var sent [][]byte
	for range maxPast + 1 {
		m, err := groups[0].Protect([]byte("late"), nil)
		if err != nil {
			t.Fatal(err)
		}
		sent = append(sent, m)
		commit(t, groups[0], CommitOptions{}, groups[1])
	}
	if _, err := groups[1].Handle(sent[0]); !errors.Is(err, ErrPastEpoch) {
		t.Fatalf("message of an epoch too long over: %v", err)
	}
	for _, m := range sent[1:] {
		if _, err := groups[1].Handle(m); err != nil {
			t.Fatal(err)
		}
		if _, err := groups[1].Handle(m); BrokenSection(err) != "9.2" {
			t.Fatalf("replayed message: %v", err)
		}
	}
}

func TestSealedStateGoesOn(t *testing.T) {
	eachSuite(t, func(t *testing.T, id Suite) {
		groups := meeting(t, id, 4)
		key := make([]byte, SealKeySize)
		late, err := groups[0].Protect([]byte("late"), nil)
		if err != nil {
			t.Fatal(err)
		}
		commit(t, groups[1], CommitOptions{}, groups[0], groups[2], groups[3])
		update, err := groups[2].ProposeUpdate()
		if err != nil {
			t.Fatal(err)
		}
		deliver(t, update, groups[0], groups[1], groups[3])
		pending, err := groups[1].Commit(CommitOptions{Remove: []LeafIndex{3}})
		if err != nil {
			t.Fatal(err)
		}
		for i, g := range groups {
			sealed, err := g.Seal(key)
			if err != nil {
				t.Fatal(err)
			}
			config := g.config
			if groups[i], err = Open(config, key, sealed); err != nil {
				t.Fatal(err)
			}
			sealed[len(sealed)/2] ^= 1
			if _, err := Open(config, key, sealed); !errors.Is(err, ErrSealed) {
				t.Fatalf("damaged state: %v", err)
			}
		}
		if _, err := groups[2].Handle(late); err != nil {
			t.Fatal(err)
		}
		deliver(t, pending.Message(), groups...)
		if !groups[3].Removed() {
			t.Fatal("leaf 3 was not removed")
		}
		agree(t, groups[:3]...)
		chat(t, groups[:3]...)
	})
}

func TestGroupShrinksToOneMemberOutsideLeafZero(t *testing.T) {
	groups := meeting(t, X25519AES128, 4)
	commit(t, groups[2], CommitOptions{Remove: []LeafIndex{0, 1, 3}}, groups[0], groups[1], groups[3])
	commit(t, groups[2], CommitOptions{})
	g := admit(t, groups[2], person(t, X25519AES128, "new"))
	if g.Self() != 0 {
		t.Fatalf("the new member is at leaf %d", g.Self())
	}
	agree(t, groups[2], g)
	commit(t, g, CommitOptions{}, groups[2])
	chat(t, groups[2], g)
}

func TestPreSharedKeyAndExtensionsCommit(t *testing.T) {
	groups := meeting(t, X25519AES128, 3)
	for _, g := range groups {
		g.config.PSK = func(id []byte) ([]byte, error) { return append([]byte("key of "), id...), nil }
	}
	p, err := groups[0].ProposePSK([]byte("room"))
	if err != nil {
		t.Fatal(err)
	}
	deliver(t, p, groups...)
	e, err := groups[1].ProposeExtensions(Extensions{RequiredCapabilitiesExtension(RequiredCapabilities{Credentials: []CredentialType{CredentialBasic}})})
	if err != nil {
		t.Fatal(err)
	}
	deliver(t, e, groups...)
	staged := commit(t, groups[2], CommitOptions{}, groups[0], groups[1])
	if !staged.ExtensionsChanged || len(groups[0].Extensions()) != 1 {
		t.Fatal("the extensions did not change")
	}
	agree(t, groups...)
	commit(t, groups[0], CommitOptions{PSK: [][]byte{[]byte("a"), []byte("b")}, WithoutPath: true}, groups[1:]...)
	agree(t, groups...)
}

func TestMemberReplacesSignerAndCredential(t *testing.T) {
	groups := meeting(t, X25519AES128, 3)
	for _, g := range groups {
		g.config.Successor = func(_, _ Credential) error { return nil }
	}
	next := person(t, X25519AES128, "renamed")
	joiner := person(t, X25519AES128, "joiner")
	k := keyPackage(t, joiner)
	staged := commit(t, groups[1], CommitOptions{Signer: next.Signer, Credential: &next.Credential, Add: [][]byte{k.Message()}}, groups[0], groups[2])
	g, err := Join(joiner, k, staged.Welcome(), nil)
	if err != nil {
		t.Fatal(err)
	}
	groups = append(groups, g)
	agree(t, groups...)
	chat(t, groups...)
	if got := groups[0].Members()[1].Credential; !got.Equal(next.Credential) {
		t.Fatalf("credential: %s", got.Identity)
	}
}
