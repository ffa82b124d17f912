package media

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

// ErrBadFile is wrapped by the errors of files that are not what they should be.
var ErrBadFile = errors.New("not a usable media file")

// maxIVFFrame bounds a stored frame.
const maxIVFFrame = 4 << 20

// ivfReader reads VP8 frames out of an IVF file.
type ivfReader struct {
	r             io.ReadSeeker
	start         int64
	width, height int
	unit          float64 // seconds of one timestamp step
	buf           []byte
}

func newIVFReader(r io.ReadSeeker) (*ivfReader, error) {
	var h [32]byte
	if _, err := io.ReadFull(r, h[:]); err != nil {
		return nil, fmt.Errorf("read IVF header: %w", ErrBadFile)
	}
	size := int64(binary.LittleEndian.Uint16(h[6:]))
	rate, scale := binary.LittleEndian.Uint32(h[16:]), binary.LittleEndian.Uint32(h[20:])
	v := &ivfReader{
		r: r, start: size,
		width:  int(binary.LittleEndian.Uint16(h[12:])),
		height: int(binary.LittleEndian.Uint16(h[14:])),
	}
	switch {
	case string(h[:4]) != "DKIF", size < 32, rate == 0, scale == 0:
		return nil, fmt.Errorf("read IVF header: %w", ErrBadFile)
	case string(h[8:12]) != "VP80":
		return nil, fmt.Errorf("read IVF header: not VP8: %w", ErrBadFile)
	case v.width < 2 || v.height < 2:
		return nil, fmt.Errorf("read IVF header: no size: %w", ErrBadFile)
	}
	v.unit = float64(scale) / float64(rate)
	return v, v.rewind()
}

func (v *ivfReader) rewind() error {
	if _, err := v.r.Seek(v.start, io.SeekStart); err != nil {
		return fmt.Errorf("rewind IVF: %w", err)
	}
	return nil
}

// next returns a frame and its timestamp; io.EOF at the end, also where the
// last frame is cut off.
func (v *ivfReader) next() ([]byte, uint64, error) {
	var h [12]byte
	if _, err := io.ReadFull(v.r, h[:]); err != nil {
		return nil, 0, io.EOF
	}
	n := int(binary.LittleEndian.Uint32(h[:]))
	if n > maxIVFFrame {
		return nil, 0, fmt.Errorf("read IVF frame: %w", ErrBadFile)
	}
	if cap(v.buf) < n {
		v.buf = make([]byte, n)
	}
	v.buf = v.buf[:n]
	if _, err := io.ReadFull(v.r, v.buf); err != nil {
		return nil, 0, io.EOF
	}
	return v.buf, binary.LittleEndian.Uint64(h[4:]), nil
}

// IVF is a VP8 file that plays in real time, again and again.
type IVF struct {
	pace *pace
	pic  I420

	mu     sync.Mutex // guards the decoder and the file against Close
	file   io.ReadSeeker
	ivf    *ivfReader
	dec    VideoDecoder
	closed bool
	round  time.Duration // where this round of the clip began
	last   time.Duration // the newest picture's time in this round
	step   time.Duration // between the newest two pictures
}

// OpenIVF opens a file. dec decodes it and is closed with the source, also
// when OpenIVF fails.
func OpenIVF(path string, dec VideoDecoder) (*IVF, error) {
	f, err := os.Open(path)
	if err != nil {
		dec.Close()
		return nil, fmt.Errorf("open clip: %w", err)
	}
	v, err := NewIVF(f, dec)
	if err != nil {
		return nil, fmt.Errorf("open clip %q: %w", path, errors.Join(err, f.Close()))
	}
	return v, nil
}

// NewIVF plays what r holds and closes r with the source if it is a Closer.
func NewIVF(r io.ReadSeeker, dec VideoDecoder) (*IVF, error) {
	ivf, err := newIVFReader(r)
	if err != nil {
		dec.Close()
		return nil, err
	}
	step := time.Duration(min(max(ivf.unit, 0.005), 1) * float64(time.Second))
	return &IVF{file: r, ivf: ivf, dec: dec, pace: newPace(), step: step, last: -step}, nil
}

// Read waits until the next picture is due.
func (v *IVF) Read(ctx context.Context) (*I420, error) {
	if err := v.decode(); err != nil {
		return nil, err
	}
	if err := v.pace.wait(ctx, "read clip", v.pic.Time); err != nil {
		return nil, err
	}
	return &v.pic, nil
}

// decode copies the next picture out of the decoder, whose memory Close frees.
func (v *IVF) decode() error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.closed {
		return fmt.Errorf("read clip: %w", ErrSourceClosed)
	}
	for ends := 0; ; {
		frame, stamp, err := v.ivf.next()
		if errors.Is(err, io.EOF) {
			if ends++; ends > 1 {
				return fmt.Errorf("read clip: no picture in it: %w", ErrBadFile)
			}
			v.round += v.last + v.step
			v.last = -v.step
			if err := v.ivf.rewind(); err != nil {
				return err
			}
			continue
		}
		if err != nil {
			return err
		}
		p, err := v.dec.Decode(frame)
		if err != nil {
			return fmt.Errorf("read clip: %w", err)
		}
		if p == nil {
			continue
		}
		v.pic.Copy(p)
		v.pic.Time = v.round + v.due(stamp)
		return nil
	}
}

// due turns a timestamp into a time since this round began, which never runs
// backwards nor stands still for more than two seconds.
func (v *IVF) due(stamp uint64) time.Duration {
	at := time.Duration(min(float64(stamp)*v.ivf.unit, 1e6) * float64(time.Second))
	if step := at - v.last; step <= 0 || step > 2*time.Second {
		at = v.last + v.step
	} else {
		v.step = step
	}
	v.last = at
	return at
}

// Close closes the file and the decoder.
func (v *IVF) Close() error {
	v.pace.close()
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.closed {
		return nil
	}
	v.closed = true
	v.dec.Close()
	if c, ok := v.file.(io.Closer); ok {
		return c.Close()
	}
	return nil
}
