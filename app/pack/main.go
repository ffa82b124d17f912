// Command pack makes Conclave's packages: .deb, .rpm and a tarball for Linux,
// an installer and a zip for Windows (cross-built with mingw-w64), an .app and
// a .dmg on a Mac; then the bills of materials, the sums and, with a key, the
// signed manifest that tells running apps of the new version.
//
//	go run ./app/pack                     for the system it runs on
//	go run ./app/pack linux windows       for these
//	go run ./app/pack try-deb [FILE]      installs a .deb in a clean Debian root, meets, removes
//	go run ./app/pack try-exe [FILE]      installs under wine, starts, removes
//	go run ./app/pack key                 makes a key pair for update manifests
//
// Two runs on one commit give the same bytes on the same machine; app/ADMIN.md
// says where they may differ. What it stages in the source tree it removes.
//
// Trust zone: the makers' machine. Keys come from files named by the
// environment and are never written anywhere.
package main

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"

	"golang.org/x/mod/sumdb/note"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, "pack:", err)
		}
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	fs := flag.NewFlagSet("pack", flag.ContinueOnError)
	dist := fs.String("out", "dist", "folder for the packages")
	libs := fs.String("libs", "", "folder of the C libraries for Windows; empty is one in the user's cache")
	if err := fs.Parse(args); err != nil {
		return err
	}
	r, err := newRelease(*dist, *libs, out)
	if err != nil {
		return err
	}
	args = fs.Args()
	if len(args) == 0 {
		args = []string{runtime.GOOS}
	}
	switch args[0] {
	case "key":
		return newKey(out)
	case "try-deb":
		return r.tryDeb(ctx, args[1:])
	case "try-exe":
		return r.tryExe(ctx, args[1:])
	}
	return r.make(ctx, args)
}

// make makes the packages of some systems, and what goes beside them.
func (r *release) make(ctx context.Context, systems []string) error {
	if err := r.prepare(); err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(r.work) }()
	makers := map[string]func(context.Context) error{
		"linux": r.linux, "windows": r.windows, "darwin": r.darwin,
	}
	for _, system := range systems {
		maker, ok := makers[system]
		if !ok {
			return fmt.Errorf("%s is none of linux, windows, darwin", system)
		}
		if err := maker(ctx); err != nil {
			return fmt.Errorf("make packages for %s: %w", system, err)
		}
	}
	return r.finish()
}

// newKey prints a key pair for update manifests.
func newKey(out io.Writer) error {
	private, public, err := note.GenerateKey(rand.Reader, "conclave-updates")
	if err != nil {
		return fmt.Errorf("make a key: %w", err)
	}
	_, err = fmt.Fprintf(out, "CONCLAVE_UPDATE_VERIFIER=%s\n\nThe private key, for the file that CONCLAVE_UPDATE_KEY names; keep it off-line:\n%s\n", public, private)
	return err
}
