package account

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"conclave/keys"
	"conclave/keys/policy"
	"conclave/keys/registry/wire"
	"conclave/keys/tlog"
)

// errIdentity means that the service is not the one that was met before.
var errIdentity = errors.New("meet service: it is not the one that was met before")

// errAccount means that the service gives this device to another account than
// before, although nobody signed in: it would be watched in the place of one's
// own, and one would go by its name.
var errAccount = errors.New("read account: it is another one than before")

// errPolicy means that the service's policy is unsigned, older than the one
// known, or not in the log.
var errPolicy = errors.New("read policy: it is not the one that the log has")

// trust is what is remembered of a service from the first use on.
type trust struct {
	LogKey      string           `json:"log_key"`
	PolicyKey   string           `json:"policy_key"`
	Authorities [][]byte         `json:"authorities"`
	Policy      []byte           `json:"policy,omitempty"` // newest text that was accepted
	Account     keys.AccountID   `json:"account"`
	Devices     []keys.PublicKey `json:"devices,omitempty"` // of the account, that the owner was told of
	Told        []uint64         `json:"told,omitempty"`    // log entries that the owner was told of
	Passport    []byte           `json:"passport,omitempty"`
}

func (t trust) known() bool { return t.LogKey != "" }

// fits reports whether the service still is who it was. Later authorities are
// certified by former ones, so that one of those known is enough.
func (t trust) fits(about wire.About) bool {
	same := slices.ContainsFunc(t.Authorities, func(der []byte) bool {
		return slices.ContainsFunc(about.Authorities, func(now []byte) bool { return bytes.Equal(der, now) })
	})
	return about.LogKey == t.LogKey && about.PolicyKey == t.PolicyKey && same
}

// policy is the newest one that was accepted, or nil.
func (t trust) policy() *policy.Policy {
	if len(t.Policy) == 0 {
		return nil
	}
	p, err := policy.Parse(t.Policy)
	if err != nil {
		return nil
	}
	return p
}

const (
	trustFile  = "service.json"
	memoryFile = "log.json"
)

// loadTrust reads what is remembered; nothing for a service never met. A file
// that cannot be read is an error: whoever damages it must not make this device
// forget.
func loadTrust(dir string) (trust, error) {
	var t trust
	if dir == "" {
		return t, nil
	}
	data, err := os.ReadFile(filepath.Join(dir, trustFile))
	if errors.Is(err, fs.ErrNotExist) {
		return t, nil
	}
	if err != nil {
		return t, fmt.Errorf("read what is known of the service: %w", err)
	}
	if err := json.Unmarshal(data, &t); err != nil {
		return t, errors.New("read what is known of the service: damaged")
	}
	return t, nil
}

// recall takes over what lies in the folder by now.
func (s *Session) recall() error {
	t, err := loadTrust(s.cfg.Dir)
	if err != nil {
		return errors.Join(errIdentity, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.trust = t
	return nil
}

// remember stores what is known now.
func (s *Session) remember(next trust) error {
	if s.cfg.Dir != "" {
		data, err := json.Marshal(next)
		if err != nil {
			return fmt.Errorf("remember the service: %w", err)
		}
		if err := writeFile(filepath.Join(s.cfg.Dir, trustFile), data); err != nil {
			return fmt.Errorf("remember the service: %w", err)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.trust = next
	return nil
}

// writing lets one session write at a time: two may have the same folder.
var writing sync.Mutex

// writeFile leaves the old or the new content, whatever happens.
func writeFile(path string, data []byte) error {
	writing.Lock()
	defer writing.Unlock()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(path+".new", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// memory keeps the log's checkpoint in dir, or for this run without one.
func memory(dir string) tlog.Memory {
	if dir == "" {
		return &inMemory{}
	}
	return fileMemory{filepath.Join(dir, memoryFile)}
}

type fileMemory struct{ path string }

// Load implements tlog.Memory.
func (m fileMemory) Load() ([]byte, error) {
	data, err := os.ReadFile(m.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return data, err
}

// Store implements tlog.Memory.
func (m fileMemory) Store(data []byte) error { return writeFile(m.path, data) }

type inMemory struct {
	mu   sync.Mutex
	data []byte
}

// Load implements tlog.Memory.
func (m *inMemory) Load() ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.data, nil
}

// Store implements tlog.Memory.
func (m *inMemory) Store(data []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.data = data
	return nil
}
