package screen

import (
	"fyne.io/fyne/v2"

	"conclave/app/core"
	"conclave/keys"
	"conclave/ui/present"
	"conclave/ui/theme"
	"conclave/ui/widget"
)

// Refused is shown when policy did not open a meeting: why, what opens it, and
// what else can be done.
type Refused struct {
	kit    *Kit
	object fyne.CanvasObject

	mark         *medallion
	title, words *widget.Text
	reason       *widget.Text
	reasonBox    *fyne.Container
	unlock       *fyne.Container
	ways         *marks
	none         *widget.Text
	lead         *widget.Button
	shut         *widget.Button
	transport    *fyne.Container
	transportBtn *widget.Button
	signIn       bool
	start        *core.StartMeeting
}

// NewRefused returns the screen. It lies over the others.
func NewRefused(k *Kit) *Refused {
	r := &Refused{
		kit: k, mark: newMedallion(), title: centred("", theme.SizeTitle, theme.ColorText, true), words: centred("", theme.SizeBody, theme.ColorMuted, false),
		reason: body(""), none: centred("", theme.SizeBody, theme.ColorText, false), ways: newMarks(),
	}
	r.reasonBox = widget.Tinted(theme.ColorRaised, theme.SpaceM, widget.Column(theme.SpaceXS, label(k.say("refused.reason")), r.reason))
	r.unlock = widget.Column(theme.SpaceS, label(k.say("refused.unlock")), r.ways.row)
	r.lead = k.button(widget.ButtonConfig{Kind: widget.Primary, Large: true, Icon: theme.IconShieldCheck, Tapped: r.Go})
	r.shut = k.button(widget.ButtonConfig{Label: k.say("refused.close"), Kind: widget.Quiet, Large: true, Tapped: r.Escape})
	r.transportBtn = k.button(widget.ButtonConfig{Label: k.say("refused.transport.go"), Icon: theme.IconShieldOff, Tapped: r.Transport})
	warning := widget.NewText(k.say("refused.transport.words"), widget.Style{Size: theme.SizeSmall, Color: theme.ColorCaution, Wrap: true, Align: fyne.TextAlignCenter})
	r.transport = widget.Column(theme.SpaceS, widget.Rule(), middle(r.transportBtn), warning)
	column := widget.Column(theme.SpaceM, r.mark.object, widget.Column(theme.SpaceS, r.title, r.words), r.reasonBox, r.unlock, r.none,
		widget.Ends(theme.SpaceS, []fyne.CanvasObject{r.shut}, []fyne.CanvasObject{r.lead}), r.transport)
	page := widget.Scroll(widget.Middle(560, widget.Pad(theme.SpaceL, column)))
	r.object = widget.Stack(widget.NewBox(widget.BoxStyle{Fill: theme.ColorSurface}), page)
	return r
}

// Object implements Screen.
func (r *Refused) Object() fyne.CanvasObject { return r.object }

// Show implements Screen.
func (r *Refused) Show(p present.Presenter, s core.Snapshot) {
	if s.Account.Refused == nil {
		return
	}
	v := p.Refused(s)
	r.mark.set("shield-lock", present.Info)
	r.title.Set(v.Title)
	r.words.Set(v.Words)
	show(r.words, v.Words != "")
	r.reason.Set(v.Reason)
	show(r.reasonBox, v.Reason != "")
	r.ways.set(v.Unlock)
	show(r.unlock, len(v.Unlock) > 0)
	r.none.Set(v.None)
	show(r.none, v.None != "")
	r.lead.Set(v.Action, theme.IconShieldCheck, widget.Primary)
	show(r.lead, v.Action != "")
	show(r.transport, v.Transport)
	r.signIn, r.start = v.SignIn, s.Account.Refused.Start
	r.object.Refresh()
}

// Focus puts the keyboard on what leads on.
func (r *Refused) Focus() {
	if r.lead.Visible() {
		r.kit.Focus(r.lead)
		return
	}
	r.kit.Focus(r.shut)
}

// Go begins what opens the meeting.
func (r *Refused) Go() {
	if r.signIn {
		r.kit.Send(core.SignIn{})
		return
	}
	r.kit.Send(core.Upgrade{})
}

// Transport starts the same meeting with transport encryption: another meeting,
// with another link.
func (r *Refused) Transport() {
	if r.start == nil {
		return
	}
	start := *r.start
	start.Mode = keys.ModeTransport
	r.kit.Send(core.DropRefusal{})
	r.kit.Send(start)
}

// Escape puts the refusal away.
func (r *Refused) Escape() { r.kit.Send(core.DropRefusal{}) }
