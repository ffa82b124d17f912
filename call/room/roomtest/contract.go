// Package roomtest checks room.Store implementations against their contract,
// and has a store that fails on purpose. For tests only.
package roomtest

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"conclave/call/room"
	"conclave/call/wire"
	"conclave/keys"
)

// Record returns a new meeting's record.
func Record(n byte) room.Record {
	return room.Record{
		Meeting:    keys.MeetingID{n, 1},
		Descriptor: keys.SignedDescriptor{Encoded: []byte{n, 2}, Signature: []byte{n, 3}},
		Host:       keys.PublicKey{n, 4},
		Opened:     time.Unix(1_800_000_000, 0).UTC(),
	}
}

// Commit returns a step that orders a commit.
func Commit(r room.Record, sequence, epoch uint64) room.Step {
	return room.Step{Meeting: r.Meeting, Entry: room.Entry{
		Sequence: sequence, Epoch: epoch, Kind: room.KindCommit, Sender: r.Host, Body: []byte{byte(sequence), 5},
	}}
}

// Contract checks a store. Open returns a new, empty one, which Contract closes.
func Contract(t *testing.T, open func(t *testing.T) room.Store) {
	for _, c := range []struct {
		name  string
		check func(*testing.T, room.Store)
	}{
		{"CreateThenLoad", createThenLoad},
		{"OrderIsCompareAndSet", orderIsCompareAndSet},
		{"OneOfManyWins", oneOfManyWins},
		{"StepChangesSeats", stepChangesSeats},
		{"EntriesAndTrim", entriesAndTrim},
		{"LockAndDepart", lockAndDepart},
		{"EndIsFinal", endIsFinal},
		{"HostingAndSweep", hostingAndSweep},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := open(t)
			defer func() {
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			}()
			c.check(t, s)
		})
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func want(t *testing.T, what string, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func load(t *testing.T, s room.Store, id keys.MeetingID) room.Record {
	t.Helper()
	r, err := s.Load(t.Context(), id)
	must(t, err)
	return r
}

func same(t *testing.T, what string, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func createThenLoad(t *testing.T, s room.Store) {
	a := Record(1)
	_, err := s.Load(t.Context(), a.Meeting)
	want(t, "load what is not there", err, room.ErrNotFound)
	must(t, s.Create(t.Context(), a))
	want(t, "create again", s.Create(t.Context(), a), room.ErrExists)
	must(t, s.Create(t.Context(), Record(2)))
	a.Seats = []room.SeatRecord{{Device: a.Host}}
	same(t, "record", a, load(t, s, a.Meeting))
}

func orderIsCompareAndSet(t *testing.T, s room.Store) {
	r := Record(1)
	want(t, "order without a meeting", s.Order(t.Context(), Commit(r, 1, 0)), room.ErrNotFound)
	must(t, s.Create(t.Context(), r))
	for _, bad := range []room.Step{Commit(r, 0, 0), Commit(r, 2, 0), Commit(r, 1, 1)} {
		want(t, "a step that does not follow", s.Order(t.Context(), bad), room.ErrStale)
	}
	before := load(t, s, r.Meeting)
	if before.Sequence != 0 || before.Epoch != 0 || before.Kept.Entries != 0 {
		t.Errorf("a refused step had an effect: %+v", before)
	}
	must(t, s.Order(t.Context(), Commit(r, 1, 0)))
	want(t, "the same step again", s.Order(t.Context(), Commit(r, 1, 0)), room.ErrStale)
	said := Commit(r, 2, 1)
	said.Entry.Kind = room.KindSaid
	must(t, s.Order(t.Context(), said))
	after := load(t, s, r.Meeting)
	if after.Sequence != 2 || after.Epoch != 1 {
		t.Errorf("got sequence %d, epoch %d; want 2, 1", after.Sequence, after.Epoch)
	}
}

func oneOfManyWins(t *testing.T, s room.Store) {
	r := Record(1)
	must(t, s.Create(t.Context(), r))
	var group sync.WaitGroup
	results := make(chan error, 20)
	for i := range 20 {
		group.Go(func() {
			step := Commit(r, 1, 0)
			step.Adds = []keys.PublicKey{{99, byte(i)}}
			results <- s.Order(t.Context(), step)
		})
	}
	group.Wait()
	close(results)
	won := 0
	for err := range results {
		if err == nil {
			won++
		} else {
			want(t, "a loser", err, room.ErrStale)
		}
	}
	got := load(t, s, r.Meeting)
	if won != 1 || got.Epoch != 1 || len(got.Seats) != 2 || got.Kept.Entries != 1 {
		t.Errorf("%d won, record %+v", won, got)
	}
}

func stepChangesSeats(t *testing.T, s room.Store) {
	r := Record(1)
	must(t, s.Create(t.Context(), r))
	b, c := keys.PublicKey{200}, keys.PublicKey{201}
	step := Commit(r, 1, 0)
	step.Adds, step.Entry.Welcome = []keys.PublicKey{c, b}, []byte("welcome")
	must(t, s.Order(t.Context(), step))
	must(t, s.Depart(t.Context(), r.Meeting, b))
	same(t, "seats", []room.SeatRecord{{Device: r.Host}, {Device: b, Joined: 1, Left: true}, {Device: c, Joined: 1}}, load(t, s, r.Meeting).Seats)
	// Removed and added in one step: a new seat.
	step = Commit(r, 2, 1)
	step.Removes, step.Adds = []keys.PublicKey{b, c}, []keys.PublicKey{b}
	must(t, s.Order(t.Context(), step))
	same(t, "seats", []room.SeatRecord{{Device: r.Host}, {Device: b, Joined: 2}}, load(t, s, r.Meeting).Seats)
}

func entriesAndTrim(t *testing.T, s room.Store) {
	r := Record(1)
	_, err := s.Entries(t.Context(), r.Meeting, 0)
	want(t, "entries without a meeting", err, room.ErrNotFound)
	must(t, s.Create(t.Context(), r))
	var all []room.Entry
	for i := range uint64(10) {
		step := Commit(r, i+1, i)
		step.Entry.Welcome = make([]byte, i)
		all = append(all, step.Entry)
		must(t, s.Order(t.Context(), step))
	}
	for _, after := range []uint64{0, 3, 9, 10, 11} {
		got, err := s.Entries(t.Context(), r.Meeting, after)
		must(t, err)
		same(t, "entries", all[min(after, 10):], got)
	}
	same(t, "kept", room.Kept{Entries: 10, Bytes: 65}, load(t, s, r.Meeting).Kept)
	left, err := s.Trim(t.Context(), r.Meeting, room.Kept{Entries: 6, Bytes: 1000})
	must(t, err)
	same(t, "left by number", room.Kept{Entries: 6, Bytes: 2*6 + 4 + 5 + 6 + 7 + 8 + 9}, left)
	left, err = s.Trim(t.Context(), r.Meeting, room.Kept{Entries: 6, Bytes: 22})
	must(t, err)
	same(t, "left by size", room.Kept{Entries: 2, Bytes: 2*2 + 8 + 9}, left)
	got, err := s.Entries(t.Context(), r.Meeting, 0)
	must(t, err)
	same(t, "entries after trimming", all[8:], got)
	must(t, s.Order(t.Context(), Commit(r, 11, 10)))
}

func lockAndDepart(t *testing.T, s room.Store) {
	r := Record(1)
	want(t, "lock without a meeting", s.SetLocked(t.Context(), r.Meeting, true), room.ErrNotFound)
	want(t, "depart without a meeting", s.Depart(t.Context(), r.Meeting, r.Host), room.ErrNotFound)
	must(t, s.Create(t.Context(), r))
	must(t, s.SetLocked(t.Context(), r.Meeting, true))
	if !load(t, s, r.Meeting).Locked {
		t.Error("not locked")
	}
	must(t, s.SetLocked(t.Context(), r.Meeting, false))
	must(t, s.Depart(t.Context(), r.Meeting, keys.PublicKey{77}))
	must(t, s.Depart(t.Context(), r.Meeting, r.Host))
	got := load(t, s, r.Meeting)
	if got.Locked || len(got.Seats) != 1 || !got.Seats[0].Left {
		t.Errorf("got %+v", got)
	}
}

func endIsFinal(t *testing.T, s room.Store) {
	r := Record(1)
	want(t, "end without a meeting", s.End(t.Context(), r.Meeting, wire.EndHost), room.ErrNotFound)
	must(t, s.Create(t.Context(), r))
	must(t, s.Order(t.Context(), Commit(r, 1, 0)))
	must(t, s.End(t.Context(), r.Meeting, wire.EndHost))
	must(t, s.End(t.Context(), r.Meeting, wire.EndEmpty))
	got := load(t, s, r.Meeting)
	if got.Ended != wire.EndHost || len(got.Seats) != 0 || got.Kept != (room.Kept{}) {
		t.Errorf("got %+v", got)
	}
	want(t, "order", s.Order(t.Context(), Commit(r, 2, 1)), room.ErrOver)
	want(t, "lock", s.SetLocked(t.Context(), r.Meeting, true), room.ErrOver)
	want(t, "depart", s.Depart(t.Context(), r.Meeting, r.Host), room.ErrOver)
	want(t, "create", s.Create(t.Context(), r), room.ErrExists)
}

func hostingAndSweep(t *testing.T, s room.Store) {
	a, b, old := Record(1), Record(2), Record(3)
	b.Host, old.Host = a.Host, a.Host
	old.Opened = a.Opened.Add(-time.Hour)
	for _, r := range []room.Record{a, b, old} {
		must(t, s.Create(t.Context(), r))
		must(t, s.Order(t.Context(), Commit(r, 1, 0)))
	}
	must(t, s.End(t.Context(), b.Meeting, wire.EndHost))
	if n, err := s.Hosting(t.Context(), a.Host); err != nil || n != 2 {
		t.Errorf("hosting: got %d, %v; want 2", n, err)
	}
	if n, err := s.Sweep(t.Context(), a.Opened); err != nil || n != 1 {
		t.Errorf("sweep: got %d, %v; want 1", n, err)
	}
	_, err := s.Load(t.Context(), old.Meeting)
	want(t, "load what was swept", err, room.ErrNotFound)
	must(t, s.Create(t.Context(), old))
	if got := load(t, s, old.Meeting); got.Kept.Entries != 0 || len(got.Seats) != 1 {
		t.Errorf("what was swept left something behind: %+v", got)
	}
}
