package core

import (
	"fmt"
	"io"
	"log/slog"

	"conclave/keys"
)

// Intent is a wish of the person at the screen. The core answers with a
// snapshot, never with a return value.
type Intent interface{ intent() }

// The intents.
type (
	// SetName sets the display name.
	SetName struct{ Name string }
	// ChooseService names the service for new meetings; "" hosts on this
	// computer.
	ChooseService struct{ URL string }
	// StartMeeting creates a meeting and enters it as its host.
	StartMeeting struct {
		Mode     keys.Mode
		Passcode string // "" asks none
		Demand   keys.Demand
	}
	// JoinMeeting knocks at the meeting of a link.
	JoinMeeting struct{ Link, Passcode string }
	// LeaveMeeting leaves; the meeting goes on for the others.
	LeaveMeeting struct{}
	// EndMeeting ends the meeting for everybody. Hosts only.
	EndMeeting struct{}
	// CloseMeeting puts an ended meeting away and shows home.
	CloseMeeting struct{}
	// SetMic switches the microphone.
	SetMic struct{ On bool }
	// SetCamera switches the camera.
	SetCamera struct{ On bool }
	// SetShare switches screen sharing; Screen is a Device's ID of Devices.Screens,
	// "" is the first.
	SetShare struct {
		On     bool
		Screen string
	}
	// SetHand raises or lowers the hand.
	SetHand struct{ Up bool }
	// ChooseDevices picks devices by ID; "" is the system's default.
	ChooseDevices struct{ Camera, Microphone, Speaker string }
	// Admit lets a knocker in. Hosts only.
	Admit struct{ Ticket string }
	// AdmitAll lets everybody in who waits. Hosts only.
	AdmitAll struct{}
	// Refuse sends a knocker away. Hosts only.
	Refuse struct{ Ticket string }
	// Remove takes a member out of the group, with new keys. Hosts only.
	Remove struct{ Person keys.PublicKey }
	// SetLocked locks or unlocks the door. Hosts only.
	SetLocked struct{ Locked bool }
	// SendChat sends a line to everybody in the meeting.
	SendChat struct{ Text string }
	// JudgeCode records what comparing the code of an epoch gave.
	JudgeCode struct {
		Epoch   uint64
		Matches bool
	}
	// Dismiss puts a notice away.
	Dismiss struct{ Notice uint64 }
)

func (SetName) intent()       {}
func (ChooseService) intent() {}
func (StartMeeting) intent()  {}
func (JoinMeeting) intent()   {}
func (LeaveMeeting) intent()  {}
func (EndMeeting) intent()    {}
func (CloseMeeting) intent()  {}
func (SetMic) intent()        {}
func (SetCamera) intent()     {}
func (SetShare) intent()      {}
func (SetHand) intent()       {}
func (ChooseDevices) intent() {}
func (Admit) intent()         {}
func (AdmitAll) intent()      {}
func (Refuse) intent()        {}
func (Remove) intent()        {}
func (SetLocked) intent()     {}
func (SendChat) intent()      {}
func (JudgeCode) intent()     {}
func (Dismiss) intent()       {}

// hidden is what intents with a passcode print as, in every format and log.
const hidden = "[hidden]"

// Format implements fmt.Formatter.
func (StartMeeting) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, hidden) }

// LogValue implements slog.LogValuer.
func (StartMeeting) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalText implements encoding.TextMarshaler.
func (StartMeeting) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// Format implements fmt.Formatter.
func (JoinMeeting) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, hidden) }

// LogValue implements slog.LogValuer.
func (JoinMeeting) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalText implements encoding.TextMarshaler.
func (JoinMeeting) MarshalText() ([]byte, error) { return []byte(hidden), nil }
