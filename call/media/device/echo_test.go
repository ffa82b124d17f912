package device

import (
	"math"
	"math/rand/v2"
	"testing"

	"conclave/call/media"
)

// talk is noise with the rhythm and the colour of speech.
type talk struct {
	rng  *rand.Rand
	last float64
	n    int
	beat float64 // syllables a second
}

func newTalk(seed uint64, beat float64) *talk {
	return &talk{rng: rand.New(rand.NewPCG(seed, seed)), beat: beat}
}

func (s *talk) fill(pcm []int16) {
	for i := range pcm {
		s.last = 0.85*s.last + s.rng.NormFloat64()
		loud := math.Max(0, math.Sin(2*math.Pi*s.beat*float64(s.n)/media.SampleRate))
		s.n++
		pcm[i] = int16(math.Max(-30000, math.Min(30000, 2600*loud*s.last)))
	}
}

func energy(pcm []int16) (sum float64) {
	for _, v := range pcm {
		sum += float64(v) * float64(v)
	}
	return sum
}

// room delays and weakens what is played, with one reflection.
type room struct{ past []int16 }

func (r *room) echo(far []int16) []int16 {
	r.past = append(r.past, far...)
	out := make([]int16, len(far))
	at := len(r.past) - len(far)
	for i := range out {
		for _, p := range [2]struct {
			delay int
			gain  float64
		}{{3300, 0.4}, {4700, 0.15}} { // 69 and 98 ms
			if k := at + i - p.delay; k >= 0 {
				out[i] += int16(p.gain * float64(r.past[k]))
			}
		}
	}
	return out
}

func TestEchoIsTakenOutAndTheVoiceStays(t *testing.T) {
	a := newCanceller()
	defer a.free()
	far, near, r := newTalk(1, 2.3), newTalk(2, 3.1), &room{}
	voice := make([]int16, media.FrameSamples)
	var before, after, said, heard, both float64
	late := make([]int16, echoFrame, echoFrame+media.FrameSamples)
	for n := range 400 { // 8 s: echo alone, then both speak
		far.fill(a.far[:])
		echo := r.echo(a.far[:])
		copy(a.near[:], echo)
		if n >= 250 {
			near.fill(voice)
			for i := range voice {
				a.near[i] += voice[i]
			}
		}
		a.run()
		switch {
		case n >= 150 && n < 250:
			before += energy(echo)
			after += energy(a.out[:])
		case n >= 300:
			said += energy(voice)
			heard += energy(a.out[:])
			late = append(late[:echoFrame], voice...)
			for i := range a.out {
				both += float64(late[i]) * float64(a.out[i])
			}
		}
		late = append(late[:0], voice[len(voice)-echoFrame:]...)
	}
	down := 10 * math.Log10(before/math.Max(after, 1))
	alike := both / math.Sqrt(said*heard)
	t.Logf("echo alone %.0f dB down; while both speak the voice correlates by %.2f, level %.1f dB", down, alike, 10*math.Log10(heard/said))
	if down < 20 {
		t.Errorf("the echo is only %.1f dB down", down)
	}
	if alike < 0.7 || heard < said/4 {
		t.Errorf("the voice suffers: correlation %.2f, level %.1f dB", alike, 10*math.Log10(heard/said))
	}
}

func TestEchoKeepsStepWithTheSpeaker(t *testing.T) {
	e, s, m := NewEcho(), &Speaker{}, &Microphone{}
	frame, far := make([]int16, media.FrameSamples), make([]int16, media.FrameSamples)
	next := int16(0)
	play := func() {
		for i := range frame {
			next++
			frame[i] = next
		}
		e.played(s, frame)
	}
	e.plays(s)
	play()
	if e.take(m, far) {
		t.Error("sound of before there was a microphone")
	}
	e.hears(m)
	play()
	if e.take(m, far) {
		t.Error("no frame was kept to spare")
	}
	play()
	last := int16(0)
	for n := range 300 { // the two clocks call at different moments
		if n%2 == 0 {
			play()
			play()
		}
		if e.take(m, far) {
			if n > 5 && far[0] != last+1 {
				t.Fatalf("frame %d begins at %d after %d", n, far[0], last)
			}
			last = far[len(far)-1]
		} else if n > 5 {
			t.Fatalf("frame %d is missing", n)
		}
	}
	for range 50 { // the microphone stands still
		play()
	}
	for range 2 * farWindow {
		play()
		e.take(m, far)
	}
	if d := int(uint16(next) - uint16(far[0])); d > 3*media.FrameSamples {
		t.Errorf("after a pause of the microphone it is compared with what was played %d samples ago", d)
	}
	if e.take(&Microphone{}, far) || far[0] != 0 {
		t.Error("another microphone took it")
	}
	e.played(&Speaker{}, frame)
	if n := testing.AllocsPerRun(100, func() { e.played(s, frame); e.take(m, far) }); n > 0 {
		t.Errorf("%v allocations in the speaker's callback", n)
	}
}

func BenchmarkEcho(b *testing.B) {
	a := newCanceller()
	defer a.free()
	newTalk(1, 2).fill(a.far[:])
	newTalk(2, 3).fill(a.near[:])
	for b.Loop() {
		a.run()
	}
}

func BenchmarkEchoWhileNothingIsPlayed(b *testing.B) {
	a := newCanceller()
	defer a.free()
	newTalk(2, 3).fill(a.near[:])
	for b.Loop() {
		a.run()
	}
}
