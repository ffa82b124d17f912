package widget

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	fwidget "fyne.io/fyne/v2/widget"

	"conclave/ui/theme"
)

// Choice is one of several possibilities, told in a title and a sentence. The
// chosen one has a frame and a check mark.
type Choice struct {
	fwidget.BaseWidget
	chosen, hovered, focused bool
	box                      *Box
	mark                     *Icon
	content                  *fyne.Container
	tapped                   func()
	title                    string
}

// NewChoice returns a choice.
func NewChoice(icon theme.Icon, title, words string, tapped func()) *Choice {
	c := &Choice{tapped: tapped, title: title, box: NewBox(BoxStyle{}), mark: NewIcon(theme.IconNone, 18, theme.ColorPrimary)}
	text := Column(theme.SpaceXS, NewText(title, Style{Bold: true, Wrap: true}))
	if words != "" {
		text.Objects = append(text.Objects, NewText(words, Style{Size: theme.SizeSmall, Color: theme.ColorMuted, Wrap: true}))
	}
	row := Grow(Row(theme.SpaceM, NewIcon(icon, 22, theme.ColorText), text, c.mark), text)
	c.content = Stack(c.box, PadXY(theme.SpaceM, theme.SpaceS, row))
	c.ExtendBaseWidget(c)
	c.apply()
	return c
}

// SetChosen marks or unmarks the choice.
func (c *Choice) SetChosen(chosen bool) {
	if c.chosen != chosen {
		c.chosen = chosen
		c.Refresh()
	}
}

// Chosen reports whether it is the one.
func (c *Choice) Chosen() bool { return c.chosen }

func (c *Choice) apply() {
	style := BoxStyle{Fill: "inputBackground", Stroke: theme.ColorBorder, Width: 1, Radius: 12}
	icon := theme.IconNone
	if c.chosen {
		style.Stroke, style.Width, style.Fill = theme.ColorFocus, 2, "inputBackground"
		icon = theme.IconCheck
	}
	if c.hovered {
		style.Fill = theme.ColorRaised
	}
	if c.focused {
		style.Stroke, style.Width = theme.ColorFocus, 3
	}
	c.box.Set(style)
	c.mark.Set(icon, theme.ColorFocus)
}

// HeightFor implements Heighter.
func (c *Choice) HeightFor(width float32) float32 { return HeightFor(c.content, width) }

// Refresh redraws.
func (c *Choice) Refresh() { c.apply(); c.BaseWidget.Refresh() }

// Tapped implements fyne.Tappable.
func (c *Choice) Tapped(*fyne.PointEvent) { c.tapped() }

// MouseIn implements desktop.Hoverable.
func (c *Choice) MouseIn(*desktop.MouseEvent) { c.hovered = true; c.Refresh() }

// MouseMoved implements desktop.Hoverable.
func (c *Choice) MouseMoved(*desktop.MouseEvent) {}

// MouseOut implements desktop.Hoverable.
func (c *Choice) MouseOut() { c.hovered = false; c.Refresh() }

// Cursor implements desktop.Cursorable.
func (c *Choice) Cursor() desktop.Cursor { return desktop.PointerCursor }

// FocusGained implements fyne.Focusable.
func (c *Choice) FocusGained() { c.focused = true; c.Refresh() }

// FocusLost implements fyne.Focusable.
func (c *Choice) FocusLost() { c.focused = false; c.Refresh() }

// TypedRune implements fyne.Focusable.
func (c *Choice) TypedRune(rune) {}

// TypedKey implements fyne.Focusable.
func (c *Choice) TypedKey(e *fyne.KeyEvent) {
	if e.Name == fyne.KeySpace || e.Name == fyne.KeyReturn || e.Name == fyne.KeyEnter {
		c.tapped()
	}
}

// AccessibilityLabel implements fyne.Accessible.
func (c *Choice) AccessibilityLabel() string { return c.title }

// AccessibilityRole implements fyne.Accessible.
func (c *Choice) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleButton }

// CreateRenderer implements fyne.Widget.
func (c *Choice) CreateRenderer() fyne.WidgetRenderer { return fwidget.NewSimpleRenderer(c.content) }
