package upgrade

import (
	"fmt"
	"io"
	"log/slog"
	"slices"
	"time"

	"conclave/keys"
)

// Phase is where the course stands.
type Phase uint8

// The phases.
const (
	PhaseIdle     Phase = iota
	PhaseChoose         // which way to be verified
	PhaseEnter          // an address, number, domain or voucher is typed
	PhaseSending        // the service sends a code or says where to sign on
	PhaseConfirm        // the code is typed
	PhaseBrowser        // the organisation's page is open in the browser
	PhaseChecking       // the service checks what was typed
	PhaseIssuing        // the new passport is made and logged
	PhaseDone           // the new passport is here
)

var phaseNames = [...]string{"idle", "choose", "enter", "sending", "confirm", "browser", "checking", "issuing", "done"}

// String returns the name of the phase.
func (p Phase) String() string {
	if int(p) >= len(phaseNames) {
		return "invalid"
	}
	return phaseNames[p]
}

// Phases lists all phases.
func Phases() []Phase {
	out := make([]Phase, len(phaseNames))
	for i := range out {
		out[i] = Phase(i)
	}
	return out
}

// IsWaiting reports whether an effect runs whose answer moves the state on.
func (p Phase) IsWaiting() bool {
	switch p {
	case PhaseSending, PhaseBrowser, PhaseChecking, PhaseIssuing:
		return true
	case PhaseIdle, PhaseChoose, PhaseEnter, PhaseConfirm, PhaseDone:
		return false
	}
	return false
}

// Trouble says what went wrong last, for the screen to explain.
type Trouble uint8

// The troubles. Each is shown where it can be mended.
const (
	TroubleNone        Trouble = iota
	TroubleInput               // what was typed is no address, number or domain
	TroubleWrongCode           // see TriesLeft
	TroubleExpired             // the code is too old or was tried too often
	TroubleUsed                // the number, voucher or device belongs to somebody already
	TroubleGatewayDown         // the code cannot be sent now, or the provider is away
	TroubleUndelivered         // the mail server or gateway refuses this address
	TroubleNotProved           // the organisation's domain is not proved
	TroubleDenied              // the organisation's page ended without a yes
	TroubleNoSeat              // nobody assigned a seat
	TroubleVoucher             // the voucher does not hold
	TroubleName                // the display name is not acceptable
	TroubleTooFast             // see RetryAt
	TroubleServiceDown         // the service does not answer
	TroubleSignedOut           // this device has no account any more
	TroubleUnavailable         // the service does not offer that way
	TroublePassport            // the new passport did not stand the check: the service may lie
)

var troubleNames = [...]string{
	"none", "input", "wrong-code", "expired", "used", "gateway-down", "undelivered", "not-proved", "denied", "no-seat",
	"voucher", "name", "too-fast", "service-down", "signed-out", "unavailable", "passport",
}

// String returns the name of the trouble: the end of its key in the catalogue.
func (t Trouble) String() string {
	if int(t) >= len(troubleNames) {
		return "invalid"
	}
	return troubleNames[t]
}

// Troubles lists all troubles except none.
func Troubles() []Trouble {
	out := make([]Trouble, 0, len(troubleNames)-1)
	for t := TroubleInput; int(t) < len(troubleNames); t++ {
		out = append(out, t)
	}
	return out
}

// Text is something typed; it prints "[hidden]".
type Text string

// Format prints "[hidden]".
func (Text) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "[hidden]") }

// LogValue returns "[hidden]".
func (Text) LogValue() slog.Value { return slog.StringValue("[hidden]") }

// MarshalText returns "[hidden]".
func (Text) MarshalText() ([]byte, error) { return []byte("[hidden]"), nil }

// State is the whole course; a value, never changed once published. The zero
// value is Idle.
type State struct {
	Phase   Phase
	Way     keys.Class   // ClassEmail signs in; the others upgrade
	Ways    []keys.Class // what the service offers, in the order of Choose
	Account bool         // this device is signed in
	Class   keys.Class   // what passports say now; ClassGuest without an account

	Entered   Text // address, number, domain or voucher, as typed
	Name      Text // of a new account
	Until     time.Time
	Outbox    bool // nothing was sent: the code lies in the service's outbox folder
	Shown     Text // that code, where the folder is on this computer; else "", and the operator has it
	Page      string
	Trouble   Trouble
	TriesLeft int
	RetryAt   time.Time // for TroubleTooFast

	attempt string
	running uint64 // number of the effect that is waited for; 0 for none
	last    uint64 // number of the newest effect
}

// CanBack reports whether Back does something.
func (s State) CanBack() bool {
	switch s.Phase {
	case PhaseEnter:
		return s.Way != keys.ClassEmail // signing in has no choice before it
	case PhaseConfirm, PhaseBrowser:
		return true
	case PhaseIdle, PhaseChoose, PhaseSending, PhaseChecking, PhaseIssuing, PhaseDone:
		return false
	}
	return false
}

// offered returns the ways of an upgrade that a service offers, cheapest for
// the person first.
func offered(ways []keys.Class) []keys.Class {
	var out []keys.Class
	for _, way := range []keys.Class{keys.ClassPhone, keys.ClassOrganisation, keys.ClassSeat, keys.ClassVoucher} {
		if slices.Contains(ways, way) {
			out = append(out, way)
		}
	}
	return out
}
