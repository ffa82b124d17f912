package core

import "sync"

// mailbox is what waits for the core's goroutine. It has no end, so that a
// meeting's runner never waits for the core, which may itself be waiting for
// the runner. It stays short: states are kept newest-wins elsewhere, and the
// rest comes at the pace of people.
type mailbox struct {
	ready chan struct{} // holds one token while list is not empty

	mu   sync.Mutex
	list []any
}

func newMailbox() *mailbox { return &mailbox{ready: make(chan struct{}, 1)} }

func (m *mailbox) put(what any) {
	m.mu.Lock()
	m.list = append(m.list, what)
	m.mu.Unlock()
	select {
	case m.ready <- struct{}{}:
	default:
	}
}

func (m *mailbox) takeAll() []any {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := m.list
	m.list = nil
	return all
}
