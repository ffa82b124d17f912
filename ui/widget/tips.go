package widget

import (
	"fyne.io/fyne/v2"

	"conclave/ui/theme"
)

// Tips shows one short text beside the thing that is pointed at. Its Layer
// lies above everything and takes no clicks.
type Tips struct {
	Layer *fyne.Container
	box   *fyne.Container
	text  *Text
}

// NewTips returns tips with an empty layer.
func NewTips() *Tips {
	t := &Tips{text: NewText("", Style{Size: theme.SizeSmall, Color: theme.ColorOnTile, Solid: true})}
	t.box = Stack(NewBox(BoxStyle{Fill: theme.ColorTile, Radius: 8, Shadow: true}), PadXY(theme.SpaceS, theme.SpaceXS, t.text))
	t.box.Hide()
	t.Layer = &fyne.Container{Objects: []fyne.CanvasObject{t.box}}
	return t
}

// Show shows a tip above an object, or below where there is no room.
func (t *Tips) Show(words string, at fyne.CanvasObject) {
	d := fyne.CurrentApp().Driver()
	pos := d.AbsolutePositionForObject(at).Subtract(d.AbsolutePositionForObject(t.Layer))
	t.text.Set(words)
	need, room := t.box.MinSize(), t.Layer.Size()
	x := pos.X + at.Size().Width/2 - need.Width/2
	y := pos.Y - need.Height - 6
	if y < 0 {
		y = pos.Y + at.Size().Height + 6
	}
	t.box.Move(fyne.NewPos(max(4, min(x, room.Width-need.Width-4)), y))
	t.box.Resize(need)
	t.box.Show()
	t.Layer.Refresh()
}

// Toast shows words at the bottom in the middle.
func (t *Tips) Toast(words string) {
	t.text.Set(words)
	need, room := t.box.MinSize(), t.Layer.Size()
	t.box.Move(fyne.NewPos((room.Width-need.Width)/2, room.Height-need.Height-96))
	t.box.Resize(need)
	t.box.Show()
	t.Layer.Refresh()
}

// Hide hides the tip.
func (t *Tips) Hide() {
	if t.box.Visible() {
		t.box.Hide()
		t.Layer.Refresh()
	}
}
