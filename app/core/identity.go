package core

import (
	"time"

	"conclave/app/core/upgrade"
	"conclave/call/runner"
	"conclave/keys"
	"conclave/keys/policy"
)

// Identity is this device's account at one service, and its eyes on that
// service's log. It does its work in goroutines of its own and reports what came
// of it; its methods return at once, but those of runner.Passports, and may be
// called from any goroutine.
type Identity interface {
	// Passports shows and checks passports in meetings of this service.
	runner.Passports
	// Carry starts effects of the course of an upgrade; answered by Stepped.
	Carry([]upgrade.Effect)
	// Host asks whether a meeting may be hosted; answered by Permit.
	Host(HostRequest)
	// Rename changes the display name that passports say.
	Rename(name string)
	// SignOut ends this device at the account, and forgets it here.
	SignOut()
	// Delete deletes the account.
	Delete()
	// Revoke ends another device.
	Revoke(keys.PublicKey)
	// Export writes all that the service has about the account to a file.
	Export(path string)
	// Close ends its work; nothing is reported afterwards.
	Close()
}

// IdentityEvent is what an Identity reports.
type IdentityEvent interface{ identityEvent() }

// What an Identity reports.
type (
	// Standing is the whole standing with the service; it replaces the last one.
	Standing struct {
		State   AccountState
		Why     NoticeCode
		Name    string
		Class   keys.Class
		Issuer  string
		Expires time.Time
		Logged  time.Time
		Ways    []keys.Class
		// Policy was opened with the service's policy key and found in the log; nil
		// before.
		Policy  *policy.Policy
		Devices []AccountDevice
	}
	// Stepped answers an effect of the course.
	Stepped struct{ Event upgrade.Event }
	// Permit answers Host.
	Permit struct {
		Number  uint64
		Allowed bool
		// Terms is PolicyHash of the descriptor; zero where there is no policy.
		Terms [32]byte
		// Most is how many people may come; 0 is unlimited. Longest is how long the
		// meeting may last; 0 for ever.
		Most    int
		Longest time.Duration
		// Refused is policy's reason, when it was policy; otherwise Why says what
		// failed.
		Refused *Permission
		Why     NoticeCode
	}
	// Warned is a notice about the account or the service.
	Warned struct{ Notice Notice }
)

func (Standing) identityEvent() {}
func (Stepped) identityEvent()  {}
func (Permit) identityEvent()   {}
func (Warned) identityEvent()   {}

// HostRequest is a meeting that somebody wants to host.
type HostRequest struct {
	Number uint64 // returned in the Permit
	Mode   keys.Mode
	Demand keys.Demand
}

// The notices about accounts and the service's honesty.
const (
	NoticeServiceIdentity NoticeCode = "service-identity-changed" // its log or policy key is another one
	NoticeLogForked       NoticeCode = "log-forked"               // the log told different things, or became shorter
	NoticePolicyUnlogged  NoticeCode = "policy-not-logged"        // the policy is unsigned, older, or not in the log
	NoticePassportFalse   NoticeCode = "passport-refused"         // the own passport did not stand the check
	NoticePassportUnknown NoticeCode = "passport-not-asked"       // a passport in one's own name that nobody asked for
	NoticeDeviceAdded     NoticeCode = "device-added"             // another device uses the account
	NoticeMemberFalse     NoticeCode = "member-passport-false"    // Name: a member's passport does not hold
	NoticeMemberPolicy    NoticeCode = "member-against-policy"    // Name: a member whom the policy keeps out
	NoticeTimeUp          NoticeCode = "meeting-time-up"          // the longest time that policy allows is over
	NoticeExported        NoticeCode = "account-exported"
	NoticeAccountDeleted  NoticeCode = "account-deleted"
	NoticeAccountFailed   NoticeCode = "account-failed" // what was asked of the account did not work
)
