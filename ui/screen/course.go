package screen

import (
	"strings"
	"time"

	"fyne.io/fyne/v2"

	"conclave/app/core"
	"conclave/app/core/upgrade"
	"conclave/keys"
	"conclave/ui/present"
	"conclave/ui/theme"
	"conclave/ui/widget"
)

// Course is signing in and becoming verified, one step at a time. What was
// typed stays while the step does, whatever snapshots come.
type Course struct {
	kit    *Kit
	object fyne.CanvasObject

	steps         *widget.Steps
	mark          *medallion
	title, words  *widget.Text
	place         *widget.Text
	ways          *fyne.Container
	shownWays     []present.Way
	name, field   *courseField
	code          *courseField
	outbox        *fyne.Container
	outTitle      *widget.Text
	outCode       *widget.Text
	outWords      *widget.Text
	use, copyPage *widget.Button
	pageWords     *widget.Text
	trouble       *courseTrouble
	countdown     *widget.Text
	seen          *widget.Pill
	opens         *widget.Text
	above         *courseTrouble // of the ways; the other one is below the field
	back, shut    *widget.Button
	resend, next  *widget.Button
	upgrade       *widget.Button

	view      present.CourseView
	state     upgrade.State
	presenter present.Presenter
	drawn     bool
}

// courseField is a field under its name.
type courseField struct {
	object *fyne.Container
	label  *widget.Text
	entry  *widget.Entry
}

func newCourseField(k *Kit, submit func()) *courseField {
	f := &courseField{label: label(""), entry: k.entry("")}
	f.entry.OnSubmitted = func(string) { submit() }
	f.object = widget.Column(theme.SpaceXS, f.label, f.entry)
	return f
}

func (f *courseField) set(v *present.Field) {
	show(f.object, v != nil)
	if v == nil {
		return
	}
	f.label.Set(v.Label)
	f.entry.SetPlaceHolder(v.Hint)
	f.entry.Limit = v.Limit
}

func (f *courseField) typed() string { return strings.TrimSpace(f.entry.Text) }

// courseTrouble stands below the field that it is about.
type courseTrouble struct {
	object      *fyne.Container
	words, mend *widget.Text
}

func newCourseTrouble() *courseTrouble {
	t := &courseTrouble{words: widget.NewText("", widget.Style{Color: theme.ColorDanger, Bold: true, Wrap: true}), mend: body("")}
	text := widget.Column(theme.SpaceXS, t.words, t.mend)
	t.object = widget.Place(widget.Grow(widget.Row(theme.SpaceS, widget.NewIcon(theme.IconWarning, 19, theme.ColorDanger), text), text), widget.Start, widget.Start)
	return t
}

func (t *courseTrouble) set(v *present.Trouble) {
	show(t.object, v != nil)
	if v != nil {
		t.words.Set(v.Words)
		t.mend.Set(v.Mend)
	}
}

// NewCourse returns the screen. It lies over the others while a course runs.
func NewCourse(k *Kit) *Course {
	c := &Course{
		kit: k, steps: widget.NewSteps(), mark: newMedallion(), title: centred("", theme.SizeTitle, theme.ColorText, true),
		words: centred("", theme.SizeBody, theme.ColorMuted, false), place: centred("", theme.SizeSmall, theme.ColorMuted, false),
		ways: widget.Column(theme.SpaceS), trouble: newCourseTrouble(), countdown: small(""), seen: widget.NewPill("", theme.IconNone, present.Neutral, nil),
		above: newCourseTrouble(), opens: widget.NewText("", widget.Style{Size: theme.SizeSmall, Color: theme.ColorInfo, Bold: true, Wrap: true, Align: fyne.TextAlignCenter}),
	}
	c.name, c.field, c.code = newCourseField(k, c.nameDone), newCourseField(k, c.Go), newCourseField(k, c.Go)
	c.code.entry.TextStyle = fyne.TextStyle{Monospace: true}
	c.buildOutbox()
	c.buildPage()
	c.back = k.button(widget.ButtonConfig{Label: k.say("course.back"), Icon: theme.IconBack, Kind: widget.Quiet, Large: true, Tapped: func() { c.proceed(upgrade.Back{}) }})
	c.shut = k.button(widget.ButtonConfig{Kind: widget.Quiet, Large: true, Tapped: func() { c.proceed(upgrade.Close{}) }})
	c.resend = k.button(widget.ButtonConfig{Large: true, Tapped: func() { c.proceed(upgrade.Resend{}) }})
	c.next = k.button(widget.ButtonConfig{Kind: widget.Primary, Large: true, Tapped: c.Go})
	c.upgrade = k.button(widget.ButtonConfig{Kind: widget.Primary, Large: true, Tapped: func() { k.Send(core.Upgrade{}) }})
	column := widget.Column(theme.SpaceM, c.steps, c.mark.object, widget.Column(theme.SpaceS, c.title, c.words, c.opens),
		c.above.object, middle(c.seen), c.ways, c.outbox, c.name.object, c.field.object, c.code.object, c.trouble.object, c.countdown, c.pageBox(), c.place, c.buttons())
	page := widget.Scroll(widget.Middle(620, widget.PadXY(theme.SpaceL, theme.SpaceM, column)))
	c.object = widget.Stack(widget.NewBox(widget.BoxStyle{Fill: theme.ColorSurface}), page)
	return c
}

func (c *Course) buildOutbox() {
	c.outTitle, c.outWords = label(""), small("")
	c.outCode = widget.NewText("", widget.Style{Size: theme.SizeDisplay, Mono: true, Bold: true, Solid: true})
	c.use = c.kit.button(widget.ButtonConfig{Label: c.kit.say("course.use"), Icon: theme.IconCheck, Tapped: c.fillIn})
	gap := widget.Gap()
	line := widget.Grow(widget.Row(theme.SpaceM, c.outCode, gap, c.use), gap)
	c.outbox = widget.Tinted(theme.ColorInfoSoft, theme.SpaceM, widget.Column(theme.SpaceXS, c.outTitle, line, c.outWords))
	for _, t := range []*widget.Text{c.outTitle, c.outWords} {
		t.SetColor(theme.ColorText)
	}
}

func (c *Course) buildPage() {
	c.pageWords = centred(c.kit.say("course.browser.copy"), theme.SizeSmall, theme.ColorMuted, false)
	c.copyPage = c.kit.button(widget.ButtonConfig{Label: c.kit.say("course.copy"), Icon: theme.IconCopy, Tapped: func() { c.kit.Copy(c.view.Page) }})
}

func (c *Course) pageBox() fyne.CanvasObject {
	return widget.Column(theme.SpaceS, c.pageWords, middle(c.copyPage))
}

func (c *Course) buttons() fyne.CanvasObject {
	return widget.Ends(theme.SpaceS, []fyne.CanvasObject{c.back, c.shut}, []fyne.CanvasObject{c.resend, c.upgrade, c.next})
}

// Object implements Screen.
func (c *Course) Object() fyne.CanvasObject { return c.object }

// Show implements Screen.
func (c *Course) Show(p present.Presenter, s core.Snapshot) {
	if s.Account.Course.Phase == upgrade.PhaseIdle {
		c.drawn = false // the next course begins with empty fields
		return
	}
	before, was := c.view, c.state
	c.view, c.state, c.presenter = p.Course(s), s.Account.Course, p
	v := c.view
	c.steps.Set(v.Step, v.Steps)
	show(c.steps, v.Steps > 0)
	c.mark.set(v.Icon, v.Tone)
	c.title.Set(v.Title)
	c.words.Set(v.Words)
	c.place.Set(v.Key)
	show(c.place, v.Key != "")
	c.showWays(v.Ways)
	c.showForm(v)
	c.showTrouble(v)
	c.seen.Set(v.Mark.Words, theme.Icon(v.Mark.Icon), v.Mark.Tone)
	show(c.seen, v.Mark.Words != "")
	c.showButtons(v)
	c.Tick(p.Now)
	fresh := !c.drawn || before.Form != v.Form || before.Way != v.Way || v.Form == present.FormNone && before.Title != v.Title
	c.drawn = true
	if fresh {
		c.fill(v)
	} else if v.Form == present.FormCode && c.state.Trouble == upgrade.TroubleWrongCode && was.Phase != c.state.Phase {
		c.code.entry.SetText("")
	}
	c.object.Refresh()
	if fresh || before.Busy && !v.Busy {
		c.Focus()
	}
}

func (c *Course) showTrouble(v present.CourseView) {
	above, below := v.Trouble, v.Trouble
	if v.Form == present.FormChoose {
		below = nil
	} else {
		above = nil
	}
	c.above.set(above)
	c.trouble.set(below)
	c.opens.Set(v.Opens)
	show(c.opens, v.Opens != "")
	show(c.mark.object, v.Form != present.FormChoose) // the room is for the ways
}

func (c *Course) showWays(list []present.Way) {
	show(c.ways, len(list) > 0)
	same := len(list) == len(c.shownWays)
	for i := range list {
		same = same && list[i] == c.shownWays[i]
	}
	if same {
		return
	}
	c.shownWays, c.ways.Objects = list, nil
	for _, w := range list {
		c.ways.Objects = append(c.ways.Objects, widget.NewWay(widget.WayConfig{
			Icon: theme.Icon(w.Icon), Title: w.Title, Lines: []string{w.Proves, w.Seen}, Strong: w.Opens,
			Tapped: func() { c.proceed(upgrade.Choose{Way: w.Class}) }, Escape: c.kit.Back,
		}))
	}
}

func (c *Course) showForm(v present.CourseView) {
	c.name.set(v.Name)
	if v.Form == present.FormCode {
		c.field.set(nil)
		c.code.set(v.Field)
	} else {
		c.field.set(v.Field)
		c.code.set(nil)
	}
	show(c.outbox, v.Outbox != nil)
	if v.Outbox != nil {
		c.outTitle.Set(v.Outbox.Title)
		c.outCode.Set(v.Outbox.Code)
		c.outWords.Set(v.Outbox.Words)
	}
	show(c.pageWords, v.Page != "")
	show(c.copyPage, v.Page != "")
}

func (c *Course) showButtons(v present.CourseView) {
	set := func(b *widget.Button, words string, kind widget.Kind) {
		show(b, words != "")
		b.Set(words, theme.IconNone, kind)
	}
	show(c.back, v.CanBack)
	set(c.shut, v.Close, widget.Quiet)
	set(c.resend, v.Resend, widget.Plain)
	set(c.upgrade, v.Upgrade, widget.Primary)
	next := widget.Primary
	if v.Upgrade != "" {
		next = widget.Plain
	}
	set(c.next, v.Next, next)
}

// fill puts what is known into the fields of a step that was just begun.
func (c *Course) fill(v present.CourseView) {
	if v.Name != nil {
		c.name.entry.SetText(v.Name.Value)
	}
	switch v.Form {
	case present.FormEnter:
		c.field.entry.SetText(v.Field.Value)
	case present.FormCode:
		c.code.entry.SetText("")
	case present.FormNone, present.FormChoose:
	}
}

// Focus puts the keyboard where typing goes on.
func (c *Course) Focus() {
	switch c.view.Form {
	case present.FormEnter:
		if c.view.Name != nil && c.name.typed() == "" {
			c.kit.Focus(c.name.entry)
			return
		}
		c.kit.Focus(c.field.entry)
	case present.FormCode:
		c.kit.Focus(c.code.entry)
	case present.FormChoose:
		if len(c.ways.Objects) > 0 {
			c.kit.Focus(c.ways.Objects[0].(*widget.Way))
		}
	case present.FormNone:
		switch {
		case c.upgrade.Visible():
			c.kit.Focus(c.upgrade)
		case c.next.Visible():
			c.kit.Focus(c.next)
		}
	}
}

// Tick draws how long the code holds, or how long to wait.
func (c *Course) Tick(now time.Time) {
	d := c.presenter.Countdown(c.state, now)
	color, _ := widget.Colors(d.Tone)
	c.countdown.SetColor(color)
	c.countdown.Set(d.Words)
	if d.Words == "" == c.countdown.Visible() {
		show(c.countdown, d.Words != "")
		c.object.Refresh()
	}
	free := !c.view.Busy && !d.Blocks
	c.next.SetEnabled(free)
	c.resend.SetEnabled(free)
	c.use.SetEnabled(free)
}

// Go takes the step with what was typed.
func (c *Course) Go() {
	if c.next.Disabled() {
		return
	}
	switch c.view.Form {
	case present.FormEnter:
		c.enter()
	case present.FormCode:
		if c.code.typed() != "" {
			c.proceed(upgrade.Type{Code: upgrade.Text(c.code.typed())})
		}
	case present.FormNone, present.FormChoose:
		if c.state.Phase == upgrade.PhaseIssuing {
			c.proceed(upgrade.Retry{})
		} else if c.state.Phase == upgrade.PhaseDone {
			c.proceed(upgrade.Close{})
		}
	}
}

func (c *Course) enter() {
	e := upgrade.Enter{Text: upgrade.Text(c.field.typed())}
	if c.view.Way == keys.ClassEmail {
		if c.name.typed() == "" {
			c.kit.Focus(c.name.entry)
			return
		}
		e.Name = upgrade.Text(c.name.typed())
	}
	c.proceed(e)
}

func (c *Course) nameDone() {
	if c.field.typed() == "" {
		c.kit.Focus(c.field.entry)
		return
	}
	c.Go()
}

func (c *Course) fillIn() {
	if c.view.Outbox != nil {
		c.code.entry.SetText(c.view.Outbox.Code)
		c.Go()
	}
}

// Escape goes one step back, or ends the course.
func (c *Course) Escape() {
	if c.view.CanBack {
		c.proceed(upgrade.Back{})
		return
	}
	c.proceed(upgrade.Close{})
}

func (c *Course) proceed(e upgrade.Event) { c.kit.Send(core.Proceed{Event: e}) }
