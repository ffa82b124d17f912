package media

import (
	"context"
	"math"
	"time"
)

// Tone is a sine as a sound source.
type Tone struct {
	hertz, level float64
	pace         *pace
	frames       int
}

// NewTone makes a tone of hertz at a quarter of full level.
func NewTone(hertz float64) *Tone {
	return &Tone{hertz: hertz, level: 0.25, pace: newPace()}
}

// Read waits for and fills the next 20 ms.
func (t *Tone) Read(ctx context.Context, pcm []int16) error {
	if err := t.pace.wait(ctx, "read tone", time.Duration(t.frames)*20*time.Millisecond); err != nil {
		return err
	}
	for i := range pcm {
		n := t.frames*len(pcm) + i
		pcm[i] = int16(32767 * t.level * math.Sin(2*math.Pi*t.hertz*float64(n)/SampleRate))
	}
	t.frames++
	return nil
}

// Close ends a Read that waits.
func (t *Tone) Close() error {
	t.pace.close()
	return nil
}

// ToneShare is the share of pcm's energy that lies at hertz, 0 to 1, by
// Goertzel's algorithm. A pure tone gives nearly 1, speech less than 0.1,
// silence 0. pcm should span at least 40 ms.
func ToneShare(pcm []int16, hertz float64) float64 {
	if len(pcm) == 0 {
		return 0
	}
	c := 2 * math.Cos(2*math.Pi*hertz/SampleRate)
	var s1, s2, energy float64
	for _, v := range pcm {
		x := float64(v)
		s1, s2 = x+c*s1-s2, s1
		energy += x * x
	}
	if energy < float64(len(pcm)) { // below one step: silence
		return 0
	}
	power := s1*s1 + s2*s2 - c*s1*s2
	return min(2*power/(float64(len(pcm))*energy), 1)
}
