// Package config reads settings: a table of typed keys, filled from defaults, a
// file, the environment, flags, and an administrator's managed file.
//
// Later sources win, in that order; a key in the managed file is locked, and
// trying to set it elsewhere is an error rather than silently lost. An unknown
// key, a repeated one and a value of the wrong kind are errors that name the
// file and line. Use [Read] with a table such as [ServiceKeys].
//
// It is not a place for secrets, and it watches nothing: settings are read once.
// Trust zone: whoever runs the program; the managed file belongs to the
// administrator of the machine.
package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Kind is the type of a setting.
type Kind uint8

const (
	Text     Kind = 1
	Number   Kind = 2 // a whole number, not negative
	Switch   Kind = 3 // true or false
	Duration Kind = 4 // as in 90s or 12h, not negative
)

func (k Kind) String() string {
	switch k {
	case Text:
		return "text"
	case Number:
		return "number"
	case Switch:
		return "true or false"
	case Duration:
		return "duration"
	}
	return "invalid"
}

// Key describes one setting.
type Key struct {
	// Name as it stands in files, in lower case with dashes.
	Name string
	Kind Kind
	// Default as text, in the kind's form.
	Default string
	// Help is one line for an administrator.
	Help string
}

// Source says where a value came from. Later ones win.
type Source uint8

const (
	FromDefault     Source = 1
	FromFile        Source = 2
	FromEnvironment Source = 3
	FromFlag        Source = 4
	FromManaged     Source = 5
)

func (s Source) String() string {
	switch s {
	case FromDefault:
		return "default"
	case FromFile:
		return "file"
	case FromEnvironment:
		return "environment"
	case FromFlag:
		return "flag"
	case FromManaged:
		return "managed"
	}
	return "invalid"
}

// Value is one setting as it came out.
type Value struct {
	Text string
	From Source
	// Where names file and line, variable or flag.
	Where string
}

// Locked says that an administrator has decided.
func (v Value) Locked() bool { return v.From == FromManaged }

// Inputs are the sources. Absent ones are empty.
type Inputs struct {
	// File is the path of the settings file; it must exist when given.
	File string
	// Managed is the path of the administrator's file; it may be missing, but
	// one that cannot be read is an error.
	Managed string
	// Environ is in the form of os.Environ; Prefix, as in "CONCLAVE_", marks
	// which variables are settings: CONCLAVE_DATA is the key "data".
	Environ []string
	Prefix  string
	// Flags are those given on the command line, by key.
	Flags map[string]string
}

// Settings are values for every key of a table.
type Settings struct {
	keys   []Key
	values map[string]Value
}

// ErrLocked is wrapped when something else sets a key of the managed file.
var ErrLocked = errors.New("the administrator of this computer has decided this setting")

// Read fills the table from the inputs.
func Read(keys []Key, in Inputs) (Settings, error) {
	s := Settings{keys: keys, values: map[string]Value{}}
	for _, k := range keys {
		s.values[k.Name] = Value{Text: k.Default, From: FromDefault, Where: "default"}
		if err := k.check(k.Default); err != nil {
			return Settings{}, fmt.Errorf("default of %s: %w", k.Name, err)
		}
	}
	if in.File != "" {
		if err := s.file(in.File, FromFile); err != nil {
			return Settings{}, fmt.Errorf("read settings: %w", err)
		}
	}
	if err := s.environment(in.Environ, in.Prefix); err != nil {
		return Settings{}, fmt.Errorf("read settings: %w", err)
	}
	for name, text := range in.Flags {
		if err := s.set(name, Value{text, FromFlag, "--" + name}); err != nil {
			return Settings{}, fmt.Errorf("read settings: %w", err)
		}
	}
	if in.Managed != "" {
		if err := s.file(in.Managed, FromManaged); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return Settings{}, fmt.Errorf("read settings: %w", err)
		}
	}
	return s, nil
}

func (s Settings) set(name string, v Value) error {
	i := slices.IndexFunc(s.keys, func(k Key) bool { return k.Name == name })
	if i < 0 {
		return fmt.Errorf("%s: unknown setting %q", v.Where, name)
	}
	if err := s.keys[i].check(v.Text); err != nil {
		return fmt.Errorf("%s: setting %s: %w", v.Where, name, err)
	}
	if before := s.values[name]; v.From == FromManaged && before.From != FromDefault && before.Text != v.Text {
		return fmt.Errorf("%s: setting %s: %w (%s)", before.Where, name, ErrLocked, v.Where)
	}
	s.values[name] = v
	return nil
}

func (k Key) check(text string) error {
	var err error
	switch k.Kind {
	case Text:
	case Number:
		_, err = strconv.ParseUint(text, 10, 31)
	case Switch:
		if text != "true" && text != "false" {
			err = errors.New("not true or false")
		}
	case Duration:
		var d time.Duration
		if d, err = time.ParseDuration(text); err == nil && d < 0 {
			err = errors.New("negative")
		}
	default:
		err = errors.New("no kind")
	}
	if err != nil {
		return fmt.Errorf("%q is not a %s", text, k.Kind)
	}
	return nil
}

func (s Settings) file(path string, from Source) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	text, err := io.ReadAll(io.LimitReader(f, 1<<20))
	if err != nil {
		return err
	}
	lines, err := parse(path, string(text))
	if err != nil {
		return err
	}
	for _, l := range lines {
		if err := s.set(l.name, Value{l.text, from, l.where}); err != nil {
			return err
		}
	}
	return nil
}

func (s Settings) environment(environ []string, prefix string) error {
	for _, variable := range environ {
		name, text, _ := strings.Cut(variable, "=")
		rest, ours := strings.CutPrefix(name, prefix)
		if !ours || prefix == "" {
			continue
		}
		key := strings.ReplaceAll(strings.ToLower(rest), "_", "-")
		if err := s.set(key, Value{text, FromEnvironment, name}); err != nil {
			return err
		}
	}
	return nil
}

type line struct{ name, text, where string }

// parse reads lines of the form "name = value"; empty ones and those that begin
// with # are skipped. Values are taken as they are, without surrounding space.
func parse(path, text string) ([]line, error) {
	var all []line
	seen := map[string]bool{}
	n := 0
	for one := range strings.Lines(text) {
		n++
		where := fmt.Sprintf("%s:%d", path, n)
		one = strings.TrimSpace(one)
		if one == "" || strings.HasPrefix(one, "#") {
			continue
		}
		name, value, ok := strings.Cut(one, "=")
		name = strings.TrimSpace(name)
		if !ok || name == "" {
			return nil, fmt.Errorf("%s: not of the form name = value", where)
		}
		if seen[name] {
			return nil, fmt.Errorf("%s: setting %s is there twice", where, name)
		}
		seen[name] = true
		all = append(all, line{name, strings.TrimSpace(value), where})
	}
	return all, nil
}

// Value returns a setting with its source. The key must be in the table.
func (s Settings) Value(name string) Value {
	v, ok := s.values[name]
	if !ok {
		panic("config: no key " + name) // a mistake in the program
	}
	return v
}

// Text returns a setting as it stands.
func (s Settings) Text(name string) string { return s.Value(name).Text }

// Number returns a setting of that kind.
func (s Settings) Number(name string) int {
	n, _ := strconv.Atoi(s.Value(name).Text) // checked by set
	return n
}

// On returns a setting of kind Switch.
func (s Settings) On(name string) bool { return s.Value(name).Text == "true" }

// Duration returns a setting of that kind.
func (s Settings) Duration(name string) time.Duration {
	d, _ := time.ParseDuration(s.Value(name).Text) // checked by set
	return d
}
