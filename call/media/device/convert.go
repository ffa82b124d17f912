package device

import (
	"errors"
	"image"

	"conclave/call/media"
)

// limited maps full-range luma and chroma to limited range, which is what
// travels on the wire. JPEG pictures of cameras are full range.
var limited = func() (t struct{ luma, chroma [256]byte }) {
	for i := range 256 {
		t.luma[i] = byte(16 + (i*219+127)/255)
		t.chroma[i] = byte(16 + (i*224+127)/255)
	}
	return t
}()

// toI420 copies a driver's picture, whatever its chroma sampling, into p.
func toI420(p *media.I420, img image.Image, full bool) error {
	src, ok := img.(*image.YCbCr)
	if !ok {
		return errors.New("convert picture: not YUV")
	}
	b := src.Rect
	w, h := b.Dx()&^1, b.Dy()&^1
	if w < 2 || h < 2 {
		return errors.New("convert picture: empty")
	}
	p.Resize(w, h)
	for y := range h {
		row := src.Y[src.YOffset(b.Min.X, b.Min.Y+y):]
		copy(p.Y[y*p.StrideY:y*p.StrideY+w], row)
	}
	for y := range h / 2 {
		chromaRow(p, src, y, w/2)
	}
	if full {
		toLimited(p)
	}
	return nil
}

// chromaRow writes row y of the chroma planes.
func chromaRow(p *media.I420, src *image.YCbCr, y, cw int) {
	b := src.Rect
	du, dv := p.U[y*p.StrideUV:y*p.StrideUV+cw], p.V[y*p.StrideUV:y*p.StrideUV+cw]
	top := src.COffset(b.Min.X, b.Min.Y+2*y)
	below := src.COffset(b.Min.X, b.Min.Y+2*y+1)
	switch src.SubsampleRatio {
	case image.YCbCrSubsampleRatio420:
		copy(du, src.Cb[top:])
		copy(dv, src.Cr[top:])
	case image.YCbCrSubsampleRatio422:
		for x := range cw {
			du[x] = byte((int(src.Cb[top+x]) + int(src.Cb[below+x]) + 1) / 2)
			dv[x] = byte((int(src.Cr[top+x]) + int(src.Cr[below+x]) + 1) / 2)
		}
	default:
		for x := range cw {
			at := src.COffset(b.Min.X+2*x, b.Min.Y+2*y)
			du[x], dv[x] = src.Cb[at], src.Cr[at]
		}
	}
}

func toLimited(p *media.I420) {
	for i, v := range p.Y {
		p.Y[i] = limited.luma[v]
	}
	for i := range p.U {
		p.U[i], p.V[i] = limited.chroma[p.U[i]], limited.chroma[p.V[i]]
	}
}
