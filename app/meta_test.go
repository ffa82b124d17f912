package main

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"

	"conclave/app/core"
	"conclave/keys/vault"
)

func TestMetadataIsThatOfFyneApp(t *testing.T) {
	var file struct {
		Details struct{ Icon, Name, ID, Version string }
	}
	if _, err := toml.DecodeFile("../FyneApp.toml", &file); err != nil {
		t.Fatal(err)
	}
	d := file.Details
	if d.ID != appID || d.Name != appName || d.Version != appVersion {
		t.Errorf("FyneApp.toml says %s %s %s, the program %s %s %s", d.ID, d.Name, d.Version, appID, appName, appVersion)
	}
	if _, err := os.Stat("../" + d.Icon); err != nil {
		t.Errorf("the icon of FyneApp.toml: %v", err)
	}
}

// TestReadmeCommandsExist runs what the README tells people to type, as far as
// that does not build or open anything: make knows the target, the programs
// know the words.
func TestReadmeCommandsExist(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	checked := 0
	for _, block := range strings.Split(string(readme), "```sh\n")[1:] {
		block, _, _ = strings.Cut(block, "```")
		for line := range strings.Lines(block) {
			words := strings.Fields(line)
			if len(words) < 2 || words[0] != "make" {
				continue
			}
			cmd := exec.Command("make", "-n", words[1])
			cmd.Dir = ".."
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("README says %q: %v\n%s", strings.TrimSpace(line), err, out)
			}
			checked++
		}
	}
	if checked < 4 {
		t.Errorf("only %d commands of the README were checked", checked)
	}
}

func TestSecondStartOpensTheSealedKeyOfTheFirst(t *testing.T) {
	o := options{profile: t.TempDir(), keyPlace: "file"}
	if _, _, err := o.device(nil); !errors.Is(err, vault.ErrNeedPassphrase) {
		t.Fatalf("without a passphrase: %v", err)
	}
	if o.sealedFileExists() {
		t.Fatal("a file is there before the first start")
	}
	first, place, err := o.device([]byte("correct horse"))
	if err != nil || place != core.KeyPlaceFile {
		t.Fatalf("first start: %v, %v", place, err)
	}
	if !o.sealedFileExists() {
		t.Error("the second start would ask for a new passphrase")
	}
	if _, _, err := o.device([]byte("wrong horse")); !errors.Is(err, vault.ErrPassphrase) {
		t.Errorf("wrong passphrase: %v", err)
	}
	second, _, err := o.device([]byte("correct horse"))
	if err != nil || second.Public() != first.Public() {
		t.Errorf("second start: another key, or %v", err)
	}
}

func TestFlagsThatMakeNoSenseAreRefused(t *testing.T) {
	for _, args := range [][]string{
		{"--stamp", "16"}, {"a", "b"}, {"--join", "x", "y"}, {"--no-such-flag"},
	} {
		if _, err := parse(args); err == nil {
			t.Errorf("%v was accepted", args)
		}
	}
	o, err := parse([]string{"--name", "Ann", "https://meet.example/m/x"})
	if err != nil || o.join != "https://meet.example/m/x" || o.name != "Ann" {
		t.Errorf("got %+v, %v", o, err)
	}
}
