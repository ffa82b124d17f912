package vectors

import (
	"bytes"
	"testing"

	"conclave/keys/mls/internal/codec"
	"conclave/keys/mls/internal/framing"
	"conclave/keys/mls/internal/schedule"
	"conclave/keys/mls/internal/suite"
	"conclave/keys/mls/internal/tree"
)

// eachSet runs a test for the official vectors and for the post-quantum ones.
func eachSet(t *testing.T, run func(t *testing.T, set string)) {
	for _, set := range []string{Official, PostQuantum} {
		t.Run(set, func(t *testing.T) { run(t, set) })
	}
}

func equal(t *testing.T, what string, got, want []byte) {
	t.Helper()
	if !bytes.Equal(got, want) {
		t.Fatalf("%s: got %x, want %x", what, got, want)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestDeserialization(t *testing.T) {
	var cases []struct {
		Header Hex `json:"vlbytes_header"`
		Length int `json:"length"`
	}
	Load(t, Official, "deserialization.json", &cases)
	for _, c := range cases {
		r := codec.NewReader(c.Header)
		got := r.Length()
		must(t, r.Done())
		if got != c.Length {
			t.Fatalf("header %x: got length %d, want %d", []byte(c.Header), got, c.Length)
		}
		var w codec.Writer
		w.Length(got)
		equal(t, "header", w.Bytes(), c.Header)
	}
}

func TestTreeMath(t *testing.T) {
	var cases []struct {
		Leaves  uint32  `json:"n_leaves"`
		Nodes   uint32  `json:"n_nodes"`
		Root    uint32  `json:"root"`
		Left    []*uint `json:"left"`
		Right   []*uint `json:"right"`
		Parent  []*uint `json:"parent"`
		Sibling []*uint `json:"sibling"`
	}
	Load(t, Official, "tree-math.json", &cases)
	for _, c := range cases {
		root := tree.Root(c.Leaves)
		if uint32(root) != c.Root || 2*c.Leaves-1 != c.Nodes {
			t.Fatalf("%d leaves: root %d, want %d", c.Leaves, root, c.Root)
		}
		check := func(what string, x tree.NodeIndex, got func(tree.NodeIndex) tree.NodeIndex, exists bool, want *uint) {
			if (want != nil) != exists || want != nil && uint(got(x)) != *want {
				t.Fatalf("%d leaves, node %d: %s is wrong", c.Leaves, x, what)
			}
		}
		for i := range c.Nodes {
			x := tree.NodeIndex(i)
			check("left", x, tree.NodeIndex.Left, !x.IsLeaf(), c.Left[i])
			check("right", x, tree.NodeIndex.Right, !x.IsLeaf(), c.Right[i])
			check("parent", x, tree.NodeIndex.Parent, x != root, c.Parent[i])
			check("sibling", x, tree.NodeIndex.Sibling, x != root, c.Sibling[i])
		}
	}
}

func TestCryptoBasics(t *testing.T) {
	eachSet(t, func(t *testing.T, set string) {
		var cases []struct {
			Suite   suite.ID `json:"cipher_suite"`
			RefHash struct {
				Label      string
				Value, Out Hex
			} `json:"ref_hash"`
			Expand struct {
				Secret, Context, Out Hex
				Label                string
				Length               int
			} `json:"expand_with_label"`
			Derive struct {
				Secret, Out Hex
				Label       string
			} `json:"derive_secret"`
			Tree struct {
				Secret, Out Hex
				Label       string
				Generation  uint32
				Length      int
			} `json:"derive_tree_secret"`
			Sign struct {
				Priv, Pub, Content, Signature Hex
				Label                         string
			} `json:"sign_with_label"`
			Encrypt struct {
				Priv, Pub, Context, Plaintext, Ciphertext Hex
				KEMOutput                                 Hex `json:"kem_output"`
				Label                                     string
			} `json:"encrypt_with_label"`
		}
		Load(t, set, "crypto-basics.json", &cases)
		var suites Suites
		for _, c := range cases {
			s := suites.Lookup(c.Suite)
			if s == nil {
				continue
			}
			equal(t, "RefHash", s.RefHash(c.RefHash.Label, c.RefHash.Value), c.RefHash.Out)
			equal(t, "ExpandWithLabel", s.ExpandWithLabel(suite.Secret(c.Expand.Secret), c.Expand.Label, c.Expand.Context, c.Expand.Length), c.Expand.Out)
			equal(t, "DeriveSecret", s.DeriveSecret(suite.Secret(c.Derive.Secret), c.Derive.Label), c.Derive.Out)
			equal(t, "DeriveTreeSecret", s.DeriveTreeSecret(suite.Secret(c.Tree.Secret), c.Tree.Label, c.Tree.Generation, c.Tree.Length), c.Tree.Out)

			must(t, s.VerifyWithLabel(c.Sign.Pub, c.Sign.Label, c.Sign.Content, c.Sign.Signature))
			signer, err := s.ParseSigner(suite.Secret(c.Sign.Priv))
			must(t, err)
			pub, err := s.SignatureKey(signer)
			must(t, err)
			equal(t, "signature key", pub, c.Sign.Pub)
			signature, err := s.SignWithLabel(signer, c.Sign.Label, c.Sign.Content)
			must(t, err)
			must(t, s.VerifyWithLabel(pub, c.Sign.Label, c.Sign.Content, signature))

			e := c.Encrypt
			got, err := s.DecryptWithLabel(suite.Secret(e.Priv), e.Label, e.Context, suite.Ciphertext{KEMOutput: e.KEMOutput, Ciphertext: e.Ciphertext})
			must(t, err)
			equal(t, "DecryptWithLabel", got, e.Plaintext)
			sealed, err := s.EncryptWithLabel(e.Pub, e.Label, e.Context, e.Plaintext)
			must(t, err)
			got, err = s.DecryptWithLabel(suite.Secret(e.Priv), e.Label, e.Context, sealed)
			must(t, err)
			equal(t, "EncryptWithLabel", got, e.Plaintext)
		}
		suites.Report(t)
	})
}

func TestKeySchedule(t *testing.T) {
	eachSet(t, func(t *testing.T, set string) {
		var cases []struct {
			Suite   suite.ID `json:"cipher_suite"`
			GroupID Hex      `json:"group_id"`
			Initial Hex      `json:"initial_init_secret"`
			Epochs  []struct {
				Commit        Hex `json:"commit_secret"`
				PSK           Hex `json:"psk_secret"`
				Transcript    Hex `json:"confirmed_transcript_hash"`
				TreeHash      Hex `json:"tree_hash"`
				Context       Hex `json:"group_context"`
				Joiner        Hex `json:"joiner_secret"`
				Welcome       Hex `json:"welcome_secret"`
				Init          Hex `json:"init_secret"`
				SenderData    Hex `json:"sender_data_secret"`
				Encryption    Hex `json:"encryption_secret"`
				ExporterKey   Hex `json:"exporter_secret"`
				Authenticator Hex `json:"epoch_authenticator"`
				External      Hex `json:"external_secret"`
				Confirmation  Hex `json:"confirmation_key"`
				Membership    Hex `json:"membership_key"`
				Resumption    Hex `json:"resumption_psk"`
				ExternalPub   Hex `json:"external_pub"`
				Exporter      struct {
					Label           string
					Context, Secret Hex
					Length          int
				}
			}
		}
		Load(t, set, "key-schedule.json", &cases)
		var suites Suites
		for _, c := range cases {
			s := suites.Lookup(c.Suite)
			if s == nil {
				continue
			}
			init := suite.Secret(c.Initial)
			for i, e := range c.Epochs {
				context := codec.Marshal(&schedule.GroupContext{Suite: c.Suite, GroupID: c.GroupID, Epoch: uint64(i), TreeHash: e.TreeHash, TranscriptHash: e.Transcript})
				equal(t, "group context", context, e.Context)
				joiner := schedule.Joiner(s, init, suite.Secret(e.Commit), context)
				equal(t, "joiner", joiner, e.Joiner)
				equal(t, "welcome", schedule.Welcome(s, joiner, suite.Secret(e.PSK)), e.Welcome)
				got := schedule.NewEpoch(s, joiner, suite.Secret(e.PSK), context)
				equal(t, "init", got.Init, e.Init)
				equal(t, "sender data", got.SenderData, e.SenderData)
				equal(t, "encryption", got.Encryption, e.Encryption)
				equal(t, "exporter", got.Exporter, e.ExporterKey)
				equal(t, "authenticator", got.Authenticator, e.Authenticator)
				equal(t, "external", got.External, e.External)
				equal(t, "confirmation", got.Confirmation, e.Confirmation)
				equal(t, "membership", got.Membership, e.Membership)
				equal(t, "resumption", got.Resumption, e.Resumption)
				pair, err := got.ExternalKey(s)
				must(t, err)
				equal(t, "external_pub", pair.Public, e.ExternalPub)
				out, err := got.Export(s, e.Exporter.Label, e.Exporter.Context, e.Exporter.Length)
				must(t, err)
				equal(t, "export", out, e.Exporter.Secret)
				init = got.Init
			}
		}
		suites.Report(t)
	})
}

func TestPSKSecret(t *testing.T) {
	eachSet(t, func(t *testing.T, set string) {
		var cases []struct {
			Suite suite.ID `json:"cipher_suite"`
			PSKs  []struct {
				ID    Hex `json:"psk_id"`
				PSK   Hex `json:"psk"`
				Nonce Hex `json:"psk_nonce"`
			} `json:"psks"`
			Secret Hex `json:"psk_secret"`
		}
		Load(t, set, "psk_secret.json", &cases)
		var suites Suites
		for _, c := range cases {
			s := suites.Lookup(c.Suite)
			if s == nil {
				continue
			}
			var ids []schedule.PSKID
			var psks []suite.Secret
			for _, p := range c.PSKs {
				ids = append(ids, schedule.PSKID{Type: schedule.PSKExternal, ID: p.ID, PSKNonce: p.Nonce})
				psks = append(psks, suite.Secret(p.PSK))
			}
			equal(t, "psk_secret", schedule.CombinePSKs(s, ids, psks), c.Secret)
		}
		suites.Report(t)
	})
}

func TestTranscriptHashes(t *testing.T) {
	eachSet(t, func(t *testing.T, set string) {
		var cases []struct {
			Suite     suite.ID `json:"cipher_suite"`
			Key       Hex      `json:"confirmation_key"`
			Content   Hex      `json:"authenticated_content"`
			Before    Hex      `json:"interim_transcript_hash_before"`
			Confirmed Hex      `json:"confirmed_transcript_hash_after"`
			Interim   Hex      `json:"interim_transcript_hash_after"`
		}
		Load(t, set, "transcript-hashes.json", &cases)
		var suites Suites
		for _, c := range cases {
			s := suites.Lookup(c.Suite)
			if s == nil {
				continue
			}
			var a framing.Authenticated
			must(t, codec.Unmarshal(c.Content, &a))
			equal(t, "re-encoded", codec.Marshal(&a), c.Content)
			confirmed := a.ConfirmedTranscript(s, c.Before)
			equal(t, "confirmed", confirmed, c.Confirmed)
			equal(t, "tag", s.MAC(suite.Secret(c.Key), confirmed), a.ConfirmationTag)
			equal(t, "interim", framing.InterimTranscript(s, confirmed, a.ConfirmationTag), c.Interim)
		}
		suites.Report(t)
	})
}

func TestSecretTree(t *testing.T) {
	eachSet(t, func(t *testing.T, set string) {
		var cases []struct {
			Suite      suite.ID `json:"cipher_suite"`
			Encryption Hex      `json:"encryption_secret"`
			SenderData struct {
				Secret     Hex `json:"sender_data_secret"`
				Ciphertext Hex
				Key, Nonce Hex
			} `json:"sender_data"`
			Leaves [][]struct {
				Generation       uint32
				ApplicationKey   Hex `json:"application_key"`
				ApplicationNonce Hex `json:"application_nonce"`
				HandshakeKey     Hex `json:"handshake_key"`
				HandshakeNonce   Hex `json:"handshake_nonce"`
			}
		}
		Load(t, set, "secret-tree.json", &cases)
		var suites Suites
		for _, c := range cases {
			s := suites.Lookup(c.Suite)
			if s == nil {
				continue
			}
			key, nonce := schedule.SenderDataKey(s, suite.Secret(c.SenderData.Secret), c.SenderData.Ciphertext)
			equal(t, "sender data key", key, c.SenderData.Key)
			equal(t, "sender data nonce", nonce, c.SenderData.Nonce)
			secrets := schedule.NewSecretTree(s, tree.Width(uint32(len(c.Leaves))), suite.Secret(c.Encryption))
			for leaf, generations := range c.Leaves {
				for _, g := range generations {
					for kind, want := range map[schedule.Kind][2]Hex{
						schedule.Handshake:   {g.HandshakeKey, g.HandshakeNonce},
						schedule.Application: {g.ApplicationKey, g.ApplicationNonce},
					} {
						lease, err := secrets.Lease(tree.LeafIndex(leaf), kind, g.Generation)
						must(t, err)
						equal(t, "message key", lease.Key, want[0])
						equal(t, "message nonce", lease.Nonce, want[1])
						lease.Use()
						if _, err := secrets.Lease(tree.LeafIndex(leaf), kind, g.Generation); err == nil {
							t.Fatal("a used key was given out again")
						}
					}
				}
			}
		}
		suites.Report(t)
	})
}
