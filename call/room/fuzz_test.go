package room_test

import (
	"testing"
	"testing/synctest"
	"time"

	"conclave/call/room"
	"conclave/call/room/roomtest"
	"conclave/call/wire"
	"conclave/keys"
)

// FuzzMeeting lets a few devices send anything in any order, lose their
// connections, and a store fail, and checks after each step:
//
//   - memory and store agree, and the limits hold (Hall.Check);
//   - each connection hears sequences without gaps, and epochs that only grow;
//   - nobody is seated but by a commit;
//   - an ended meeting stays ended, and nothing is heard after it.
func FuzzMeeting(f *testing.F) {
	f.Add([]byte{0, 0, 0, 1, 1, 0, 0, 3, 0, 1, 4, 0})
	f.Add([]byte{0, 0, 0, 1, 1, 0, 0, 3, 0, 0, 5, 9, 2, 1, 0, 1, 6, 0, 0, 3, 2, 0, 2, 1})
	f.Add([]byte{0, 0, 0, 1, 1, 0, 2, 1, 0, 0, 12, 2, 0, 3, 0, 1, 4, 0, 1, 9, 0, 0, 10, 0, 1, 8, 0})
	f.Fuzz(func(t *testing.T, script []byte) {
		if len(script) > 300 {
			t.Skip()
		}
		synctest.Test(t, func(t *testing.T) { play(t, script) })
	})
}

// stage is what the script plays on.
type stage struct {
	*house
	faulty  *roomtest.Faulty
	id      keys.MeetingID
	create  wire.Create
	devices [4]*guest
	ended   bool
}

func play(t *testing.T, script []byte) {
	faulty := &roomtest.Faulty{Store: room.NewMemory()}
	s := &stage{house: newHouse(t, faulty, room.Limits{Lobby: 2, Seated: 3, Entries: 8}), faulty: faulty}
	s.create, s.id = descriptor(t, device(0), 1)
	for n := range s.devices {
		s.devices[n] = s.connect(byte(n))
	}
	for len(script) >= 3 {
		s.step(script[0]%4, script[1]%14, script[2])
		script = script[3:]
		s.check()
	}
}

func (s *stage) step(who, what, how byte) {
	g := s.devices[who]
	// A guess at the epoch that is mostly right.
	epoch := uint64(how >> 4)
	if r, err := s.faulty.Store.Load(s.Context(), s.id); err == nil && how&8 == 0 {
		epoch = r.Epoch
	}
	switch what {
	case 0:
		g.ask(s.create)
	case 1:
		g.ask(knock(s.id))
	case 2:
		g.ask(wire.Resume{Ref: 1, Meeting: s.id, After: uint64(how)})
	case 3, 5:
		c := wire.Commit{Ref: 1, Epoch: epoch, Commit: []byte{how}}
		if what == 3 {
			for _, k := range kept[wire.Knocking](s.devices[0]) {
				c.Adds = append(c.Adds, k.Ticket)
			}
			c.Adds = c.Adds[max(0, len(c.Adds)-1-int(how&1)):]
			if len(c.Adds) > 0 {
				c.Welcome = []byte("w")
			}
		}
		if how&6 != 0 {
			c.Removes = []keys.PublicKey{device(how & 3).Public()}
		}
		g.ask(c)
	case 4:
		g.ask(wire.Say{Ref: 1, Epoch: epoch, Message: []byte{how}})
	case 6:
		g.visit.Disconnected()
		s.devices[who] = s.connect(who)
	case 7:
		time.Sleep(time.Duration(how) * time.Second)
	case 8:
		g.ask(wire.Lock{Ref: 1, Locked: how&1 == 1})
	case 9:
		g.ask(wire.Leave{Ref: 1})
	case 10:
		if how > 200 {
			g.ask(wire.End{Ref: 1})
		}
	case 11:
		g.ask(wire.Renew{Ref: 1})
	case 12:
		s.faulty.FailOrder, s.faulty.FailLoad = roomtest.Fault(how%3), int(how>>6)
	case 13:
		for _, k := range kept[wire.Knocking](s.devices[0]) {
			g.ask(wire.Refuse{Ref: 1, Ticket: k.Ticket, Reason: wire.ReasonRefused})
		}
	}
}

// kept returns what was told of type T, and keeps it.
func kept[T wire.Notice](g *guest) []T {
	synctest.Wait()
	g.mu.Lock()
	defer g.mu.Unlock()
	var all []T
	for _, n := range g.told {
		if t, ok := n.(T); ok {
			all = append(all, t)
		}
	}
	return all
}

func (s *stage) check() {
	synctest.Wait()
	// The check itself wants a store that works.
	fails := s.faulty.FailLoad
	s.faulty.FailLoad = 0
	if err := s.hall.Check(s.id); err != nil {
		s.Fatal(err)
	}
	r, err := s.faulty.Store.Load(s.Context(), s.id)
	if err == nil {
		if s.ended && r.Ended == "" {
			s.Fatal("an ended meeting lives again")
		}
		s.ended = r.Ended != ""
	}
	s.faulty.FailLoad = fails
	for _, g := range s.devices {
		g.checkHeard()
	}
}

// checkHeard checks the order of what one connection was told.
func (g *guest) checkHeard() {
	g.mu.Lock()
	defer g.mu.Unlock()
	sequence, epoch, over := uint64(0), uint64(0), false
	hear := func(n, e uint64) {
		if over {
			g.Fatal("heard something after the end or the removal")
		}
		if sequence != 0 && n != sequence+1 {
			g.Fatalf("heard %d after %d", n, sequence)
		}
		if e < epoch {
			g.Fatalf("heard epoch %d after %d", e, epoch)
		}
		sequence, epoch = n, e
	}
	for _, n := range g.told {
		switch n := n.(type) {
		case wire.Ordered:
			hear(n.Sequence, n.Epoch)
			epoch = n.Epoch + 1
		case wire.Said:
			hear(n.Sequence, n.Epoch)
		case wire.Joined:
			// A new seat: what was heard on an older one does not count.
			sequence, over = n.Sequence, false
		case wire.Removed, wire.Ended:
			over = true
		}
	}
}
