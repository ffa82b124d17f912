package frame

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// How long keys of former epochs stay.
const (
	// KeepOldEpochs is how many epochs besides the newest still open.
	KeepOldEpochs = 3
	// KeepOldFor is how long a former epoch still opens after its successor was
	// added: longer than any jitter buffer, short enough for removal to bite.
	KeepOldFor = 10 * time.Second
	// KeyFrameWait is how long a stream may seal with the former epoch while it
	// waits for a key frame. It is below KeepOldFor, so receivers still open them.
	KeyFrameWait = 4 * time.Second
)

// Errors of AddEpoch and SwitchSend.
var (
	ErrEpochOrder = errors.New("add epoch: epochs must ascend; this one or a later one is known")
	ErrLeaf       = errors.New("add epoch: leaf index beyond 1023")
	ErrEpoch      = errors.New("switch epoch: its key is not here, or sending has moved beyond it")
)

// Config says how a Ring works.
type Config struct {
	// Suite is the cipher suite; zero means AES256GCM.
	Suite Suite
	// Now is the clock; nil means time.Now. Tests set it.
	Now func() time.Time
}

// Ring holds the frame keys of one meeting: those of the newest epoch and of a few
// former ones for receiving, and one epoch to send with. Make one Ring for each
// time that a device enters a meeting: counters begin at zero with each epoch, so
// an epoch must never be added to two Rings that send.
//
// A Ring is safe for concurrent use; frames of different streams are sealed and
// opened in parallel.
type Ring struct {
	suite Suite
	now   func() time.Time

	// live is what Open reads without a lock; publishLocked replaces it.
	live atomic.Pointer[keyWindow]

	mu      sync.RWMutex
	closed  bool
	epochs  []liveEpoch // ascending, newest last, at most 1+KeepOldEpochs
	last    uint64      // newest epoch ever added, when any is true
	any     bool
	send    sending
	sealers [Streams]*Sealer
}

// sending says with which epoch to seal.
type sending struct {
	ready    bool
	epoch    uint64
	floor    uint64    // a stream may stay with its former epoch from this one on…
	deadline time.Time // …until then, or until its next key frame
}

// liveEpoch is an epoch and the time when it is over.
type liveEpoch struct {
	*epoch
	until time.Time // zero for the newest
}

// isOver reports whether the epoch no longer opens.
func (l liveEpoch) isOver(now time.Time) bool { return !l.until.IsZero() && !now.Before(l.until) }

// keyWindow is an immutable view of the ring for receiving.
type keyWindow struct {
	closed bool
	epochs []liveEpoch
}

// epoch is the key material of one epoch.
type epoch struct {
	number uint64
	leaf   uint32 // ours

	// recent holds a receiver for each slot, so that a frame is found without
	// a lock or a map; receivers holds all, for those that share a slot.
	recent    [64]atomic.Pointer[receiver]
	mu        sync.Mutex
	secret    []byte // extracted from the base key; nil when wiped
	receivers map[KID]*receiver
}

// receiver opens the frames of one KID.
type receiver struct {
	kid   KID
	mu    sync.Mutex
	over  bool // the key is gone
	key   key
	seen  window
	nonce [12]byte
	aad   [MaxHeader + MaxClear]byte
}

// NewRing returns a Ring without keys: nothing is sealed and nothing opens.
func NewRing(cfg Config) *Ring {
	if cfg.Suite == 0 {
		cfg.Suite = AES256GCM
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	r := &Ring{suite: cfg.Suite, now: cfg.Now}
	for i := range r.sealers {
		r.sealers[i] = &Sealer{ring: r, stream: Stream(i)}
	}
	r.publishLocked()
	return r
}

// Suite returns the cipher suite.
func (r *Ring) Suite() Suite { return r.suite }

// AddEpoch derives the receive keys of an epoch from its base key (keys/group
// exports it) and begins the end of the former one. leaf is this device's own leaf
// in that epoch. Epochs must ascend: adding one twice is refused, since its
// counters would begin again. The caller keeps base and wipes it.
func (r *Ring) AddEpoch(number uint64, base []byte, leaf uint32) error {
	if leaf > MaxLeaf {
		return ErrLeaf
	}
	secret, err := r.suite.extract(base)
	if err != nil {
		return fmt.Errorf("add epoch: %w", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.closed:
		clear(secret)
		return ErrClosed
	case r.any && number <= r.last:
		clear(secret)
		return ErrEpochOrder
	}
	now := r.now()
	if n := len(r.epochs); n > 0 {
		r.epochs[n-1].until = now.Add(KeepOldFor)
	}
	added := &epoch{number: number, leaf: leaf, secret: secret, receivers: map[KID]*receiver{}}
	r.epochs = append(r.epochs, liveEpoch{epoch: added})
	r.last, r.any = number, true
	r.expireLocked(now)
	return nil
}

// SwitchSend seals with the given epoch from now on. With atKeyFrame each video
// stream goes on with its former epoch until its next key frame, at most
// KeyFrameWait, so that no receiver meets a new key in the middle of a picture
// that it cannot restart; audio switches at once. After a Remove pass false: not
// one more frame is sealed for the member who left.
func (r *Ring) SwitchSend(number uint64, atKeyFrame bool) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return ErrClosed
	}
	if _, ok := r.findLocked(number); !ok || r.send.ready && number < r.send.epoch {
		return ErrEpoch
	}
	// The floor never sinks: a stream that an earlier call told to leave its epoch
	// at once is not allowed to stay by a later, more patient call.
	floor := number
	if atKeyFrame && r.send.ready {
		floor = r.send.floor
	}
	r.send = sending{ready: true, epoch: number, floor: floor, deadline: r.now().Add(KeyFrameWait)}
	return nil
}

// SendEpoch returns the epoch that SwitchSend chose, and whether there is one.
func (r *Ring) SendEpoch() (uint64, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.send.epoch, r.send.ready
}

// Expire wipes the keys of former epochs whose time is over. Open refuses those
// epochs without it; call it once a second or so to be rid of the keys.
func (r *Ring) Expire() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.expireLocked(r.now())
}

func (r *Ring) expireLocked(now time.Time) {
	kept := make([]liveEpoch, 0, 1+KeepOldEpochs)
	var gone []*epoch
	for i, e := range r.epochs {
		tooMany := len(r.epochs)-i > 1+KeepOldEpochs
		recurs := i < len(r.epochs)-1 && NewKID(0, 0, e.number) == NewKID(0, 0, r.last)
		if tooMany || recurs || e.isOver(now) {
			gone = append(gone, e.epoch)
			continue
		}
		kept = append(kept, e)
	}
	r.epochs = kept
	r.publishLocked()
	for _, e := range gone {
		e.wipe()
	}
	for _, s := range r.sealers {
		if _, ok := r.findLocked(s.epoch); !ok {
			s.forget() // an idle stream must not keep an old key
		}
	}
}

// publishLocked shows the present epochs to Open.
func (r *Ring) publishLocked() {
	r.live.Store(&keyWindow{closed: r.closed, epochs: slices.Clone(r.epochs)})
}

// Close wipes all keys. Everything fails with ErrClosed afterwards.
func (r *Ring) Close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	gone := r.epochs
	r.closed, r.epochs, r.send = true, nil, sending{}
	r.publishLocked()
	for _, e := range gone {
		e.wipe()
	}
	for _, s := range r.sealers {
		s.forget()
	}
}

func (r *Ring) findLocked(number uint64) (liveEpoch, bool) {
	for _, e := range r.epochs {
		if e.number == number {
			return e, true
		}
	}
	return liveEpoch{}, false
}

// wipe overwrites what can be overwritten and lets go of the rest. When it
// returns, no frame of the epoch is being opened, and none will be.
func (e *epoch) wipe() {
	e.mu.Lock()
	defer e.mu.Unlock()
	clear(e.secret)
	e.secret = nil
	for _, in := range e.receivers {
		in.mu.Lock()
		in.over, in.key, in.seen = true, key{}, window{}
		in.mu.Unlock()
	}
	e.receivers = nil
	for i := range e.recent {
		e.recent[i].Store(nil)
	}
}
