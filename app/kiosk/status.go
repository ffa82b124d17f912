package kiosk

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Status is what is told of a room to whoever looks after machines. It holds no
// personal data: no names of people, no links, no keys, no addresses; "meeting" is
// the button's name from the policy.
type Status struct {
	Version  string    `json:"version"`
	Written  time.Time `json:"written"`
	Running  bool      `json:"running"` // by the lock, not by the file
	PID      int       `json:"pid"`
	Started  time.Time `json:"started"`
	Room     string    `json:"room"`
	State    string    `json:"state"` // starting, resting, entering, lobby, meeting, reconnecting, trouble, locked, stopped
	Since    time.Time `json:"since"`
	Meeting  string    `json:"meeting,omitempty"`
	Trouble  string    `json:"trouble,omitempty"`
	Problem  string    `json:"problem,omitempty"` // why it is locked
	Last     *Meeting  `json:"last_meeting,omitempty"`
	Devices  Devices   `json:"devices"`
	Saving   bool      `json:"saving_power"`
	Identity string    `json:"identity"` // fresh or enrolled
	Keys     string    `json:"keys"`     // memory, keychain, sealed file
	Policy   string    `json:"policy"`
	Screens  int       `json:"screens"` // processes started
	Screen   int       `json:"screen_pid"`
	Crashes  int       `json:"crashes"`
	Errors   []Error   `json:"errors"` // newest last, at most 16
}

// Meeting is one that the room was in.
type Meeting struct {
	Name  string    `json:"name"` // of the policy
	Began time.Time `json:"began"`
	Ended time.Time `json:"ended,omitzero"`
}

// Devices says of each device ok, missing, busy, broken or unknown.
type Devices struct {
	Camera     string `json:"camera"`
	Microphone string `json:"microphone"`
	Speaker    string `json:"speaker"`
}

// Error is something that went wrong, by its code.
type Error struct {
	At    time.Time `json:"at"`
	Code  string    `json:"code"`
	Times int       `json:"times"` // in a row
}

// Exit codes of "conclave kiosk status"; ADMIN.md lists them.
const (
	ExitFine       = 0
	ExitUsage      = 1
	ExitLocked     = 2 // by a policy that cannot be understood, or a room that is not enrolled
	ExitNotRunning = 3
	ExitTrouble    = 4 // it cannot get into its meeting
	ExitDevice     = 5 // a device does not work
	ExitSecond     = 6 // of the kiosk itself: it runs already
)

// statusFile lies in the kiosk's folder.
const statusFile = "status.json"

// errorsMost are kept.
const errorsMost = 16

func (s *Status) fail(at time.Time, code string) {
	if n := len(s.Errors); n > 0 && s.Errors[n-1].Code == code {
		s.Errors[n-1].At = at
		s.Errors[n-1].Times++
		return
	}
	s.Errors = append(s.Errors, Error{at, code, 1})
	if len(s.Errors) > errorsMost {
		s.Errors = append([]Error(nil), s.Errors[len(s.Errors)-errorsMost:]...)
	}
}

// write puts the status into the folder, whole or not at all.
func (s *Status) write(folder string) error {
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	next := filepath.Join(folder, statusFile+".new")
	if err := os.WriteFile(next, append(text, '\n'), 0o644); err != nil {
		return err
	}
	return os.Rename(next, filepath.Join(folder, statusFile))
}

// ReadStatus returns what the kiosk of a folder last said, and whether it runs.
func ReadStatus(folder string) (Status, error) {
	var s Status
	text, err := os.ReadFile(filepath.Join(folder, statusFile))
	if err == nil {
		err = json.Unmarshal(text, &s)
	} else if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	if err != nil {
		return s, fmt.Errorf("read the kiosk's status: %w", err)
	}
	s.Running = locked(folder)
	if !s.Running && s.State != "" {
		s.State = "stopped"
	}
	return s, nil
}

// Exit is the exit code that a status stands for.
func (s Status) Exit() int {
	broken := func(d string) bool { return d != "" && d != "ok" && d != "unknown" }
	switch {
	case !s.Running:
		return ExitNotRunning
	case s.State == "locked":
		return ExitLocked
	case s.State == "trouble":
		return ExitTrouble
	case broken(s.Devices.Camera), broken(s.Devices.Microphone), broken(s.Devices.Speaker):
		return ExitDevice
	}
	return ExitFine
}
