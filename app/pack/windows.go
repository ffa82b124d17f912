package main

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

const (
	mingw = "x86_64-w64-mingw32-"
	// resources is the linker input with icon, version and manifest. Its name
	// keeps it out of every build but this one; it is removed after.
	resources = "app/conclave_windows_amd64.syso"
)

// windows cross-builds both programs, and makes the installer and a zip.
func (r *release) windows(ctx context.Context) error {
	if err := r.command(ctx, nil, ".ci/winlibs", r.libs); err != nil {
		return fmt.Errorf("build the C libraries: %w", err)
	}
	dir := filepath.Join(r.work, "windows")
	if err := r.resources(ctx, dir); err != nil {
		return err
	}
	defer func() { _ = os.Remove(resources) }()
	if err := r.programs(ctx, dir, ".exe", ` -H windowsgui -extldflags "-static -lpthread"`,
		"GOOS=windows", "GOARCH=amd64", "CC="+mingw+"gcc", "CXX="+mingw+"g++",
		"PKG_CONFIG_LIBDIR="+filepath.Join(r.libs, "lib/pkgconfig"), "PKG_CONFIG_PATH="); err != nil {
		return err
	}
	for _, name := range []string{"LICENSE", "NOTICE", "README.md"} {
		if err := copyFile(name, filepath.Join(dir, name+".txt"), 0o644); err != nil {
			return err
		}
	}
	for _, program := range []string{"conclave.exe", "conclave-serve.exe"} {
		if err := r.sign(ctx, filepath.Join(dir, program)); err != nil {
			return err
		}
	}
	name := fmt.Sprintf("conclave-%s-windows-amd64", r.Version)
	if err := r.zip(filepath.Join(r.out, name+".zip"), name, dir, "conclave.exe", "conclave-serve.exe", "LICENSE.txt", "NOTICE.txt", "README.md.txt"); err != nil {
		return err
	}
	if err := r.installer(ctx, dir, filepath.Join(r.out, name+"-setup.exe")); err != nil {
		return err
	}
	return r.materials(name, dir, ".exe", []string{"vpx", "opus", "speexdsp"})
}

// resources compiles icon, version and manifest into the program's folder.
func (r *release) resources(ctx context.Context, dir string) error {
	icon, err := readIcon()
	if err != nil {
		return err
	}
	data, err := ico(icon)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "conclave.ico"), data, 0o644); err != nil {
		return err
	}
	number := strings.ReplaceAll(strings.SplitN(r.Version, "-", 2)[0], ".", ",") + fmt.Sprintf(",%d", r.Build)
	values := map[string]any{"Version": r.Version, "Number": number, "Dotted": strings.ReplaceAll(number, ",", "."), "Dir": filepath.ToSlash(dir)}
	for _, name := range []string{"conclave.rc", "conclave.manifest"} {
		if err := r.fill("files/windows/"+name, filepath.Join(dir, name), values); err != nil {
			return err
		}
	}
	return r.command(ctx, nil, mingw+"windres", "--codepage=65001", "-i", filepath.Join(dir, "conclave.rc"), "-O", "coff", "-o", resources)
}

// installer makes the NSIS installer and signs it.
func (r *release) installer(ctx context.Context, dir, to string) error {
	script := filepath.Join(dir, "setup.nsi")
	absolute, err := filepath.Abs(to)
	if err != nil {
		return err
	}
	size := int64(0)
	for _, name := range []string{"conclave.exe", "conclave-serve.exe"} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		size += info.Size()
		if err := os.Chtimes(filepath.Join(dir, name), r.Made, r.Made); err != nil {
			return err
		}
	}
	for _, name := range []string{"LICENSE.txt", "NOTICE.txt", "README.md.txt", "conclave.ico"} {
		if err := os.Chtimes(filepath.Join(dir, name), r.Made, r.Made); err != nil {
			return err
		}
	}
	if err := r.fill("files/windows/setup.nsi", script, map[string]any{
		"Version": r.Version, "Dir": filepath.ToSlash(dir), "Out": filepath.ToSlash(absolute),
		"Website": r.Website, "ID": r.ID, "KiB": size / 1024,
		"Dotted": strings.SplitN(r.Version, "-", 2)[0] + fmt.Sprintf(".%d", r.Build),
	}); err != nil {
		return err
	}
	if err := r.command(ctx, nil, "makensis", "-V2", "-WX", "-INPUTCHARSET", "UTF8", script); err != nil {
		return err
	}
	return r.sign(ctx, to)
}

// sign puts an Authenticode signature on a program when a key is given, and
// checks that it holds.
func (r *release) sign(ctx context.Context, program string) error {
	key := os.Getenv(envSignPKCS12)
	if key == "" {
		_, _ = fmt.Fprintf(r.log, "not signed: %s (%s names no key)\n", filepath.Base(program), envSignPKCS12)
		return nil
	}
	signed := program + ".signed"
	args := []string{"sign", "-pkcs12", key, "-h", "sha256", "-n", r.Name, "-i", r.Website, "-time", fmt.Sprint(r.Made.Unix())}
	if f := os.Getenv(envSignPassword); f != "" {
		args = append(args, "-readpass", f)
	}
	if ts := os.Getenv(envSignTimestamp); ts != "" {
		args = append(args, "-ts", ts)
	}
	if err := r.command(ctx, nil, "osslsigncode", append(args, "-in", program, "-out", signed)...); err != nil {
		return fmt.Errorf("sign %s: %w", filepath.Base(program), err)
	}
	out, err := exec.CommandContext(ctx, "osslsigncode", "extract-signature", "-in", signed, "-out", signed+".sig").CombinedOutput()
	defer func() { _ = os.Remove(signed + ".sig") }()
	if err != nil {
		return fmt.Errorf("check signature of %s: %w: %s", filepath.Base(program), err, out)
	}
	return os.Rename(signed, program)
}

// zip packs files of a folder, all of the commit's time.
func (r *release) zip(to, top, dir string, names ...string) (err error) {
	f, err := os.Create(to)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	z := zip.NewWriter(f)
	for _, name := range names {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		w, err := z.CreateHeader(&zip.FileHeader{Name: top + "/" + name, Method: zip.Deflate, Modified: r.Made})
		if err != nil {
			return err
		}
		if _, err := w.Write(data); err != nil {
			return err
		}
	}
	return z.Close()
}
