package group

import (
	"bytes"
	"fmt"

	"conclave/keys"
)

// papers are the passports (DER) in the leaves of an epoch. Guests have none.
type papers map[keys.PublicKey][]byte

// key is leaf.key, but reads no passport that is in p: with a thousand members,
// reading all of them again for each commit would take longer than the commit does.
func (p papers) key(l leaf) (keys.PublicKey, bool) {
	if l.passport != nil && l.credential == nil && len(l.signatureKey) == len(keys.PublicKey{}) {
		key := keys.PublicKey(l.signatureKey)
		if bytes.Equal(p[key], l.passport) {
			return key, true
		}
	}
	return l.key()
}

// checkPassport refuses what no member would take as this device's credential; nil
// is none, and in order.
func checkPassport(der []byte, device keys.PublicKey) error {
	if der == nil {
		return nil
	}
	p, err := keys.ParsePassport(der)
	if err != nil || p.Device != device {
		return ErrPassport
	}
	return nil
}

// Passport returns the certificate (DER) that is the credential of a member in the
// present epoch, or nil for a guest and for who is no member. It is of the member's
// key, and nothing else about it was checked.
func (g *Group) Passport(member keys.PublicKey) []byte { return bytes.Clone(g.papers[member]) }

// UsePassport makes der (nil for none) this device's credential from its next Commit
// on. A commit that is staged keeps the former one.
func (g *Group) UsePassport(der []byte) error {
	if g.err != nil {
		return fmt.Errorf("use passport: %w", g.err)
	}
	if err := checkPassport(der, g.meeting.device.Public()); err != nil {
		return fmt.Errorf("use passport: %w", err)
	}
	g.meeting.passport = bytes.Clone(der)
	return nil
}
