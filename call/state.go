package call

import (
	"slices"
	"time"

	"conclave/call/wire"
	"conclave/keys"
)

// Link is the control connection to the service.
type Link uint8

// The states of the link.
const (
	LinkDown Link = iota + 1
	LinkDialing
	LinkUp
	LinkResuming // lost, trying again; State.Try counts
	LinkLost     // gave up
)

// Seat is this device's place in the meeting.
type Seat uint8

// The states of the seat.
const (
	SeatOut Seat = iota + 1
	SeatKnocking
	SeatEntering // admitted or creating, not yet a member
	SeatSeated
	SeatLeaving
	SeatEnded
)

// Keys is the state of the group's keys on this device.
type Keys uint8

// The states of the keys.
const (
	KeysNone Keys = iota + 1
	KeysJoining
	KeysReady
	KeysMoving // the next epoch is known, sending still uses the last one
	KeysBroken // see State.Fault
)

// Media is the connection to the relay.
type Media uint8

// The states of the media.
const (
	MediaOff Media = iota + 1
	MediaConnecting
	MediaFlowing
	MediaStalled
	MediaRestarting
)

// Fault says why keys are broken or sending has stopped.
type Fault uint8

// The faults, gravest first where several hold.
const (
	FaultNone      Fault = iota
	FaultFork            // the service gave others another order of commits
	FaultForged          // a message that no member made
	FaultForbidden       // a member without the right changed who is in
	FaultDiffers         // the person said that the security code differs
	FaultStranger        // the relay holds somebody who is not a member
	FaultUnheard         // nobody's sign of life for a minute
)

// Tuning of the machine. Each constant states its trade-off.
const (
	// DialLimit: longer hides a dead service, shorter fails on slow networks.
	DialLimit = 10 * time.Second
	// SwitchLimit is how long senders wait for slow members to have the next
	// epoch's keys; longer delays healing, shorter freezes slow members.
	SwitchLimit = 2 * time.Second
	// HeartbeatEvery bounds how long a withheld commit goes unnoticed.
	HeartbeatEvery = 10 * time.Second
	// HeartbeatsWarn and HeartbeatsStop count missed heartbeats.
	HeartbeatsWarn, HeartbeatsStop = 3, 6
	// RenewAfter is how long a renewed passport is said before it is committed: the
	// others look it up in the log meanwhile; shorter shows its owner as unverified
	// for a moment.
	RenewAfter = 2 * time.Second
	// UpdateEvery heals a stolen key; each one costs every member a commit.
	UpdateEvery = 5 * time.Minute
	// AdmitEvery batches the opening crowd into one commit.
	AdmitEvery = time.Second
	// CommitterStep is how long the next member in line waits for a better
	// placed one to commit a departure.
	CommitterStep = 250 * time.Millisecond
	// StrangerGrace covers the moments in which a new member is at the relay
	// and its commit is still on the way here.
	StrangerGrace = 2 * time.Second
	// SecureLimit bounds the time between admission and keys.
	SecureLimit = 15 * time.Second
	// LeaveLimit bounds the goodbye.
	LeaveLimit = time.Second
	// AdmitMost bounds the knockers let in by one commit, so that a commit and
	// its Welcome stay within the service's limits with post-quantum keys.
	AdmitMost = 48
	// FillFrom is the size from which members fill the tree, and FillTurns in
	// how many turns, a heartbeat apart: more turns, fewer commits at once.
	FillFrom, FillTurns = 10, 8
	// Retries until a lost link is given up.
	Retries = 10
	// ChatKept and ChatRunes bound the chat in memory and one line.
	ChatKept, ChatRunes = 500, 2000
	// ChatWaiting bounds the lines that wait for the service; they are all said
	// at once when it is back, which must not count as a flood.
	ChatWaiting = 32
	// HistoryKept bounds how many messages a heartbeat may be older than the
	// newest one and still be compared.
	HistoryKept = 256
	// PasscodeTries is how often one device may guess.
	PasscodeTries = 5
	// ReturnsMost is how often one device may come back unasked: a machine with
	// a loose plug must, and one that makes the host rekey all day must not.
	ReturnsMost = 20
)

// State is one meeting on this device. It is a value: Step never writes to the
// slices of the State that it was given.
type State struct {
	Self     keys.PublicKey
	Creating bool // this device creates the meeting
	Meeting  keys.MeetingID
	Sealed   keys.SignedDescriptor // as created, or as the service told and Step verified
	About    keys.Descriptor
	Name     keys.NameStatement // own, signed once the meeting is known

	Link  Link
	Try   int
	Seat  Seat
	End   EndReason
	Keys  Keys
	Fault Fault
	Media Media

	Epoch     uint64 // of the keys
	SendEpoch uint64 // that sending uses
	Ready     []keys.PublicKey
	After     uint64     // last ordered sequence handled
	Seen      uint64     // messages of this epoch that were delivered
	History   [][32]byte // chained hashes of the newest of them, the last one last
	Code      keys.Code
	Roster    [32]byte // hash of the epoch's members
	Since     time.Time

	People  []Person // members of the epoch, self first, then by leaf
	Known   []keys.NameStatement
	Lobby   []Knocker
	Guesses map[keys.PublicKey]int // wrong passcodes; replaced, never written
	Lost    []keys.PublicKey       // removed because their connection died: may come back unasked
	Returns map[keys.PublicKey]int // how often they did; replaced, never written
	Back    time.Time              // when somebody was last let back in
	Chat    []Line
	Locked  bool
	Waiting int
	HostIn  bool

	Judged   Verdict
	Matched  []keys.PublicKey // line-up of the last code that matched
	LeftOver int

	Mine      Paper         // this device's own
	Papers    []Paper       // of the others
	Most      int           // as host: people that policy lets in; 0 is unlimited
	Withdrawn []wire.Ticket // knocks that went away, newest last

	Rule    Statement          // the host's word, as ordered
	Told    bool               // it was heard since this device came in
	Plan    Statement          // as host: what was said last
	Early   []Line             // that came before the host's word
	Owed    []Payload          // lost their epoch: to be said in the next one
	NewName keys.NameStatement // own, said and not ordered yet

	Wants     Wants
	Strangers int  // at the relay, now
	Alarmed   bool // strangers stayed longer than StrangerGrace

	Ref        uint32           // last request number used
	Asked      []Asked          // requests of this connection without an answer yet
	Entry      uint32           // request on which the way in hangs, 0 when none
	Committing uint32           // request number of the commit under way, 0 when none
	Committed  time.Time        // when the last commit was sent
	Removing   []keys.PublicKey // the host here wants them out
	HeardAny   time.Time        // last heartbeat of anybody else
	Warned     bool             // told that nobody is heard
	Healed     time.Time        // last commit with a new path
	Filled     bool             // this device has committed a path of its own

	timers [timerCount]uint32 // generations
}

// Asked is a request that the service has not answered.
type Asked struct {
	Ref     uint32
	What    string  // type of the wire message
	Payload Payload // of a Say
	Epoch   uint64  // in which it was asked
}

// Verdict is what the person said of the code of an epoch.
type Verdict uint8

// The verdicts.
const (
	VerdictNone Verdict = iota
	VerdictMatches
	VerdictStale // matched for an earlier line-up
	VerdictDiffers
)

// Wants are the media wishes of the person: desired state.
type Wants struct{ Mic, Camera, Share, Hand bool }

// Person is a member of the epoch.
type Person struct {
	Key       keys.PublicKey
	Leaf      uint32
	Passport  PassportHash // the credential in the leaf; zero for a guest
	Name      string       // "" until a signed statement arrived
	Says      Wants
	Connected bool
	Heard     time.Time     // last heartbeat, or when they became a member
	Lag       time.Duration // least delay of their heartbeats, by both clocks; see Timed
	Timed     bool          // Lag is known
	Departed  bool          // said goodbye, or the service says their connection died
	Goodbye   bool          // it was they who said so
	On        Marks         // newest statement known to them when they said that a stream is on
	Heeds     uint64        // newest statement known to them
	Reaction  Reaction      // while it is shown
	Reacted   time.Time
}

// Knocker is somebody in the lobby, as the host's device opened them.
type Knocker struct {
	Ticket     wire.Ticket
	Key        keys.PublicKey
	KeyPackage []byte
	Name       keys.NameStatement
	Since      time.Time
	Admitted   bool // waiting for, or in, a commit
	InCommit   bool
	Away       bool // not shown again since the link was lost
	Passport   []byte
	Proof      Proof // what Passport proves; see State.Refusal
}

// Line is one chat message.
type Line struct {
	From    keys.PublicKey
	Text    string
	At      time.Time
	Ref     uint32 // own line: request number until the service ordered it, 0 while not said
	Pending bool
	Failed  bool
}

// Begin is the state before anything happened.
func Begin(self keys.PublicKey, wants Wants) State {
	return State{
		Self: self, Link: LinkDown, Seat: SeatOut, Keys: KeysNone, Media: MediaOff,
		Wants: wants, Rule: Statement{Rules: OpenRules()},
	}
}

// Host reports whether this device hosts the meeting.
func (s State) Host() bool { return s.About.Version != 0 && s.About.Host == s.Self }

// Phase derives what the person sees.
func (s State) Phase() Phase {
	switch s.Seat {
	case SeatEnded:
		return PhaseEnded
	case SeatLeaving:
		return PhaseLeaving
	case SeatOut, SeatKnocking, SeatEntering, SeatSeated:
	}
	if s.Link == LinkResuming {
		return PhaseReconnecting
	}
	switch s.Seat {
	case SeatKnocking:
		return PhaseLobby
	case SeatEntering:
		return PhaseSecuring
	case SeatSeated:
		if s.Keys == KeysJoining {
			return PhaseSecuring
		}
		return PhaseInMeeting
	case SeatOut, SeatLeaving, SeatEnded:
	}
	if s.Link == LinkDown {
		return PhaseIdle
	}
	return PhaseConnecting
}

// Sending reports whether media and chat may leave this device.
func (s State) Sending() bool { return s.trusted() && !s.Rule.Rules.Suspended }

// trusted reports whether the group is one to say something to.
func (s State) trusted() bool {
	return s.Seat == SeatSeated && (s.Keys == KeysReady || s.Keys == KeysMoving) && s.Stopped() == FaultNone
}

// Stopped returns the gravest fault that forbids sending, or FaultNone.
func (s State) Stopped() Fault {
	switch {
	case s.Keys == KeysBroken:
		return s.Fault
	case s.Judged == VerdictDiffers:
		return FaultDiffers
	case s.Alarmed && s.Strangers > 0:
		return FaultStranger
	}
	return s.Fault
}

// Person returns the member with key k.
func (s State) Person(k keys.PublicKey) (Person, bool) {
	i := slices.IndexFunc(s.People, func(p Person) bool { return p.Key == k })
	if i < 0 {
		return Person{}, false
	}
	return s.People[i], true
}

// nameOf returns the signed name that is known for k, or "".
func (s State) nameOf(k keys.PublicKey) string {
	for _, n := range s.Known {
		if n.Device == k {
			return n.Name
		}
	}
	return ""
}

// lineUp is the keys of all members, for the code and its changes.
func (s State) lineUp() []keys.PublicKey {
	out := make([]keys.PublicKey, 0, len(s.People))
	for _, p := range s.People {
		out = append(out, p.Key)
	}
	return out
}
