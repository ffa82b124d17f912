package media

import (
	"slices"
	"time"
)

// Limits of the jitter buffer, in frames of 20 ms.
const (
	minDepth     = 2  // 40 ms: below it a scheduler's whim is heard
	maxDepth     = 10 // 200 ms: above it people talk into each other
	slots        = 64 // power of two, more than any depth and reordering
	concealLimit = 5  // 100 ms: beyond it concealment only drones
	latenessKept = 250
)

// jitter is the waiting room of one sender's sound packets: it puts them in
// order, delays them by as much as their arrival varies, and fills gaps by
// the next packet's copy (FEC) or by concealment. Not safe for concurrent use.
//
// Depth follows the 95th percentile of how late packets were, over the last
// five seconds. It grows by itself at an underrun, and shrinks by leaving out
// a quiet frame when it is two frames deeper than needed.
type jitter struct {
	packets [slots]packet
	next    int64 // sequence that is played next
	highest int64 // highest sequence that arrived
	count   int   // packets in the buffer
	known   bool  // next and highest mean something
	playing bool

	conceals int
	base     time.Duration // smallest transit seen lately
	late     [latenessKept]time.Duration
	lateN    int
	sorted   [latenessKept]time.Duration
	depth    int // target, in frames
	origin   time.Time

	lost, recovered uint64
}

type packet struct {
	sequence int64
	data     []byte
	full     bool
}

// outcome says where a pulled frame came from.
type outcome uint8

const (
	outcomeNothing   outcome = iota // nothing to play: silence
	outcomePlayed                   // a packet
	outcomeRecovered                // the copy in the packet after
	outcomeConcealed                // a guess
)

// push stores a packet, whose memory is copied.
func (j *jitter) push(sequence uint16, stamp uint32, arrived time.Time, data []byte) {
	s := j.extend(sequence)
	if !j.known || s > j.highest+slots || s < j.highest-4*slots { // a new stream
		j.restart(s)
	}
	j.measure(stamp, arrived)
	if s < j.next {
		return // too late to be heard
	}
	if s >= j.next+slots { // the buffer is full: what is oldest goes
		j.skipTo(s - slots + 1)
	}
	p := &j.packets[s&(slots-1)]
	if p.full && p.sequence == s {
		return // twice
	}
	p.sequence, p.full = s, true
	p.data = append(p.data[:0], data...)
	j.count++
	j.highest = max(j.highest, s)
}

// extend makes a 16-bit sequence number one that does not wrap.
func (j *jitter) extend(sequence uint16) int64 {
	if !j.known {
		return int64(sequence) + 1<<16
	}
	return j.highest + int64(int16(sequence-uint16(j.highest)))
}

func (j *jitter) restart(first int64) {
	for i := range j.packets {
		j.packets[i].full = false
	}
	j.count, j.playing, j.conceals = 0, false, 0
	j.next, j.highest, j.known = first, first, true
	j.lateN, j.origin = 0, time.Time{}
	if j.depth == 0 {
		j.depth = minDepth
	}
}

func (j *jitter) skipTo(s int64) {
	for ; j.next < s; j.next++ {
		p := &j.packets[j.next&(slots-1)]
		if p.full && p.sequence == j.next {
			p.full = false
			j.count--
		}
	}
}

// measure learns how late packets come, from the difference between when they
// were sent by their stamps and when they arrived.
func (j *jitter) measure(stamp uint32, arrived time.Time) {
	if j.origin.IsZero() {
		j.origin = arrived.Add(-stampTime(stamp))
		j.base = 0
	}
	transit := arrived.Sub(j.origin) - stampTime(stamp)
	if transit > time.Second*5 || transit < -5*time.Second { // the stamps jumped
		j.origin, j.base, j.lateN = arrived.Add(-stampTime(stamp)), 0, 0
		transit = 0
	}
	j.late[j.lateN%latenessKept] = transit
	j.lateN++
	n := min(j.lateN, latenessKept)
	if j.lateN%10 != 0 && j.lateN > 10 {
		return
	}
	seen := j.sorted[:n]
	copy(seen, j.late[:n])
	slices.Sort(seen)
	j.base = seen[0]
	jitter := seen[(n-1)*95/100] - j.base
	want := int((jitter+19*time.Millisecond)/(20*time.Millisecond)) + 1
	j.depth = min(max(want, minDepth), maxDepth)
}

func stampTime(stamp uint32) time.Duration {
	return time.Duration(stamp) * time.Second / SampleRate
}

// waiting is the span of sound in the buffer, holes counted.
func (j *jitter) waiting() int {
	if !j.known || j.count == 0 {
		return 0
	}
	return int(j.highest - j.next + 1)
}

// pull fills pcm with the next 20 ms.
func (j *jitter) pull(dec AudioDecoder, pcm []int16) outcome {
	if !j.playing {
		if j.waiting() < max(j.depth, minDepth) {
			clear(pcm)
			return outcomeNothing
		}
		j.playing, j.conceals = true, 0
		j.skipTo(j.first())
	}
	if j.count == 0 { // underrun: stretch, the sound will come
		return j.conceal(dec, pcm, false)
	}
	for j.waiting() > maxDepth+minDepth { // far behind: catch up at once
		j.drop(dec, pcm)
	}
	got := j.take(dec, pcm)
	if got == outcomePlayed && j.waiting() > j.depth+1 && quiet(pcm) {
		got = j.take(dec, pcm)
	}
	return got
}

// first is the lowest sequence in the buffer.
func (j *jitter) first() int64 {
	for s := j.next; s <= j.highest; s++ {
		if p := &j.packets[s&(slots-1)]; p.full && p.sequence == s {
			return s
		}
	}
	return j.next
}

// drop decodes a frame for the decoder's sake and plays nothing of it.
func (j *jitter) drop(dec AudioDecoder, pcm []int16) { j.take(dec, pcm) }

// take plays the frame whose turn it is, in whatever way it can be had.
func (j *jitter) take(dec AudioDecoder, pcm []int16) outcome {
	p := &j.packets[j.next&(slots-1)]
	if p.full && p.sequence == j.next {
		p.full = false
		j.count--
		j.next++
		if err := dec.Decode(p.data, pcm); err != nil {
			return j.conceal(dec, pcm, false)
		}
		j.conceals = 0
		return outcomePlayed
	}
	after := &j.packets[(j.next+1)&(slots-1)]
	if after.full && after.sequence == j.next+1 {
		if err := dec.Recover(after.data, pcm); err == nil {
			j.next++
			j.lost++
			j.recovered++
			j.conceals = 0
			return outcomeRecovered
		}
	}
	return j.conceal(dec, pcm, true)
}

// conceal guesses 20 ms. skip says that the packet is lost rather than late.
func (j *jitter) conceal(dec AudioDecoder, pcm []int16, skip bool) outcome {
	if skip {
		j.next++
		j.lost++
	}
	if j.conceals++; j.conceals > concealLimit {
		j.conceals = concealLimit
		if !skip {
			j.playing = false
		}
		clear(pcm)
		return outcomeNothing
	}
	if err := dec.Conceal(pcm); err != nil {
		clear(pcm)
	}
	fade(pcm, j.conceals)
	return outcomeConcealed
}

// fade makes the n-th guess in a row quieter than the one before.
func fade(pcm []int16, n int) {
	from, to := 1-float32(n-1)/concealLimit, 1-float32(n)/concealLimit
	for i, v := range pcm {
		pcm[i] = int16(float32(v) * (from + (to-from)*float32(i)/float32(len(pcm))))
	}
}

// quiet reports whether nobody would miss pcm.
func quiet(pcm []int16) bool { return loudness(pcm) < 0.12 }
