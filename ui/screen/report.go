package screen

import (
	"slices"

	"fyne.io/fyne/v2"

	"conclave/app/core"
	"conclave/keys"
	"conclave/ui/present"
	"conclave/ui/theme"
	"conclave/ui/widget"
)

// Report is where people of the present meeting are reported. It keeps what
// was chosen until it is closed.
type Report struct {
	kit    *Kit
	object fyne.CanvasObject

	form      *fyne.Container
	people    *rows[present.Reportable, *reportableRow]
	nobody    *widget.Text
	reasons   *rows[present.Reason, *reasonRow]
	emergency *banner
	words     *widget.Entry
	chat      *widget.Switch
	names     *widget.Switch
	state     *banner
	send      *widget.Button
	done      *widget.Button

	chosen    []keys.PublicKey
	reason    core.ReportReason
	meeting   keys.MeetingID
	presenter present.Presenter
	snap      core.Snapshot
}

// NewReport returns the screen.
func NewReport(k *Kit) *Report {
	r := &Report{kit: k, nobody: muted(k.say("report.nobody")), emergency: newBanner(), state: newBanner()}
	r.people = newRows[present.Reportable](theme.SpaceS, func() *reportableRow { return newReportableRow(r) })
	r.reasons = newRows[present.Reason](theme.SpaceS, func() *reasonRow { return newReasonRow(r) })
	r.words = k.entry(k.say("report.words.hint"))
	r.words.MultiLine = true
	r.words.Wrapping = fyne.TextWrapWord
	r.words.Limit = core.MaxReportWords
	r.chat = widget.NewSwitch(k.say("report.chat"), nil)
	r.names = widget.NewSwitch(k.say("report.names"), nil)
	r.send = k.button(widget.ButtonConfig{Label: k.say("report.send"), Icon: theme.IconSend, Kind: widget.Danger, Large: true, Tapped: r.Send})
	r.done = k.button(widget.ButtonConfig{Label: k.say("report.done"), Kind: widget.Primary, Large: true, Tapped: r.Done})
	r.form = widget.Column(theme.SpaceL,
		part(k.say("report.people"), nil, r.nobody, r.people.box),
		part(k.say("report.reason"), nil, r.reasons.box, r.emergency.object),
		part(k.say("report.words"), nil, widget.Fixed(0, 92, r.words)),
		part(k.say("report.attach"), nil, r.chat, r.names, small(k.say("report.attach.words"))))
	r.object = page(k, 680, "settings.back", widget.Column(theme.SpaceXS, display(k.say("report.title")), muted(k.say("report.lead"))),
		r.form, r.state.object, widget.Wrap(theme.SpaceS, r.send, r.done))
	return r
}

// Object implements Screen.
func (r *Report) Object() fyne.CanvasObject { return r.object }

// Choose begins with somebody, such as the person whose menu was open.
func (r *Report) Choose(who keys.PublicKey) { r.chosen = []keys.PublicKey{who} }

// Show implements Screen.
func (r *Report) Show(p present.Presenter, s core.Snapshot) {
	r.presenter, r.snap = p, s
	if s.Meeting != nil && s.Meeting.ID != r.meeting {
		r.meeting = s.Meeting.ID
		r.clear()
	}
	r.draw()
}

func (r *Report) draw() {
	v := r.presenter.Report(r.snap, r.chosen, r.reason)
	show(r.nobody, len(v.People) == 0)
	r.people.fill(v.People)
	r.reasons.fill(v.Reasons)
	r.emergency.set(v.Emergency)
	r.state.set(v.State)
	show(r.form, !v.Done)
	show(r.send, !v.Done)
	r.send.SetEnabled(v.CanSend)
	show(r.done, v.Done)
	r.object.Refresh()
}

func (r *Report) clear() {
	r.chosen, r.reason = nil, core.ReportNone
	r.words.SetText("")
	r.chat.SetOn(false)
	r.names.SetOn(false)
}

// Send hands the report over.
func (r *Report) Send() {
	if r.send.Disabled() {
		return
	}
	r.kit.Send(core.SendReport{
		People: slices.Clone(r.chosen), Reason: r.reason, Words: r.words.Text, Chat: r.chat.On(), Names: r.names.On(),
	})
}

// Done puts the report away.
func (r *Report) Done() {
	r.clear()
	r.kit.Send(core.ClearReport{})
	r.kit.Close()
}

func (r *Report) choose(who keys.PublicKey) {
	if i := slices.Index(r.chosen, who); i >= 0 {
		r.chosen = slices.Delete(slices.Clone(r.chosen), i, i+1)
	} else {
		r.chosen = append(slices.Clone(r.chosen), who)
	}
	r.draw()
}

type reportableRow struct {
	root   *fyne.Container
	view   present.Reportable
	avatar *widget.Avatar
	mark   *widget.Pill
	chosen *widget.Button
}

func newReportableRow(r *Report) *reportableRow {
	row := &reportableRow{avatar: widget.NewAvatar("", 0, 32), mark: widget.NewTag("", theme.IconNone, present.Neutral)}
	row.chosen = r.kit.button(widget.ButtonConfig{Leading: true, Tapped: func() { r.choose(row.view.Key) }})
	row.root = widget.Grow(widget.Row(theme.SpaceS, row.avatar, row.chosen, row.mark), row.chosen)
	return row
}

func (r *reportableRow) object() fyne.CanvasObject { return r.root }

func (r *reportableRow) set(v present.Reportable) {
	r.view = v
	r.avatar.Set(v.Called, v.Key[0])
	r.chosen.Set(v.Name, chosenIcon(v.Chosen), chosenKind(v.Chosen))
	r.mark.Set(v.Mark.Words, theme.Icon(v.Mark.Icon), v.Mark.Tone)
}

type reasonRow struct {
	view   present.Reason
	button *widget.Button
}

func newReasonRow(r *Report) *reasonRow {
	row := &reasonRow{}
	row.button = r.kit.button(widget.ButtonConfig{Leading: true, Tapped: func() {
		r.reason = row.view.Reason
		r.draw()
	}})
	return row
}

func (r *reasonRow) object() fyne.CanvasObject { return r.button }

func (r *reasonRow) set(v present.Reason) {
	r.view = v
	r.button.Set(v.Words, chosenIcon(v.Chosen), chosenKind(v.Chosen))
}

func chosenIcon(chosen bool) theme.Icon {
	if chosen {
		return theme.IconCheck
	}
	return theme.IconNone
}

func chosenKind(chosen bool) widget.Kind {
	if chosen {
		return widget.Active
	}
	return widget.Plain
}
