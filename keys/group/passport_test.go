package group

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"conclave/keys"
	"conclave/keys/mls"
)

// office issues passports.
type office struct {
	t         testing.TB
	authority *x509.Certificate
	key       ed25519.PrivateKey
}

func newOffice(t testing.TB) office {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "meet.example.org"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(48 * time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, public, private)
	if err != nil {
		t.Fatal(err)
	}
	authority, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return office{t, authority, private}
}

// passport is a new passport of a device.
func (o office) passport(device keys.PublicKey, change ...func(*keys.Passport)) []byte {
	o.t.Helper()
	now := time.Now().UTC().Truncate(time.Second)
	p := keys.Passport{
		Account: keys.NewAccountID(), Device: device, Name: "Ana Lima", Class: keys.ClassOrganisation, Issuer: "school.example",
		Verified: now.Add(-time.Hour), NotBefore: now.Add(-time.Minute), NotAfter: now.Add(23 * time.Hour),
	}
	for _, c := range change {
		c(&p)
	}
	der, err := keys.SignPassport(o.authority, o.key, p)
	if err != nil {
		o.t.Fatal(err)
	}
	return der
}

// enter lets somebody in; with passport nil, as a guest.
func (r *room) enter(name string, device keys.DeviceKey, passport []byte, prepare func(Config) (*Joining, error)) *person {
	r.t.Helper()
	p := r.person(name, device)
	p.cfg.Passport = passport
	j, err := prepare(p.cfg)
	if err != nil {
		r.t.Fatal(err)
	}
	owner, shown, err := CheckKeyPackage(r.host.cfg, j.KeyPackage())
	if err != nil || owner != device.Public() || !bytes.Equal(shown, passport) {
		r.t.Fatalf("%s: the key package shows another passport: %v", name, err)
	}
	staged, err := r.host.Commit([][]byte{j.KeyPackage()}, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	r.deliver(staged.Commit)
	if p.Group, err = j.Join(staged.Welcome); err != nil {
		r.t.Fatalf("%s: %v", name, err)
	}
	r.present = append(r.present, p)
	return p
}

// renew commits with a passport, which may be nil, and nothing else.
func (r *room) renew(p *person, passport []byte) {
	r.t.Helper()
	if err := p.UsePassport(passport); err != nil {
		r.t.Fatal(err)
	}
	staged, err := p.Commit(nil, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	for q, e := range r.deliver(staged.Commit) {
		if c, ok := e.(Changed); !ok || len(c.Added)+len(c.Removed) != 0 || c.By != p.Self() {
			r.t.Errorf("%s takes a renewal for %+v", q.name, e)
		}
	}
}

// shows fails the test unless everybody sees this passport in somebody's leaf.
func (r *room) shows(p *person, passport []byte) {
	r.t.Helper()
	for _, q := range r.present {
		if !bytes.Equal(q.Passport(p.device.Public()), passport) {
			r.t.Errorf("%s sees another passport of %s", q.name, p.name)
		}
	}
}

func TestPassportsAreTheCredentials(t *testing.T) {
	for name, suite := range map[string]uint16{"classic": SuiteClassic, "post-quantum": SuitePostQuantum} {
		t.Run(name, func(t *testing.T) {
			o, r := newOffice(t), openRoomWith(t, suite)
			host := o.passport(r.host.device.Public())
			device := newDevice(t)
			passport := o.passport(device.Public())
			a := r.enter("a", device, passport, Prepare)
			guest := r.enter("guest", newDevice(t), nil, Prepare)
			r.shows(a, passport)
			r.shows(guest, nil)
			r.shows(r.host, nil)

			r.renew(r.host, host) // an account after the meeting was made
			r.shows(r.host, host)
			next := o.passport(device.Public())
			r.renew(a, next)
			r.shows(a, next)
			r.renew(guest, nil)
			r.agree()

			late := r.enter("late", newDevice(t), nil, Prepare) // from the Welcome's tree
			r.shows(a, next)
			r.shows(late, nil)
			sealed, err := a.Seal([]byte("hello"))
			if err != nil {
				t.Fatal(err)
			}
			for q, e := range r.deliver(sealed) {
				if s, ok := e.(Said); !ok || s.From != a.Self() {
					t.Errorf("%s got something else", q.name)
				}
			}
			r.renew(a, nil) // signed out
			r.shows(a, nil)
			if a.Passport(keys.PublicKey{9}) != nil {
				t.Error("somebody who is not here has a passport")
			}
			r.agree()
		})
	}
}

// A host who has a passport when the meeting is made has it in the first leaf.
func TestCreateWithPassport(t *testing.T) {
	r, o := openRoom(t), newOffice(t)
	cfg := r.host.cfg
	cfg.Passport = o.passport(r.host.device.Public())
	g, err := Create(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	if !bytes.Equal(g.Passport(r.host.device.Public()), cfg.Passport) {
		t.Error("the host's leaf has no passport")
	}
}

func TestOnlyAPassportOfThisDeviceIsUsed(t *testing.T) {
	r, o := openRoom(t), newOffice(t)
	a := r.admit("a")[0]
	own := o.passport(a.device.Public())
	for name, der := range map[string][]byte{
		"of another device": o.passport(r.host.device.Public()),
		"garbage":           []byte("garbage"),
		"empty":             {},
		"cut off":           own[:len(own)-1],
		"with an end":       append(bytes.Clone(own), 0),
		"an authority's":    o.authority.Raw,
	} {
		if err := a.UsePassport(der); !errors.Is(err, ErrPassport) {
			t.Errorf("%s: use: %v", name, err)
		}
		cfg := a.cfg
		cfg.Passport = der
		if _, err := Prepare(cfg); !errors.Is(err, ErrPassport) {
			t.Errorf("%s: prepare: %v", name, err)
		}
	}
	r.renew(a, own)
	a.Close()
	if err := a.UsePassport(own); !errors.Is(err, ErrClosed) {
		t.Errorf("after the end: %v", err)
	}
}

// What a commit that waits holds does not change under it.
func TestPassportIsForTheNextCommit(t *testing.T) {
	r, o := openRoom(t), newOffice(t)
	a := r.admit("a")[0]
	first, second := o.passport(a.device.Public()), o.passport(a.device.Public())
	if err := a.UsePassport(first); err != nil {
		t.Fatal(err)
	}
	staged, err := a.Commit(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.UsePassport(second); err != nil {
		t.Fatal(err)
	}
	r.deliver(staged.Commit)
	r.shows(a, first)
	// A commit that was lost leaves the leaf as it was; the next one has the passport.
	if _, err := a.Commit(nil, nil); err != nil {
		t.Fatal(err)
	}
	r.renew(r.host, nil)
	r.shows(a, first)
	r.renew(a, second)
	r.shows(a, second)
}

// illWill is what a member of ill will may put into its leaf, as those whose
// device is the signer see them.
func illWill(o office, signer, other keys.PublicKey) map[string]mls.Credential {
	own := o.passport(signer)
	x509 := func(chain ...[]byte) mls.Credential { return mls.X509Credential(chain) }
	tampered := bytes.Clone(own)
	tampered[0] ^= 1
	return map[string]mls.Credential{
		"a passport of another device": x509(o.passport(other)),
		"no certificate":               x509(),
		"an empty certificate":         x509(nil),
		"garbage":                      x509([]byte("garbage")),
		"a chain":                      x509(own, o.authority.Raw),
		"twice":                        x509(own, own),
		"an authority":                 x509(o.authority.Raw),
		"cut off":                      x509(own[:len(own)-1]),
		"with an end":                  x509(append(bytes.Clone(own), 0)),
		"broken":                       x509(tampered),
		"too long":                     x509(bytes.Repeat([]byte{0x30}, 8<<10)),
		"no passport":                  x509(plainCertificate(o, signer)),
		"the key of another device":    mls.BasicCredential(other[:]),
		"no key":                       mls.BasicCredential(nil),
	}
}

// plainCertificate is an X.509 certificate of a device that is no passport.
func plainCertificate(o office, device keys.PublicKey) []byte {
	template := &x509.Certificate{
		SerialNumber: big.NewInt(3), Subject: pkix.Name{CommonName: "Ana Lima"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, o.authority, ed25519.PublicKey(device[:]), o.key)
	if err != nil {
		o.t.Fatal(err)
	}
	return der
}

// At the door, and from a host of ill will, such a leaf does not come in.
func TestForeignCredentialsAreNotAdded(t *testing.T) {
	r, o := openRoomWith(t, SuiteClassic), newOffice(t)
	a := r.admit("a")[0]
	device, other := newDevice(t), newDevice(t).Public()
	joiner := r.person("joiner", device)
	m, err := joiner.cfg.verify()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range illWill(o, device.Public(), other) {
		cfg := mlsConfig(m)
		cfg.Credential = c
		kp, err := mls.NewKeyPackage(cfg)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := CheckKeyPackage(r.host.cfg, kp.Message()); err == nil {
			t.Errorf("%s: a key package passes", name)
		}
		if _, err := r.host.Commit([][]byte{kp.Message()}, nil); err == nil {
			t.Errorf("%s: the host adds it", name)
			r.host.Discard()
		}
		// The host's program is another one, which checks nothing.
		commit, err := lax(t, r.host, nil, mls.CommitOptions{
			Add: [][]byte{kp.Message()}, AuthenticatedData: encodeAdmissions([]keys.Admission{
				r.host.device.SignAdmission(r.host.Meeting(), device.Public(), hashKeyPackage(kp.Message())),
			}),
		})
		if err != nil {
			continue // not even keys/mls lets it through
		}
		r.unchanged(a, func() {
			if _, err := a.Handle(commit); err == nil {
				t.Errorf("%s: a member takes it", name)
			}
		})
	}
}

// lax commits for p with a program that checks no credential.
func lax(t testing.TB, p *person, signer crypto.Signer, o mls.CommitOptions) ([]byte, error) {
	t.Helper()
	e := p.engine.(*ours)
	key := make([]byte, 32)
	sealed, err := e.group.Seal(key)
	if err != nil {
		t.Fatal(err)
	}
	cfg := mlsConfig(p.meeting)
	cfg.Verify = func(mls.Credential, []byte) error { return nil }
	cfg.Successor = func(_, _ mls.Credential) error { return nil }
	copied, err := mls.Open(cfg, key, sealed)
	if err != nil {
		t.Fatal(err)
	}
	defer copied.Wipe()
	o.References, o.Signer = [][]byte{}, signer
	staged, err := copied.Commit(o)
	if err != nil {
		return nil, err
	}
	return staged.Message(), nil
}

// A member's leaf changes its credential to nothing but another of the same device.
func TestForeignCredentialsDoNotReplace(t *testing.T) {
	r, o := openRoomWith(t, SuiteClassic), newOffice(t)
	a := r.admit("a")[0]
	device := newDevice(t)
	b := r.enter("b", device, o.passport(device.Public()), Prepare)
	other := newDevice(t)
	for _, p := range []*person{a, b} {
		refused := 0
		for name, c := range illWill(o, p.device.Public(), other.Public()) {
			commit, err := lax(t, p, nil, mls.CommitOptions{Credential: &c})
			if err != nil {
				continue
			}
			refused++
			r.unchanged(r.host, func() {
				if _, err := r.host.Handle(commit); err == nil {
					t.Errorf("%s: %s is taken", p.name, name)
				}
			})
		}
		if refused < 5 {
			t.Errorf("only %d of the credentials came to a member", refused)
		}
		// Another device altogether, with a true passport of its own.
		for name, c := range map[string]mls.Credential{
			"passport": mls.X509Credential([][]byte{o.passport(other.Public())}), "key": credentialOf(other.Public(), nil),
		} {
			commit, err := lax(t, p, other.Signer(), mls.CommitOptions{Credential: &c})
			if err != nil {
				t.Fatal(err)
			}
			r.unchanged(r.host, func() {
				if _, err := r.host.Handle(commit); err == nil {
					t.Errorf("%s became another device by its %s", p.name, name)
				}
			})
		}
	}
	r.renew(b, o.passport(device.Public()))
	r.agree()
}

// TestTwoImplementationsTakePassports is TestTwoImplementationsMeet with passports:
// every second guest's MLS is mls-go, which compares certificate and signature key
// by itself.
func TestTwoImplementationsTakePassports(t *testing.T) {
	r, o := openRoomWith(t, SuiteClassic), newOffice(t)
	r.renew(r.host, o.passport(r.host.device.Public()))
	for i := range 6 {
		device := newDevice(t)
		passport, prepare := o.passport(device.Public()), Prepare
		switch {
		case i%2 == 0:
			prepare = prepareOther
		case i == 3:
			passport = nil // a guest
		}
		r.shows(r.enter(fmt.Sprint("guest ", i), device, passport, prepare), passport)
		r.agree()
	}
	for _, p := range slices.Clone(r.present) {
		if _, is := p.engine.(*mlsgo); is {
			staged, err := p.Commit(nil, nil)
			if err != nil {
				t.Fatal(err)
			}
			r.deliver(staged.Commit)
			r.agree()
		}
	}
}

// A long passport fits into what a service carries: see call/wire.
func TestLongestPassportFits(t *testing.T) {
	r, o := openRoom(t), newOffice(t)
	p := r.person("a", newDevice(t))
	p.cfg.Passport = o.passport(p.device.Public(), func(q *keys.Passport) {
		q.Name = strings.Repeat("\U0001F600", keys.MaxNameRunes)
		label := strings.Repeat("a", 63)
		q.Issuer = strings.Join([]string{label, label, label, strings.Repeat("a", 61)}, ".")
	})
	j, err := Prepare(p.cfg)
	if err != nil {
		t.Fatal(err)
	}
	ordinary := len(o.passport(p.device.Public()))
	t.Logf("passports of %d to %d bytes; key package with the longest: %d", ordinary, len(p.cfg.Passport), len(j.KeyPackage()))
	if n := len(j.KeyPackage()); n > 8<<10 {
		t.Errorf("a key package of %d bytes", n)
	}
}

// sizes are of a meeting of n in which everybody has committed once: a renewal, a
// removal, and a commit that adds 48 with their Welcome.
func sizes(t testing.TB, suite uint16, n int, passports bool) (renew, remove, adds, welcome int) {
	t.Helper()
	r, o := openRoomWith(t, suite), newOffice(t)
	paper := func(p *person) (der []byte) {
		if passports {
			der = o.passport(p.device.Public())
		}
		return der
	}
	packages := func(n int) (people []*person, joining []*Joining, out [][]byte) {
		for range n {
			p := r.person("guest", newDevice(t))
			p.cfg.Passport = paper(p)
			j, err := Prepare(p.cfg)
			if err != nil {
				t.Fatal(err)
			}
			people, joining, out = append(people, p), append(joining, j), append(out, j.KeyPackage())
		}
		return people, joining, out
	}
	must := func(s Staged, err error) Staged {
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	if err := r.host.UsePassport(paper(r.host)); err != nil {
		t.Fatal(err)
	}
	people, joining, kps := packages(n - 1)
	for from := 0; from < n-1; from += 48 {
		to := min(from+48, n-1)
		staged := must(r.host.Commit(kps[from:to], nil))
		r.deliver(staged.Commit)
		for i := from; i < to; i++ {
			g, err := joining[i].Join(staged.Welcome)
			if err != nil {
				t.Fatal(err)
			}
			people[i].Group = g
			r.present = append(r.present, people[i])
		}
	}
	for _, p := range r.present {
		r.deliver(must(p.Commit(nil, nil)).Commit)
	}
	renew = len(must(r.host.Commit(nil, nil)).Commit)
	r.host.Discard()
	remove = len(must(r.host.Commit(nil, []keys.PublicKey{people[n-2].device.Public()})).Commit)
	r.host.Discard()
	_, _, kps = packages(48)
	crowd := must(r.host.Commit(kps, nil))
	r.host.Discard()
	return renew, remove, len(crowd.Commit), len(crowd.Welcome)
}

// The largest commit that a host makes, call.AdmitMost people with passports at once,
// stays within what a service carries (call/wire: MaxCommit and MaxWelcome).
func TestCrowdWithPassportsFits(t *testing.T) {
	_, _, adds, welcome := sizes(t, SuitePostQuantum, 10, true)
	if adds > 256<<10 || welcome > 480<<10 {
		t.Errorf("commit of %d and Welcome of %d bytes", adds, welcome)
	}
}

// BenchmarkPassports is what passports cost on the wire in a meeting of fifty.
func BenchmarkPassports(b *testing.B) {
	for name, suite := range map[string]uint16{"classic": SuiteClassic, "postquantum": SuitePostQuantum} {
		for _, passports := range []bool{false, true} {
			b.Run(fmt.Sprintf("%s/50/passports=%t", name, passports), func(b *testing.B) {
				var renew, remove, adds, welcome int
				for b.Loop() {
					renew, remove, adds, welcome = sizes(b, suite, 50, passports)
				}
				b.ReportMetric(float64(renew), "B/renewal")
				b.ReportMetric(float64(remove), "B/removal")
				b.ReportMetric(float64(adds), "B/48-added")
				b.ReportMetric(float64(welcome), "B/welcome")
			})
		}
	}
}

// FuzzLeafPassport gives the judge of credentials bytes as a certificate: whoever is
// taken for a device has a passport of just the key that signs.
func FuzzLeafPassport(f *testing.F) {
	device := keys.DeviceKeyFromSeed([32]byte{1}).Public()
	o := newOffice(f)
	f.Add(o.passport(device))
	f.Add(o.passport(keys.PublicKey{2}))
	f.Add(o.authority.Raw)
	f.Add([]byte{0x30, 0x82})
	f.Fuzz(func(t *testing.T, der []byte) {
		c := mls.X509Credential([][]byte{der})
		key, ok := leafOf(mls.Member{Credential: c, SignatureKey: device[:]}).key()
		named, read := deviceIn(c)
		if ok && (key != device || !read || named != device) {
			t.Fatal("somebody else's certificate counts")
		}
		if p, err := keys.ParsePassport(der); ok != (err == nil && p.Device == device) {
			t.Fatal("another judgement than that of ParsePassport")
		}
		if (checkPassport(der, device) == nil) != ok && der != nil {
			t.Fatal("one may use what others refuse, or the reverse")
		}
		if succeeds(mls.BasicCredential(device[:]), c) == nil && named != device {
			t.Fatal("a device became another one")
		}
	})
}
