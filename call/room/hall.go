package room

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"conclave/call/wire"
	"conclave/keys"
)

// Config of a Hall.
type Config struct {
	// Store keeps the meetings; the Hall does not close it. Required.
	Store Store
	// Relay carries the media. Required.
	Relay  Relay
	Limits Limits
	// Log gets what an operator should know; nil discards.
	Log *slog.Logger
}

// Hall holds the meetings of one service process. Its methods may be called
// from any goroutine. It must be the only user of its Store.
type Hall struct {
	store  Store
	relay  Relay
	limits Limits
	log    *slog.Logger

	// Lock order: a meeting's lock first, then mu.
	mu       sync.Mutex
	meetings map[keys.MeetingID]*meeting
	closed   bool

	counts counts
}

// counts are the figures of Stats that only grow, and two levels.
type counts struct {
	ordered, stale, knocks, ended atomic.Int64
	seated, waiting               atomic.Int64
}

// Stats are figures for an operator: no names, no devices.
type Stats struct {
	// Meetings in memory, devices connected to a seat, devices in lobbies.
	Meetings, Seated, Waiting int64
	// Totals since the start.
	Ordered, Stale, Knocks, Ended int64
}

// NewHall returns an empty hall; meetings of the store are loaded when somebody
// asks for them.
func NewHall(c Config) *Hall {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return &Hall{
		store:    c.Store,
		relay:    c.Relay,
		limits:   c.Limits.orDefault(),
		log:      c.Log,
		meetings: map[keys.MeetingID]*meeting{},
	}
}

// Stats returns the current figures.
func (h *Hall) Stats() Stats {
	h.mu.Lock()
	n := len(h.meetings)
	h.mu.Unlock()
	return Stats{
		Meetings: int64(n),
		Seated:   h.counts.seated.Load(),
		Waiting:  h.counts.waiting.Load(),
		Ordered:  h.counts.ordered.Load(),
		Stale:    h.counts.stale.Load(),
		Knocks:   h.counts.knocks.Load(),
		Ended:    h.counts.ended.Load(),
	}
}

// Sweep forgets meetings that are too old to be alive or to be created again.
func (h *Hall) Sweep(ctx context.Context) error {
	oldest := time.Now().Add(-2*h.limits.Longest - 2*h.limits.DescriptorAge - h.limits.Planned)
	n, err := h.store.Sweep(ctx, oldest)
	if err == nil && n > 0 {
		h.log.Info("old meetings forgotten", "count", n)
	}
	return err
}

// Close stops all timers. Meetings do not end: a store on disk carries them over
// to the next process. Visits still connected are answered as busy.
func (h *Hall) Close() {
	h.mu.Lock()
	h.closed = true
	all := make([]*meeting, 0, len(h.meetings))
	for _, m := range h.meetings {
		all = append(all, m)
	}
	h.mu.Unlock()
	for _, m := range all {
		m.mu.Lock()
		m.stopTimers()
		m.dropped = true
		m.mu.Unlock()
	}
}

// open returns the meeting, locked and loaded, or the code to answer with.
func (h *Hall) open(ctx context.Context, id keys.MeetingID) (*meeting, error) {
	for {
		m, err := h.slot(id)
		if err != nil {
			return nil, err
		}
		m.mu.Lock()
		if m.dropped {
			m.mu.Unlock()
			continue
		}
		if m.loaded {
			return m, nil
		}
		r, err := h.store.Load(ctx, id)
		if err == nil && r.Ended != "" {
			err = wire.CodeEnded
		}
		if err == nil {
			m.load(r)
			if m.expireLate() {
				m.mu.Unlock()
				return nil, wire.CodeEnded
			}
			return m, nil
		}
		m.drop()
		m.mu.Unlock()
		return nil, h.code(err, "load meeting", id)
	}
}

// slot finds or makes the entry for a meeting, loaded or not.
func (h *Hall) slot(id keys.MeetingID) (*meeting, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return nil, wire.CodeBusy
	}
	m := h.meetings[id]
	if m == nil {
		if len(h.meetings) >= h.limits.Meetings {
			return nil, wire.CodeBusy
		}
		m = &meeting{hall: h, id: id}
		h.meetings[id] = m
	}
	return m, nil
}

// code turns a store's error into one that a client may see, and logs the rest.
func (h *Hall) code(err error, what string, id keys.MeetingID) error {
	var code wire.Code
	switch {
	case errors.As(err, &code):
		return code
	case errors.Is(err, ErrNotFound):
		return wire.CodeNotFound
	case errors.Is(err, ErrOver):
		return wire.CodeEnded
	case errors.Is(err, ErrStale):
		return wire.CodeStale
	}
	h.log.Error(what, "meeting", short(id), "error", err)
	return wire.CodeInternal
}

// short is how logs name a meeting: not its id, which is in its links.
func short(id keys.MeetingID) string {
	sum := sha256.Sum256(append([]byte("log"), id[:]...))
	return hex.EncodeToString(sum[:4])
}

// storeTimeout bounds one use of the store.
const storeTimeout = 5 * time.Second

// storing returns a context that a dying connection does not cancel, so that
// a step is not left half known.
func storing(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), storeTimeout)
}
