package vault

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	gokeyring "github.com/zalando/go-keyring"
)

// keyring is the part of go-keyring that we use; its functions lean on a variable of
// that package, which tests must not touch.
type keyring interface {
	Get(service, user string) (string, error)
	Set(service, user, password string) error
	Delete(service, user string) error
}

// systemKeyring is the operating system's: Secret Service, macOS Keychain, Windows
// Credential Manager.
type systemKeyring struct{}

func (systemKeyring) Get(service, user string) (string, error) { return gokeyring.Get(service, user) }

func (systemKeyring) Set(service, user, password string) error {
	return gokeyring.Set(service, user, password)
}

func (systemKeyring) Delete(service, user string) error { return gokeyring.Delete(service, user) }

// probeName is stored once, to learn whether the keychain keeps what it is given.
const (
	probeName  = "probe"
	probeValue = "Y29uY2xhdmU"
)

// keychain is a Vault in a keyring. A keyring has no time limits of its own, so each
// call runs in a goroutine, one at a time: when the keyring hangs, that one goroutine
// hangs with it, and no more.
type keychain struct {
	service string
	ring    keyring
	busy    chan struct{} // holds one token while a call runs
}

func newKeychain(service string, ring keyring) *keychain {
	return &keychain{service: service, ring: ring, busy: make(chan struct{}, 1)}
}

// answer is what a call to the keyring came to.
type answer struct {
	text string
	err  error
}

// call runs f, at most for limit.
func (k *keychain) call(ctx context.Context, limit time.Duration, f func() (string, error)) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	select {
	case k.busy <- struct{}{}:
	case <-ctx.Done():
		return "", ErrKeychainTimeout
	}
	done := make(chan answer, 1)
	go func() {
		text, err := f()
		<-k.busy
		done <- answer{text, err}
	}()
	select {
	case a := <-done:
		return a.text, a.err
	case <-ctx.Done():
		return "", ErrKeychainTimeout
	}
}

// probe stores a value of no meaning unless it is there, and reads it back.
func (k *keychain) probe(ctx context.Context, limit time.Duration) error {
	got, err := k.call(ctx, limit, func() (string, error) {
		got, err := k.ring.Get(k.service, probeName)
		if errors.Is(err, gokeyring.ErrNotFound) {
			if err := k.ring.Set(k.service, probeName, probeValue); err != nil {
				return "", err
			}
			got, err = k.ring.Get(k.service, probeName)
		}
		return got, err
	})
	switch {
	case errors.Is(err, ErrKeychainTimeout):
		return err
	case err != nil:
		return fmt.Errorf("%w: %w", ErrNoKeychain, err)
	case got != probeValue:
		return fmt.Errorf("%w: it does not keep what it is given", ErrNoKeychain)
	}
	return nil
}

func (k *keychain) Kind() Kind { return Keychain }

func (k *keychain) Load(name string) ([]byte, error) {
	if !isName(name) {
		return nil, ErrName
	}
	text, err := k.call(context.Background(), callTimeout, func() (string, error) { return k.ring.Get(k.service, name) })
	if errors.Is(err, gokeyring.ErrNotFound) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("load secret from keychain: %w", err)
	}
	secret, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil {
		return nil, errors.New("load secret from keychain: not written by this app")
	}
	return secret, nil
}

func (k *keychain) Store(name string, secret []byte) error {
	if !isName(name) || name == probeName {
		return ErrName
	}
	if len(secret) > MaxSecret {
		return ErrTooLarge
	}
	text := base64.StdEncoding.EncodeToString(secret)
	_, err := k.call(context.Background(), callTimeout, func() (string, error) { return "", k.ring.Set(k.service, name, text) })
	if err != nil {
		return fmt.Errorf("store secret in keychain: %w", err)
	}
	return nil
}

func (k *keychain) Delete(name string) error {
	if !isName(name) || name == probeName {
		return ErrName
	}
	_, err := k.call(context.Background(), callTimeout, func() (string, error) { return "", k.ring.Delete(k.service, name) })
	if err != nil && !errors.Is(err, gokeyring.ErrNotFound) {
		return fmt.Errorf("delete secret from keychain: %w", err)
	}
	return nil
}
