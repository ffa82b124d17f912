package mls

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"conclave/keys/mls/internal/framing"
	"conclave/keys/mls/internal/schedule"
	"conclave/keys/mls/internal/tree"
)

const privateExtension ExtensionType = 0xF0C1

// TestForgeryIsGoodButForItsFault makes sure that the tests below refuse messages
// for the one thing that is wrong with them, and not because they are all broken.
func TestForgeryIsGoodButForItsFault(t *testing.T) {
	groups := meeting(t, X25519AES128, 4)
	message := forgery{withPath: true}.commit(t, groups[0])
	deliver(t, message, groups[1:]...)
	agree(t, groups[1:]...)
	message = forgery{}.proposal(t, groups[1], &framing.Proposal{Type: ProposalRemove, Removed: 0})
	deliver(t, message, groups[2])
	k := forgedKeyPackage(t, person(t, X25519AES128, "x"), func(*tree.LeafNode) {}, nil, nil)
	deliver(t, forgery{}.proposal(t, groups[1], addOf(k)), groups[2])
	deliver(t, forgery{}.proposal(t, groups[1], updateOf(t, groups[1], groups[1].config.Signer, []byte("meeting"), nil)), groups[2])
}

func TestRefusedKeyPackages(t *testing.T) {
	groups := meeting(t, X25519AES128, 3, RequiredCapabilitiesExtension(RequiredCapabilities{Credentials: []CredentialType{CredentialX509}}))
	from, to := groups[0], groups[1]
	c := person(t, X25519AES128, "newcomer")
	refuser := c
	to.config.Verify = func(c Credential, _ []byte) error {
		if string(c.Identity) == "impostor" {
			return errors.New("not on the list")
		}
		return nil
	}
	rows := []struct {
		name             string
		section          string
		leaf             func(*tree.LeafNode)
		unsigned, signed func(*framing.KeyPackage)
	}{
		{name: "other version", section: "10.1", unsigned: func(k *framing.KeyPackage) { k.Version = 2 }},
		{name: "other suite", section: "10.1", unsigned: func(k *framing.KeyPackage) { k.Suite = X25519ChaCha }},
		{name: "signature", section: "10.1", signed: func(k *framing.KeyPackage) { k.Signature = append([]byte{1}, k.Signature[1:]...) }},
		{name: "init key is the leaf's", section: "10.1", unsigned: func(k *framing.KeyPackage) { k.InitKey = k.Leaf.EncryptionKey }},
		{name: "init key is no key", section: "10.1", unsigned: func(k *framing.KeyPackage) { k.InitKey = []byte{1} }},
		{name: "leaf made for an update", section: "7.3", leaf: func(l *tree.LeafNode) { l.Source = tree.SourceUpdate }},
		{name: "leaf made for a commit", section: "7.3", leaf: func(l *tree.LeafNode) { l.Source = tree.SourceCommit }},
		{name: "leaf signature", section: "7.3", unsigned: func(k *framing.KeyPackage) { k.Leaf.Signature = make([]byte, 64) }},
		{name: "leaf key is no key", section: "7.3", leaf: func(l *tree.LeafNode) { l.EncryptionKey = []byte{1} }},
		{name: "version not supported", section: "7.2", leaf: func(l *tree.LeafNode) { l.Capabilities.Versions = nil }},
		{name: "suite not supported", section: "7.2", leaf: func(l *tree.LeafNode) { l.Capabilities.Suites = nil }},
		{name: "own credential type not supported", section: "7.3", leaf: func(l *tree.LeafNode) { l.Capabilities.Credentials = []CredentialType{CredentialX509} }},
		{name: "own extension not supported", section: "7.3", leaf: func(l *tree.LeafNode) { l.Extensions = Extensions{{Type: privateExtension}} }},
		{name: "required capability lacking", section: "7.3", leaf: func(l *tree.LeafNode) { l.Capabilities.Credentials = []CredentialType{CredentialBasic} }},
		{name: "lifetime over", section: "7.3", leaf: func(l *tree.LeafNode) { l.Lifetime = tree.Lifetime{NotBefore: 1, NotAfter: 2} }},
		{name: "lifetime to come", section: "7.3", leaf: func(l *tree.LeafNode) {
			now := uint64(time.Now().Unix())
			l.Lifetime = tree.Lifetime{NotBefore: now + 3600, NotAfter: now + 7200}
		}},
		{name: "lifetime too long", section: "7.2", leaf: func(l *tree.LeafNode) { l.Lifetime.NotAfter = 1 << 62 }},
		{name: "credential not genuine", section: "5.3.1", leaf: func(l *tree.LeafNode) { l.Credential.Identity = []byte("impostor") }},
		{name: "empty certificate chain", section: "5.3", leaf: func(l *tree.LeafNode) { l.Credential = X509Credential(nil) }},
		{name: "certificate is none", section: "5.3", leaf: func(l *tree.LeafNode) { l.Credential = X509Credential([][]byte{{1, 2}}) }},
		{name: "encryption key of a member", section: "7.3", leaf: func(l *tree.LeafNode) { l.EncryptionKey = to.now.tree.Leaf(2).EncryptionKey }},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			k := forgedKeyPackage(t, refuser, row.leaf, row.unsigned, row.signed)
			refuse(t, to, forgery{proposals: []*framing.Proposal{addOf(k)}}.commit(t, from), row.section)
			if row.name == "required capability lacking" || row.name == "encryption key of a member" {
				return // these are about the group, not the key package
			}
			refuse(t, to, forgery{}.proposal(t, from, addOf(k)), row.section)
		})
	}
	t.Run("signature key of a member", func(t *testing.T) {
		k := forgedKeyPackage(t, groups[2].config, nil, nil, nil)
		refuse(t, to, forgery{proposals: []*framing.Proposal{addOf(k)}}.commit(t, from), "7.3")
	})
}

func TestRefusedWhenGroupExtensionIsNotSupported(t *testing.T) {
	c := person(t, X25519AES128, "founder")
	c.Extensions = []ExtensionType{privateExtension}
	g := create(t, c, Extension{Type: privateExtension, Data: []byte("descriptor")})
	k := keyPackage(t, person(t, X25519AES128, "old client"))
	if _, err := g.Commit(CommitOptions{Add: [][]byte{k.Message()}}); !names(err, "13.4") {
		t.Fatalf("got %v, want section 13.4", err)
	}
	if _, err := Create(person(t, X25519AES128, "x"), []byte("id"), Extensions{{Type: privateExtension}}); !names(err, "13.4") {
		t.Fatalf("got %v, want section 13.4", err)
	}
	if _, err := Create(c, []byte("id"), Extensions{{Type: privateExtension}, {Type: privateExtension}}); !names(err, "13.4") {
		t.Fatalf("got %v, want section 13.4", err)
	}
}

func TestRefusedProposals(t *testing.T) {
	groups := meeting(t, X25519AES128, 4)
	commit(t, groups[0], CommitOptions{Remove: []LeafIndex{3}}, groups[1:]...)
	from, to := groups[0], groups[1]
	id := []byte("meeting")
	nonce := make([]byte, 32)
	signer := from.config.Signer
	rows := []struct {
		name, section string
		proposal      *framing.Proposal
	}{
		{"Remove of a blank leaf", "12.1.3", &framing.Proposal{Type: ProposalRemove, Removed: 3}},
		{"Remove outside the tree", "12.1.3", &framing.Proposal{Type: ProposalRemove, Removed: 1 << 31}},
		{"pre-shared key with a short nonce", "12.1.4", &framing.Proposal{Type: ProposalPSK, PSK: pskID{Type: schedule.PSKExternal, PSKNonce: nonce[1:]}}},
		{"resumption key of another group", "12.1.4", &framing.Proposal{Type: ProposalPSK, PSK: pskID{Type: schedule.PSKResumption, Usage: 1, GroupID: []byte("x"), PSKNonce: nonce}}},
		{"resumption key for a branch", "12.1.4", &framing.Proposal{Type: ProposalPSK, PSK: pskID{Type: schedule.PSKResumption, Usage: 3, GroupID: id, PSKNonce: nonce}}},
		{"ReInit", "12.1.5", &framing.Proposal{Type: ProposalReInit, ReInit: framing.ReInit{GroupID: id, Version: 1, Suite: X25519AES128}}},
		{"ExternalInit by a member", "12.1.6", &framing.Proposal{Type: ProposalExternalInit, KEMOutput: nonce}},
		{"required capabilities that do not decode", "11.1", &framing.Proposal{Type: ProposalGroupContextExtensions, Extensions: Extensions{{Type: tree.ExtensionRequiredCapabilities, Data: []byte{1}}}}},
		{"external senders that do not decode", "12.1.8.1", &framing.Proposal{Type: ProposalGroupContextExtensions, Extensions: Extensions{{Type: tree.ExtensionExternalSenders, Data: []byte{9}}}}},
		{"Update with the old key", "7.3", updateOf(t, from, signer, id, func(l *tree.LeafNode) { l.EncryptionKey = from.now.tree.Leaf(0).EncryptionKey })},
		{"Update with a key package's leaf", "7.3", updateOf(t, from, signer, id, func(l *tree.LeafNode) { l.Source = tree.SourceKeyPackage })},
		{"Update signed for another group", "7.3", updateOf(t, from, signer, []byte("other"), nil)},
		{"Update with another credential", "5.3.1", updateOf(t, from, signer, id, func(l *tree.LeafNode) { l.Credential = BasicCredential([]byte("somebody else")) })},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			refuse(t, to, forgery{}.proposal(t, from, row.proposal), row.section)
		})
	}
}

func TestRefusedProposalLists(t *testing.T) {
	groups := meeting(t, X25519AES128, 4)
	from, to := groups[0], groups[1]
	for _, g := range groups {
		g.config.PSK = func([]byte) ([]byte, error) { return []byte("key"), nil }
	}
	id := []byte("meeting")
	update, err := groups[2].ProposeUpdate()
	must(t, err)
	deliver(t, update, groups...)
	again, err := groups[2].ProposeUpdate()
	must(t, err)
	deliver(t, again, groups...)
	first, second := to.now.proposals[0].ref, to.now.proposals[1].ref
	own, err := from.ProposeUpdate()
	must(t, err)
	deliver(t, own, groups...)
	ownRef := to.now.proposals[2].ref
	psk := &framing.Proposal{Type: ProposalPSK, PSK: pskID{Type: schedule.PSKExternal, ID: []byte("a"), PSKNonce: make([]byte, 32)}}
	context := &framing.Proposal{Type: ProposalGroupContextExtensions}
	remove := func(i LeafIndex) *framing.Proposal { return &framing.Proposal{Type: ProposalRemove, Removed: i} }
	twin := person(t, X25519AES128, "twin")
	one, two := keyPackage(t, twin).public, keyPackage(t, twin).public
	unsupported := &framing.Proposal{Type: ProposalGroupContextExtensions, Extensions: Extensions{{Type: privateExtension}}}
	rows := []struct {
		name, section string
		f             forgery
	}{
		{"Update by the committer, by value", "12.2", forgery{withPath: true, proposals: []*framing.Proposal{updateOf(t, from, from.config.Signer, id, nil)}}},
		{"Update by the committer, by reference", "12.2", forgery{withPath: true, refs: [][]byte{ownRef}}},
		{"Remove of the committer", "12.2", forgery{withPath: true, proposals: []*framing.Proposal{remove(0)}}},
		{"two Removes of one leaf", "12.2", forgery{withPath: true, proposals: []*framing.Proposal{remove(3), remove(3)}}},
		{"Update and Remove of one leaf", "12.2", forgery{withPath: true, refs: [][]byte{first}, proposals: []*framing.Proposal{remove(2)}}},
		{"two Updates of one leaf", "12.2", forgery{withPath: true, refs: [][]byte{first, second}}},
		{"a reference twice", "12.2", forgery{withPath: true, refs: [][]byte{first, first}}},
		{"one client added twice", "12.2", forgery{withPath: true, proposals: []*framing.Proposal{addOf(one), addOf(two)}}},
		{"one pre-shared key twice", "12.2", forgery{withPath: true, proposals: []*framing.Proposal{psk, psk}}},
		{"two GroupContextExtensions", "12.2", forgery{withPath: true, proposals: []*framing.Proposal{context, context}}},
		{"extensions not everybody supports", "13.4", forgery{withPath: true, proposals: []*framing.Proposal{unsupported}}},
		{"ExternalInit", "12.1.6", forgery{withPath: true, proposals: []*framing.Proposal{{Type: ProposalExternalInit}}}},
		{"unknown reference", "12.4.2", forgery{withPath: true, refs: [][]byte{make([]byte, 32)}}},
		{"no proposals and no path", "12.4.2", forgery{}},
		{"Remove without a path", "12.4.2", forgery{proposals: []*framing.Proposal{remove(3)}}},
		{"GroupContextExtensions without a path", "12.4.2", forgery{proposals: []*framing.Proposal{context}}},
		{"Update without a path", "12.4.2", forgery{refs: [][]byte{first}}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) { refuse(t, to, row.f.commit(t, from), row.section) })
	}
}

func TestRefusedPaths(t *testing.T) {
	groups := meeting(t, X25519AES128, 5)
	for _, g := range groups {
		commit(t, g, CommitOptions{}, others(groups, g)...)
	}
	from, to := groups[0], groups[4]
	member := to.now.tree.Leaf(2).EncryptionKey
	flip := func(b []byte) []byte { return append([]byte{b[0] ^ 1}, b[1:]...) }
	rows := []struct {
		name, section string
		f             forgery
	}{
		{"leaf signed for another group", "7.3", forgery{groupID: []byte("other")}},
		{"leaf not made for a commit", "12.4.2", forgery{path: func(p *tree.UpdatePath) { p.Leaf.Source = tree.SourceUpdate }}},
		{"leaf with the old key", "7.3", forgery{path: func(p *tree.UpdatePath) { p.Leaf.EncryptionKey = to.now.tree.Leaf(0).EncryptionKey }}},
		{"leaf changed", "7.3", forgery{path: func(p *tree.UpdatePath) { p.Leaf.ParentHash = flip(p.Leaf.ParentHash) }}},
		{"another credential", "5.3.1", forgery{leaf: func(l *tree.LeafNode) { l.Credential = BasicCredential([]byte("somebody else")) }}},
		{"a node too few", "12.4.2", forgery{path: func(p *tree.UpdatePath) { p.Nodes = p.Nodes[:len(p.Nodes)-1] }}},
		{"a node too many", "12.4.2", forgery{path: func(p *tree.UpdatePath) { p.Nodes = append(p.Nodes, p.Nodes[0]) }}},
		{"parent hash", "7.5", forgery{path: func(p *tree.UpdatePath) { p.Nodes[0].EncryptionKey = flip(p.Nodes[0].EncryptionKey) }}},
		{"node with a member's key", "7.5", forgery{path: func(p *tree.UpdatePath) { p.Nodes[0].EncryptionKey = member }}},
		{"node key is no key", "7.5", forgery{path: func(p *tree.UpdatePath) { p.Nodes[0].EncryptionKey = []byte{1} }}},
		{"a ciphertext too few", "7.6", forgery{path: func(p *tree.UpdatePath) { p.Nodes[0].Secrets = nil }}},
		{"a ciphertext too many", "7.6", forgery{path: func(p *tree.UpdatePath) { p.Nodes[0].Secrets = append(p.Nodes[0].Secrets, p.Nodes[0].Secrets[0]) }}},
		{"ciphertext changed", "12.4.2", forgery{path: func(p *tree.UpdatePath) {
			last := &p.Nodes[len(p.Nodes)-1].Secrets[0]
			last.Ciphertext = flip(last.Ciphertext)
		}}},
		{"capabilities lack the suite", "7.2", forgery{leaf: func(l *tree.LeafNode) { l.Capabilities.Suites = nil }}},
	}
	for _, row := range rows {
		row.f.withPath = true
		t.Run(row.name, func(t *testing.T) { refuse(t, to, row.f.commit(t, from), row.section) })
	}
	t.Run("path secret for another key", func(t *testing.T) {
		// The sender seals a secret that does not give the node's key.
		f := forgery{withPath: true}
		f.path = func(p *tree.UpdatePath) {
			st := from.now
			ch := &change{tree: st.tree.Clone(), extensions: st.context.Extensions}
			must(t, ch.tree.Merge(0, p))
			context := st.provisional(ch)
			node := &p.Nodes[len(p.Nodes)-1]
			sealed, err := st.suite.EncryptWithLabel(to.now.tree.Leaf(4).EncryptionKey, "UpdatePathNode", encode(&context), make([]byte, 32))
			must(t, err)
			node.Secrets[0] = sealed
		}
		refuse(t, to, f.commit(t, from), "7.5")
	})
}

func TestRefusedFraming(t *testing.T) {
	groups := meeting(t, X25519AES128, 4)
	commit(t, groups[0], CommitOptions{Remove: []LeafIndex{3}}, groups[1:]...)
	from, to := groups[0], groups[1]
	flip := func(b []byte) []byte { return append([]byte{b[0] ^ 1}, b[1:]...) }
	rows := []struct {
		name, section string
		f             forgery
	}{
		{"confirmation tag", "8.1", forgery{signed: func(a *framing.Authenticated) { a.ConfirmationTag = flip(a.ConfirmationTag) }}},
		{"empty confirmation tag", "8.1", forgery{signed: func(a *framing.Authenticated) { a.ConfirmationTag = nil }}},
		{"short confirmation tag", "8.1", forgery{signed: func(a *framing.Authenticated) { a.ConfirmationTag = a.ConfirmationTag[:16] }}},
		{"signature", "6.1", forgery{signed: func(a *framing.Authenticated) { a.Signature = flip(a.Signature) }}},
		{"membership tag", "6.2", forgery{tagged: func(m *framing.PublicMessage) { m.MembershipTag = flip(m.MembershipTag) }}},
		{"empty membership tag", "6.2", forgery{tagged: func(m *framing.PublicMessage) { m.MembershipTag = nil }}},
		{"short membership tag", "6.2", forgery{tagged: func(m *framing.PublicMessage) { m.MembershipTag = m.MembershipTag[:16] }}},
		{"sender is another member", "6.1", forgery{sender: &Sender{Type: SenderMember, Leaf: 2}}},
		{"sender's leaf is blank", "6", forgery{sender: &Sender{Type: SenderMember, Leaf: 3}}},
		{"sender is outside the tree", "6", forgery{sender: &Sender{Type: SenderMember, Leaf: 1 << 20}}},
		{"commit by an external sender", "12.1.8.1", forgery{sender: &Sender{Type: SenderExternal}}},
		{"commit by a new member's proposal", "12.1.8", forgery{sender: &Sender{Type: SenderNewMemberProposal}}},
		{"the receiver's own commit", "12.4.2", forgery{}},
	}
	for _, row := range rows {
		row.f.withPath = true
		t.Run(row.name, func(t *testing.T) {
			if row.name == "the receiver's own commit" {
				refuse(t, to, row.f.commit(t, to), row.section)
				return
			}
			refuse(t, to, row.f.commit(t, from), row.section)
		})
	}
	t.Run("application data in the clear", func(t *testing.T) {
		a := from.now.content(framing.ContentApplication, nil)
		a.Content.Application = []byte("hello")
		refuse(t, to, forgery{}.finish(t, from, a, nil), "6.2")
	})
	for name, row := range map[string]struct {
		want error
		edit func(*framing.Content)
	}{
		"another group": {ErrOtherGroup, func(c *framing.Content) { c.GroupID = []byte("other") }},
		"past epoch":    {ErrPastEpoch, func(c *framing.Content) { c.Epoch-- }},
		"future epoch":  {ErrFutureEpoch, func(c *framing.Content) { c.Epoch++ }},
	} {
		t.Run(name, func(t *testing.T) {
			before := snapshot(to)
			if _, err := to.Handle(forgery{withPath: true, content: row.edit}.commit(t, from)); !errors.Is(err, row.want) {
				t.Fatalf("got %v, want %v", err, row.want)
			}
			if !bytes.Equal(snapshot(to), before) {
				t.Fatal("the group changed")
			}
		})
	}
}

func others(groups []*Group, but *Group) (list []*Group) {
	for _, g := range groups {
		if g != but {
			list = append(list, g)
		}
	}
	return list
}
