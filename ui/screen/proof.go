package screen

import (
	"fyne.io/fyne/v2"

	"conclave/keys"
	"conclave/ui/present"
	"conclave/ui/theme"
	"conclave/ui/widget"
)

// proofDetails opens below a person's row: everything that is known of who they
// are, each with what it means, and at the end what can be done to them.
type proofDetails struct {
	object *fyne.Container
	toggle *widget.Button
	kit    *Kit
	lines  *rows[present.Line, *proofLine]
	tools  *fyne.Container
	person keys.PublicKey
	open   bool
}

func newProofDetails(k *Kit, tools ...fyne.CanvasObject) *proofDetails {
	d := &proofDetails{kit: k, lines: newRows[present.Line](theme.SpaceS, newProofLine), tools: widget.Wrap(theme.SpaceS, tools...)}
	d.toggle = k.button(widget.ButtonConfig{Icon: theme.IconChevronRight, Kind: widget.Quiet, Tip: k.say("proof.details"), Tapped: func() { d.show(!d.open) }})
	d.object = widget.Column(theme.SpaceS, d.lines.box, d.tools)
	d.object.Hide()
	return d
}

// of tells whose row this is now: rows are reused for other people, and the
// details of one are not open because those of another were.
func (d *proofDetails) of(person keys.PublicKey) {
	if person != d.person {
		d.person = person
		if d.open {
			d.show(false)
		}
	}
}

func (d *proofDetails) show(open bool) {
	d.open = open
	icon := theme.IconChevronRight
	if open {
		icon = theme.IconChevronDown
	}
	d.toggle.Set("", icon, widget.Quiet)
	show(d.object, open)
	d.kit.Relayout()
}

func (d *proofDetails) set(lines []present.Line) {
	if d.lines.fill(lines) && d.open {
		d.object.Refresh()
	}
	any := false
	for _, o := range d.tools.Objects {
		any = any || o.Visible()
	}
	show(d.tools, any)
}

// proofLine is one thing that is known, and what it means.
type proofLine struct {
	root        *fyne.Container
	icon        *widget.Icon
	name        *widget.Text
	plain, mono *widget.Text
}

func newProofLine() *proofLine {
	l := &proofLine{icon: widget.NewIcon(theme.IconNone, 16, theme.ColorMuted), name: widget.NewText("", widget.Style{Size: theme.SizeSmall, Bold: true, Wrap: true}), plain: small("")}
	l.mono = widget.NewText("", widget.Style{Size: theme.SizeTiny, Mono: true, Wrap: true})
	text := widget.Column(theme.SpaceNo, l.name, l.plain, l.mono)
	l.root = widget.Place(widget.Grow(widget.Row(theme.SpaceS, l.icon, text), text), widget.Start, widget.Start)
	return l
}

func (l *proofLine) object() fyne.CanvasObject { return l.root }

func (l *proofLine) set(v present.Line) {
	color, _ := widget.Colors(v.Tone)
	l.icon.Set(theme.Icon(v.Icon), color)
	l.name.Set(v.Name)
	show(l.name, v.Name != "")
	show(l.mono, v.Code)
	show(l.plain, !v.Code)
	if v.Code {
		l.mono.Set(twoLines(v.Words))
		return
	}
	if v.Name != "" {
		color = theme.ColorMuted
	}
	l.plain.SetColor(color)
	l.plain.Set(v.Words)
}

// refusalBox says why somebody cannot be let in.
type refusalBox struct {
	object *fyne.Container
	reason *widget.Text
}

func newRefusalBox(k *Kit) *refusalBox {
	b := &refusalBox{reason: widget.NewText("", widget.Style{Size: theme.SizeSmall, Wrap: true})}
	head := widget.NewText(k.say("people.refused"), widget.Style{Size: theme.SizeSmall, Bold: true, Color: theme.ColorCaution, Wrap: true})
	text := widget.Column(theme.SpaceNo, head, b.reason)
	row := widget.Place(widget.Grow(widget.Row(theme.SpaceS, widget.NewIcon(theme.IconLock, 17, theme.ColorCaution), text), text), widget.Start, widget.Start)
	b.object = widget.Tinted(theme.ColorCautionSoft, theme.SpaceS, row)
	b.object.Hide()
	return b
}

func (b *refusalBox) set(reason string) {
	show(b.object, reason != "")
	b.reason.Set(reason)
}
