// Package vault keeps a device's few small secrets: in the operating system's
// keychain where one answers, in a file sealed with a passphrase where none
// does, or in memory alone (a kiosk, a test).
//
// It is not a database and knows nothing about what it keeps: values are opaque
// and at most MaxSecret bytes, which is what every keychain takes.
//
// # Trust zone
//
// Device only. The service and the relay never import this package. A keychain
// protects against another user of the computer and a stolen disk, not against
// programs that run as the same user; see keys/THREATS.md.
package vault

import (
	"errors"
	"time"
)

// MaxSecret is the longest value in bytes. Windows' keychain takes 2,560 bytes
// and go-keyring stores text, so a value grows by a third as base64.
const MaxSecret = 1800

// ProbeTimeout is how long Open waits for a keychain by default. A Secret Service
// that shows an unlock dialogue answers only when the person does, so this is a
// trade: long enough for a cold start of the daemon, short enough for a start of
// the app that nobody would call hung.
const ProbeTimeout = 3 * time.Second

// Errors that callers branch on.
var (
	ErrNotFound        = errors.New("load secret: there is none of this name")
	ErrTooLarge        = errors.New("store secret: longer than a keychain takes")
	ErrName            = errors.New("use secret: the name may have letters, digits, dots and hyphens only")
	ErrNoKeychain      = errors.New("open keychain: none answers")
	ErrKeychainTimeout = errors.New("open keychain: it does not answer in time")
	ErrNeedPassphrase  = errors.New("open sealed file: a passphrase is needed")
	ErrPassphrase      = errors.New("open sealed file: wrong passphrase, or the file was changed")
	ErrSealedFile      = errors.New("open sealed file: it is damaged")
)

// Kind says where a vault keeps its secrets, so that the app can say so.
type Kind uint8

// The kinds of vault.
const (
	Keychain   Kind = 1 // the operating system's keychain
	SealedFile Kind = 2 // a file sealed with a passphrase
	Memory     Kind = 3 // nothing outlives the program
)

// String returns "keychain", "sealed file", "memory" or "unknown".
func (k Kind) String() string {
	switch k {
	case Keychain:
		return "keychain"
	case SealedFile:
		return "sealed file"
	case Memory:
		return "memory"
	}
	return "unknown"
}

// Vault keeps secrets by name. Methods may be called from several goroutines.
// After an error from Store or Delete the old value may or may not stand, but
// never a half-written one.
type Vault interface {
	// Load returns a copy of the secret, or ErrNotFound.
	Load(name string) ([]byte, error)
	// Store keeps a copy of secret under name, replacing what was there.
	Store(name string, secret []byte) error
	// Delete removes the secret; a missing one is no error.
	Delete(name string) error
	// Kind says where the secrets are.
	Kind() Kind
}

// Config says where to keep secrets. The zero Backend tries the keychain and
// falls back to the sealed file.
type Config struct {
	// Service is the name under which the keychain lists our secrets, and the
	// name of the sealed file. Letters, digits, dots and hyphens.
	Service string
	// Dir is the folder of the sealed file. It is made with mode 0700.
	Dir string
	// Passphrase is asked for when the sealed file is opened or first made. Nil
	// means that there is nobody to ask: Open then fails with ErrNeedPassphrase.
	Passphrase func() ([]byte, error)
	// Backend forces one kind. Zero chooses.
	Backend Kind
	// ProbeTimeout limits the probe of the keychain; zero means ProbeTimeout.
	ProbeTimeout time.Duration

	ring keyring // nil means the operating system's
	cost cost    // zero means defaultCost
}
