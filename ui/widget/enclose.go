package widget

import (
	"fyne.io/fyne/v2"
	fwidget "fyne.io/fyne/v2/widget"
)

// Enclosure keeps Tab within what must be answered or closed first. Fyne moves
// the keyboard through the whole window in its order, so an edge that nobody
// sees lies before the content and another behind it: the keyboard that comes
// to one of them goes on at the other end.
type Enclosure struct {
	Object      *fyne.Container
	first, last *edge
	passing     bool // from one edge to the other
}

// Enclose puts edges around content.
func Enclose(content fyne.CanvasObject) *Enclosure {
	e := &Enclosure{}
	e.first = newEdge(func() { e.pass(e.last, fyne.Canvas.FocusPrevious) }, nil)
	e.last = newEdge(e.Enter, nil)
	e.Object = Stack(e.first, content, e.last)
	return e
}

// Enter gives the first thing inside the keyboard.
func (e *Enclosure) Enter() { e.pass(e.first, fyne.Canvas.FocusNext) }

// pass goes on from an edge. Where nothing inside takes the keyboard, nothing
// has it, and Escape does what it does.
func (e *Enclosure) pass(from *edge, on func(fyne.Canvas)) {
	c := fyne.CurrentApp().Driver().CanvasForObject(from)
	if e.passing || c == nil {
		return
	}
	e.passing = true
	defer func() { e.passing = false }()
	c.Focus(from)
	on(c)
	if _, none := c.Focused().(*edge); none {
		c.Unfocus()
	}
}

// NewGate returns something that nobody sees, for the two ends of a window:
// while within returns an enclosure, the keyboard that comes to it goes there.
func NewGate(within func() *Enclosure) fyne.CanvasObject {
	return newEdge(func() {
		if e := within(); e != nil {
			e.Enter()
		}
	}, func() bool { return within() != nil })
}

// edge is a place that only Tab comes to: it has no size, so it takes no
// clicks.
type edge struct {
	fwidget.BaseWidget
	gained func()
	there  func() bool // nil is always
}

func newEdge(gained func(), there func() bool) *edge {
	e := &edge{gained: gained, there: there}
	e.ExtendBaseWidget(e)
	return e
}

// Visible implements fyne.CanvasObject.
func (e *edge) Visible() bool { return e.BaseWidget.Visible() && (e.there == nil || e.there()) }

// FocusGained implements fyne.Focusable.
func (e *edge) FocusGained() { e.gained() }

// FocusLost implements fyne.Focusable.
func (e *edge) FocusLost() {}

// TypedRune implements fyne.Focusable.
func (e *edge) TypedRune(rune) {}

// TypedKey implements fyne.Focusable.
func (e *edge) TypedKey(*fyne.KeyEvent) {}

// CreateRenderer implements fyne.Widget.
func (e *edge) CreateRenderer() fyne.WidgetRenderer {
	return fwidget.NewSimpleRenderer(&fyne.Container{})
}

// MinSize implements fyne.CanvasObject.
func (e *edge) MinSize() fyne.Size { return fyne.Size{} }

// Resize implements fyne.CanvasObject: an edge has no size.
func (e *edge) Resize(fyne.Size) {}
