package policy

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"conclave/keys"
)

// Limits of policy files.
const (
	maxFile   = 64 << 10
	maxRules  = 200
	maxReason = 300
	maxName   = 64
)

// Parse reads a policy file strictly: unknown and doubled fields, unknown
// classes and actions, rules that overlap and cases without a rule are errors,
// of type *SyntaxError with the line.
func Parse(data []byte) (*Policy, error) {
	if len(data) > maxFile {
		return nil, &SyntaxError{Line: 1, Why: "longer than 64 KiB"}
	}
	if !utf8.Valid(data) || bytes.ContainsRune(data, '\r') {
		return nil, &SyntaxError{Line: 1, Why: "want UTF-8 text with plain line ends"}
	}
	root, err := readTree(data)
	if err != nil {
		return nil, err
	}
	p := &Policy{text: bytes.Clone(data), cells: map[cell]int{}}
	if err := p.readHead(&root); err != nil {
		return nil, err
	}
	rules := root.find("rules")
	if rules.kind != '[' || len(rules.items) > maxRules {
		return nil, rules.fail("rules: want a list of at most %d rules", maxRules)
	}
	for i := range rules.items {
		if err := p.readRule(&rules.items[i]); err != nil {
			return nil, err
		}
	}
	for _, c := range keys.Classes() {
		for _, a := range Actions() {
			if _, ok := p.cells[cell{c, a}]; !ok {
				return nil, rules.fail("no rule for class %s and action %s", c, a)
			}
		}
	}
	return p, nil
}

func (p *Policy) readHead(root *node) error {
	if err := root.exactly("format", "name", "version", "issued", "rules"); err != nil {
		return err
	}
	if n := root.find("format"); n.kind != 's' || n.literal != Format {
		return n.fail("format: want %q", Format)
	}
	n := root.find("name")
	if n.kind != 's' || !isWord(n.literal) {
		return n.fail("name: want 1 to %d lower-case letters, digits and hyphens", maxName)
	}
	p.Name = n.literal
	n = root.find("version")
	version, err := strconv.ParseUint(n.literal, 10, 63)
	if n.kind != 'n' || err != nil || version == 0 {
		return n.fail("version: want a whole number from 1")
	}
	p.Version = version
	n = root.find("issued")
	issued, err := time.Parse("2006-01-02T15:04:05Z", n.literal)
	if n.kind != 's' || err != nil {
		return n.fail("issued: want a time like 2026-11-22T09:30:00Z")
	}
	p.Issued = issued
	return nil
}

func (p *Policy) readRule(n *node) error {
	fields := []string{"id", "classes", "actions", "decision", "reason"}
	if n.find("limit") != nil {
		fields = append(fields, "limit")
	}
	if err := n.exactly(fields...); err != nil {
		return err
	}
	r := Rule{Line: n.line}
	id := n.find("id")
	if id.kind != 's' || !isWord(id.literal) {
		return id.fail("id: want 1 to %d lower-case letters, digits and hyphens", maxName)
	}
	r.ID = id.literal
	if slices.ContainsFunc(p.Rules, func(o Rule) bool { return o.ID == r.ID }) {
		return id.fail("id: %q is another rule's", r.ID)
	}
	var err error
	if r.Classes, err = list(n.find("classes"), "class", keys.ParseClass); err != nil {
		return err
	}
	if r.Actions, err = list(n.find("actions"), "action", ParseAction); err != nil {
		return err
	}
	decision := n.find("decision")
	if r.Decision, err = ParseDecision(decision.literal); err != nil || decision.kind != 's' {
		return decision.fail("decision: want allow, ask-host or refuse")
	}
	reason := n.find("reason")
	if reason.kind != 's' || !isSentence(reason.literal) {
		return reason.fail("reason: want one sentence with a full stop, at most %d characters", maxReason)
	}
	r.Reason = reason.literal
	if err := r.readLimit(n); err != nil {
		return err
	}
	p.Rules = append(p.Rules, r)
	return p.claim(n, r)
}

// readLimit demands a limit exactly where the actions have one and are allowed.
func (r *Rule) readLimit(n *node) error {
	limited := slices.ContainsFunc(r.Actions, Action.HasLimit)
	limit := n.find("limit")
	switch {
	case limited && r.Decision == DecisionAsk:
		return n.fail("size and duration are allowed or refused, nobody is asked")
	case limited && r.Decision == DecisionAllow && len(r.Actions) != 1:
		return n.fail("allowed size and duration need rules of their own")
	case limited && r.Decision == DecisionAllow && limit == nil:
		return n.fail("limit is missing: 0 is unlimited")
	case limit == nil:
		return nil
	case !limited || r.Decision != DecisionAllow:
		return limit.fail("limit: only for size and duration that are allowed")
	}
	value, err := strconv.Atoi(limit.literal)
	if limit.kind != 'n' || err != nil || value < 0 || value > maxLimit {
		return limit.fail("limit: want a whole number from 0 to %d", maxLimit)
	}
	r.Limit = value
	return nil
}

// claim gives the newest rule its cases, unless another one has them.
func (p *Policy) claim(n *node, r Rule) error {
	for _, c := range r.Classes {
		for _, a := range r.Actions {
			if other, taken := p.cells[cell{c, a}]; taken {
				return n.fail("class %s and action %s belong to rule %q already", c, a, p.Rules[other].ID)
			}
			p.cells[cell{c, a}] = len(p.Rules) - 1
		}
	}
	return nil
}

// exactly demands an object with these fields and no others.
func (n *node) exactly(names ...string) error {
	if n.kind != '{' {
		return n.fail("want an object in braces")
	}
	for i := range n.fields {
		if !slices.Contains(names, n.fields[i].name) {
			return n.fields[i].value.fail("field %q is unknown here", n.fields[i].name)
		}
	}
	for _, name := range names {
		if n.find(name) == nil {
			return n.fail("field %q is missing", name)
		}
	}
	return nil
}

// list reads a list of distinct names.
func list[T comparable](n *node, what string, parse func(string) (T, error)) ([]T, error) {
	if n.kind != '[' || len(n.items) == 0 {
		return nil, n.fail("want a list of at least one %s", what)
	}
	var out []T
	for i := range n.items {
		item := &n.items[i]
		value, err := parse(item.literal)
		if item.kind != 's' || err != nil {
			return nil, item.fail("%q is no %s", item.literal, what)
		}
		if slices.Contains(out, value) {
			return nil, item.fail("%s %q stands twice", what, item.literal)
		}
		out = append(out, value)
	}
	return out, nil
}

func isWord(s string) bool {
	if s == "" || len(s) > maxName || s[0] == '-' || s[len(s)-1] == '-' {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-')
	})
}

// isSentence wants text that shows as it is written: no control, format or
// reordering characters.
func isSentence(s string) bool {
	n := utf8.RuneCountInString(s)
	if n < 2 || n > maxReason || !strings.HasSuffix(s, ".") || strings.TrimSpace(s) != s {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) || r == unicode.ReplacementChar })
}
