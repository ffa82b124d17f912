// Package channel carries codes to people: by e-mail over SMTP, by SMS over an
// HTTP gateway, or into a folder of this computer where no channel is set up.
//
// It is not the making or checking of codes (keys/registry). Trust zone:
// service; a channel sees an address and a code, which travel unencrypted once
// they leave it. Messages print "[hidden]".
package channel

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"
)

// Errors of Send. Every other error is a wrong configuration.
var (
	// ErrDown means that trying later, or by another channel, may help.
	ErrDown = errors.New("send code: the channel does not answer")
	// ErrRefused means that this address or number is not accepted.
	ErrRefused = errors.New("send code: the channel refused the address")
)

// Message is a code on its way. It prints "[hidden]".
type Message struct {
	Attempt string // names the attempt, for webhooks and the outbox; no secret
	To      string // e-mail address, or number in E.164
	Code    string // six digits
	Until   time.Time
	Service string // name of the service, for the text
}

// Format prints "[hidden]".
func (Message) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "[hidden]") }

// LogValue returns "[hidden]".
func (Message) LogValue() slog.Value { return slog.StringValue("[hidden]") }

// MarshalJSON returns "[hidden]".
func (Message) MarshalJSON() ([]byte, error) { return []byte(`"[hidden]"`), nil }

// Channel sends messages. Send returns once the next station has accepted the
// message, or ErrDown or ErrRefused; it may be called from any goroutine.
type Channel interface {
	Send(ctx context.Context, m Message) error
}

// text is what people read. It says what the code is for and what never to do.
func text(m Message) string {
	return fmt.Sprintf("%s is your code for %s. It is valid until %s. Nobody from %s will ever ask you for it.\n",
		m.Code, m.Service, m.Until.UTC().Format("15:04 UTC"), m.Service)
}
