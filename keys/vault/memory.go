package vault

import (
	"bytes"
	"sync"
)

// memory keeps secrets until the program ends.
type memory struct {
	mu      sync.Mutex
	secrets map[string][]byte
}

// NewMemory returns a vault that forgets everything with the program.
func NewMemory() Vault { return &memory{secrets: map[string][]byte{}} }

func (m *memory) Load(name string) ([]byte, error) {
	if !isName(name) {
		return nil, ErrName
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	secret, ok := m.secrets[name]
	if !ok {
		return nil, ErrNotFound
	}
	return bytes.Clone(secret), nil
}

func (m *memory) Store(name string, secret []byte) error {
	if !isName(name) {
		return ErrName
	}
	if len(secret) > MaxSecret {
		return ErrTooLarge
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	clear(m.secrets[name])
	m.secrets[name] = append([]byte{}, secret...)
	return nil
}

func (m *memory) Delete(name string) error {
	if !isName(name) {
		return ErrName
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	clear(m.secrets[name])
	delete(m.secrets, name)
	return nil
}

func (m *memory) Kind() Kind { return Memory }

// isName keeps names portable: they become attributes, registry keys and JSON.
func isName(name string) bool {
	if name == "" || len(name) > 128 {
		return false
	}
	for _, r := range name {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '.', r == '-':
		default:
			return false
		}
	}
	return true
}
