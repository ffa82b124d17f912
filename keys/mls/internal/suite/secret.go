package suite

import (
	"fmt"
	"log/slog"
)

const hidden = "[hidden]"

// Secret is key material. Every way of printing it gives "[hidden]"; it is
// overwritten by Wipe when its owner is done with it.
type Secret []byte

// Clone returns a copy that is wiped on its own.
func (s Secret) Clone() Secret {
	if s == nil {
		return nil
	}
	return append(Secret{}, s...)
}

// Wipe overwrites the secret. Go may have moved copies of a value that lived on
// a stack; what the heap held under this slice is gone.
func (s Secret) Wipe() { clear(s) }

// Format hides the secret from every verb of fmt.
func (Secret) Format(f fmt.State, _ rune) { fmt.Fprint(f, hidden) }

// MarshalJSON hides the secret.
func (Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + hidden + `"`), nil }

// MarshalText hides the secret.
func (Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// LogValue hides the secret from slog.
func (Secret) LogValue() slog.Value { return slog.StringValue(hidden) }

// Hidden is embedded in structures that hold secrets. The package fmt does not
// ask unexported fields how they wish to be printed, so hiding the fields alone
// would not do.
type Hidden struct{}

// Format hides the structure from every verb of fmt.
func (Hidden) Format(f fmt.State, _ rune) { fmt.Fprint(f, hidden) }

// MarshalJSON hides the structure.
func (Hidden) MarshalJSON() ([]byte, error) { return []byte(`"` + hidden + `"`), nil }

// MarshalText hides the structure.
func (Hidden) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// LogValue hides the structure from slog.
func (Hidden) LogValue() slog.Value { return slog.StringValue(hidden) }
