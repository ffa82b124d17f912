package media

import (
	"math"
	"slices"
	"sync"
)

// voice is one remote person's sound between the network and the mixer. All of
// it is guarded by mu.
type voice struct {
	mu     sync.Mutex
	jitter jitter
	dec    AudioDecoder
	pcm    [FrameSamples]int16
	level  float64
	gone   bool
}

// mixer adds voices up for the speaker.
type mixer struct {
	mu     sync.Mutex // guards voices; gain and sum belong to the one who mixes
	voices []*voice
	mixing sync.Mutex
	now    []*voice
	sum    [FrameSamples]int32
	gain   float32
}

func (m *mixer) add(v *voice) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !slices.Contains(m.voices, v) {
		m.voices = append(m.voices, v)
	}
}

// remove takes a voice out and closes its decoder.
func (m *mixer) remove(v *voice) {
	m.mu.Lock()
	m.voices = slices.DeleteFunc(m.voices, func(o *voice) bool { return o == v })
	m.mu.Unlock()
	v.mu.Lock()
	defer v.mu.Unlock()
	if !v.gone {
		v.gone = true
		v.dec.Close()
	}
}

// mix fills pcm, which has FrameSamples samples, with everybody's next 20 ms.
// A speaker and the clock that stands in for a missing one may overlap while
// they take over from each other, hence the lock.
func (m *mixer) mix(pcm []int16) {
	m.mixing.Lock()
	defer m.mixing.Unlock()
	m.mu.Lock()
	m.now = append(m.now[:0], m.voices...)
	m.mu.Unlock()
	clear(m.sum[:])
	for _, v := range m.now {
		v.addTo(&m.sum)
	}
	m.gain = limit(pcm, m.sum[:], m.gain)
}

func (v *voice) addTo(sum *[FrameSamples]int32) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.gone {
		return
	}
	if v.jitter.pull(v.dec, v.pcm[:]) == outcomeNothing {
		v.level *= 0.7
		if v.level < 0.01 {
			v.level = 0
		}
		return
	}
	v.level = max(loudness(v.pcm[:]), v.level*0.85)
	for i, s := range v.pcm {
		sum[i] += int32(s)
	}
}

// ceiling is what the loudest sample may be: a little below clipping.
const ceiling = 32000

// limit writes sum to pcm, turned down so that nothing clips. It turns down
// within a millisecond and up again over half a second, so a loud word does
// not crackle and quiet ones are not pumped. gain is the last frame's; the
// result is for the next. Zero counts as one.
func limit(pcm []int16, sum []int32, gain float32) float32 {
	if gain == 0 {
		gain = 1
	}
	peak := int32(1)
	for _, v := range sum {
		peak = max(peak, v, -v)
	}
	target := min(1, float32(ceiling)/float32(peak))
	step := (target - gain) / 48
	if target > gain {
		target = min(target, gain+0.04)
		step = (target - gain) / float32(len(sum))
	}
	for i, v := range sum {
		if gain != target {
			gain += step
			if (step < 0) == (gain < target) {
				gain = target
			}
		}
		pcm[i] = int16(min(max(float32(v)*gain, -ceiling), ceiling))
	}
	return target
}

// loudness is the level of pcm as an ear judges it: 0 at -60 dB of full level
// and below, 1 at full level.
func loudness(pcm []int16) float64 {
	if len(pcm) == 0 {
		return 0
	}
	sum := 0.0
	for _, v := range pcm {
		sum += float64(v) * float64(v)
	}
	rms := math.Sqrt(sum / float64(len(pcm)))
	if rms < 33 {
		return 0
	}
	return min(1, 1+20*math.Log10(rms/32768)/60)
}
