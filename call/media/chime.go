package media

import (
	"context"
	"math"
	"sync"
	"time"
)

// chimeLength is how long the test sound is, and chimeTail how long a speaker
// may need to play what it has taken.
const (
	chimeLength = 1500 * time.Millisecond
	chimeTail   = 300 * time.Millisecond
)

// chime is the test sound: three rising notes of a marimba, a chord, each
// beginning softly and dying away.
type chime struct{ at int }

// chimeNotes are when a note begins, in seconds, and its pitch.
var chimeNotes = [...]struct{ at, hertz float64 }{{0, 523.25}, {0.22, 659.26}, {0.44, 783.99}}

// mix fills pcm with the next samples; silence after the end.
func (c *chime) mix(pcm []int16) {
	for i := range pcm {
		t := float64(c.at) / SampleRate
		c.at++
		sum := 0.0
		for _, n := range chimeNotes {
			if d := t - n.at; d >= 0 {
				begin := min(d/0.006, 1)
				sum += begin * math.Exp(-4.5*d) * (math.Sin(2*math.Pi*n.hertz*d) + 0.25*math.Exp(-12*d)*math.Sin(8*math.Pi*n.hertz*d))
			}
		}
		end := min(max(chimeLength.Seconds()-t, 0)/0.1, 1)
		pcm[i] = int16(32767 * 0.22 * end * sum)
	}
}

// PlayChime plays the test sound on a speaker of its own and returns when it was
// heard. The error is ctx's, the speaker's, or ErrDeviceLost.
func PlayChime(ctx context.Context, sink AudioSink) error {
	var (
		c    chime
		once sync.Once
		over = make(chan struct{})
	)
	err := sink.Play(func(pcm []int16) {
		c.mix(pcm)
		if c.at >= int(chimeLength.Seconds()*SampleRate) {
			once.Do(func() { close(over) })
		}
	})
	if err != nil {
		return err
	}
	limit := time.NewTimer(2 * chimeLength)
	defer limit.Stop()
	select {
	case <-over:
	case <-limit.C:
		return ErrDeviceLost // it asks for no sound
	case <-sink.Done():
		return ErrDeviceLost
	case <-ctx.Done():
		return ctx.Err()
	}
	tail := time.NewTimer(chimeTail)
	defer tail.Stop()
	select {
	case <-tail.C:
		return nil
	case <-sink.Done():
		return ErrDeviceLost
	case <-ctx.Done():
		return ctx.Err()
	}
}
