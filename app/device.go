package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"conclave/app/core"
	"conclave/keys"
	"conclave/keys/vault"
)

// passphraseVariable gives the passphrase of the sealed file where nobody can
// type it.
const passphraseVariable = "CONCLAVE_PASSPHRASE"

// deviceKeyName is the vault's name for the device key's seed.
const deviceKeyName = "device-key"

// kinds are the words of --keys; "" takes the keychain, or else the sealed file.
var kinds = map[string]vault.Kind{
	"": 0, "keychain": vault.Keychain, "file": vault.SealedFile, "memory": vault.Memory,
}

// device loads this device's key, or makes it on the first start. passphrase
// opens the sealed file; with nil, and none in the environment, the error is
// vault.ErrNeedPassphrase where one is needed.
func (o options) device(passphrase []byte) (keys.DeviceKey, core.KeyPlace, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	kind, ok := kinds[o.keyPlace]
	if !ok {
		return keys.DeviceKey{}, 0, errors.New("--keys: want keychain, file or memory")
	}
	cfg := vault.Config{Service: appID, Dir: o.profile, Backend: kind}
	if passphrase == nil {
		if text := os.Getenv(passphraseVariable); text != "" {
			passphrase = []byte(text)
		}
	}
	if passphrase != nil {
		cfg.Passphrase = func() ([]byte, error) { return passphrase, nil }
	}
	v, _, err := vault.Open(ctx, cfg)
	if err != nil {
		return keys.DeviceKey{}, 0, fmt.Errorf("open the place of the device key: %w", err)
	}
	place := map[vault.Kind]core.KeyPlace{
		vault.Keychain: core.KeyPlaceKeychain, vault.SealedFile: core.KeyPlaceFile, vault.Memory: core.KeyPlaceMemory,
	}[v.Kind()]
	seed, err := v.Load(deviceKeyName)
	switch {
	case err == nil && len(seed) == 32:
		defer clear(seed)
		return keys.DeviceKeyFromSeed([32]byte(seed)), place, nil
	case err == nil:
		return keys.DeviceKey{}, 0, errors.New("load the device key: it is damaged")
	case !errors.Is(err, vault.ErrNotFound):
		return keys.DeviceKey{}, 0, fmt.Errorf("load the device key: %w", err)
	}
	key, err := keys.NewDeviceKey()
	if err != nil {
		return keys.DeviceKey{}, 0, err
	}
	fresh := key.Seed()
	defer clear(fresh[:])
	if err := v.Store(deviceKeyName, fresh[:]); err != nil {
		return keys.DeviceKey{}, 0, fmt.Errorf("keep the device key: %w", err)
	}
	return key, place, nil
}
