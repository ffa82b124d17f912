package policy

import (
	"bytes"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"conclave/keys"
)

var update = flag.Bool("update", false, "write the golden files")

func preset(t testing.TB, name string) *Policy {
	t.Helper()
	p, err := Preset(name)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestPresetsDecideAsAnnounced(t *testing.T) {
	for _, row := range []struct {
		preset string
		class  keys.Class
		action Action
		want   Decision
	}{
		{"verified-only", keys.ClassEmail, ActionHostE2EE, DecisionRefuse},
		{"verified-only", keys.ClassEmail, ActionJoinE2EE, DecisionRefuse},
		{"verified-only", keys.ClassGuest, ActionJoinE2EE, DecisionRefuse},
		{"verified-only", keys.ClassSeat, ActionHostE2EE, DecisionAllow},
		{"verified-only", keys.ClassEmail, ActionHostTransport, DecisionAllow},
		{"verify-once", keys.ClassEmail, ActionHostE2EE, DecisionRefuse},
		{"verify-once", keys.ClassEmail, ActionJoinE2EE, DecisionAsk},
		{"verify-once", keys.ClassPhone, ActionHostE2EE, DecisionAllow},
		{"verify-once", keys.ClassOrganisation, ActionHostE2EE, DecisionAllow},
		{"verify-once", keys.ClassVoucher, ActionHostE2EE, DecisionAllow},
		{"verify-once", keys.ClassGuest, ActionJoinE2EE, DecisionAsk},
		{"everyone", keys.ClassGuest, ActionHostE2EE, DecisionAllow},
		{"everyone", keys.ClassEmail, ActionHostE2EE, DecisionAllow},
		{"everyone", keys.Class(77), ActionHostE2EE, DecisionRefuse},
		{"everyone", keys.ClassEmail, Action(77), DecisionRefuse},
		{"everyone", keys.ClassNone, ActionHostE2EE, DecisionRefuse},
	} {
		got := preset(t, row.preset).Decide(Subject{Class: row.class}, row.action)
		if got.Decision != row.want {
			t.Errorf("%s: %s %s: got %s, want %s", row.preset, row.class, row.action, got.Decision, row.want)
		}
		if got.Reason == "" || got.Rule == "" {
			t.Errorf("%s: %s %s: no rule or reason", row.preset, row.class, row.action)
		}
	}
	if (*Policy)(nil).Decide(Guest(), ActionJoinE2EE).Decision != DecisionRefuse {
		t.Error("no policy allows")
	}
}

func TestRefusalsSayWhatUnlocks(t *testing.T) {
	p := preset(t, "verify-once")
	for _, c := range keys.Classes() {
		for _, a := range Actions() {
			answer := p.Decide(Subject{Class: c}, a)
			for _, way := range answer.Unlock {
				if better := p.Decide(Subject{Class: way}, a); better.Decision < answer.Decision {
					t.Errorf("%s %s: %s does not unlock", c, a, way)
				}
			}
			if !answer.Allowed() && len(answer.Unlock) == 0 {
				t.Errorf("%s %s: nothing unlocks", c, a)
			}
		}
	}
	if !p.Admits(Subject{Class: keys.ClassEmail}, 100) || p.Admits(Subject{Class: keys.ClassEmail}, 101) {
		t.Error("size limit of e-mail hosts is not 100")
	}
	if p.Admits(Guest(), 1) {
		t.Error("guests host")
	}
}

// change is an edit of verify-once's text.
func change(t testing.TB, from, to string) []byte {
	text := string(preset(t, "verify-once").Text())
	if !strings.Contains(text, from) {
		t.Fatalf("preset lacks %q", from)
	}
	return []byte(strings.Replace(text, from, to, 1))
}

func TestParseErrorsNameTheLine(t *testing.T) {
	for name, row := range map[string]struct {
		data []byte
		line int
		why  string
	}{
		"empty":             {nil, 1, "ends too early"},
		"not JSON":          {[]byte("{\n\n  oops"), 3, "not JSON"},
		"trailing":          {change(t, "\n  ]\n}\n", "\n  ]\n}\n{}"), 0, "more text"},
		"unknown field":     {change(t, `"name": "verify-once",`, `"name": "verify-once", "extra": 1,`), 3, `"extra"`},
		"doubled field":     {change(t, `"version": 1,`, "\"version\": 1,\n  \"version\": 2,"), 5, "twice"},
		"missing field":     {change(t, `  "version": 1,`+"\n", ""), 1, `"version"`},
		"format":            {change(t, "conclave-policy/1", "conclave-policy/2"), 2, "format"},
		"version zero":      {change(t, `"version": 1`, `"version": 0`), 4, "version"},
		"version text":      {change(t, `"version": 1`, `"version": "1"`), 4, "version"},
		"issued":            {change(t, "2026-11-22T00:00:00Z", "22.11.2026"), 5, "issued"},
		"class":             {change(t, `"phone"`, `"telephone"`), 9, "telephone"},
		"class twice":       {change(t, `"phone"`, `"seat"`), 9, "twice"},
		"action":            {change(t, `"host-e2ee"`, `"rule-world"`), 10, "rule-world"},
		"decision":          {change(t, `"decision": "allow"`, `"decision": "maybe"`), 11, "decision"},
		"no reason":         {change(t, "Somebody has verified who you are, once and in any of the ways there are.", ""), 12, "reason"},
		"bidi reason":       {change(t, "Somebody has", "Some\u202ebody has"), 12, "reason"},
		"limit too large":   {change(t, `"limit": 1000`, `"limit": 1000001`), 19, "limit"},
		"limit fraction":    {change(t, `"limit": 1000`, `"limit": 1.5`), 19, "limit"},
		"limit missing":     {change(t, `      "limit": 1000,`+"\n", ""), 14, "limit is missing"},
		"limit on record":   {change(t, `"decision": "allow",`, `"decision": "allow", "limit": 3,`), 11, "only for size"},
		"id twice":          {change(t, `"verified-size"`, `"verified-people"`), 15, "another rule"},
		"id in capitals":    {change(t, `"verified-size"`, `"Verified"`), 15, "id:"},
		"overlap":           {change(t, `"classes": ["email"]`, `"classes": ["email", "phone"]`), 0, "already"},
		"gap":               {change(t, `"classes": ["phone", "organisation"`, `"classes": ["phone"`), 6, "no rule for class organisation"},
		"carriage return":   {[]byte("{\r\n}"), 1, "line ends"},
		"too long":          {bytes.Repeat([]byte(" "), maxFile+1), 1, "64 KiB"},
		"too deep":          {[]byte(strings.Repeat("[", 20)), 1, "deep"},
		"rules not a list":  {[]byte(`{"format":"conclave-policy/1","name":"a","version":1,"issued":"2026-11-22T00:00:00Z","rules":3}`), 1, "rules"},
		"list of no object": {[]byte(`{"format":"conclave-policy/1","name":"a","version":1,"issued":"2026-11-22T00:00:00Z","rules":[3]}`), 1, "braces"},
	} {
		_, err := Parse(row.data)
		var syntax *SyntaxError
		if !errors.As(err, &syntax) {
			t.Errorf("%s: got %v, want a syntax error", name, err)
			continue
		}
		if row.line != 0 && syntax.Line != row.line || !strings.Contains(syntax.Why, row.why) {
			t.Errorf("%s: got line %d %q, want line %d %q", name, syntax.Line, syntax.Why, row.line, row.why)
		}
	}
}

func TestSignedPolicyIsBoundToItsKey(t *testing.T) {
	p := preset(t, "verify-once")
	signKey, verifyKey, _ := note.GenerateKey(rand.Reader, "policy.service.example")
	signer, _ := note.NewSigner(signKey)
	verifier, _ := note.NewVerifier(verifyKey)
	_, otherKey, _ := note.GenerateKey(rand.Reader, "policy.service.example")
	other, _ := note.NewVerifier(otherKey)
	signed, err := Sign(p, signer)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Open(signed, verifier)
	if err != nil || got.Hash() != p.Hash() {
		t.Fatalf("open: %v", err)
	}
	if _, err := Open(signed, other); !errors.Is(err, ErrSignature) {
		t.Errorf("another key: %v", err)
	}
	if _, err := Open(bytes.Replace(signed, []byte("refuse"), []byte("allow"), 1), verifier); !errors.Is(err, ErrSignature) {
		t.Errorf("changed text: %v", err)
	}
	if again, err := Parse(textOf(signed)); err != nil || again.Hash() != p.Hash() {
		t.Errorf("text of a signed policy: %v", err)
	}
}

func TestPolicyVersionsOnlyGrow(t *testing.T) {
	one := preset(t, "verify-once")
	two, err := one.Edited("house-rules", 2, "2026-12-01T00:00:00Z")
	if err != nil {
		t.Fatal(err)
	}
	if two.Name != "house-rules" || two.Version != 2 || two.Hash() == one.Hash() {
		t.Errorf("edited: %s %d", two.Name, two.Version)
	}
	for name, row := range map[string]struct {
		known, next *Policy
		want        error
	}{
		"first":    {nil, one, nil},
		"same":     {one, one, nil},
		"newer":    {one, two, nil},
		"rollback": {two, one, ErrRollback},
		"swapped":  {one, preset(t, "everyone"), ErrSwapped},
	} {
		if err := Replace(row.known, row.next); !errors.Is(err, row.want) {
			t.Errorf("%s: got %v, want %v", name, err, row.want)
		}
	}
}

func TestMeetingTermsCannotBeSwapped(t *testing.T) {
	p, free := preset(t, "verify-once"), preset(t, "everyone")
	terms := Terms{Policy: p.Hash(), Demand: Demand{VerifiedOnly: true}}
	hash := terms.Hash()
	back, err := ParseTerms(terms.Encode())
	if err != nil || back != terms {
		t.Fatalf("terms: %v", err)
	}
	if _, err := Bind(hash, back, p); err != nil {
		t.Fatal(err)
	}
	for name, row := range map[string]struct {
		hash  [32]byte
		terms Terms
		p     *Policy
	}{
		"another policy":  {hash, terms, free},
		"policy in terms": {hash, Terms{Policy: free.Hash(), Demand: terms.Demand}, free},
		"demand dropped":  {hash, Terms{Policy: p.Hash()}, p},
		"no policy":       {hash, terms, nil},
		"no hash":         {[32]byte{}, Terms{}, p},
	} {
		if _, err := Bind(row.hash, row.terms, row.p); !errors.Is(err, ErrTerms) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestDemandOnlyMakesStricter(t *testing.T) {
	school := Subject{Class: keys.ClassOrganisation, Organisation: "school.example"}
	other := Subject{Class: keys.ClassOrganisation, Organisation: "other.example"}
	phone, email := Subject{Class: keys.ClassPhone}, Subject{Class: keys.ClassEmail}
	pretender := Subject{Class: keys.ClassEmail, Organisation: "school.example"}
	for _, name := range Presets() {
		p := preset(t, name)
		for _, d := range []Demand{{}, {VerifiedOnly: true}, {Organisation: "school.example"}} {
			m, err := Bind(Terms{p.Hash(), d}.Hash(), Terms{p.Hash(), d}, p)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range []Subject{school, other, phone, email, pretender, Guest()} {
				for _, a := range Actions() {
					if m.Decide(s, a).Decision > p.Decide(s, a).Decision {
						t.Errorf("%s: demand %+v gives %s more of %s", name, d, s.Class, a)
					}
				}
			}
			join := func(s Subject) bool { return m.Decide(s, ActionJoinE2EE).Decision != DecisionRefuse }
			if d.Organisation != "" && (join(other) || join(phone) || join(email) || join(pretender) || !join(school)) {
				t.Errorf("%s: organisation demand lets the wrong people in", name)
			}
			if d.VerifiedOnly && (join(email) || join(Guest()) || !join(phone)) {
				t.Errorf("%s: verified-only demand lets the wrong people in", name)
			}
		}
	}
}

func TestCommandOutput(t *testing.T) {
	read := func(string) ([]byte, error) { return nil, os.ErrNotExist }
	for name, args := range map[string][]string{
		"explain-email-host":  {"explain", "--class", "email", "--action", "host-e2ee"},
		"explain-guest-size":  {"explain", "--policy", "verified-only", "--class", "guest", "--action", "size"},
		"explain-seat-record": {"explain", "--class", "seat", "--action", "record"},
		"diff-loosen":         {"diff", "verify-once", "everyone"},
		"diff-tighten":        {"diff", "verify-once", "verified-only"},
	} {
		var out bytes.Buffer
		if err := Command(args, &out, read); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		golden := filepath.Join("testdata", name+".txt")
		if *update {
			if err := os.WriteFile(golden, out.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if out.String() != string(want) {
			t.Errorf("%s:\n got %s\nwant %s", name, out.String(), want)
		}
	}
	for _, args := range [][]string{nil, {"help"}, {"diff", "everyone"}, {"explain", "--class", "email"}, {"check", "missing.json"}, {"explain", "--bad"}} {
		if err := Command(args, &bytes.Buffer{}, read); err == nil {
			t.Errorf("%v: no error", args)
		}
	}
}

func TestEnumsHaveDistinctNames(t *testing.T) {
	seen := map[string]bool{}
	for _, a := range Actions() {
		got, err := ParseAction(a.String())
		if err != nil || got != a || seen[a.String()] {
			t.Errorf("%d %s: %v", a, a, err)
		}
		seen[a.String()] = true
	}
	for _, s := range []string{"", "invalid", "HOST-E2EE"} {
		if _, err := ParseAction(s); err == nil {
			t.Errorf("action %q accepted", s)
		}
		if _, err := ParseDecision(s); err == nil {
			t.Errorf("decision %q accepted", s)
		}
	}
	if fmt.Sprint(DecisionAsk) != "ask-host" || fmt.Sprint(Decision(9)) != "invalid" || fmt.Sprint(Action(99)) != "invalid" {
		t.Error("names")
	}
}

func FuzzParse(f *testing.F) {
	for _, name := range Presets() {
		f.Add(preset(f, name).Text())
	}
	f.Add([]byte(`{"format":1}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := Parse(data)
		if err != nil {
			return
		}
		for _, c := range keys.Classes() {
			for _, a := range Actions() {
				if answer := p.Decide(Subject{Class: c}, a); answer.Rule == "none" || answer.Reason == "" {
					t.Fatal("a case without a rule")
				}
			}
		}
	})
}

func FuzzParseTerms(f *testing.F) {
	f.Add(Terms{Policy: Hash{1}, Demand: Demand{true, "a.example"}}.Encode())
	f.Fuzz(func(t *testing.T, data []byte) {
		if terms, err := ParseTerms(data); err == nil && !bytes.Equal(terms.Encode(), data) {
			t.Fatal("two encodings of one text")
		}
	})
}
