package peer_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"conclave/call/relay"
)

// relayAt in the environment turns the test program into a relay that listens
// there. LiveKit's server leaves goroutines behind in a process, and a test of
// what our client leaves must not count them.
const relayAt = "CONCLAVE_TEST_RELAY_AT"

// TestMain runs the tests, and fails when a goroutine is left after all
// meetings, of ours or of the SDK's.
func TestMain(m *testing.M) {
	if at := os.Getenv(relayAt); at != "" {
		if err := serveRelay(at); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	code := m.Run()
	running.stop()
	if code == 0 {
		http.DefaultClient.CloseIdleConnections()
		if err := leaked(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

// leaked looks for goroutines. When the SDK's repair of a connection was cut
// short it first sleeps to the end of its pause, five seconds at most.
func leaked() error {
	var err error
	for limit := time.Now().Add(20 * time.Second); time.Now().Before(limit); {
		if err = goleak.Find(); err == nil {
			return nil
		}
	}
	return err
}

// serveRelay serves a relay, and tokens to whoever asks, until standard input
// ends.
func serveRelay(at string) error {
	srv, err := relay.Start(context.Background(), relay.Config{Local: true, Secret: strings.Repeat("not a secret ", 4)})
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("/", srv.Handler())
	mux.HandleFunc("/token", func(w http.ResponseWriter, q *http.Request) {
		token, err := srv.Token(q.FormValue("room"), q.FormValue("identity"))
		if err != nil {
			http.Error(w, "no token", http.StatusInternalServerError)
			return
		}
		_, _ = io.WriteString(w, token.Reveal()) // the client went away, then
	})
	l, err := net.Listen("tcp", at)
	if err != nil {
		return err
	}
	go func() { _ = http.Serve(l, mux) }() // ends with the process
	fmt.Println("http://" + l.Addr().String())
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

// helper is a relay in a process of its own.
type helper struct {
	url  string
	cmd  *exec.Cmd
	in   io.Closer
	once sync.Once
}

// running is the relay that all tests share, made by the first that needs one.
var running = &helper{}

func shared(t *testing.T) *helper {
	t.Helper()
	if running.cmd == nil {
		if err := running.start("127.0.0.1:0"); err != nil {
			t.Fatal(err)
		}
	}
	return running
}

func startHelper(t *testing.T, at string) *helper {
	t.Helper()
	h := &helper{}
	if err := h.start(at); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.stop)
	return h
}

func (h *helper) start(at string) error {
	h.cmd = exec.Command(os.Args[0])
	h.cmd.Env = append(os.Environ(), relayAt+"="+at)
	var said bytes.Buffer // mostly of data races inside LiveKit's server
	h.cmd.Stderr = &said
	in, err := h.cmd.StdinPipe()
	if err != nil {
		return err
	}
	out, err := h.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := h.cmd.Start(); err != nil {
		return err
	}
	h.in = in
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return errors.Join(err, h.cmd.Wait(), errors.New(said.String()))
	}
	h.url = strings.TrimSpace(line)
	return nil
}

// stop kills the relay as a crash would.
func (h *helper) stop() {
	h.once.Do(func() {
		if h.cmd == nil || h.in == nil {
			return
		}
		_ = h.cmd.Process.Kill() // ended already, then
		_ = h.in.Close()
		_ = h.cmd.Wait()
	})
}

func (h *helper) token(ctx context.Context, room, identity string) (string, error) {
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, h.url+"/token?"+url.Values{"room": {room}, "identity": {identity}}.Encode(), nil)
	if err != nil {
		return "", err
	}
	resp, err := http.DefaultClient.Do(q)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return string(b), err
}
