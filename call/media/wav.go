package media

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"time"
)

// maxWAV bounds a sound file: ten minutes at 48 kHz stereo.
const maxWAV = 120 << 20

// WAV is a sound file, 16-bit PCM, that plays in real time, again and again.
type WAV struct {
	pcm    []int16 // 48 kHz mono
	at     int
	frames int
	pace   *pace
}

// OpenWAV opens a file. Rates from 8 to 48 kHz are resampled to 48 kHz, several
// channels are mixed to one.
func OpenWAV(path string) (*WAV, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open sound: %w", err)
	}
	defer f.Close()
	w, err := NewWAV(f)
	if err != nil {
		return nil, fmt.Errorf("open sound %q: %w", path, err)
	}
	return w, nil
}

// NewWAV reads all of r and plays it.
func NewWAV(r io.Reader) (*WAV, error) {
	b, err := io.ReadAll(io.LimitReader(r, maxWAV+1))
	if err != nil {
		return nil, fmt.Errorf("read WAV: %w", err)
	}
	pcm, rate, err := parseWAV(b)
	if err != nil {
		return nil, err
	}
	return &WAV{pcm: Resample(pcm, rate, SampleRate), pace: newPace()}, nil
}

// parseWAV returns the mono samples of a RIFF file with 16-bit PCM.
func parseWAV(b []byte) (pcm []int16, rate int, err error) {
	bad := func(why string) ([]int16, int, error) {
		return nil, 0, fmt.Errorf("read WAV: %s: %w", why, ErrBadFile)
	}
	if len(b) > maxWAV {
		return bad("too long")
	}
	if len(b) < 12 || string(b[:4]) != "RIFF" || string(b[8:12]) != "WAVE" {
		return bad("no RIFF header")
	}
	channels := 0
	for rest := b[12:]; len(rest) >= 8; {
		id, size := string(rest[:4]), int64(binary.LittleEndian.Uint32(rest[4:]))
		body := rest[8:]
		body = body[:min(size, int64(len(body)))] // a recorder that was killed leaves a wrong size
		switch id {
		case "fmt ":
			if len(body) < 16 {
				return bad("short format")
			}
			format := binary.LittleEndian.Uint16(body)
			if format == 0xfffe && len(body) >= 26 { // extensible: the real one follows
				format = binary.LittleEndian.Uint16(body[24:])
			}
			channels = int(binary.LittleEndian.Uint16(body[2:]))
			rate = int(binary.LittleEndian.Uint32(body[4:]))
			if format != 1 || binary.LittleEndian.Uint16(body[14:]) != 16 {
				return bad("not 16-bit PCM")
			}
			if channels < 1 || channels > 8 || rate < 8000 || rate > 48000 {
				return bad("channels or rate out of range")
			}
		case "data":
			if channels == 0 {
				return bad("data before format")
			}
			if pcm = mono(body, channels); len(pcm) < FrameSamples/6 {
				return bad("too short")
			}
			return pcm, rate, nil
		}
		next := min(8+size+size&1, int64(len(rest)))
		rest = rest[next:]
	}
	return bad("no data")
}

func mono(b []byte, channels int) []int16 {
	out := make([]int16, len(b)/(2*channels))
	for i := range out {
		sum := 0
		for c := range channels {
			sum += int(int16(binary.LittleEndian.Uint16(b[2*(i*channels+c):])))
		}
		out[i] = int16(sum / channels)
	}
	return out
}

// Read waits for and fills the next 20 ms.
func (w *WAV) Read(ctx context.Context, pcm []int16) error {
	if err := w.pace.wait(ctx, "read sound", time.Duration(w.frames)*20*time.Millisecond); err != nil {
		return err
	}
	w.frames++
	for n := 0; n < len(pcm); {
		k := copy(pcm[n:], w.pcm[w.at:])
		n += k
		w.at = (w.at + k) % len(w.pcm)
	}
	return nil
}

// Close ends a Read that waits.
func (w *WAV) Close() error {
	w.pace.close()
	return nil
}
