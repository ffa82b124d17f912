package screen

import (
	"strings"

	"fyne.io/fyne/v2"

	"conclave/app/core"
	"conclave/ui/present"
	"conclave/ui/theme"
	"conclave/ui/widget"
)

// Welcome asks for a name at the first start.
type Welcome struct {
	kit    *Kit
	object fyne.CanvasObject
	name   *widget.Entry
	next   *widget.Button
	key    *widget.Text
	print  *widget.Text

	place           *fyne.Container
	here, elsewhere *widget.Choice
	address         *widget.Entry
	local           bool // what the core has chosen
}

// NewWelcome returns the screen.
func NewWelcome(k *Kit) *Welcome {
	w := &Welcome{kit: k, name: k.entry(k.say("welcome.name")), key: small(""), print: mono("")}
	w.name.Limit = 64
	w.name.OnSubmitted = func(string) { w.submit() }
	w.next = k.button(widget.ButtonConfig{Label: k.say("welcome.go"), Kind: widget.Primary, Large: true, Tapped: w.submit})
	w.name.OnChanged = func(s string) { w.next.SetEnabled(strings.TrimSpace(s) != "") }
	w.next.SetEnabled(false)
	w.here = widget.NewChoice(theme.IconComputer, k.say("welcome.here"), k.say("welcome.here.words"), func() { w.setHere(true) })
	w.elsewhere = widget.NewChoice(theme.IconGlobe, k.say("welcome.service"), k.say("welcome.service.words"), func() { w.setHere(false) })
	w.address = k.entry(k.say("home.where.address"))
	w.address.OnSubmitted = func(string) { w.submit() }
	w.address.Hide()
	w.place = widget.Column(theme.SpaceS, label(k.say("welcome.where")), widget.Columns(190, theme.SpaceS, w.here, w.elsewhere), w.address)
	logo := widget.Place(widget.Row(theme.SpaceNo, widget.NewPicture(theme.Logo(), 72)), widget.Center, widget.Center)
	identity := widget.Tinted(theme.ColorRaised, theme.SpaceM, widget.Column(theme.SpaceXS,
		widget.NewText(k.say("welcome.key.title"), widget.Style{Size: theme.SizeSmall, Bold: true, Wrap: true}), w.key, w.print))
	form := widget.Card(theme.SpaceL, widget.Column(theme.SpaceM,
		logo, centred(k.say("welcome.title"), theme.SizeDisplay, theme.ColorText, true),
		centred(k.say("welcome.words"), theme.SizeBody, theme.ColorMuted, false),
		w.name, w.place, w.next, identity))
	w.object = widget.Scroll(widget.Middle(520, widget.Pad(theme.SpaceM, form)))
	return w
}

// Object implements Screen.
func (w *Welcome) Object() fyne.CanvasObject { return w.object }

// Show implements Screen.
func (w *Welcome) Show(p present.Presenter, s core.Snapshot) {
	v := p.Home(s)
	w.key.Set(v.KeyWords)
	w.print.Set(v.Fingerprint)
	show(w.place, v.CanChoose)
	if !w.here.Chosen() && !w.elsewhere.Chosen() {
		if w.local = s.Service.URL == "" || s.Service.Local; !w.local {
			w.address.SetText(s.Service.URL)
		}
		w.setHere(w.local)
	}
}

func (w *Welcome) setHere(here bool) {
	w.here.SetChosen(here)
	w.elsewhere.SetChosen(!here)
	show(w.address, !here)
	w.place.Refresh()
	w.object.Refresh()
}

// Field is where typing begins.
func (w *Welcome) Field() fyne.Focusable { return w.name }

func (w *Welcome) submit() {
	name, address := strings.TrimSpace(w.name.Text), ""
	if name == "" {
		w.kit.Focus(w.name)
		return
	}
	if w.place.Visible() && w.elsewhere.Chosen() {
		if address = strings.TrimSpace(w.address.Text); address == "" {
			w.kit.Focus(w.address)
			return
		}
	}
	if w.place.Visible() && (address != "" || !w.local) {
		w.kit.Send(core.ChooseService{URL: address})
	}
	w.kit.Send(core.SetName{Name: name})
}
