package service_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"conclave/app/service"
	"conclave/call/relay"
	"conclave/call/wire"
	"conclave/keys"
)

// TestSlowClientsAreCut sends less than a whole request, and reads less than a
// whole answer.
func TestSlowClientsAreCut(t *testing.T) {
	failed := make(chan error, 2)
	s := start(t, service.Config{
		Connections: service.Connections{HeaderWithin: 50 * time.Millisecond, ReceiveWithin: 50 * time.Millisecond, AnswerWithin: 200 * time.Millisecond},
		Identity: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, err := io.Copy(io.Discard, r.Body)
			if r.Method == http.MethodGet {
				for err == nil {
					_, err = w.Write(make([]byte, 1<<20))
				}
			}
			failed <- err
			w.WriteHeader(http.StatusBadRequest)
		}),
	})
	for name, text := range map[string]string{
		"header": "GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ",
		"body":   "POST /v1/account HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nhello",
		"answer": "GET /v1/about HTTP/1.1\r\nHost: x\r\n\r\n",
	} {
		conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(conn, text); err != nil {
			t.Fatal(err)
		}
		if name != "header" {
			if err := <-failed; err == nil {
				t.Errorf("slow %s: the service waited to the end", name)
			}
		}
		if name != "answer" {
			_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
			if _, err := io.Copy(io.Discard, conn); errors.Is(err, errTimeout(err)) {
				t.Errorf("slow %s: the connection stays open", name)
			}
		}
		_ = conn.Close()
	}
}

// TestSlowBodiesAreCutEverywhere sends less than a body to where none is read:
// the server waits for its rest before it closes.
func TestSlowBodiesAreCutEverywhere(t *testing.T) {
	s := start(t, service.Config{Connections: service.Connections{ReceiveWithin: 50 * time.Millisecond, AnswerWithin: time.Second}})
	for _, first := range []string{"POST /nothing", "POST /healthz", "GET " + wire.Path, "POST " + wire.Path, "POST /rtc"} {
		conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		_, _ = fmt.Fprintf(conn, "%s HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nhello", first)
		_ = conn.SetReadDeadline(time.Now().Add(5 * time.Second))
		if _, err := io.Copy(io.Discard, conn); errors.Is(err, errTimeout(err)) {
			t.Errorf("%s: the connection stays open", first)
		}
		_ = conn.Close()
	}
}

// TestSocketsOutliveTheTimesOfRequests talks for longer than a request may take.
func TestSocketsOutliveTheTimesOfRequests(t *testing.T) {
	const within = 50 * time.Millisecond
	s := start(t, service.Config{Connections: service.Connections{ReceiveWithin: within, AnswerWithin: within, Rate: 1e6, Burst: 1e6, Bytes: 1 << 30}})
	c := dial(t, s.url, newDevice(t))
	for begin, ref := time.Now(), uint32(1); time.Since(begin) < 4*within; ref++ {
		c.send(wire.Look{Ref: ref, Meeting: keys.MeetingID{1}})
		if got := until[wire.Failed](c); got.Ref != ref {
			t.Fatalf("answered %d, want %d", got.Ref, ref)
		}
	}
}

// errTimeout returns err when it says that this side waited in vain.
func errTimeout(err error) error {
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		return err
	}
	return errors.New("another error")
}

// TestCloseLetsRequestsEnd closes the service while a request is answered.
func TestCloseLetsRequestsEnd(t *testing.T) {
	begun, goOn := make(chan struct{}), make(chan struct{})
	s, err := service.New(service.Config{
		Relay: relay.None{},
		Identity: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			close(begun)
			<-goOn
			_, _ = io.WriteString(w, "acknowledged")
		}),
	})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served, closed := make(chan error, 1), make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_, _ = fmt.Fprintf(conn, "POST /v1/signin/finish HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
	<-begun
	go func() { closed <- s.Close() }()
	if err := <-served; err != nil { // nobody new is let in from here on
		t.Error(err)
	}
	close(goOn)
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatalf("the request was cut: %v", err)
	}
	defer func() { _ = response.Body.Close() }()
	if text, _ := io.ReadAll(response.Body); string(text) != "acknowledged" {
		t.Errorf("got %q", text)
	}
	if err := <-closed; err != nil {
		t.Error(err)
	}
}
