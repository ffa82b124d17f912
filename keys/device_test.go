package keys

import (
	"crypto"
	"crypto/ed25519"
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// device returns a device key that is the same in every run.
func device(n byte) DeviceKey { return DeviceKeyFromSeed([32]byte{n, 1, 2, 3}) }

func newDeviceKey(t testing.TB) DeviceKey {
	t.Helper()
	k, err := NewDeviceKey()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// descriptor returns a descriptor that is the same in every run.
func descriptor() Descriptor {
	return Descriptor{
		Version: DescriptorVersion, Mode: ModeE2EE, Suite: 0xf001, Host: device(1).Public(), LobbyKey: [32]byte{7, 8, 9},
		Passcode: true, PolicyHash: [32]byte{4, 5, 6}, Created: time.Unix(1_795_305_600, 0).UTC(), Nonce: [16]byte{1, 2, 3},
		Demand: Demand{Verified: true, Organisation: "school.example"},
	}
}

func TestDeviceKeysDiffer(t *testing.T) {
	a, b := newDeviceKey(t), newDeviceKey(t)
	if a.Public() == b.Public() || a.Seed() == b.Seed() {
		t.Fatal("two new keys are the same")
	}
	if got := DeviceKeyFromSeed(a.Seed()); got.Public() != a.Public() || got.Seed() != a.Seed() {
		t.Error("the seed gives another key")
	}
	if !(DeviceKey{}).IsZero() || a.IsZero() {
		t.Error("IsZero is wrong")
	}
}

func TestSignatureIsForOneContext(t *testing.T) {
	k, other := device(1), device(2)
	sig := k.Sign("hello", []byte("message"))
	cases := map[string]struct {
		pub     PublicKey
		context string
		msg     string
		sig     []byte
		want    bool
	}{
		"right":           {k.Public(), "hello", "message", sig, true},
		"another key":     {other.Public(), "hello", "message", sig, false},
		"another context": {k.Public(), "hallo", "message", sig, false},
		"another message": {k.Public(), "hello", "massage", sig, false},
		"shifted border":  {k.Public(), "hell", "o\x00message", sig, false},
		"short signature": {k.Public(), "hello", "message", sig[:63], false},
		"no signature":    {k.Public(), "hello", "message", nil, false},
		"zero key":        {PublicKey{}, "hello", "message", sig, false},
	}
	for name, c := range cases {
		if got := Verify(c.pub, c.context, []byte(c.msg), c.sig); got != c.want {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
	if Verify(k.Public(), "hello", []byte("message"), ed25519.Sign(k.key(), []byte("message"))) {
		t.Error("a signature without context verifies")
	}
}

func TestSignerIsTheDeviceKey(t *testing.T) {
	k := device(1)
	sig, err := k.Signer().Sign(nil, []byte("MLS"), crypto.Hash(0))
	if err != nil {
		t.Fatal(err)
	}
	pub := k.Public()
	if !ed25519.Verify(pub[:], []byte("MLS"), sig) {
		t.Error("it signs with another key")
	}
}

func TestPublicKeyText(t *testing.T) {
	k := device(1).Public()
	got, err := ParsePublicKey(k.String())
	if err != nil || got != k || len(k.String()) != 43 {
		t.Fatalf("%v, %v", got, err)
	}
	text, err := json.Marshal(map[PublicKey]PublicKey{k: k})
	if err != nil {
		t.Fatal(err)
	}
	var back map[PublicKey]PublicKey
	if err := json.Unmarshal(text, &back); err != nil || back[k] != k {
		t.Errorf("%s: %v", text, err)
	}
	for _, bad := range []string{"", "AAAA", k.String() + "A", k.String()[:42], k.String() + "=", " " + k.String()[1:], strings.Repeat("!", 43), k.String()[:42] + "B"} {
		if got, err := ParsePublicKey(bad); err != ErrPublicKey || got != (PublicKey{}) {
			t.Errorf("%q: got %v, %v", bad, got, err)
		}
		var into PublicKey
		if err := into.UnmarshalText([]byte(bad)); err == nil || into != (PublicKey{}) {
			t.Errorf("%q: unmarshalled", bad)
		}
	}
}

func TestFingerprint(t *testing.T) {
	got := device(1).Public().Fingerprint()
	const want = "374e 4545 de84 27a5 dc1f e207 a185 c114"
	if got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if groups := strings.Fields(got); len(groups) != 8 || len(groups[0]) != 4 {
		t.Errorf("got %q, want eight groups of four", got)
	}
	if got == device(2).Public().Fingerprint() {
		t.Error("two keys have one fingerprint")
	}
}
