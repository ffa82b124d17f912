package call

import (
	"slices"

	"conclave/call/wire"
	"conclave/keys"
)

func (m *machine) create(e Create) {
	if m.Seat != SeatOut || m.Link != LinkDown {
		return
	}
	m.Creating, m.Sealed, m.About, m.Meeting, m.Most = true, e.Sealed, e.About, e.About.ID(), e.Most
	m.learnName(e.Name)
	m.Name = e.Name
	m.dial()
}

func (m *machine) join(e Join) {
	if m.Seat != SeatOut || m.Link != LinkDown {
		return
	}
	m.Meeting, m.Name = e.Meeting, e.Name
	m.learnName(e.Name)
	m.dial()
}

func (m *machine) dial() {
	m.Link = LinkDialing
	m.do(Dial{})
	m.arm(TimerDial, DialLimit)
}

func (m *machine) leave() {
	if m.Link != LinkUp {
		m.finish(EndLeft)
		return
	}
	m.say(Bye{})
	m.goodbye(EndLeft, wire.Leave{Ref: m.ref()})
}

func (m *machine) endAll() {
	if !m.Host() || m.Seat != SeatSeated {
		return
	}
	if m.Link != LinkUp {
		m.finish(EndForAll)
		return
	}
	m.goodbye(EndForAll, wire.End{Ref: m.ref()})
}

// goodbye stops sending at once and waits a moment for the service to hear.
func (m *machine) goodbye(why EndReason, last wire.Request) {
	m.do(StopMedia{})
	m.ask(last)
	m.Seat, m.End, m.Media = SeatLeaving, why, MediaOff
	m.arm(TimerLeave, LeaveLimit)
}

func (m *machine) admit(e Admit) {
	if !m.Host() || m.Seat != SeatSeated {
		return
	}
	m.Lobby = slices.Clone(m.Lobby)
	for i := range m.Lobby {
		wanted := len(e.Tickets) == 0 || slices.Contains(e.Tickets, m.Lobby[i].Ticket)
		if wanted && m.mayEnter(m.Lobby[i]) {
			m.Lobby[i].Admitted = true
		}
	}
	m.planCommit(false)
}

func (m *machine) refuse(t wire.Ticket, why wire.Reason) {
	if !m.Host() || m.Seat != SeatSeated {
		return
	}
	i := slices.IndexFunc(m.Lobby, func(k Knocker) bool { return k.Ticket == t })
	if i >= 0 && m.Lobby[i].InCommit {
		return // too late: the group has them already
	}
	m.Lobby = without(m.Lobby, func(k Knocker) bool { return k.Ticket == t })
	m.ask(wire.Refuse{Ref: m.ref(), Ticket: t, Reason: why})
}

func (m *machine) remove(k keys.PublicKey) {
	if _, in := m.Person(k); !in || !m.Host() || k == m.Self || slices.Contains(m.Removing, k) {
		return
	}
	m.Removing = append(slices.Clip(m.Removing), k)
	m.Lost = without(m.Lost, func(l keys.PublicKey) bool { return l == k })
	m.Lobby = slices.Clone(m.Lobby)
	for i := range m.Lobby {
		if m.Lobby[i].Key == k {
			m.Lobby[i].Admitted = false // they knocked anew in the meantime
		}
	}
	m.planCommit(false)
}

func (m *machine) chat(text string) {
	text, ok := CleanText(text)
	if !ok || !m.Sending() || !m.MayChat(m.Self) || m.chatWaits() >= ChatWaiting {
		m.do(Tell{Notice: NoticeChatFailed})
		return
	}
	ref := m.say(Text{text}) // 0 without a link: said when it is back
	m.addLine(Line{From: m.Self, Text: text, At: m.now, Ref: ref, Pending: true})
}

// chatWaits counts the own lines that were not echoed.
func (m *machine) chatWaits() (n int) {
	for _, l := range m.Chat {
		if l.Pending {
			n++
		}
	}
	return n
}

// sayAgain says what a lost link may have swallowed: chat lines that were not
// echoed, and what the others need to show this device.
func (m *machine) sayAgain() {
	if len(m.People) > 1 {
		m.say(m.present())
		m.sayRules()
		m.sayNames(m.Host())
		m.sayPassports(false)
	}
	if m.NewName.Sequence != 0 {
		m.say(Names{[]keys.NameStatement{m.NewName}})
	}
	m.Chat = slices.Clone(m.Chat)
	for i := range m.Chat {
		if l := &m.Chat[i]; l.Pending {
			l.Ref = m.say(Text{l.Text})
		}
	}
}

// sayNames says the own signed name, or those of all members.
func (m *machine) sayNames(all bool) {
	if !all {
		m.say(Names{[]keys.NameStatement{m.Name}})
		return
	}
	var names []keys.NameStatement
	for _, n := range m.Known {
		if _, in := m.Person(n.Device); in {
			names = append(names, n)
		}
	}
	for part := range slices.Chunk(names, maxNames) {
		m.say(Names{part})
	}
}

func (m *machine) addLine(l Line) {
	m.Chat = append(slices.Clip(m.Chat), l)
	if len(m.Chat) > ChatKept {
		m.Chat = slices.Clone(m.Chat[len(m.Chat)-ChatKept:])
	}
}

func (m *machine) wish(w Wants) {
	w = m.wishes(w)
	if m.Wants == w {
		return
	}
	m.Wants = w
	m.person(m.Self, func(p *Person) { p.Says = w })
	if m.trusted() {
		m.say(m.present())
	}
}

func (m *machine) judge(e Judge) {
	if e.Epoch != m.Epoch || m.Seat != SeatSeated || m.Keys == KeysBroken {
		return // the code on screen was another one
	}
	if !e.Matches {
		m.Judged = VerdictDiffers
		return
	}
	m.Judged, m.Matched, m.LeftOver = VerdictMatches, m.lineUp(), 0
}

// learnName keeps a verified statement if it is newer than what is known.
func (m *machine) learnName(n keys.NameStatement) (changed bool) {
	i := slices.IndexFunc(m.Known, func(k keys.NameStatement) bool { return k.Device == n.Device })
	switch {
	case i < 0:
		m.Known = append(slices.Clip(m.Known), n)
	case m.Known[i].Sequence < n.Sequence:
		changed = m.Known[i].Name != n.Name
		m.Known = slices.Clone(m.Known)
		m.Known[i] = n
	default:
		return false
	}
	m.person(n.Device, func(p *Person) { p.Name = n.Name })
	return changed
}
