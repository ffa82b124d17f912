package mls

import (
	"bytes"
	"testing"

	"conclave/keys/mls/internal/codec"
	"conclave/keys/mls/internal/framing"
	"conclave/keys/mls/internal/schedule"
	"conclave/keys/mls/internal/tree"
	"conclave/keys/mls/internal/vectors"
)

// again checks that what was decoded encodes to the same bytes.
func again(t *testing.T, v codec.Encodable, in []byte) {
	t.Helper()
	if out := codec.Marshal(v); !bytes.Equal(out, in) {
		t.Fatalf("decoded and encoded again, %x became %x", in, out)
	}
}

// vectorSeeds are the official messages, as many as there are here.
func vectorSeeds(f *testing.F, names ...string) {
	var cases []map[string]vectors.Hex
	f.Helper()
	if !vectors.Find(vectors.Official, "messages.json", &cases) {
		f.Log("no messages.json: seeding with our own messages only")
		return
	}
	for _, c := range cases[:3] {
		for _, name := range names {
			f.Add([]byte(c[name]))
		}
	}
}

// FuzzMessage decodes MLSMessages.
func FuzzMessage(f *testing.F) {
	vectorSeeds(f, "mls_welcome", "mls_group_info", "mls_key_package", "public_message_proposal", "public_message_commit", "private_message")
	for _, m := range readFixture(f).Messages {
		f.Add([]byte(m))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		if m, err := framing.ParseMessage(in); err == nil {
			again(t, m, in)
		}
		if info, err := ReadKeyPackage(in); err == nil && len(info.Ref) == 0 {
			t.Fatal("a key package without a reference")
		}
	})
}

// FuzzTree decodes ratchet trees and checks them.
func FuzzTree(f *testing.F) {
	vectorSeeds(f, "ratchet_tree")
	fx := readFixture(f)
	g := fx.member(f, 0)
	f.Add(g.RatchetTree())
	s := g.now.suite
	f.Fuzz(func(t *testing.T, in []byte) {
		tr, err := tree.Parse(s, in)
		if err != nil {
			return
		}
		again(t, tr, in)
		hash := tr.Hash()
		valid := tr.Validate([]byte("meeting"), nil) == nil
		for i := range tr.Clone().Leaves {
			next := tr.Clone()
			next.Remove(i)
			next.Hash()
			if valid {
				next.Add(tr.Leaf(i))
				next.Hash()
			}
		}
		if !bytes.Equal(tr.Hash(), hash) {
			t.Fatal("changing a clone changed the tree")
		}
	})
}

// FuzzStructures decodes everything that travels inside other things. The first
// byte picks the structure.
func FuzzStructures(f *testing.F) {
	var cases []map[string]vectors.Hex
	names := []string{"commit", "group_secrets"}
	if vectors.Find(vectors.Official, "messages.json", &cases) {
		for _, c := range cases[:3] {
			for i, name := range names {
				f.Add(append([]byte{byte(i)}, c[name]...))
			}
		}
	}
	g := readFixture(f).member(f, 0)
	f.Add(append([]byte{2}, codec.Marshal(&g.now.context)...))
	f.Add(append([]byte{3}, codec.Marshal(g.now.tree.Leaf(0))...))
	f.Add(append([]byte{4}, codec.Marshal(RequiredCapabilities{Proposals: []uint16{1}})...))
	f.Add(append([]byte{5}, codec.Marshal(pskID{Type: schedule.PSKExternal, ID: []byte("id"), PSKNonce: []byte("nonce")})...))
	sender := ExternalSendersExtension([]ExternalSender{{SignatureKey: []byte("key"), Credential: BasicCredential([]byte("id"))}})
	f.Add(append([]byte{6}, codec.Marshal(Extensions{sender})...))
	f.Fuzz(func(t *testing.T, in []byte) {
		if len(in) == 0 {
			return
		}
		var v interface {
			codec.Encodable
			codec.Decodable
		}
		switch in[0] % 9 {
		case 0:
			v = new(framing.Commit)
		case 1:
			v = new(framing.GroupSecrets)
		case 2:
			v = new(schedule.GroupContext)
		case 3:
			v = new(tree.LeafNode)
		case 4:
			v = new(tree.RequiredCapabilities)
		case 5:
			v = new(schedule.PSKID)
		case 6:
			v = new(tree.Extensions)
		case 7:
			v = new(framing.Authenticated)
		case 8:
			v = new(tree.UpdatePath)
		}
		if codec.Unmarshal(in[1:], v) != nil {
			return
		}
		again(t, v, in[1:])
		if list, ok := v.(*tree.Extensions); ok {
			if senders, err := framing.ExternalSenders(*list); err == nil && senders != nil {
				want, _ := list.Find(tree.ExtensionExternalSenders)
				again(t, framing.ExternalSendersExtension(senders), codec.Marshal(Extension{Type: tree.ExtensionExternalSenders, Data: want}))
			}
		}
	})
}

// FuzzHandle gives a group messages that were true before they were changed: after
// an error it is what it was.
func FuzzHandle(f *testing.F) {
	fx := readFixture(f)
	for _, m := range fx.Messages {
		f.Add([]byte(m))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		g := fx.member(t, 1)
		if _, err := g.Handle(in); err != nil && !bytes.Equal(snapshot(g), fx.States[1]) {
			t.Fatalf("the group changed although the message was refused: %v", err)
		}
	})
}

// FuzzHandleFromMember is a member who signs and tags whatever comes to its mind.
func FuzzHandleFromMember(f *testing.F) {
	fx := readFixture(f)
	for _, message := range fx.Messages {
		if m, err := framing.ParseKind(message, framing.WirePublic); err == nil {
			f.Add(codec.Marshal(&m.Public.Content))
		}
	}
	from := fx.member(f, 0)
	st := from.now
	f.Fuzz(func(t *testing.T, in []byte) {
		var a framing.Authenticated
		if codec.Unmarshal(in, &a.Content) != nil {
			return
		}
		a.Wire = framing.WirePublic
		signer := from.config.Signer
		if a.Content.Sender.Type == SenderNewMemberCommit {
			signer = fx.config(fx.Joiner).Signer
		}
		must(t, a.Sign(st.suite, signer, st.contextBytes))
		a.ConfirmationTag = make([]byte, 32)
		m := a.Protect(st.suite, st.epoch.Membership, st.contextBytes)
		g := fx.member(t, 1)
		if _, err := g.Handle(codec.Marshal(&framing.Message{Wire: framing.WirePublic, Public: m})); err != nil {
			if !bytes.Equal(snapshot(g), fx.States[1]) {
				t.Fatalf("the group changed although the message was refused: %v", err)
			}
			return
		}
		// What was accepted must also be safe to commit.
		if g.Removed() {
			return
		}
		if staged, err := g.Commit(CommitOptions{}); err == nil {
			must(t, g.Merge(staged))
			g.RatchetTree()
		}
	})
}

// FuzzJoin joins by group infos whose signature and tree hash are good, whatever
// they say.
func FuzzJoin(f *testing.F) {
	fx := readFixture(f)
	m, err := framing.ParseKind(fx.Messages["group info"], framing.WireGroupInfo)
	must(f, err)
	f.Add(codec.Marshal(m.GroupInfo))
	from := fx.member(f, 0)
	s, joiner := from.now.suite, fx.config(fx.Joiner)
	f.Fuzz(func(t *testing.T, in []byte) {
		info := new(framing.GroupInfo)
		if codec.Unmarshal(in, info) != nil {
			return
		}
		again(t, info, in)
		if raw, ok := info.Extensions.Find(tree.ExtensionRatchetTree); ok {
			if tr, err := tree.Parse(s, raw); err == nil {
				info.Context.TreeHash = tr.Hash()
			}
		}
		must(t, info.Sign(s, from.config.Signer))
		g, external, err := JoinExternal(joiner, codec.Marshal(&framing.Message{Wire: framing.WireGroupInfo, GroupInfo: info}), ExternalOptions{})
		if err != nil {
			return
		}
		if _, err := framing.ParseKind(external, framing.WirePublic); err != nil || len(g.Members()) == 0 {
			t.Fatalf("joined by a message nobody can read: %v", err)
		}
	})
}

// FuzzState decodes stored states. They are sealed, so this is a second wall.
func FuzzState(f *testing.F) {
	fx := readFixture(f)
	f.Add([]byte(fx.States[1]))
	s := fx.member(f, 1).now.suite
	f.Fuzz(func(t *testing.T, in []byte) {
		r := codec.NewReader(in)
		st := decodeState(s, r)
		if r.Err() == nil {
			var w codec.Writer
			st.encode(&w)
		}
	})
}
