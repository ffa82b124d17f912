package policy

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"

	"conclave/keys"
)

// DemandRule is the rule's name in answers that a host's demand decided.
const DemandRule = "demand"

// ErrTerms is returned for text that is no meeting's terms, or of another one.
var ErrTerms = errors.New("check meeting terms: not those that the host signed")

// Demand is what a host asks for one meeting beyond policy. It can only make
// stricter. The zero value demands nothing.
type Demand struct {
	VerifiedOnly bool   `json:"verified_only,omitempty"`
	Organisation string `json:"organisation,omitempty"` // only people whom this domain vouches for
}

// IsZero reports whether nothing is demanded.
func (d Demand) IsZero() bool { return d == Demand{} }

// Terms are what a meeting was opened under: a policy and the host's demand.
// Their hash is PolicyHash in the meeting's descriptor, and so part of the
// meeting's identifier: neither can be changed or swapped afterwards.
type Terms struct {
	Policy Hash
	Demand Demand
}

// Hash is what goes into the descriptor. Terms without policy and demand have
// the zero hash, that of meetings without policy.
func (t Terms) Hash() [32]byte {
	if t.Policy.IsZero() && t.Demand.IsZero() {
		return [32]byte{}
	}
	return sha256.Sum256(append([]byte("Conclave 1 terms\x00"), t.Encode()...))
}

type termsFile struct {
	Policy string `json:"policy"`
	Demand Demand `json:"demand"`
}

// Encode returns the one JSON text of t, which travels beside the descriptor.
func (t Terms) Encode() []byte {
	out, _ := json.Marshal(termsFile{Policy: t.Policy.String(), Demand: t.Demand}) // strings and a bool never fail
	return out
}

// ParseTerms reads what Encode writes, and no other text.
func ParseTerms(data []byte) (Terms, error) {
	if len(data) > 1024 {
		return Terms{}, ErrTerms
	}
	var f termsFile
	if err := json.Unmarshal(data, &f); err != nil {
		return Terms{}, ErrTerms
	}
	raw, err := hex.DecodeString(f.Policy)
	if err != nil || len(raw) != len(Hash{}) {
		return Terms{}, ErrTerms
	}
	t := Terms{Policy: Hash(raw), Demand: f.Demand}
	if string(t.Encode()) != string(data) {
		return Terms{}, ErrTerms
	}
	return t, nil
}

// Meeting is the evaluator of one meeting, made from terms that were checked
// against its descriptor.
type Meeting struct {
	policy *Policy
	demand Demand
}

// Bind returns the evaluator of the meeting whose descriptor carries hash. The
// policy and the terms may come from anywhere, a lying service included: they
// are believed only if they are what the host signed.
func Bind(hash [32]byte, t Terms, p *Policy) (Meeting, error) {
	if hash == ([32]byte{}) || t.Hash() != hash || p == nil || p.Hash() != t.Policy {
		return Meeting{}, ErrTerms
	}
	return Meeting{policy: p, demand: t.Demand}, nil
}

// Decide is Policy.Decide, made stricter by the host's demand for entering. The
// admitting client asks it before it releases any key.
func (m Meeting) Decide(s Subject, a Action) Answer {
	answer := m.policy.Decide(s, a)
	if a != ActionJoinE2EE && a != ActionJoinTransport {
		return answer
	}
	refused := Answer{Decision: DecisionRefuse, Rule: DemandRule}
	switch {
	case m.demand.Organisation != "" && (s.Organisation != m.demand.Organisation || !s.Class.IsVerified()):
		refused.Reason = "The host opened this meeting only for people whom one organisation vouches for."
		refused.Unlock = []keys.Class{keys.ClassOrganisation, keys.ClassSeat}
		return refused
	case m.demand.VerifiedOnly && !s.Class.IsVerified():
		refused.Reason = "The host opened this meeting only for verified people."
		refused.Unlock = slices.DeleteFunc(keys.Classes(), func(c keys.Class) bool {
			return !c.IsVerified() || !m.policy.Decide(Subject{Class: c}, a).Allowed()
		})
		return refused
	}
	return answer
}
