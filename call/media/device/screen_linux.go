package device

import (
	"errors"
	"fmt"
	"image"
	"io"
	"log"
	"os"
	"strconv"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/randr"
	"github.com/jezek/xgb/shm"
	"github.com/jezek/xgb/xfixes"
	"github.com/jezek/xgb/xproto"
	"golang.org/x/sys/unix"
)

// The X protocol is spoken without Xlib, whose answer to an error, say when a
// screen shrinks while it is read, is to end the program.

func init() { xgb.Logger = log.New(io.Discard, "", 0) }

// Under Wayland an X server may answer too, but its screen is empty: only the
// compositor sees what others draw, and it is asked by a protocol that this
// program does not speak yet.
var errWayland = errors.New("this desktop shows its screen to no program")

// x11 captures one monitor of an X server.
type x11 struct {
	conn   *xgb.Conn
	root   xproto.Window
	area   image.Rectangle // of the monitor, in the root window
	red    bool            // red comes first
	shared []byte          // memory that the X server writes into; nil where it cannot
	seg    shm.Seg
	fixes  bool // the pointer's picture can be had
}

// monitor is a part of the X screen that a person takes for one screen.
type monitor struct {
	name string
	area image.Rectangle
}

func dialX() (*xgb.Conn, error) {
	if os.Getenv("WAYLAND_DISPLAY") != "" || os.Getenv("XDG_SESSION_TYPE") == "wayland" {
		return nil, errWayland
	}
	if os.Getenv("DISPLAY") == "" {
		return nil, errors.New("no X display")
	}
	return xgb.NewConn()
}

// extension makes an extension usable on this connection. xgb's own way writes
// to maps of the process that other connections read.
func extension(c *xgb.Conn, name string) bool {
	reply, err := xproto.QueryExtension(c, uint16(len(name)), name).Reply()
	if err != nil || !reply.Present {
		return false
	}
	c.ExtLock.Lock()
	defer c.ExtLock.Unlock()
	c.Extensions[name] = reply.MajorOpcode
	return true
}

// monitors asks which there are; at least the whole X screen.
func monitors(c *xgb.Conn) (list []monitor) {
	screen := xproto.Setup(c).DefaultScreen(c)
	whole := image.Rect(0, 0, int(screen.WidthInPixels), int(screen.HeightInPixels))
	if extension(c, "RANDR") {
		// Monitors came with version 1.5, which has to be announced.
		if v, err := randr.QueryVersion(c, 1, 5).Reply(); err == nil && (v.MajorVersion > 1 || v.MinorVersion >= 5) {
			if reply, err := randr.GetMonitors(c, screen.Root, true).Reply(); err == nil {
				list = named(c, reply.Monitors, whole)
			}
		}
	}
	if len(list) == 0 {
		list = []monitor{{"X11", whole}}
	}
	return list
}

func named(c *xgb.Conn, found []randr.MonitorInfo, whole image.Rectangle) (list []monitor) {
	for i, m := range found {
		area := image.Rect(int(m.X), int(m.Y), int(m.X)+int(m.Width), int(m.Y)+int(m.Height)).Intersect(whole)
		if area.Dx() < 2 || area.Dy() < 2 {
			continue
		}
		name := strconv.Itoa(i + 1)
		if reply, err := xproto.GetAtomName(c, m.Name).Reply(); err == nil && reply.Name != "" {
			name = reply.Name
		}
		list = append(list, monitor{name, area})
	}
	return list
}

func screens() []Device {
	c, err := dialX()
	if err != nil {
		return nil
	}
	defer c.Close()
	var list []Device
	for _, m := range monitors(c) {
		list = append(list, Device{ID: m.name, Label: fmt.Sprintf("%s (%d × %d)", m.name, m.area.Dx(), m.area.Dy())})
	}
	return list
}

func openGrabber(id string) (grabber, error) {
	c, err := dialX()
	if err != nil {
		return nil, err
	}
	x, err := newX11(c, id)
	if err != nil {
		c.Close()
		return nil, err
	}
	return x, nil
}

func newX11(c *xgb.Conn, id string) (*x11, error) {
	screen := xproto.Setup(c).DefaultScreen(c)
	x := &x11{conn: c, root: screen.Root}
	var ok bool
	if x.red, ok = readable(xproto.Setup(c), screen); !ok {
		return nil, errors.New("pixels of a kind that is not read")
	}
	for _, m := range monitors(c) {
		if id == "" || m.name == id {
			x.area = m.area
			x.fixes = extension(c, "XFIXES")
			if x.fixes {
				_, err := xfixes.QueryVersion(c, 4, 0).Reply()
				x.fixes = err == nil
			}
			x.share()
			return x, nil
		}
	}
	return nil, errors.New("no such screen")
}

// readable reports whether pixels have four bytes in an order that is known.
func readable(s *xproto.SetupInfo, screen *xproto.ScreenInfo) (redFirst, ok bool) {
	if s.ImageByteOrder != xproto.ImageOrderLSBFirst {
		return false, false
	}
	four := false
	for _, f := range s.PixmapFormats {
		four = four || f.Depth == screen.RootDepth && f.BitsPerPixel == 32
	}
	if !four {
		return false, false
	}
	for _, d := range screen.AllowedDepths {
		for _, v := range d.Visuals {
			if v.VisualId == screen.RootVisual && v.GreenMask == 0xff00 {
				switch {
				case v.RedMask == 0xff0000 && v.BlueMask == 0xff:
					return false, true
				case v.RedMask == 0xff && v.BlueMask == 0xff0000:
					return true, true
				}
			}
		}
	}
	return false, false
}

// share sets up memory that the X server writes into, which spares copying
// eight megabytes a picture through a socket. A server on another computer
// cannot.
func (x *x11) share() {
	if !extension(x.conn, "MIT-SHM") {
		return
	}
	id, err := unix.SysvShmGet(unix.IPC_PRIVATE, 4*x.area.Dx()*x.area.Dy(), unix.IPC_CREAT|0o600)
	if err != nil {
		return
	}
	// It goes away when nobody holds it any more, however this program ends.
	defer func() { _, _ = unix.SysvShmCtl(id, unix.IPC_RMID, nil) }()
	memory, err := unix.SysvShmAttach(id, 0, 0)
	if err != nil {
		return
	}
	seg, err := shm.NewSegId(x.conn)
	if err == nil {
		err = shm.AttachChecked(x.conn, seg, uint32(id), false).Check()
	}
	if err != nil {
		_ = unix.SysvShmDetach(memory)
		return
	}
	x.shared, x.seg = memory, seg
}

func (x *x11) grab() (pixels, error) {
	w, h := x.area.Dx(), x.area.Dy()
	p := pixels{stride: 4 * w, width: w, height: h, redFirst: x.red}
	at := x.area.Min
	if x.shared != nil {
		_, err := shm.GetImage(x.conn, xproto.Drawable(x.root), int16(at.X), int16(at.Y), uint16(w), uint16(h),
			^uint32(0), xproto.ImageFormatZPixmap, x.seg, 0).Reply()
		if err != nil {
			return p, err
		}
		p.data = x.shared
	} else {
		reply, err := xproto.GetImage(x.conn, xproto.ImageFormatZPixmap, xproto.Drawable(x.root),
			int16(at.X), int16(at.Y), uint16(w), uint16(h), ^uint32(0)).Reply()
		if err != nil {
			return p, err
		}
		p.data = reply.Data
	}
	if p.valid() && x.fixes {
		x.drawPointer(p)
	}
	return p, nil
}

// drawPointer paints the pointer over the picture, which does not hold it.
func (x *x11) drawPointer(p pixels) {
	c, err := xfixes.GetCursorImage(x.conn).Reply()
	if err != nil || len(c.CursorImage) < int(c.Width)*int(c.Height) {
		return
	}
	left, top := int(c.X)-int(c.Xhot)-x.area.Min.X, int(c.Y)-int(c.Yhot)-x.area.Min.Y
	blendPointer(p, c.CursorImage, int(c.Width), left, top)
}

// blendPointer draws premultiplied ARGB of a width over p, with its corner at
// left and top; what lies outside of p is left out.
func blendPointer(p pixels, argb []uint32, width, left, top int) {
	for i, v := range argb {
		alpha := v >> 24
		if alpha == 0 || width <= 0 {
			continue
		}
		px, py := left+i%width, top+i/width
		if px < 0 || py < 0 || px >= p.width || py >= p.height {
			continue
		}
		red, blue := v>>16&255, v&255
		if p.redFirst {
			red, blue = blue, red
		}
		d := p.data[py*p.stride+4*px:]
		for k, c := range [3]uint32{blue, v >> 8 & 255, red} {
			d[k] = byte(min(c+uint32(d[k])*(255-alpha)/255, 255))
		}
	}
}

func (x *x11) close() {
	if x.shared != nil {
		shm.Detach(x.conn, x.seg)
		_ = unix.SysvShmDetach(x.shared) // it is given up whatever it says
		x.shared = nil
	}
	x.conn.Close()
}
