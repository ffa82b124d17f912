// Package room is the service's half of a meeting: the lobby, the order of MLS
// messages, who is seated, and what a host may do.
//
// Make a [Hall] for the service, and a [Visit] for each connection whose device
// has proved its key; hand every request to [Visit.Handle].
//
// It orders ciphertext and cannot read it: it never imports what decrypts
// (call/frame, keys/group, keys/vault), and a test of the build says so. Who is
// a member is decided by MLS in the clients; a seat here only says to whom
// messages are sent and who may use the relay. It is no transport either:
// app/service owns the sockets.
//
// Trust zone: service. It knows who meets whom and when. It logs meetings by a
// short hash, and never devices, tickets, tokens or contents.
package room

import (
	"time"

	"conclave/call/wire"
	"conclave/keys"
)

// Peer is the sending side of one connection.
type Peer interface {
	// Deliver queues an encoded notice and returns at once. A peer that cannot
	// keep up ends its own connection; what it misses is replayed on Resume. The
	// text is shared between peers and must not be changed.
	Deliver(text []byte)
	// Cut ends the connection, after what was delivered has been sent. It
	// returns at once and may be called more than once.
	Cut(why Cut)
}

// Cut says why a connection is ended.
type Cut uint8

// Reasons to end a connection.
const (
	// CutReplaced: the same device took the seat up on another connection.
	CutReplaced Cut = 1
)

// Relay is what a room needs of the media relay. No method blocks on the
// network: Remove and Empty deny at once what they then take down.
type Relay interface {
	// Token lets identity into room and returns its credential.
	Token(room, identity string) (wire.Token, error)
	// Remove throws identity out of room; its credentials are void from now on.
	Remove(room, identity string)
	// Empty throws everybody out of room.
	Empty(room string)
}

// Limits of a service. A zero field takes the value of DefaultLimits.
type Limits struct {
	// Lobby is how many devices may wait in one meeting.
	Lobby int
	// Seated is how many devices one meeting seats, at most wire.MaxSeated.
	Seated int
	// Hosted is how many living meetings one device may host.
	Hosted int
	// Meetings is how many meetings may be open in this process.
	Meetings int
	// Entries and Bytes bound what a meeting keeps for Resume.
	Entries int
	Bytes   int64
	// Grace is how long a seat's connection may be dead before all are told.
	Grace time.Duration
	// RestartGrace replaces Grace for the seats of a meeting that was loaded.
	RestartGrace time.Duration
	// EmptyFor is how long a meeting lives without any connection.
	EmptyFor time.Duration
	// Longest is how long a meeting lives at most.
	Longest time.Duration
	// DescriptorAge is how far a new descriptor's time may lie ahead of ours.
	DescriptorAge time.Duration
	// Planned is how long ago it may have been signed: meetings are planned.
	Planned time.Duration
	// RosterEvery is the least time between two rosters.
	RosterEvery time.Duration
}

// DefaultLimits are made for a service with some thousand users.
func DefaultLimits() Limits {
	return Limits{
		Lobby:         100,
		Seated:        200,
		Hosted:        8,
		Meetings:      10_000,
		Entries:       4096,
		Bytes:         8 << 20,
		Grace:         10 * time.Second,
		RestartGrace:  30 * time.Second,
		EmptyFor:      time.Hour,
		Longest:       24 * time.Hour,
		DescriptorAge: 24 * time.Hour,
		Planned:       100 * 24 * time.Hour,
		RosterEvery:   100 * time.Millisecond,
	}
}

func (l Limits) orDefault() Limits {
	d := DefaultLimits()
	fill(&l.Lobby, d.Lobby)
	fill(&l.Seated, d.Seated)
	fill(&l.Hosted, d.Hosted)
	fill(&l.Meetings, d.Meetings)
	fill(&l.Entries, d.Entries)
	fill(&l.Bytes, d.Bytes)
	fill(&l.Grace, d.Grace)
	fill(&l.RestartGrace, d.RestartGrace)
	fill(&l.EmptyFor, d.EmptyFor)
	fill(&l.Longest, d.Longest)
	fill(&l.DescriptorAge, d.DescriptorAge)
	fill(&l.Planned, d.Planned)
	fill(&l.RosterEvery, d.RosterEvery)
	l.Seated = min(l.Seated, wire.MaxSeated)
	return l
}

func fill[T comparable](v *T, otherwise T) {
	var zero T
	if *v == zero {
		*v = otherwise
	}
}

// identity and roomName are what the relay calls a device and a meeting.
func identity(id keys.MeetingID, device keys.PublicKey) string { return keys.RelayIdentity(id, device) }
func roomName(id keys.MeetingID) string                        { return keys.RelayRoom(id) }
