package media

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// sender makes numbered packets whose sound is their number plus one.
func packetOf(n int) []byte { return binary.BigEndian.AppendUint16(nil, uint16(n+1)) }

// simulate sends count packets, each delayed by delay(n) or lost when that is
// negative, and pulls 20 ms every 20 ms. It returns the first sample of every
// pull and the buffer.
func simulate(count int, first uint16, delay func(n int) time.Duration) ([]int, *jitter, *fakeSound) {
	type arrival struct {
		at time.Duration
		n  int
	}
	var late []arrival
	j, dec := &jitter{}, &fakeSound{}
	start := time.Unix(1000, 0)
	var played []int
	pcm := make([]int16, FrameSamples)
	for n := range count + 20 {
		now := time.Duration(n) * 20 * time.Millisecond
		if n < count {
			if d := delay(n); d >= 0 {
				late = append(late, arrival{now + d, n})
			}
		}
		rest := late[:0]
		for _, a := range late {
			if a.at > now {
				rest = append(rest, a)
				continue
			}
			j.push(first+uint16(a.n), uint32(a.n)*960, start.Add(a.at), packetOf(a.n))
		}
		late = rest
		if j.pull(dec, pcm) == outcomeNothing {
			played = append(played, 0)
		} else {
			played = append(played, int(pcm[0]))
		}
	}
	return played, j, dec
}

func count(played []int, pred func(int) bool) (n int) {
	for _, v := range played {
		if pred(v) {
			n++
		}
	}
	return n
}

func TestSteadyPacketsPlayInOrderWithLittleDelay(t *testing.T) {
	for _, first := range []uint16{0, 65500} { // also over the end of the sequence numbers
		played, j, _ := simulate(100, first, func(int) time.Duration { return 0 })
		next := 1
		for _, v := range played {
			if v == next {
				next++
			}
		}
		if next != 101 {
			t.Errorf("from %d: %d packets played in order, want 100", first, next-1)
		}
		if j.depth != minDepth || j.lost != 0 {
			t.Errorf("from %d: depth %d, lost %d", first, j.depth, j.lost)
		}
		if played[0] != 0 || played[1] != 1 {
			t.Errorf("from %d: began with %v, want one frame of delay", first, played[:4])
		}
	}
}

func TestSingleLossIsRecoveredFromTheNextPacket(t *testing.T) {
	played, j, dec := simulate(100, 10, func(n int) time.Duration {
		if n%10 == 5 {
			return -1
		}
		return 0
	})
	if j.recovered != 10 || dec.recovered != 10 || j.lost != 10 {
		t.Errorf("recovered %d of %d lost, want 10 of 10", j.recovered, j.lost)
	}
	// The fake's recovery plays 1 - next: the lost packet's sound, negated.
	if n := count(played, func(v int) bool { return v < 0 && (-v-1)%10 == 5 }); n != 10 {
		t.Errorf("%d recovered sounds were in their place, want 10", n)
	}
}

func TestBurstLossIsConcealedForATenthOfASecondOnly(t *testing.T) {
	played, j, dec := simulate(100, 10, func(n int) time.Duration {
		if n >= 40 && n < 60 {
			return -1
		}
		return 0
	})
	if dec.concealed < 3 || dec.concealed > 2*concealLimit {
		t.Errorf("concealed %d frames of a gap of 400 ms, want about %d", dec.concealed, concealLimit)
	}
	if n := count(played[80:], func(v int) bool { return v > 60 }); n < 15 {
		t.Errorf("only %d sounds after the gap", n)
	}
	if j.depth > 4 {
		t.Errorf("a gap made the buffer %d frames deep", j.depth)
	}
}

func TestReorderedPacketsPlayInOrder(t *testing.T) {
	played, j, _ := simulate(200, 10, func(n int) time.Duration {
		if n%4 == 1 {
			return 30 * time.Millisecond
		}
		return 0
	})
	last := 0
	for _, v := range played {
		if v > 0 && v < 1000 {
			if v <= last {
				t.Fatalf("sound %d after %d", v, last)
			}
			last = v
		}
	}
	if n := count(played[50:], func(v int) bool { return v > 0 && v < 1000 }); n < 140 {
		t.Errorf("%d sounds played of 150", n)
	}
	if j.lost > 5 {
		t.Errorf("%d sounds given up though all came", j.lost)
	}
}

func TestDepthFollowsJitter(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	jittery := func(int) time.Duration { return time.Duration(r.IntN(100)) * time.Millisecond }
	played, j, _ := simulate(500, 0, jittery)
	if j.depth < 4 || j.depth > 7 {
		t.Errorf("depth %d at 100 ms of jitter, want 5 or 6", j.depth)
	}
	late := played[300:500]
	if n := count(late, func(v int) bool { return v > 0 && v < 1000 }); n < 185 {
		t.Errorf("%d of 200 sounds played once the depth was learnt", n)
	}
	for i := range 300 { // the network calms down
		j.push(uint16(500+i), uint32(500+i)*960, time.Unix(1010, 0).Add(time.Duration(i)*20*time.Millisecond), packetOf(0))
	}
	if j.depth != minDepth {
		t.Errorf("depth %d on a calm network, want %d", j.depth, minDepth)
	}
}

func TestLatePacketsShrinkBackInQuietMoments(t *testing.T) {
	_, j, _ := simulate(400, 0, func(n int) time.Duration {
		if n >= 50 && n < 60 { // one stall of 200 ms
			return time.Duration(60-n) * 20 * time.Millisecond
		}
		return 0
	})
	if w := j.waiting(); w > minDepth+2 {
		t.Errorf("%d frames wait after the stall is over, want %d", w, minDepth+2)
	}
}

func TestOnlyQuietSoundIsLeftOutToCatchUp(t *testing.T) {
	for name, row := range map[string]struct {
		level    uint16
		shortens bool
	}{"quiet": {5, true}, "speech": {3000, false}} {
		j, dec := &jitter{}, &fakeSound{}
		pcm := make([]int16, FrameSamples)
		data := binary.BigEndian.AppendUint16(nil, row.level)
		start := time.Unix(1000, 0)
		n := 0
		push := func(at int) {
			j.push(uint16(n), uint32(n)*960, start.Add(time.Duration(at)*20*time.Millisecond), data)
			n++
		}
		for range 8 { // after a stall all comes at once
			push(8)
		}
		for i := range 300 {
			push(8 + i)
			j.pull(dec, pcm)
		}
		if got := j.waiting() <= j.depth+1; got != row.shortens {
			t.Errorf("%s: %d frames wait at a depth of %d", name, j.waiting(), j.depth)
		}
	}
}

func TestSenderThatRestartsIsHeard(t *testing.T) {
	j, dec := &jitter{}, &fakeSound{}
	pcm := make([]int16, FrameSamples)
	now := time.Unix(1000, 0)
	for _, base := range []uint16{100, 40000, 5} {
		for n := range 20 {
			j.push(base+uint16(n), uint32(base)*1000+uint32(n)*960, now, packetOf(n))
			now = now.Add(20 * time.Millisecond)
			j.pull(dec, pcm)
		}
		if pcm[0] < 15 {
			t.Errorf("after a restart at %d, sound %d plays", base, pcm[0])
		}
	}
}

func TestPushAndPullDoNotAllocate(t *testing.T) {
	j, dec := &jitter{}, &fakeSound{}
	pcm, data := make([]int16, FrameSamples), packetOf(1)
	now := time.Unix(1000, 0)
	n := 0
	step := func() {
		j.push(uint16(n), uint32(n)*960, now.Add(time.Duration(n)*20*time.Millisecond), data)
		j.pull(dec, pcm)
		n++
	}
	for range 100 {
		step()
	}
	if allocs := testing.AllocsPerRun(500, step); allocs != 0 {
		t.Errorf("%v allocations a packet, want 0", allocs)
	}
}

func TestMixAddsVoicesAndNeverClips(t *testing.T) {
	m := &mixer{}
	for i := range 6 {
		v := &voice{dec: &fakeSound{}}
		loud := 12000
		for n := range 40 {
			v.jitter.push(uint16(n), uint32(n)*960, time.Unix(1000, int64(n)*20e6), binary.BigEndian.AppendUint16(nil, uint16(loud+i)))
		}
		m.add(v)
	}
	pcm := make([]int16, FrameSamples)
	for range 10 {
		m.mix(pcm)
	}
	for i, s := range pcm {
		if s < 31000 || s > ceiling {
			t.Fatalf("sample %d is %d: six voices of 12000 should sit at the ceiling", i, s)
		}
	}
	for _, v := range append([]*voice(nil), m.voices...) {
		m.remove(v)
	}
	m.mix(pcm)
	if pcm[0] != 0 {
		t.Errorf("sound without voices: %d", pcm[0])
	}
}

func TestLimiterIsSmoothAndKeepsTheShape(t *testing.T) {
	sum := make([]int32, FrameSamples)
	pcm := make([]int16, FrameSamples)
	for i := range sum {
		sum[i] = int32(60000 * math.Sin(2*math.Pi*500*float64(i)/SampleRate))
	}
	gain := float32(0)
	for range 5 {
		gain = limit(pcm, sum, gain)
	}
	if share := ToneShare(pcm, 500); share < 0.999 {
		t.Errorf("the limiter distorts: share of the tone is %.4f", share)
	}
	for i := range sum {
		sum[i] /= 20
	}
	was := gain
	for n := range 40 {
		gain = limit(pcm, sum, gain)
		if gain-was > 0.041 {
			t.Fatalf("frame %d: the gain jumps from %.2f to %.2f", n, was, gain)
		}
		was = gain
	}
	if gain != 1 {
		t.Errorf("gain %.2f after 800 ms of quiet, want 1", gain)
	}
	if got := limit(pcm, sum, 1); got != 1 || int32(pcm[25]) != sum[25] {
		t.Errorf("quiet sound is changed: %d to %d", sum[25], pcm[25])
	}
}

func TestLoudnessScale(t *testing.T) {
	for level, want := range map[int16]float64{0: 0, 20: 0, 328: 0.33, 3277: 0.67, 32767: 1} {
		pcm := make([]int16, 100)
		for i := range pcm {
			pcm[i] = level
		}
		if got := loudness(pcm); math.Abs(got-want) > 0.01 {
			t.Errorf("loudness of %d is %.2f, want %.2f", level, got, want)
		}
	}
}
