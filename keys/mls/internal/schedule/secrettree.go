package schedule

import (
	"slices"

	"conclave/keys/mls/internal/codec"
	"conclave/keys/mls/internal/rule"
	"conclave/keys/mls/internal/suite"
	"conclave/keys/mls/internal/tree"
)

// Kind tells a member's two ratchets apart (section 9.1).
type Kind uint8

// The two ratchets.
const (
	Handshake Kind = iota
	Application
	kinds
)

const (
	// MaxForward is how far ahead of the last message a message may be. More
	// would let one member make the others hash for long.
	MaxForward = 1000
	// MaxSkipped is how many keys of messages that have not come are kept in
	// each ratchet. Fewer lose late messages; more keep keys that a thief of
	// the device could use.
	MaxSkipped = 128
)

// MessageKey is the key and the nonce of one message.
type MessageKey struct {
	suite.Hidden
	Generation uint32
	Key, Nonce suite.Secret
}

// Wipe overwrites the key.
func (k MessageKey) Wipe() {
	k.Key.Wipe()
	k.Nonce.Wipe()
}

// SecretTree gives every member's message keys in an epoch (section 9). Nothing is
// derived before it is asked for.
type SecretTree struct {
	suite.Hidden
	suite    *suite.Suite
	width    uint32
	nodes    map[tree.NodeIndex]suite.Secret // of subtrees not opened yet
	ratchets map[tree.LeafIndex]*[kinds]ratchet
}

type ratchet struct {
	secret  suite.Secret
	next    uint32
	skipped []MessageKey // by generation
}

// NewSecretTree takes over the encryption secret.
func NewSecretTree(s *suite.Suite, width uint32, encryption suite.Secret) *SecretTree {
	return &SecretTree{
		suite: s, width: width,
		nodes:    map[tree.NodeIndex]suite.Secret{tree.Root(width): encryption},
		ratchets: make(map[tree.LeafIndex]*[kinds]ratchet),
	}
}

// Lease is a message key that has not been used up yet. Until Use is called the
// secret tree is what it was before.
type Lease struct {
	MessageKey
	use func()
}

// Use deletes the key from the tree, once its message has proved genuine.
func (l *Lease) Use() { l.use() }

// Send takes the next key of a member's own ratchet.
func (t *SecretTree) Send(leaf tree.LeafIndex, kind Kind) (MessageKey, error) {
	next := uint32(0)
	if r := t.ratchets[leaf]; r != nil {
		next = r[kind].next
	}
	l, err := t.Lease(leaf, kind, next)
	if err != nil {
		return MessageKey{}, err
	}
	l.Use()
	return l.MessageKey, nil
}

// Lease returns the key of one message.
func (t *SecretTree) Lease(leaf tree.LeafIndex, kind Kind, generation uint32) (*Lease, error) {
	if uint32(leaf) >= t.width {
		return nil, rule.Broken("9", "find message key: sender is outside the tree")
	}
	both, opened := t.ratchets[leaf]
	install := func() {}
	if !opened {
		both, install = t.open(leaf)
	}
	r := &both[kind]
	if generation < r.next {
		return r.late(generation)
	}
	if generation-r.next > MaxForward {
		return nil, rule.Broken("9.1", "find message key: generation is too far ahead")
	}
	forward := ratchet{secret: r.secret.Clone(), next: r.next}
	var skipped []MessageKey
	for forward.next < generation {
		skipped = append(skipped, forward.step(t.suite))
		if len(skipped) > MaxSkipped {
			skipped[0].Wipe()
			skipped = skipped[1:]
		}
	}
	key := forward.step(t.suite)
	return &Lease{MessageKey: key, use: func() {
		install()
		r.secret.Wipe()
		r.secret, r.next = forward.secret, forward.next
		r.skipped = append(r.skipped, skipped...)
		if over := len(r.skipped) - MaxSkipped; over > 0 {
			for _, k := range r.skipped[:over] {
				k.Wipe()
			}
			r.skipped = slices.Clone(r.skipped[over:])
		}
	}}, nil
}

// late returns the key of a message that was skipped.
func (r *ratchet) late(generation uint32) (*Lease, error) {
	at, found := slices.BinarySearchFunc(r.skipped, generation, func(k MessageKey, g uint32) int {
		return int(int64(k.Generation) - int64(g))
	})
	if !found {
		return nil, rule.Broken("9.2", "find message key: it has been used or dropped")
	}
	kept := r.skipped[at]
	key := MessageKey{Generation: generation, Key: kept.Key.Clone(), Nonce: kept.Nonce.Clone()}
	return &Lease{MessageKey: key, use: func() {
		kept.Wipe()
		r.skipped = slices.Delete(r.skipped, at, at+1)
	}}, nil
}

// step takes the next key and moves on.
func (r *ratchet) step(s *suite.Suite) MessageKey {
	k := MessageKey{
		Generation: r.next,
		Key:        s.DeriveTreeSecret(r.secret, "key", r.next, s.KeySize()),
		Nonce:      s.DeriveTreeSecret(r.secret, "nonce", r.next, s.NonceSize()),
	}
	next := s.DeriveTreeSecret(r.secret, "secret", r.next, s.HashSize())
	r.secret.Wipe()
	r.secret = next
	r.next++
	return k
}

// open derives a leaf's two ratchets. The tree changes only when install is
// called: then the secrets on the way down are gone and those beside it are kept.
func (t *SecretTree) open(leaf tree.LeafIndex) (both *[kinds]ratchet, install func()) {
	both = new([kinds]ratchet)
	top := leaf.Node()
	for t.nodes[top] == nil {
		if top == tree.Root(t.width) {
			// Every subtree is either opened or kept, so a leaf without a
			// ratchet has a node above it that is kept.
			panic("schedule: secret tree has lost a subtree")
		}
		top = top.Parent()
	}
	s := t.suite
	fresh := make(map[tree.NodeIndex]suite.Secret)
	x, secret := top, t.nodes[top].Clone()
	for !x.IsLeaf() {
		left := s.ExpandWithLabel(secret, "tree", []byte("left"), s.HashSize())
		right := s.ExpandWithLabel(secret, "tree", []byte("right"), s.HashSize())
		secret.Wipe()
		if x.Left().Covers(leaf) {
			fresh[x.Right()] = right
			x, secret = x.Left(), left
		} else {
			fresh[x.Left()] = left
			x, secret = x.Right(), right
		}
	}
	both[Handshake].secret = s.ExpandWithLabel(secret, "handshake", nil, s.HashSize())
	both[Application].secret = s.ExpandWithLabel(secret, "application", nil, s.HashSize())
	secret.Wipe()
	return both, func() {
		t.nodes[top].Wipe()
		delete(t.nodes, top)
		for y, kept := range fresh {
			t.nodes[y] = kept
		}
		t.ratchets[leaf] = both
	}
}

// Wipe overwrites every secret.
func (t *SecretTree) Wipe() {
	for _, s := range t.nodes {
		s.Wipe()
	}
	for _, both := range t.ratchets {
		for k := range both {
			both[k].secret.Wipe()
			for _, m := range both[k].skipped {
				m.Wipe()
			}
		}
	}
}

// Encode writes the tree, for sealed storage.
func (t *SecretTree) Encode(w *codec.Writer) {
	w.Uint32(t.width)
	w.Vector(func(w *codec.Writer) {
		for _, x := range sortedKeys(t.nodes) {
			w.Uint32(uint32(x))
			w.Opaque(t.nodes[x])
		}
	})
	w.Vector(func(w *codec.Writer) {
		for _, i := range sortedKeys(t.ratchets) {
			w.Uint32(uint32(i))
			for k := range t.ratchets[i] {
				t.ratchets[i][k].encode(w)
			}
		}
	})
}

// DecodeSecretTree reads a tree.
func DecodeSecretTree(s *suite.Suite, r *codec.Reader) *SecretTree {
	t := NewSecretTree(s, r.Uint32(), nil)
	clear(t.nodes)
	codec.Vector(r, func(r *codec.Reader) struct{} {
		x := tree.NodeIndex(r.Uint32())
		t.nodes[x] = r.Opaque()
		return struct{}{}
	})
	codec.Vector(r, func(r *codec.Reader) struct{} {
		both := new([kinds]ratchet)
		t.ratchets[tree.LeafIndex(r.Uint32())] = both
		for k := range both {
			both[k].decode(r)
		}
		return struct{}{}
	})
	return t
}

func (r *ratchet) encode(w *codec.Writer) {
	w.Opaque(r.secret)
	w.Uint32(r.next)
	w.Vector(func(w *codec.Writer) {
		for _, k := range r.skipped {
			w.Uint32(k.Generation)
			w.Opaque(k.Key)
			w.Opaque(k.Nonce)
		}
	})
}

func (r *ratchet) decode(rd *codec.Reader) {
	r.secret = rd.Opaque()
	r.next = rd.Uint32()
	r.skipped = codec.Vector(rd, func(rd *codec.Reader) MessageKey {
		return MessageKey{Generation: rd.Uint32(), Key: rd.Opaque(), Nonce: rd.Opaque()}
	})
}

func sortedKeys[K ~uint32, V any](m map[K]V) []K {
	keys := make([]K, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
