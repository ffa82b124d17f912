package present

import (
	"conclave/app/core"
	"conclave/keys"
)

// Acquaintance is a row of the people met before.
type Acquaintance struct {
	Key          keys.PublicKey
	Name         string
	Marks        []Mark // verification when last met, and whether the code was compared
	Met          string
	SafetyNumber string
	Fingerprint  string
}

// mostAtHome is how many people and plans the home screen shows.
const mostAtHome = 4

// Recent lists the people met before, newest first.
func (p Presenter) Recent(s core.Snapshot) []Acquaintance {
	out := make([]Acquaintance, 0, len(s.People))
	for _, a := range s.People {
		v := Acquaintance{
			Key: a.Key, Name: a.Name, SafetyNumber: a.SafetyNumber, Fingerprint: a.Fingerprint,
			Marks: []Mark{p.Verification(a.Verification)}, Met: p.Text.Say("recent.met", "when", p.When(a.Met)),
		}
		if a.Compared {
			v.Marks = append(v.Marks, p.Trust(core.TrustCompared))
		}
		out = append(out, v)
	}
	return out
}

// RecentAtHome is Recent as far as the home screen shows it, and how many more
// there are.
func (p Presenter) RecentAtHome(s core.Snapshot) (shown []Acquaintance, more int) {
	n := min(len(s.People), mostAtHome)
	more = len(s.People) - n
	s.People = s.People[:n]
	return p.Recent(s), more
}
