// Package relay is the service's media relay: LiveKit's server, embedded, behind
// one small type.
//
// Use [Start], mount [Server.Handler] under /rtc, give each seated device a
// [Server.Token], and call [Server.Remove] when it is unseated. Tests and
// services without media use [None].
//
// It forwards packets and cannot read them: it never imports what decrypts, and
// a test of the build says so. It decides nobody's membership (call/room does).
// LiveKit's types do not leave this package. Only its signalling under /rtc is
// reachable from outside, and only with a credential that is valid now; its
// other interfaces (room administration, WHIP, agents) listen on the loopback
// address, with a key that never leaves this process.
//
// Trust zone: relay. It sees who sends to whom, sizes and times of frames, and
// the key-frame bit. Identities and room names are opaque hashes; names and
// metadata are empty.
//
// LiveKit v1.13.5 leaves about sixty goroutines behind when it is stopped inside
// a process; programs that stop and start services run conclave-serve as a
// child process instead.
package relay

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"github.com/livekit/livekit-server/pkg/config"
	"github.com/livekit/livekit-server/pkg/routing"
	"github.com/livekit/livekit-server/pkg/service"
	"github.com/livekit/livekit-server/pkg/telemetry/prometheus"
	"github.com/livekit/protocol/auth"
	"github.com/livekit/protocol/livekit"
	"github.com/livekit/protocol/logger"

	"conclave/call/wire"
)

// Config of a relay.
type Config struct {
	// Local keeps everything on the loopback address: for meetings on one
	// computer, and for tests.
	Local bool
	// UDPPort is the one port for media; 0 chooses a free one.
	UDPPort int
	// Address is the IP address that clients reach the relay at, where that is
	// not one of this computer's own (a server behind NAT).
	Address netip.Addr
	// TURN servers are handed to clients; none by default.
	TURN []TURN
	// Secret signs credentials; empty: a random one. At least 32 characters.
	Secret string
}

// TURN is a server of the operator's own that helps clients through firewalls.
type TURN struct {
	Host string
	Port int
	// TLS selects turns over TCP; otherwise TURN over UDP.
	TLS bool
	// Secret makes time-limited passwords (coturn's static-auth-secret).
	Secret string
}

// Server is a running relay. Its methods may be called from any goroutine.
type Server struct {
	engine *service.LivekitServer
	ended  chan struct{}
	inner  string
	secret string
	rooms  livekit.RoomService
	front  http.Handler

	life context.Context
	stop context.CancelFunc
	work sync.WaitGroup

	mu     sync.Mutex
	closed bool
	// admitted holds who may connect now: room, identity, generation. The
	// generation grows whenever an identity is let in again after a Remove.
	admitted map[string]map[string]uint64
	nextGen  uint64
}

// Key is the name of the signing key.
const Key = "conclave"

// Timing.
const (
	// tokenFor is how long a token lets somebody connect. The front refuses it
	// earlier when its holder is removed.
	tokenFor = 10 * time.Minute
	// startWithin bounds the start of the engine.
	startWithin = 20 * time.Second
	// tries is how often a start is repeated when a chosen port was just taken.
	tries = 5
)

// Start starts the engine and returns when it answers.
func Start(ctx context.Context, c Config) (*Server, error) {
	var err error
	for range tries {
		var s *Server
		if s, err = start(ctx, c); err == nil {
			return s, nil
		}
		if c.UDPPort != 0 || ctx.Err() != nil {
			break
		}
	}
	return nil, fmt.Errorf("start media relay: %w", err)
}

func start(ctx context.Context, c Config) (*Server, error) {
	if c.Secret == "" {
		b := make([]byte, 48)
		_, _ = rand.Read(b) // never fails
		c.Secret = base64.RawURLEncoding.EncodeToString(b)
	}
	conf, err := engineConfig(c)
	if err != nil {
		return nil, err
	}
	engine, err := newEngine(conf)
	if err != nil {
		return nil, err
	}
	s := &Server{
		engine:   engine,
		ended:    make(chan struct{}),
		inner:    "http://" + net.JoinHostPort("127.0.0.1", strconv.Itoa(int(conf.Port))),
		secret:   c.Secret,
		admitted: map[string]map[string]uint64{},
	}
	s.life, s.stop = context.WithCancel(context.Background())
	s.rooms = livekit.NewRoomServiceProtobufClient(s.inner, &http.Client{Timeout: 5 * time.Second})
	s.front = s.newFront()
	failed := make(chan error, 1)
	go func() {
		defer close(s.ended)
		failed <- engine.Start()
	}()
	if err := s.awaitReady(ctx, failed); err != nil {
		_ = s.Close()
		return nil, err
	}
	return s, nil
}

// engineLock and quiet guard what LiveKit keeps in package variables while an
// engine is made: its figures, and its logger, which is set once because
// goroutines that an earlier engine left behind still read it.
var (
	engineLock sync.Mutex
	quiet      sync.Once
)

func newEngine(conf *config.Config) (*service.LivekitServer, error) {
	engineLock.Lock()
	defer engineLock.Unlock()
	// Its logs name addresses of clients.
	quiet.Do(func() { logger.SetLogger(logger.GetDiscardLogger(), "relay") })
	node, err := routing.NewLocalNode(conf)
	if err != nil {
		return nil, err
	}
	// Joining crashes without.
	if err := prometheus.Init(string(node.NodeID()), node.NodeType()); err != nil {
		return nil, err
	}
	return service.InitializeServer(conf, node)
}

func (s *Server) awaitReady(ctx context.Context, failed <-chan error) error {
	ctx, cancel := context.WithTimeout(ctx, startWithin)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		// IsRunning matters too: stopping an engine before is lost on it.
		if s.engine.IsRunning() && s.answers(ctx) {
			return nil
		}
		select {
		case err := <-failed:
			return errors.Join(errors.New("engine ended"), err)
		case <-ctx.Done():
			return fmt.Errorf("engine does not answer: %w", ctx.Err())
		case <-tick.C:
		}
	}
}

func (s *Server) answers(ctx context.Context) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.inner+"/", nil)
	if err != nil {
		return false
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	_ = answer.Body.Close()
	return answer.StatusCode == http.StatusOK
}

// Handler serves LiveKit's signalling under /rtc to those who hold a valid
// token and have not been removed since.
func (s *Server) Handler() http.Handler { return s.front }

// Inner is the URL of the engine itself, on the loopback address: for an
// operator's own tools, and for the test that looks at what an operator sees.
func (s *Server) Inner() string { return s.inner }

// Token lets an identity into a room, to hear and see, and to publish
// microphone, camera and screen. It carries nothing else: no name, no metadata.
func (s *Server) Token(room, identity string) (wire.Token, error) {
	yes, no := true, false
	grant := &auth.VideoGrant{
		RoomJoin:             true,
		Room:                 room,
		CanPublish:           &yes,
		CanSubscribe:         &yes,
		CanPublishData:       &no,
		CanUpdateOwnMetadata: &no,
	}
	grant.SetCanPublishSources([]livekit.TrackSource{
		livekit.TrackSource_MICROPHONE, livekit.TrackSource_CAMERA,
		livekit.TrackSource_SCREEN_SHARE, livekit.TrackSource_SCREEN_SHARE_AUDIO,
	})
	token, err := auth.NewAccessToken(Key, s.secret).
		SetIdentity(identity).SetVideoGrant(grant).SetValidFor(tokenFor).ToJWT()
	if err != nil {
		return "", fmt.Errorf("make relay token: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.admitted[room] == nil {
		s.admitted[room] = map[string]uint64{}
	}
	if s.admitted[room][identity] == 0 {
		s.nextGen++
		s.admitted[room][identity] = s.nextGen
	}
	return wire.Token(token), nil
}

// Close ends all calls and stops the engine, as far as it can be stopped.
func (s *Server) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	s.mu.Unlock()
	s.stop()
	s.work.Wait()
	if !s.engine.IsRunning() {
		return nil // it failed to start
	}
	s.engine.Stop(true)
	<-s.ended
	return nil
}
