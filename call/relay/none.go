package relay

import (
	"net/http"

	"conclave/call/wire"
)

// None is a relay without media: its tokens lead nowhere. For tests, and for a
// service whose media is elsewhere.
type None struct{}

// Token returns a token that nobody accepts.
func (None) Token(_, _ string) (wire.Token, error) { return "none", nil }

// Remove does nothing.
func (None) Remove(_, _ string) {}

// Empty does nothing.
func (None) Empty(string) {}

// Handler answers that there is no media.
func (None) Handler() http.Handler { return http.NotFoundHandler() }

// Close does nothing.
func (None) Close() error { return nil }
