package core

import "time"

// Kiosk is what a classroom machine shows; nil on every other.
type Kiosk struct {
	Room     string // "Room 204"
	Rooms    []KioskRoom
	Joining  string        // the room's name that is being entered by itself
	Next     time.Time     // of the next meeting by schedule; zero when none
	Idle     time.Duration // until everything is wiped; 0 when nothing is to be
	Saving   bool          // power is saved: fewer pictures, and the screen says so
	Trouble  NoticeCode    // what keeps the room out, told in words
	Retrying time.Time     // of the next try
	Locked   bool          // the managed policy cannot be read: nothing can be done
	Problem  string        // why, with the file and the line, when Locked
	Help     string        // whom to call
}

// KioskRoom is one large button.
type KioskRoom struct {
	Name     string
	Start    time.Time // when it begins by schedule; zero for always
	Occupied bool
}

// EnterRoom enters a fixed room of a kiosk.
type EnterRoom struct{ Room int }

func (EnterRoom) intent() {}
