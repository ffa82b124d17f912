package core

import (
	"time"

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
)

func (Schedule) intent()       {}
func (StartScheduled) intent() {}
func (Unschedule) intent()     {}
