package room

import (
	"context"
	"errors"
	"slices"

	"conclave/call/wire"
	"conclave/keys"
)

// commit orders an MLS commit.
func (m *meeting) commit(ctx context.Context, v *Visit, r wire.Commit) error {
	if r.Epoch != m.epoch {
		return wire.CodeStale
	}
	removes := slices.Clone(r.Removes)
	if err := m.mayRemove(v, removes); err != nil {
		return err
	}
	adds, err := m.mayAdd(v, r.Adds, removes)
	if err != nil {
		return err
	}
	step := m.next(v, KindCommit, r.Commit)
	step.Entry.Welcome = r.Welcome
	step.Adds, step.Removes = adds, removes
	if err := m.order(ctx, step); err != nil {
		return err
	}
	v.done(r.Ref)
	return nil
}

// mayRemove checks the removes: the host's device may remove anybody but
// itself, the others only a device that left or whose connection is dead.
func (m *meeting) mayRemove(v *Visit, removes []keys.PublicKey) error {
	for _, d := range removes {
		s := m.seats[d]
		if s == nil {
			return wire.CodeNotFound
		}
		if d == v.device {
			return wire.CodeBadRequest
		}
		if v.device != m.host && !s.gone && !s.left {
			return wire.CodeNotHost
		}
	}
	return nil
}

// mayAdd checks the adds and returns their devices.
func (m *meeting) mayAdd(v *Visit, tickets []wire.Ticket, removes []keys.PublicKey) ([]keys.PublicKey, error) {
	if len(tickets) > 0 && v.device != m.host {
		return nil, wire.CodeNotHost
	}
	if len(m.seats)-len(removes)+len(tickets) > m.hall.limits.Seated {
		return nil, wire.CodeFull
	}
	var adds []keys.PublicKey
	for _, t := range tickets {
		w := m.waitingTicket(t)
		if w == nil {
			return nil, wire.CodeNotFound
		}
		if m.seats[w.visit.device] != nil && !slices.Contains(removes, w.visit.device) {
			return nil, wire.CodeBadRequest
		}
		adds = append(adds, w.visit.device)
	}
	return adds, nil
}

// say orders an application message.
func (m *meeting) say(ctx context.Context, v *Visit, r wire.Say) error {
	if r.Epoch != m.epoch {
		return wire.CodeStale
	}
	if err := m.order(ctx, m.next(v, KindSaid, r.Message)); err != nil {
		return err
	}
	v.done(r.Ref)
	return nil
}

func (m *meeting) next(v *Visit, kind Kind, body []byte) Step {
	return Step{Meeting: m.id, Entry: Entry{
		Sequence: m.sequence + 1, Epoch: m.epoch, Kind: kind, Sender: v.device, Body: body,
	}}
}

// order stores the step and tells everybody. When the store does not say what
// became of it, settle asks; while that is unknown, nothing else is ordered.
func (m *meeting) order(ctx context.Context, step Step) error {
	ctx, cancel := storing(ctx)
	defer cancel()
	err := m.hall.store.Order(ctx, step)
	switch {
	case err == nil:
		m.ordered(step)
		m.trim(ctx)
		return nil
	case errors.Is(err, ErrOver):
		return wire.CodeEnded
	}
	m.hall.log.Error("order message", "meeting", short(m.id), "error", err)
	m.unsure = &step
	if err := m.settle(ctx); err != nil {
		return err
	}
	if m.sequence != step.Entry.Sequence {
		return wire.CodeInternal
	}
	return nil
}

// settle finds out what became of an unsure step, and catches up with it.
func (m *meeting) settle(ctx context.Context) error {
	if m.unsure == nil || m.dropped {
		return nil
	}
	r, err := m.hall.store.Load(ctx, m.id)
	if err != nil {
		return m.hall.code(err, "look a step up", m.id)
	}
	step := *m.unsure
	switch r.Sequence {
	case step.Entry.Sequence:
		m.unsure = nil
		m.ordered(step)
	case m.sequence:
		m.unsure = nil
	default:
		m.hall.log.Error("the store was changed by somebody else", "meeting", short(m.id))
		return wire.CodeInternal
	}
	return nil
}

// ordered tells everybody about a step that is stored, and seats and unseats.
func (m *meeting) ordered(step Step) {
	e := step.Entry
	m.sequence = e.Sequence
	m.kept.Entries++
	m.kept.Bytes += e.size()
	m.hall.counts.ordered.Add(1)
	// The relay first: nothing of the meeting goes to the removed from here on.
	for _, d := range step.Removes {
		m.hall.relay.Remove(roomName(m.id), identity(m.id, d))
	}
	m.tellSeated(e.notice())
	if e.Kind != KindCommit {
		return
	}
	m.epoch++
	for _, d := range step.Removes {
		m.unseat(d)
	}
	for _, d := range step.Adds {
		m.seat(d, e)
	}
	if len(step.Removes)+len(step.Adds) > 0 {
		m.watchEmpty()
		m.rosterChanged()
		m.positions()
	}
}

func (e Entry) notice() wire.Notice {
	if e.Kind == KindCommit {
		return wire.Ordered{Sequence: e.Sequence, Epoch: e.Epoch, Sender: e.Sender, Commit: e.Body}
	}
	return wire.Said{Sequence: e.Sequence, Epoch: e.Epoch, Sender: e.Sender, Message: e.Body}
}

func (m *meeting) unseat(d keys.PublicKey) {
	s := m.seats[d]
	if s == nil {
		return
	}
	if s.visit != nil {
		s.visit.tell(wire.Removed{})
	}
	m.detach(s)
	delete(m.seats, d)
	if s.gone && !s.left {
		m.lost[d] = true
	}
}

// seat gives a device its seat; a knock that is still there moves onto it, and
// otherwise the seat waits for a Resume.
func (m *meeting) seat(d keys.PublicKey, e Entry) {
	s := &seat{device: d, joined: e.Sequence}
	m.seats[d] = s
	delete(m.lost, d)
	w := m.waitingDevice(d)
	if w == nil {
		m.startGrace(s, m.hall.limits.Grace)
		return
	}
	m.forget(w)
	s.visit = w.visit
	m.hall.counts.seated.Add(1)
	w.visit.tell(wire.Joined{Welcome: e.Welcome, Sequence: e.Sequence})
	_ = m.token(w.visit) // logged; the client renews
	w.visit.tell(wire.Locked{Locked: m.locked})
}

// trim keeps the log within its limits, at most once for every eighth of it.
func (m *meeting) trim(ctx context.Context) {
	most := Kept{Entries: m.hall.limits.Entries, Bytes: m.hall.limits.Bytes}
	if m.kept.Entries <= most.Entries+most.Entries/8 && m.kept.Bytes <= most.Bytes+most.Bytes/8 {
		return
	}
	left, err := m.hall.store.Trim(ctx, m.id, most)
	if err != nil {
		m.hall.log.Error("trim log", "meeting", short(m.id), "error", err)
		return
	}
	m.kept = left
}

// giveUp leaves a seat for good.
func (m *meeting) giveUp(ctx context.Context, v *Visit, s *seat, ref uint32) error {
	ctx, cancel := storing(ctx)
	defer cancel()
	if err := m.hall.store.Depart(ctx, m.id, v.device); err != nil {
		return m.hall.code(err, "leave meeting", m.id)
	}
	m.hall.relay.Remove(roomName(m.id), identity(m.id, v.device))
	m.detach(s)
	s.left = true
	v.done(ref)
	m.lose(s)
	if !slices.ContainsFunc(m.all(), func(s *seat) bool { return !s.left }) {
		_ = m.end(ctx, wire.EndEmpty) // tried again later where it failed
		return nil
	}
	m.watchEmpty()
	m.rosterChanged()
	m.positions()
	return nil
}

func (m *meeting) all() []*seat {
	var all []*seat
	for _, s := range m.seats {
		all = append(all, s)
	}
	return all
}

// seatOf is the seat on which the visit sits, or nil.
func (m *meeting) seatOf(v *Visit) *seat {
	if s := m.seats[v.device]; s != nil && s.visit == v {
		return s
	}
	return nil
}

// resume takes a seat up on a new connection and replays what it missed.
func (v *Visit) resume(ctx context.Context, r wire.Resume) error {
	m, err := v.enter(ctx, r.Meeting)
	if err != nil {
		return err
	}
	defer m.mu.Unlock()
	s := m.seats[v.device]
	if s == nil || s.left {
		return wire.CodeNotSeated
	}
	missed, err := m.missed(ctx, max(r.After, s.joined))
	if err != nil {
		return err
	}
	if r.After < s.joined {
		at, err := m.missed(ctx, s.joined-1)
		if err != nil {
			return err
		}
		v.tell(wire.Joined{Welcome: at[0].Welcome, Sequence: s.joined})
	}
	for _, e := range missed {
		v.tell(e.notice())
	}
	return m.seatAgain(v, s, r.Ref)
}

// missed returns all entries after a sequence, or CodeResync.
func (m *meeting) missed(ctx context.Context, after uint64) ([]Entry, error) {
	if after > m.sequence {
		return nil, wire.CodeResync
	}
	missed, err := m.hall.store.Entries(ctx, m.id, after)
	if err != nil {
		return nil, m.hall.code(err, "read log", m.id)
	}
	if uint64(len(missed)) != m.sequence-after {
		return nil, wire.CodeResync
	}
	return missed, nil
}

// seatAgain puts a visit on its seat and tells it how things stand.
func (m *meeting) seatAgain(v *Visit, s *seat, ref uint32) error {
	if err := m.token(v); err != nil {
		return err
	}
	v.meeting = m
	m.attach(s, v)
	v.tell(wire.Locked{Locked: m.locked})
	v.tell(m.currentRoster())
	for _, o := range m.seats {
		if o.gone || o.left {
			v.tell(wire.Gone{Device: o.device})
		}
	}
	if v.device == m.host {
		for _, w := range m.lobby {
			v.tell(w.notice())
		}
	}
	v.done(ref)
	return nil
}
