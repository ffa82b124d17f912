// Tests of the whole meeting: real clients (core, link, peer, media, codecs)
// against the real service with its relay. The service runs in a process of
// its own, as it does in life: it can be killed, and what its relay leaves
// behind does not hide what our clients leave behind.
package main_test

import (
	"bufio"
	"context"
	"encoding/gob"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"conclave/app/service"
	"conclave/call/relay"
	"conclave/call/relay/relaytest"
	"conclave/call/room"
	"conclave/call/room/sqlite"
	"conclave/keys"
)

// serviceAt in the environment turns the test program into a service.
const serviceAt = "CONCLAVE_TEST_SERVICE"

// orders are what a test wants of its service; in the environment as JSON.
type orders struct {
	Listen string // address
	File   string // of the store; "" keeps meetings in memory
	// Identity is where a registry is served; "" for none.
	Identity string
}

func TestMain(m *testing.M) {
	if text := os.Getenv(serviceAt); text != "" {
		if err := serve(text); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	before := goleak.IgnoreCurrent() // what the imported packages keep running
	code := m.Run()
	common.stop()
	http.DefaultClient.CloseIdleConnections()
	if code == 0 {
		if err := leaked(before); err != nil {
			fmt.Fprintln(os.Stderr, "goroutines are left after all meetings:", err)
			code = 1
		}
	}
	os.Exit(code)
}

// leaked looks for goroutines of ours. LiveKit's client sleeps to the end of a
// pause, five seconds at most, when its repair of a connection is cut short.
func leaked(before goleak.Option) error {
	var err error
	for limit := time.Now().Add(15 * time.Second); time.Now().Before(limit); {
		if err = goleak.Find(before); err == nil {
			return nil
		}
	}
	return err
}

// secret is the relay's, which the tests play the operator with.
var secret = strings.Repeat("operator ", 5)

// serve runs a service until standard input ends, with an operator's door
// beside it.
func serve(text string) error {
	var o orders
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		return err
	}
	media, err := relay.Start(context.Background(), relay.Config{Local: true, Secret: secret})
	if err != nil {
		return err
	}
	var store room.Store
	if o.File != "" {
		if store, err = sqlite.Open(context.Background(), o.File); err != nil {
			return err
		}
	}
	cfg := service.Config{Store: store, Relay: media}
	if o.Identity != "" {
		cfg.Identity = behind(o.Identity)
	}
	s, err := service.New(cfg)
	if err != nil {
		return err
	}
	front, err := net.Listen("tcp", o.Listen)
	if err != nil {
		return err
	}
	back, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	go func() { _ = s.Serve(front) }() // both end with the process
	go func() { _ = http.Serve(back, operator(media)) }()
	fmt.Println("http://"+front.Addr().String(), "http://"+back.Addr().String())
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

// behind serves what the registry at address does. The Host stays what the
// client dialled, for it is part of each signature.
func behind(address string) http.Handler {
	return &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.Out.URL.Scheme, r.Out.URL.Host = "http", strings.TrimPrefix(address, "http://")
	}}
}

// operator is what the operator of a relay can do: let anybody in, and record
// all that passes.
func operator(s *relay.Server) http.Handler {
	mux := http.NewServeMux()
	watched := map[string]*relaytest.Observer{}
	var mu sync.Mutex
	mux.HandleFunc("/token", func(w http.ResponseWriter, q *http.Request) {
		token, err := s.Token(q.FormValue("room"), q.FormValue("identity"))
		if err != nil {
			http.Error(w, "no token", http.StatusInternalServerError)
			return
		}
		_, _ = io.WriteString(w, token.Reveal())
	})
	mux.HandleFunc("/watch", func(w http.ResponseWriter, q *http.Request) {
		o, err := relaytest.Observe(s, secret, q.FormValue("room"))
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		mu.Lock()
		defer mu.Unlock()
		watched[q.FormValue("room")] = o
	})
	mux.HandleFunc("/seen", func(w http.ResponseWriter, q *http.Request) {
		mu.Lock()
		o := watched[q.FormValue("room")]
		mu.Unlock()
		if o == nil {
			http.Error(w, "nobody watches", http.StatusNotFound)
			return
		}
		_ = gob.NewEncoder(w).Encode(seen{o.Packets(), o.Facts()})
	})
	return mux
}

// seen is what an operator has recorded of a room.
type seen struct {
	Packets []relaytest.Packet
	Facts   []string
}

// helper is a service in a process of its own.
type helper struct {
	url, back string
	cmd       *exec.Cmd
	in        io.Closer
}

// common is the service that most tests share; serviceOf starts it.
var common = &helper{}

func serviceOf(t testing.TB) *helper {
	t.Helper()
	if common.cmd == nil {
		if err := common.start(orders{Listen: "127.0.0.1:0"}); err != nil {
			t.Fatal(err)
		}
	}
	return common
}

func (h *helper) start(o orders) error {
	text, err := json.Marshal(o)
	if err != nil {
		return err
	}
	h.cmd = exec.Command(os.Args[0])
	h.cmd.Env = append(os.Environ(), serviceAt+"="+string(text))
	h.cmd.Stderr = io.Discard // data races inside LiveKit's server
	if h.in, err = h.cmd.StdinPipe(); err != nil {
		return err
	}
	out, err := h.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := h.cmd.Start(); err != nil {
		return err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return errors.Join(errors.New("the service did not start"), err, h.cmd.Wait())
	}
	if _, err := fmt.Sscan(line, &h.url, &h.back); err != nil {
		return err
	}
	return nil
}

// stop kills the service as a crash would.
func (h *helper) stop() {
	if h.cmd == nil {
		return
	}
	_ = h.in.Close()
	_ = h.cmd.Process.Kill()
	_ = h.cmd.Wait()
	h.cmd = nil
}

// ask does something as the operator.
func (h *helper) ask(t testing.TB, what string, form url.Values) io.ReadCloser {
	t.Helper()
	r, err := http.PostForm(h.back+what, form)
	if err != nil {
		t.Fatal(err)
	}
	if r.StatusCode != http.StatusOK {
		t.Fatalf("the operator's %s: %s", what, r.Status)
	}
	return r.Body
}

// token lets an identity into a meeting's room, whoever it is.
func (h *helper) token(t testing.TB, id keys.MeetingID, identity string) string {
	t.Helper()
	body := h.ask(t, "/token", url.Values{"room": {keys.RelayRoom(id)}, "identity": {identity}})
	defer body.Close()
	text, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// watch begins the operator's recording of a meeting.
func (h *helper) watch(t testing.TB, id keys.MeetingID) {
	t.Helper()
	_ = h.ask(t, "/watch", url.Values{"room": {keys.RelayRoom(id)}}).Close()
}

// seen returns the recording so far.
func (h *helper) seen(t testing.TB, id keys.MeetingID) (s seen) {
	t.Helper()
	body := h.ask(t, "/seen", url.Values{"room": {keys.RelayRoom(id)}})
	defer body.Close()
	if err := gob.NewDecoder(body).Decode(&s); err != nil {
		t.Fatal(err)
	}
	return s
}
