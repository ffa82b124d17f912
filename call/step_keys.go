package call

import (
	"slices"
	"time"

	"conclave/call/wire"
	"conclave/keys"
)

func (m *machine) knockSealed(e KnockSealed) {
	if m.Seat == SeatKnocking && m.Link == LinkUp {
		m.enter(wire.Knock{Ref: m.ref(), Meeting: m.Meeting, KeyPackage: e.KeyPackage, Sealed: e.Sealed})
	}
}

// knockOpened is where the host's device decides what the service cannot:
// passcode, name, and who comes back unasked.
func (m *machine) knockOpened(e KnockOpened) {
	if !m.Host() || m.Seat != SeatSeated || m.isStaleKnock(e.Ticket) {
		return
	}
	if e.Broken || e.Device == m.Self || m.Guesses[e.Device] >= PasscodeTries {
		m.refuse(e.Ticket, wire.ReasonRefused)
		return
	}
	if !e.Passcode {
		guesses := make(map[keys.PublicKey]int, len(m.Guesses)+1)
		for k, n := range m.Guesses {
			guesses[k] = n
		}
		guesses[e.Device]++
		m.Guesses = guesses
		m.refuse(e.Ticket, wire.ReasonPasscode)
		return
	}
	if _, member := m.Person(e.Device); member && !slices.Contains(m.Removing, e.Device) {
		// They lost their keys and knock anew: out with the old leaf, and back in.
		m.lose(e.Device)
		m.departed(e.Device)
	}
	m.Lobby = append(slices.Clip(m.Lobby), Knocker{
		Ticket: e.Ticket, Key: e.Device, KeyPackage: e.KeyPackage, Name: e.Name, Since: m.now,
		Admitted: m.returns(e), Passport: e.Passport, Proof: e.Proof, Away: m.Link != LinkUp,
	})
	m.planCommit(false)
}

// planCommit makes the commit that is due, if any. The host's device commits
// admissions, at most one commit a second, and removals at once. A departure
// is committed by the first connected member in line, host first; the others
// wait their turn in case that one is gone too. turn is set when this device's
// wait is over.
func (m *machine) planCommit(turn bool) {
	if m.Committing != 0 || m.Link != LinkUp || m.Seat != SeatSeated ||
		(m.Keys != KeysReady && m.Keys != KeysMoving) {
		return
	}
	removes := slices.Clone(m.Removing)
	var waits bool
	rank := m.rank()
	for _, p := range m.People {
		if p.Departed && !slices.Contains(removes, p.Key) {
			if rank == 0 || turn {
				removes = append(removes, p.Key)
			} else {
				waits = true
			}
		}
	}
	adds := m.admitted()
	switch {
	case len(removes) > 0, len(adds) > 0 && (m.now.Sub(m.Committed) >= AdmitEvery || m.returning(adds)):
		m.commit(adds, removes)
	case len(adds) > 0:
		m.arm(TimerCommit, AdmitEvery-m.now.Sub(m.Committed))
	case waits:
		m.arm(TimerCommit, CommitterStep*time.Duration(rank))
	}
}

// admitted are the knockers whom the host let in; members are left out, so
// that nobody is in the group twice. Nobody comes in while all is suspended.
func (m *machine) admitted() []Knocker {
	var out []Knocker
	if m.Rule.Rules.Suspended {
		return nil
	}
	room := min(AdmitMost, m.room())
	for _, k := range m.Lobby {
		_, member := m.Person(k.Key)
		twice := slices.ContainsFunc(out, func(o Knocker) bool { return o.Key == k.Key })
		if k.Admitted && !k.Away && !member && !twice && len(out) < room && m.mayEnter(k) {
			out = append(out, k)
		}
	}
	return out
}

// lose remembers that a member's connection died: they may come back unasked.
func (m *machine) lose(k keys.PublicKey) {
	if !slices.Contains(m.Lost, k) {
		m.Lost = append(slices.Clip(m.Lost), k)
	}
}

// rank is this device's place in the line of committers.
func (m *machine) rank() (n int) {
	if m.Host() {
		return 0
	}
	self, _ := m.Person(m.Self)
	for _, p := range m.People {
		inLine := p.Connected && !p.Departed && p.Key != m.Self
		if inLine && (p.Key == m.About.Host || p.Leaf < self.Leaf) {
			n++
		}
	}
	return n
}

func (m *machine) commit(adds []Knocker, removes []keys.PublicKey) {
	ref := m.ref()
	m.Asked = append(slices.Clip(m.Asked), Asked{Ref: ref, What: "commit"})
	m.Committing, m.Committed = ref, m.now
	for _, k := range adds {
		m.knocker(k.Ticket, func(k *Knocker) { k.InCommit = true })
	}
	m.do(MakeCommit{Ref: ref, Adds: adds, Removes: removes})
}

// commitUnmade: the group would not make the commit. The knockers in it wait
// for the host's word again, lest one of them keeps everybody else out.
func (m *machine) commitUnmade(ref uint32) {
	if m.Committing == ref {
		m.Lobby = slices.Clone(m.Lobby)
		for i := range m.Lobby {
			if m.Lobby[i].InCommit {
				m.Lobby[i].Admitted = false
			}
		}
		m.do(Tell{Notice: NoticeInternal})
	}
	m.commitFailed(ref)
}

func (m *machine) commitFailed(ref uint32) {
	m.answered(ref)
	if m.Committing != ref {
		return
	}
	m.Committing = 0
	m.do(DropCommit{})
	m.Lobby = slices.Clone(m.Lobby)
	for i := range m.Lobby {
		m.Lobby[i].InCommit = false
	}
	m.arm(TimerCommit, CommitterStep)
}

// epochReady takes over the group's new epoch: the people shown are its
// members and nobody else.
func (m *machine) epochReady(e EpochReady) {
	if m.Seat != SeatSeated && m.Seat != SeatEntering || m.Keys == KeysBroken {
		return
	}
	if e.SelfRemoved {
		m.removed(e.By)
		return
	}
	first := m.Seat == SeatEntering
	if first && m.Host() && m.Rule.Sequence == 0 {
		m.Rule.Sequence, m.Told = 1, true
	}
	before := m.People
	m.Epoch, m.Code, m.Roster, m.Ready = e.Epoch, e.Code, e.Roster, nil
	m.Seen, m.History = 0, nil
	m.takeMembers(e)
	m.compareLineUp(before)
	if m.Committing != 0 && e.By == m.Self {
		m.answered(m.Committing)
		m.Committing = 0
	}
	m.keepPapers(before, e.Added)
	m.welcomed(e.Added)
	m.Removing = without(m.Removing, func(k keys.PublicKey) bool {
		_, in := m.Person(k)
		return !in
	})
	m.Lost = without(m.Lost, func(k keys.PublicKey) bool {
		return slices.Contains(e.Added, k)
	})
	if len(e.Added) == 0 {
		m.Healed = m.now
	}
	if e.By == m.Self && len(e.Added) == 0 {
		m.Filled = true
	}
	if first {
		m.disarm(TimerSecure)
		m.Seat, m.Since, m.HeardAny, m.Healed = SeatSeated, m.now, m.now, m.now
		m.arm(TimerHeartbeat, HeartbeatEvery)
	}
	m.moveKeys(e, first)
	was := slices.IndexFunc(before, func(p Person) bool { return p.Key == m.Self })
	self, _ := m.Person(m.Self)
	m.greet(e, first, was >= 0 && before[was].Passport != self.Passport)
	m.planCommit(false)
}

// removed: this device was taken out of the group. Only the host may mean it;
// anybody else only acts on the service's word that this connection died, and
// it did not: back to the door.
func (m *machine) removed(by keys.PublicKey) {
	if by == m.About.Host {
		m.finish(EndRemoved)
		return
	}
	m.knockAgain()
}

func (m *machine) takeMembers(e EpochReady) {
	m.keepStops(e.Removed)
	people := make([]Person, 0, len(e.Members))
	for _, mem := range e.Members {
		p, known := m.Person(mem.Key)
		if !known || p.Leaf != mem.Leaf {
			p = Person{Key: mem.Key, Connected: true, Heard: m.now, Name: m.nameOf(mem.Key)}
		}
		if mem.Key == m.Self {
			p.Says = m.Wants
		}
		p.Leaf, p.Passport = mem.Leaf, mem.Passport
		people = append(people, p)
	}
	slices.SortFunc(people, func(a, b Person) int {
		switch {
		case a.Key == m.Self:
			return -1
		case b.Key == m.Self:
			return 1
		}
		return int(a.Leaf) - int(b.Leaf)
	})
	for _, gone := range e.Removed {
		p, ok := m.Person(gone)
		meant := p.Goodbye || slices.Contains(m.Removing, gone)
		if ok && p.Departed && m.Host() && !meant {
			m.lose(gone)
		}
	}
	m.People = people
}

// compareLineUp keeps a comparison valid for the line-up that it was made
// with, and for what is left of it: somebody new has to be compared again.
func (m *machine) compareLineUp(before []Person) {
	if m.Judged == VerdictNone {
		return
	}
	for _, p := range before {
		if _, still := m.Person(p.Key); !still {
			m.LeftOver++
		}
	}
	if m.Judged == VerdictMatches && len(m.Joined()) > 0 {
		m.Judged = VerdictStale
	}
}

// Joined are the members who came since the code last matched.
func (s State) Joined() []keys.PublicKey {
	var out []keys.PublicKey
	for _, p := range s.People {
		if !slices.Contains(s.Matched, p.Key) {
			out = append(out, p.Key)
		}
	}
	return out
}

// moveKeys decides when sending uses the new epoch: at once where somebody is
// to be shut out or nobody has to be waited for, else when all have it.
func (m *machine) moveKeys(e EpochReady, first bool) {
	if first || len(e.Removed) > 0 || len(m.People) == 1 {
		m.Keys, m.SendEpoch = KeysReady, e.Epoch
		m.disarm(TimerSwitch)
		m.do(SwitchKeys{Epoch: e.Epoch, Now: true})
		return
	}
	if m.Keys == KeysMoving {
		return // the wait began with the first of several epochs
	}
	m.Keys = KeysMoving
	m.arm(TimerSwitch, SwitchLimit)
}

func (m *machine) switchNow() {
	if m.Keys != KeysMoving {
		return
	}
	m.Keys, m.SendEpoch = KeysReady, m.Epoch
	m.disarm(TimerSwitch)
	m.do(SwitchKeys{Epoch: m.Epoch})
}

// greet tells the others what they need in the new epoch. The one who added
// somebody hands them everybody's signed name.
func (m *machine) greet(e EpochReady, first, renewed bool) {
	if first {
		m.sayAgain()
		return
	}
	if len(m.People) == 1 {
		return
	}
	m.say(m.present())
	m.sayOwed()
	if e.By == m.Self && renewed && len(e.Added) == 0 {
		m.sayPassports(false) // who came since it was said first does not know it
	}
	if e.By == m.Self && len(e.Added) > 0 {
		m.sayRules()
		m.sayNames(true)
		m.sayPassports(true)
	}
}

func (m *machine) breakKeys(f Fault) {
	if m.Keys == KeysBroken {
		return
	}
	m.Keys, m.Fault, m.Committing = KeysBroken, f, 0
	notice := map[Fault]Notice{FaultFork: NoticeFork, FaultForged: NoticeForged, FaultForbidden: NoticeForbidden}[f]
	if notice == 0 {
		notice = NoticeInternal
	}
	m.do(Tell{Notice: notice})
	if m.Seat != SeatSeated {
		m.finish(EndBroken) // it never got keys, and never will
	}
}

func (m *machine) heard(e Heard) {
	if _, in := m.Person(e.From); !in || e.From == m.Self || m.Keys == KeysBroken {
		return
	}
	switch p := e.Payload.(type) {
	case Names:
		m.heardNames(e.From, p)
	case Text:
		m.heardText(e.From, p)
	case Statement:
		m.heardRules(e.From, p)
	case React:
		m.heardReact(e.From, p.Reaction)
	case Lower:
		m.heardLower(e.From, p)
	case Passports:
		m.heardPassports(e.From, p)
	case Heartbeat:
		m.heardHeartbeat(e, p)
	case Present:
		m.heardPresent(e, p)
	case Bye:
		m.person(e.From, func(p *Person) { p.Goodbye = true })
		m.departed(e.From)
	}
}

func (m *machine) heardNames(from keys.PublicKey, p Names) {
	for _, n := range p.Statements {
		if n.Verify(m.Meeting) != nil {
			continue // somebody relayed a statement that its owner never made
		}
		if !m.believes(from, n) {
			continue
		}
		old := m.nameOf(n.Device)
		if m.learnName(n) && n.Device != m.Self || m.corrected(from, n) {
			m.do(Tell{Notice: NoticeRenamed, Name: old})
		}
	}
}

func (m *machine) heardHeartbeat(e Heard, p Heartbeat) {
	if e.Epoch == m.Epoch && m.differs(p) {
		m.breakKeys(FaultFork)
		return
	}
	if m.isLate(e.From, p) {
		return
	}
	m.person(e.From, func(q *Person) { q.Heard = m.now })
	m.heeds(e.From, p.Heeds)
	m.HeardAny, m.Warned = m.now, false
	if m.Fault == FaultUnheard {
		m.Fault = FaultNone
	}
}

// differs reports whether a heartbeat of this epoch tells of another meeting
// than the one seen here: other people, or other messages. What its sender had
// seen was delivered here before the heartbeat itself.
func (m *machine) differs(p Heartbeat) bool {
	if p.Roster != m.Roster || p.Seen >= m.Seen {
		return true
	}
	tooOld := m.Seen-p.Seen >= uint64(len(m.History)) && p.Seen != 0
	return !tooOld && p.History != m.history(p.Seen)
}

// isLate reports whether a heartbeat took so much longer than the quickest of
// its sender that it proves nothing of the present. Clocks that differ cancel
// out; a service that delivers everything, only ever later, does not.
func (m *machine) isLate(from keys.PublicKey, p Heartbeat) bool {
	lag, late := m.now.Sub(p.At), false
	m.person(from, func(q *Person) {
		if !q.Timed || lag < q.Lag {
			q.Lag, q.Timed = lag, true
		}
		late = lag-q.Lag > HeartbeatsStop*HeartbeatEvery
	})
	return late
}

func (m *machine) heardPresent(e Heard, p Present) {
	before, _ := m.Person(e.From)
	m.person(e.From, func(q *Person) { q.Says, q.Heard = p.Says, m.now })
	m.tookOn(e.From, p)
	if before.Says.Mic && !p.Says.Mic {
		m.fellSilent(e.From)
	}
	if e.Epoch != m.Epoch {
		return
	}
	if !slices.Contains(m.Ready, e.From) {
		m.Ready = append(slices.Clip(m.Ready), e.From)
	}
	for _, q := range m.People {
		waited := q.Key != m.Self && q.Connected && !q.Departed
		if waited && !slices.Contains(m.Ready, q.Key) {
			return
		}
	}
	m.switchNow()
}
