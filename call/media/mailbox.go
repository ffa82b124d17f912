package media

import (
	"context"
	"slices"
	"sync"

	"conclave/keys"
)

// mailbox hands events to a reader who may be slow: an event that a newer one
// of the same subject makes stale is replaced, so the box stays small however
// long nobody reads.
type mailbox struct {
	out  chan Event
	wake chan struct{}

	mu   sync.Mutex
	held []Event
}

func newMailbox() *mailbox {
	return &mailbox{out: make(chan Event), wake: make(chan struct{}, 1)}
}

type subject struct {
	kind   EventKind
	key    keys.PublicKey
	device DeviceKind
}

// subjectOf groups the kinds that contradict each other.
func subjectOf(e Event) subject {
	kind := e.Kind
	switch e.Kind {
	case EventStalled:
		kind = EventFlowing
	case EventDeviceBack:
		kind = EventDeviceLost
	case EventUnknown, EventFlowing, EventDeviceLost, EventSpeaking, EventTileState, EventStrangers, EventFirstFrame,
		EventQuality, EventSaving:
	}
	return subject{kind, e.Key, e.Device}
}

func (m *mailbox) put(e Event) {
	m.mu.Lock()
	s := subjectOf(e)
	m.held = slices.DeleteFunc(m.held, func(o Event) bool { return subjectOf(o) == s })
	m.held = append(m.held, e)
	m.mu.Unlock()
	select {
	case m.wake <- struct{}{}:
	default:
	}
}

func (m *mailbox) first() (Event, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.held) == 0 {
		return Event{}, false
	}
	e := m.held[0]
	m.held = slices.Delete(m.held, 0, 1)
	return e, true
}

// run delivers until ctx is done, and then closes the channel.
func (m *mailbox) run(ctx context.Context) {
	defer close(m.out)
	for {
		e, ok := m.first()
		if !ok {
			select {
			case <-m.wake:
				continue
			case <-ctx.Done():
				return
			}
		}
		select {
		case m.out <- e:
		case <-ctx.Done():
			return
		}
	}
}
