package room

import (
	"context"
	"slices"
	"sync"
	"time"

	"conclave/call/wire"
	"conclave/keys"
)

// meeting is the state of one meeting. All fields after mu belong to it;
// methods are called with mu held.
//
//	slot -> loaded -> dropped     (dropped: ended, unknown, or the hall closed)
//
// What is ordered is stored first and told afterwards, so nothing that a client
// has heard can be forgotten by the store.
type meeting struct {
	hall *Hall
	id   keys.MeetingID

	mu              sync.Mutex
	loaded, dropped bool
	descriptor      keys.SignedDescriptor
	host            keys.PublicKey
	opened          time.Time
	epoch, sequence uint64
	kept            Kept
	locked          bool
	seats           map[keys.PublicKey]*seat
	// lost are the devices that were unseated while their connection was dead.
	lost map[keys.PublicKey]bool
	// lobby is in order of arrival; a device is in it at most once.
	lobby []*waiting
	// unsure is a step of which the store did not say whether it happened.
	unsure *Step

	expiry, empty, roster *time.Timer
	rosterSent            time.Time
	rosterPending         bool
	// emptyUntil is when a meeting without connections ends.
	emptyUntil time.Time
}

// seat is a device that the ordered commits have seated.
//
//	here (visit) <-> away (no visit) -> gone -> here again, by Resume
//	any -> left (final) ; any -> unseated by a commit
type seat struct {
	device     keys.PublicKey
	joined     uint64
	visit      *Visit
	gone, left bool
	// until ends the grace of a seat that is away.
	until time.Time
	grace *time.Timer
}

// waiting is one knock.
type waiting struct {
	ticket wire.Ticket
	visit  *Visit
	knock  wire.Knock
}

// load takes over a living record; all seats are away at first.
func (m *meeting) load(r Record) {
	m.loaded = true
	m.descriptor, m.host, m.opened = r.Descriptor, r.Host, r.Opened
	m.epoch, m.sequence, m.kept, m.locked = r.Epoch, r.Sequence, r.Kept, r.Locked
	m.seats = make(map[keys.PublicKey]*seat, len(r.Seats))
	m.lost = map[keys.PublicKey]bool{}
	for _, s := range r.Seats {
		m.seats[s.Device] = &seat{device: s.Device, joined: s.Joined, left: s.Left}
		if !s.Left {
			m.startGrace(m.seats[s.Device], m.hall.limits.RestartGrace)
		}
	}
	m.expiry = m.after(time.Until(m.opened.Add(m.hall.limits.Longest)), func() { _ = m.end(context.Background(), wire.EndExpired) })
	m.watchEmpty()
}

// expireLate ends a meeting that was loaded after its time.
func (m *meeting) expireLate() bool {
	if time.Since(m.opened) < m.hall.limits.Longest {
		return false
	}
	_ = m.end(context.Background(), wire.EndExpired)
	return m.dropped
}

// after runs f with mu held once d has passed, unless the meeting was dropped.
func (m *meeting) after(d time.Duration, f func()) *time.Timer {
	return time.AfterFunc(d, func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		if !m.dropped {
			f()
		}
	})
}

func (m *meeting) stopTimers() {
	for _, t := range []*time.Timer{m.expiry, m.empty, m.roster} {
		if t != nil {
			t.Stop()
		}
	}
	for _, s := range m.seats {
		if s.grace != nil {
			s.grace.Stop()
		}
	}
}

// drop takes the meeting out of the hall.
func (m *meeting) drop() {
	m.stopTimers()
	m.dropped = true
	for _, s := range m.seats {
		m.detach(s)
	}
	m.hall.counts.waiting.Add(-int64(len(m.lobby)))
	m.lobby = nil
	m.hall.mu.Lock()
	defer m.hall.mu.Unlock()
	if m.hall.meetings[m.id] == m {
		delete(m.hall.meetings, m.id)
	}
}

// end ends the meeting for good, and tries again later where the store fails.
func (m *meeting) end(ctx context.Context, why wire.EndReason) error {
	ctx, cancel := storing(ctx)
	defer cancel()
	if err := m.hall.store.End(ctx, m.id, why); err != nil {
		m.expiry.Stop()
		m.expiry = m.after(time.Minute, func() { _ = m.end(context.Background(), why) })
		return m.hall.code(err, "end meeting", m.id)
	}
	m.tellSeated(wire.Ended{Reason: why})
	for _, w := range m.lobby {
		w.visit.tell(wire.Refused{Reason: wire.ReasonEnded})
	}
	m.hall.relay.Empty(roomName(m.id))
	m.hall.counts.ended.Add(1)
	m.hall.log.Info("meeting ended", "meeting", short(m.id), "reason", string(why))
	m.drop()
	return nil
}

// tellSeated sends a notice to every seat that is here, encoded once.
func (m *meeting) tellSeated(n wire.Notice) {
	m.tellSeatedBut(nil, n)
}

func (m *meeting) tellSeatedBut(skip map[keys.PublicKey]bool, n wire.Notice) {
	text := m.hall.encode(n)
	if text == nil {
		return
	}
	for _, s := range m.seats {
		if s.visit != nil && !skip[s.device] {
			s.visit.peer.Deliver(text)
		}
	}
}

// tellHost sends a notice to the host's device, where it is here.
func (m *meeting) tellHost(n wire.Notice) {
	if m.hostHere() {
		m.seats[m.host].visit.tell(n)
	}
}

func (m *meeting) hostHere() bool {
	s := m.seats[m.host]
	return s != nil && s.visit != nil
}

// attach puts a visit on a seat.
func (m *meeting) attach(s *seat, v *Visit) {
	hostWasHere := m.hostHere()
	if s.visit != nil {
		s.visit.peer.Cut(CutReplaced)
		m.hall.counts.seated.Add(-1)
	}
	if s.grace != nil {
		s.grace.Stop()
	}
	s.visit, s.gone = v, false
	m.hall.counts.seated.Add(1)
	m.watchEmpty()
	m.rosterChanged()
	if m.hostHere() != hostWasHere {
		m.positions()
	}
}

// detach takes the visit off a seat, which is then neither here nor away.
func (m *meeting) detach(s *seat) {
	if s.grace != nil {
		s.grace.Stop()
	}
	if s.visit != nil {
		s.visit = nil
		m.hall.counts.seated.Add(-1)
	}
}

// startGrace lets a seat be away for d before it is gone.
func (m *meeting) startGrace(s *seat, d time.Duration) {
	s.until = time.Now().Add(d)
	s.grace = m.after(d, func() {
		if m.seats[s.device] == s && s.visit == nil && !s.gone && !s.left && !time.Now().Before(s.until) {
			m.lose(s)
		}
	})
}

// lose marks a seat as gone, tells the others, and lets anybody remove it.
func (m *meeting) lose(s *seat) {
	s.gone = true
	m.tellSeated(wire.Gone{Device: s.device})
}

// watchEmpty starts or stops the clock of a meeting without connections.
func (m *meeting) watchEmpty() {
	for _, s := range m.seats {
		if s.visit != nil {
			if m.empty != nil {
				m.empty.Stop()
				m.empty = nil
			}
			return
		}
	}
	if m.empty == nil {
		m.emptyUntil = time.Now().Add(m.hall.limits.EmptyFor)
		m.empty = m.after(m.hall.limits.EmptyFor, func() {
			if m.empty != nil && !time.Now().Before(m.emptyUntil) {
				_ = m.end(context.Background(), wire.EndEmpty)
			}
		})
	}
}

// rosterChanged sends the roster, at most every Limits.RosterEvery.
func (m *meeting) rosterChanged() {
	if m.rosterPending {
		return
	}
	wait := m.hall.limits.RosterEvery - time.Since(m.rosterSent)
	m.rosterPending = true
	m.roster = m.after(max(wait, 0), func() {
		m.rosterPending = false
		m.rosterSent = time.Now()
		m.tellSeated(m.currentRoster())
	})
}

func (m *meeting) currentRoster() wire.Roster {
	r := wire.Roster{}
	for _, s := range m.seats {
		if !s.left {
			r.Seated = append(r.Seated, wire.Seat{Device: s.device, Connected: s.visit != nil})
		}
	}
	slices.SortFunc(r.Seated, func(a, b wire.Seat) int { return slices.Compare(a.Device[:], b.Device[:]) })
	return r
}

// token sends a visit its way into the relay.
func (m *meeting) token(v *Visit) error {
	t, err := m.hall.relay.Token(roomName(m.id), identity(m.id, v.device))
	if err != nil {
		m.hall.log.Error("make media token", "meeting", short(m.id), "error", err)
		return wire.CodeInternal
	}
	v.tell(wire.MediaToken{URL: v.media, Token: t})
	return nil
}
