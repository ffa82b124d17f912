package call

import (
	"bytes"
	"slices"

	"conclave/call/wire"
	"conclave/keys"
	"conclave/keys/policy"
)

// withdrawnKept bounds the tickets that were withdrawn while their knocks were
// being checked.
const withdrawnKept = 128

// missedMost is how many heartbeats a member's passport may take to come, and
// missedAtOnce how many are asked about without one at each.
const missedMost, missedAtOnce = 2, 16

// ownPassport takes the own passport over. Whoever is refused by what the host
// signed does not even knock.
func (m *machine) ownPassport(e OwnPassport) {
	renewed := !bytes.Equal(m.Mine.Bundle, e.Bundle)
	m.Mine = paper(m.Self, e.Bundle)
	m.Mine.Proof = e.Proof
	if m.Seat == SeatKnocking && m.Keys == KeysJoining && m.Entry == 0 {
		if _, refused := m.Refusal(e.Proof); refused {
			m.finish(EndPolicy)
			return
		}
	}
	if m.Seat == SeatSeated && renewed && len(m.People) > 1 {
		m.sayPassports(false)
		if m.shouldRenew() {
			m.arm(TimerHeartbeat, RenewAfter)
		}
	}
}

// mayEnter reports whether k may be let in by the host's word, now.
func (m *machine) mayEnter(k Knocker) bool {
	_, refused := m.Refusal(k.Proof)
	return !refused && !k.Proof.ended(m.now)
}

// room is how many more people the host's policy lets in.
func (m *machine) room() int {
	if m.Most == policy.Unlimited {
		return AdmitMost
	}
	return max(0, m.Most-len(m.People))
}

// isStaleKnock reports whether a knock went away while it was being checked, or
// was checked twice.
func (m *machine) isStaleKnock(t wire.Ticket) bool {
	return slices.Contains(m.Withdrawn, t) ||
		slices.ContainsFunc(m.Lobby, func(k Knocker) bool { return k.Ticket == t })
}

func (m *machine) withdrawn(t wire.Ticket) {
	m.Lobby = without(m.Lobby, func(k Knocker) bool { return k.Ticket == t })
	m.Withdrawn = append(slices.Clip(m.Withdrawn), t)
	if len(m.Withdrawn) > withdrawnKept {
		m.Withdrawn = slices.Clone(m.Withdrawn[len(m.Withdrawn)-withdrawnKept:])
	}
}

// keepPapers takes over what the host checked in the lobby, and forgets those who
// left, and former passports of those who have another in their leaf now.
func (m *machine) keepPapers(before []Person, added []keys.PublicKey) {
	for _, k := range m.Lobby {
		if slices.Contains(added, k.Key) {
			shown := paper(k.Key, k.Passport)
			shown.Proof = k.Proof
			m.putPaper(shown)
		}
	}
	m.Papers = without(m.Papers, func(p Paper) bool {
		now, in := m.Person(p.Device)
		i := slices.IndexFunc(before, func(o Person) bool { return o.Key == p.Device })
		former := i >= 0 && before[i].Passport == p.Passport && now.Passport != p.Passport
		return !in || former
	})
}

// putPaper keeps p and, of the same device, only the paper about the certificate in
// its leaf: p may be about the next one, which its owner says before they commit it.
func (m *machine) putPaper(p Paper) {
	holder, _ := m.Person(p.Device)
	m.Papers = append(without(m.Papers, func(o Paper) bool {
		return o.Device == p.Device && (o.Passport == p.Passport || o.Passport != holder.Passport)
	}), p)
}

// sayPassports says the own passport, or those of all members that are known:
// each client checks everybody's for itself.
func (m *machine) sayPassports(all bool) {
	var bundles [][]byte
	if len(m.Mine.Bundle) > 0 {
		bundles = append(bundles, m.Mine.Bundle)
	}
	for _, p := range m.Papers {
		member, _ := m.Person(p.Device)
		if all && len(p.Bundle) > 0 && p.Passport == member.Passport && p.Proof.Checked != CheckedFalse {
			bundles = append(bundles, p.Bundle)
		}
	}
	size, first := 0, 0
	for i, b := range bundles {
		if size+len(b) > maxPassportBytes {
			m.say(Passports{bundles[first:i]})
			size, first = 0, i
		}
		size += len(b)
	}
	if first < len(bundles) {
		m.say(Passports{bundles[first:]})
	}
}

// heardPassports has members' passports checked. One's own word about oneself
// counts always; somebody else's only about the certificate that is in the leaf, and
// only where nothing is known of it yet.
func (m *machine) heardPassports(from keys.PublicKey, p Passports) {
	for _, bundle := range p.Bundles {
		device := deviceOf(bundle)
		member, in := m.Person(device)
		if !in || device == m.Self {
			continue
		}
		shown := paper(device, bundle)
		if device != from && shown.Passport != member.Passport {
			continue
		}
		i := slices.IndexFunc(m.Papers, func(o Paper) bool { return o.Device == device && o.Passport == shown.Passport })
		if i >= 0 && (device != from || bytes.Equal(m.Papers[i].Bundle, bundle)) {
			continue
		}
		shown.Hearsay = device != from
		if i >= 0 {
			shown.Proof = m.Papers[i].Proof // of the same certificate, until the log answers
		}
		m.putPaper(shown)
		m.do(CheckPassport{Shown{Device: device, Bundle: bundle}})
	}
}

// passportChecked takes an answer over. What somebody else passed on and does
// not hold accuses nobody: it is forgotten.
func (m *machine) passportChecked(e PassportChecked) {
	m.knockerChecked(e)
	i := slices.IndexFunc(m.Papers, func(p Paper) bool {
		return p.Device == e.Device && bytes.Equal(p.Bundle, e.Bundle)
	})
	if i < 0 {
		return
	}
	if m.Papers[i].Hearsay && e.Proof.Checked == CheckedFalse {
		m.Papers = without(m.Papers, func(p Paper) bool { return p.Device == e.Device && bytes.Equal(p.Bundle, e.Bundle) })
		return
	}
	before, told := m.Papers[i].Proof, slices.ContainsFunc(m.Papers, func(p Paper) bool {
		return p.Device == e.Device && m.isAgainst(p.Proof)
	})
	if e.Proof.Checked == CheckedAway && before.Checked == CheckedHolds {
		return // it stood the check; that the log is away now accuses nobody
	}
	m.Papers = slices.Clone(m.Papers)
	m.Papers[i].Proof = e.Proof
	m.Papers[i].Hearsay = m.Papers[i].Hearsay && e.Proof.Checked != CheckedHolds
	if e.Proof.Checked == CheckedFalse && before.Flaw != e.Proof.Flaw && e.Proof.Flaw != FlawLog { // that is the service's
		m.do(Tell{Notice: NoticeFalsePassport, Name: m.nameOf(e.Device)})
	}
	if m.isAgainst(e.Proof) && !told {
		m.do(Tell{Notice: NoticeAgainstPolicy, Name: m.nameOf(e.Device)})
	}
}

// isAgainst reports whether it is known of somebody that policy or demand keep
// them out; a service that is away lets nobody know.
func (m *machine) isAgainst(p Proof) bool {
	_, refused := m.Refusal(p)
	return refused && (p.Checked == CheckedHolds || p.Checked == CheckedNothing)
}

// missPassports asks about members who show no passport, once theirs had the time
// to come: policy or demand may keep such people out.
func (m *machine) missPassports() {
	asked := 0
	for _, q := range m.People {
		if q.Key == m.Self {
			continue
		}
		p := Paper{Device: q.Key}
		if i := slices.IndexFunc(m.Papers, func(o Paper) bool { return o.Device == q.Key }); i >= 0 {
			p = m.Papers[i]
		}
		unknown := p.Proof.Checked == CheckedNot || p.Proof.Checked == CheckedAway
		if len(p.Bundle) > 0 || !unknown || asked == missedAtOnce {
			continue
		}
		p.Missed = min(p.Missed+1, missedMost)
		m.putPaper(p)
		if p.Missed == missedMost {
			asked++
			m.do(CheckPassport{Shown{Device: q.Key}})
		}
	}
}

// knockerChecked takes over that the passport of somebody who waits does not
// hold any more. It makes none hold that did not when they knocked.
func (m *machine) knockerChecked(e PassportChecked) {
	for _, k := range m.Lobby {
		same := k.Key == e.Device && bytes.Equal(k.Passport, e.Bundle)
		if same && k.Proof.Checked == CheckedHolds && e.Proof.Checked == CheckedFalse {
			m.knocker(k.Ticket, func(k *Knocker) { k.Proof = e.Proof })
		}
	}
}

// checkAgain asks about everybody's passport anew, also of those who wait: one
// may have been revoked.
func (m *machine) checkAgain() {
	if m.Seat != SeatSeated {
		return
	}
	m.do(FetchOwn{})
	for _, p := range m.Papers {
		if len(p.Bundle) > 0 {
			m.do(CheckPassport{Shown{Device: p.Device, Bundle: p.Bundle}})
		}
	}
	for _, k := range m.Lobby {
		if k.Proof.Checked == CheckedHolds {
			m.do(CheckPassport{Shown{Device: k.Key, Name: k.Name.Name, Bundle: k.Passport}})
		}
	}
}

// deviceOf is the device that a bundle speaks of; zero for nonsense.
func deviceOf(bundle []byte) keys.PublicKey {
	b, err := keys.ParsePassportBundle(bundle)
	if err != nil {
		return keys.PublicKey{}
	}
	p, err := keys.ParsePassport(b.Chain[0])
	if err != nil {
		return keys.PublicKey{}
	}
	return p.Device
}
