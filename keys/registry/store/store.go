// Package store keeps the registry's records: in memory, in SQLite, or in a
// PostgreSQL database that several services share.
//
// A record is a body under a kind and a key, with an owner (the account it
// belongs to) and a time after which it may go. The registry gives the records
// their meaning; the stores know none of it, so that a new kind needs no new
// table and every store passes the same tests.
//
// It is not the transparency log (keys/registry/ledger). Trust zone: service.
package store

import (
	"context"
	"errors"
	"time"
)

// Errors that callers branch on.
var (
	ErrNotFound = errors.New("read record: not found")
	ErrExists   = errors.New("add record: one exists")
)

// Kind is the sort of a record.
type Kind string

// Record is one thing that the registry knows.
type Record struct {
	Kind  Kind
	Key   string    // unique within Kind
	Owner string    // "" for nobody's
	Until time.Time // zero for ever; otherwise Prune removes it afterwards; whole milliseconds
	Body  []byte
}

// Store runs transactions. Its methods may be called from any goroutine.
type Store interface {
	// Read runs f over one state of the store that nobody changes meanwhile.
	// Writing in f is an error.
	Read(ctx context.Context, f func(Tx) error) error
	// Write runs f alone. When f and Write return nil, all changes are durable;
	// otherwise none was made, except when the error comes from committing: then
	// the caller does not know and must be ready for both.
	Write(ctx context.Context, f func(Tx) error) error
	// Close waits for running transactions.
	Close() error
}

// Tx is a transaction. It is used by one goroutine and not after its function
// returned.
type Tx interface {
	// Get returns a record or ErrNotFound.
	Get(kind Kind, key string) (Record, error)
	// Put writes a record, in place of one with the same kind and key.
	Put(Record) error
	// Add writes a record or returns ErrExists.
	Add(Record) error
	// Delete removes a record; it is no error when there is none.
	Delete(kind Kind, key string) error
	// List returns the records of an owner in the order of their keys; with
	// owner "*" those of everybody.
	List(kind Kind, owner string) ([]Record, error)
	// Prune removes the records of a kind whose Until is before t.
	Prune(kind Kind, t time.Time) error
}
