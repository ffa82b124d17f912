package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"conclave/app/config"
	"conclave/app/core"
	"conclave/app/kiosk"
	"conclave/keys"
	"conclave/ui/text"
)

func place(t *testing.T, policy string) config.Place {
	t.Helper()
	at := config.PlaceIn(t.TempDir())
	if err := os.WriteFile(at.File, []byte(policy), 0o644); err != nil {
		t.Fatal(err)
	}
	return at
}

// A second start with a link, a subcommand that opens the ordinary window, a flag:
// each ends at once, and nothing is started or handed to the kiosk that runs.
func TestAKioskOpensNoLinks(t *testing.T) {
	link := keys.Link{Service: "https://meet.school.test", Meeting: keys.MeetingID{7}}.String()
	at := place(t, `{"version": 1, "kiosk": {"room": "A", "rooms": [{"name": "B", "link": "`+link+`"}]}}`)
	rows := [][]string{
		{link},
		{"conclave://join/x"},
		{"--kiosk", link},
		{"demo"},
		{"bench"},
		{"--profile", "/tmp/x"},
		{"--join", link},
		{"-h"},
		{"--kiosk", "--video", "none"},
		{"--kiosk", "--width", "100"},
		{"--keys", "memory"},
		{"--stats", "/tmp/x"},
		{"kiosk"},
		{"kiosk", "shell"},
	}
	for _, args := range rows {
		if code, done := administered(at, args); !done || code != kiosk.ExitUsage {
			t.Errorf("%v: exit %d, done %v", args, code, done)
		}
	}
	if _, err := os.Stat(filepath.Join(at.Folder, "lock")); !errors.Is(err, os.ErrNotExist) {
		t.Error("a kiosk was started")
	}
}

// Standard input is empty here, as it is in the hands of somebody who starts it.
func TestAScreenNeedsOrders(t *testing.T) {
	at := place(t, `{"version": 1}`)
	if code, done := administered(at, []string{"kiosk", "screen"}); !done || code != kiosk.ExitUsage {
		t.Errorf("exit %d, done %v", code, done)
	}
}

func TestAnOrdinaryMachineIsLeftAlone(t *testing.T) {
	for _, at := range []config.Place{config.PlaceIn(t.TempDir()), place(t, `{"version": 1, "share": false}`)} {
		for _, args := range [][]string{nil, {"demo"}, {"https://x.test/m/y"}, {"--profile", "x"}} {
			if _, done := administered(at, args); done {
				t.Errorf("%v is taken away", args)
			}
		}
	}
}

func TestFlagsThatSayOtherwiseThanThePolicyAreRefused(t *testing.T) {
	p, err := config.ParsePolicy("f", []byte(`{"version": 1, "service": "meet.school.test", "language": "de", "record": false}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range []options{{service: "https://other.test"}, {language: "en"}, {record: "x.wav"}} {
		if err := o.obey(p); !errors.Is(err, config.ErrLocked) {
			t.Errorf("%+v: %v", o, err)
		}
		if err := o.obey(config.Policy{Record: true}); err != nil {
			t.Errorf("%+v without a policy: %v", o, err)
		}
	}
	if err := (options{service: "meet.school.test", language: "DE"}).obey(p); err != nil {
		t.Errorf("the same as the policy: %v", err)
	}
}

func TestVariablesStandBelowFlags(t *testing.T) {
	all := map[string]string{"CONCLAVE_SERVICE": "https://variable.test", "CONCLAVE_NAME": "Variable", "CONCLAVE_LANGUAGE": ""}
	lookup := func(name string) (string, bool) { v, ok := all[name]; return v, ok }
	o := options{name: "Flag"}.environment(lookup)
	if o.name != "Flag" || o.service != "https://variable.test" || o.language != "" {
		t.Errorf("%+v", o)
	}
	p, err := config.ParsePolicy("f", []byte(`{"version": 1, "service": "meet.school.test"}`))
	if err != nil {
		t.Fatal(err)
	}
	if err := o.obey(p); !errors.Is(err, config.ErrLocked) {
		t.Errorf("a variable against the policy: %v", err)
	}
}

func TestThePolicyWinsOverWhatWasKept(t *testing.T) {
	p, err := config.ParsePolicy("f", []byte(`{"version": 1, "service": "meet.school.test", "camera": "", "host-here": false, "updates": false, "modes": ["e2ee"], "share": false}`))
	if err != nil {
		t.Fatal(err)
	}
	c := core.Config{
		Settings: core.Settings{Service: "https://other.test", Pin: "x", Camera: "mine", Microphone: "mine"},
		Local:    func(context.Context) (string, string, error) { return "", "", nil },
	}
	r := rules{p}
	r.core(&c)
	if s := c.Settings; s.Service != "https://meet.school.test" || s.Pin != "" || s.Camera != "" || s.Microphone != "mine" || c.Local != nil || c.Updates != nil {
		t.Errorf("%+v", c.Settings)
	}
	l := r.limits()
	if !l.Service || !l.Devices || !l.NoShare || !slices.Equal(l.Modes, []keys.Mode{keys.ModeE2EE}) || !slices.Contains(l.Settings, "host-here") {
		t.Errorf("%+v", l)
	}
	none := rules{}
	if p, err := config.ReadPolicy(config.PlaceIn(t.TempDir())); err == nil {
		none = rules{p}
	}
	if l := none.limits(); l.Service || l.Devices || l.NoShare || len(l.Modes) != 2 || len(l.Settings) != 0 {
		t.Errorf("without a policy: %+v", l)
	}
}

func TestEveryManagedSettingHasWords(t *testing.T) {
	words := text.New(text.English)
	for _, k := range config.PolicyKeys() {
		if k.Name == "version" || strings.HasPrefix(k.Name, "kiosk") {
			continue
		}
		if !words.Has("managed.key." + k.Name) {
			t.Errorf("settings have no words for %s", k.Name)
		}
	}
}
