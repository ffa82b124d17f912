package media

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

// maxSide bounds the pictures that are read from files.
const maxSide = 4096

// Y4M is an uncompressed YUV4MPEG2 file in 4:2:0 that plays in real time,
// again and again.
type Y4M struct {
	pace *pace
	pic  *I420
	step time.Duration
	n    int

	mu     sync.Mutex // guards the file against Close
	file   io.ReadSeeker
	buf    *bufio.Reader
	closed bool
}

// OpenY4M opens a file.
func OpenY4M(path string) (*Y4M, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open clip: %w", err)
	}
	v, err := NewY4M(f)
	if err != nil {
		return nil, fmt.Errorf("open clip %q: %w", path, errors.Join(err, f.Close()))
	}
	return v, nil
}

// NewY4M plays what r holds and closes r with the source if it is a Closer.
func NewY4M(r io.ReadSeeker) (*Y4M, error) {
	v := &Y4M{file: r, pace: newPace(), buf: bufio.NewReaderSize(r, 64<<10)}
	header, err := v.line()
	if err != nil {
		return nil, err
	}
	width, height, rate, err := parseY4M(header)
	if err != nil {
		return nil, err
	}
	v.pic = NewI420(width, height)
	v.step = time.Duration(float64(time.Second) / rate)
	return v, nil
}

// line reads a header, which ends with a line feed.
func (v *Y4M) line() (string, error) {
	b, err := v.buf.ReadSlice('\n')
	if err != nil {
		if errors.Is(err, io.EOF) && len(bytes.TrimSpace(b)) == 0 {
			return "", io.EOF
		}
		return "", fmt.Errorf("read Y4M header: %w", ErrBadFile)
	}
	return string(b[:len(b)-1]), nil
}

func parseY4M(header string) (width, height int, rate float64, err error) {
	fields := strings.Fields(header)
	if len(fields) == 0 || fields[0] != "YUV4MPEG2" {
		return 0, 0, 0, fmt.Errorf("read Y4M header: %w", ErrBadFile)
	}
	rate = 30
	for _, f := range fields[1:] {
		value := f[1:]
		switch f[0] {
		case 'W':
			width, err = strconv.Atoi(value)
		case 'H':
			height, err = strconv.Atoi(value)
		case 'F':
			rate, err = parseRate(value)
		case 'C':
			if !strings.HasPrefix(value, "420") || strings.HasPrefix(value, "420p1") {
				err = ErrBadFile
			}
		case 'I':
			if value != "p" && value != "?" {
				err = ErrBadFile
			}
		}
		if err != nil {
			return 0, 0, 0, fmt.Errorf("read Y4M header: field %q: %w", f[:1], ErrBadFile)
		}
	}
	if width < 2 || height < 2 || width > maxSide || height > maxSide || rate < 1 || rate > 240 {
		return 0, 0, 0, fmt.Errorf("read Y4M header: size or rate out of range: %w", ErrBadFile)
	}
	return width, height, rate, nil
}

func parseRate(s string) (float64, error) {
	a, b, ok := strings.Cut(s, ":")
	n, err1 := strconv.Atoi(a)
	d, err2 := strconv.Atoi(b)
	if !ok || err1 != nil || err2 != nil || d <= 0 {
		return 0, ErrBadFile
	}
	return float64(n) / float64(d), nil
}

// Read waits until the next picture is due.
func (v *Y4M) Read(ctx context.Context) (*I420, error) {
	if err := v.load(); err != nil {
		return nil, err
	}
	at := time.Duration(v.n) * v.step
	if err := v.pace.wait(ctx, "read clip", at); err != nil {
		return nil, err
	}
	v.n++
	v.pic.Time = at
	return v.pic, nil
}

func (v *Y4M) load() error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.closed {
		return fmt.Errorf("read clip: %w", ErrSourceClosed)
	}
	err := v.frame()
	if !errors.Is(err, io.EOF) {
		return err
	}
	if _, err := v.file.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("rewind clip: %w", err)
	}
	v.buf.Reset(v.file)
	if _, err := v.line(); err != nil {
		return fmt.Errorf("rewind clip: %w", ErrBadFile)
	}
	if err := v.frame(); err != nil {
		return fmt.Errorf("read clip: no picture in it: %w", ErrBadFile)
	}
	return nil
}

// frame reads one picture; io.EOF at the end, also where the last is cut off.
func (v *Y4M) frame() error {
	header, err := v.line()
	if err != nil {
		return err
	}
	if header != "FRAME" && !strings.HasPrefix(header, "FRAME ") {
		return fmt.Errorf("read clip: %w", ErrBadFile)
	}
	for _, plane := range [][]byte{v.pic.Y, v.pic.U, v.pic.V} {
		if _, err := io.ReadFull(v.buf, plane); err != nil {
			return io.EOF
		}
	}
	return nil
}

// Close closes the file.
func (v *Y4M) Close() error {
	v.pace.close()
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.closed {
		return nil
	}
	v.closed = true
	if c, ok := v.file.(io.Closer); ok {
		return c.Close()
	}
	return nil
}
