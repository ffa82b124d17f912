package screen

import (
	"fyne.io/fyne/v2"

	"conclave/app/core"
	"conclave/ui/present"
	"conclave/ui/theme"
	"conclave/ui/widget"
)

// Recent is everybody met before, with what is known of each.
type Recent struct {
	kit    *Kit
	object fyne.CanvasObject
	people *rows[present.Acquaintance, *acquaintanceRow]
	none   *widget.Text
	forget *widget.Button
}

// NewRecent returns the screen.
func NewRecent(k *Kit) *Recent {
	r := &Recent{kit: k, none: muted(k.say("recent.none"))}
	r.people = newRows[present.Acquaintance](theme.SpaceM, func() *acquaintanceRow { return newAcquaintanceRow(k) })
	r.forget = k.button(widget.ButtonConfig{Label: k.say("recent.forgetall"), Kind: widget.DangerLow, Tapped: r.ForgetAll})
	r.object = page(k, 860, "settings.back", display(k.say("recent.title")), muted(k.say("recent.words")),
		r.none, r.people.box, widget.Wrap(theme.SpaceNo, r.forget))
	return r
}

// Object implements Screen.
func (r *Recent) Object() fyne.CanvasObject { return r.object }

// Show implements Screen.
func (r *Recent) Show(p present.Presenter, s core.Snapshot) {
	list := p.Recent(s)
	show(r.none, len(list) == 0)
	show(r.forget, len(list) > 0)
	if r.people.fill(list) {
		r.object.Refresh()
	}
}

// ForgetAll asks to forget everybody.
func (r *Recent) ForgetAll() {
	k := r.kit
	k.Confirm(k.say("recent.forgetall.title"), k.say("recent.forgetall.words"), k.say("recent.forgetall"), func() {
		k.Send(core.ForgetPerson{})
	})
}

// acquaintanceRow is one person with all that is known.
type acquaintanceRow struct {
	root          *fyne.Container
	view          present.Acquaintance
	avatar        *widget.Avatar
	name, met     *widget.Text
	marks         *marks
	safety, print *widget.Text
}

func newAcquaintanceRow(k *Kit) *acquaintanceRow {
	r := &acquaintanceRow{avatar: widget.NewAvatar("", 0, 40), name: widget.NewText("", widget.Style{Bold: true}), met: small(""), marks: newMarks(), safety: mono(""), print: mono("")}
	forget := k.button(widget.ButtonConfig{Icon: theme.IconClose, Kind: widget.Quiet, Tip: k.say("recent.forget"), Tapped: func() {
		k.Confirm(k.say("recent.forget.title", "name", r.view.Name), k.say("recent.forget.words"), k.say("recent.forget"), func() {
			k.Send(core.ForgetPerson{Person: r.view.Key})
		})
	}})
	who := widget.Column(theme.SpaceXS, r.name, r.met, r.marks.row)
	numbers := widget.Column(theme.SpaceXS, label(k.say("code.safety")), r.safety, label(k.say("recent.fingerprint")), r.print)
	columns := widget.Columns(290, theme.SpaceM, who, numbers)
	r.root = widget.Column(theme.SpaceM, widget.Place(widget.Grow(widget.Row(theme.SpaceM, r.avatar, columns, forget), columns), widget.Start, widget.Start), widget.Rule())
	return r
}

func (r *acquaintanceRow) object() fyne.CanvasObject { return r.root }

func (r *acquaintanceRow) set(v present.Acquaintance) {
	r.view = v
	r.avatar.Set(v.Name, v.Key[0])
	r.name.Set(v.Name)
	r.met.Set(v.Met)
	r.marks.set(v.Marks)
	r.safety.Set(v.SafetyNumber)
	r.print.Set(v.Fingerprint)
}

// recentPart is the few people met last, for the home screen.
type recentPart struct {
	object *fyne.Container
	people *rows[present.Acquaintance, *knownRow]
	all    *widget.Button
	kit    *Kit
}

func newRecentPart(k *Kit) *recentPart {
	r := &recentPart{kit: k, people: newRows[present.Acquaintance](theme.SpaceS, newKnownRow)}
	r.all = k.button(widget.ButtonConfig{Label: k.say("recent.all"), Kind: widget.Quiet, Tapped: func() { k.Open(present.Acquaintances) }})
	r.object = part(k.say("recent.title"), r.all, r.people.box)
	return r
}

func (r *recentPart) show(p present.Presenter, s core.Snapshot) (changed bool) {
	list, _ := p.RecentAtHome(s)
	show(r.object, len(list) > 0)
	return r.people.fill(list)
}

// knownRow is one person in a line or two: name, verification, safety number.
type knownRow struct {
	root   *fyne.Container
	avatar *widget.Avatar
	name   *widget.Text
	marks  *marks
	safety *widget.Text
}

func newKnownRow() *knownRow {
	r := &knownRow{
		avatar: widget.NewAvatar("", 0, 34), name: widget.NewText("", widget.Style{Bold: true}), marks: newMarks(),
		safety: widget.NewText("", widget.Style{Size: theme.SizeTiny, Mono: true, Color: theme.ColorMuted, Wrap: true}),
	}
	text := widget.Column(theme.SpaceXS, r.name, r.marks.row, r.safety)
	r.root = widget.Place(widget.Grow(widget.Row(theme.SpaceS, r.avatar, text), text), widget.Start, widget.Start)
	return r
}

func (r *knownRow) object() fyne.CanvasObject { return r.root }

func (r *knownRow) set(v present.Acquaintance) {
	r.avatar.Set(v.Name, v.Key[0])
	r.name.Set(v.Name)
	r.marks.set(v.Marks)
	r.safety.Set(v.SafetyNumber)
}
