package core

import (
	"time"

	"conclave/app/core/upgrade"
	"conclave/keys"
	"conclave/keys/policy"
)

// AccountState is how this device stands with the chosen service.
type AccountState uint8

// The states of an account.
const (
	AccountUnknown    AccountState = iota // the service has not been asked yet
	AccountNotOffered                     // the service keeps no accounts
	AccountSignedOut                      // this device has none
	AccountReady                          // signed in, with a passport that was checked
	AccountNoPassport                     // signed in; no valid passport could be had: see Why
	AccountRevoked                        // the service or another device ended this device's account
)

// Account is what the chosen service knows of this person, and what its policy
// lets them do.
type Account struct {
	State   AccountState
	Why     NoticeCode // in AccountNoPassport
	Name    string     // display name in the passport
	Class   keys.Class // ClassGuest without an account
	Issuer  string     // who vouches: a domain, a partner; "" for the service itself
	Expires time.Time  // of the passport
	Logged  time.Time  // when the log was last checked and found consistent
	Ways    []keys.Class
	Policy  string // the policy's name, such as "verify-once"; "" before it is known
	May     []Permission
	Devices []AccountDevice
	// Course is signing in or an upgrade, while it runs. What was typed in it
	// prints as [hidden].
	Course upgrade.State
	// Refused is what policy refused a moment ago and would open after an
	// upgrade; nil when nothing was.
	Refused *Refusal
}

// Permission is the policy's answer to one action.
type Permission struct {
	Action   policy.Action
	Decision policy.Decision
	Limit    int          // of size (people) and duration (minutes); 0 is unlimited
	Reason   string       // the operator's sentence, in the operator's language
	Unlock   []keys.Class // classes to which the action is allowed
}

// Refusal is a meeting that policy did not open. It opens by itself when an
// upgrade that allows it is done.
type Refusal struct {
	Permission
	Start *StartMeeting // what was wanted, one of the two
	Join  *JoinMeeting
}

// AccountDevice is one device of the account.
type AccountDevice struct {
	Key         keys.PublicKey
	Fingerprint string
	Added, Seen time.Time
	Self        bool
	Revoked     bool
}

// The intents about accounts.
type (
	// SignIn begins signing in at the chosen service.
	SignIn struct{}
	// Upgrade begins an upgrade; without an account it signs in first.
	Upgrade struct{}
	// Proceed hands one step of the person's to the running course: Choose,
	// Enter, Type, Resend, Back, Retry or Close. Others are ignored.
	Proceed struct{ Event upgrade.Event }
	// SignOut forgets the account on this device; the account stays.
	SignOut struct{}
	// DeleteAccount deletes the account at the service, for good.
	DeleteAccount struct{}
	// RevokeDevice ends another device of the account.
	RevokeDevice struct{ Device keys.PublicKey }
	// DropRefusal forgets what policy refused: Account.Refused is nil again, and
	// nothing opens by itself.
	DropRefusal struct{}
	// ExportAccount writes all that the service has about the account to a file.
	ExportAccount struct{ Path string }
)

func (SignIn) intent()        {}
func (Upgrade) intent()       {}
func (Proceed) intent()       {}
func (SignOut) intent()       {}
func (DeleteAccount) intent() {}
func (RevokeDevice) intent()  {}
func (DropRefusal) intent()   {}
func (ExportAccount) intent() {}
