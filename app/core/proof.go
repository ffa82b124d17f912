package core

import (
	"slices"
	"time"

	"conclave/call"
	"conclave/keys"
)

var verifications = map[keys.Class]Verification{
	keys.ClassEmail: VerifiedEmail, keys.ClassPhone: VerifiedPhone, keys.ClassOrganisation: VerifiedOrganisation,
	keys.ClassSeat: VerifiedSeat, keys.ClassVoucher: VerifiedVoucher,
}

// proofNotice reads what a meeting tells of passports.
func proofNotice(t call.Tell) (Notice, bool) {
	switch t.Notice {
	case call.NoticeFalsePassport:
		return Notice{Code: NoticeMemberFalse, Severity: SeverityAlarm, Name: t.Name}, true
	case call.NoticeAgainstPolicy:
		return Notice{Code: NoticeMemberPolicy, Severity: SeverityAlarm, Name: t.Name}, true
	}
	return Notice{}, false
}

// proved fills in what a person has proved: all of it from a passport that this
// device checked, in the very name that they use here.
func (m *meeting) proved(v *Person, now time.Time) {
	p := m.state.ProofOf(v.Key)
	if p.Holds(now, v.Name) {
		v.Verification, v.Issuer, v.Logged = verifications[p.Class], p.Issuer, true
	}
}

// knocker is what is known of somebody who waits.
func (m *meeting) knocker(k call.Knocker, now time.Time) Knocker {
	v := Knocker{
		Name: k.Name.Name, Key: k.Key, Fingerprint: k.Key.Fingerprint(), Since: k.Since, Admitting: k.Admitted,
	}
	if k.Proof.Holds(now, k.Name.Name) {
		v.Verification, v.Issuer, v.Logged = verifications[k.Proof.Class], k.Proof.Issuer, true
	}
	if answer, refused := m.state.Refusal(k.Proof); refused {
		p := permission(joining(m.state.About.Mode), answer)
		v.Refusal = &p
	}
	for _, p := range m.state.People {
		if p.Key != k.Key && p.Name != "" && keys.LooksAlike(p.Name, k.Name.Name) {
			v.Imitates = p.Name
		}
	}
	return v
}

// imitations marks people whose name looks like that of somebody here who is
// better proved, or was here before.
func imitations(people []Person) {
	for i := range people {
		for j := range people {
			if i == j || people[i].Name == "" || !keys.LooksAlike(people[i].Name, people[j].Name) {
				continue
			}
			proved, other := people[i].Logged, people[j].Logged
			if other && !proved || other == proved && (people[j].Host || j < i && !people[i].Host) {
				people[i].Imitates = people[j].Name
			}
		}
	}
}

// facts about proofs in the badge: the log counts as checked only when
// everybody's passport was found in it.
func (b *Badge) proofs(people []Person) {
	for _, p := range people {
		if p.Verification > VerifiedEmail {
			b.Verified++
		}
	}
	b.LogChecked = len(people) > 0 && !slices.ContainsFunc(people, func(p Person) bool { return !p.Logged })
}
