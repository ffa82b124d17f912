package widget

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	fwidget "fyne.io/fyne/v2/widget"

	"conclave/ui/present"
	"conclave/ui/theme"
)

// Tone is the colour of a statement.
type Tone = present.Tone

// Colors returns a tone's text and soft background.
func Colors(t Tone) (text, soft fyne.ThemeColorName) {
	switch t {
	case present.Neutral:
		return theme.ColorMuted, theme.ColorRaised
	case present.Info:
		return theme.ColorInfo, theme.ColorInfoSoft
	case present.OK:
		return theme.ColorOK, theme.ColorOKSoft
	case present.Caution:
		return theme.ColorCaution, theme.ColorCautionSoft
	case present.Alarm:
		return theme.ColorDanger, theme.ColorDangerSoft
	}
	return theme.ColorMuted, theme.ColorRaised
}

// Pill is a short statement with an icon in a tone; it may be clicked.
type Pill struct {
	fwidget.BaseWidget
	words   string
	icon    theme.Icon
	tone    Tone
	small   bool
	tapped  func()
	hovered bool
	focused bool
}

// NewPill returns a pill; tapped may be nil.
func NewPill(words string, icon theme.Icon, tone Tone, tapped func()) *Pill {
	p := &Pill{words: words, icon: icon, tone: tone, tapped: tapped}
	p.ExtendBaseWidget(p)
	return p
}

// NewTag returns a small pill that is only read.
func NewTag(words string, icon theme.Icon, tone Tone) *Pill {
	p := &Pill{words: words, icon: icon, tone: tone, small: true}
	p.ExtendBaseWidget(p)
	return p
}

// Set changes what the pill says.
func (p *Pill) Set(words string, icon theme.Icon, tone Tone) {
	if p.words != words || p.icon != icon || p.tone != tone {
		p.words, p.icon, p.tone = words, icon, tone
		p.Refresh()
	}
}

// Words returns what the pill says.
func (p *Pill) Words() string { return p.words }

// AccessibilityLabel implements fyne.Accessible.
func (p *Pill) AccessibilityLabel() string { return p.words }

// AccessibilityRole implements fyne.Accessible.
func (p *Pill) AccessibilityRole() fyne.AccessibleRole {
	if p.tapped != nil {
		return fyne.AccessibleRoleButton
	}
	return fyne.AccessibleRoleText
}

// Tapped implements fyne.Tappable.
func (p *Pill) Tapped(*fyne.PointEvent) {
	if p.tapped != nil {
		p.tapped()
	}
}

// MouseIn implements desktop.Hoverable.
func (p *Pill) MouseIn(*desktop.MouseEvent) { p.hovered = p.tapped != nil; p.Refresh() }

// MouseMoved implements desktop.Hoverable.
func (p *Pill) MouseMoved(*desktop.MouseEvent) {}

// MouseOut implements desktop.Hoverable.
func (p *Pill) MouseOut() { p.hovered = false; p.Refresh() }

// Cursor implements desktop.Cursorable.
func (p *Pill) Cursor() desktop.Cursor {
	if p.tapped != nil {
		return desktop.PointerCursor
	}
	return desktop.DefaultCursor
}

// CreateRenderer implements fyne.Widget.
func (p *Pill) CreateRenderer() fyne.WidgetRenderer {
	r := &pillRenderer{pill: p, box: canvas.NewRectangle(nil), icon: &canvas.Image{FillMode: canvas.ImageFillContain}, label: canvas.NewText("", nil)}
	r.label.TextStyle.Bold = true
	r.apply()
	return laidOut(r, p.Size())
}

type pillRenderer struct {
	pill  *Pill
	box   *canvas.Rectangle
	icon  *canvas.Image
	label *canvas.Text
}

func (r *pillRenderer) apply() {
	p := r.pill
	text, soft := Colors(p.tone)
	r.box.FillColor = colorOf(p, soft)
	r.box.StrokeWidth, r.box.StrokeColor = 0, colorOf(p, "")
	if p.hovered || p.focused {
		r.box.StrokeWidth, r.box.StrokeColor = 1.5, colorOf(p, text)
	}
	r.icon.Hidden = p.icon == theme.IconNone
	side, _, _, _ := r.dims()
	r.icon.Resource, r.icon.Hidden = p.icon.Resource(colorOf(p, text), side*pixelScale(p)), p.icon == theme.IconNone
	r.label.Text, r.label.Color = p.words, colorOf(p, text)
	r.label.TextSize = p.Theme().Size(theme.SizeSmall)
	if p.small {
		r.label.TextSize = p.Theme().Size(theme.SizeTiny)
	}
}

func (r *pillRenderer) dims() (side, x, y, gap float32) {
	s := scaleOf(r.pill)
	side, x, y, gap = 17*s, 12, 6, 7
	if r.pill.small {
		side, x, y, gap = 13*s, 8, 2.5, 5
	}
	if r.icon.Hidden {
		side, gap = 0, 0
	}
	return side, x, y, gap
}

func (r *pillRenderer) MinSize() fyne.Size {
	side, x, y, gap := r.dims()
	l := fyne.MeasureText(r.pill.words, r.label.TextSize, r.label.TextStyle)
	return fyne.NewSize(side+gap+l.Width+2*x, max(side, l.Height)+2*y)
}

func (r *pillRenderer) Layout(size fyne.Size) {
	side, x, _, gap := r.dims()
	room := size.Width - 2*x - side - gap
	r.label.Text = cutLike(r.pill.words, room+1, r.label)
	l := r.label.MinSize()
	r.box.CornerRadius = size.Height / 2
	r.box.Resize(size)
	x = max(x, (size.Width-side-gap-l.Width)/2)
	r.icon.Move(fyne.NewPos(x, (size.Height-side)/2))
	r.icon.Resize(fyne.NewSquareSize(side))
	r.label.Move(fyne.NewPos(x+side+gap, (size.Height-l.Height)/2))
	r.label.Resize(l)
}

func (r *pillRenderer) Refresh() {
	r.apply()
	r.Layout(r.pill.Size())
	r.box.Refresh()
	r.icon.Refresh()
	r.label.Refresh()
}

func (r *pillRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.box, r.icon, r.label}
}

func (r *pillRenderer) Destroy() {}
