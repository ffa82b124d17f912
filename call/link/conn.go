package link

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/coder/websocket"

	"conclave/call/wire"
)

func start(ws *websocket.Conn, client *http.Client, c Config) *Conn {
	ctx, stop := context.WithCancel(context.Background())
	conn := &Conn{
		ws:     ws,
		client: client,
		inbox:  make(chan wire.Notice, inboxSize),
		done:   make(chan struct{}),
		closed: make(chan struct{}),
		stop:   stop,
	}
	conn.running.Go(func() { conn.read(ctx) })
	conn.running.Go(func() { conn.ping(ctx, c.PingEvery, c.DeadAfter-c.PingEvery) })
	return conn
}

// Send writes one message. A message that breaks a limit is refused and changes
// nothing; any other error, and a cancelled context, end the connection.
func (c *Conn) Send(ctx context.Context, m wire.Message) error {
	text, err := wire.Encode(m)
	if err != nil {
		return fmt.Errorf("send: %w", err)
	}
	if err := c.ws.Write(ctx, websocket.MessageText, text); err != nil {
		select {
		case <-c.closed:
			return fmt.Errorf("send %s: %w", m.Type(), ErrClosed)
		default:
			return fmt.Errorf("send %s: %w: %w", m.Type(), ErrLost, err)
		}
	}
	return nil
}

// Receive returns the next notice (as a wire.Message whose types are the
// notices). What arrived before the connection ended is returned first; then
// the error wraps ErrLost, ErrReplaced, ErrNotConclave (the service broke the
// protocol) or ErrClosed. A cancelled context returns its error and leaves the
// connection as it is.
func (c *Conn) Receive(ctx context.Context) (wire.Message, error) {
	select {
	case n := <-c.inbox:
		return n, nil
	default:
	}
	select {
	case n := <-c.inbox:
		return n, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("receive: %w", ctx.Err())
	case <-c.done:
	}
	select {
	case n := <-c.inbox:
		return n, nil
	default:
		return nil, fmt.Errorf("receive: %w", c.err)
	}
}

// Done is closed when the connection has ended.
func (c *Conn) Done() <-chan struct{} { return c.done }

// Close ends the connection and waits for its goroutines. It may be called more
// than once and while Send or Receive run.
func (c *Conn) Close() error {
	c.closing.Do(func() {
		close(c.closed)
		// A courtesy to the service; it must not hold the caller up.
		bye := time.AfterFunc(time.Second, func() { _ = c.ws.CloseNow() })
		_ = c.ws.Close(websocket.StatusNormalClosure, "")
		bye.Stop()
		c.stop()
		_ = c.ws.CloseNow()
	})
	c.running.Wait()
	c.client.CloseIdleConnections()
	return nil
}

func (c *Conn) read(ctx context.Context) {
	defer close(c.done)
	defer c.stop()
	for {
		n, err := read(ctx, c.ws)
		if err != nil {
			select {
			case <-c.closed:
				err = ErrClosed
			default:
			}
			c.err = err
			_ = c.ws.CloseNow()
			return
		}
		select {
		case c.inbox <- n:
		case <-ctx.Done():
			c.err = ErrLost
			select {
			case <-c.closed:
				c.err = ErrClosed
			default:
			}
			return
		}
	}
}

// ping ends the connection when no answer came in time.
func (c *Conn) ping(ctx context.Context, every, within time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		answer, cancel := context.WithTimeout(ctx, within)
		err := c.ws.Ping(answer)
		cancel()
		if err != nil {
			_ = c.ws.CloseNow()
			return
		}
	}
}
