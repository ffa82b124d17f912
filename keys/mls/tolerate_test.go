package mls

import (
	"errors"
	"testing"

	"conclave/keys/mls/internal/framing"
	"conclave/keys/mls/internal/tree"
)

// grease is one of the values of section 13.5, which mean nothing.
const grease = 0x0A0A

func TestUnknownValuesAreTolerated(t *testing.T) {
	groups := meeting(t, X25519AES128, 2)
	k := forgedKeyPackage(t, person(t, X25519AES128, "newer client"), func(l *tree.LeafNode) {
		c := &l.Capabilities
		c.Versions = append(c.Versions, grease)
		c.Suites = append(c.Suites, grease)
		c.Extensions = append(c.Extensions, grease, 0x1A1A)
		c.Proposals = append(c.Proposals, grease)
		c.Credentials = append(c.Credentials, grease)
		l.Extensions = Extensions{{Type: grease, Data: []byte("?")}}
	}, func(k *framing.KeyPackage) { k.Extensions = Extensions{{Type: 0x2A2A, Data: []byte("?")}} }, nil)
	message := encode(&framing.Message{Wire: framing.WireKeyPackage, KeyPackage: k})
	commit(t, groups[0], CommitOptions{Add: [][]byte{message}}, groups[1])
	agree(t, groups...)
	info := forgedInfo(t, groups[0], nil, func(i *framing.GroupInfo) {
		i.Extensions = append(i.Extensions, Extension{Type: 0x3A3A, Data: []byte("?")})
	}, nil)
	g, external, err := JoinExternal(person(t, X25519AES128, "late"), info, ExternalOptions{})
	must(t, err)
	deliver(t, external, groups...)
	agree(t, append(groups, g)...)
}

func TestTreeFetchedApartMustHaveTheRightHash(t *testing.T) {
	groups := meeting(t, X25519AES128, 3)
	c := person(t, X25519AES128, "joiner")
	k := keyPackage(t, c)
	staged := commit(t, groups[0], CommitOptions{Add: [][]byte{k.Message()}, TreeApart: true}, groups[1:]...)
	if _, err := Join(c, k, staged.Welcome(), nil); !names(err, "12.4.3.1") {
		t.Fatalf("without a tree: %v", err)
	}
	other := meeting(t, X25519AES128, 4)[0].RatchetTree()
	if _, err := Join(c, k, staged.Welcome(), other); !names(err, "12.4.3.1") {
		t.Fatalf("with another meeting's tree: %v", err)
	}
	g, err := Join(c, k, staged.Welcome(), groups[0].RatchetTree())
	must(t, err)
	agree(t, append(groups, g)...)
}

func TestConfigurationsThatCannotWork(t *testing.T) {
	good := person(t, X25519AES128, "x")
	rows := map[string]func(*Config){
		"no verifier":               func(c *Config) { c.Verify = nil },
		"no signer":                 func(c *Config) { c.Signer = nil },
		"a signer of another suite": func(c *Config) { c.Signer = person(t, P256AES128, "x").Signer },
		"padding below zero":        func(c *Config) { c.Padding = -1 },
	}
	for name, spoil := range rows {
		c := good
		spoil(&c)
		if _, err := NewKeyPackage(c); !errors.Is(err, ErrConfig) {
			t.Errorf("%s: got %v, want ErrConfig", name, err)
		}
		if _, err := Create(c, []byte("id"), nil); !errors.Is(err, ErrConfig) {
			t.Errorf("%s: got %v, want ErrConfig", name, err)
		}
	}
	c := good
	c.Suite = 4
	if _, err := NewKeyPackage(c); !errors.Is(err, ErrSuite) {
		t.Errorf("suite 4: got %v, want ErrSuite", err)
	}
	g := create(t, good)
	for _, n := range []int{-1, 0, 255*32 + 1, 1 << 30} {
		if _, err := g.Export("label", nil, n); !names(err, "8.5") {
			t.Errorf("export of %d bytes: got %v, want section 8.5", n, err)
		}
	}
	if _, err := g.Seal(make([]byte, 16)); !errors.Is(err, ErrConfig) {
		t.Errorf("a short key: got %v, want ErrConfig", err)
	}
}

func TestPrivateHandshakeSurvivesStorage(t *testing.T) {
	groups := meeting(t, PostQuantum, 3)
	key := make([]byte, SealKeySize)
	groups[0].SetEncryptHandshake(true)
	staged, err := groups[0].Commit(CommitOptions{Remove: []LeafIndex{2}})
	must(t, err)
	sealed, err := groups[0].Seal(key)
	must(t, err)
	back, err := Open(groups[0].config, key, sealed)
	must(t, err)
	if !back.Pending() {
		t.Fatal("the pending commit was lost")
	}
	deliver(t, staged.Message(), back, groups[1])
	agree(t, back, groups[1])
	chat(t, back, groups[1])
	c := person(t, PostQuantum, "x")
	k := keyPackage(t, c)
	stored, err := k.Seal(key)
	must(t, err)
	again, err := OpenKeyPackage(key, stored)
	must(t, err)
	welcome := commit(t, back, CommitOptions{Add: [][]byte{k.Message()}}, groups[1]).Welcome()
	g, err := Join(c, again, welcome, nil)
	must(t, err)
	agree(t, back, groups[1], g)
	if _, err := OpenKeyPackage(key, sealed); !errors.Is(err, ErrSealed) {
		t.Fatalf("a group was opened as a key package: %v", err)
	}
}
