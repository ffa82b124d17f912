package device

// #include <opus.h>
import "C"

import (
	"errors"
	"fmt"
	"unsafe"

	"gopkg.in/hraban/opus.v2"

	"conclave/call/media"
)

// packetSize is the length of every Opus packet that we send: 100 bytes in
// 20 ms are 40 kbit/s. The encoder may use less; the rest is padding, so that
// neither the relay nor the network can tell speech from silence by size.
const packetSize = 100

// bitrate is the encoder's target, below packetSize so that onsets fit.
const bitrate = 32000

type audioEncoder struct {
	enc *opus.Encoder
	buf [packetSize]byte
}

// NewAudioEncoder makes an Opus encoder for speech with in-band FEC and
// without discontinuous transmission, and packets of one size: what travels
// does not tell who speaks.
func (*Codecs) NewAudioEncoder() (media.AudioEncoder, error) {
	enc, err := opus.NewEncoder(media.SampleRate, 1, opus.AppVoIP)
	if err != nil {
		return nil, fmt.Errorf("open Opus encoder: %w", err)
	}
	err = errors.Join(enc.SetBitrate(bitrate), enc.SetComplexity(5), enc.SetInBandFEC(true),
		enc.SetPacketLossPerc(10), enc.SetDTX(false))
	if err != nil {
		return nil, fmt.Errorf("set up Opus encoder: %w", err)
	}
	return &audioEncoder{enc: enc}, nil
}

// Encode appends one packet of packetSize bytes.
func (e *audioEncoder) Encode(dst []byte, pcm []int16) ([]byte, error) {
	if len(pcm) != media.FrameSamples {
		return dst, errors.New("encode Opus: not 20 ms")
	}
	n, err := e.enc.Encode(pcm, e.buf[:])
	if err != nil {
		return dst, fmt.Errorf("encode Opus: %w", err)
	}
	if n < packetSize {
		if rc := C.opus_packet_pad((*C.uchar)(unsafe.Pointer(&e.buf[0])), C.opus_int32(n), packetSize); rc != 0 {
			return dst, errors.New("encode Opus: padding failed")
		}
	}
	return append(dst, e.buf[:]...), nil
}

// SetLoss tunes FEC to the loss that the relay reports. At least 5 percent
// stay, or libopus leaves FEC out altogether.
func (e *audioEncoder) SetLoss(percent int) error {
	return e.enc.SetPacketLossPerc(min(max(percent, 5), 40))
}

func (e *audioEncoder) Close() {}

type audioDecoder struct{ dec *opus.Decoder }

// NewAudioDecoder makes an Opus decoder.
func (*Codecs) NewAudioDecoder() (media.AudioDecoder, error) {
	dec, err := opus.NewDecoder(media.SampleRate, 1)
	if err != nil {
		return nil, fmt.Errorf("open Opus decoder: %w", err)
	}
	return &audioDecoder{dec: dec}, nil
}

// Decode decodes one packet, which must hold 20 ms.
func (d *audioDecoder) Decode(packet []byte, pcm []int16) error {
	n, err := d.dec.Decode(packet, pcm[:media.FrameSamples:media.FrameSamples])
	if err != nil {
		return fmt.Errorf("decode Opus: %w", err)
	}
	if n != media.FrameSamples {
		return errors.New("decode Opus: not 20 ms")
	}
	return nil
}

// Recover decodes the copy of the lost packet that next carries.
func (d *audioDecoder) Recover(next []byte, pcm []int16) error {
	if err := d.dec.DecodeFEC(next, pcm[:media.FrameSamples:media.FrameSamples]); err != nil {
		return fmt.Errorf("recover Opus: %w", err)
	}
	return nil
}

// Conceal continues what was heard.
func (d *audioDecoder) Conceal(pcm []int16) error {
	if err := d.dec.DecodePLC(pcm[:media.FrameSamples:media.FrameSamples]); err != nil {
		return fmt.Errorf("conceal Opus: %w", err)
	}
	return nil
}

func (d *audioDecoder) Close() {}
