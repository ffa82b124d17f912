package schedule

import (
	"bytes"
	"testing"

	"conclave/keys/mls/internal/codec"
	"conclave/keys/mls/internal/rule"
	"conclave/keys/mls/internal/suite"
	"conclave/keys/mls/internal/tree"
)

func newTree(t testing.TB, width uint32) *SecretTree {
	t.Helper()
	s, err := suite.Lookup(suite.X25519AES128)
	if err != nil {
		t.Fatal(err)
	}
	return NewSecretTree(s, width, suite.Secret(bytes.Repeat([]byte{7}, 32)))
}

func TestLeaseChangesNothingUntilItIsUsed(t *testing.T) {
	st := newTree(t, 8)
	for leaf := range tree.LeafIndex(8) {
		before := codec.Marshal(st)
		lease, err := st.Lease(leaf, Application, 5)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(codec.Marshal(st), before) {
			t.Fatal("the tree changed")
		}
		lease.Use()
		late, err := st.Lease(leaf, Application, 3)
		if err != nil {
			t.Fatal(err)
		}
		before = codec.Marshal(st)
		late.MessageKey.Wipe() // a copy: the kept key must survive a failure
		again, err := st.Lease(leaf, Application, 3)
		if err != nil || !bytes.Equal(codec.Marshal(st), before) || bytes.Equal(again.Key, make([]byte, 16)) {
			t.Fatalf("a failed attempt spoilt the kept key: %v", err)
		}
		again.Use()
		if _, err := st.Lease(leaf, Application, 3); rule.Section(err) != "9.2" {
			t.Fatalf("a used key came again: %v", err)
		}
	}
	if len(st.nodes) != 0 {
		t.Errorf("%d secrets of subtrees are still there", len(st.nodes))
	}
}

func TestKeysComeInAnyOrderTheSame(t *testing.T) {
	forward, backward := newTree(t, 4), newTree(t, 4)
	want := make(map[uint32]suite.Secret)
	for g := range uint32(20) {
		l, err := forward.Lease(2, Handshake, g)
		if err != nil {
			t.Fatal(err)
		}
		want[g] = l.Key.Clone()
		l.Use()
	}
	for g := 19; g >= 0; g-- {
		l, err := backward.Lease(2, Handshake, uint32(g))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(l.Key, want[uint32(g)]) {
			t.Fatalf("key %d differs", g)
		}
		l.Use()
	}
}

func TestWindowsAreBounded(t *testing.T) {
	st := newTree(t, 2)
	if _, err := st.Lease(0, Application, MaxForward+1); rule.Section(err) != "9.1" {
		t.Fatalf("got %v", err)
	}
	for _, g := range []uint32{MaxForward, 2 * MaxForward, 3 * MaxForward} {
		l, err := st.Lease(0, Application, g)
		if err != nil {
			t.Fatal(err)
		}
		l.Use()
	}
	if n := len(st.ratchets[0][Application].skipped); n != MaxSkipped {
		t.Errorf("%d skipped keys are kept, want %d", n, MaxSkipped)
	}
	if _, err := st.Lease(2, Application, 0); rule.Section(err) != "9" {
		t.Fatalf("a leaf outside the tree has a key: %v", err)
	}
}

func TestStoredTreeComesBack(t *testing.T) {
	st := newTree(t, 16)
	for _, leaf := range []tree.LeafIndex{3, 9} {
		l, err := st.Lease(leaf, Application, 4)
		if err != nil {
			t.Fatal(err)
		}
		l.Use()
	}
	b := codec.Marshal(st)
	r := codec.NewReader(b)
	back := DecodeSecretTree(st.suite, r)
	if err := r.Done(); err != nil || !bytes.Equal(codec.Marshal(back), b) {
		t.Fatalf("the tree came back otherwise: %v", err)
	}
	for leaf := range tree.LeafIndex(16) {
		a, err := st.Lease(leaf, Handshake, 1)
		if err != nil {
			t.Fatal(err)
		}
		b, err := back.Lease(leaf, Handshake, 1)
		if err != nil || !bytes.Equal(a.Key, b.Key) {
			t.Fatalf("leaf %d: %v", leaf, err)
		}
	}
}
