package device

import (
	"context"
	"errors"
	"image"
	"io"
	"testing"
	"time"

	"github.com/pion/mediadevices/pkg/driver"
	"github.com/pion/mediadevices/pkg/driver/availability"
	"github.com/pion/mediadevices/pkg/frame"
	"github.com/pion/mediadevices/pkg/io/video"
	"github.com/pion/mediadevices/pkg/prop"

	"conclave/call/media"
)

// fakeCamera is a driver as mediadevices wants it, without hardware.
type fakeCamera struct {
	formats []prop.Media
	used    prop.Media
	busy    bool
	left    int // pictures until it is unplugged; negative: never
	stop    chan struct{}
}

func (c *fakeCamera) Open() error              { c.stop = make(chan struct{}); return nil }
func (c *fakeCamera) Close() error             { close(c.stop); return nil }
func (c *fakeCamera) Properties() []prop.Media { return c.formats }

func (c *fakeCamera) IsAvailable() (bool, error) {
	if c.busy {
		return false, availability.ErrBusy
	}
	return true, nil
}

func (c *fakeCamera) VideoRecord(p prop.Media) (video.Reader, error) {
	c.used = p
	img := image.NewYCbCr(image.Rect(0, 0, p.Width, p.Height), image.YCbCrSubsampleRatio422)
	for i := range img.Y {
		img.Y[i] = 255
	}
	for i := range img.Cb {
		img.Cb[i], img.Cr[i] = 255, 0
	}
	return video.ReaderFunc(func() (image.Image, func(), error) {
		if c.left == 0 {
			return nil, func() {}, errors.New("no such device")
		}
		c.left--
		select {
		case <-time.After(time.Millisecond):
			return img, func() {}, nil
		case <-c.stop:
			return nil, func() {}, io.EOF
		}
	}), nil
}

func format(w, h int, fps float32, f frame.Format) prop.Media {
	return prop.Media{Video: prop.Video{Width: w, Height: h, FrameRate: fps, FrameFormat: f}}
}

// plug registers a driver and returns what openCamera is given.
func plug(t *testing.T, c *fakeCamera) driver.Driver {
	t.Helper()
	m := driver.GetManager()
	if err := m.Register(c, driver.Info{Label: t.Name(), DeviceType: driver.Camera}); err != nil {
		t.Fatal(err)
	}
	found := m.Query(func(d driver.Driver) bool { return d.Info().Label == t.Name() })
	if len(found) != 1 {
		t.Fatalf("%d drivers registered", len(found))
	}
	t.Cleanup(func() { m.Delete(found[0].ID()) })
	return found[0]
}

func TestCameraPictureBecomesLimitedRange(t *testing.T) {
	cam := &fakeCamera{left: -1, formats: []prop.Media{format(640, 360, 30, frame.FormatMJPEG)}}
	c, err := openCamera(plug(t, cam), CameraConfig{Width: 640, Height: 360, FrameRate: 30})
	if err != nil {
		t.Fatal(err)
	}
	p, err := c.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if p.Width != 640 || p.Height != 360 || p.Y[0] != 235 || p.U[0] != 240 || p.V[0] != 16 {
		t.Errorf("%dx%d with %d, %d, %d; want 640x360 with 235, 240, 16", p.Width, p.Height, p.Y[0], p.U[0], p.V[0])
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if _, err := c.Read(t.Context()); !errors.Is(err, media.ErrSourceClosed) {
		t.Errorf("read after close: %v", err)
	}
}

func TestCameraThatIsUnpluggedIsLost(t *testing.T) {
	c, err := openCamera(plug(t, &fakeCamera{left: 3, formats: []prop.Media{format(640, 480, 30, frame.FormatYUYV)}}), CameraConfig{Width: 640, Height: 360, FrameRate: 30})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	n := 0
	for ; err == nil; n++ {
		_, err = c.Read(t.Context())
	}
	if n != 4 || !errors.Is(err, media.ErrDeviceLost) {
		t.Errorf("read %d: %v, want ErrDeviceLost at the fourth", n, err)
	}
}

func TestCameraFaultsHaveNames(t *testing.T) {
	want := CameraConfig{Width: 640, Height: 360, FrameRate: 30}
	if _, err := openCamera(plug(t, &fakeCamera{busy: true}), want); !errors.Is(err, media.ErrDeviceBusy) {
		t.Errorf("busy camera: %v", err)
	}
	if _, err := OpenCamera(CameraConfig{ID: "no such camera"}); !errors.Is(err, media.ErrDeviceMissing) {
		t.Errorf("missing camera: %v", err)
	}
}

func TestCancelledReadLeavesTheCameraUsable(t *testing.T) {
	c, err := openCamera(plug(t, &fakeCamera{left: -1, formats: []prop.Media{format(640, 480, 30, frame.FormatI420)}}), CameraConfig{Width: 640, Height: 360, FrameRate: 30})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 5 {
		_, _ = c.Read(ctx) // either answer will do
	}
	if _, err := c.Read(t.Context()); err != nil {
		t.Errorf("read after a cancelled one: %v", err)
	}
}

func TestNearestFormatIsChosen(t *testing.T) {
	for name, row := range map[string]struct {
		formats []prop.Media
		want    int
	}{
		"exact size":            {[]prop.Media{format(1280, 720, 30, frame.FormatYUYV), format(640, 360, 30, frame.FormatYUYV)}, 1},
		"uncompressed first":    {[]prop.Media{format(640, 360, 30, frame.FormatMJPEG), format(640, 360, 30, frame.FormatYUYV)}, 1},
		"rate before format":    {[]prop.Media{format(640, 360, 10, frame.FormatYUYV), format(640, 360, 30, frame.FormatMJPEG)}, 1},
		"larger before smaller": {[]prop.Media{format(320, 180, 30, frame.FormatYUYV), format(1280, 720, 30, frame.FormatYUYV)}, 1},
		"unknown format":        {[]prop.Media{format(640, 360, 30, frame.FormatZ16), format(320, 240, 30, frame.FormatYUYV)}, 1},
		"60 is not wanted":      {[]prop.Media{format(640, 360, 60, frame.FormatYUYV), format(640, 360, 30, frame.FormatYUYV)}, 1},
	} {
		got, ok := nearest(row.formats, CameraConfig{Width: 640, Height: 360, FrameRate: 30})
		if want := row.formats[row.want]; !ok || got.Width != want.Width || got.FrameFormat != want.FrameFormat || got.FrameRate != want.FrameRate {
			t.Errorf("%s: chose %dx%d %v %v", name, got.Width, got.Height, got.FrameRate, got.FrameFormat)
		}
	}
	if _, ok := nearest(nil, CameraConfig{Width: 640, Height: 360, FrameRate: 30}); ok {
		t.Error("chose a format out of none")
	}
}
