package demo

import (
	"encoding/binary"
	"math"
	"os"
)

// Envelopes have a value each 20 ms: loudness, which survives coding and mixing.
const (
	envelopeRate   = 50
	leastLikeness  = 0.5 // two readings that are not the same one reach 0.3
	leastHeard     = 3   // seconds
	heardSampleHz  = 48000
	speechSampleHz = 16000
)

// hear compares what each person's speaker was given with what the others
// said. With two other speakers mixed, each is still found in the mix.
func (d *demo) hear() {
	for _, to := range d.people {
		mix, err := envelope(to.recording(), heardSampleHz)
		if err != nil {
			d.fail("what %s heard: %v", to.name, err)
			continue
		}
		if len(mix) < leastHeard*envelopeRate {
			d.fail("%s heard only %d ms", to.name, len(mix)*1000/envelopeRate)
			continue
		}
		for _, from := range d.people {
			if from == to || from.speech == "tone:440" {
				continue
			}
			said, err := envelope(from.speech, speechSampleHz)
			if err != nil {
				d.fail("what %s said: %v", from.name, err)
				continue
			}
			likeness := best(mix, said)
			d.result.Heard = append(d.result.Heard, heard{from.name, to.name, math.Round(likeness*100) / 100})
			if likeness < leastLikeness {
				d.fail("%s does not hear %s: likeness of the envelopes %.2f", to.name, from.name, likeness)
			}
		}
	}
}

// envelope reads a mono 16-bit WAV file with a plain header.
func envelope(path string, hertz int) ([]float64, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if len(data) > 44 {
		data = data[44:]
	}
	step := hertz / envelopeRate
	out := make([]float64, 0, len(data)/2/step)
	for at := 0; at+2*step <= len(data); at += 2 * step {
		var sum float64
		for i := range step {
			v := float64(int16(binary.LittleEndian.Uint16(data[at+2*i:])))
			sum += v * v
		}
		out = append(out, math.Log10(1+math.Sqrt(sum/float64(step))))
	}
	return out, nil
}

// best is the highest correlation of a stretch of said with a stretch of heard,
// over all places in both.
func best(mix, said []float64) float64 {
	n := min(len(said), len(mix), 3*envelopeRate)
	top := 0.0
	for from := 0; from+n <= len(said); from += n / 2 {
		piece := said[from : from+n]
		for at := 0; at+n <= len(mix); at++ {
			top = math.Max(top, correlation(mix[at:at+n], piece))
		}
	}
	return top
}

func correlation(a, b []float64) float64 {
	var ma, mb float64
	for i := range a {
		ma += a[i]
		mb += b[i]
	}
	ma /= float64(len(a))
	mb /= float64(len(b))
	var ab, aa, bb float64
	for i := range a {
		x, y := a[i]-ma, b[i]-mb
		ab += x * y
		aa += x * x
		bb += y * y
	}
	if aa == 0 || bb == 0 {
		return 0
	}
	return ab / math.Sqrt(aa*bb)
}
