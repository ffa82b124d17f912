package screen

import (
	"strings"

	"fyne.io/fyne/v2"

	"conclave/app/core"
	"conclave/keys"
	"conclave/ui/present"
	"conclave/ui/theme"
	"conclave/ui/widget"
)

// panelHead is the title of a panel, with its close button.
func panelHead(k *Kit, words string, closePanel func()) *fyne.Container {
	t := widget.NewText(words, widget.Style{Size: theme.SizeTitle, Bold: true})
	shut := k.button(widget.ButtonConfig{Icon: theme.IconClose, Kind: widget.Quiet, Tip: k.say("people.close"), Tapped: closePanel})
	return widget.Grow(widget.Row(theme.SpaceS, t, shut), t)
}

// People is the panel with who is inside and, for a host, who waits.
type People struct {
	kit    *Kit
	object *fyne.Container

	waiting     *fyne.Container
	waitingHead *widget.Text
	admitAll    *widget.Button
	admitProved *widget.Button // all verified
	admitRow    *fyne.Container
	knockers    *rows[present.Knocker, *knockerRow]
	inside      *widget.Text
	report      *widget.Button
	people      *rows[present.Person, *personRow]
	actions     func(keys.PublicKey) // opens a person's menu; nil where there is none
}

// NewPeople returns the panel.
func NewPeople(k *Kit, closePanel func()) *People {
	p := &People{kit: k, waitingHead: label(""), inside: label("")}
	p.knockers = newRows[present.Knocker](theme.SpaceS, func() *knockerRow { return newKnockerRow(k) })
	p.people = newRows[present.Person](theme.SpaceXS, func() *personRow { return newPersonRow(p) })
	p.admitAll = k.button(widget.ButtonConfig{Label: k.say("people.admitall"), Kind: widget.Quiet, Tapped: func() { k.Send(core.AdmitAll{}) }})
	p.admitProved = k.button(widget.ButtonConfig{Label: k.say("people.admitverified"), Icon: theme.IconCheck, Tapped: func() { k.Send(core.AdmitVerified{}) }})
	p.admitRow = widget.Wrap(theme.SpaceS, p.admitProved, p.admitAll)
	p.waiting = widget.Column(theme.SpaceS, p.waitingHead, p.admitRow, p.knockers.box, widget.Rule())
	p.report = k.button(widget.ButtonConfig{Label: k.say("report.title"), Icon: theme.IconWarning, Kind: widget.DangerLow, Tip: k.Tip("report.title", "report"), Tapped: func() { k.Open(present.Report) }})
	p.report.Hide()
	list := widget.ScrollPanel(widget.Column(theme.SpaceM, p.waiting, p.inside, p.people.box, p.report))
	p.object = widget.Grow(widget.Column(theme.SpaceM, panelHead(k, k.say("people.title"), closePanel), list), list)
	return p
}

// Object returns what is drawn.
func (p *People) Object() fyne.CanvasObject { return p.object }

// Show draws a snapshot.
func (p *People) Show(pr present.Presenter, s core.Snapshot) {
	m := s.Meeting
	waiting := s.Can.Admit && len(m.Lobby) > 0
	show(p.waiting, waiting)
	changed := false
	if waiting {
		p.waitingHead.Set(p.kit.Text.Count("people.waiting", len(m.Lobby)))
		rows := pr.Knockers(m)
		all, verified := present.Admissible(rows)
		show(p.admitAll, all > 1)
		show(p.admitProved, verified > 0 && len(rows) > 1)
		show(p.admitRow, p.admitAll.Visible() || p.admitProved.Visible())
		changed = p.knockers.fill(rows)
	}
	show(p.report, s.Can.Report && len(m.People) > 1)
	p.inside.Set(p.kit.Text.Count("people.inside", len(m.People)))
	if p.people.fill(pr.People(s)) || changed {
		p.object.Refresh()
	}
}

// Remove asks to remove a person.
func (p *People) Remove(key keys.PublicKey, name string) {
	k := p.kit
	k.Confirm(k.say("confirm.remove.title", "name", name), k.say("confirm.remove.words"), k.say("confirm.remove.go"), func() { k.Send(core.Remove{Person: key}) })
}

// row is one line of a list that is reused from snapshot to snapshot.
type row[V any] interface {
	object() fyne.CanvasObject
	set(V)
}

// rows is a list whose lines are reused.
type rows[V any, R row[V]] struct {
	box  *fyne.Container
	made []R
	make func() R
}

func newRows[V any, R row[V]](gap fyne.ThemeSizeName, make func() R) *rows[V, R] {
	return &rows[V, R]{box: widget.Column(gap), make: make}
}

// fill sets the lines, making or hiding only what is missing or too much. It
// reports whether the number changed.
func (l *rows[V, R]) fill(values []V) bool {
	changed := len(l.box.Objects) != len(values)
	for i, v := range values {
		if i == len(l.made) {
			l.made = append(l.made, l.make())
		}
		l.made[i].set(v)
	}
	if changed {
		l.box.Objects = nil
		for _, r := range l.made[:len(values)] {
			l.box.Objects = append(l.box.Objects, r.object())
		}
	}
	return changed
}

type knockerRow struct {
	root          *fyne.Container
	kit           *Kit
	view          present.Knocker
	avatar        *widget.Avatar
	name, print   *widget.Text
	marks         *marks
	refusal       *refusalBox
	details       *proofDetails
	admit, refuse *widget.Button
}

func newKnockerRow(k *Kit) *knockerRow {
	r := &knockerRow{kit: k, avatar: widget.NewAvatar("", 0, 36), name: widget.NewText("", widget.Style{Bold: true}), marks: newMarks()}
	r.print = widget.NewText("", widget.Style{Size: theme.SizeTiny, Mono: true, Color: theme.ColorMuted, Wrap: true})
	r.admit = k.button(widget.ButtonConfig{Label: k.say("people.admit"), Kind: widget.Primary, Tapped: func() { k.Send(core.Admit{Ticket: r.view.Ticket}) }})
	r.refuse = k.button(widget.ButtonConfig{Label: k.say("people.refuse"), Kind: widget.DangerLow, Tapped: func() { k.Send(core.Refuse{Ticket: r.view.Ticket}) }})
	head := widget.Grow(widget.Row(theme.SpaceS, r.avatar, r.name), r.name)
	buttons := widget.Columns(80, theme.SpaceS, r.refuse, r.admit)
	r.refusal, r.details = newRefusalBox(k), newProofDetails(k)
	head.Objects = append(head.Objects, r.details.toggle)
	r.root = widget.Tinted(theme.ColorRaised, theme.SpaceS, widget.Column(theme.SpaceS, head, r.marks.row, r.print, r.details.object, r.refusal.object, buttons))
	return r
}

func (r *knockerRow) object() fyne.CanvasObject { return r.root }

func (r *knockerRow) set(v present.Knocker) {
	r.view = v
	r.avatar.Set(v.Called, v.Key[0])
	r.name.Set(v.Name)
	r.print.Set(twoLines(v.Fingerprint))
	r.marks.set(v.Marks)
	words := r.kit.say("people.admit")
	if v.Admitting {
		words = r.kit.say("people.admitting")
	}
	r.admit.Set(words, theme.IconNone, widget.Primary)
	r.admit.SetEnabled(!v.Admitting)
	r.refuse.SetEnabled(!v.Admitting)
	show(r.admit, v.Refusal == "")
	r.refusal.set(v.Refusal)
	r.details.set(v.Proof)
	show(r.print, !r.details.open)
}

// twoLines breaks a fingerprint in the middle.
func twoLines(print string) string {
	groups := strings.Fields(print)
	if len(groups) < 8 {
		return print
	}
	return strings.Join(groups[:len(groups)/2], " ") + "\n" + strings.Join(groups[len(groups)/2:], " ")
}

type personRow struct {
	root        *fyne.Container
	panel       *People
	view        present.Person
	avatar      *widget.Avatar
	name        *widget.Text
	marks       *marks
	mic, camera *widget.Icon
	hand        *widget.Icon
	details     *proofDetails
	actions     *widget.Button
	letSpeak    *fyne.Container
	remove      *widget.Button // in the details, with whatever else a host can do to one person
}

func newPersonRow(p *People) *personRow {
	k := p.kit
	r := &personRow{
		panel: p, avatar: widget.NewAvatar("", 0, 36), name: widget.NewText("", widget.Style{Bold: true}), marks: newMarks(),
		mic: widget.NewIcon(theme.IconMic, 17, theme.ColorMuted), camera: widget.NewIcon(theme.IconCamera, 17, theme.ColorMuted), hand: widget.NewIcon(theme.IconHand, 17, theme.ColorCaution),
	}
	r.remove = k.button(widget.ButtonConfig{Label: k.say("people.remove"), Icon: theme.IconPersonRemove, Kind: widget.DangerLow, Tapped: func() { p.Remove(r.view.Key, r.view.Name) }})
	r.actions = k.button(widget.ButtonConfig{Label: k.say("menu.actions"), Icon: theme.IconMore, Tapped: func() { p.actions(r.view.Key) }})
	show(r.actions, p.actions != nil)
	r.letSpeak = widget.Wrap(theme.SpaceNo, k.button(widget.ButtonConfig{Label: k.say("deed.letspeak"), Icon: theme.IconMic, Tapped: func() { k.Send(core.LetSpeak{Person: r.view.Key}) }}))
	r.letSpeak.Hide()
	r.details = newProofDetails(k, r.actions, r.remove)
	head := widget.Grow(widget.Row(theme.SpaceS, r.avatar, r.name, r.hand, r.mic, r.camera, r.details.toggle), r.name)
	r.root = widget.PadXY(theme.SpaceNo, theme.SpaceXS, widget.Column(theme.SpaceXS, head, r.marks.row, r.letSpeak, r.details.object))
	return r
}

func (r *personRow) object() fyne.CanvasObject { return r.root }

func (r *personRow) set(v present.Person) {
	r.view = v
	r.avatar.Set(v.Called, v.Key[0])
	r.name.Set(v.Name)
	r.marks.set(v.Marks)
	set := func(i *widget.Icon, on bool, yes, no theme.Icon) {
		if on {
			i.Set(yes, theme.ColorMuted)
		} else {
			i.Set(no, theme.ColorDanger)
		}
	}
	set(r.mic, v.MicOn, theme.IconMic, theme.IconMicOff)
	set(r.camera, v.CameraOn, theme.IconCamera, theme.IconCameraOff)
	show(r.hand, v.Hand)
	show(r.remove, v.CanRemove)
	if r.letSpeak.Visible() != v.CanLetSpeak {
		show(r.letSpeak, v.CanLetSpeak)
		r.panel.kit.Relayout()
	}
	r.details.of(v.Key)
	r.details.set(v.Proof)
}
