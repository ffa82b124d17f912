package store

import (
	"bytes"
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"github.com/pressly/goose/v3"
)

//go:embed migrations/*/*.sql
var migrations embed.FS

// provider returns the migrations of a dialect.
func provider(db *sql.DB, dialect goose.Dialect, options ...goose.ProviderOption) (*goose.Provider, error) {
	folder := "migrations/sqlite"
	if dialect == goose.DialectPostgres {
		folder = "migrations/postgres"
	}
	files, err := fs.Sub(migrations, folder)
	if err != nil {
		return nil, fmt.Errorf("migrate database: %w", err)
	}
	p, err := goose.NewProvider(dialect, db, files, options...)
	if err != nil {
		return nil, fmt.Errorf("migrate database: %w", err)
	}
	return p, nil
}

// turns lets writers in one after the other, in the order in which they came:
// package sql gives a free connection to anybody who waits, at random, and some
// would wait for seconds.
type turns chan struct{}

// take waits for a turn, which leave gives back.
func (t turns) take(ctx context.Context) (leave func(), err error) {
	select {
	case t <- struct{}{}:
		return func() { <-t }, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("begin transaction: %w", ctx.Err())
	}
}

// run runs f in a transaction, which it puts into t.
func run(ctx context.Context, db *sql.DB, options *sql.TxOptions, t *sqlTx, f func(Tx) error) error {
	tx, err := begin(ctx, db, options)
	if err != nil {
		return fmt.Errorf("begin transaction: %w", err)
	}
	t.ctx, t.tx = ctx, tx
	if err := f(t); err != nil {
		_ = tx.Rollback() // the error of f says more
		return err
	}
	if !t.writable {
		_ = tx.Rollback() // nothing to lose
		return nil
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit transaction: %w", err)
	}
	return nil
}

// sqlTx is a transaction of both databases.
type sqlTx struct {
	ctx      context.Context
	tx       *sql.Tx
	writable bool
	// numbered is set for PostgreSQL: parameters are $1, $2, and keys are bytes.
	numbered bool
}

// query puts a statement with ? for its parameters into the database's form.
func (t *sqlTx) query(text string) string {
	if !t.numbered {
		return text
	}
	var out strings.Builder
	for i, part := range strings.Split(text, "?") {
		if i > 0 {
			out.WriteString("$" + strconv.Itoa(i))
		}
		out.WriteString(part)
	}
	return out.String()
}

// text is a key or an owner as a parameter: for PostgreSQL bytes, because its
// text cannot hold all that a client may send.
func (t *sqlTx) text(s string) any {
	if t.numbered {
		return []byte(s)
	}
	return s
}

func (t *sqlTx) exec(doing, query string, args ...any) (int64, error) {
	if !t.writable {
		return 0, errReadOnly
	}
	result, err := t.tx.ExecContext(t.ctx, t.query(query), args...)
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
	row := t.tx.QueryRowContext(t.ctx, t.query("SELECT owner, until, body FROM records WHERE kind = ? AND key = ?"), string(kind), t.text(key))
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
		string(r.Kind), t.text(r.Key), t.text(r.Owner), millis(r.Until), notNil(r.Body))
	return err
}

// Add implements Tx.
func (t *sqlTx) Add(r Record) error {
	n, err := t.exec("add record", `INSERT INTO records (kind, key, owner, until, body) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (kind, key) DO NOTHING`, string(r.Kind), t.text(r.Key), t.text(r.Owner), millis(r.Until), notNil(r.Body))
	if err == nil && n == 0 {
		return ErrExists
	}
	return err
}

// Delete implements Tx.
func (t *sqlTx) Delete(kind Kind, key string) error {
	_, err := t.exec("delete record", "DELETE FROM records WHERE kind = ? AND key = ?", string(kind), t.text(key))
	return err
}

// List implements Tx.
func (t *sqlTx) List(kind Kind, owner string) ([]Record, error) {
	rows, err := t.tx.QueryContext(t.ctx, t.query(`SELECT key, owner, until, body FROM records
		WHERE kind = ? AND (owner = ? OR ?) ORDER BY key`), string(kind), t.text(owner), owner == "*")
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
	_, err := t.exec("prune records", "DELETE FROM records WHERE kind = ? AND until > 0 AND until < ?", string(kind), before.UnixMilli())
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
