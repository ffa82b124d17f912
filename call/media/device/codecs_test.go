package device

import (
	"bytes"
	"image"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"conclave/call/media"
)

// clips is where a checkout may have real clips; tests that use them have a
// drawn substitute.
const clips = "/work/shared/media"

func rgba(p *Painter, pic *media.I420, w, h int) *image.RGBA {
	scaled := media.NewI420(w, h)
	p.Scale(scaled, pic)
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	p.Paint(img, scaled)
	return img
}

func noise(w, h int, seed uint64) *media.I420 {
	p := media.NewI420(w, h)
	r := rand.New(rand.NewPCG(seed, 1))
	for _, plane := range [][]byte{p.Y, p.U, p.V} {
		for i := range plane {
			plane[i] = byte(r.UintN(256))
		}
	}
	return p
}

func TestVectorAndPlainPaintAgree(t *testing.T) {
	for _, size := range []image.Point{{16, 2}, {17, 3}, {320, 180}, {333, 47}, {2, 2}, {1, 1}} {
		src := noise(size.X, size.Y, 7)
		want := image.NewRGBA(image.Rect(0, 0, size.X, size.Y))
		media.PlainPainter{}.Paint(want, src)
		for _, portable := range []bool{false, true} {
			got := image.NewRGBA(want.Rect)
			(&Painter{Portable: portable}).Paint(got, src)
			if !bytes.Equal(got.Pix, want.Pix) {
				t.Errorf("%v, portable %v: pixels differ from plain Go", size, portable)
			}
		}
	}
}

func TestVectorAndPortableScaleAgree(t *testing.T) {
	for _, row := range []struct{ sw, sh, dw, dh int }{
		{640, 360, 320, 180}, {640, 480, 300, 170}, {641, 361, 160, 90}, {320, 180, 500, 300}, {64, 64, 64, 32}, {5, 5, 2, 2}, {2, 2, 9, 9},
	} {
		src := noise(row.sw, row.sh, 3)
		a, b := media.NewI420(row.dw, row.dh), media.NewI420(row.dw, row.dh)
		(&Painter{}).Scale(a, src)
		(&Painter{Portable: true}).Scale(b, src)
		if !bytes.Equal(a.Y, b.Y) || !bytes.Equal(a.U, b.U) || !bytes.Equal(a.V, b.V) {
			t.Errorf("%+v: vector and portable code differ", row)
		}
	}
}

func TestScaleKeepsAConstantPicture(t *testing.T) {
	src := media.NewI420(641, 359)
	for i := range src.Y {
		src.Y[i] = 77
	}
	for _, size := range []image.Point{{320, 180}, {100, 333}, {1280, 720}, {3, 3}, {641, 359}} {
		dst := media.NewI420(size.X, size.Y)
		(&Painter{}).Scale(dst, src)
		for i, v := range dst.Y {
			if v != 77 {
				t.Fatalf("%v: luma %d is %d, want 77", size, i, v)
			}
		}
		for i := range dst.U {
			if dst.U[i] != 128 || dst.V[i] != 128 {
				t.Fatalf("%v: chroma %d is %d, %d, want 128", size, i, dst.U[i], dst.V[i])
			}
		}
	}
}

func TestPaintColours(t *testing.T) {
	for name, row := range map[string]struct {
		y, u, v byte
		want    [3]int
	}{
		"black": {16, 128, 128, [3]int{0, 0, 0}},
		"white": {235, 128, 128, [3]int{255, 255, 255}},
		"red":   {81, 90, 240, [3]int{255, 0, 0}},
		"green": {145, 54, 34, [3]int{0, 255, 0}},
		"blue":  {41, 240, 110, [3]int{0, 0, 255}},
	} {
		pic := media.NewI420(16, 2)
		for i := range pic.Y {
			pic.Y[i] = row.y
		}
		for i := range pic.U {
			pic.U[i], pic.V[i] = row.u, row.v
		}
		img := image.NewRGBA(image.Rect(0, 0, 16, 2))
		(&Painter{}).Paint(img, pic)
		for i, want := range row.want {
			if got := int(img.Pix[i]); got < want-4 || got > want+4 {
				t.Errorf("%s: component %d is %d, want %d within 4", name, i, got, want)
			}
		}
	}
}

func psnr(a, b *media.I420) float64 {
	sum := 0.0
	for y := range a.Height {
		for x := range a.Width {
			d := float64(a.Y[y*a.StrideY+x]) - float64(b.Y[y*b.StrideY+x])
			sum += d * d
		}
	}
	if sum == 0 {
		return 100
	}
	return 10 * math.Log10(255*255*float64(a.Width*a.Height)/sum)
}

// people returns frames of a real clip at 640x360, or of a drawn portrait
// where the clip is absent.
func people(tb testing.TB, n int) []*media.I420 {
	tb.Helper()
	var src media.VideoSource = media.NewPortrait(media.PortraitConfig{FrameRate: 240})
	if f, err := os.Open(filepath.Join(clips, "person-book.ivf")); err == nil {
		dec, err := new(Codecs).NewVideoDecoder()
		if err != nil {
			tb.Fatal(err)
		}
		if src, err = media.NewIVF(f, dec); err != nil {
			tb.Fatal(err)
		}
	}
	defer src.Close()
	var frames []*media.I420
	for i := range n {
		p, err := src.Read(tb.Context())
		if err != nil {
			tb.Fatal(err)
		}
		cut := p.Crop(640, 360)
		f := media.NewI420(640, 360)
		new(Painter).Scale(f, &cut)
		f.Time = time.Duration(i) * time.Second / 30
		frames = append(frames, f)
	}
	return frames
}

func TestVP8KeepsAPersonRecognisable(t *testing.T) {
	frames := people(t, 45)
	codecs := new(Codecs)
	enc, err := codecs.NewVideoEncoder(media.VideoFormat{Width: 640, Height: 360, FrameRate: 30, Kilobits: 500})
	if err != nil {
		t.Fatal(err)
	}
	defer enc.Close()
	dec, err := codecs.NewVideoDecoder()
	if err != nil {
		t.Fatal(err)
	}
	defer dec.Close()
	total, shown, bytes := 0.0, 0, 0
	for i, f := range frames {
		out, key, err := enc.Encode(nil, f, i == 20)
		if err != nil {
			t.Fatal(err)
		}
		if key != (i == 0 || i == 20) {
			t.Errorf("frame %d: key is %v", i, key)
		}
		if len(out) == 0 {
			continue
		}
		if wantBit := out[0]&1 == 0; wantBit != key {
			t.Errorf("frame %d: key bit of the first byte disagrees", i)
		}
		bytes += len(out)
		p, err := dec.Decode(out)
		if err != nil || p == nil {
			t.Fatalf("decode frame %d: %v, %v", i, p, err)
		}
		total += psnr(f, p)
		shown++
	}
	if shown < len(frames)*8/10 {
		t.Errorf("only %d of %d frames were sent", shown, len(frames))
	}
	mean := total / float64(shown)
	t.Logf("%d frames, mean PSNR %.1f dB, %d bytes", shown, mean, bytes)
	if mean < 32 {
		t.Errorf("mean PSNR %.1f dB, want 32 at least", mean)
	}
}

func TestPatternSurvivesVP8AndScaling(t *testing.T) {
	for _, row := range []struct {
		name         string
		w, h, kbps   int
		showW, showH int
		share        float64
	}{
		{"180 lines same size", 320, 180, 150, 320, 180, 0.95},
		{"180 lines half", 320, 180, 150, 160, 90, 0.9},
		{"180 lines enlarged", 320, 180, 150, 533, 300, 0.95},
		{"360 lines same size", 640, 360, 350, 640, 360, 0.95},
		{"360 lines half", 640, 360, 350, 320, 180, 0.95},
		{"360 lines square tile", 640, 360, 350, 240, 240, 0.95},
		{"360 lines quarter", 640, 360, 350, 200, 113, 0.9},
	} {
		t.Run(row.name, func(t *testing.T) {
			codecs := new(Codecs)
			enc, err := codecs.NewVideoEncoder(media.VideoFormat{Width: row.w, Height: row.h, FrameRate: 30, Kilobits: row.kbps})
			if err != nil {
				t.Fatal(err)
			}
			defer enc.Close()
			dec, _ := codecs.NewVideoDecoder()
			defer dec.Close()
			pic := media.NewI420(row.w, row.h)
			start := time.UnixMilli(1_790_000_000_123)
			sent, read := 0, 0
			for n := uint32(1); n <= 90; n++ {
				at := start.Add(time.Duration(n) * 33 * time.Millisecond)
				media.DrawPattern(pic, n, at)
				pic.Time = time.Duration(n) * time.Second / 30
				out, _, err := enc.Encode(nil, pic, false)
				if err != nil {
					t.Fatal(err)
				}
				if len(out) == 0 {
					continue
				}
				p, err := dec.Decode(out)
				if err != nil {
					t.Fatal(err)
				}
				sent++
				cut := p.Crop(row.showW, row.showH)
				number, when, ok := media.ReadPattern(rgba(&codecs.Painter, &cut, row.showW, row.showH))
				if !ok {
					continue
				}
				read++
				if number != n || !when.Equal(at) {
					t.Errorf("read %d at %v, want %d at %v", number, when, n, at)
				}
			}
			t.Logf("%d of 90 sent, %d read", sent, read)
			if sent < 60 || float64(read) < row.share*float64(sent) {
				t.Errorf("%d of %d pictures could be read", read, sent)
			}
		})
	}
}

func TestDecoderRefusesRubbish(t *testing.T) {
	dec, err := new(Codecs).NewVideoDecoder()
	if err != nil {
		t.Fatal(err)
	}
	defer dec.Close()
	huge := []byte{0x10, 0, 0, 0x9d, 1, 0x2a, 0xff, 0x3f, 0xff, 0x3f, 0, 0}
	for name, frame := range map[string][]byte{"empty": nil, "delta without key": {1, 2, 3, 4}, "noise": bytes.Repeat([]byte{0x5a}, 500), "huge": huge} {
		if p, err := dec.Decode(frame); err == nil && p != nil {
			t.Errorf("%s: decoded to %dx%d", name, p.Width, p.Height)
		}
	}
}

func TestOpusToneSurvivesAndSizesTellNothing(t *testing.T) {
	codecs := new(Codecs)
	enc, err := codecs.NewAudioEncoder()
	if err != nil {
		t.Fatal(err)
	}
	dec, err := codecs.NewAudioDecoder()
	if err != nil {
		t.Fatal(err)
	}
	const hertz = 1000
	sizes := map[int]int{}
	var heard []int16
	pcm, out := make([]int16, media.FrameSamples), make([]int16, media.FrameSamples)
	for i := range 100 {
		for j := range pcm {
			pcm[j] = 0
			if i < 50 { // then silence
				pcm[j] = int16(8000 * math.Sin(2*math.Pi*hertz*float64(i*len(pcm)+j)/media.SampleRate))
			}
		}
		packet, err := enc.Encode(nil, pcm)
		if err != nil {
			t.Fatal(err)
		}
		sizes[len(packet)]++
		if err := dec.Decode(packet, out); err != nil {
			t.Fatal(err)
		}
		if i >= 10 && i < 45 {
			heard = append(heard, out...)
		}
	}
	if share := media.ToneShare(heard, hertz); share < 0.8 {
		t.Errorf("tone share %.2f after Opus, want 0.8 at least", share)
	}
	if share := media.ToneShare(heard, 1700); share > 0.05 {
		t.Errorf("share of another tone %.2f", share)
	}
	if len(sizes) != 1 {
		t.Errorf("packets of different sizes tell tone from silence: %v", sizes)
	}
}

func TestRecoveryBeatsConcealmentBeatsSilence(t *testing.T) {
	codecs := new(Codecs)
	clean, silent, plc, fec := lossy(t, codecs, 0), lossy(t, codecs, 1), lossy(t, codecs, 2), lossy(t, codecs, 3)
	a, b, c := snr(clean, silent), snr(clean, plc), snr(clean, fec)
	t.Logf("every seventh packet lost: silence %.1f dB, concealed %.1f dB, recovered %.1f dB", a, b, c)
	if c < b+2 || b < a-1 {
		t.Errorf("SNR with silence %.1f, concealment %.1f, recovery %.1f dB: no gain", a, b, c)
	}
}

// lossy sends a syllable-like sound and loses every seventh packet: how is 0
// no loss, 1 silence, 2 concealment, 3 recovery.
func lossy(t *testing.T, codecs *Codecs, how int) []int16 {
	t.Helper()
	enc, err := codecs.NewAudioEncoder()
	if err != nil {
		t.Fatal(err)
	}
	if err := enc.SetLoss(20); err != nil {
		t.Fatal(err)
	}
	dec, err := codecs.NewAudioDecoder()
	if err != nil {
		t.Fatal(err)
	}
	var packets [][]byte
	for i := range 201 {
		pcm := make([]int16, media.FrameSamples)
		for j := range pcm {
			at := float64(i*len(pcm)+j) / media.SampleRate
			v := 0.0
			for k := 1.0; k < 8; k++ { // a voice's harmonics, whose pitch and loudness move
				v += math.Sin(2*math.Pi*k*(140*at+3*math.Sin(2*math.Pi*1.3*at))) / k
			}
			pcm[j] = int16(5000 * v * math.Abs(math.Sin(2*math.Pi*2.1*at)))
		}
		p, err := enc.Encode(nil, pcm)
		if err != nil {
			t.Fatal(err)
		}
		packets = append(packets, p)
	}
	var out []int16
	for i, p := range packets[:200] {
		pcm := make([]int16, media.FrameSamples)
		lost := i%7 == 5 && how > 0
		switch {
		case !lost:
			err = dec.Decode(p, pcm)
		case how == 2:
			err = dec.Conceal(pcm)
		case how == 3:
			err = dec.Recover(packets[i+1], pcm)
		}
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, pcm...)
	}
	return out
}

func snr(want, got []int16) float64 {
	var s, n float64
	for i := range want {
		d := float64(want[i]) - float64(got[i])
		s += float64(want[i]) * float64(want[i])
		n += d * d
	}
	return 10 * math.Log10(s/n)
}
