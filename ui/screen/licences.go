package screen

import (
	"strings"

	"fyne.io/fyne/v2"

	"conclave/app/core"
	"conclave/assets"
	"conclave/ui/present"
	"conclave/ui/theme"
	"conclave/ui/widget"
)

// Licences shows the full licence texts of Conclave and of what is in it: a
// list of what there is, and the one text that was chosen. The list is made
// when the screen is first opened.
type Licences struct {
	kit    *Kit
	object *fyne.Container
	made   bool
	list   *widget.Scroller
	text   *widget.Text
	name   *widget.Text
	reader *widget.Scroller
	chosen []*widget.Button
}

// NewLicences returns the screen.
func NewLicences(k *Kit) *Licences {
	return &Licences{kit: k, object: widget.Stack()}
}

// Object implements Screen.
func (l *Licences) Object() fyne.CanvasObject { return l.object }

// Show implements Screen.
func (l *Licences) Show(present.Presenter, core.Snapshot) {
	if !l.made {
		l.made = true
		l.make()
	}
}

// licence is one text, with what is under it.
type licence struct{ name, text string }

func licences(k *Kit) []licence {
	list := []licence{
		{k.say("licences.notice"), assets.Notice},
		{"Conclave: Apache License 2.0", assets.Licence},
		{"Inter", assets.LicenceInter},
		{"JetBrains Mono", assets.LicenceJetBrainsMono},
	}
	for _, m := range assets.ModuleLicences() {
		list = append(list, licence{strings.Join(m.Modules, "\n"), m.Text})
	}
	return list
}

func (l *Licences) make() {
	k := l.kit
	l.name = widget.NewText("", widget.Style{Bold: true, Wrap: true})
	l.text = widget.NewText("", widget.Style{Size: theme.SizeSmall, Mono: true, Wrap: true})
	column := widget.Column(theme.SpaceXS)
	all := licences(k)
	for i, one := range all {
		first, rest, more := strings.Cut(one.name, "\n")
		if more {
			first = k.say("licences.more", "name", first, "n", strings.Count(rest, "\n")+1)
		}
		b := k.button(widget.ButtonConfig{Label: shorten(first, 36), Leading: true, Kind: widget.Quiet, Tapped: func() { l.read(i, one) }})
		column.Objects = append(column.Objects, b)
		l.chosen = append(l.chosen, b)
	}
	l.list = widget.ScrollPanel(column)
	l.reader = widget.ScrollPanel(widget.Column(theme.SpaceS, l.name, widget.Rule(), l.text, widget.Fixed(0, 12, widget.Gap())))
	back := k.button(widget.ButtonConfig{Label: k.say("settings.back"), Icon: theme.IconBack, Kind: widget.Quiet, Tip: k.Tip("settings.back", "back"), Tapped: k.Close})
	gap := widget.Gap()
	top := widget.PadXY(theme.SpaceL, theme.SpaceS, widget.Grow(widget.Row(theme.SpaceS, back, gap), gap))
	both := widget.Place(widget.Grow(widget.Row(theme.SpaceL, widget.Side(330, l.list), l.reader), l.reader), widget.Start, widget.Stretch)
	body := widget.PadXY(theme.SpaceL, theme.SpaceNo, both)
	head := widget.PadXY(theme.SpaceL, theme.SpaceNo, display(k.say("licences.title")))
	l.object.Objects = []fyne.CanvasObject{
		widget.NewBox(widget.BoxStyle{Fill: theme.ColorBackground}),
		widget.Grow(widget.Column(theme.SpaceS, top, head, body), body),
	}
	l.read(0, all[0])
}

func (l *Licences) read(which int, one licence) {
	for i, b := range l.chosen {
		kind := widget.Quiet
		if i == which {
			kind = widget.Active
		}
		b.Set(b.Label(), theme.IconNone, kind)
	}
	l.name.Set(one.name)
	l.text.Set(one.text)
	l.reader.ScrollToTop()
	l.reader.Refresh()
}
