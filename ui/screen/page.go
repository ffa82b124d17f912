package screen

import (
	"fyne.io/fyne/v2"

	"conclave/ui/theme"
	"conclave/ui/widget"
)

// page is a screen that lies over the others: a way back, a title and what
// follows, at most width wide.
func page(k *Kit, width float32, back string, objects ...fyne.CanvasObject) fyne.CanvasObject {
	b := k.button(widget.ButtonConfig{Label: k.say(back), Icon: theme.IconBack, Kind: widget.Quiet, Tip: k.Tip(back, "back"), Tapped: k.Close})
	gap := widget.Gap()
	top := widget.PadXY(theme.SpaceL, theme.SpaceS, widget.Grow(widget.Row(theme.SpaceS, b, gap), gap))
	objects = append(objects, widget.Fixed(0, 12, widget.Gap()))
	scroll := widget.Scroll(widget.PadXY(theme.SpaceL, theme.SpaceNo, widget.Narrow(width, widget.Column(theme.SpaceM, objects...))))
	return widget.Stack(widget.NewBox(widget.BoxStyle{Fill: theme.ColorBackground}), widget.Grow(widget.Column(theme.SpaceNo, top, scroll), scroll))
}

// part is a piece of a screen under its title, after a thin line: a frame
// around it would be slow to draw without a graphics card.
func part(words string, right fyne.CanvasObject, content ...fyne.CanvasObject) *fyne.Container {
	t := title(words)
	head := widget.Row(theme.SpaceS, t)
	if right != nil {
		head.Objects = append(head.Objects, right)
	}
	return widget.Column(theme.SpaceS, append([]fyne.CanvasObject{widget.Grow(head, t), widget.Rule()}, content...)...)
}
