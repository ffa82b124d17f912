package media

import (
	"image"
	"sync"
	"testing"
)

func TestTileShowsNewestWholePictures(t *testing.T) {
	tile := NewTile()
	if img, n := tile.Latest(); img != nil || n != 0 {
		t.Fatalf("a new tile shows %v, %d", img, n)
	}
	if tile.Begin() != nil {
		t.Fatal("an invisible tile asks for pictures")
	}
	tile.Resize(16, 9)
	const pictures = 5000
	var done sync.WaitGroup
	done.Go(func() {
		for n := 1; n <= pictures; n++ {
			img := tile.Begin()
			for i := range img.Pix {
				img.Pix[i] = byte(n)
			}
			tile.Done()
		}
	})
	last := uint64(0)
	for last < pictures {
		img, n := tile.Latest()
		if img == nil {
			continue
		}
		if n < last {
			t.Fatalf("picture %d after %d", n, last)
		}
		last = n
		for _, v := range img.Pix { // the writer must not touch what is shown
			if v != byte(n) {
				t.Fatalf("picture %d holds parts of another", n)
			}
		}
	}
	done.Wait()
}

func TestShownPictureIsNotPaintedOver(t *testing.T) {
	tile := NewTile()
	tile.Resize(4, 4)
	paint := func(v byte) {
		img := tile.Begin()
		for i := range img.Pix {
			img.Pix[i] = v
		}
		tile.Done()
	}
	for v := byte(1); v < 20; v++ {
		paint(v)
		shown, _ := tile.Latest()
		for k := range byte(5) {
			paint(100 + k)
			if shown.Pix[0] != v {
				t.Fatalf("picture %d was painted over by %d while it was shown", v, 100+k)
			}
		}
	}
}

func TestTileFollowsItsSize(t *testing.T) {
	tile := NewTile()
	for _, size := range []image.Point{{10, 10}, {20, 5}, {20, 5}, {99999, -3}} {
		tile.Resize(size.X, size.Y)
		img := tile.Begin()
		if size.Y < 0 {
			if img != nil {
				t.Error("a tile without height asks for pictures")
			}
			continue
		}
		if img.Rect.Size() != size {
			t.Errorf("paints %v, want %v", img.Rect.Size(), size)
		}
		tile.Done()
		if got, _ := tile.Latest(); got.Rect.Size() != size {
			t.Errorf("shows %v, want %v", got.Rect.Size(), size)
		}
	}
}

func TestPaintingATileDoesNotAllocate(t *testing.T) {
	tile := NewTile()
	tile.Resize(64, 36)
	p := painter{codecs: PlainPainter{}, tile: tile}
	pic := NewI420(128, 96)
	for range 5 {
		p.paint(pic)
		tile.Latest()
	}
	if n := testing.AllocsPerRun(100, func() { p.paint(pic); tile.Latest() }); n != 0 {
		t.Errorf("%v allocations a picture, want 0", n)
	}
}

// What lies beside a screen of another shape is the window's to fill, so the
// picture has the screen's own proportions and no bars.
func TestScreenIsShownWholeInItsProportions(t *testing.T) {
	for _, row := range []struct{ tw, th, w, h, gotW, gotH int }{
		{100, 100, 160, 80, 100, 50},
		{100, 100, 80, 160, 50, 100},
		{640, 360, 1600, 900, 640, 360},
		{640, 400, 320, 180, 640, 360},
		{100, 10, 16, 4000, 1, 10},
		{0, 0, 160, 80, 0, 0},
	} {
		tile := NewTile()
		tile.Resize(row.tw, row.th)
		pic := NewI420(row.w, row.h)
		for i := range pic.Y {
			pic.Y[i] = 235
		}
		p := painter{codecs: PlainPainter{}, tile: tile, whole: true}
		p.paint(pic)
		img, _ := tile.Latest()
		if img == nil {
			if row.gotW != 0 {
				t.Errorf("%v: no picture", row)
			}
			continue
		}
		if img.Rect.Dx() != row.gotW || img.Rect.Dy() != row.gotH {
			t.Errorf("%v: painted as %v", row, img.Rect.Size())
		}
		for i, v := range img.Pix {
			if v != 255 {
				t.Fatalf("%v: byte %d is %d: a bar", row, i, v)
			}
		}
	}
}

func TestCropFillsTheTile(t *testing.T) {
	pic := NewI420(640, 480)
	for _, row := range []struct{ w, h, cw, ch int }{{320, 180, 640, 360}, {100, 100, 480, 480}, {640, 480, 640, 480}, {1, 1000, 2, 480}, {0, 0, 640, 480}} {
		c := pic.Crop(row.w, row.h)
		if c.Width != row.cw || c.Height != row.ch || !c.Valid() {
			t.Errorf("for %dx%d: %dx%d, valid %v; want %dx%d", row.w, row.h, c.Width, c.Height, c.Valid(), row.cw, row.ch)
		}
	}
}

// What was being painted when a tile was cleared does not come back.
func TestClearedTileStaysEmpty(t *testing.T) {
	tile := NewTile()
	tile.Resize(16, 16)
	tile.Begin()
	tile.Clear()
	tile.Done()
	if img, _ := tile.Latest(); img != nil {
		t.Error("a picture of before shows up after Clear")
	}
	tile.Begin()
	tile.Done()
	if img, _ := tile.Latest(); img == nil {
		t.Error("no picture after Clear")
	}
}
