package media

import (
	"context"
	"encoding/binary"
	"hash/crc32"
	"image"
	"time"
)

// The pattern's layout, in fractions of the picture so that it may be scaled
// and cut: a magenta frame around 12 x 8 black and white cells in the middle,
// 56 percent of the width and 80 percent of the height, which survives being
// cut from 16:9 to a square. The cells hold 96 bits, most significant first:
// number (28), time in milliseconds of the Unix epoch (44), checksum (24).
const (
	patternColumns = 12
	patternRows    = 8
	numberBits     = 28
	timeBits       = 44
)

// PatternConfig describes a pattern.
type PatternConfig struct {
	Width, Height int              // 640x360 when zero
	FrameRate     int              // 30 when zero
	Now           func() time.Time // the clock drawn into the picture; time.Now when nil
}

// Pattern is a drawn source whose pictures carry their number and capture time
// so that a program can read them back from whatever a screen shows.
type Pattern struct {
	cfg    PatternConfig
	pace   *pace
	pic    *I420
	number uint32
}

// NewPattern makes a pattern source.
func NewPattern(cfg PatternConfig) *Pattern {
	if cfg.Width == 0 || cfg.Height == 0 {
		cfg.Width, cfg.Height = 640, 360
	}
	if cfg.FrameRate == 0 {
		cfg.FrameRate = 30
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Pattern{cfg: cfg, pace: newPace(), pic: NewI420(cfg.Width, cfg.Height)}
}

// Read waits until the next picture is due and draws it. Numbers begin at 1.
func (p *Pattern) Read(ctx context.Context) (*I420, error) {
	at := time.Duration(p.number) * time.Second / time.Duration(p.cfg.FrameRate)
	if err := p.pace.wait(ctx, "read pattern", at); err != nil {
		return nil, err
	}
	p.number++
	DrawPattern(p.pic, p.number, p.cfg.Now())
	p.pic.Time = at
	return p.pic, nil
}

// Close ends a Read that waits.
func (p *Pattern) Close() error {
	p.pace.close()
	return nil
}

// patternBits are the 96 bits of a number and a time.
func patternBits(number uint32, at time.Time) [patternColumns]byte {
	var b [patternColumns]byte
	n := uint64(number) & (1<<numberBits - 1)
	ms := uint64(at.UnixMilli()) & (1<<timeBits - 1)
	binary.BigEndian.PutUint64(b[:8], n<<36|ms>>8)
	b[8] = byte(ms)
	sum := crc32.ChecksumIEEE(b[:9])
	b[9], b[10], b[11] = byte(sum>>16), byte(sum>>8), byte(sum)
	return b
}

// DrawPattern fills pic with the pattern for a number and a time.
func DrawPattern(pic *I420, number uint32, at time.Time) {
	w, h := pic.Width, pic.Height
	drawBackdrop(pic, number)
	x0, x1, y0, y1 := w*22/100&^1, w*78/100&^1, h*10/100&^1, h*90/100&^1
	border := max(h/30, 4) &^ 1
	const magentaY, magentaU, magentaV = 107, 202, 222
	fillRect(pic, x0, y0, x1, y1, magentaY, magentaU, magentaV)
	x0, x1, y0, y1 = x0+border, x1-border, y0+border, y1-border
	fillRect(pic, x0, y0, x1, y1, 16, 128, 128)
	bits := patternBits(number, at)
	for i := range patternColumns * patternRows {
		if bits[i/8]>>(7-i%8)&1 == 0 {
			continue
		}
		cx, cy := i%patternColumns, i/patternColumns
		fillLuma(pic, x0+(x1-x0)*cx/patternColumns, y0+(y1-y0)*cy/patternRows,
			x0+(x1-x0)*(cx+1)/patternColumns, y0+(y1-y0)*(cy+1)/patternRows, 235)
	}
}

// drawBackdrop draws a slow gradient with a bar that runs, so that a person
// sees at a glance whether the picture moves.
func drawBackdrop(pic *I420, number uint32) {
	for y := range pic.Height {
		row := pic.Y[y*pic.StrideY : y*pic.StrideY+pic.Width]
		v := byte(60 + 60*y/pic.Height)
		for x := range row {
			row[x] = v
		}
	}
	cw, ch := (pic.Width+1)/2, (pic.Height+1)/2
	for y := range ch {
		for x := range cw {
			pic.U[y*pic.StrideUV+x], pic.V[y*pic.StrideUV+x] = 140, 120
		}
	}
	bar := max(pic.Width/40, 2)
	x := int(number) * 4 % max(pic.Width-bar, 1)
	fillLuma(pic, x, pic.Height*94/100, x+bar, pic.Height*98/100, 220)
}

func fillLuma(pic *I420, x0, y0, x1, y1 int, v byte) {
	for y := max(y0, 0); y < min(y1, pic.Height); y++ {
		row := pic.Y[y*pic.StrideY+max(x0, 0) : y*pic.StrideY+min(x1, pic.Width)]
		for x := range row {
			row[x] = v
		}
	}
}

func fillRect(pic *I420, x0, y0, x1, y1 int, yy, u, v byte) {
	fillLuma(pic, x0, y0, x1, y1, yy)
	for y := y0 / 2; y < y1/2; y++ {
		for x := x0 / 2; x < x1/2; x++ {
			pic.U[y*pic.StrideUV+x], pic.V[y*pic.StrideUV+x] = u, v
		}
	}
}

// ReadPattern finds a pattern in img, which may be a part of a screen: larger,
// smaller or with other things around it. ok is false when there is none or
// its checksum is wrong, so a picture that was not decoded well never counts.
func ReadPattern(img *image.RGBA) (number uint32, at time.Time, ok bool) {
	inner, ok := patternArea(img)
	if !ok || inner.Dx() < 3*patternColumns || inner.Dy() < 3*patternRows {
		return 0, time.Time{}, false
	}
	var light [patternColumns * patternRows]int
	low, high := 255, 0
	for i := range light {
		light[i] = cellLight(img, inner, i%patternColumns, i/patternColumns)
		low, high = min(low, light[i]), max(high, light[i])
	}
	if high-low < 60 {
		return 0, time.Time{}, false
	}
	var b [patternColumns]byte
	for i, l := range light {
		if l > (low+high)/2 {
			b[i/8] |= 1 << (7 - i%8)
		}
	}
	sum := crc32.ChecksumIEEE(b[:9])
	if b[9] != byte(sum>>16) || b[10] != byte(sum>>8) || b[11] != byte(sum) {
		return 0, time.Time{}, false
	}
	v := binary.BigEndian.Uint64(b[:8])
	ms := v<<8&(1<<timeBits-1) | uint64(b[8])
	return uint32(v >> 36), time.UnixMilli(int64(ms)), true
}

func magenta(p []byte) bool {
	r, g, b := int(p[0]), int(p[1]), int(p[2])
	return r > 140 && b > 120 && g < min(r, b)-80
}

// patternArea finds the magenta frame and returns what lies inside it. A
// column or row belongs to the frame when a third of the picture's extent in
// it is magenta, so stray pixels do not count.
func patternArea(img *image.RGBA) (image.Rectangle, bool) {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	cols, rows := make([]int, w), make([]int, h)
	total := 0
	for y := range h {
		row := img.Pix[y*img.Stride : y*img.Stride+4*w]
		for x := range w {
			if magenta(row[4*x:]) {
				cols[x]++
				rows[y]++
				total++
			}
		}
	}
	if total < 60 {
		return image.Rectangle{}, false
	}
	x0, x1, ok := inside(cols)
	y0, y1, ok2 := inside(rows)
	if !ok || !ok2 {
		return image.Rectangle{}, false
	}
	return image.Rect(x0, y0, x1, y1), true
}

// inside finds two thick lines in a profile and returns the range between
// them. A line is where the count is at least half of the highest.
func inside(profile []int) (from, to int, ok bool) {
	high := 0
	for _, n := range profile {
		high = max(high, n)
	}
	limit := high / 2
	first, last := -1, -1
	for i, n := range profile {
		if n > limit {
			if first < 0 {
				first = i
			}
			last = i
		}
	}
	if first < 0 {
		return 0, 0, false
	}
	for from = first; from < last && profile[from] > limit; from++ {
	}
	for to = last; to > from && profile[to] > limit; to-- {
	}
	return from, to + 1, to > from
}

// cellLight is the mean green of the middle of a cell: green carries most of
// the luma and none of the frame's colour.
func cellLight(img *image.RGBA, r image.Rectangle, cx, cy int) int {
	x0, x1 := r.Min.X*patternColumns+r.Dx()*cx, r.Min.X*patternColumns+r.Dx()*(cx+1)
	y0, y1 := r.Min.Y*patternRows+r.Dy()*cy, r.Min.Y*patternRows+r.Dy()*(cy+1)
	// The middle half, at least one pixel.
	ax, bx := (3*x0+x1)/(4*patternColumns), (x0+3*x1)/(4*patternColumns)
	ay, by := (3*y0+y1)/(4*patternRows), (y0+3*y1)/(4*patternRows)
	sum, n := 0, 0
	for y := ay; y <= max(by-1, ay); y++ {
		for x := ax; x <= max(bx-1, ax); x++ {
			sum += int(img.Pix[y*img.Stride+4*x+1])
			n++
		}
	}
	return sum / max(n, 1)
}
