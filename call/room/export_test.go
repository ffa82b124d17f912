package room

import (
	"context"
	"fmt"

	"conclave/keys"
)

// Check returns an error when a meeting in memory breaks an invariant, or
// differs from what the store keeps.
func (h *Hall) Check(id keys.MeetingID) error {
	h.mu.Lock()
	m := h.meetings[id]
	h.mu.Unlock()
	if m == nil {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.loaded || m.dropped || m.unsure != nil {
		return nil
	}
	r, err := h.store.Load(context.Background(), id)
	if err != nil {
		return err
	}
	if r.Epoch != m.epoch || r.Sequence != m.sequence || r.Locked != m.locked || r.Ended != "" || r.Kept != m.kept {
		return fmt.Errorf("stored %d/%d %v %q %v, in memory %d/%d %v %v",
			r.Epoch, r.Sequence, r.Locked, r.Ended, r.Kept, m.epoch, m.sequence, m.locked, m.kept)
	}
	if len(r.Seats) != len(m.seats) || len(m.seats) > h.limits.Seated || len(m.lobby) > h.limits.Lobby {
		return fmt.Errorf("%d seats stored, %d in memory, %d waiting", len(r.Seats), len(m.seats), len(m.lobby))
	}
	for _, s := range r.Seats {
		in := m.seats[s.Device]
		if in == nil || in.joined != s.Joined || in.left != s.Left {
			return fmt.Errorf("seat stored %+v, in memory %+v", s, in)
		}
		if in.visit != nil && (in.gone || in.left) {
			return fmt.Errorf("a seat is here and gone: %+v", in)
		}
	}
	devices := map[keys.PublicKey]bool{}
	for _, w := range m.lobby {
		if devices[w.visit.device] || m.seatOf(w.visit) != nil {
			return fmt.Errorf("a device waits twice, or waits and sits")
		}
		devices[w.visit.device] = true
	}
	return nil
}
