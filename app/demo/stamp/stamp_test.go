package stamp

import (
	"image"
	"image/color"
	"testing"
	"time"

	"conclave/call/media"
)

// paint converts by the definition of limited-range BT.601, slowly.
func paint(pic *media.I420, at image.Point, dst *image.RGBA, width, height int) {
	for y := range height {
		for x := range width {
			sx, sy := x*pic.Width/width, y*pic.Height/height
			c := 1.164 * (float64(pic.Y[sy*pic.StrideY+sx]) - 16)
			u := float64(pic.U[sy/2*pic.StrideUV+sx/2]) - 128
			v := float64(pic.V[sy/2*pic.StrideUV+sx/2]) - 128
			clip := func(f float64) uint8 { return uint8(max(0, min(255, f))) }
			dst.SetRGBA(at.X+x, at.Y+y, color.RGBA{clip(c + 1.596*v), clip(c - 0.813*v - 0.391*u), clip(c + 2.018*u), 255})
		}
	}
}

func TestMarksOfSeveralTilesAreFoundOnOneScreen(t *testing.T) {
	now := time.Now()
	screen := image.NewRGBA(image.Rect(0, 0, 900, 600))
	for i, size := range []image.Point{{640, 360}, {320, 180}, {280, 157}} {
		pic := media.NewI420(640, 360)
		for j := range pic.Y {
			pic.Y[j] = byte(j * 7)
		}
		Draw(pic, i+1, uint16(100+i), now.Add(-time.Duration(i)*40*time.Millisecond))
		paint(pic, image.Pt(i*10+(i%2)*400, []int{0, 380, 400}[i]), screen, size.X, size.Y)
	}
	found := map[int]Reading{}
	for _, r := range Find(screen, now) {
		found[r.Who] = r
	}
	for i := range 3 {
		r, ok := found[i+1]
		if !ok {
			t.Fatalf("mark %d was not found among %v", i+1, found)
		}
		if want := uint16(100 + i); r.Number != want {
			t.Errorf("mark %d: number %d, want %d", i+1, r.Number, want)
		}
		if age := now.Sub(r.Time).Round(time.Millisecond); age < time.Duration(i*40-1)*time.Millisecond || age > time.Duration(i*40+1)*time.Millisecond {
			t.Errorf("mark %d: age %v, want %d ms", i+1, age, i*40)
		}
	}
}

func TestDamagedMarkIsNotRead(t *testing.T) {
	now := time.Now()
	pic := media.NewI420(640, 360)
	Draw(pic, 3, 9, now)
	fill(pic, image.Rect(300, 240, 330, 280), 230, 128, 128)
	screen := image.NewRGBA(image.Rect(0, 0, 640, 360))
	paint(pic, image.Point{}, screen, 640, 360)
	if got := Find(screen, now); len(got) != 0 {
		t.Errorf("found %v in a damaged picture", got)
	}
}

func TestTimeSurvivesTheWrap(t *testing.T) {
	at := time.UnixMilli(5<<timeBits - 3)
	r, ok := decode(encode(1, 2, at), at.Add(10*time.Millisecond))
	if !ok || !r.Time.Equal(at) {
		t.Errorf("read %v %v, want %v", r.Time, ok, at)
	}
}
