package widget

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	fwidget "fyne.io/fyne/v2/widget"

	"conclave/ui/theme"
)

// Kind is what a button is for; it decides the colours.
type Kind uint8

// The kinds of buttons.
const (
	Plain     Kind = iota // an ordinary action
	Primary               // the one next step
	Quiet                 // no surface until pointed at
	Danger                // ends or removes something
	DangerLow             // the same, without the weight
	Good                  // says that something is right
	Active                // a switch that is on
	Faulty                // a switch that is off, or does not work
)

// Button is a thing to click: a word, an icon or both. It can be reached by
// Tab and pressed by Space or Enter, and it tells its tip while pointed at.
type Button struct {
	fwidget.DisableableWidget
	do                func()
	label, tip, count string
	icon              theme.Icon
	kind              Kind
	stacked, large    bool
	compact           bool // stacked, and the label left out
	leading           bool // label at the start, for lists of buttons
	tips              *Tips
	escape            func()

	hovered, focused, pressed bool
	cut                       bool // the label does not fit; the tip tells it whole
}

// ButtonConfig describes a button.
type ButtonConfig struct {
	Label   string
	Icon    theme.Icon
	Kind    Kind
	Stacked bool   // icon above the label, for the bar of a meeting
	Large   bool   // the step that a screen is for
	Leading bool   // label at the start
	Tip     string // told while pointed at, with its shortcut
	Tapped  func()
	Tips    *Tips
	Escape  func() // the Escape key while the button has the keyboard
}

// NewButton returns a button.
func NewButton(c ButtonConfig) *Button {
	b := &Button{do: c.Tapped, label: c.Label, icon: c.Icon, kind: c.Kind, stacked: c.Stacked, large: c.Large, leading: c.Leading, tip: c.Tip, tips: c.Tips, escape: c.Escape}
	b.ExtendBaseWidget(b)
	return b
}

// Set changes what the button shows.
func (b *Button) Set(label string, icon theme.Icon, kind Kind) {
	if b.label != label || b.icon != icon || b.kind != kind {
		b.label, b.icon, b.kind = label, icon, kind
		b.Refresh()
	}
}

// SetCompact leaves the label of a stacked button out, or shows it.
func (b *Button) SetCompact(compact bool) {
	if b.compact != compact {
		b.compact = compact
		b.Refresh()
	}
}

// SetTip changes the tip.
func (b *Button) SetTip(tip string) { b.tip = tip }

// SetCount shows a small number at the corner; "" shows none.
func (b *Button) SetCount(count string) {
	if b.count != count {
		b.count = count
		b.Refresh()
	}
}

// SetEnabled enables or disables.
func (b *Button) SetEnabled(enabled bool) {
	if enabled == !b.Disabled() {
		return
	}
	if enabled {
		b.Enable()
	} else {
		b.Disable()
	}
}

// Label returns the word on the button.
func (b *Button) Label() string { return b.label }

// AccessibilityLabel implements fyne.Accessible.
func (b *Button) AccessibilityLabel() string {
	if b.label == "" {
		return b.tip
	}
	return b.label
}

// AccessibilityRole implements fyne.Accessible.
func (b *Button) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleButton }

// press does what a click or a key asks for.
func (b *Button) press() {
	if !b.Disabled() && b.do != nil {
		if b.tips != nil {
			b.tips.Hide()
		}
		b.do()
	}
}

// Tapped implements fyne.Tappable.
func (b *Button) Tapped(*fyne.PointEvent) { b.press() }

// OnTapped sets what a press does.
func (b *Button) OnTapped(do func()) { b.do = do }

// MouseIn implements desktop.Hoverable.
func (b *Button) MouseIn(*desktop.MouseEvent) {
	b.hovered = true
	b.Refresh()
	tip := b.tip
	if tip == "" && b.cut {
		tip = b.label
	}
	if b.tips != nil && tip != "" {
		b.tips.Show(tip, b)
	}
}

// MouseMoved implements desktop.Hoverable.
func (b *Button) MouseMoved(*desktop.MouseEvent) {}

// MouseOut implements desktop.Hoverable.
func (b *Button) MouseOut() {
	b.hovered, b.pressed = false, false
	b.Refresh()
	if b.tips != nil {
		b.tips.Hide()
	}
}

// Cursor implements desktop.Cursorable.
func (b *Button) Cursor() desktop.Cursor {
	if b.Disabled() {
		return desktop.DefaultCursor
	}
	return desktop.PointerCursor
}

// FocusGained implements fyne.Focusable.
func (b *Button) FocusGained() { b.focused = true; b.Refresh() }

// FocusLost implements fyne.Focusable.
func (b *Button) FocusLost() { b.focused = false; b.Refresh() }

// TypedRune implements fyne.Focusable.
func (b *Button) TypedRune(rune) {}

// TypedKey implements fyne.Focusable.
func (b *Button) TypedKey(e *fyne.KeyEvent) {
	switch e.Name {
	case fyne.KeySpace, fyne.KeyReturn, fyne.KeyEnter:
		b.press()
	case fyne.KeyEscape:
		if b.escape != nil {
			b.escape()
		}
	}
}

// MinSize implements fyne.CanvasObject.
func (b *Button) MinSize() fyne.Size {
	b.ExtendBaseWidget(b)
	return b.BaseWidget.MinSize()
}

// CreateRenderer implements fyne.Widget.
func (b *Button) CreateRenderer() fyne.WidgetRenderer {
	r := &buttonRenderer{
		button: b,
		box:    canvas.NewRectangle(nil), overlay: canvas.NewRectangle(nil),
		icon: &canvas.Image{FillMode: canvas.ImageFillContain}, label: canvas.NewText("", nil),
		dot: canvas.NewRectangle(nil), count: canvas.NewText("", nil),
	}
	r.label.TextStyle.Bold = true
	r.count.TextStyle.Bold = true
	r.apply()
	return laidOut(r, b.Size())
}

type buttonRenderer struct {
	button            *Button
	box, overlay, dot *canvas.Rectangle
	icon              *canvas.Image
	label, count      *canvas.Text
}

func (b *Button) colors() (fill, text, stroke fyne.ThemeColorName) {
	if b.Disabled() {
		if b.kind == Quiet || b.kind == DangerLow {
			return theme.ColorNone, theme.ColorDisabled, ""
		}
		return theme.ColorRaised, theme.ColorDisabled, ""
	}
	switch b.kind {
	case Plain:
		return theme.ColorRaised, theme.ColorText, ""
	case Primary:
		return theme.ColorPrimary, theme.ColorOnPrimary, ""
	case Quiet:
		return theme.ColorNone, theme.ColorText, ""
	case Danger:
		return theme.ColorDangerSolid, theme.ColorOnDangerSolid, ""
	case DangerLow:
		return theme.ColorNone, theme.ColorDanger, ""
	case Good:
		return theme.ColorOKSolid, theme.ColorOnOKSolid, ""
	case Active:
		return theme.ColorPrimarySoft, theme.ColorOnPrimarySoft, ""
	case Faulty:
		return theme.ColorDangerSoft, theme.ColorDanger, ""
	}
	return theme.ColorRaised, theme.ColorText, ""
}

func (r *buttonRenderer) apply() {
	b := r.button
	th := b.Theme()
	fill, text, _ := b.colors()
	radius := float32(10)
	r.box.FillColor, r.box.CornerRadius = colorOf(b, fill), radius
	r.box.StrokeWidth, r.box.StrokeColor = 0, colorOf(b, "")
	if b.focused {
		r.box.StrokeWidth, r.box.StrokeColor = 2, colorOf(b, theme.ColorFocus)
	}
	r.overlay.CornerRadius = radius
	r.overlay.FillColor = colorOf(b, "")
	if !b.Disabled() && b.pressed {
		r.overlay.FillColor = colorOf(b, theme.ColorPressed)
	} else if !b.Disabled() && b.hovered {
		r.overlay.FillColor = colorOf(b, theme.ColorHover)
	}
	c := colorOf(b, text)
	r.icon.Resource = b.icon.Resource(c, r.iconSide()*pixelScale(b))
	r.icon.Hidden = b.icon == theme.IconNone
	r.label.Text, r.label.Color, r.label.Hidden = b.label, c, b.label == "" || b.compact
	r.label.TextSize = th.Size(theme.SizeBody)
	if b.stacked {
		r.label.TextSize = th.Size(theme.SizeTiny)
	} else if b.large {
		r.label.TextSize = th.Size(theme.SizeLead)
	}
	r.count.Text, r.count.Hidden, r.dot.Hidden = b.count, b.count == "", b.count == ""
	r.count.Color, r.dot.FillColor = colorOf(b, theme.ColorOnPrimary), colorOf(b, theme.ColorPrimary)
	r.count.TextSize = th.Size(theme.SizeTiny) * 0.92
}

func (r *buttonRenderer) iconSide() float32 {
	side := float32(19)
	if r.button.stacked {
		side = 23
	} else if r.button.large {
		side = 21
	}
	return side * scaleOf(r.button)
}

func (r *buttonRenderer) gap() float32 {
	if r.icon.Hidden || r.label.Hidden {
		return 0
	}
	if r.button.stacked {
		return 3
	}
	return 8
}

func (r *buttonRenderer) content() fyne.Size {
	var icon, label fyne.Size
	if !r.icon.Hidden {
		icon = fyne.NewSquareSize(r.iconSide())
	}
	if !r.label.Hidden {
		label = r.label.MinSize()
	}
	if r.button.stacked {
		return fyne.NewSize(max(icon.Width, label.Width), icon.Height+r.gap()+label.Height)
	}
	return fyne.NewSize(icon.Width+r.gap()+label.Width, max(icon.Height, label.Height))
}

func (r *buttonRenderer) MinSize() fyne.Size {
	drawn := r.label.Text
	r.label.Text = r.button.label // what is cut off asks for its room all the same
	c := r.content()
	r.label.Text = drawn
	s := scaleOf(r.button)
	if r.button.stacked {
		if r.button.compact {
			return fyne.NewSize(c.Width+26, c.Height+22)
		}
		return fyne.NewSize(max(c.Width+14, 68*s), c.Height+14)
	}
	x, h := float32(labelPad), max(c.Height+14, 36*s)
	if r.button.label == "" {
		return fyne.NewSquareSize(max(h, c.Width+16))
	}
	if r.button.large {
		x, h = 20, max(c.Height+22, 46*s)
	}
	return fyne.NewSize(c.Width+2*x, h)
}

func (r *buttonRenderer) Layout(size fyne.Size) {
	r.box.Resize(size)
	r.overlay.Resize(size)
	r.cut(size.Width)
	c, side := r.content(), r.iconSide()
	label := r.label.MinSize()
	if r.button.stacked {
		y := (size.Height - c.Height) / 2
		r.icon.Move(fyne.NewPos((size.Width-side)/2, y))
		r.label.Move(fyne.NewPos((size.Width-label.Width)/2, y+side+r.gap()))
	} else {
		x := (size.Width - c.Width) / 2
		if r.button.leading {
			x = labelPad
		}
		r.icon.Move(fyne.NewPos(x, (size.Height-side)/2))
		if !r.icon.Hidden {
			x += side + r.gap()
		}
		r.label.Move(fyne.NewPos(x, (size.Height-label.Height)/2))
	}
	r.icon.Resize(fyne.NewSquareSize(side))
	r.label.Resize(label)
	r.layoutCount(size)
}

// labelPad is the least room at the left and right of a label.
const labelPad = 14

// cut ends a label that is wider than the button with an ellipsis.
func (r *buttonRenderer) cut(width float32) {
	b := r.button
	r.label.Text, b.cut = b.label, false
	if r.label.Hidden || b.stacked {
		return
	}
	room := width - 2*labelPad - r.gap()
	if !r.icon.Hidden {
		room -= r.iconSide()
	}
	if r.label.MinSize().Width > room+0.5 {
		r.label.Text, b.cut = cutLike(b.label, room, r.label), true
	}
}

func (r *buttonRenderer) layoutCount(size fyne.Size) {
	n := r.count.MinSize()
	h := n.Height + 1
	w := max(h, n.Width+9)
	x := size.Width - w - 3
	if r.button.stacked {
		x = size.Width/2 + 5
	}
	r.dot.CornerRadius = h / 2
	r.dot.Resize(fyne.NewSize(w, h))
	r.dot.Move(fyne.NewPos(x, 3))
	r.count.Resize(n)
	r.count.Move(fyne.NewPos(x+(w-n.Width)/2, 3+(h-n.Height)/2))
}

func (r *buttonRenderer) Refresh() {
	r.apply()
	r.Layout(r.button.Size())
	for _, o := range r.Objects() {
		o.Refresh()
	}
}

func (r *buttonRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.box, r.overlay, r.icon, r.label, r.dot, r.count}
}

func (r *buttonRenderer) Destroy() {}
