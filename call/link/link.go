// Package link is the client's side of the control socket: it dials the
// service, proves the device key, keeps the connection alive, and carries
// call/wire messages.
//
// Use [Dial], then [Conn.Send] and [Conn.Receive]; when Receive fails, wait
// [Backoff] and dial again. It does not resume a seat by itself: what to say on
// a new connection (wire.Resume) is for call/runner to decide. It keeps no
// state of a meeting.
//
// Trust zone: device. It holds the device key only to sign one Hello, for the
// very service that it dialled.
package link

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/coder/websocket"

	"conclave/call/wire"
	"conclave/keys"
)

// Errors that callers branch on.
var (
	// ErrUnreachable: no connection to the service came about.
	ErrUnreachable = errors.New("service not reachable")
	// ErrCertificate: something answered with another certificate than the
	// link's pin, or than the system trusts. Trying again will not help.
	ErrCertificate = errors.New("the service's certificate is not the expected one")
	// ErrNotConclave: something answered that does not speak this protocol.
	ErrNotConclave = errors.New("the server does not answer as a Conclave service")
	// ErrLost: the connection ended; dial again and resume.
	ErrLost = errors.New("connection to the service lost")
	// ErrReplaced: this device is connected elsewhere; do not dial again.
	ErrReplaced = errors.New("this device has connected elsewhere")
	// ErrClosed: Close was called.
	ErrClosed = errors.New("connection closed")
)

// Config of a connection.
type Config struct {
	// Service is "https://host[:port]"; "http://" only for a loopback address.
	Service string
	// Pin is the base64url SHA-256 of the service certificate's public key;
	// empty: the system's certificate authorities decide.
	Pin string
	// Device proves who connects.
	Device keys.DeviceKey
	// PingEvery and DeadAfter default to 20 s and 45 s: a connection on which
	// nothing came back for DeadAfter is lost.
	PingEvery, DeadAfter time.Duration
}

// Defaults of Config.
const (
	pingEvery = 20 * time.Second
	deadAfter = 45 * time.Second
	// greetWithin bounds challenge, hello and ready.
	greetWithin = 10 * time.Second
	// inboxSize is how many notices wait for Receive before the service is
	// held back (and, if that goes on, cuts the connection as slow).
	inboxSize = 1024
)

// Conn is one control connection. Send and Receive may be called from different
// goroutines, Send from several.
type Conn struct {
	ws     *websocket.Conn
	client *http.Client
	inbox  chan wire.Notice
	// done is closed, after err is set, when reading has ended.
	done    chan struct{}
	err     error
	stop    context.CancelFunc
	running sync.WaitGroup
	closing sync.Once
	closed  chan struct{}
}

// Dial connects and proves the device. Its errors wrap those of this package,
// or are a wire.Code with which the service refused.
func Dial(ctx context.Context, c Config) (*Conn, error) {
	address, authority, err := parseService(c.Service)
	if err != nil {
		return nil, fmt.Errorf("dial service: %w", err)
	}
	if c.PingEvery <= 0 {
		c.PingEvery = pingEvery
	}
	if c.DeadAfter <= c.PingEvery {
		c.DeadAfter = c.PingEvery + (deadAfter - pingEvery)
	}
	client := &http.Client{Transport: &http.Transport{
		TLSClientConfig: TLS(c.Pin),
		Proxy:           http.ProxyFromEnvironment,
	}}
	greeting, cancel := context.WithTimeout(ctx, greetWithin)
	defer cancel()
	ws, answer, err := websocket.Dial(greeting, address, &websocket.DialOptions{HTTPClient: client, Host: authority})
	if err != nil {
		client.CloseIdleConnections()
		return nil, fmt.Errorf("dial service: %w", dialError(err, answer))
	}
	ws.SetReadLimit(wire.MaxMessage)
	if err := greet(greeting, ws, c.Device, authority); err != nil {
		_ = ws.CloseNow()
		client.CloseIdleConnections()
		return nil, fmt.Errorf("greet service: %w", err)
	}
	return start(ws, client, c), nil
}

// parseService returns the WebSocket URL and the authority that a Hello signs.
func parseService(service string) (address, authority string, err error) {
	u, err := url.Parse(service)
	if err != nil || u.Host == "" {
		return "", "", fmt.Errorf("%w: the address is not a URL", ErrUnreachable)
	}
	switch u.Scheme {
	case "https":
		u.Scheme = "wss"
	case "http":
		if !isLoopback(u.Hostname()) {
			return "", "", fmt.Errorf("%w: http is for this computer only", ErrUnreachable)
		}
		u.Scheme = "ws"
	default:
		return "", "", fmt.Errorf("%w: the address is not https", ErrUnreachable)
	}
	return u.Scheme + "://" + u.Host + wire.Path, u.Host, nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}

// TLS returns the client configuration for a pin: with one, exactly the
// certificate with that public key is accepted, and no authority is asked.
func TLS(pin string) *tls.Config {
	c := &tls.Config{MinVersion: tls.VersionTLS13}
	if pin == "" {
		return c
	}
	c.InsecureSkipVerify = true // VerifyConnection is stricter
	c.VerifyConnection = func(state tls.ConnectionState) error {
		want, err := base64.RawURLEncoding.DecodeString(pin)
		if err != nil || len(state.PeerCertificates) == 0 {
			return ErrCertificate
		}
		got := sha256.Sum256(state.PeerCertificates[0].RawSubjectPublicKeyInfo)
		if subtle.ConstantTimeCompare(got[:], want) != 1 {
			return ErrCertificate
		}
		return nil
	}
	return c
}

func dialError(err error, answer *http.Response) error {
	var unknown *tls.CertificateVerificationError
	switch {
	case errors.Is(err, ErrCertificate):
		return ErrCertificate
	case errors.As(err, &unknown):
		return fmt.Errorf("%w: %w", ErrCertificate, err)
	case answer != nil && (answer.StatusCode == http.StatusTooManyRequests || answer.StatusCode == http.StatusServiceUnavailable):
		return wire.CodeBusy
	case answer != nil:
		return fmt.Errorf("%w: status %d", ErrNotConclave, answer.StatusCode)
	}
	return fmt.Errorf("%w: %w", ErrUnreachable, err)
}

// greet answers the challenge and waits for Ready.
func greet(ctx context.Context, ws *websocket.Conn, device keys.DeviceKey, authority string) error {
	n, err := read(ctx, ws)
	if err != nil {
		return err
	}
	challenge, ok := n.(wire.Challenge)
	if !ok {
		return ErrNotConclave
	}
	text, err := wire.Encode(wire.NewHello(device, challenge.Nonce, authority))
	if err != nil {
		return err
	}
	if err := ws.Write(ctx, websocket.MessageText, text); err != nil {
		return fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	n, err = read(ctx, ws)
	if err != nil {
		return err
	}
	switch n := n.(type) {
	case wire.Ready:
		return nil
	case wire.Failed:
		return n.Code
	default:
		return ErrNotConclave
	}
}

func read(ctx context.Context, ws *websocket.Conn) (wire.Notice, error) {
	kind, text, err := ws.Read(ctx)
	if err != nil {
		return nil, readError(err)
	}
	if kind != websocket.MessageText {
		return nil, ErrNotConclave
	}
	n, err := wire.DecodeNotice(text)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotConclave, err)
	}
	return n, nil
}

func readError(err error) error {
	switch websocket.CloseStatus(err) {
	case wire.CloseReplaced:
		return ErrReplaced
	}
	return fmt.Errorf("%w: %w", ErrLost, err)
}
