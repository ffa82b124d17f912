package peer

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/gorilla/websocket"
	lksdk "github.com/livekit/server-sdk-go/v2"
)

// ErrPin says that a relay's certificate is not the one that the link names.
var ErrPin = errors.New("certificate is not the pinned one")

// pins are the certificates that hosts must show, by host:port. LiveKit's SDK
// dials with the process's default WebSocket dialer and HTTP client and takes
// no other, so these are the process's too. They leave every host without a pin
// to the system's certificate store, as before.
var pins = struct {
	mu sync.RWMutex
	by map[string][sha256.Size]byte
}{by: map[string][sha256.Size]byte{}}

const dialTimeout = 10 * time.Second

// The process's dialers are replaced before anything runs, since a later moment
// would race with whoever uses them. The SDK's log, which quotes addresses and
// identities, is silenced.
func init() {
	lksdk.SetLogger(newQuiet())
	d := *websocket.DefaultDialer
	d.NetDialTLSContext = dialTLS
	d.HandshakeTimeout = dialTimeout
	websocket.DefaultDialer = &d
	if t, ok := http.DefaultTransport.(*http.Transport); ok {
		t = t.Clone()
		t.DialTLSContext = dialTLS
		http.DefaultClient = &http.Client{Transport: t}
	}
}

// pin remembers which certificate the host of u must show; "" forgets it.
func pin(u *url.URL, text string) error {
	host := address(u)
	pins.mu.Lock()
	defer pins.mu.Unlock()
	if text == "" {
		delete(pins.by, host)
		return nil
	}
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(b) != sha256.Size {
		return fmt.Errorf("read pin: %w", ErrPin)
	}
	pins.by[host] = [sha256.Size]byte(b)
	return nil
}

func address(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = "443"
	}
	return net.JoinHostPort(u.Hostname(), port)
}

// dialTLS connects and checks the certificate: by its pin where there is one,
// by the system's store otherwise.
func dialTLS(ctx context.Context, network, addr string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("dial relay: %w", err)
	}
	pins.mu.RLock()
	want, pinned := pins.by[addr]
	pins.mu.RUnlock()
	cfg := &tls.Config{ServerName: host, MinVersion: tls.VersionTLS13, NextProtos: []string{"http/1.1"}}
	if pinned {
		cfg.InsecureSkipVerify = true // VerifyConnection does it
		cfg.VerifyConnection = func(s tls.ConnectionState) error { return checkPin(s.PeerCertificates, want) }
	}
	d := tls.Dialer{NetDialer: &net.Dialer{Timeout: dialTimeout}, Config: cfg}
	return d.DialContext(ctx, network, addr)
}

// checkPin compares the leaf certificate's key with a pin. A pin stands for
// one key that the link's author vouched for, so nothing else is looked at.
func checkPin(chain []*x509.Certificate, want [sha256.Size]byte) error {
	if len(chain) == 0 {
		return ErrPin
	}
	got := sha256.Sum256(chain[0].RawSubjectPublicKeyInfo)
	if subtle.ConstantTimeCompare(got[:], want[:]) != 1 {
		return ErrPin
	}
	return nil
}

// relayURL checks an address: TLS, or plain to this computer only.
func relayURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" {
		return nil, errors.New("connect to relay: not an address")
	}
	switch u.Scheme {
	case "wss", "https":
		u.Scheme = "wss"
		return u, nil
	case "ws", "http":
		u.Scheme = "ws"
		ip := net.ParseIP(u.Hostname())
		if u.Hostname() == "localhost" || ip != nil && ip.IsLoopback() {
			return u, nil
		}
		return nil, errors.New("connect to relay: refused without TLS, except on this computer")
	}
	return nil, errors.New("connect to relay: not an address")
}
