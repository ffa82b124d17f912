package mls

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"testing"
	"time"

	"conclave/keys/mls/internal/codec"
	"conclave/keys/mls/internal/suite"
	"conclave/keys/mls/internal/vectors"
)

var update = flag.Bool("update", false, "write testdata/meeting.json anew")

const fixturePath = "testdata/meeting.json"

// fixture is a meeting with fixed keys, and messages that are true in it. Fuzzing
// runs in several processes: were the keys made afresh in each, the messages of one
// would be false in all the others.
type fixture struct {
	Time     int64
	Seeds    []hexBytes // of the members' signing keys
	States   []hexBytes
	Joiner   hexBytes // seed of somebody outside
	Messages map[string]hexBytes
}

type hexBytes = vectors.Hex

func (f *fixture) config(seed []byte) Config {
	return Config{
		Suite: X25519AES128, Signer: ed25519.NewKeyFromSeed(seed),
		Credential: BasicCredential([]byte("somebody")),
		Verify:     func(Credential, []byte) error { return nil },
		Successor:  func(_, _ Credential) error { return nil },
		PSK:        func(id []byte) ([]byte, error) { return append([]byte("key of "), id...), nil },
		Now:        func() time.Time { return time.Unix(f.Time, 0) },
		Extensions: []ExtensionType{privateExtension},
	}
}

// member restores one of the members.
func (f *fixture) member(t testing.TB, i int) *Group {
	t.Helper()
	s, err := suite.Lookup(X25519AES128)
	must(t, err)
	r := codec.NewReader(f.States[i])
	g := &Group{config: f.config(f.Seeds[i]), now: decodeState(s, r)}
	for r.Err() == nil && r.Len() > 0 {
		g.past = append(g.past, decodePast(s, r))
	}
	must(t, r.Err())
	return g
}

func readFixture(t testing.TB) *fixture {
	t.Helper()
	b, err := os.ReadFile(fixturePath)
	must(t, err)
	f := new(fixture)
	must(t, json.Unmarshal(b, f))
	return f
}

// TestFixture checks that the messages of the fixture are still true, which a
// change of the formats would end: then run it with -update.
func TestFixture(t *testing.T) {
	if *update {
		writeFixture(t)
	}
	f := readFixture(t)
	for name, m := range f.Messages {
		g := f.member(t, 1)
		_, err := g.Handle(m)
		if (err != nil) != (name == "group info" || name == "key package") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(f.Messages) < 12 {
		t.Errorf("only %d messages", len(f.Messages))
	}
}

func writeFixture(t *testing.T) {
	f := &fixture{Time: time.Now().Unix(), Messages: make(map[string]hexBytes)}
	seed := func() []byte {
		b := make([]byte, ed25519.SeedSize)
		_, err := rand.Read(b)
		must(t, err)
		return b
	}
	f.Joiner = seed()
	service := ed25519.NewKeyFromSeed(seed())
	var groups []*Group
	for i := range 4 {
		f.Seeds = append(f.Seeds, seed())
		c := f.config(f.Seeds[i])
		if i == 0 {
			key := []byte(service.Public().(ed25519.PublicKey))
			groups = append(groups, create(t, c, ExternalSendersExtension([]ExternalSender{{SignatureKey: key, Credential: BasicCredential([]byte("service"))}})))
			continue
		}
		groups = append(groups, admit(t, groups[0], c, groups[1:]...))
	}
	commit(t, groups[2], CommitOptions{}, others(groups, groups[2])...)
	save := func(name string, m []byte, err error) {
		must(t, err)
		f.Messages[name] = m
	}
	for _, g := range groups {
		f.States = append(f.States, snapshot(g))
	}
	outside := f.config(f.Joiner)
	k, err := NewKeyPackage(outside)
	must(t, err)
	save("key package", k.Message(), nil)
	from := func() *Group { return f.member(t, 0) }
	m, err := from().Protect([]byte("hello"), []byte("aad"))
	save("application", m, err)
	m, err = from().ProposeUpdate()
	save("update", m, err)
	m, err = from().ProposeAdd(k.Message())
	save("add", m, err)
	m, err = from().ProposeRemove(3)
	save("remove", m, err)
	m, err = from().ProposePSK([]byte("id"))
	save("psk", m, err)
	m, err = from().ProposeExtensions(Extensions{RequiredCapabilitiesExtension(RequiredCapabilities{Extensions: []ExtensionType{privateExtension}}), {Type: privateExtension, Data: []byte("x")}})
	save("extensions", m, err)
	for name, o := range map[string]CommitOptions{
		"empty commit": {}, "commit with remove": {Remove: []LeafIndex{3}}, "commit with add": {Add: [][]byte{k.Message()}},
		"commit with psk": {PSK: [][]byte{[]byte("id")}, WithoutPath: true},
		"last commit":     {Remove: []LeafIndex{1}},
	} {
		staged, err := from().Commit(o)
		must(t, err)
		save(name, staged.Message(), nil)
	}
	private := from()
	private.SetEncryptHandshake(true)
	staged, err := private.Commit(CommitOptions{})
	must(t, err)
	save("private commit", staged.Message(), nil)
	private = from()
	private.SetEncryptHandshake(true)
	m, err = private.ProposeUpdate()
	save("private update", m, err)
	info, err := from().GroupInfo(true)
	save("group info", info, err)
	_, m, err = JoinExternal(outside, info, ExternalOptions{})
	save("external commit", m, err)
	m, err = ExternalProposer{Suite: X25519AES128, Signer: service, GroupID: []byte("meeting")}.ProposeRemove(groups[0].Epoch(), 2)
	save("external remove", m, err)
	b, err := json.MarshalIndent(f, "", " ")
	must(t, err)
	must(t, os.WriteFile(fixturePath, b, 0o644))
	fmt.Println("wrote", fixturePath)
}
