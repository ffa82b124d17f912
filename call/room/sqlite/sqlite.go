// Package sqlite keeps meetings in one file: a room.Store for a service on one
// machine. Use [Open].
//
// What it promises: after a method returned nil, the effect survives a crash of
// the process. After a loss of power the last moments may be missing, never
// half there: a device that asks to resume after more than is known is told to
// resync. The file holds ciphertext and public keys, and who met whom.
//
// Trust zone: service.
package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"

	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // the driver, in pure Go

	"conclave/call/room/tables"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Store is an open file. Its methods may be called from any goroutine.
type Store struct{ *tables.Store }

// Open opens the file at path, makes it where it is missing (readable by its
// owner only), and brings its tables up to date. One process at a time may have
// it open.
func Open(ctx context.Context, path string) (*Store, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("open meetings: %w", err)
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open meetings: %w", err)
	}
	_ = file.Close()
	source := url.URL{Scheme: "file", Path: filepath.ToSlash(path), RawQuery: url.Values{"_pragma": {
		"busy_timeout(3000)", "locking_mode(exclusive)", "journal_mode(wal)", "synchronous(normal)", "foreign_keys(on)",
	}, "_txlock": {"immediate"}}.Encode()}
	db, err := sql.Open("sqlite", source.String())
	if err != nil {
		return nil, fmt.Errorf("open meetings: %w", err)
	}
	// One connection: SQLite writes one at a time, and the exclusive lock that
	// keeps a second process out belongs to a connection.
	db.SetMaxOpenConns(1)
	db.SetConnMaxLifetime(0)
	if err := migrate(ctx, db); err != nil {
		_ = db.Close()
		return nil, fmt.Errorf("open meetings: %w", err)
	}
	return &Store{tables.New(db, tables.Dialect{})}, nil
}

func migrate(ctx context.Context, db *sql.DB) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, db, files)
	if err != nil {
		return err
	}
	_, err = p.Up(ctx)
	return err
}
