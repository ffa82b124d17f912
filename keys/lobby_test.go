package keys

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

func newLobby(t testing.TB) LobbyKey {
	t.Helper()
	k, err := NewLobbyKey()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestKnockReachesTheHostOnly(t *testing.T) {
	lobby, guest, id := newLobby(t), device(2), descriptor().ID()
	name, err := guest.SignName(id, 1, "Anna Beispiel")
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := SealKnock(lobby.Public(), id, guest.Public(), NewKnock(name, "pass code"))
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(sealed, []byte("Anna")) || bytes.Contains(sealed, []byte("pass")) {
		t.Fatal("the service can read the knock")
	}
	got, err := lobby.Open(id, guest.Public(), sealed)
	if err != nil || got.Name.Name != "Anna Beispiel" || got.Passcode != "pass code" {
		t.Fatalf("opened: %v", err)
	}
	refused := map[string]func() (Knock, error){
		"another lobby key": func() (Knock, error) { return newLobby(t).Open(id, guest.Public(), sealed) },
		"another meeting":   func() (Knock, error) { return lobby.Open(MeetingID{1}, guest.Public(), sealed) },
		"another device":    func() (Knock, error) { return lobby.Open(id, device(3).Public(), sealed) },
		"nothing":           func() (Knock, error) { return lobby.Open(id, guest.Public(), nil) },
		"cut":               func() (Knock, error) { return lobby.Open(id, guest.Public(), sealed[:len(sealed)-1]) },
	}
	for what, open := range refused {
		if k, err := open(); err != ErrKnock || k.Passcode != "" || k.Name.Name != "" {
			t.Errorf("%s: got %v, want ErrKnock", what, err)
		}
	}
	for i := range sealed {
		altered := bytes.Clone(sealed)
		altered[i] ^= 1
		if _, err := lobby.Open(id, guest.Public(), altered); err != ErrKnock {
			t.Fatalf("altered at %d: got %v", i, err)
		}
	}
}

func TestKnocksHaveOneLength(t *testing.T) {
	lobby, guest, id := newLobby(t), device(2), descriptor().ID()
	lengths := map[int]bool{}
	for _, c := range []struct{ name, code string }{{"A", ""}, {strings.Repeat("𝄞", 64), strings.Repeat("x", MaxPasscode)}} {
		name, err := guest.SignName(id, 1, c.name)
		if err != nil {
			t.Fatal(err)
		}
		sealed, err := SealKnock(lobby.Public(), id, guest.Public(), NewKnock(name, c.code))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := lobby.Open(id, guest.Public(), sealed); err != nil || got.Name.Name != c.name || got.Passcode != c.code {
			t.Errorf("%q: %v", c.name, err)
		}
		lengths[len(sealed)] = true
	}
	if len(lengths) != 1 {
		t.Errorf("lengths %v tell names apart", lengths)
	}
}

// A passport in a knock reaches the host whole, and its length shows in steps.
func TestKnockCarriesAPassport(t *testing.T) {
	lobby, guest, id := newLobby(t), device(2), descriptor().ID()
	name, err := guest.SignName(id, 1, "Anna")
	if err != nil {
		t.Fatal(err)
	}
	for size, want := range map[int]int{100: 512, 1500: 4 << 10, 2500: 4 << 10, MaxBundleBytes: 24 << 10} {
		knock := Knock{Name: name, Passcode: "x", Passport: bytes.Repeat([]byte{7}, size)}
		if got := len(knock.encode()); got != want {
			t.Errorf("%d bytes: knock of %d, want %d", size, got, want)
		}
		sealed, err := SealKnock(lobby.Public(), id, guest.Public(), knock)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := lobby.Open(id, guest.Public(), sealed); err != nil || !bytes.Equal(got.Passport, knock.Passport) {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
	if _, err := SealKnock(lobby.Public(), id, guest.Public(), Knock{Name: name, Passport: make([]byte, MaxBundleBytes+1)}); !errors.Is(err, ErrBundle) {
		t.Errorf("too long: %v", err)
	}
}

func TestSealKnockRefuses(t *testing.T) {
	lobby, guest, id := newLobby(t), device(2), descriptor().ID()
	name, err := guest.SignName(id, 1, "Anna")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := SealKnock(lobby.Public(), id, guest.Public(), NewKnock(name, strings.Repeat("x", MaxPasscode+1))); err != ErrPasscode {
		t.Errorf("long passcode: got %v", err)
	}
	if _, err := SealKnock(lobby.Public(), id, guest.Public(), NewKnock(name, "\xff")); err != ErrPasscode {
		t.Errorf("passcode that is no text: got %v", err)
	}
	if _, err := SealKnock(lobby.Public(), id, device(3).Public(), NewKnock(name, "")); err == nil {
		t.Error("sealed with another device's name")
	}
	if _, err := SealKnock(lobby.Public(), MeetingID{1}, guest.Public(), NewKnock(name, "")); !errors.Is(err, ErrNameSignature) {
		t.Errorf("another meeting: got %v", err)
	}
	if _, err := SealKnock([32]byte{}, id, guest.Public(), NewKnock(name, "")); err == nil {
		t.Error("sealed to the zero key, which everybody has")
	}
}

func TestParseKnockRefuses(t *testing.T) {
	guest, id := device(2), descriptor().ID()
	name, err := guest.SignName(id, 1, "Anna")
	if err != nil {
		t.Fatal(err)
	}
	good := NewKnock(name, "code").encode()
	if k, err := parseKnock(good); err != nil || k.Passcode != "code" {
		t.Fatal(err)
	}
	for what, alter := range map[string]func([]byte) []byte{
		"short":             func(b []byte) []byte { return b[:511] },
		"long":              func(b []byte) []byte { return append(b, 0) },
		"needlessly long":   func(b []byte) []byte { return append(b, make([]byte, 4096-512)...) },
		"name past the end": func(b []byte) []byte { b[0] = 0xff; return b },
		"name of 510":       func(b []byte) []byte { b[0], b[1] = 1, 0xfe; return b },
		"no name":           func(b []byte) []byte { b[1] = 0; return b },
		"long passcode":     func(b []byte) []byte { b[2+len(name.Encode())] = 65; return b },
		"dirty padding":     func(b []byte) []byte { b[500] = 1; return b },
	} {
		if _, err := parseKnock(alter(bytes.Clone(good))); err != ErrKnock {
			t.Errorf("%s: got %v, want ErrKnock", what, err)
		}
	}
}

func TestLobbyKeyIsStored(t *testing.T) {
	k := newLobby(t)
	back, err := LobbyKeyFromBytes(k.Bytes())
	if err != nil || back.Public() != k.Public() || k.IsZero() || !(LobbyKey{}).IsZero() {
		t.Errorf("another key came back: %v", err)
	}
}

func TestKnockIsBoundToLobbyMeetingAndDevice(t *testing.T) {
	base := knockInfo([32]byte{1}, MeetingID{2}, PublicKey{3})
	for what, other := range map[string][]byte{
		"lobby key": knockInfo([32]byte{9}, MeetingID{2}, PublicKey{3}),
		"meeting":   knockInfo([32]byte{1}, MeetingID{9}, PublicKey{3}),
		"device":    knockInfo([32]byte{1}, MeetingID{2}, PublicKey{9}),
	} {
		if bytes.Equal(base, other) {
			t.Errorf("the sealing does not depend on the %s", what)
		}
	}
}
