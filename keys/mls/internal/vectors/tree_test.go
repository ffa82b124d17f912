package vectors

import (
	"bytes"
	"slices"
	"testing"

	"conclave/keys/mls/internal/codec"
	"conclave/keys/mls/internal/framing"
	"conclave/keys/mls/internal/schedule"
	"conclave/keys/mls/internal/suite"
	"conclave/keys/mls/internal/tree"
)

func TestTreeValidation(t *testing.T) {
	var cases []struct {
		Suite       suite.ID `json:"cipher_suite"`
		Tree        Hex
		GroupID     Hex   `json:"group_id"`
		TreeHashes  []Hex `json:"tree_hashes"`
		Resolutions [][]tree.NodeIndex
	}
	Load(t, Official, "tree-validation.json", &cases)
	var suites Suites
	for _, c := range cases {
		s := suites.Lookup(c.Suite)
		if s == nil {
			continue
		}
		tr, err := tree.Parse(s, c.Tree)
		must(t, err)
		equal(t, "re-encoded", codec.Marshal(tr), c.Tree)
		for i := range c.TreeHashes {
			equal(t, "tree hash", tr.NodeHash(tree.NodeIndex(i)), c.TreeHashes[i])
			if got := tr.Resolution(tree.NodeIndex(i)); !slices.Equal(got, c.Resolutions[i]) {
				t.Fatalf("resolution of %d: got %v, want %v", i, got, c.Resolutions[i])
			}
		}
		must(t, tr.Validate(c.GroupID, nil))
		must(t, tr.CheckKeysUnique())
		if err := tr.Validate(append(slices.Clone(c.GroupID), 0), nil); err == nil && hasBoundLeaf(tr) {
			t.Fatal("leaf signatures were accepted for another group")
		}
	}
	suites.Report(t)
}

func hasBoundLeaf(tr *tree.Tree) bool {
	for _, leaf := range tr.Leaves {
		if leaf.Source != tree.SourceKeyPackage {
			return true
		}
	}
	return false
}

func TestTreeOperations(t *testing.T) {
	var cases []struct {
		Suite      suite.ID `json:"cipher_suite"`
		Proposal   Hex
		Sender     tree.LeafIndex `json:"proposal_sender"`
		Before     Hex            `json:"tree_before"`
		After      Hex            `json:"tree_after"`
		HashBefore Hex            `json:"tree_hash_before"`
		HashAfter  Hex            `json:"tree_hash_after"`
	}
	Load(t, Official, "tree-operations.json", &cases)
	var suites Suites
	for _, c := range cases {
		s := suites.Lookup(c.Suite)
		if s == nil {
			continue
		}
		before, err := tree.Parse(s, c.Before)
		must(t, err)
		equal(t, "hash before", before.Hash(), c.HashBefore)
		var p framing.Proposal
		must(t, codec.Unmarshal(c.Proposal, &p))
		after := before.Clone()
		switch p.Type {
		case framing.ProposalAdd:
			after.Add(&p.KeyPackage.Leaf)
		case framing.ProposalUpdate:
			after.Update(c.Sender, p.Leaf)
		case framing.ProposalRemove:
			after.Remove(p.Removed)
		default:
			t.Fatalf("proposal of type %d", p.Type)
		}
		equal(t, "hash after", after.Hash(), c.HashAfter)
		equal(t, "tree after", codec.Marshal(after), c.After)
		equal(t, "tree before, still", codec.Marshal(before), c.Before)
	}
	suites.Report(t)
}

type leafPrivate struct {
	Index      tree.LeafIndex
	Encryption Hex `json:"encryption_priv"`
	Signature  Hex `json:"signature_priv"`
	Secrets    []struct {
		Node   tree.NodeIndex
		Secret Hex `json:"path_secret"`
	} `json:"path_secrets"`
}

func TestTreeKEM(t *testing.T) {
	eachSet(t, func(t *testing.T, set string) {
		var cases []struct {
			Suite      suite.ID `json:"cipher_suite"`
			GroupID    Hex      `json:"group_id"`
			Epoch      uint64
			Transcript Hex           `json:"confirmed_transcript_hash"`
			Tree       Hex           `json:"ratchet_tree"`
			Private    []leafPrivate `json:"leaves_private"`
			Paths      []struct {
				Sender   tree.LeafIndex
				Path     Hex   `json:"update_path"`
				Secrets  []Hex `json:"path_secrets"`
				Commit   Hex   `json:"commit_secret"`
				TreeHash Hex   `json:"tree_hash_after"`
			} `json:"update_paths"`
		}
		Load(t, set, "treekem.json", &cases)
		var suites Suites
		for _, c := range cases {
			s := suites.Lookup(c.Suite)
			if s == nil {
				continue
			}
			before, err := tree.Parse(s, c.Tree)
			must(t, err)
			private := make(map[tree.LeafIndex]*tree.Private)
			signers := make(map[tree.LeafIndex]Hex)
			for _, p := range c.Private {
				private[p.Index] = knowledge(t, s, before, p)
				signers[p.Index] = p.Signature
			}
			context := func(tr *tree.Tree) []byte {
				return codec.Marshal(&schedule.GroupContext{Suite: c.Suite, GroupID: c.GroupID, Epoch: c.Epoch, TreeHash: tr.Hash(), TranscriptHash: c.Transcript})
			}
			for _, u := range c.Paths {
				var path tree.UpdatePath
				must(t, codec.Unmarshal(u.Path, &path))
				after := before.Clone()
				must(t, after.Merge(u.Sender, &path))
				equal(t, "tree hash after", after.Hash(), u.TreeHash)
				receive(t, private, after, u.Sender, &path, context(after), u.Commit)

				// And the other way about: a path of ours from the same leaf.
				signer, err := s.ParseSigner(suite.Secret(signers[u.Sender]))
				must(t, err)
				mine, own := before.Clone(), private[u.Sender].Clone()
				renewed, err := tree.Renew(mine, own, *before.Leaf(u.Sender), signer, c.GroupID)
				must(t, err)
				sealed, err := renewed.Encrypt(mine, context(mine), nil)
				must(t, err)
				theirs := before.Clone()
				must(t, theirs.Merge(u.Sender, sealed))
				equal(t, "tree hash of our path", theirs.Hash(), mine.Hash())
				receive(t, private, theirs, u.Sender, sealed, context(theirs), Hex(renewed.CommitSecret))
			}
		}
		suites.Report(t)
	})
}

// knowledge is a member's private tree, from the path secrets it is said to know.
func knowledge(t *testing.T, s *suite.Suite, tr *tree.Tree, p leafPrivate) *tree.Private {
	own := tree.NewPrivate(p.Index, suite.Secret(p.Encryption))
	for _, x := range p.Secrets {
		node := s.DeriveSecret(suite.Secret(x.Secret), "node")
		pair, err := s.DeriveKeyPair(node)
		must(t, err)
		if parent := tr.Parent(x.Node); parent == nil || !bytes.Equal(parent.EncryptionKey, pair.Public) {
			t.Fatalf("leaf %d, node %d: path secret does not give the node's key", p.Index, x.Node)
		}
		own.SetKey(x.Node, pair.Private)
	}
	return own
}

func receive(t *testing.T, private map[tree.LeafIndex]*tree.Private, after *tree.Tree, sender tree.LeafIndex, path *tree.UpdatePath, context []byte, want Hex) {
	t.Helper()
	for i, p := range private {
		if i == sender {
			continue
		}
		got, err := p.Clone().Receive(after, sender, path, context, nil)
		if err != nil {
			t.Fatalf("leaf %d: %v", i, err)
		}
		equal(t, "commit secret", got, want)
	}
}
