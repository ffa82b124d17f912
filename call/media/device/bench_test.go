package device

import (
	"image"
	"strconv"
	"testing"
	"time"

	"conclave/call/media"
)

func benchEncode(b *testing.B, w, h, kbps int) {
	frames := people(b, 30)
	codecs := new(Codecs)
	enc, err := codecs.NewVideoEncoder(media.VideoFormat{Width: w, Height: h, FrameRate: 30, Kilobits: kbps})
	if err != nil {
		b.Fatal(err)
	}
	defer enc.Close()
	small := make([]*media.I420, len(frames))
	for i, f := range frames {
		small[i] = media.NewI420(w, h)
		codecs.Scale(small[i], f)
	}
	var buf []byte
	bytes := 0
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		n := i % (2 * len(small)) // there and back: no cut in the picture
		if n >= len(small) {
			n = 2*len(small) - 1 - n
		}
		f := small[n]
		f.Time = time.Duration(i) * time.Second / 30
		buf, _, err = enc.Encode(buf[:0], f, false)
		if err != nil {
			b.Fatal(err)
		}
		bytes += len(buf)
	}
	b.ReportMetric(float64(bytes)*8*30/1000/float64(b.N), "kbit/s")
}

func BenchmarkEncode320x180(b *testing.B) { benchEncode(b, 320, 180, 100) }
func BenchmarkEncode640x360(b *testing.B) { benchEncode(b, 640, 360, 350) }

// encoded returns a second of a person at 640x360.
func encoded(b *testing.B) [][]byte {
	frames := people(b, 30)
	enc, err := new(Codecs).NewVideoEncoder(media.VideoFormat{Width: 640, Height: 360, FrameRate: 30, Kilobits: 350})
	if err != nil {
		b.Fatal(err)
	}
	defer enc.Close()
	var out [][]byte
	for _, f := range frames {
		v, _, err := enc.Encode(nil, f, false)
		if err != nil {
			b.Fatal(err)
		}
		if len(v) > 0 {
			out = append(out, v)
		}
	}
	return out
}

func BenchmarkDecode640x360(b *testing.B) {
	frames := encoded(b)
	dec, err := new(Codecs).NewVideoDecoder()
	if err != nil {
		b.Fatal(err)
	}
	defer dec.Close()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, err := dec.Decode(frames[i%len(frames)]); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPaint(b *testing.B) {
	for _, size := range []image.Point{{320, 180}, {640, 360}, {1280, 720}} {
		pic, img := noise(size.X, size.Y, 1), image.NewRGBA(image.Rect(0, 0, size.X, size.Y))
		for name, p := range map[string]media.Painter{"SSE2": &Painter{}, "portable": &Painter{Portable: true}, "Go": media.PlainPainter{}} {
			b.Run(name+"/"+strconv.Itoa(size.X)+"x"+strconv.Itoa(size.Y), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					p.Paint(img, pic)
				}
			})
		}
	}
}

func BenchmarkScale(b *testing.B) {
	src := noise(640, 360, 1)
	for _, size := range []image.Point{{320, 180}, {400, 225}, {1280, 720}} {
		dst := media.NewI420(size.X, size.Y)
		p := new(Painter)
		b.Run("640x360to"+strconv.Itoa(size.X)+"x"+strconv.Itoa(size.Y), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				p.Scale(dst, src)
			}
		})
	}
}

// BenchmarkTile is what one picture costs from the sealed frame's plaintext to
// the finished tile of 320x180.
func BenchmarkTile(b *testing.B) {
	frames := encoded(b)
	codecs := new(Codecs)
	dec, err := codecs.NewVideoDecoder()
	if err != nil {
		b.Fatal(err)
	}
	defer dec.Close()
	tile := media.NewTile()
	tile.Resize(320, 180)
	scaled := media.NewI420(320, 180)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		p, err := dec.Decode(frames[i%len(frames)])
		if err != nil {
			b.Fatal(err)
		}
		cut := p.Crop(320, 180)
		codecs.Scale(scaled, &cut)
		codecs.Paint(tile.Begin(), scaled)
		tile.Done()
		tile.Latest()
	}
}

func BenchmarkReadPattern320x180(b *testing.B) {
	pic, img := media.NewI420(320, 180), image.NewRGBA(image.Rect(0, 0, 320, 180))
	media.DrawPattern(pic, 1, time.Now())
	new(Painter).Paint(img, pic)
	b.ReportAllocs()
	for b.Loop() {
		if _, _, ok := media.ReadPattern(img); !ok {
			b.Fatal("not read")
		}
	}
}

func BenchmarkOpus(b *testing.B) {
	codecs := new(Codecs)
	enc, err := codecs.NewAudioEncoder()
	if err != nil {
		b.Fatal(err)
	}
	dec, err := codecs.NewAudioDecoder()
	if err != nil {
		b.Fatal(err)
	}
	pcm := make([]int16, media.FrameSamples)
	for i := range pcm {
		pcm[i] = int16(i * 31 % 4000)
	}
	var packet []byte
	b.Run("encode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if packet, err = enc.Encode(packet[:0], pcm); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("decode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := dec.Decode(packet, pcm); err != nil {
				b.Fatal(err)
			}
		}
	})
}
