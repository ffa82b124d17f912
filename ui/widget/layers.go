package widget

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	base "fyne.io/fyne/v2/theme"
	fwidget "fyne.io/fyne/v2/widget"

	"conclave/ui/theme"
)

// Scrim dims what lies under it and keeps clicks from it.
type Scrim struct {
	fwidget.BaseWidget
	tapped func()
	rect   *canvas.Rectangle
}

// NewScrim returns a scrim; a click on it calls tapped, which may be nil.
func NewScrim(tapped func()) *Scrim {
	s := &Scrim{tapped: tapped, rect: canvas.NewRectangle(color.Transparent)}
	s.ExtendBaseWidget(s)
	return s
}

// Tapped implements fyne.Tappable.
func (s *Scrim) Tapped(*fyne.PointEvent) {
	if s.tapped != nil {
		s.tapped()
	}
}

// MouseIn implements desktop.Hoverable, so that nothing below is pointed at.
func (s *Scrim) MouseIn(*desktop.MouseEvent) {}

// MouseMoved implements desktop.Hoverable.
func (s *Scrim) MouseMoved(*desktop.MouseEvent) {}

// MouseOut implements desktop.Hoverable.
func (s *Scrim) MouseOut() {}

// Scrolled implements fyne.Scrollable, so that nothing below scrolls.
func (s *Scrim) Scrolled(*fyne.ScrollEvent) {}

// CreateRenderer implements fyne.Widget.
func (s *Scrim) CreateRenderer() fyne.WidgetRenderer {
	s.rect.FillColor = colorOf(s, theme.ColorScrim)
	return fwidget.NewSimpleRenderer(s.rect)
}

// Refresh redraws.
func (s *Scrim) Refresh() {
	s.rect.FillColor = colorOf(s, theme.ColorScrim)
	s.rect.Refresh()
}

// Shield carries content and keeps clicks on it from what lies under.
type Shield struct {
	fwidget.BaseWidget
	content fyne.CanvasObject
}

// NewShield returns a shield.
func NewShield(content fyne.CanvasObject) *Shield {
	s := &Shield{content: content}
	s.ExtendBaseWidget(s)
	return s
}

// Tapped implements fyne.Tappable.
func (s *Shield) Tapped(*fyne.PointEvent) {}

// HeightFor implements Heighter.
func (s *Shield) HeightFor(width float32) float32 { return HeightFor(s.content, width) }

// CreateRenderer implements fyne.Widget.
func (s *Shield) CreateRenderer() fyne.WidgetRenderer { return fwidget.NewSimpleRenderer(s.content) }

// topMiddle keeps content at the top in the middle, at its own height.
type topMiddle struct{ width, top float32 }

// TopMiddle keeps content at most width wide, top below the upper edge.
func TopMiddle(width, top float32, content fyne.CanvasObject) *fyne.Container {
	return &fyne.Container{Layout: &topMiddle{width, top}, Objects: []fyne.CanvasObject{content}}
}

// Layout implements fyne.Layout.
func (t *topMiddle) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	w := min(size.Width-24, t.width*base.Size(theme.SizeBody)/14)
	for _, o := range objects {
		o.Move(fyne.NewPos((size.Width-w)/2, t.top))
		o.Resize(fyne.NewSize(w, HeightFor(o, w)))
	}
}

// MinSize implements fyne.Layout. The layer lies over others and asks nothing.
func (t *topMiddle) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.Size{} }

// bar puts controls in the middle, nearer to each other where it is narrow.
type bar struct{ gap fyne.ThemeSizeName }

// Bar lays a meeting's controls out.
func Bar(gap fyne.ThemeSizeName, objects ...fyne.CanvasObject) *fyne.Container {
	return &fyne.Container{Layout: &bar{gap}, Objects: objects}
}

// Layout implements fyne.Layout.
func (b *bar) Layout(all []fyne.CanvasObject, size fyne.Size) {
	objects := shown(all)
	total, gap := float32(0), base.Size(b.gap)
	for _, o := range objects {
		total += o.MinSize().Width
	}
	if n := float32(len(objects) - 1); total+gap*n > size.Width {
		gap = max(0, (size.Width-total)/max(n, 1))
	}
	shrink := min(1, size.Width/max(total, 1))
	x := max(0, (size.Width-total-gap*float32(len(objects)-1))/2)
	for _, o := range objects {
		w := o.MinSize().Width * shrink
		o.Move(fyne.NewPos(x, 0))
		o.Resize(fyne.NewSize(w, size.Height))
		x += w + gap
	}
}

// MinSize implements fyne.Layout.
func (b *bar) MinSize(all []fyne.CanvasObject) fyne.Size {
	h := float32(0)
	for _, o := range shown(all) {
		h = max(h, o.MinSize().Height)
	}
	return fyne.NewSize(480, h)
}

func (b *bar) heightFor(all []fyne.CanvasObject, _ float32) float32 { return b.MinSize(all).Height }

// Divider is a thin upright line with space around it.
func Divider() fyne.CanvasObject {
	return Fixed(17, 40, Middle(1, Fixed(1, 34, NewBox(BoxStyle{Fill: theme.ColorBorder}))))
}
