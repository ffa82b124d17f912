//go:build !windows

package kiosk

import (
	"os"
	"path/filepath"
	"testing"
)

// Folders in memory lie where everybody may write: a link that somebody lays
// there leads nowhere.
func TestSweepingFollowsNoLinks(t *testing.T) {
	shared, elsewhere := t.TempDir(), t.TempDir()
	t.Setenv("XDG_RUNTIME_DIR", shared)
	if err := os.Symlink(elsewhere, filepath.Join(shared, dirPrefix+"1")); err != nil {
		t.Fatal(err)
	}
	left := filepath.Join(shared, dirPrefix+"2")
	if err := os.Mkdir(left, 0o700); err != nil {
		t.Fatal(err)
	}
	sweep()
	if made, err := os.ReadDir(elsewhere); err != nil || len(made) > 0 {
		t.Errorf("where the link leads there is %v, %v", made, err)
	}
	if _, err := os.Stat(left); err == nil {
		t.Error("a folder that a screen left is still there")
	}
}
