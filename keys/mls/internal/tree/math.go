package tree

import "math/bits"

// LeafIndex counts leaves from the left.
type LeafIndex uint32

// NodeIndex counts nodes in the array form of appendix C: leaves are even.
type NodeIndex uint32

// Node returns the leaf's place among the nodes.
func (i LeafIndex) Node() NodeIndex { return NodeIndex(i) * 2 }

// IsLeaf reports whether x is a leaf.
func (x NodeIndex) IsLeaf() bool { return x&1 == 0 }

// Leaf returns the leaf index of a leaf node.
func (x NodeIndex) Leaf() LeafIndex { return LeafIndex(x / 2) }

// Level is the height of x above the leaves.
func (x NodeIndex) Level() int { return bits.TrailingZeros32(^uint32(x)) }

// Left returns the left child of a parent node.
func (x NodeIndex) Left() NodeIndex { return x ^ (1 << (x.Level() - 1)) }

// Right returns the right child of a parent node.
func (x NodeIndex) Right() NodeIndex { return x ^ (3 << (x.Level() - 1)) }

// Parent returns the node above x. The root of the tree has one too, in a larger
// tree; callers stop at the root.
func (x NodeIndex) Parent() NodeIndex {
	k := x.Level()
	return (x | 1<<k) &^ (1 << (k + 1))
}

// Sibling returns the other child of x's parent.
func (x NodeIndex) Sibling() NodeIndex {
	p := x.Parent()
	if x < p {
		return p.Right()
	}
	return p.Left()
}

// Covers reports whether leaf lies in the subtree below x.
func (x NodeIndex) Covers(leaf LeafIndex) bool {
	first, last := x.Span()
	return first <= leaf && leaf <= last
}

// Span returns the first and the last leaf below x.
func (x NodeIndex) Span() (first, last LeafIndex) {
	half := NodeIndex(1)<<x.Level() - 1
	return (x - half).Leaf(), (x + half).Leaf()
}

// Root returns the root of a tree with a width of a power of two leaves.
func Root(width uint32) NodeIndex { return NodeIndex(width - 1) }

// Width returns the width of the smallest full tree that holds n leaves.
func Width(n uint32) uint32 {
	if n <= 1 {
		return 1
	}
	return 1 << bits.Len32(n-1)
}

// DirectPath returns the nodes above x, from its parent to the root. It is empty
// for the root.
func DirectPath(x NodeIndex, width uint32) []NodeIndex {
	root := Root(width)
	var path []NodeIndex
	for x != root {
		x = x.Parent()
		path = append(path, x)
	}
	return path
}

// CommonAncestor returns the lowest node that covers both leaves.
func CommonAncestor(a, b LeafIndex) NodeIndex {
	x := a.Node()
	for !x.Covers(b) {
		x = x.Parent()
	}
	return x
}
