package store

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pressly/goose/v3"
	"go.uber.org/goleak"

	"conclave/keys/registry/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func stores(t *testing.T, f func(t *testing.T, s Store)) {
	t.Run("memory", func(t *testing.T) { f(t, NewMemory()) })
	t.Run("sqlite", func(t *testing.T) {
		s, err := OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "a b?#.db"))
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}()
		f(t, s)
	})
	t.Run("postgres", func(t *testing.T) {
		s, err := OpenPostgres(t.Context(), storetest.Start(t).Database(t))
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}()
		f(t, s)
	})
}

func TestStoresKeepRecords(t *testing.T) {
	stores(t, func(t *testing.T, s Store) {
		until := time.UnixMilli(1_700_000_000_123).UTC()
		a := Record{"k", "a", "ana", until, []byte("1")}
		b := Record{"k", "b'; DROP TABLE records; --\x00\xff?$1", "ana", time.Time{}, []byte{0, 255}}
		c := Record{"k", "c", "ben", time.Time{}, []byte("3")}
		other := Record{"other", "a", "ana", time.Time{}, []byte("2")}
		if err := s.Write(t.Context(), func(tx Tx) error {
			return errors.Join(tx.Put(c), tx.Add(b), tx.Put(a), tx.Put(other), tx.Put(a))
		}); err != nil {
			t.Fatal(err)
		}
		err := s.Read(t.Context(), func(tx Tx) error {
			got, err := tx.Get("k", b.Key)
			if err != nil || !cmp.Equal(got, b) {
				t.Errorf("got %+v %v", got, err)
			}
			if _, err := tx.Get("k", "z"); !errors.Is(err, ErrNotFound) {
				t.Errorf("missing record: %v", err)
			}
			for owner, want := range map[string][]Record{"ana": {a, b}, "ben": {c}, "*": {a, b, c}, "nobody": nil} {
				got, err := tx.List("k", owner)
				if err != nil || !cmp.Equal(got, want) {
					t.Errorf("list of %s: %v %s", owner, err, cmp.Diff(want, got))
				}
			}
			if tx.Put(a) == nil || tx.Delete("k", "a") == nil || tx.Prune("k", time.Now()) == nil {
				t.Error("a reader wrote")
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Write(t.Context(), func(tx Tx) error {
			if err := tx.Add(a); !errors.Is(err, ErrExists) {
				t.Errorf("added twice: %v", err)
			}
			return errors.Join(tx.Prune("k", until.Add(time.Millisecond)), tx.Delete("k", "c"), tx.Delete("k", "c"))
		}); err != nil {
			t.Fatal(err)
		}
		_ = s.Read(t.Context(), func(tx Tx) error {
			got, _ := tx.List("k", "*")
			if !cmp.Equal(got, []Record{b}) {
				t.Errorf("left: %s", cmp.Diff([]Record{b}, got))
			}
			return nil
		})
	})
}

func TestFailedTransactionsLeaveNothing(t *testing.T) {
	stores(t, func(t *testing.T, s Store) {
		boom := errors.New("boom")
		if err := s.Write(t.Context(), func(tx Tx) error { _ = tx.Put(Record{Kind: "k", Key: "a"}); return boom }); !errors.Is(err, boom) {
			t.Errorf("got %v", err)
		}
		_ = s.Read(t.Context(), func(tx Tx) error {
			if _, err := tx.Get("k", "a"); !errors.Is(err, ErrNotFound) {
				t.Errorf("half a transaction stayed: %v", err)
			}
			return nil
		})
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := s.Write(ctx, func(Tx) error { return nil }); err == nil {
			t.Error("wrote after cancel")
		}
	})
}

// addOne counts in a record.
func addOne(tx Tx) error {
	r, err := tx.Get("n", "n")
	if err != nil && !errors.Is(err, ErrNotFound) {
		return err
	}
	n := 0
	_, _ = fmt.Sscan(string(r.Body), &n)
	return tx.Put(Record{Kind: "n", Key: "n", Body: fmt.Append(nil, n+1)})
}

func TestWritersDoNotLoseEachOther(t *testing.T) {
	stores(t, func(t *testing.T, s Store) {
		var group sync.WaitGroup
		for range 8 {
			group.Go(func() {
				for range 10 {
					if err := s.Write(t.Context(), addOne); err != nil {
						t.Error(err)
					}
				}
			})
		}
		group.Wait()
		_ = s.Read(t.Context(), func(tx Tx) error {
			if r, _ := tx.Get("n", "n"); string(r.Body) != "80" {
				t.Errorf("counted %s, want 80", r.Body)
			}
			return nil
		})
	})
}

func TestBackUpIsAWholeDatabase(t *testing.T) {
	dir := t.TempDir()
	s, err := OpenSQLite(t.Context(), filepath.Join(dir, "a.db"))
	if err != nil {
		t.Fatal(err)
	}
	put := func(key string) {
		if err := s.Write(t.Context(), func(tx Tx) error { return tx.Put(Record{Kind: "k", Key: key}) }); err != nil {
			t.Fatal(err)
		}
	}
	put("before")
	if err := s.BackUp(t.Context(), filepath.Join(dir, "copy.db")); err != nil {
		t.Fatal(err)
	}
	put("after")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	restored, err := OpenSQLite(t.Context(), filepath.Join(dir, "copy.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = restored.Close() }()
	_ = restored.Read(t.Context(), func(tx Tx) error {
		if list, err := tx.List("k", "*"); err != nil || len(list) != 1 || list[0].Key != "before" {
			t.Errorf("restored %d records, %v", len(list), err)
		}
		return nil
	})
}

func TestMigrationsGoUpAndDown(t *testing.T) {
	s, err := OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "a.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	p, err := provider(s.writer, goose.DialectSQLite3)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.DownTo(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	var n int
	if err := s.writer.QueryRow("SELECT count(*) FROM sqlite_master WHERE name LIKE 'records%'").Scan(&n); err != nil || n != 0 {
		t.Errorf("%d tables and indexes left, %v", n, err)
	}
	if err := Migrate(t.Context(), s.writer); err != nil {
		t.Fatal(err)
	}
	if err := s.Write(t.Context(), func(tx Tx) error { return tx.Put(Record{Kind: "k", Key: "a"}) }); err != nil {
		t.Error(err)
	}
}

func TestPostgresMigrationsGoUpAndDown(t *testing.T) {
	s, err := OpenPostgres(t.Context(), storetest.Start(t).Database(t))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	p, err := provider(s.readers, goose.DialectPostgres, goose.WithTableName("records_version"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.DownTo(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	var n int
	if err := s.readers.QueryRow("SELECT count(*) FROM pg_class WHERE relname IN ('records', 'records_owner', 'records_until')").Scan(&n); err != nil || n != 0 {
		t.Errorf("%d tables and indexes left, %v", n, err)
	}
	if err := migratePostgres(t.Context(), s.readers); err != nil {
		t.Fatal(err)
	}
	if err := s.Write(t.Context(), func(tx Tx) error { return tx.Put(Record{Kind: "k", Key: "a"}) }); err != nil {
		t.Error(err)
	}
}

// TestServicesShareOnePostgres starts two services on an empty database at once
// and lets both count: none may lose what the other wrote.
func TestServicesShareOnePostgres(t *testing.T) {
	connection := storetest.Start(t).Database(t)
	var group sync.WaitGroup
	for range 2 {
		group.Go(func() {
			s, err := OpenPostgres(t.Context(), connection)
			if err != nil {
				t.Error(err)
				return
			}
			defer func() { _ = s.Close() }()
			for range 25 {
				if err := s.Write(t.Context(), addOne); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	s, err := OpenPostgres(t.Context(), connection)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	_ = s.Read(t.Context(), func(tx Tx) error {
		if r, _ := tx.Get("n", "n"); string(r.Body) != "50" {
			t.Errorf("counted %s, want 50", r.Body)
		}
		return nil
	})
}

// TestCrashOfPostgresLosesNothingAndIsSurvived crashes the database server
// under a store: what was acknowledged is there, and the store goes on.
func TestCrashOfPostgresLosesNothingAndIsSurvived(t *testing.T) {
	server := storetest.Start(t)
	s, err := OpenPostgres(t.Context(), server.Database(t))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	for want := 1; want <= 3; want++ {
		if err := s.Write(t.Context(), addOne); err != nil {
			t.Fatalf("after %d crashes: %v", want-1, err)
		}
		server.Crash(t)
		err := s.Read(t.Context(), func(tx Tx) error {
			if r, err := tx.Get("n", "n"); err != nil || string(r.Body) != strconv.Itoa(want) {
				t.Errorf("after %d crashes: counted %s, %v", want, r.Body, err)
			}
			return nil
		})
		if err != nil {
			t.Errorf("after %d crashes: %v", want, err)
		}
	}
}

func TestMalformedConnectionIsNotQuoted(t *testing.T) {
	_, err := OpenPostgres(t.Context(), "postgres://ana:secret@[::1/x?sslmode=maybe")
	if !errors.Is(err, ErrConnection) || err.Error() != ErrConnection.Error() {
		t.Errorf("got %v", err)
	}
}
