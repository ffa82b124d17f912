package call

import (
	"slices"
	"time"

	"conclave/call/wire"
	"conclave/keys"
)

// Step is the meeting: it returns what s becomes at now because of e, and what
// has to be done. It never fails; an event that has no place in s changes
// nothing. The State that it is given is never written to.
func Step(s State, now time.Time, e Event) (State, []Effect) {
	if s.Seat == SeatEnded {
		return s, nil
	}
	m := &machine{State: s, now: now}
	if s.Seat == SeatLeaving {
		m.leaving(e)
	} else {
		m.step(e)
	}
	return m.State, m.effects
}

// machine is one step under way.
type machine struct {
	State
	now     time.Time
	effects []Effect
}

func (m *machine) step(e Event) {
	switch e := e.(type) {
	case Create:
		m.create(e)
	case Join:
		m.join(e)
	case Leave:
		m.leave()
	case EndAll:
		m.endAll()
	case Admit:
		m.admit(e)
	case Refuse:
		m.refuse(e.Ticket, wire.ReasonRefused)
	case Remove:
		m.remove(e.Person)
	case Lock:
		if m.Host() && m.Seat == SeatSeated && (e.Locked || !m.Rule.Rules.Suspended) {
			m.ask(wire.Lock{Ref: m.ref(), Locked: e.Locked})
		}
	case Chat:
		m.chat(e.Text)
	case Wish:
		m.wish(e.Wants)
	case SetRules:
		m.setRules(e.Rules)
	case StopStreams:
		m.stopStreams(e)
	case LetSpeak:
		m.letSpeak(e.Person)
	case LowerHand:
		m.lowerHand(e.Person)
	case ShowReaction:
		m.react(e.Reaction)
	case Rename:
		m.rename(e.Name)
	case Judge:
		m.judge(e)
	case LinkReady:
		m.linkReady()
	case LinkFailed:
		m.linkFailed(e)
	case FromService:
		m.fromService(e.Message)
	case KnockSealed:
		m.knockSealed(e)
	case KnockOpened:
		m.knockOpened(e)
	case EpochReady:
		m.epochReady(e)
	case KeyFault:
		m.breakKeys(e.Fault)
	case OwnPassport:
		m.ownPassport(e)
	case PassportChecked:
		m.passportChecked(e)
	case CheckAgain:
		m.checkAgain()
	case Heard:
		m.heard(e)
	case Echoed:
		m.echoed(e.Ref)
	case CommitFailed:
		m.commitUnmade(e.Ref)
	case MediaUp:
		if m.Media != MediaOff {
			m.Media = MediaFlowing
		}
	case MediaStalling:
		if m.Media == MediaFlowing {
			m.Media = MediaStalled
			m.renew()
		}
	case MediaRestart:
		if m.Media == MediaStalled {
			m.Media = MediaRestarting
		}
	case StrangersSeen:
		m.strangersSeen(e.Count)
	case Fired:
		if e.Timer < timerCount && m.timers[e.Timer] == e.Generation {
			m.fired(e.Timer)
		}
	}
	m.judgeEarly()
}

// leaving counts only what finishes the goodbye.
func (m *machine) leaving(e Event) {
	switch e := e.(type) {
	case Fired:
		if e.Timer == TimerLeave && m.timers[TimerLeave] == e.Generation {
			m.finish(m.End)
		}
	case LinkFailed:
		m.finish(m.End)
	case FromService:
		var ref uint32
		switch w := e.Message.(type) {
		case wire.Done:
			ref = w.Ref
		case wire.Failed:
			ref = w.Ref
		}
		if a, ok := m.answered(ref); ok && (a.What == "leave" || a.What == "end") {
			m.finish(m.End)
		}
	}
}

func (m *machine) do(e Effect) { m.effects = append(m.effects, e) }

func (m *machine) ref() uint32 {
	m.Ref++
	return m.Ref
}

// ask sends a request and remembers it until it is answered.
func (m *machine) ask(r wire.Request) {
	m.Asked = append(slices.Clip(m.Asked), Asked{Ref: r.Reference(), What: r.Type()})
	m.do(Send{r})
}

// enter asks for something without whose answer this device is stuck, and
// gives the service DialLimit for it.
func (m *machine) enter(r wire.Request) {
	m.Entry = r.Reference()
	m.ask(r)
	m.arm(TimerDial, DialLimit)
}

// say seals p for the members. It returns the request number, or 0 when
// nothing may be said now.
func (m *machine) say(p Payload) uint32 {
	if m.Link != LinkUp || m.Seat != SeatSeated || m.Keys != KeysReady && m.Keys != KeysMoving {
		return 0
	}
	ref := m.ref()
	m.Asked = append(slices.Clip(m.Asked), Asked{Ref: ref, What: "say", Payload: p, Epoch: m.Epoch})
	m.do(Say{Ref: ref, Payload: p})
	return ref
}

// answered takes the request with number ref out of Asked.
func (m *machine) answered(ref uint32) (Asked, bool) {
	i := slices.IndexFunc(m.Asked, func(a Asked) bool { return a.Ref == ref })
	if i < 0 {
		return Asked{}, false
	}
	a := m.Asked[i]
	m.Asked = slices.Delete(slices.Clone(m.Asked), i, i+1)
	if ref == m.Entry {
		m.Entry = 0
		m.disarm(TimerDial)
	}
	return a, true
}

// renew asks for a new token, since the one at hand may be too old to go back
// to the relay with.
func (m *machine) renew() {
	if m.Link == LinkUp && m.Seat == SeatSeated {
		m.ask(wire.Renew{Ref: m.ref()})
	}
}

func (m *machine) arm(t Timer, after time.Duration) {
	m.timers[t]++
	m.do(Arm{Timer: t, Generation: m.timers[t], After: after})
}

func (m *machine) disarm(t Timer) {
	m.timers[t]++
	m.do(Disarm{t})
}

// finish ends the meeting on this device: everything stops and is wiped.
func (m *machine) finish(why EndReason) {
	m.do(StopMedia{})
	m.do(Wipe{})
	m.do(HangUp{})
	for t := range timerCount {
		m.disarm(t)
	}
	m.Seat, m.End, m.Link, m.Media = SeatEnded, why, LinkDown, MediaOff
	m.Keys, m.Lobby, m.Asked, m.Code = KeysNone, nil, nil, keys.Code{}
	m.Committing, m.Entry, m.Strangers = 0, 0, 0
}

// person changes the member with key k.
func (m *machine) person(k keys.PublicKey, change func(*Person)) {
	i := slices.IndexFunc(m.People, func(p Person) bool { return p.Key == k })
	if i < 0 {
		return
	}
	m.People = slices.Clone(m.People)
	change(&m.People[i])
}

// knocker changes the knocker with a ticket.
func (m *machine) knocker(t wire.Ticket, change func(*Knocker)) {
	i := slices.IndexFunc(m.Lobby, func(k Knocker) bool { return k.Ticket == t })
	if i < 0 {
		return
	}
	m.Lobby = slices.Clone(m.Lobby)
	change(&m.Lobby[i])
}

func without[T any](list []T, drop func(T) bool) []T {
	return slices.DeleteFunc(slices.Clone(list), drop)
}
