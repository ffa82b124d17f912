package core

import "time"

// updateEvery is how often the core asks whether a newer version is out. The
// first time is at the start.
const updateEvery = 24 * time.Hour

// Update is a newer version of the program, announced by a manifest whose
// signature was checked; Version is "" when there is none.
type Update struct {
	Version string
	Page    string // where to get it
	Notes   string
}

// updated arrives at the core's goroutine.
type updated struct{ update Update }

// watchUpdates asks until the core is closed. That nothing could be learnt is no
// news: the next day asks again.
func (c *Core) watchUpdates() {
	t := time.NewTicker(updateEvery)
	defer t.Stop()
	for {
		if u, err := c.cfg.Updates(c.ctx); err == nil {
			c.post(updated{u})
		}
		select {
		case <-c.ctx.Done():
			return
		case <-t.C:
		}
	}
}
