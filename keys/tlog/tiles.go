package tlog

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"conclave/keys"
)

// tileHeight is that of C2SP tlog-tiles: 256 hashes a tile.
const tileHeight = 8

const tileWidth = 1 << tileHeight

// Reader fetches files of the log by their path: "checkpoint", "tile/0/000",
// "tile/entries/000.p/3" (C2SP tlog-tiles). It returns fs.ErrNotExist for what
// is not there, reads at most limit bytes, and may be called from one goroutine
// at a time a Client. Nothing it returns is believed.
type Reader interface {
	Read(ctx context.Context, path string, limit int64) ([]byte, error)
}

// checkpointPath is where the newest checkpoint lies.
const checkpointPath = "checkpoint"

const maxCheckpoint = 4096

// tiles reads tiles for package x/mod/sumdb/tlog, whose TileHashReader checks
// each against the tree before it uses one. It keeps those that were checked.
type tiles struct {
	ctx    context.Context
	reader Reader
	kept   map[tlog.Tile][]byte
}

// maxKept bounds the tiles in memory: 8 KiB each.
const maxKept = 64

// Height implements tlog.TileReader.
func (*tiles) Height() int { return tileHeight }

// ReadTiles implements tlog.TileReader.
func (t *tiles) ReadTiles(want []tlog.Tile) ([][]byte, error) {
	out := make([][]byte, len(want))
	for i, tile := range want {
		if data, ok := t.kept[tile]; ok {
			out[i] = data
			continue
		}
		data, err := t.read(tilePath(tile.L, tile.N, tile.W), tilePath(tile.L, tile.N, tileWidth), tileWidth*tlog.HashSize)
		if err != nil {
			return nil, err
		}
		if len(data) < tile.W*tlog.HashSize {
			return nil, ErrTile
		}
		out[i] = data[:tile.W*tlog.HashSize]
	}
	return out, nil
}

// SaveTiles implements tlog.TileReader.
func (t *tiles) SaveTiles(saved []tlog.Tile, data [][]byte) {
	for i, tile := range saved {
		if len(t.kept) >= maxKept {
			clear(t.kept)
		}
		t.kept[tile] = data[i]
	}
}

// read fetches a partial tile, or the full one that has taken its place.
func (t *tiles) read(partial, full string, limit int64) ([]byte, error) {
	data, err := t.reader.Read(t.ctx, partial, limit)
	if errors.Is(err, fs.ErrNotExist) && partial != full {
		data, err = t.reader.Read(t.ctx, full, limit)
	}
	if err != nil {
		return nil, fmt.Errorf("read log: %w", err)
	}
	return data, nil
}

// tilePath is the path of a tile of hashes; level -1 is that of entries.
func tilePath(level int, n int64, width int) string {
	name := strconv.Itoa(level)
	if level == -1 {
		name = "entries"
	}
	path := fmt.Sprintf("%03d", n%1000)
	for n >= 1000 {
		n /= 1000
		path = fmt.Sprintf("x%03d/%s", n%1000, path)
	}
	if width != tileWidth {
		path += ".p/" + strconv.Itoa(width)
	}
	return "tile/" + name + "/" + path
}

// IsPath reports whether path is one that a log serves, so that a server never
// looks at others.
func IsPath(path string) bool {
	if path == checkpointPath {
		return true
	}
	rest, ok := strings.CutPrefix(path, "tile/")
	if !ok || len(rest) > 64 {
		return false
	}
	level, rest, _ := strings.Cut(rest, "/")
	if n, err := strconv.Atoi(level); level != "entries" && (err != nil || n < 0 || n > 63 || strconv.Itoa(n) != level) {
		return false
	}
	if before, width, partial := strings.Cut(rest, ".p/"); partial {
		w, err := strconv.Atoi(width)
		if err != nil || w < 1 || w >= tileWidth || strconv.Itoa(w) != width {
			return false
		}
		rest = before
	}
	parts := strings.Split(rest, "/")
	for i, part := range parts {
		digits, isInner := strings.CutPrefix(part, "x")
		if isInner == (i == len(parts)-1) || len(digits) != 3 || strings.Trim(digits, "0123456789") != "" {
			return false
		}
	}
	return true
}

// bundle returns the entries n*256 to n*256+width-1, not yet checked.
func (t *tiles) bundle(n int64, width int) ([][]byte, error) {
	data, err := t.read(tilePath(-1, n, width), tilePath(-1, n, tileWidth), tileWidth*(2+512))
	if err != nil {
		return nil, err
	}
	out := make([][]byte, 0, width)
	for range width {
		if len(data) < 2 {
			return nil, ErrTile
		}
		size := int(binary.BigEndian.Uint16(data))
		if len(data) < 2+size {
			return nil, ErrTile
		}
		out = append(out, data[2:2+size])
		data = data[2+size:]
	}
	return out, nil
}

// Prove returns the receipt of the entry at index under a checkpoint that
// covers it. The log's server uses it; the tiles are checked on the way.
func Prove(ctx context.Context, r Reader, c Checkpoint, index uint64) (keys.LogReceipt, error) {
	hashes := tlog.TileHashReader(c.tree(), &tiles{ctx, r, map[tlog.Tile][]byte{}})
	path, err := tlog.ProveRecord(int64(c.Size), int64(index), hashes)
	if err != nil {
		return keys.LogReceipt{}, fmt.Errorf("prove log entry: %w", err)
	}
	receipt := keys.LogReceipt{Index: index, Checkpoint: c.Raw}
	for _, h := range path {
		receipt.Path = append(receipt.Path, h)
	}
	return receipt, nil
}

// CheckReceipt verifies that the log of key holds entry, as the receipt says.
func CheckReceipt(key Key, receipt keys.LogReceipt, entry []byte) (Checkpoint, error) {
	c, err := key.Open(receipt.Checkpoint)
	if err != nil {
		return Checkpoint{}, err
	}
	if receipt.Index >= c.Size {
		return Checkpoint{}, ErrNotLogged
	}
	path := make(tlog.RecordProof, 0, len(receipt.Path))
	for _, h := range receipt.Path {
		path = append(path, h)
	}
	if tlog.CheckRecord(path, int64(c.Size), c.Hash, int64(receipt.Index), tlog.RecordHash(entry)) != nil {
		return Checkpoint{}, ErrNotLogged
	}
	return c, nil
}
