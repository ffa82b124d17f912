package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"conclave/keys"
)

var (
	anna    = keys.PublicKey{1}
	ben     = keys.PublicKey{2}
	table   = keys.MeetingID{9}
	someKey = bytes.Repeat([]byte{7}, 64)
)

// samples has one valid value of every message.
func samples() []Message {
	return []Message{
		Hello{Version: 1, Device: anna, Signature: someKey},
		Create{Ref: 1, Encoded: []byte("d"), Signature: someKey},
		Look{Ref: 2, Meeting: table},
		Knock{Ref: 3, Meeting: table, KeyPackage: []byte("k"), Sealed: []byte("s")},
		Refuse{Ref: 4, Ticket: 7, Reason: ReasonPasscode},
		Commit{Ref: 5, Epoch: 3, Commit: []byte("c"), Welcome: []byte("w"), Adds: []Ticket{7, 8}, Removes: []keys.PublicKey{ben}},
		Commit{Ref: 5, Epoch: 3, Commit: []byte("c")},
		Say{Ref: 6, Epoch: 0, Message: []byte("m")},
		Lock{Ref: 7, Locked: true},
		Leave{Ref: 8},
		End{Ref: 9},
		Resume{Ref: 10, Meeting: table, After: 12},
		Renew{Ref: 11},
		Challenge{Version: 1, Nonce: make([]byte, NonceSize)},
		Ready{},
		Meeting{Encoded: []byte("d"), Signature: someKey, Locked: true, HostHere: true},
		Waiting{Position: 2, HostHere: true},
		Knocking{Ticket: 7, Device: ben, KeyPackage: []byte("k"), Sealed: []byte("s")},
		Withdrawn{Ticket: 7},
		Refused{Reason: ReasonRefused},
		Joined{Welcome: []byte("w"), Sequence: 4},
		Ordered{Sequence: 4, Epoch: 3, Sender: anna, Commit: []byte("c")},
		Said{Sequence: 5, Epoch: 4, Sender: ben, Message: []byte("m")},
		Roster{Seated: []Seat{{Device: anna, Connected: true}, {Device: ben}}},
		Roster{},
		Gone{Device: ben},
		MediaToken{URL: "ws://127.0.0.1:1/", Token: "t"},
		Locked{Locked: true},
		Removed{},
		Ended{Reason: EndHost},
		Done{Ref: 1},
		Failed{Ref: 1, Code: CodeStale},
	}
}

func decodeAny(text []byte) (Message, error) {
	if m, err := DecodeRequest(text); err == nil {
		return m, nil
	}
	return DecodeNotice(text)
}

func TestEveryMessageSurvivesTheWire(t *testing.T) {
	seen := map[string]bool{}
	for _, want := range samples() {
		seen[want.Type()] = true
		text, err := Encode(want)
		if err != nil {
			t.Fatalf("encode %T: %v", want, err)
		}
		got, err := decodeAny(text)
		if err != nil {
			t.Fatalf("decode %s: %v", text, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", want.Type(), diff)
		}
		// A message of one direction is refused in the other.
		if _, isRequest := want.(Request); isRequest {
			_, err = DecodeNotice(text)
		} else {
			_, err = DecodeRequest(text)
		}
		if !errors.Is(err, ErrMalformed) {
			t.Errorf("%s in the wrong direction: got %v, want ErrMalformed", want.Type(), err)
		}
	}
	for name := range requests {
		if !seen[name] {
			t.Errorf("no sample of request %q", name)
		}
	}
	for name := range notices {
		if !seen[name] {
			t.Errorf("no sample of notice %q", name)
		}
	}
}

func TestDecodingIsStrict(t *testing.T) {
	key, id := anna.String(), table.String()
	rows := []struct{ name, text string }{
		{"empty", ``},
		{"no object", `[]`},
		{"no type", `{"ref":1}`},
		{"type is a number", `{"type":1}`},
		{"unknown type", `{"type":"dance","ref":1}`},
		{"unknown field", `{"type":"leave","ref":1,"x":1}`},
		{"field of another message", `{"type":"leave","ref":1,"locked":true}`},
		{"repeated field", `{"type":"leave","ref":1,"ref":1}`},
		{"repeated type", `{"type":"leave","type":"end","ref":1}`},
		{"other case", `{"type":"leave","Ref":1}`},
		{"escaped twin", `{"type":"leave","ref":1,"\u0072ef":2}`},
		{"null", `{"type":"lock","ref":1,"locked":null}`},
		{"text after", `{"type":"leave","ref":1}{}`},
		{"cut off", `{"type":"leave","ref":1`},
		{"no ref", `{"type":"leave"}`},
		{"negative ref", `{"type":"leave","ref":-1}`},
		{"ref too big", `{"type":"leave","ref":4294967296}`},
		{"ref with a fraction", `{"type":"leave","ref":1.5}`},
		{"ref in quotes", `{"type":"leave","ref":"1"}`},
		{"broken UTF-8", "{\"type\":\"leave\",\"ref\":1,\"\xff\":1}"},
		{"no meeting", `{"type":"look","ref":1}`},
		{"broken meeting", `{"type":"look","ref":1,"meeting":"` + id[1:] + `"}`},
		{"broken base64", `{"type":"say","ref":1,"epoch":1,"message":"*"}`},
		{"empty say", `{"type":"say","ref":1,"epoch":1,"message":""}`},
		{"unknown reason", `{"type":"refuse","ref":1,"ticket":1,"reason":"ugly"}`},
		{"ticket zero", `{"type":"refuse","ref":1,"ticket":0,"reason":"refused"}`},
		{"welcome without adds", `{"type":"commit","ref":1,"epoch":1,"commit":"AA==","welcome":"AA=="}`},
		{"adds without welcome", `{"type":"commit","ref":1,"epoch":1,"commit":"AA==","adds":[1]}`},
		{"repeated add", `{"type":"commit","ref":1,"epoch":1,"commit":"AA==","welcome":"AA==","adds":[1,1]}`},
		{"repeated remove", `{"type":"commit","ref":1,"epoch":1,"commit":"AA==","removes":["` + key + `","` + key + `"]}`},
		{"nested unknown", `{"type":"roster","seated":[{"device":"` + key + `","connected":true,"x":1}]}`},
		{"nested repeated", `{"type":"roster","seated":[{"device":"` + key + `","connected":true,"connected":true}]}`},
		{"too deep", `{"type":"roster","seated":[[[[[[1]]]]]]}`},
		{"roster repeats", `{"type":"roster","seated":[{"device":"` + key + `"},{"device":"` + key + `"}]}`},
		{"unknown code", `{"type":"failed","ref":1,"code":"hungry"}`},
	}
	for _, row := range rows {
		if m, err := decodeAny([]byte(row.text)); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: got %#v, %v; want ErrMalformed", row.name, m, err)
		}
	}
}

func TestLengthLimits(t *testing.T) {
	pad := func(text string, n int) []byte {
		return append([]byte(text), bytes.Repeat([]byte(" "), n-len(text))...)
	}
	leave := `{"type":"leave","ref":1}`
	if _, err := DecodeRequest(pad(leave, MaxPlain)); err != nil {
		t.Errorf("leave of the longest length: %v", err)
	}
	if _, err := DecodeRequest(pad(leave, MaxPlain+1)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("leave over its length: got %v, want ErrTooLarge", err)
	}
	if _, err := DecodeRequest(pad(leave, MaxMessage+1)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("anything over the longest length: got %v, want ErrTooLarge", err)
	}
	most := Commit{
		Ref: 1, Epoch: 1, Commit: make([]byte, MaxCommit), Welcome: make([]byte, MaxWelcome),
	}
	for i := range MaxChanges {
		most.Adds = append(most.Adds, Ticket(1<<63+uint64(i)))
		most.Removes = append(most.Removes, keys.PublicKey{byte(i), 1})
	}
	text, err := Encode(most)
	if err != nil {
		t.Fatalf("the largest commit that the field limits allow: %v", err)
	}
	t.Logf("the largest commit has %d of %d bytes", len(text), MaxMessage)
	most.Commit = append(most.Commit, 0)
	if _, err := Encode(most); !errors.Is(err, ErrMalformed) {
		t.Errorf("a commit over its limit: got %v, want ErrMalformed", err)
	}
	full := Roster{Seated: make([]Seat, MaxSeated)}
	for i := range full.Seated {
		full.Seated[i].Device = keys.PublicKey{1, byte(i), byte(i >> 8)}
	}
	if _, err := Encode(full); err != nil {
		t.Errorf("the largest roster: %v", err)
	}
}

func TestErrorsNeverQuoteTheMessage(t *testing.T) {
	for _, text := range []string{
		`{"type":"sentinel42"}`, `{"type":"leave","sentinel42":1}`,
		`{"type":"leave","ref":"sentinel42"}`, `{"type":"failed","ref":1,"code":"sentinel42"}`,
		`{"type":"look","ref":1,"meeting":"sentinel42"}`, `sentinel42`,
	} {
		for _, decode := range []func([]byte) error{
			func(b []byte) error { _, err := DecodeRequest(b); return err },
			func(b []byte) error { _, err := DecodeNotice(b); return err },
		} {
			if err := decode([]byte(text)); err == nil || strings.Contains(err.Error(), "sentinel") {
				t.Errorf("%s: got error %v, want one that does not quote it", text, err)
			}
		}
	}
}

func TestTokensPrintHidden(t *testing.T) {
	m := MediaToken{URL: "wss://x", Token: "sesame"}
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "token", m.Token, "message", m)
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "token", m.Token)
	for _, got := range []string{
		fmt.Sprintf("%v %+v %#v %s %q %x", m, m, m, m.Token, m.Token, m.Token), log.String(),
	} {
		if strings.Contains(got, "sesame") || strings.Contains(got, "736573616d65") {
			t.Errorf("the token is printed: %s", got)
		}
	}
	if b, _ := json.Marshal(m.Token); string(b) != `"sesame"` {
		t.Errorf("the token on the wire is %s", b)
	}
}

func TestHelloProvesDeviceNonceAndAuthority(t *testing.T) {
	device, err := keys.NewDeviceKey()
	if err != nil {
		t.Fatal(err)
	}
	other, err := keys.NewDeviceKey()
	if err != nil {
		t.Fatal(err)
	}
	nonce := bytes.Repeat([]byte{3}, NonceSize)
	good := NewHello(device, nonce, "meet.example:8443")
	if !good.Verify(nonce, "meet.example:8443") {
		t.Fatal("a good hello is refused")
	}
	if good.Verify(nonce, "evil.example") {
		t.Error("a hello made for one service is accepted by another")
	}
	if good.Verify(bytes.Repeat([]byte{4}, NonceSize), "meet.example:8443") {
		t.Error("a hello is accepted for another nonce")
	}
	forged := good
	forged.Device = other.Public()
	if forged.Verify(nonce, "meet.example:8443") {
		t.Error("a hello is accepted for another device")
	}
}

// FuzzDecode checks that whatever is accepted is also what would be sent: it
// encodes again and means the same.
func FuzzDecode(f *testing.F) {
	for _, m := range samples() {
		text, err := Encode(m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add([]byte(`{"type":"leave","ref":1,"ref":1}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := decodeAny(text)
		if err != nil {
			if !errors.Is(err, ErrMalformed) && !errors.Is(err, ErrTooLarge) {
				t.Fatalf("error of another kind: %v", err)
			}
			return
		}
		again, err := Encode(m)
		if err != nil {
			t.Fatalf("accepted, but cannot be sent: %v", err)
		}
		back, err := decodeAny(again)
		if err != nil {
			t.Fatalf("accepted, but not after sending: %v", err)
		}
		if diff := cmp.Diff(m, back, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("changed by sending (-got +again):\n%s", diff)
		}
	})
}
