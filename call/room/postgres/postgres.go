// Package postgres keeps meetings in a PostgreSQL database: a room.Store for a
// service that must come back on another machine. Use [Open].
//
// What it promises: after a method returned nil, the effect is on the server's
// disk. A meeting is served by one service at a time; when two serve the same
// one, the compare-and-set of Order lets one win and tells the other that it is
// stale, but their people do not see each other's lobby. So a balancer sends a
// meeting's devices to one service.
//
// Trust zone: service.
package postgres

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"conclave/call/room/tables"
)

//go:embed migrations/*.sql
var migrations embed.FS

// connections is how many one service opens.
const connections = 16

// Store is an open database. Its methods may be called from any goroutine.
type Store struct{ *tables.Store }

// Open opens a database and brings its tables up to date. Several services may
// open it at the same time.
func Open(ctx context.Context, config pgx.ConnConfig) (*Store, error) {
	db := stdlib.OpenDB(config)
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	p, err := provider(db)
	if err == nil {
		_, err = p.Up(ctx)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open meetings: %w", err), db.Close())
	}
	return &Store{tables.New(db, tables.Dialect{
		Numbered: true, Reading: &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true},
		Tries: connections + 1, Gone: isGone, // after a crash of the server the whole pool may be dead
	})}, nil
}

func provider(db *sql.DB) (*goose.Provider, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	// Services that start together must not migrate together.
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 60))
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(goose.DialectPostgres, db, files, goose.WithTableName("meetings_version"), goose.WithSessionLocker(locker))
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
