package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"

	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // registers the driver "sqlite"
)

// SQLite is a store in one file, with a write-ahead log beside it. Each commit
// reaches the disk before it is acknowledged (synchronous=FULL).
type SQLite struct {
	readers *sql.DB
	writer  *sql.DB // one connection: SQLite has one writer
	turns   turns
}

// OpenSQLite opens or makes the database at path and brings its tables to this
// version. One process opens a file at a time for writing.
func OpenSQLite(ctx context.Context, path string) (*SQLite, error) {
	file, err := os.OpenFile(path, os.O_CREATE, 0o600) // before SQLite makes it readable for others
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	if err := file.Close(); err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	open := func(mode string, connections int) (*sql.DB, error) {
		query := url.Values{"_pragma": {"journal_mode(WAL)", "synchronous(FULL)", "busy_timeout(5000)", "foreign_keys(1)"}}
		query.Set("_txlock", mode)
		db, err := sql.Open("sqlite", "file:"+url.PathEscape(path)+"?"+query.Encode())
		if err != nil {
			return nil, fmt.Errorf("open database: %w", err)
		}
		db.SetMaxOpenConns(connections)
		return db, nil
	}
	s := &SQLite{turns: make(turns, 1)}
	if s.writer, err = open("immediate", 1); err != nil {
		return nil, err
	}
	if err := Migrate(ctx, s.writer); err != nil {
		return nil, errors.Join(err, s.writer.Close())
	}
	if s.readers, err = open("deferred", 4); err != nil {
		return nil, errors.Join(err, s.writer.Close())
	}
	return s, nil
}

// Migrate brings a database to this version.
func Migrate(ctx context.Context, db *sql.DB) error {
	p, err := provider(db, goose.DialectSQLite3)
	if err != nil {
		return err
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("migrate database: %w", err)
	}
	return nil
}

// BackUp writes a whole copy of the database to a new file, while others go on
// reading and writing. The copy is opened like any database.
func (s *SQLite) BackUp(ctx context.Context, path string) error {
	if _, err := s.readers.ExecContext(ctx, "VACUUM INTO ?", path); err != nil {
		return fmt.Errorf("back up database: %w", err)
	}
	return nil
}

// Close implements Store.
func (s *SQLite) Close() error {
	if err := errors.Join(s.readers.Close(), s.writer.Close()); err != nil {
		return fmt.Errorf("close database: %w", err)
	}
	return nil
}

// Read implements Store.
func (s *SQLite) Read(ctx context.Context, f func(Tx) error) error {
	return run(ctx, s.readers, nil, &sqlTx{}, f)
}

// Write implements Store.
func (s *SQLite) Write(ctx context.Context, f func(Tx) error) error {
	leave, err := s.turns.take(ctx)
	if err != nil {
		return err
	}
	defer leave()
	return run(ctx, s.writer, nil, &sqlTx{writable: true}, f)
}
