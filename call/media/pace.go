package media

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// pace lets a drawn or stored source deliver in real time. A reader that falls
// behind by more than a quarter of a second loses the time, so that it is
// never flooded afterwards.
type pace struct {
	began time.Time
	end   chan struct{}
	once  sync.Once
}

func newPace() *pace { return &pace{end: make(chan struct{})} }

// wait returns when at has passed since the first wait.
func (p *pace) wait(ctx context.Context, what string, at time.Duration) error {
	if p.began.IsZero() {
		p.began = time.Now().Add(-at)
	}
	left := time.Until(p.began.Add(at))
	if left < -250*time.Millisecond {
		p.began = p.began.Add(-left)
	}
	select {
	case <-p.end:
		return fmt.Errorf("%s: %w", what, ErrSourceClosed)
	default:
	}
	if left <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(left)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-p.end:
		return fmt.Errorf("%s: %w", what, ErrSourceClosed)
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (p *pace) close() { p.once.Do(func() { close(p.end) }) }
