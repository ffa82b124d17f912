// Package tables keeps meetings in the tables of a database: what packages
// sqlite and postgres share. They open the database and make the tables; each
// method here is one transaction of it.
//
// Trust zone: service. The tables hold ciphertext and public keys, and who met
// whom.
package tables

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"strings"
	"time"

	"conclave/call/room"
	"conclave/call/wire"
	"conclave/keys"
)

// Store is a room.Store over an open database. Its methods may be called from
// any goroutine.
type Store struct {
	db      *sql.DB
	dialect Dialect
}

// Dialect is what the databases differ in.
type Dialect struct {
	// Numbered parameters are $1, $2 instead of ?.
	Numbered bool
	// Reading are the options of transactions that must see one state and change
	// nothing; nil where every transaction sees one.
	Reading *sql.TxOptions
	// Tries is how many connections a transaction tries to begin on while Gone says
	// of the error that the connection is no more; 0 is one.
	Tries int
	Gone  func(error) bool
}

// New returns the store over a database whose tables are made. Close closes it.
func New(db *sql.DB, dialect Dialect) *Store { return &Store{db: db, dialect: dialect} }

// transaction is one in the dialect of its database: statements have ? for
// their parameters.
type transaction struct {
	ctx      context.Context
	tx       *sql.Tx
	numbered bool
}

func (t *transaction) exec(query string, args ...any) (sql.Result, error) {
	return t.tx.ExecContext(t.ctx, t.dialect(query), args...)
}

func (t *transaction) row(query string, args ...any) *sql.Row {
	return t.tx.QueryRowContext(t.ctx, t.dialect(query), args...)
}

func (t *transaction) rows(query string, args ...any) (*sql.Rows, error) {
	return t.tx.QueryContext(t.ctx, t.dialect(query), args...)
}

func (t *transaction) dialect(query string) string {
	if !t.numbered {
		return query
	}
	var out strings.Builder
	for i, part := range strings.Split(query, "?") {
		if i > 0 {
			out.WriteString("$" + strconv.Itoa(i))
		}
		out.WriteString(part)
	}
	return out.String()
}

// change runs f, and undoes all it did when it returns an error.
func (s *Store) change(ctx context.Context, f func(*transaction) error) error {
	return s.run(ctx, nil, f)
}

// look runs f over one state of the tables.
func (s *Store) look(ctx context.Context, f func(*transaction) error) error {
	return s.run(ctx, s.dialect.Reading, f)
}

func (s *Store) run(ctx context.Context, options *sql.TxOptions, f func(*transaction) error) error {
	tx, err := s.db.BeginTx(ctx, options)
	for n := 1; err != nil && n < s.dialect.Tries && ctx.Err() == nil && s.dialect.Gone(err); n++ {
		tx, err = s.db.BeginTx(ctx, options) // nothing was done on the other one yet
	}
	if err != nil {
		return err
	}
	if err := f(&transaction{ctx, tx, s.dialect.Numbered}); err != nil {
		_ = tx.Rollback()
		return err
	}
	return tx.Commit()
}

// Close implements room.Store.
func (s *Store) Close() error { return s.db.Close() }

// Create implements room.Store.
func (s *Store) Create(ctx context.Context, r room.Record) error {
	return s.change(ctx, func(tx *transaction) error {
		result, err := tx.exec(`INSERT INTO meetings
			(meeting, encoded, signature, host, opened, epoch, sequence, locked, ended) VALUES (?, ?, ?, ?, ?, 0, 0, FALSE, '')
			ON CONFLICT DO NOTHING`,
			r.Meeting[:], r.Descriptor.Encoded, r.Descriptor.Signature, r.Host[:], r.Opened.Unix())
		if err != nil {
			return err
		}
		if n, err := result.RowsAffected(); err != nil || n == 0 {
			return errors.Join(room.ErrExists, err)
		}
		return seat(tx, r.Meeting, r.Host, 0)
	})
}

func seat(tx *transaction, id keys.MeetingID, device keys.PublicKey, joined uint64) error {
	_, err := tx.exec(`INSERT INTO seats (meeting, device, joined, departed) VALUES (?, ?, ?, FALSE)
		ON CONFLICT (meeting, device) DO UPDATE SET joined = excluded.joined, departed = FALSE`, id[:], device[:], int64(joined))
	return err
}

// Load implements room.Store.
func (s *Store) Load(ctx context.Context, id keys.MeetingID) (room.Record, error) {
	r := room.Record{Meeting: id}
	err := s.look(ctx, func(tx *transaction) error {
		var host []byte
		var opened int64
		err := tx.row(`SELECT encoded, signature, host, opened, epoch, sequence, locked, ended FROM meetings WHERE meeting = ?`, id[:]).
			Scan(&r.Descriptor.Encoded, &r.Descriptor.Signature, &host, &opened, &r.Epoch, &r.Sequence, &r.Locked, &r.Ended)
		if errors.Is(err, sql.ErrNoRows) {
			return room.ErrNotFound
		}
		if err != nil {
			return err
		}
		copy(r.Host[:], host)
		r.Opened = time.Unix(opened, 0).UTC()
		if r.Kept, err = kept(tx, id); err != nil {
			return err
		}
		r.Seats, err = seats(tx, id)
		return err
	})
	if err != nil {
		return room.Record{}, err
	}
	return r, nil
}

func kept(tx *transaction, id keys.MeetingID) (k room.Kept, err error) {
	err = tx.row(`SELECT count(*), coalesce(sum(length(body) + length(welcome)), 0) FROM entries WHERE meeting = ?`, id[:]).
		Scan(&k.Entries, &k.Bytes)
	return k, err
}

func seats(tx *transaction, id keys.MeetingID) ([]room.SeatRecord, error) {
	rows, err := tx.rows(`SELECT device, joined, departed FROM seats WHERE meeting = ? ORDER BY device`, id[:])
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
	return s.change(ctx, func(tx *transaction) error {
		result, err := tx.exec(`UPDATE meetings SET sequence = sequence + 1, epoch = epoch + ?
			WHERE meeting = ? AND sequence = ? AND epoch = ? AND ended = ''`, advance, id[:], int64(e.Sequence)-1, int64(e.Epoch))
		if err := changed(tx, id, result, err, room.ErrStale); err != nil {
			return err
		}
		if _, err := tx.exec(`INSERT INTO entries (meeting, sequence, epoch, kind, sender, body, welcome) VALUES (?, ?, ?, ?, ?, ?, ?)`,
			id[:], int64(e.Sequence), int64(e.Epoch), int64(e.Kind), e.Sender[:], blob(e.Body), blob(e.Welcome)); err != nil {
			return err
		}
		for _, d := range step.Removes {
			if _, err := tx.exec(`DELETE FROM seats WHERE meeting = ? AND device = ?`, id[:], d[:]); err != nil {
				return err
			}
		}
		for _, d := range step.Adds {
			if err := seat(tx, id, d, e.Sequence); err != nil {
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
func changed(tx *transaction, id keys.MeetingID, result sql.Result, err, otherwise error) error {
	if err != nil {
		return err
	}
	n, err := result.RowsAffected()
	if err != nil || n > 0 {
		return err
	}
	var ended string
	err = tx.row(`SELECT ended FROM meetings WHERE meeting = ?`, id[:]).Scan(&ended)
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
	err := s.look(ctx, func(tx *transaction) error {
		var one int
		err := tx.row(`SELECT 1 FROM meetings WHERE meeting = ?`, id[:]).Scan(&one)
		if errors.Is(err, sql.ErrNoRows) {
			return room.ErrNotFound
		}
		if err != nil {
			return err
		}
		rows, err := tx.rows(`SELECT sequence, epoch, kind, sender, body, welcome FROM entries
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
	err = s.change(ctx, func(tx *transaction) error {
		// Nothing is changed here, but nobody orders meanwhile.
		if _, err := tx.exec(`UPDATE meetings SET sequence = sequence WHERE meeting = ?`, id[:]); err != nil {
			return err
		}
		// Counted from the newest backwards: what is over the limits goes.
		if _, err := tx.exec(`DELETE FROM entries WHERE meeting = ? AND sequence IN (
			SELECT sequence FROM (
				SELECT sequence,
					row_number() OVER newest AS n,
					sum(length(body) + length(welcome)) OVER newest AS bytes
				FROM entries WHERE meeting = ? WINDOW newest AS (ORDER BY sequence DESC)
			) AS counted WHERE n > ? OR bytes > ?)`, id[:], id[:], keep.Entries, keep.Bytes); err != nil {
			return err
		}
		left, err = kept(tx, id)
		return err
	})
	return left, err
}

// SetLocked implements room.Store.
func (s *Store) SetLocked(ctx context.Context, id keys.MeetingID, locked bool) error {
	return s.change(ctx, func(tx *transaction) error {
		result, err := tx.exec(`UPDATE meetings SET locked = ? WHERE meeting = ? AND ended = ''`, locked, id[:])
		return changed(tx, id, result, err, nil)
	})
}

// Depart implements room.Store.
func (s *Store) Depart(ctx context.Context, id keys.MeetingID, device keys.PublicKey) error {
	return s.change(ctx, func(tx *transaction) error {
		result, err := tx.exec(`UPDATE seats SET departed = TRUE WHERE meeting = ? AND device = ?`, id[:], device[:])
		return changed(tx, id, result, err, nil)
	})
}

// End implements room.Store.
func (s *Store) End(ctx context.Context, id keys.MeetingID, why wire.EndReason) error {
	return s.change(ctx, func(tx *transaction) error {
		result, err := tx.exec(`UPDATE meetings SET ended = ? WHERE meeting = ? AND ended = ''`, string(why), id[:])
		if err := changed(tx, id, result, err, nil); err != nil {
			if errors.Is(err, room.ErrOver) {
				return nil
			}
			return err
		}
		if _, err := tx.exec(`DELETE FROM seats WHERE meeting = ?`, id[:]); err != nil {
			return err
		}
		_, err = tx.exec(`DELETE FROM entries WHERE meeting = ?`, id[:])
		return err
	})
}

// Hosting implements room.Store.
func (s *Store) Hosting(ctx context.Context, host keys.PublicKey) (n int, err error) {
	err = s.look(ctx, func(tx *transaction) error {
		return tx.row(`SELECT count(*) FROM meetings WHERE host = ? AND ended = ''`, host[:]).Scan(&n)
	})
	return n, err
}

// Sweep implements room.Store.
func (s *Store) Sweep(ctx context.Context, before time.Time) (int, error) {
	n := int64(0)
	err := s.change(ctx, func(tx *transaction) error {
		result, err := tx.exec(`DELETE FROM meetings WHERE opened < ?`, before.Unix())
		if err != nil {
			return err
		}
		n, err = result.RowsAffected()
		return err
	})
	return int(n), err
}
