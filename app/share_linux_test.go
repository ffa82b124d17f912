package main_test

import (
	"os"
	"testing"
	"time"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"

	"conclave/app/client"
	"conclave/app/core"
	"conclave/app/demo/display"
	"conclave/keys"
)

// A real screen: what a program draws on Anna's X server is seen by Bob.
func TestARealScreenIsShared(t *testing.T) {
	x, err := display.Open(t.TempDir(), 1280, 720)
	if err != nil {
		t.Skip("no virtual display: ", err)
	}
	defer x.Close()
	t.Setenv("DISPLAY", x.Name)
	t.Setenv("WAYLAND_DISPLAY", "")
	t.Setenv("XDG_SESSION_TYPE", "")
	t.Setenv("XAUTHORITY", os.DevNull)
	real, err := client.Hardware(client.Sources{Video: "none", Audio: "none", Record: "none"})
	if err != nil {
		t.Fatal(err)
	}
	url := serviceOf(t).url
	anna := newPerson(t, "Anna", url, func(cfg *core.Config) { cfg.Hardware.Screen, cfg.Hardware.List = real.Screen, real.List })
	bob := newPerson(t, "Bob", url)
	anna.start(keys.ModeE2EE, "")
	bob.knock(anna)
	anna.admit(bob)
	await(t, 5*time.Second, "one screen listed", func() bool { return len(anna.Latest().Devices.Screens) == 1 })
	anna.Send(core.SetShare{On: true, Screen: anna.Latest().Devices.Screens[0].ID})
	await(t, 10*time.Second, "Anna's screen at Bob's", func() bool { img, _ := bob.screen(anna); return img != nil })

	c, err := xgb.NewConn()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	drawn := time.Now()
	orangeWindow(t, c)
	await(t, 5*time.Second, "the orange window at Bob's", func() bool {
		img, _ := bob.screen(anna)
		in, out := img.RGBAAt(300, 150), img.RGBAAt(600, 300)
		return in.R > 220 && in.G > 100 && in.G < 160 && in.B < 40 && out.R < 40
	})
	t.Logf("drawn on Anna's screen, seen on Bob's %v later", time.Since(drawn))
	x.Close() // the monitor is pulled out
	await(t, 10*time.Second, "the lost screen told", func() bool {
		return anna.noticed(core.NoticeScreenMissing) && !bob.shares(anna)
	})
}

// orangeWindow covers the screen from 400, 200 to 800, 400.
func orangeWindow(t *testing.T, c *xgb.Conn) {
	t.Helper()
	screen := xproto.Setup(c).DefaultScreen(c)
	id, err := xproto.NewWindowId(c)
	if err != nil {
		t.Fatal(err)
	}
	err = xproto.CreateWindowChecked(c, screen.RootDepth, id, screen.Root, 400, 200, 400, 200, 0,
		xproto.WindowClassInputOutput, screen.RootVisual, xproto.CwBackPixel|xproto.CwOverrideRedirect, []uint32{0xff8000, 1}).Check()
	if err == nil {
		err = xproto.MapWindowChecked(c, id).Check()
	}
	if err != nil {
		t.Fatal(err)
	}
}
