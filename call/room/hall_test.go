package room_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"conclave/call/room"
	"conclave/call/room/roomtest"
	"conclave/call/wire"
	"conclave/keys"
)

// fakeRelay keeps who is in.
type fakeRelay struct {
	in  map[string]bool
	log []string
}

func (r *fakeRelay) Token(room, identity string) (wire.Token, error) {
	r.in[room+" "+identity] = true
	return wire.Token("token " + identity), nil
}

func (r *fakeRelay) Remove(room, identity string) {
	delete(r.in, room+" "+identity)
	r.log = append(r.log, "remove "+identity)
}

func (r *fakeRelay) Empty(room string) {
	for k := range r.in {
		if strings.HasPrefix(k, room+" ") {
			delete(r.in, k)
		}
	}
}

// house is a hall with what stands around it.
type house struct {
	*testing.T
	hall  *room.Hall
	relay *fakeRelay
	store room.Store
	log   *bytes.Buffer
}

func newHouse(t *testing.T, store room.Store, l room.Limits) *house {
	if store == nil {
		store = room.NewMemory()
	}
	h := &house{T: t, relay: &fakeRelay{in: map[string]bool{}}, store: store, log: &bytes.Buffer{}}
	h.hall = room.NewHall(room.Config{Store: store, Relay: h.relay, Limits: l, Log: slog.New(slog.NewTextHandler(h.log, nil))})
	t.Cleanup(h.hall.Close)
	return h
}

// guest is one connection; what it is told is kept.
type guest struct {
	*house
	device keys.DeviceKey
	visit  *room.Visit
	mu     sync.Mutex // timers tell too
	told   []wire.Notice
	cut    room.Cut
}

func (g *guest) Deliver(text []byte) {
	n, err := wire.DecodeNotice(text)
	if err != nil {
		g.Errorf("the service sent what a client refuses: %v", err)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.told = append(g.told, n)
}

func (g *guest) Cut(why room.Cut) { g.cut = why }

func device(n byte) keys.DeviceKey { return keys.DeviceKeyFromSeed([32]byte{n, 42}) }

func (h *house) connect(n byte) *guest {
	g := &guest{house: h, device: device(n)}
	g.visit = h.hall.Visit(g.device.Public(), g, "ws://relay")
	return g
}

// ask sends a request and returns its answer ("" for Done).
func (g *guest) ask(r wire.Request) wire.Code {
	g.Helper()
	// What only waits for a timer of no length.
	synctest.Wait()
	g.mu.Lock()
	before := len(g.told)
	g.mu.Unlock()
	g.visit.Handle(g.Context(), r)
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, n := range g.told[before:] {
		switch n := n.(type) {
		case wire.Done:
			return ""
		case wire.Failed:
			return n.Code
		}
	}
	g.Fatalf("%s was not answered", r.Type())
	return ""
}

func (g *guest) expect(r wire.Request, want wire.Code) {
	g.Helper()
	if got := g.ask(r); got != want {
		g.Errorf("%s: got %q, want %q", r.Type(), got, want)
	}
}

// take returns and forgets what was told of type T.
func take[T wire.Notice](g *guest) []T {
	synctest.Wait()
	g.mu.Lock()
	defer g.mu.Unlock()
	var all []T
	g.told = slices.DeleteFunc(g.told, func(n wire.Notice) bool {
		t, ok := n.(T)
		if ok {
			all = append(all, t)
		}
		return ok
	})
	return all
}

func last[T wire.Notice](g *guest) T {
	g.Helper()
	all := take[T](g)
	if len(all) == 0 {
		var want T
		g.Fatalf("was not told %s", want.Type())
	}
	return all[len(all)-1]
}

func descriptor(t *testing.T, host keys.DeviceKey, nonce byte) (wire.Create, keys.MeetingID) {
	d := keys.Descriptor{
		Version: keys.DescriptorVersion, Mode: keys.ModeE2EE, Suite: 1, Host: host.Public(),
		LobbyKey: [32]byte{9}, Created: time.Now().UTC().Truncate(time.Second), Nonce: [16]byte{nonce},
	}
	s := host.SignDescriptor(d)
	return wire.Create{Ref: 1, Encoded: s.Encoded, Signature: s.Signature}, d.ID()
}

// meeting opens one with a host and so many admitted guests.
func (h *house) meeting(guests int) (keys.MeetingID, *guest, []*guest) {
	h.Helper()
	host := h.connect(0)
	create, id := descriptor(h.T, host.device, 1)
	host.expect(create, "")
	var all []*guest
	for i := range guests {
		g := h.connect(byte(i + 1))
		g.expect(knock(id), "")
		host.admit(uint64(i), last[wire.Knocking](host).Ticket)
		all = append(all, g)
	}
	return id, host, all
}

func knock(id keys.MeetingID) wire.Knock {
	return wire.Knock{Ref: 1, Meeting: id, KeyPackage: []byte("key package"), Sealed: []byte("sealed")}
}

func (g *guest) admit(epoch uint64, tickets ...wire.Ticket) {
	g.Helper()
	g.expect(wire.Commit{Ref: 2, Epoch: epoch, Commit: []byte("add"), Welcome: []byte("welcome"), Adds: tickets}, "")
}

func run(t *testing.T, name string, f func(*testing.T)) {
	t.Run(name, func(t *testing.T) { synctest.Test(t, f) })
}

func TestFirstCommitOfAnEpochWins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, nil, room.Limits{})
		_, host, guests := h.meeting(2)
		a, b := guests[0], guests[1]
		a.expect(wire.Commit{Ref: 3, Epoch: 2, Commit: []byte("a")}, "")
		b.expect(wire.Commit{Ref: 3, Epoch: 2, Commit: []byte("b")}, wire.CodeStale)
		b.expect(wire.Say{Ref: 4, Epoch: 2, Message: []byte("late")}, wire.CodeStale)
		b.expect(wire.Commit{Ref: 5, Epoch: 4, Commit: []byte("early")}, wire.CodeStale)
		b.expect(wire.Say{Ref: 6, Epoch: 3, Message: []byte("in time")}, "")
		want := []wire.Ordered{{Sequence: 3, Epoch: 2, Sender: a.device.Public(), Commit: []byte("a")}}
		for _, g := range []*guest{host, a, b} {
			got := take[wire.Ordered](g)
			if diff := cmp.Diff(want, got[len(got)-1:]); diff != "" {
				t.Errorf("ordered (-want +got):\n%s", diff)
			}
			if said := last[wire.Said](g); said.Sequence != 4 || said.Epoch != 3 {
				t.Errorf("said: %+v", said)
			}
		}
	})
}

func TestOnlyTheHostAdmitsRefusesLocksAndEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, nil, room.Limits{})
		id, host, guests := h.meeting(1)
		g := guests[0]
		w := h.connect(9)
		w.expect(knock(id), "")
		ticket := last[wire.Knocking](host).Ticket
		if len(take[wire.Knocking](g)) != 0 {
			t.Error("a guest was shown the knock")
		}
		g.expect(wire.Commit{Ref: 1, Epoch: 1, Commit: []byte("x"), Welcome: []byte("w"), Adds: []wire.Ticket{ticket}}, wire.CodeNotHost)
		g.expect(wire.Commit{Ref: 1, Epoch: 1, Commit: []byte("x"), Removes: []keys.PublicKey{host.device.Public()}}, wire.CodeNotHost)
		g.expect(wire.Refuse{Ref: 1, Ticket: ticket, Reason: wire.ReasonRefused}, wire.CodeNotHost)
		g.expect(wire.Lock{Ref: 1, Locked: true}, wire.CodeNotHost)
		g.expect(wire.End{Ref: 1}, wire.CodeNotHost)
		w.expect(wire.Say{Ref: 1, Message: []byte("x")}, wire.CodeNotSeated)
		w.expect(wire.Renew{Ref: 1}, wire.CodeNotSeated)
		host.expect(wire.Refuse{Ref: 1, Ticket: ticket + 1, Reason: wire.ReasonRefused}, wire.CodeNotFound)
		host.expect(wire.Commit{Ref: 1, Epoch: 1, Commit: []byte("x"), Removes: []keys.PublicKey{{77}}}, wire.CodeNotFound)
		host.expect(wire.Commit{Ref: 1, Epoch: 1, Commit: []byte("x"), Removes: []keys.PublicKey{host.device.Public()}}, wire.CodeBadRequest)
		host.expect(wire.Refuse{Ref: 1, Ticket: ticket, Reason: wire.ReasonPasscode}, "")
		if r := last[wire.Refused](w); r.Reason != wire.ReasonPasscode {
			t.Errorf("refused: %+v", r)
		}
		host.expect(wire.Lock{Ref: 1, Locked: true}, "")
		if !last[wire.Locked](g).Locked {
			t.Error("the guest is not told of the lock")
		}
		w.expect(knock(id), wire.CodeLocked)
		host.expect(wire.Lock{Ref: 1}, "")
		w.expect(knock(id), "")
		host.expect(wire.End{Ref: 1}, "")
		if last[wire.Ended](g).Reason != wire.EndHost || last[wire.Refused](w).Reason != wire.ReasonEnded {
			t.Error("the others are not told of the end")
		}
		for _, r := range []wire.Request{knock(id), wire.Look{Ref: 1, Meeting: id}, wire.Resume{Ref: 1, Meeting: id}} {
			h.connect(8).expect(r, wire.CodeEnded)
		}
		host.expect(wire.Commit{Ref: 1, Epoch: 1, Commit: []byte("x")}, wire.CodeEnded)
		create, _ := descriptor(t, host.device, 1)
		host.expect(create, wire.CodeEnded)
	})
}

func TestRemovedLosesSeatAndRelayAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, nil, room.Limits{})
		id, host, guests := h.meeting(2)
		a, b := guests[0], guests[1]
		before := len(h.relay.in)
		host.expect(wire.Commit{Ref: 3, Epoch: 2, Commit: []byte("out"), Removes: []keys.PublicKey{a.device.Public()}}, "")
		if len(take[wire.Removed](a)) != 1 || len(h.relay.in) != before-1 {
			t.Errorf("not told, or still in the relay: %v", h.relay.in)
		}
		take[wire.Ordered](a)
		b.expect(wire.Say{Ref: 3, Epoch: 3, Message: []byte("secret")}, "")
		a.expect(wire.Say{Ref: 3, Epoch: 3, Message: []byte("x")}, wire.CodeNotSeated)
		a.expect(wire.Renew{Ref: 3}, wire.CodeNotSeated)
		a.expect(wire.Resume{Ref: 3, Meeting: id, After: 2}, wire.CodeNotSeated)
		if len(take[wire.Said](a))+len(take[wire.Ordered](a)) != 0 {
			t.Error("the removed still hears")
		}
		a.expect(knock(id), "") // may ask again
	})
}

func TestDeadConnectionIsGoneAfterTheGrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, nil, room.Limits{})
		id, host, guests := h.meeting(2)
		a, b := guests[0], guests[1]
		a.visit.Disconnected()
		out := wire.Commit{Ref: 3, Epoch: 2, Commit: []byte("out"), Removes: []keys.PublicKey{a.device.Public()}}
		time.Sleep(9 * time.Second)
		if len(take[wire.Gone](b)) != 0 {
			t.Error("gone before the grace was over")
		}
		if r := last[wire.Roster](b); slices.Contains(r.Seated, wire.Seat{Device: a.device.Public(), Connected: true}) {
			t.Errorf("roster: %+v", r)
		}
		b.expect(out, wire.CodeNotHost)
		time.Sleep(time.Second)
		for _, g := range []*guest{host, b} {
			if got := take[wire.Gone](g); len(got) != 1 || got[0].Device != a.device.Public() {
				t.Errorf("gone: %+v", got)
			}
		}
		// Back by Resume: no longer gone, so only the host may remove.
		again := h.connect(1)
		again.expect(wire.Resume{Ref: 1, Meeting: id, After: 2}, "")
		b.expect(out, wire.CodeNotHost)
		again.visit.Disconnected()
		time.Sleep(10 * time.Second)
		b.expect(out, "")
		again = h.connect(1)
		again.expect(wire.Resume{Ref: 1, Meeting: id, After: 2}, wire.CodeNotSeated)
	})
}

func TestBackWithinTheGraceIsNotGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, nil, room.Limits{})
		id, host, guests := h.meeting(1)
		guests[0].visit.Disconnected()
		time.Sleep(9 * time.Second)
		again := h.connect(1)
		again.expect(wire.Resume{Ref: 1, Meeting: id, After: 1}, "")
		again.visit.Disconnected()
		time.Sleep(9 * time.Second)
		synctest.Wait()
		if len(take[wire.Gone](host)) != 0 {
			t.Error("gone, though it was back between")
		}
		time.Sleep(time.Second)
		if len(take[wire.Gone](host)) != 1 {
			t.Error("not gone after the second grace")
		}
	})
}

func TestResumeReplaysExactlyWhatWasMissed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, nil, room.Limits{Entries: 8})
		id, host, _ := h.meeting(1)
		say := func(n int) {
			for range n {
				host.expect(wire.Say{Ref: 5, Epoch: 1, Message: []byte("x")}, "")
			}
		}
		say(3) // sequences 2 to 4
		sequences := func(g *guest) (all []uint64) {
			synctest.Wait()
			g.mu.Lock()
			defer g.mu.Unlock()
			for _, n := range g.told {
				switch n := n.(type) {
				case wire.Joined:
					all = append(all, n.Sequence)
				case wire.Ordered:
					all = append(all, n.Sequence)
				case wire.Said:
					all = append(all, n.Sequence)
				}
			}
			return all
		}
		for after, want := range map[uint64][]uint64{0: {1, 2, 3, 4}, 1: {2, 3, 4}, 3: {4}, 4: nil} {
			g := h.connect(1)
			g.expect(wire.Resume{Ref: 1, Meeting: id, After: after}, "")
			if got := sequences(g); !slices.Equal(got, want) {
				t.Errorf("resume after %d: got %v, want %v", after, got, want)
			}
			if joined := take[wire.Joined](g); (after == 0) != (len(joined) == 1) {
				t.Errorf("resume after %d: Joined %v", after, joined)
			}
			last[wire.MediaToken](g)
			last[wire.Roster](g)
		}
		h.connect(1).expect(wire.Resume{Ref: 1, Meeting: id, After: 5}, wire.CodeResync)
		h.connect(5).expect(wire.Resume{Ref: 1, Meeting: id, After: 1}, wire.CodeNotSeated)
		say(20) // what is older than eight or nine entries is forgotten
		h.connect(1).expect(wire.Resume{Ref: 1, Meeting: id, After: 4}, wire.CodeResync)
		h.connect(1).expect(wire.Resume{Ref: 1, Meeting: id, After: 17}, "")
	})
}

func TestLobbyKeepsItsOrderAndLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, nil, room.Limits{Lobby: 3, Seated: 3})
		id, host, _ := h.meeting(1)
		var waiting []*guest
		for n := range byte(3) {
			g := h.connect(n + 10)
			g.expect(knock(id), "")
			waiting = append(waiting, g)
			if w := last[wire.Waiting](g); w.Position != int(n)+1 || !w.HostHere {
				t.Errorf("waiting: %+v", w)
			}
		}
		h.connect(20).expect(knock(id), wire.CodeFull)
		waiting[0].visit.Disconnected()
		tickets := take[wire.Knocking](host)
		if got := last[wire.Withdrawn](host); got.Ticket != tickets[0].Ticket {
			t.Errorf("withdrawn %+v, want %v", got, tickets[0].Ticket)
		}
		host.expect(wire.Commit{Ref: 1, Epoch: 1, Commit: []byte("x"), Welcome: []byte("w"), Adds: []wire.Ticket{tickets[0].Ticket}}, wire.CodeNotFound)
		if last[wire.Waiting](waiting[2]).Position != 2 {
			t.Error("the place did not move up")
		}
		waiting[1].expect(wire.Leave{Ref: 1}, "")
		// The same device knocking again takes its own place.
		twice := h.connect(12)
		twice.expect(knock(id), "")
		if waiting[2].cut != room.CutReplaced {
			t.Error("the older connection is not cut")
		}
		// The host goes, and comes back to the knocks.
		host.visit.Disconnected()
		if last[wire.Waiting](twice).HostHere {
			t.Error("the host is not here")
		}
		host = h.connect(0)
		host.expect(wire.Resume{Ref: 1, Meeting: id, After: 1}, "")
		if got := take[wire.Knocking](host); len(got) != 1 || got[0].Device != twice.device.Public() {
			t.Errorf("knocks after resuming: %+v", got)
		}
		if !last[wire.Waiting](twice).HostHere {
			t.Error("the host is here again")
		}
		// Full: 3 seats.
		other := h.connect(30)
		other.expect(knock(id), "")
		knocks := []wire.Ticket{last[wire.Knocking](host).Ticket}
		host.admit(1, knocks...)
		h.connect(31).expect(knock(id), wire.CodeFull)
	})
}

func TestSeatedDeviceThatKnocksIsReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, nil, room.Limits{})
		id, host, guests := h.meeting(1)
		again := h.connect(1)
		again.expect(knock(id), "")
		if guests[0].cut != room.CutReplaced || len(take[wire.Gone](host)) != 1 {
			t.Error("the old seat is not given up")
		}
		ticket := last[wire.Knocking](host).Ticket
		commit := wire.Commit{Ref: 1, Epoch: 1, Commit: []byte("x"), Welcome: []byte("w"), Adds: []wire.Ticket{ticket}}
		host.expect(commit, wire.CodeBadRequest) // still seated
		commit.Removes = []keys.PublicKey{again.device.Public()}
		host.expect(commit, "")
		if last[wire.Joined](again).Sequence != 2 {
			t.Error("not joined")
		}
		again.expect(wire.Say{Ref: 1, Epoch: 2, Message: []byte("x")}, "")
	})
}

func TestLeaveIsFinalAndTheLastOneEndsTheMeeting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, nil, room.Limits{})
		id, host, guests := h.meeting(1)
		g := guests[0]
		g.expect(wire.Leave{Ref: 1}, "")
		if len(take[wire.Gone](host)) != 1 {
			t.Error("the host is not told")
		}
		h.connect(1).expect(wire.Resume{Ref: 1, Meeting: id, After: 1}, wire.CodeNotSeated)
		host.expect(wire.Commit{Ref: 1, Epoch: 1, Commit: []byte("x"), Removes: []keys.PublicKey{g.device.Public()}}, "")
		host.expect(wire.Leave{Ref: 1}, "")
		h.connect(2).expect(wire.Look{Ref: 1, Meeting: id}, wire.CodeEnded)
		if h.hall.Stats() != (room.Stats{Ordered: 2, Knocks: 1, Ended: 1}) {
			t.Errorf("figures: %+v", h.hall.Stats())
		}
	})
}

func TestMeetingsEndWhenEmptyOrTooLong(t *testing.T) {
	run(t, "empty", func(t *testing.T) {
		h := newHouse(t, nil, room.Limits{})
		id, host, guests := h.meeting(1)
		host.visit.Disconnected()
		time.Sleep(2 * time.Hour)
		h.connect(3).expect(wire.Look{Ref: 1, Meeting: id}, "")
		guests[0].visit.Disconnected()
		time.Sleep(59 * time.Minute)
		h.connect(3).expect(wire.Look{Ref: 1, Meeting: id}, "")
		time.Sleep(time.Minute)
		h.connect(3).expect(wire.Look{Ref: 1, Meeting: id}, wire.CodeEnded)
	})
	run(t, "too long", func(t *testing.T) {
		h := newHouse(t, nil, room.Limits{})
		_, host, _ := h.meeting(0)
		time.Sleep(24 * time.Hour)
		if last[wire.Ended](host).Reason != wire.EndExpired {
			t.Error("not told why")
		}
	})
}

func TestMeetingGoesOnInTheNextProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := room.NewMemory()
		h := newHouse(t, store, room.Limits{})
		id, host, guests := h.meeting(2)
		guests[1].expect(wire.Leave{Ref: 1}, "")
		host.expect(wire.Lock{Ref: 1, Locked: true}, "")
		h.hall.Close()
		host.expect(wire.Say{Ref: 1, Epoch: 2, Message: []byte("x")}, wire.CodeBusy)
		host.visit.Disconnected()

		next := newHouse(t, store, room.Limits{})
		again := next.connect(0)
		again.expect(wire.Resume{Ref: 1, Meeting: id, After: 2}, "")
		if !last[wire.Locked](again).Locked {
			t.Error("the lock is lost")
		}
		if got := take[wire.Gone](again); len(got) != 1 || got[0].Device != guests[1].device.Public() {
			t.Errorf("gone: %+v", got)
		}
		time.Sleep(29 * time.Second)
		if got := take[wire.Gone](again); len(got) != 0 {
			t.Errorf("gone before they could come back: %+v", got)
		}
		time.Sleep(time.Second)
		if got := take[wire.Gone](again); len(got) != 1 || got[0].Device != guests[0].device.Public() {
			t.Errorf("gone: %+v", got)
		}
		next.connect(2).expect(wire.Resume{Ref: 1, Meeting: id, After: 2}, wire.CodeNotSeated)
	})
}

// TestOrderWithATwoSidedFault: whatever the store does, what is stored and what
// clients are told agree in the end, and nothing is ordered twice.
func TestOrderWithATwoSidedFault(t *testing.T) {
	for _, row := range []struct {
		name      string
		fault     roomtest.Fault
		loads     int // Loads that fail too
		answer    wire.Code
		sequences []uint64 // what the guest has heard, after the next request
	}{
		{"no fault", roomtest.Never, 0, "", []uint64{2, 3}},
		{"before the effect", roomtest.Before, 0, wire.CodeInternal, []uint64{2}},
		{"before, and unknown for a while", roomtest.Before, 1, wire.CodeInternal, []uint64{2}},
		{"after the effect", roomtest.After, 0, "", []uint64{2, 3}},
		{"after, and unknown for a while", roomtest.After, 1, wire.CodeInternal, []uint64{2, 3}},
	} {
		run(t, row.name, func(t *testing.T) {
			store := &roomtest.Faulty{Store: room.NewMemory()}
			h := newHouse(t, store, room.Limits{})
			id, host, guests := h.meeting(1)
			g := guests[0]
			w := h.connect(5)
			w.expect(knock(id), "")
			commit := wire.Commit{
				Ref: 7, Epoch: 1, Commit: []byte("x"), Welcome: []byte("w"), Adds: []wire.Ticket{last[wire.Knocking](host).Ticket},
			}
			store.FailOrder, store.FailLoad = row.fault, row.loads
			host.expect(commit, row.answer)
			// The next request finds out, if it was unknown.
			g.expect(wire.Renew{Ref: 1}, "")
			stored := len(row.sequences) == 2
			if got := len(take[wire.Joined](w)) == 1; got != stored {
				t.Errorf("joined: %v, stored: %v", got, stored)
			}
			want := wire.Code("")
			if stored {
				want = wire.CodeStale // the client retries what it believes failed
			}
			host.expect(commit, want)
			var heard []uint64
			for _, o := range take[wire.Ordered](g) {
				heard = append(heard, o.Sequence)
			}
			if len(heard) != 1 || heard[0] != 2 {
				t.Errorf("heard %v, want the commit once", heard)
			}
			if err := h.hall.Check(id); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestMeetingsPerDeviceAreLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, nil, room.Limits{Hosted: 2, Meetings: 3})
		for n := range byte(2) {
			c, _ := descriptor(t, device(1), n)
			h.connect(1).expect(c, "")
		}
		c, _ := descriptor(t, device(1), 9)
		h.connect(1).expect(c, wire.CodeFull)
		c, _ = descriptor(t, device(2), 1)
		h.connect(2).expect(c, "")
		c, _ = descriptor(t, device(3), 1)
		h.connect(3).expect(c, wire.CodeBusy)
	})
}

func TestCreateIsCheckedAndMayBeRepeated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, nil, room.Limits{})
		c, id := descriptor(t, device(1), 1)
		h.connect(2).expect(c, wire.CodeBadRequest)
		forged := c
		forged.Signature = append([]byte{}, c.Signature...)
		forged.Signature[0] ^= 1
		h.connect(1).expect(forged, wire.CodeBadRequest)
		host := h.connect(1)
		host.expect(c, "")
		host.expect(c, wire.CodeBadRequest) // already in
		again := h.connect(1)
		again.expect(c, "")
		again.expect(wire.Commit{Ref: 1, Commit: []byte("x")}, "")
		h.connect(1).expect(c, wire.CodeBadRequest) // it has begun: Resume
		h.connect(1).expect(wire.Resume{Ref: 1, Meeting: id}, "")
		time.Sleep(25 * time.Hour)
		old, _ := descriptor(t, device(1), 3)
		time.Sleep(101 * 24 * time.Hour)
		h.connect(1).expect(old, wire.CodeBadRequest)
	})
}

func TestLogsNameNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, &roomtest.Faulty{Store: room.NewMemory()}, room.Limits{})
		id, host, guests := h.meeting(1)
		h.store.(*roomtest.Faulty).FailOrder = roomtest.Before
		guests[0].expect(wire.Say{Ref: 1, Epoch: 1, Message: []byte("a message")}, wire.CodeInternal)
		host.expect(wire.End{Ref: 1}, "")
		text := h.log.String()
		if !strings.Contains(text, "meeting created") || !strings.Contains(text, "order message") {
			t.Errorf("the log tells too little:\n%s", text)
		}
		for _, never := range []string{
			id.String(), fmt.Sprintf("%x", id[:8]), host.device.Public().String(), guests[0].device.Public().String(),
			"a message", "token", keys.RelayRoom(id), "key package",
		} {
			if strings.Contains(text, never) {
				t.Errorf("the log has %q:\n%s", never, text)
			}
		}
	})
}
