package widget

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	fwidget "fyne.io/fyne/v2/widget"

	"conclave/ui/theme"
)

// Digits shows the security code: six groups of five digits in two rows of
// three, as large as the room allows, for reading aloud and across a room.
type Digits struct {
	fwidget.BaseWidget
	groups []string
}

// NewDigits returns an empty code.
func NewDigits() *Digits {
	d := &Digits{}
	d.ExtendBaseWidget(d)
	return d
}

// Set changes the digits, groups separated by spaces.
func (d *Digits) Set(digits string) {
	groups := strings.Fields(digits)
	if strings.Join(groups, " ") != strings.Join(d.groups, " ") {
		d.groups = groups
		d.Refresh()
	}
}

// AccessibilityLabel implements fyne.Accessible.
func (d *Digits) AccessibilityLabel() string { return strings.Join(d.groups, ", ") }

// AccessibilityRole implements fyne.Accessible.
func (d *Digits) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleText }

// HeightFor implements Heighter.
func (d *Digits) HeightFor(width float32) float32 { return d.textSize(width) * 3.1 }

// textSize fits three groups of five into the width: a digit of the mono font
// is 0.6 of its size wide, and the gap between groups 1.1.
func (d *Digits) textSize(width float32) float32 {
	fit := width / (3*5*0.6 + 2*1.1)
	return max(20, min(fit, 2.3*d.Theme().Size(theme.SizeCode)))
}

// CreateRenderer implements fyne.Widget.
func (d *Digits) CreateRenderer() fyne.WidgetRenderer {
	r := &digitsRenderer{digits: d}
	for range 6 {
		t := canvas.NewText("", nil)
		t.TextStyle = fyne.TextStyle{Monospace: true, Bold: true}
		t.Alignment = fyne.TextAlignCenter
		r.texts = append(r.texts, t)
	}
	r.apply()
	return laidOut(r, d.Size())
}

type digitsRenderer struct {
	digits *Digits
	texts  []*canvas.Text
}

func (r *digitsRenderer) apply() {
	for i, t := range r.texts {
		t.Text, t.Color = "", colorOf(r.digits, theme.ColorText)
		if i < len(r.digits.groups) {
			t.Text = r.digits.groups[i]
		}
	}
}

func (r *digitsRenderer) Layout(size fyne.Size) {
	text := r.digits.textSize(size.Width)
	gap := text * 1.1
	group := text * 0.6 * 5
	x := (size.Width - 3*group - 2*gap) / 2
	row := size.Height / 2
	for i, t := range r.texts {
		t.TextSize = text
		h := t.MinSize().Height
		t.Resize(fyne.NewSize(group, h))
		t.Move(fyne.NewPos(x+float32(i%3)*(group+gap), float32(i/3)*row+(row-h)/2))
	}
}

func (r *digitsRenderer) MinSize() fyne.Size {
	text := max(20, r.digits.Theme().Size(theme.SizeCode)*0.55)
	return fyne.NewSize(text*(3*5*0.6+2*1.1), text*3.1)
}

func (r *digitsRenderer) Refresh() {
	r.apply()
	r.Layout(r.digits.Size())
	for _, t := range r.texts {
		t.Refresh()
	}
}

func (r *digitsRenderer) Objects() []fyne.CanvasObject {
	out := []fyne.CanvasObject{}
	for _, t := range r.texts {
		out = append(out, t)
	}
	return out
}

func (r *digitsRenderer) Destroy() {}
