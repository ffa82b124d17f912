package media

import (
	"sync"
	"time"
)

// StreamStats are the figures of one stream over the last second or so.
type StreamStats struct {
	Kind          Kind
	Width, Height int     // of the picture on the wire; 0 for sound, and before the first
	FPS           float64 // frames a second
	Bits          float64 // a second, sealed
	Delay         time.Duration
	// Delay is the time between the arrival of a frame and its painted picture;
	// 0 for sound, for own streams, and when nobody looks.
}

// meter measures one stream. Safe for concurrent use.
type meter struct {
	mu            sync.Mutex
	since         time.Time
	frames, bytes int
	width, height int
	waited        time.Duration
	waits         int
	last          StreamStats
}

// count takes note of a frame.
func (m *meter) count(bytes int) {
	m.mu.Lock()
	m.frames++
	m.bytes += bytes
	m.mu.Unlock()
}

// size takes note of how large the picture of a frame is.
func (m *meter) size(width, height int) {
	m.mu.Lock()
	m.width, m.height = width, height
	m.mu.Unlock()
}

// painted takes note of how long a frame waited for its picture.
func (m *meter) painted(width, height int, delay time.Duration) {
	m.mu.Lock()
	m.width, m.height = width, height
	m.waited += delay
	m.waits++
	m.mu.Unlock()
}

// close ends a span of time and begins the next.
func (m *meter) close(now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if d := now.Sub(m.since).Seconds(); !m.since.IsZero() && d > 0 {
		m.last = StreamStats{Width: m.width, Height: m.height, FPS: float64(m.frames) / d, Bits: 8 * float64(m.bytes) / d}
		if m.waits > 0 {
			m.last.Delay = m.waited / time.Duration(m.waits)
		}
	}
	m.since, m.frames, m.bytes, m.waited, m.waits = now, 0, 0, 0, 0
}

// read returns the figures of the last span.
func (m *meter) read(kind Kind) StreamStats {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.last
	s.Kind = kind
	return s
}

// measures are what the session's clock takes once a second.
type measures struct {
	at                time.Time
	sent, received    uint64
	expected, arrived uint64
	busy              time.Duration // spent in codecs and painting, all of it
	up, down, lost    float64
}

// grade turns loss and round trip into 1 (bad) to 4.
func grade(loss float64, roundTrip time.Duration) int {
	switch {
	case loss > 0.10 || roundTrip > 600*time.Millisecond:
		return 1
	case loss > 0.05 || roundTrip > 300*time.Millisecond:
		return 2
	case loss > 0.02 || roundTrip > 150*time.Millisecond:
		return 3
	}
	return 4
}

// measure closes the spans of all meters, once a second, and lets the senders
// adapt to what was measured.
func (s *Session) measure() {
	now := time.Now()
	s.mu.Lock()
	elapsed := now.Sub(s.measured.at)
	if !s.measured.at.IsZero() && elapsed < time.Second {
		s.mu.Unlock()
		return
	}
	relay := s.relay
	busy := s.sent.get().Encoding
	for _, r := range s.remotes {
		busy += r.measure(now)
	}
	s.mu.Unlock()

	var link RelayStats
	if relay != nil {
		link = relay.Stats()
	}
	loss := 0.0
	for _, o := range []*outgoing{&s.camera.outgoing, &s.screen.outgoing, &s.mic.outgoing} {
		o.meter.close(now)
		if t := o.current(); t != nil {
			loss = max(loss, t.Loss())
		}
	}

	s.mu.Lock()
	m := &s.measured
	first := m.at.IsZero()
	if !first {
		m.up, m.down = rate(link.BytesSent, m.sent, elapsed), rate(link.BytesReceived, m.received, elapsed)
		m.lost = share(link.Expected-m.expected, link.Arrived-m.arrived, link.Expected >= m.expected)
	}
	spent := busy - m.busy
	m.at, m.sent, m.received, m.busy = now, link.BytesSent, link.BytesReceived, busy
	m.expected, m.arrived = link.Expected, link.Arrived
	s.ownGrade = 0
	if relay != nil {
		s.ownGrade = grade(max(loss, m.lost), link.RoundTrip)
	}
	s.mu.Unlock()
	if !first {
		s.adapt(loss, link.RoundTrip, float64(spent)/float64(elapsed))
	}
}

// measure closes the spans of a remote's streams and returns how long its
// pictures have kept this machine busy. s.mu is held.
func (r *remote) measure(now time.Time) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, in := range r.tracks {
		in.meter.close(now)
	}
	return r.stats.Decoding + r.stats.Painting
}

func rate(now, before uint64, d time.Duration) float64 {
	if now < before || d <= 0 { // another connection
		return 0
	}
	return 8 * float64(now-before) / d.Seconds()
}

// share is the part of expected that did not arrive.
func share(expected, arrived uint64, same bool) float64 {
	if !same || expected == 0 || arrived >= expected {
		return 0
	}
	return float64(expected-arrived) / float64(expected)
}
