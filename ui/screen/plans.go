package screen

import (
	"path/filepath"
	"strings"

	"fyne.io/fyne/v2"

	"conclave/app/core"
	"conclave/ui/present"
	"conclave/ui/theme"
	"conclave/ui/widget"
)

// plansPart is what is planned, for the home screen.
type plansPart struct {
	object *fyne.Container
	plans  *rows[present.Plan, *planRow]
	none   *widget.Text
}

func newPlansPart(k *Kit) *plansPart {
	s := &plansPart{none: small(k.say("plan.none"))}
	s.plans = newRows[present.Plan](theme.SpaceM, func() *planRow { return newPlanRow(k) })
	add := k.button(widget.ButtonConfig{Label: k.say("plan.add"), Icon: theme.IconClock, Tip: k.Tip("plan.add", "schedule"), Tapped: func() { k.Open(present.Schedule) }})
	s.object = part(k.say("plan.title"), add, s.none, s.plans.box)
	return s
}

func (s *plansPart) show(p present.Presenter, snap core.Snapshot) (changed bool) {
	list := p.Plans(snap)
	show(s.none, len(list) == 0)
	return s.plans.fill(list)
}

// planRow is one planned meeting, with what can be done with it.
type planRow struct {
	kit         *Kit
	root        *fyne.Container
	view        present.Plan
	title, when *widget.Text
	marks       *marks
	start       *widget.Button
	path        *widget.Entry
	save        *fyne.Container // where to, once asked
}

func newPlanRow(k *Kit) *planRow {
	r := &planRow{kit: k, title: widget.NewText("", widget.Style{Bold: true, Wrap: true, Lines: 2}), when: small(""), marks: newMarks()}
	r.start = k.button(widget.ButtonConfig{Label: k.say("plan.start"), Icon: theme.IconVideoPlus, Tapped: func() { k.Send(core.StartScheduled{Meeting: r.view.ID}) }})
	link := k.button(widget.ButtonConfig{Label: k.say("plan.link"), Icon: theme.IconLink, Tapped: func() { k.Copy(r.view.Link) }})
	file := k.button(widget.ButtonConfig{Label: k.say("plan.save"), Icon: theme.IconSend, Tip: k.say("plan.save.tip"), Tapped: r.ask})
	remove := k.button(widget.ButtonConfig{Icon: theme.IconClose, Kind: widget.DangerLow, Tip: k.say("plan.remove"), Tapped: r.remove})
	r.path = k.entry(k.say("plan.path"))
	r.path.OnSubmitted = func(string) { r.write() }
	write := k.button(widget.ButtonConfig{Label: k.say("settings.save"), Kind: widget.Primary, Tapped: r.write})
	r.save = widget.Column(theme.SpaceXS, label(k.say("plan.path")), widget.Grow(widget.Row(theme.SpaceS, r.path, write), r.path))
	r.save.Hide()
	r.root = widget.Column(theme.SpaceS, widget.Column(theme.SpaceXS, r.title, r.when, r.marks.row), widget.Wrap(theme.SpaceS, r.start, link, file, remove), r.save)
	return r
}

func (r *planRow) object() fyne.CanvasObject { return r.root }

func (r *planRow) set(v present.Plan) {
	if v.ID != r.view.ID {
		r.save.Hide()
		r.path.SetText(filepath.Join(r.kit.Folder, v.File))
	}
	r.view = v
	r.title.Set(v.Title)
	r.when.Set(v.When)
	r.marks.set(v.Marks)
	kind := widget.Plain
	if v.Due {
		kind = widget.Primary
	}
	r.start.Set(r.kit.say("plan.start"), theme.IconVideoPlus, kind)
}

// ask shows where the invitation will be saved.
func (r *planRow) ask() {
	r.save.Show()
	if r.kit.Relayout != nil {
		r.kit.Relayout()
	}
	r.kit.Focus(r.path)
}

func (r *planRow) write() {
	if path := strings.TrimSpace(r.path.Text); path != "" {
		r.kit.Send(core.SaveCalendar{Meeting: r.view.ID, Path: path})
		r.save.Hide()
		r.kit.Focus(nil)
		if r.kit.Relayout != nil {
			r.kit.Relayout()
		}
	}
}

func (r *planRow) remove() {
	k, id := r.kit, r.view.ID
	k.Confirm(k.say("plan.remove.title", "title", r.view.Title), k.say("plan.remove.words"), k.say("plan.remove"), func() {
		k.Send(core.Unschedule{Meeting: id})
	})
}
