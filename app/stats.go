package main

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime/pprof"
	"time"

	"conclave/app/core"
	"conclave/app/demo/report"
)

// statsEvery is how often the file of --stats is written.
const statsEvery = 250 * time.Millisecond

// writeStats writes figures of the meeting to path until stop is called, and a
// last time then. The file holds no key and no message.
func writeStats(c *core.Core, path string) (stop func()) {
	quit, done := make(chan struct{}), make(chan struct{})
	var last report.Figures
	write := func() {
		last = report.Of(c, last)
		data, err := json.Marshal(last)
		if err != nil {
			return
		}
		if os.WriteFile(path+".new", data, 0o600) == nil {
			_ = os.Rename(path+".new", path)
		}
	}
	go func() {
		defer close(done)
		tick := time.NewTicker(statsEvery)
		defer tick.Stop()
		for {
			write()
			select {
			case <-quit:
				write()
				return
			case <-tick.C:
			}
		}
	}()
	return func() {
		close(quit)
		<-done
	}
}

// startProfile writes a processor profile to path until stop is called.
func startProfile(path string) (stop func(), err error) {
	f, err := os.Create(path)
	if err != nil {
		return nil, fmt.Errorf("write profile: %w", err)
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("write profile: %w", err)
	}
	return func() {
		pprof.StopCPUProfile()
		_ = f.Close()
	}, nil
}
