package kiosk

import (
	"slices"
	"time"

	"conclave/app/core"
)

// A screen decodes what strangers send. One that was taken over must not write
// its own words into status and log, nor keep the room out of its meetings: what
// it says is held against what screens can say.

// holdMost is how long a screen can keep the room from entering by itself.
const holdMost = 24 * time.Hour

// troubles are those that keep a room out: see core.Room.
var troubles = []core.NoticeCode{
	core.NoticeNone, core.NoticeRefused, core.NoticeNoMeeting, core.NoticeLocked, core.NoticeFull, core.NoticeWrongPasscode,
	core.NoticePin, core.NoticeVersion, core.NoticeRelabelled, core.NoticeTooFast, core.NoticeServiceDown,
	core.NoticeServiceGone, core.NoticeInternal,
}

func isStage(word string) bool {
	for s := core.RoomResting; s <= core.RoomOver; s++ {
		if s.String() == word {
			return true
		}
	}
	return word == "locked"
}

// heard is what counts of a report, with this many rooms; false for none of it.
func (r report) heard(rooms int) (report, bool) {
	if !isStage(r.Stage) {
		return r, false
	}
	if !slices.Contains(troubles, core.NoticeCode(r.Trouble)) {
		r.Trouble = string(core.NoticeInternal)
	}
	if r.Room < 0 || r.Room >= rooms {
		r.Room = -1
	}
	for _, device := range []*string{&r.Camera, &r.Microphone, &r.Speaker} {
		if !slices.Contains([]string{"ok", "missing", "busy", "broken"}, *device) {
			*device = "unknown"
		}
	}
	return r, true
}

// heard is how long a room is not to be entered by itself; false when it may be.
func (o overing) heard(rooms int, now time.Time) (until time.Time, held bool) {
	if o.Until.IsZero() || o.Room < 0 || o.Room >= rooms {
		return time.Time{}, false
	}
	if most := now.Add(holdMost); o.Until.After(most) {
		return most, true
	}
	return o.Until, true
}

// rooms is how many the policy has.
func (s *supervisor) rooms() int {
	if s.policy.Kiosk == nil {
		return 0
	}
	return len(s.policy.Kiosk.Rooms)
}
