package calltest

import (
	"context"
	"errors"
	"sync"

	"conclave/call/room"
	"conclave/call/wire"
	"conclave/keys"
)

// Errors of a Hall's connections.
var (
	ErrDown   = errors.New("the service is down")
	ErrClosed = errors.New("connection closed")
)

// Hall is the honest service's control half without a network: what clients
// send is encoded, decoded and handed to call/room as app/service does it.
type Hall struct {
	store room.Store
	relay room.Relay

	mu    sync.Mutex
	hall  *room.Hall
	down  bool
	conns map[*HallConn]bool
}

// NewHall starts a service that keeps its meetings in memory. relay is its
// media relay; nil is none.
func NewHall(relay room.Relay) *Hall {
	if relay == nil {
		relay = NoRelay{}
	}
	h := &Hall{store: room.NewMemory(), relay: relay, conns: map[*HallConn]bool{}}
	h.Start()
	return h
}

// Start begins a process, as after Kill.
func (h *Hall) Start() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.hall = room.NewHall(room.Config{Store: h.store, Relay: h.relay})
	h.down = false
}

// Kill ends the process: connections break, what was stored stays.
func (h *Hall) Kill() {
	h.mu.Lock()
	hall := h.hall
	h.down = true
	conns := h.conns
	h.conns = map[*HallConn]bool{}
	h.mu.Unlock()
	hall.Close()
	for c := range conns {
		_ = c.Close()
	}
}

// Close is Kill for good.
func (h *Hall) Close() { h.Kill() }

// Break cuts the connections of one device; it may come back.
func (h *Hall) Break(device keys.PublicKey) {
	h.mu.Lock()
	var cut []*HallConn
	for c := range h.conns {
		if c.device == device {
			cut = append(cut, c)
		}
	}
	h.mu.Unlock()
	for _, c := range cut {
		_ = c.Close()
	}
}

// Dial connects a device; it is believed to be who it says.
func (h *Hall) Dial(device keys.PublicKey) (*HallConn, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.down {
		return nil, ErrDown
	}
	c := &HallConn{hall: h, device: device, more: make(chan struct{}, 1), closed: make(chan struct{})}
	c.visit = h.hall.Visit(device, c, "ws://relay.test")
	h.conns[c] = true
	return c, nil
}

// HallConn is a client's connection to a Hall.
type HallConn struct {
	hall   *Hall
	device keys.PublicKey
	visit  *room.Visit
	more   chan struct{}
	closed chan struct{}
	once   sync.Once

	handling sync.Mutex // a Visit is used by one goroutine at a time
	mu       sync.Mutex
	queue    [][]byte
	muted    bool
}

// Mute loses whatever the service sends from now on.
func (c *HallConn) Mute() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.muted = true
}

// Send implements runner.Conn.
func (c *HallConn) Send(ctx context.Context, m wire.Message) error {
	text, err := wire.Encode(m)
	if err != nil {
		return err
	}
	request, err := wire.DecodeRequest(text)
	if err != nil {
		return err
	}
	c.handling.Lock()
	defer c.handling.Unlock()
	select {
	case <-c.closed:
		return ErrClosed
	default:
	}
	c.visit.Handle(ctx, request)
	return nil
}

// Receive implements runner.Conn.
func (c *HallConn) Receive(ctx context.Context) (wire.Message, error) {
	for {
		c.mu.Lock()
		if len(c.queue) > 0 {
			text := c.queue[0]
			c.queue = c.queue[1:]
			c.mu.Unlock()
			return wire.DecodeNotice(text)
		}
		c.mu.Unlock()
		select {
		case <-c.more:
		case <-c.closed:
			return nil, ErrClosed
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// Deliver implements room.Peer.
func (c *HallConn) Deliver(text []byte) {
	c.mu.Lock()
	if !c.muted {
		c.queue = append(c.queue, text)
	}
	c.mu.Unlock()
	select {
	case c.more <- struct{}{}:
	default:
	}
}

// Cut implements room.Peer.
func (c *HallConn) Cut(room.Cut) { go c.Close() }

// Close implements runner.Conn.
func (c *HallConn) Close() error {
	c.once.Do(func() {
		close(c.closed)
		c.hall.mu.Lock()
		delete(c.hall.conns, c)
		c.hall.mu.Unlock()
		c.handling.Lock()
		defer c.handling.Unlock()
		c.visit.Disconnected()
	})
	return nil
}

// NoRelay implements room.Relay without media.
type NoRelay struct{}

// Token returns a token that nobody accepts.
func (NoRelay) Token(_, identity string) (wire.Token, error) {
	return wire.Token("for " + identity), nil
}

// Remove does nothing.
func (NoRelay) Remove(_, _ string) {}

// Empty does nothing.
func (NoRelay) Empty(string) {}
