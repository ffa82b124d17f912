package screen

import (
	"time"

	"fyne.io/fyne/v2"

	"conclave/app/core"
	"conclave/ui/present"
	"conclave/ui/theme"
	"conclave/ui/widget"
)

// Panel is what is open at the side of a meeting.
type Panel uint8

// The panels.
const (
	PanelNone Panel = iota
	PanelPeople
	PanelChat
)

type tileKey = present.TileKey

// Meeting is the meeting itself: the stage, the bar, the panel at the side.
type Meeting struct {
	kit    *Kit
	object fyne.CanvasObject

	badge      *widget.Pill
	elapsed    *widget.Text
	locked     *widget.Pill
	link, view *widget.Button
	banner     *meetingBanner
	knock      *knockBar
	stage      *fyne.Container
	layout     *widget.Stage
	tiles      map[tileKey]*widget.Tile
	order      []tileKey // on the stage now
	wish       present.StageWish
	unmirrored bool
	pager      *pager
	invite     *fyne.Container
	sheets     meetingSheets

	bar                                         *fyne.Container
	mic, camera, share, hand, react             *widget.Button
	people, chat, code, leave, end, tools, more *widget.Button

	panel       Panel
	side        *fyne.Container
	peoplePanel *People
	chatPanel   *Chat
	resting     bool // another screen covers this one
	seen        int  // chat lines that were looked at
	last        core.Snapshot
	presenter   present.Presenter
}

// NewMeeting returns the screen.
func NewMeeting(k *Kit) *Meeting {
	m := &Meeting{kit: k, tiles: map[tileKey]*widget.Tile{}, layout: widget.NewStage(), knock: newKnockBar(k)}
	m.banner = newMeetingBanner(k, m.actOnBanner)
	m.peoplePanel, m.chatPanel = NewPeople(k, func() { m.Toggle(PanelPeople) }), NewChat(k, func() { m.Toggle(PanelChat) })
	m.peoplePanel.actions = m.OpenPerson
	m.knock.open = func() { m.OpenPanel(PanelPeople) }
	m.buildInvite()
	m.stage = &fyne.Container{Layout: m.layout}
	m.pager = newPager(k, m)
	center := widget.Column(theme.SpaceS, m.banner.object, m.knock.object, m.stage, m.pager.object)
	widget.Grow(center, m.stage)
	stage := widget.Pad(theme.SpaceM, center) // on the window's own ground: a box of this size would be drawn anew with each picture
	m.side = widget.Side(330, widget.Stack(widget.NewBox(widget.BoxStyle{Fill: theme.ColorSurface}), widget.Pad(theme.SpaceM, widget.Stack(m.peoplePanel.Object(), m.chatPanel.Object()))))
	middle := widget.Place(widget.Grow(widget.Row(theme.SpaceNo, stage, m.side), stage), widget.Start, widget.Stretch)
	page := widget.Grow(widget.Column(theme.SpaceNo, m.buildTop(), middle, m.buildBar()), middle)
	m.sheets.inside = widget.Stack()
	m.sheets.enclosure = widget.Enclose(m.sheets.inside)
	m.sheets.layer = m.sheets.enclosure.Object
	m.sheets.layer.Hide()
	m.object = widget.Stack(page, m.sheets.layer)
	m.OpenPanel(PanelNone)
	return m
}

func (m *Meeting) buildInvite() {
	k := m.kit
	icon := newMedallion()
	icon.set("people", present.Info)
	send := k.button(widget.ButtonConfig{Label: k.say("alone.copy"), Icon: theme.IconLink, Kind: widget.Primary, Tapped: m.CopyLink})
	words := widget.Column(theme.SpaceS, icon.object, centred(k.say("alone.title"), theme.SizeTitle, theme.ColorText, true), centred(k.say("alone.words"), theme.SizeBody, theme.ColorMuted, false), middle(send))
	m.invite = widget.Stack(widget.NewBox(widget.BoxStyle{Fill: theme.ColorSurface, Radius: 14}), widget.Middle(340, widget.Pad(theme.SpaceM, widget.ScrollFit(words))))
}

func (m *Meeting) buildTop() fyne.CanvasObject {
	k := m.kit
	m.badge = widget.NewPill("", theme.IconShield, present.Neutral, func() { k.Open(present.Facts) })
	m.elapsed = widget.NewText("", widget.Style{Color: theme.ColorMuted, Size: theme.SizeSmall, Solid: true})
	m.locked = widget.NewTag("", theme.IconLock, present.Caution)
	m.link = k.button(widget.ButtonConfig{Label: k.say("control.link"), Icon: theme.IconLink, Kind: widget.Quiet, Tip: k.Tip("tip.link", "link"), Tapped: m.CopyLink})
	m.view = k.button(widget.ButtonConfig{Icon: theme.IconSpeakerView, Kind: widget.Quiet, Tip: k.Tip("tip.view", "view"), Tapped: m.SwitchView})
	settings := k.button(widget.ButtonConfig{Icon: theme.IconSettings, Kind: widget.Quiet, Tip: k.Tip("control.settings", "settings"), Tapped: func() { k.Open(present.Settings) }})
	gap := widget.Gap()
	logo := widget.NewPicture(theme.Logo(), 26)
	row := widget.Crowd(theme.SpaceS, m.badge, gap, []fyne.CanvasObject{m.elapsed, m.link, logo, m.view}, logo, m.badge, gap, m.locked, m.elapsed, m.link, m.view, settings)
	return widget.Stack(widget.NewBox(widget.BoxStyle{Fill: theme.ColorSurface}), widget.PadXY(theme.SpaceM, theme.SpaceS, row))
}

func (m *Meeting) buildBar() fyne.CanvasObject {
	k := m.kit
	control := func(tip, action string, kind widget.Kind, do func()) *widget.Button {
		return k.button(widget.ButtonConfig{Stacked: true, Kind: kind, Tip: k.Tip(tip, action), Tapped: do})
	}
	m.mic = control("tip.mic", "mic", widget.Quiet, m.ToggleMic)
	m.camera = control("tip.camera", "camera", widget.Quiet, m.ToggleCamera)
	m.share = control("tip.share", "share", widget.Quiet, m.ToggleShare)
	m.hand = control("tip.hand", "hand", widget.Quiet, m.ToggleHand)
	m.react = control("tip.react", "react", widget.Quiet, m.React)
	m.people = control("tip.people", "people", widget.Quiet, func() { m.Toggle(PanelPeople) })
	m.chat = control("tip.chat", "chat", widget.Quiet, func() { m.Toggle(PanelChat) })
	m.code = control("tip.code", "code", widget.Quiet, func() { k.Open(present.Code) })
	m.tools = control("tip.tools", "tools", widget.Quiet, m.OpenTools)
	m.more = control("tip.more", "more", widget.Quiet, m.OpenMore)
	m.leave = control("tip.leave", "leave", widget.Danger, func() { k.Send(core.LeaveMeeting{}) })
	m.end = control("tip.end", "end", widget.DangerLow, m.End)
	m.bar = widget.Bar(theme.SpaceS, m.mic, m.camera, m.share, m.hand, m.react, widget.Divider(), m.people, m.chat, m.code, m.tools, m.more, widget.Divider(), m.leave, m.end)
	return widget.Stack(widget.NewBox(widget.BoxStyle{Fill: theme.ColorSurface}), widget.PadXY(theme.SpaceM, theme.SpaceS, m.bar))
}

// Object implements Screen.
func (m *Meeting) Object() fyne.CanvasObject { return m.object }

// Show implements Screen.
func (m *Meeting) Show(p present.Presenter, s core.Snapshot) {
	if s.Meeting == nil {
		return
	}
	m.last, m.presenter = s, p
	if m.panel == PanelChat {
		m.seen = len(s.Meeting.Chat)
	}
	m.seen = min(m.seen, len(s.Meeting.Chat))
	v := p.Meeting(s, len(s.Meeting.Chat)-m.seen)
	m.badge.Set(v.Badge.Words, theme.Icon(v.Badge.Icon), v.Badge.Tone)
	m.elapsed.Set(v.Elapsed)
	show(m.locked, v.Locked)
	m.locked.Set(m.kit.say("people.lockedtag"), theme.IconLock, present.Caution)
	m.banner.set(v.Banner)
	m.showBar(v)
	knockers := []present.Knocker{}
	if v.CanAdmit {
		knockers = p.Knockers(s.Meeting)
	}
	m.knock.set(knockers, m.panel == PanelPeople)
	m.showTiles(v.Alone)
	if m.panel == PanelPeople {
		m.peoplePanel.Show(p, s)
	}
	if m.panel == PanelChat {
		m.chatPanel.Show(p, s)
	}
	m.showSheet()
}

func (m *Meeting) showBar(v present.MeetingView) {
	set := func(b *widget.Button, c present.Control, kind widget.Kind) {
		show(b, c.Shown)
		b.Set(c.Label, theme.Icon(c.Icon), kind)
		b.SetEnabled(c.Enabled)
		b.SetCount(c.Count)
	}
	tip := func(b *widget.Button, c present.Control, key, action string) {
		if c.Why != "" {
			b.SetTip(c.Why)
		} else {
			b.SetTip(m.kit.Tip(key, action))
		}
	}
	device := func(c present.Control) widget.Kind {
		if c.Faulty {
			return widget.Faulty
		}
		return widget.Plain
	}
	open := func(is bool) widget.Kind {
		if is {
			return widget.Active
		}
		return widget.Quiet
	}
	set(m.mic, v.Mic, device(v.Mic))
	set(m.camera, v.Camera, device(v.Camera))
	set(m.share, v.Share, open(v.Share.On))
	set(m.hand, v.Hand, open(v.Hand.On))
	set(m.react, v.React, open(m.sheets.open == SheetReact))
	set(m.tools, v.Tools, open(m.sheets.open == SheetTools))
	m.more.Set(m.kit.say("control.more"), theme.IconMore, widget.Quiet)
	tip(m.mic, v.Mic, "tip.mic.talk", "mic")
	tip(m.react, v.React, "tip.react", "react")
	if v.Share.On {
		tip(m.share, v.Share, "tip.unshare", "share")
	} else {
		tip(m.share, v.Share, "tip.share", "share")
	}
	set(m.people, v.People, open(m.panel == PanelPeople))
	set(m.chat, v.Chat, open(m.panel == PanelChat))
	set(m.code, v.Code, widget.Quiet)
	set(m.leave, v.Leave, widget.Danger)
	set(m.end, v.EndAll, widget.DangerLow)
	show(m.link, v.Link.Shown)
}

func (m *Meeting) showTiles(alone bool) {
	all := m.presenter.Tiles(m.last)
	for _, v := range all {
		if v.Speaking && !v.Self {
			m.wish.Spoke = v.Key
		}
	}
	st := m.presenter.Stage(all, m.wish)
	m.wish.Page = st.Page
	order := make([]tileKey, 0, len(st.Shown))
	for _, v := range st.Shown {
		key := v.TileKey()
		order = append(order, key)
		t := m.tiles[key]
		if t == nil {
			t = widget.NewTile(m.kit.source(v.Key, v.Stream), func() { m.Pin(key) })
			t.OnSecondary(func() { m.OpenPerson(key.Person) })
			m.tiles[key] = t
		}
		if !contains(m.order, key) {
			t.SetVisible(!m.resting)
		}
		t.Set(widget.TileView{Tile: v, Seed: v.Key[0], Pinned: m.wish.Pinned == key, Mirror: v.Self && !m.unmirrored})
	}
	m.putAway(all, order)
	large := -1
	if st.Large {
		large = 0
	}
	changed := !same(order, m.order) || alone != m.hasInvite() || large != m.layout.Large
	m.order, m.layout.Large = order, large
	if m.pager.set(st, m.kit) {
		m.object.Refresh()
	}
	if !changed {
		return
	}
	objects := make([]fyne.CanvasObject, 0, len(order)+1)
	for _, key := range order {
		objects = append(objects, m.tiles[key])
	}
	if alone {
		objects = append(objects, m.invite)
	}
	m.stage.Objects = objects
	m.stage.Refresh()
}

// putAway lets nothing be decoded of who is on another page, and forgets who
// is gone.
func (m *Meeting) putAway(all []present.Tile, order []tileKey) {
	here := map[tileKey]bool{}
	for _, v := range all {
		here[v.TileKey()] = true
	}
	for key, t := range m.tiles {
		if !contains(order, key) {
			t.SetVisible(false)
			if !here[key] {
				delete(m.tiles, key)
			}
		}
	}
}

func (m *Meeting) hasInvite() bool {
	n := len(m.stage.Objects)
	return n > 0 && m.stage.Objects[n-1] == m.invite
}

func same(a, b []tileKey) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

func contains(list []tileKey, k tileKey) bool {
	for _, l := range list {
		if l == k {
			return true
		}
	}
	return false
}

// Tick draws new pictures, and once a second the time.
func (m *Meeting) Tick(now time.Time) {
	for _, key := range m.order {
		m.tiles[key].Tick()
	}
	if m.last.Meeting != nil {
		m.elapsed.Set(present.Elapsed(m.last.Meeting.Since, now))
	}
	m.tickFigures(now)
}

// Rest stops asking for pictures while another screen is shown.
func (m *Meeting) Rest(resting bool) {
	m.resting = resting
	for key, t := range m.tiles {
		if !contains(m.order, key) {
			continue
		}
		t.SetVisible(!resting)
		if !resting {
			t.Refresh()
		}
	}
}

// Forget drops what was kept of a meeting that is over.
func (m *Meeting) Forget() {
	m.Rest(true)
	m.tiles, m.order, m.wish, m.seen = map[tileKey]*widget.Tile{}, nil, present.StageWish{}, 0
	m.stage.Objects = nil
	m.CloseSheet()
	m.chatPanel.Forget()
	m.OpenPanel(PanelNone)
}

func (m *Meeting) again() {
	if m.last.Meeting != nil {
		m.Show(m.presenter, m.last)
	}
}

// OpenPanel opens a panel, or none.
func (m *Meeting) OpenPanel(p Panel) {
	m.panel = p
	show(m.side, p != PanelNone)
	show(m.peoplePanel.Object(), p == PanelPeople)
	show(m.chatPanel.Object(), p == PanelChat)
	m.again()
	m.object.Refresh()
}

// Toggle opens a panel, or closes it when it is open.
func (m *Meeting) Toggle(p Panel) {
	if m.panel == p {
		m.OpenPanel(PanelNone)
		m.kit.Focus(nil)
		return
	}
	m.OpenPanel(p)
	if p == PanelChat {
		m.kit.Focus(m.chatPanel.Field())
	}
}

// Panel returns what is open.
func (m *Meeting) Panel() Panel { return m.panel }

// Pin keeps a tile large, or lets go of it.
func (m *Meeting) Pin(key tileKey) {
	if m.wish.Pinned == key {
		m.wish.Pinned = tileKey{}
	} else {
		m.wish.Pinned = key
	}
	m.again()
}

// SwitchView goes between gallery and speaker view.
func (m *Meeting) SwitchView() {
	m.wish.Speaker, m.wish.Page = !m.wish.Speaker, 0
	icon := theme.IconSpeakerView
	if m.wish.Speaker {
		icon = theme.IconGrid
	}
	m.view.Set("", icon, widget.Quiet)
	m.again()
}

// Turn shows another page of people.
func (m *Meeting) Turn(by int) {
	m.wish.Page += by
	m.again()
}

// ToggleSelf hides one's own picture from oneself, or shows it again. Others
// see it all the same.
func (m *Meeting) ToggleSelf() {
	m.wish.HideSelf = !m.wish.HideSelf
	m.again()
}

// ToggleMic switches the microphone.
func (m *Meeting) ToggleMic() {
	if m.last.Meeting == nil {
		return
	}
	if c := m.presenter.Meeting(m.last, 0).Mic; !c.Enabled {
		m.kit.Tell(c.Why)
		return
	}
	m.kit.Send(core.SetMic{On: !m.last.Meeting.Mic.Wanted})
}

// ToggleCamera switches the camera.
func (m *Meeting) ToggleCamera() {
	if m.last.Meeting != nil {
		m.kit.Send(core.SetCamera{On: !m.last.Meeting.Camera.Wanted})
	}
}

// ToggleShare stops sharing, or starts it after asking which screen when there
// are several.
func (m *Meeting) ToggleShare() {
	if m.last.Meeting == nil {
		return
	}
	c := m.presenter.Meeting(m.last, 0).Share
	switch {
	case m.last.Meeting.Share.Wanted:
		m.kit.Send(core.SetShare{})
	case c.Why != "":
		m.kit.Tell(c.Why)
	case !c.Shown:
	case len(m.last.Devices.Screens) > 1:
		m.OpenSheet(SheetScreens)
	default:
		m.kit.Send(core.SetShare{On: true})
	}
}

// ToggleHand raises or lowers the hand.
func (m *Meeting) ToggleHand() {
	if m.last.Meeting == nil || !m.last.Can.RaiseHand {
		return
	}
	for _, who := range m.last.Meeting.People {
		if who.Self {
			m.kit.Send(core.SetHand{Up: !who.Hand})
		}
	}
}

// ToggleLock locks or unlocks the door.
func (m *Meeting) ToggleLock() {
	if m.last.Meeting != nil && m.last.Can.Lock {
		m.kit.Send(core.SetLocked{Locked: !m.last.Meeting.Locked})
	}
}

// CopyLink puts the meeting's link on the clipboard.
func (m *Meeting) CopyLink() {
	if m.last.Meeting != nil && m.last.Meeting.Link != "" {
		m.kit.Copy(m.last.Meeting.Link)
	}
}

// AdmitFirst lets the first in line in.
func (m *Meeting) AdmitFirst() {
	if m.last.Meeting == nil || !m.last.Can.Admit {
		return
	}
	for _, k := range m.last.Meeting.Lobby {
		if !k.Admitting {
			m.kit.Send(core.Admit{Ticket: k.Ticket})
			return
		}
	}
}

// RemoveLast asks to remove the last person in the list of people.
func (m *Meeting) RemoveLast() {
	if m.last.Meeting == nil || !m.last.Can.Remove {
		return
	}
	people := m.last.Meeting.People
	for i := len(people) - 1; i >= 0; i-- {
		if !people[i].Self {
			m.peoplePanel.Remove(people[i].Key, m.presenter.Name(people[i]))
			return
		}
	}
}

// End asks to end the meeting for everybody.
func (m *Meeting) End() {
	if m.last.Can.EndForAll {
		m.kit.Confirm(m.kit.say("confirm.end.title"), m.kit.say("confirm.end.words"), m.kit.say("confirm.end.go"), func() { m.kit.Send(core.EndMeeting{}) })
	}
}
