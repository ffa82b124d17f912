package keys

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"strings"
	"testing"
	"time"
)

var passportNow = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

// authority makes a CA certificate, signed by parent or by itself.
func authority(t testing.TB, name string, parent *x509.Certificate, parentKey ed25519.PrivateKey, key ed25519.PrivateKey) *x509.Certificate {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: passportNow.Add(-time.Hour), NotAfter: passportNow.AddDate(10, 0, 0), KeyUsage: x509.KeyUsageCertSign,
	}
	if parent == nil {
		parent, parentKey = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), parentKey)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

func somePassport(device PublicKey) Passport {
	return Passport{
		Account: AccountID{1, 2, 3}, Device: device, Name: "Ana Lima", Class: ClassOrganisation, Issuer: "school.example",
		Verified: passportNow.Add(-24 * time.Hour), Expires: passportNow.AddDate(1, 0, 0),
		NotBefore: passportNow, NotAfter: passportNow.Add(PassportLifetime),
	}
}

func newKey(t testing.TB) ed25519.PrivateKey {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestPassportSaysWhatWasSigned(t *testing.T) {
	device := DeviceKeyFromSeed([32]byte{1}).Public()
	key := newKey(t)
	root := authority(t, "Root", nil, nil, key)
	want := somePassport(device)
	der, err := SignPassport(root, key, want)
	if err != nil {
		t.Fatal(err)
	}
	roots, err := NewRoots(root.Raw)
	if err != nil {
		t.Fatal(err)
	}
	got, err := roots.Check([][]byte{der}, device, passportNow.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	if got.Serial == ([16]byte{}) || got.SignerName != "Root" {
		t.Errorf("serial or signer missing")
	}
	want.Serial, want.SignerName = got.Serial, got.SignerName
	if got != want {
		t.Errorf("passport changed on the way")
	}
}

func TestPassportIsRefused(t *testing.T) {
	device := DeviceKeyFromSeed([32]byte{1}).Public()
	key, stranger := newKey(t), newKey(t)
	root, other := authority(t, "Root", nil, nil, key), authority(t, "Root", nil, nil, stranger)
	roots, _ := NewRoots(root.Raw)
	sign := func(ca *x509.Certificate, k ed25519.PrivateKey, change func(*Passport)) []byte {
		p := somePassport(device)
		change(&p)
		der, err := SignPassport(ca, k, p)
		if err != nil {
			t.Fatal(err)
		}
		return der
	}
	same := func(*Passport) {}
	good := sign(root, key, same)
	broken := bytes.Clone(good)
	broken[len(broken)-1] ^= 1
	for name, row := range map[string]struct {
		chain  [][]byte
		device PublicKey
		now    time.Time
		want   error
	}{
		"no chain":             {nil, device, passportNow, ErrPassport},
		"long chain":           {[][]byte{good, good, good, good, good}, device, passportNow, ErrPassport},
		"another device":       {[][]byte{good}, PublicKey{9}, passportNow, ErrPassportDevice},
		"too early":            {[][]byte{good}, device, passportNow.Add(-6 * time.Minute), ErrPassportDates},
		"too late":             {[][]byte{good}, device, passportNow.Add(25 * time.Hour), ErrPassportDates},
		"stranger's authority": {[][]byte{sign(other, stranger, same)}, device, passportNow, ErrPassportChain},
		"stranger brings his":  {[][]byte{sign(other, stranger, same), other.Raw}, device, passportNow, ErrPassportChain},
		"changed signature":    {[][]byte{broken}, device, passportNow, ErrPassportChain},
		"authority as leaf":    {[][]byte{root.Raw}, device, passportNow, ErrPassport},
		"verification expired": {[][]byte{sign(root, key, func(p *Passport) { p.Expires = passportNow.Add(time.Hour) })}, device, passportNow.Add(2 * time.Hour), ErrPassportAuthority},
		"not a certificate":    {[][]byte{[]byte("hello")}, device, passportNow, ErrPassport},
	} {
		if _, err := roots.Check(row.chain, row.device, row.now); !errors.Is(err, row.want) {
			t.Errorf("%s: got %v, want %v", name, err, row.want)
		}
	}
	if _, err := roots.Check([][]byte{good}, device, passportNow.Add(-4*time.Minute)); err != nil {
		t.Errorf("a clock slow by 4 minutes: %v", err)
	}
}

func TestPassportOfARotatedAuthorityIsAccepted(t *testing.T) {
	device := DeviceKeyFromSeed([32]byte{1}).Public()
	oldKey, newKey := newKey(t), newKey(t)
	oldRoot := authority(t, "Old", nil, nil, oldKey)
	cross := authority(t, "New", oldRoot, oldKey, newKey)
	der, err := SignPassport(cross, newKey, somePassport(device))
	if err != nil {
		t.Fatal(err)
	}
	roots, _ := NewRoots(oldRoot.Raw)
	if _, err := roots.Check([][]byte{der}, device, passportNow); !errors.Is(err, ErrPassportChain) {
		t.Errorf("without the cross certificate: %v", err)
	}
	if _, err := roots.Check([][]byte{der, cross.Raw}, device, passportNow); err != nil {
		t.Errorf("with it: %v", err)
	}
}

func TestPassportThatCannotBeTrueIsNotSigned(t *testing.T) {
	key := newKey(t)
	root := authority(t, "Root", nil, nil, key)
	for name, change := range map[string]func(*Passport){
		"no name":           func(p *Passport) { p.Name = "" },
		"bidi name":         func(p *Passport) { p.Name = "Ana\u202eamiL" },
		"spaced name":       func(p *Passport) { p.Name = " Ana" },
		"guest":             func(p *Passport) { p.Class = ClassGuest },
		"unknown class":     func(p *Passport) { p.Class = 99 },
		"no account":        func(p *Passport) { p.Account = AccountID{} },
		"no device":         func(p *Passport) { p.Device = PublicKey{} },
		"upper-case issuer": func(p *Passport) { p.Issuer = "School.example" },
		"homoglyph issuer":  func(p *Passport) { p.Issuer = "sсhool.example" },
		"two days":          func(p *Passport) { p.NotAfter = p.NotBefore.Add(48 * time.Hour) },
		"backwards":         func(p *Passport) { p.NotAfter = p.NotBefore.Add(-time.Hour) },
		"verified tomorrow": func(p *Passport) { p.Verified = p.NotAfter.Add(time.Hour) },
	} {
		p := somePassport(DeviceKeyFromSeed([32]byte{1}).Public())
		change(&p)
		if _, err := SignPassport(root, key, p); err == nil {
			t.Errorf("%s: signed", name)
		}
	}
}

func TestPassportAndBundleAreHidden(t *testing.T) {
	p := somePassport(PublicKey{5})
	b := PassportBundle{Chain: [][]byte{[]byte("Ana Lima")}, Opening: [32]byte{1}}
	var log bytes.Buffer
	logger := slog.New(slog.NewJSONHandler(&log, nil))
	logger.Info("x", "p", p, "b", b)
	texts := []string{log.String()}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		texts = append(texts, fmt.Sprintf(verb, p), fmt.Sprintf(verb, b))
	}
	js, err := json.Marshal(struct{ P Passport }{p})
	if err != nil {
		t.Fatal(err)
	}
	texts = append(texts, string(js))
	for _, text := range texts {
		if strings.Contains(text, "Ana") || strings.Contains(text, "school") || !strings.Contains(text, "[hidden]") {
			t.Errorf("shows: %s", text)
		}
	}
}

func TestBundleSurvivesItsEncoding(t *testing.T) {
	want := PassportBundle{
		Chain: [][]byte{{1, 2}, {3}}, Opening: [32]byte{7},
		Log: LogReceipt{Index: 1 << 40, Checkpoint: []byte("log\n3\n"), Path: [][32]byte{{1}, {2}}},
	}
	data, err := want.Encode()
	if err != nil {
		t.Fatal(err)
	}
	got, err := ParsePassportBundle(data)
	if err != nil {
		t.Fatal(err)
	}
	again, err := got.Encode()
	if err != nil || !bytes.Equal(again, data) || got.Log.Index != want.Log.Index {
		t.Errorf("changed on the way: %v", err)
	}
	for n := range data {
		if _, err := ParsePassportBundle(data[:n]); err == nil {
			t.Fatalf("accepted %d of %d bytes", n, len(data))
		}
	}
	if _, err := ParsePassportBundle(append(data, 0)); err == nil {
		t.Error("accepted a trailing byte")
	}
}

func TestLogLabelsChangeByDayAndAccount(t *testing.T) {
	seen := map[[32]byte]bool{}
	for _, id := range []AccountID{{1}, {2}} {
		for day := uint32(0); day < 3; day++ {
			seen[LogLabel(id, day)] = true
		}
	}
	if len(seen) != 6 {
		t.Errorf("%d labels, want 6", len(seen))
	}
}

func TestClassesHaveNames(t *testing.T) {
	for _, c := range Classes() {
		if got, err := ParseClass(c.String()); err != nil || got != c {
			t.Errorf("%d: %v %v", c, got, err)
		}
	}
	for _, s := range []string{"", "Email", "invalid", "admin"} {
		if _, err := ParseClass(s); err == nil {
			t.Errorf("%q accepted", s)
		}
	}
	id := NewAccountID()
	if got, err := ParseAccountID(id.String()); err != nil || got != id {
		t.Errorf("account id: %v", err)
	}
	if _, err := ParseAccountID(strings.ToUpper(id.String()) + "A"); err == nil {
		t.Error("long account id accepted")
	}
}

func FuzzParsePassport(f *testing.F) {
	key := newKey(f)
	root := authority(f, "Root", nil, nil, key)
	der, err := SignPassport(root, key, somePassport(DeviceKeyFromSeed([32]byte{1}).Public()))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(der)
	f.Add(root.Raw)
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := ParsePassport(data)
		if err != nil {
			return
		}
		if p.check() != nil {
			t.Fatal("parsed a passport that could not be signed")
		}
	})
}

func FuzzParsePassportBundle(f *testing.F) {
	data, _ := PassportBundle{Chain: [][]byte{{1}}, Log: LogReceipt{Path: [][32]byte{{1}}}}.Encode()
	f.Add(data)
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := ParsePassportBundle(data)
		if err != nil {
			return
		}
		again, err := b.Encode()
		if err != nil || !bytes.Equal(again, data) {
			t.Fatal("two encodings of one bundle")
		}
	})
}
