package present

import (
	"strconv"
	"strings"
	"time"

	"conclave/app/core"
	"conclave/keys"
)

// Plan is a row of the meetings that are planned.
type Plan struct {
	ID    keys.MeetingID
	Title string
	When  string // "Tomorrow, 9:30 to 10:15"
	Marks []Mark // mode, passcode, and whether it is time
	Link  string
	Due   bool   // it begins within a quarter of an hour, or should have begun
	File  string // a name for its invitation
}

// dueBefore is how long before its start a meeting is offered as the next step.
const dueBefore = 15 * time.Minute

// Plans lists what is planned, soonest first.
func (p Presenter) Plans(s core.Snapshot) []Plan {
	out := make([]Plan, 0, len(s.Plans))
	for _, m := range s.Plans {
		v := Plan{
			ID: m.ID, Title: m.Title, Link: m.Link, When: p.Span(m.Start, m.Duration),
			Due: !p.Now.Before(m.Start.Add(-dueBefore)), File: fileName(m.Title) + ".ics",
		}
		switch {
		case p.Now.After(m.Start.Add(m.Duration)):
			v.Marks = append(v.Marks, Mark{p.Text.Say("plan.late"), "clock", Caution})
		case v.Due:
			v.Marks = append(v.Marks, Mark{p.Text.Say("plan.due"), "clock", Info})
		}
		v.Marks = append(v.Marks, p.modeMark(m.Mode))
		if m.Asks {
			v.Marks = append(v.Marks, Mark{p.Text.Say("plan.passcode"), "key", Neutral})
		}
		out = append(out, v)
	}
	return out
}

// modeMark says in two words who can hear a meeting.
func (p Presenter) modeMark(m keys.Mode) Mark {
	if m == keys.ModeE2EE {
		return Mark{p.Text.Say("mode.e2ee.short"), "shield-lock", Info}
	}
	return Mark{p.Text.Say("mode.transport.short"), "shield-off", Caution}
}

// Span writes from when to when something lasts.
func (p Presenter) Span(start time.Time, length time.Duration) string {
	from := start.In(p.Now.Location())
	return p.Text.Say("plan.when", "day", p.NamedDay(start), "from", from.Format("15:04"), "to", from.Add(length).Format("15:04"))
}

// NamedDay writes a day as people say it: today, tomorrow, or the weekday with
// the date.
func (p Presenter) NamedDay(t time.Time) string {
	t = t.In(p.Now.Location())
	switch days(p.Now, t) {
	case 0:
		return p.Text.Say("plan.today")
	case 1:
		return p.Text.Say("plan.tomorrow")
	}
	return p.Text.Say("plan.day", "weekday", p.Text.Say("weekday."+strconv.Itoa(int(t.Weekday()))), "date", p.Day(t))
}

// fileName makes a file's name of a title: letters and digits, the rest as one
// dash.
func fileName(title string) string {
	name := strings.Join(strings.FieldsFunc(title, func(r rune) bool {
		return strings.ContainsRune(`/\:*?"<>|.,;'`, r) || r <= ' ' || r == 0x7f
	}), "-")
	if name == "" {
		return "conclave"
	}
	return name
}

// ScheduleView is what the screen for planning shows beside its fields.
type ScheduleView struct {
	Can    bool
	WhyNot *Banner // where nothing can be planned
	Where  Mark    // the service on which it will be
}

// Schedule computes the view.
func (p Presenter) Schedule(s core.Snapshot) ScheduleView {
	if s.Can.Schedule {
		return ScheduleView{Can: true, Where: Mark{p.Text.Say("schedule.where", "url", s.Service.URL), "globe", Info}}
	}
	key := "schedule.whynot.here"
	switch {
	case s.Service.URL != "" && !s.Service.Local && s.Profile.KeyPlace == core.KeyPlaceMemory:
		key = "schedule.whynot.memory"
	case len(s.Plans) >= core.MaxPlans:
		key = "schedule.whynot.full"
	}
	return ScheduleView{WhyNot: &Banner{Icon: "info", Tone: Caution, Title: p.Text.Say(key + ".title"), Words: p.Text.Say(key + ".words")}}
}

// ParseDay reads a day as it is typed: 2026-12-01, or 1.12.2026.
func ParseDay(typed string, in *time.Location) (time.Time, bool) {
	typed = strings.TrimSpace(typed)
	for _, form := range []string{"2006-01-02", "2.1.2006"} {
		if t, err := time.ParseInLocation(form, typed, in); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// ParseClock reads a time of day as it is typed: 9:30, 09.30, or 9.
func ParseClock(typed string) (hour, minute int, ok bool) {
	h, m, two := strings.Cut(strings.ReplaceAll(strings.TrimSpace(typed), ".", ":"), ":")
	hour, err := strconv.Atoi(h)
	if err != nil || len(h) > 2 || hour < 0 || hour > 23 {
		return 0, 0, false
	}
	if !two {
		return hour, 0, true
	}
	minute, err = strconv.Atoi(m)
	if err != nil || len(m) != 2 || minute < 0 || minute > 59 {
		return 0, 0, false
	}
	return hour, minute, true
}

// Planned is what was typed on the screen for planning.
type Planned struct {
	Title, Day, Clock string
	Length            time.Duration
}

// PlanFault names a field that must be mended first.
type PlanFault uint8

// The fields.
const (
	PlanFine PlanFault = iota
	PlanTitle
	PlanDay
	PlanClock
	PlanPast // day and time are fine but over
	PlanFar  // further ahead than a link can promise
)

// ReadPlan checks what was typed; words say what is wrong with it.
func (p Presenter) ReadPlan(v Planned) (start time.Time, fault PlanFault, words string) {
	in := p.Now.Location()
	day, dayOK := ParseDay(v.Day, in)
	hour, minute, clockOK := ParseClock(v.Clock)
	start = time.Date(day.Year(), day.Month(), day.Day(), hour, minute, 0, 0, in)
	_, titleOK := core.CleanTitle(v.Title)
	switch {
	case !titleOK:
		return start, PlanTitle, p.Text.Say("schedule.fault.title", "n", core.MaxTitle)
	case !dayOK:
		return start, PlanDay, p.Text.Say("schedule.fault.day")
	case !clockOK:
		return start, PlanClock, p.Text.Say("schedule.fault.clock")
	case !start.After(p.Now):
		return start, PlanPast, p.Text.Say("schedule.fault.past")
	case start.Sub(p.Now) > core.MaxAhead:
		return start, PlanFar, p.Text.Say("schedule.fault.far", "n", int(core.MaxAhead/(24*time.Hour)))
	}
	return start, PlanFine, p.Span(start, v.Length)
}
