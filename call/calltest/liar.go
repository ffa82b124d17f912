package calltest

import (
	"context"
	"sync"

	"conclave/call/runner"
	"conclave/call/wire"
	"conclave/keys"
)

// Liar is a lying service: it stands between clients and an honest one, reads
// and changes what goes either way, and is good at it: whatever it adds or
// leaves out, each client gets a sequence without a gap.
type Liar struct {
	mu    sync.Mutex
	up    Lie
	down  Lie
	lines map[keys.PublicKey]*line
}

// Lie turns one message into those that the other side gets: none, it, or
// others. It is called by one goroutine at a time.
type Lie func(client keys.PublicKey, m wire.Message) []wire.Message

// NewLiar returns one that is honest so far.
func NewLiar() *Liar { return &Liar{lines: map[keys.PublicKey]*line{}} }

// Up sets the lie on what clients say; nil is honesty.
func (l *Liar) Up(lie Lie) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.up = lie
}

// Down sets the lie on what the service says; nil is honesty.
func (l *Liar) Down(lie Lie) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.down = lie
}

// Between puts the liar between a client and the service.
func (l *Liar) Between(client keys.PublicKey, service runner.Conn) runner.Conn {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := l.lines[client]
	if n == nil {
		n = &line{}
		l.lines[client] = n
	}
	c := &liarConn{liar: l, client: client, line: n, service: service, more: make(chan struct{}, 1), closed: make(chan struct{})}
	n.conn = c
	go c.pump()
	return c
}

// Tell says something to a client that no honest service said. Ordered and
// Said get the client's next sequence.
func (l *Liar) Tell(client keys.PublicKey, messages ...wire.Message) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if n := l.lines[client]; n != nil {
		for _, m := range messages {
			n.conn.push(m, 0)
		}
	}
}

// line is what a client was told, over all of its connections.
type line struct {
	conn  *liarConn // the newest
	told  uint64    // sequence, as the client has it
	after uint64    // and as the service has it
}

type liarConn struct {
	liar    *Liar
	client  keys.PublicKey
	line    *line
	service runner.Conn
	more    chan struct{}
	closed  chan struct{}
	once    sync.Once

	mu    sync.Mutex
	queue []wire.Message
	err   error
}

// pump reads the service and lies.
func (c *liarConn) pump() {
	for {
		m, err := c.service.Receive(context.Background())
		c.liar.mu.Lock()
		if err != nil {
			c.mu.Lock()
			c.err = err
			c.mu.Unlock()
			c.wake()
			c.liar.mu.Unlock()
			return
		}
		out := []wire.Message{m}
		if c.liar.down != nil {
			out = c.liar.down(c.client, m)
		}
		real := sequence(m)
		if len(out) == 0 {
			c.line.after = max(c.line.after, real)
		}
		for _, m := range out {
			c.push(m, real)
		}
		c.liar.mu.Unlock()
	}
}

func sequence(m wire.Message) uint64 {
	switch m := m.(type) {
	case wire.Joined:
		return m.Sequence
	case wire.Ordered:
		return m.Sequence
	case wire.Said:
		return m.Sequence
	}
	return 0
}

// push queues a message for the client with the sequence that it expects. The
// liar is locked.
func (c *liarConn) push(m wire.Message, real uint64) {
	c.line.after = max(c.line.after, real)
	switch w := m.(type) {
	case wire.Joined:
		c.line.told = w.Sequence
	case wire.Ordered:
		c.line.told++
		w.Sequence = c.line.told
		m = w
	case wire.Said:
		c.line.told++
		w.Sequence = c.line.told
		m = w
	}
	c.mu.Lock()
	c.queue = append(c.queue, m)
	c.mu.Unlock()
	c.wake()
}

func (c *liarConn) wake() {
	select {
	case c.more <- struct{}{}:
	default:
	}
}

// Send implements runner.Conn.
func (c *liarConn) Send(ctx context.Context, m wire.Message) error {
	c.liar.mu.Lock()
	out := []wire.Message{m}
	if c.liar.up != nil {
		out = c.liar.up(c.client, m)
	}
	for i, m := range out {
		if r, ok := m.(wire.Resume); ok {
			r.After = c.line.after
			out[i] = r
		}
	}
	c.liar.mu.Unlock()
	for _, m := range out {
		if err := c.service.Send(ctx, m); err != nil {
			return err
		}
	}
	return nil
}

// Receive implements runner.Conn.
func (c *liarConn) Receive(ctx context.Context) (wire.Message, error) {
	for {
		c.mu.Lock()
		if len(c.queue) > 0 {
			m := c.queue[0]
			c.queue = c.queue[1:]
			c.mu.Unlock()
			return m, nil
		}
		err := c.err
		c.mu.Unlock()
		if err != nil {
			return nil, err
		}
		select {
		case <-c.more:
		case <-c.closed:
			return nil, ErrClosed
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// Close implements runner.Conn.
func (c *liarConn) Close() error {
	c.once.Do(func() { close(c.closed) })
	return c.service.Close()
}
