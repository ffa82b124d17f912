package wire

import (
	"os"
	"reflect"
	"strings"
	"testing"
)

// TestDocumentNamesEverything checks that call/PROTOCOL.md has a row for each
// message with all its fields, and each code and reason.
func TestDocumentNamesEverything(t *testing.T) {
	text, err := os.ReadFile("../PROTOCOL.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]string{}
	for line := range strings.Lines(string(text)) {
		if name, ok := strings.CutPrefix(line, "| `"); ok {
			name, _, _ = strings.Cut(name, "`")
			rows[name] += line
		}
	}
	for _, m := range samples() {
		row, ok := rows[m.Type()]
		if !ok {
			t.Errorf("PROTOCOL.md has no row for message %q", m.Type())
			continue
		}
		for f := range reflect.TypeOf(m).Fields() {
			if !strings.Contains(row, "`"+fieldName(f)+"`") {
				t.Errorf("the row of %q does not name field %q", m.Type(), fieldName(f))
			}
		}
	}
	for _, c := range Codes() {
		if _, ok := rows[string(c)]; !ok {
			t.Errorf("PROTOCOL.md has no row for code %q", c)
		}
	}
	for _, r := range Reasons() {
		if !strings.Contains(string(text), "`"+string(r)+"`") {
			t.Errorf("PROTOCOL.md does not name reason %q", r)
		}
	}
	for _, r := range EndReasons() {
		if !strings.Contains(string(text), "`"+string(r)+"`") {
			t.Errorf("PROTOCOL.md does not name end reason %q", r)
		}
	}
	for _, n := range []string{"4001", "4002"} {
		if !strings.Contains(string(text), "| "+n+" |") {
			t.Errorf("PROTOCOL.md has no row for close code %s", n)
		}
	}
}
