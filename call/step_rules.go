package call

import (
	"slices"

	"conclave/call/wire"
	"conclave/keys"
)

// The host's word, on the host's device: each change is a new Statement. It
// counts, here as everywhere, once the service has ordered it, so that all
// devices judge the same messages alike.

// newest is the last word of the host here, ordered or not.
func (m *machine) newest() Statement {
	if m.Plan.Sequence > m.Rule.Sequence {
		return m.Plan
	}
	return m.Rule
}

// rule says a changed word of the host.
func (m *machine) rule(change func(*Statement)) {
	if !m.Host() || m.Seat != SeatSeated || m.newest().Sequence >= maxSequence {
		return
	}
	next := m.newest()
	next.Stops, next.Voices = m.binding(next), slices.Clone(next.Voices)
	next.Sequence++
	change(&next)
	next.bound(m.State)
	m.Plan = next
	m.sayRules()
}

// binding are the stops of a statement that still bind somebody.
func (m *machine) binding(st Statement) []Stop {
	return without(st.Stops, func(s Stop) bool {
		p, in := m.Person(s.Person)
		return in && st.Rules.Unmute && s.At.least(p.On) == s.At
	})
}

// bound keeps a statement within its limits. Nobody gets through by it: when
// stops are too many, everybody is stopped.
func (st *Statement) bound(s State) {
	absent := func(k keys.PublicKey) bool {
		_, in := s.Person(k)
		return !in
	}
	if len(st.Stops) > MaxStops {
		st.Stops = slices.DeleteFunc(st.Stops, func(s Stop) bool { return absent(s.Person) })
	}
	for len(st.Stops) > MaxStops {
		st.All = st.All.newest(st.Stops[0].At)
		st.Stops = st.Stops[1:]
	}
	if len(st.Voices) > MaxVoices {
		st.Voices = slices.DeleteFunc(st.Voices, absent)
	}
	st.Voices = st.Voices[:min(len(st.Voices), MaxVoices)]
}

// put records a stop of k.
func (st *Statement) put(k keys.PublicKey, at Marks) {
	i := slices.IndexFunc(st.Stops, func(s Stop) bool { return s.Person == k })
	if i < 0 {
		st.Stops = append(st.Stops, Stop{k, at})
		return
	}
	st.Stops[i].At = st.Stops[i].At.newest(at)
}

func (st *Statement) silence(k keys.PublicKey) {
	st.Voices = slices.DeleteFunc(st.Voices, func(v keys.PublicKey) bool { return v == k })
}

func (m *machine) sayRules() {
	if st := m.newest(); m.Host() && st.Sequence > 0 {
		m.say(st)
	}
}

// owedMost bounds what waits for the next epoch.
const owedMost = 32

// sayLater says again what came too late for its epoch: now if the next one is
// here, else when it comes. A service that calls everything too late would
// otherwise be answered without end.
func (m *machine) sayLater(a Asked) {
	if a.Epoch == m.Epoch {
		if len(m.Owed) < owedMost {
			m.Owed = append(slices.Clip(m.Owed), a.Payload)
		}
		return
	}
	m.sayNow(a.Payload)
}

func (m *machine) sayOwed() {
	owed := m.Owed
	m.Owed = nil
	for _, p := range owed {
		m.sayNow(p)
	}
}

// sayNow says p, but for a word of the host that a newer one has replaced.
func (m *machine) sayNow(p Payload) {
	st, isRules := p.(Statement)
	switch {
	case !isRules:
		m.say(p)
	case st.Sequence == m.newest().Sequence:
		m.sayRules()
	}
}

// setRules: when unmuting is closed, those who speak may go on; when a
// suspension begins or ends, every stream is stopped until its person starts
// it again.
func (m *machine) setRules(r Rules) {
	before := m.newest().Rules
	if r == before {
		return
	}
	m.rule(func(st *Statement) {
		st.Rules = r
		if r.Suspended != before.Suspended {
			st.All = Kinds{true, true, true}.at(st.Sequence)
			st.Voices = nil
		}
		switch {
		case r.Unmute:
			st.Voices = nil
		case before.Unmute && !r.Suspended && !before.Suspended:
			st.Voices = m.speakers()
		}
	})
}

// speakers are the members who are heard now.
func (m *machine) speakers() (out []keys.PublicKey) {
	for _, p := range m.People {
		if p.Key != m.Self && m.Showing(p.Key).Mic {
			out = append(out, p.Key)
		}
	}
	return out
}

// stopStreams stops streams of one member, or of all for the zero key.
func (m *machine) stopStreams(e StopStreams) {
	if e.Person == (keys.PublicKey{}) {
		m.rule(func(st *Statement) {
			st.All = st.All.newest(e.Kinds.at(st.Sequence))
			if e.Kinds.Mic {
				st.Voices = nil
			}
		})
		return
	}
	if _, in := m.Person(e.Person); !in || e.Person == m.Self || e.Kinds == (Kinds{}) {
		return
	}
	m.rule(func(st *Statement) {
		st.put(e.Person, e.Kinds.at(st.Sequence))
		if e.Kinds.Mic {
			st.silence(e.Person)
		}
	})
}

// letSpeak lets one member switch on what the host stopped.
func (m *machine) letSpeak(k keys.PublicKey) {
	if _, in := m.Person(k); !in || k == m.Self {
		return
	}
	m.rule(func(st *Statement) {
		st.Stops = slices.DeleteFunc(st.Stops, func(s Stop) bool { return s.Person == k })
		if !st.Rules.Unmute {
			st.silence(k)
			st.Voices = append(st.Voices, k)
		}
	})
}

// fellSilent takes the word from a member who muted themselves while nobody
// may unmute.
func (m *machine) fellSilent(k keys.PublicKey) {
	if st := m.newest(); !st.Rules.Unmute && slices.Contains(st.Voices, k) {
		m.rule(func(st *Statement) { st.silence(k) })
	}
}

// keepStops turns what stops everybody into a stop of each of those who leave
// the group, so that coming back does not undo it. Newcomers alone hear of it:
// it is no new word.
func (m *machine) keepStops(gone []keys.PublicKey) {
	for _, k := range gone {
		p, in := m.Person(k)
		if !in || !m.Host() {
			continue
		}
		for _, st := range []*Statement{&m.Rule, &m.Plan} {
			due := st.All.newest(st.stop(k))
			if due == (Marks{}) || due.least(p.On) == due {
				continue
			}
			st.Stops = slices.Clone(st.Stops)
			st.put(k, due)
			st.bound(m.State)
		}
	}
}

// The host's word, on every device.

// heardRules takes a statement of the host's. Nobody else's counts, nor an
// older one, but for the first that a newcomer hears.
func (m *machine) heardRules(from keys.PublicKey, st Statement) {
	if from != m.About.Host || m.Told && st.Sequence <= m.Rule.Sequence {
		return
	}
	m.takeRules(st)
}

func (m *machine) takeRules(st Statement) {
	before, fresh := m.Rule, !m.Told
	m.Rule, m.Told = st, true
	if fresh {
		m.People = slices.Clone(m.People)
		top := Marks{st.Sequence, st.Sequence, st.Sequence}
		for i := range m.People {
			m.People[i].On = m.People[i].On.least(top)
		}
	}
	m.obey(before, fresh)
	m.suspended(before.Rules.Suspended && !fresh)
}

// obey switches off what the host has stopped since before, or forbids, and
// tells the person. A newcomer was not among all who were stopped earlier.
func (m *machine) obey(before Statement, fresh bool) {
	off := m.forbidden()
	due, known := m.Rule.stop(m.Self), before.Sequence
	if fresh {
		known = 0
	} else {
		due = due.newest(m.Rule.All)
	}
	if !m.Host() {
		off.Mic = off.Mic || due.Mic > known && m.Refused(m.Self).Mic
		off.Camera = off.Camera || due.Camera > known && m.Refused(m.Self).Camera
		off.Share = off.Share || due.Share > known && m.Refused(m.Self).Share
	}
	m.switchOff(off)
	if fresh && !m.Host() && m.Rule.All != (Marks{}) {
		m.say(m.present()) // now the others know that it is said knowing the rules
	}
}

// forbidden are the streams that this device may not start.
func (m *machine) forbidden() Kinds {
	may := m.MayStart(m.Self)
	return Kinds{!may.Mic, !may.Camera, !may.Share}
}

// switchOff ends streams of this device by the host's word.
func (m *machine) switchOff(off Kinds) {
	w := m.Wants.less(off)
	if w == m.Wants {
		return
	}
	old := m.Wants
	m.Wants = w
	m.person(m.Self, func(p *Person) { p.Says = w })
	m.say(m.present())
	if m.Rule.Rules.Suspended {
		return // told of once, for all of it
	}
	if old.Mic && !w.Mic {
		m.tellOfHost(NoticeMuted)
	}
	if old.Camera && !w.Camera {
		m.tellOfHost(NoticeCameraStopped)
	}
	if old.Share && !w.Share {
		m.tellOfHost(NoticeShareStopped)
	}
}

func (m *machine) tellOfHost(n Notice) { m.do(Tell{Notice: n, Name: m.nameOf(m.About.Host)}) }

// suspended tells of the beginning and the end of a suspension; the host's
// device locks the door for it.
func (m *machine) suspended(before bool) {
	now := m.Rule.Rules.Suspended
	switch {
	case now && !before:
		m.tellOfHost(NoticeSuspended)
		if m.Host() && !m.Locked {
			m.ask(wire.Lock{Ref: m.ref(), Locked: true})
		}
	case !now && before:
		m.tellOfHost(NoticeResumed)
		m.planCommit(false)
	}
}

// wishes are those of the person's that the host's word allows; they are told
// of what is refused.
func (m *machine) wishes(w Wants) Wants {
	if m.Seat != SeatSeated {
		return w
	}
	allowed := w.less(m.forbidden())
	if on := allowed != w && (w.Mic && !m.Wants.Mic || w.Camera && !m.Wants.Camera || w.Share && !m.Wants.Share); on {
		m.tellOfHost(NoticeNotAllowed)
	}
	return allowed
}

// present is what this device says of itself.
func (m *machine) present() Present { return Present{Says: m.Wants, Heeds: m.Rule.Sequence} }

// tookOn notes which streams p has said to be on, and knowing of which
// statement. A number beyond the newest statement here is a lie, but for a
// newcomer, who looks at it again when it knows.
func (m *machine) tookOn(k keys.PublicKey, p Present) {
	heeds := p.Heeds
	if m.Told {
		heeds = min(heeds, m.Rule.Sequence)
	}
	on := Kinds{p.Says.Mic, p.Says.Camera, p.Says.Share}.at(heeds)
	m.person(k, func(q *Person) { q.On = q.On.newest(on) })
	m.heeds(k, p.Heeds)
}

func (m *machine) heeds(k keys.PublicKey, n uint64) {
	m.person(k, func(q *Person) { q.Heeds = max(q.Heeds, min(n, m.Rule.Sequence)) })
}

// remind says the host's word again where somebody does not heed it yet, or
// the service has not ordered it.
func (m *machine) remind() {
	if !m.Host() {
		return
	}
	lags := m.Plan.Sequence > m.Rule.Sequence
	for _, p := range m.People {
		lags = lags || p.Key != m.Self && p.Connected && !p.Departed && p.Heeds < m.Rule.Sequence
	}
	if lags {
		m.sayRules()
	}
}

// echoed takes what this device said at its place in the order, like
// everybody else does.
func (m *machine) echoed(ref uint32) {
	if ref == 0 {
		return
	}
	i := slices.IndexFunc(m.Asked, func(a Asked) bool { return a.Ref == ref })
	if i >= 0 {
		switch p := m.Asked[i].Payload.(type) {
		case Statement:
			if m.Host() && p.Sequence > m.Rule.Sequence {
				m.takeRules(p)
			}
		case Present:
			m.tookOn(m.Self, p)
		case Names:
			m.ownName(p)
		case Text, Heartbeat, Bye, React, Lower, nil:
		}
	}
	m.chatAnswered(ref, !m.MayChat(m.Self))
}

// judgeEarly shows the lines that came before the host's word, as far as it
// allows them.
func (m *machine) judgeEarly() {
	if len(m.Early) == 0 || !m.Ruled() {
		return
	}
	early := m.Early
	m.Early = nil
	for _, l := range early {
		if m.MayChat(l.From) {
			m.addLine(l)
		}
	}
}

func (m *machine) heardText(from keys.PublicKey, p Text) {
	l := Line{From: from, Text: p.Text, At: m.now}
	switch {
	case !m.Ruled():
		if len(m.Early) < ChatWaiting {
			m.Early = append(slices.Clip(m.Early), l)
		}
	case m.MayChat(from):
		m.addLine(l)
	}
}

// Reactions and hands.

func (m *machine) react(r Reaction) {
	self, in := m.Person(m.Self)
	tooSoon := m.now.Sub(self.Reacted) < ReactEvery
	if r == 0 || r > ReactionMost || !in || !m.Sending() || tooSoon {
		return
	}
	m.say(React{r})
	m.reacted(m.Self, r)
}

func (m *machine) heardReact(from keys.PublicKey, r Reaction) {
	p, in := m.Person(from)
	if !in || m.Rule.Rules.Suspended || !m.Ruled() || m.now.Sub(p.Reacted) < ReactEvery/2 {
		return // twice as often as an honest device: the network is given some slack
	}
	m.reacted(from, r)
}

func (m *machine) reacted(k keys.PublicKey, r Reaction) {
	m.person(k, func(p *Person) { p.Reaction, p.Reacted = r, m.now })
	m.fadeLater()
}

// fade ends reactions that were shown long enough.
func (m *machine) fade() {
	m.People = slices.Clone(m.People)
	for i := range m.People {
		if p := &m.People[i]; p.Reaction != 0 && m.now.Sub(p.Reacted) >= ReactionTime {
			p.Reaction = 0
		}
	}
	m.fadeLater()
}

// fadeLater waits for the reaction that fades next.
func (m *machine) fadeLater() {
	left := ReactionTime + 1
	for _, p := range m.People {
		if p.Reaction != 0 {
			left = min(left, max(ReactionTime-m.now.Sub(p.Reacted), 0))
		}
	}
	if left <= ReactionTime {
		m.arm(TimerReaction, left)
	}
}

// lowerHand lowers one's own hand, or as host that of others; the zero key is
// everybody's.
func (m *machine) lowerHand(k keys.PublicKey) {
	if k == m.Self || m.Host() && k == (keys.PublicKey{}) {
		w := m.Wants
		w.Hand = false
		m.wish(w)
	}
	if k == m.Self || !m.Host() {
		return
	}
	m.say(Lower{k})
	m.lowered(k)
}

func (m *machine) heardLower(from keys.PublicKey, p Lower) {
	if from != m.About.Host {
		return
	}
	m.lowered(p.Person)
	if (p.Person == m.Self || p.Person == keys.PublicKey{}) && m.Wants.Hand {
		w := m.Wants
		w.Hand = false
		m.wish(w)
	}
}

func (m *machine) lowered(k keys.PublicKey) {
	m.People = slices.Clone(m.People)
	for i := range m.People {
		if p := &m.People[i]; p.Key != m.Self && (p.Key == k || k == keys.PublicKey{}) {
			p.Says.Hand = false
		}
	}
}

// Names.

// rename says another name of this device's. It is called so when the service
// has ordered it.
func (m *machine) rename(n keys.NameStatement) {
	if n.Device != m.Self || m.Seat != SeatSeated || n.Verify(m.Meeting) != nil || n.Sequence <= m.Name.Sequence {
		return
	}
	if !m.MayRename(m.Self) {
		m.tellOfHost(NoticeNotAllowed)
		return
	}
	m.NewName = n
	m.say(Names{[]keys.NameStatement{n}})
}

// ownName takes an own name that was ordered.
func (m *machine) ownName(p Names) {
	n := m.NewName
	in := slices.ContainsFunc(p.Statements, func(s keys.NameStatement) bool {
		return s.Device == m.Self && s.Sequence == n.Sequence
	})
	if n.Sequence == 0 || !in {
		return
	}
	m.NewName = keys.NameStatement{}
	if !m.MayRename(m.Self) {
		m.tellOfHost(NoticeNotAllowed)
		return
	}
	m.Name = n
	m.learnName(n)
}

// believes reports whether a signed name that from passes on may replace what
// is known. Where renaming is off, the names are those that the host passes on.
func (m *machine) believes(from keys.PublicKey, n keys.NameStatement) bool {
	known := m.nameOf(n.Device) != ""
	return !known || !m.Ruled() || m.MayRename(n.Device) || from == m.About.Host
}

// corrected takes a name from the host where another one was believed before
// the host's word was known.
func (m *machine) corrected(from keys.PublicKey, n keys.NameStatement) bool {
	if from != m.About.Host || n.Device == m.Self || !m.Told || m.MayRename(n.Device) || m.nameOf(n.Device) == n.Name {
		return false
	}
	m.Known = slices.Clone(m.Known)
	for i := range m.Known {
		if m.Known[i].Device == n.Device {
			m.Known[i] = n
		}
	}
	m.person(n.Device, func(p *Person) { p.Name = n.Name })
	return true
}
