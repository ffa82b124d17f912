package widget

import (
	"math"

	"fyne.io/fyne/v2"
)

// Stage lays tiles out so that they are as large as they can be, at 16 to 9
// and at equal size; or one of them large and the others in a strip.
type Stage struct {
	Large int // index of the large tile; -1 is a plain gallery
	gap   float32
}

// NewStage returns a gallery.
func NewStage() *Stage { return &Stage{Large: -1, gap: 12} }

const (
	aspect     = 16.0 / 9 // of the strip
	tallest    = 4.0 / 3  // a tile may be this much less wide when that fills the room
	widest     = 16.0 / 8.2
	stripSmall = 150
)

// MinSize implements fyne.Layout.
func (s *Stage) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(280, 180) }

// Layout implements fyne.Layout.
func (s *Stage) Layout(all []fyne.CanvasObject, size fyne.Size) {
	objects := shown(all)
	if len(objects) == 0 || size.Width <= 0 || size.Height <= 0 {
		return
	}
	if s.Large >= 0 && s.Large < len(objects) && len(objects) > 1 {
		s.layoutLarge(objects, size)
		return
	}
	s.gallery(objects, fyne.Position{}, size)
}

func (s *Stage) layoutLarge(objects []fyne.CanvasObject, size fyne.Size) {
	rest := make([]fyne.CanvasObject, 0, len(objects)-1)
	for i, o := range objects {
		if i != s.Large {
			rest = append(rest, o)
		}
	}
	strip := max(stripSmall, min(size.Width, size.Height)*0.19)
	if size.Width/size.Height > 1.25 { // strip at the right
		n := float32(len(rest))
		w := min(strip*aspect, size.Width*0.28, max(stripSmall, widest*(size.Height-s.gap*(n-1))/n))
		s.one(objects[s.Large], fyne.Position{}, fyne.NewSize(size.Width-w-s.gap, size.Height))
		s.gallery(rest, fyne.NewPos(size.Width-w, 0), fyne.NewSize(w, size.Height))
		return
	}
	s.one(objects[s.Large], fyne.Position{}, fyne.NewSize(size.Width, size.Height-strip-s.gap))
	s.gallery(rest, fyne.NewPos(0, size.Height-strip), fyne.NewSize(size.Width, strip))
}

func (s *Stage) one(o fyne.CanvasObject, at fyne.Position, size fyne.Size) {
	t := fit(size)
	place(o, at.AddXY((size.Width-t.Width)/2, (size.Height-t.Height)/2), t)
}

// place puts a tile on whole units, so that its picture and its round corners
// end at the same pixel.
func place(o fyne.CanvasObject, at fyne.Position, size fyne.Size) {
	floor := func(v float32) float32 { return float32(math.Floor(float64(v))) }
	o.Move(fyne.NewPos(floor(at.X), floor(at.Y)))
	o.Resize(fyne.NewSize(floor(size.Width), floor(size.Height)))
}

// fit returns the tile for a cell: its whole height or width, within the
// aspects that a face looks right in.
func fit(cell fyne.Size) fyne.Size {
	switch a := cell.Width / cell.Height; {
	case a > widest:
		return fyne.NewSize(cell.Height*widest, cell.Height)
	case a < tallest:
		return fyne.NewSize(cell.Width, cell.Width/tallest)
	}
	return cell
}

func (s *Stage) gallery(objects []fyne.CanvasObject, at fyne.Position, size fyne.Size) {
	n := len(objects)
	columns := s.columns(n, size)
	rows := (n + columns - 1) / columns
	cell := fyne.NewSize((size.Width-s.gap*float32(columns-1))/float32(columns), (size.Height-s.gap*float32(rows-1))/float32(rows))
	tile := fit(cell)
	top := at.Y + (size.Height-float32(rows)*tile.Height-s.gap*float32(rows-1))/2
	for i, o := range objects {
		row, inRow := i/columns, columns
		if row == rows-1 {
			inRow = n - row*columns
		}
		left := at.X + (size.Width-float32(inRow)*tile.Width-s.gap*float32(inRow-1))/2
		place(o, fyne.NewPos(left+float32(i%columns)*(tile.Width+s.gap), top+float32(row)*(tile.Height+s.gap)), tile)
	}
}

// columns returns the number of columns with the largest tiles.
func (s *Stage) columns(n int, size fyne.Size) int {
	best, most := 1, float32(-1)
	for c := 1; c <= n; c++ {
		rows := int(math.Ceil(float64(n) / float64(c)))
		cell := fyne.NewSize((size.Width-s.gap*float32(c-1))/float32(c), (size.Height-s.gap*float32(rows-1))/float32(rows))
		if cell.Width <= 0 || cell.Height <= 0 {
			continue
		}
		t := fit(cell)
		if area := t.Width * t.Height; area > most*1.001 {
			best, most = c, area
		}
	}
	return best
}
