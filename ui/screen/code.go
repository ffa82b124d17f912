package screen

import (
	"fyne.io/fyne/v2"

	"conclave/app/core"
	"conclave/ui/present"
	"conclave/ui/theme"
	"conclave/ui/widget"
)

// Code is the security code at full size, for reading aloud and for comparing
// across a room.
type Code struct {
	kit    *Kit
	object fyne.CanvasObject

	digits           *widget.Digits
	words            *widget.Text
	qr               *widget.QR
	epoch            *widget.Text
	verdict          *banner
	change, warning  *widget.Text
	matches, differs *widget.Button
	covers           *widget.Text
	people           *rows[present.CodePerson, *coverRow]
	view             present.CodeView
}

// NewCode returns the screen.
func NewCode(k *Kit) *Code {
	c := &Code{
		kit: k, digits: widget.NewDigits(), qr: widget.NewQR(236), verdict: newBanner(), covers: title(""), people: newRows[present.CodePerson](theme.SpaceXS, func() *coverRow { return newCoverRow(k) }),
		words:  widget.NewText("", widget.Style{Size: theme.SizeTitle, Bold: true, Wrap: true, Align: fyne.TextAlignCenter}),
		epoch:  widget.NewText("", widget.Style{Size: theme.SizeSmall, Color: theme.ColorMuted, Align: fyne.TextAlignCenter}),
		change: widget.NewText("", widget.Style{Color: theme.ColorCaution, Bold: true, Wrap: true}),
	}
	c.warning = widget.NewText("", widget.Style{Color: theme.ColorCaution, Bold: true, Wrap: true})
	c.matches = k.button(widget.ButtonConfig{Label: k.say("code.matches"), Icon: theme.IconCheck, Kind: widget.Good, Large: true, Tip: k.Tip("code.matches", "matches"), Tapped: func() { c.Judge(true) }})
	c.differs = k.button(widget.ButtonConfig{Label: k.say("code.differs"), Icon: theme.IconClose, Kind: widget.Danger, Large: true, Tip: k.Tip("code.differs", "differs"), Tapped: func() { c.Judge(false) }})
	back := k.button(widget.ButtonConfig{Label: k.say("code.back"), Icon: theme.IconBack, Kind: widget.Quiet, Tip: k.Tip("code.back", "code"), Tapped: k.Close})
	gap := widget.Gap()
	top := widget.PadXY(theme.SpaceL, theme.SpaceS, widget.Grow(widget.Row(theme.SpaceS, back, gap), gap))

	reading := widget.Card(theme.SpaceL, widget.Place(widget.Column(theme.SpaceM, c.digits, widget.Rule(), label(k.say("code.words")), c.words), widget.Center, widget.Stretch))
	scan := widget.Column(theme.SpaceS, widget.Stack(widget.NewBox(widget.BoxStyle{Fill: theme.ColorBorder, Radius: 4}), widget.Pad(theme.SpaceXS, c.qr)),
		widget.NewText(k.say("code.scan"), widget.Style{Size: theme.SizeSmall, Color: theme.ColorMuted, Align: fyne.TextAlignCenter}), c.epoch)
	upper := widget.Beside(0.29, 760, theme.SpaceL, reading, scan)
	buttons := middle(c.matches, c.differs)
	page := widget.Column(theme.SpaceM,
		widget.Column(theme.SpaceXS, display(k.say("code.title")), muted(k.say("code.lead"))),
		upper, c.verdict.object, c.warning, c.change, buttons, widget.Rule(), c.covers, c.people.box, widget.Fixed(0, 12, widget.Gap()))
	scroll := widget.Scroll(widget.PadXY(theme.SpaceL, theme.SpaceNo, widget.Narrow(1560, page)))
	c.object = widget.Stack(widget.NewBox(widget.BoxStyle{Fill: theme.ColorBackground}), widget.Grow(widget.Column(theme.SpaceNo, top, scroll), scroll))
	return c
}

// Object implements Screen.
func (c *Code) Object() fyne.CanvasObject { return c.object }

// Show implements Screen.
func (c *Code) Show(p present.Presenter, s core.Snapshot) {
	if s.Meeting == nil {
		return
	}
	v := p.Code(s.Meeting)
	c.view = v
	c.digits.Set(v.Digits)
	c.words.Set(v.Words)
	c.qr.Set(v.QR)
	c.epoch.Set(c.kit.say("code.epoch", "n", v.Epoch))
	c.verdict.set(&v.Verdict)
	c.change.Set(v.Change)
	show(c.change, v.Change != "")
	c.warning.Set(v.Warning)
	show(c.warning, v.Warning != "")
	c.matches.SetEnabled(v.Ready && !v.Matches)
	c.differs.SetEnabled(v.Ready && !v.Differs)
	c.covers.Set(c.kit.Text.Count("code.covers", len(v.Covers)))
	if c.people.fill(v.Covers) {
		c.object.Refresh()
	}
}

// Judge tells the core what comparing gave.
func (c *Code) Judge(matches bool) {
	if c.view.Ready {
		c.kit.Send(core.JudgeCode{Epoch: c.view.Epoch, Matches: matches})
	}
}

type coverRow struct {
	root          *fyne.Container
	avatar        *widget.Avatar
	name          *widget.Text
	marks         *marks
	print, safety *widget.Text
	safetyLabel   *widget.Text
	kit           *Kit
}

func newCoverRow(k *Kit) *coverRow {
	r := &coverRow{kit: k, avatar: widget.NewAvatar("", 0, 38), name: widget.NewText("", widget.Style{Bold: true}), marks: newMarks(), print: mono(""), safety: mono("")}
	who := widget.Column(theme.SpaceXS, r.name, r.marks.row)
	prints := widget.Column(theme.SpaceXS, label(k.say("home.fingerprint")), r.print)
	r.safetyLabel = label("")
	columns := widget.Columns(240, theme.SpaceM, who, prints, widget.Column(theme.SpaceXS, r.safetyLabel, r.safety))
	r.root = widget.PadXY(theme.SpaceNo, theme.SpaceXS, widget.Grow(widget.Row(theme.SpaceM, r.avatar, columns), columns))
	return r
}

func (r *coverRow) object() fyne.CanvasObject { return r.root }

func (r *coverRow) set(v present.CodePerson) {
	r.avatar.Set(v.Called, v.Key[0])
	r.name.Set(v.Name)
	list := v.Marks
	if v.Changed {
		list = append([]present.Mark{{Words: r.kit.say("code.new"), Icon: "plus", Tone: present.Caution}}, list...)
	}
	r.marks.set(list)
	r.print.Set(v.Fingerprint)
	r.safety.Set(v.SafetyNumber)
	words := ""
	if v.SafetyNumber != "" {
		words = r.kit.say("code.safety")
	}
	r.safetyLabel.Set(words)
}
