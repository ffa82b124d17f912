package tlog_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"conclave/keys"
	"conclave/keys/tlog"
	"conclave/keys/tlog/tlogtest"
)

var now = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

// world is a service: an authority and a log.
type world struct {
	t     testing.TB
	log   *tlogtest.Log
	ca    *x509.Certificate
	key   ed25519.PrivateKey
	roots keys.Roots
}

func newWorld(t testing.TB) *world {
	t.Helper()
	_, key, _ := ed25519.GenerateKey(rand.Reader)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(1, 0, 0), KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	ca, _ := x509.ParseCertificate(der)
	roots, _ := keys.NewRoots(der)
	return &world{t, tlogtest.New("log.example"), ca, key, roots}
}

func (w *world) client(memory tlog.Memory, account keys.AccountID) *tlog.Client {
	w.t.Helper()
	c, err := tlog.Open(tlog.Config{Key: w.log.Key(), Reader: w.log, Memory: memory, Account: account})
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

// passport signs a passport and logs it in l; a nil l leaves the receipt empty.
func (w *world) passport(l *tlogtest.Log, account keys.AccountID, device keys.PublicKey) (keys.PassportBundle, tlog.Entry) {
	w.t.Helper()
	p := keys.Passport{
		Account: account, Device: device, Name: "Ana", Class: keys.ClassPhone, Verified: now,
		NotBefore: now, NotAfter: now.Add(keys.PassportLifetime),
	}
	der, err := keys.SignPassport(w.ca, w.key, p)
	if err != nil {
		w.t.Fatal(err)
	}
	b := keys.PassportBundle{Chain: [][]byte{der}}
	_, _ = rand.Read(b.Opening[:])
	entry := tlog.PassportEntry(p, b.Opening, der)
	if l != nil {
		b.Log = l.Receipt(l.Append(entry.Encode()))
	}
	return b, entry
}

func fill(l *tlogtest.Log, n int) {
	for i := range n {
		l.Append(tlog.Entry{Kind: tlog.KindPassport, Day: 1, Label: [32]byte{byte(i), byte(i >> 8)}}.Encode())
	}
}

func TestHonestLogIsBelieved(t *testing.T) {
	for _, size := range []int{0, 1, 255, 256, 257, 700} {
		w := newWorld(t)
		fill(w.log, size)
		memory := &tlogtest.Memory{}
		c := w.client(memory, keys.AccountID{1})
		device := keys.PublicKey{7}
		b, _ := w.passport(w.log, keys.AccountID{2}, device)
		for range 3 {
			if err := c.Update(t.Context()); err != nil {
				t.Fatalf("size %d: %v", size, err)
			}
			if _, err := c.Check(t.Context(), w.roots, b, device, now); err != nil {
				t.Fatalf("size %d: %v", size, err)
			}
			fill(w.log, 300)
			c = w.client(memory, keys.AccountID{1}) // as after a restart
		}
		if got := c.Latest().Size; got != uint64(size+1+600) {
			t.Errorf("size %d: remembered %d", size, got)
		}
	}
}

func TestLyingLogIsCaught(t *testing.T) {
	device, account := keys.PublicKey{7}, keys.AccountID{2}
	var fork *tlog.ForkError
	isFork := func(err error) bool { return errors.As(err, &fork) && len(fork.Mine) > 0 && len(fork.Theirs) > 0 }
	is := func(want error) func(error) bool { return func(err error) bool { return errors.Is(err, want) } }
	for name, row := range map[string]struct {
		lie  func(*world, *tlog.Client) error
		want func(error) bool
	}{
		"rolled back": {func(w *world, c *tlog.Client) error {
			w.log.Become(w.log.Fork(200))
			return c.Update(context.Background())
		}, is(tlog.ErrRollback)},
		"older checkpoint": {func(w *world, c *tlog.Client) error {
			w.log.Show(100)
			return c.Update(context.Background())
		}, is(tlog.ErrRollback)},
		"forked and longer": {func(w *world, c *tlog.Client) error {
			f := w.log.Fork(200)
			f.Append([]byte("another story"))
			fill(f, 500)
			w.log.Become(f)
			return c.Update(context.Background())
		}, isFork},
		"forked, same size": {func(w *world, c *tlog.Client) error {
			f := w.log.Fork(299)
			f.Append([]byte("another story"))
			w.log.Become(f)
			return c.Update(context.Background())
		}, isFork},
		"another log's checkpoint": {func(w *world, c *tlog.Client) error {
			w.log.Become(w.log.Fork(300))
			other := tlogtest.New("log.example")
			return c.Meet(context.Background(), other.Checkpoint())
		}, is(tlog.ErrCheckpoint)},
		"passport in a fork": {func(w *world, c *tlog.Client) error {
			f := w.log.Fork(250)
			fill(f, 1)
			b, _ := w.passport(f, account, device)
			_, err := c.Check(context.Background(), w.roots, b, device, now)
			return err
		}, isFork},
		"passport in a longer view that this client is not shown": {func(w *world, c *tlog.Client) error {
			f := w.log.Fork(300)
			b, _ := w.passport(f, account, device)
			_, err := c.Check(context.Background(), w.roots, b, device, now)
			return err
		}, is(tlog.ErrRollback)},
		"passport not in the log": {func(w *world, c *tlog.Client) error {
			b, _ := w.passport(nil, account, device)
			b.Log = w.log.Receipt(5)
			_, err := c.Check(context.Background(), w.roots, b, device, now)
			return err
		}, is(tlog.ErrNotLogged)},
		"receipt without checkpoint": {func(w *world, c *tlog.Client) error {
			b, _ := w.passport(nil, account, device)
			_, err := c.Check(context.Background(), w.roots, b, device, now)
			return err
		}, is(tlog.ErrCheckpoint)},
		"index beyond the log": {func(w *world, c *tlog.Client) error {
			b, _ := w.passport(w.log, account, device)
			b.Log.Index = 1 << 40
			_, err := c.Check(context.Background(), w.roots, b, device, now)
			return err
		}, is(tlog.ErrNotLogged)},
		"logged under another account's label": {func(w *world, c *tlog.Client) error {
			b, entry := w.passport(nil, account, device)
			entry.Label = keys.LogLabel(keys.AccountID{99}, entry.Day)
			b.Log = w.log.Receipt(w.log.Append(entry.Encode()))
			_, err := c.Check(context.Background(), w.roots, b, device, now)
			return err
		}, is(tlog.ErrNotLogged)},
		"passport of another device": {func(w *world, c *tlog.Client) error {
			b, _ := w.passport(w.log, account, device)
			_, err := c.Check(context.Background(), w.roots, b, keys.PublicKey{8}, now)
			return err
		}, is(keys.ErrPassportDevice)},
		"stranger's authority": {func(w *world, c *tlog.Client) error {
			liar := newWorld(w.t)
			liar.log = w.log
			b, _ := liar.passport(w.log, account, device)
			_, err := c.Check(context.Background(), w.roots, b, device, now)
			return err
		}, is(keys.ErrPassportChain)},
		"revoked passport served as good": {func(w *world, c *tlog.Client) error {
			b, entry := w.passport(w.log, account, device)
			entry.Kind = tlog.KindRevocation
			w.log.Append(entry.Encode())
			if err := c.Update(context.Background()); err != nil {
				return err
			}
			_, err := c.Check(context.Background(), w.roots, b, device, now)
			return err
		}, is(tlog.ErrRevoked)},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			fill(w.log, 300)
			memory := &tlogtest.Memory{}
			c := w.client(memory, keys.AccountID{1})
			if err := c.Update(t.Context()); err != nil {
				t.Fatal(err)
			}
			before := c.Latest()
			if err := row.lie(w, c); !row.want(err) {
				t.Errorf("got %v", err)
			}
			if c.Latest().Size < before.Size {
				t.Error("the lie shortened the memory")
			}
		})
	}
}

func TestFailuresThatPassChangeNothing(t *testing.T) {
	w := newWorld(t)
	fill(w.log, 300)
	memory := &tlogtest.Memory{}
	c := w.client(memory, keys.AccountID{1})
	if err := c.Update(t.Context()); err != nil {
		t.Fatal(err)
	}
	kept, _ := memory.Load()
	down := errors.New("down")
	fill(w.log, 10)
	w.log.Fail(down)
	if err := c.Update(t.Context()); !errors.Is(err, down) {
		t.Errorf("reader down: %v", err)
	}
	w.log.Fail(nil)
	memory.Err = errors.New("disk full")
	if err := c.Update(t.Context()); !errors.Is(err, memory.Err) {
		t.Errorf("disk full: %v", err)
	}
	if after, _ := memory.Load(); !bytes.Equal(kept, after) || c.Latest().Size != 300 {
		t.Error("a failure changed what is known")
	}
	memory.Err = nil
	if err := c.Update(t.Context()); err != nil || c.Latest().Size != 310 {
		t.Errorf("afterwards: %v, size %d", err, c.Latest().Size)
	}
}

func TestDamagedMemoryIsNoFreshStart(t *testing.T) {
	w := newWorld(t)
	for name, text := range map[string]string{
		"not JSON": "{", "empty": "", "foreign checkpoint": `{"checkpoint":"` + "aGVsbG8=" + `"}`, "no checkpoint": "{}",
	} {
		memory := &tlogtest.Memory{}
		_ = memory.Store([]byte(text))
		if data, _ := memory.Load(); data == nil {
			_ = memory.Store([]byte{' '})
		}
		if _, err := tlog.Open(tlog.Config{Key: w.log.Key(), Reader: w.log, Memory: memory}); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestPassportInOwnNameIsNoticed(t *testing.T) {
	w := newWorld(t)
	me, mine, other, thief := keys.AccountID{1}, keys.PublicKey{1}, keys.PublicKey{2}, keys.PublicKey{66}
	memory := &tlogtest.Memory{}
	c := w.client(memory, me)
	asked, _ := w.passport(w.log, me, mine)
	if err := c.Expect(asked); err != nil {
		t.Fatal(err)
	}
	onOther, _ := w.passport(w.log, me, other)
	stolen, _ := w.passport(w.log, me, thief)
	w.passport(w.log, keys.AccountID{5}, keys.PublicKey{5})
	if err := c.Update(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := len(c.Unexplained()); got != 2 {
		t.Fatalf("%d findings, want 2", got)
	}
	c = w.client(memory, me)
	foreign, err := c.Explain([]keys.PassportBundle{asked, onOther, stolen}, func(k keys.PublicKey) bool { return k == mine || k == other })
	if err != nil {
		t.Fatal(err)
	}
	if len(foreign) != 1 || foreign[0].Device != thief {
		t.Errorf("%d foreign devices, want the thief's", len(foreign))
	}
	findings := c.Unexplained()
	if len(findings) != 1 || findings[0].Commitment != keys.Commitment(stolen.Opening, stolen.Chain[0]) {
		t.Errorf("%d findings are left, want the thief's", len(findings))
	}
	// Asking after the entry was read explains it as well.
	late, _ := w.passport(w.log, me, mine)
	if err := c.Update(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := c.Expect(late); err != nil || len(c.Unexplained()) != 1 {
		t.Errorf("late: %v, %d findings", err, len(c.Unexplained()))
	}
}

func TestOnlyOneLoggedPolicyAVersion(t *testing.T) {
	w := newWorld(t)
	c := w.client(&tlogtest.Memory{}, keys.AccountID{})
	w.log.Append(tlog.Entry{Kind: tlog.KindPolicy, Day: 1, Version: 1, Commitment: [32]byte{1}}.Encode())
	w.log.Append(tlog.Entry{Kind: tlog.KindPolicy, Day: 2, Version: 1, Commitment: [32]byte{1}}.Encode())
	_ = c.Update(t.Context())
	if !c.IsLoggedPolicy(1, [32]byte{1}) || c.IsLoggedPolicy(1, [32]byte{2}) || c.IsLoggedPolicy(2, [32]byte{1}) {
		t.Error("logged policies are wrong")
	}
	w.log.Append(tlog.Entry{Kind: tlog.KindPolicy, Day: 2, Version: 1, Commitment: [32]byte{2}}.Encode())
	_ = c.Update(t.Context())
	if c.IsLoggedPolicy(1, [32]byte{1}) || c.IsLoggedPolicy(1, [32]byte{2}) {
		t.Error("two policies under one version are accepted")
	}
	report, err := tlog.Audit(t.Context(), w.log, w.log.Key())
	if err != nil || len(report.PolicyConflicts) != 1 {
		t.Errorf("audit: %v, %v", err, report.PolicyConflicts)
	}
}

// tampered changes what one path serves.
type tampered struct {
	tlog.Reader
	prefix string
}

func (r tampered) Read(ctx context.Context, path string, limit int64) ([]byte, error) {
	data, err := r.Reader.Read(ctx, path, limit)
	if err == nil && strings.HasPrefix(path, r.prefix) {
		data = bytes.Clone(data)
		data[len(data)/2] ^= 1
	}
	return data, err
}

func TestAuditReadsEverything(t *testing.T) {
	w := newWorld(t)
	fill(w.log, 600)
	w.log.Append(tlog.Entry{Kind: tlog.KindDisclosure, Day: 3, Ground: "court-order", What: "account", Count: 1}.Encode())
	w.log.Append([]byte("of a later version"))
	report, err := tlog.Audit(t.Context(), w.log, w.log.Key())
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := report.Print(&out); err != nil {
		t.Fatal(err)
	}
	if report.Size != 602 || report.Counts[tlog.KindPassport] != 600 || report.Counts[tlog.KindDisclosure] != 1 || report.Counts[tlog.KindNone] != 1 {
		t.Errorf("report: %s", out.String())
	}
	for _, prefix := range []string{"tile/entries/001", "tile/entries/002", "tile/0/000", "tile/0/002", "tile/1/000", "checkpoint"} {
		if _, err := tlog.Audit(t.Context(), tampered{w.log, prefix}, w.log.Key()); err == nil {
			t.Errorf("a changed %s went unnoticed", prefix)
		}
	}
}

func TestEntriesHaveOneText(t *testing.T) {
	for _, e := range []tlog.Entry{
		{Kind: tlog.KindPassport, Day: 20000, Label: [32]byte{1}, Commitment: [32]byte{2}},
		{Kind: tlog.KindRevocation, Day: 1, Label: [32]byte{1}, Commitment: [32]byte{2}},
		{Kind: tlog.KindPolicy, Day: 1, Version: 3, Commitment: [32]byte{2}},
		{Kind: tlog.KindAuthority, Day: 1, Commitment: [32]byte{2}},
		{Kind: tlog.KindDisclosure, Day: 1, Ground: "emergency", What: "devices", Count: 2},
	} {
		got, err := tlog.ParseEntry(e.Encode())
		if err != nil || got != e {
			t.Errorf("%s: %v %+v", e.Kind, err, got)
		}
	}
	good := string(tlog.Entry{Kind: tlog.KindDisclosure, Day: 1, Ground: "emergency", What: "devices", Count: 2}.Encode())
	for name, text := range map[string]string{
		"empty": "", "no end": strings.TrimSuffix(good, "\n"), "more": good + "x\n", "curiosity": strings.Replace(good, "emergency", "curiosity", 1),
		"contents": strings.Replace(good, "devices", "contents", 1), "none": strings.Replace(good, "count 2", "count 0", 1),
		"leading zero": strings.Replace(good, "day 1", "day 01", 1), "twice": strings.Replace(good, "day 1\n", "day 1\nday 1\n", 1),
		"kind": strings.Replace(good, "disclosure", "gossip", 1), "version": strings.Replace(good, "/1", "/2", 1),
	} {
		if _, err := tlog.ParseEntry([]byte(text)); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestPathsOfTilesOnly(t *testing.T) {
	for _, path := range []string{"checkpoint", "tile/0/000", "tile/entries/x001/234.p/7", "tile/63/x001/x002/003"} {
		if !tlog.IsPath(path) {
			t.Errorf("%s refused", path)
		}
	}
	for _, path := range []string{"", "/checkpoint", "tile/", "tile/0", "tile/0/", "tile/0/../../etc/passwd", "tile/00/000", "tile/64/000", "tile/0/000.p/256", "tile/0/000.p/0", "tile/0/x000", "tile/0/001/002", "tile/0/0000", ".state/treeState", "tile/0/000.p/01"} {
		if tlog.IsPath(path) {
			t.Errorf("%s accepted", path)
		}
	}
}

func FuzzParseEntry(f *testing.F) {
	f.Add(tlog.Entry{Kind: tlog.KindPassport, Day: 20000, Label: [32]byte{1}}.Encode())
	f.Add(tlog.Entry{Kind: tlog.KindDisclosure, Day: 1, Ground: "emergency", What: "devices", Count: 2}.Encode())
	f.Fuzz(func(t *testing.T, data []byte) {
		if e, err := tlog.ParseEntry(data); err == nil && !bytes.Equal(e.Encode(), data) {
			t.Fatal("two texts of one entry")
		}
	})
}

func FuzzCheckpoint(f *testing.F) {
	l := tlogtest.New("log.example")
	f.Add(l.Checkpoint())
	f.Fuzz(func(t *testing.T, data []byte) {
		if c, err := l.Key().Open(data); err == nil && c.Size != 0 {
			t.Fatalf("a checkpoint of size %d was forged", c.Size)
		}
	})
}

func BenchmarkCheck(b *testing.B) {
	w := newWorld(b)
	fill(w.log, 10000)
	device := keys.PublicKey{7}
	bundle, _ := w.passport(w.log, keys.AccountID{2}, device)
	c := w.client(&tlogtest.Memory{}, keys.AccountID{1})
	if err := c.Update(context.Background()); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := c.Check(context.Background(), w.roots, bundle, device, now); err != nil {
			b.Fatal(err)
		}
	}
}

func ExampleReport_Print() {
	l := tlogtest.New("log.example")
	l.Append(tlog.Entry{Kind: tlog.KindAuthority, Day: 1}.Encode())
	report, err := tlog.Audit(context.Background(), l, l.Key())
	fmt.Println(report.Size, report.Counts[tlog.KindAuthority], err)
	// Output: 1 1 <nil>
}

// A log that records a revocation of the far future, or one with a day long
// past, must not make clients forget the revocations that count.
func TestStrangeDaysHideNoRevocation(t *testing.T) {
	device := keys.PublicKey{7}
	strange := func(day uint32) tlog.Entry {
		return tlog.Entry{Kind: tlog.KindRevocation, Day: day, Label: [32]byte{1}, Commitment: [32]byte{2}}
	}
	for name, lie := range map[string]func(own tlog.Entry) []tlog.Entry{
		"far future": func(own tlog.Entry) []tlog.Entry { return []tlog.Entry{own, strange(1<<32 - 1)} },
		"days ahead": func(own tlog.Entry) []tlog.Entry { return []tlog.Entry{own, strange(own.Day + 100)} },
		"dated too early": func(own tlog.Entry) []tlog.Entry {
			later := strange(own.Day)
			own.Day = 0
			return []tlog.Entry{own, later}
		},
	} {
		w := newWorld(t)
		c, err := tlog.Open(tlog.Config{Key: w.log.Key(), Reader: w.log, Memory: &tlogtest.Memory{}, Now: func() time.Time { return now }})
		if err != nil {
			t.Fatal(err)
		}
		b, entry := w.passport(w.log, keys.AccountID{2}, device)
		entry.Kind = tlog.KindRevocation
		for _, e := range lie(entry) {
			w.log.Append(e.Encode())
		}
		if err := c.Update(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Check(t.Context(), w.roots, b, device, now); !errors.Is(err, tlog.ErrRevoked) {
			t.Errorf("%s: %v, want %v", name, err, tlog.ErrRevoked)
		}
	}
}
