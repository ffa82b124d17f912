package keys

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"
)

// The encoding, the identifier and what the relay sees are pinned: a change makes
// every link and every device of version 2 useless.
func TestDescriptorGolden(t *testing.T) {
	d := descriptor()
	const (
		wantEncoded  = "0201f001902b81dbefd78d0796684b312b78810b90fb36485b9513b01f3e48c03de9526e0708090000000000000000000000000000000000000000000000000000000000010405060000000000000000000000000000000000000000000000000000000000000000006b02308001020300000000000000000000000000010e7363686f6f6c2e6578616d706c65"
		wantID       = "flpmymdxiea3uzepbbmj73rkhhn4qffj4vdglftlxf2zyfvtpgeq"
		wantRoom     = "ree7ccb62ea932e122ab150342d07273f"
		wantIdentity = "p19434fdda64e5a28686d3b3e6c207dc9"
	)
	if got := hex.EncodeToString(d.Encode()); got != wantEncoded {
		t.Errorf("encoded %s, want %s", got, wantEncoded)
	}
	if got := d.ID().String(); got != wantID {
		t.Errorf("id %s, want %s", got, wantID)
	}
	if got := RelayRoom(d.ID()); got != wantRoom {
		t.Errorf("room %s, want %s", got, wantRoom)
	}
	if got := RelayIdentity(d.ID(), d.Host); got != wantIdentity {
		t.Errorf("identity %s, want %s", got, wantIdentity)
	}
}

func TestDescriptorReadsBack(t *testing.T) {
	d := descriptor()
	got, err := ParseDescriptor(d.Encode())
	if err != nil || got != d {
		t.Fatalf("got %+v, %v", got, err)
	}
	d.Passcode, d.Mode, d.Demand = false, ModeTransport, Demand{}
	if got, err = ParseDescriptor(d.Encode()); err != nil || got != d {
		t.Fatalf("got %+v, %v", got, err)
	}
	text, err := json.Marshal(d)
	if err != nil || !strings.Contains(string(text), `"transport"`) {
		t.Errorf("%s, %v", text, err)
	}
}

// Every byte of the encoding counts: another value is another meeting or an error.
func TestEveryByteOfADescriptorCounts(t *testing.T) {
	d := descriptor()
	encoded := d.Encode()
	for i := range encoded {
		for _, flip := range []byte{1, 0x80} {
			altered := bytes.Clone(encoded)
			altered[i] ^= flip
			got, err := ParseDescriptor(altered)
			if err == nil && (got == d || got.ID() == d.ID() || !bytes.Equal(got.Encode(), altered)) {
				t.Errorf("byte %d: read as %+v", i, got)
			}
		}
		if _, err := ParseDescriptor(encoded[:i]); err == nil {
			t.Errorf("cut at %d: accepted", i)
		}
	}
	if _, err := ParseDescriptor(append(encoded, 0)); err != ErrDescriptor {
		t.Errorf("longer: got %v", err)
	}
	for _, version := range []byte{1, 3} {
		encoded[0] = version
		if _, err := ParseDescriptor(encoded); err != ErrDescriptorVersion {
			t.Errorf("version %d: got %v, want ErrDescriptorVersion", version, err)
		}
	}
}

func TestSignedDescriptor(t *testing.T) {
	host, other := device(1), device(2)
	d := descriptor()
	signed := host.SignDescriptor(d)
	got, err := signed.Verify(d.ID())
	if err != nil || got != d {
		t.Fatalf("got %+v, %v", got, err)
	}
	relabelled := d
	relabelled.Mode = ModeTransport
	stolen := d
	stolen.Host = other.Public()
	cases := map[string]struct {
		s    SignedDescriptor
		want error
	}{
		"another mode":       {host.SignDescriptor(relabelled), ErrDescriptorMeeting},
		"another host":       {other.SignDescriptor(stolen), ErrDescriptorMeeting},
		"signed by another":  {other.SignDescriptor(d), ErrDescriptorSignature},
		"no signature":       {SignedDescriptor{Encoded: signed.Encoded}, ErrDescriptorSignature},
		"another's contents": {SignedDescriptor{Encoded: relabelled.Encode(), Signature: signed.Signature}, ErrDescriptorMeeting},
		"nothing":            {SignedDescriptor{}, ErrDescriptor},
	}
	for name, c := range cases {
		if got, err := c.s.Verify(d.ID()); !errors.Is(err, c.want) || got != (Descriptor{}) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
	if _, err := host.SignDescriptor(relabelled).Verify(relabelled.ID()); err != nil {
		t.Errorf("the relabelled meeting is a meeting of its own: %v", err)
	}
	text, err := json.Marshal(signed)
	if err != nil {
		t.Fatal(err)
	}
	var back SignedDescriptor
	if err := json.Unmarshal(text, &back); err != nil || !bytes.Equal(back.Encoded, signed.Encoded) {
		t.Errorf("%s: %v", text, err)
	}
}

func TestNewDescriptor(t *testing.T) {
	now := time.Date(2026, 11, 22, 1, 2, 3, 456, time.FixedZone("", 3600))
	a, err := NewDescriptor(ModeE2EE, 1, device(1).Public(), [32]byte{1}, now)
	if err != nil {
		t.Fatal(err)
	}
	b, err := NewDescriptor(ModeE2EE, 1, device(1).Public(), [32]byte{1}, now)
	if err != nil {
		t.Fatal(err)
	}
	if a.ID() == b.ID() {
		t.Error("two meetings of one moment have one identifier")
	}
	if got, err := ParseDescriptor(a.Encode()); err != nil || got != a {
		t.Errorf("got %+v, %v, want %+v", got, err, a)
	}
	if _, err := NewDescriptor(0, 1, PublicKey{}, [32]byte{}, now); !errors.Is(err, ErrMode) {
		t.Errorf("without a mode: got %v", err)
	}
}

func TestMode(t *testing.T) {
	for m, want := range map[Mode]string{ModeE2EE: "e2ee", ModeTransport: "transport"} {
		got, err := ParseMode(m.String())
		if err != nil || got != m || m.String() != want || !m.IsValid() {
			t.Errorf("%v: %v, %v", m, got, err)
		}
		text, err := m.MarshalText()
		var back Mode
		if err != nil || back.UnmarshalText(text) != nil || back != m {
			t.Errorf("%v: text %q", m, text)
		}
	}
	for _, bad := range []string{"", "E2EE", "unknown", "none"} {
		if m, err := ParseMode(bad); err != ErrMode || m != 0 {
			t.Errorf("%q: got %v, %v", bad, m, err)
		}
		m := ModeE2EE
		if err := m.UnmarshalText([]byte(bad)); err != ErrMode || m != ModeE2EE {
			t.Errorf("%q: unmarshalled", bad)
		}
	}
	if _, err := Mode(0).MarshalText(); err != ErrMode {
		t.Errorf("mode 0 has a text: %v", err)
	}
	if Mode(3).String() != "unknown" || Mode(3).IsValid() {
		t.Error("mode 3 has a name")
	}
}

func TestMeetingIDText(t *testing.T) {
	id := descriptor().ID()
	got, err := ParseMeetingID(id.String())
	if err != nil || got != id || len(id.String()) != 52 || id.IsZero() {
		t.Fatalf("%v, %v", got, err)
	}
	last := id.String()[:51]
	for _, bad := range []string{"", id.String()[:51], id.String() + "a", strings.ToUpper(id.String()), last + "1", last + "b", " " + id.String()[1:], strings.Repeat("é", 26)} {
		if got, err := ParseMeetingID(bad); err != ErrMeetingID || !got.IsZero() {
			t.Errorf("%q: got %v, %v", bad, got, err)
		}
	}
	text, err := json.Marshal(id)
	var back MeetingID
	if err != nil || json.Unmarshal(text, &back) != nil || back != id {
		t.Errorf("json %s, %v", text, err)
	}
	if err := back.UnmarshalText([]byte("x")); err != ErrMeetingID || back != id {
		t.Errorf("unmarshalled: %v", err)
	}
}

func TestRelayNamesTellNothingAndDiffer(t *testing.T) {
	id, other := descriptor().ID(), MeetingID{1}
	a, b := device(1).Public(), device(2).Public()
	names := map[string]bool{}
	for _, name := range []string{RelayRoom(id), RelayRoom(other), RelayIdentity(id, a), RelayIdentity(id, b), RelayIdentity(other, a)} {
		names[name] = true
		if strings.Contains(name, id.String()[:8]) || strings.Contains(name, hex.EncodeToString(a[:4])) {
			t.Errorf("%q shows what it stands for", name)
		}
	}
	if len(names) != 5 {
		t.Errorf("got %d different names, want 5", len(names))
	}
}

// What the host demands is part of the meeting: without it, it is another one.
func TestDemandIsPartOfTheMeeting(t *testing.T) {
	d := descriptor()
	weaker := d
	weaker.Demand = Demand{}
	if d.ID() == weaker.ID() {
		t.Error("the demand can be taken off")
	}
	if _, err := device(1).SignDescriptor(weaker).Verify(d.ID()); !errors.Is(err, ErrDescriptorMeeting) {
		t.Errorf("got %v", err)
	}
	for _, organisation := range []string{"School.example", "school..example", "-", "sch\u00f6l.example", strings.Repeat("a", 64)} {
		d.Demand.Organisation = organisation
		if _, err := ParseDescriptor(d.Encode()); err != ErrDescriptor {
			t.Errorf("%q: got %v", organisation, err)
		}
	}
}

func TestDemandIsMetByProofOnly(t *testing.T) {
	school := Demand{Organisation: "school.example"}
	for _, row := range []struct {
		demand Demand
		class  Class
		issuer string
		want   bool
	}{
		{Demand{}, ClassGuest, "", true},
		{Demand{}, ClassNone, "", true},
		{Demand{Verified: true}, ClassGuest, "", false},
		{Demand{Verified: true}, ClassNone, "", false},
		{Demand{Verified: true}, ClassEmail, "", false},
		{Demand{Verified: true}, ClassPhone, "", true},
		{Demand{Verified: true}, ClassVoucher, "relief.example", true},
		{school, ClassOrganisation, "school.example", true},
		{school, ClassSeat, "school.example", true},
		{school, ClassEmail, "school.example", false},
		{school, ClassOrganisation, "other.example", false},
		{school, ClassPhone, "", false},
	} {
		if got := row.demand.MetBy(row.class, row.issuer); got != row.want {
			t.Errorf("%+v by %s of %q: got %t", row.demand, row.class, row.issuer, got)
		}
	}
}
