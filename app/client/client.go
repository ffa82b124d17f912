// Package client joins the client core to the real world: the control socket,
// the media relay, and the machine's devices.
//
// It decides nothing and keeps nothing. Trust zone: device.
package client

import (
	"context"
	"errors"

	"conclave/app/core"
	"conclave/call"
	"conclave/call/link"
	"conclave/call/media"
	"conclave/call/peer"
	"conclave/call/runner"
	"conclave/call/wire"
)

// Config returns cfg with Dial and Relay set to the real ones.
func Config(cfg core.Config) core.Config {
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
	return cfg
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
