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
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // the driver, in pure Go

	"conclave/call/room"
	"conclave/call/wire"
	"conclave/keys"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Store is an open file. Its methods may be called from any goroutine.
type Store struct{ db *sql.DB }

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
	return &Store{db: db}, nil
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

// Close implements room.Store.
func (s *Store) Close() error { return s.db.Close() }

// transaction runs f, and undoes all it did when it returns an error.
func (s *Store) transaction(ctx context.Context, f func(*sql.Tx) error) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := f(tx); err != nil {
		_ = tx.Rollback()
		return err
	}
	return tx.Commit()
}

// Create implements room.Store.
func (s *Store) Create(ctx context.Context, r room.Record) error {
	return s.transaction(ctx, func(tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx, `INSERT INTO meetings
			(meeting, encoded, signature, host, opened, epoch, sequence, locked, ended) VALUES (?, ?, ?, ?, ?, 0, 0, 0, '')
			ON CONFLICT DO NOTHING`,
			r.Meeting[:], r.Descriptor.Encoded, r.Descriptor.Signature, r.Host[:], r.Opened.Unix())
		if err != nil {
			return err
		}
		if n, err := result.RowsAffected(); err != nil || n == 0 {
			return errors.Join(room.ErrExists, err)
		}
		return seat(ctx, tx, r.Meeting, r.Host, 0)
	})
}

func seat(ctx context.Context, tx *sql.Tx, id keys.MeetingID, device keys.PublicKey, joined uint64) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO seats (meeting, device, joined, departed) VALUES (?, ?, ?, 0)
		ON CONFLICT DO UPDATE SET joined = excluded.joined, departed = 0`, id[:], device[:], int64(joined))
	return err
}

// Load implements room.Store.
func (s *Store) Load(ctx context.Context, id keys.MeetingID) (room.Record, error) {
	r := room.Record{Meeting: id}
	err := s.transaction(ctx, func(tx *sql.Tx) error {
		var host []byte
		var opened int64
		err := tx.QueryRowContext(ctx, `SELECT encoded, signature, host, opened, epoch, sequence, locked, ended FROM meetings WHERE meeting = ?`, id[:]).
			Scan(&r.Descriptor.Encoded, &r.Descriptor.Signature, &host, &opened, &r.Epoch, &r.Sequence, &r.Locked, &r.Ended)
		if errors.Is(err, sql.ErrNoRows) {
			return room.ErrNotFound
		}
		if err != nil {
			return err
		}
		copy(r.Host[:], host)
		r.Opened = time.Unix(opened, 0).UTC()
		if r.Kept, err = kept(ctx, tx, id); err != nil {
			return err
		}
		r.Seats, err = seats(ctx, tx, id)
		return err
	})
	if err != nil {
		return room.Record{}, err
	}
	return r, nil
}

func kept(ctx context.Context, tx *sql.Tx, id keys.MeetingID) (k room.Kept, err error) {
	err = tx.QueryRowContext(ctx, `SELECT count(*), coalesce(sum(length(body) + length(welcome)), 0) FROM entries WHERE meeting = ?`, id[:]).
		Scan(&k.Entries, &k.Bytes)
	return k, err
}

func seats(ctx context.Context, tx *sql.Tx, id keys.MeetingID) ([]room.SeatRecord, error) {
	rows, err := tx.QueryContext(ctx, `SELECT device, joined, departed FROM seats WHERE meeting = ? ORDER BY device`, id[:])
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var all []room.SeatRecord
	for rows.Next() {
		var one room.SeatRecord
		var device []byte
		if err := rows.Scan(&device, &one.Joined, &one.Left); err != nil {
			return nil, err
		}
		copy(one.Device[:], device)
		all = append(all, one)
	}
	return all, rows.Err()
}

// Order implements room.Store.
func (s *Store) Order(ctx context.Context, step room.Step) error {
	e, id := step.Entry, step.Meeting
	advance := 0
	if e.Kind == room.KindCommit {
		advance = 1
	}
	return s.transaction(ctx, func(tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx, `UPDATE meetings SET sequence = sequence + 1, epoch = epoch + ?
			WHERE meeting = ? AND sequence = ? AND epoch = ? AND ended = ''`, advance, id[:], int64(e.Sequence)-1, int64(e.Epoch))
		if err := changed(ctx, tx, id, result, err, room.ErrStale); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO entries (meeting, sequence, epoch, kind, sender, body, welcome) VALUES (?, ?, ?, ?, ?, ?, ?)`,
			id[:], int64(e.Sequence), int64(e.Epoch), e.Kind, e.Sender[:], blob(e.Body), blob(e.Welcome)); err != nil {
			return err
		}
		for _, d := range step.Removes {
			if _, err := tx.ExecContext(ctx, `DELETE FROM seats WHERE meeting = ? AND device = ?`, id[:], d[:]); err != nil {
				return err
			}
		}
		for _, d := range step.Adds {
			if err := seat(ctx, tx, id, d, e.Sequence); err != nil {
				return err
			}
		}
		return nil
	})
}

// blob is never nil, which would be NULL.
func blob(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// changed says why an update of a living meeting changed nothing, if it did;
// otherwise is the reason when the meeting lives.
func changed(ctx context.Context, tx *sql.Tx, id keys.MeetingID, result sql.Result, err, otherwise error) error {
	if err != nil {
		return err
	}
	n, err := result.RowsAffected()
	if err != nil || n > 0 {
		return err
	}
	var ended string
	err = tx.QueryRowContext(ctx, `SELECT ended FROM meetings WHERE meeting = ?`, id[:]).Scan(&ended)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return room.ErrNotFound
	case err != nil:
		return err
	case ended != "":
		return room.ErrOver
	}
	return otherwise
}

// Entries implements room.Store.
func (s *Store) Entries(ctx context.Context, id keys.MeetingID, after uint64) ([]room.Entry, error) {
	var all []room.Entry
	err := s.transaction(ctx, func(tx *sql.Tx) error {
		var one int
		err := tx.QueryRowContext(ctx, `SELECT 1 FROM meetings WHERE meeting = ?`, id[:]).Scan(&one)
		if errors.Is(err, sql.ErrNoRows) {
			return room.ErrNotFound
		}
		if err != nil {
			return err
		}
		rows, err := tx.QueryContext(ctx, `SELECT sequence, epoch, kind, sender, body, welcome FROM entries
			WHERE meeting = ? AND sequence > ? ORDER BY sequence`, id[:], int64(after))
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var e room.Entry
			var sender []byte
			if err := rows.Scan(&e.Sequence, &e.Epoch, &e.Kind, &sender, &e.Body, &e.Welcome); err != nil {
				return err
			}
			copy(e.Sender[:], sender)
			all = append(all, e)
		}
		return rows.Err()
	})
	return all, err
}

// Trim implements room.Store.
func (s *Store) Trim(ctx context.Context, id keys.MeetingID, keep room.Kept) (left room.Kept, err error) {
	err = s.transaction(ctx, func(tx *sql.Tx) error {
		// Counted from the newest backwards: what is over the limits goes.
		if _, err := tx.ExecContext(ctx, `DELETE FROM entries WHERE meeting = ?1 AND sequence IN (
			SELECT sequence FROM (
				SELECT sequence,
					row_number() OVER newest AS n,
					sum(length(body) + length(welcome)) OVER newest AS bytes
				FROM entries WHERE meeting = ?1 WINDOW newest AS (ORDER BY sequence DESC)
			) WHERE n > ?2 OR bytes > ?3)`, id[:], keep.Entries, keep.Bytes); err != nil {
			return err
		}
		left, err = kept(ctx, tx, id)
		return err
	})
	return left, err
}

// SetLocked implements room.Store.
func (s *Store) SetLocked(ctx context.Context, id keys.MeetingID, locked bool) error {
	return s.transaction(ctx, func(tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx, `UPDATE meetings SET locked = ? WHERE meeting = ? AND ended = ''`, locked, id[:])
		return changed(ctx, tx, id, result, err, nil)
	})
}

// Depart implements room.Store.
func (s *Store) Depart(ctx context.Context, id keys.MeetingID, device keys.PublicKey) error {
	return s.transaction(ctx, func(tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx, `UPDATE seats SET departed = 1 WHERE meeting = ? AND device = ?`, id[:], device[:])
		return changed(ctx, tx, id, result, err, nil)
	})
}

// End implements room.Store.
func (s *Store) End(ctx context.Context, id keys.MeetingID, why wire.EndReason) error {
	return s.transaction(ctx, func(tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx, `UPDATE meetings SET ended = ? WHERE meeting = ? AND ended = ''`, string(why), id[:])
		if err := changed(ctx, tx, id, result, err, nil); err != nil {
			if errors.Is(err, room.ErrOver) {
				return nil
			}
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM seats WHERE meeting = ?`, id[:]); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `DELETE FROM entries WHERE meeting = ?`, id[:])
		return err
	})
}

// Hosting implements room.Store.
func (s *Store) Hosting(ctx context.Context, host keys.PublicKey) (n int, err error) {
	err = s.db.QueryRowContext(ctx, `SELECT count(*) FROM meetings WHERE host = ? AND ended = ''`, host[:]).Scan(&n)
	return n, err
}

// Sweep implements room.Store.
func (s *Store) Sweep(ctx context.Context, before time.Time) (int, error) {
	n := int64(0)
	err := s.transaction(ctx, func(tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx, `DELETE FROM meetings WHERE opened < ?`, before.Unix())
		if err != nil {
			return err
		}
		n, err = result.RowsAffected()
		return err
	})
	return int(n), err
}
