package policy

import (
	"embed"
	"errors"
	"fmt"
)

//go:embed presets/*.json
var presetFiles embed.FS

// DefaultPreset is in force where nobody chose another.
const DefaultPreset = "verify-once"

// ErrPreset is returned for the name of no preset.
var ErrPreset = errors.New("read preset policy: want verified-only, verify-once or everyone")

// Presets lists the policies that come with the program, strictest first.
func Presets() []string { return []string{"verified-only", "verify-once", "everyone"} }

// Preset returns one of them.
func Preset(name string) (*Policy, error) {
	for _, known := range Presets() {
		if known == name {
			data, err := presetFiles.ReadFile("presets/" + name + ".json")
			if err != nil {
				return nil, fmt.Errorf("read preset policy: %w", err)
			}
			return Parse(data)
		}
	}
	return nil, ErrPreset
}
