package widget

import "fyne.io/fyne/v2"

// shaped gives its object a height by its width.
type shaped struct{ ratio, width float32 }

// Shaped keeps an object in the shape of width to height, at full width.
func Shaped(width, height float32, o fyne.CanvasObject) *fyne.Container {
	return &fyne.Container{Layout: &shaped{ratio: height / width}, Objects: []fyne.CanvasObject{o}}
}

// Layout implements fyne.Layout.
func (s *shaped) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	s.width = size.Width
	stack{}.Layout(objects, fyne.NewSize(size.Width, size.Width*s.ratio))
}

// MinSize implements fyne.Layout.
func (s *shaped) MinSize([]fyne.CanvasObject) fyne.Size {
	return fyne.NewSize(240, max(240, s.width)*s.ratio)
}

func (s *shaped) heightFor(_ []fyne.CanvasObject, width float32) float32 { return width * s.ratio }
