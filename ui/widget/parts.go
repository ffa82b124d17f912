package widget

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	base "fyne.io/fyne/v2/theme"
	fwidget "fyne.io/fyne/v2/widget"

	"conclave/ui/theme"
)

// NewPicture shows a resource at a side length.
func NewPicture(r fyne.Resource, side float32) fyne.CanvasObject {
	img := canvas.NewImageFromResource(r)
	img.FillMode = canvas.ImageFillContain
	return Fixed(side, side, img)
}

// Scroller is Fyne's container with a scroll bar at the right.
type Scroller struct{ container.Scroll }

// CreateRenderer implements fyne.Widget.
func (s *Scroller) CreateRenderer() fyne.WidgetRenderer {
	return again(s.Scroll.CreateRenderer(), s.Size())
}

// Scroll lets content be taller than the room.
func Scroll(content fyne.CanvasObject) *Scroller {
	s := &Scroller{}
	s.Direction, s.Content = container.ScrollVerticalOnly, content
	s.ExtendBaseWidget(s)
	return s
}

// ScrollPanel is Scroll with room for the bar beside the content.
func ScrollPanel(content fyne.CanvasObject) *Scroller {
	return Scroll(&fyne.Container{Layout: &pad{theme.SpaceNo, theme.SpaceM, theme.SpaceNo, theme.SpaceNo}, Objects: []fyne.CanvasObject{content}})
}

// wrap puts small things side by side, and goes on below when the line is
// full.
type wrap struct {
	gap   fyne.ThemeSizeName
	width float32
	least float32 // what does not fit is made narrower, down to this; 0 never
}

// Wrap lays small things out in lines.
func Wrap(gap fyne.ThemeSizeName, objects ...fyne.CanvasObject) *fyne.Container {
	return &fyne.Container{Layout: &wrap{gap: gap}, Objects: objects}
}

// WrapShrinking is Wrap for things that can cut themselves off: where one is
// wider than a line, it becomes as wide as the line, and it asks for a width
// of least only.
func WrapShrinking(gap fyne.ThemeSizeName, least float32, objects ...fyne.CanvasObject) *fyne.Container {
	return &fyne.Container{Layout: &wrap{gap: gap, least: least}, Objects: objects}
}

func (w *wrap) place(all []fyne.CanvasObject, width float32, put func(fyne.CanvasObject, fyne.Position, fyne.Size)) float32 {
	gap := base.Size(w.gap)
	var x, y, line float32
	for _, o := range shown(all) {
		m := o.MinSize()
		if w.least > 0 {
			m.Width = min(m.Width, width)
		}
		if x > 0 && x+m.Width > width+0.5 {
			x, y, line = 0, y+line+gap, 0
		}
		if put != nil {
			put(o, fyne.NewPos(x, y), m)
		}
		x, line = x+m.Width+gap, max(line, m.Height)
	}
	return y + line
}

// Layout implements fyne.Layout.
func (w *wrap) Layout(all []fyne.CanvasObject, size fyne.Size) {
	w.width = size.Width
	w.place(all, size.Width, func(o fyne.CanvasObject, at fyne.Position, s fyne.Size) {
		o.Move(at)
		o.Resize(s)
	})
}

// MinSize implements fyne.Layout.
func (w *wrap) MinSize(all []fyne.CanvasObject) fyne.Size {
	widest := float32(0)
	for _, o := range shown(all) {
		widest = max(widest, o.MinSize().Width)
	}
	if w.least > 0 {
		widest = min(widest, w.least)
	}
	width := w.width
	if width == 0 {
		width = 10000
	}
	return fyne.NewSize(widest, w.place(all, max(width, widest), nil))
}

func (w *wrap) heightFor(all []fyne.CanvasObject, width float32) float32 {
	return w.place(all, width, nil)
}

// columns puts objects side by side at equal width where each gets its least
// width (in the text scale), else below each other.
type columns struct {
	least float32
	gap   fyne.ThemeSizeName
	width float32
}

// Columns lays objects side by side, or below each other where it is narrow.
func Columns(least float32, gap fyne.ThemeSizeName, objects ...fyne.CanvasObject) *fyne.Container {
	return &fyne.Container{Layout: &columns{least: least, gap: gap}, Objects: objects}
}

func (c *columns) side(n int, width float32) bool {
	least := c.least * base.Size(theme.SizeBody) / 14
	return width >= least*float32(n)+base.Size(c.gap)*float32(n-1)
}

func (c *columns) each(n int, width float32) float32 {
	return (width - base.Size(c.gap)*float32(n-1)) / float32(n)
}

// Layout implements fyne.Layout.
func (c *columns) Layout(all []fyne.CanvasObject, size fyne.Size) {
	c.width = size.Width
	objects, gap := shown(all), base.Size(c.gap)
	if n := len(objects); c.side(n, size.Width) {
		w := c.each(n, size.Width)
		for i, o := range objects {
			h := size.Height
			if n > 1 { // stand at the top at their own height, unless it is a row of alike
				h = max(HeightFor(o, w), min(size.Height, c.alike(objects, w)))
			}
			o.Move(fyne.NewPos(float32(i)*(w+gap), 0))
			o.Resize(fyne.NewSize(w, h))
		}
		return
	}
	y := float32(0)
	for _, o := range objects {
		h := HeightFor(o, size.Width)
		o.Move(fyne.NewPos(0, y))
		o.Resize(fyne.NewSize(size.Width, h))
		y += h + gap
	}
}

// alike is the height of the tallest.
func (c *columns) alike(objects []fyne.CanvasObject, w float32) float32 {
	h := float32(0)
	for _, o := range objects {
		h = max(h, HeightFor(o, w))
	}
	return h
}

// MinSize implements fyne.Layout.
func (c *columns) MinSize(all []fyne.CanvasObject) fyne.Size {
	m := stack{}.MinSize(all)
	if c.width > 0 {
		m.Height = c.heightFor(all, c.width)
	}
	return m
}

func (c *columns) heightFor(all []fyne.CanvasObject, width float32) float32 {
	objects := shown(all)
	n := len(objects)
	if n == 0 {
		return 0
	}
	if c.side(n, width) {
		return c.alike(objects, c.each(n, width))
	}
	h := base.Size(c.gap) * float32(n-1)
	for _, o := range objects {
		h += HeightFor(o, width)
	}
	return h
}

// Steps shows how far a short way is gone.
type Steps struct {
	fwidget.BaseWidget
	step, of int
}

// NewSteps returns an empty row of steps.
func NewSteps() *Steps {
	s := &Steps{}
	s.ExtendBaseWidget(s)
	return s
}

// Set tells the present step, from 1.
func (s *Steps) Set(step, of int) {
	if s.step != step || s.of != of {
		s.step, s.of = step, of
		s.Refresh()
	}
}

// CreateRenderer implements fyne.Widget.
func (s *Steps) CreateRenderer() fyne.WidgetRenderer {
	r := &stepsRenderer{steps: s}
	for range 5 {
		r.bars = append(r.bars, canvas.NewRectangle(nil))
	}
	r.apply()
	return laidOut(r, s.Size())
}

type stepsRenderer struct {
	steps *Steps
	bars  []*canvas.Rectangle
}

func (r *stepsRenderer) apply() {
	for i, b := range r.bars {
		b.Hidden = i >= r.steps.of
		b.CornerRadius = 3
		b.FillColor = colorOf(r.steps, theme.ColorBorder)
		if i < r.steps.step {
			b.FillColor = colorOf(r.steps, theme.ColorPrimary)
		}
	}
}

func (r *stepsRenderer) Layout(size fyne.Size) {
	const w, gap = 40, 8
	x := (size.Width - float32(r.steps.of)*(w+gap) + gap) / 2
	for i, b := range r.bars {
		b.Move(fyne.NewPos(x+float32(i)*(w+gap), 0))
		b.Resize(fyne.NewSize(w, 6))
	}
}

func (r *stepsRenderer) MinSize() fyne.Size { return fyne.NewSize(200, 6) }

func (r *stepsRenderer) Refresh() {
	r.apply()
	r.Layout(r.steps.Size())
	for _, b := range r.bars {
		b.Refresh()
	}
}

func (r *stepsRenderer) Objects() []fyne.CanvasObject {
	out := []fyne.CanvasObject{}
	for _, b := range r.bars {
		out = append(out, b)
	}
	return out
}

func (r *stepsRenderer) Destroy() {}

// Switch is a setting that is on or off, with its words.
type Switch struct {
	fwidget.BaseWidget
	words   string
	on      bool
	focused bool
	changed func(bool)

	Escape func() // the Escape key while the switch has the keyboard; may be nil
}

// NewSwitch returns a switch that is off.
func NewSwitch(words string, changed func(bool)) *Switch {
	s := &Switch{words: words, changed: changed}
	s.ExtendBaseWidget(s)
	return s
}

// On reports the state.
func (s *Switch) On() bool { return s.on }

// SetOn sets the state without telling.
func (s *Switch) SetOn(on bool) {
	if s.on != on {
		s.on = on
		s.Refresh()
	}
}

func (s *Switch) flip() {
	s.on = !s.on
	s.Refresh()
	if s.changed != nil {
		s.changed(s.on)
	}
}

// Tapped implements fyne.Tappable.
func (s *Switch) Tapped(*fyne.PointEvent) { s.flip() }

// Cursor implements desktop.Cursorable.
func (s *Switch) Cursor() desktop.Cursor { return desktop.PointerCursor }

// FocusGained implements fyne.Focusable.
func (s *Switch) FocusGained() { s.focused = true; s.Refresh() }

// FocusLost implements fyne.Focusable.
func (s *Switch) FocusLost() { s.focused = false; s.Refresh() }

// TypedRune implements fyne.Focusable.
func (s *Switch) TypedRune(rune) {}

// TypedKey implements fyne.Focusable.
func (s *Switch) TypedKey(e *fyne.KeyEvent) {
	switch {
	case e.Name == fyne.KeySpace || e.Name == fyne.KeyReturn || e.Name == fyne.KeyEnter:
		s.flip()
	case e.Name == fyne.KeyEscape && s.Escape != nil:
		s.Escape()
	}
}

// AccessibilityLabel implements fyne.Accessible.
func (s *Switch) AccessibilityLabel() string { return s.words }

// AccessibilityRole implements fyne.Accessible.
func (s *Switch) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleButton }

// CreateRenderer implements fyne.Widget.
func (s *Switch) CreateRenderer() fyne.WidgetRenderer {
	r := &switchRenderer{s, canvas.NewRectangle(nil), canvas.NewCircle(nil), canvas.NewText(s.words, nil)}
	r.apply()
	return laidOut(r, s.Size())
}

type switchRenderer struct {
	sw    *Switch
	track *canvas.Rectangle
	knob  *canvas.Circle
	text  *canvas.Text
}

func (r *switchRenderer) apply() {
	s := r.sw
	r.track.FillColor, r.knob.FillColor = colorOf(s, theme.ColorRaised), colorOf(s, theme.ColorMuted)
	r.track.StrokeColor, r.track.StrokeWidth = colorOf(s, theme.ColorMuted), 1
	if s.on {
		r.track.FillColor, r.knob.FillColor = colorOf(s, theme.ColorPrimary), colorOf(s, theme.ColorOnPrimary)
		r.track.StrokeWidth = 0
	}
	if s.focused {
		r.track.StrokeColor, r.track.StrokeWidth = colorOf(s, theme.ColorFocus), 2.5
	}
	r.text.Text, r.text.Color, r.text.TextSize = s.words, colorOf(s, theme.ColorText), s.Theme().Size(theme.SizeBody)
}

func (r *switchRenderer) track1() fyne.Size {
	k := scaleOf(r.sw)
	return fyne.NewSize(38*k, 22*k)
}

func (r *switchRenderer) Layout(size fyne.Size) {
	t := r.track1()
	y := (size.Height - t.Height) / 2
	r.track.CornerRadius = t.Height / 2
	r.track.Move(fyne.NewPos(0, y))
	r.track.Resize(t)
	knob := t.Height - 8
	x := float32(4)
	if r.sw.on {
		x = t.Width - knob - 4
	}
	r.knob.Move(fyne.NewPos(x, y+4))
	r.knob.Resize(fyne.NewSquareSize(knob))
	m := r.text.MinSize()
	r.text.Move(fyne.NewPos(t.Width+10, (size.Height-m.Height)/2))
	r.text.Resize(m)
}

func (r *switchRenderer) MinSize() fyne.Size {
	t, m := r.track1(), r.text.MinSize()
	return fyne.NewSize(t.Width+10+m.Width, max(t.Height, m.Height)+6)
}

func (r *switchRenderer) Refresh() {
	r.apply()
	r.Layout(r.sw.Size())
	r.track.Refresh()
	r.knob.Refresh()
	r.text.Refresh()
}

func (r *switchRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.track, r.knob, r.text}
}

func (r *switchRenderer) Destroy() {}

// beside gives the second of two objects a share of the width, and at least
// what it needs; the first gets the rest. Where that is too narrow, they stand
// below each other.
type beside struct {
	share, least float32
	gap          fyne.ThemeSizeName
	width        float32
}

// Beside puts second beside first at a share of the width. Below a width of
// least (in the text scale), it comes under it.
func Beside(share, least float32, gap fyne.ThemeSizeName, first, second fyne.CanvasObject) *fyne.Container {
	return &fyne.Container{Layout: &beside{share: share, least: least, gap: gap}, Objects: []fyne.CanvasObject{first, second}}
}

func (b *beside) split(objects []fyne.CanvasObject, width float32) (first, second float32) {
	second = max(objects[1].MinSize().Width, width*b.share)
	if width < b.least*base.Size(theme.SizeBody)/14 {
		return width, min(second, width)
	}
	return width - second - base.Size(b.gap), second
}

// Layout implements fyne.Layout.
func (b *beside) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	b.width = size.Width
	w1, w2 := b.split(objects, size.Width)
	h1, h2 := HeightFor(objects[0], w1), HeightFor(objects[1], w2)
	if w1 == size.Width {
		objects[0].Move(fyne.NewPos(0, 0))
		objects[0].Resize(fyne.NewSize(w1, h1))
		objects[1].Move(fyne.NewPos((size.Width-w2)/2, h1+base.Size(b.gap)))
		objects[1].Resize(fyne.NewSize(w2, h2))
		return
	}
	objects[0].Move(fyne.NewPos(0, 0))
	objects[0].Resize(fyne.NewSize(w1, max(h1, h2)))
	objects[1].Move(fyne.NewPos(size.Width-w2, 0))
	objects[1].Resize(fyne.NewSize(w2, h2))
}

// MinSize implements fyne.Layout. Side by side or not is found at Layout.
func (b *beside) MinSize(objects []fyne.CanvasObject) fyne.Size {
	m := stack{}.MinSize(objects)
	if b.width > 0 {
		m.Height = b.heightFor(objects, b.width)
	}
	return m
}

func (b *beside) heightFor(objects []fyne.CanvasObject, width float32) float32 {
	w1, w2 := b.split(objects, width)
	h1, h2 := HeightFor(objects[0], w1), HeightFor(objects[1], w2)
	if w1 == width {
		return h1 + base.Size(b.gap) + h2
	}
	return max(h1, h2)
}
