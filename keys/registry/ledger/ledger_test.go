package ledger_test

import (
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"conclave/keys"
	"conclave/keys/registry/ledger"
	"conclave/keys/tlog"
	"conclave/keys/tlog/tlogtest"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		goleak.IgnoreAnyFunction("k8s.io/klog/v2.(*flushDaemon).run.func1"),
		goleak.IgnoreAnyFunction("go.opencensus.io/stats/view.(*worker).start"))
}

func entry(i int) tlog.Entry {
	return tlog.Entry{Kind: tlog.KindPassport, Day: 1, Commitment: [32]byte{byte(i), byte(i >> 8)}}
}

func TestAcknowledgedEntriesAreInTheLogAfterARestart(t *testing.T) {
	dir := t.TempDir()
	private, public, err := ledger.NewKey("log.example")
	if err != nil {
		t.Fatal(err)
	}
	open := func() *ledger.Ledger {
		l, err := ledger.Open(ledger.Config{Dir: dir, Key: private}, public)
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	l := open()
	client, err := tlog.Open(tlog.Config{Key: l.Key(), Reader: l, Memory: &tlogtest.Memory{}})
	if err != nil {
		t.Fatal(err)
	}
	const people = 40
	receipts := make([]keys.LogReceipt, people)
	var group sync.WaitGroup
	for i := range people {
		group.Go(func() {
			var err error
			if receipts[i], err = l.Append(t.Context(), entry(i)); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if err := client.Update(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	l = open()
	defer func() { _ = l.Close(t.Context()) }()
	if _, err := l.Append(t.Context(), entry(people)); err != nil {
		t.Fatal(err)
	}
	for i, r := range receipts {
		if _, err := tlog.CheckReceipt(l.Key(), r, entry(i).Encode()); err != nil {
			t.Errorf("entry %d: %v", i, err)
		}
		if err := client.Meet(t.Context(), r.Checkpoint); err != nil {
			t.Errorf("entry %d: %v", i, err)
		}
	}
	report, err := tlog.Audit(t.Context(), l, l.Key())
	if err != nil || report.Size != people+1 {
		t.Errorf("audit: %v, %d entries", err, report.Size)
	}
}

func TestServesLogFilesOnly(t *testing.T) {
	private, public, _ := ledger.NewKey("log.example")
	l, err := ledger.Open(ledger.Config{Dir: t.TempDir(), Key: private}, public)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close(t.Context()) }()
	if _, err := l.Append(t.Context(), entry(1)); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		method, path string
		want         int
	}{
		{"GET", "/checkpoint", 200},
		{"GET", "/tile/0/000.p/1", 200},
		{"GET", "/tile/entries/000.p/1", 200},
		{"GET", "/tile/0/000", 404},
		{"GET", "/.state/treeState", 404},
		{"GET", "/", 404},
		{"GET", "/tile/0/../../checkpoint", 404},
		{"POST", "/checkpoint", 405},
		{"DELETE", "/checkpoint", 405},
	} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(row.method, "http://x"+row.path, http.NoBody)
		r.URL.Path = row.path
		l.ServeHTTP(w, r)
		if w.Code != row.want {
			t.Errorf("%s %s: %d, want %d", row.method, row.path, w.Code, row.want)
		}
	}
}

func TestWrongKeysAreRefusedWithoutBeingQuoted(t *testing.T) {
	private, public, _ := ledger.NewKey("log.example")
	_, other, _ := ledger.NewKey("other.example")
	if _, err := ledger.Open(ledger.Config{Dir: t.TempDir(), Key: private}, other); err == nil {
		t.Error("a foreign verifier key was accepted")
	}
	if _, err := ledger.Open(ledger.Config{Dir: t.TempDir(), Key: "PRIVATE+KEY+x"}, public); err == nil || err.Error() != "open log: its signing key is malformed" {
		t.Errorf("malformed key: %v", err)
	}
}

func BenchmarkAppend(b *testing.B) {
	private, public, _ := ledger.NewKey("log.example")
	l, err := ledger.Open(ledger.Config{Dir: b.TempDir(), Key: private}, public)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = l.Close(b.Context()) }()
	b.SetParallelism(64)
	b.RunParallel(func(p *testing.PB) {
		for i := 0; p.Next(); i++ {
			if _, err := l.Append(b.Context(), entry(i)); err != nil {
				b.Error(err)
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "entries/s")
}
