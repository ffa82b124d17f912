package call

import (
	"crypto/sha256"
	"slices"
	"time"

	"conclave/keys"
	"conclave/keys/policy"
)

// Checked says what came of looking at what somebody showed.
type Checked uint8

// The outcomes. The zero value lets nobody in.
const (
	CheckedNot     Checked = iota // nobody has looked yet
	CheckedNothing                // no passport was shown, or the service keeps no accounts
	CheckedHolds                  // a passport that stood every check, the log's included
	CheckedAway                   // service or log did not answer: proves nothing, accuses nobody
	CheckedFalse                  // what was shown does not hold: see Flaw
)

// Flaw says what is wrong with what was shown.
type Flaw uint8

// The flaws. FlawLog and FlawTerms accuse the service itself.
const (
	FlawNone      Flaw = iota
	FlawForm           // no passport at all
	FlawIssuer         // no authority that this device knows has issued it
	FlawDates          // not valid now
	FlawDevice         // of another device
	FlawName           // of another name than the one that is used here
	FlawNotLogged      // not in the log
	FlawRevoked        // revoked in the log
	FlawLog            // the log tells different people different things, or became shorter
	FlawTerms          // the policy is not the one that the host signed
)

// Shown is what a device shows of itself. Name is "" where none is to be
// compared; Bundle is an encoded keys.PassportBundle, or nil.
type Shown struct {
	Device keys.PublicKey
	Name   string
	Bundle []byte
}

// Proof is what a device has proved about the person at it, as this device
// checked it under the terms of the meeting.
type Proof struct {
	Checked Checked
	Flaw    Flaw
	Class   keys.Class // ClassGuest unless Checked is CheckedHolds
	Issuer  string     // who vouches; "" for the service
	Name    string     // in the passport
	Until   time.Time  // when the passport ends
	// Answer is the policy's on entering this meeting. A zero one refuses.
	Answer policy.Answer
}

// NoAccounts is the proof of everybody where the service keeps no accounts: a
// guest, whom no policy keeps out.
func NoAccounts() Proof {
	return Proof{Checked: CheckedNothing, Class: keys.ClassGuest, Answer: policy.Answer{Decision: policy.DecisionAllow}}
}

// Holds reports whether p proves, at now, that name is who the passport says.
func (p Proof) Holds(now time.Time, name string) bool {
	return p.Checked == CheckedHolds && p.Name == name && now.Before(p.Until)
}

// ended reports whether a passport held and is over at now.
func (p Proof) ended(now time.Time) bool { return p.Checked == CheckedHolds && !now.Before(p.Until) }

// PassportHash names a passport: the SHA-256 of its certificate (DER). The zero
// value is a guest's, who has none.
type PassportHash [sha256.Size]byte

// HashPassport returns the name of a certificate; zero for none.
func HashPassport(der []byte) PassportHash {
	if len(der) == 0 {
		return PassportHash{}
	}
	return sha256.Sum256(der)
}

// Paper is what is known of one device's passport.
type Paper struct {
	Device   keys.PublicKey
	Passport PassportHash // of the certificate in Bundle
	Bundle   []byte
	Proof    Proof
	Hearsay  bool // somebody else passed it on: its receipt may be an old or a false one
	Missed   int  // heartbeats without one
}

// paper is what a device says of itself, before it is checked.
func paper(device keys.PublicKey, bundle []byte) Paper {
	return Paper{Device: device, Passport: HashPassport(keys.CertificateIn(bundle, device)), Bundle: bundle}
}

// Refusal returns why the policy or the host's demand keeps somebody out, and
// false where they do not. It is asked before any key is released.
func (s State) Refusal(p Proof) (policy.Answer, bool) {
	switch {
	case p.Checked == CheckedNot, p.Checked == CheckedFalse,
		p.Answer.Decision != policy.DecisionAllow && p.Answer.Decision != policy.DecisionAsk:
		a := p.Answer
		a.Decision = policy.DecisionRefuse
		return a, true
	case !s.About.Demand.MetBy(p.Class, p.Issuer):
		a := policy.Answer{Decision: policy.DecisionRefuse, Rule: policy.DemandRule, Unlock: p.Answer.Unlock}
		if s.About.Demand.Organisation != "" {
			a.Unlock = []keys.Class{keys.ClassOrganisation, keys.ClassSeat}
		}
		return a, true
	}
	return policy.Answer{}, false
}

// ProofOf is what k has shown to this device; zero when nothing was checked, and
// when what was shown is about another certificate than the one that is the
// credential in k's leaf of the group: the leaf decides who is meant.
func (s State) ProofOf(k keys.PublicKey) Proof {
	if k == s.Self {
		return s.Mine.Proof
	}
	if i := s.paperOf(k); i >= 0 {
		return s.Papers[i].Proof
	}
	return Proof{}
}

// paperOf is the index of the paper about the certificate in k's leaf, or -1.
func (s State) paperOf(k keys.PublicKey) int {
	member, in := s.Person(k)
	if !in {
		return -1
	}
	return slices.IndexFunc(s.Papers, func(p Paper) bool { return p.Device == k && p.Passport == member.Passport })
}

// Events about passports, made by the runner.
type (
	// OwnPassport: this device's passport and what it proves here; Bundle is nil
	// without one. It comes before the knock, and again after each renewal.
	OwnPassport struct {
		Bundle []byte
		Proof  Proof
	}
	// PassportChecked answers CheckPassport.
	PassportChecked struct {
		Device keys.PublicKey
		Bundle []byte
		Proof  Proof
	}
	// CheckAgain: the log was read anew, or the own passport was renewed.
	CheckAgain struct{}
)

// Effects about passports.
type (
	// CheckPassport asks the log about a member's passport; answered by
	// PassportChecked.
	CheckPassport struct{ Shown Shown }
	// FetchOwn asks for the own passport; answered by OwnPassport.
	FetchOwn struct{}
)

func (OwnPassport) event()     {}
func (PassportChecked) event() {}
func (CheckAgain) event()      {}

func (CheckPassport) effect() {}
func (FetchOwn) effect()      {}
