package group

import (
	"encoding/binary"
	"fmt"

	"conclave/keys"
)

// rosterOf returns the members of the engine's epoch and their passports. Every
// credential must be its device key or a passport of it, and no device may be there
// twice. known are passports that were read before, which need not be read again.
func rosterOf(e engine, known papers) ([]Member, papers, error) {
	leaves := e.members()
	roster := make([]Member, 0, len(leaves))
	seen := make(map[keys.PublicKey]bool, len(leaves))
	held := make(papers)
	for _, l := range leaves {
		key, ok := known.key(l)
		if !ok {
			return nil, nil, &ForbiddenError{Why: BadCredential}
		}
		if seen[key] {
			return nil, nil, &ForbiddenError{Why: AddTwice}
		}
		if l.passport != nil {
			held[key] = l.passport
		}
		seen[key] = true
		roster = append(roster, Member{Leaf: l.index, Key: key})
	}
	return roster, held, nil
}

// without returns the members of a that are not in b, by device and by leaf.
func without(a, b []Member) []Member {
	in := make(map[Member]bool, len(b))
	for _, m := range b {
		in[m] = true
	}
	var out []Member
	for _, m := range a {
		if !in[m] {
			out = append(out, m)
		}
	}
	return out
}

// leaves returns the leaves of members to be removed, after asking the rules.
func (g *Group) leaves(removes []keys.PublicKey) ([]uint32, error) {
	self := g.Self()
	out := make([]uint32, 0, len(removes))
	for _, key := range removes {
		m, ok := g.find(key)
		if !ok || m == self {
			return nil, ErrNotMember
		}
		if err := g.judgeRemove(self, m); err != nil {
			return nil, err
		}
		out = append(out, m.Leaf)
	}
	return out, nil
}

// admit checks key packages and signs an admission for each.
func (g *Group) admit(adds [][]byte) ([]byte, error) {
	if len(adds) == 0 {
		return nil, nil
	}
	if self := g.Self(); self.Key != g.Host() {
		return nil, &ForbiddenError{Why: AddNotByHost, By: self}
	}
	list := make([]keys.Admission, 0, len(adds))
	for i, kp := range adds {
		key, _, err := g.meeting.checkKeyPackage(kp)
		if err != nil {
			return nil, fmt.Errorf("key package %d: %w", i, err)
		}
		if _, ok := g.find(key); ok {
			return nil, &ForbiddenError{Why: AddTwice}
		}
		list = append(list, g.meeting.device.SignAdmission(g.meeting.id, key, hashKeyPackage(kp)))
	}
	return encodeAdmissions(list), nil
}

// judge says whether a commit that MLS accepts keeps the rules of the meeting.
func (g *Group) judge(p proposed) error {
	if p.outside {
		return &ForbiddenError{Why: OutsideCommit}
	}
	by, ok := g.at(p.by)
	if !ok {
		return ErrInvalid
	}
	if p.other {
		return &ForbiddenError{Why: OtherProposal, By: by}
	}
	for _, index := range p.removes {
		m, ok := g.at(index)
		if !ok {
			return ErrInvalid
		}
		if err := g.judgeRemove(by, m); err != nil {
			return err
		}
	}
	return g.judgeAdds(by, p.adds, p.data)
}

func (g *Group) judgeRemove(by, whom Member) error {
	if by.Key == g.Host() || g.departed[whom.Key] {
		return nil
	}
	return &ForbiddenError{Why: RemoveNotAllowed, By: by}
}

// judgeAdds wants the host as committer and exactly one admission for each Add.
func (g *Group) judgeAdds(by Member, adds []added, data []byte) error {
	if len(adds) == 0 {
		if len(data) != 0 {
			return &ForbiddenError{Why: OtherProposal, By: by}
		}
		return nil
	}
	if by.Key != g.Host() {
		return &ForbiddenError{Why: AddNotByHost, By: by}
	}
	admissions, err := parseAdmissions(data)
	if err != nil || len(admissions) != len(adds) {
		return &ForbiddenError{Why: AddNotAdmitted, By: by}
	}
	admitted := make(map[keys.PublicKey]keys.Admission, len(adds))
	for _, a := range admissions {
		if a.Verify(g.meeting.id, g.Host()) != nil {
			return &ForbiddenError{Why: AddNotAdmitted, By: by}
		}
		admitted[a.Joiner] = a
	}
	for _, a := range adds {
		key, ok := a.leaf.key()
		if !ok {
			return &ForbiddenError{Why: BadCredential, By: by}
		}
		if _, ok := g.find(key); ok {
			return &ForbiddenError{Why: AddTwice, By: by}
		}
		admission, ok := admitted[key]
		if !ok || admission.KeyPackage != a.hash {
			return &ForbiddenError{Why: AddNotAdmitted, By: by}
		}
		delete(admitted, key) // each admission lets one in
	}
	return nil
}

func (g *Group) at(index uint32) (Member, bool) {
	for _, m := range g.roster {
		if m.Leaf == index {
			return m, true
		}
	}
	return Member{}, false
}

// encodeAdmissions writes a version, a count and the admissions, as they stand in
// the commit's authenticated data.
func encodeAdmissions(list []keys.Admission) []byte {
	out := binary.BigEndian.AppendUint16([]byte{1}, uint16(len(list)))
	for _, a := range list {
		out = append(out, a.Encode()...)
	}
	return out
}

func parseAdmissions(data []byte) ([]keys.Admission, error) {
	if len(data) < 3 || data[0] != 1 {
		return nil, keys.ErrAdmission
	}
	n, rest := int(binary.BigEndian.Uint16(data[1:])), data[3:]
	size := len(keys.Admission{}.Encode())
	if n > MaxMembers || len(rest) != n*size {
		return nil, keys.ErrAdmission
	}
	list := make([]keys.Admission, n)
	for i := range list {
		var err error
		if list[i], err = keys.ParseAdmission(rest[i*size : (i+1)*size]); err != nil {
			return nil, err
		}
	}
	return list, nil
}
