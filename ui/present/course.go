package present

import (
	"slices"
	"strings"
	"time"

	"conclave/app/core"
	"conclave/app/core/upgrade"
	"conclave/keys"
	"conclave/keys/policy"
)

// Way is one way to be verified: what it proves, what others see of it, and
// what the service keeps.
type Way struct {
	Class  keys.Class
	Icon   Icon
	Title  string
	Proves string
	Seen   string // and what the service keeps
	Opens  string // what policy allows with it and not now, where that differs between the ways; or ""
}

// Field is one thing to type.
type Field struct {
	Label, Hint string
	Value       string // to begin with
	Limit       int    // in characters
}

// Trouble is what went wrong last, and how it is mended.
type Trouble struct{ Words, Mend string }

// Outbox is a code that lies on this computer.
type Outbox struct{ Title, Code, Words string }

// Form says what a step of a course is made of.
type Form uint8

// The forms.
const (
	FormNone   Form = iota // only told: something runs, or is done
	FormChoose             // one of the ways
	FormEnter              // an address, number, domain or voucher
	FormCode               // the code
)

// CourseView is one step of signing in or of an upgrade. While the service
// works on what was typed, the form stays and Busy is set, so that nothing
// jumps when it answers at once.
type CourseView struct {
	Form         Form
	Way          keys.Class
	Busy         bool
	Step, Steps  int
	Icon         Icon
	Tone         Tone
	Title, Words string
	Key          string // where keys lie, in one sentence; "" where it does not matter
	Ways         []Way  // in FormChoose
	Opens        string // what each of them opens, or ""
	Name         *Field // beside the field, when an account is made
	Field        *Field
	Trouble      *Trouble
	Outbox       *Outbox
	Page         string // of the organisation, to be copied
	Mark         Mark   // when done: what others see now; Words "" before
	Next         string // the button that leads on; "" for none
	Resend       string // the button for another code; "" for none
	Upgrade      string // the button after signing in only; "" for none
	CanBack      bool
	Close        string
}

// Course computes the view of a running course.
func (p Presenter) Course(s core.Snapshot) CourseView {
	c, say := s.Account.Course, p.Text.Say
	v := CourseView{Way: c.Way, CanBack: c.CanBack(), Close: say("course.cancel"), Tone: Info, Icon: classIcon(c.Way)}
	v.Step, v.Steps = steps(c)
	v.Trouble = p.trouble(c)
	switch c.Phase {
	case upgrade.PhaseIdle:
	case upgrade.PhaseChoose:
		p.courseChoose(&v, s)
	case upgrade.PhaseEnter:
		p.courseEnter(&v, s)
	case upgrade.PhaseConfirm:
		p.courseConfirm(&v, c)
	case upgrade.PhaseSending, upgrade.PhaseChecking:
		p.courseBusy(&v, s)
	case upgrade.PhaseBrowser:
		v.Icon, v.Title, v.Words = "globe", say("course.browser.title"), say("course.browser.words", "domain", string(c.Entered))
		v.Page = c.Page
	case upgrade.PhaseIssuing:
		v.Icon, v.Title, v.Words = "shield", say("course.issuing.title"), say("course.issuing.words")
		if c.Trouble != upgrade.TroubleNone {
			v.Icon, v.Tone, v.Title, v.Words = "warning", Caution, say("course.noissue.title"), say("course.noissue.words")
			v.Next, v.Close = say("course.retry"), say("course.later")
		}
	case upgrade.PhaseDone:
		p.courseDone(&v, s)
	}
	return v
}

// courseBusy is the form before, with its button saying what runs.
func (p Presenter) courseBusy(v *CourseView, s core.Snapshot) {
	c, say := s.Account.Course, p.Text.Say
	v.Busy = true
	switch {
	case c.Way == keys.ClassSeat:
		v.Title, v.Words = say("course.checking.title"), say("course.checking.words")
		return
	case !c.Until.IsZero(): // a code is out: it is checked, or another one is on its way
		p.courseConfirm(v, c)
	default:
		p.courseEnter(v, s)
	}
	switch {
	case c.Phase == upgrade.PhaseChecking:
		v.Next = say("course.checking.title")
	case c.Way == keys.ClassOrganisation:
		v.Next = say("course.sending.organisation")
	case v.Form == FormCode:
		v.Resend = say("course.sending.title")
	default:
		v.Next = say("course.sending.title")
	}
}

func steps(c upgrade.State) (step, of int) {
	signIn := c.Way == keys.ClassEmail
	switch c.Phase {
	case upgrade.PhaseIdle, upgrade.PhaseDone:
		return 0, 0
	case upgrade.PhaseChoose:
		return 1, 4
	case upgrade.PhaseEnter, upgrade.PhaseSending:
		step = 2
	case upgrade.PhaseConfirm, upgrade.PhaseBrowser, upgrade.PhaseChecking:
		step = 3
	case upgrade.PhaseIssuing:
		step = 4
	}
	if signIn {
		return step - 1, 3
	}
	return step, 4
}

func (p Presenter) courseChoose(v *CourseView, s core.Snapshot) {
	v.Form, v.Icon, v.Title, v.Words = FormChoose, "shield-check", p.Text.Say("course.choose.title"), p.Text.Say("course.choose.words")
	for _, way := range s.Account.Course.Ways {
		v.Ways = append(v.Ways, p.way(way, s.Account.May))
	}
	if same(v.Ways) && v.Ways[0].Opens != "" {
		v.Opens = v.Ways[0].Opens
		for i := range v.Ways {
			v.Ways[i].Opens = ""
		}
	}
	if len(v.Ways) == 0 {
		v.Words, v.Close = p.Text.Say("course.choose.none"), p.Text.Say("course.close")
	}
}

// same reports whether all ways open the same.
func same(ways []Way) bool {
	for _, w := range ways {
		if w.Opens != ways[0].Opens {
			return false
		}
	}
	return len(ways) > 0
}

// way tells of a class; may is what policy says now, for what it would open.
func (p Presenter) way(c keys.Class, may []core.Permission) Way {
	key, say := "way."+c.String(), p.Text.Say
	w := Way{Class: c, Icon: classIcon(c), Title: say(key + ".title"), Proves: say(key + ".proves"), Seen: say(key+".seen") + " " + say(key+".keeps")}
	var opens []string
	for _, m := range may {
		if m.Decision != policy.DecisionAllow && !m.Action.HasLimit() && slices.Contains(m.Unlock, c) {
			opens = append(opens, p.actionName(m.Action))
		}
	}
	if len(opens) > 0 {
		w.Opens = say("way.opens", "actions", strings.Join(opens, ", "))
	}
	return w
}

func (p Presenter) courseEnter(v *CourseView, s core.Snapshot) {
	c, say := s.Account.Course, p.Text.Say
	key := "course.enter." + c.Way.String()
	v.Form, v.Title, v.Words, v.Next = FormEnter, say(key+".title"), say(key+".words"), say(key+".next")
	v.Field = &Field{Label: say(key + ".label"), Hint: say(key + ".hint"), Value: string(c.Entered), Limit: 320}
	switch c.Way {
	case keys.ClassEmail:
		v.Icon, v.Close = "mail", say("course.later")
		v.Key, _, _ = p.keyPlace(s.Profile.KeyPlace)
		name := string(c.Name)
		if name == "" {
			name = s.Profile.Name
		}
		v.Name = &Field{Label: say("course.enter.name"), Hint: say("welcome.name"), Value: name, Limit: 64}
	case keys.ClassVoucher:
		v.Field.Limit = 4096
	case keys.ClassNone, keys.ClassGuest, keys.ClassPhone, keys.ClassOrganisation, keys.ClassSeat:
	}
}

func (p Presenter) courseConfirm(v *CourseView, c upgrade.State) {
	say := p.Text.Say
	key := "course.confirm." + c.Way.String()
	v.Form, v.Title, v.Words = FormCode, say("course.confirm.title"), say(key+".words", "to", string(c.Entered))
	v.Field = &Field{Label: say("course.confirm.label"), Hint: "123 456", Limit: 12}
	v.Next, v.Resend = say("course.confirm.next"), say("course.resend")
	switch {
	case c.Outbox && c.Shown == "":
		v.Words = say("course.confirm.away")
	case c.Outbox:
		v.Words = say("course.confirm.outbox.lead")
		v.Outbox = &Outbox{Title: say("course.confirm.outbox.title"), Code: spaced(string(c.Shown)), Words: say(key + ".outbox")}
	}
}

// spaced writes a code in groups of three, as people read it aloud.
func spaced(code string) string {
	if len(code) != 6 {
		return code
	}
	return code[:3] + " " + code[3:]
}

func (p Presenter) courseDone(v *CourseView, s core.Snapshot) {
	a, say := s.Account, p.Text.Say
	key, tone := "course.done", OK
	if !a.Course.Class.IsVerified() {
		key, tone = "course.signedin", Info
		if len(offered(a.Ways)) > 0 {
			v.Upgrade = say("account.upgrade")
		}
	}
	v.Icon, v.Tone, v.Title, v.Words = "shield-check", tone, say(key+".title"), say(key+".words")
	issuer := ""
	if a.Class == a.Course.Class {
		issuer = a.Issuer
	}
	v.Mark = p.ClassMark(a.Course.Class, issuer)
	if a.Refused != nil {
		v.Words = say("course.done.opens")
	}
	v.Close = ""
	v.Next = say("course.finish")
}

// Countdown says how long the code holds, or how long to wait; both are "" when
// there is nothing to say.
type Countdown struct {
	Words  string
	Tone   Tone
	Blocks bool // the step cannot be taken before it is over
}

// Countdown computes the words for this very second.
func (p Presenter) Countdown(c upgrade.State, now time.Time) Countdown {
	if left := Left(c.RetryAt, now); left != "" {
		return Countdown{p.Text.Say("course.wait", "time", left), Caution, true}
	}
	if c.Phase != upgrade.PhaseConfirm || c.Until.IsZero() {
		return Countdown{}
	}
	if left := Left(c.Until, now); left != "" {
		return Countdown{p.Text.Say("course.valid", "time", left), Neutral, false}
	}
	return Countdown{p.Text.Say("course.expired"), Caution, false}
}

// trouble finds the words for what went wrong, those for this way or phase
// first.
func (p Presenter) trouble(c upgrade.State) *Trouble {
	if c.Trouble == upgrade.TroubleNone {
		return nil
	}
	key := "trouble." + c.Trouble.String()
	special := key + "." + c.Way.String()
	if c.Phase == upgrade.PhaseConfirm {
		special = key + ".code"
	}
	if p.Text.Has(special + ".words") {
		key = special
	}
	t := &Trouble{Words: p.Text.Say(key + ".words"), Mend: p.Text.Say(key + ".mend")}
	if c.Trouble == upgrade.TroubleWrongCode && c.TriesLeft > 0 {
		t.Words += " " + p.Text.Count("trouble.left", c.TriesLeft)
	}
	return t
}
