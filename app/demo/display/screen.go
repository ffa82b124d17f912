// Package display is a virtual display for the demonstration and the
// benchmarks: it starts Xvfb, types into the window on it, and reads back what
// the window shows. It knows nothing of meetings.
package display

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Screen is a virtual display with one window on it. Its pixels are read from
// the frame buffer file that Xvfb keeps, so that looking costs no X request
// and a picture's age on the glass can be told to a few milliseconds.
type Screen struct {
	Name   string // of the display, ":101"
	xvfb   *exec.Cmd
	buffer *os.File

	mu     sync.Mutex
	raw    []byte
	header xwd
}

// xwd is what is needed of an X window dump's header (X11/XWDFile.h).
type xwd struct {
	pixels, stride, width, height int
}

// Open starts Xvfb with a screen of width x height.
func Open(dir string, width, height int) (*Screen, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	cmd := exec.Command("Xvfb", "-displayfd", "3", "-screen", "0", fmt.Sprintf("%dx%dx24", width, height),
		"-fbdir", dir, "-nolisten", "tcp", "-noreset")
	cmd.ExtraFiles = []*os.File{w}
	err = cmd.Start()
	_ = w.Close()
	if err != nil {
		return nil, fmt.Errorf("start the virtual display: %w", err)
	}
	// The whole line has to be read: Xvfb ends when its newline finds nobody.
	_ = r.SetReadDeadline(time.Now().Add(20 * time.Second))
	number, err := bufio.NewReaderSize(r, 16).ReadString('\n')
	if err != nil {
		_ = cmd.Process.Kill()
		return nil, errors.New("start the virtual display: Xvfb gave no display number")
	}
	s := &Screen{xvfb: cmd}
	s.Name = ":" + strings.TrimSpace(number)
	s.buffer, err = os.Open(filepath.Join(dir, "Xvfb_screen0"))
	if err == nil {
		err = s.readHeader()
	}
	if err != nil {
		s.Close()
		return nil, fmt.Errorf("read the virtual display: %w", err)
	}
	return s, nil
}

func (s *Screen) readHeader() error {
	h := make([]byte, 100)
	if _, err := s.buffer.ReadAt(h, 0); err != nil {
		return err
	}
	field := func(i int) int { return int(binary.BigEndian.Uint32(h[4*i:])) }
	if field(1) != 7 || field(11) != 32 {
		return errors.New("not a 32-bit X window dump of version 7")
	}
	s.header = xwd{pixels: field(0) + 12*field(19), width: field(4), height: field(5), stride: field(12)}
	s.raw = make([]byte, s.header.stride*s.header.height)
	return nil
}

// Look copies what the screen shows now into img, which is made when nil.
func (s *Screen) Look(img *image.RGBA) (*image.RGBA, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if img == nil {
		img = image.NewRGBA(image.Rect(0, 0, s.header.width, s.header.height))
	}
	if _, err := s.buffer.ReadAt(s.raw, int64(s.header.pixels)); err != nil {
		return nil, fmt.Errorf("read the virtual display: %w", err)
	}
	for y := range s.header.height {
		src := s.raw[y*s.header.stride:][:4*s.header.width]
		dst := img.Pix[y*img.Stride:][:4*s.header.width]
		for i := 0; i < len(src); i += 4 {
			dst[i], dst[i+1], dst[i+2], dst[i+3] = src[i+2], src[i+1], src[i], 255
		}
	}
	return img, nil
}

// Save writes what the screen shows now to a PNG file.
func (s *Screen) Save(path string) error {
	img, err := s.Look(nil)
	if err != nil {
		return err
	}
	return writePNG(path, img)
}

func writePNG(path string, img image.Image) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := png.Encode(f, img); err != nil {
		_ = f.Close()
		return err
	}
	return f.Close()
}

// Close ends the display.
func (s *Screen) Close() {
	if s.buffer != nil {
		_ = s.buffer.Close()
	}
	_ = s.xvfb.Process.Kill()
	_ = s.xvfb.Wait()
	_ = os.Remove("/tmp/.X" + strconv.Itoa(atoi(s.Name)) + "-lock")
}

func atoi(display string) int {
	n, _ := strconv.Atoi(display[1:])
	return n
}
