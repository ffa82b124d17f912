package media

import (
	"context"
	"math"
	"time"
)

// PortraitConfig describes a drawn portrait.
type PortraitConfig struct {
	Width, Height int // 640x360 when zero
	FrameRate     int // 25 when zero
	Seed          int // tells one portrait's colours and movements from another's
}

// Portrait is a drawn head and shoulders that sways, blinks and speaks: a
// stand-in for a person where there is neither a camera nor a clip.
type Portrait struct {
	cfg  PortraitConfig
	pace *pace
	pic  *I420
	n    int
}

// NewPortrait makes a portrait source.
func NewPortrait(cfg PortraitConfig) *Portrait {
	if cfg.Width == 0 || cfg.Height == 0 {
		cfg.Width, cfg.Height = 640, 360
	}
	if cfg.FrameRate == 0 {
		cfg.FrameRate = 25
	}
	return &Portrait{cfg: cfg, pace: newPace(), pic: NewI420(cfg.Width, cfg.Height)}
}

// Read waits until the next picture is due and draws it.
func (p *Portrait) Read(ctx context.Context) (*I420, error) {
	at := time.Duration(p.n) * time.Second / time.Duration(p.cfg.FrameRate)
	if err := p.pace.wait(ctx, "read portrait", at); err != nil {
		return nil, err
	}
	p.n++
	p.draw(at.Seconds())
	p.pic.Time = at
	return p.pic, nil
}

// Close ends a Read that waits.
func (p *Portrait) Close() error {
	p.pace.close()
	return nil
}

// yuv is a colour in limited range.
type yuv struct{ y, u, v byte }

// The colours that a seed chooses from.
var (
	skins   = [...]yuv{{170, 112, 152}, {132, 112, 152}, {96, 116, 146}, {188, 118, 142}}
	shirts  = [...]yuv{{80, 160, 110}, {95, 110, 170}, {110, 105, 100}, {70, 135, 150}, {150, 128, 128}}
	hairs   = [...]yuv{{36, 128, 130}, {60, 115, 145}, {110, 100, 150}, {150, 126, 130}}
	walls   = [...]yuv{{150, 138, 118}, {165, 122, 124}, {140, 118, 134}, {120, 136, 124}}
	eyeline = yuv{30, 128, 128}
)

func (p *Portrait) draw(t float64) {
	s := p.cfg.Seed
	w, h := float64(p.cfg.Width), float64(p.cfg.Height)
	unit := min(w, h)
	speed := 1 + float64(s%5)*0.13
	sway := unit * 0.04 * math.Sin(t*0.9*speed+float64(s))
	nod := unit * 0.015 * math.Sin(t*2.1*speed)
	cx, cy := w/2+sway, h*0.44+nod
	wall, skin, hair, shirt := walls[s%len(walls)], skins[s/2%len(skins)], hairs[s/3%len(hairs)], shirts[s%len(shirts)]
	p.wall(wall)
	p.ellipse(w/2+sway*0.5, h*1.06, unit*0.42, unit*0.36, shirt)
	p.ellipse(cx-sway*0.2, cy+unit*0.24, unit*0.08, unit*0.12, yuv{skin.y - 16, skin.u, skin.v})
	p.ellipse(cx, cy-unit*0.06, unit*0.2, unit*0.24, hair)
	p.ellipse(cx+sway*0.1, cy+unit*0.02, unit*0.165, unit*0.215, skin)
	open := 0.018
	if math.Mod(t*speed+float64(s)*0.7, 3.1) < 0.15 { // a blink
		open = 0.004
	}
	for _, side := range [2]float64{-1, 1} {
		ex := cx + side*unit*0.065 + sway*0.15
		p.ellipse(ex, cy-unit*0.02, unit*0.028, unit*open, yuv{225, 128, 128})
		p.ellipse(ex, cy-unit*0.02, unit*0.012, unit*min(open, 0.012), eyeline)
		p.ellipse(ex, cy-unit*0.065, unit*0.036, unit*0.007, hair)
	}
	talk := math.Abs(math.Sin(t*7.3*speed)*math.Sin(t*1.7+float64(s))) * 0.03
	p.ellipse(cx+sway*0.12, cy+unit*0.115, unit*0.045, unit*(0.008+talk), yuv{60, 120, 165})
}

func (p *Portrait) wall(c yuv) {
	pic := p.pic
	for y := range pic.Height {
		row := pic.Y[y*pic.StrideY : y*pic.StrideY+pic.Width]
		v := int(c.y) - 40*y/pic.Height
		for x := range row {
			row[x] = byte(v + 14*x/pic.Width)
		}
	}
	cw, ch := (pic.Width+1)/2, (pic.Height+1)/2
	for y := range ch {
		for x := range cw {
			pic.U[y*pic.StrideUV+x], pic.V[y*pic.StrideUV+x] = c.u, c.v
		}
	}
}

// ellipse fills an ellipse, lighter to the left as by a window.
func (p *Portrait) ellipse(cx, cy, rx, ry float64, c yuv) {
	pic := p.pic
	for y := max(int(cy-ry), 0); y <= min(int(cy+ry), pic.Height-1); y++ {
		d := (float64(y) - cy) / ry
		if d*d >= 1 {
			continue
		}
		half := rx * math.Sqrt(1-d*d)
		x0, x1 := max(int(cx-half+0.5), 0), min(int(cx+half+0.5), pic.Width)
		for x := x0; x < x1; x++ {
			shade := 12 * (cx - float64(x)) / rx
			pic.Y[y*pic.StrideY+x] = byte(min(max(float64(c.y)+shade, 16), 235))
		}
		if y&1 == 0 {
			for x := x0 / 2; x < x1/2; x++ {
				pic.U[y/2*pic.StrideUV+x], pic.V[y/2*pic.StrideUV+x] = c.u, c.v
			}
		}
	}
}
