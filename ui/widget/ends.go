package widget

import (
	"fyne.io/fyne/v2"
	base "fyne.io/fyne/v2/theme"
)

// ends puts some things at the left and others at the right, or in the middle
// where one side has none; where they do not fit on one line, the right ones
// come first and the left ones below.
type ends struct {
	gap   fyne.ThemeSizeName
	left  []fyne.CanvasObject
	right []fyne.CanvasObject
	width float32
}

// Ends lays buttons out at both ends of a line, or each on a line of its own
// where it is narrow, the right ones first.
func Ends(gap fyne.ThemeSizeName, left, right []fyne.CanvasObject) *fyne.Container {
	all := append(append([]fyne.CanvasObject{}, left...), right...)
	return &fyne.Container{Layout: &ends{gap: gap, left: left, right: right}, Objects: all}
}

func (e *ends) extent(objects []fyne.CanvasObject) (w, h float32) {
	for i, o := range objects {
		m := o.MinSize()
		if i > 0 {
			w += base.Size(e.gap)
		}
		w, h = w+m.Width, max(h, m.Height)
	}
	return w, h
}

// lines returns what stands on each line: one line of both ends, or the right
// and then the left, or each thing alone.
func (e *ends) lines(width float32) (lines [][]fyne.CanvasObject, both bool) {
	left, right := shown(e.left), shown(e.right)
	l, _ := e.extent(left)
	r, _ := e.extent(right)
	if len(left) == 0 || len(right) == 0 || l+r+base.Size(e.gap) <= width {
		if max(l, r) <= width {
			return [][]fyne.CanvasObject{append(append([]fyne.CanvasObject{}, left...), right...)}, true
		}
	}
	for _, part := range [][]fyne.CanvasObject{right, left} {
		w, _ := e.extent(part)
		if w <= width {
			lines = append(lines, part)
			continue
		}
		for i := len(part) - 1; i >= 0; i-- {
			lines = append(lines, part[i:i+1])
		}
	}
	return lines, false
}

// Layout implements fyne.Layout.
func (e *ends) Layout(_ []fyne.CanvasObject, size fyne.Size) {
	e.width = size.Width
	lines, both := e.lines(size.Width)
	y, gap := float32(0), base.Size(e.gap)
	for _, line := range lines {
		w, h := e.extent(line)
		x := (size.Width - w) / 2
		spread := both && len(shown(e.left)) > 0 && len(shown(e.right)) > 0
		if spread {
			x = 0
		}
		for _, o := range line {
			if spread && e.isRight(o) {
				r, _ := e.extent(shown(e.right))
				x, spread = size.Width-r, false
			}
			m := o.MinSize()
			o.Move(fyne.NewPos(x, y+(h-m.Height)/2))
			o.Resize(m)
			x += m.Width + gap
		}
		y += h + gap
	}
}

func (e *ends) isRight(o fyne.CanvasObject) bool {
	for _, r := range e.right {
		if r == o {
			return true
		}
	}
	return false
}

// MinSize implements fyne.Layout.
func (e *ends) MinSize(all []fyne.CanvasObject) fyne.Size {
	widest := float32(0)
	for _, o := range shown(all) {
		widest = max(widest, o.MinSize().Width)
	}
	width := e.width
	if width == 0 {
		width = 10000
	}
	return fyne.NewSize(widest, e.heightFor(all, max(width, widest)))
}

func (e *ends) heightFor(_ []fyne.CanvasObject, width float32) float32 {
	lines, _ := e.lines(width)
	h := base.Size(e.gap) * float32(max(len(lines)-1, 0))
	for _, line := range lines {
		_, tall := e.extent(line)
		h += tall
	}
	return h
}
