package calltest

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"time"

	"conclave/call/media"
)

// Marker is in every frame that Codecs make, whatever is in the picture: where
// it shows up outside of a device, something was not sealed.
var Marker = []byte("plaintext of a frame")

// Codecs are codecs whose frames a person can read. A video frame begins with
// VP8's frame tag bit, then Marker; so does a sound packet.
type Codecs struct{ media.PlainPainter }

// NewVideoEncoder implements media.Codecs.
func (Codecs) NewVideoEncoder(f media.VideoFormat) (media.VideoEncoder, error) {
	return &videoCodec{}, nil
}

// NewVideoDecoder implements media.Codecs.
func (Codecs) NewVideoDecoder() (media.VideoDecoder, error) { return &videoCodec{}, nil }

// NewAudioEncoder implements media.Codecs.
func (Codecs) NewAudioEncoder() (media.AudioEncoder, error) { return audioCodec{}, nil }

// NewAudioDecoder implements media.Codecs.
func (Codecs) NewAudioDecoder() (media.AudioDecoder, error) { return audioCodec{}, nil }

var errNotOurs = errors.New("decode frame: not one of ours")

type videoCodec struct {
	frames int
	pic    media.I420
}

func (c *videoCodec) Encode(dst []byte, p *media.I420, key bool) ([]byte, bool, error) {
	key = key || c.frames == 0
	c.frames++
	tag := byte(1)
	if key {
		tag = 0
	}
	dst = append(append(dst, tag), Marker...)
	return append(dst, p.Y[0]), key, nil
}

func (c *videoCodec) Decode(frame []byte) (*media.I420, error) {
	if len(frame) < 2 || !bytes.HasPrefix(frame[1:], Marker) {
		return nil, errNotOurs
	}
	c.pic.Resize(64, 36)
	for i := range c.pic.Y {
		c.pic.Y[i] = frame[len(frame)-1]
	}
	return &c.pic, nil
}

func (*videoCodec) SetKilobits(int) error { return nil }
func (*videoCodec) Close()                {}

type audioCodec struct{}

func (audioCodec) Encode(dst []byte, pcm []int16) ([]byte, error) {
	return binary.BigEndian.AppendUint16(append(dst, Marker...), uint16(pcm[0])), nil
}

func (audioCodec) Decode(packet []byte, pcm []int16) error {
	if !bytes.HasPrefix(packet, Marker) || len(packet) != len(Marker)+2 {
		return errNotOurs
	}
	for i := range pcm {
		pcm[i] = int16(binary.BigEndian.Uint16(packet[len(Marker):]))
	}
	return nil
}

func (audioCodec) Recover([]byte, []int16) error { return nil }
func (audioCodec) Conceal([]int16) error         { return nil }
func (audioCodec) SetLoss(int) error             { return nil }
func (audioCodec) Close()                        {}

// Still is a camera in front of a grey wall: five pictures a second.
type Still struct {
	Light byte
	time  time.Duration
}

// Read implements media.VideoSource.
func (s *Still) Read(ctx context.Context) (*media.I420, error) {
	if err := pause(ctx, 200*time.Millisecond); err != nil {
		return nil, err
	}
	p := media.NewI420(64, 36)
	for i := range p.Y {
		p.Y[i] = s.Light
	}
	s.time += 200 * time.Millisecond
	p.Time = s.time
	return p, nil
}

// Close implements media.VideoSource.
func (*Still) Close() error { return nil }

// Hum is a microphone that hears one value.
type Hum struct{ Level int16 }

// Read implements media.AudioSource.
func (h Hum) Read(ctx context.Context, pcm []int16) error {
	if err := pause(ctx, 20*time.Millisecond); err != nil {
		return err
	}
	for i := range pcm {
		pcm[i] = h.Level
	}
	return nil
}

// Close implements media.AudioSource.
func (Hum) Close() error { return nil }

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
