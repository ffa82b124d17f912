package registrytest

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"sync"
	"testing"
	"time"

	"conclave/keys/registry/channel"
)

// Gateway is an SMS provider. It checks the signature of each request.
type Gateway struct {
	Secret []byte
	server *httptest.Server
	done   chan struct{}

	mutex  sync.Mutex
	codes  map[string]string // by number
	last   string            // attempt of the newest message
	status int
	hang   bool
	forged int
}

// NewGateway starts one that ends with the test.
func NewGateway(t testing.TB) *Gateway {
	t.Helper()
	g := &Gateway{Secret: []byte("gateway secret"), codes: map[string]string{}, done: make(chan struct{})}
	g.server = httptest.NewServer(http.HandlerFunc(g.take))
	t.Cleanup(func() {
		close(g.done)
		g.server.Close()
	})
	return g
}

// Config is how a service reaches it.
func (g *Gateway) Config() channel.GatewayConfig {
	cfg, err := channel.Provider("generic")
	if err != nil {
		panic(err)
	}
	cfg.URL, cfg.Secret, cfg.From, cfg.Timeout = g.server.URL+"/sms", g.Secret, "Conclave", time.Second
	return cfg
}

// Answer makes it answer with a status; 0 is back to normal.
func (g *Gateway) Answer(status int) {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	g.status = status
}

// Hang makes it never answer.
func (g *Gateway) Hang(hang bool) {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	g.hang = hang
}

// Code returns the newest code that a number got, or "".
func (g *Gateway) Code(number string) string {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	return g.codes[number]
}

// Last returns the attempt of the newest message.
func (g *Gateway) Last() string {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	return g.last
}

// Forged counts requests with a wrong signature.
func (g *Gateway) Forged() int {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	return g.forged
}

var smsPattern = regexp.MustCompile(`^(\d{6}) is your code`)

func (g *Gateway) take(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	g.mutex.Lock()
	hang, status := g.hang, g.status
	g.mutex.Unlock()
	if hang {
		select {
		case <-g.done:
		case <-r.Context().Done():
		}
		return
	}
	if err != nil || channel.Verify(g.Secret, r.Header.Get(channel.SignatureHeader), body, time.Now()) != nil {
		g.mutex.Lock()
		g.forged++
		g.mutex.Unlock()
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	if status != 0 {
		w.WriteHeader(status)
		return
	}
	var m struct{ To, From, Text, Reference string }
	if json.Unmarshal(body, &m) != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	code := smsPattern.FindStringSubmatch(m.Text)
	g.mutex.Lock()
	defer g.mutex.Unlock()
	if code != nil {
		g.codes[m.To] = code[1]
	}
	g.last = m.Reference
}
