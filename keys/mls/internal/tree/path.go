package tree

import (
	"bytes"
	"crypto"
	"slices"

	"conclave/keys/mls/internal/codec"
	"conclave/keys/mls/internal/rule"
	"conclave/keys/mls/internal/suite"
)

const pathLabel = "UpdatePathNode"

// UpdatePathNode is one node of an UpdatePath (section 7.6).
type UpdatePathNode struct {
	EncryptionKey []byte
	Secrets       []suite.Ciphertext // one for each node of the copath's resolution
}

// Encode writes the structure.
func (n UpdatePathNode) Encode(w *codec.Writer) {
	w.Opaque(n.EncryptionKey)
	codec.List(w, n.Secrets)
}

// Decode reads the structure.
func (n *UpdatePathNode) Decode(r *codec.Reader) {
	n.EncryptionKey = r.Opaque()
	n.Secrets = codec.Vector(r, func(r *codec.Reader) (c suite.Ciphertext) {
		c.Decode(r)
		return c
	})
}

// UpdatePath carries a committer's new keys (section 7.6).
type UpdatePath struct {
	Leaf  LeafNode
	Nodes []UpdatePathNode
}

// Encode writes the structure.
func (p *UpdatePath) Encode(w *codec.Writer) {
	p.Leaf.Encode(w)
	codec.List(w, p.Nodes)
}

// Decode reads the structure.
func (p *UpdatePath) Decode(r *codec.Reader) {
	p.Leaf.Decode(r)
	p.Nodes = codec.Vector(r, func(r *codec.Reader) (n UpdatePathNode) {
		n.Decode(r)
		return n
	})
}

// NewPath is an update path its committer has made, before it is encrypted.
type NewPath struct {
	suite.Hidden
	CommitSecret suite.Secret
	leaf         *LeafNode
	index        LeafIndex
	steps        []step
	secrets      []suite.Secret // path secrets, one for each step
	keys         [][]byte       // public keys, one for each step
}

// Renew gives the leaf at index i, and the filtered path above it, fresh keys
// (section 7.5). template holds the new leaf's content; its keys and signature are
// filled in. The tree and the private keys become those of the next epoch.
func Renew(t *Tree, private *Private, template LeafNode, signer crypto.Signer, groupID []byte) (*NewPath, error) {
	s, i := t.suite, private.Leaf
	path := &NewPath{index: i, steps: t.filteredPath(i)}
	secret, err := randomSecret(s)
	if err != nil {
		return nil, err
	}
	for range path.steps {
		path.secrets = append(path.secrets, secret)
		secret = s.DeriveSecret(secret, "path")
	}
	path.CommitSecret = secret
	// One key pair for each step, and the last for the leaf.
	pairs := make([]suite.KeyPair, len(path.steps)+1)
	err = EachParallel(len(pairs), func(k int) (err error) {
		if k == len(path.steps) {
			pairs[k], err = s.GenerateKeyPair()
		} else {
			pairs[k], err = deriveNode(s, path.secrets[k])
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	leafKey := pairs[len(path.steps)]
	private.reset(leafKey.Private)
	for k, st := range path.steps {
		private.keys[st.node] = pairs[k].Private
		path.keys = append(path.keys, pairs[k].Public)
	}

	leaf := template
	leaf.EncryptionKey = leafKey.Public
	leaf.Source = SourceCommit
	leaf.ParentHash = t.setPath(i, path.steps, path.keys)
	if err := leaf.Sign(s, signer, groupID, i); err != nil {
		return nil, err
	}
	t.nodes[i.Node()].leaf = &leaf
	t.touch(i.Node())
	path.leaf = &leaf
	return path, nil
}

// Encrypt seals the path's secrets to everybody but the leaves that were just
// added, who get theirs in the Welcome. context is the provisional GroupContext:
// the next epoch's, save for the transcript hash (section 12.4.1).
func (p *NewPath) Encrypt(t *Tree, context []byte, added []LeafIndex) (*UpdatePath, error) {
	type job struct {
		key    []byte
		secret suite.Secret
		into   *suite.Ciphertext
	}
	out := &UpdatePath{Leaf: *p.leaf, Nodes: make([]UpdatePathNode, len(p.steps))}
	var jobs []job
	for k, st := range p.steps {
		to := t.recipients(st.copath, added)
		out.Nodes[k] = UpdatePathNode{EncryptionKey: p.keys[k], Secrets: make([]suite.Ciphertext, len(to))}
		for m, x := range to {
			jobs = append(jobs, job{t.nodes[x].encryptionKey(), p.secrets[k], &out.Nodes[k].Secrets[m]})
		}
	}
	err := EachParallel(len(jobs), func(k int) (err error) {
		j := jobs[k]
		*j.into, err = t.suite.EncryptWithLabel(j.key, pathLabel, context, j.secret)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// SecretFor returns the path secret that a new member at leaf i has to learn: that
// of the lowest node of the path above both.
func (p *NewPath) SecretFor(i LeafIndex) suite.Secret {
	for k, st := range p.steps {
		if st.node.Covers(i) {
			return p.secrets[k]
		}
	}
	return nil
}

// Wipe overwrites the path's secrets, if there is a path.
func (p *NewPath) Wipe() {
	if p == nil {
		return
	}
	for _, s := range p.secrets {
		s.Wipe()
	}
	p.CommitSecret.Wipe()
}

// Merge puts the public half of a received path into the tree (section 7.5) and
// checks that it has the right length and parent hash.
func (t *Tree) Merge(sender LeafIndex, path *UpdatePath) error {
	steps := t.filteredPath(sender)
	if len(steps) != len(path.Nodes) {
		return rule.Broken("12.4.2", "apply path: it does not have one node for each of the filtered direct path")
	}
	keys := make([][]byte, len(steps))
	for k := range path.Nodes {
		keys[k] = path.Nodes[k].EncryptionKey
		if err := t.suite.CheckPublic(keys[k]); err != nil {
			return rule.Because("7.5", "apply path: encryption key", err)
		}
	}
	if !bytes.Equal(path.Leaf.ParentHash, t.setPath(sender, steps, keys)) {
		return rule.Broken("7.5", "apply path: the leaf's parent hash does not match")
	}
	leaf := path.Leaf
	t.nodes[sender.Node()].leaf = &leaf
	t.touch(sender.Node())
	return nil
}

// setPath blanks the direct path of leaf i, puts new keys on the filtered one, and
// returns the parent hash for the leaf.
func (t *Tree) setPath(i LeafIndex, steps []step, keys [][]byte) []byte {
	t.blankAbove(i)
	hash := []byte{}
	for k := len(steps) - 1; k >= 0; k-- {
		p := &ParentNode{EncryptionKey: keys[k], ParentHash: hash}
		t.nodes[steps[k].node].parent = p
		// The node is new and has no unmerged leaves, so its sibling's
		// original hash is the present one.
		hash = t.parentHash(p, steps[k].copath)
	}
	return hash
}

// recipients is the resolution of x without the leaves that were just added.
func (t *Tree) recipients(x NodeIndex, added []LeafIndex) []NodeIndex {
	list := t.Resolution(x)
	if len(added) == 0 {
		return list
	}
	return slices.DeleteFunc(list, func(y NodeIndex) bool {
		if !y.IsLeaf() {
			return false
		}
		_, found := slices.BinarySearch(added, y.Leaf())
		return found
	})
}

func deriveNode(s *suite.Suite, pathSecret suite.Secret) (suite.KeyPair, error) {
	n := s.DeriveSecret(pathSecret, "node")
	defer n.Wipe()
	return s.DeriveKeyPair(n)
}
