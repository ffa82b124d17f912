package tlog

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"conclave/keys"
)

// firstScan is how many entries back a client without memory begins to read:
// enough for all passports and revocations of a day of 65,000 people. Older
// ones have expired.
const firstScan = 1 << 16

// maxUnexplained bounds the notices that are remembered.
const maxUnexplained = 100

// Memory keeps what a client knows of a log between starts. Load returns nil
// where nothing was stored. Store must be atomic and durable when it returns: a
// forgotten checkpoint lets a service roll the log back.
type Memory interface {
	Load() ([]byte, error)
	Store([]byte) error
}

// Config is what a client works with. Key, Reader and Memory must be set.
type Config struct {
	// Key verifies the log's checkpoints. It comes with the service's identity,
	// not from the log.
	Key Key
	// Reader fetches the log's files.
	Reader Reader
	// Memory keeps the last checkpoint.
	Memory Memory
	// Account is whose passports are watched; zero watches nobody's.
	Account keys.AccountID
	// Now says when revocations are old enough to be forgotten; time.Now when nil.
	Now func() time.Time
}

// Finding is a passport in the owner's name that the owner did not ask for.
type Finding struct {
	Index      uint64   `json:"index"`
	Day        uint32   `json:"day"`
	Commitment [32]byte `json:"commitment"`
}

// Client is one device's view of one log. It is safe for concurrent use.
type Client struct {
	cfg   Config
	mutex sync.Mutex // guards all below
	known Checkpoint
	tiles map[tlog.Tile][]byte
	state state
	agree map[checkpointID]bool // checkpoints of others that fit into known
}

// checkpointID identifies a checkpoint without its signature.
type checkpointID struct {
	Size uint64
	Hash tlog.Hash
}

// state is what Memory keeps.
type state struct {
	Checkpoint  []byte              `json:"checkpoint"`
	Next        uint64              `json:"next"`    // first entry that was not read
	Revoked     map[string]uint32   `json:"revoked"` // the day on which it was read
	Expected    map[string]uint32   `json:"expected"`
	Policies    map[uint64][]string `json:"policies"`
	Unexplained []Finding           `json:"unexplained"`
}

// Open returns a client that goes on from its memory.
func Open(cfg Config) (*Client, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	c := &Client{cfg: cfg, tiles: map[tlog.Tile][]byte{}, agree: map[checkpointID]bool{}}
	c.state = state{Revoked: map[string]uint32{}, Expected: map[string]uint32{}, Policies: map[uint64][]string{}}
	data, err := cfg.Memory.Load()
	if err != nil {
		return nil, fmt.Errorf("open log memory: %w", err)
	}
	if data == nil {
		return c, nil
	}
	// A memory that cannot be read is an error and not a fresh start: otherwise
	// damaging one file would roll the client back.
	if err := json.Unmarshal(data, &c.state); err != nil {
		return nil, errors.New("open log memory: damaged")
	}
	if c.known, err = cfg.Key.Open(c.state.Checkpoint); err != nil {
		return nil, fmt.Errorf("open log memory: %w", err)
	}
	return c, nil
}

// Latest returns the newest checkpoint that was accepted; its size is 0 before
// the first Update.
func (c *Client) Latest() Checkpoint {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.known
}

// Watch makes the client look out for passports of account from the next entry
// on; an app learns whose it is only when somebody has signed in.
func (c *Client) Watch(account keys.AccountID) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.cfg.Account = account
}

// Update fetches the newest checkpoint, demands that it continues the known
// one, reads all new entries and stores what it learned. On an error of the
// list in checkpoint.go nothing has changed and the service is not to be
// believed; other errors are those of the Reader and pass.
func (c *Client) Update(ctx context.Context) error {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.update(ctx)
}

func (c *Client) update(ctx context.Context) error {
	raw, err := c.cfg.Reader.Read(ctx, checkpointPath, maxCheckpoint)
	if err != nil {
		return fmt.Errorf("read log: %w", err)
	}
	next, err := c.cfg.Key.Open(raw)
	if err != nil {
		return err
	}
	if err := c.continues(ctx, next); err != nil {
		return err
	}
	learned, err := c.read(ctx, next)
	if err != nil {
		return err
	}
	learned.Checkpoint = next.Raw
	if err := c.store(learned); err != nil {
		return err
	}
	c.known, c.state = next, learned
	return nil
}

// continues reports an error unless the known tree is the beginning of next.
func (c *Client) continues(ctx context.Context, next Checkpoint) error {
	switch {
	case c.known.Size == 0:
		return nil
	case next.Size < c.known.Size:
		var fork *ForkError
		if err := c.prefix(ctx, c.known, next); errors.As(err, &fork) {
			return err // it lies about its past as well
		}
		return ErrRollback
	}
	return c.prefix(ctx, next, c.known)
}

// prefix returns a *ForkError unless short is the beginning of long: it computes
// the root of short from tiles that were checked against long.
func (c *Client) prefix(ctx context.Context, long, short Checkpoint) error {
	if short.Size == 0 {
		return nil
	}
	root := long.Hash
	if short.Size != long.Size {
		var err error
		if root, err = tlog.TreeHash(int64(short.Size), c.hashes(ctx, long)); err != nil {
			return tileError(err)
		}
	}
	if root != short.Hash {
		return &ForkError{Mine: slices.Clone(c.known.Raw), Theirs: slices.Clone(either(long, short, c.known))}
	}
	return nil
}

// either returns that of two checkpoints which is not known.
func either(a, b, known Checkpoint) []byte {
	if a.Size == known.Size && a.Hash == known.Hash {
		return b.Raw
	}
	return a.Raw
}

func (c *Client) hashes(ctx context.Context, under Checkpoint) tlog.HashReader {
	return tlog.TileHashReader(under.tree(), &tiles{ctx, c.cfg.Reader, c.tiles})
}

// tileError keeps errors of the reader and turns those of the tree, which x/mod
// gives as text only, into ErrTile.
func tileError(err error) error {
	if errors.Unwrap(err) != nil || errors.Is(err, ErrTile) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return ErrTile
}

// Check returns the passport of a bundle that somebody showed, when an
// authority among roots issued it to that device, it is valid at now, it stands
// in the log of this client, and no revocation of it does. It reads the log as
// far as it must. A bundle that proves a lie of the service (ForkError,
// ErrRollback) is a reason to stop trusting the service, not only the bundle.
func (c *Client) Check(ctx context.Context, roots keys.Roots, b keys.PassportBundle, device keys.PublicKey, now time.Time) (keys.Passport, error) {
	p, err := roots.Check(b.Chain, device, now)
	if err != nil {
		return keys.Passport{}, err
	}
	entry := PassportEntry(p, b.Opening, b.Chain[0])
	shown, err := CheckReceipt(c.cfg.Key, b.Log, entry.Encode())
	if err != nil {
		return keys.Passport{}, err
	}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if err := c.meet(ctx, shown); err != nil {
		return keys.Passport{}, err
	}
	if _, revoked := c.state.Revoked[encode32(entry.Commitment)]; revoked {
		return keys.Passport{}, ErrRevoked
	}
	return p, nil
}

// Meet demands that a checkpoint somebody else saw and this client's own belong
// to one log.
func (c *Client) Meet(ctx context.Context, raw []byte) error {
	other, err := c.cfg.Key.Open(raw)
	if err != nil {
		return err
	}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.meet(ctx, other)
}

func (c *Client) meet(ctx context.Context, other Checkpoint) error {
	id := checkpointID{other.Size, other.Hash}
	if c.agree[id] {
		return nil
	}
	if other.Size > c.known.Size {
		if err := c.update(ctx); err != nil {
			return err
		}
	}
	if other.Size > c.known.Size {
		return ErrRollback // they saw more than the log admits to this client
	}
	if err := c.prefix(ctx, c.known, other); err != nil {
		return err
	}
	if len(c.agree) > 1000 {
		clear(c.agree)
	}
	c.agree[id] = true
	return nil
}
