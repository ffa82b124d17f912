package room

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"conclave/call/wire"
	"conclave/keys"
)

// Memory is a Store that forgets everything when the process ends.
type Memory struct {
	mu       sync.Mutex
	meetings map[keys.MeetingID]*kept
}

type kept struct {
	record  Record // Seats and Kept are made on Load
	seats   map[keys.PublicKey]SeatRecord
	entries []Entry
}

// NewMemory returns an empty store.
func NewMemory() *Memory { return &Memory{meetings: map[keys.MeetingID]*kept{}} }

// Create implements Store.
func (s *Memory) Create(_ context.Context, r Record) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.meetings[r.Meeting] != nil {
		return ErrExists
	}
	k := &kept{record: r, seats: map[keys.PublicKey]SeatRecord{r.Host: {Device: r.Host}}}
	k.record.Epoch, k.record.Sequence, k.record.Ended, k.record.Locked = 0, 0, "", false
	s.meetings[r.Meeting] = k
	return nil
}

// Load implements Store.
func (s *Memory) Load(_ context.Context, id keys.MeetingID) (Record, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := s.meetings[id]
	if k == nil {
		return Record{}, ErrNotFound
	}
	r := k.record
	r.Kept = k.amount()
	r.Seats = nil
	for _, seat := range k.seats {
		r.Seats = append(r.Seats, seat)
	}
	slices.SortFunc(r.Seats, func(a, b SeatRecord) int { return slices.Compare(a.Device[:], b.Device[:]) })
	return r, nil
}

// Order implements Store.
func (s *Memory) Order(_ context.Context, step Step) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	k, err := s.living(step.Meeting)
	if err != nil {
		return err
	}
	if step.Entry.Sequence != k.record.Sequence+1 || step.Entry.Epoch != k.record.Epoch {
		return ErrStale
	}
	k.record.Sequence++
	k.entries = append(k.entries, step.Entry)
	if step.Entry.Kind == KindCommit {
		k.record.Epoch++
	}
	for _, d := range step.Removes {
		delete(k.seats, d)
	}
	for _, d := range step.Adds {
		k.seats[d] = SeatRecord{Device: d, Joined: step.Entry.Sequence}
	}
	return nil
}

// Entries implements Store.
func (s *Memory) Entries(_ context.Context, id keys.MeetingID, after uint64) ([]Entry, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := s.meetings[id]
	if k == nil {
		return nil, ErrNotFound
	}
	i, _ := slices.BinarySearchFunc(k.entries, after+1, func(e Entry, n uint64) int { return cmp.Compare(e.Sequence, n) })
	return slices.Clone(k.entries[i:]), nil
}

// Trim implements Store.
func (s *Memory) Trim(_ context.Context, id keys.MeetingID, keep Kept) (Kept, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := s.meetings[id]
	if k == nil {
		return Kept{}, ErrNotFound
	}
	left := k.amount()
	drop := 0
	for left.Entries > keep.Entries || left.Bytes > keep.Bytes {
		left.Entries--
		left.Bytes -= k.entries[drop].size()
		drop++
	}
	k.entries = slices.Clone(k.entries[drop:])
	return left, nil
}

// SetLocked implements Store.
func (s *Memory) SetLocked(_ context.Context, id keys.MeetingID, locked bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	k, err := s.living(id)
	if err != nil {
		return err
	}
	k.record.Locked = locked
	return nil
}

// Depart implements Store.
func (s *Memory) Depart(_ context.Context, id keys.MeetingID, device keys.PublicKey) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	k, err := s.living(id)
	if err != nil {
		return err
	}
	if seat, ok := k.seats[device]; ok {
		seat.Left = true
		k.seats[device] = seat
	}
	return nil
}

// End implements Store.
func (s *Memory) End(_ context.Context, id keys.MeetingID, why wire.EndReason) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := s.meetings[id]
	if k == nil {
		return ErrNotFound
	}
	if k.record.Ended == "" {
		k.record.Ended = why
		k.seats, k.entries = nil, nil
	}
	return nil
}

// Hosting implements Store.
func (s *Memory) Hosting(_ context.Context, host keys.PublicKey) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, k := range s.meetings {
		if k.record.Host == host && k.record.Ended == "" {
			n++
		}
	}
	return n, nil
}

// Sweep implements Store.
func (s *Memory) Sweep(_ context.Context, before time.Time) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for id, k := range s.meetings {
		if k.record.Opened.Before(before) {
			delete(s.meetings, id)
			n++
		}
	}
	return n, nil
}

// Close implements Store.
func (s *Memory) Close() error { return nil }

func (s *Memory) living(id keys.MeetingID) (*kept, error) {
	k := s.meetings[id]
	if k == nil {
		return nil, ErrNotFound
	}
	if k.record.Ended != "" {
		return nil, ErrOver
	}
	return k, nil
}

func (k *kept) amount() Kept {
	a := Kept{Entries: len(k.entries)}
	for _, e := range k.entries {
		a.Bytes += e.size()
	}
	return a
}
