// Package stamp draws a small machine-readable mark into real pictures and
// finds it again on a screen, so that the demonstration can tell from what the
// windows show who is seen, which picture it is, and how old it is.
//
// It is a test instrument, not a watermark: it hides nothing and proves
// nothing about authenticity.
package stamp

import (
	"context"
	"hash/crc32"
	"image"
	"time"

	"conclave/call/media"
)

// The mark is a magenta frame around 26 x 2 black and white cells, in the lower
// middle of the picture, where neither a tile's crop nor a name label reaches.
// The cells hold 52 bits: who (4), number (16), milliseconds modulo 2^20 (20),
// checksum (12).
const (
	columns, rows  = 26, 2
	left, right    = 0.24, 0.76 // of the width
	top, bottom    = 0.64, 0.80 // of the height
	frameThickness = 0.15       // of the mark's height
	timeBits       = 20
)

// Reading is a mark that was found.
type Reading struct {
	Who    int
	Number uint16
	Time   time.Time // when the picture was captured
	Area   image.Rectangle
}

// Source stamps the pictures of another source.
type Source struct {
	media.VideoSource
	who    int
	number uint16
	own    *media.I420
}

// NewSource stamps source's pictures as those of who, 1 to 15.
func NewSource(source media.VideoSource, who int) *Source {
	return &Source{VideoSource: source, who: who}
}

// Read implements media.VideoSource. The picture is the source's own memory
// copied, since a source may show the same one again.
func (s *Source) Read(ctx context.Context) (*media.I420, error) {
	pic, err := s.VideoSource.Read(ctx)
	if err != nil {
		return nil, err
	}
	if s.own == nil || s.own.Width != pic.Width || s.own.Height != pic.Height {
		s.own = media.NewI420(pic.Width, pic.Height)
	}
	copyPlane(s.own.Y, s.own.StrideY, pic.Y, pic.StrideY, pic.Width, pic.Height)
	copyPlane(s.own.U, s.own.StrideUV, pic.U, pic.StrideUV, (pic.Width+1)/2, (pic.Height+1)/2)
	copyPlane(s.own.V, s.own.StrideUV, pic.V, pic.StrideUV, (pic.Width+1)/2, (pic.Height+1)/2)
	s.own.Time = pic.Time
	s.number++
	Draw(s.own, s.who, s.number, time.Now())
	return s.own, nil
}

func copyPlane(dst []byte, dstStride int, src []byte, srcStride, width, height int) {
	for y := range height {
		copy(dst[y*dstStride:y*dstStride+width], src[y*srcStride:y*srcStride+width])
	}
}

// Draw puts a mark into pic.
func Draw(pic *media.I420, who int, number uint16, at time.Time) {
	area := image.Rect(
		int(left*float64(pic.Width)), int(top*float64(pic.Height)),
		int(right*float64(pic.Width)), int(bottom*float64(pic.Height)),
	)
	fill(pic, area, 107, 202, 222)
	t := int(frameThickness * float64(area.Dy()))
	inner := area.Inset(t)
	bits := encode(who, number, at)
	for row := range rows {
		for col := range columns {
			luma := byte(20)
			if bits>>(row*columns+col)&1 == 1 {
				luma = 230
			}
			fill(pic, cell(inner, col, row), luma, 128, 128)
		}
	}
}

func cell(inner image.Rectangle, col, row int) image.Rectangle {
	return image.Rect(
		inner.Min.X+col*inner.Dx()/columns, inner.Min.Y+row*inner.Dy()/rows,
		inner.Min.X+(col+1)*inner.Dx()/columns, inner.Min.Y+(row+1)*inner.Dy()/rows,
	)
}

func fill(pic *media.I420, r image.Rectangle, y, u, v byte) {
	for row := r.Min.Y; row < r.Max.Y; row++ {
		for col := r.Min.X; col < r.Max.X; col++ {
			pic.Y[row*pic.StrideY+col] = y
			pic.U[row/2*pic.StrideUV+col/2] = u
			pic.V[row/2*pic.StrideUV+col/2] = v
		}
	}
}

func encode(who int, number uint16, at time.Time) uint64 {
	data := uint64(who&15) | uint64(number)<<4 | uint64(at.UnixMilli()&(1<<timeBits-1))<<20
	return data | checksum(data)<<40
}

func checksum(data uint64) uint64 {
	var b [5]byte
	for i := range b {
		b[i] = byte(data >> (8 * i))
	}
	return uint64(crc32.ChecksumIEEE(b[:]) & 0xfff)
}

// decode reads the bits of a mark seen at now, which completes the time.
func decode(bits uint64, now time.Time) (r Reading, ok bool) {
	data := bits & (1<<40 - 1)
	if bits>>40 != checksum(data) || data == 0 {
		return r, false
	}
	r.Who, r.Number = int(data&15), uint16(data>>4)
	const wrap = 1 << timeBits
	age := (now.UnixMilli() - int64(data>>20)) & (wrap - 1)
	if age > wrap/2 { // a little in the future: clocks of one machine, rounded
		age -= wrap
	}
	r.Time = time.UnixMilli(now.UnixMilli() - age)
	return r, true
}
