package tree

import (
	"bytes"
	"slices"

	"conclave/keys/mls/internal/rule"
)

// Validate checks a tree that came from outside as section 12.4.3.1 has it, except
// for credentials, which are the caller's to judge.
func (t *Tree) Validate(groupID []byte, context Extensions) error {
	if err := t.checkUnmerged(); err != nil {
		return err
	}
	if err := t.CheckKeysUnique(); err != nil {
		return err
	}
	if err := t.CheckAllMembers(context); err != nil {
		return err
	}
	if err := t.checkParentHashes(); err != nil {
		return err
	}
	return t.verifyLeaves(groupID)
}

// checkUnmerged checks the lists of unmerged leaves: sorted, each leaf below the
// node, present, and listed in every node between (section 12.4.3.1).
func (t *Tree) checkUnmerged() error {
	for i := 1; i < len(t.nodes); i += 2 {
		p, x := t.nodes[i].parent, NodeIndex(i)
		if p == nil {
			continue
		}
		for k, leaf := range p.UnmergedLeaves {
			if k > 0 && p.UnmergedLeaves[k-1] >= leaf {
				return rule.Broken("7.1", "check tree: unmerged leaves are not sorted")
			}
			if !x.Covers(leaf) || t.Leaf(leaf) == nil {
				return rule.Broken("12.4.3.1", "check tree: unmerged leaf is not below the node, or blank")
			}
			for y := leaf.Node().Parent(); y != x; y = y.Parent() {
				q := t.nodes[y].parent
				if q == nil {
					continue
				}
				if _, found := slices.BinarySearch(q.UnmergedLeaves, leaf); !found {
					return rule.Broken("12.4.3.1", "check tree: a node between does not list the unmerged leaf")
				}
			}
		}
	}
	return nil
}

// verifyLeaves checks every leaf's signature, on all processors.
func (t *Tree) verifyLeaves(groupID []byte) error {
	return EachParallel(int(t.Width()), func(k int) error {
		i := LeafIndex(k)
		leaf := t.Leaf(i)
		if leaf == nil {
			return nil
		}
		return leaf.Verify(t.suite, groupID, i)
	})
}

// CheckAllMembers is CheckMembers for every leaf, when the tree or the group's
// extensions are new.
func (t *Tree) CheckAllMembers(context Extensions) error {
	var all []LeafIndex
	for i := range t.Leaves {
		all = append(all, i)
	}
	return t.CheckMembers(context, all)
}

// CheckMembers checks the leaves that are new since the tree was last checked,
// against each other and against the group's extensions (sections 7.3, 11.1 and
// 13.4).
func (t *Tree) CheckMembers(context Extensions, changed []LeafIndex) error {
	for _, i := range changed {
		leaf := t.Leaf(i)
		if leaf == nil {
			return rule.Broken("7.3", "check leaf: it is blank")
		}
		if err := leaf.CheckAlone(t.suite); err != nil {
			return err
		}
		if err := CheckSupport(leaf, context); err != nil {
			return err
		}
	}
	return t.checkCredentialTypes()
}

// CheckSupport checks that a leaf supports what the group's context asks for.
func CheckSupport(leaf *LeafNode, context Extensions) error {
	for _, e := range context {
		if !leaf.Capabilities.SupportsExtension(e.Type) {
			return rule.Broken("13.4", "check leaf: an extension of the group is not supported")
		}
	}
	required, err := context.RequiredCapabilities()
	if err != nil {
		return err
	}
	return required.MetBy(leaf.Capabilities)
}

// checkCredentialTypes checks that every member supports the credential types of
// all the others (section 7.3).
func (t *Tree) checkCredentialTypes() error {
	var used []CredentialType
	for _, leaf := range t.Leaves {
		if !slices.Contains(used, leaf.Credential.Type) {
			used = append(used, leaf.Credential.Type)
		}
	}
	for _, leaf := range t.Leaves {
		for _, c := range used {
			if !slices.Contains(leaf.Capabilities.Credentials, c) {
				return rule.Broken("7.3", "check leaf: a credential type in use is not supported by all")
			}
		}
	}
	return nil
}

// CheckKeysUnique checks that no two members share a signature key and no two
// nodes an encryption key (sections 7.3 and 12.4.3.1).
func (t *Tree) CheckKeysUnique() error {
	encryption := make([][]byte, 0, len(t.nodes))
	signature := make([][]byte, 0, t.Width())
	for i := range t.nodes {
		if key := t.nodes[i].encryptionKey(); key != nil {
			encryption = append(encryption, key)
		}
		if leaf := t.nodes[i].leaf; leaf != nil {
			signature = append(signature, leaf.SignatureKey)
		}
	}
	if repeats(encryption) {
		return rule.Broken("7.3", "check tree: an encryption key occurs twice")
	}
	if repeats(signature) {
		return rule.Broken("7.3", "check tree: a signature key occurs twice")
	}
	return nil
}

// repeats sorts the keys and reports whether one of them occurs twice.
func repeats(keys [][]byte) bool {
	slices.SortFunc(keys, bytes.Compare)
	for i := 1; i < len(keys); i++ {
		if bytes.Equal(keys[i-1], keys[i]) {
			return true
		}
	}
	return false
}
