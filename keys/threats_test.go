package keys

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestThreatsNamesTestsThatExist keeps THREATS.md honest: each test that it names as
// evidence is there.
func TestThreatsNamesTestsThatExist(t *testing.T) {
	text, err := os.ReadFile("THREATS.md")
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile("`((?:Test|Fuzz)[A-Za-z]+)`").FindAllStringSubmatch(string(text), -1)
	if len(named) < 20 {
		t.Fatalf("THREATS.md names %d tests; is this the file?", len(named))
	}
	var source strings.Builder
	for _, dir := range []string{".", "../call", "../app"} {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, "_test.go") {
				return err
			}
			data, err := os.ReadFile(path)
			source.Write(data)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, m := range named {
		if !strings.Contains(source.String(), "\nfunc "+m[1]+"(") {
			t.Errorf("%s does not exist", m[1])
		}
	}
}
