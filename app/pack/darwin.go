package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// darwin makes an .app and a .dmg. It needs a Mac with Xcode's command-line
// tools; it was never run.
func (r *release) darwin(ctx context.Context) error {
	if runtime.GOOS != "darwin" {
		return errors.New("packages for macOS are made on a Mac")
	}
	dir := filepath.Join(r.work, "darwin")
	if err := r.programs(ctx, dir, "", ""); err != nil {
		return err
	}
	// The fyne tool looks for FyneApp.toml in the source folder only, and writes
	// into it: it gets a copy, with the icon's path adapted.
	data, err := os.ReadFile("FyneApp.toml")
	if err != nil {
		return err
	}
	staged := strings.Replace(string(data), `"assets/`, `"../assets/`, 1)
	if err := os.WriteFile("app/FyneApp.toml", []byte(staged), 0o644); err != nil {
		return err
	}
	defer func() { _, _ = os.Remove("app/FyneApp.toml"), os.Remove("app/fyne_metadata_init.go") }()
	if err := r.tool(ctx, "fyne", "package", "--os", "darwin", "--source-dir", "./app", "--release", "--tags", tags,
		"--executable", filepath.Join(dir, "conclave")); err != nil {
		return err
	}
	bundle := filepath.Join(dir, "Conclave.app")
	if err := os.Rename("Conclave.app", bundle); err != nil {
		return err
	}
	if err := copyFile(filepath.Join(dir, "conclave-serve"), filepath.Join(bundle, "Contents/MacOS/conclave-serve"), 0o755); err != nil {
		return err
	}
	if err := r.describe(ctx, bundle); err != nil {
		return err
	}
	name := fmt.Sprintf("conclave-%s-darwin-%s", r.Version, runtime.GOARCH)
	if err := r.command(ctx, nil, "hdiutil", "create", "-volname", r.Name, "-srcfolder", bundle, "-ov", "-format", "UDZO",
		filepath.Join(r.out, name+".dmg")); err != nil {
		return err
	}
	return r.materials(name, dir, "", []string{"vpx", "opus", "speexdsp"})
}

// describe adds to the bundle why it wants camera and microphone, and which
// links it opens, and signs it when an identity is given.
func (r *release) describe(ctx context.Context, bundle string) error {
	plist := filepath.Join(bundle, "Contents/Info.plist")
	for _, p := range [][]string{
		{"NSCameraUsageDescription", "-string", "Your picture is shown to the people in your meeting."},
		{"NSMicrophoneUsageDescription", "-string", "Your voice is heard by the people in your meeting."},
		{"CFBundleURLTypes", "-json", `[{"CFBundleURLName":"Conclave meeting","CFBundleURLSchemes":["conclave"]}]`},
		{"LSMinimumSystemVersion", "-string", "12.0"},
	} {
		if err := r.command(ctx, nil, "plutil", append([]string{"-replace"}, append(p, plist)...)...); err != nil {
			return err
		}
	}
	identity := os.Getenv(envSignMac)
	if identity == "" {
		_, _ = fmt.Fprintf(r.log, "not signed: %s (%s names no identity)\n", filepath.Base(bundle), envSignMac)
		return nil
	}
	entitlements := filepath.Join(r.work, "entitlements.plist")
	if err := r.fill("files/darwin/entitlements.plist", entitlements, nil); err != nil {
		return err
	}
	return r.command(ctx, nil, "codesign", "--force", "--deep", "--options", "runtime", "--timestamp",
		"--entitlements", entitlements, "--sign", identity, bundle)
}
