package tree

import (
	"bytes"
	"crypto/rand"
	"slices"

	"conclave/keys/mls/internal/codec"
	"conclave/keys/mls/internal/rule"
	"conclave/keys/mls/internal/suite"
)

// Private holds a member's private keys: its own leaf's, and those of the nodes
// above whose secret it has learnt.
type Private struct {
	suite.Hidden
	Leaf LeafIndex
	keys map[NodeIndex]suite.Secret
}

// NewPrivate returns the private half of a member that knows its leaf's key only.
func NewPrivate(i LeafIndex, leafKey suite.Secret) *Private {
	return &Private{Leaf: i, keys: map[NodeIndex]suite.Secret{i.Node(): leafKey}}
}

// Clone copies the keys, so that either copy can be wiped.
func (p *Private) Clone() *Private {
	c := &Private{Leaf: p.Leaf, keys: make(map[NodeIndex]suite.Secret, len(p.keys))}
	for x, k := range p.keys {
		c.keys[x] = k.Clone()
	}
	return c
}

// Wipe overwrites the keys.
func (p *Private) Wipe() {
	for _, k := range p.keys {
		k.Wipe()
	}
}

// SetLeafKey replaces the leaf's key, when an Update of the member's own has been
// committed.
func (p *Private) SetLeafKey(key suite.Secret) {
	p.keys[p.Leaf.Node()].Wipe()
	p.keys[p.Leaf.Node()] = key.Clone()
}

// Key returns the private key of a node, or nil.
func (p *Private) Key(x NodeIndex) suite.Secret { return p.keys[x] }

// Prune forgets the keys of nodes that are blank or gone, so that a stolen device
// does not give away what the group has already left behind.
func (p *Private) Prune(t *Tree) {
	for x, k := range p.keys {
		if int(x) >= len(t.nodes) || t.nodes[x].blank() {
			k.Wipe()
			delete(p.keys, x)
		}
	}
}

// reset keeps nothing but the leaf's new key.
func (p *Private) reset(leafKey suite.Secret) {
	p.Wipe()
	p.keys = map[NodeIndex]suite.Secret{p.Leaf.Node(): leafKey}
}

// Receive decrypts the path of another member, after Merge and under the
// provisional context, and returns the commit secret (section 12.4.2).
func (p *Private) Receive(t *Tree, sender LeafIndex, path *UpdatePath, context []byte, added []LeafIndex) (suite.Secret, error) {
	steps := t.filteredPath(sender)
	at := slices.IndexFunc(steps, func(st step) bool { return st.copath.Covers(p.Leaf) })
	if at < 0 || len(steps) != len(path.Nodes) {
		return nil, rule.Broken("12.4.2", "decrypt path: no node of it is above this member")
	}
	for k, st := range steps {
		if len(path.Nodes[k].Secrets) != len(t.recipients(st.copath, added)) {
			return nil, rule.Broken("7.6", "decrypt path: a node does not have one ciphertext for each recipient")
		}
	}
	to := t.recipients(steps[at].copath, added)
	mine := slices.IndexFunc(to, func(x NodeIndex) bool { return p.keys[x] != nil })
	if mine < 0 {
		return nil, rule.Broken("12.4.2", "decrypt path: no key for any of the recipients")
	}
	secret, err := t.suite.DecryptWithLabel(p.keys[to[mine]], pathLabel, context, path.Nodes[at].Secrets[mine])
	if err != nil {
		return nil, rule.Because("12.4.2", "decrypt path", err)
	}
	return p.implant(t, steps[at:], secret)
}

// Implant takes the path secret that came in a Welcome, for the lowest node above
// both this member and the committer (section 12.4.3.1).
func (p *Private) Implant(t *Tree, committer LeafIndex, secret suite.Secret) error {
	steps := t.filteredPath(committer)
	at := slices.IndexFunc(steps, func(st step) bool { return st.node.Covers(p.Leaf) })
	if at < 0 {
		return rule.Broken("12.4.3.1", "take path secret: no node of the path is above this member")
	}
	last, err := p.implant(t, steps[at:], secret.Clone())
	last.Wipe()
	return err
}

// implant derives the keys of the given nodes, checks them against the tree, and
// returns the secret after the last one. That is the commit secret, whether or not
// the last node is the root.
func (p *Private) implant(t *Tree, steps []step, secret suite.Secret) (suite.Secret, error) {
	if len(secret) != t.suite.HashSize() {
		return nil, rule.Broken("7.4", "take path secret: wrong length")
	}
	secrets := make([]suite.Secret, len(steps))
	for k := range steps {
		secrets[k] = secret
		secret = t.suite.DeriveSecret(secret, "path")
	}
	err := EachParallel(len(steps), func(k int) error {
		key, err := deriveNode(t.suite, secrets[k])
		secrets[k].Wipe()
		if err != nil {
			return err
		}
		if n := t.nodes[steps[k].node].parent; n == nil || !bytes.Equal(n.EncryptionKey, key.Public) {
			return rule.Broken("7.5", "take path secret: the key does not match the node's public key")
		}
		secrets[k] = key.Private
		return nil
	})
	if err != nil {
		return nil, err
	}
	for k, st := range steps {
		p.keys[st.node].Wipe()
		p.keys[st.node] = secrets[k]
	}
	return secret, nil
}

// Encode writes the keys, for sealed storage.
func (p *Private) Encode(w *codec.Writer) {
	w.Uint32(uint32(p.Leaf))
	order := make([]NodeIndex, 0, len(p.keys))
	for x := range p.keys {
		order = append(order, x)
	}
	slices.Sort(order)
	w.Vector(func(w *codec.Writer) {
		for _, x := range order {
			w.Uint32(uint32(x))
			w.Opaque(p.keys[x])
		}
	})
}

// Decode reads the keys.
func (p *Private) Decode(r *codec.Reader) {
	p.Leaf = LeafIndex(r.Uint32())
	p.keys = make(map[NodeIndex]suite.Secret)
	codec.Vector(r, func(r *codec.Reader) struct{} {
		x := NodeIndex(r.Uint32())
		p.keys[x] = r.Opaque()
		return struct{}{}
	})
}

func randomSecret(s *suite.Suite) (suite.Secret, error) {
	b := make(suite.Secret, s.HashSize())
	_, err := rand.Read(b)
	return b, err
}

// SetKey gives the member the private key of a node.
func (p *Private) SetKey(x NodeIndex, key suite.Secret) { p.keys[x] = key }
