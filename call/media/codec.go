package media

import "image"

// VideoFormat is what an encoder is asked for.
type VideoFormat struct {
	Width, Height int
	FrameRate     int // pictures a second, for rate control
	Kilobits      int // target, kbit/s
	// Text says that letters and lines are shown: they stay sharp, and rather
	// pictures are left out.
	Text bool
}

// DefaultFormat is the camera's picture on the wire where nothing else is said.
func DefaultFormat() VideoFormat {
	return VideoFormat{Width: 640, Height: 360, FrameRate: 30, Kilobits: 350}
}

// DefaultScreenFormat is the shared screen's: full HD, and few pictures a second
// of it, since on a screen letters matter more than movement.
func DefaultScreenFormat() VideoFormat {
	return VideoFormat{Width: 1920, Height: 1080, FrameRate: 8, Kilobits: 2000, Text: true}
}

// VideoEncoder turns pictures of one size into VP8 frames. Not safe for
// concurrent use.
//
// Encode appends the frame to dst and returns it; nothing appended means that
// rate control dropped the picture. key asks for a key frame; the second
// result says whether the frame is one. SetKilobits changes the target.
type VideoEncoder interface {
	Encode(dst []byte, p *I420, key bool) (frame []byte, isKey bool, err error)
	SetKilobits(kbps int) error
	Close()
}

// VideoDecoder turns VP8 frames into pictures. Not safe for concurrent use.
//
// Decode returns a picture that stays valid until the next Decode or Close; a
// nil picture without an error is a frame that shows nothing.
type VideoDecoder interface {
	Decode(frame []byte) (*I420, error)
	Close()
}

// AudioEncoder turns FrameSamples samples into one Opus packet, appended to
// dst. Not safe for concurrent use.
type AudioEncoder interface {
	Encode(dst []byte, pcm []int16) ([]byte, error)
	SetLoss(percent int) error // expected packet loss, for in-band FEC
	Close()
}

// AudioDecoder turns Opus packets into FrameSamples samples. Not safe for
// concurrent use.
//
// Recover fills pcm for a lost packet out of the one that follows it, Conceal
// fills it with what was heard before, fading.
type AudioDecoder interface {
	Decode(packet []byte, pcm []int16) error
	Recover(next []byte, pcm []int16) error
	Conceal(pcm []int16) error
	Close()
}

// Painter scales pictures and turns them into pixels. Safe for concurrent use.
//
// Scale fills dst, whose size is set, from src. Paint fills dst from src,
// which have the same size; alpha becomes opaque.
type Painter interface {
	Scale(dst, src *I420)
	Paint(dst *image.RGBA, src *I420)
}

// Codecs makes encoders and decoders. Package device has the real ones.
type Codecs interface {
	Painter
	NewVideoEncoder(VideoFormat) (VideoEncoder, error)
	NewVideoDecoder() (VideoDecoder, error)
	NewAudioEncoder() (AudioEncoder, error)
	NewAudioDecoder() (AudioDecoder, error)
}
