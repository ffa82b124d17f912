package assets_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"conclave/assets"
)

var update = flag.Bool("update", false, "write licences/ anew from the modules that are linked")

// Whoever passes a program on must pass on the licences of what is in it.
func TestEveryLinkedModuleHasItsLicence(t *testing.T) {
	want := licences(t, linked(t))
	if *update {
		write(t, "licences/modules.txt.gz", packed(t, want))
		for from, to := range map[string]string{"NOTICE": "NOTICE.txt", "LICENSE": "LICENSE.txt"} {
			text, err := os.ReadFile(filepath.Join("..", from))
			if err != nil {
				t.Fatal(err)
			}
			write(t, "licences/"+to, text)
		}
		t.Skip("written; run again without -update")
	}
	if got := pack(assets.ModuleLicences()); got != want {
		t.Error("licences/modules.txt.gz is not what is linked; run go test ./assets -update")
	}
	for name, got := range map[string]string{"NOTICE": assets.Notice, "LICENSE": assets.Licence} {
		text, err := os.ReadFile(filepath.Join("..", name))
		if err != nil || string(text) != got {
			t.Errorf("licences/%s.txt is not %s; run go test ./assets -update (%v)", name, name, err)
		}
	}
}

type module struct{ Path, Version, Dir string }

// linked lists the modules of both programs on the three systems.
func linked(t *testing.T) map[string]module {
	t.Helper()
	all := map[string]module{}
	for _, system := range []string{"linux", "windows", "darwin"} {
		cmd := exec.Command("go", "list", "-deps", "-json=Module", "-tags", "migrated_fynedo,nolibopusfile", "conclave/app", "conclave/app/serve")
		cmd.Env = append(os.Environ(), "GOOS="+system, "CGO_ENABLED=1")
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("go list for %s: %v", system, err)
		}
		for d := json.NewDecoder(bytes.NewReader(out)); ; {
			var p struct{ Module *module }
			err := d.Decode(&p)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if p.Module != nil && p.Module.Path != "conclave" {
				all[p.Module.Path] = *p.Module
			}
		}
	}
	return all
}

// licences joins the modules of each licence text, the texts in the order of
// their first modules.
func licences(t *testing.T, all map[string]module) string {
	t.Helper()
	names, order := map[string][]string{}, []string{}
	for _, path := range slices.Sorted(maps.Keys(all)) {
		m := all[path]
		text := licenceOf(m)
		if text == "" {
			t.Errorf("%s %s has no licence in %s", m.Path, m.Version, m.Dir)
			continue
		}
		if names[text] == nil {
			order = append(order, text)
		}
		names[text] = append(names[text], m.Path+" "+m.Version)
	}
	goroot, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	std, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(goroot)), "LICENSE"))
	if err == nil {
		text := tidy(std)
		if names[text] == nil {
			order = append(order, text)
		}
		names[text] = append(names[text], "Go, its standard library")
	}
	var out []assets.ModuleLicence
	for _, text := range order {
		out = append(out, assets.ModuleLicence{Modules: names[text], Text: text})
	}
	return pack(out)
}

// pack is the form in the file: names, an empty line, the text, a form feed.
func pack(all []assets.ModuleLicence) string {
	var b strings.Builder
	for _, l := range all {
		b.WriteString(strings.Join(l.Modules, "\n") + "\n\n" + l.Text + "\f")
	}
	return b.String()
}

func licenceOf(m module) string {
	entries, _ := os.ReadDir(m.Dir)
	var parts []string
	for _, e := range entries {
		name := strings.ToLower(e.Name())
		for _, start := range []string{"license", "licence", "copying", "notice", "unlicense"} {
			if strings.HasPrefix(name, start) && !e.IsDir() && !strings.HasSuffix(name, ".go") {
				if text, err := os.ReadFile(filepath.Join(m.Dir, e.Name())); err == nil {
					parts = append(parts, tidy(text))
				}
				break
			}
		}
	}
	return strings.Join(parts, "\n\n")
}

func tidy(text []byte) string {
	lines := strings.Split(strings.ReplaceAll(strings.ToValidUTF8(string(text), "?"), "\r\n", "\n"), "\n")
	for i, l := range lines {
		lines[i] = strings.TrimRight(strings.NewReplacer("\t", "    ", "\f", "").Replace(l), " ")
	}
	return strings.Trim(strings.Join(lines, "\n"), "\n")
}

func packed(t *testing.T, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	w, _ := gzip.NewWriterLevel(&b, gzip.BestCompression)
	_, err := io.WriteString(w, text)
	if err = errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}
