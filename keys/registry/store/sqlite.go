package store

import (
	"bytes"
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"time"

	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // registers the driver "sqlite"
)

//go:embed migrations/*.sql
var migrations embed.FS

// SQLite is a store in one file, with a write-ahead log beside it. Each commit
// reaches the disk before it is acknowledged (synchronous=FULL).
type SQLite struct {
	readers *sql.DB
	writer  *sql.DB // one connection: SQLite has one writer
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
	s := &SQLite{}
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
	p, err := provider(db)
	if err != nil {
		return err
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("migrate database: %w", err)
	}
	return nil
}

func provider(db *sql.DB) (*goose.Provider, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, fmt.Errorf("migrate database: %w", err)
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, db, files)
	if err != nil {
		return nil, fmt.Errorf("migrate database: %w", err)
	}
	return p, nil
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
	return run(ctx, s.readers, false, f)
}

// Write implements Store.
func (s *SQLite) Write(ctx context.Context, f func(Tx) error) error {
	return run(ctx, s.writer, true, f)
}

func run(ctx context.Context, db *sql.DB, writable bool, f func(Tx) error) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin transaction: %w", err)
	}
	if err := f(&sqlTx{ctx: ctx, tx: tx, writable: writable}); err != nil {
		_ = tx.Rollback() // the error of f says more
		return err
	}
	if !writable {
		_ = tx.Rollback() // nothing to lose
		return nil
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit transaction: %w", err)
	}
	return nil
}

type sqlTx struct {
	ctx      context.Context
	tx       *sql.Tx
	writable bool
}

func (t *sqlTx) exec(doing, query string, args ...any) (int64, error) {
	if !t.writable {
		return 0, errReadOnly
	}
	result, err := t.tx.ExecContext(t.ctx, query, args...)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", doing, err)
	}
	n, err := result.RowsAffected()
	if err != nil {
		return 0, fmt.Errorf("%s: %w", doing, err)
	}
	return n, nil
}

// Get implements Tx.
func (t *sqlTx) Get(kind Kind, key string) (Record, error) {
	row := t.tx.QueryRowContext(t.ctx, "SELECT owner, until, body FROM records WHERE kind = ? AND key = ?", kind, key)
	r := Record{Kind: kind, Key: key}
	var until int64
	if err := row.Scan(&r.Owner, &until, &r.Body); err != nil {
		if errors.Is(err, sql.ErrNoRows) {
			return Record{}, ErrNotFound
		}
		return Record{}, fmt.Errorf("read record: %w", err)
	}
	r.Until = fromMillis(until)
	return r, nil
}

// Put implements Tx.
func (t *sqlTx) Put(r Record) error {
	_, err := t.exec("write record", `INSERT INTO records (kind, key, owner, until, body) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (kind, key) DO UPDATE SET owner = excluded.owner, until = excluded.until, body = excluded.body`,
		r.Kind, r.Key, r.Owner, millis(r.Until), notNil(r.Body))
	return err
}

// Add implements Tx.
func (t *sqlTx) Add(r Record) error {
	n, err := t.exec("add record", `INSERT INTO records (kind, key, owner, until, body) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (kind, key) DO NOTHING`, r.Kind, r.Key, r.Owner, millis(r.Until), notNil(r.Body))
	if err == nil && n == 0 {
		return ErrExists
	}
	return err
}

// Delete implements Tx.
func (t *sqlTx) Delete(kind Kind, key string) error {
	_, err := t.exec("delete record", "DELETE FROM records WHERE kind = ? AND key = ?", kind, key)
	return err
}

// List implements Tx.
func (t *sqlTx) List(kind Kind, owner string) ([]Record, error) {
	rows, err := t.tx.QueryContext(t.ctx, `SELECT key, owner, until, body FROM records
		WHERE kind = ? AND (owner = ? OR ? = '*') ORDER BY key`, kind, owner, owner)
	if err != nil {
		return nil, fmt.Errorf("list records: %w", err)
	}
	defer func() { _ = rows.Close() }() // rows.Err is read below
	var out []Record
	for rows.Next() {
		r := Record{Kind: kind}
		var until int64
		if err := rows.Scan(&r.Key, &r.Owner, &until, &r.Body); err != nil {
			return nil, fmt.Errorf("list records: %w", err)
		}
		r.Until = fromMillis(until)
		out = append(out, r)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("list records: %w", err)
	}
	return out, nil
}

// Prune implements Tx.
func (t *sqlTx) Prune(kind Kind, before time.Time) error {
	_, err := t.exec("prune records", "DELETE FROM records WHERE kind = ? AND until > 0 AND until < ?", kind, before.UnixMilli())
	return err
}

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func fromMillis(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.UnixMilli(n).UTC()
}

func notNil(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return bytes.Clone(b)
}
