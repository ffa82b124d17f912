// Package vectors finds and reads the test vectors of RFC 9420 for tests. It is
// not part of any program.
package vectors

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"conclave/keys/mls/internal/suite"
)

// The two sets of vectors.
const (
	Official    = "mls"    // github.com/mlswg/mls-implementations
	PostQuantum = "mls-pq" // made with mlspp
)

const peerModule = "github.com/thomas-vilte/mls-go"

// Hex is a string of bytes that JSON has in hexadecimal.
type Hex []byte

// UnmarshalJSON reads the string.
func (h *Hex) UnmarshalJSON(b []byte) error {
	var s *string
	if err := json.Unmarshal(b, &s); err != nil || s == nil {
		return err
	}
	raw, err := hex.DecodeString(*s)
	*h = raw
	return err
}

// MarshalJSON writes the string.
func (h Hex) MarshalJSON() ([]byte, error) { return json.Marshal(hex.EncodeToString(h)) }

// Load reads a file of vectors into v: from ../shared beside the checkout or, in a
// fresh clone, from the copy that the module of our test peer carries. Where
// neither is, the test is skipped and says so.
func Load(t testing.TB, set, file string, v any) {
	t.Helper()
	if !Find(set, file, v) {
		t.Skipf("SKIPPED: vectors %s/%s are neither beside the checkout, in ../shared/vectors, nor in module %s", set, file, peerModule)
	}
}

// Find is Load for those who can do without: it reports whether the file is there.
func Find(set, file string, v any) bool {
	raw, err := os.ReadFile(filepath.Join(moduleRoot(), "..", "shared", "vectors", set, file))
	if errors.Is(err, fs.ErrNotExist) && set == Official {
		out, listErr := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", peerModule).Output()
		if listErr != nil {
			return false
		}
		raw, err = os.ReadFile(filepath.Join(strings.TrimSpace(string(out)), "testdata", "mls-interop-testvectors", "test-vectors", file))
	}
	if err != nil {
		return false
	}
	if err := json.Unmarshal(raw, v); err != nil {
		panic("vectors: " + file + ": " + err.Error())
	}
	return true
}

// Suites collects the suites of a file's cases and says at the end which ones were
// not run.
type Suites struct{ run, skipped map[suite.ID]int }

// Lookup returns the suite of a case, or nil when it is not one of ours.
func (u *Suites) Lookup(id suite.ID) *suite.Suite {
	if u.run == nil {
		u.run, u.skipped = make(map[suite.ID]int), make(map[suite.ID]int)
	}
	s, err := suite.Lookup(id)
	if err != nil {
		u.skipped[id]++
		return nil
	}
	u.run[id]++
	return s
}

// Report logs what was run, and fails when that was nothing.
func (u *Suites) Report(t testing.TB) {
	t.Helper()
	if len(u.run) == 0 {
		t.Error("no case was run")
	}
	t.Logf("cases run by suite %v; not run, for suites this package does not have, %v", u.run, u.skipped)
}

// moduleRoot is the folder of go.mod above the test.
func moduleRoot() string {
	dir, err := os.Getwd()
	if err != nil {
		panic("vectors: " + err.Error())
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		up := filepath.Dir(dir)
		if up == dir {
			panic("vectors: no go.mod above the test")
		}
		dir = up
	}
}
