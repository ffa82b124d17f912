package ui

import "time"

// strain judges whether a screen keeps up: from how many looks for new pictures
// came too late. It is pure.
type strain struct {
	since  time.Time // of the window that is counted
	drawn  int
	missed int
	saving bool
	calm   time.Time     // since when nothing was late while saving
	wait   time.Duration // how long it must be calm before pictures are large again
}

const (
	strainWindow = 3 * time.Second
	// calmFirst is how long it must be calm at first; it doubles each time that the
	// large pictures were too much again, so that the screen does not pulse.
	calmFirst = time.Minute
	calmMost  = 30 * time.Minute
)

// look counts one look, and those that were missed before it. It reports whether
// power is to be saved.
func (s *strain) look(now time.Time, missed int) bool {
	if s.since.IsZero() || now.Sub(s.since) > 4*strainWindow {
		s.since, s.drawn, s.missed, missed = now, 0, 0, 0
	}
	s.drawn++
	s.missed += missed
	if now.Sub(s.since) < strainWindow {
		return s.saving
	}
	late := float64(s.missed) / float64(s.drawn+s.missed)
	s.since, s.drawn, s.missed = now, 0, 0
	switch {
	case !s.saving && late > 0.4:
		s.saving, s.calm = true, now
		s.wait = min(max(2*s.wait, calmFirst), calmMost)
	case s.saving && late > 0.1:
		s.calm = now
	case s.saving && now.Sub(s.calm) >= s.wait:
		s.saving = false
	}
	return s.saving
}

func (k *Kiosk) strained(now time.Time) {
	before := k.strain.saving
	if saving := k.strain.look(now, int(k.missed.Swap(0))); saving != before && k.config.Strain != nil {
		k.config.Strain(saving)
	}
}
