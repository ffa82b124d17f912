package keys

import (
	"crypto/rand"
	"encoding/base32"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"
)

// PassportLifetime is how long a passport is valid: short enough that a lost
// revocation heals within a day, long enough to be renewed once a working day.
const PassportLifetime = 24 * time.Hour

// PassportSkew is how far the clocks of a client and a service may differ.
const PassportSkew = 5 * time.Minute

// maxIssuer is the longest name of whoever vouches for a person, in bytes: that
// of a domain (RFC 1035 section 2.3.4).
const maxIssuer = 253

// Errors of account identifiers, classes and passports. None of them repeats
// what the passport says.
var (
	ErrAccountID         = errors.New("parse account id: want 26 characters of lower-case base32")
	ErrClass             = errors.New("parse verification class: unknown")
	ErrPassport          = errors.New("parse passport: malformed")
	ErrPassportChain     = errors.New("check passport: no trusted service has issued it")
	ErrPassportDates     = errors.New("check passport: not valid at this time")
	ErrPassportDevice    = errors.New("check passport: it belongs to another device")
	ErrPassportAuthority = errors.New("check passport: the verification in it has expired")
)

// AccountID names an account. It is random, so that whoever has not met the
// account can neither guess it nor open the log entries that are keyed with it.
type AccountID [16]byte

var accountEncoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// NewAccountID draws an identifier from the system's random source.
func NewAccountID() AccountID {
	var id AccountID
	_, _ = rand.Read(id[:]) // never fails since Go 1.24
	return id
}

// ParseAccountID reads the form that String writes, and no other.
func ParseAccountID(s string) (AccountID, error) {
	var id AccountID
	raw, err := accountEncoding.DecodeString(s)
	if err != nil || len(raw) != len(id) || accountEncoding.EncodeToString(raw) != s {
		return AccountID{}, ErrAccountID
	}
	copy(id[:], raw)
	return id, nil
}

// String returns 26 characters of lower-case base32.
func (id AccountID) String() string { return accountEncoding.EncodeToString(id[:]) }

// IsZero reports whether id is the zero value, which is nobody's.
func (id AccountID) IsZero() bool { return id == AccountID{} }

// MarshalText writes the form of String.
func (id AccountID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText reads the form of String.
func (id *AccountID) UnmarshalText(text []byte) error {
	parsed, err := ParseAccountID(string(text))
	if err != nil {
		return err
	}
	*id = parsed
	return nil
}

// Class says how somebody's identity was verified. The numbers stand in
// certificates and never change.
type Class uint8

// The classes. Guests have no account and so no passport.
const (
	ClassNone         Class = 0 // invalid
	ClassGuest        Class = 1 // a link and a name
	ClassEmail        Class = 2 // a code was sent to an e-mail address
	ClassPhone        Class = 3 // a code was sent to a phone that verifies nobody else
	ClassOrganisation Class = 4 // signed on at an organisation or school
	ClassSeat         Class = 5 // has a seat of a paying organisation
	ClassVoucher      Class = 6 // a partner organisation vouches, unlinkably
)

var classNames = [...]string{"", "guest", "email", "phone", "organisation", "seat", "voucher"}

// Classes lists the valid classes in their order.
func Classes() []Class {
	return []Class{ClassGuest, ClassEmail, ClassPhone, ClassOrganisation, ClassSeat, ClassVoucher}
}

// ParseClass reads what String writes.
func ParseClass(s string) (Class, error) {
	for c, name := range classNames {
		if c > 0 && name == s {
			return Class(c), nil
		}
	}
	return ClassNone, ErrClass
}

// IsValid reports whether c is one of the classes above.
func (c Class) IsValid() bool { return c > ClassNone && int(c) < len(classNames) }

// IsVerified reports whether somebody stood up for the person beyond an e-mail
// address that anybody can have.
func (c Class) IsVerified() bool { return c >= ClassPhone && c.IsValid() }

// String returns the name of the class as it stands in policy files.
func (c Class) String() string {
	if !c.IsValid() {
		return "invalid"
	}
	return classNames[c]
}

// MarshalText writes the form of String.
func (c Class) MarshalText() ([]byte, error) {
	if !c.IsValid() {
		return nil, ErrClass
	}
	return []byte(c.String()), nil
}

// UnmarshalText reads the form of String.
func (c *Class) UnmarshalText(text []byte) error {
	parsed, err := ParseClass(string(text))
	if err != nil {
		return err
	}
	*c = parsed
	return nil
}

// Passport is what a service states about a device for one day: whose it is,
// and how that person was verified. As an X.509 certificate it is the device's
// MLS credential. It prints "[hidden]" with fmt and slog, for it names a person.
type Passport struct {
	Account    AccountID
	Device     PublicKey
	Name       string    // display name, clean by CleanName
	Class      Class     // never ClassGuest
	Issuer     string    // who vouches: "" the service itself, or a domain or partner
	Verified   time.Time // when the person was verified; whole seconds, UTC
	Expires    time.Time // when that verification ends; zero for never
	Serial     [16]byte
	NotBefore  time.Time // of the certificate
	NotAfter   time.Time
	SignerName string // of the authority that signed, for people to read
}

// Format prints "[hidden]".
func (Passport) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, hiddenText) }

// LogValue returns "[hidden]".
func (Passport) LogValue() slog.Value { return slog.StringValue(hiddenText) }

// MarshalJSON returns "[hidden]": a passport travels as its certificate.
func (Passport) MarshalJSON() ([]byte, error) { return []byte(`"` + hiddenText + `"`), nil }

// check reports whether p can stand in a certificate.
func (p Passport) check() error {
	clean, err := CleanName(p.Name)
	switch {
	case err != nil || clean != p.Name:
		return ErrPassport
	case p.Account.IsZero(), p.Device.IsZero():
		return ErrPassport
	case !p.Class.IsValid() || p.Class == ClassGuest:
		return ErrPassport
	case !isIssuer(p.Issuer):
		return ErrPassport
	case !p.NotBefore.Before(p.NotAfter), p.NotAfter.Sub(p.NotBefore) > PassportLifetime+PassportSkew:
		return ErrPassport
	case p.Verified.IsZero(), p.Verified.After(p.NotAfter):
		return ErrPassport
	case !p.Expires.IsZero() && p.Expires.Before(p.Verified):
		return ErrPassport
	}
	return nil
}

// isIssuer accepts "", and names of domains in lower-case ASCII, so that an
// issuer has one spelling and cannot imitate another.
func isIssuer(s string) bool {
	if s == "" {
		return true
	}
	if len(s) > maxIssuer {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for _, b := range []byte(label) {
			if !(b >= 'a' && b <= 'z' || b >= '0' && b <= '9' || b == '-') {
				return false
			}
		}
	}
	return true
}
