package core

import (
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"conclave/app/core/ical"
	"conclave/call"
	"conclave/keys"
)

// Scheduled is a meeting that this device will host. Its link works from the
// moment it is made: the descriptor is signed then, so neither mode nor host
// can change until it begins.
type Scheduled struct {
	ID       keys.MeetingID
	Title    string
	Link     string
	Mode     keys.Mode
	Start    time.Time
	Duration time.Duration
	Asks     bool // a passcode is asked
	// Calendar is the invitation as an iCalendar object (RFC 5545).
	Calendar []byte
}

// The intents about scheduled meetings.
type (
	// Schedule makes a meeting for later.
	Schedule struct {
		Title    string
		Mode     keys.Mode
		Passcode string
		Demand   keys.Demand
		Start    time.Time
		Duration time.Duration
	}
	// StartScheduled begins it.
	StartScheduled struct{ Meeting keys.MeetingID }
	// Unschedule forgets it, with the keys that could have begun it.
	Unschedule struct{ Meeting keys.MeetingID }
	// SaveCalendar writes its invitation to a file.
	SaveCalendar struct {
		Meeting keys.MeetingID
		Path    string
	}
)

func (Schedule) intent()       {}
func (StartScheduled) intent() {}
func (Unschedule) intent()     {}
func (SaveCalendar) intent()   {}

// Format implements fmt.Formatter: a passcode is in it.
func (Schedule) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, hidden) }

// LogValue implements slog.LogValuer.
func (Schedule) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalText implements encoding.TextMarshaler.
func (Schedule) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// The notices about plans.
const (
	NoticePlanInvalid  NoticeCode = "plan-invalid"  // title, time or length
	NoticePlanPast     NoticeCode = "plan-past"     // it would begin in the past
	NoticePlansFull    NoticeCode = "plans-full"    // MaxPlans are there
	NoticePlanNoPlace  NoticeCode = "plan-no-place" // the service's address does not last, or the key does not
	NoticeFileSaved    NoticeCode = "file-saved"    // Name: the file's name
	NoticeFileNotSaved NoticeCode = "file-not-saved"
)

// The bounds of a plan. A service takes a descriptor for a hundred days, so
// that what is planned within MaxAhead can also begin late.
const (
	MaxPlans     = 50
	MaxAhead     = 90 * 24 * time.Hour
	MaxTitle     = 100 // characters
	ShortestPlan = 5 * time.Minute
	LongestPlan  = 24 * time.Hour
)

// keepPast is how long after its end a plan stays in the list, and can begin.
const keepPast = 24 * time.Hour

// maySchedule: a link that is to work later needs a service whose address
// lasts, and a device key that does.
func (c *Core) maySchedule() bool {
	return c.service.URL != "" && !c.service.Local && c.cfg.KeyPlace != KeyPlaceMemory
}

// CleanTitle returns a meeting's title without surrounding space; ok is false
// for one that is empty, too long or holds what is no text.
func CleanTitle(title string) (clean string, ok bool) {
	clean = strings.TrimSpace(title)
	strange := strings.ContainsFunc(clean, func(r rune) bool { return unicode.IsControl(r) || r == utf8.RuneError })
	return clean, clean != "" && utf8.RuneCountInString(clean) <= MaxTitle && !strange
}

func (c *Core) schedule(i Schedule) {
	p, why := c.newPlan(i)
	if why != NoticeNone {
		c.notify(Notice{Code: why, Severity: SeverityWarning})
		return
	}
	c.plans = slices.Clone(append(slices.Clip(c.plans), p))
	slices.SortStableFunc(c.plans, func(a, b plan) int { return a.start.Compare(b.start) })
	c.keepPlans()
}

func (c *Core) newPlan(i Schedule) (plan, NoticeCode) {
	title, ok := CleanTitle(i.Title)
	now := c.cfg.Now()
	switch {
	case !c.maySchedule():
		return plan{}, NoticePlanNoPlace
	case len(c.plans) >= MaxPlans:
		return plan{}, NoticePlansFull
	case !ok, i.Duration < ShortestPlan, i.Duration > LongestPlan, i.Start.Sub(now) > MaxAhead, len(i.Passcode) > keys.MaxPasscode:
		return plan{}, NoticePlanInvalid
	case i.Start.Before(now):
		return plan{}, NoticePlanPast
	}
	if !c.leaveTerms(StartMeeting{Mode: i.Mode, Demand: i.Demand}) {
		return plan{}, NoticeServiceDown
	}
	about, lobby, err := c.describe(StartMeeting{Mode: i.Mode, Passcode: i.Passcode, Demand: i.Demand})
	if err != nil {
		return plan{}, NoticeInternal
	}
	return plan{
		title: title, service: c.service.URL, pin: c.pin, about: about, lobby: lobby, passcode: i.Passcode,
		start: i.Start.UTC().Truncate(time.Minute), duration: i.Duration.Truncate(time.Minute),
	}, NoticeNone
}

func (c *Core) findPlan(id keys.MeetingID) int {
	return slices.IndexFunc(c.plans, func(p plan) bool { return p.about.ID() == id })
}

// startScheduled creates exactly the meeting of a plan, at its own service.
// Done twice, the service seats its host again as long as nobody else came.
func (c *Core) startScheduled(i StartScheduled) {
	at := c.findPlan(i.Meeting)
	if at < 0 || !c.mayEnter() {
		return
	}
	p := c.plans[at]
	c.permit(c.accountAt(p.service, p.pin), waiting{
		start: StartMeeting{Mode: p.about.Mode, Passcode: p.passcode, Demand: p.about.Demand},
		then: func(g Permit) {
			if g.Terms != [32]byte{} && p.about.PolicyHash == [32]byte{} {
				c.notify(Notice{Code: NoticePlanInvalid, Severity: SeverityWarning}) // made before there was a policy
				return
			}
			c.host(p.link(), p.about, p.lobby, p.passcode, g)
		},
		again: func() { c.startScheduled(i) },
	})
}

// endPlan forgets the plan of a meeting that was ended for all.
func (c *Core) endPlan(id keys.MeetingID, why call.EndReason) {
	if why == call.EndForAll || why == call.EndServiceExpired {
		c.unschedule(Unschedule{id})
	}
}

func (c *Core) unschedule(i Unschedule) {
	if at := c.findPlan(i.Meeting); at >= 0 {
		c.plans = slices.Delete(slices.Clone(c.plans), at, at+1)
		c.keepPlans()
	}
}

func (c *Core) dropOldPlans() {
	limit := c.cfg.Now().Add(-keepPast)
	old := func(p plan) bool { return p.start.Add(p.duration).Before(limit) }
	if slices.ContainsFunc(c.plans, old) {
		c.plans = slices.DeleteFunc(slices.Clone(c.plans), old)
		c.keepPlans()
	}
}

func (c *Core) keepPlans() {
	c.listing = nil
	if data, err := encodePlans(c.plans); err == nil {
		c.keep(plansFile, data)
	}
}

// scheduled lists the plans as they are shown. The list is made anew only when
// a plan was: snapshots share it.
func (c *Core) scheduled() []Scheduled {
	if c.listing == nil && len(c.plans) > 0 {
		for _, p := range c.plans {
			c.listing = append(c.listing, p.view())
		}
	}
	return c.listing
}

func (p plan) view() Scheduled {
	s := Scheduled{
		ID: p.about.ID(), Title: p.title, Link: p.link().String(), Mode: p.about.Mode,
		Start: p.start, Duration: p.duration, Asks: p.about.Passcode,
	}
	host := "conclave"
	if u, err := url.Parse(p.service); err == nil && u.Hostname() != "" {
		host = u.Hostname()
	}
	s.Calendar = ical.Event{
		UID: s.ID.String() + "@" + host, Stamp: p.about.Created, Start: s.Start, Duration: s.Duration,
		Title: s.Title, Link: s.Link,
	}.Encode()
	return s
}

// saved is posted when a file was written for the person.
type saved struct {
	name string
	err  error
}

func (c *Core) saveCalendar(i SaveCalendar) {
	at := c.findPlan(i.Meeting)
	if at < 0 || i.Path == "" {
		return
	}
	data := c.plans[at].view().Calendar
	c.tasks.Go(func() {
		err := os.WriteFile(i.Path, data, 0o644) // an invitation, to be sent around
		c.post(saved{filepath.Base(i.Path), err})
	})
}

func (c *Core) saved(w saved) {
	n := Notice{Code: NoticeFileSaved, Severity: SeverityInfo, Name: w.name}
	if w.err != nil {
		n.Code, n.Severity = NoticeFileNotSaved, SeverityWarning
	}
	c.notify(n)
}
