package service

import (
	"context"
	"crypto/rand"
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/coder/websocket"

	"conclave/call/room"
	"conclave/call/wire"
)

// misuseLimit is how many malformed messages, or messages over the rate, one
// connection may send before it is cut: enough for a clumsy client to be told.
const (
	malformedLimit = 8
	tooFastLimit   = 1000
)

// control serves one control socket:
//
//	challenge -> hello -> ready -> requests and notices -> closed
func (s *Service) control(w http.ResponseWriter, r *http.Request) {
	address, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		address = r.RemoteAddr
	}
	if !s.arrive(address) {
		s.counts.refused.Add(1)
		http.Error(w, "too many connections", http.StatusTooManyRequests)
		return
	}
	defer s.depart(address)
	// No origin patterns: a browser page of another site is refused.
	ws, err := websocket.Accept(w, r, nil)
	if err != nil {
		return // answered
	}
	defer func() { _ = ws.CloseNow() }()
	ws.SetReadLimit(wire.MaxMessage)
	s.counts.connections.Add(1)

	ctx, cancel := context.WithCancel(s.life)
	defer cancel()
	hello, err := s.greet(ctx, ws, r.Host)
	if err != nil {
		_ = ws.Close(wire.CloseMisused, "no valid hello")
		return
	}
	p := newPeer(ws, s.config.Connections, cancel, func() { s.counts.slow.Add(1) })
	defer p.wait()
	defer cancel()
	p.running.Go(func() { p.write(ctx) })
	p.running.Go(func() { p.ping(ctx) })
	p.deliver(wire.Ready{})
	visit := s.hall.Visit(hello.Device, p, s.mediaURL(r))
	defer visit.Disconnected()
	s.serve(ctx, ws, p, visit)
}

// arrive counts a connection in, unless there are too many.
func (s *Service) arrive(address string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.config.Connections
	if s.closed || s.open >= c.All || s.guests[address] >= c.PerAddress {
		return false
	}
	s.open++
	s.guests[address]++
	s.work.Add(1)
	return true
}

func (s *Service) depart(address string) {
	s.mu.Lock()
	s.open--
	if s.guests[address]--; s.guests[address] == 0 {
		delete(s.guests, address)
	}
	s.mu.Unlock()
	s.work.Done()
}

var errGreeting = errors.New("greeting failed")

// greet lets the client prove its device.
func (s *Service) greet(ctx context.Context, ws *websocket.Conn, authority string) (wire.Hello, error) {
	ctx, cancel := context.WithTimeout(ctx, s.config.Connections.HelloWithin)
	defer cancel()
	nonce := make([]byte, wire.NonceSize)
	_, _ = rand.Read(nonce) // never fails
	if err := writeNow(ctx, ws, wire.Challenge{Version: wire.Version, Nonce: nonce}); err != nil {
		return wire.Hello{}, err
	}
	kind, text, err := ws.Read(ctx)
	if err != nil {
		return wire.Hello{}, err
	}
	m, err := wire.DecodeRequest(text)
	hello, ok := m.(wire.Hello)
	code := wire.CodeBadRequest
	switch {
	case err != nil || !ok || kind != websocket.MessageText:
	case hello.Version != wire.Version:
		code = wire.CodeVersion
	case hello.Verify(nonce, authority):
		return hello, nil
	}
	s.counts.malformed.Add(1)
	_ = writeNow(ctx, ws, wire.Failed{Code: code})
	return wire.Hello{}, errGreeting
}

func writeNow(ctx context.Context, ws *websocket.Conn, n wire.Notice) error {
	text, err := wire.Encode(n)
	if err != nil {
		return err
	}
	return ws.Write(ctx, websocket.MessageText, text)
}

// serve reads requests until the connection ends or is misused.
func (s *Service) serve(ctx context.Context, ws *websocket.Conn, p *peer, visit *room.Visit) {
	c := s.config.Connections
	messages := newBucket(c.Rate, float64(c.Burst))
	size := newBucket(float64(c.Bytes), 4*float64(c.Bytes))
	malformed, tooFast := 0, 0
	for {
		kind, text, err := ws.Read(ctx)
		if err != nil {
			return
		}
		request, err := wire.DecodeRequest(text)
		now := time.Now()
		switch {
		case !messages.take(now, 1) || !size.take(now, float64(len(text))):
			s.counts.tooFast.Add(1)
			tooFast++
			failed := wire.Failed{Code: wire.CodeTooFast}
			if err == nil {
				failed.Ref = request.Reference()
			}
			p.deliver(failed)
		case err != nil || kind != websocket.MessageText:
			s.counts.malformed.Add(1)
			malformed++
			code := wire.CodeBadRequest
			if errors.Is(err, wire.ErrTooLarge) {
				code = wire.CodeTooLarge
			}
			p.deliver(wire.Failed{Code: code})
		default:
			visit.Handle(ctx, request)
		}
		if malformed >= malformedLimit || tooFast >= tooFastLimit {
			p.cut(wire.CloseMisused, "misused")
			<-ctx.Done()
			return
		}
	}
}

// mediaURL is what this client dials for media: where it found this service.
func (s *Service) mediaURL(r *http.Request) string {
	base := s.config.URL
	if base == "" {
		scheme := "http"
		if r.TLS != nil {
			scheme = "https"
		}
		base = scheme + "://" + r.Host
	}
	return "ws" + base[len("http"):]
}

// bucket is a token bucket: rate a second, at most burst at once.
type bucket struct {
	rate, burst, level float64
	last               time.Time
}

func newBucket(rate, burst float64) *bucket { return &bucket{rate: rate, burst: burst, level: burst} }

func (b *bucket) take(now time.Time, n float64) bool {
	if !b.last.IsZero() {
		b.level = min(b.burst, b.level+b.rate*now.Sub(b.last).Seconds())
	}
	b.last = now
	if b.level < n {
		return false
	}
	b.level -= n
	return true
}
