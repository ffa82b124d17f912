package vault

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"
)

// Open returns the vault that cfg asks for, and its kind. With no Backend it takes
// the keychain when one answers within the probe's time, and else the sealed file;
// the caller then remembers the kind and asks for it by name the next time, so that
// a keychain that is locked or slow one day does not lead to a second, empty vault.
// The context limits the probe and not the life of the vault.
//
// Errors: ErrName, ErrNoKeychain, ErrKeychainTimeout, ErrNeedPassphrase,
// ErrPassphrase, ErrSealedFile.
func Open(ctx context.Context, cfg Config) (Vault, Kind, error) {
	if !isName(cfg.Service) {
		return nil, 0, ErrName
	}
	switch cfg.Backend {
	case Memory:
		return NewMemory(), Memory, nil
	case Keychain:
		return openKeychain(ctx, cfg)
	case SealedFile:
		return openSealedFile(cfg)
	case 0:
		return openEither(ctx, cfg)
	}
	return nil, 0, fmt.Errorf("open vault: unknown backend %d", cfg.Backend)
}

func openEither(ctx context.Context, cfg Config) (Vault, Kind, error) {
	v, kind, keychainErr := openKeychain(ctx, cfg)
	if keychainErr == nil {
		return v, kind, nil
	}
	if ctx.Err() != nil {
		return nil, 0, keychainErr
	}
	v, kind, err := openSealedFile(cfg)
	if err != nil {
		return nil, 0, errors.Join(err, keychainErr)
	}
	return v, kind, nil
}

func openKeychain(ctx context.Context, cfg Config) (Vault, Kind, error) {
	if cfg.ring == nil {
		cfg.ring = systemKeyring{}
	}
	if cfg.ProbeTimeout <= 0 {
		cfg.ProbeTimeout = ProbeTimeout
	}
	k := newKeychain(cfg.Service, cfg.ring)
	if err := k.probe(ctx, cfg.ProbeTimeout); err != nil {
		return nil, 0, err
	}
	return k, Keychain, nil
}

func openSealedFile(cfg Config) (Vault, Kind, error) {
	if cfg.Dir == "" {
		return nil, 0, errors.New("open sealed file: no folder is given")
	}
	if cfg.cost == (cost{}) {
		cfg.cost = defaultCost
	}
	f := &sealedFile{path: filepath.Join(cfg.Dir, cfg.Service+".vault"), cost: cfg.cost}
	if err := f.open(cfg.Passphrase); err != nil {
		return nil, 0, err
	}
	return f, SealedFile, nil
}

// callTimeout is how long one call to an open keychain may take: a person may have
// to find the password first.
const callTimeout = 60 * time.Second
