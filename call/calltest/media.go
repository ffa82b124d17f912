package calltest

import (
	"maps"
	"slices"
	"sync"

	"conclave/call/media"
	"conclave/keys"
)

// Media records what a runner tells the media of a meeting, and sends nothing.
// It implements runner.Media.
type Media struct {
	mu        sync.Mutex
	members   []media.Member
	wants     media.Wants
	sending   bool
	refused   map[keys.PublicKey]media.Kinds
	keyFrames int
	closed    bool
	events    chan media.Event
}

// NewMedia returns media without anybody in them.
func NewMedia() *Media { return &Media{events: make(chan media.Event, 16)} }

// SetMembers implements runner.Media.
func (m *Media) SetMembers(members []media.Member) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.members = slices.Clone(members)
}

// SetWants implements runner.Media.
func (m *Media) SetWants(w media.Wants) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.wants = w
}

// SetSending implements runner.Media.
func (m *Media) SetSending(on bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sending = on
}

// SetRefused implements runner.Media.
func (m *Media) SetRefused(refused map[keys.PublicKey]media.Kinds) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.refused = maps.Clone(refused)
}

// RequestKeyFrame implements runner.Media.
func (m *Media) RequestKeyFrame() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.keyFrames++
}

// Events implements runner.Media.
func (m *Media) Events() <-chan media.Event { return m.events }

// Report makes the session say something.
func (m *Media) Report(e media.Event) { m.events <- e }

// Close implements runner.Media.
func (m *Media) Close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed, m.sending = true, false
}

// Told is what the media were told last.
type Told struct {
	Members   []media.Member
	Wants     media.Wants
	Sending   bool
	Refused   map[keys.PublicKey]media.Kinds
	KeyFrames int
	Closed    bool
}

// Told returns the newest of everything.
func (m *Media) Told() Told {
	m.mu.Lock()
	defer m.mu.Unlock()
	return Told{slices.Clone(m.members), m.wants, m.sending, maps.Clone(m.refused), m.keyFrames, m.closed}
}
