package device

import "sync/atomic"

// samples is a ring between exactly one writer and one reader, of which one
// is a device's real-time callback: it never locks, blocks or allocates.
type samples struct {
	buf        []int16 // a power of two long
	read, next atomic.Uint64
}

func newSamples(power uint) *samples { return &samples{buf: make([]int16, 1<<power)} }

// write stores as much of pcm as there is room for.
func (s *samples) write(pcm []int16) int {
	next := s.next.Load()
	n := min(len(pcm), len(s.buf)-int(next-s.read.Load()))
	at := int(next) & (len(s.buf) - 1)
	k := copy(s.buf[at:], pcm[:n])
	copy(s.buf, pcm[k:n])
	s.next.Store(next + uint64(n))
	return n
}

// take fills pcm with as many samples as there are.
func (s *samples) take(pcm []int16) int {
	read := s.read.Load()
	n := min(len(pcm), int(s.next.Load()-read))
	at := int(read) & (len(s.buf) - 1)
	k := copy(pcm[:n], s.buf[at:])
	copy(pcm[k:n], s.buf)
	s.read.Store(read + uint64(n))
	return n
}

func (s *samples) len() int { return int(s.next.Load() - s.read.Load()) }
