package widget

import (
	"fyne.io/fyne/v2"
	base "fyne.io/fyne/v2/theme"
)

// Fyne asks an object for its least size before it knows the width it will
// get, so text that wraps jumps. The layouts here ask for the height at a
// width instead, all the way down.

// Heighter is an object whose height follows from its width.
type Heighter interface{ HeightFor(width float32) float32 }

type heightLayout interface {
	heightFor(objects []fyne.CanvasObject, width float32) float32
}

// HeightFor returns the height that an object needs at a width.
func HeightFor(o fyne.CanvasObject, width float32) float32 {
	if h, ok := o.(Heighter); ok {
		return h.HeightFor(width)
	}
	if c, ok := o.(*fyne.Container); ok {
		if l, ok := c.Layout.(heightLayout); ok {
			return l.heightFor(c.Objects, width)
		}
	}
	return o.MinSize().Height
}

// Align places things in the room that is left over.
type Align uint8

// The alignments. Stretch is for the cross direction only.
const (
	Start Align = iota
	Center
	End
	Stretch
)

// flow lays objects out one after another. One that is in grow shares the
// room that is left.
type flow struct {
	vertical    bool
	gap         fyne.ThemeSizeName
	main, cross Align
	grow        []fyne.CanvasObject
	width       float32 // last given, for the least height
}

// Column stacks objects from top to bottom at full width.
func Column(gap fyne.ThemeSizeName, objects ...fyne.CanvasObject) *fyne.Container {
	return &fyne.Container{Layout: &flow{vertical: true, gap: gap, cross: Stretch}, Objects: objects}
}

// Row puts objects side by side, centred on one line.
func Row(gap fyne.ThemeSizeName, objects ...fyne.CanvasObject) *fyne.Container {
	return &fyne.Container{Layout: &flow{gap: gap, cross: Center}, Objects: objects}
}

// Grow lets objects of a Row or Column take the room that is left, and
// returns the container.
func Grow(c *fyne.Container, objects ...fyne.CanvasObject) *fyne.Container {
	f := c.Layout.(*flow)
	f.grow = append(f.grow, objects...)
	return c
}

// Place sets how a Row or Column places its objects, and returns it.
func Place(c *fyne.Container, along, across Align) *fyne.Container {
	f := c.Layout.(*flow)
	f.main, f.cross = along, across
	return c
}

// Gap is an invisible object that grows.
func Gap() fyne.CanvasObject { return &fyne.Container{} }

func (f *flow) grows(o fyne.CanvasObject) bool {
	for _, g := range f.grow {
		if g == o {
			return true
		}
	}
	return false
}

func shown(objects []fyne.CanvasObject) []fyne.CanvasObject {
	out := make([]fyne.CanvasObject, 0, len(objects))
	for _, o := range objects {
		if o.Visible() {
			out = append(out, o)
		}
	}
	return out
}

// sizes returns the extent of each object along the flow.
func (f *flow) sizes(objects []fyne.CanvasObject, size fyne.Size) []float32 {
	gap := base.Size(f.gap)
	out := make([]float32, len(objects))
	total, growing, room := float32(0), 0, size.Width
	if f.vertical {
		room = size.Height
	}
	for i, o := range objects {
		if f.vertical {
			out[i] = HeightFor(o, f.crossWidth(o, size.Width))
		} else {
			out[i] = o.MinSize().Width
		}
		if f.grows(o) {
			growing++
		}
		total += out[i]
	}
	left := room - total - gap*float32(max(len(objects)-1, 0))
	if growing == 0 {
		return out
	}
	for i, o := range objects {
		if f.grows(o) {
			out[i] = max(0, out[i]+left/float32(growing))
		}
	}
	return out
}

func (f *flow) crossWidth(o fyne.CanvasObject, width float32) float32 {
	if f.cross == Stretch {
		return width
	}
	return min(width, o.MinSize().Width)
}

// Layout implements fyne.Layout.
func (f *flow) Layout(all []fyne.CanvasObject, size fyne.Size) {
	f.width = size.Width
	objects := shown(all)
	extents, gap := f.sizes(objects, size), base.Size(f.gap)
	used := gap * float32(max(len(objects)-1, 0))
	for _, e := range extents {
		used += e
	}
	room := size.Width
	if f.vertical {
		room = size.Height
	}
	at := float32(0)
	switch f.main {
	case Start, Stretch:
	case Center:
		at = max(0, (room-used)/2)
	case End:
		at = max(0, room-used)
	}
	for i, o := range objects {
		f.put(o, at, extents[i], size)
		at += extents[i] + gap
	}
}

func (f *flow) put(o fyne.CanvasObject, at, extent float32, size fyne.Size) {
	if f.vertical {
		w := f.crossWidth(o, size.Width)
		o.Move(fyne.NewPos(offset(f.cross, size.Width, w), at))
		o.Resize(fyne.NewSize(w, extent))
		return
	}
	h := size.Height
	if f.cross != Stretch {
		h = min(size.Height, HeightFor(o, extent))
	}
	o.Move(fyne.NewPos(at, offset(f.cross, size.Height, h)))
	o.Resize(fyne.NewSize(extent, h))
}

func offset(a Align, room, need float32) float32 {
	switch a {
	case Start, Stretch:
		return 0
	case Center:
		return (room - need) / 2
	case End:
		return room - need
	}
	return 0
}

// MinSize implements fyne.Layout.
func (f *flow) MinSize(all []fyne.CanvasObject) fyne.Size {
	objects := shown(all)
	gap := base.Size(f.gap) * float32(max(len(objects)-1, 0))
	var w, h float32
	for _, o := range objects {
		m := o.MinSize()
		if f.vertical {
			w, h = max(w, m.Width), h+m.Height
		} else {
			w, h = w+m.Width, max(h, m.Height)
		}
	}
	if f.vertical {
		h += gap
	} else {
		w += gap
	}
	if f.width > 0 {
		h = f.least(all, max(f.width, w))
	}
	return fyne.NewSize(w, h)
}

// least is the height below which it gets too small: what grows counts with
// its least height only.
func (f *flow) least(all []fyne.CanvasObject, width float32) float32 {
	h := f.heightFor(all, width)
	if !f.vertical {
		return h
	}
	for _, o := range shown(all) {
		if f.grows(o) {
			h -= max(0, HeightFor(o, f.crossWidth(o, width))-o.MinSize().Height)
		}
	}
	return h
}

func (f *flow) heightFor(all []fyne.CanvasObject, width float32) float32 {
	objects := shown(all)
	if f.vertical {
		h := base.Size(f.gap) * float32(max(len(objects)-1, 0))
		for _, o := range objects {
			h += HeightFor(o, f.crossWidth(o, width))
		}
		return h
	}
	h := float32(0)
	for i, e := range f.sizes(objects, fyne.NewSize(width, 0)) {
		h = max(h, HeightFor(objects[i], e))
	}
	return h
}

// pad keeps space around its objects, which lie on each other.
type pad struct{ top, right, bottom, left fyne.ThemeSizeName }

// Pad keeps the same space on all sides.
func Pad(space fyne.ThemeSizeName, objects ...fyne.CanvasObject) *fyne.Container {
	return &fyne.Container{Layout: &pad{space, space, space, space}, Objects: objects}
}

// PadXY keeps one space left and right, and another above and below.
func PadXY(x, y fyne.ThemeSizeName, objects ...fyne.CanvasObject) *fyne.Container {
	return &fyne.Container{Layout: &pad{y, x, y, x}, Objects: objects}
}

func (p *pad) extent() fyne.Size {
	return fyne.NewSize(base.Size(p.left)+base.Size(p.right), base.Size(p.top)+base.Size(p.bottom))
}

// Layout implements fyne.Layout.
func (p *pad) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	inner := size.Subtract(p.extent())
	for _, o := range objects {
		o.Move(fyne.NewPos(base.Size(p.left), base.Size(p.top)))
		o.Resize(inner)
	}
}

// MinSize implements fyne.Layout.
func (p *pad) MinSize(objects []fyne.CanvasObject) fyne.Size {
	m := fyne.Size{}
	for _, o := range shown(objects) {
		m = m.Max(o.MinSize())
	}
	return m.Add(p.extent())
}

func (p *pad) heightFor(objects []fyne.CanvasObject, width float32) float32 {
	h, e := float32(0), p.extent()
	for _, o := range shown(objects) {
		h = max(h, HeightFor(o, width-e.Width))
	}
	return h + e.Height
}

// stack lays objects on each other.
type stack struct{}

// Stack lays objects on each other at full size.
func Stack(objects ...fyne.CanvasObject) *fyne.Container {
	return &fyne.Container{Layout: stack{}, Objects: objects}
}

// Layout implements fyne.Layout.
func (stack) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	for _, o := range objects {
		o.Move(fyne.NewPos(0, 0))
		o.Resize(size)
	}
}

// MinSize implements fyne.Layout.
func (stack) MinSize(objects []fyne.CanvasObject) fyne.Size {
	m := fyne.Size{}
	for _, o := range shown(objects) {
		m = m.Max(o.MinSize())
	}
	return m
}

func (stack) heightFor(objects []fyne.CanvasObject, width float32) float32 {
	h := float32(0)
	for _, o := range shown(objects) {
		h = max(h, HeightFor(o, width))
	}
	return h
}

// narrow keeps its object at most so wide (in the text scale), in the middle,
// and in the middle of the height too when centred.
type narrow struct {
	width   float32
	centred bool
}

// Narrow keeps an object at most width wide, in the middle.
func Narrow(width float32, o fyne.CanvasObject) *fyne.Container {
	return &fyne.Container{Layout: &narrow{width: width}, Objects: []fyne.CanvasObject{o}}
}

// Middle keeps an object at most width wide, in the middle both ways.
func Middle(width float32, o fyne.CanvasObject) *fyne.Container {
	return &fyne.Container{Layout: &narrow{width: width, centred: true}, Objects: []fyne.CanvasObject{o}}
}

func (n *narrow) wide(width float32) float32 {
	return min(width, n.width*base.Size(base.SizeNameText)/14)
}

// Layout implements fyne.Layout.
func (n *narrow) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	for _, o := range objects {
		w := n.wide(size.Width)
		h, y := size.Height, float32(0)
		if n.centred {
			h = min(size.Height, HeightFor(o, w))
			y = (size.Height - h) / 2
		}
		o.Move(fyne.NewPos((size.Width-w)/2, y))
		o.Resize(fyne.NewSize(w, h))
	}
}

// MinSize implements fyne.Layout.
func (n *narrow) MinSize(objects []fyne.CanvasObject) fyne.Size { return stack{}.MinSize(objects) }

func (n *narrow) heightFor(objects []fyne.CanvasObject, width float32) float32 {
	return stack{}.heightFor(objects, n.wide(width))
}

// fixed gives its object a size of its own.
type fixed struct{ width, height float32 }

// Fixed gives an object an own least size; 0 leaves that side as it is.
func Fixed(width, height float32, o fyne.CanvasObject) *fyne.Container {
	return &fyne.Container{Layout: &fixed{width, height}, Objects: []fyne.CanvasObject{o}}
}

// Layout implements fyne.Layout.
func (f *fixed) Layout(objects []fyne.CanvasObject, size fyne.Size) { stack{}.Layout(objects, size) }

// MinSize implements fyne.Layout.
func (f *fixed) MinSize(objects []fyne.CanvasObject) fyne.Size {
	m := stack{}.MinSize(objects)
	if f.width > 0 {
		m.Width = f.width
	}
	if f.height > 0 {
		m.Height = f.height
	}
	return m
}

func (f *fixed) heightFor(objects []fyne.CanvasObject, width float32) float32 {
	if f.height > 0 {
		return f.height
	}
	return stack{}.heightFor(objects, width)
}
