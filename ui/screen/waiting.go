package screen

import (
	"fyne.io/fyne/v2"

	"conclave/app/core"
	"conclave/call"
	"conclave/ui/present"
	"conclave/ui/theme"
	"conclave/ui/widget"
)

// Progress is shown while the service is reached, keys are agreed on, or the
// meeting is left.
type Progress struct {
	kit          *Kit
	object       fyne.CanvasObject
	mark         *medallion
	title, words *widget.Text
	steps        *widget.Steps
	cancel       *widget.Button
}

// NewProgress returns the screen.
func NewProgress(k *Kit) *Progress {
	g := &Progress{kit: k, mark: newMedallion(), title: centred("", theme.SizeTitle, theme.ColorText, true), words: centred("", theme.SizeBody, theme.ColorMuted, false), steps: widget.NewSteps()}
	g.cancel = k.button(widget.ButtonConfig{Label: k.say("progress.cancel"), Tip: k.Tip("progress.cancel", "leave"), Tapped: func() { k.Send(core.LeaveMeeting{}) }})
	g.object = widget.Middle(440, widget.Pad(theme.SpaceL, widget.Column(theme.SpaceM,
		g.mark.object, widget.Column(theme.SpaceS, g.title, g.words), g.steps, middle(g.cancel))))
	return g
}

// middle keeps an object at its own size in the middle of a column.
func middle(objects ...fyne.CanvasObject) fyne.CanvasObject {
	return widget.Place(widget.Row(theme.SpaceS, objects...), widget.Center, widget.Center)
}

// Object implements Screen.
func (g *Progress) Object() fyne.CanvasObject { return g.object }

// Show implements Screen.
func (g *Progress) Show(p present.Presenter, s core.Snapshot) {
	if s.Meeting == nil {
		return
	}
	v := p.Progress(s.Meeting)
	g.mark.set(v.Icon, present.Info)
	g.title.Set(v.Title)
	g.words.Set(v.Words)
	g.steps.Set(v.Step, v.Steps)
	show(g.steps, v.Step > 0)
	show(g.cancel, v.CanCancel)
}

// Lobby is shown to one who waits to be let in.
type Lobby struct {
	kit          *Kit
	object       fyne.CanvasObject
	mark         *medallion
	title, words *widget.Text
	position     *widget.Pill
	host         *widget.Pill
	mode         *widget.Pill
	name         *widget.Text
	avatar       *widget.Avatar
	print        *widget.Text
	verification *marks
}

// NewLobby returns the screen.
func NewLobby(k *Kit) *Lobby {
	l := &Lobby{
		kit: k, mark: newMedallion(), title: centred("", theme.SizeDisplay, theme.ColorText, true), words: centred("", theme.SizeLead, theme.ColorMuted, false),
		position: widget.NewTag("", theme.IconPeople, present.Neutral), host: widget.NewTag("", theme.IconClock, present.Neutral), mode: widget.NewTag("", theme.IconShield, present.Neutral),
		name: widget.NewText("", widget.Style{Bold: true}), avatar: widget.NewAvatar("", 0, 44), print: mono(""), verification: newMarks(),
	}
	leave := k.button(widget.ButtonConfig{Label: k.say("lobby.leave"), Icon: theme.IconLeave, Tip: k.Tip("lobby.leave", "leave"), Tapped: func() { k.Send(core.LeaveMeeting{}) }})
	names := widget.Column(theme.SpaceXS, l.name, l.verification.row)
	who := widget.Grow(widget.Row(theme.SpaceM, l.avatar, names), names)
	seen := widget.Card(theme.SpaceM, widget.Column(theme.SpaceS, label(k.say("lobby.seen")), who, label(k.say("home.fingerprint")), l.print))
	column := widget.Column(theme.SpaceM, l.mark.object, widget.Column(theme.SpaceS, l.title, l.words),
		middle(l.position, l.host), middle(l.mode), seen, middle(leave))
	l.object = widget.Scroll(widget.Middle(500, widget.Pad(theme.SpaceL, column)))
	return l
}

// Object implements Screen.
func (l *Lobby) Object() fyne.CanvasObject { return l.object }

// Show implements Screen.
func (l *Lobby) Show(p present.Presenter, s core.Snapshot) {
	if s.Meeting == nil {
		return
	}
	v := p.Lobby(s)
	l.mark.set("door", present.Info)
	l.title.Set(v.Title)
	l.words.Set(v.Words)
	l.position.Set(v.Position, theme.IconPeople, present.Neutral)
	show(l.position, v.Position != "")
	l.host.Set(v.Host.Words, theme.Icon(v.Host.Icon), v.Host.Tone)
	l.mode.Set(v.Mode.Words, theme.Icon(v.Mode.Icon), v.Mode.Tone)
	show(l.mode, v.Mode.Words != "")
	l.name.Set(v.Name)
	l.avatar.Set(v.Name, s.Profile.Key[0])
	l.print.Set(v.Fingerprint)
	l.verification.set([]present.Mark{v.Verification})
}

// Ended says why a meeting is over, and what comes next.
type Ended struct {
	kit                *Kit
	object             fyne.CanvasObject
	mark               *medallion
	title, words, next *widget.Text
	home, again        *widget.Button
	passcode           *widget.Entry
	link               string
}

// NewEnded returns the screen.
func NewEnded(k *Kit) *Ended {
	e := &Ended{kit: k, mark: newMedallion(), title: centred("", theme.SizeDisplay, theme.ColorText, true), words: centred("", theme.SizeLead, theme.ColorText, false), next: centred("", theme.SizeBody, theme.ColorMuted, false)}
	e.home = k.button(widget.ButtonConfig{Label: k.say("ended.home"), Kind: widget.Primary, Large: true, Tip: k.Tip("ended.home", "back"), Tapped: e.Home})
	e.again = k.button(widget.ButtonConfig{Label: k.say("ended.again"), Icon: theme.IconRefresh, Large: true, Tapped: e.join})
	e.passcode = k.entry(k.say("home.passcode.hint"))
	e.passcode.OnSubmitted = func(string) { e.join() }
	e.object = widget.Scroll(widget.Middle(560, widget.Pad(theme.SpaceL, widget.Column(theme.SpaceM,
		e.mark.object, widget.Column(theme.SpaceS, e.title, e.words, e.next), e.passcode, middle(e.home, e.again)))))
	return e
}

// Object implements Screen.
func (e *Ended) Object() fyne.CanvasObject { return e.object }

// Show implements Screen.
func (e *Ended) Show(p present.Presenter, s core.Snapshot) {
	if s.Meeting == nil {
		return
	}
	v := p.Ended(s.Meeting)
	e.link = s.Meeting.Link
	e.mark.set(v.Icon, v.Tone)
	e.title.Set(v.Title)
	e.words.Set(v.Words)
	e.next.Set(v.Next)
	show(e.again, v.Again)
	home, again := widget.Primary, widget.Plain
	if v.Again && s.Meeting.End != call.EndLeft {
		home, again = widget.Plain, widget.Primary
	}
	e.home.Set(e.kit.say("ended.home"), theme.IconNone, home)
	e.again.Set(e.kit.say("ended.again"), theme.IconRefresh, again)
	show(e.passcode, v.Again && v.Passcode)
}

// Home puts the meeting away.
func (e *Ended) Home() { e.kit.Send(core.CloseMeeting{}) }

func (e *Ended) join() {
	link, passcode := e.link, e.passcode.Text
	e.passcode.SetText("")
	e.kit.Send(core.CloseMeeting{})
	e.kit.Send(core.JoinMeeting{Link: link, Passcode: passcode})
}
