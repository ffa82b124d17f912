package postgres

import (
	"errors"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"go.uber.org/goleak"

	"conclave/call/room"
	"conclave/call/room/roomtest"
	"conclave/keys/registry/store"
	"conclave/keys/registry/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func config(t *testing.T, server *storetest.Server) pgx.ConnConfig {
	t.Helper()
	c, err := store.PostgresConfig(server.Database(t))
	if err != nil {
		t.Fatal(err)
	}
	return *c
}

func open(t *testing.T, c pgx.ConnConfig) *Store {
	t.Helper()
	s, err := Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestContract(t *testing.T) {
	server := storetest.Start(t)
	roomtest.Contract(t, func(t *testing.T) room.Store { return open(t, config(t, server)) })
}

func TestOneOfTwoServicesWins(t *testing.T) {
	c := config(t, storetest.Start(t))
	a, b := open(t, c), open(t, c)
	defer func() { _ = errors.Join(a.Close(), b.Close()) }()
	r := roomtest.Record(1)
	if err := a.Create(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	results := make([]error, 2)
	var group sync.WaitGroup
	for i, s := range []*Store{a, b} {
		group.Go(func() { results[i] = s.Order(t.Context(), roomtest.Commit(r, 1, 0)) })
	}
	group.Wait()
	if (results[0] == nil) == (results[1] == nil) || !errors.Is(errors.Join(results...), room.ErrStale) {
		t.Errorf("got %v", results)
	}
	if got, err := b.Load(t.Context(), r.Meeting); err != nil || got.Epoch != 1 || got.Kept.Entries != 1 {
		t.Errorf("afterwards: %+v, %v", got, err)
	}
}

func TestMigrationsGoUpAndDown(t *testing.T) {
	c := config(t, storetest.Start(t))
	s := open(t, c)
	defer func() { _ = s.Close() }()
	db := stdlib.OpenDB(c)
	defer func() { _ = db.Close() }()
	p, err := provider(db)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.DownTo(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	var n int
	if err := db.QueryRow("SELECT count(*) FROM pg_class WHERE relname IN ('meetings', 'seats', 'entries')").Scan(&n); err != nil || n != 0 {
		t.Errorf("%d tables left, %v", n, err)
	}
	if _, err := p.Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.Create(t.Context(), roomtest.Record(1)); err != nil {
		t.Error(err)
	}
}
