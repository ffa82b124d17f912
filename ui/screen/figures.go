package screen

import (
	"strings"

	"fyne.io/fyne/v2"

	"conclave/ui/present"
	"conclave/ui/theme"
	"conclave/ui/widget"
)

// figuresSheet shows the numbers behind a meeting.
type figuresSheet struct {
	kit     *Kit
	object  *fyne.Container
	none    *widget.Text
	lines   *rows[present.Figure, *figureRow]
	out, in *rows[present.StreamRow, *streamRow]
	sent    *widget.Text
	got     *widget.Text
}

func newFiguresSheet(k *Kit, shut func()) *figuresSheet {
	s := &figuresSheet{kit: k, none: muted(k.say("figures.none")), sent: label(k.say("figures.out")), got: label(k.say("figures.in"))}
	s.lines = newRows[present.Figure](theme.SpaceXS, newFigureRow)
	s.out = newRows[present.StreamRow](theme.SpaceXS, newStreamRow)
	s.in = newRows[present.StreamRow](theme.SpaceXS, newStreamRow)
	s.object = sheetFrame(k, sheetTitle(k.say("figures.title")), 620, shut,
		widget.Column(theme.SpaceM, s.none, s.lines.box, s.sent, s.out.box, s.got, s.in.box))
	return s
}

func (s *figuresSheet) show(v present.Figures, ok bool) {
	show(s.none, !ok)
	changed := s.lines.fill(v.Lines)
	changed = s.out.fill(v.Out) || changed
	changed = s.in.fill(v.In) || changed
	show(s.sent, len(v.Out) > 0)
	show(s.got, len(v.In) > 0)
	if changed {
		s.object.Refresh()
	}
}

type figureRow struct {
	root        *fyne.Container
	name, value *widget.Text
}

func newFigureRow() *figureRow {
	r := &figureRow{name: widget.NewText("", widget.Style{Size: theme.SizeSmall, Color: theme.ColorMuted}), value: widget.NewText("", widget.Style{Size: theme.SizeSmall, Mono: true, Solid: true})}
	r.root = widget.Grow(widget.Row(theme.SpaceM, r.name, r.value), r.name)
	return r
}

func (r *figureRow) object() fyne.CanvasObject { return r.root }

func (r *figureRow) set(v present.Figure) {
	r.name.Set(v.Name)
	r.value.Set(v.Value)
}

type streamRow struct {
	root      *fyne.Container
	who, what *widget.Text
	values    *widget.Text
}

func newStreamRow() *streamRow {
	r := &streamRow{who: widget.NewText("", widget.Style{Size: theme.SizeSmall, Bold: true}), what: widget.NewText("", widget.Style{Size: theme.SizeSmall, Color: theme.ColorMuted, Solid: true})}
	r.values = widget.NewText("", widget.Style{Size: theme.SizeTiny, Mono: true, Wrap: true})
	r.root = widget.Column(theme.SpaceNo, widget.Grow(widget.Row(theme.SpaceM, r.who, r.what), r.who), r.values)
	return r
}

func (r *streamRow) object() fyne.CanvasObject { return r.root }

func (r *streamRow) set(v present.StreamRow) {
	r.who.Set(v.Who)
	r.what.Set(v.What)
	parts := []string{}
	for _, p := range []string{v.Size, v.Rate, v.Bits, v.Delay} {
		if p != "" {
			parts = append(parts, p)
		}
	}
	r.values.Set(strings.Join(parts, "   "))
}
