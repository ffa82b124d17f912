package media

import (
	"image"
	"sync"
)

// Tile is a moving picture between the goroutine that paints it and the one
// that shows it. It owns three images: one is shown, one is the newest
// finished, one is being painted, so neither side ever waits for the other
// longer than a pointer takes to swap.
//
// The screen calls Resize when the tile's place on it changes and Latest when
// it draws. A tile of size zero is not visible: nothing is decoded for it.
type Tile struct {
	mu       sync.Mutex
	w, h     int
	buf      [3]*image.RGBA
	shown    int // index that the reader holds
	newest   int // index of the newest finished picture
	painting int // index that the writer holds
	fresh    bool
	cleared  bool   // since the last Begin
	sequence uint64 // of newest
	seen     uint64 // of shown
}

// NewTile makes a tile that is not visible yet.
func NewTile() *Tile {
	return &Tile{shown: 0, newest: 1, painting: 2}
}

// Resize sets the size in pixels in which pictures are wanted; zero means that
// the tile is not visible. Sizes outside 0 to 7680 are brought inside.
func (t *Tile) Resize(width, height int) {
	t.mu.Lock()
	t.w, t.h = min(max(width, 0), 7680), min(max(height, 0), 7680)
	t.mu.Unlock()
}

// Want is the size in which pictures are wanted; zero when the tile is not
// visible.
func (t *Tile) Want() (width, height int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.w == 0 || t.h == 0 {
		return 0, 0
	}
	return t.w, t.h
}

// Latest returns the newest finished picture and its number, which grows with
// each picture; nil and 0 before the first. The picture is not written until
// the next Latest, so only one goroutine may call it and keep the result.
func (t *Tile) Latest() (*image.RGBA, uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.fresh {
		t.shown, t.newest = t.newest, t.shown
		t.seen, t.fresh = t.sequence, false
	}
	if t.seen == 0 {
		return nil, 0
	}
	return t.buf[t.shown], t.seen
}

// Clear forgets the pictures, for when another source begins. Latest returns
// nil until the next picture that is begun after it.
func (t *Tile) Clear() {
	t.mu.Lock()
	t.fresh, t.seen, t.cleared = false, 0, true
	t.mu.Unlock()
}

// Sequence is the number of the newest finished picture, for a screen that
// asks which tiles to draw again.
func (t *Tile) Sequence() uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.sequence
}

// Begin returns an image of the wanted size to paint on, or nil when the tile
// is not visible. Only one goroutine paints a tile; Begin is followed by Done
// or by another Begin.
func (t *Tile) Begin() *image.RGBA {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.begin(t.w, t.h)
}

// BeginWhole is Begin for a picture of which nothing may be cut off: the image
// has the proportions width:height and is as large as fits into the wanted
// size. What is beside it is the screen's to fill.
func (t *Tile) BeginWhole(width, height int) *image.RGBA {
	t.mu.Lock()
	defer t.mu.Unlock()
	if width <= 0 || height <= 0 {
		return t.begin(t.w, t.h)
	}
	w, h := t.w, t.h
	if w*height > h*width {
		w = max((h*width+height/2)/height, min(w, 1))
	} else {
		h = max((w*height+width/2)/width, min(h, 1))
	}
	return t.begin(w, h)
}

func (t *Tile) begin(w, h int) *image.RGBA {
	t.cleared = false
	if w == 0 || h == 0 {
		return nil
	}
	img := t.buf[t.painting]
	if img == nil || img.Rect.Dx() != w || img.Rect.Dy() != h {
		img = image.NewRGBA(image.Rect(0, 0, w, h))
		t.buf[t.painting] = img
	}
	return img
}

// Done makes what was painted since Begin the newest picture.
func (t *Tile) Done() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.cleared {
		return
	}
	t.painting, t.newest = t.newest, t.painting
	t.sequence++
	t.fresh = true
}
