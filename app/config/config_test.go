package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"conclave/app/config"
)

func keys() []config.Key {
	return []config.Key{
		{Name: "place", Kind: config.Text, Default: "here"},
		{Name: "how-many", Kind: config.Number, Default: "3"},
		{Name: "open", Kind: config.Switch, Default: "false"},
		{Name: "wait", Kind: config.Duration, Default: "5s"},
	}
}

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.conf")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestLaterSourcesWin(t *testing.T) {
	in := config.Inputs{Prefix: "X_"}
	check := func(place string, from config.Source) {
		t.Helper()
		s, err := config.Read(keys(), in)
		if err != nil {
			t.Fatal(err)
		}
		if v := s.Value("place"); v.Text != place || v.From != from || v.Locked() != (from == config.FromManaged) {
			t.Errorf("got %+v, want %q from %v", v, place, from)
		}
	}
	check("here", config.FromDefault)
	in.File = write(t, "# comment\n\n place =  a b = c \nhow-many=7\nopen = true\nwait = 2m\n")
	check("a b = c", config.FromFile)
	in.Environ = []string{"PATH=/bin", "X_PLACE=env", "X_HOW_MANY=8"}
	check("env", config.FromEnvironment)
	in.Flags = map[string]string{"place": "flag"}
	check("flag", config.FromFlag)
	in.Environ, in.Flags, in.File = nil, nil, ""
	in.Managed = write(t, "place = office")
	check("office", config.FromManaged)
}

func TestValuesAreTyped(t *testing.T) {
	s, err := config.Read(keys(), config.Inputs{File: write(t, "how-many=7\nopen = true\nwait = 2m\n")})
	if err != nil {
		t.Fatal(err)
	}
	if s.Number("how-many") != 7 || !s.On("open") || s.Duration("wait") != 2*time.Minute || s.Text("place") != "here" {
		t.Errorf("got %d %v %v %q", s.Number("how-many"), s.On("open"), s.Duration("wait"), s.Text("place"))
	}
}

func TestMistakesNameTheirLine(t *testing.T) {
	rows := []struct{ name, text, want string }{
		{"unknown", "place = x\ncolour = red\n", ":2: unknown setting \"colour\""},
		{"no equals", "\nplace\n", ":2: not of the form"},
		{"no name", "= 3\n", ":1: not of the form"},
		{"twice", "place = x\n#\nplace = y\n", ":3: setting place is there twice"},
		{"not a number", "how-many = many", ":1: setting how-many: \"many\" is not a number"},
		{"negative", "how-many = -1", ":1:"},
		{"not a switch", "open = yes", "is not a true or false"},
		{"not a duration", "wait = 5", "is not a duration"},
		{"negative duration", "wait = -5s", "is not a duration"},
		{"other case", "Place = x", "unknown setting"},
	}
	for _, row := range rows {
		for _, in := range []config.Inputs{{File: write(t, row.text)}, {Managed: write(t, row.text)}} {
			if _, err := config.Read(keys(), in); err == nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("%s: got %v, want %q in it", row.name, err, row.want)
			}
		}
	}
	if _, err := config.Read(keys(), config.Inputs{Environ: []string{"X_COLOUR=red"}, Prefix: "X_"}); err == nil || !strings.Contains(err.Error(), "X_COLOUR") {
		t.Errorf("unknown variable: got %v", err)
	}
	if _, err := config.Read(keys(), config.Inputs{Flags: map[string]string{"wait": "x"}}); err == nil || !strings.Contains(err.Error(), "--wait") {
		t.Errorf("bad flag: got %v", err)
	}
}

func TestManagedSettingsFailClosed(t *testing.T) {
	managed := write(t, "place = office")
	for name, in := range map[string]config.Inputs{
		"file":        {Managed: managed, File: write(t, "place = home")},
		"environment": {Managed: managed, Environ: []string{"X_PLACE=home"}, Prefix: "X_"},
		"flag":        {Managed: managed, Flags: map[string]string{"place": "home"}},
	} {
		if _, err := config.Read(keys(), in); !errors.Is(err, config.ErrLocked) {
			t.Errorf("%s against managed: got %v, want ErrLocked", name, err)
		}
	}
	if _, err := config.Read(keys(), config.Inputs{Managed: managed, Flags: map[string]string{"place": "office"}}); err != nil {
		t.Errorf("the same value: got %v", err)
	}
	if _, err := config.Read(keys(), config.Inputs{Managed: filepath.Join(t.TempDir(), "none")}); err != nil {
		t.Errorf("no managed file: got %v", err)
	}
	if _, err := config.Read(keys(), config.Inputs{Managed: t.TempDir()}); err == nil {
		t.Error("a managed file that cannot be read is passed over")
	}
	if _, err := config.Read(keys(), config.Inputs{File: filepath.Join(t.TempDir(), "none")}); err == nil {
		t.Error("a missing settings file is passed over")
	}
}

func TestServiceKeysAreSound(t *testing.T) {
	s, err := config.Read(config.ServiceKeys(), config.Inputs{})
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range config.ServiceKeys() {
		if s.Value(k.Name).Text != k.Default || k.Help == "" {
			t.Errorf("key %s: default %q, help %q", k.Name, k.Default, k.Help)
		}
	}
}

func FuzzFile(f *testing.F) {
	f.Add("place = x\nhow-many = 3\n# c\n")
	f.Add("wait=1h\r\nopen=true")
	path := filepath.Join(f.TempDir(), "x.conf")
	f.Fuzz(func(t *testing.T, text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := config.Read(keys(), config.Inputs{File: path})
		if err != nil {
			return
		}
		if s.Number("how-many") < 0 || s.Duration("wait") < 0 {
			t.Errorf("%q gave a negative value", text)
		}
	})
}

func TestAdminPageNamesEverySetting(t *testing.T) {
	text, err := os.ReadFile("../ADMIN.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range config.ServiceKeys() {
		found := false
		for row := range strings.Lines(string(text)) {
			cells := strings.Split(row, "|")
			if len(cells) > 4 && strings.Contains(cells[1], "`"+k.Name+"`") {
				found = k.Default == "" || strings.Contains(cells[2], "`"+k.Default+"`")
			}
		}
		if !found {
			t.Errorf("ADMIN.md has no row for %s with default %q", k.Name, k.Default)
		}
	}
}
