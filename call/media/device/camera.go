package device

import (
	"context"
	"errors"
	"fmt"
	"image"
	"math"
	"sync"
	"time"

	"github.com/pion/mediadevices/pkg/driver"
	"github.com/pion/mediadevices/pkg/driver/availability"
	"github.com/pion/mediadevices/pkg/driver/camera"
	"github.com/pion/mediadevices/pkg/frame"
	"github.com/pion/mediadevices/pkg/io/video"
	"github.com/pion/mediadevices/pkg/prop"

	"conclave/call/media"
)

// CameraConfig says which camera is opened and how.
type CameraConfig struct {
	ID            string // a Device.ID of List; "" is the system's first
	Width, Height int    // wished size; 640x360 when zero
	FrameRate     int    // wished rate; 30 when zero
}

// discover guards the driver's list of cameras, which is the process's.
var discover sync.Mutex

func cameras() []driver.Driver {
	discover.Lock()
	defer discover.Unlock()
	camera.Initialize() // looks again for what is plugged in
	return driver.GetManager().Query(driver.FilterAnd(driver.FilterVideoRecorder(), driver.FilterDeviceType(driver.Camera)))
}

// Camera is a camera. See media.VideoSource.
type Camera struct {
	drv    driver.Driver
	reader video.Reader
	full   bool // the driver delivers full-range pictures
	start  time.Time
	pic    media.I420
	frames chan shot
	next   chan struct{}
	end    chan struct{}
	once   sync.Once
	wait   sync.WaitGroup
}

type shot struct {
	img     image.Image
	release func()
	err     error
}

// OpenCamera opens a camera in the format nearest to the one asked for, and
// prefers uncompressed pictures where they are as good.
func OpenCamera(cfg CameraConfig) (*Camera, error) {
	if cfg.Width == 0 || cfg.Height == 0 {
		cfg.Width, cfg.Height = 640, 360
	}
	if cfg.FrameRate == 0 {
		cfg.FrameRate = 30
	}
	found := error(media.ErrDeviceMissing)
	for _, d := range cameras() {
		if cfg.ID != "" && d.Info().Label != cfg.ID {
			continue
		}
		c, err := openCamera(d, cfg)
		if err == nil {
			return c, nil
		}
		found = err
	}
	return nil, fmt.Errorf("open camera: %w", found)
}

func openCamera(d driver.Driver, cfg CameraConfig) (*Camera, error) {
	if ok, err := driver.IsAvailable(d); !ok && err != nil && !errors.Is(err, availability.ErrUnimplemented) {
		return nil, cameraError(err)
	}
	if err := d.Open(); err != nil {
		return nil, cameraError(err)
	}
	format, ok := nearest(d.Properties(), cfg)
	if !ok {
		_ = d.Close() // nothing is left to do about an error
		return nil, media.ErrDeviceMissing
	}
	rec, ok := d.(driver.VideoRecorder)
	if !ok {
		_ = d.Close() // as above
		return nil, media.ErrDeviceMissing
	}
	reader, err := rec.VideoRecord(format)
	if err != nil {
		_ = d.Close() // as above
		return nil, cameraError(err)
	}
	c := &Camera{
		drv: d, reader: reader, full: format.FrameFormat == frame.FormatMJPEG, start: time.Now(),
		frames: make(chan shot), next: make(chan struct{}, 1), end: make(chan struct{}),
	}
	c.wait.Add(1)
	go c.pump()
	return c, nil
}

func cameraError(err error) error {
	switch {
	case errors.Is(err, availability.ErrBusy), busy(err):
		return media.ErrDeviceBusy
	default:
		return fmt.Errorf("%w (%v)", media.ErrDeviceMissing, err)
	}
}

// nearest picks the format whose size is nearest to the wish, then the one
// with enough pictures a second, then the one that is cheapest to read.
func nearest(formats []prop.Media, cfg CameraConfig) (prop.Media, bool) {
	cost := map[frame.Format]float64{
		frame.FormatI420: 0, frame.FormatNV12: 0.01, frame.FormatNV21: 0.01,
		frame.FormatYUY2: 0.02, frame.FormatYUYV: 0.02, frame.FormatUYVY: 0.02, frame.FormatMJPEG: 0.1,
	}
	best, found := prop.Media{}, false
	least := math.Inf(1)
	for _, f := range formats {
		price, known := cost[f.FrameFormat]
		if !known || f.Width < 16 || f.Height < 16 || f.Width > maxSide || f.Height > maxSide {
			continue
		}
		area := math.Log(float64(f.Width*f.Height) / float64(cfg.Width*cfg.Height))
		if area < 0 {
			area *= -2 // growing a picture is worse than shrinking it
		}
		score := area + price + math.Abs(math.Log(float64(f.Width*cfg.Height)/float64(f.Height*cfg.Width)))
		if f.FrameRate > 0 && f.FrameRate < float32(cfg.FrameRate)-1 {
			score += 1.5 * math.Log(float64(cfg.FrameRate)/float64(f.FrameRate))
		}
		if f.FrameRate > float32(cfg.FrameRate)+1 {
			score += 0.05
		}
		if score < least {
			best, least, found = f, score, true
		}
	}
	return best, found
}

// pump reads the driver, whose waiting cannot be cut short, so that Read can.
func (c *Camera) pump() {
	defer c.wait.Done()
	for {
		select {
		case <-c.next:
		case <-c.end:
			return
		}
		img, release, err := c.reader.Read()
		select {
		case c.frames <- shot{img, release, err}:
		case <-c.end:
			if err == nil {
				release()
			}
			return
		}
		if err != nil {
			return
		}
	}
}

// Read waits for the next picture. A camera that was unplugged, or has been
// silent for five seconds, is ErrDeviceLost.
func (c *Camera) Read(ctx context.Context) (*media.I420, error) {
	select {
	case c.next <- struct{}{}:
	default: // asked for already, by a Read that was cancelled
	}
	select {
	case s := <-c.frames:
		if s.err != nil {
			return nil, fmt.Errorf("read camera: %w (%v)", media.ErrDeviceLost, s.err)
		}
		err := toI420(&c.pic, s.img, c.full)
		s.release()
		if err != nil {
			return nil, fmt.Errorf("read camera: %w", err)
		}
		c.pic.Time = time.Since(c.start)
		return &c.pic, nil
	case <-c.end:
		return nil, fmt.Errorf("read camera: %w", media.ErrSourceClosed)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Close switches the camera off.
func (c *Camera) Close() error {
	c.once.Do(func() {
		close(c.end)
		_ = c.drv.Close() // nothing is left to do about an error
		c.wait.Wait()
	})
	return nil
}

var _ media.VideoSource = (*Camera)(nil)
