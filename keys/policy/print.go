package policy

import (
	"fmt"
	"io"
	"strings"

	"conclave/keys"
)

// Explain prints what p decides for a class and an action: the decision, the
// rule, the reason, and what would unlock it.
func Explain(w io.Writer, p *Policy, class keys.Class, action Action) error {
	a := p.Decide(Subject{Class: class}, action)
	out := &strings.Builder{}
	fmt.Fprintf(out, "policy    %s, version %d\n", p.Name, p.Version)
	fmt.Fprintf(out, "question  may %s %s?\n", class, action)
	fmt.Fprintf(out, "decision  %s\n", describe(a.Decision, a.Limit, action))
	fmt.Fprintf(out, "rule      %s (line %d)\n", a.Rule, a.Line)
	fmt.Fprintf(out, "reason    %s\n", a.Reason)
	fmt.Fprintf(out, "unlock    %s\n", unlock(p, a, action))
	_, err := io.WriteString(w, out.String())
	return err
}

func unlock(p *Policy, a Answer, action Action) string {
	if len(a.Unlock) == 0 {
		if a.Allowed() {
			return "nothing to unlock"
		}
		return "nothing does under this policy"
	}
	ways := make([]string, 0, len(a.Unlock))
	for _, c := range a.Unlock {
		better := p.Decide(Subject{Class: c}, action)
		ways = append(ways, fmt.Sprintf("%s (%s)", c, describe(better.Decision, better.Limit, action)))
	}
	return strings.Join(ways, ", ")
}

func describe(d Decision, limit int, action Action) string {
	if d != DecisionAllow || !action.HasLimit() {
		return d.String()
	}
	unit := "people"
	if action == ActionDuration {
		unit = "minutes"
	}
	if limit == Unlimited {
		return d.String() + ", unlimited"
	}
	return fmt.Sprintf("%s, up to %d %s", d, limit, unit)
}

// Change is what one class gains or loses between two policies.
type Change struct {
	Class  keys.Class
	Action Action
	From   Answer
	To     Answer
	Gain   bool
}

// Diff lists the changes from a to b, by class, then by action. Rules that only
// have another name or reason are no changes.
func Diff(a, b *Policy) []Change {
	var out []Change
	for _, class := range keys.Classes() {
		for _, action := range Actions() {
			c := cell{class, action}
			order := compare(b.Rules[b.cells[c]], a.Rules[a.cells[c]])
			if order == 0 {
				continue
			}
			s := Subject{Class: class}
			out = append(out, Change{class, action, a.Decide(s, action), b.Decide(s, action), order > 0})
		}
	}
	return out
}

// PrintDiff prints what each class gains and loses from a to b.
func PrintDiff(w io.Writer, a, b *Policy) error {
	out := &strings.Builder{}
	fmt.Fprintf(out, "from %s version %d to %s version %d\n", a.Name, a.Version, b.Name, b.Version)
	changes := Diff(a, b)
	for _, class := range keys.Classes() {
		fmt.Fprintf(out, "%s\n", class)
		found := false
		for _, c := range changes {
			if c.Class != class {
				continue
			}
			found = true
			verb := "loses "
			if c.Gain {
				verb = "gains "
			}
			fmt.Fprintf(out, "  %s %-15s %s -> %s (%s)\n", verb, c.Action,
				describe(c.From.Decision, c.From.Limit, c.Action), describe(c.To.Decision, c.To.Limit, c.Action), c.To.Rule)
		}
		if !found {
			out.WriteString("  unchanged\n")
		}
	}
	_, err := io.WriteString(w, out.String())
	return err
}
