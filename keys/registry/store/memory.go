package store

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// Memory is a store that forgets everything at its end.
type Memory struct {
	mutex   sync.RWMutex
	records map[id]Record
}

type id struct {
	kind Kind
	key  string
}

// NewMemory returns an empty store.
func NewMemory() *Memory { return &Memory{records: map[id]Record{}} }

var errReadOnly = errors.New("write record: in a transaction for reading")

// Read implements Store.
func (m *Memory) Read(ctx context.Context, f func(Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mutex.RLock()
	defer m.mutex.RUnlock()
	return f(&memoryTx{records: m.records})
}

// Write implements Store.
func (m *Memory) Write(ctx context.Context, f func(Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mutex.Lock()
	defer m.mutex.Unlock()
	tx := &memoryTx{records: maps.Clone(m.records), writable: true}
	if err := f(tx); err != nil {
		return err
	}
	m.records = tx.records
	return nil
}

// Close implements Store.
func (m *Memory) Close() error { return nil }

type memoryTx struct {
	records  map[id]Record
	writable bool
}

// Get implements Tx.
func (t *memoryTx) Get(kind Kind, key string) (Record, error) {
	r, ok := t.records[id{kind, key}]
	if !ok {
		return Record{}, ErrNotFound
	}
	r.Body = bytes.Clone(r.Body)
	return r, nil
}

// Put implements Tx.
func (t *memoryTx) Put(r Record) error {
	if !t.writable {
		return errReadOnly
	}
	r.Body = bytes.Clone(r.Body)
	if !r.Until.IsZero() {
		r.Until = time.UnixMilli(r.Until.UnixMilli()).UTC()
	}
	t.records[id{r.Kind, r.Key}] = r
	return nil
}

// Add implements Tx.
func (t *memoryTx) Add(r Record) error {
	if _, exists := t.records[id{r.Kind, r.Key}]; exists {
		return ErrExists
	}
	return t.Put(r)
}

// Delete implements Tx.
func (t *memoryTx) Delete(kind Kind, key string) error {
	if !t.writable {
		return errReadOnly
	}
	delete(t.records, id{kind, key})
	return nil
}

// List implements Tx.
func (t *memoryTx) List(kind Kind, owner string) ([]Record, error) {
	var out []Record
	for _, r := range t.records {
		if r.Kind == kind && (owner == "*" || r.Owner == owner) {
			r.Body = bytes.Clone(r.Body)
			out = append(out, r)
		}
	}
	slices.SortFunc(out, func(a, b Record) int { return strings.Compare(a.Key, b.Key) })
	return out, nil
}

// Prune implements Tx.
func (t *memoryTx) Prune(kind Kind, before time.Time) error {
	if !t.writable {
		return errReadOnly
	}
	maps.DeleteFunc(t.records, func(i id, r Record) bool {
		return i.kind == kind && !r.Until.IsZero() && r.Until.Before(before)
	})
	return nil
}
