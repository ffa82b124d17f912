package widget

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	fwidget "fyne.io/fyne/v2/widget"

	"conclave/ui/theme"
)

// Way leads somewhere: a card with a title and a few sentences, and an arrow
// at its end. It can be reached by Tab and taken by Space or Enter.
type Way struct {
	fwidget.BaseWidget
	hovered, focused bool
	box              *Box
	content          *fyne.Container
	tapped           func()
	escape           func()
	title, words     string
}

// WayConfig describes a way.
type WayConfig struct {
	Icon   theme.Icon
	Title  string
	Lines  []string // sentences; the first is the most important
	Strong string   // a sentence that stands out, or ""
	Tapped func()
	Escape func()
}

// NewWay returns a way.
func NewWay(c WayConfig) *Way {
	w := &Way{tapped: c.Tapped, escape: c.Escape, title: c.Title, box: NewBox(BoxStyle{})}
	text := Column(theme.SpaceXS, NewText(c.Title, Style{Bold: true, Wrap: true}))
	for i, line := range c.Lines {
		style := Style{Size: theme.SizeSmall, Color: theme.ColorMuted, Wrap: true}
		if i == 0 {
			style.Color = theme.ColorText
		}
		text.Objects = append(text.Objects, NewText(line, style))
		w.words += " " + line
	}
	if c.Strong != "" {
		text.Objects = append(text.Objects, NewText(c.Strong, Style{Size: theme.SizeSmall, Color: theme.ColorInfo, Bold: true, Wrap: true}))
		w.words += " " + c.Strong
	}
	row := Row(theme.SpaceM, NewIcon(c.Icon, 26, theme.ColorInfo), text, NewIcon(theme.IconChevronRight, 18, theme.ColorMuted))
	w.content = Stack(w.box, PadXY(theme.SpaceM, theme.SpaceS, Grow(row, text)))
	w.ExtendBaseWidget(w)
	w.apply()
	return w
}

func (w *Way) apply() {
	style := BoxStyle{Fill: "inputBackground", Stroke: theme.ColorBorder, Width: 1, Radius: 12}
	if w.hovered {
		style.Fill, style.Stroke = theme.ColorRaised, theme.ColorFocus
	}
	if w.focused {
		style.Stroke, style.Width = theme.ColorFocus, 3
	}
	w.box.Set(style)
}

// Title returns the way's title.
func (w *Way) Title() string { return w.title }

// HeightFor implements Heighter.
func (w *Way) HeightFor(width float32) float32 { return HeightFor(w.content, width) }

// Refresh redraws.
func (w *Way) Refresh() { w.apply(); w.BaseWidget.Refresh() }

// Tapped implements fyne.Tappable.
func (w *Way) Tapped(*fyne.PointEvent) { w.tapped() }

// MouseIn implements desktop.Hoverable.
func (w *Way) MouseIn(*desktop.MouseEvent) { w.hovered = true; w.Refresh() }

// MouseMoved implements desktop.Hoverable.
func (w *Way) MouseMoved(*desktop.MouseEvent) {}

// MouseOut implements desktop.Hoverable.
func (w *Way) MouseOut() { w.hovered = false; w.Refresh() }

// Cursor implements desktop.Cursorable.
func (w *Way) Cursor() desktop.Cursor { return desktop.PointerCursor }

// FocusGained implements fyne.Focusable.
func (w *Way) FocusGained() { w.focused = true; w.Refresh() }

// FocusLost implements fyne.Focusable.
func (w *Way) FocusLost() { w.focused = false; w.Refresh() }

// TypedRune implements fyne.Focusable.
func (w *Way) TypedRune(rune) {}

// TypedKey implements fyne.Focusable.
func (w *Way) TypedKey(e *fyne.KeyEvent) {
	switch e.Name {
	case fyne.KeySpace, fyne.KeyReturn, fyne.KeyEnter:
		w.tapped()
	case fyne.KeyEscape:
		if w.escape != nil {
			w.escape()
		}
	}
}

// AccessibilityLabel implements fyne.Accessible.
func (w *Way) AccessibilityLabel() string { return w.title + "." + w.words }

// AccessibilityRole implements fyne.Accessible.
func (w *Way) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleButton }

// CreateRenderer implements fyne.Widget.
func (w *Way) CreateRenderer() fyne.WidgetRenderer { return fwidget.NewSimpleRenderer(w.content) }
