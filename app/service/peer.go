package service

import (
	"context"
	"sync"
	"time"

	"github.com/coder/websocket"

	"conclave/call/room"
	"conclave/call/wire"
)

// peer is the sending side of one connection: a queue with a limit, one writer,
// one ping. Deliver and Cut may be called from any goroutine.
type peer struct {
	ws      *websocket.Conn
	limits  Connections
	end     context.CancelFunc
	slow    func()
	running sync.WaitGroup

	mu     sync.Mutex
	queue  [][]byte
	bytes  int
	status websocket.StatusCode // why it is being cut; 0 while it lives
	reason string
	more   chan struct{}
}

// writeWithin bounds the writing of one message.
const writeWithin = 20 * time.Second

func newPeer(ws *websocket.Conn, limits Connections, end context.CancelFunc, slow func()) *peer {
	return &peer{ws: ws, limits: limits, end: end, slow: slow, more: make(chan struct{}, 1)}
}

// Deliver implements room.Peer.
func (p *peer) Deliver(text []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.status != 0 {
		return
	}
	if p.bytes+len(text) > p.limits.Backlog {
		// It does not read, so it would not read a farewell either. It can
		// resume; what waits would only be late.
		p.queue, p.bytes = nil, 0
		p.status, p.reason = websocket.StatusGoingAway, "too slow"
		p.slow()
		p.end()
		return
	}
	p.queue = append(p.queue, text)
	p.bytes += len(text)
	p.wake()
}

// Cut implements room.Peer.
func (p *peer) Cut(why room.Cut) {
	switch why {
	case room.CutReplaced:
		p.cut(wire.CloseReplaced, "connected elsewhere")
	}
}

func (p *peer) cut(status websocket.StatusCode, reason string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.status == 0 {
		p.status, p.reason = status, reason
		p.wake()
	}
}

func (p *peer) wake() {
	select {
	case p.more <- struct{}{}:
	default:
	}
}

func (p *peer) deliver(n wire.Notice) {
	if text, err := wire.Encode(n); err == nil {
		p.Deliver(text)
	}
}

// next takes the oldest message, or the reason to close.
func (p *peer) next() (text []byte, status websocket.StatusCode, reason string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.queue) == 0 {
		return nil, p.status, p.reason
	}
	text, p.queue[0] = p.queue[0], nil
	p.queue = p.queue[1:]
	p.bytes -= len(text)
	return text, 0, ""
}

// write sends until the connection ends, and ends it when that fails.
func (p *peer) write(ctx context.Context) {
	defer p.end()
	for {
		text, status, reason := p.next()
		switch {
		case text != nil:
			if !p.send(ctx, text) {
				return
			}
		case status != 0:
			// Close waits for the other side, which may never answer.
			hangUp := time.AfterFunc(time.Second, func() { _ = p.ws.CloseNow() })
			_ = p.ws.Close(status, reason)
			hangUp.Stop()
			return
		default:
			select {
			case <-ctx.Done():
				return
			case <-p.more:
			}
		}
	}
}

func (p *peer) send(ctx context.Context, text []byte) bool {
	ctx, cancel := context.WithTimeout(ctx, writeWithin)
	defer cancel()
	if err := p.ws.Write(ctx, websocket.MessageText, text); err != nil {
		_ = p.ws.CloseNow()
		return false
	}
	return true
}

// ping ends the connection when the client has not answered for DeadAfter.
func (p *peer) ping(ctx context.Context) {
	tick := time.NewTicker(p.limits.PingEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		answer, cancel := context.WithTimeout(ctx, max(p.limits.DeadAfter-p.limits.PingEvery, time.Second))
		err := p.ws.Ping(answer)
		cancel()
		if err != nil {
			_ = p.ws.CloseNow()
			p.end()
			return
		}
	}
}

func (p *peer) wait() { p.running.Wait() }
