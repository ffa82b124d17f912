package widget

import (
	"math"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	base "fyne.io/fyne/v2/theme"
	fwidget "fyne.io/fyne/v2/widget"

	"conclave/ui/theme"
)

// Touch is a large button with a title and a sentence, for fingers.
type Touch struct {
	fwidget.BaseWidget
	title, words     *Text
	icon             *Icon
	box              *Box
	content          *fyne.Container
	tapped           func()
	strong           bool
	hovered, focused bool
}

// NewTouch returns a large button.
func NewTouch(icon theme.Icon, tapped func()) *Touch {
	t := &Touch{
		tapped: tapped, box: NewBox(BoxStyle{}), icon: NewIcon(icon, 30, theme.ColorPrimary),
		title: NewText("", Style{Size: theme.SizeTitle, Bold: true, Wrap: true, Lines: 2}),
		words: NewText("", Style{Size: theme.SizeBody, Color: theme.ColorMuted, Wrap: true, Lines: 2}),
	}
	text := Place(Column(theme.SpaceXS, t.title, t.words), Center, Stretch)
	row := Grow(Row(theme.SpaceM, t.icon, text), text)
	t.content = Stack(t.box, PadXY(theme.SpaceL, theme.SpaceS, Middle(2000, row)))
	t.ExtendBaseWidget(t)
	t.apply()
	return t
}

// Set changes the words; a strong button is the one that is meant now.
func (t *Touch) Set(title, words string, strong bool) {
	t.title.Set(title)
	t.words.Set(words)
	if t.words.Visible() != (words != "") {
		if words == "" {
			t.words.Hide()
		} else {
			t.words.Show()
		}
		t.content.Refresh()
	}
	if t.strong != strong {
		t.strong = strong
		t.Refresh()
	}
}

// Resize leaves the drawing out where there is room for words only.
func (t *Touch) Resize(size fyne.Size) {
	dense := size.Height < 84*scaleOf(t)
	if dense == t.icon.Visible() {
		lines := 2
		t.icon.Show()
		if dense {
			t.icon.Hide()
			lines = 1
		}
		t.title.SetLines(lines)
		t.words.SetLines(lines)
	}
	t.BaseWidget.Resize(size)
}

// Title returns the word on the button.
func (t *Touch) Title() string { return t.title.Words() }

func (t *Touch) apply() {
	style := BoxStyle{Fill: theme.ColorSurface, Stroke: theme.ColorBorder, Width: 1.5, Radius: 18}
	text, words, icon := fyne.ThemeColorName(theme.ColorText), fyne.ThemeColorName(theme.ColorMuted), fyne.ThemeColorName(theme.ColorPrimary)
	if t.strong {
		style.Fill, style.Width = theme.ColorPrimary, 0
		text, words, icon = theme.ColorOnPrimary, theme.ColorOnPrimary, theme.ColorOnPrimary
	}
	if t.hovered && !t.strong {
		style.Fill = theme.ColorRaised
	}
	if t.focused {
		style.Stroke, style.Width = theme.ColorFocus, 4
	}
	t.box.Set(style)
	t.title.SetColor(text)
	t.words.SetColor(words)
	t.icon.SetColor(icon)
}

// SetColor changes the colour of an icon.
func (i *Icon) SetColor(c fyne.ThemeColorName) { i.Set(i.icon, c) }

// Refresh redraws.
func (t *Touch) Refresh() { t.apply(); t.BaseWidget.Refresh() }

// Tapped implements fyne.Tappable.
func (t *Touch) Tapped(*fyne.PointEvent) { t.tapped() }

// MouseIn implements desktop.Hoverable.
func (t *Touch) MouseIn(*desktop.MouseEvent) { t.hovered = true; t.Refresh() }

// MouseMoved implements desktop.Hoverable.
func (t *Touch) MouseMoved(*desktop.MouseEvent) {}

// MouseOut implements desktop.Hoverable.
func (t *Touch) MouseOut() { t.hovered = false; t.Refresh() }

// FocusGained implements fyne.Focusable.
func (t *Touch) FocusGained() { t.focused = true; t.Refresh() }

// FocusLost implements fyne.Focusable.
func (t *Touch) FocusLost() { t.focused = false; t.Refresh() }

// TypedRune implements fyne.Focusable.
func (t *Touch) TypedRune(rune) {}

// TypedKey implements fyne.Focusable.
func (t *Touch) TypedKey(e *fyne.KeyEvent) {
	if e.Name == fyne.KeySpace || e.Name == fyne.KeyReturn || e.Name == fyne.KeyEnter {
		t.tapped()
	}
}

// AccessibilityLabel implements fyne.Accessible.
func (t *Touch) AccessibilityLabel() string { return t.title.Words() + ". " + t.words.Words() }

// AccessibilityRole implements fyne.Accessible.
func (t *Touch) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleButton }

// MinSize is what a thumb finds.
func (t *Touch) MinSize() fyne.Size {
	t.ExtendBaseWidget(t)
	s := scaleOf(t)
	return fyne.NewSize(200*s, 72*s)
}

// CreateRenderer implements fyne.Widget.
func (t *Touch) CreateRenderer() fyne.WidgetRenderer { return fwidget.NewSimpleRenderer(t.content) }

// least keeps an object from being smaller than a size that grows with the text.
type least struct{ width, height float32 }

// Least keeps an object from being smaller than a size, at text scale 1.
func Least(width, height float32, o fyne.CanvasObject) *fyne.Container {
	return &fyne.Container{Layout: &least{width, height}, Objects: []fyne.CanvasObject{o}}
}

// Layout implements fyne.Layout.
func (l *least) Layout(objects []fyne.CanvasObject, size fyne.Size) { stack{}.Layout(objects, size) }

// MinSize implements fyne.Layout.
func (l *least) MinSize(objects []fyne.CanvasObject) fyne.Size {
	s := base.Size(theme.SizeBody) / 14
	return stack{}.MinSize(objects).Max(fyne.NewSize(l.width*s, l.height*s))
}

// touchGrid lays alike things out in a grid that fills the room, each of them
// between a least and a greatest size.
type touchGrid struct {
	gap fyne.ThemeSizeName
}

// TouchGrid lays large buttons out.
func TouchGrid(gap fyne.ThemeSizeName, objects ...fyne.CanvasObject) *fyne.Container {
	return &fyne.Container{Layout: &touchGrid{gap}, Objects: objects}
}

// The greatest size of a button, as what a hand reaches without looking for it.
const (
	touchWide = 460
	touchHigh = 150
)

// columns prefers few: buttons as wide as they may be.
func (g *touchGrid) columns(objects []fyne.CanvasObject, size fyne.Size) int {
	gap, scale := base.Size(g.gap), base.Size(theme.SizeBody)/14
	var w, h float32
	for _, o := range objects {
		m := o.MinSize()
		w, h = max(w, m.Width), max(h, m.Height)
	}
	most := max(1, int((size.Width+gap)/(w+gap)))
	least := 1
	if len(objects) > 3 {
		least = 2
	}
	for c := least; c <= most; c++ {
		rows := float32(math.Ceil(float64(len(objects)) / float64(c)))
		if rows*(h+gap)-gap <= size.Height && (size.Width-gap*float32(c-1))/float32(c) <= touchWide*scale*1.2 {
			return c
		}
	}
	return min(most, len(objects))
}

// Layout implements fyne.Layout.
func (g *touchGrid) Layout(all []fyne.CanvasObject, size fyne.Size) {
	objects := shown(all)
	if len(objects) == 0 {
		return
	}
	gap, scale := base.Size(g.gap), base.Size(theme.SizeBody)/14
	c := min(max(1, g.columns(objects, size)), len(objects))
	rows := (len(objects) + c - 1) / c
	w := min((size.Width-gap*float32(c-1))/float32(c), touchWide*scale)
	h := min((size.Height-gap*float32(rows-1))/float32(rows), touchHigh*scale)
	top := (size.Height - h*float32(rows) - gap*float32(rows-1)) / 2
	for i, o := range objects {
		row, in := i/c, c
		if row == rows-1 {
			in = len(objects) - row*c
		}
		left := (size.Width - w*float32(in) - gap*float32(in-1)) / 2
		o.Move(fyne.NewPos(left+float32(i%c)*(w+gap), max(0, top)+float32(row)*(h+gap)))
		o.Resize(fyne.NewSize(w, h))
	}
}

// MinSize implements fyne.Layout.
func (g *touchGrid) MinSize(all []fyne.CanvasObject) fyne.Size {
	return stack{}.MinSize(all)
}

func (g *touchGrid) heightFor(all []fyne.CanvasObject, _ float32) float32 {
	return g.MinSize(all).Height
}
