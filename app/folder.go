package main

import (
	"os"
	"path/filepath"
)

// saveFolder is where a person finds what Conclave saves for them: Downloads,
// or else the home folder; "" where there is neither.
func saveFolder() string {
	home, err := os.UserHomeDir()
	if err != nil {
		return ""
	}
	downloads := filepath.Join(home, "Downloads")
	if info, err := os.Stat(downloads); err == nil && info.IsDir() {
		return downloads
	}
	return home
}
