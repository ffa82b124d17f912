package setup

import (
	"context"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"conclave/keys/tlog"
)

// rotate makes a new authority and logs it. Passports that are out stay good.
func (i *Identity) rotate(ctx context.Context, w io.Writer) error {
	if i.authorityKey != nil {
		return errors.New("rotate authority: authority_key decides; put another key there and start the service again")
	}
	if err := i.rotateTo(ctx, nil); err != nil {
		return err
	}
	_, err := fmt.Fprintln(w, "rotated; back the secrets up, and restart other services that share them")
	return err
}

// rotateTo rotates to a key, nil for a fresh one.
func (i *Identity) rotateTo(ctx context.Context, key ed25519.PrivateKey) error {
	if i.memory {
		return errors.New("rotate authority: nothing is kept without a data folder")
	}
	if err := i.Secrets.Rotate(i.secretsDir, i.settings.SealKey, i.settings.Name, key, time.Now()); err != nil {
		return err
	}
	if i.Registry == nil { // while opening: Start logs it
		return nil
	}
	return i.Registry.Start(ctx)
}

// readAuthority reads a configured key: PKCS #8 in PEM, Ed25519. It returns nil
// for no file.
func readAuthority(file string) (ed25519.PrivateKey, error) {
	if file == "" {
		return nil, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read authority_key: %w", err)
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("read authority_key: no PEM in it")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	key, isEd25519 := parsed.(ed25519.PrivateKey)
	if err != nil || !isEd25519 {
		return nil, errors.New("read authority_key: not an Ed25519 key in PKCS #8") // err might quote it
	}
	return key, nil
}

// logStatus prints what others need to audit the log.
func (i *Identity) logStatus(ctx context.Context, w io.Writer) error {
	raw, err := i.Ledger.Read(ctx, "checkpoint", 64<<10)
	if err != nil {
		return err
	}
	c, err := i.Ledger.Key().Open(raw)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "log       %s\nkey       %s\nentries   %d\nroot      %s\n", i.Ledger.Key().Name(), i.Secrets.LogKey(), c.Size, c.Hash)
	return err
}

// backUp copies database, secrets and log while the service runs. The log comes
// last and begins with its checkpoint: tiles never change, so those that are
// copied afterwards hold at least what the checkpoint covers, and the log of
// the copy knows all that its database knows.
func (i *Identity) backUp(ctx context.Context, to string, w io.Writer) error {
	switch {
	case i.memory:
		return errors.New("back up: nothing is kept without a data folder")
	case to == "" || !filepath.IsAbs(to):
		return errors.New("back up: --to wants the whole path of a folder that does not exist yet")
	}
	if err := os.Mkdir(to, 0o700); err != nil {
		return fmt.Errorf("back up: %w", err)
	}
	database := "registry.db is not in it: the accounts are in PostgreSQL, use pg_dump"
	if i.sqlite != nil {
		if err := i.sqlite.BackUp(ctx, filepath.Join(to, "registry.db")); err != nil {
			return err
		}
		if err := os.Chmod(filepath.Join(to, "registry.db"), 0o600); err != nil {
			return fmt.Errorf("back up: %w", err)
		}
		database = "accounts, secrets and log"
	}
	if err := copyTree(filepath.Join(i.dir, "secrets"), filepath.Join(to, "secrets")); err != nil {
		return err
	}
	from, into := filepath.Join(i.dir, "log"), filepath.Join(to, "log")
	for _, first := range []string{"checkpoint", ".state"} {
		if err := copyTree(filepath.Join(from, first), filepath.Join(into, first)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if err := copyTree(filepath.Join(from, "tile"), filepath.Join(into, "tile")); err != nil {
		return err
	}
	if _, err := tlog.Audit(ctx, folder(into), i.Ledger.Key()); err != nil {
		return fmt.Errorf("back up: the copy of the log does not hold: %w", err)
	}
	if i.settings.SealKey != "" {
		database += "; seal_key lies elsewhere and is not in it"
	}
	_, err := fmt.Fprintf(w, "copied to %s: %s; the log was audited\n", to, database)
	return err
}

// folder is a log in a folder, to read.
type folder string

// Read implements tlog.Reader.
func (f folder) Read(_ context.Context, path string, limit int64) ([]byte, error) {
	data, err := os.ReadFile(filepath.Join(string(f), filepath.FromSlash(path)))
	if err == nil && int64(len(data)) > limit {
		err = errors.New("read log file: longer than it can be")
	}
	return data, err
}

// copyTree copies a file or a folder; files that are being made or that vanish
// meanwhile are left out.
func copyTree(from, to string) error {
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			if path != from && errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			return fmt.Errorf("back up: %w", err)
		}
		rest, err := filepath.Rel(from, path)
		if err != nil {
			return fmt.Errorf("back up: %w", err)
		}
		target := filepath.Join(to, rest)
		if d.IsDir() {
			if err := os.MkdirAll(target, 0o700); err != nil {
				return fmt.Errorf("back up: %w", err)
			}
			return nil
		}
		if !d.Type().IsRegular() || strings.HasSuffix(path, ".lock") || strings.Contains(filepath.Base(path), ".tmp") {
			return nil
		}
		return copyFile(path, target)
	})
}

func copyFile(from, to string) error {
	data, err := os.ReadFile(from)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = os.MkdirAll(filepath.Dir(to), 0o700)
	}
	if err == nil {
		err = os.WriteFile(to, data, 0o600)
	}
	if err != nil {
		return fmt.Errorf("back up: %w", err)
	}
	return nil
}
