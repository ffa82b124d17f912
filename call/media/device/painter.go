package device

// #cgo CFLAGS: -O3
// #cgo pkg-config: vpx opus
// #include "paint.h"
import "C"

import (
	"image"
	"sync"
	"unsafe"

	"conclave/call/media"
)

// Painter scales and paints in C, with SSE2 where the machine has it. The
// zero value is ready; it is safe for concurrent use.
type Painter struct {
	Portable bool // leave the vector code out, for tests

	scratch sync.Pool // *scratch
}

type scratch struct {
	row  []byte
	half [2]media.I420
}

func (p *Painter) borrow() *scratch {
	if s, ok := p.scratch.Get().(*scratch); ok {
		return s
	}
	return new(scratch)
}

func flag(b bool) C.int {
	if b {
		return 1
	}
	return 0
}

func at(b []byte) *C.uint8_t { return (*C.uint8_t)(unsafe.Pointer(unsafe.SliceData(b))) }

// Paint turns src into pixels of dst, which has the same size. Sizes that do
// not fit each other leave dst as it is.
func (p *Painter) Paint(dst *image.RGBA, src *media.I420) {
	w, h := dst.Rect.Dx(), dst.Rect.Dy()
	if !src.Valid() || w != src.Width || h != src.Height || len(dst.Pix) < dst.Stride*(h-1)+4*w {
		return
	}
	C.cv_paint(at(dst.Pix), C.int(dst.Stride), at(src.Y), C.int(src.StrideY),
		at(src.U), at(src.V), C.int(src.StrideUV), C.int(w), C.int(h), flag(p.Portable))
}

// Scale fills dst from src: by averaging while it shrinks to half or less,
// bilinearly for the rest.
func (p *Painter) Scale(dst, src *media.I420) {
	if !dst.Valid() || !src.Valid() {
		return
	}
	if dst.Width == src.Width && dst.Height == src.Height {
		w, h, t := dst.Width, dst.Height, src.Time
		copyPlanes(dst, src, w, h)
		dst.Time = t
		return
	}
	s := p.borrow()
	defer p.scratch.Put(s)
	from := src
	for i := 0; from.Width >= 2*dst.Width && from.Height >= 2*dst.Height && from.Width >= 4 && from.Height >= 4; i++ {
		to := &s.half[i&1]
		if from.Width/2 == dst.Width && from.Height/2 == dst.Height {
			p.halve(dst, from)
			dst.Time = src.Time
			return
		}
		to.Resize(from.Width/2, from.Height/2)
		p.halve(to, from)
		from = to
	}
	if need := from.Width + 1; len(s.row) < need {
		s.row = make([]byte, need)
	}
	p.bilinear(dst.Y, dst.StrideY, dst.Width, dst.Height, from.Y, from.StrideY, from.Width, from.Height, s.row)
	dcw, dch := (dst.Width+1)/2, (dst.Height+1)/2
	scw, sch := (from.Width+1)/2, (from.Height+1)/2
	p.bilinear(dst.U, dst.StrideUV, dcw, dch, from.U, from.StrideUV, scw, sch, s.row)
	p.bilinear(dst.V, dst.StrideUV, dcw, dch, from.V, from.StrideUV, scw, sch, s.row)
	dst.Time = src.Time
}

// halve writes the half of src, rounded down, whose chroma may be one column
// or row larger than half of the source's.
func (p *Painter) halve(dst, src *media.I420) {
	w, h := src.Width/2, src.Height/2
	C.cv_halve(at(dst.Y), C.int(dst.StrideY), C.int(w), C.int(h), at(src.Y), C.int(src.StrideY), flag(p.Portable))
	cw, ch := (w+1)/2, (h+1)/2
	halfW, halfH := (src.Width+1)/2/2, (src.Height+1)/2/2
	for _, pl := range [2][2][]byte{{dst.U, src.U}, {dst.V, src.V}} {
		d, s := pl[0], pl[1]
		C.cv_halve(at(d), C.int(dst.StrideUV), C.int(min(cw, halfW)), C.int(min(ch, halfH)), at(s), C.int(src.StrideUV), flag(p.Portable))
		// Odd sizes leave one column or row, which repeats its neighbour.
		if cw > halfW && halfW > 0 {
			for y := range min(ch, halfH) {
				d[y*dst.StrideUV+cw-1] = d[y*dst.StrideUV+cw-2]
			}
		}
		if ch > halfH && halfH > 0 {
			copy(d[(ch-1)*dst.StrideUV:(ch-1)*dst.StrideUV+cw], d[(ch-2)*dst.StrideUV:])
		}
	}
}

func (p *Painter) bilinear(dst []byte, ds, dw, dh int, src []byte, ss, sw, sh int, row []byte) {
	C.cv_bilinear(at(dst), C.int(ds), C.int(dw), C.int(dh), at(src), C.int(ss), C.int(sw), C.int(sh), at(row), flag(p.Portable))
}

func copyPlanes(dst, src *media.I420, w, h int) {
	for y := range h {
		copy(dst.Y[y*dst.StrideY:y*dst.StrideY+w], src.Y[y*src.StrideY:])
	}
	cw, ch := (w+1)/2, (h+1)/2
	for y := range ch {
		copy(dst.U[y*dst.StrideUV:y*dst.StrideUV+cw], src.U[y*src.StrideUV:])
		copy(dst.V[y*dst.StrideUV:y*dst.StrideUV+cw], src.V[y*src.StrideUV:])
	}
}
