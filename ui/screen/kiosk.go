package screen

import (
	"fyne.io/fyne/v2"

	"conclave/app/core"
	"conclave/ui/present"
	"conclave/ui/theme"
	"conclave/ui/widget"
)

// KioskRooms is the choice of a room: large buttons and nothing else.
type KioskRooms struct {
	kit                       *Kit
	object                    fyne.CanvasObject
	room, clock, title, words *widget.Text
	grid                      *fyne.Container
	last                      []present.KioskRoom
}

// kioskTop is the line at the top of a kiosk's screens.
func kioskTop(left, right fyne.CanvasObject, more ...fyne.CanvasObject) fyne.CanvasObject {
	gap := widget.Gap()
	row := widget.Row(theme.SpaceM, append([]fyne.CanvasObject{widget.NewPicture(theme.Logo(), 30), left, gap}, append(more, right)...)...)
	return widget.PadXY(theme.SpaceL, theme.SpaceM, widget.Grow(row, gap))
}

// NewKioskRooms returns the screen; help opens the help.
func NewKioskRooms(k *Kit, help func()) *KioskRooms {
	r := &KioskRooms{
		kit: k, room: widget.NewText("", widget.Style{Size: theme.SizeLead, Bold: true, Solid: true}),
		clock: widget.NewText("", widget.Style{Size: theme.SizeTitle, Bold: true, Solid: true}),
		title: centred("", theme.SizeDisplay, theme.ColorText, true), words: centred("", theme.SizeLead, theme.ColorMuted, false),
		grid: widget.TouchGrid(theme.SpaceM),
	}
	ask := k.button(widget.ButtonConfig{Label: k.say("kiosk.help"), Icon: theme.IconQuestion, Large: true, Tapped: help})
	middle := widget.PadXY(theme.SpaceL, theme.SpaceM, r.grid)
	bottom := widget.PadXY(theme.SpaceL, theme.SpaceM, middleRow(ask))
	r.object = widget.Grow(widget.Column(theme.SpaceNo, kioskTop(r.room, r.clock),
		widget.PadXY(theme.SpaceL, theme.SpaceNo, widget.Column(theme.SpaceXS, r.title, r.words)), middle, bottom), middle)
	return r
}

func middleRow(objects ...fyne.CanvasObject) fyne.CanvasObject { return middle(objects...) }

// Object implements Screen.
func (r *KioskRooms) Object() fyne.CanvasObject { return r.object }

// Show implements Screen.
func (r *KioskRooms) Show(p present.Presenter, s core.Snapshot) {
	v := p.KioskRooms(s)
	r.room.Set(v.Room)
	r.clock.Set(v.Clock)
	r.title.Set(v.Title)
	r.words.Set(v.Words)
	show(r.words, v.Words != "")
	changed := len(r.last) != len(v.Rooms)
	for i, room := range v.Rooms {
		if i == len(r.grid.Objects) {
			r.grid.Objects = append(r.grid.Objects, widget.NewTouch(theme.IconDoor, func() { r.kit.Send(core.EnterRoom{Room: i}) }))
		}
		r.grid.Objects[i].(*widget.Touch).Set(room.Name, room.Words, room.Now || len(v.Rooms) == 1)
	}
	r.grid.Objects = r.grid.Objects[:len(v.Rooms)]
	r.last = v.Rooms
	if changed {
		r.grid.Refresh()
	}
}

// KioskMessage says one thing: entering, waiting, trouble, locked.
type KioskMessage struct {
	kit                  *Kit
	object               fyne.CanvasObject
	room                 *widget.Text
	mark                 *medallion
	title, words, detail *widget.Text
	details              *fyne.Container
	count, call          *widget.Text
	seen, mode           *widget.Pill
	try, leave, ask      *widget.Button
	at                   int
}

// NewKioskMessage returns the screen; help opens the help.
func NewKioskMessage(k *Kit, help func()) *KioskMessage {
	m := &KioskMessage{
		kit: k, room: widget.NewText("", widget.Style{Size: theme.SizeLead, Bold: true, Solid: true}), mark: newMedallion(),
		title: centred("", theme.SizeDisplay, theme.ColorText, true), words: centred("", theme.SizeLead, theme.ColorMuted, false),
		detail: widget.NewText("", widget.Style{Mono: true, Wrap: true}), call: centred("", theme.SizeLead, theme.ColorText, true),
		count: centred("", theme.SizeTitle, theme.ColorText, true),
		seen:  widget.NewTag("", theme.IconEye, present.Neutral), mode: widget.NewTag("", theme.IconShield, present.Neutral),
	}
	m.details = widget.Tinted(theme.ColorRaised, theme.SpaceM, m.detail)
	m.try = k.button(widget.ButtonConfig{Label: k.say("kiosk.try"), Icon: theme.IconRefresh, Kind: widget.Primary, Large: true, Tapped: func() { k.Send(core.EnterRoom{Room: m.at}) }})
	m.leave = k.button(widget.ButtonConfig{Label: k.say("kiosk.leave"), Icon: theme.IconLeave, Large: true, Tapped: func() { k.Send(core.LeaveMeeting{}) }})
	m.ask = k.button(widget.ButtonConfig{Label: k.say("kiosk.help"), Icon: theme.IconQuestion, Large: true, Tapped: help})
	column := widget.Column(theme.SpaceM, m.mark.object, widget.Column(theme.SpaceS, m.title, m.words), m.details,
		middle(m.seen, m.mode), m.count, m.call, middle(m.try, m.leave, m.ask))
	body := widget.Middle(660, widget.ScrollFit(widget.Pad(theme.SpaceM, column)))
	m.object = widget.Grow(widget.Column(theme.SpaceNo, kioskTop(m.room, widget.Gap()), body), body)
	return m
}

// Object implements Screen.
func (m *KioskMessage) Object() fyne.CanvasObject { return m.object }

// Show implements Screen.
func (m *KioskMessage) Show(p present.Presenter, s core.Snapshot) {
	v := p.KioskMessage(s)
	if s.Kiosk != nil {
		m.at = s.Kiosk.At
	}
	m.room.Set(v.Room)
	m.mark.set(v.Icon, v.Tone)
	m.title.Set(v.Title)
	m.words.Set(v.Words)
	m.detail.Set(v.Detail)
	show(m.details, v.Detail != "")
	m.count.Set(v.Count)
	show(m.count, v.Count != "")
	m.call.Set(v.Help)
	show(m.call, v.Help != "")
	m.seen.Set(v.Seen, theme.IconEye, present.Neutral)
	show(m.seen, v.Seen != "")
	m.mode.Set(v.Mode.Words, theme.Icon(v.Mode.Icon), v.Mode.Tone)
	show(m.mode, v.Mode.Words != "")
	show(m.try, v.Try)
	label, icon := "kiosk.leave", theme.IconLeave
	if v.IsBack {
		label, icon = "kiosk.back.label", theme.IconBack
	}
	m.leave.Set(m.kit.say(label), icon, widget.Plain)
	show(m.leave, v.Leave)
	show(m.ask, v.Leave)
}

// KioskHelp lies over the others and tells whom to call.
type KioskHelp struct {
	object                   fyne.CanvasObject
	version                  string
	title, words, room, keys *widget.Text
	update                   *widget.Text
}

// NewKioskHelp returns the help; shut closes it.
func NewKioskHelp(k *Kit, version string, shut func()) *KioskHelp {
	h := &KioskHelp{version: version, title: display(""), words: widget.NewText("", widget.Style{Size: theme.SizeTitle, Wrap: true}), room: muted(""), keys: small(""), update: small("")}
	closing := k.button(widget.ButtonConfig{Label: k.say("kiosk.help.close"), Kind: widget.Primary, Large: true, Tapped: shut})
	box := widget.Stack(widget.NewBox(widget.BoxStyle{Fill: theme.ColorSurface, Stroke: theme.ColorBorder, Width: 1, Radius: 18, Shadow: true}),
		widget.Pad(theme.SpaceL, widget.Column(theme.SpaceM, h.title, h.words, widget.Rule(), widget.Column(theme.SpaceXS, h.room, h.update, h.keys), middle(closing))))
	h.object = widget.Stack(widget.NewScrim(shut), widget.Middle(560, widget.Pad(theme.SpaceS, widget.NewShield(box))))
	return h
}

// Object implements Screen.
func (h *KioskHelp) Object() fyne.CanvasObject { return h.object }

// Show implements Screen.
func (h *KioskHelp) Show(p present.Presenter, s core.Snapshot) {
	if s.Kiosk == nil {
		return
	}
	v := p.KioskHelp(s, h.version)
	h.title.Set(v.Title)
	h.words.Set(v.Words)
	h.room.Set(v.Room)
	h.keys.Set(v.Keys)
	h.update.Set(v.Update)
	show(h.update, v.Update != "")
}
