package room

import (
	"context"
	"errors"
	"time"

	"conclave/call/wire"
	"conclave/keys"
)

// Visit is one connection whose device has proved its key. Its methods are
// called from one goroutine, the connection's.
//
// A visit is in at most one meeting, in its lobby or on a seat; which of the two
// is written in the meeting only.
type Visit struct {
	hall   *Hall
	device keys.PublicKey
	peer   Peer
	media  string
	// meeting is the last one entered; it may have unseated the visit since.
	meeting *meeting
}

// Visit admits a connection. Media is the URL that this client dials to reach
// the relay (ws or wss, without a path).
func (h *Hall) Visit(device keys.PublicKey, peer Peer, media string) *Visit {
	return &Visit{hall: h, device: device, peer: peer, media: media}
}

// Handle carries out one request and answers it with Done or Failed.
func (v *Visit) Handle(ctx context.Context, r wire.Request) {
	err := v.dispatch(ctx, r)
	if err == nil {
		return
	}
	code := wire.CodeInternal
	if !errors.As(err, &code) {
		v.hall.log.Error("handle request", "type", r.Type(), "error", err)
	}
	if code == wire.CodeStale {
		v.hall.counts.stale.Add(1)
	}
	v.tell(wire.Failed{Ref: r.Reference(), Code: code})
}

// dispatch says Done itself, under the meeting's lock, so that the answer has
// its place among the notices.
func (v *Visit) dispatch(ctx context.Context, r wire.Request) error {
	switch r := r.(type) {
	case wire.Hello:
		return wire.CodeBadRequest // said once, before there was a visit
	case wire.Create:
		return v.create(ctx, r)
	case wire.Look:
		return v.look(ctx, r)
	case wire.Knock:
		return v.knock(ctx, r)
	case wire.Resume:
		return v.resume(ctx, r)
	case wire.Leave:
		return v.leave(ctx, r)
	case wire.Refuse:
		return v.asHost(ctx, func(m *meeting) error { return m.refuse(v, r) })
	case wire.Lock:
		return v.asHost(ctx, func(m *meeting) error { return m.lock(ctx, v, r) })
	case wire.End:
		return v.asHost(ctx, func(m *meeting) error {
			if err := m.end(ctx, wire.EndHost); err != nil {
				return err
			}
			v.done(r.Ref)
			return nil
		})
	case wire.Commit:
		return v.seated(ctx, func(m *meeting) error { return m.commit(ctx, v, r) })
	case wire.Say:
		return v.seated(ctx, func(m *meeting) error { return m.say(ctx, v, r) })
	case wire.Renew:
		return v.seated(ctx, func(m *meeting) error {
			if err := m.token(v); err != nil {
				return err
			}
			v.done(r.Ref)
			return nil
		})
	}
	return wire.CodeBadRequest
}

// Disconnected ends the visit: a knock is withdrawn, a seat is away.
func (v *Visit) Disconnected() {
	m := v.meeting
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.dropped {
		return
	}
	if w := m.waitingVisit(v); w != nil {
		m.withdraw(w)
	}
	if s := m.seatOf(v); s != nil {
		hostWasHere := m.hostHere()
		m.detach(s)
		m.startGrace(s, m.hall.limits.Grace)
		m.watchEmpty()
		m.rosterChanged()
		if m.hostHere() != hostWasHere {
			m.positions()
		}
	}
}

// done answers a request.
func (v *Visit) done(ref uint32) { v.tell(wire.Done{Ref: ref}) }

// tell sends one notice to this connection.
func (v *Visit) tell(n wire.Notice) {
	if text := v.hall.encode(n); text != nil {
		v.peer.Deliver(text)
	}
}

func (h *Hall) encode(n wire.Notice) []byte {
	text, err := wire.Encode(n)
	if err != nil {
		// Only what was checked on the way in gets here.
		h.log.Error("encode notice", "type", n.Type(), "error", err)
		return nil
	}
	return text
}

// seated calls f with the locked meeting in which the visit has a seat.
func (v *Visit) seated(ctx context.Context, f func(*meeting) error) error {
	m := v.meeting
	if m == nil {
		return wire.CodeNotSeated
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.settle(ctx); err != nil {
		return err
	}
	switch {
	case m.dropped:
		return v.hall.whyDropped()
	case m.seatOf(v) == nil:
		return wire.CodeNotSeated
	}
	return f(m)
}

func (h *Hall) whyDropped() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return wire.CodeBusy
	}
	return wire.CodeEnded
}

// asHost is seated for the host's device only.
func (v *Visit) asHost(ctx context.Context, f func(*meeting) error) error {
	return v.seated(ctx, func(m *meeting) error {
		if v.device != m.host {
			return wire.CodeNotHost
		}
		return f(m)
	})
}

// free reports whether the visit is in no meeting; else its place there.
func (v *Visit) free() bool {
	m := v.meeting
	if m == nil {
		return true
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.dropped || (m.waitingVisit(v) == nil && m.seatOf(v) == nil) {
		v.meeting = nil
		return true
	}
	return false
}

// enter opens a meeting for a visit that is in none. The caller unlocks it.
func (v *Visit) enter(ctx context.Context, id keys.MeetingID) (*meeting, error) {
	if !v.free() {
		return nil, wire.CodeBadRequest
	}
	m, err := v.hall.open(ctx, id)
	if err != nil {
		return nil, err
	}
	if err := m.settle(ctx); err != nil {
		m.mu.Unlock()
		return nil, err
	}
	return m, nil
}

func (v *Visit) create(ctx context.Context, r wire.Create) error {
	if !v.free() {
		return wire.CodeBadRequest
	}
	d, err := keys.ParseDescriptor(r.Encoded)
	if err != nil {
		return wire.CodeBadRequest
	}
	signed := keys.SignedDescriptor{Encoded: r.Encoded, Signature: r.Signature}
	if _, err := signed.Verify(d.ID()); err != nil || d.Host != v.device {
		return wire.CodeBadRequest
	}
	if age := time.Since(d.Created); age < -v.hall.limits.DescriptorAge || age > v.hall.limits.Planned {
		return wire.CodeBadRequest
	}
	hosted, err := v.hall.store.Hosting(ctx, v.device)
	if err != nil {
		return v.hall.code(err, "count meetings", d.ID())
	}
	again := false
	if hosted >= v.hall.limits.Hosted {
		err = wire.CodeFull
	} else {
		err = v.store(ctx, d, signed)
		again = errors.Is(err, ErrExists)
	}
	if err != nil && !again {
		return v.hall.code(err, "create meeting", d.ID())
	}
	m, err := v.enter(ctx, d.ID())
	if err != nil {
		return err
	}
	defer m.mu.Unlock()
	// Asked twice, because the first answer was lost: harmless while nothing
	// has happened in the meeting.
	s := m.seats[v.device]
	if s == nil || s.left || m.sequence != 0 {
		return wire.CodeBadRequest
	}
	if !again {
		m.hall.log.Info("meeting created", "meeting", short(m.id))
	}
	return m.seatAgain(v, s, r.Ref)
}

func (v *Visit) store(ctx context.Context, d keys.Descriptor, signed keys.SignedDescriptor) error {
	ctx, cancel := storing(ctx)
	defer cancel()
	return v.hall.store.Create(ctx, Record{
		Meeting:    d.ID(),
		Descriptor: signed,
		Host:       d.Host,
		Opened:     time.Now().UTC().Truncate(time.Second),
	})
}

func (v *Visit) look(ctx context.Context, r wire.Look) error {
	m, err := v.hall.open(ctx, r.Meeting)
	if err != nil {
		return err
	}
	defer m.mu.Unlock()
	v.tell(wire.Meeting{
		Encoded:   m.descriptor.Encoded,
		Signature: m.descriptor.Signature,
		Locked:    m.locked,
		HostHere:  m.hostHere(),
	})
	v.done(r.Ref)
	return nil
}

func (v *Visit) leave(ctx context.Context, r wire.Leave) error {
	m := v.meeting
	if m == nil {
		return wire.CodeNotSeated
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.dropped {
		return v.hall.whyDropped()
	}
	if w := m.waitingVisit(v); w != nil {
		m.withdraw(w)
		v.done(r.Ref)
		return nil
	}
	if err := m.settle(ctx); err != nil {
		return err
	}
	s := m.seatOf(v)
	if s == nil {
		return wire.CodeNotSeated
	}
	return m.giveUp(ctx, v, s, r.Ref)
}
