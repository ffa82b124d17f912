package upgrade

import (
	"time"

	"conclave/keys"
)

// Event is what happened: somebody did something, or the driver reports.
type Event interface{ event() }

// What people do.
type (
	// SignIn begins signing in by e-mail.
	SignIn struct{}
	// Begin begins an upgrade. Account says whether the device is signed in; if
	// not, the course signs in first and then goes on.
	Begin struct {
		Account bool
		Class   keys.Class
		Ways    []keys.Class // that the service offers
	}
	// Choose takes a way.
	Choose struct{ Way keys.Class }
	// Enter gives the address, number, domain or voucher. Name is that of a new
	// account and used for ClassEmail only.
	Enter struct{ Text, Name Text }
	// Type gives the code.
	Type struct{ Code Text }
	// Resend asks for another code.
	Resend struct{}
	// Back goes one step back.
	Back struct{}
	// Retry asks for the passport again.
	Retry struct{}
	// Close ends the course.
	Close struct{}
)

// What the driver reports; Number is that of the effect.
type (
	// Sent: a code is on its way, or with Outbox lies in the service's outbox.
	// Shown is the code itself when that folder is on this computer.
	Sent struct {
		Number  uint64
		Attempt string
		Until   time.Time
		Outbox  bool
		Shown   Text
	}
	// Opened: the organisation's page is open.
	Opened struct {
		Number uint64
		Page   string
	}
	// Verified: the service accepted; Class is what passports will say.
	Verified struct {
		Number uint64
		Class  keys.Class
	}
	// Issued: the new passport is here and was checked.
	Issued struct{ Number uint64 }
	// Failed: the effect failed.
	Failed struct {
		Number    uint64
		Trouble   Trouble
		TriesLeft int
		RetryAt   time.Time
	}
)

func (SignIn) event()   {}
func (Begin) event()    {}
func (Choose) event()   {}
func (Enter) event()    {}
func (Type) event()     {}
func (Resend) event()   {}
func (Back) event()     {}
func (Retry) event()    {}
func (Close) event()    {}
func (Sent) event()     {}
func (Opened) event()   {}
func (Verified) event() {}
func (Issued) event()   {}
func (Failed) event()   {}

// Effect is what the driver must do. Except Cancel, each is answered by one
// event with its number: see the comments.
type Effect interface{ effect() }

// The effects.
type (
	// SendCode asks for a code by e-mail or SMS: Sent or Failed.
	SendCode struct {
		Number uint64
		Way    keys.Class
		To     Text
	}
	// CheckCode brings the code: Verified or Failed.
	CheckCode struct {
		Number  uint64
		Way     keys.Class
		Attempt string
		Code    Text
		Name    Text
	}
	// SignOn signs on at an organisation through the browser: Opened, and then
	// Verified or Failed.
	SignOn struct {
		Number uint64
		Domain Text
	}
	// ClaimSeat takes the assigned seat: Verified or Failed.
	ClaimSeat struct{ Number uint64 }
	// Redeem takes a voucher: Verified or Failed.
	Redeem struct {
		Number  uint64
		Voucher Text
	}
	// Renew fetches and checks a new passport: Issued or Failed.
	Renew struct{ Number uint64 }
	// Cancel ends the effect with the number, if it still runs; its answer does
	// not matter any more.
	Cancel struct{ Number uint64 }
)

func (SendCode) effect()  {}
func (CheckCode) effect() {}
func (SignOn) effect()    {}
func (ClaimSeat) effect() {}
func (Redeem) effect()    {}
func (Renew) effect()     {}
func (Cancel) effect()    {}
