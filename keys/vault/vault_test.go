package vault

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	gokeyring "github.com/zalando/go-keyring"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	// godbus keeps one connection to the session's bus for the life of the process;
	// only the inner process of TestRealSecretService gets one.
	goleak.VerifyTestMain(m,
		goleak.IgnoreAnyFunction("github.com/godbus/dbus/v5.(*Conn).inWorker"),
		goleak.IgnoreTopFunction("github.com/godbus/dbus/v5.newConn.func1"))
}

// cheap makes tests of the sealed file fast; the format is the same.
var cheap = cost{time: 1, memory: 64, threads: 1}

// fakeRing is a keyring in memory that can fail or hang.
type fakeRing struct {
	mu      sync.Mutex
	values  map[string]string
	fail    error
	forgets bool
	hang    chan struct{} // calls wait for it when it is not nil
	calls   int
}

func newFakeRing() *fakeRing { return &fakeRing{values: map[string]string{}} }

func (r *fakeRing) enter() error {
	r.mu.Lock()
	r.calls++
	hang, fail := r.hang, r.fail
	r.mu.Unlock()
	if hang != nil {
		<-hang
	}
	return fail
}

func (r *fakeRing) Get(service, user string) (string, error) {
	if err := r.enter(); err != nil {
		return "", err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	v, ok := r.values[service+"/"+user]
	if !ok {
		return "", gokeyring.ErrNotFound
	}
	return v, nil
}

func (r *fakeRing) Set(service, user, password string) error {
	if err := r.enter(); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.forgets {
		r.values[service+"/"+user] = password
	}
	return nil
}

func (r *fakeRing) Delete(service, user string) error {
	if err := r.enter(); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, ok := r.values[service+"/"+user]; !ok {
		return gokeyring.ErrNotFound
	}
	delete(r.values, service+"/"+user)
	return nil
}

func passphrase(s string) func() ([]byte, error) {
	return func() ([]byte, error) { return []byte(s), nil }
}

func fileConfig(t *testing.T, dir string) Config {
	t.Helper()
	return Config{Service: "conclave-test", Dir: dir, Passphrase: passphrase("open sesame"), Backend: SealedFile, cost: cheap}
}

func mustOpen(t *testing.T, cfg Config) Vault {
	t.Helper()
	v, kind, err := Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if v.Kind() != kind {
		t.Fatalf("kind %v, want %v", v.Kind(), kind)
	}
	return v
}

// exercise checks what every Vault promises.
func exercise(t *testing.T, v Vault) {
	t.Helper()
	if _, err := v.Load("device"); !errors.Is(err, ErrNotFound) {
		t.Fatalf("load before store: got %v, want ErrNotFound", err)
	}
	if err := v.Delete("device"); err != nil {
		t.Fatalf("delete before store: %v", err)
	}
	secret := bytes.Repeat([]byte{0, 0xff, '\n'}, MaxSecret/3)
	for _, want := range [][]byte{{1, 2, 3}, {}, secret} {
		given := bytes.Clone(want)
		if err := v.Store("device", given); err != nil {
			t.Fatal(err)
		}
		clear(given) // the vault has its own copy
		for range 2 {
			got, err := v.Load("device")
			if err != nil || !bytes.Equal(got, want) {
				t.Fatalf("got %d bytes, %v; want %d", len(got), err, len(want))
			}
			clear(got) // and so has the caller
		}
	}
	if err := v.Store("other.name-2", []byte("x")); err != nil {
		t.Fatal(err)
	}
	if err := v.Store("device", make([]byte, MaxSecret+1)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("too large: got %v", err)
	}
	if got, err := v.Load("device"); err != nil || !bytes.Equal(got, secret) {
		t.Errorf("a refused value replaced the old one: %v", err)
	}
	for _, name := range []string{"", "a/b", "ä", "a b", strings.Repeat("x", 129)} {
		if err := v.Store(name, nil); !errors.Is(err, ErrName) {
			t.Errorf("store %q: got %v, want ErrName", name, err)
		}
		if _, err := v.Load(name); !errors.Is(err, ErrName) {
			t.Errorf("load %q: got %v, want ErrName", name, err)
		}
		if err := v.Delete(name); !errors.Is(err, ErrName) {
			t.Errorf("delete %q: got %v, want ErrName", name, err)
		}
	}
	if err := v.Delete("device"); err != nil {
		t.Fatal(err)
	}
	if _, err := v.Load("device"); !errors.Is(err, ErrNotFound) {
		t.Errorf("load after delete: got %v, want ErrNotFound", err)
	}
	if got, err := v.Load("other.name-2"); err != nil || string(got) != "x" {
		t.Errorf("the other secret: %q, %v", got, err)
	}
}

func TestMemory(t *testing.T) {
	v := mustOpen(t, Config{Service: "conclave-test", Backend: Memory})
	exercise(t, v)
	if v.Kind() != Memory {
		t.Errorf("got %v", v.Kind())
	}
}

func TestKeychain(t *testing.T) {
	ring := newFakeRing()
	v := mustOpen(t, Config{Service: "conclave-test", ring: ring})
	if v.Kind() != Keychain {
		t.Fatalf("got %v", v.Kind())
	}
	exercise(t, v)
	if err := v.Store("device", make([]byte, MaxSecret)); err != nil {
		t.Fatal(err)
	}
	for name, value := range ring.values {
		if len(value) > 2560 {
			t.Errorf("%s has %d bytes, more than Windows takes", name, len(value))
		}
	}
	if err := v.Store(probeName, nil); !errors.Is(err, ErrName) {
		t.Errorf("the probe's name was taken: %v", err)
	}
	ring.values["conclave-test/device"] = "not base64!"
	if _, err := v.Load("device"); err == nil || strings.Contains(err.Error(), "base64!") {
		t.Errorf("a foreign value: %v", err)
	}
	ring.fail = errors.New("broken")
	if err := v.Store("a", nil); err == nil {
		t.Error("stored in a broken keychain")
	}
	if _, err := v.Load("a"); err == nil || errors.Is(err, ErrNotFound) {
		t.Errorf("loaded from a broken keychain: %v", err)
	}
	if err := v.Delete("a"); err == nil {
		t.Error("deleted from a broken keychain")
	}
}

func TestNoKeychainFallsBackToSealedFile(t *testing.T) {
	for name, ring := range map[string]*fakeRing{
		"none":    {values: map[string]string{}, fail: errors.New("no such name on the bus")},
		"forgets": {values: map[string]string{}, forgets: true},
		"foreign": {values: map[string]string{"conclave-test/probe": "something else"}},
	} {
		cfg := fileConfig(t, t.TempDir())
		cfg.Backend, cfg.ring = 0, ring
		v := mustOpen(t, cfg)
		if v.Kind() != SealedFile {
			t.Errorf("%s: got %v, want the sealed file", name, v.Kind())
		}
		exercise(t, v)

		cfg.Passphrase, cfg.Dir = nil, t.TempDir()
		if _, _, err := Open(t.Context(), cfg); !errors.Is(err, ErrNeedPassphrase) || !errors.Is(err, ErrNoKeychain) {
			t.Errorf("%s: nobody to ask: got %v", name, err)
		}
		cfg.Backend = Keychain
		if _, _, err := Open(t.Context(), cfg); !errors.Is(err, ErrNoKeychain) {
			t.Errorf("%s: keychain wanted: got %v, want ErrNoKeychain", name, err)
		}
	}
}

func TestChoiceOfVaultStays(t *testing.T) {
	ring := newFakeRing()
	cfg := fileConfig(t, filepath.Join(t.TempDir(), "new"))
	cfg.Backend, cfg.ring = 0, ring
	if v := mustOpen(t, cfg); v.Kind() != Keychain {
		t.Fatalf("got %v, want the keychain", v.Kind())
	}
	ring.fail = errors.New("locked today")
	if _, _, err := Open(t.Context(), cfg); !errors.Is(err, ErrNoKeychain) {
		t.Errorf("keychain out of reach: got %v, want ErrNoKeychain and no second vault", err)
	}
	cfg.Backend = SealedFile // a person may choose anew
	mustOpen(t, cfg)

	cfg.Backend, ring.fail = 0, nil
	if v := mustOpen(t, cfg); v.Kind() != SealedFile {
		t.Errorf("a keychain came up: got %v, want the sealed file of before", v.Kind())
	}
}

func TestHungKeychainDoesNotHangTheApp(t *testing.T) {
	ring := newFakeRing()
	ring.hang = make(chan struct{})
	defer close(ring.hang)
	cfg := fileConfig(t, t.TempDir())
	cfg.Backend, cfg.ring, cfg.ProbeTimeout = 0, ring, 20*time.Millisecond
	v := mustOpen(t, cfg)
	if v.Kind() != SealedFile {
		t.Fatalf("got %v, want the sealed file", v.Kind())
	}
	cfg.Backend = Keychain
	if _, _, err := Open(t.Context(), cfg); !errors.Is(err, ErrKeychainTimeout) {
		t.Errorf("got %v, want ErrKeychainTimeout", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	cfg.Backend, cfg.ProbeTimeout, cfg.Dir = 0, time.Hour, t.TempDir()
	if _, _, err := Open(ctx, cfg); !errors.Is(err, ErrKeychainTimeout) {
		t.Errorf("given up: got %v, want ErrKeychainTimeout", err)
	}
}

func TestHungKeychainHoldsOneGoroutineOnly(t *testing.T) {
	ring := newFakeRing()
	k := newKeychain("conclave-test", ring)
	ring.hang = make(chan struct{})
	defer close(ring.hang)
	for range 5 {
		if err := k.probe(t.Context(), 5*time.Millisecond); !errors.Is(err, ErrKeychainTimeout) {
			t.Fatalf("got %v, want ErrKeychainTimeout", err)
		}
	}
	ring.mu.Lock()
	defer ring.mu.Unlock()
	if ring.calls != 1 {
		t.Errorf("%d calls wait on the hung keychain, want 1", ring.calls)
	}
}

// TestRealKeyringLibraryOnSilentBus runs the real library against a message bus that
// accepts the connection and never says a word.
func TestRealKeyringLibraryOnSilentBus(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bus")
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var held []net.Conn
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			held = append(held, conn)
			mu.Unlock()
		}
	})
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path="+path)
	cfg := fileConfig(t, t.TempDir())
	cfg.Backend, cfg.ProbeTimeout = 0, 100*time.Millisecond
	v := mustOpen(t, cfg)
	if v.Kind() != SealedFile {
		t.Errorf("got %v, want the sealed file", v.Kind())
	}
	_ = listener.Close()
	wg.Wait()
	mu.Lock()
	defer mu.Unlock()
	if len(held) == 0 {
		t.Error("the library never came to the silent bus; the test shows nothing")
	}
	for _, conn := range held {
		_ = conn.Close() // lets the waiting goroutine go
	}
}

func TestRealKeyringLibraryWithoutBus(t *testing.T) {
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path="+filepath.Join(t.TempDir(), "none"))
	cfg := fileConfig(t, t.TempDir())
	cfg.Backend = Keychain
	if _, _, err := Open(t.Context(), cfg); !errors.Is(err, ErrNoKeychain) {
		t.Errorf("got %v, want ErrNoKeychain", err)
	}
}

func TestSealedFile(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "made", "for", "it")
	cfg := fileConfig(t, dir)
	v := mustOpen(t, cfg)
	exercise(t, v)
	if err := v.Store("device", []byte("the device's seed")); err != nil {
		t.Fatal(err)
	}
	again := mustOpen(t, cfg)
	if got, err := again.Load("device"); err != nil || string(got) != "the device's seed" {
		t.Errorf("after reopening: %q, %v", got, err)
	}
	path := filepath.Join(dir, "conclave-test.vault")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, leak := range []string{"device", "seed", base64.StdEncoding.EncodeToString([]byte("the device's seed"))} {
		if bytes.Contains(data, []byte(leak)) {
			t.Errorf("%q is readable in the file", leak)
		}
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v; want 0600", info.Mode(), err)
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("folder's mode %v, %v; want 0700", info.Mode(), err)
	}
}

func TestSealedFileSealsAnewEachTime(t *testing.T) {
	dir := t.TempDir()
	v := mustOpen(t, fileConfig(t, dir))
	path := filepath.Join(dir, "conclave-test.vault")
	seen := map[string]bool{}
	for range 20 {
		if err := v.Store("a", []byte("same")); err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		nonce := string(data[headSize : headSize+nonceSize])
		if seen[nonce] {
			t.Fatal("a nonce was used twice")
		}
		seen[nonce] = true
	}
}

func TestSealedFileRefusesTheWrongPassphrase(t *testing.T) {
	dir := t.TempDir()
	mustOpen(t, fileConfig(t, dir))
	cfg := fileConfig(t, dir)
	cfg.Passphrase = passphrase("open sesam")
	if _, _, err := Open(t.Context(), cfg); !errors.Is(err, ErrPassphrase) {
		t.Errorf("got %v, want ErrPassphrase", err)
	}
	for name, ask := range map[string]func() ([]byte, error){"nobody": nil, "empty": passphrase("")} {
		cfg.Passphrase = ask
		if _, _, err := Open(t.Context(), cfg); !errors.Is(err, ErrNeedPassphrase) {
			t.Errorf("%s: got %v, want ErrNeedPassphrase", name, err)
		}
	}
	refused := errors.New("cancelled")
	cfg.Passphrase = func() ([]byte, error) { return nil, refused }
	if _, _, err := Open(t.Context(), cfg); !errors.Is(err, refused) {
		t.Errorf("cancelled: got %v", err)
	}
}

func TestSealedFileRefusesEveryAlteration(t *testing.T) {
	dir := t.TempDir()
	v := mustOpen(t, fileConfig(t, dir))
	if err := v.Store("device", []byte("seed")); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "conclave-test.vault")
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	try := func(name string, data []byte) {
		t.Helper()
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := v.Load("device"); !errors.Is(err, ErrPassphrase) && !errors.Is(err, ErrSealedFile) {
			t.Errorf("%s: load: %v", name, err)
		}
		if err := v.Store("device", nil); err == nil {
			t.Errorf("%s: stored over a file that does not open", name)
		}
	}
	for i := range whole {
		altered := bytes.Clone(whole)
		altered[i] ^= 1
		try("altered", altered)
		try("half-written", whole[:i])
	}
	try("longer", append(bytes.Clone(whole), 0))
	try("huge", make([]byte, maxFileSize+1))
	if err := os.WriteFile(path, whole[:40], 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Open(t.Context(), fileConfig(t, dir)); !errors.Is(err, ErrSealedFile) {
		t.Errorf("open half a file: got %v, want ErrSealedFile", err)
	}
	if err := os.WriteFile(path, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := v.Load("device"); err != nil || string(got) != "seed" {
		t.Errorf("the whole file: %q, %v", got, err)
	}
}

// TestSealedFileSurvivesAFailureAtEveryStep stops a write before each of its steps:
// the old secrets stay readable, and no half-written file is left.
func TestSealedFileSurvivesAFailureAtEveryStep(t *testing.T) {
	full := errors.New("disk full")
	for _, step := range []string{"write", "sync", "close", "rename"} {
		dir := t.TempDir()
		v := mustOpen(t, fileConfig(t, dir))
		if err := v.Store("device", []byte("old")); err != nil {
			t.Fatal(err)
		}
		f := v.(*sealedFile)
		f.beforeStep = func(s string) error {
			if s == step {
				return full
			}
			return nil
		}
		if err := v.Store("device", []byte("new")); !errors.Is(err, full) {
			t.Errorf("%s: got %v, want the disk's error", step, err)
		}
		f.beforeStep = nil
		for _, w := range []Vault{v, mustOpen(t, fileConfig(t, dir))} {
			if got, err := w.Load("device"); err != nil || string(got) != "old" {
				t.Errorf("%s: %q, %v; want the old secret", step, got, err)
			}
		}
		entries, err := os.ReadDir(dir)
		if err != nil || len(entries) != 1 {
			t.Errorf("%s: %d files are left, want 1 (%v)", step, len(entries), err)
		}
	}
}

func TestSealedFileIgnoresTheRestOfACrash(t *testing.T) {
	dir := t.TempDir()
	mustOpen(t, fileConfig(t, dir))
	if err := os.WriteFile(filepath.Join(dir, ".conclave-test.vault.123"), []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	exercise(t, mustOpen(t, fileConfig(t, dir)))
}

func TestDefaultCostIsTheRecommendedOne(t *testing.T) {
	if defaultCost.memory < 64<<10 || defaultCost.time < 3 || !defaultCost.isBearable() {
		t.Errorf("got %+v", defaultCost)
	}
	v := mustOpen(t, Config{Service: "conclave-test", Dir: t.TempDir(), Passphrase: passphrase("x"), Backend: SealedFile})
	if got := v.(*sealedFile).cost; got != defaultCost {
		t.Errorf("a new file costs %+v", got)
	}
}

func TestOpenRefusesBadConfig(t *testing.T) {
	for name, cfg := range map[string]Config{
		"no service":      {Backend: Memory},
		"strange service": {Service: "../x", Backend: Memory},
		"no folder":       {Service: "x", Backend: SealedFile, Passphrase: passphrase("x")},
		"unknown backend": {Service: "x", Backend: 9},
	} {
		if _, _, err := Open(t.Context(), cfg); err == nil {
			t.Errorf("%s: opened", name)
		}
	}
}

func TestKindNames(t *testing.T) {
	for k, want := range map[Kind]string{Keychain: "keychain", SealedFile: "sealed file", Memory: "memory", 0: "unknown"} {
		if k.String() != want {
			t.Errorf("got %q, want %q", k, want)
		}
	}
}

func FuzzParseHeader(f *testing.F) {
	f.Add(append(header{cost: defaultCost}.encode(), make([]byte, nonceSize+16)...))
	f.Add([]byte(fileMagic))
	f.Fuzz(func(t *testing.T, data []byte) {
		h, err := parseHeader(data)
		if err == nil && (!bytes.HasPrefix(data, h.encode()) || !h.cost.isBearable()) {
			t.Fatalf("%x reads as %+v", data, h)
		}
	})
}
