package registry_test

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"conclave/keys"
	"conclave/keys/policy"
	"conclave/keys/registry"
	"conclave/keys/registry/channel"
	"conclave/keys/registry/ledger"
	"conclave/keys/registry/registrytest"
	"conclave/keys/registry/store"
	"conclave/keys/registry/store/storetest"
)

// onBoth runs a benchmark on SQLite and on PostgreSQL; tessera, on disk, keeps
// the log of both, and codes go to an outbox.
func onBoth(b *testing.B, f func(b *testing.B, g *registry.Registry)) {
	b.Run("sqlite", func(b *testing.B) {
		database, err := store.OpenSQLite(b.Context(), filepath.Join(b.TempDir(), "registry.db"))
		if err != nil {
			b.Fatal(err)
		}
		f(b, benchWorld(b, database, false))
	})
	b.Run("postgres", func(b *testing.B) {
		database, err := store.OpenPostgres(b.Context(), storetest.Start(b).Database(b))
		if err != nil {
			b.Fatal(err)
		}
		f(b, benchWorld(b, database, true))
	})
}

func benchWorld(b *testing.B, database store.Store, shared bool) *registry.Registry {
	b.Helper()
	must := func(err error) {
		b.Helper()
		if err != nil {
			b.Fatal(err)
		}
	}
	dir := b.TempDir()
	secrets, err := registry.NewSecrets("bench.test", time.Now())
	must(err)
	log, err := ledger.Open(ledger.Config{Dir: filepath.Join(dir, "log"), Key: secrets.LogSigner()}, secrets.LogKey())
	must(err)
	outbox, err := channel.NewOutbox(filepath.Join(dir, "outbox"))
	must(err)
	rules, err := policy.Preset(policy.DefaultPreset)
	must(err)
	g, err := registry.New(registry.Config{
		Store: database, Ledger: log, Secrets: secrets, Name: "bench.test", Mail: outbox, Outbox: outbox,
		Policy: rules, Shared: shared, Limits: registrytest.Generous(),
	})
	must(err)
	b.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second) // the benchmark's has ended
		defer cancel()
		_ = log.Close(ctx)
		_ = database.Close()
	})
	return g
}

func benchCaller(i int) registry.Caller {
	return registry.Caller{Device: keys.DeviceKeyFromSeed([32]byte{byte(i), byte(i >> 8), byte(i >> 16), 1}).Public(), Network: "n"}
}

func benchSignIn(b *testing.B, g *registry.Registry, i int) registry.Caller {
	by := benchCaller(i)
	started, err := g.StartSignIn(b.Context(), by, fmt.Sprintf("p%d@home.example", i))
	if err != nil {
		b.Fatal(err)
	}
	code, err := g.OutboxCode(b.Context(), by, started.Attempt)
	if err != nil {
		b.Fatal(err)
	}
	if _, err := g.FinishSignIn(b.Context(), by, started.Attempt, code, "P"); err != nil {
		b.Fatal(err)
	}
	return by
}

// load runs f from 64 goroutines and reports operations a second and p99.
func load(b *testing.B, f func(i int)) {
	var next atomic.Int64
	times := make([]time.Duration, b.N)
	var group sync.WaitGroup
	b.ResetTimer()
	for range 64 {
		group.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= b.N {
					return
				}
				begin := time.Now()
				f(i)
				times[i] = time.Since(begin)
			}
		})
	}
	group.Wait()
	b.StopTimer()
	slices.Sort(times)
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "op/s")
	b.ReportMetric(float64(times[len(times)*99/100].Milliseconds()), "p99-ms")
}

func BenchmarkSignIn(b *testing.B) {
	onBoth(b, func(b *testing.B, g *registry.Registry) {
		load(b, func(i int) { benchSignIn(b, g, i) })
	})
}

func BenchmarkIssue(b *testing.B) {
	onBoth(b, func(b *testing.B, g *registry.Registry) {
		var callers []registry.Caller
		for i := range 64 {
			callers = append(callers, benchSignIn(b, g, i))
		}
		load(b, func(i int) {
			if _, err := g.Issue(b.Context(), callers[i%64]); err != nil {
				b.Error(err)
			}
		})
	})
}
