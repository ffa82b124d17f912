package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/BurntSushi/toml"
	"golang.org/x/mod/semver"
)

// Environment names. Paths, except for the address.
const (
	envUpdateKey      = "CONCLAVE_UPDATE_KEY"         // file: private key for the manifest
	envUpdateVerifier = "CONCLAVE_UPDATE_VERIFIER"    // the public key, built into the program
	envUpdateAddress  = "CONCLAVE_UPDATE_ADDRESS"     // https URL of the manifest, built in
	envUpdatePage     = "CONCLAVE_UPDATE_PAGE"        // https URL where people get the packages
	envUpdateNotes    = "CONCLAVE_UPDATE_NOTES"       // file: what is new
	envSignPKCS12     = "CONCLAVE_SIGN_PKCS12"        // file: Authenticode certificate and key
	envSignPassword   = "CONCLAVE_SIGN_PASSWORD_FILE" // file: its password
	envSignTimestamp  = "CONCLAVE_SIGN_TIMESTAMP"     // RFC 3161 server; empty: none
	envSignMac        = "CONCLAVE_SIGN_MAC"           // identity for codesign on a Mac
)

// tags are those of make build.
const tags = "migrated_fynedo,nolibopusfile"

// release is one version being packed.
type release struct {
	ID, Name string
	Version  string // semantic
	Build    int
	Website  string
	Made     time.Time // of the commit, so that packages do not depend on the clock

	out  string // packages
	work string // removed at the end
	libs string // C libraries for Windows
	log  io.Writer
}

// newRelease reads FyneApp.toml in the present folder, which must be the root.
func newRelease(out, libs string, log io.Writer) (*release, error) {
	var app struct {
		Website string
		Details struct {
			Name, ID, Version string
			Build             int
		}
	}
	if _, err := toml.DecodeFile("FyneApp.toml", &app); err != nil {
		return nil, fmt.Errorf("read FyneApp.toml (run pack in the project's root): %w", err)
	}
	if !semver.IsValid("v" + app.Details.Version) {
		return nil, fmt.Errorf("read FyneApp.toml: version %q is not a semantic one", app.Details.Version)
	}
	made, err := commitTime()
	if err != nil {
		return nil, err
	}
	if libs == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return nil, fmt.Errorf("find the user's cache: %w", err)
		}
		libs = filepath.Join(cache, "conclave-pack", "windows-amd64")
	}
	return &release{
		ID: app.Details.ID, Name: app.Details.Name, Version: app.Details.Version, Build: app.Details.Build,
		Website: app.Website, Made: made, out: out, libs: libs, log: log,
	}, nil
}

// commitTime is SOURCE_DATE_EPOCH, or the time of the newest commit.
func commitTime() (time.Time, error) {
	text := os.Getenv("SOURCE_DATE_EPOCH")
	if text == "" {
		out, err := exec.Command("git", "log", "-1", "--format=%ct").Output()
		if err != nil {
			return time.Time{}, errors.New("find the time of the commit: not in a git checkout; set SOURCE_DATE_EPOCH")
		}
		text = strings.TrimSpace(string(out))
	}
	seconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("find the time of the commit: %q is no number of seconds", text)
	}
	return time.Unix(seconds, 0).UTC(), nil
}

// prepare makes the folders.
func (r *release) prepare() error {
	if err := os.MkdirAll(r.out, 0o755); err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "conclave-pack-")
	if err != nil {
		return err
	}
	r.work = work
	return nil
}

// command runs a program, whose output goes to the log.
func (r *release) command(ctx context.Context, env []string, name string, args ...string) error {
	_, _ = fmt.Fprintln(r.log, "+", name, strings.Join(args, " "))
	c := exec.CommandContext(ctx, name, args...)
	c.Env = append(append(os.Environ(), "SOURCE_DATE_EPOCH="+strconv.FormatInt(r.Made.Unix(), 10)), env...)
	c.Stdout, c.Stderr = r.log, r.log
	if err := c.Run(); err != nil {
		return fmt.Errorf("run %s: %w", filepath.Base(name), err)
	}
	return nil
}

// tool runs one of the programs pinned in .ci/tools.
func (r *release) tool(ctx context.Context, name string, args ...string) error {
	return r.command(ctx, nil, "go", append([]string{"tool", "-modfile=.ci/tools/go.mod", name}, args...)...)
}

// programs builds both programs into a folder. suffix is ".exe" or "".
func (r *release) programs(ctx context.Context, dir, suffix, ldflags string, env ...string) error {
	stamp := ""
	if v, a := os.Getenv(envUpdateVerifier), os.Getenv(envUpdateAddress); v != "" && a != "" {
		stamp = " -X conclave/app/update.verifier=" + v + " -X conclave/app/update.address=" + a
	}
	common := []string{"build", "-trimpath", "-buildvcs=false"}
	app := append(common[:3:3], "-tags", tags, "-ldflags", "-s -w -buildid="+stamp+ldflags, "-o", filepath.Join(dir, "conclave"+suffix), "./app")
	serve := append(common[:3:3], "-ldflags", "-s -w -buildid=", "-o", filepath.Join(dir, "conclave-serve"+suffix), "./app/serve")
	if err := r.command(ctx, append(env, "CGO_ENABLED=1"), "go", app...); err != nil {
		return err
	}
	return r.command(ctx, append(env, "CGO_ENABLED=0"), "go", serve...)
}
