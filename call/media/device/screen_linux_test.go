package device

import (
	"bufio"
	"context"
	"errors"
	"image"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"
	"go.uber.org/goleak"

	"conclave/call/media"
)

// xvfb starts an X server without a monitor and returns it; DISPLAY leads there.
func xvfb(t *testing.T, size string) *exec.Cmd {
	t.Helper()
	path, err := exec.LookPath("Xvfb")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("Xvfb is not installed")
		}
		t.Skip("Xvfb is not installed")
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	cmd := exec.Command(path, "-displayfd", "3", "-screen", "0", size, "-nolisten", "tcp", "-noreset")
	cmd.ExtraFiles = []*os.File{w}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = w.Close()
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	line, err := bufio.NewReader(r).ReadString('\n')
	if err != nil {
		t.Fatal("Xvfb did not start: ", err)
	}
	t.Setenv("DISPLAY", ":"+strings.TrimSpace(line))
	t.Setenv("WAYLAND_DISPLAY", "")
	t.Setenv("XDG_SESSION_TYPE", "")
	t.Setenv("XAUTHORITY", os.DevNull)
	return cmd
}

// fill paints a window over a part of the X screen.
func fill(t *testing.T, c *xgb.Conn, r image.Rectangle, colour uint32) {
	t.Helper()
	screen := xproto.Setup(c).DefaultScreen(c)
	id, err := xproto.NewWindowId(c)
	if err != nil {
		t.Fatal(err)
	}
	err = xproto.CreateWindowChecked(c, screen.RootDepth, id, screen.Root, int16(r.Min.X), int16(r.Min.Y), uint16(r.Dx()), uint16(r.Dy()), 0,
		xproto.WindowClassInputOutput, screen.RootVisual, xproto.CwBackPixel|xproto.CwOverrideRedirect, []uint32{colour, 1}).Check()
	if err == nil {
		err = xproto.MapWindowChecked(c, id).Check()
	}
	if err != nil {
		t.Fatal(err)
	}
}

func painted(pic *media.I420) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, pic.Width, pic.Height))
	new(Painter).Paint(img, pic)
	return img
}

func TestX11ScreenIsCaptured(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	for _, size := range []string{"640x360x24", "802x601x24"} {
		server := xvfb(t, size)
		list := screens()
		if len(list) != 1 || list[0].ID == "" || !strings.Contains(list[0].Label, "×") {
			t.Fatalf("screens: %+v", list)
		}
		s, err := OpenScreen(ScreenConfig{ID: list[0].ID, FrameRate: 50})
		if err != nil {
			t.Fatal(err)
		}
		x, ok := s.from.(*x11)
		if !ok || x.shared == nil {
			t.Error("not captured through shared memory")
		}
		c, err := xgb.NewConn()
		if err != nil {
			t.Fatal(err)
		}
		fill(t, c, image.Rect(100, 50, 300, 250), 0xff2000)
		pic, err := s.Read(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		img := painted(pic)
		if p := img.RGBAAt(200, 150); p.R < 240 || p.G > 45 || p.B > 15 {
			t.Errorf("the red window is %v", p)
		}
		if p := img.RGBAAt(20, 20); p.R > 15 {
			t.Errorf("beside it is %v", p)
		}
		// The same without shared memory.
		slow := *x
		slow.shared = nil
		p, err := slow.grab()
		if err != nil || !p.valid() {
			t.Fatal("through the socket: ", err)
		}
		if at := p.data[150*p.stride+4*200:]; at[2] != 0xff || at[1] != 0x20 {
			t.Errorf("through the socket the red window is %v", at[:4])
		}
		c.Close()
		_ = server.Process.Kill()
		_, err = s.Read(context.Background())
		for err == nil {
			_, err = s.Read(context.Background())
		}
		if !errors.Is(err, media.ErrDeviceLost) {
			t.Errorf("after the screen went away: %v", err)
		}
		_ = s.Close()
	}
}

func TestScreenOfAnotherKindIsRefused(t *testing.T) {
	xvfb(t, "320x200x16")
	if _, err := OpenScreen(ScreenConfig{}); !errors.Is(err, media.ErrDeviceMissing) {
		t.Errorf("a screen of 16 bits: %v", err)
	}
	if _, err := OpenScreen(ScreenConfig{ID: "no such"}); !errors.Is(err, media.ErrDeviceMissing) {
		t.Errorf("a screen that is not there: %v", err)
	}
}

func TestScreenCaptureOf1080pIsCheap(t *testing.T) {
	xvfb(t, "1920x1080x24")
	s, err := OpenScreen(ScreenConfig{FrameRate: 1000})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	began := time.Now()
	const n = 40
	for range n {
		if _, err := s.Read(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	each := time.Since(began) / n
	t.Logf("%v for each quiet picture of 1080p", each)
	if each > 60*time.Millisecond { // half of what eight a second leave
		t.Errorf("%v for each picture", each)
	}
}

func TestWithoutAScreenThereIsNothingToShare(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	for _, env := range [][3]string{{"", "", ""}, {":7777", "", ""}, {":0", "wayland-0", ""}, {":0", "", "wayland"}} {
		t.Setenv("DISPLAY", env[0])
		t.Setenv("WAYLAND_DISPLAY", env[1])
		t.Setenv("XDG_SESSION_TYPE", env[2])
		if list := screens(); len(list) != 0 {
			t.Errorf("%v lists %v", env, list)
		}
		if _, err := OpenScreen(ScreenConfig{}); !errors.Is(err, media.ErrDeviceMissing) {
			t.Errorf("%v opened: %v", env, err)
		}
	}
}
