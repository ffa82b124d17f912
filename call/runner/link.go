package runner

import (
	"context"
	"sync"
	"time"

	"conclave/call"
	"conclave/call/wire"
)

const (
	// outbox is how many messages may wait for the network. A meeting makes a
	// handful a second; more means that the link is dead in all but name.
	outbox = 256
	// sendLimit is how long one message may take.
	sendLimit = 10 * time.Second
)

// connection is one Conn with its reader and its writer.
type connection struct {
	conn   Conn
	out    chan wire.Message
	cancel context.CancelFunc
	closed sync.Once
}

// What the connection's goroutines post.
type (
	dialled struct {
		attempt int
		conn    Conn
		err     error
	}
	received struct {
		from    *connection
		message wire.Message
	}
	broken struct {
		from *connection
		err  error
	}
)

func (r *Runner) startDial() {
	r.hangUp()
	ctx, cancel := context.WithTimeout(context.Background(), call.DialLimit)
	r.dial = cancel
	attempt := r.dials
	r.tasks.Go(func() {
		defer cancel()
		conn, err := r.cfg.Dial(ctx)
		select {
		case r.inbox <- dialled{attempt, conn, err}:
		case <-r.stop:
			if err == nil {
				_ = conn.Close()
			}
		}
	})
}

func (r *Runner) dialled(d dialled) {
	if d.attempt != r.dials {
		if d.err == nil {
			_ = d.conn.Close()
		}
		return
	}
	if d.err != nil {
		r.event(finalOf(d.err))
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	c := &connection{conn: d.conn, out: make(chan wire.Message, outbox), cancel: cancel}
	r.conn = c
	r.tasks.Go(func() { r.read(ctx, c) })
	r.tasks.Go(func() { r.write(ctx, c) })
	r.event(call.LinkReady{})
}

func (r *Runner) read(ctx context.Context, c *connection) {
	for {
		m, err := c.conn.Receive(ctx)
		if err != nil {
			r.post(broken{c, err})
			return
		}
		r.post(received{c, m})
	}
}

func (r *Runner) write(ctx context.Context, c *connection) {
	for {
		select {
		case <-ctx.Done():
			return
		case m := <-c.out:
			limit, cancel := context.WithTimeout(ctx, sendLimit)
			err := c.conn.Send(limit, m)
			cancel()
			if err != nil {
				r.post(broken{c, err})
				return
			}
		}
	}
}

// send queues a message for the link, if there is one.
func (r *Runner) send(m wire.Message) {
	if r.conn == nil {
		return
	}
	select {
	case r.conn.out <- m:
	default:
		r.hangUp()
		r.event(call.LinkFailed{})
	}
}

// hangUp closes the link and gives up dialling; what was on its way from
// either is not listened to any more.
func (r *Runner) hangUp() {
	r.dials++
	if r.dial != nil {
		r.dial()
		r.dial = nil
	}
	if r.conn == nil {
		return
	}
	c := r.conn
	r.conn = nil
	c.closed.Do(func() {
		c.cancel()
		_ = c.conn.Close()
	})
}
