package device

// #include "vpx.h"
// #include <vpx/vpx_codec.h>
import "C"

import (
	"errors"
	"fmt"
	"time"
	"unsafe"

	"conclave/call/media"
)

// maxFrame bounds a VP8 frame that is decoded; a 1080p key frame at the best
// quality that we send is a tenth of it.
const maxFrame = 4 << 20

// maxSide bounds the pictures that are accepted from a decoder or encoded.
const maxSide = 4096

var errCodecClosed = errors.New("use codec: closed")

type encoder struct {
	c      *C.cv_encoder
	format media.VideoFormat
	last   time.Duration
	pts    int64
}

// NewVideoEncoder makes a VP8 encoder with settings for conversation: constant
// bit rate, no look-ahead, one thread, key frames only on request, or with those
// for text where the format says so. Sizes are rounded down to even ones by the
// caller.
func (*Codecs) NewVideoEncoder(f media.VideoFormat) (media.VideoEncoder, error) {
	if f.Width < 16 || f.Height < 16 || f.Width > maxSide || f.Height > maxSide || f.FrameRate < 1 || f.Kilobits < 1 {
		return nil, fmt.Errorf("open VP8 encoder: size %dx%d, %d/s, %d kbit/s is out of range", f.Width, f.Height, f.FrameRate, f.Kilobits)
	}
	var rc C.int
	c := C.cv_encoder_new(C.int(f.Width), C.int(f.Height), C.int(f.Kilobits), flag(f.Text), &rc)
	if c == nil {
		return nil, vpxError("open VP8 encoder", rc)
	}
	return &encoder{c: c, format: f, pts: -1}, nil
}

// Encode encodes one picture of the format's size.
func (e *encoder) Encode(dst []byte, p *media.I420, key bool) ([]byte, bool, error) {
	if e.c == nil {
		return dst, false, errCodecClosed
	}
	if !p.Valid() || p.Width != e.format.Width || p.Height != e.format.Height {
		return dst, false, errors.New("encode VP8: picture of another size")
	}
	duration := int64(90000 / e.format.FrameRate)
	pts := int64(p.Time) * 9 / 100000
	if pts <= e.pts { // a source that started again, or delivers in bursts
		pts = e.pts + duration
	} else if e.pts >= 0 && pts-e.pts < 90000 {
		duration = pts - e.pts
	}
	e.pts = pts
	out := C.cv_encoder_encode(e.c, at(p.Y), at(p.U), at(p.V), C.int(p.StrideY), C.int(p.StrideUV),
		C.int64_t(pts), C.int64_t(duration), flag(key))
	if out.err != 0 {
		return dst, false, vpxError("encode VP8", out.err)
	}
	if out.size == 0 {
		return dst, false, nil
	}
	return append(dst, unsafe.Slice((*byte)(unsafe.Pointer(out.data)), int(out.size))...), out.is_key != 0, nil
}

// SetKilobits changes the target rate from the next picture on.
func (e *encoder) SetKilobits(kbps int) error {
	if e.c == nil {
		return errCodecClosed
	}
	if rc := C.cv_encoder_rate(e.c, C.int(max(kbps, 10))); rc != 0 {
		return vpxError("set VP8 rate", rc)
	}
	return nil
}

func (e *encoder) Close() {
	C.cv_encoder_free(e.c)
	e.c = nil
}

type decoder struct {
	c   *C.cv_decoder
	pic C.cv_picture
	out media.I420
}

// NewVideoDecoder makes a VP8 decoder.
func (*Codecs) NewVideoDecoder() (media.VideoDecoder, error) {
	var rc C.int
	c := C.cv_decoder_new(&rc)
	if c == nil {
		return nil, vpxError("open VP8 decoder", rc)
	}
	return &decoder{c: c}, nil
}

// Decode decodes one frame. The picture's planes lie in the decoder's memory.
func (d *decoder) Decode(frame []byte) (*media.I420, error) {
	if d.c == nil {
		return nil, errCodecClosed
	}
	if len(frame) == 0 || len(frame) > maxFrame {
		return nil, errors.New("decode VP8: no frame")
	}
	// Ten bytes of header tell a key frame's size before libvpx allocates it.
	if frame[0]&1 == 0 && len(frame) >= 10 {
		w := int(frame[6]) | int(frame[7]&0x3f)<<8
		h := int(frame[8]) | int(frame[9]&0x3f)<<8
		if w == 0 || h == 0 || w > maxSide || h > maxSide {
			return nil, errors.New("decode VP8: picture too large")
		}
	}
	if rc := C.cv_decoder_decode(d.c, at(frame), C.size_t(len(frame)), &d.pic); rc != 0 {
		return nil, vpxError("decode VP8", rc)
	}
	p := &d.pic
	if p.width == 0 {
		return nil, nil
	}
	if p.stride_u != p.stride_v {
		return nil, errors.New("decode VP8: uneven planes")
	}
	w, h := int(p.width), int(p.height)
	ch := (h + 1) / 2
	d.out = media.I420{
		Y:       unsafe.Slice((*byte)(unsafe.Pointer(p.y)), int(p.stride_y)*h),
		U:       unsafe.Slice((*byte)(unsafe.Pointer(p.u)), int(p.stride_u)*ch),
		V:       unsafe.Slice((*byte)(unsafe.Pointer(p.v)), int(p.stride_v)*ch),
		StrideY: int(p.stride_y), StrideUV: int(p.stride_u), Width: w, Height: h,
	}
	return &d.out, nil
}

func (d *decoder) Close() {
	C.cv_decoder_free(d.c)
	d.c = nil
}

func vpxError(what string, rc C.int) error {
	return fmt.Errorf("%s: %s", what, C.GoString(C.vpx_codec_err_to_string(C.vpx_codec_err_t(rc))))
}
