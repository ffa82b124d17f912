package link_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
	"go.uber.org/goleak"

	"conclave/call/link"
	"conclave/call/wire"
	"conclave/keys"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// serve runs a service written by the test, which gets each accepted socket.
func serve(t *testing.T, f func(context.Context, *websocket.Conn)) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ws, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer func() { _ = ws.CloseNow() }()
		f(r.Context(), ws)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func tell(t *testing.T, ctx context.Context, ws *websocket.Conn, n wire.Notice) {
	text, err := wire.Encode(n)
	if err != nil {
		t.Error(err)
	}
	_ = ws.Write(ctx, websocket.MessageText, text)
}

// greet is the service's half of the greeting.
func greet(t *testing.T, ctx context.Context, ws *websocket.Conn) bool {
	tell(t, ctx, ws, wire.Challenge{Version: 1, Nonce: make([]byte, wire.NonceSize)})
	_, text, err := ws.Read(ctx)
	if err != nil {
		return false
	}
	if _, err := wire.DecodeRequest(text); err != nil {
		t.Errorf("hello: %v", err)
		return false
	}
	tell(t, ctx, ws, wire.Ready{})
	return true
}

func config(t *testing.T, url string) link.Config {
	t.Helper()
	d, err := keys.NewDeviceKey()
	if err != nil {
		t.Fatal(err)
	}
	return link.Config{Service: url, Device: d}
}

func dial(t *testing.T, c link.Config) *link.Conn {
	t.Helper()
	conn, err := link.Dial(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func TestWhatCameBeforeTheEndIsReceivedFirst(t *testing.T) {
	conn := dial(t, config(t, serve(t, func(ctx context.Context, ws *websocket.Conn) {
		if greet(t, ctx, ws) {
			tell(t, ctx, ws, wire.Done{Ref: 1})
			tell(t, ctx, ws, wire.Done{Ref: 2})
			_ = ws.Close(wire.CloseReplaced, "")
		}
	})))
	<-conn.Done()
	for ref := uint32(1); ref <= 2; ref++ {
		if m, err := conn.Receive(t.Context()); err != nil || m != (wire.Done{Ref: ref}) {
			t.Errorf("got %v, %v; want Done %d", m, err, ref)
		}
	}
	if _, err := conn.Receive(t.Context()); !errors.Is(err, link.ErrReplaced) {
		t.Errorf("got %v, want ErrReplaced", err)
	}
	if err := conn.Send(t.Context(), wire.Leave{Ref: 1}); !errors.Is(err, link.ErrLost) {
		t.Errorf("send: got %v, want ErrLost", err)
	}
}

func TestSilentServiceIsGivenUp(t *testing.T) {
	var pinged atomic.Bool
	release := make(chan struct{})
	defer close(release)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{OnPingReceived: func(context.Context, []byte) bool {
			pinged.Store(true)
			return false // no answer
		}})
		if err != nil {
			return
		}
		defer func() { _ = ws.CloseNow() }()
		if greet(t, r.Context(), ws) {
			_, _, _ = ws.Read(r.Context())
		}
	}))
	t.Cleanup(s.Close)
	c := config(t, s.URL)
	c.PingEvery, c.DeadAfter = 20*time.Millisecond, 80*time.Millisecond
	conn := dial(t, c)
	if _, err := conn.Receive(t.Context()); !errors.Is(err, link.ErrLost) || !pinged.Load() {
		t.Errorf("got %v, pinged %v; want ErrLost after a ping", err, pinged.Load())
	}
}

func TestAnsweringServiceIsKept(t *testing.T) {
	pings := make(chan struct{}, 100)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{OnPingReceived: func(context.Context, []byte) bool {
			pings <- struct{}{}
			return true
		}})
		if err != nil {
			return
		}
		defer func() { _ = ws.CloseNow() }()
		if greet(t, r.Context(), ws) {
			_, _, _ = ws.Read(r.Context())
		}
	}))
	t.Cleanup(s.Close)
	c := config(t, s.URL)
	c.PingEvery, c.DeadAfter = 5*time.Millisecond, 5*time.Second
	conn := dial(t, c)
	for range 5 {
		<-pings
	}
	select {
	case <-conn.Done():
		t.Error("given up, though it answers")
	default:
	}
	if err := conn.Close(); err != nil {
		t.Error(err)
	}
	if _, err := conn.Receive(t.Context()); !errors.Is(err, link.ErrClosed) {
		t.Errorf("after Close: got %v, want ErrClosed", err)
	}
	if err := conn.Send(t.Context(), wire.Leave{Ref: 1}); !errors.Is(err, link.ErrClosed) {
		t.Errorf("send after Close: got %v, want ErrClosed", err)
	}
}

func TestCancelledReceiveKeepsTheConnection(t *testing.T) {
	conn := dial(t, config(t, serve(t, func(ctx context.Context, ws *websocket.Conn) {
		if greet(t, ctx, ws) {
			_, _, _ = ws.Read(ctx)
			tell(t, ctx, ws, wire.Done{Ref: 1})
			_, _, _ = ws.Read(ctx)
		}
	})))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := conn.Receive(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want Canceled", err)
	}
	if err := conn.Send(t.Context(), wire.Leave{Ref: 1}); err != nil {
		t.Fatal(err)
	}
	if m, err := conn.Receive(t.Context()); err != nil || m != (wire.Done{Ref: 1}) {
		t.Errorf("got %v, %v", m, err)
	}
}

func TestBadMessageIsRefusedBeforeSending(t *testing.T) {
	conn := dial(t, config(t, serve(t, func(ctx context.Context, ws *websocket.Conn) {
		if greet(t, ctx, ws) {
			_, _, _ = ws.Read(ctx)
			tell(t, ctx, ws, wire.Done{Ref: 1})
			_, _, _ = ws.Read(ctx)
		}
	})))
	if err := conn.Send(t.Context(), wire.Say{Ref: 1, Message: make([]byte, wire.MaxSaid+1)}); !errors.Is(err, wire.ErrMalformed) {
		t.Errorf("got %v, want ErrMalformed", err)
	}
	if err := conn.Send(t.Context(), wire.Leave{Ref: 1}); err != nil {
		t.Errorf("the connection suffered: %v", err)
	}
	if _, err := conn.Receive(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestDialErrors(t *testing.T) {
	notFound := httptest.NewServer(http.NotFoundHandler())
	defer notFound.Close()
	full := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTooManyRequests) }))
	defer full.Close()
	secure := httptest.NewTLSServer(http.NotFoundHandler())
	defer secure.Close()
	gone := httptest.NewServer(nil)
	gone.Close()
	refuses := func(n wire.Notice) string {
		return serve(t, func(ctx context.Context, ws *websocket.Conn) {
			tell(t, ctx, ws, n)
			_, _, _ = ws.Read(ctx)
		})
	}
	rows := []struct {
		name, url, pin string
		want           error
	}{
		{"not a URL", "::", "", link.ErrUnreachable},
		{"other scheme", "ftp://127.0.0.1", "", link.ErrUnreachable},
		{"http to the outside", "http://192.0.2.1", "", link.ErrUnreachable},
		{"nobody there", gone.URL, "", link.ErrUnreachable},
		{"another server", notFound.URL, "", link.ErrNotConclave},
		{"too many", full.URL, "", wire.CodeBusy},
		{"unknown authority", secure.URL, "", link.ErrCertificate},
		{"wrong pin", secure.URL, strings.Repeat("A", 43), link.ErrCertificate},
		{"broken pin", secure.URL, "*", link.ErrCertificate},
		{"no challenge", refuses(wire.Ready{}), "", link.ErrNotConclave},
		{"refused", serve(t, func(ctx context.Context, ws *websocket.Conn) {
			tell(t, ctx, ws, wire.Challenge{Version: 2, Nonce: make([]byte, wire.NonceSize)})
			_, _, _ = ws.Read(ctx)
			tell(t, ctx, ws, wire.Failed{Code: wire.CodeVersion})
			_, _, _ = ws.Read(ctx)
		}), "", wire.CodeVersion},
		{"garbage", serve(t, func(ctx context.Context, ws *websocket.Conn) {
			_ = ws.Write(ctx, websocket.MessageText, []byte("hello?"))
			_, _, _ = ws.Read(ctx)
		}), "", link.ErrNotConclave},
	}
	for _, row := range rows {
		c := config(t, row.url)
		c.Pin = row.pin
		if _, err := link.Dial(t.Context(), c); !errors.Is(err, row.want) {
			t.Errorf("%s: got %v, want %v", row.name, err, row.want)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := link.Dial(ctx, config(t, notFound.URL)); err == nil {
		t.Error("a cancelled dial succeeds")
	}
}

func TestServiceThatBreaksTheProtocolIsDropped(t *testing.T) {
	conn := dial(t, config(t, serve(t, func(ctx context.Context, ws *websocket.Conn) {
		if greet(t, ctx, ws) {
			_ = ws.Write(ctx, websocket.MessageText, []byte(`{"type":"leave","ref":1}`))
			_, _, _ = ws.Read(ctx)
		}
	})))
	if _, err := conn.Receive(t.Context()); !errors.Is(err, link.ErrNotConclave) {
		t.Errorf("got %v, want ErrNotConclave", err)
	}
}

func TestBackoff(t *testing.T) {
	for _, row := range []struct {
		n      int
		jitter float64
		want   time.Duration
	}{
		{0, 0, 300 * time.Millisecond},
		{1, 0, 300 * time.Millisecond},
		{1, 1, 225 * time.Millisecond},
		{2, 0, 1200 * time.Millisecond},
		{10, 0, 30 * time.Second},
		{15, 0, 60 * time.Second},
		{15, 1, 45 * time.Second},
		{1 << 40, 0, 60 * time.Second},
		{3, 7, 2025 * time.Millisecond},
		{3, -1, 2700 * time.Millisecond},
	} {
		if got := link.Backoff(row.n, row.jitter); got != row.want {
			t.Errorf("Backoff(%d, %v) = %v, want %v", row.n, row.jitter, got, row.want)
		}
	}
}
