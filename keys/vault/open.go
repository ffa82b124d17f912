package vault

import (
	"context"
	"fmt"
)

// keyring is the part of go-keyring that we use.
type keyring interface {
	Get(service, user string) (string, error)
	Set(service, user, password string) error
	Delete(service, user string) error
}

func open(_ context.Context, cfg Config) (Vault, Kind, error) {
	if !isName(cfg.Service) {
		return nil, 0, ErrName
	}
	if cfg.Backend == Memory {
		return NewMemory(), Memory, nil
	}
	return nil, 0, fmt.Errorf("open vault: %w", ErrNoKeychain)
}
