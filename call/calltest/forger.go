package calltest

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"conclave/keys"
	"conclave/keys/policy"
	"conclave/keys/registry/wire"
	"conclave/keys/tlog"
	"conclave/keys/tlog/tlogtest"
)

// Forger is a registry that states whatever a test wants: it holds the
// authority's key, the log and the policy's key, as a lying service does.
type Forger struct {
	URL string
	Log *tlogtest.Log

	authority *x509.Certificate
	key       ed25519.PrivateKey
	logKey    string
	policyKey string
	signer    note.Signer

	mu     sync.Mutex
	about  func(*wire.About)
	policy *policy.Policy
	others map[string][]byte // policies and terms by path
	people map[keys.PublicKey]*Forged
}

// Forged is what the forger says of one device.
type Forged struct {
	Account wire.Account
	Devices []wire.Device
	Bundle  []byte   // its passport
	Bundles [][]byte // all that it admits to have issued
}

// NewForger starts one with the preset that lets verified people host.
func NewForger(t testing.TB) *Forger {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	f := &Forger{people: map[keys.PublicKey]*Forged{}, others: map[string][]byte{}}
	public, private, err := ed25519.GenerateKey(rand.Reader)
	must(err)
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "forger"}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, public, private)
	must(err)
	f.authority, err = x509.ParseCertificate(der)
	must(err)
	f.key = private
	f.Log, f.logKey = tlogtest.NewNamed("forger")
	secret, verifier, err := note.GenerateKey(rand.Reader, "forger-policy")
	must(err)
	f.policyKey = verifier
	f.signer, err = note.NewSigner(secret)
	must(err)
	p, err := policy.Preset(policy.DefaultPreset)
	must(err)
	f.SetPolicy(p, true)
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	f.URL = server.URL
	return f
}

// SetPolicy puts a policy in force, in the log or not.
func (f *Forger) SetPolicy(p *policy.Policy, logged bool) {
	if logged {
		f.Log.Append(tlog.Entry{Kind: tlog.KindPolicy, Day: tlog.Day(time.Now()), Version: p.Version, Commitment: p.Hash()}.Encode())
	}
	signed, err := policy.Sign(p, f.signer)
	if err != nil {
		panic(err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.policy = p
	f.others["policy/"+p.Hash().String()] = signed
}

// SwapPolicy puts another policy in force, and in the place of all former ones.
func (f *Forger) SwapPolicy(p *policy.Policy) {
	f.SetPolicy(p, true)
	f.mu.Lock()
	defer f.mu.Unlock()
	for path := range f.others {
		if strings.HasPrefix(path, "policy/") {
			f.others[path] = f.others["policy/"+p.Hash().String()]
		}
	}
}

// SetAbout changes what the forger says it is; nil for the truth.
func (f *Forger) SetAbout(change func(*wire.About)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.about = change
}

// Answer puts something else under a path below /v1/, such as "terms/<hash>".
func (f *Forger) Answer(path string, body []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.others[path] = body
}

// Enrol says of a device that it has an account of this name and class, and
// gives it a passport of the log.
func (f *Forger) Enrol(t testing.TB, device keys.PublicKey, name string, class keys.Class) *Forged {
	t.Helper()
	id := keys.NewAccountID()
	g := &Forged{
		Account: wire.Account{ID: id, Name: wire.Text(name), Class: class},
		Devices: []wire.Device{{Key: device, Added: time.Now()}},
	}
	g.Bundle = f.Issue(t, device, id, name, class, true)
	g.Bundles = [][]byte{g.Bundle}
	f.Set(device, g)
	return g
}

// Set replaces what is said of a device.
func (f *Forger) Set(device keys.PublicKey, g *Forged) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.people[device] = g
}

// Issue signs a passport, and logs it or not.
func (f *Forger) Issue(t testing.TB, device keys.PublicKey, id keys.AccountID, name string, class keys.Class, logged bool) []byte {
	t.Helper()
	now := time.Now().UTC().Truncate(time.Second)
	p := keys.Passport{
		Account: id, Device: device, Name: name, Class: class, Verified: now, NotBefore: now, NotAfter: now.Add(keys.PassportLifetime),
	}
	der, err := keys.SignPassport(f.authority, f.key, p)
	if err != nil {
		t.Fatal(err)
	}
	b := keys.PassportBundle{Chain: [][]byte{der}}
	_, _ = rand.Read(b.Opening[:])
	index := uint64(0) // somebody else's entry
	if logged {
		index = f.Log.Append(tlog.PassportEntry(p, b.Opening, der).Encode())
	}
	b.Log = f.Log.Receipt(index)
	data, err := b.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// Revoke puts a revocation of a passport into the log.
func (f *Forger) Revoke(t testing.TB, bundle []byte) {
	t.Helper()
	b, err := keys.ParsePassportBundle(bundle)
	if err != nil {
		t.Fatal(err)
	}
	p, err := keys.ParsePassport(b.Chain[0])
	if err != nil {
		t.Fatal(err)
	}
	e := tlog.PassportEntry(p, b.Opening, b.Chain[0])
	e.Kind = tlog.KindRevocation
	f.Log.Append(e.Encode())
}

// ServeHTTP implements http.Handler.
func (f *Forger) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if path, ok := strings.CutPrefix(r.URL.Path, "/log/"); ok {
		data, err := f.Log.Read(r.Context(), path, 1<<20)
		if err != nil {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write(data)
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	path := strings.TrimPrefix(r.URL.Path, wire.Prefix)
	if body, ok := f.others[path]; ok {
		_, _ = w.Write(body)
		return
	}
	if r.Method == http.MethodGet {
		f.get(w, path)
		return
	}
	words := strings.Fields(r.Header.Get(wire.Header))
	var device keys.PublicKey
	if len(words) < 3 || device.UnmarshalText([]byte(words[2])) != nil || f.people[device] == nil {
		w.WriteHeader(wire.CodeUnauthorized.Status())
		_ = json.NewEncoder(w).Encode(wire.Fail(wire.CodeUnauthorized))
		return
	}
	g := f.people[device]
	if path == "terms" {
		if text, err := io.ReadAll(io.LimitReader(r.Body, 4096)); err == nil {
			if t, err := policy.ParseTerms(text); err == nil {
				f.others[fmt.Sprintf("terms/%x", t.Hash())] = text
			}
		}
	}
	answers := map[string]any{
		"account": g.Account, "devices": wire.Devices{Devices: g.Devices}, "passport": wire.Passport{Bundle: g.Bundle},
		"passports": wire.Passports{Bundles: g.Bundles}, "terms": wire.Empty{},
	}
	_ = json.NewEncoder(w).Encode(answers[path])
}

func (f *Forger) get(w http.ResponseWriter, path string) {
	switch {
	case path == "about":
		about := wire.About{
			Version: 1, Authorities: [][]byte{f.authority.Raw}, LogKey: f.logKey, PolicyKey: f.policyKey, Ways: []string{"email", "phone"},
		}
		if f.about != nil {
			f.about(&about)
		}
		_ = json.NewEncoder(w).Encode(about)
	case path == "policy":
		signed, err := policy.Sign(f.policy, f.signer)
		if err != nil {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		_, _ = w.Write(signed)
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

// Authorities are the forger's, in DER.
func (f *Forger) Authorities() [][]byte { return [][]byte{f.authority.Raw} }
