package vault

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Open returns the vault that cfg asks for, and its kind. With no Backend it takes
// the keychain when one answers within the probe's time, and else the sealed file.
// The choice is made once and stays: a keychain that is locked or slow one day must
// not lead to a second, empty vault, and to a device that nobody recognises. It is
// known from the sealed file, or from an empty file named <Service>.keychain in Dir;
// with Backend the choice can be made anew.
//
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

// openEither keeps to the choice of an earlier start, or makes it.
func openEither(ctx context.Context, cfg Config) (Vault, Kind, error) {
	if cfg.Dir != "" && exists(cfg.sealedPath()) {
		return openSealedFile(cfg)
	}
	v, kind, keychainErr := openKeychain(ctx, cfg)
	if keychainErr == nil {
		cfg.markKeychain()
		return v, kind, nil
	}
	if ctx.Err() != nil || cfg.Dir != "" && exists(cfg.markPath()) {
		return nil, 0, keychainErr
	}
	v, kind, err := openSealedFile(cfg)
	if err != nil {
		return nil, 0, errors.Join(err, keychainErr)
	}
	return v, kind, nil
}

func (c Config) sealedPath() string { return filepath.Join(c.Dir, c.Service+".vault") }
func (c Config) markPath() string   { return filepath.Join(c.Dir, c.Service+".keychain") }

// markKeychain notes that the keychain was chosen. Without the note the choice is
// made again, so a failure to write it is no reason to refuse.
func (c Config) markKeychain() {
	if c.Dir == "" || exists(c.markPath()) || os.MkdirAll(c.Dir, 0o700) != nil {
		return
	}
	_ = os.WriteFile(c.markPath(), nil, 0o600)
}

// exists also says yes when it cannot tell.
func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, fs.ErrNotExist)
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
	f := &sealedFile{path: cfg.sealedPath(), cost: cfg.cost}
	if err := f.open(cfg.Passphrase); err != nil {
		return nil, 0, err
	}
	return f, SealedFile, nil
}

// callTimeout is how long one call to an open keychain may take: a person may have
// to find the password first.
const callTimeout = 60 * time.Second
