package main

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// deps lists what a package links, itself left out.
func deps(t *testing.T, pattern string, cgo bool) map[string][]string {
	t.Helper()
	cmd := exec.Command("go", "list", "-tags", "migrated_fynedo,nolibopusfile", "-f", "{{.ImportPath}} {{join .Deps \" \"}}", pattern)
	cmd.Dir = ".."
	if !cgo {
		cmd.Env = append(cmd.Environ(), "CGO_ENABLED=0")
	}
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list %s: %v", pattern, err)
	}
	all := map[string][]string{}
	for line := range strings.Lines(string(out)) {
		f := strings.Fields(line)
		if len(f) > 0 {
			all[f[0]] = f[1:]
		}
	}
	if len(all) == 0 {
		t.Fatalf("go list %s found no package: the rule would check nothing", pattern)
	}
	return all
}

// The walls of DESIGN.md section 5. A prefix ends in "/..." where packages
// below it are meant too.
var walls = []struct {
	packages string
	except   []string
	never    []string
	because  string
}{
	{
		"./keys/...",
		[]string{"conclave/keys/registry", "conclave/keys/tlog", "conclave/keys/keystest"},
		[]string{"conclave/call/...", "conclave/ui/...", "conclave/app/...", "fyne.io/...", "github.com/pion/..."},
		"keys are the innermost zone",
	},
	{
		"./keys/registry/...",
		nil,
		[]string{"conclave/call/...", "conclave/ui/...", "conclave/app/...", "fyne.io/...", "github.com/pion/..."},
		"keys are the innermost zone",
	},
	{
		"./call",
		nil,
		[]string{"github.com/pion/...", "fyne.io/...", "net/http", "os/exec"},
		"the meeting is a pure machine",
	},
	{
		"./call/wire",
		nil,
		[]string{"github.com/pion/...", "fyne.io/...", "net/http", "os/exec"},
		"the schema carries no transport",
	},
	{
		"./call/room/...",
		nil,
		[]string{"conclave/call/frame", "conclave/keys/group", "conclave/keys/vault", "conclave/call/media/..."},
		"the service cannot decrypt: a fact of the build",
	},
	{
		"./call/relay/...",
		nil,
		[]string{"conclave/call/frame", "conclave/keys/group", "conclave/keys/vault", "conclave/call/media/..."},
		"the service cannot decrypt: a fact of the build",
	},
	{
		"./app/serve",
		nil,
		[]string{
			"conclave/call/frame", "conclave/keys/group", "conclave/keys/vault", "conclave/call/media/...",
			"conclave/ui/...", "conclave/app/core/...", "fyne.io/...",
		},
		"the service cannot decrypt: a fact of the build",
	},
	{
		"./ui/...",
		nil,
		[]string{
			"conclave/keys/vault", "conclave/call/link", "conclave/call/peer", "conclave/call/media/device",
			"conclave/app/service", "conclave/app/client", "github.com/pion/...", "github.com/livekit/...",
			"github.com/coder/websocket", "github.com/zalando/go-keyring",
		},
		"screens reach no network, vault or device",
	},
	{
		"./ui/present",
		nil,
		[]string{"fyne.io/..."},
		"what is shown is decided without Fyne",
	},
	{
		"./app/core",
		nil,
		[]string{"fyne.io/...", "conclave/ui/...", "conclave/call/room/...", "conclave/call/relay", "github.com/pion/...", "conclave/call/media/device"},
		"the core is drawn by others and opens no device itself",
	},
}

func TestImportWalls(t *testing.T) {
	for _, w := range walls {
		for pkg, list := range deps(t, w.packages, w.packages != "./app/serve") {
			if under(pkg, w.except) {
				continue
			}
			for _, dep := range list {
				if dep != pkg && match(dep, w.never) && !strings.HasPrefix(dep, "conclave/"+strings.TrimSuffix(strings.TrimPrefix(w.packages, "./"), "/...")) {
					t.Errorf("%s links %s; %s", pkg, dep, w.because)
				}
			}
		}
	}
}

func under(pkg string, list []string) bool {
	for _, p := range list {
		if pkg == p || strings.HasPrefix(pkg, p+"/") {
			return true
		}
	}
	return false
}

func match(dep string, never []string) bool {
	for _, n := range never {
		prefix, tree := strings.CutSuffix(n, "/...")
		if dep == prefix || tree && strings.HasPrefix(dep, prefix+"/") {
			return true
		}
	}
	return false
}

// TestTheMachineImportsNoNetwork looks at what call, call/wire and what of ours
// they link import themselves: X.509 links net for its addresses, and opens
// nothing.
func TestTheMachineImportsNoNetwork(t *testing.T) {
	ours := map[string]bool{"conclave/call": true, "conclave/call/wire": true}
	for pkg, list := range deps(t, "./call", false) {
		ours[pkg] = true
		for _, d := range list {
			if strings.HasPrefix(d, "conclave/") {
				ours[d] = true
			}
		}
	}
	for pkg := range ours {
		out, err := exec.Command("go", "list", "-f", "{{join .Imports \"\\n\"}}", pkg).Output()
		if err != nil {
			t.Fatalf("go list %s: %v", pkg, err)
		}
		for imported := range strings.Lines(string(out)) {
			switch strings.TrimSpace(imported) {
			case "net", "net/http", "C", "os/exec", "syscall":
				t.Errorf("%s imports %s; the meeting is a pure machine", pkg, strings.TrimSpace(imported))
			}
		}
	}
}

// TestOnlyDeviceHasCgoOfOurOwn keeps the C code of this repository in one place.
func TestOnlyDeviceHasCgoOfOurOwn(t *testing.T) {
	cmd := exec.Command("go", "list", "-tags", "migrated_fynedo,nolibopusfile", "-f", "{{if .CgoFiles}}{{.ImportPath}}{{end}}", "./...")
	cmd.Dir = ".."
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	found := strings.Fields(string(out))
	if len(found) != 1 || found[0] != "conclave/call/media/device" {
		t.Errorf("packages with C code: %v, want call/media/device alone", found)
	}
}

// TestTopLevelIsTheGivenOne keeps new rooms inside the house.
func TestTopLevelIsTheGivenOne(t *testing.T) {
	out, err := exec.Command("git", "ls-files", "--full-name", "..").Output()
	if err != nil {
		t.Skipf("not a git checkout, so there is no list of files to check: %v", err)
	}
	allowed := map[string]bool{"app": true, "ui": true, "call": true, "keys": true, "assets": true}
	for file := range strings.Lines(string(out)) {
		top, _, nested := strings.Cut(filepath.ToSlash(strings.TrimSpace(file)), "/")
		if nested && !allowed[top] && !strings.HasPrefix(top, ".") {
			t.Errorf("%s lies in a top-level folder that is not in the plan", strings.TrimSpace(file))
		}
	}
}
