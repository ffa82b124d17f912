package screen

import (
	"fmt"
	"strings"
	"time"

	"fyne.io/fyne/v2"

	"conclave/app/core"
	"conclave/keys"
	"conclave/ui/present"
	"conclave/ui/theme"
	"conclave/ui/widget"
)

// Schedule plans a meeting: its link works from then on.
type Schedule struct {
	kit             *Kit
	object          fyne.CanvasObject
	form            *fyne.Container
	whyNot          *banner
	where           *widget.Pill
	title           *widget.Entry
	day, clock      *widget.Entry
	lengths         []*widget.Button
	length          time.Duration
	e2ee, transport *widget.Choice
	asks            *widget.Switch
	passcode        *widget.Entry
	demand          *Demand
	told            *widget.Text // when it will be, or what is wrong
	plan            *widget.Button
	presenter       present.Presenter
	fresh           bool // nothing was typed yet
}

// planLengths are offered; an hour is the first choice.
var planLengths = [...]time.Duration{30 * time.Minute, 45 * time.Minute, time.Hour, 90 * time.Minute, 2 * time.Hour}

// NewSchedule returns the screen.
func NewSchedule(k *Kit) *Schedule {
	s := &Schedule{
		kit: k, whyNot: newBanner(), where: widget.NewTag("", theme.IconGlobe, present.Info), demand: NewDemand(k), length: time.Hour, fresh: true,
		told: widget.NewText("", widget.Style{Bold: true, Wrap: true}),
	}
	s.title = k.entry(k.say("schedule.title.hint"))
	s.title.Limit = core.MaxTitle
	s.day, s.clock = k.entry(k.say("schedule.day.hint")), k.entry("09:30")
	s.day.Limit, s.clock.Limit = 10, 5
	for _, e := range []*widget.Entry{s.title, s.day, s.clock} {
		e.OnChanged = func(string) { s.check() }
		e.OnSubmitted = func(string) { s.Plan() }
	}
	s.e2ee = widget.NewChoice(theme.IconShieldLock, k.say("home.mode.e2ee.title"), k.say("home.mode.e2ee.words"), func() { s.setMode(keys.ModeE2EE) })
	s.transport = widget.NewChoice(theme.IconShieldOff, k.say("home.mode.transport.title"), k.say("home.mode.transport.words"), func() { s.setMode(keys.ModeTransport) })
	s.asks = widget.NewSwitch(k.say("home.passcode.check"), s.setAsks)
	s.passcode = k.entry(k.say("home.passcode.hint"))
	s.passcode.Limit = keys.MaxPasscode
	s.passcode.OnSubmitted = func(string) { s.Plan() }
	s.passcode.Hide()
	s.plan = k.button(widget.ButtonConfig{Label: k.say("schedule.go"), Icon: theme.IconCheck, Kind: widget.Primary, Large: true, Tapped: s.Plan})
	s.form = s.build()
	s.object = page(k, 680, "settings.back", widget.Column(theme.SpaceXS, display(k.say("schedule.title")), muted(k.say("schedule.words"))), s.whyNot.object, s.form)
	s.setMode(keys.ModeE2EE)
	s.setLength(s.length)
	return s
}

func (s *Schedule) build() *fyne.Container {
	k := s.kit
	before := k.button(widget.ButtonConfig{Icon: theme.IconBack, Tip: k.say("schedule.day.before"), Tapped: func() { s.move(-1) }})
	after := k.button(widget.ButtonConfig{Icon: theme.IconChevronRight, Tip: k.say("schedule.day.after"), Tapped: func() { s.move(1) }})
	day := widget.Grow(widget.Row(theme.SpaceS, before, s.day, after), s.day)
	lengths := widget.Wrap(theme.SpaceS)
	for _, d := range planLengths {
		b := k.button(widget.ButtonConfig{Label: minutes(k, d), Tapped: func() { s.setLength(d) }})
		s.lengths = append(s.lengths, b)
		lengths.Objects = append(lengths.Objects, b)
	}
	field := func(key string, o fyne.CanvasObject) *fyne.Container {
		return widget.Column(theme.SpaceXS, label(k.say(key)), o)
	}
	return widget.Column(theme.SpaceM,
		field("schedule.title.label", s.title),
		widget.Columns(220, theme.SpaceM, field("schedule.day.label", day), field("schedule.clock.label", s.clock)),
		field("schedule.length.label", lengths),
		widget.Column(theme.SpaceS, label(k.say("home.mode.label")), s.e2ee, s.transport),
		widget.Column(theme.SpaceS, s.asks, s.passcode),
		s.demand.Object(), widget.Rule(), s.told, widget.Wrap(theme.SpaceS, s.where), widget.Wrap(theme.SpaceNo, s.plan))
}

// minutes writes a length: 45 min, 1 h, 1:30 h.
func minutes(k *Kit, d time.Duration) string {
	if d < time.Hour {
		return k.say("schedule.minutes", "n", int(d/time.Minute))
	}
	if d%time.Hour == 0 {
		return k.say("schedule.hours", "n", int(d/time.Hour))
	}
	return k.say("schedule.hours", "n", fmt.Sprintf("%d:%02d", int(d/time.Hour), int(d%time.Hour/time.Minute)))
}

// Object implements Screen.
func (s *Schedule) Object() fyne.CanvasObject { return s.object }

// Field is where typing begins.
func (s *Schedule) Field() fyne.Focusable { return s.title }

// Show implements Screen.
func (s *Schedule) Show(p present.Presenter, snap core.Snapshot) {
	s.presenter = p
	v := p.Schedule(snap)
	s.whyNot.set(v.WhyNot)
	s.demand.Show(p, snap)
	show(s.form, v.Can)
	s.where.Set(v.Where.Words, theme.Icon(v.Where.Icon), v.Where.Tone)
	if s.fresh {
		s.begin()
	}
}

// begin fills in tomorrow at ten.
func (s *Schedule) begin() {
	s.fresh = false
	s.title.SetText("")
	s.passcode.SetText("")
	s.asks.SetOn(false)
	show(s.passcode, false)
	s.day.SetText(s.presenter.Now.AddDate(0, 0, 1).Format("2006-01-02"))
	s.clock.SetText("10:00")
	s.told.Set("")
}

// move goes to another day.
func (s *Schedule) move(by int) {
	day, ok := present.ParseDay(s.day.Text, s.presenter.Now.Location())
	if !ok {
		day = s.presenter.Now
	}
	s.day.SetText(day.AddDate(0, 0, by).Format("2006-01-02"))
}

func (s *Schedule) typed() present.Planned {
	return present.Planned{Title: s.title.Text, Day: s.day.Text, Clock: s.clock.Text, Length: s.length}
}

// check tells when it will be, once there is a title, or what is wrong.
func (s *Schedule) check() (time.Time, present.PlanFault) {
	start, fault, words := s.presenter.ReadPlan(s.typed())
	tone := theme.ColorText
	if fault != present.PlanFine {
		tone = theme.ColorCaution
	}
	if fault == present.PlanTitle && strings.TrimSpace(s.title.Text) == "" {
		words = ""
	}
	s.told.SetColor(tone)
	s.told.Set(words)
	return start, fault
}

func (s *Schedule) setMode(m keys.Mode) {
	s.e2ee.SetChosen(m == keys.ModeE2EE)
	s.transport.SetChosen(m == keys.ModeTransport)
}

func (s *Schedule) setLength(d time.Duration) {
	s.length = d
	for i, b := range s.lengths {
		kind := widget.Plain
		if planLengths[i] == d {
			kind = widget.Primary
		}
		b.Set(b.Label(), theme.IconNone, kind)
	}
	if !s.fresh {
		s.check()
	}
}

func (s *Schedule) setAsks(asks bool) {
	show(s.passcode, asks)
	s.form.Refresh()
	if asks {
		s.kit.Focus(s.passcode)
	}
}

// Plan makes the meeting, if all is filled in; else it goes to what is missing.
func (s *Schedule) Plan() {
	if !s.form.Visible() {
		return
	}
	start, fault := s.check()
	switch fault {
	case present.PlanFine:
	case present.PlanTitle:
		s.told.Set(s.kit.say("schedule.fault.title", "n", core.MaxTitle))
		s.kit.Focus(s.title)
		return
	case present.PlanDay, present.PlanPast, present.PlanFar:
		s.kit.Focus(s.day)
		return
	case present.PlanClock:
		s.kit.Focus(s.clock)
		return
	}
	passcode := ""
	if s.asks.On() {
		if passcode = strings.TrimSpace(s.passcode.Text); passcode == "" {
			s.kit.Focus(s.passcode)
			return
		}
	}
	demand, ok := s.demand.Value()
	if !ok {
		return
	}
	mode := keys.ModeE2EE
	if s.transport.Chosen() {
		mode = keys.ModeTransport
	}
	s.fresh = true
	s.kit.Send(core.Schedule{Title: strings.TrimSpace(s.title.Text), Mode: mode, Passcode: passcode, Demand: demand, Start: start, Duration: s.length})
	s.kit.Close()
}
