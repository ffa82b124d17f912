package room

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"slices"

	"conclave/call/wire"
	"conclave/keys"
)

// knock puts the visit into the lobby. A device knocks once: a second knock
// takes the first one's place. A seated device that knocks has lost its state,
// so its seat is gone and waits for its removal.
func (v *Visit) knock(ctx context.Context, r wire.Knock) error {
	m, err := v.enter(ctx, r.Meeting)
	if err != nil {
		return err
	}
	defer m.mu.Unlock()
	if m.locked && !m.mayReturn(v.device) {
		return wire.CodeLocked
	}
	before := m.waitingDevice(v.device)
	if before == nil && len(m.lobby) >= m.hall.limits.Lobby {
		return wire.CodeFull
	}
	if m.seats[v.device] == nil && len(m.seats) >= m.hall.limits.Seated {
		return wire.CodeFull
	}
	if before != nil {
		m.withdraw(before)
		before.visit.peer.Cut(CutReplaced)
	}
	if s := m.seats[v.device]; s != nil && !s.gone && !s.left {
		if s.visit != nil {
			s.visit.peer.Cut(CutReplaced)
		}
		m.detach(s)
		m.lose(s)
		m.hall.relay.Remove(roomName(m.id), identity(m.id, v.device))
		m.watchEmpty()
		m.rosterChanged()
	}
	w := &waiting{ticket: m.newTicket(), visit: v, knock: r}
	m.lobby = append(m.lobby, w)
	m.hall.counts.knocks.Add(1)
	m.hall.counts.waiting.Add(1)
	v.meeting = m
	v.tell(wire.Waiting{Position: len(m.lobby), HostHere: m.hostHere()})
	v.done(r.Ref)
	m.tellHost(w.notice())
	return nil
}

// mayReturn reports whether a device was in the meeting and lost its connection
// or its state: a locked door keeps out who is new. Whether it comes in is for
// the host's device to decide, as always.
func (m *meeting) mayReturn(d keys.PublicKey) bool {
	s := m.seats[d]
	return m.lost[d] || s != nil && !s.left
}

func (w *waiting) notice() wire.Knocking {
	return wire.Knocking{
		Ticket: w.ticket, Device: w.visit.device, KeyPackage: w.knock.KeyPackage, Sealed: w.knock.Sealed,
	}
}

// newTicket is random: a ticket that a host remembers from before a restart of
// the service must not name somebody else. 53 bits are exact in any JSON reader.
func (m *meeting) newTicket() wire.Ticket {
	for {
		var b [8]byte
		_, _ = rand.Read(b[:]) // never fails
		t := wire.Ticket(binary.BigEndian.Uint64(b[:]) >> 11)
		if t != 0 && m.waitingTicket(t) == nil {
			return t
		}
	}
}

func (m *meeting) refuse(v *Visit, r wire.Refuse) error {
	w := m.waitingTicket(r.Ticket)
	if w == nil {
		return wire.CodeNotFound
	}
	m.forget(w)
	w.visit.tell(wire.Refused{Reason: r.Reason})
	v.done(r.Ref)
	m.positions()
	return nil
}

// withdraw takes a knock out of the lobby because its device went away.
func (m *meeting) withdraw(w *waiting) {
	m.forget(w)
	m.tellHost(wire.Withdrawn{Ticket: w.ticket})
	m.positions()
}

func (m *meeting) forget(w *waiting) {
	m.lobby = slices.DeleteFunc(m.lobby, func(o *waiting) bool { return o == w })
	m.hall.counts.waiting.Add(-1)
}

// positions tells everybody who waits where they are.
func (m *meeting) positions() {
	for i, w := range m.lobby {
		w.visit.tell(wire.Waiting{Position: i + 1, HostHere: m.hostHere()})
	}
}

func (m *meeting) lock(ctx context.Context, v *Visit, r wire.Lock) error {
	ctx, cancel := storing(ctx)
	defer cancel()
	if err := m.hall.store.SetLocked(ctx, m.id, r.Locked); err != nil {
		return m.hall.code(err, "lock meeting", m.id)
	}
	m.locked = r.Locked
	m.tellSeated(wire.Locked{Locked: m.locked})
	v.done(r.Ref)
	return nil
}

func (m *meeting) waitingTicket(t wire.Ticket) *waiting {
	return m.findWaiting(func(w *waiting) bool { return w.ticket == t })
}

func (m *meeting) waitingVisit(v *Visit) *waiting {
	return m.findWaiting(func(w *waiting) bool { return w.visit == v })
}

func (m *meeting) waitingDevice(d keys.PublicKey) *waiting {
	return m.findWaiting(func(w *waiting) bool { return w.visit.device == d })
}

func (m *meeting) findWaiting(is func(*waiting) bool) *waiting {
	if i := slices.IndexFunc(m.lobby, is); i >= 0 {
		return m.lobby[i]
	}
	return nil
}
