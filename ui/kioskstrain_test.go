package ui

import (
	"testing"
	"time"
)

// run looks for so long at a rate, with a share of looks that were too late.
func (s *strain) run(now *time.Time, d time.Duration, every time.Duration, missed int) (saving bool) {
	for end := now.Add(d); now.Before(end); *now = now.Add(every) {
		saving = s.look(*now, missed)
	}
	return saving
}

func TestAScreenThatDoesNotKeepUpSavesPower(t *testing.T) {
	var s strain
	now := time.Unix(1000, 0)
	if s.run(&now, 10*time.Second, 66*time.Millisecond, 0) {
		t.Error("saving on a fast machine")
	}
	if s.run(&now, 2*time.Second, 200*time.Millisecond, 2) {
		t.Error("saving after a moment")
	}
	if !s.run(&now, 5*time.Second, 200*time.Millisecond, 2) {
		t.Error("not saving on a slow one")
	}
	if !s.run(&now, 50*time.Second, 132*time.Millisecond, 0) {
		t.Error("large pictures again too early")
	}
	if s.run(&now, 15*time.Second, 132*time.Millisecond, 0) {
		t.Error("saving for ever")
	}
	s.run(&now, 7*time.Second, 200*time.Millisecond, 2)
	if !s.run(&now, 100*time.Second, 132*time.Millisecond, 0) {
		t.Error("it pulses")
	}
}

// A machine that slept is not a slow one.
func TestAGapIsNoStrain(t *testing.T) {
	var s strain
	now := time.Unix(1000, 0)
	s.run(&now, 3*time.Second, 66*time.Millisecond, 0)
	now = now.Add(time.Hour)
	if s.look(now, 50) || s.run(&now, 4*time.Second, 66*time.Millisecond, 0) {
		t.Error("saving after a sleep")
	}
}
