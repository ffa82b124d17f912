package tables

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net"
	"syscall"
	"testing"
)

// failing is a database whose connections fail so many times at the beginning of
// a transaction.
type failing struct {
	left, tries int
	err         error
}

func (f *failing) Connect(context.Context) (driver.Conn, error) { return dying{f}, nil }
func (f *failing) Driver() driver.Driver                        { return nil }

type dying struct{ f *failing }

func (dying) Prepare(string) (driver.Stmt, error) { return nil, errors.ErrUnsupported }
func (dying) Close() error                        { return nil }
func (dying) Commit() error                       { return nil }
func (dying) Rollback() error                     { return nil }

func (c dying) Begin() (driver.Tx, error) {
	c.f.tries++
	if c.f.left > 0 {
		c.f.left--
		return nil, c.f.err
	}
	return c, nil
}

// The pool hands out connections that died with the server: a transaction that
// could not even begin takes another one, but not for ever, and not where that is
// not why.
func TestTransactionsBeginOnAnotherConnection(t *testing.T) {
	pipe := fmt.Errorf("write failed: %w", &net.OpError{Op: "write", Err: syscall.EPIPE})
	for name, row := range map[string]struct {
		f     failing
		fine  bool
		tries int
	}{
		"all that lay in the pool": {failing{left: 4, err: pipe}, true, 5},
		"a server that is gone":    {failing{left: 1000, err: pipe}, false, 5},
		"refused":                  {failing{left: 1, err: errors.ErrUnsupported}, false, 1},
	} {
		f := row.f
		s := New(sql.OpenDB(&f), Dialect{Tries: 5, Gone: func(err error) bool { return errors.Is(err, syscall.EPIPE) }})
		did := 0
		err := s.change(t.Context(), func(*transaction) error { did++; return nil })
		if (err == nil) != row.fine || f.tries != row.tries || err == nil && did != 1 {
			t.Errorf("%s: %v after %d tries, done %d times", name, err, f.tries, did)
		}
		_ = s.db.Close()
	}
}
