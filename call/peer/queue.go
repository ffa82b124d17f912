package peer

import "sync"

// queue is a list between callbacks of the SDK, which must not wait, and a
// goroutine that may. It is bounded by how fast the relay can make things
// happen while the reader is busy: milliseconds.
type queue[T any] struct {
	wake chan struct{}

	mu    sync.Mutex
	held  []T
	ended bool
}

func newQueue[T any]() *queue[T] { return &queue[T]{wake: make(chan struct{}, 1)} }

func (q *queue[T]) put(v T) {
	q.mu.Lock()
	if !q.ended {
		q.held = append(q.held, v)
	}
	q.mu.Unlock()
	q.signal()
}

// end lets take fail once everything was taken.
func (q *queue[T]) end() {
	q.mu.Lock()
	q.ended = true
	q.mu.Unlock()
	q.signal()
}

func (q *queue[T]) signal() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// take waits for a value; false after end, or when stop is closed.
func (q *queue[T]) take(stop <-chan struct{}) (v T, ok bool) {
	for {
		q.mu.Lock()
		if len(q.held) > 0 {
			v = q.held[0]
			q.held = q.held[1:]
			q.mu.Unlock()
			return v, true
		}
		ended := q.ended
		q.mu.Unlock()
		if ended {
			return v, false
		}
		select {
		case <-q.wake:
		case <-stop:
			return v, false
		}
	}
}
