package vectors

import (
	"testing"

	"conclave/keys/mls/internal/codec"
	"conclave/keys/mls/internal/framing"
	"conclave/keys/mls/internal/schedule"
	"conclave/keys/mls/internal/suite"
	"conclave/keys/mls/internal/tree"
)

func TestMessagesRoundTrip(t *testing.T) {
	var cases []map[string]Hex
	Load(t, Official, "messages.json", &cases)
	s, err := suite.Lookup(suite.X25519AES128)
	must(t, err)
	bodies := map[string]framing.ProposalType{
		"add_proposal": framing.ProposalAdd, "update_proposal": framing.ProposalUpdate,
		"remove_proposal": framing.ProposalRemove, "pre_shared_key_proposal": framing.ProposalPSK,
		"re_init_proposal": framing.ProposalReInit, "external_init_proposal": framing.ProposalExternalInit,
		"group_context_extensions_proposal": framing.ProposalGroupContextExtensions,
	}
	run := 0
	for i, c := range cases {
		for name, raw := range c {
			var got []byte
			var err error
			switch body, isProposal := bodies[name]; {
			case isProposal:
				p := framing.Proposal{Type: body}
				r := codec.NewReader(raw)
				p.DecodeBody(r)
				err = r.Done()
				var w codec.Writer
				p.EncodeBody(&w)
				got = w.Bytes()
			case name == "ratchet_tree":
				var tr *tree.Tree
				if tr, err = tree.Parse(s, raw); err == nil {
					got = codec.Marshal(tr)
				}
			case name == "group_secrets":
				v := new(framing.GroupSecrets)
				err = codec.Unmarshal(raw, v)
				got = codec.Marshal(v)
			case name == "commit":
				v := new(framing.Commit)
				err = codec.Unmarshal(raw, v)
				got = codec.Marshal(v)
			default:
				var m *framing.Message
				if m, err = framing.ParseMessage(raw); err == nil {
					got = codec.Marshal(m)
				}
			}
			if err != nil {
				t.Fatalf("case %d, %s: %v", i, name, err)
			}
			equal(t, name, got, raw)
			run++
		}
	}
	t.Logf("%d structures", run)
}

func TestWelcome(t *testing.T) {
	eachSet(t, func(t *testing.T, set string) {
		var cases []struct {
			Suite      suite.ID `json:"cipher_suite"`
			InitPriv   Hex      `json:"init_priv"`
			KeyPackage Hex      `json:"key_package"`
			SignerPub  Hex      `json:"signer_pub"`
			Welcome    Hex
		}
		Load(t, set, "welcome.json", &cases)
		var suites Suites
		for _, c := range cases {
			s := suites.Lookup(c.Suite)
			if s == nil {
				continue
			}
			kp, err := framing.ParseKind(c.KeyPackage, framing.WireKeyPackage)
			must(t, err)
			m, err := framing.ParseKind(c.Welcome, framing.WireWelcome)
			must(t, err)
			secrets, err := m.Welcome.OpenSecrets(s, kp.KeyPackage.Ref(s), suite.Secret(c.InitPriv))
			must(t, err)
			info, err := m.Welcome.OpenGroupInfo(s, secrets.Joiner, s.Zero())
			must(t, err)
			must(t, info.Verify(s, c.SignerPub))
			epoch := schedule.NewEpoch(s, secrets.Joiner, s.Zero(), codec.Marshal(&info.Context))
			equal(t, "confirmation tag", s.MAC(epoch.Confirmation, info.Context.TranscriptHash), info.ConfirmationTag)
		}
		suites.Report(t)
	})
}

func TestMessageProtection(t *testing.T) {
	eachSet(t, func(t *testing.T, set string) {
		var cases []struct {
			Suite           suite.ID `json:"cipher_suite"`
			GroupID         Hex      `json:"group_id"`
			Epoch           uint64
			TreeHash        Hex `json:"tree_hash"`
			Transcript      Hex `json:"confirmed_transcript_hash"`
			SignaturePriv   Hex `json:"signature_priv"`
			SignaturePub    Hex `json:"signature_pub"`
			Encryption      Hex `json:"encryption_secret"`
			SenderData      Hex `json:"sender_data_secret"`
			Membership      Hex `json:"membership_key"`
			Proposal        Hex
			ProposalPriv    Hex `json:"proposal_priv"`
			ProposalPub     Hex `json:"proposal_pub"`
			Commit          Hex
			CommitPriv      Hex `json:"commit_priv"`
			CommitPub       Hex `json:"commit_pub"`
			Application     Hex
			ApplicationPriv Hex `json:"application_priv"`
		}
		Load(t, set, "message-protection.json", &cases)
		var suites Suites
		for _, c := range cases {
			s := suites.Lookup(c.Suite)
			if s == nil {
				continue
			}
			context := codec.Marshal(&schedule.GroupContext{Suite: c.Suite, GroupID: c.GroupID, Epoch: c.Epoch, TreeHash: c.TreeHash, TranscriptHash: c.Transcript})
			keys := func() *schedule.SecretTree { return schedule.NewSecretTree(s, 2, suite.Secret(c.Encryption).Clone()) }
			openPublic := func(raw []byte) *framing.Authenticated {
				m, err := framing.ParseKind(raw, framing.WirePublic)
				must(t, err)
				must(t, m.Public.CheckMembership(s, suite.Secret(c.Membership), context))
				must(t, m.Public.Verify(s, c.SignaturePub, context))
				return &m.Public.Authenticated
			}
			openPrivate := func(raw []byte) *framing.Authenticated {
				m, err := framing.ParseKind(raw, framing.WirePrivate)
				must(t, err)
				a, _, err := m.Private.Decrypt(s, keys(), suite.Secret(c.SenderData), 0)
				must(t, err)
				must(t, a.Verify(s, c.SignaturePub, context))
				return a
			}
			body := func(a *framing.Authenticated) []byte {
				switch a.Content.Type {
				case framing.ContentApplication:
					return a.Content.Application
				case framing.ContentProposal:
					return codec.Marshal(a.Content.Proposal)
				default:
					return codec.Marshal(a.Content.Commit)
				}
			}
			equal(t, "public proposal", body(openPublic(c.ProposalPub)), c.Proposal)
			equal(t, "private proposal", body(openPrivate(c.ProposalPriv)), c.Proposal)
			equal(t, "public commit", body(openPublic(c.CommitPub)), c.Commit)
			equal(t, "private commit", body(openPrivate(c.CommitPriv)), c.Commit)
			equal(t, "private application", body(openPrivate(c.ApplicationPriv)), c.Application)

			signer, err := s.ParseSigner(suite.Secret(c.SignaturePriv))
			must(t, err)
			for raw, kind := range map[string]framing.ContentType{
				string(c.Proposal): framing.ContentProposal, string(c.Commit): framing.ContentCommit, string(c.Application): framing.ContentApplication,
			} {
				a := &framing.Authenticated{Content: framing.Content{
					GroupID: c.GroupID, Epoch: c.Epoch, Type: kind,
					Sender: framing.Sender{Type: framing.SenderMember, Leaf: 1},
				}}
				switch kind {
				case framing.ContentApplication:
					a.Content.Application = []byte(raw)
				case framing.ContentProposal:
					a.Content.Proposal = new(framing.Proposal)
					must(t, codec.Unmarshal([]byte(raw), a.Content.Proposal))
				case framing.ContentCommit:
					a.ConfirmationTag = make([]byte, s.HashSize())
					a.Content.Commit = new(framing.Commit)
					must(t, codec.Unmarshal([]byte(raw), a.Content.Commit))
				}
				a.Wire = framing.WirePrivate
				must(t, a.Sign(s, signer, context))
				private, err := a.Encrypt(s, keys(), suite.Secret(c.SenderData), 64)
				must(t, err)
				equal(t, "our private message", body(openPrivate(codec.Marshal(&framing.Message{Wire: framing.WirePrivate, Private: private}))), []byte(raw))
				if kind == framing.ContentApplication {
					continue
				}
				a.Wire = framing.WirePublic
				must(t, a.Sign(s, signer, context))
				public := a.Protect(s, suite.Secret(c.Membership), context)
				equal(t, "our public message", body(openPublic(codec.Marshal(&framing.Message{Wire: framing.WirePublic, Public: public}))), []byte(raw))
			}
		}
		suites.Report(t)
	})
}
