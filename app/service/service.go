// Package service joins the halves of a Conclave service behind one port: the
// control socket, the media relay's /rtc, a page for people who open a meeting's
// link in a browser, health, and figures.
//
// Use [New], then [Service.Serve] with a listener of your own (plain, or TLS).
// It decides nothing about meetings (call/room does) and reads no media
// (call/relay forwards it); it cannot import what decrypts.
//
// Trust zone: service. It logs no names, devices, tokens, addresses or contents.
package service

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"conclave/call/room"
	"conclave/call/wire"
)

// Relay is the media relay behind this service.
type Relay interface {
	room.Relay
	// Handler serves the relay's own signalling, under /rtc.
	Handler() http.Handler
	// Close ends all calls and stops the relay.
	Close() error
}

// Config of a Service.
type Config struct {
	// Store keeps the meetings; nil: memory. New's caller closes it, after Close.
	Store room.Store
	// Relay forwards the media; required. Close closes it.
	Relay Relay
	// Identity serves accounts, verification and the transparency log, under /v1/,
	// /log/ and /disclosures; nil: none. New's caller closes what is behind it,
	// after Close.
	Identity http.Handler
	// Figures are shown with the service's own; nil: none.
	Figures prometheus.Collector
	// URL is the base under which clients reach this service, where that is not
	// what they dial: "https://meet.example.org". Usually empty.
	URL string
	// Limits of meetings, and of connections.
	Limits      room.Limits
	Connections Connections
	// Log gets what an operator should know; nil discards.
	Log *slog.Logger
}

// Connections limits what one client may do. A zero field takes its default.
type Connections struct {
	// All and PerAddress bound the open control connections (20,000; 400, as a
	// school is behind one address).
	All, PerAddress int
	// Rate and Burst bound the messages of one connection (50 a second, 300).
	Rate  float64
	Burst int
	// Bytes bounds those of one connection a second (1 MiB; four times that at
	// once).
	Bytes int
	// Backlog is how many bytes may wait for a slow reader (16 MiB). It has to
	// hold a whole replay: Limits.Bytes as base64, and an eighth more.
	Backlog int
	// PingEvery and DeadAfter watch each connection (20 s, 45 s).
	PingEvery, DeadAfter time.Duration
	// HelloWithin bounds the greeting (10 s).
	HelloWithin time.Duration
	// HeaderWithin, ReceiveWithin and AnswerWithin bound a plain request: its
	// header (10 s), its body (20 s), and the reading of the answer (60 s).
	HeaderWithin, ReceiveWithin, AnswerWithin time.Duration
}

func (c Connections) orDefault() Connections {
	or(&c.All, 20_000)
	or(&c.PerAddress, 400)
	or(&c.Rate, 50)
	or(&c.Burst, 300)
	or(&c.Bytes, wire.MaxMessage)
	or(&c.Backlog, 16<<20)
	or(&c.PingEvery, 20*time.Second)
	or(&c.DeadAfter, 45*time.Second)
	or(&c.HelloWithin, 10*time.Second)
	or(&c.HeaderWithin, 10*time.Second)
	or(&c.ReceiveWithin, 20*time.Second)
	or(&c.AnswerWithin, time.Minute)
	return c
}

func or[T comparable](v *T, otherwise T) {
	var zero T
	if *v == zero {
		*v = otherwise
	}
}

// Service is one running service. Its methods may be called from any goroutine.
type Service struct {
	config Config
	hall   *room.Hall
	mux    *http.ServeMux
	log    *slog.Logger
	// figures is the page for Prometheus.
	figures http.Handler

	// life ends when Close begins; connections and the sweeper watch it.
	life context.Context
	stop context.CancelFunc
	work sync.WaitGroup

	mu      sync.Mutex
	servers []*http.Server
	guests  map[string]int // open connections by address
	open    int
	closed  bool

	counts struct{ connections, refused, malformed, tooFast, slow atomic.Int64 }
}

// New makes a service; nothing listens yet.
func New(c Config) (*Service, error) {
	if c.Relay == nil {
		return nil, errors.New("make service: no relay given")
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Store == nil {
		c.Store = room.NewMemory()
	}
	c.Connections = c.Connections.orDefault()
	s := &Service{
		config: c,
		hall:   room.NewHall(room.Config{Store: c.Store, Relay: c.Relay, Limits: c.Limits, Log: c.Log}),
		mux:    http.NewServeMux(),
		log:    c.Log,
		guests: map[string]int{},
	}
	s.life, s.stop = context.WithCancel(context.Background())
	s.figures = s.newFigures()
	s.routes()
	s.work.Go(s.sweep)
	return s, nil
}

// Handler serves all routes, and cuts who sends or reads too slowly, whatever
// they ask for.
func (s *Service) Handler() http.Handler { return s.bounded(s.mux) }

// Serve accepts connections until Close, and then returns nil.
func (s *Service) Serve(l net.Listener) error {
	server := &http.Server{
		Handler:           s.Handler(),
		ReadHeaderTimeout: s.config.Connections.HeaderWithin,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    32 << 10,
		// The standard log would print addresses of clients.
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
	}
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		_ = l.Close()
		return nil
	}
	s.servers = append(s.servers, server)
	s.mu.Unlock()
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve: %w", err)
	}
	return nil
}

// farewell is how long Close waits for requests that have begun.
const farewell = 5 * time.Second

// Close lets requests that have begun end, ends all connections, stops the
// relay, and waits for every goroutine of the service. Meetings in a store on
// disk go on in the next process.
func (s *Service) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	servers := s.servers
	s.mu.Unlock()
	s.stop()
	ctx, cancel := context.WithTimeout(context.Background(), farewell)
	defer cancel()
	for _, server := range servers {
		_ = server.Shutdown(ctx) // or its time is over
		_ = server.Close()
	}
	s.hall.Close()
	s.work.Wait()
	return s.config.Relay.Close()
}

// sweep forgets old meetings, at the start and then daily.
func (s *Service) sweep() {
	tick := time.NewTicker(24 * time.Hour)
	defer tick.Stop()
	for {
		ctx, cancel := context.WithTimeout(s.life, time.Minute)
		if err := s.hall.Sweep(ctx); err != nil && s.life.Err() == nil {
			s.log.Error("sweep old meetings", "error", err)
		}
		cancel()
		select {
		case <-s.life.Done():
			return
		case <-tick.C:
		}
	}
}

func (s *Service) routes() {
	s.mux.HandleFunc("GET "+wire.Path, s.control)
	s.mux.Handle("/rtc", s.config.Relay.Handler())
	s.mux.Handle("/rtc/", s.config.Relay.Handler())
	if s.config.Identity != nil {
		for _, path := range []string{"/v1/", "/log/", "/disclosures", "/disclosures.json"} {
			s.mux.Handle(path, s.config.Identity)
		}
	}
	s.mux.HandleFunc("GET /m/{meeting}", s.page)
	s.mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok\n") })
	s.mux.HandleFunc("GET /metrics", s.metrics)
}

// bounded cuts clients that send or read too slowly, also where nothing reads
// what they send: the server reads the rest before it answers. A socket that
// takes its connection over clears these times and has its own, so the server
// has none.
func (s *Service) bounded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := http.NewResponseController(w)
		_ = c.SetReadDeadline(time.Now().Add(s.config.Connections.ReceiveWithin)) // recorders in tests have none
		_ = c.SetWriteDeadline(time.Now().Add(s.config.Connections.AnswerWithin))
		next.ServeHTTP(w, r)
	})
}
