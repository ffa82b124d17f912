package media

import "time"

// I420 is a picture in planar YUV 4:2:0, limited range BT.601, which is what
// travels on the wire whatever a camera delivers.
//
// Who hands out an I420 says how long its planes stay valid; sources and
// decoders of this package reuse them at the next call.
type I420 struct {
	Y, U, V           []byte
	StrideY, StrideUV int
	Width, Height     int           // luma size; the chroma planes are half of it, rounded up
	Time              time.Duration // capture time since the source was opened
	Still             bool          // the same as the picture before; only screens tell
}

// NewI420 allocates a black picture.
func NewI420(width, height int) *I420 {
	p := &I420{}
	p.Resize(width, height)
	return p
}

// Resize makes the picture width by height, reusing its memory where it is
// large enough. The content is undefined unless memory was allocated.
func (p *I420) Resize(width, height int) {
	cw, ch := (width+1)/2, (height+1)/2
	need := width*height + 2*cw*ch
	buf := p.Y[:cap(p.Y)]
	if len(buf) < need {
		buf = make([]byte, need)
		for i := range buf[:width*height] {
			buf[i] = 16
		}
		for i := width * height; i < need; i++ {
			buf[i] = 128
		}
	}
	// The three planes share one allocation; Y keeps its capacity so that the
	// whole of it is found again.
	p.Y = buf[:width*height]
	p.U = buf[width*height : width*height+cw*ch]
	p.V = buf[width*height+cw*ch : need]
	p.StrideY, p.StrideUV = width, cw
	p.Width, p.Height = width, height
}

// Valid reports whether the planes are large enough for the size.
func (p *I420) Valid() bool {
	if p == nil || p.Width <= 0 || p.Height <= 0 {
		return false
	}
	cw, ch := (p.Width+1)/2, (p.Height+1)/2
	return p.StrideY >= p.Width && p.StrideUV >= cw &&
		len(p.Y) >= p.StrideY*(p.Height-1)+p.Width &&
		len(p.U) >= p.StrideUV*(ch-1)+cw &&
		len(p.V) >= p.StrideUV*(ch-1)+cw
}

// Copy makes p a copy of q, reusing p's memory.
func (p *I420) Copy(q *I420) {
	p.Resize(q.Width, q.Height)
	p.Time = q.Time
	copyPlane(p.Y, p.StrideY, q.Y, q.StrideY, q.Width, q.Height)
	cw, ch := (q.Width+1)/2, (q.Height+1)/2
	copyPlane(p.U, p.StrideUV, q.U, q.StrideUV, cw, ch)
	copyPlane(p.V, p.StrideUV, q.V, q.StrideUV, cw, ch)
}

func copyPlane(dst []byte, ds int, src []byte, ss, w, h int) {
	for y := range h {
		copy(dst[y*ds:y*ds+w], src[y*ss:y*ss+w])
	}
}

// Crop returns the part of p that fills a window of the aspect width:height,
// cut evenly at both sides. It shares p's planes.
func (p *I420) Crop(width, height int) I420 {
	c := *p
	if width <= 0 || height <= 0 {
		return c
	}
	if p.Width*height > p.Height*width { // too wide
		w := max(p.Height*width/height&^1, 2)
		x := (p.Width - w) / 2 &^ 1
		c.Y, c.U, c.V = p.Y[x:], p.U[x/2:], p.V[x/2:]
		c.Width = min(w, p.Width)
	} else if h := max(p.Width*height/width&^1, 2); h < p.Height {
		y := (p.Height - h) / 2 &^ 1
		c.Y, c.U, c.V = p.Y[y*p.StrideY:], p.U[y/2*p.StrideUV:], p.V[y/2*p.StrideUV:]
		c.Height = h
	}
	return c
}
