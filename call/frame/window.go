package frame

// windowSize is how many counters below the highest one are told apart. Reordering
// beyond it means seconds of delay, when a frame is useless anyway.
const windowSize = 1024

// window remembers which counters of one KID have been opened. RFC 9605 leaves
// replay to the application. Not safe for concurrent use.
type window struct {
	started bool
	highest uint64
	seen    [windowSize / 64]uint64 // bit c%windowSize of the counters (highest-windowSize, highest]
}

// isFresh reports whether counter was neither seen nor is too old to tell.
func (w *window) isFresh(counter uint64) bool {
	switch {
	case !w.started || counter > w.highest:
		return true
	case w.highest-counter >= windowSize:
		return false
	}
	return w.seen[counter/64%(windowSize/64)]&(1<<(counter%64)) == 0
}

// mark records a fresh counter, after its frame has authenticated and never before.
func (w *window) mark(counter uint64) {
	switch {
	case !w.started:
		w.started, w.highest = true, counter
	case counter > w.highest:
		w.advance(counter)
	}
	w.seen[counter/64%(windowSize/64)] |= 1 << (counter % 64)
}

// advance moves the window up and forgets the counters that it passes over.
func (w *window) advance(counter uint64) {
	if counter-w.highest >= windowSize {
		clear(w.seen[:])
	} else {
		for c := w.highest + 1; c <= counter; c++ {
			w.seen[c/64%(windowSize/64)] &^= 1 << (c % 64)
		}
	}
	w.highest = counter
}
