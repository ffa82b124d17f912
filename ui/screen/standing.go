package screen

import (
	"fyne.io/fyne/v2"

	"conclave/app/core"
	"conclave/ui/present"
	"conclave/ui/theme"
	"conclave/ui/widget"
)

// Standing says how this person stands with the service, and offers the next
// step: signing in, becoming verified, or seeing all of it. It has no frame of
// its own, so that it fits into a card of the home screen. Make it with
// NewStanding and show it with every snapshot.
type Standing struct {
	object                *fyne.Container
	marks                 *marks
	words                 *widget.Text
	signIn, upgrade, open *widget.Button
	buttons               *fyne.Container
}

// NewStanding returns the part.
func NewStanding(k *Kit) *Standing {
	s := &Standing{marks: newMarks(), words: small("")}
	s.signIn = k.button(widget.ButtonConfig{Label: k.say("account.signin"), Icon: theme.IconMail, Kind: widget.Primary, Tapped: func() { k.Send(core.SignIn{}) }})
	s.upgrade = k.button(widget.ButtonConfig{Label: k.say("account.upgrade"), Icon: theme.IconShieldCheck, Kind: widget.Primary, Tapped: func() { k.Send(core.Upgrade{}) }})
	s.open = k.button(widget.ButtonConfig{Label: k.say("account.open"), Icon: theme.IconPerson, Tapped: func() { k.Open(present.Account) }})
	s.buttons = widget.Wrap(theme.SpaceS, s.signIn, s.upgrade, s.open)
	s.object = widget.Column(theme.SpaceS, s.marks.row, s.words, s.buttons)
	return s
}

// Object is what is drawn.
func (s *Standing) Object() fyne.CanvasObject { return s.object }

// withoutOpen leaves out the way to the account's screen, for that screen.
func (s *Standing) withoutOpen() *Standing {
	s.buttons.Objects = []fyne.CanvasObject{s.signIn, s.upgrade}
	return s
}

// Show draws a snapshot.
func (s *Standing) Show(p present.Presenter, snap core.Snapshot) {
	v := p.Standing(snap)
	s.marks.set(v.Marks)
	s.words.Set(v.Words)
	show(s.signIn, v.SignIn)
	show(s.upgrade, v.Upgrade)
	show(s.open, v.Open)
	any := false
	for _, b := range s.buttons.Objects {
		any = any || b.Visible()
	}
	show(s.buttons, any)
	s.object.Refresh()
}
