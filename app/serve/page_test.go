package main

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"conclave/app/config"
	"conclave/keys/registry/setup"
)

func section(t *testing.T, heading string) string {
	t.Helper()
	text, err := os.ReadFile("../ADMIN.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(text), "\n## "+heading+"\n")
	if !found {
		t.Fatalf("ADMIN.md has no section %q", heading)
	}
	rest, _, _ = strings.Cut(rest, "\n## ")
	return rest
}

// rows reads a table: names, and for each the cells behind it.
func rows(t *testing.T, text string) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	name := regexp.MustCompile("`([a-z_-]+)`")
	for line := range strings.Lines(text) {
		cells := strings.Split(strings.TrimSpace(line), "|")
		if len(cells) != 6 || !strings.Contains(cells[1], "`") {
			continue
		}
		for _, m := range name.FindAllStringSubmatch(cells[1], -1) {
			all[m[1]] = cells[2:5]
		}
	}
	return all
}

// TestPageAndProgramKnowTheSameSettings compares both ways: no key without a row
// with meaning and danger, no row without a key.
func TestPageAndProgramKnowTheSameSettings(t *testing.T) {
	var service, identity []string
	for _, k := range config.ServiceKeys() {
		service = append(service, k.Name)
	}
	for f := range reflect.TypeFor[setup.Settings]().Fields() {
		identity = append(identity, f.Tag.Get("json"))
	}
	for heading, want := range map[string][]string{"Settings": service, "Accounts and verification": identity} {
		found := rows(t, section(t, heading))
		for _, name := range want {
			if cells := found[name]; len(cells) != 3 || strings.TrimSpace(cells[1]) == "" || strings.TrimSpace(cells[2]) == "" {
				t.Errorf("%s: %s has no row with meaning and danger", heading, name)
			}
		}
		for name := range found {
			if !slices.Contains(want, name) {
				t.Errorf("%s: there is a row for %s, which the program does not know", heading, name)
			}
		}
	}
}

// TestCommandsOnThePageDoWhatItSays runs a service, and each command of the page
// beside it, and compares what they print; numbers, keys and places may differ.
func TestCommandsOnThePageDoWhatItSays(t *testing.T) {
	data, err := os.MkdirTemp("", "s") // short: a socket's path has 107 bytes
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(data) })
	p := start(t, "--data", data, "--listen", "127.0.0.1:0", "--media-port", "0")
	c := registryClient(t, p, device(t))
	started, err := c.StartSignIn(t.Context(), "ana@firm.example")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.FinishSignIn(t.Context(), started.Attempt, codeInOutbox(t, data), "Ana"); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Passport(t.Context()); err != nil {
		t.Fatal(err)
	}
	about, err := c.About(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	here := func(arg, before string) string {
		switch before {
		case "--key":
			return about.LogKey
		case "--pin":
			return p.Pin
		}
		arg = strings.Replace(arg, "https://meet.example.org:8443", p.URL, 1)
		arg = strings.Replace(arg, "/var/lib/conclave", data, 1)
		return strings.Replace(arg, "/var/backups", filepath.Join(data, "backups"), 1)
	}
	if err := os.Mkdir(filepath.Join(data, "backups"), 0o700); err != nil {
		t.Fatal(err)
	}
	commands := 0
	for _, heading := range []string{"Commands", "Back-up and restore"} {
		for _, block := range strings.Split(section(t, heading), "```console\n")[1:] {
			block, _, _ = strings.Cut(block, "```")
			for _, one := range strings.Split("\n"+block, "\n$ ")[1:] {
				line, want, _ := strings.Cut(one, "\n")
				args := strings.Fields(line)[1:]
				for i, arg := range args {
					args[i] = here(arg, args[max(i-1, 0)])
				}
				var out, errs bytes.Buffer
				if code := run(t.Context(), process{args: args, out: &out, err: &errs}); code != exitOK {
					t.Errorf("%s\nexit code %d, %s%s", line, code, errs.String(), out.String())
				}
				if got := alike(strings.ReplaceAll(out.String(), filepath.Join(data, "backups"), "/var/backups")); !strings.HasPrefix(got, alike(want)) {
					t.Errorf("%s\nprints\n%s\nand not\n%s", line, got, alike(want))
				}
				commands++
			}
		}
	}
	if commands < 9 {
		t.Errorf("%d commands on the page: is this the page?", commands)
	}
	p.stop()
	p.wait(t)
}

// alike takes out what differs from service to service.
func alike(text string) string {
	for _, row := range [][2]string{{`\+[0-9a-f]{8}\+[A-Za-z0-9+/=]+`, "+KEY"}, {`\b[A-Za-z0-9+/]{43}=`, "HASH"}, {`[0-9]+`, "N"}} {
		text = regexp.MustCompile(row[0]).ReplaceAllString(text, row[1])
	}
	return text
}
