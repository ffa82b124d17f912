package main

import (
	"fmt"
	"os"
	"path/filepath"

	"conclave/app/core"
	"conclave/app/profile"
	"conclave/keys"
)

// remember gives the core a place for what it remembers of people and plans,
// sealed with a key that follows from the device key's; with a key that is
// forgotten, there is none. Reports are written to the same folder for as long
// as services take none: legible, since they are for the operator.
func (o options) remember(cfg *core.Config, device keys.DeviceKey, place core.KeyPlace) error {
	cfg.SaveReport = func(name string, data []byte) (string, error) {
		path := filepath.Join(o.profile, "reports", filepath.Base(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return "", fmt.Errorf("save report: %w", err)
		}
		if err := profile.WriteFile(path, data); err != nil {
			return "", fmt.Errorf("save report: %w", err)
		}
		return path, nil
	}
	if place == core.KeyPlaceMemory {
		return nil
	}
	folder, err := profile.Open(o.profile, device)
	if err != nil {
		return err
	}
	cfg.Keep = folder
	return nil
}
