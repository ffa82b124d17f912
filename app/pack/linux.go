package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"text/template"
)

//go:embed files
var files embed.FS

// linux makes the tarball, the .deb and the .rpm for the processor it runs on.
func (r *release) linux(ctx context.Context) error {
	if runtime.GOOS != "linux" {
		return errors.New("packages for Linux are made on Linux")
	}
	root := filepath.Join(r.work, "linux")
	if err := r.stageLinux(ctx, root); err != nil {
		return err
	}
	name := fmt.Sprintf("conclave-%s-linux-%s", r.Version, runtime.GOARCH)
	if err := r.tarball(filepath.Join(r.out, name+".tar.gz"), name, root); err != nil {
		return err
	}
	deb, rpm, err := needs(filepath.Join(root, "bin/conclave"))
	if err != nil {
		return err
	}
	config := filepath.Join(r.work, "nfpm.yaml")
	if err := r.fill("files/linux/nfpm.yaml", config, map[string]any{
		"Root": root, "Arch": runtime.GOARCH, "Version": r.Version, "Made": r.Made.Format("2006-01-02T15:04:05Z"),
		"ID": r.ID, "Website": r.Website, "DebNeeds": deb, "RPMNeeds": rpm,
	}); err != nil {
		return err
	}
	for _, packager := range []string{"deb", "rpm"} {
		if err := r.tool(ctx, "nfpm", "package", "--config", config, "--packager", packager, "--target", r.out); err != nil {
			return err
		}
	}
	return r.materials(fmt.Sprintf("conclave-%s-linux-%s", r.Version, runtime.GOARCH),
		filepath.Join(root, "bin"), "", []string{"vpx", "opus", "speexdsp"})
}

// stageLinux lays out what every package for Linux holds: bin and share.
func (r *release) stageLinux(ctx context.Context, root string) error {
	pc := filepath.Join(r.work, "pkgconfig")
	if err := staticLibraries(pc, "vpx", "opus", "speexdsp"); err != nil {
		return err
	}
	if err := r.programs(ctx, filepath.Join(root, "bin"), "", "", "PKG_CONFIG_PATH="+pc+":"+os.Getenv("PKG_CONFIG_PATH")); err != nil {
		return err
	}
	share := filepath.Join(root, "share")
	values := map[string]any{"ID": r.ID, "Version": r.Version, "Made": r.Made.Format("2006-01-02"), "Website": r.Website}
	for _, f := range []struct{ from, to string }{
		{"files/linux/conclave.desktop", "applications/" + r.ID + ".desktop"},
		{"files/linux/metainfo.xml", "metainfo/" + r.ID + ".metainfo.xml"},
	} {
		if err := r.fill(f.from, filepath.Join(share, f.to), values); err != nil {
			return err
		}
	}
	if err := icons(share, r.ID); err != nil {
		return err
	}
	for _, name := range []string{"LICENSE", "NOTICE", "README.md", "CHANGELOG.md", "app/ADMIN.md", "keys/THREATS.md"} {
		if err := copyFile(name, filepath.Join(share, "doc/conclave", filepath.Base(name)), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// staticLibraries writes pkg-config files that name the libraries' archives, so
// that a package does not depend on one distribution's library versions.
func staticLibraries(dir string, names ...string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, name := range names {
		ask := func(flag string) (string, error) {
			out, err := exec.Command("pkg-config", flag, name).Output()
			if err != nil {
				return "", fmt.Errorf("find library %s with pkg-config (.ci/libs package installs it): %w", name, err)
			}
			return strings.TrimSpace(string(out)), nil
		}
		include, err := ask("--cflags")
		if err != nil {
			return err
		}
		version, err := ask("--modversion")
		if err != nil {
			return err
		}
		out, err := exec.Command("cc", "-print-file-name=lib"+name+".a").Output()
		archive := strings.TrimSpace(string(out))
		if err != nil || !filepath.IsAbs(archive) {
			return fmt.Errorf("find library %s: the C compiler knows no lib%s.a to link statically", name, name)
		}
		text := fmt.Sprintf("Name: %s\nDescription: %s, linked statically\nVersion: %s\nCflags: %s\nLibs: %s -lm -lpthread\n",
			name, name, version, include, archive)
		if err := os.WriteFile(filepath.Join(dir, name+".pc"), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// fill writes a template with its values filled in.
func (r *release) fill(from, to string, values map[string]any) error {
	source, err := files.ReadFile(from)
	if err != nil {
		return err
	}
	t, err := template.New(filepath.Base(from)).Option("missingkey=error").Parse(string(source))
	if err != nil {
		return err
	}
	var text bytes.Buffer
	if err := t.Execute(&text, values); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	return os.WriteFile(to, text.Bytes(), 0o644)
}

func copyFile(from, to string, mode fs.FileMode) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	return os.WriteFile(to, data, mode)
}

// tarball packs a folder, sorted, owned by root, all of the commit's time.
func (r *release) tarball(to, top, root string) (err error) {
	var list []string
	if err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			list = append(list, path)
		}
		return err
	}); err != nil {
		return err
	}
	slices.Sort(list)
	f, err := os.Create(to)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	z, err := gzip.NewWriterLevel(f, gzip.BestCompression)
	if err != nil {
		return err
	}
	t := tar.NewWriter(z)
	for _, path := range list {
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		mode := int64(0o644)
		if strings.HasPrefix(filepath.ToSlash(name), "bin/") {
			mode = 0o755
		}
		h := &tar.Header{Name: top + "/" + filepath.ToSlash(name), Mode: mode, Size: int64(len(data)), ModTime: r.Made, Format: tar.FormatPAX}
		if err := t.WriteHeader(h); err != nil {
			return err
		}
		if _, err := t.Write(data); err != nil {
			return err
		}
	}
	return errors.Join(t.Close(), z.Close())
}
