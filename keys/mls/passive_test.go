package mls

import (
	"bytes"
	"crypto"
	"testing"
	"time"

	"conclave/keys/mls/internal/framing"
	"conclave/keys/mls/internal/suite"
	"conclave/keys/mls/internal/vectors"
)

type passiveCase struct {
	Suite suite.ID `json:"cipher_suite"`
	PSKs  []struct {
		ID  vectors.Hex `json:"psk_id"`
		PSK vectors.Hex `json:"psk"`
	} `json:"external_psks"`
	KeyPackage     vectors.Hex `json:"key_package"`
	SignaturePriv  vectors.Hex `json:"signature_priv"`
	EncryptionPriv vectors.Hex `json:"encryption_priv"`
	InitPriv       vectors.Hex `json:"init_priv"`
	Welcome        vectors.Hex
	RatchetTree    vectors.Hex `json:"ratchet_tree"`
	Initial        vectors.Hex `json:"initial_epoch_authenticator"`
	Epochs         []struct {
		Proposals     []vectors.Hex
		Commit        vectors.Hex
		Authenticator vectors.Hex `json:"epoch_authenticator"`
	}
}

func TestPassiveClientWelcome(t *testing.T) { runPassive(t, "passive-client-welcome.json") }

func TestPassiveClientHandlingCommit(t *testing.T) {
	runPassive(t, "passive-client-handling-commit.json")
}

func TestPassiveClientRandom(t *testing.T) { runPassive(t, "passive-client-random.json") }

func runPassive(t *testing.T, file string) {
	var cases []passiveCase
	vectors.Load(t, vectors.Official, file, &cases)
	var suites vectors.Suites
	epochs := 0
	for i, c := range cases {
		s := suites.Lookup(c.Suite)
		if s == nil {
			continue
		}
		g := joinPassive(t, s, &c)
		if !bytes.Equal(g.EpochAuthenticator(), c.Initial) {
			t.Fatalf("case %d: epoch authenticator after the welcome differs", i)
		}
		for n, e := range c.Epochs {
			for _, p := range e.Proposals {
				if _, err := g.Handle(p); err != nil {
					t.Fatalf("case %d, epoch %d: proposal: %v", i, n, err)
				}
			}
			if _, err := g.Handle(e.Commit); err != nil {
				t.Fatalf("case %d, epoch %d: commit: %v", i, n, err)
			}
			if !bytes.Equal(g.EpochAuthenticator(), e.Authenticator) {
				t.Fatalf("case %d, epoch %d: epoch authenticator differs", i, n)
			}
			epochs++
		}
	}
	suites.Report(t)
	t.Logf("%d epochs", epochs)
}

func joinPassive(t *testing.T, s *suite.Suite, c *passiveCase) *Group {
	t.Helper()
	signer, err := s.ParseSigner(suite.Secret(c.SignaturePriv))
	if err != nil {
		t.Fatal(err)
	}
	m, err := framing.ParseKind(c.KeyPackage, framing.WireKeyPackage)
	if err != nil {
		t.Fatal(err)
	}
	k := &KeyPackage{public: m.KeyPackage, initKey: suite.Secret(c.InitPriv), leafKey: suite.Secret(c.EncryptionPriv)}
	config := Config{
		Suite: c.Suite, Signer: crypto.Signer(signer), Credential: m.KeyPackage.Leaf.Credential,
		Verify:      func(Credential, []byte) error { return nil },
		Successor:   func(_, _ Credential) error { return nil },
		MaxLifetime: -1,
		// The key packages in the vectors were made to be used then.
		Now: func() time.Time { return time.Unix(int64(m.KeyPackage.Leaf.Lifetime.NotBefore)+1, 0) },
		PSK: func(id []byte) ([]byte, error) {
			for _, p := range c.PSKs {
				if bytes.Equal(p.ID, id) {
					return p.PSK, nil
				}
			}
			t.Fatal("the vectors ask for a pre-shared key they do not give")
			return nil, nil
		},
	}
	g, err := Join(config, k, c.Welcome, c.RatchetTree)
	if err != nil {
		t.Fatal(err)
	}
	return g
}
