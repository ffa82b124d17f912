package keys

import "errors"

// ErrDemand is returned for a demand that no passport could meet.
var ErrDemand = errors.New("check demand: the organisation is no domain in lower case")

// Demand is what a host asks of those who join, beyond what policy asks. It is
// part of the signed descriptor, so everybody sees the same one, and nobody,
// the service included, can weaken it later.
type Demand struct {
	Verified     bool   // no e-mail-only accounts and no guests
	Organisation string // only people verified by this organisation's domain; "" for any
}

// IsZero reports whether nothing is demanded.
func (d Demand) IsZero() bool { return d == Demand{} }

// Check reports an error unless Organisation is "" or written as a passport's
// issuer is.
func (d Demand) Check() error {
	if !isIssuer(d.Organisation) {
		return ErrDemand
	}
	return nil
}

// MetBy reports whether somebody with a passport of this class and issuer may
// enter. Guests and e-mail accounts meet only a demand that is zero.
func (d Demand) MetBy(class Class, issuer string) bool {
	switch {
	case d.IsZero():
		return true
	case !class.IsVerified():
		return false
	}
	return d.Organisation == "" || d.Organisation == issuer
}
