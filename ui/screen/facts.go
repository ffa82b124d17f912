package screen

import (
	"fyne.io/fyne/v2"

	"conclave/app/core"
	"conclave/ui/present"
	"conclave/ui/theme"
	"conclave/ui/widget"
)

// Facts opens from the badge and lists what it was computed from.
type Facts struct {
	kit    *Kit
	object fyne.CanvasObject
	edges  *widget.Enclosure
	badge  *widget.Pill
	list   *rows[present.Fact, *factRow]
}

// NewFacts returns the screen. It lies over the meeting.
func NewFacts(k *Kit) *Facts {
	f := &Facts{kit: k, badge: widget.NewPill("", theme.IconShield, present.Neutral, nil), list: newRows[present.Fact](theme.SpaceM, newFactRow)}
	head := title(k.say("facts.title"))
	shut := k.button(widget.ButtonConfig{Icon: theme.IconClose, Kind: widget.Quiet, Tip: k.say("facts.close"), Tapped: k.Close})
	code := k.button(widget.ButtonConfig{Label: k.say("facts.code"), Icon: theme.IconShieldCheck, Kind: widget.Primary, Tapped: func() { k.Open(present.Code) }})
	list := widget.ScrollFit(f.list.box)
	column := widget.Grow(widget.Column(theme.SpaceM,
		widget.Grow(widget.Row(theme.SpaceS, head, shut), head), widget.Wrap(theme.SpaceS, f.badge), small(k.say("facts.lead")), list, middle(code)), list)
	f.edges = widget.Enclose(dialogFrame(k, 520, column))
	f.object = f.edges.Object
	return f
}

// dialogFrame lies content in the middle over a scrim; a click beside it
// closes.
func dialogFrame(k *Kit, width float32, content fyne.CanvasObject) fyne.CanvasObject {
	box := widget.Stack(widget.NewBox(widget.BoxStyle{Fill: theme.ColorSurface, Stroke: theme.ColorBorder, Width: 1, Radius: 16, Shadow: true}), widget.Pad(theme.SpaceL, content))
	return widget.Stack(widget.NewScrim(k.Close), widget.Middle(width, widget.Pad(theme.SpaceS, widget.NewShield(box))))
}

// Enclosure is what keeps Tab within the dialog.
func (f *Facts) Enclosure() *widget.Enclosure { return f.edges }

// Object implements Screen.
func (f *Facts) Object() fyne.CanvasObject { return f.object }

// Show implements Screen.
func (f *Facts) Show(p present.Presenter, s core.Snapshot) {
	if s.Meeting == nil {
		return
	}
	b := p.Badge(s.Meeting)
	f.badge.Set(b.Words, theme.Icon(b.Icon), b.Tone)
	if f.list.fill(p.Facts(s.Meeting)) {
		f.object.Refresh()
	}
}

type factRow struct {
	root         *fyne.Container
	icon         *widget.Icon
	title, words *widget.Text
}

func newFactRow() *factRow {
	r := &factRow{icon: widget.NewIcon(theme.IconNone, 22, theme.ColorText), title: widget.NewText("", widget.Style{Bold: true, Wrap: true}), words: small("")}
	text := widget.Column(theme.SpaceXS, r.title, r.words)
	r.root = widget.Place(widget.Grow(widget.Row(theme.SpaceM, r.icon, text), text), widget.Start, widget.Start)
	return r
}

func (r *factRow) object() fyne.CanvasObject { return r.root }

func (r *factRow) set(v present.Fact) {
	text, _ := widget.Colors(v.Tone)
	r.icon.Set(theme.Icon(v.Icon), text)
	r.title.Set(v.Title)
	r.words.Set(v.Words)
}
