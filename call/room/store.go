package room

import (
	"context"
	"errors"
	"time"

	"conclave/call/wire"
	"conclave/keys"
)

// Errors of a Store. Any other error means that the effect of the call is
// unknown: it may have happened or not.
var (
	// ErrNotFound: no such meeting.
	ErrNotFound = errors.New("no such meeting")
	// ErrExists: the meeting is there already (or was, and ended).
	ErrExists = errors.New("meeting exists")
	// ErrStale: the step does not follow the last one that was stored.
	ErrStale = errors.New("step does not follow the last one")
	// ErrOver: the meeting has ended.
	ErrOver = errors.New("meeting has ended")
)

// Store keeps meetings. Every method is atomic: it has its whole effect or
// none. After nil the effect must survive whatever the store promises to
// survive (a crash of the process, for one on disk). After one of this
// package's errors there must be no effect. All methods may be called from any
// goroutine.
type Store interface {
	// Create adds a meeting whose only seat is its host's; ErrExists.
	Create(ctx context.Context, r Record) error
	// Load returns a meeting, ended ones included; ErrNotFound.
	Load(ctx context.Context, id keys.MeetingID) (Record, error)
	// Order appends the entry and changes the seats if, and only if, the entry's
	// sequence is the next one and its epoch the current one (compare-and-set).
	// A commit advances the epoch. ErrStale, ErrOver, ErrNotFound.
	Order(ctx context.Context, s Step) error
	// Entries returns the kept entries after a sequence, in order.
	Entries(ctx context.Context, id keys.MeetingID, after uint64) ([]Entry, error)
	// Trim forgets the oldest entries until at most keep are left, and returns
	// what is left.
	Trim(ctx context.Context, id keys.MeetingID, keep Kept) (Kept, error)
	// SetLocked stores the state of the lobby; ErrOver, ErrNotFound.
	SetLocked(ctx context.Context, id keys.MeetingID, locked bool) error
	// Depart marks a seat as left for good; ErrOver, ErrNotFound.
	Depart(ctx context.Context, id keys.MeetingID, device keys.PublicKey) error
	// End ends a meeting and forgets its seats and entries; what remains says
	// that it was. Ending an ended one changes nothing. ErrNotFound.
	End(ctx context.Context, id keys.MeetingID, why wire.EndReason) error
	// Hosting counts the meetings of a host that have not ended.
	Hosting(ctx context.Context, host keys.PublicKey) (int, error)
	// Sweep forgets all about meetings opened before a time.
	Sweep(ctx context.Context, before time.Time) (int, error)
	// Close releases the store.
	Close() error
}

// Record is a meeting as a Store keeps it.
type Record struct {
	Meeting    keys.MeetingID
	Descriptor keys.SignedDescriptor
	Host       keys.PublicKey
	// Opened is the service's time, in whole seconds, UTC.
	Opened time.Time
	// Epoch is the current one, and Sequence that of the last entry (0: none).
	Epoch, Sequence uint64
	// Kept describes the entries that are still there.
	Kept   Kept
	Locked bool
	// Ended is empty while the meeting lives.
	Ended wire.EndReason
	// Seats are sorted by device.
	Seats []SeatRecord
}

// SeatRecord is a device that the ordered commits have seated.
type SeatRecord struct {
	Device keys.PublicKey
	// Joined is the sequence of the commit that seated it; 0 for the first host.
	Joined uint64
	// Left says that the device gave the seat up; it waits for its removal.
	Left bool
}

// Kept is an amount of entries, and their size in bytes.
type Kept struct {
	Entries int
	Bytes   int64
}

// Kind of an entry.
type Kind uint8

// Kinds. The numbers are stored.
const (
	KindCommit Kind = 1
	KindSaid   Kind = 2
)

// Entry is one ordered message.
type Entry struct {
	Sequence uint64
	// Epoch is the one in which the message was made.
	Epoch  uint64
	Kind   Kind
	Sender keys.PublicKey
	Body   []byte
	// Welcome is what the devices seated by this commit get.
	Welcome []byte
}

// size is what an entry counts in Kept.
func (e Entry) size() int64 { return int64(len(e.Body) + len(e.Welcome)) }

// Step is one entry with the seats that it changes: removes first, then adds.
type Step struct {
	Meeting keys.MeetingID
	Entry   Entry
	Removes []keys.PublicKey
	Adds    []keys.PublicKey
}
