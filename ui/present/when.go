package present

import (
	"fmt"
	"strconv"
	"time"
)

// When writes a moment as people say it: today at 15:04, tomorrow at 9:30, or
// the date; "" for the zero time.
func (p Presenter) When(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	t = t.In(p.Now.Location())
	clock := t.Format("15:04")
	switch days(p.Now, t) {
	case 0:
		return p.Text.Say("when.today", "time", clock)
	case 1:
		return p.Text.Say("when.tomorrow", "time", clock)
	case -1:
		return p.Text.Say("when.yesterday", "time", clock)
	}
	return p.Day(t)
}

// Day writes a date with the month in letters.
func (p Presenter) Day(t time.Time) string {
	t = t.In(p.Now.Location())
	month := p.Text.Say("month." + strconv.Itoa(int(t.Month())))
	return p.Text.Say("when.day", "day", t.Day(), "month", month, "year", t.Year())
}

// days counts the midnights from a to b.
func days(a, b time.Time) int {
	midnight := func(t time.Time) time.Time {
		return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
	}
	return int(midnight(b).Sub(midnight(a)) / (24 * time.Hour))
}

// Left writes the time until a moment as 4:32, rounded up; "" when it is past.
func Left(until, now time.Time) string {
	d := until.Sub(now)
	if until.IsZero() || d <= 0 {
		return ""
	}
	s := int((d + time.Second - 1) / time.Second)
	if s >= 3600 {
		return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
	}
	return fmt.Sprintf("%d:%02d", s/60, s%60)
}
