package kiosk

import (
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
)

// logFile lies in the kiosk's folder; the one before it is logFile + ".1".
const (
	logFile = "log.jsonl"
	logMost = 1 << 20
)

// rolling is a file that is put aside when it is full, once: the log takes two
// megabytes at most.
type rolling struct {
	mu   sync.Mutex
	path string
	most int64
	f    *os.File
	size int64
}

// openLog returns a log of JSON lines for fleet tools, and what closes it.
func openLog(folder string) (*slog.Logger, func(), error) {
	r := &rolling{path: filepath.Join(folder, logFile), most: logMost}
	if err := r.open(); err != nil {
		return nil, nil, err
	}
	return slog.New(slog.NewJSONHandler(r, nil)), r.close, nil
}

func (r *rolling) open() error {
	f, err := os.OpenFile(r.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err != nil {
		_ = f.Close()
		return err
	}
	r.f, r.size = f, info.Size()
	return nil
}

// Write implements io.Writer. A full disk stops the log, not the room.
func (r *rolling) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.f == nil {
		return len(p), nil
	}
	if r.size+int64(len(p)) > r.most {
		_ = r.f.Close()
		if err := os.Rename(r.path, r.path+".1"); err != nil && !errors.Is(err, fs.ErrNotExist) {
			_ = os.Remove(r.path)
		}
		r.f = nil
		if r.open() != nil {
			return len(p), nil
		}
	}
	n, err := r.f.Write(p)
	r.size += int64(n)
	return n, err
}

func (r *rolling) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.f != nil {
		_ = r.f.Close()
		r.f = nil
	}
}
