package tlog

import (
	"errors"
	"fmt"

	"github.com/transparency-dev/formats/log"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Errors of checkpoints. All of them mean: believe nothing of this service
// until somebody has looked.
var (
	ErrCheckpoint = errors.New("check log: the checkpoint is not signed by this log")
	ErrRollback   = errors.New("check log: it became shorter than it was")
	ErrTile       = errors.New("check log: its tiles do not fit its checkpoint")
	ErrNotLogged  = errors.New("check log: the passport is not in it")
	ErrRevoked    = errors.New("check log: the passport was revoked")
)

// ForkError says that the log told two stories, with both as evidence: two
// signed checkpoints that cannot belong to one log.
type ForkError struct{ Mine, Theirs []byte }

// Error says what it means.
func (*ForkError) Error() string { return "check log: it tells different people different things" }

// maxSize keeps sizes within what tile coordinates hold.
const maxSize = 1 << 48

// Checkpoint is a signed statement of the whole log's content.
type Checkpoint struct {
	Size uint64
	Hash tlog.Hash
	Raw  []byte
}

// Key verifies the checkpoints of one log. Its name is the log's origin.
type Key struct{ verifier note.Verifier }

// ParseKey reads a verifier key of package note, "name+hash+key".
func ParseKey(text string) (Key, error) {
	v, err := note.NewVerifier(text)
	if err != nil {
		return Key{}, fmt.Errorf("parse log key: %w", err)
	}
	return Key{v}, nil
}

// Name returns the log's origin.
func (k Key) Name() string { return k.verifier.Name() }

// Open verifies a checkpoint.
func (k Key) Open(raw []byte) (Checkpoint, error) {
	if len(raw) > 4096 {
		return Checkpoint{}, ErrCheckpoint
	}
	c, _, _, err := log.ParseCheckpoint(raw, k.verifier.Name(), k.verifier)
	if err != nil || len(c.Hash) != tlog.HashSize || c.Size > maxSize {
		return Checkpoint{}, ErrCheckpoint
	}
	return Checkpoint{Size: c.Size, Hash: tlog.Hash(c.Hash), Raw: raw}, nil
}

func (c Checkpoint) tree() tlog.Tree { return tlog.Tree{N: int64(c.Size), Hash: c.Hash} }
