package screen

import (
	"strings"
	"time"

	"fyne.io/fyne/v2"

	"conclave/app/core"
	"conclave/keys"
	"conclave/ui/present"
	"conclave/ui/theme"
	"conclave/ui/widget"
)

// meetingSheets is what can be opened over a meeting. Each is made when it is
// opened first: most meetings need few of them.
type meetingSheets struct {
	layer     *fyne.Container // with the enclosure's edges
	inside    *fyne.Container
	enclosure *widget.Enclosure
	open      Sheet
	subject   keys.PublicKey // whose menu it is

	tools   *toolsSheet
	person  *personSheet
	figures *figuresSheet
	rename  *renameSheet
	react   *reactPicker
	polled  time.Time // when the figures were asked for last
}

// OpenSheet opens a sheet over the meeting, in the place of another.
func (m *Meeting) OpenSheet(which Sheet) {
	if m.last.Meeting == nil {
		return
	}
	m.kit.Tips.Hide()
	s := &m.sheets
	s.open = which
	object, focus := m.sheet(which)
	if object == nil {
		m.CloseSheet()
		return
	}
	s.inside.Objects = []fyne.CanvasObject{object}
	s.layer.Show()
	m.again()
	s.layer.Refresh()
	if focus == nil && which == SheetPerson {
		focus = s.person.first()
	}
	m.kit.Focus(focus)
}

// sheet returns a sheet, and what gets the keyboard first.
func (m *Meeting) sheet(which Sheet) (fyne.CanvasObject, fyne.Focusable) {
	s, k, shut := &m.sheets, m.kit, func() { m.CloseSheet() }
	switch which {
	case SheetNone:
		return nil, nil
	case SheetTools:
		if s.tools == nil {
			s.tools = newToolsSheet(k, shut, func() { shut(); m.OpenPanel(PanelPeople) })
		}
		return s.tools.object, s.tools.lock
	case SheetPerson:
		if s.person == nil {
			s.person = newPersonSheet(k, shut, m.act)
		}
		return s.person.object, nil
	case SheetFigures:
		if s.figures == nil {
			s.figures = newFiguresSheet(k, shut)
		}
		s.polled = time.Time{}
		return s.figures.object, nil
	case SheetScreens:
		return m.screenChoice(shut)
	case SheetRename:
		if s.rename == nil {
			s.rename = newRenameSheet(k, shut, m.rename)
		}
		if own := m.self(); own != nil {
			s.rename.field.SetText(own.Name)
		}
		return s.rename.object, s.rename.field
	case SheetReact:
		if s.react == nil {
			s.react = newReactPicker(k, m.presenter.Reactions(), shut, func(r present.Reaction) {
				shut()
				k.Send(core.React{Reaction: r.Reaction})
			})
		}
		return s.react.object, s.react.buttons[0]
	}
	return nil, nil
}

// screenChoice is made anew each time: screens come and go.
func (m *Meeting) screenChoice(shut func()) (fyne.CanvasObject, fyne.Focusable) {
	k := m.kit
	list := widget.Column(theme.SpaceS, muted(k.say("screens.words")))
	var first fyne.Focusable
	for _, d := range m.last.Devices.Screens {
		b := k.button(widget.ButtonConfig{Label: shorten(d.Label, 44), Icon: theme.IconComputer, Leading: true, Tapped: func() {
			shut()
			k.Send(core.SetShare{On: true, Screen: d.ID})
		}})
		if first == nil {
			first = b
		}
		list.Objects = append(list.Objects, b)
	}
	return sheetFrame(k, sheetTitle(k.say("screens.title")), 460, shut, list), first
}

// CloseSheet closes what is open, and reports whether anything was.
func (m *Meeting) CloseSheet() bool {
	s := &m.sheets
	if s.open == SheetNone {
		return false
	}
	s.open = SheetNone
	s.inside.Objects = nil
	s.layer.Hide()
	m.kit.Focus(nil)
	m.again()
	m.object.Refresh()
	return true
}

// Enclosure is what keeps Tab within an open sheet; nil when none is open.
func (m *Meeting) Enclosure() *widget.Enclosure {
	if m.sheets.open == SheetNone {
		return nil
	}
	return m.sheets.enclosure
}

// Sheet returns what is open.
func (m *Meeting) Sheet() Sheet { return m.sheets.open }

// showSheet brings what is open up to date, and closes it when it has lost its
// subject.
func (m *Meeting) showSheet() {
	s := &m.sheets
	switch s.open {
	case SheetTools:
		v, ok := m.presenter.Tools(m.last)
		if !ok {
			m.CloseSheet()
			return
		}
		s.tools.show(v, m.last.Meeting.Rules)
	case SheetPerson:
		key := tileKey{Person: s.subject}
		v, ok := m.presenter.PersonMenu(m.last, s.subject, present.OwnView{
			Pinned: m.wish.Pinned == key, Mirrored: !m.unmirrored, Hidden: m.wish.HideSelf, Figures: m.kit.Figures != nil,
		})
		if !ok {
			m.CloseSheet()
			return
		}
		s.person.show(v)
	case SheetNone, SheetFigures, SheetScreens, SheetRename, SheetReact:
	}
}

// tickFigures asks for the figures once a second while they are looked at.
func (m *Meeting) tickFigures(now time.Time) {
	s := &m.sheets
	if s.open != SheetFigures || !s.polled.IsZero() && now.Sub(s.polled) < time.Second {
		return
	}
	s.polled = now
	if m.kit.Figures == nil {
		s.figures.show(present.Figures{}, false)
		return
	}
	f, ok := m.kit.Figures()
	if !ok {
		s.figures.show(present.Figures{}, false)
		return
	}
	s.figures.show(m.presenter.Figures(f, m.last.Meeting), true)
}

// act does what was picked from a person's menu.
func (m *Meeting) act(d present.Deed) {
	who, k := m.sheets.subject, m.kit
	m.CloseSheet()
	switch d {
	case present.DeedPin, present.DeedUnpin:
		m.Pin(tileKey{Person: who})
	case present.DeedMute:
		k.Send(core.MutePerson{Person: who})
	case present.DeedLetSpeak:
		k.Send(core.LetSpeak{Person: who})
	case present.DeedStopCamera:
		k.Send(core.StopCamera{Person: who})
	case present.DeedStopShare:
		k.Send(core.StopShare{Person: who})
	case present.DeedLowerHand:
		k.Send(core.LowerHand{Person: who})
	case present.DeedRemove:
		m.peoplePanel.Remove(who, m.nameOf(who))
	case present.DeedHideSelf, present.DeedShowSelf:
		m.ToggleSelf()
	case present.DeedMirror, present.DeedUnmirror:
		m.unmirrored = !m.unmirrored
		m.again()
	case present.DeedRename:
		m.OpenSheet(SheetRename)
	case present.DeedFigures:
		m.OpenSheet(SheetFigures)
	}
}

func (m *Meeting) rename(name string) {
	if name = strings.TrimSpace(name); name == "" {
		return
	}
	m.CloseSheet()
	m.kit.Send(core.Rename{Name: name})
}

func (m *Meeting) nameOf(key keys.PublicKey) string {
	for _, who := range m.last.Meeting.People {
		if who.Key == key {
			return m.presenter.Name(who)
		}
	}
	return ""
}

func (m *Meeting) self() *core.Person {
	if m.last.Meeting == nil {
		return nil
	}
	for i := range m.last.Meeting.People {
		if m.last.Meeting.People[i].Self {
			return &m.last.Meeting.People[i]
		}
	}
	return nil
}

// OpenPerson opens the menu of a person.
func (m *Meeting) OpenPerson(who keys.PublicKey) {
	m.sheets.subject = who
	m.OpenSheet(SheetPerson)
}

// OpenMore opens one's own menu, or closes it.
func (m *Meeting) OpenMore() {
	if own := m.self(); own != nil && !m.shuts(SheetPerson) {
		m.OpenPerson(own.Key)
	}
}

// OpenTools opens the host's tools, or closes them.
func (m *Meeting) OpenTools() {
	if _, ok := m.presenter.Tools(m.last); ok && m.last.Can.SetRules && !m.shuts(SheetTools) {
		m.OpenSheet(SheetTools)
	}
}

// OpenFigures opens the statistics, or closes them.
func (m *Meeting) OpenFigures() {
	if m.kit.Figures != nil && !m.shuts(SheetFigures) {
		m.OpenSheet(SheetFigures)
	}
}

// React opens the row of reactions, or closes it.
func (m *Meeting) React() {
	if m.last.Meeting == nil || m.shuts(SheetReact) {
		return
	}
	c := m.presenter.Meeting(m.last, 0).React
	switch {
	case c.Why != "":
		m.kit.Tell(c.Why)
	case c.Shown:
		m.OpenSheet(SheetReact)
	}
}

// shuts closes a sheet when it is the one that is open.
func (m *Meeting) shuts(which Sheet) bool { return m.sheets.open == which && m.CloseSheet() }

// MuteAll asks to mute everybody.
func (m *Meeting) MuteAll() {
	if m.last.Meeting == nil || !m.last.Can.Mute || len(m.last.Meeting.People) < 2 {
		return
	}
	m.CloseSheet()
	k := m.kit
	k.Confirm(k.say("confirm.muteall.title"), k.say("confirm.muteall.words"), k.say("confirm.muteall.go"), func() { k.Send(core.MuteAll{}) })
}

func (m *Meeting) actOnBanner(a present.BannerAction) {
	switch a {
	case present.BannerNothing:
	case present.BannerStopShare:
		m.kit.Send(core.SetShare{})
	case present.BannerResume:
		rules := m.last.Meeting.Rules
		rules.Suspended = false
		m.kit.Send(core.SetRules{Rules: rules})
	}
}

// Talk opens the microphone while a key is held, and reports whether it did.
// It does nothing while the microphone is on, or forbidden, or something is
// open that has to be read first.
func (m *Meeting) Talk() bool {
	if m.last.Meeting == nil || m.sheets.open != SheetNone || m.last.Meeting.Mic.Wanted {
		return false
	}
	if c := m.presenter.Meeting(m.last, 0).Mic; !c.Enabled {
		m.kit.Tell(c.Why)
		return false
	}
	m.pager.talk(true)
	m.kit.Send(core.SetMic{On: true})
	m.object.Refresh()
	return true
}

// Hush ends Talk.
func (m *Meeting) Hush() {
	m.pager.talk(false)
	if m.last.Meeting != nil {
		m.kit.Send(core.SetMic{On: false})
	}
	m.object.Refresh()
}

// pager is the line below the stage: which page it is, who speaks on another,
// and what is hidden.
type pager struct {
	object         *fyne.Container
	previous, next *widget.Button
	page           *widget.Text
	elsewhere      *widget.Pill
	hidden         *widget.Pill
	show           *widget.Button
	talking        *widget.Pill
}

func newPager(k *Kit, m *Meeting) *pager {
	p := &pager{page: widget.NewText("", widget.Style{Size: theme.SizeSmall, Color: theme.ColorMuted, Solid: true})}
	p.previous = k.button(widget.ButtonConfig{Icon: theme.IconBack, Kind: widget.Quiet, Tip: k.Tip("stage.previous", "previous"), Tapped: func() { m.Turn(-1) }})
	p.next = k.button(widget.ButtonConfig{Icon: theme.IconChevronRight, Kind: widget.Quiet, Tip: k.Tip("stage.next", "next"), Tapped: func() { m.Turn(1) }})
	p.elsewhere = widget.NewTag("", theme.IconVolume, present.Info)
	p.hidden = widget.NewTag(k.say("stage.selfhidden"), theme.IconEye, present.Neutral)
	p.show = k.button(widget.ButtonConfig{Label: k.say("stage.showself"), Kind: widget.Quiet, Tip: k.Tip("deed.showself", "self"), Tapped: m.ToggleSelf})
	p.talking = widget.NewTag(k.say("stage.talking"), theme.IconMic, present.OK)
	p.talking.Hide()
	p.object = widget.Place(widget.Row(theme.SpaceS, p.talking, p.elsewhere, p.previous, p.page, p.next, p.hidden, p.show), widget.Center, widget.Center)
	p.object.Hide()
	return p
}

// set reports whether the line appeared, went, or changed its content.
func (p *pager) set(s present.Stage, k *Kit) bool {
	before := p.state()
	several := s.Pages > 1
	show(p.previous, several)
	show(p.next, several)
	show(p.page, several)
	p.page.Set(k.say("stage.page", "n", s.Page+1, "of", s.Pages))
	p.previous.SetEnabled(s.Page > 0)
	p.next.SetEnabled(s.Page < s.Pages-1)
	show(p.elsewhere, s.Elsewhere != "")
	p.elsewhere.Set(k.say("stage.elsewhere", "name", s.Elsewhere), theme.IconVolume, present.Info)
	show(p.hidden, s.SelfHidden)
	show(p.show, s.SelfHidden)
	p.appear()
	return before != p.state()
}

func (p *pager) talk(on bool) {
	show(p.talking, on)
	p.appear()
}

func (p *pager) appear() {
	show(p.object, p.page.Visible() || p.elsewhere.Visible() || p.hidden.Visible() || p.talking.Visible())
}

type pagerState struct {
	several, hidden, elsewhere bool
	words                      string
}

func (p *pager) state() pagerState {
	return pagerState{p.page.Visible(), p.hidden.Visible(), p.elsewhere.Visible(), p.elsewhere.Words()}
}
