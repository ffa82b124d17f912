//go:build !windows

package ledger

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/storage/posix"
	"golang.org/x/mod/sumdb/note"
	"k8s.io/klog/v2"
)

// interval is how often checkpoints are signed: the shortest that tessera
// allows, because each passport waits for the next one.
const interval = 100 * time.Millisecond

// batchAge is how long an entry waits for company.
const batchAge = 20 * time.Millisecond

// posixLog is tessera's log in a folder.
type posixLog struct {
	appender *tessera.Appender
	awaiter  *tessera.PublicationAwaiter
	shutdown func(context.Context) error
	cancel   context.CancelFunc
}

// quiet keeps tessera's notes, which go to a log of its own, off standard error;
// its errors still get there.
var quiet = sync.OnceFunc(func() {
	klog.LogToStderr(false)
	klog.SetOutput(io.Discard)
})

func openSequencer(dir string, signer note.Signer) (sequencer, error) {
	quiet()
	ctx, cancel := context.WithCancel(context.Background())
	driver, err := posix.New(ctx, posix.Config{Path: dir})
	if err != nil {
		cancel()
		return nil, fmt.Errorf("open log: %w", err)
	}
	options := tessera.NewAppendOptions().
		WithCheckpointSigner(signer).
		WithCheckpointInterval(interval).
		WithBatching(tessera.DefaultBatchMaxSize, batchAge)
	appender, shutdown, reader, err := tessera.NewAppender(ctx, driver, options)
	if err != nil {
		cancel()
		return nil, fmt.Errorf("open log: %w", err)
	}
	return &posixLog{
		appender: appender, shutdown: shutdown, cancel: cancel,
		awaiter: tessera.NewPublicationAwaiter(ctx, reader.ReadCheckpoint, interval/4),
	}, nil
}

func (l *posixLog) add(ctx context.Context, data []byte) (uint64, []byte, error) {
	index, checkpoint, err := l.awaiter.Await(ctx, l.appender.Add(ctx, tessera.NewEntry(data)))
	return index.Index, checkpoint, err
}

func (l *posixLog) close(ctx context.Context) error {
	defer l.cancel()
	return l.shutdown(ctx)
}
