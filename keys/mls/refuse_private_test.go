package mls

import (
	"bytes"
	"errors"
	"testing"

	"conclave/keys/mls/internal/codec"
	"conclave/keys/mls/internal/framing"
	"conclave/keys/mls/internal/schedule"
	"conclave/keys/mls/internal/tree"
)

// senderData writes SenderData as section 6.3.2 has it.
func senderData(leaf LeafIndex, generation uint32) []byte {
	var w codec.Writer
	w.Uint32(uint32(leaf))
	w.Uint32(generation)
	w.Raw(make([]byte, 4))
	return w.Bytes()
}

// forgedPrivate encrypts a plaintext of the forger's choice, by another road than
// the package's own: the keys are derived here, step by step.
func forgedPrivate(t *testing.T, g *Group, plaintext []byte, leaf LeafIndex, generation uint32) []byte {
	t.Helper()
	st := g.now
	m := &framing.PrivateMessage{GroupID: st.context.GroupID, Epoch: st.context.Epoch, Type: framing.ContentApplication}
	key := schedule.MessageKey{Key: make([]byte, 16), Nonce: make([]byte, 12)}
	if uint32(leaf) < st.tree.Width() {
		if lease, err := st.secrets.Lease(leaf, schedule.Application, generation); err == nil {
			key = lease.MessageKey
		}
	}
	var aad codec.Writer
	aad.Opaque(m.GroupID)
	aad.Uint64(m.Epoch)
	aad.Uint8(uint8(m.Type))
	dataAAD := bytes.Clone(aad.Bytes())
	aad.Opaque(nil)
	var err error
	m.Ciphertext, err = st.suite.Seal(key.Key, key.Nonce, plaintext, aad.Bytes())
	must(t, err)
	dataKey, dataNonce := schedule.SenderDataKey(st.suite, st.epoch.SenderData, m.Ciphertext)
	m.SenderData, err = st.suite.Seal(dataKey, dataNonce, senderData(leaf, generation), dataAAD)
	must(t, err)
	return encode(&framing.Message{Wire: framing.WirePrivate, Private: m})
}

// signedText is a PrivateMessageContent with a good signature.
func signedText(t *testing.T, g *Group, text string, padding []byte) []byte {
	t.Helper()
	a := g.now.content(framing.ContentApplication, nil)
	a.Wire = framing.WirePrivate
	a.Content.Application = []byte(text)
	must(t, a.Sign(g.now.suite, g.config.Signer, g.now.contextBytes))
	var w codec.Writer
	w.Opaque(a.Content.Application)
	w.Opaque(a.Signature)
	w.Raw(padding)
	return w.Bytes()
}

func TestRefusedPrivateMessages(t *testing.T) {
	groups := meeting(t, X25519AES128, 4)
	commit(t, groups[0], CommitOptions{Remove: []LeafIndex{2}}, groups[1:]...)
	from, to := groups[0], groups[1]
	good := signedText(t, from, "hello", make([]byte, 9))
	bad := bytes.Clone(good)
	bad[len("hello")+5] ^= 1
	rows := []struct {
		name, section string
		message       []byte
	}{
		{"padding that is not zero", "6.3.1", forgedPrivate(t, from, signedText(t, from, "hello", []byte{0, 1}), 0, 0)},
		{"signature", "6.1", forgedPrivate(t, from, bad, 0, 0)},
		{"no signature", "2.1", forgedPrivate(t, from, []byte{0}, 0, 0)},
		{"ciphertext changed", "6.3.1", forgedPrivate(t, from, good, 0, 0)},
		{"sender data that was not for this ciphertext", "6.3.2", forgedPrivate(t, from, good, 0, 0)},
		{"generation too far ahead", "9.1", forgedPrivate(t, from, good, 0, schedule.MaxForward+1)},
		{"sender outside the tree", "9", forgedPrivate(t, from, good, 1<<20, 0)},
		{"sender's leaf is blank", "6", forgedPrivate(t, from, good, 2, 0)},
		{"sender is another member", "6.1", forgedPrivate(t, from, good, 3, 0)},
		{"sender is the receiver", "6.3.1", forgedPrivate(t, from, good, 1, 0)},
	}
	rows[3].message[len(rows[3].message)-1] ^= 1
	// The key that hides the sender is made from the ciphertext's first bytes.
	rows[4].message[len(rows[4].message)-len(good)-16] ^= 1
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			refuse(t, to, row.message, row.section)
		})
	}
	message := forgedPrivate(t, from, good, 0, 0)
	r, err := to.Handle(message)
	must(t, err)
	if string(r.Application) != "hello" {
		t.Fatalf("got %q", r.Application)
	}
	refuse(t, to, message, "9.2")
}

func TestSkippedMessagesOpenLateAndOnce(t *testing.T) {
	groups := meeting(t, X25519AES128, 2)
	var sent [][]byte
	for range schedule.MaxSkipped + 2 {
		m, err := groups[0].Protect([]byte("x"), nil)
		must(t, err)
		sent = append(sent, m)
	}
	deliver(t, sent[len(sent)-1], groups[1])
	refuse(t, groups[1], sent[0], "9.2") // more were skipped than are kept
	for i := len(sent) - 2; i > 0; i-- {
		deliver(t, sent[i], groups[1])
		refuse(t, groups[1], sent[i], "9.2")
	}
}

func TestMembersOfAPastEpochSpeakForThatEpochOnly(t *testing.T) {
	groups := meeting(t, X25519AES128, 3)
	late, err := groups[2].Protect([]byte("before I was removed"), nil)
	must(t, err)
	commit(t, groups[0], CommitOptions{Remove: []LeafIndex{2}}, groups[1], groups[2])
	r, err := groups[1].Handle(late)
	must(t, err)
	if string(r.Member.Credential.Identity) != "member 2" || r.Epoch != groups[1].Epoch()-1 {
		t.Fatalf("sender %q of epoch %d", r.Member.Credential.Identity, r.Epoch)
	}
	if _, err := groups[2].Protect([]byte("after"), nil); !errors.Is(err, ErrRemoved) {
		t.Fatalf("a removed member could send: %v", err)
	}
	stranger := admit(t, groups[0], person(t, X25519AES128, "stranger"), groups[1])
	if stranger.Self() != 2 {
		t.Fatalf("the stranger sits at leaf %d", stranger.Self())
	}
	if _, err := stranger.Handle(late); !errors.Is(err, ErrPastEpoch) {
		t.Fatalf("a new member read an old message: %v", err)
	}
}

func TestRefusedFromOutside(t *testing.T) {
	service := person(t, X25519AES128, "service")
	s, err := service.check()
	must(t, err)
	key, err := s.SignatureKey(service.Signer)
	must(t, err)
	groups := meeting(t, X25519AES128, 3, ExternalSendersExtension([]ExternalSender{{SignatureKey: key, Credential: service.Credential}}))
	to := groups[1]
	from := ExternalProposer{Suite: X25519AES128, Signer: service.Signer, GroupID: to.ID()}
	at := func(index uint32, signer Config) []byte {
		e := from
		e.Index, e.Signer = index, signer.Signer
		m, err := e.ProposeRemove(to.Epoch(), 0)
		must(t, err)
		return m
	}
	refuse(t, to, at(1, service), "12.1.8.1")
	refuse(t, to, at(1<<31, service), "12.1.8.1")
	refuse(t, to, at(0, groups[0].config), "6.1")
	update, err := from.propose(to.Epoch(), updateOf(t, groups[0], service.Signer, []byte("meeting"), nil))
	must(t, err)
	refuse(t, to, update, "12.1.8")
	to.config.ExternalProposals = []ProposalType{ProposalAdd, ProposalUpdate}
	refuse(t, to, update, "12.1.2")
	blank, err := from.ProposeRemove(to.Epoch(), 9)
	must(t, err)
	to.config.ExternalProposals = nil
	refuse(t, to, blank, "12.1.3")
	k := keyPackage(t, person(t, X25519AES128, "self-invited"))
	a := &framing.Authenticated{Wire: framing.WirePublic, Content: framing.Content{
		GroupID: to.ID(), Epoch: to.Epoch(), Type: framing.ContentProposal, Proposal: addOf(k.public),
		Sender: Sender{Type: SenderNewMemberProposal},
	}}
	must(t, a.Sign(s, service.Signer, nil))
	refuse(t, to, encode(&framing.Message{Wire: framing.WirePublic, Public: a.Protect(s, nil, nil)}), "6.1")
	old := to.Epoch()
	commit(t, groups[0], CommitOptions{}, groups[1:]...)
	stale, err := from.ProposeRemove(old, 0)
	must(t, err)
	if _, err := to.Handle(stale); !errors.Is(err, ErrPastEpoch) {
		t.Fatalf("external proposal of a past epoch: %v", err)
	}
}

func TestExternalCommitMakesQueuedProposalsStale(t *testing.T) {
	groups := meeting(t, X25519AES128, 3)
	p, err := groups[0].ProposeRemove(2)
	must(t, err)
	deliver(t, p, groups[1:]...)
	info, err := groups[1].GroupInfo(true)
	must(t, err)
	g, message, err := JoinExternal(person(t, X25519AES128, "late"), info, ExternalOptions{})
	must(t, err)
	deliver(t, message, groups...)
	groups = append(groups, g)
	for _, g := range groups {
		if len(g.Proposals()) != 0 {
			t.Fatal("a proposal outlived its epoch")
		}
	}
	agree(t, groups...)
}

func TestDamagedMessagesChangeNothing(t *testing.T) {
	groups := meeting(t, X25519AES128, 3)
	for _, g := range groups {
		g.config.EncryptHandshake = true
	}
	staged, err := groups[0].Commit(CommitOptions{})
	must(t, err)
	text, err := groups[0].Protect([]byte("hello"), nil)
	must(t, err)
	for _, whole := range [][]byte{staged.Message(), text} {
		before := snapshot(groups[1])
		for i := range whole {
			damaged := bytes.Clone(whole)
			damaged[i] ^= 0x40
			if _, err := groups[1].Handle(damaged); err == nil {
				t.Fatalf("byte %d was changed and nobody noticed", i)
			}
			if _, err := groups[1].Handle(whole[:i]); err == nil {
				t.Fatalf("%d bytes of it were taken for the whole", i)
			}
		}
		if !bytes.Equal(snapshot(groups[1]), before) {
			t.Fatal("the group changed")
		}
	}
	deliver(t, text, groups[1:]...)
	deliver(t, staged.Message(), groups...)
	agree(t, groups...)
}

func TestStagedCommitAppliesOnMergeOnly(t *testing.T) {
	groups := meeting(t, X25519AES128, 3)
	staged, err := groups[0].Commit(CommitOptions{Remove: []LeafIndex{2}})
	must(t, err)
	before := snapshot(groups[1])
	r, err := groups[1].Process(staged.Message())
	must(t, err)
	if !bytes.Equal(snapshot(groups[1]), before) {
		t.Fatal("the group changed before the commit was merged")
	}
	if got := r.Commit; got.Committer != 0 || len(got.Removed) != 1 || got.Removed[0].Leaf != 2 || len(got.Members()) != 2 || got.Epoch != groups[1].Epoch()+1 {
		t.Fatalf("the staged commit says %+v", got.Change)
	}
	groups[1].Discard(r.Commit)
	if !bytes.Equal(snapshot(groups[1]), before) {
		t.Fatal("a discarded commit changed the group")
	}
	r, err = groups[1].Process(staged.Message())
	must(t, err)
	must(t, groups[1].Merge(r.Commit))
	must(t, groups[0].Merge(staged))
	agree(t, groups[0], groups[1])
	groups[0].Discard(staged) // has been applied: must do nothing
	agree(t, groups[0], groups[1])
	chat(t, groups[0], groups[1])
	if groups[2].now.tree.Leaf(2) == nil || tree.Width(3) != 4 {
		t.Fatal("another member's tree changed")
	}
}
