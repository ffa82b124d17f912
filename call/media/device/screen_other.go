//go:build !linux

package device

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/kbinani/screenshot"
)

// shots captures a display by one screenshot after the other, which is what
// Windows (GDI) and macOS (ScreenCaptureKit) give without a stream. The pointer
// is not in them.
type shots struct {
	index int
}

// guarded turns a panic of the library, as with a display that goes away
// between two calls, into an error.
func guarded(f func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("screenshot: %v", v)
		}
	}()
	return f()
}

func screens() (list []Device) {
	_ = guarded(func() error {
		for i := range screenshot.NumActiveDisplays() {
			b := screenshot.GetDisplayBounds(i)
			if b.Dx() < 2 || b.Dy() < 2 {
				continue
			}
			n := strconv.Itoa(i + 1)
			list = append(list, Device{ID: n, Label: fmt.Sprintf("%s (%d × %d)", n, b.Dx(), b.Dy())})
		}
		return nil
	})
	return list
}

func openGrabber(id string) (grabber, error) {
	index := 0
	if id != "" {
		n, err := strconv.Atoi(id)
		if err != nil || n < 1 {
			return nil, errors.New("no such screen")
		}
		index = n - 1
	}
	s := &shots{index: index}
	// The first picture tells whether this program may see the screen at all.
	if _, err := s.grab(); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *shots) grab() (p pixels, err error) {
	err = guarded(func() error {
		if s.index >= screenshot.NumActiveDisplays() {
			return errors.New("the screen is gone")
		}
		img, err := screenshot.CaptureDisplay(s.index)
		if err != nil {
			return err
		}
		p = pixels{data: img.Pix, stride: img.Stride, width: img.Rect.Dx(), height: img.Rect.Dy(), redFirst: true}
		return nil
	})
	return p, err
}

func (s *shots) close() {}
