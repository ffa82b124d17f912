package screen

import (
	"fyne.io/fyne/v2"

	"conclave/ui/present"
	"conclave/ui/theme"
	"conclave/ui/widget"
)

// Sheet is what a person has opened over a meeting.
type Sheet uint8

// The sheets; at most one is open.
const (
	SheetNone Sheet = iota
	SheetTools
	SheetPerson
	SheetFigures
	SheetScreens
	SheetRename
	SheetReact
)

// sheetFrame is a titled box in the middle; a click beside it closes. What is
// in foot stays in sight when the content scrolls.
func sheetFrame(k *Kit, head *widget.Text, width float32, shut func(), content fyne.CanvasObject, foot ...fyne.CanvasObject) *fyne.Container {
	closing := k.button(widget.ButtonConfig{Icon: theme.IconClose, Kind: widget.Quiet, Tip: k.say("menu.close"), Tapped: shut})
	list := widget.ScrollFit(content)
	column := widget.Grow(widget.Column(theme.SpaceM, widget.Grow(widget.Row(theme.SpaceS, head, closing), head), list), list)
	column.Objects = append(column.Objects, foot...)
	box := widget.Stack(widget.NewBox(widget.BoxStyle{Fill: theme.ColorSurface, Stroke: theme.ColorBorder, Width: 1, Radius: 16}), widget.Pad(theme.SpaceL, column))
	return widget.Stack(widget.NewScrim(shut), widget.Middle(width, widget.Pad(theme.SpaceS, widget.NewShield(box))))
}

func sheetTitle(words string) *widget.Text {
	return widget.NewText(words, widget.Style{Size: theme.SizeTitle, Bold: true, Wrap: true})
}

// menuRow is a line of a menu, with the reason below it when it is disabled.
type menuRow struct {
	root *fyne.Container
	do   *widget.Button
	why  *widget.Text
	view present.MenuItem
}

func newMenuRow(k *Kit, act func(present.Deed)) *menuRow {
	r := &menuRow{why: small("")}
	r.do = k.button(widget.ButtonConfig{Leading: true, Kind: widget.Quiet, Tapped: func() { act(r.view.Deed) }})
	r.root = widget.Column(theme.SpaceNo, r.do, widget.PadXY(theme.SpaceM, theme.SpaceNo, r.why))
	return r
}

func (r *menuRow) object() fyne.CanvasObject { return r.root }

func (r *menuRow) set(v present.MenuItem) {
	r.view = v
	kind := widget.Quiet
	if v.Danger {
		kind = widget.DangerLow
	}
	r.do.Set(v.Label, theme.Icon(v.Icon), kind)
	r.do.SetEnabled(v.Enabled)
	r.why.Set(v.Why)
	show(r.why, v.Why != "")
}

// personSheet is the menu of one person.
type personSheet struct {
	object *fyne.Container
	head   *widget.Text
	items  *rows[present.MenuItem, *menuRow]
}

func newPersonSheet(k *Kit, shut func(), act func(present.Deed)) *personSheet {
	s := &personSheet{head: sheetTitle("")}
	s.items = newRows[present.MenuItem](theme.SpaceXS, func() *menuRow { return newMenuRow(k, act) })
	s.object = sheetFrame(k, s.head, 400, shut, s.items.box)
	return s
}

func (s *personSheet) show(v present.PersonMenu) {
	s.head.Set(v.Name)
	if s.items.fill(v.Items) {
		s.object.Refresh()
	}
}

func (s *personSheet) first() fyne.Focusable {
	for _, r := range s.items.made {
		if !r.do.Disabled() {
			return r.do
		}
	}
	return nil
}

// renameSheet asks for another name.
type renameSheet struct {
	object *fyne.Container
	field  *widget.Entry
}

func newRenameSheet(k *Kit, shut func(), rename func(string)) *renameSheet {
	s := &renameSheet{field: k.entry(k.say("welcome.name"))}
	s.field.Limit = 64
	s.field.OnSubmitted = rename
	s.field.Escape = shut
	do := k.button(widget.ButtonConfig{Label: k.say("rename.go"), Kind: widget.Primary, Tapped: func() { rename(s.field.Text) }})
	s.object = sheetFrame(k, sheetTitle(k.say("rename.title")), 440, shut,
		widget.Column(theme.SpaceM, muted(k.say("rename.words")), widget.Grow(widget.Row(theme.SpaceS, s.field, do), s.field)))
	return s
}

// reactPicker is the row of reactions above the bar.
type reactPicker struct {
	object  *fyne.Container
	buttons []*widget.Button
}

func newReactPicker(k *Kit, list []present.Reaction, shut func(), pick func(present.Reaction)) *reactPicker {
	p := &reactPicker{}
	row := widget.Row(theme.SpaceXS)
	for _, r := range list {
		b := k.button(widget.ButtonConfig{Icon: theme.Icon(r.Icon), Kind: widget.Quiet, Stacked: true, Tip: r.Name, Tapped: func() { pick(r) }})
		b.SetCompact(true)
		p.buttons = append(p.buttons, b)
		row.Objects = append(row.Objects, b)
	}
	box := widget.Stack(widget.NewBox(widget.BoxStyle{Fill: theme.ColorSurface, Stroke: theme.ColorBorder, Width: 1, Radius: 16}), widget.Pad(theme.SpaceXS, row))
	p.object = widget.Stack(widget.NewCatcher(shut), widget.LowMiddle(92, widget.NewShield(box)))
	return p
}
