package device

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"testing"
	"time"

	"conclave/call/media"
)

// canvas is a grabber whose screen a test draws.
type canvas struct {
	img    *image.RGBA
	err    error
	closed bool
}

func (c *canvas) grab() (pixels, error) {
	return pixels{data: c.img.Pix, stride: c.img.Stride, width: c.img.Rect.Dx(), height: c.img.Rect.Dy(), redFirst: true}, c.err
}

func (c *canvas) close() { c.closed = true }

func TestScreenTellsStillFromMoved(t *testing.T) {
	c := &canvas{img: image.NewRGBA(image.Rect(0, 0, 65, 33))} // odd sizes lose a row and a column
	s := newScreen(c, 100)
	var still []bool
	for n := range 4 {
		if n == 2 {
			c.img.SetRGBA(3, 5, color.RGBA{255, 0, 0, 255})
		}
		p, err := s.Read(context.Background())
		if err != nil || !p.Valid() || p.Width != 64 || p.Height != 32 {
			t.Fatalf("picture %d: %v, %v", n, p, err)
		}
		still = append(still, p.Still)
	}
	if still[0] || !still[1] || still[2] || !still[3] {
		t.Errorf("still: %v", still)
	}
	c.err = errors.New("unplugged")
	if _, err := s.Read(context.Background()); !errors.Is(err, media.ErrDeviceLost) {
		t.Errorf("an unplugged screen: %v", err)
	}
	c.err, c.img = nil, &image.RGBA{Rect: image.Rect(0, 0, 64, 32), Stride: 256, Pix: make([]byte, 100)}
	if _, err := s.Read(context.Background()); !errors.Is(err, media.ErrDeviceLost) {
		t.Errorf("too few pixels: %v", err)
	}
	if err := errors.Join(s.Close(), s.Close()); err != nil || !c.closed {
		t.Error("not closed")
	}
	if _, err := s.Read(context.Background()); !errors.Is(err, media.ErrSourceClosed) {
		t.Errorf("a closed screen: %v", err)
	}
}

func TestScreenReadEndsWithItsContext(t *testing.T) {
	s := newScreen(&canvas{img: image.NewRGBA(image.Rect(0, 0, 32, 32))}, 1)
	defer s.Close()
	if _, err := s.Read(context.Background()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	if _, err := s.Read(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

// What is captured looks on a tile as it did on the screen.
func TestPixelsSurviveTheWayToATile(t *testing.T) {
	colours := []color.RGBA{
		{0, 0, 0, 255}, {255, 255, 255, 255}, {128, 128, 128, 255}, {255, 0, 0, 255}, {0, 255, 0, 255}, {0, 0, 255, 255}, {250, 200, 40, 255},
	}
	for _, want := range colours {
		for _, redFirst := range []bool{true, false} {
			const w, h = 34, 18
			data := bytes.Repeat([]byte{want.B, want.G, want.R, 0}, w*h)
			if redFirst {
				data = bytes.Repeat([]byte{want.R, want.G, want.B, 0}, w*h)
			}
			pic := media.NewI420(w, h)
			fromPixels(pic, pixels{data: data, stride: 4 * w, width: w, height: h, redFirst: redFirst})
			img := image.NewRGBA(image.Rect(0, 0, w, h))
			new(Painter).Paint(img, pic)
			got := img.RGBAAt(w-1, h-1)
			for _, d := range []int{int(got.R) - int(want.R), int(got.G) - int(want.G), int(got.B) - int(want.B)} {
				if d < -4 || d > 4 {
					t.Errorf("red first %v: %v became %v", redFirst, want, got)
				}
			}
		}
	}
}

func FuzzPointerStaysInside(f *testing.F) {
	f.Add(3, -2, 5, 7, []byte{1, 2, 3, 255, 0, 0, 0, 0, 9, 9, 9, 128})
	f.Fuzz(func(t *testing.T, width, left, top, w int, raw []byte) {
		w = w&31 + 2
		p := pixels{data: make([]byte, 4*w*8), stride: 4 * w, width: w, height: 8}
		argb := make([]uint32, len(raw)/4)
		for i := range argb {
			argb[i] = uint32(raw[4*i]) | uint32(raw[4*i+1])<<8 | uint32(raw[4*i+2])<<16 | uint32(raw[4*i+3])<<24
		}
		blendPointer(p, argb, width, left&0xffff-0x8000, top&0xffff-0x8000)
	})
}

func TestTextStaysSharp(t *testing.T) {
	pic := media.NewI420(1280, 720)
	for y := range pic.Height { // rows of letters, one pixel wide
		for x := range pic.Width {
			pic.Y[y*pic.StrideY+x] = 235
			if y%14 > 3 && (x*7+y*x/9)%5 == 0 {
				pic.Y[y*pic.StrideY+x] = 16
			}
		}
	}
	noise := map[bool]float64{}
	for _, text := range []bool{false, true} {
		f := media.VideoFormat{Width: 1280, Height: 720, FrameRate: 8, Kilobits: 1500, Text: text}
		enc, err := new(Codecs).NewVideoEncoder(f)
		if err != nil {
			t.Fatal(err)
		}
		dec, err := new(Codecs).NewVideoDecoder()
		if err != nil {
			t.Fatal(err)
		}
		var shown *media.I420
		for n := range 4 {
			pic.Time = time.Duration(n) * 125 * time.Millisecond
			frame, _, err := enc.Encode(nil, pic, n == 0)
			if err != nil {
				t.Fatal(err)
			}
			if len(frame) == 0 {
				continue
			}
			if shown, err = dec.Decode(frame); err != nil {
				t.Fatal(err)
			}
		}
		for y := range pic.Height {
			for x := range pic.Width {
				d := float64(shown.Y[y*shown.StrideY+x]) - float64(pic.Y[y*pic.StrideY+x])
				noise[text] += d * d / float64(pic.Width*pic.Height)
			}
		}
		enc.Close()
		dec.Close()
	}
	t.Logf("mean square error after half a second: %.0f as a camera, %.0f as text", noise[false], noise[true])
	if noise[true] > noise[false]*0.7 {
		t.Error("the settings for text are not sharper than the camera's")
	}
}

func BenchmarkScreenPixels1080p(b *testing.B) {
	p := pixels{data: make([]byte, 4*1920*1080), stride: 4 * 1920, width: 1920, height: 1080}
	pic := media.NewI420(1920, 1080)
	for b.Loop() {
		fromPixels(pic, p)
	}
}

func BenchmarkScreenUnchanged1080p(b *testing.B) {
	p := pixels{data: make([]byte, 4*1920*1080), stride: 4 * 1920, width: 1920, height: 1080}
	var before []byte
	for b.Loop() {
		samePixels(&before, p)
	}
}
