package widget

import (
	"fyne.io/fyne/v2"
	base "fyne.io/fyne/v2/theme"

	"conclave/ui/theme"
)

// low keeps content above the lower edge, at its own size.
type low struct {
	above float32 // the lower edge, in the text scale
	width float32 // at most, in the text scale; 0 is the content's own
	start bool    // at the left, not in the middle
}

// LowMiddle keeps content in the middle, so far above the lower edge.
func LowMiddle(above float32, content fyne.CanvasObject) *fyne.Container {
	return &fyne.Container{Layout: &low{above: above}, Objects: []fyne.CanvasObject{content}}
}

// LowStart keeps content at the left, at most width wide, so far above the
// lower edge.
func LowStart(width, above float32, content fyne.CanvasObject) *fyne.Container {
	return &fyne.Container{Layout: &low{above: above, width: width, start: true}, Objects: []fyne.CanvasObject{content}}
}

// Layout implements fyne.Layout.
func (l *low) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	scale := base.Size(theme.SizeBody) / 14
	for _, o := range objects {
		w := min(size.Width-24, o.MinSize().Width)
		if l.width > 0 {
			w = min(size.Width-24, l.width*scale)
		}
		h, x := HeightFor(o, w), (size.Width-w)/2
		if l.start {
			x = 12
		}
		o.Move(fyne.NewPos(x, max(0, size.Height-h-l.above*scale)))
		o.Resize(fyne.NewSize(w, h))
	}
}

// MinSize implements fyne.Layout. The layer lies over others and asks nothing.
func (l *low) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.Size{} }
