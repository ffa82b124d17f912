package policy

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"time"

	"conclave/keys"
)

// Format is the first field of every policy file.
const Format = "conclave-policy/1"

// Action is something that people do in or with meetings.
type Action uint8

// The actions. Size and Duration ask "how much": their answers carry a limit.
const (
	ActionNone          Action = iota
	ActionHostE2EE             // start an end-to-end encrypted meeting
	ActionJoinE2EE             // enter one
	ActionHostTransport        // start a meeting that the service could read
	ActionJoinTransport        // enter one
	ActionSize                 // most people in a meeting that one hosts
	ActionDuration             // longest time of a meeting that one hosts, in minutes
	ActionRecord               // record on one's own computer
	ActionShareScreen          // share one's screen
)

var actionNames = [...]string{
	"", "host-e2ee", "join-e2ee", "host-transport", "join-transport", "size", "duration", "record", "share-screen",
}

// ErrAction is returned for the name of no action.
var ErrAction = errors.New("parse action: unknown")

// Actions lists the valid actions in their order.
func Actions() []Action {
	out := make([]Action, 0, len(actionNames)-1)
	for a := ActionHostE2EE; int(a) < len(actionNames); a++ {
		out = append(out, a)
	}
	return out
}

// ParseAction reads what String writes.
func ParseAction(s string) (Action, error) {
	if i := slices.Index(actionNames[1:], s); i >= 0 {
		return Action(i + 1), nil
	}
	return ActionNone, ErrAction
}

// IsValid reports whether a is one of the actions above.
func (a Action) IsValid() bool { return a > ActionNone && int(a) < len(actionNames) }

// HasLimit reports whether rules for a carry a limit.
func (a Action) HasLimit() bool { return a == ActionSize || a == ActionDuration }

// String returns the name of the action as it stands in policy files.
func (a Action) String() string {
	if !a.IsValid() {
		return "invalid"
	}
	return actionNames[a]
}

// Decision is what a rule says.
type Decision uint8

// The decisions, from the strictest to the freest.
const (
	DecisionNone Decision = iota // invalid; treat as Refuse
	DecisionRefuse
	DecisionAsk // the host of the meeting decides, person by person
	DecisionAllow
)

var decisionNames = [...]string{"", "refuse", "ask-host", "allow"}

// ErrDecision is returned for the name of no decision.
var ErrDecision = errors.New("parse decision: unknown")

// ParseDecision reads what String writes.
func ParseDecision(s string) (Decision, error) {
	if i := slices.Index(decisionNames[1:], s); i >= 0 {
		return Decision(i + 1), nil
	}
	return DecisionNone, ErrDecision
}

// String returns the name of the decision as it stands in policy files.
func (d Decision) String() string {
	if d == DecisionNone || int(d) >= len(decisionNames) {
		return "invalid"
	}
	return decisionNames[d]
}

// Unlimited is the limit of rules that set none.
const Unlimited = 0

// maxLimit keeps limits within what screens can show: people, or minutes.
const maxLimit = 1_000_000

// Rule decides for some classes and some actions.
type Rule struct {
	ID       string // short and unique: lower-case words with hyphens
	Classes  []keys.Class
	Actions  []Action
	Decision Decision
	Limit    int    // for ActionSize people, for ActionDuration minutes; 0 is unlimited
	Reason   string // one sentence for the person who is refused or allowed
	Line     int    // where the rule stands in the file; 0 when not read from one
}

// Policy is a whole, checked policy: every class and action has one rule.
type Policy struct {
	Name    string
	Version uint64
	Issued  time.Time // whole seconds, UTC
	Rules   []Rule
	cells   map[cell]int // index in Rules
	text    []byte
}

type cell struct {
	class  keys.Class
	action Action
}

// Hash of the policy's text; zero bytes never.
type Hash [32]byte

// String returns the hash in hexadecimal.
func (h Hash) String() string { return fmt.Sprintf("%x", h[:]) }

// IsZero reports whether there is no policy behind h.
func (h Hash) IsZero() bool { return h == Hash{} }

// Hash identifies exactly this text.
func (p *Policy) Hash() Hash {
	return sha256.Sum256(append([]byte("Conclave 1 policy\x00"), p.text...))
}

// Text returns the file as it was parsed.
func (p *Policy) Text() []byte { return slices.Clone(p.text) }

// Subject is a person as policy sees one.
type Subject struct {
	Class        keys.Class
	Organisation string // domain of who vouches; "" when the service itself does
}

// Guest is a person without a passport.
func Guest() Subject { return Subject{Class: keys.ClassGuest} }

// SubjectOf returns the subject of a passport that was checked before.
func SubjectOf(p keys.Passport) Subject {
	return Subject{Class: p.Class, Organisation: p.Issuer}
}

// Answer is a decision with its grounds.
type Answer struct {
	Decision Decision
	Rule     string // ID of the rule, or "demand" for the host's own
	Line     int    // of the rule in the file
	Limit    int    // for actions with a limit
	Reason   string
	Unlock   []keys.Class // classes for which the answer would be better, cheapest first
}

// Allowed reports whether nobody needs to be asked any more.
func (a Answer) Allowed() bool { return a.Decision == DecisionAllow }

// Decide answers whether s may do a. An invalid class or action is refused, as
// is everything by a nil policy.
func (p *Policy) Decide(s Subject, a Action) Answer {
	if p == nil {
		return Answer{Decision: DecisionRefuse, Rule: "none", Reason: "No policy is in force."}
	}
	i, ok := p.cells[cell{s.Class, a}]
	if !ok {
		return Answer{Decision: DecisionRefuse, Rule: "none", Reason: "The policy does not know this action or class."}
	}
	r := p.Rules[i]
	return Answer{
		Decision: r.Decision, Rule: r.ID, Line: r.Line, Limit: r.Limit, Reason: r.Reason,
		Unlock: p.better(s.Class, a),
	}
}

// Admits reports whether a meeting hosted by s may hold n people.
func (p *Policy) Admits(s Subject, n int) bool {
	a := p.Decide(s, ActionSize)
	return a.Allowed() && (a.Limit == Unlimited || n <= a.Limit)
}

// better lists the classes with a better answer for a, in the order of classes.
func (p *Policy) better(from keys.Class, a Action) []keys.Class {
	mine := p.Rules[p.cells[cell{from, a}]]
	var out []keys.Class
	for _, c := range keys.Classes() {
		if c != from && compare(p.Rules[p.cells[cell{c, a}]], mine) > 0 {
			out = append(out, c)
		}
	}
	return out
}

// compare orders rules by how much they give: decision, then limit.
func compare(x, y Rule) int {
	if x.Decision != y.Decision {
		return int(x.Decision) - int(y.Decision)
	}
	switch {
	case x.Limit == y.Limit:
		return 0
	case x.Limit == Unlimited:
		return 1
	case y.Limit == Unlimited:
		return -1
	}
	return x.Limit - y.Limit
}
