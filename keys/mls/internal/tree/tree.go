// Package tree is the ratchet tree of RFC 9420: its nodes, its hashes, and the
// key agreement over it (sections 4, 7 and appendix C).
//
// A Tree is changed only by whoever made or cloned it. Nodes are shared between
// clones and never altered, so that the next epoch's tree costs a copy of one
// array, and a commit that fails leaves nothing to undo.
package tree

import (
	"slices"

	"conclave/keys/mls/internal/codec"
	"conclave/keys/mls/internal/rule"
	"conclave/keys/mls/internal/suite"
)

// MaxLeaves bounds the width of a tree that is read from outside.
const MaxLeaves = 1 << 16

type node struct {
	leaf   *LeafNode
	parent *ParentNode
	hash   []byte // of the subtree; nil when it has to be worked out
}

func (n *node) blank() bool { return n.leaf == nil && n.parent == nil }

func (n *node) encryptionKey() []byte {
	switch {
	case n.leaf != nil:
		return n.leaf.EncryptionKey
	case n.parent != nil:
		return n.parent.EncryptionKey
	default:
		return nil
	}
}

// Tree is the public ratchet tree. Its width is always a power of two.
type Tree struct {
	suite *suite.Suite
	nodes []node
	hole  LeafIndex // no leaf left of it is blank
}

// New returns the tree of a group with one member.
func New(s *suite.Suite, first *LeafNode) *Tree {
	return &Tree{suite: s, nodes: []node{{leaf: first}}}
}

// Clone returns a tree that can be changed without changing t.
func (t *Tree) Clone() *Tree {
	return &Tree{suite: t.suite, nodes: slices.Clone(t.nodes), hole: t.hole}
}

// Width returns the number of leaves, blank ones included.
func (t *Tree) Width() uint32 { return uint32(len(t.nodes)+1) / 2 }

// Root returns the root's index.
func (t *Tree) Root() NodeIndex { return Root(t.Width()) }

// Leaf returns a leaf, or nil when it is blank or outside the tree.
func (t *Tree) Leaf(i LeafIndex) *LeafNode {
	if uint32(i) >= t.Width() {
		return nil
	}
	return t.nodes[i.Node()].leaf
}

// Parent returns an inner node, or nil when it is blank or outside the tree.
func (t *Tree) Parent(x NodeIndex) *ParentNode {
	if int(x) >= len(t.nodes) {
		return nil
	}
	return t.nodes[x].parent
}

// Leaves calls yield for every leaf that is not blank, from the left.
func (t *Tree) Leaves(yield func(LeafIndex, *LeafNode) bool) {
	for x := 0; x < len(t.nodes); x += 2 {
		if l := t.nodes[x].leaf; l != nil && !yield(NodeIndex(x).Leaf(), l) {
			return
		}
	}
}

// FirstBlank returns the place where the next leaf goes.
func (t *Tree) FirstBlank() LeafIndex {
	for uint32(t.hole) < t.Width() && t.nodes[t.hole.Node()].leaf != nil {
		t.hole++
	}
	return t.hole
}

// Add puts a leaf into the leftmost free place and marks it as unmerged in the
// nodes above (section 7.7).
func (t *Tree) Add(leaf *LeafNode) LeafIndex {
	i := t.place(leaf)
	for _, x := range DirectPath(i.Node(), t.Width()) {
		p := t.nodes[x].parent
		if p == nil {
			continue
		}
		// Kept sorted: the order enters the tree hash.
		at, _ := slices.BinarySearch(p.UnmergedLeaves, i)
		next := *p
		next.UnmergedLeaves = slices.Insert(slices.Clone(p.UnmergedLeaves), at, i)
		t.nodes[x].parent = &next
	}
	return i
}

// place puts a leaf into the leftmost free place, and nothing more: the leaf of an
// external committer is merged by the path that comes with it.
func (t *Tree) place(leaf *LeafNode) LeafIndex {
	i := t.FirstBlank()
	if uint32(i) == t.Width() {
		t.nodes = append(t.nodes, make([]node, len(t.nodes)+1)...)
	}
	t.nodes[i.Node()].leaf = leaf
	t.touch(i.Node())
	return i
}

// PlaceExternal puts the leaf of an external committer into the tree.
func (t *Tree) PlaceExternal(leaf *LeafNode) LeafIndex { return t.place(leaf) }

// Update replaces a leaf and blanks the nodes above (section 7.7).
func (t *Tree) Update(i LeafIndex, leaf *LeafNode) {
	t.nodes[i.Node()].leaf = leaf
	t.blankAbove(i)
}

// Remove blanks a leaf and the nodes above, and halves the tree as long as its
// right half is empty (section 7.7).
func (t *Tree) Remove(i LeafIndex) {
	t.nodes[i.Node()].leaf = nil
	t.blankAbove(i)
	t.hole = min(t.hole, i)
	last := -1
	for x := len(t.nodes) - 1; x >= 0 && last < 0; x -= 2 {
		if t.nodes[x].leaf != nil {
			last = x / 2
		}
	}
	width := Width(uint32(last + 1))
	t.nodes = t.nodes[: 2*width-1 : 2*width-1]
}

func (t *Tree) blankAbove(i LeafIndex) {
	t.nodes[i.Node()].hash = nil
	for _, x := range DirectPath(i.Node(), t.Width()) {
		t.nodes[x] = node{}
	}
}

// touch forgets the hashes of x and everything above.
func (t *Tree) touch(x NodeIndex) {
	t.nodes[x].hash = nil
	for _, y := range DirectPath(x, t.Width()) {
		t.nodes[y].hash = nil
	}
}

// Resolution returns the nodes that together cover x (section 4.1.1).
func (t *Tree) Resolution(x NodeIndex) []NodeIndex { return t.resolve(x, nil) }

func (t *Tree) resolve(x NodeIndex, list []NodeIndex) []NodeIndex {
	n := &t.nodes[x]
	switch {
	case n.leaf != nil:
		return append(list, x)
	case n.parent != nil:
		list = append(list, x)
		for _, i := range n.parent.UnmergedLeaves {
			list = append(list, i.Node())
		}
		return list
	case x.IsLeaf():
		return list
	default:
		return t.resolve(x.Right(), t.resolve(x.Left(), list))
	}
}

// empty reports whether the resolution of x is empty.
func (t *Tree) empty(x NodeIndex) bool {
	if !t.nodes[x].blank() {
		return false
	}
	return x.IsLeaf() || t.empty(x.Left()) && t.empty(x.Right())
}

// step is a node of a filtered direct path with its child off the path.
type step struct{ node, copath NodeIndex }

// filteredPath returns the nodes above a leaf, without those whose child off the
// path stands for nobody (section 4.1.2).
func (t *Tree) filteredPath(i LeafIndex) []step {
	var path []step
	for x := i.Node(); x != t.Root(); x = x.Parent() {
		if s := x.Sibling(); !t.empty(s) {
			path = append(path, step{node: x.Parent(), copath: s})
		}
	}
	return path
}

// Encode writes the tree as the ratchet_tree extension has it (section 12.4.3.3):
// without the blank nodes at its right end.
func (t *Tree) Encode(w *codec.Writer) {
	end := len(t.nodes)
	for end > 0 && t.nodes[end-1].blank() {
		end--
	}
	w.Vector(func(w *codec.Writer) {
		for i := range t.nodes[:end] {
			n := &t.nodes[i]
			w.Optional(!n.blank())
			switch {
			case n.leaf != nil:
				w.Uint8(1)
				n.leaf.Encode(w)
			case n.parent != nil:
				w.Uint8(2)
				n.parent.Encode(w)
			}
		}
	})
}

// Parse reads a ratchet_tree extension. It checks the tree's shape; Validate
// checks what is in it.
func Parse(s *suite.Suite, b []byte) (*Tree, error) {
	r := codec.NewReader(b)
	at := 0
	nodes := codec.Vector(r, func(r *codec.Reader) node {
		isLeaf := at%2 == 0
		if at++; at > 2*MaxLeaves-1 {
			r.Fail(rule.Broken("12.4.3.3", "decode ratchet tree: too many nodes"))
		}
		return readNode(r, isLeaf)
	})
	if err := r.Done(); err != nil {
		return nil, err
	}
	if len(nodes) == 0 || nodes[len(nodes)-1].blank() {
		return nil, rule.Broken("12.4.3.3", "decode ratchet tree: it ends in a blank node")
	}
	width := Width(uint32(len(nodes)+2) / 2)
	t := &Tree{suite: s, nodes: make([]node, 2*width-1)}
	copy(t.nodes, nodes)
	return t, nil
}

func readNode(r *codec.Reader, isLeaf bool) (n node) {
	if !r.Optional() {
		return n
	}
	switch kind := r.Uint8(); {
	case kind == 1 && isLeaf:
		n.leaf = new(LeafNode)
		n.leaf.Decode(r)
	case kind == 2 && !isLeaf:
		n.parent = new(ParentNode)
		n.parent.Decode(r)
	default:
		r.Fail(rule.Broken("12.4.3.3", "decode ratchet tree: node of the wrong kind for its place"))
	}
	return n
}
