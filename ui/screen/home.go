package screen

import (
	"strings"

	"fyne.io/fyne/v2"

	"conclave/app/core"
	"conclave/keys"
	"conclave/ui/present"
	"conclave/ui/theme"
	"conclave/ui/widget"
)

// Home is where meetings are started and joined.
type Home struct {
	known  string // address of the service that the core has chosen; "" is this computer
	kit    *Kit
	object fyne.CanvasObject

	greeting        *widget.Text
	e2ee, transport *widget.Choice
	here, elsewhere *widget.Choice
	where           *fyne.Container
	address         *widget.Entry
	asks            *widget.Switch
	passcode        *widget.Entry
	start           *widget.Button
	startCard       *fyne.Container
	link            *widget.Entry
	join            *widget.Button
	joinCard        *fyne.Container
	service         *widget.Pill
	demand          *Demand
	standing        *Standing
	plans           *plansPart
	recent          *recentPart
	managed         *widget.Pill
	update          *updateBar

	name     *widget.Text
	avatar   *widget.Avatar
	keyWords *widget.Text
	keyIcon  *widget.Icon
	print    *widget.Text
}

// NewHome returns the screen.
func NewHome(k *Kit) *Home {
	h := &Home{
		kit: k, greeting: display(""), service: widget.NewTag("", theme.IconNone, present.Neutral),
		name: widget.NewText("", widget.Style{Bold: true}), avatar: widget.NewAvatar("", 0, 44),
		keyWords: small(""), keyIcon: widget.NewIcon(theme.IconKey, 17, theme.ColorMuted), print: mono(""),
		demand: NewDemand(k), standing: NewStanding(k), plans: newPlansPart(k), recent: newRecentPart(k), update: newUpdateBar(k),
		managed: widget.NewTag(k.say("managed.mark"), theme.IconLock, present.Neutral),
	}
	h.buildStart()
	h.buildJoin()
	settings := k.button(widget.ButtonConfig{Icon: theme.IconSettings, Kind: widget.Quiet, Tip: k.Tip("home.settings", "settings"), Tapped: func() { k.Open(present.Settings) }})
	greeting := widget.Column(theme.SpaceXS, h.greeting, muted(k.say("home.lead")))
	left := widget.Column(theme.SpaceL, h.startCard, h.you())
	right := widget.Column(theme.SpaceL, h.joinCard, h.plans.object, h.recent.object)
	columns := widget.Columns(330, theme.SpaceL, left, right)
	page := widget.Middle(980, widget.Column(theme.SpaceM, greeting, h.update.object, columns, widget.Fixed(0, 4, widget.Gap())))
	gap := widget.Scroll(widget.PadXY(theme.SpaceL, theme.SpaceNo, page))
	h.object = widget.Grow(widget.Column(theme.SpaceNo, header(k, h.managed, h.service, settings), gap), gap)
	return h
}

func (h *Home) buildStart() {
	k := h.kit
	h.e2ee = widget.NewChoice(theme.IconShieldLock, k.say("home.mode.e2ee.title"), k.say("home.mode.e2ee.words"), func() { h.SetMode(keys.ModeE2EE) })
	h.transport = widget.NewChoice(theme.IconShieldOff, k.say("home.mode.transport.title"), k.say("home.mode.transport.words"), func() { h.SetMode(keys.ModeTransport) })
	h.here = widget.NewChoice(theme.IconComputer, k.say("home.where.here.title"), "", func() { h.setHere(true) })
	h.elsewhere = widget.NewChoice(theme.IconGlobe, k.say("home.where.service.title"), "", func() { h.setHere(false) })
	h.address = k.entry(k.say("home.where.address"))
	h.address.Hide()
	h.address.OnSubmitted = func(string) { h.Start() }
	h.asks = widget.NewSwitch(k.say("home.passcode.check"), h.setAsks)
	h.passcode = k.entry(k.say("home.passcode.hint"))
	h.passcode.Limit = 64
	h.passcode.OnSubmitted = func(string) { h.Start() }
	h.passcode.Hide()
	h.start = k.button(widget.ButtonConfig{Label: k.say("home.start.go"), Icon: theme.IconVideoPlus, Kind: widget.Primary, Large: true, Tip: k.Tip("home.start.go", "start"), Tapped: h.Start})
	places := widget.Columns(140, theme.SpaceS, h.here, h.elsewhere)
	h.where = widget.Column(theme.SpaceS, label(k.say("home.where.label")), places, h.address)
	h.startCard = widget.Card(theme.SpaceL, widget.Column(theme.SpaceM,
		widget.Column(theme.SpaceXS, title(k.say("home.start.title")), small(k.say("home.start.words"))),
		widget.Column(theme.SpaceS, label(k.say("home.mode.label")), h.e2ee, h.transport),
		h.where,
		widget.Column(theme.SpaceS, h.asks, h.passcode),
		h.demand.Object(),
		h.start))
	h.SetMode(keys.ModeE2EE)
	h.setHere(true)
}

func (h *Home) buildJoin() {
	k := h.kit
	h.link = k.entry(k.say("home.join.link"))
	h.link.OnSubmitted = func(string) { h.Join() }
	h.join = k.button(widget.ButtonConfig{Label: k.say("home.join.go"), Icon: theme.IconLink, Kind: widget.Plain, Large: true, Tip: k.Tip("home.join.go", "join"), Tapped: h.Join})
	h.join.SetEnabled(false)
	h.link.OnChanged = func(s string) {
		ready := strings.TrimSpace(s) != ""
		h.join.SetEnabled(ready)
		kind := widget.Plain
		if ready {
			kind = widget.Primary
		}
		h.join.Set(k.say("home.join.go"), theme.IconLink, kind)
	}
	paste := k.button(widget.ButtonConfig{Label: k.say("home.paste"), Tapped: func() { h.link.SetText(strings.TrimSpace(k.Paste())) }})
	row := widget.Grow(widget.Row(theme.SpaceS, h.link, paste), h.link)
	h.joinCard = widget.Card(theme.SpaceL, widget.Column(theme.SpaceM,
		widget.Column(theme.SpaceXS, title(k.say("home.join.title")), small(k.say("home.join.words"))),
		row, h.join))
}

// you says who is at this device, what was proved of them, and where the key
// lies.
func (h *Home) you() fyne.CanvasObject {
	k := h.kit
	names := widget.Column(theme.SpaceXS, h.name, h.standing.Object())
	who := widget.Place(widget.Grow(widget.Row(theme.SpaceM, h.avatar, names), names), widget.Start, widget.Start)
	place := widget.Grow(widget.Row(theme.SpaceS, h.keyIcon, h.keyWords), h.keyWords)
	copyPrint := k.button(widget.ButtonConfig{Icon: theme.IconCopy, Kind: widget.Quiet, Tip: k.say("home.copy.fingerprint"), Tapped: func() { k.Copy(h.print.Words()) }})
	prints := widget.Column(theme.SpaceXS, label(k.say("home.fingerprint")), h.print)
	print := widget.Grow(widget.Row(theme.SpaceS, prints, copyPrint), prints)
	return part(k.say("home.you.title"), nil, widget.Column(theme.SpaceM, who, print, place))
}

// Object implements Screen.
func (h *Home) Object() fyne.CanvasObject { return h.object }

// Show implements Screen.
func (h *Home) Show(p present.Presenter, s core.Snapshot) {
	v := p.Home(s)
	h.greeting.Set(v.Greeting)
	h.name.Set(v.Name)
	h.avatar.Set(v.Name, s.Profile.Key[0])
	h.keyWords.Set(v.KeyWords)
	text, _ := widget.Colors(v.KeyTone)
	h.keyIcon.Set(theme.Icon(v.KeyIcon), text)
	h.print.Set(v.Fingerprint)
	h.demand.Show(p, s)
	h.standing.Show(p, s)
	h.update.set(v.Update, v.UpdatePage)
	show(h.managed, v.Managed)
	show(h.plans.object, v.CanPlan)
	plans, people := h.plans.show(p, s), h.recent.show(p, s)
	h.follow(s.Service)
	h.start.SetEnabled(v.CanStart)
	show(h.startCard, v.CanStart)
	show(h.joinCard, v.CanJoin)
	show(h.where, v.CanChoose)
	show(h.service, v.Service.Words != "")
	h.service.Set(v.Service.Words, theme.Icon(v.Service.Icon), v.Service.Tone)
	if plans || people {
		h.object.Refresh()
	}
}

// follow chooses what the core has chosen, when that changes. What a person
// picks here meanwhile stays until they start.
func (h *Home) follow(s core.Service) {
	chosen := s.URL
	if s.Local {
		chosen = ""
	}
	if chosen == h.known {
		return
	}
	h.known = chosen
	if chosen != "" {
		h.address.SetText(chosen)
	}
	h.setHere(chosen == "")
}

func show(o fyne.CanvasObject, visible bool) {
	if visible != o.Visible() {
		if visible {
			o.Show()
		} else {
			o.Hide()
		}
	}
}

// Field is the field for the link.
func (h *Home) Field() fyne.Focusable { return h.link }

// SetLink fills the field for the link.
func (h *Home) SetLink(link string) { h.link.SetText(link) }

// Mode returns what is chosen.
func (h *Home) Mode() keys.Mode {
	if h.transport.Chosen() {
		return keys.ModeTransport
	}
	return keys.ModeE2EE
}

// SetMode chooses who can see and hear a new meeting.
func (h *Home) SetMode(m keys.Mode) {
	h.e2ee.SetChosen(m == keys.ModeE2EE)
	h.transport.SetChosen(m == keys.ModeTransport)
}

func (h *Home) setHere(here bool) {
	h.here.SetChosen(here)
	h.elsewhere.SetChosen(!here)
	show(h.address, !here)
	h.where.Refresh()
}

func (h *Home) setAsks(asks bool) {
	show(h.passcode, asks)
	h.startCard.Refresh()
	if asks {
		h.kit.Focus(h.passcode)
	}
}

// Start starts a meeting with what is chosen.
func (h *Home) Start() {
	if h.start.Disabled() {
		return
	}
	address, passcode := "", ""
	if h.elsewhere.Chosen() {
		address = strings.TrimSpace(h.address.Text)
		if address == "" {
			h.kit.Focus(h.address)
			return
		}
	}
	if h.asks.On() {
		passcode = strings.TrimSpace(h.passcode.Text)
		if passcode == "" {
			h.kit.Focus(h.passcode)
			return
		}
	}
	if h.where.Visible() && address != h.known {
		h.kit.Send(core.ChooseService{URL: address})
	}
	demand, ok := h.demand.Value()
	if !ok {
		return
	}
	h.kit.Send(core.OpenPreview{Start: core.StartMeeting{Mode: h.Mode(), Passcode: passcode, Demand: demand}})
}

// Join goes to the door of the link's meeting.
func (h *Home) Join() {
	link := strings.TrimSpace(h.link.Text)
	if link == "" {
		h.kit.Focus(h.link)
		return
	}
	h.kit.Send(core.OpenPreview{Link: link})
}
