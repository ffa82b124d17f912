package media

import "image"

// PlainPainter is a Painter in plain Go: correct, and ten times slower than
// the one in package device. The zero value is ready.
type PlainPainter struct{}

var _ Painter = PlainPainter{}

// Scale fills dst from src by taking the mean of the pixels that each target
// pixel covers, or the nearest one where it covers none.
func (PlainPainter) Scale(dst, src *I420) {
	if !dst.Valid() || !src.Valid() {
		return
	}
	scalePlane(dst.Y, dst.StrideY, dst.Width, dst.Height, src.Y, src.StrideY, src.Width, src.Height)
	dw, dh, sw, sh := (dst.Width+1)/2, (dst.Height+1)/2, (src.Width+1)/2, (src.Height+1)/2
	scalePlane(dst.U, dst.StrideUV, dw, dh, src.U, src.StrideUV, sw, sh)
	scalePlane(dst.V, dst.StrideUV, dw, dh, src.V, src.StrideUV, sw, sh)
	dst.Time = src.Time
}

func scalePlane(dst []byte, ds, dw, dh int, src []byte, ss, sw, sh int) {
	for y := range dh {
		y0 := y * sh / dh
		y1 := max((y+1)*sh/dh, y0+1)
		for x := range dw {
			x0 := x * sw / dw
			x1 := max((x+1)*sw/dw, x0+1)
			sum := 0
			for j := y0; j < y1; j++ {
				for _, v := range src[j*ss+x0 : j*ss+x1] {
					sum += int(v)
				}
			}
			n := (y1 - y0) * (x1 - x0)
			dst[y*ds+x] = byte((sum + n/2) / n)
		}
	}
}

// Paint turns src into pixels, by the same fixed-point formula as the C code.
func (PlainPainter) Paint(dst *image.RGBA, src *I420) {
	w, h := dst.Rect.Dx(), dst.Rect.Dy()
	if !src.Valid() || w != src.Width || h != src.Height {
		return
	}
	for y := range h {
		out := dst.Pix[y*dst.Stride : y*dst.Stride+4*w]
		yr := src.Y[y*src.StrideY:]
		ur, vr := src.U[y/2*src.StrideUV:], src.V[y/2*src.StrideUV:]
		for x := range w {
			l := int(yr[x]) - 16
			l = l*74 + l>>1 + 32
			b, r := int(ur[x/2])-128, int(vr[x/2])-128
			out[4*x] = clampByte((l + 102*r) >> 6)
			out[4*x+1] = clampByte((l - 25*b - 52*r) >> 6)
			out[4*x+2] = clampByte((l + 129*b) >> 6)
			out[4*x+3] = 255
		}
	}
}

func clampByte(v int) byte { return byte(min(max(v, 0), 255)) }
