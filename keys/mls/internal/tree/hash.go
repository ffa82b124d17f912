package tree

import (
	"bytes"
	"slices"

	"conclave/keys/mls/internal/codec"
	"conclave/keys/mls/internal/rule"
)

const (
	kindLeaf   = 1
	kindParent = 2
)

// Hash returns the tree hash of the whole tree (section 7.8).
func (t *Tree) Hash() []byte { return t.NodeHash(t.Root()) }

// NodeHash returns the tree hash of the subtree below x. Hashes are kept until
// something below x changes.
func (t *Tree) NodeHash(x NodeIndex) []byte {
	n := &t.nodes[x]
	if n.hash == nil {
		if x.IsLeaf() {
			n.hash = t.leafHash(x.Leaf(), n.leaf)
		} else {
			n.hash = t.parentNodeHash(n.parent, t.NodeHash(x.Left()), t.NodeHash(x.Right()))
		}
	}
	return n.hash
}

func (t *Tree) leafHash(i LeafIndex, leaf *LeafNode) []byte {
	var w codec.Writer
	w.Uint8(kindLeaf)
	w.Uint32(uint32(i))
	w.Optional(leaf != nil)
	if leaf != nil {
		leaf.Encode(&w)
	}
	return t.suite.Hash(w.Bytes())
}

func (t *Tree) parentNodeHash(p *ParentNode, left, right []byte) []byte {
	var w codec.Writer
	w.Uint8(kindParent)
	w.Optional(p != nil)
	if p != nil {
		p.Encode(&w)
	}
	w.Opaque(left)
	w.Opaque(right)
	return t.suite.Hash(w.Bytes())
}

// originalHash is the tree hash below x as it was before the given leaves were
// added (section 7.9): they are blank, and unmerged nowhere.
func (t *Tree) originalHash(x NodeIndex, added []LeafIndex) []byte {
	first, last := x.Span()
	from, _ := slices.BinarySearch(added, first)
	to, _ := slices.BinarySearch(added, last+1)
	if added = added[from:to]; len(added) == 0 {
		return t.NodeHash(x)
	}
	if x.IsLeaf() {
		return t.leafHash(x.Leaf(), nil)
	}
	p := t.nodes[x].parent
	if p != nil {
		before := *p
		before.UnmergedLeaves = slices.DeleteFunc(slices.Clone(p.UnmergedLeaves), func(i LeafIndex) bool {
			_, found := slices.BinarySearch(added, i)
			return found
		})
		p = &before
	}
	return t.parentNodeHash(p, t.originalHash(x.Left(), added), t.originalHash(x.Right(), added))
}

// parentHash is the hash that the child of p on the other side of sibling carries
// (section 7.9).
func (t *Tree) parentHash(p *ParentNode, sibling NodeIndex) []byte {
	var w codec.Writer
	w.Opaque(p.EncryptionKey)
	w.Opaque(p.ParentHash)
	w.Opaque(t.originalHash(sibling, p.UnmergedLeaves))
	return t.suite.Hash(w.Bytes())
}

// checkParentHashes verifies that every inner node was put there by a leaf below
// it (section 7.9.2).
func (t *Tree) checkParentHashes() error {
	for i := 1; i < len(t.nodes); i += 2 {
		x := NodeIndex(i)
		if t.nodes[i].parent == nil {
			continue
		}
		if !t.hashedFrom(x, x.Left(), x.Right()) && !t.hashedFrom(x, x.Right(), x.Left()) {
			return rule.Broken("7.9.2", "check tree: no node below carries this node's parent hash")
		}
	}
	return nil
}

// hashedFrom reports whether a node in the resolution of child, on its own or
// through blank nodes, carries the parent hash of x. What else is in that
// resolution must then have been added since.
func (t *Tree) hashedFrom(x, child, sibling NodeIndex) bool {
	p := t.nodes[x].parent
	var want []byte
	resolution := t.Resolution(child)
	for _, y := range resolution {
		carried := t.carriedHash(y)
		if carried == nil {
			continue
		}
		if want == nil {
			want = t.parentHash(p, sibling)
		}
		if bytes.Equal(carried, want) && t.restUnmerged(p, child, y, resolution) {
			return true
		}
	}
	return false
}

// carriedHash returns the parent hash a node carries, or nil.
func (t *Tree) carriedHash(x NodeIndex) []byte {
	switch n := &t.nodes[x]; {
	case n.parent != nil:
		return n.parent.ParentHash
	case n.leaf != nil && n.leaf.Source == SourceCommit:
		return n.leaf.ParentHash
	default:
		return nil
	}
}

// restUnmerged reports whether the resolution of child without y is just the part
// of p's unmerged leaves below child.
func (t *Tree) restUnmerged(p *ParentNode, child, y NodeIndex, resolution []NodeIndex) bool {
	rest := 0
	for _, z := range resolution {
		if z == y {
			continue
		}
		if !z.IsLeaf() {
			return false
		}
		if _, found := slices.BinarySearch(p.UnmergedLeaves, z.Leaf()); !found {
			return false
		}
		rest++
	}
	first, last := child.Span()
	from, _ := slices.BinarySearch(p.UnmergedLeaves, first)
	to, _ := slices.BinarySearch(p.UnmergedLeaves, last+1)
	return rest == to-from
}
