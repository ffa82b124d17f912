package channel

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Outbox writes messages into a folder instead of sending them: the default
// where nobody set up a channel. Whoever can read the folder can pass for
// anybody, so it suits a service on one's own computer and tests, and nothing
// else; the app says that it was used.
type Outbox struct{ dir string }

// NewOutbox uses a folder, which it makes for its owner only.
func NewOutbox(dir string) (*Outbox, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open outbox: %w", err)
	}
	return &Outbox{dir}, nil
}

// Send implements Channel.
func (o *Outbox) Send(_ context.Context, m Message) error {
	name, err := o.name(m.Attempt)
	if err != nil {
		return err
	}
	if err := os.WriteFile(name, []byte(m.Code+"\n\n"+text(m)), 0o600); err != nil {
		return ErrDown
	}
	return nil
}

// Code returns the code of an attempt, or fs.ErrNotExist.
func (o *Outbox) Code(attempt string) (string, error) {
	name, err := o.name(attempt)
	if err != nil {
		return "", err
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return "", fmt.Errorf("read outbox: %w", fs.ErrNotExist)
	}
	code, _, _ := strings.Cut(string(data), "\n")
	return code, nil
}

// Forget removes the message of an attempt, if there is one.
func (o *Outbox) Forget(attempt string) {
	if name, err := o.name(attempt); err == nil {
		_ = os.Remove(name) // it may never have been written
	}
}

// Prune removes messages that were written before t.
func (o *Outbox) Prune(t time.Time) error {
	entries, err := os.ReadDir(o.dir)
	if err != nil {
		return fmt.Errorf("prune outbox: %w", err)
	}
	for _, e := range entries {
		info, err := e.Info()
		if err == nil && strings.HasSuffix(e.Name(), ".txt") && info.ModTime().Before(t) {
			_ = os.Remove(filepath.Join(o.dir, e.Name())) // the next round tries again
		}
	}
	return nil
}

func (o *Outbox) name(attempt string) (string, error) {
	if attempt == "" || len(attempt) > 64 || strings.ContainsFunc(attempt, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9')
	}) {
		return "", errors.New("open outbox: bad attempt")
	}
	return filepath.Join(o.dir, attempt+".txt"), nil
}
