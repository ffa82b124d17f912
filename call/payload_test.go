package call

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"conclave/call/wire"
	"conclave/keys"
)

func samplePayloads(t testing.TB) []Payload {
	t.Helper()
	p := newPlay(t, 1)
	return []Payload{
		Text{"hello\nthere ✓"},
		Heartbeat{[32]byte{1, 2}, time.UnixMilli(1_800_000_000_123).UTC(), 7, [32]byte{3}, 5},
		Present{Says: Wants{Mic: true, Hand: true}},
		Present{},
		Bye{},
		React{ReactionMost},
		Lower{},
		Lower{key(2)},
		Statement{Sequence: 1, Rules: OpenRules()},
		Statement{
			Sequence: 9, Rules: Rules{Chat: true, Suspended: true}, All: Marks{Mic: 9, Share: 2},
			Stops:  []Stop{{key(1), Marks{Mic: 3}}, {key(2), Marks{1, 2, 3}}},
			Voices: []keys.PublicKey{key(3), key(1)},
		},
		Names{[]keys.NameStatement{p.name(1, "Bob"), p.name(2, "Carol Ω")}},
	}
}

func TestPayloadsComeBack(t *testing.T) {
	for _, p := range samplePayloads(t) {
		data, err := EncodePayload(p)
		if err != nil {
			t.Fatal(err)
		}
		got, err := DecodePayload(data)
		if err != nil || !reflect.DeepEqual(got, p) {
			t.Errorf("%T: got %v, %v from %s", p, got, err, data)
		}
	}
}

func TestPayloadRefusals(t *testing.T) {
	for name, text := range map[string]string{
		"empty":              ``,
		"nothing":            `{}`,
		"not an object":      `[]`,
		"two kinds":          `{"bye":true,"text":"x"}`,
		"unknown field":      `{"bye":true,"more":1}`,
		"bye that is not":    `{"bye":false}`,
		"text after it":      `{"bye":true} {"bye":true}`,
		"bytes after it":     `{"bye":true}x`,
		"bracket after it":   `{"bye":true}]`,
		"empty text":         `{"text":""}`,
		"untrimmed text":     `{"text":" x"}`,
		"bidi override":      `{"text":"a\u202eb"}`,
		"control character":  `{"text":"a\u0007b"}`,
		"long text":          `{"text":"` + strings.Repeat("x", ChatRunes+1) + `"}`,
		"short roster":       `{"heartbeat":{"roster":"AAAA","at":1}}`,
		"no history":         `{"heartbeat":{"roster":"AQIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=","at":1}}`,
		"no roster":          `{"heartbeat":{"at":1}}`,
		"name not a name":    `{"names":["AAAA"]}`,
		"empty names":        `{"names":[]}`,
		"wrong type":         `{"text":1}`,
		"present not object": `{"present":true}`,
		"reaction of none":   `{"react":0}`,
		"unknown reaction":   `{"react":7}`,
		"negative reaction":  `{"react":-1}`,
		"short key":          `{"lower":"AAAA"}`,
		"rules of nothing":   `{"rules":{}}`,
		"rules without all":  `{"rules":{"sequence":1}}`,
		"rules, two numbers": `{"rules":{"sequence":1,"all":[0,0]}}`,
		"rules, four":        `{"rules":{"sequence":1,"all":[0,0,0,0]}}`,
		"rules number 0":     `{"rules":{"sequence":0,"all":[0,0,0]}}`,
		"rules beyond exact": `{"rules":{"sequence":9007199254740992,"all":[0,0,0]}}`,
		"stop of the future": `{"rules":{"sequence":1,"all":[2,0,0]}}`,
		"stop of a part":     `{"rules":{"sequence":1,"all":[0,0,0],"stops":["AAAA"]}}`,
		"part of a voice":    `{"rules":{"sequence":1,"all":[0,0,0],"voices":"AAAA"}}`,
		"voice twice":        `{"rules":{"sequence":1,"all":[0,0,0],"voices":"` + base64.StdEncoding.EncodeToString(make([]byte, 64)) + `"}}`,
		"nested unknown":     `{"present":{"mic":true,"spy":true}}`,
		"too large":          `{"text":"` + strings.Repeat("x", MaxPayload) + `"}`,
	} {
		if p, err := DecodePayload([]byte(text)); !errors.Is(err, ErrPayload) {
			t.Errorf("%s: accepted as %v, %v", name, p, err)
		}
	}
}

// The longest bundle of names fits into one message of the service, sealed.
func TestLongestNamesFit(t *testing.T) {
	var names Names
	for range maxNames {
		n, err := cast[1].SignName(keys.MeetingID{1}, 1, strings.Repeat("𝒳", keys.MaxNameRunes))
		if err != nil {
			t.Fatal(err)
		}
		names.Statements = append(names.Statements, n)
	}
	data, err := EncodePayload(names)
	if err != nil {
		t.Fatal(err)
	}
	const mlsOverhead = 1 << 10
	if len(data)+mlsOverhead > wire.MaxSaid {
		t.Errorf("%d bytes leave no room for sealing in %d", len(data), wire.MaxSaid)
	}
	if _, err := DecodePayload(data); err != nil {
		t.Error(err)
	}
	names.Statements = append(names.Statements, names.Statements[0])
	if data, err = EncodePayload(names); err == nil {
		if _, err := DecodePayload(data); err == nil {
			t.Error("one name too many is accepted")
		}
	}
}

func TestCleanText(t *testing.T) {
	for _, row := range []struct {
		name, in, out string
		ok            bool
	}{
		{"plain", "hello", "hello", true},
		{"trimmed", "  hello \n", "hello", true},
		{"windows lines", "a\r\nb", "a\nb", true},
		{"tab", "a\tb", "a\tb", true},
		{"emoji with joiner", "👩‍👩‍👧", "👩‍👩‍👧", true},
		{"empty", "", "", false},
		{"only space", " \n\t ", "", false},
		{"longest", strings.Repeat("é", ChatRunes), strings.Repeat("é", ChatRunes), true},
		{"too long", strings.Repeat("é", ChatRunes+1), "", false},
		{"broken UTF-8", "a\xffb", "", false},
		{"bell", "a\ab", "", false},
		{"lone return", "a\rb", "", false},
		{"escape", "\x1b[31mred", "", false},
		{"C1 control", "a\u0085b", "", false},
		{"delete", "a\x7fb", "", false},
		{"override", "a\u202eb", "", false},
		{"isolate", "a\u2066b", "", false},
	} {
		if got, ok := CleanText(row.in); got != row.out || ok != row.ok {
			t.Errorf("%s: got %q, %v; want %q, %v", row.name, got, ok, row.out, row.ok)
		}
	}
}

// FuzzDecodePayload: what is accepted can be sent, and means the same.
func FuzzDecodePayload(f *testing.F) {
	for _, p := range samplePayloads(f) {
		data, err := EncodePayload(p)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte(`{"names":["AAAA"]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := DecodePayload(data)
		if err != nil {
			return
		}
		again, err := EncodePayload(p)
		if err != nil {
			if len(data) > MaxPayload/8 { // JSON escapes may be longer than they were
				return
			}
			t.Fatalf("accepted, but cannot be sent: %v", err)
		}
		back, err := DecodePayload(again)
		if err != nil || !reflect.DeepEqual(p, back) {
			t.Fatalf("changed by sending: %v, %v", err, back)
		}
		if !json.Valid(again) || bytes.ContainsRune(again, '\n') {
			t.Fatal("not one line of JSON")
		}
	})
}

// FuzzCleanText: what is clean stays as it is.
func FuzzCleanText(f *testing.F) {
	f.Add("a\r\r\nb")
	f.Add(" x\u00a0")
	f.Fuzz(func(t *testing.T, text string) {
		clean, ok := CleanText(text)
		if !ok {
			return
		}
		if again, ok := CleanText(clean); !ok || again != clean {
			t.Fatalf("%q became %q, then %q (%v)", text, clean, again, ok)
		}
	})
}
