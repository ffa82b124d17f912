package mls

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"testing"
	"time"

	"conclave/keys/mls/internal/codec"
	"conclave/keys/mls/internal/framing"
	"conclave/keys/mls/internal/schedule"
	"conclave/keys/mls/internal/suite"
	"conclave/keys/mls/internal/tree"
)

func encode(v codec.Encodable) []byte { return codec.Marshal(v) }

// grown is a group with parents, unmerged leaves and a blank leaf.
func grown(t *testing.T) []*Group {
	groups := meeting(t, X25519AES128, 6)
	for _, g := range groups {
		commit(t, g, CommitOptions{}, others(groups, g)...)
	}
	commit(t, groups[0], CommitOptions{Remove: []LeafIndex{1}}, groups[1:]...)
	groups = append(groups[:1], groups[2:]...)
	// By the last member, so that nodes on the left have the new leaf unmerged.
	return append(groups, admit(t, groups[len(groups)-1], person(t, X25519AES128, "unmerged"), groups[:len(groups)-1]...))
}

// forgedInfo is a GroupInfo of g whose tree was changed; its hash and signature are
// those of the changed tree.
func forgedInfo(t *testing.T, g *Group, edit func(*tree.Tree), info func(*framing.GroupInfo), signed func(*framing.GroupInfo)) []byte {
	t.Helper()
	st := g.now
	tr, err := tree.Parse(st.suite, encode(st.tree))
	must(t, err)
	if edit != nil {
		edit(tr)
	}
	remade, err := tree.Parse(st.suite, encode(tr))
	must(t, err)
	i := &framing.GroupInfo{Context: st.context, ConfirmationTag: st.tag, Signer: st.self()}
	i.Context.TreeHash = remade.Hash()
	pair, err := st.epoch.ExternalKey(st.suite)
	must(t, err)
	i.Extensions = Extensions{{Type: tree.ExtensionRatchetTree, Data: encode(remade)}, framing.ExternalPubExtension(pair.Public)}
	if info != nil {
		info(i)
	}
	must(t, i.Sign(st.suite, g.config.Signer))
	if signed != nil {
		signed(i)
	}
	return encode(&framing.Message{Wire: framing.WireGroupInfo, GroupInfo: i})
}

func TestRefusedGroupInfos(t *testing.T) {
	groups := grown(t)
	g := groups[0]
	st := g.now
	var parents, unmerged []tree.NodeIndex
	for x := tree.NodeIndex(1); x < tree.NodeIndex(2*st.tree.Width()-1); x += 2 {
		if p := st.tree.Parent(x); p != nil {
			parents = append(parents, x)
			if len(p.UnmergedLeaves) > 0 {
				unmerged = append(unmerged, x)
			}
		}
	}
	if len(parents) < 3 || len(unmerged) == 0 {
		t.Fatalf("the tree has parents %v, with unmerged leaves %v: too few to test with", parents, unmerged)
	}
	top := st.tree.Root()
	rows := []struct {
		name, section string
		edit          func(*tree.Tree)
		info, signed  func(*framing.GroupInfo)
	}{
		{name: "signature", section: "12.4.3.1", signed: func(i *framing.GroupInfo) { i.Signature = make([]byte, 64) }},
		{name: "signer is another member", section: "12.4.3.1", info: func(i *framing.GroupInfo) { i.Signer = 3 }},
		{name: "signer is blank", section: "12.4.3.1", info: func(i *framing.GroupInfo) { i.Signer = 9 }},
		{name: "another suite", section: "12.4.3.1", info: func(i *framing.GroupInfo) { i.Context.Suite = X25519ChaCha }},
		{name: "tree hash", section: "12.4.3.1", info: func(i *framing.GroupInfo) { i.Context.TreeHash = make([]byte, 32) }},
		{name: "no tree", section: "12.4.3.1", info: func(i *framing.GroupInfo) { i.Extensions = i.Extensions[1:] }},
		{name: "no external_pub", section: "12.4.3.2", info: func(i *framing.GroupInfo) { i.Extensions = i.Extensions[:1] }},
		{name: "external_pub without a length of its own", section: "2.1.2", info: func(i *framing.GroupInfo) { i.Extensions[1].Data = bytes.Repeat([]byte{0xff}, 32) }},
		{name: "tree ends in a blank", section: "12.4.3.3", info: func(i *framing.GroupInfo) {
			var w codec.Writer
			w.Vector(func(w *codec.Writer) { w.Optional(true); w.Uint8(1); st.tree.Leaf(0).Encode(w); w.Optional(false) })
			i.Extensions[0].Data = w.Bytes()
		}},
		{name: "parent where a leaf belongs", section: "12.4.3.3", info: func(i *framing.GroupInfo) {
			var w codec.Writer
			w.Vector(func(w *codec.Writer) { w.Optional(true); w.Uint8(2); st.tree.Parent(top).Encode(w) })
			i.Extensions[0].Data = w.Bytes()
		}},
		{name: "parent hash of the root", section: "7.9.2", edit: func(tr *tree.Tree) { tr.Parent(top).ParentHash = make([]byte, 32) }},
		{name: "parent's key", section: "7.9.2", edit: func(tr *tree.Tree) { tr.Parent(parents[0]).EncryptionKey = make([]byte, 32) }},
		{name: "leaf changed", section: "7.3", edit: func(tr *tree.Tree) { tr.Leaf(5).Signature = make([]byte, 64) }},
		{name: "two equal signature keys", section: "7.3", edit: func(tr *tree.Tree) { tr.Leaf(2).SignatureKey = tr.Leaf(0).SignatureKey }},
		{name: "a leaf and a parent with one key", section: "7.3", edit: func(tr *tree.Tree) { tr.Leaf(1).EncryptionKey = tr.Parent(top).EncryptionKey }},
		{name: "unmerged leaf twice", section: "7.1", edit: func(tr *tree.Tree) {
			p := tr.Parent(unmerged[0])
			p.UnmergedLeaves = append(p.UnmergedLeaves, p.UnmergedLeaves...)
		}},
		{name: "unmerged leaf that is blank or elsewhere", section: "12.4.3.1", edit: func(tr *tree.Tree) { tr.Parent(top).UnmergedLeaves = append(tr.Parent(top).UnmergedLeaves, 7) }},
		{name: "unmerged leaf that a node between does not list", section: "12.4.3.1", edit: func(tr *tree.Tree) {
			tr.Parent(top).UnmergedLeaves = []LeafIndex{1}
			tr.Parent(unmerged[0]).UnmergedLeaves = nil
		}},
	}
	joiner := person(t, X25519AES128, "late")
	if _, _, err := JoinExternal(joiner, forgedInfo(t, g, nil, nil, nil), ExternalOptions{}); err != nil {
		t.Fatalf("a group info without a fault: %v", err)
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			if _, _, err := JoinExternal(joiner, forgedInfo(t, g, row.edit, row.info, row.signed), ExternalOptions{}); !names(err, row.section) {
				t.Fatalf("got %v, want section %s", err, row.section)
			}
		})
	}
	t.Run("a member nobody believes", func(t *testing.T) {
		c := joiner
		c.Verify = func(c Credential, _ []byte) error {
			if string(c.Identity) == "member 2" {
				return ErrConfig
			}
			return nil
		}
		if _, _, err := JoinExternal(c, forgedInfo(t, g, nil, nil, nil), ExternalOptions{}); !names(err, "5.3.1") {
			t.Fatalf("got %v, want section 5.3.1", err)
		}
	})
}

// forgedWelcome adds a key package and makes a Welcome that is right but for what
// the functions change.
func forgedWelcome(t *testing.T, g *Group, k *framing.KeyPackage, info func(*framing.GroupInfo), secrets func(*framing.GroupSecrets), sealed func(*framing.Welcome)) []byte {
	t.Helper()
	st := g.now
	by := Sender{Type: SenderMember, Leaf: st.self()}
	ch, err := st.apply(&g.config, []listed{{proposal: addOf(k), sender: by}}, by)
	must(t, err)
	a := st.content(framing.ContentCommit, nil)
	a.Content.Commit = &framing.Commit{Proposals: []framing.ProposalOrRef{{Proposal: addOf(k)}}}
	path, err := st.renew(&g.config, ch, a.Content.Commit)
	must(t, err)
	must(t, a.Sign(st.suite, g.config.Signer, st.contextBytes))
	next, joiner := st.begin(ch, a, st.epoch.Init, path.CommitSecret, st.suite.Zero())
	i := next.groupInfo(true)
	if info != nil {
		info(i)
	}
	must(t, i.Sign(st.suite, g.config.Signer))
	encrypted, err := framing.SealGroupInfo(st.suite, i, joiner, st.suite.Zero())
	must(t, err)
	s := &framing.GroupSecrets{Joiner: joiner, PathSecret: path.SecretFor(ch.added[0])}
	if secrets != nil {
		secrets(s)
	}
	e, err := framing.SealSecrets(st.suite, s, k, encrypted)
	must(t, err)
	w := &framing.Welcome{Suite: g.config.Suite, GroupInfo: encrypted, Secrets: []framing.EncryptedGroupSecrets{e}}
	if sealed != nil {
		sealed(w)
	}
	return encode(&framing.Message{Wire: framing.WireWelcome, Welcome: w})
}

func TestRefusedWelcomes(t *testing.T) {
	g := grown(t)[0]
	c := person(t, X25519AES128, "joiner")
	c.PSK = func([]byte) ([]byte, error) { return make([]byte, 32), nil }
	nonce := make([]byte, 32)
	psk := func(n int, id pskID) func(*framing.GroupSecrets) {
		return func(s *framing.GroupSecrets) {
			for range n {
				s.PSKs = append(s.PSKs, id)
			}
		}
	}
	rows := []struct {
		name, section string
		info          func(*framing.GroupInfo)
		secrets       func(*framing.GroupSecrets)
		sealed        func(*framing.Welcome)
	}{
		{name: "for somebody else", section: "12.4.3.1", sealed: func(w *framing.Welcome) { w.Secrets[0].NewMember = nonce }},
		{name: "another suite", section: "12.4.3.1", sealed: func(w *framing.Welcome) { w.Suite = X25519ChaCha }},
		{name: "group info changed", section: "12.4.3.1", sealed: func(w *framing.Welcome) { w.GroupInfo[3] ^= 1 }},
		{name: "secrets changed", section: "12.4.3.1", sealed: func(w *framing.Welcome) { w.Secrets[0].Secrets.Ciphertext[3] ^= 1 }},
		{name: "wrong joiner secret", section: "12.4.3.1", secrets: func(s *framing.GroupSecrets) { s.Joiner = suite.Secret(nonce) }},
		{name: "confirmation tag", section: "12.4.3.1", info: func(i *framing.GroupInfo) { i.ConfirmationTag = nonce }},
		{name: "short confirmation tag", section: "12.4.3.1", info: func(i *framing.GroupInfo) { i.ConfirmationTag = i.ConfirmationTag[:8] }},
		{name: "another epoch", section: "12.4.3.1", info: func(i *framing.GroupInfo) { i.Context.Epoch++ }},
		{name: "another signer", section: "12.4.3.1", info: func(i *framing.GroupInfo) { i.Signer = 2 }},
		{name: "wrong path secret", section: "7.5", secrets: func(s *framing.GroupSecrets) { s.PathSecret = suite.Secret(nonce) }},
		{name: "short path secret", section: "7.4", secrets: func(s *framing.GroupSecrets) { s.PathSecret = suite.Secret(nonce[1:]) }},
		{name: "a pre-shared key twice", section: "12.4.3.1", secrets: psk(2, pskID{Type: schedule.PSKExternal, ID: []byte("a"), PSKNonce: nonce})},
		{name: "resumption key", section: "12.4.3.1", secrets: psk(1, pskID{Type: schedule.PSKResumption, Usage: 3, PSKNonce: nonce})},
		{name: "short nonce", section: "8.4", secrets: psk(1, pskID{Type: schedule.PSKExternal, PSKNonce: nonce[1:]})},
		{name: "too many pre-shared keys", section: "12.4.3.1", secrets: psk(maxWelcomePSKs+1, pskID{Type: schedule.PSKExternal, PSKNonce: nonce})},
		{name: "pre-shared key that was not used", section: "12.4.3.1", secrets: psk(1, pskID{Type: schedule.PSKExternal, PSKNonce: nonce})},
	}
	k := keyPackage(t, c)
	if _, err := Join(c, k, forgedWelcome(t, g, k.public, nil, nil, nil), nil); err != nil {
		t.Fatalf("a welcome without a fault: %v", err)
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			if _, err := Join(c, k, forgedWelcome(t, g, k.public, row.info, row.secrets, row.sealed), nil); !names(err, row.section) {
				t.Fatalf("got %v, want section %s", err, row.section)
			}
		})
	}
	t.Run("a tree without this client", func(t *testing.T) {
		other := keyPackage(t, person(t, X25519AES128, "other"))
		w := forgedWelcome(t, g, other.public, nil, nil, nil)
		mixed := &KeyPackage{public: k.public, initKey: other.initKey, leafKey: k.leafKey}
		m, err := framing.ParseKind(w, framing.WireWelcome)
		must(t, err)
		m.Welcome.Secrets[0].NewMember = k.Ref()
		if _, err := Join(c, mixed, encode(m), nil); !names(err, "12.4.3.1") {
			t.Fatalf("got %v, want section 12.4.3.1", err)
		}
	})
}

// forgedExternal makes an external commit with the given proposals besides, or
// instead of, the right ones.
func forgedExternal(t *testing.T, g *Group, c Config, edit func(*framing.Commit), path func(*tree.UpdatePath)) []byte {
	t.Helper()
	info, err := g.GroupInfo(true)
	must(t, err)
	_, message, err := JoinExternal(c, info, ExternalOptions{})
	must(t, err)
	m, err := framing.ParseKind(message, framing.WirePublic)
	must(t, err)
	if edit != nil {
		edit(m.Public.Content.Commit)
	}
	if path != nil {
		path(m.Public.Content.Commit.Path)
	}
	must(t, m.Public.Sign(g.now.suite, c.Signer, g.now.contextBytes))
	return encode(m)
}

func TestRefusedExternalCommits(t *testing.T) {
	groups := grown(t)
	g := groups[0]
	c := person(t, X25519AES128, "outsider")
	value := func(p *framing.Proposal) framing.ProposalOrRef { return framing.ProposalOrRef{Proposal: p} }
	add := func(p *framing.Proposal) func(*framing.Commit) {
		return func(c *framing.Commit) { c.Proposals = append(c.Proposals, value(p)) }
	}
	remove := func(i LeafIndex) *framing.Proposal { return &framing.Proposal{Type: ProposalRemove, Removed: i} }
	rows := []struct {
		name, section string
		edit          func(*framing.Commit)
		path          func(*tree.UpdatePath)
	}{
		{name: "without a path", section: "12.4.3.2", edit: func(c *framing.Commit) { c.Path = nil }},
		{name: "without ExternalInit", section: "12.2", edit: func(c *framing.Commit) { c.Proposals = nil }},
		{name: "two ExternalInits", section: "12.2", edit: add(&framing.Proposal{Type: ProposalExternalInit, KEMOutput: make([]byte, 32)})},
		{name: "two Removes", section: "12.2", edit: func(c *framing.Commit) { c.Proposals = append(c.Proposals, value(remove(2)), value(remove(3))) }},
		{name: "an Add", section: "12.2", edit: add(addOf(keyPackage(t, person(t, X25519AES128, "guest")).public))},
		{name: "GroupContextExtensions", section: "12.2", edit: add(&framing.Proposal{Type: ProposalGroupContextExtensions})},
		{name: "a reference", section: "12.4.3.2", edit: func(c *framing.Commit) {
			c.Proposals = append(c.Proposals, framing.ProposalOrRef{Ref: make([]byte, 32)})
		}},
		{name: "Remove of somebody else", section: "5.3.1", edit: add(remove(2))},
		{name: "kem_output", section: "8.3", edit: func(c *framing.Commit) { c.Proposals[0].Proposal.KEMOutput = []byte{1} }},
		{name: "another kem_output", section: "8.1", edit: func(c *framing.Commit) { c.Proposals[0].Proposal.KEMOutput[5] ^= 1 }},
		{name: "leaf signature", section: "7.3", path: func(p *tree.UpdatePath) { p.Leaf.Signature = make([]byte, 64) }},
		{name: "leaf not made for a commit", section: "12.4.2", path: func(p *tree.UpdatePath) { p.Leaf.Source = tree.SourceUpdate }},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			refuse(t, g, forgedExternal(t, g, c, row.edit, row.path), row.section)
		})
	}
	t.Run("signature of somebody else", func(t *testing.T) {
		other := c
		other.Signer = person(t, X25519AES128, "other").Signer
		message := forgedExternal(t, g, c, nil, nil)
		m, err := framing.ParseKind(message, framing.WirePublic)
		must(t, err)
		must(t, m.Public.Sign(g.now.suite, other.Signer, g.now.contextBytes))
		refuse(t, g, encode(m), "6.1")
	})
	t.Run("a member's signature key", func(t *testing.T) {
		info, err := g.GroupInfo(true)
		must(t, err)
		_, _, err = JoinExternal(groups[1].config, info, ExternalOptions{})
		if !names(err, "7.3") {
			t.Fatalf("got %v, want section 7.3", err)
		}
	})
}

func certificate(t *testing.T, signer ed25519.PrivateKey) []byte {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "device"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, signer.Public(), signer)
	must(t, err)
	return der
}

func TestX509CredentialMustCertifyTheSignatureKey(t *testing.T) {
	c := person(t, X25519AES128, "")
	c.Credential = X509Credential([][]byte{certificate(t, c.Signer.(ed25519.PrivateKey))})
	seen := 0
	host := person(t, X25519AES128, "host")
	host.Verify = func(cred Credential, _ []byte) error {
		if cred.Type == CredentialX509 {
			seen++
		}
		return nil
	}
	g := create(t, host)
	j := admit(t, g, c)
	agree(t, g, j)
	if seen == 0 {
		t.Fatal("the chain was not handed to the verifier")
	}
	_, other, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	c = person(t, X25519AES128, "")
	c.Credential = X509Credential([][]byte{certificate(t, other)})
	if _, err := g.Commit(CommitOptions{Add: [][]byte{keyPackage(t, c).Message()}}); !names(err, "5.3") {
		t.Fatalf("got %v, want section 5.3", err)
	}
}
