package media

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"math"
	"testing"
	"testing/synctest"
	"time"
)

func TestPatternIsReadWhereverItIsShown(t *testing.T) {
	at := time.UnixMilli(1_792_345_678_901)
	for _, source := range []image.Point{{320, 180}, {640, 360}, {640, 480}, {1280, 720}} {
		pic := NewI420(source.X, source.Y)
		DrawPattern(pic, 123456789, at)
		for _, shown := range []image.Point{{160, 90}, {320, 180}, {256, 256}, {533, 300}, {200, 150}} {
			t.Run(fmt.Sprint(source, shown), func(t *testing.T) {
				screen := image.NewRGBA(image.Rect(0, 0, shown.X+80, shown.Y+60)) // with a window around it
				for i := range screen.Pix {
					screen.Pix[i] = byte(40 + i%4*30)
				}
				part := screen.SubImage(image.Rect(40, 30, 40+shown.X, 30+shown.Y)).(*image.RGBA)
				cut := pic.Crop(shown.X, shown.Y)
				scaled := NewI420(shown.X, shown.Y)
				PlainPainter{}.Scale(scaled, &cut)
				PlainPainter{}.Paint(part, scaled)
				for name, img := range map[string]*image.RGBA{"window": screen, "part": part} {
					n, when, ok := ReadPattern(img)
					if !ok || n != 123456789 || !when.Equal(at) {
						t.Errorf("%s: read %d, %v, %v", name, n, when, ok)
					}
				}
			})
		}
	}
}

func TestPatternThatIsDamagedIsNotRead(t *testing.T) {
	pic := NewI420(640, 360)
	DrawPattern(pic, 77, time.UnixMilli(1_792_345_678_901))
	img := image.NewRGBA(image.Rect(0, 0, 640, 360))
	for cell := range patternColumns * patternRows {
		DrawPattern(pic, 77, time.UnixMilli(1_792_345_678_901))
		x := 150 + cell%patternColumns*29
		y := 50 + cell/patternColumns*33
		for j := y; j < y+33; j++ {
			for i := x; i < x+29; i++ {
				pic.Y[j*640+i] = 251 - pic.Y[j*640+i]
			}
		}
		PlainPainter{}.Paint(img, pic)
		if n, when, ok := ReadPattern(img); ok && (n != 77 || when.UnixMilli() != 1_792_345_678_901) {
			t.Fatalf("cell %d inverted: read %d at %v", cell, n, when)
		}
	}
	for name, img := range map[string]*image.RGBA{"empty": image.NewRGBA(image.Rectangle{}), "black": image.NewRGBA(image.Rect(0, 0, 300, 200))} {
		if _, _, ok := ReadPattern(img); ok {
			t.Errorf("%s picture was read", name)
		}
	}
}

func TestToneShareTellsTonesApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tone := NewTone(1000)
		var pcm []int16
		began := time.Now()
		for range 10 {
			b := make([]int16, FrameSamples)
			if err := tone.Read(t.Context(), b); err != nil {
				t.Fatal(err)
			}
			pcm = append(pcm, b...)
		}
		if took := time.Since(began); took != 180*time.Millisecond {
			t.Errorf("ten frames took %v, want 180 ms", took)
		}
		if s := ToneShare(pcm, 1000); s < 0.99 {
			t.Errorf("share at its own frequency %.3f", s)
		}
		if s := ToneShare(pcm, 1300); s > 0.01 {
			t.Errorf("share at another frequency %.3f", s)
		}
		if s := ToneShare(make([]int16, 960), 1000); s != 0 {
			t.Errorf("share in silence %.3f", s)
		}
	})
}

// wav builds a RIFF file.
func wav(rate, channels, bits int, samples []int16, junk bool) []byte {
	var b bytes.Buffer
	w := func(v any) { _ = binary.Write(&b, binary.LittleEndian, v) }
	b.WriteString("RIFF")
	w(uint32(0))
	b.WriteString("WAVE")
	if junk {
		b.WriteString("LIST")
		w(uint32(3))
		b.WriteString("abc\x00")
	}
	b.WriteString("fmt ")
	w(uint32(16))
	w([]uint16{1, uint16(channels)})
	w([]uint32{uint32(rate), uint32(rate * channels * bits / 8)})
	w([]uint16{uint16(channels * bits / 8), uint16(bits)})
	b.WriteString("data")
	w(uint32(2 * len(samples)))
	w(samples)
	return b.Bytes()
}

func TestWAVOfAnyRateKeepsItsPitch(t *testing.T) {
	for _, rate := range []int{8000, 16000, 22050, 44100, 48000} {
		for _, channels := range []int{1, 2} {
			samples := make([]int16, rate*channels) // one second
			for i := range samples {
				samples[i] = int16(9000 * math.Sin(2*math.Pi*600*float64(i/channels)/float64(rate)))
			}
			w, err := NewWAV(bytes.NewReader(wav(rate, channels, 16, samples, channels == 2)))
			if err != nil {
				t.Fatalf("%d Hz: %v", rate, err)
			}
			if d := len(w.pcm) - SampleRate; d < -2 || d > 2 {
				t.Errorf("%d Hz: a second became %d samples", rate, len(w.pcm))
			}
			if s := ToneShare(w.pcm[2000:46000], 600); s < 0.995 {
				t.Errorf("%d Hz, %d channels: share of the tone %.4f", rate, channels, s)
			}
		}
	}
}

func TestWAVPlaysInRealTimeAgainAndAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		samples := make([]int16, 1000) // not a whole number of frames
		for i := range samples {
			samples[i] = int16(i)
		}
		w, err := NewWAV(bytes.NewReader(wav(48000, 1, 16, samples, false)))
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		n := 0
		pcm := make([]int16, FrameSamples)
		for range 50 {
			if err := w.Read(t.Context(), pcm); err != nil {
				t.Fatal(err)
			}
			for _, v := range pcm {
				if int(v) != n%1000 {
					t.Fatalf("sample %d is %d", n, v)
				}
				n++
			}
		}
		if took := time.Since(began); took != 980*time.Millisecond {
			t.Errorf("50 frames took %v, want 980 ms", took)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if err := w.Read(t.Context(), pcm); !errors.Is(err, ErrSourceClosed) {
			t.Errorf("read after close: %v", err)
		}
	})
}

// ivf builds a file of the fake decoder's frames.
func ivf(frames int, rate, scale uint32) []byte {
	b := append([]byte("DKIF\x00\x00\x20\x00VP80"), 16, 0, 16, 0)
	b = binary.LittleEndian.AppendUint32(b, rate)
	b = binary.LittleEndian.AppendUint32(b, scale)
	b = append(b, make([]byte, 8)...)
	for n := range frames {
		pic := NewI420(16, 16)
		for i := range pic.Y {
			pic.Y[i] = byte(100 + n)
		}
		f, _, _ := (&fakeEncoder{format: VideoFormat{Width: 16, Height: 16}, frames: n}).Encode(nil, pic, n == 0)
		b = binary.LittleEndian.AppendUint32(b, uint32(len(f)))
		b = binary.LittleEndian.AppendUint64(b, uint64(n))
		b = append(b, f...)
	}
	return b
}

func y4m(w, h, frames int) []byte {
	b := fmt.Appendf(nil, "YUV4MPEG2 W%d H%d F25:1 Ip A1:1 C420jpeg XSOMETHING\n", w, h)
	cw, ch := (w+1)/2, (h+1)/2
	for n := range frames {
		b = append(b, "FRAME\n"...)
		b = append(b, bytes.Repeat([]byte{byte(100 + n)}, w*h)...)
		b = append(b, bytes.Repeat([]byte{128}, 2*cw*ch)...)
	}
	return b
}

func TestClipsPlayInRealTimeAgainAndAgain(t *testing.T) {
	for name, open := range map[string]func(*testing.T) VideoSource{
		"IVF": func(t *testing.T) VideoSource {
			v, err := NewIVF(bytes.NewReader(ivf(4, 25, 1)), &fakeDecoder{})
			if err != nil {
				t.Fatal(err)
			}
			return v
		},
		"Y4M": func(t *testing.T) VideoSource {
			v, err := NewY4M(bytes.NewReader(y4m(17, 15, 4)))
			if err != nil {
				t.Fatal(err)
			}
			return v
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v := open(t)
				began := time.Now()
				for n := range 10 {
					p, err := v.Read(t.Context())
					if err != nil {
						t.Fatal(err)
					}
					if want := byte(100 + n%4); p.Y[0] != want || !p.Valid() {
						t.Errorf("picture %d is %d, want %d", n, p.Y[0], want)
					}
					if at, want := time.Since(began), time.Duration(n)*40*time.Millisecond; (at-want).Abs() > 20*time.Millisecond || p.Time < want-20*time.Millisecond {
						t.Errorf("picture %d came at %v with time %v, want %v", n, at, p.Time, want)
					}
				}
				if err := v.Close(); err != nil {
					t.Error(err)
				}
				if _, err := v.Read(t.Context()); !errors.Is(err, ErrSourceClosed) {
					t.Errorf("read after close: %v", err)
				}
			})
		})
	}
}

func TestCloseEndsAReadThatWaits(t *testing.T) {
	for name, v := range map[string]VideoSource{"pattern": NewPattern(PatternConfig{FrameRate: 1}), "portrait": NewPortrait(PortraitConfig{FrameRate: 1})} {
		if _, err := v.Read(t.Context()); err != nil {
			t.Fatal(err)
		}
		go func() { _ = v.Close() }()
		ctx, cancel := context.WithTimeout(t.Context(), 900*time.Millisecond)
		defer cancel()
		if _, err := v.Read(ctx); !errors.Is(err, ErrSourceClosed) {
			t.Errorf("%s: %v, want ErrSourceClosed", name, err)
		}
	}
}

func TestPortraitMovesAndPortraitsDiffer(t *testing.T) {
	a, b := NewPortrait(PortraitConfig{Seed: 1}), NewPortrait(PortraitConfig{Seed: 2})
	a.draw(0)
	first := append([]byte(nil), a.pic.Y...)
	a.draw(0.5)
	b.draw(0.5)
	if bytes.Equal(first, a.pic.Y) {
		t.Error("half a second changes nothing")
	}
	if bytes.Equal(a.pic.U, b.pic.U) {
		t.Error("two seeds have one colour")
	}
}

func TestBadFilesAreRefused(t *testing.T) {
	good := ivf(1, 25, 1)
	vp9 := bytes.Replace(good, []byte("VP80"), []byte("VP90"), 1)
	huge := append([]byte(nil), good...)
	binary.LittleEndian.PutUint32(huge[32:], 1<<31)
	for name, b := range map[string][]byte{"empty": nil, "short": good[:20], "vp9": vp9, "no rate": ivf(1, 0, 1), "no frames": good[:32], "huge frame": huge, "cut frame": good[:60]} {
		v, err := NewIVF(bytes.NewReader(b), &fakeDecoder{})
		if err == nil {
			_, err = v.Read(t.Context())
		}
		if !errors.Is(err, ErrBadFile) {
			t.Errorf("IVF %s: %v, want ErrBadFile", name, err)
		}
	}
	for name, b := range map[string]string{
		"empty": "", "other": "RIFF\n", "no size": "YUV4MPEG2 F25:1\n", "444": "YUV4MPEG2 W16 H16 C444\n", "10 bit": "YUV4MPEG2 W16 H16 C420p10\n",
		"huge": "YUV4MPEG2 W99999 H99999\n", "no rate": "YUV4MPEG2 W16 H16 F25:0\n", "no frame": "YUV4MPEG2 W16 H16\n", "not a frame": "YUV4MPEG2 W16 H16\nFROME\n",
		"cut": "YUV4MPEG2 W16 H16\nFRAME\nabc", "interlaced": "YUV4MPEG2 W16 H16 It\n",
	} {
		v, err := NewY4M(bytes.NewReader([]byte(b)))
		if err == nil {
			_, err = v.Read(t.Context())
		}
		if err == nil || errors.Is(err, context.Canceled) {
			t.Errorf("Y4M %s: %v, want an error", name, err)
		}
	}
	for name, b := range map[string][]byte{
		"empty": nil, "8 bit": wav(8000, 1, 8, make([]int16, 500), false), "no channels": wav(8000, 0, 16, make([]int16, 500), false),
		"rate": wav(96000, 1, 16, make([]int16, 500), false), "short": wav(8000, 1, 16, make([]int16, 5), false), "no data": wav(8000, 1, 16, nil, false)[:36],
	} {
		if _, err := NewWAV(bytes.NewReader(b)); !errors.Is(err, ErrBadFile) {
			t.Errorf("WAV %s: %v, want ErrBadFile", name, err)
		}
	}
}

// reading reads a few pictures without waiting for their time.
func reading(v VideoSource, p *pace) {
	p.began = time.Now().Add(-time.Hour)
	for range 4 {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
		pic, err := v.Read(ctx)
		cancel()
		if err != nil {
			break
		}
		if !pic.Valid() {
			panic("invalid picture")
		}
	}
	_ = v.Close()
}

func FuzzIVF(f *testing.F) {
	f.Add(ivf(2, 30, 1))
	f.Add(ivf(0, 30, 1))
	f.Fuzz(func(t *testing.T, b []byte) {
		v, err := NewIVF(bytes.NewReader(b), &fakeDecoder{})
		if err != nil {
			return
		}
		reading(v, v.pace)
	})
}

func FuzzY4M(f *testing.F) {
	f.Add(y4m(16, 16, 2))
	f.Add([]byte("YUV4MPEG2 W2 H2 F1:1\nFRAME Xa\nabcdef"))
	f.Fuzz(func(t *testing.T, b []byte) {
		v, err := NewY4M(bytes.NewReader(b))
		if err != nil {
			return
		}
		reading(v, v.pace)
	})
}

func FuzzWAV(f *testing.F) {
	f.Add(wav(16000, 2, 16, make([]int16, 600), true))
	f.Add(wav(44100, 1, 16, make([]int16, 600), false))
	f.Fuzz(func(t *testing.T, b []byte) {
		pcm, rate, err := parseWAV(b)
		if err == nil && (len(pcm) == 0 || rate < 8000 || rate > 48000) {
			t.Errorf("%d samples at %d Hz without an error", len(pcm), rate)
		}
	})
}
