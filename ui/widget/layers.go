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

// compacter can leave its label out.
type compacter interface{ SetCompact(bool) }

func (b *bar) total(objects []fyne.CanvasObject, compact bool) float32 {
	total := float32(0)
	for _, o := range objects {
		if c, ok := o.(compacter); ok {
			c.SetCompact(compact)
		}
		total += o.MinSize().Width
	}
	return total
}

// Layout implements fyne.Layout. Where it is too narrow for the labels, the
// icons stay.
func (b *bar) Layout(all []fyne.CanvasObject, size fyne.Size) {
	objects := shown(all)
	gap, gaps := base.Size(b.gap), float32(max(len(objects)-1, 1))
	total := b.total(objects, false)
	if total > size.Width {
		total = b.total(objects, true)
	}
	gap = max(0, min(gap, (size.Width-total)/gaps))
	x := max(0, (size.Width-total-gap*float32(len(objects)-1))/2)
	for _, o := range objects {
		w := o.MinSize().Width
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

// crowd is a row that leaves things out where it is narrow.
type crowd struct {
	gap    fyne.ThemeSizeName
	first  fyne.CanvasObject   // shrinks last, never left out
	drops  []fyne.CanvasObject // left out one by one, in this order
	spread fyne.CanvasObject   // takes the room that is left
}

// Crowd lays objects in a row with room at spread. Where it is narrow, drops
// are left out in their order, and at last first is made narrower.
func Crowd(gap fyne.ThemeSizeName, first, spread fyne.CanvasObject, drops []fyne.CanvasObject, objects ...fyne.CanvasObject) *fyne.Container {
	return &fyne.Container{Layout: &crowd{gap, first, drops, spread}, Objects: objects}
}

func (c *crowd) need(objects []fyne.CanvasObject, out map[fyne.CanvasObject]bool) float32 {
	total, n := float32(0), 0
	for _, o := range objects {
		if !out[o] {
			total += o.MinSize().Width
			n++
		}
	}
	return total + base.Size(c.gap)*float32(max(n-1, 0))
}

// Layout implements fyne.Layout.
func (c *crowd) Layout(all []fyne.CanvasObject, size fyne.Size) {
	objects, out := shown(all), map[fyne.CanvasObject]bool{}
	for _, d := range c.drops {
		if c.need(objects, out) <= size.Width {
			break
		}
		out[d] = true
	}
	left, x := size.Width-c.need(objects, out), float32(0)
	for _, o := range objects {
		if out[o] {
			o.Move(fyne.NewPos(-10000, 0)) // hidden is for whoever made it to say
			continue
		}
		w := o.MinSize().Width
		switch {
		case o == c.spread:
			w += max(0, left)
		case o == c.first:
			w += min(0, left)
		}
		h := min(size.Height, o.MinSize().Height)
		o.Move(fyne.NewPos(x, (size.Height-h)/2))
		o.Resize(fyne.NewSize(w, h))
		x += w + base.Size(c.gap)
	}
}

// MinSize implements fyne.Layout.
func (c *crowd) MinSize(all []fyne.CanvasObject) fyne.Size {
	return fyne.NewSize(420, stack{}.MinSize(all).Height)
}

// side keeps a panel at a width that grows half as fast as the text.
type side struct{ width float32 }

// Side keeps a panel at a width.
func Side(width float32, content fyne.CanvasObject) *fyne.Container {
	return &fyne.Container{Layout: &side{width}, Objects: []fyne.CanvasObject{content}}
}

// Layout implements fyne.Layout.
func (s *side) Layout(objects []fyne.CanvasObject, size fyne.Size) { stack{}.Layout(objects, size) }

// MinSize implements fyne.Layout.
func (s *side) MinSize(objects []fyne.CanvasObject) fyne.Size {
	scale := base.Size(theme.SizeBody) / 14
	return fyne.NewSize(s.width*(0.5+0.5*scale), stack{}.MinSize(objects).Height)
}

// fitting is as tall as its content where there is room, and scrolls where
// there is not.
type fitting struct{ content fyne.CanvasObject }

// ScrollFit scrolls content only where the room is too small for it.
func ScrollFit(content fyne.CanvasObject) *fyne.Container {
	return &fyne.Container{Layout: &fitting{content}, Objects: []fyne.CanvasObject{ScrollPanel(content)}}
}

// Layout implements fyne.Layout.
func (f *fitting) Layout(objects []fyne.CanvasObject, size fyne.Size) { stack{}.Layout(objects, size) }

// MinSize implements fyne.Layout.
func (f *fitting) MinSize([]fyne.CanvasObject) fyne.Size {
	return fyne.NewSize(f.content.MinSize().Width, 60)
}

func (f *fitting) heightFor(_ []fyne.CanvasObject, width float32) float32 {
	return HeightFor(f.content, width-base.Size(theme.SpaceM))
}

// laidOut lays a new renderer out for a widget that has its size already. Fyne
// throws the renderers of what was hidden for a minute away, makes new ones
// when it is shown again, and does not lay those out, as the size is the same.
func laidOut(r fyne.WidgetRenderer, size fyne.Size) fyne.WidgetRenderer {
	if !size.IsZero() {
		r.Layout(size)
	}
	return r
}

// again is laidOut for Fyne's own widgets, whose inner widgets have lost their
// renderers too: those are laid out only when their size changes.
func again(r fyne.WidgetRenderer, size fyne.Size) fyne.WidgetRenderer {
	if !size.IsZero() {
		r.Layout(fyne.Size{})
		r.Layout(size)
		r.Layout(size) // now that the content knows its width, and so its height
	}
	return r
}

// Catcher takes clicks beside something small that is open, without dimming
// what lies under.
type Catcher struct {
	fwidget.BaseWidget
	tapped func()
}

// NewCatcher returns a catcher; a click on it calls tapped.
func NewCatcher(tapped func()) *Catcher {
	c := &Catcher{tapped: tapped}
	c.ExtendBaseWidget(c)
	return c
}

// Tapped implements fyne.Tappable.
func (c *Catcher) Tapped(*fyne.PointEvent) { c.tapped() }

// CreateRenderer implements fyne.Widget.
func (c *Catcher) CreateRenderer() fyne.WidgetRenderer {
	return fwidget.NewSimpleRenderer(&fyne.Container{})
}
