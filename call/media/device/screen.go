package device

import (
	"context"
	"fmt"
	"sync"
	"time"

	"conclave/call/media"
)

// ScreenConfig says which screen is captured and how often.
type ScreenConfig struct {
	ID        string // a Device.ID of Screens; "" is the first
	FrameRate int    // pictures a second; 8 when zero
}

// grabber is one operating system's way to copy the pixels of a screen. Its
// calls may come from several goroutines, but not at the same time.
type grabber interface {
	// grab copies what the screen shows now, with the pointer where the system
	// tells it. The pixels are valid until the next grab. An error ends the
	// grabber's life: the screen is gone, or may not be seen.
	grab() (pixels, error)
	close()
}

// pixels are four bytes each: blue, green, red, or the other way round.
type pixels struct {
	data          []byte
	stride        int // in bytes
	width, height int
	redFirst      bool
}

func (p pixels) valid() bool {
	return p.width >= 2 && p.height >= 2 && p.width <= maxScreen && p.height <= maxScreen &&
		p.stride >= 4*p.width && len(p.data) >= p.stride*(p.height-1)+4*p.width
}

// maxScreen bounds a captured picture; an 8k screen has 7,680 columns.
const maxScreen = 16384

// Screen captures one screen of this computer. See media.VideoSource. Pictures
// in which nothing changed are marked Still.
type Screen struct {
	interval time.Duration
	end      chan struct{}
	once     sync.Once
	start    time.Time
	next     time.Time
	pic      media.I420
	before   []byte // the pixels of the last picture

	mu   sync.Mutex // guards from while it grabs or is closed
	from grabber    // nil once closed
}

// Screens lists what can be shared; none where this computer does not let a
// program see its screen, as under Wayland.
func Screens() []Device { return screens() }

// OpenScreen begins to capture a screen. Where there is none, or none may be
// seen, it fails with media.ErrDeviceMissing.
func OpenScreen(cfg ScreenConfig) (*Screen, error) {
	if cfg.FrameRate <= 0 {
		cfg.FrameRate = 8
	}
	from, err := openGrabber(cfg.ID)
	if err != nil {
		return nil, fmt.Errorf("open screen: %w (%v)", media.ErrDeviceMissing, err)
	}
	return newScreen(from, cfg.FrameRate), nil
}

func newScreen(from grabber, rate int) *Screen {
	now := time.Now()
	return &Screen{
		from: from, interval: time.Second / time.Duration(rate), end: make(chan struct{}), start: now, next: now,
	}
}

// Read waits for the next picture. A screen that was unplugged, changed its
// size beyond reach, or may not be seen any more is ErrDeviceLost.
func (s *Screen) Read(ctx context.Context) (*media.I420, error) {
	now := time.Now()
	wait := s.next.Sub(now)
	if wait < -s.interval {
		s.next = now // a machine that cannot keep up is not pressed to catch up
	}
	s.next = s.next.Add(s.interval)
	if wait > 0 {
		t := time.NewTimer(wait)
		defer t.Stop()
		select {
		case <-t.C:
		case <-s.end:
			return nil, fmt.Errorf("read screen: %w", media.ErrSourceClosed)
		case <-ctx.Done():
			s.next = s.next.Add(-s.interval)
			return nil, ctx.Err()
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.from == nil {
		return nil, fmt.Errorf("read screen: %w", media.ErrSourceClosed)
	}
	p, err := s.from.grab()
	if err != nil {
		return nil, fmt.Errorf("read screen: %w (%v)", media.ErrDeviceLost, err)
	}
	if !p.valid() {
		return nil, fmt.Errorf("read screen: %w (a picture without pixels)", media.ErrDeviceLost)
	}
	s.take(p)
	s.pic.Time = time.Since(s.start)
	return &s.pic, nil
}

// take turns pixels into the picture, unless they are the ones of before.
func (s *Screen) take(p pixels) {
	w, h := p.width&^1, p.height&^1
	same := s.pic.Width == w && s.pic.Height == h && samePixels(&s.before, p)
	s.pic.Still = same
	if !same {
		s.pic.Resize(w, h)
		fromPixels(&s.pic, p)
	}
}

// samePixels compares p with what before holds, and keeps p there.
func samePixels(before *[]byte, p pixels) bool {
	row := 4 * p.width
	if len(*before) != row*p.height {
		*before = make([]byte, row*p.height)
	}
	same := true
	for y := range p.height {
		from, kept := p.data[y*p.stride:y*p.stride+row], (*before)[y*row:(y+1)*row]
		if same && string(from) == string(kept) {
			continue
		}
		same = false
		copy(kept, from)
	}
	return same
}

// Close ends the capture.
func (s *Screen) Close() error {
	s.once.Do(func() {
		close(s.end)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.from.close()
		s.from = nil
	})
	return nil
}

var _ media.VideoSource = (*Screen)(nil)
