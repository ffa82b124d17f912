// Package client joins the client core to the real world: the control socket,
// the media relay, and the machine's devices.
//
// It decides nothing and keeps nothing. Trust zone: device.
package client

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/url"
	"path/filepath"
	"strings"

	"conclave/app/client/account"
	"conclave/app/core"
	"conclave/call"
	"conclave/call/link"
	"conclave/call/media"
	"conclave/call/peer"
	"conclave/call/runner"
	"conclave/call/wire"
)

// Places are where what is known of services lies between starts: of those in
// the network a folder each below Known, of the one on this computer OwnKnown.
// "" keeps it in memory.
type Places struct{ Known, OwnKnown string }

// Config returns cfg with Dial, Relay and Identify set to the real ones. open
// shows a page in the system's browser; nil offers no signing on.
func Config(cfg core.Config, places Places, open func(url string) error) core.Config {
	device := cfg.Device
	cfg.Dial = func(ctx context.Context, service, pin string) (runner.Conn, error) {
		c, err := link.Dial(ctx, link.Config{Service: service, Pin: pin, Device: device})
		if err != nil {
			return nil, final(err)
		}
		return conn{c}, nil
	}
	cfg.Relay = func(ctx context.Context, url, token, pin string) (media.Relay, error) {
		return peer.Dial(ctx, peer.Config{URL: url, Token: token, Pin: pin})
	}
	cfg.Identify = func(service, pin string, local bool, report func(core.IdentityEvent)) core.Identity {
		return account.Open(account.Config{
			Service: service, Pin: pin, Device: device, Dir: places.Of(service, local), Open: open, Report: report, Now: cfg.Now,
		})
	}
	return cfg
}

// Of is the folder of one service, by its host and port alone: a link with another
// pin for a service that is known must not make it a stranger, which could deny
// its accounts or show other keys. A loopback address names no service, since
// whatever listens there next may be another one: it is trusted for one session.
func (p Places) Of(service string, local bool) string {
	switch {
	case local:
		return p.OwnKnown
	case p.Known == "" || strings.HasPrefix(service, "http://"):
		return ""
	}
	sum := sha256.Sum256([]byte(address(service) + "#"))
	return filepath.Join(p.Known, hex.EncodeToString(sum[:16]))
}

// address writes the same service always in the same way.
func address(service string) string {
	u, err := url.Parse(service)
	if err != nil {
		return service
	}
	return u.Scheme + "://" + strings.ToLower(strings.TrimSuffix(u.Host, ":443"))
}

// conn marks the errors after which dialling again cannot help.
type conn struct{ *link.Conn }

func (c conn) Receive(ctx context.Context) (wire.Message, error) {
	m, err := c.Conn.Receive(ctx)
	return m, final(err)
}

func final(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, link.ErrCertificate):
		return &runner.FinalError{Why: call.EndPinMismatch, Err: err}
	case errors.Is(err, link.ErrReplaced):
		return &runner.FinalError{Why: call.EndLost, Err: err}
	case errors.Is(err, wire.CodeVersion):
		return &runner.FinalError{Why: call.EndVersion, Err: err}
	}
	return err
}
