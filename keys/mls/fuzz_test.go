package mls

import (
	"bytes"
	"testing"

	"conclave/keys/mls/internal/codec"
	"conclave/keys/mls/internal/framing"
	"conclave/keys/mls/internal/schedule"
	"conclave/keys/mls/internal/suite"
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

// ownSeeds are messages of a group of ours, of every kind, on a suite.
func ownSeeds(f *testing.F, id Suite) [][]byte {
	f.Helper()
	groups := meeting(f, id, 3)
	k := keyPackage(f, person(f, id, "guest"))
	add, err := groups[0].ProposeAdd(k.Message())
	must(f, err)
	update, err := groups[0].ProposeUpdate()
	must(f, err)
	remove, err := groups[0].ProposeRemove(2)
	must(f, err)
	text, err := groups[0].Protect([]byte("hello"), []byte("aad"))
	must(f, err)
	info, err := groups[0].GroupInfo(true)
	must(f, err)
	_, external, err := JoinExternal(person(f, id, "late"), info, ExternalOptions{})
	must(f, err)
	staged, err := groups[0].Commit(CommitOptions{})
	must(f, err)
	groups[1].config.EncryptHandshake = true
	private, err := groups[1].Commit(CommitOptions{})
	must(f, err)
	return [][]byte{k.Message(), add, update, remove, text, info, external, staged.Message(), staged.Welcome(), private.Message()}
}

// FuzzMessage decodes MLSMessages.
func FuzzMessage(f *testing.F) {
	vectorSeeds(f, "mls_welcome", "mls_group_info", "mls_key_package", "public_message_proposal", "public_message_commit", "private_message")
	for _, m := range ownSeeds(f, X25519AES128) {
		f.Add(m)
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
	groups := meeting(f, X25519AES128, 5)
	for _, g := range groups {
		commit(f, g, CommitOptions{}, others(groups, g)...)
	}
	f.Add(groups[0].RatchetTree())
	s := groups[0].now.suite
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
	g := meeting(f, X25519AES128, 3)[0]
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
	groups := meeting(f, X25519AES128, 3)
	to := groups[1]
	text, err := groups[0].Protect([]byte("hello"), []byte("aad"))
	must(f, err)
	update, err := groups[0].ProposeUpdate()
	must(f, err)
	staged, err := groups[2].Commit(CommitOptions{Remove: []LeafIndex{0}})
	must(f, err)
	groups[0].SetEncryptHandshake(true)
	private, err := groups[0].Commit(CommitOptions{})
	must(f, err)
	info, err := to.GroupInfo(true)
	must(f, err)
	_, external, err := JoinExternal(person(f, X25519AES128, "late"), info, ExternalOptions{})
	must(f, err)
	for _, m := range [][]byte{text, update, staged.Message(), private.Message(), external, info} {
		f.Add(m)
	}
	before := snapshot(to)
	config := to.config
	f.Fuzz(func(t *testing.T, in []byte) {
		g := restored(t, config, before)
		if _, err := g.Handle(in); err != nil && !bytes.Equal(snapshot(g), before) {
			t.Fatalf("the group changed although the message was refused: %v", err)
		}
	})
}

// restored is a group in the state of a snapshot.
func restored(t testing.TB, c Config, state []byte) *Group {
	t.Helper()
	s, err := suite.Lookup(c.Suite)
	must(t, err)
	r := codec.NewReader(state)
	g := &Group{config: c, now: decodeState(s, r)}
	for r.Err() == nil && r.Len() > 0 {
		g.past = append(g.past, decodePast(s, r))
	}
	must(t, r.Err())
	return g
}

// FuzzHandleFromMember is a member who signs and tags whatever comes to its mind.
func FuzzHandleFromMember(f *testing.F) {
	groups := meeting(f, X25519AES128, 4)
	from, to := groups[0], groups[1]
	seed := func(message []byte) {
		m, err := framing.ParseKind(message, framing.WirePublic)
		must(f, err)
		f.Add(codec.Marshal(&m.Public.Content))
	}
	before := snapshot(to)
	for _, o := range []CommitOptions{
		{}, {Remove: []LeafIndex{2}}, {Add: [][]byte{keyPackage(f, person(f, X25519AES128, "guest")).Message()}},
		{Extensions: Extensions{RequiredCapabilitiesExtension(RequiredCapabilities{})}},
	} {
		staged, err := from.Commit(o)
		must(f, err)
		seed(staged.Message())
		from.Discard(staged)
	}
	update, err := from.ProposeUpdate()
	must(f, err)
	seed(update)
	psk, err := from.ProposePSK([]byte("id"))
	must(f, err)
	seed(psk)
	config, st := to.config, from.now
	config.PSK = func(id []byte) ([]byte, error) { return id, nil }
	f.Fuzz(func(t *testing.T, in []byte) {
		var a framing.Authenticated
		if codec.Unmarshal(in, &a.Content) != nil {
			return
		}
		a.Wire = framing.WirePublic
		must(t, a.Sign(st.suite, from.config.Signer, st.contextBytes))
		a.ConfirmationTag = make([]byte, 32)
		m := a.Protect(st.suite, st.epoch.Membership, st.contextBytes)
		g := restored(t, config, before)
		if _, err := g.Handle(codec.Marshal(&framing.Message{Wire: framing.WirePublic, Public: m})); err != nil && !bytes.Equal(snapshot(g), before) {
			t.Fatalf("the group changed although the message was refused: %v", err)
		}
		if p := a.Content.Proposal; p == nil || a.Content.Type != framing.ContentProposal {
			return
		}
		// What was accepted as a proposal must also be safe to commit.
		if _, err := g.Commit(CommitOptions{}); err == nil {
			if err := g.Merge(g.pending); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// FuzzJoin joins by group infos whose signature is good, whatever they say.
func FuzzJoin(f *testing.F) {
	groups := meeting(f, X25519AES128, 3)
	for _, g := range groups {
		commit(f, g, CommitOptions{}, others(groups, g)...)
	}
	from := groups[0]
	message, err := from.GroupInfo(true)
	must(f, err)
	m, err := framing.ParseKind(message, framing.WireGroupInfo)
	must(f, err)
	f.Add(codec.Marshal(m.GroupInfo))
	s, joiner := from.now.suite, person(f, X25519AES128, "late")
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
	groups := meeting(f, X25519AES128, 3)
	commit(f, groups[0], CommitOptions{}, groups[1:]...)
	f.Add(snapshot(groups[1]))
	s := groups[0].now.suite
	f.Fuzz(func(t *testing.T, in []byte) {
		r := codec.NewReader(in)
		st := decodeState(s, r)
		if r.Err() == nil {
			var w codec.Writer
			st.encode(&w)
		}
	})
}
