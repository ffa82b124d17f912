// Package tlogtest is a transparency log in memory that can lie: it forks, rolls
// back, and hands out whatever checkpoint a test wants. It is for tests only.
package tlogtest

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"sync"

	"github.com/transparency-dev/formats/log"
	"golang.org/x/mod/sumdb/note"
	xtlog "golang.org/x/mod/sumdb/tlog"

	"conclave/keys"
	"conclave/keys/tlog"
)

// Log is a log with all its tiles in memory. It implements tlog.Reader.
type Log struct {
	signer note.Signer
	key    tlog.Key

	mutex   sync.Mutex
	entries [][]byte
	hashes  []xtlog.Hash
	shown   int   // size of the checkpoint that Read serves; -1 the newest
	failure error // what Read returns, when set
	reads   int
}

// New returns an empty log of that origin.
func New(origin string) *Log {
	l, _ := NewNamed(origin)
	return l
}

// NewNamed is New, with the text of the key that verifies its checkpoints.
func NewNamed(origin string) (*Log, string) {
	private, public, err := note.GenerateKey(rand.Reader, origin)
	if err != nil {
		panic(err)
	}
	signer, err := note.NewSigner(private)
	if err != nil {
		panic(err)
	}
	key, err := tlog.ParseKey(public)
	if err != nil {
		panic(err)
	}
	return &Log{signer: signer, key: key, shown: -1}, public
}

// Key verifies the log's checkpoints.
func (l *Log) Key() tlog.Key { return l.key }

// Append adds an entry and returns its index.
func (l *Log) Append(entry []byte) uint64 {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	n := int64(len(l.entries))
	hashes, err := xtlog.StoredHashes(n, entry, l.reader())
	if err != nil {
		panic(err)
	}
	l.entries, l.hashes = append(l.entries, entry), append(l.hashes, hashes...)
	return uint64(n)
}

// Fork returns a log with the same key and the first n entries, which goes its
// own way from there.
func (l *Log) Fork(n int) *Log {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	fork := &Log{signer: l.signer, key: l.key, shown: -1}
	fork.entries = append(fork.entries, l.entries[:n]...)
	fork.hashes = append(fork.hashes, l.hashes[:xtlog.StoredHashCount(int64(n))]...)
	return fork
}

// Become makes l serve what other has: the moment when a service switches.
func (l *Log) Become(other *Log) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.entries, l.hashes, l.shown = other.entries, other.hashes, other.shown
}

// Show makes the log serve the checkpoint of size n; -1 is the newest.
func (l *Log) Show(n int) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.shown = n
}

// Fail makes all reads return err until it is called with nil.
func (l *Log) Fail(err error) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.failure = err
}

// Reads counts the files that were read.
func (l *Log) Reads() int {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.reads
}

// Checkpoint returns the signed checkpoint of the newest state.
func (l *Log) Checkpoint() []byte {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.checkpoint(len(l.entries))
}

// Receipt proves the entry at index under the newest checkpoint.
func (l *Log) Receipt(index uint64) keys.LogReceipt {
	c, err := l.key.Open(l.Checkpoint())
	if err != nil {
		panic(err)
	}
	receipt, err := tlog.Prove(context.Background(), l, c, index)
	if err != nil {
		panic(err)
	}
	return receipt
}

// Read implements tlog.Reader.
func (l *Log) Read(_ context.Context, path string, limit int64) ([]byte, error) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.reads++
	if l.failure != nil {
		return nil, l.failure
	}
	data, err := l.file(path)
	if int64(len(data)) > limit {
		return nil, errors.New("read test log: longer than the limit")
	}
	return data, err
}

func (l *Log) file(path string) ([]byte, error) {
	if !tlog.IsPath(path) {
		return nil, fmt.Errorf("read test log: bad path %q", path)
	}
	if path == "checkpoint" {
		if l.shown >= 0 {
			return l.checkpoint(l.shown), nil
		}
		return l.checkpoint(len(l.entries)), nil
	}
	parts := strings.Split(strings.TrimPrefix(path, "tile/"), "/")
	width := 256
	if rest := parts[len(parts)-1]; len(parts) > 2 && strings.HasSuffix(parts[len(parts)-2], ".p") {
		width, _ = strconv.Atoi(rest)
		parts = parts[:len(parts)-1]
	}
	n := int64(0)
	for _, part := range parts[1:] {
		digits, _ := strconv.Atoi(strings.TrimSuffix(strings.TrimPrefix(part, "x"), ".p"))
		n = n*1000 + int64(digits)
	}
	if parts[0] == "entries" {
		return l.bundle(n, width)
	}
	level, _ := strconv.Atoi(parts[0])
	data, err := xtlog.ReadTileData(xtlog.Tile{H: 8, L: level, N: n, W: width}, l.reader())
	if err != nil {
		return nil, fs.ErrNotExist
	}
	return data, nil
}

func (l *Log) bundle(n int64, width int) ([]byte, error) {
	var out []byte
	for i := n * 256; i < n*256+int64(width); i++ {
		if i >= int64(len(l.entries)) {
			return nil, fs.ErrNotExist
		}
		out = binary.BigEndian.AppendUint16(out, uint16(len(l.entries[i])))
		out = append(out, l.entries[i]...)
	}
	return out, nil
}

func (l *Log) checkpoint(size int) []byte {
	c := log.Checkpoint{Origin: l.signer.Name(), Size: uint64(size)}
	root, err := xtlog.TreeHash(int64(size), l.reader())
	if err != nil {
		panic(err)
	}
	c.Hash = root[:]
	signed, err := note.Sign(&note.Note{Text: string(c.Marshal())}, l.signer)
	if err != nil {
		panic(err)
	}
	return signed
}

func (l *Log) reader() xtlog.HashReader {
	return xtlog.HashReaderFunc(func(indexes []int64) ([]xtlog.Hash, error) {
		out := make([]xtlog.Hash, len(indexes))
		for i, index := range indexes {
			if index >= int64(len(l.hashes)) {
				return nil, fs.ErrNotExist
			}
			out[i] = l.hashes[index]
		}
		return out, nil
	})
}

// Memory is a tlog.Memory that can fail.
type Memory struct {
	mutex sync.Mutex
	data  []byte
	Err   error // returned by Store, before it stores
}

// Load implements tlog.Memory.
func (m *Memory) Load() ([]byte, error) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	return m.data, nil
}

// Store implements tlog.Memory.
func (m *Memory) Store(data []byte) error {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if m.Err != nil {
		return m.Err
	}
	m.data = append([]byte(nil), data...)
	return nil
}
