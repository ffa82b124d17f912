package main

import (
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"conclave/app/update"
)

// A bill of materials in CycloneDX 1.5 (ECMA-424), of what was really linked:
// the module list that the linker writes into each program, and the C
// libraries.
type (
	bill struct {
		BOMFormat   string `json:"bomFormat"`
		SpecVersion string `json:"specVersion"`
		Version     int    `json:"version"`
		Metadata    struct {
			Timestamp string    `json:"timestamp"`
			Component component `json:"component"`
		} `json:"metadata"`
		Components []component `json:"components"`
	}
	component struct {
		Type    string `json:"type"`
		Ref     string `json:"bom-ref"`
		Name    string `json:"name"`
		Version string `json:"version"`
		PURL    string `json:"purl,omitempty"`
		Hashes  []hash `json:"hashes,omitempty"`
	}
	hash struct {
		Algorithm string `json:"alg"`
		Content   string `json:"content"`
	}
)

// materials writes NAME.cdx.json for the programs in a folder.
func (r *release) materials(name, dir, suffix string, libraries []string) error {
	var b bill
	b.BOMFormat, b.SpecVersion, b.Version = "CycloneDX", "1.5", 1
	b.Metadata.Timestamp = r.Made.Format("2006-01-02T15:04:05Z")
	b.Metadata.Component = component{Type: "application", Ref: "conclave", Name: "conclave", Version: r.Version}
	modules := map[string]component{}
	for _, program := range []string{"conclave", "conclave-serve"} {
		path := filepath.Join(dir, program+suffix)
		info, err := buildinfo.ReadFile(path)
		if err != nil {
			return fmt.Errorf("read modules of %s: %w", program, err)
		}
		sum, _, err := digest(path)
		if err != nil {
			return err
		}
		b.Components = append(b.Components, component{
			Type: "application", Ref: program, Name: program + suffix, Version: r.Version, Hashes: []hash{{"SHA-256", sum}},
		})
		modules["std"] = component{Type: "library", Ref: "std", Name: "std", Version: strings.TrimPrefix(info.GoVersion, "go"), PURL: "pkg:golang/std@" + strings.TrimPrefix(info.GoVersion, "go")}
		for _, m := range info.Deps {
			if m.Replace != nil {
				m = m.Replace
			}
			purl := "pkg:golang/" + strings.ToLower(m.Path) + "@" + m.Version
			modules[purl] = component{Type: "library", Ref: purl, Name: m.Path, Version: m.Version, PURL: purl}
		}
	}
	for _, l := range libraries {
		version, err := r.libraryVersion(l, suffix == ".exe")
		if err != nil {
			return err
		}
		modules[l] = component{Type: "library", Ref: l, Name: l, Version: version, PURL: "pkg:generic/" + l + "@" + version}
	}
	keys := make([]string, 0, len(modules))
	for k := range modules {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		b.Components = append(b.Components, modules[k])
	}
	data, err := json.MarshalIndent(b, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(r.out, name+".cdx.json"), append(data, '\n'), 0o644)
}

func (r *release) libraryVersion(name string, windows bool) (string, error) {
	c := exec.Command("pkg-config", "--modversion", name)
	if windows {
		c.Env = append(os.Environ(), "PKG_CONFIG_LIBDIR="+filepath.Join(r.libs, "lib/pkgconfig"), "PKG_CONFIG_PATH=")
	}
	out, err := c.Output()
	if err != nil {
		return "", fmt.Errorf("read version of %s: %w", name, err)
	}
	return strings.TrimSpace(string(out)), nil
}

func digest(path string) (sum string, size int64, err error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return "", 0, err
	}
	h := sha256.Sum256(data)
	return hex.EncodeToString(h[:]), int64(len(data)), nil
}

// finish writes SHA256SUMS over every package of this version in the folder,
// and with a key the manifest.
func (r *release) finish() error {
	entries, err := os.ReadDir(r.out)
	if err != nil {
		return err
	}
	m := update.Manifest{Version: r.Version, Made: r.Made, Page: os.Getenv(envUpdatePage)}
	var sums strings.Builder
	for _, e := range entries {
		if !strings.Contains(e.Name(), r.Version) || e.IsDir() {
			continue
		}
		sum, size, err := digest(filepath.Join(r.out, e.Name()))
		if err != nil {
			return err
		}
		_, _ = fmt.Fprintf(&sums, "%s  %s\n", sum, e.Name())
		_, _ = fmt.Fprintf(r.log, "%8.1f MB  %s\n", float64(size)/1e6, e.Name())
		if system := systemOf(e.Name()); system != "" {
			m.Files = append(m.Files, update.File{Name: e.Name(), System: system, Size: size, SHA256: sum})
		}
	}
	if err := os.WriteFile(filepath.Join(r.out, "SHA256SUMS"), []byte(sums.String()), 0o644); err != nil {
		return err
	}
	return r.manifest(m)
}

// systemOf is the system that a package is for, or "" for what is none.
func systemOf(name string) string {
	switch {
	case strings.HasSuffix(name, ".deb"), strings.HasSuffix(name, ".rpm"), strings.HasSuffix(name, ".tar.gz"):
		return "linux"
	case strings.HasSuffix(name, ".exe"), strings.HasSuffix(name, ".zip"):
		return "windows"
	case strings.HasSuffix(name, ".dmg"):
		return "darwin"
	}
	return ""
}

// manifest signs the list of packages, when there is a key.
func (r *release) manifest(m update.Manifest) error {
	file := os.Getenv(envUpdateKey)
	if file == "" {
		_, _ = fmt.Fprintf(r.log, "no update manifest: %s names no key\n", envUpdateKey)
		return nil
	}
	key, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("read key for the update manifest: %w", err)
	}
	if f := os.Getenv(envUpdateNotes); f != "" {
		notes, err := os.ReadFile(f)
		if err != nil {
			return fmt.Errorf("read notes for the update manifest: %w", err)
		}
		m.Notes = strings.TrimSpace(string(notes))
	}
	signed, err := update.Sign(m, string(key))
	if err != nil {
		return err
	}
	if v := os.Getenv(envUpdateVerifier); v != "" {
		if _, err := update.Open(signed, v); err != nil {
			return fmt.Errorf("check the update manifest with %s: %w", envUpdateVerifier, err)
		}
	}
	return os.WriteFile(filepath.Join(r.out, "update"), signed, 0o644)
}
