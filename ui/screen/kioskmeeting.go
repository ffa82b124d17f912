package screen

import (
	"slices"
	"time"

	"fyne.io/fyne/v2"

	"conclave/app/core"
	"conclave/keys"
	"conclave/ui/present"
	"conclave/ui/theme"
	"conclave/ui/widget"
)

// kioskTile names a tile: a picture of a person.
type kioskTile struct {
	person keys.PublicKey
	stream core.Stream
}

// KioskMeeting is a meeting with microphone, camera, hand, help and leave. It
// has no panels, no link, no settings and nothing to type into.
type KioskMeeting struct {
	kit                            *Kit
	object                         fyne.CanvasObject
	room, clock                    *widget.Text
	badge                          *widget.Pill
	saving, more                   *widget.Pill
	banner                         *banner
	stage                          *fyne.Container
	layout                         *widget.Stage
	tiles                          map[kioskTile]*widget.Tile
	order                          []kioskTile
	alone                          *fyne.Container
	nobody                         *widget.Text
	mic, camera, hand, help, leave *widget.Button
	spoke                          map[keys.PublicKey]time.Time
	last                           core.Snapshot
}

// NewKioskMeeting returns the screen; help opens the help.
func NewKioskMeeting(k *Kit, help func()) *KioskMeeting {
	m := &KioskMeeting{
		kit: k, tiles: map[kioskTile]*widget.Tile{}, layout: widget.NewStage(), spoke: map[keys.PublicKey]time.Time{},
		room:  widget.NewText("", widget.Style{Size: theme.SizeLead, Bold: true, Solid: true}),
		clock: widget.NewText("", widget.Style{Size: theme.SizeLead, Bold: true, Solid: true}), badge: widget.NewPill("", theme.IconShield, present.Neutral, nil),
		saving: widget.NewTag("", theme.IconInfo, present.Info), more: widget.NewTag("", theme.IconPeople, present.Neutral),
		nobody: centred("", theme.SizeTitle, theme.ColorText, true), banner: newBanner(),
	}
	m.alone = widget.Stack(widget.NewBox(widget.BoxStyle{Fill: theme.ColorSurface, Radius: 14}), widget.Middle(360, widget.Pad(theme.SpaceM, m.nobody)))
	m.stage = &fyne.Container{Layout: m.layout}
	center := widget.Grow(widget.Column(theme.SpaceS, m.banner.object, m.stage), m.stage)
	stage := widget.Pad(theme.SpaceM, center) // on the window's own ground, which costs nothing
	m.object = widget.Grow(widget.Column(theme.SpaceNo, m.top(), stage, m.bar(help)), stage)
	return m
}

func (m *KioskMeeting) top() fyne.CanvasObject {
	gap := widget.Gap()
	row := widget.Crowd(theme.SpaceS, m.badge, gap, []fyne.CanvasObject{m.room, m.more}, m.badge, m.more, m.saving, gap, m.room, m.clock)
	return widget.Stack(widget.NewBox(widget.BoxStyle{Fill: theme.ColorSurface}), widget.PadXY(theme.SpaceM, theme.SpaceS, row))
}

func (m *KioskMeeting) bar(help func()) fyne.CanvasObject {
	k := m.kit
	control := func(kind widget.Kind, do func()) *widget.Button {
		return k.button(widget.ButtonConfig{Stacked: true, Kind: kind, Tapped: do})
	}
	m.mic = control(widget.Plain, func() { k.Send(core.SetMic{On: !m.last.Meeting.Mic.Wanted}) })
	m.camera = control(widget.Plain, func() { k.Send(core.SetCamera{On: !m.last.Meeting.Camera.Wanted}) })
	m.hand = control(widget.Plain, m.toggleHand)
	m.help = control(widget.Plain, help)
	m.leave = control(widget.Danger, func() { k.Send(core.LeaveMeeting{}) })
	large := func(b *widget.Button) fyne.CanvasObject { return widget.Least(92, 56, b) }
	bar := widget.Bar(theme.SpaceM, large(m.mic), large(m.camera), large(m.hand), large(m.help), widget.Divider(), large(m.leave))
	return widget.Stack(widget.NewBox(widget.BoxStyle{Fill: theme.ColorSurface}), widget.PadXY(theme.SpaceM, theme.SpaceS, bar))
}

// Object implements Screen.
func (m *KioskMeeting) Object() fyne.CanvasObject { return m.object }

// Show implements Screen.
func (m *KioskMeeting) Show(p present.Presenter, s core.Snapshot) {
	if s.Meeting == nil || s.Kiosk == nil {
		return
	}
	m.last = s
	for _, who := range s.Meeting.People {
		if who.Speaking {
			m.spoke[who.Key] = p.Now
		}
	}
	v := p.KioskMeeting(s, m.spoke)
	m.room.Set(v.Room)
	m.clock.Set(v.Clock)
	m.badge.Set(v.Badge.Words, theme.Icon(v.Badge.Icon), v.Badge.Tone)
	m.more.Set(v.More, theme.IconPeople, present.Neutral)
	show(m.more, v.More != "")
	m.saving.Set(v.Saving, theme.IconInfo, present.Info)
	show(m.saving, v.Saving != "")
	m.banner.set(v.Banner)
	device := func(b *widget.Button, c present.Control) {
		kind := widget.Plain
		switch {
		case c.Faulty:
			kind = widget.Faulty
		case b == m.hand && c.On:
			kind = widget.Active
		}
		b.Set(c.Label, theme.Icon(c.Icon), kind)
		b.SetEnabled(c.Enabled)
	}
	device(m.mic, v.Mic)
	device(m.camera, v.Camera)
	device(m.hand, v.Hand)
	device(m.help, v.Help)
	m.leave.Set(v.Leave.Label, theme.Icon(v.Leave.Icon), widget.Danger)
	words := v.Alone
	if v.Idle != "" {
		words = v.Idle
	}
	m.nobody.Set(words)
	m.showTiles(v.Tiles, words != "")
}

func (m *KioskMeeting) showTiles(list []present.Tile, alone bool) {
	order, large := make([]kioskTile, 0, len(list)), -1
	for i, v := range list {
		key := kioskTile{v.Key, v.Stream}
		order = append(order, key)
		t := m.tiles[key]
		if t == nil {
			t = widget.NewTile(m.kit.source(v.Key, v.Stream), nil)
			m.tiles[key] = t
		}
		if v.Stream == core.StreamScreen && large < 0 && len(list) > 1 {
			large = i
		}
		t.Set(widget.TileView{Tile: v, Seed: v.Key[0]})
	}
	was := len(m.stage.Objects) > len(m.order)
	changed := !slices.Equal(order, m.order) || alone != was || large != m.layout.Large
	for key, t := range m.tiles {
		if !slices.Contains(order, key) {
			t.SetVisible(false)
			delete(m.tiles, key)
		}
	}
	m.order, m.layout.Large = order, large
	if !changed {
		return
	}
	objects := make([]fyne.CanvasObject, 0, len(order)+1)
	for _, key := range order {
		objects = append(objects, m.tiles[key])
	}
	if alone {
		objects = append(objects, m.alone)
	}
	m.stage.Objects = objects
	m.stage.Refresh()
}

func (m *KioskMeeting) toggleHand() {
	for _, who := range m.last.Meeting.People {
		if who.Self {
			m.kit.Send(core.SetHand{Up: !who.Hand})
		}
	}
}

// Tick draws new pictures.
func (m *KioskMeeting) Tick() {
	for _, key := range m.order {
		m.tiles[key].Tick()
	}
}
