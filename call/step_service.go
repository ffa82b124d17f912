package call

import (
	"crypto/sha256"
	"slices"
	"time"

	"conclave/call/wire"
	"conclave/keys"
)

func (m *machine) linkReady() {
	if m.Link != LinkDialing && m.Link != LinkResuming {
		return
	}
	m.Link = LinkUp
	switch {
	case m.Seat == SeatSeated:
		m.enter(wire.Resume{Ref: m.ref(), Meeting: m.Meeting, After: m.After})
	case m.Creating:
		m.Seat = SeatEntering
		m.enter(wire.Create{Ref: m.ref(), Encoded: m.Sealed.Encoded, Signature: m.Sealed.Signature})
	default:
		m.Seat = SeatOut
		m.enter(wire.Look{Ref: m.ref(), Meeting: m.Meeting})
	}
}

// linkFailed tries again, or gives up. A commit under way is kept: the service
// may have ordered it before the link broke, and then it comes back as an echo
// after resuming.
func (m *machine) linkFailed(e LinkFailed) {
	m.Asked, m.Entry = nil, 0
	m.disarm(TimerDial)
	m.Lobby = slices.Clone(m.Lobby)
	for i := range m.Lobby {
		m.Lobby[i].Away = true
	}
	if m.Link != LinkUp && m.Link != LinkResuming || e.Final {
		why := e.Why
		if why == EndNone {
			why = EndUnreachable
		}
		m.finish(why)
		return
	}
	if m.Link == LinkUp {
		m.do(Tell{Notice: NoticeServiceGone})
	}
	m.Try++
	if m.Try > Retries {
		m.finish(EndLost)
		return
	}
	m.Link = LinkResuming
	m.do(HangUp{})
	m.arm(TimerRetry, Backoff(m.Try))
}

// Backoff is the wait before the n-th try to reach the service again: 0.3 n²
// seconds, at most a minute. The runner adds jitter.
func Backoff(n int) time.Duration {
	return min(time.Duration(n*n)*300*time.Millisecond, time.Minute)
}

func (m *machine) fromService(message wire.Message) {
	if m.Link != LinkUp {
		return
	}
	switch w := message.(type) {
	case wire.Meeting:
		m.sawMeeting(w)
	case wire.Waiting:
		if m.Seat == SeatKnocking {
			m.Waiting, m.HostIn = w.Position, w.HostHere
		}
	case wire.Knocking:
		m.knocking(w)
	case wire.Withdrawn:
		m.withdrawn(w.Ticket)
	case wire.Refused:
		if m.Seat == SeatKnocking {
			m.finish(refusals(w.Reason))
		}
	case wire.Joined:
		if m.Seat == SeatKnocking && m.Keys == KeysJoining {
			m.Seat, m.After = SeatEntering, w.Sequence
			m.do(JoinGroup{w.Welcome})
			m.arm(TimerSecure, SecureLimit)
		}
	case wire.Ordered:
		if m.inOrder(w.Sequence) {
			m.do(OpenCommit{w})
		}
	case wire.Said:
		if m.inOrder(w.Sequence) {
			m.delivered(w.Message)
			m.do(OpenSaid{w})
		}
	case wire.Roster:
		m.presence(w)
	case wire.Gone:
		m.gone(w.Device)
	case wire.MediaToken:
		if m.Seat == SeatSeated || m.Seat == SeatEntering {
			m.do(StartMedia{URL: w.URL, Token: w.Token.Reveal()})
			if m.Media == MediaOff {
				m.Media = MediaConnecting
			}
		}
	case wire.Locked:
		m.Locked = w.Locked
	case wire.Removed:
		if m.Seat == SeatSeated || m.Seat == SeatEntering {
			m.finish(EndRemoved)
		}
	case wire.Ended:
		if w.Reason == wire.EndHost {
			m.finish(EndForAll)
		} else {
			m.finish(EndServiceExpired)
		}
	case wire.Done:
		m.done(w.Ref)
	case wire.Failed:
		m.failed(w)
	}
}

func refusals(r wire.Reason) EndReason {
	switch r {
	case wire.ReasonPasscode:
		return EndPasscode
	case wire.ReasonLocked:
		return EndLocked
	case wire.ReasonFull:
		return EndFull
	case wire.ReasonEnded:
		return EndForAll
	case wire.ReasonRefused:
	}
	return EndRefused
}

// sawMeeting checks that the descriptor is the one that the link names: the
// service cannot relabel a meeting.
func (m *machine) sawMeeting(w wire.Meeting) {
	if m.Creating || m.Seat != SeatOut {
		return
	}
	sealed := keys.SignedDescriptor{Encoded: w.Encoded, Signature: w.Signature}
	about, err := sealed.Verify(m.Meeting)
	if err != nil {
		m.finish(EndRelabelled)
		return
	}
	m.Sealed, m.About, m.Locked, m.HostIn = sealed, about, w.Locked, w.HostHere
	m.Seat, m.Keys = SeatKnocking, KeysJoining
	m.do(SealKnock{})
}

// knocking opens a knock that the host has not seen yet.
func (m *machine) knocking(w wire.Knocking) {
	if !m.Host() || m.Seat != SeatSeated {
		return
	}
	if slices.ContainsFunc(m.Lobby, func(k Knocker) bool { return k.Ticket == w.Ticket }) {
		m.knocker(w.Ticket, func(k *Knocker) { k.Away = false })
		return
	}
	m.do(OpenKnock{w})
}

// inOrder takes one ordered message. A gap means that the service withheld
// something: the link is dropped, and resuming asks for what is missing.
func (m *machine) inOrder(sequence uint64) bool {
	seated := m.Seat == SeatSeated || m.Seat == SeatEntering
	if !seated || m.Keys == KeysBroken || sequence <= m.After {
		return false
	}
	if sequence != m.After+1 {
		m.linkFailed(LinkFailed{})
		return false
	}
	m.After = sequence
	return true
}

// delivered adds a message to the history of the epoch, which heartbeats
// compare: a service that leaves one out, repeats one or orders them otherwise
// for somebody is found out by the next heartbeat.
func (m *machine) delivered(message []byte) {
	last := m.history(m.Seen)
	m.Seen++
	m.History = append(slices.Clip(m.History), sha256.Sum256(append(last[:], message...)))
	if len(m.History) > HistoryKept {
		m.History = slices.Clone(m.History[len(m.History)-HistoryKept:])
	}
}

// history is the hash after n messages of this epoch; zero before the first,
// and where it is not kept any more.
func (m *machine) history(n uint64) [32]byte {
	i := len(m.History) - 1 - int(m.Seen-n)
	if n == 0 || n > m.Seen || i < 0 {
		return [32]byte{}
	}
	return m.History[i]
}

func (m *machine) presence(w wire.Roster) {
	m.People = slices.Clone(m.People)
	for i := range m.People {
		p := &m.People[i]
		p.Connected = p.Key == m.Self || slices.Contains(w.Seated, wire.Seat{Device: p.Key, Connected: true})
		if p.Connected && p.Departed && !p.Goodbye {
			p.Departed = false // they came back before anybody took them out
			m.do(Returned{p.Key})
		}
	}
}

// gone marks a departure. The host's seat is kept: only the host could let
// the host in again.
func (m *machine) gone(k keys.PublicKey) {
	m.person(k, func(p *Person) { p.Connected = false })
	if k == m.Self || k == m.About.Host {
		return
	}
	m.departed(k)
}

func (m *machine) departed(k keys.PublicKey) {
	if p, in := m.Person(k); !in || p.Departed {
		return
	}
	m.person(k, func(p *Person) { p.Departed = true })
	m.do(Departed{k})
	m.planCommit(false)
}

func (m *machine) done(ref uint32) {
	a, ok := m.answered(ref)
	if !ok {
		return
	}
	switch a.What {
	case "create":
		m.Try, m.Keys = 0, KeysJoining
		m.do(CreateGroup{})
	case "knock":
		m.Try = 0
	case "resume":
		m.resumed()
	case "say":
		m.chatAnswered(ref, false)
	}
}

// resumed: everything missed has been replayed. A commit that did not come
// back by now was not ordered, and a knocker who was not shown again is gone.
func (m *machine) resumed() {
	m.Try = 0
	m.Lobby = without(m.Lobby, func(k Knocker) bool { return k.Away })
	if m.Committing != 0 {
		m.commitFailed(m.Committing)
	}
	m.sayAgain()
	m.planCommit(false)
}

func (m *machine) chatAnswered(ref uint32, failed bool) {
	i := slices.IndexFunc(m.Chat, func(l Line) bool { return l.Pending && l.Ref == ref })
	if i < 0 {
		return
	}
	m.Chat = slices.Clone(m.Chat)
	m.Chat[i].Pending, m.Chat[i].Failed = false, failed
	if failed {
		m.do(Tell{Notice: NoticeChatFailed})
	}
}

func (m *machine) failed(w wire.Failed) {
	a, ok := m.answered(w.Ref)
	if !ok {
		return
	}
	switch a.What {
	case "create", "look", "knock":
		m.finish(entry(w.Code))
	case "resume":
		m.resumeFailed(w.Code)
	case "commit":
		if w.Code == wire.CodeInternal {
			m.linkFailed(LinkFailed{}) // whether it was ordered shows after resuming
			return
		}
		m.commitFailed(w.Ref)
	case "say":
		m.sayFailed(a, w.Code)
	case "leave", "end":
		m.finish(m.End)
	case "lock", "refuse":
		if w.Code == wire.CodeTooFast {
			m.do(Tell{Notice: NoticeTooFast})
		}
	}
}

func entry(c wire.Code) EndReason {
	switch c {
	case wire.CodeNotFound:
		return EndNotFound
	case wire.CodeLocked:
		return EndLocked
	case wire.CodeFull, wire.CodeBusy:
		return EndFull
	case wire.CodeEnded:
		return EndForAll
	case wire.CodeTooFast:
		return EndTooFast
	case wire.CodeVersion:
		return EndVersion
	case wire.CodeStale, wire.CodeNotHost, wire.CodeNotSeated, wire.CodeBadRequest,
		wire.CodeTooLarge, wire.CodeInternal, wire.CodeResync:
	}
	return EndUnreachable
}

// resumeFailed knocks again where that can help: the host's device lets
// somebody whose connection died back in without asking.
func (m *machine) resumeFailed(c wire.Code) {
	switch {
	case c == wire.CodeNotFound:
		m.finish(EndServiceExpired)
	case c == wire.CodeEnded:
		m.finish(EndForAll)
	case m.Host():
		m.finish(EndLost)
	default:
		m.knockAgain()
	}
}

// knockAgain forgets the keys and goes back to the door.
func (m *machine) knockAgain() {
	m.do(StopMedia{})
	m.do(Wipe{})
	m.Seat, m.Keys, m.Media, m.People = SeatOut, KeysNone, MediaOff, nil
	m.Fault, m.Alarmed, m.Strangers = FaultNone, false, 0
	m.Asked, m.Committing, m.Warned = nil, 0, false
	m.Told, m.Early, m.Owed = false, nil, nil
	for _, t := range []Timer{TimerSwitch, TimerCommit, TimerHeartbeat, TimerStranger, TimerReaction} {
		m.disarm(t)
	}
	m.enter(wire.Look{Ref: m.ref(), Meeting: m.Meeting})
}

// sayFailed says again what lost its epoch. Present and Heartbeat are left
// out: the new epoch has its own.
func (m *machine) sayFailed(a Asked, c wire.Code) {
	if c != wire.CodeStale {
		m.chatAnswered(a.Ref, true)
		return
	}
	switch p := a.Payload.(type) {
	case Text:
		i := slices.IndexFunc(m.Chat, func(l Line) bool { return l.Pending && l.Ref == a.Ref })
		if i < 0 || !m.Sending() {
			m.chatAnswered(a.Ref, true)
			return
		}
		m.Chat = slices.Clone(m.Chat)
		m.Chat[i].Ref = m.say(p)
	case Names, Lower, Passports, Statement:
		m.sayLater(a)
	case Heartbeat, Present, Bye, React, nil:
	}
}
