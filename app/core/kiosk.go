package core

import "time"

// Kiosk is what a classroom machine shows; nil on every other.
type Kiosk struct {
	Room     string // "Room 204"
	Rooms    []KioskRoom
	At       int           // the room that is entered; -1 is none
	Joining  string        // its name
	Next     time.Time     // of the next meeting by schedule; zero when none
	Idle     time.Duration // until the room leaves since it is alone; 0 when that is not near
	Saving   bool          // power is saved: fewer pictures, and the screen says so
	Trouble  NoticeCode    // what keeps the room out, told in words
	Retrying time.Time     // of the next try, or of going back where there is none
	Trying   bool          // there is a next try
	Locked   bool          // the managed policy cannot be read: nothing can be done
	Problem  string        // why, with the file and the line, when Locked
	Help     string        // whom to call
}

// KioskRoom is one large button.
type KioskRoom struct {
	Name     string
	Start    time.Time // of the present or next time by schedule; zero for always
	End      time.Time
	Now      bool // the present time is meant
	Occupied bool
}

// EnterRoom enters a fixed room of a kiosk.
type EnterRoom struct{ Room int }

func (EnterRoom) intent() {}
