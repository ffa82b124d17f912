package config

import (
	"strings"
	"testing"
)

// Whoever starts the program chooses its environment: the place of the
// administrator's file does not follow from it.
func TestEnvironmentDoesNotMoveThePolicy(t *testing.T) {
	for _, dir := range []string{t.TempDir(), ""} {
		t.Setenv("ProgramData", dir)
		at := machinePlace()
		if dir != "" && strings.HasPrefix(at.File, dir) || !strings.HasSuffix(at.File, `:\ProgramData\Conclave\managed.json`) {
			t.Errorf("ProgramData=%s: %s", dir, at.File)
		}
	}
}
