package kiosk

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"conclave/app/core"
	"conclave/keys"
	"conclave/keys/vault"
)

// What the vault of an enrolled room is called, and its one secret.
const (
	vaultName = "org.conclave.kiosk"
	seedName  = "room-key"
)

// sealFile holds the passphrase of the sealed file where no keychain answers and
// nobody can type one. It keeps the seed from a copy of the vault's file alone, and
// from nobody who can read the whole folder: ADMIN.md says so.
const sealFile = "seal"

// passphraseVariable gives the passphrase instead of that file.
const passphraseVariable = "CONCLAVE_PASSPHRASE"

// errNotEnrolled is shown on the locked screen.
var errNotEnrolled = errors.New("the policy wants an enrolled room, and this one is not: run conclave kiosk enrol as the kiosk's user")

// openVault opens the vault of a room's identity in a folder.
func openVault(folder string) (vault.Vault, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	v, _, err := vault.Open(ctx, vault.Config{Service: vaultName, Dir: folder, Passphrase: func() ([]byte, error) { return passphrase(folder) }})
	if err != nil {
		return nil, fmt.Errorf("open the room's identity: %w", err)
	}
	return v, nil
}

func passphrase(folder string) ([]byte, error) {
	if text := os.Getenv(passphraseVariable); text != "" {
		return []byte(text), nil
	}
	path := filepath.Join(folder, sealFile)
	text, err := os.ReadFile(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return text, err
	}
	fresh := []byte(rand.Text() + rand.Text())
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	if _, err = f.Write(fresh); err == nil {
		err = f.Sync()
	}
	return fresh, errors.Join(err, f.Close())
}

// enrolled loads the room's lasting seed into seed.
func enrolled(folder string, seed []byte) (core.KeyPlace, error) {
	v, err := openVault(folder)
	if err != nil {
		return 0, err
	}
	kept, err := v.Load(seedName)
	if errors.Is(err, vault.ErrNotFound) {
		return 0, errNotEnrolled
	}
	if err != nil {
		return 0, fmt.Errorf("load the room's identity: %w", err)
	}
	defer clear(kept)
	if len(kept) != seedSize {
		return 0, errors.New("load the room's identity: it is damaged")
	}
	copy(seed, kept)
	return placeOf(v.Kind()), nil
}

func placeOf(k vault.Kind) core.KeyPlace {
	switch k {
	case vault.Keychain:
		return core.KeyPlaceKeychain
	case vault.SealedFile:
		return core.KeyPlaceFile
	case vault.Memory:
		return core.KeyPlaceMemory
	}
	return core.KeyPlaceUnknown
}

func placeName(p core.KeyPlace) string {
	switch p {
	case core.KeyPlaceKeychain:
		return "keychain"
	case core.KeyPlaceFile:
		return "sealed file"
	case core.KeyPlaceMemory:
		return "memory"
	case core.KeyPlaceUnknown:
	}
	return "unknown"
}

// makeIdentity makes the room's lasting key unless there is one.
func makeIdentity(folder string) (keys.DeviceKey, core.KeyPlace, error) {
	var seed [seedSize]byte
	defer clear(seed[:])
	place, err := enrolled(folder, seed[:])
	if err == nil {
		return keys.DeviceKeyFromSeed(seed), place, nil
	}
	if !errors.Is(err, errNotEnrolled) {
		return keys.DeviceKey{}, 0, err
	}
	v, err := openVault(folder)
	if err != nil {
		return keys.DeviceKey{}, 0, err
	}
	if _, err := rand.Read(seed[:]); err != nil {
		return keys.DeviceKey{}, 0, err
	}
	if err := v.Store(seedName, seed[:]); err != nil {
		return keys.DeviceKey{}, 0, fmt.Errorf("keep the room's identity: %w", err)
	}
	return keys.DeviceKeyFromSeed(seed), placeOf(v.Kind()), nil
}

// forget deletes the room's identity from this machine.
func forget(folder string) error {
	v, err := openVault(folder)
	if err != nil {
		return err
	}
	if err := v.Delete(seedName); err != nil {
		return fmt.Errorf("forget the room's identity: %w", err)
	}
	for _, name := range []string{sealFile, vaultName + ".vault", vaultName + ".keychain"} {
		if err := os.Remove(filepath.Join(folder, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("forget the room's identity: %w", err)
		}
	}
	return nil
}
