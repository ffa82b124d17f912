package media

import "math"

// taps is the length of the resampling filter: enough for 60 dB with a Hann
// window, short enough that a minute of sound takes a tenth of a second.
const taps = 32

// Resample converts sound between two rates by a windowed sinc in as many
// phases as the ratio has. from and to are at least 1.
func Resample(pcm []int16, from, to int) []int16 {
	if from == to || len(pcm) == 0 {
		return append([]int16(nil), pcm...)
	}
	g := gcd(from, to)
	up, down := to/g, from/g
	filter := phases(up, min(1, float64(to)/float64(from)))
	out := make([]int16, int(int64(len(pcm))*int64(up)/int64(down)))
	for i := range out {
		at := int64(i) * int64(down)
		centre, phase := int(at/int64(up)), int(at%int64(up))
		h := filter[phase*taps : (phase+1)*taps]
		var sum float32
		for k, c := range h {
			if j := centre + k - taps/2 + 1; j >= 0 && j < len(pcm) {
				sum += c * float32(pcm[j])
			}
		}
		out[i] = int16(min(max(sum, -32768), 32767))
	}
	return out
}

// phases are the filters for each fraction of an input sample. cutoff is the
// pass band as a share of the input's.
func phases(up int, cutoff float64) []float32 {
	f := make([]float32, up*taps)
	for p := range up {
		sum := 0.0
		row := f[p*taps : (p+1)*taps]
		for k := range row {
			x := float64(k-taps/2+1) - float64(p)/float64(up)
			v := sinc(x*cutoff) * hann(x/(taps/2))
			row[k] = float32(v)
			sum += v
		}
		for k := range row { // every phase passes a constant unchanged
			row[k] = float32(float64(row[k]) / sum)
		}
	}
	return f
}

func sinc(x float64) float64 {
	if x == 0 {
		return 1
	}
	return math.Sin(math.Pi*x) / (math.Pi * x)
}

func hann(x float64) float64 {
	if x <= -1 || x >= 1 {
		return 0
	}
	return 0.5 + 0.5*math.Cos(math.Pi*x)
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
