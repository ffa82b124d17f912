package widget

import (
	"image/color"
	"strings"
	"unicode"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	fwidget "fyne.io/fyne/v2/widget"

	"conclave/ui/theme"
)

// avatarColors are deep enough for white letters (contrast 4.5 and more).
var avatarColors = [...]color.NRGBA{
	{0x4b, 0x55, 0xc9, 0xff},
	{0x0b, 0x77, 0x6f, 0xff},
	{0x9a, 0x3f, 0x8f, 0xff},
	{0xb1, 0x49, 0x1c, 0xff},
	{0x1f, 0x6a, 0xb8, 0xff},
	{0x57, 0x72, 0x1b, 0xff},
	{0xb0, 0x2c, 0x56, 0xff},
	{0x6d, 0x4c, 0xb8, 0xff},
}

// Avatar is a disc with a person's initials, in a colour that follows their
// key, not their name.
type Avatar struct {
	fwidget.BaseWidget
	name string
	seed byte
	side float32
	disc *canvas.Circle
	text *canvas.Text
}

// NewAvatar returns an avatar of a side length at text scale 1; 0 fills what
// it gets.
func NewAvatar(name string, seed byte, side float32) *Avatar {
	a := &Avatar{name: name, seed: seed, side: side, disc: canvas.NewCircle(nil), text: canvas.NewText("", color.White)}
	a.text.TextStyle.Bold = true
	a.text.Alignment = fyne.TextAlignCenter
	a.ExtendBaseWidget(a)
	return a
}

// Set changes the person.
func (a *Avatar) Set(name string, seed byte) {
	if a.name != name || a.seed != seed {
		a.name, a.seed = name, seed
		a.Refresh()
	}
}

// Initials returns at most two letters of a name.
func Initials(name string) string {
	letters := []rune{}
	for word := range strings.FieldsSeq(name) {
		for _, r := range word {
			if unicode.IsLetter(r) || unicode.IsDigit(r) {
				letters = append(letters, unicode.ToUpper(r))
				break
			}
		}
	}
	switch len(letters) {
	case 0:
		return ""
	case 1:
		return string(letters)
	}
	return string([]rune{letters[0], letters[len(letters)-1]})
}

// CreateRenderer implements fyne.Widget.
func (a *Avatar) CreateRenderer() fyne.WidgetRenderer {
	r := &avatarRenderer{a, NewIcon(theme.IconPerson, 20, theme.ColorOnTile)}
	r.apply()
	return laidOut(r, a.Size())
}

type avatarRenderer struct {
	avatar *Avatar
	blank  *Icon
}

func (r *avatarRenderer) apply() {
	a := r.avatar
	a.disc.FillColor = avatarColors[int(a.seed)%len(avatarColors)]
	a.text.Text = Initials(a.name)
	r.blank.Hidden = a.text.Text != ""
}

func (r *avatarRenderer) Layout(size fyne.Size) {
	side := min(size.Width, size.Height)
	at := fyne.NewPos((size.Width-side)/2, (size.Height-side)/2)
	r.avatar.disc.Move(at)
	r.avatar.disc.Resize(fyne.NewSquareSize(side))
	r.avatar.text.TextSize = side * 0.38
	h := r.avatar.text.MinSize().Height
	r.avatar.text.Move(fyne.NewPos(0, (size.Height-h)/2))
	r.avatar.text.Resize(fyne.NewSize(size.Width, h))
	r.blank.Move(at.AddXY(side*0.25, side*0.25))
	r.blank.Resize(fyne.NewSquareSize(side * 0.5))
}

func (r *avatarRenderer) MinSize() fyne.Size {
	return fyne.NewSquareSize(r.avatar.side * scaleOf(r.avatar))
}

func (r *avatarRenderer) Refresh() {
	r.apply()
	r.Layout(r.avatar.Size())
	r.avatar.disc.Refresh()
	r.avatar.text.Refresh()
}

func (r *avatarRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.avatar.disc, r.avatar.text, r.blank}
}

func (r *avatarRenderer) Destroy() {}
