package screen

import (
	"slices"

	"fyne.io/fyne/v2"

	"conclave/ui/present"
	"conclave/ui/theme"
	"conclave/ui/widget"
)

// managedNote says in settings what the organisation has decided. The choices
// themselves are not shown then: there is nothing to choose.
type managedNote struct {
	object *fyne.Container
	words  *widget.Text
	names  []string
	hides  map[string]fyne.CanvasObject // by the name of the key that decides
}

func newManagedNote(k *Kit) *managedNote {
	n := &managedNote{words: body(""), hides: map[string]fyne.CanvasObject{}}
	text := widget.Column(theme.SpaceXS, widget.NewText(k.say("managed.title"), widget.Style{Bold: true, Wrap: true}), n.words)
	n.object = widget.Tinted(theme.ColorInfoSoft, theme.SpaceM, widget.Grow(widget.Row(theme.SpaceM, widget.NewIcon(theme.IconLock, 22, theme.ColorInfo), text), text))
	n.object.Hide()
	return n
}

func (n *managedNote) set(p present.Presenter, names []string) {
	if slices.Equal(names, n.names) {
		return
	}
	n.names = names
	n.words.Set(p.Managed(names))
	show(n.object, len(names) > 0)
	for _, o := range n.hides {
		show(o, true)
	}
	for name, o := range n.hides {
		if slices.Contains(names, name) {
			show(o, false)
		}
	}
}
