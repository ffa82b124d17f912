package calltest

import (
	"sync"
	"time"

	"conclave/call/media"
)

// Ear is a speaker that keeps the last second of what it plays. It implements
// media.AudioSink.
type Ear struct {
	stop  chan struct{}
	done  chan struct{}
	begin sync.Once
	end   sync.Once
	ended sync.WaitGroup

	mu    sync.Mutex
	heard []int16
}

// NewEar returns an ear that has heard nothing.
func NewEar() *Ear { return &Ear{stop: make(chan struct{}), done: make(chan struct{})} }

// Play implements media.AudioSink.
func (e *Ear) Play(mix func(pcm []int16)) error {
	e.begin.Do(func() { e.ended.Go(func() { e.listen(mix) }) })
	return nil
}

func (e *Ear) listen(mix func([]int16)) {
	due := time.NewTicker(20 * time.Millisecond)
	defer due.Stop()
	pcm := make([]int16, media.FrameSamples)
	for {
		select {
		case <-e.stop:
			return
		case <-due.C:
		}
		mix(pcm)
		e.mu.Lock()
		e.heard = append(e.heard, pcm...)
		if extra := len(e.heard) - media.SampleRate; extra > 0 {
			e.heard = append(e.heard[:0], e.heard[extra:]...)
		}
		e.mu.Unlock()
	}
}

// Heard returns the last second.
func (e *Ear) Heard() []int16 {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]int16(nil), e.heard...)
}

// Done implements media.AudioSink.
func (e *Ear) Done() <-chan struct{} { return e.done }

// Close implements media.AudioSink.
func (e *Ear) Close() error {
	e.end.Do(func() { close(e.stop) })
	e.ended.Wait()
	return nil
}
