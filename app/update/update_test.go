package update

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
)

func keyPair(t testing.TB) (private, public string) {
	t.Helper()
	private, public, err := note.GenerateKey(rand.Reader, "conclave-updates")
	if err != nil {
		t.Fatal(err)
	}
	return private, public
}

func manifest(version string) Manifest {
	return Manifest{
		Version: version, Made: time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC), Page: "https://conclave.example/get",
		Notes: "Rooms come back by themselves.",
		Files: []File{{"conclave_1.2.0_amd64.deb", "linux", 1, strings.Repeat("a", 64)}},
	}
}

func TestManifestIsReadBackOnlyWithTheMakersSignature(t *testing.T) {
	private, public := keyPair(t)
	_, other := keyPair(t)
	signed, err := Sign(manifest("1.2.0"), private)
	if err != nil {
		t.Fatal(err)
	}
	m, err := Open(signed, public)
	if err != nil || m.Version != "1.2.0" || len(m.Files) != 1 {
		t.Fatalf("read back %+v, %v", m, err)
	}
	if _, err := Open(signed, other); !errors.Is(err, ErrSignature) {
		t.Errorf("another's key: %v, want %v", err, ErrSignature)
	}
	for i := range signed {
		bent := append([]byte(nil), signed...)
		bent[i] ^= 1
		// The last bits of base64's last letter mean nothing: they may bend.
		if got, err := Open(bent, public); err == nil && !reflect.DeepEqual(got, m) {
			t.Fatalf("byte %d bent and read as %+v", i, got)
		}
	}
	if _, err := Open(signed, ""); !errors.Is(err, ErrSignature) {
		t.Errorf("no key: %v, want %v", err, ErrSignature)
	}
}

func TestManifestsThatLeadAstrayAreNotSigned(t *testing.T) {
	private, _ := keyPair(t)
	for name, bend := range map[string]func(*Manifest){
		"page without TLS":  func(m *Manifest) { m.Page = "http://conclave.example" },
		"no page":           func(m *Manifest) { m.Page = "" },
		"no version":        func(m *Manifest) { m.Version = "newest" },
		"half a version":    func(m *Manifest) { m.Version = "1.2" },
		"file in a folder":  func(m *Manifest) { m.Files[0].Name = "../conclave.deb" },
		"file without hash": func(m *Manifest) { m.Files[0].SHA256 = "" },
	} {
		m := manifest("1.2.0")
		bend(&m)
		if _, err := Sign(m, private); !errors.Is(err, ErrManifest) {
			t.Errorf("%s: %v, want %v", name, err, ErrManifest)
		}
	}
}

func TestOnlyLaterVersionsAreNews(t *testing.T) {
	for _, c := range []struct {
		out, running string
		want         bool
	}{
		{"1.2.0", "1.1.9", true},
		{"1.10.0", "1.9.0", true},
		{"1.2.0", "1.2.0", false},
		{"1.1.0", "1.2.0", false},
		{"2.0.0-rc.1", "1.2.0", false},
		{"2.0.0-rc.2", "2.0.0-rc.1", true},
		{"2.0.0", "2.0.0-rc.1", true},
		{"9.0.0", "development", false},
	} {
		if got := manifest(c.out).IsNewer(c.running); got != c.want {
			t.Errorf("%s over %s: %v, want %v", c.out, c.running, got, c.want)
		}
	}
}

func TestAskSaysNothingOfThePerson(t *testing.T) {
	private, public := keyPair(t)
	signed, err := Sign(manifest("1.2.0"), private)
	if err != nil {
		t.Fatal(err)
	}
	var asked *http.Request
	answer := signed
	status := http.StatusOK
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		asked = q
		w.WriteHeader(status)
		_, _ = w.Write(answer)
	}))
	defer s.Close()
	m, err := ask(context.Background(), s.Client().Transport, s.URL+"/update", public)
	if err != nil || m.Version != "1.2.0" {
		t.Fatalf("%+v, %v", m, err)
	}
	if asked.Header.Get("User-Agent") != "conclave" || asked.URL.RawQuery != "" || asked.Header.Get("Cookie") != "" {
		t.Errorf("the request tells more than it must: %v %v", asked.URL, asked.Header)
	}
	answer = append([]byte("x"), signed...)
	if _, err := ask(context.Background(), s.Client().Transport, s.URL, public); !errors.Is(err, ErrSignature) {
		t.Errorf("bent answer: %v, want %v", err, ErrSignature)
	}
	rounds := 0
	circle := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		rounds++
		http.Redirect(w, q, "/again", http.StatusFound)
	}))
	defer circle.Close()
	if _, err := ask(context.Background(), circle.Client().Transport, circle.URL, public); err == nil || rounds > 10 {
		t.Errorf("sent in a circle: asked %d times, %v", rounds, err)
	}
	answer = make([]byte, MaxManifest+10)
	if _, err := ask(context.Background(), s.Client().Transport, s.URL, public); !errors.Is(err, ErrManifest) {
		t.Errorf("huge answer: %v, want %v", err, ErrManifest)
	}
	status = http.StatusNotFound
	if _, err := ask(context.Background(), s.Client().Transport, s.URL, public); err == nil {
		t.Error("404 taken for a manifest")
	}
	if _, err := ask(context.Background(), s.Client().Transport, strings.Replace(s.URL, "https", "http", 1), public); err == nil {
		t.Error("asked without TLS")
	}
}

func TestABuildWithoutAKeyNeverAsks(t *testing.T) {
	if Asks() {
		t.Fatal("a test build has an address for updates")
	}
	if _, err := Ask(context.Background()); !errors.Is(err, ErrNotAsked) {
		t.Errorf("%v, want %v", err, ErrNotAsked)
	}
}

func FuzzOpen(f *testing.F) {
	private, public := keyPair(f)
	signed, err := Sign(manifest("1.2.0"), private)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(signed)
	f.Add([]byte("{}\n\n— conclave-updates AAAA\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if m, err := Open(data, public); err == nil && string(data) != string(signed) && m.Version != "1.2.0" {
			t.Fatalf("forged: %+v", m)
		}
	})
}
