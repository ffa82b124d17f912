// Package ledger is the server's half of the transparency log: it appends
// entries, signs checkpoints and serves the files of a C2SP tlog-tiles log.
//
// It is a thin layer over tessera's POSIX storage. An entry that Append
// acknowledged is on disk, in the tree, and under the signed checkpoint that
// comes back with it. There is one Ledger a folder: tessera locks it.
//
// It decides nothing about what is logged (keys/registry does) and checks
// nobody (keys/tlog does). Trust zone: service; it holds the log's signing key.
package ledger

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"conclave/keys"
	"conclave/keys/tlog"
)

// maxEntry is the longest entry that is appended, in bytes.
const maxEntry = 512

// Config is what a Ledger works with; both fields must be set.
type Config struct {
	// Dir is the log's folder. It must survive: a log that is lost or restored
	// from an old copy is refused by every client that saw the newer one.
	Dir string
	// Key is the signing key in the form of package note ("PRIVATE+KEY+…"). Its
	// name is the log's origin.
	Key string
}

// Ledger is an open log. Its methods may be called from any goroutine.
type Ledger struct {
	dir string
	key tlog.Key
	log sequencer
}

// sequencer adds entries and closes; there is one for each kind of system.
type sequencer interface {
	// add returns the index of an entry and a signed checkpoint that covers it.
	add(ctx context.Context, data []byte) (index uint64, checkpoint []byte, err error)
	close(ctx context.Context) error
}

// ErrSystem is returned by Open on Windows: tessera's storage needs locks of
// POSIX systems.
var ErrSystem = errors.New("open log: this system cannot keep a log")

// NewKey makes a signing key and its verifier key for a log of that origin.
func NewKey(origin string) (private, public string, err error) {
	private, public, err = note.GenerateKey(nil, origin)
	if err != nil {
		return "", "", fmt.Errorf("make log key: %w", err)
	}
	return private, public, nil
}

// Open opens the log in a folder or begins one. public is the verifier key that
// belongs to cfg.Key.
func Open(cfg Config, public string) (*Ledger, error) {
	signer, err := note.NewSigner(cfg.Key)
	if err != nil {
		return nil, errors.New("open log: its signing key is malformed") // err might quote it
	}
	key, err := tlog.ParseKey(public)
	if err != nil {
		return nil, fmt.Errorf("open log: %w", err)
	}
	if key.Name() != signer.Name() {
		return nil, errors.New("open log: signing key and verifier key are not a pair")
	}
	log, err := openSequencer(cfg.Dir, signer)
	if err != nil {
		return nil, err
	}
	return &Ledger{dir: cfg.Dir, key: key, log: log}, nil
}

// Close ends the log once all that was acknowledged is covered by a checkpoint.
func (l *Ledger) Close(ctx context.Context) error {
	if err := l.log.close(ctx); err != nil {
		return fmt.Errorf("close log: %w", err)
	}
	return nil
}

// Key verifies the checkpoints of this log.
func (l *Ledger) Key() tlog.Key { return l.key }

// Append adds an entry and waits, up to about 150 ms, for the checkpoint that
// covers it. When it fails the entry may or may not be in the log; the caller
// then acts as if it were, and never shows what the entry stands for.
func (l *Ledger) Append(ctx context.Context, entry tlog.Entry) (keys.LogReceipt, error) {
	data := entry.Encode()
	if len(data) > maxEntry {
		return keys.LogReceipt{}, errors.New("append to log: the entry is too long")
	}
	index, raw, err := l.log.add(ctx, data)
	if err != nil {
		return keys.LogReceipt{}, fmt.Errorf("append to log: %w", err)
	}
	c, err := l.key.Open(raw)
	if err != nil {
		return keys.LogReceipt{}, fmt.Errorf("append to log: %w", err)
	}
	receipt, err := tlog.Prove(ctx, l, c, index)
	if err != nil {
		return keys.LogReceipt{}, fmt.Errorf("append to log: %w", err)
	}
	if _, err := tlog.CheckReceipt(l.key, receipt, data); err != nil {
		return keys.LogReceipt{}, fmt.Errorf("append to log: %w", err)
	}
	return receipt, nil
}

// Read implements tlog.Reader over the log's own files.
func (l *Ledger) Read(_ context.Context, path string, limit int64) ([]byte, error) {
	if !tlog.IsPath(path) {
		return nil, fmt.Errorf("read log file: %w", os.ErrNotExist)
	}
	data, err := os.ReadFile(filepath.Join(l.dir, filepath.FromSlash(path)))
	if err != nil {
		return nil, fmt.Errorf("read log file: %w", err)
	}
	if int64(len(data)) > limit {
		return nil, errors.New("read log file: longer than it can be")
	}
	return data, nil
}

// maxFile is the longest file of a log: 256 entries.
const maxFile = 256 * (2 + maxEntry)

// ServeHTTP serves the log's files, GET and HEAD, below wherever it is mounted
// (use http.StripPrefix). Tiles never change and may be cached for ever.
func (l *Ledger) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimPrefix(r.URL.Path, "/")
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	data, err := l.Read(r.Context(), path, maxFile)
	if err != nil {
		http.Error(w, "not found", http.StatusNotFound)
		return
	}
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if path == "checkpoint" {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("Cache-Control", "no-cache")
	} else {
		w.Header().Set("Content-Type", "application/octet-stream")
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	_, _ = w.Write(data)
}
