package keys

import (
	"fmt"
	"io"
	"log/slog"
)

// hiddenText stands wherever a secret would otherwise be printed.
const hiddenText = "[hidden]"

// hidden is embedded by types that must never print what they hold. It answers
// every way by which the standard library turns a value into text.
type hidden struct{}

// Format prints "[hidden]" for every verb and flag.
func (hidden) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, hiddenText) }

// String returns "[hidden]".
func (hidden) String() string { return hiddenText }

// GoString returns "[hidden]".
func (hidden) GoString() string { return hiddenText }

// MarshalText returns "[hidden]"; encoding/json uses it as well.
func (hidden) MarshalText() ([]byte, error) { return []byte(hiddenText), nil }

// LogValue returns "[hidden]".
func (hidden) LogValue() slog.Value { return slog.StringValue(hiddenText) }
