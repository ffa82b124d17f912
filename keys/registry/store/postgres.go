package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

// Postgres is a store in a PostgreSQL database that several services share.
// Each commit is on the server's disk before it is acknowledged.
type Postgres struct {
	readers, writer *sql.DB
	turns           turns
}

// The connections of one service. One transaction writes at a time anyway; the
// second connection lets the next one begin meanwhile.
const (
	postgresReaders = 16
	postgresWriters = 2
)

// writersLock is the advisory lock that makes transactions wait for each other
// over all services: "Conclave" in ASCII.
const writersLock = 0x436f6e636c617665

// ErrConnection is returned for a connection string that cannot be read; the
// string holds a password and is not quoted.
var ErrConnection = errors.New("open database: the connection string is malformed")

// OpenPostgres opens the database that a connection string names
// (postgres://user:password@host/name?sslmode=verify-full) and brings its tables
// to this version. Several services may open it at the same time.
func OpenPostgres(ctx context.Context, connection string) (*Postgres, error) {
	config, err := PostgresConfig(connection)
	if err != nil {
		return nil, err
	}
	s := &Postgres{readers: stdlib.OpenDB(*config), writer: stdlib.OpenDB(*config), turns: make(turns, postgresWriters)}
	s.readers.SetMaxOpenConns(postgresReaders)
	s.readers.SetMaxIdleConns(postgresReaders)
	s.writer.SetMaxOpenConns(postgresWriters)
	s.writer.SetMaxIdleConns(postgresWriters)
	if err := migratePostgres(ctx, s.readers); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// PostgresConfig reads a connection string, and sets what a service relies on
// and what keeps a stuck statement from holding everybody up.
func PostgresConfig(connection string) (*pgx.ConnConfig, error) {
	config, err := pgx.ParseConfig(connection)
	if err != nil {
		return nil, ErrConnection // err may quote the password
	}
	for name, value := range map[string]string{
		"application_name":                    "conclave",
		"synchronous_commit":                  "on", // what is acknowledged is on disk, whatever the server's default
		"statement_timeout":                   "30s",
		"lock_timeout":                        "20s",
		"idle_in_transaction_session_timeout": "60s",
	} {
		config.RuntimeParams[name] = value
	}
	return config, nil
}

func migratePostgres(ctx context.Context, db *sql.DB) error {
	// Services that start together must not migrate together.
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 60))
	if err != nil {
		return fmt.Errorf("migrate database: %w", err)
	}
	p, err := provider(db, goose.DialectPostgres, goose.WithTableName("records_version"), goose.WithSessionLocker(locker))
	if err != nil {
		return err
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("migrate database: %w", err)
	}
	return nil
}

// Close implements Store.
func (s *Postgres) Close() error {
	if err := errors.Join(s.readers.Close(), s.writer.Close()); err != nil {
		return fmt.Errorf("close database: %w", err)
	}
	return nil
}

// Read implements Store.
func (s *Postgres) Read(ctx context.Context, f func(Tx) error) error {
	options := &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}
	return run(ctx, s.readers, options, &sqlTx{numbered: true}, f)
}

// Write implements Store. It takes a lock first and works at the level "read
// committed", at which every statement sees what was committed before it: a
// snapshot would be older than the lock.
func (s *Postgres) Write(ctx context.Context, f func(Tx) error) error {
	leave, err := s.turns.take(ctx)
	if err != nil {
		return err
	}
	defer leave()
	return run(ctx, s.writer, nil, &sqlTx{numbered: true, writable: true}, func(tx Tx) error {
		t := tx.(*sqlTx) // run hands on what it was given
		if _, err := t.tx.ExecContext(ctx, "SELECT pg_advisory_xact_lock($1)", int64(writersLock)); err != nil {
			return fmt.Errorf("begin transaction: %w", err)
		}
		return f(tx)
	})
}

// beginTries is how many connections a transaction tries: all that may lie in the
// pool, dead since the server crashed, and a new one.
const beginTries = postgresReaders + 1

// begin begins a transaction, on another connection where the pool gave out one
// that is gone: nothing was done on it yet.
func begin(ctx context.Context, db *sql.DB, options *sql.TxOptions) (tx *sql.Tx, err error) {
	for range beginTries {
		if tx, err = db.BeginTx(ctx, options); err == nil || ctx.Err() != nil || !isGone(err) {
			break
		}
	}
	return tx, err
}

// isGone reports whether err says that an open connection is no more. That none
// can be made is another matter.
func isGone(err error) bool {
	if connect := (*pgconn.ConnectError)(nil); errors.As(err, &connect) {
		return false
	}
	if said := (*pgconn.PgError)(nil); errors.As(err, &said) {
		return said.Code == "57P01" || said.Code == "57P02" // shut down, crashed
	}
	broken := (*net.OpError)(nil)
	return errors.As(err, &broken) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed)
}
