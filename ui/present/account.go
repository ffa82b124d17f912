package present

import (
	"slices"

	"conclave/app/core"
	"conclave/keys"
	"conclave/keys/policy"
)

// Standing is how this person stands with the service, in short: for the home
// screen and the head of the account's own.
type Standing struct {
	Shown   bool // there is an account to speak of, or could be
	Name    string
	Marks   []Mark
	Words   string
	SignIn  bool // signing in is the next step
	Upgrade bool // becoming verified is
	Open    bool // there is more to see: the account's screen
}

// Standing computes the view.
func (p Presenter) Standing(s core.Snapshot) Standing {
	a := s.Account
	v := Standing{Shown: s.Can.Accounts && a.State != core.AccountUnknown && a.State != core.AccountNotOffered, Name: s.Profile.Name}
	say := p.Text.Say
	switch a.State {
	case core.AccountUnknown:
		v.Marks, v.Words = []Mark{p.ClassMark(keys.ClassGuest, "")}, say("account.unknown")
	case core.AccountNotOffered:
		v.Marks, v.Words = []Mark{p.ClassMark(keys.ClassGuest, "")}, say("account.notoffered")
	case core.AccountSignedOut:
		v.Marks, v.Words, v.SignIn = []Mark{p.ClassMark(keys.ClassGuest, "")}, say("account.signedout"), true
	case core.AccountReady:
		v.Marks, v.Words = []Mark{p.ClassMark(a.Class, a.Issuer)}, say("account.ready."+a.Class.String())
	case core.AccountNoPassport:
		v.Marks = []Mark{p.ClassMark(a.Class, a.Issuer), {say("account.nopassport.mark"), "warning", Caution}}
		v.Words = say("account.nopassport")
	case core.AccountRevoked:
		v.Marks, v.Words, v.SignIn = []Mark{{say("account.revoked.mark"), "shield-alert", Alarm}}, say("account.revoked"), true
	}
	if a.Name != "" {
		v.Name = a.Name // that of the passport
	}
	signedIn := a.State == core.AccountReady || a.State == core.AccountNoPassport
	v.Upgrade = a.State == core.AccountReady && !a.Class.IsVerified() && len(offered(a.Ways)) > 0
	v.Open = v.Shown && (signedIn || a.Policy != "")
	v.SignIn = v.SignIn && v.Shown
	return v
}

// offered are the ways of an upgrade among classes, cheapest first.
func offered(ways []keys.Class) []keys.Class {
	var out []keys.Class
	for _, way := range []keys.Class{keys.ClassPhone, keys.ClassOrganisation, keys.ClassSeat, keys.ClassVoucher} {
		if slices.Contains(ways, way) {
			out = append(out, way)
		}
	}
	return out
}

// ClassMark says how somebody was verified, and by whom. Green is only for
// what somebody stood up for: an e-mail address anybody can have.
func (p Presenter) ClassMark(c keys.Class, issuer string) Mark {
	say := p.Text.Say
	switch c {
	case keys.ClassNone, keys.ClassGuest:
		return Mark{say("verification.unverified"), "question", Caution}
	case keys.ClassEmail:
		return Mark{say("verification.email"), "info", Neutral}
	case keys.ClassPhone:
		return Mark{say("verification.phone"), "check", OK}
	case keys.ClassOrganisation:
		if issuer != "" {
			return Mark{say("verification.organisation.by", "issuer", issuer), "check", OK}
		}
		return Mark{say("verification.organisation"), "check", OK}
	case keys.ClassSeat:
		if issuer != "" {
			return Mark{say("verification.seat.by", "issuer", issuer), "check", OK}
		}
		return Mark{say("verification.seat"), "check", OK}
	case keys.ClassVoucher:
		if issuer != "" {
			return Mark{say("verification.voucher.by", "issuer", issuer), "check", OK}
		}
		return Mark{say("verification.voucher"), "check", OK}
	}
	return Mark{say("verification.unverified"), "question", Caution}
}

// classIcon is the drawing of a way to be verified.
func classIcon(c keys.Class) Icon {
	switch c {
	case keys.ClassNone, keys.ClassGuest:
		return "person"
	case keys.ClassEmail:
		return "mail"
	case keys.ClassPhone:
		return "phone"
	case keys.ClassOrganisation:
		return "building"
	case keys.ClassSeat:
		return "seat"
	case keys.ClassVoucher:
		return "ticket"
	}
	return "person"
}

// Line is a fact with its name.
type Line struct {
	Icon        Icon
	Tone        Tone
	Name, Words string
	Code        bool // Words are groups of signs to be compared
}

// Permission is one line of what policy allows.
type Permission struct {
	Action   string
	Decision Mark
	Reason   string // the operator's sentence
	Unlock   string // what would open it, or ""
}

// AccountDevice is one device of the account.
type AccountDevice struct {
	Key         keys.PublicKey
	Name        string
	Fingerprint string
	Words       string // when added and last seen
	Mark        Mark   // Words "" when there is none
	CanRevoke   bool
}

// AccountView is the account's own screen.
type AccountView struct {
	Standing
	Lines       []Line
	Policy      string // a sentence with the policy's name; "" before it is known
	Permissions []Permission
	Devices     []AccountDevice
	SignedIn    bool // export, sign out and delete are offered
}

// Account computes the view.
func (p Presenter) Account(s core.Snapshot) AccountView {
	a := s.Account
	v := AccountView{Standing: p.Standing(s), SignedIn: a.State == core.AccountReady || a.State == core.AccountNoPassport}
	if v.SignedIn {
		v.Lines = p.passportLines(a)
	}
	key, icon, tone := p.keyPlace(s.Profile.KeyPlace)
	v.Lines = append(v.Lines, Line{Icon: icon, Tone: tone, Name: p.Text.Say("account.line.key"), Words: key})
	if a.Policy != "" {
		v.Policy = p.Text.Say("account.policy.name", "name", a.Policy)
		for _, m := range a.May {
			v.Permissions = append(v.Permissions, p.permission(m, a.Ways))
		}
	}
	for _, d := range a.Devices {
		v.Devices = append(v.Devices, p.accountDevice(d))
	}
	return v
}

func (p Presenter) passportLines(a core.Account) []Line {
	say := p.Text.Say
	issuer := a.Issuer
	if issuer == "" {
		issuer = say("account.issuer.service")
	}
	lines := []Line{{Icon: classIcon(a.Class), Tone: Neutral, Name: say("account.line.issuer"), Words: issuer}}
	switch {
	case a.Expires.IsZero():
	case a.Expires.Before(p.Now):
		lines = append(lines, Line{Icon: "clock", Tone: Caution, Name: say("account.line.passport"), Words: say("account.passport.expired", "when", p.When(a.Expires))})
	default:
		lines = append(lines, Line{Icon: "clock", Tone: Neutral, Name: say("account.line.passport"), Words: say("account.passport.until", "when", p.When(a.Expires))})
	}
	if a.Logged.IsZero() {
		return append(lines, Line{Icon: "eye", Tone: Caution, Name: say("account.line.log"), Words: say("account.log.never")})
	}
	return append(lines, Line{Icon: "eye", Tone: OK, Name: say("account.line.log"), Words: say("account.log.checked", "when", p.When(a.Logged))})
}

// permission tells an action; ways are those that the service offers, so that
// nobody is sent where nothing is.
func (p Presenter) permission(m core.Permission, ways []keys.Class) Permission {
	v := Permission{Action: p.actionName(m.Action), Reason: m.Reason, Decision: p.decision(m)}
	unlock := slices.DeleteFunc(slices.Clone(m.Unlock), func(c keys.Class) bool { return !slices.Contains(ways, c) })
	if classes := p.classList(unlock); m.Decision != policy.DecisionAllow && classes != "" {
		v.Unlock = p.Text.Say("account.unlock", "ways", classes)
	}
	return v
}

func (p Presenter) actionName(a policy.Action) string {
	if !a.IsValid() {
		return p.Text.Say("action.unknown")
	}
	return p.Text.Say("action." + a.String())
}

func (p Presenter) decision(m core.Permission) Mark {
	say := p.Text.Say
	switch m.Decision {
	case policy.DecisionNone, policy.DecisionRefuse:
		return Mark{say("decision.refuse"), "close", Caution}
	case policy.DecisionAsk:
		return Mark{say("decision.ask"), "hand", Neutral}
	case policy.DecisionAllow:
	}
	switch {
	case !m.Action.HasLimit():
		return Mark{say("decision.allow"), "check", Info}
	case m.Limit == policy.Unlimited:
		return Mark{say("decision.unlimited"), "check", Info}
	case m.Action == policy.ActionSize:
		return Mark{p.Text.Count("decision.people", m.Limit), "people", Info}
	}
	return Mark{p.Text.Count("decision.minutes", m.Limit), "clock", Info}
}

// classList names classes in a row: "a phone number, a voucher".
func (p Presenter) classList(classes []keys.Class) string {
	out := ""
	for _, c := range classes {
		if c == keys.ClassNone || c == keys.ClassGuest || !c.IsValid() {
			continue
		}
		if out != "" {
			out += ", "
		}
		out += p.Text.Say("way." + c.String() + ".short")
	}
	return out
}

func (p Presenter) accountDevice(d core.AccountDevice) AccountDevice {
	say := p.Text.Say
	v := AccountDevice{
		Key: d.Key, Name: say("account.device.another"), Fingerprint: d.Fingerprint, CanRevoke: !d.Self && !d.Revoked,
		Words: say("account.device.added", "added", p.When(d.Added)),
	}
	if !d.Seen.IsZero() {
		v.Words += " " + say("account.device.seen", "seen", p.When(d.Seen))
	}
	if d.Self {
		v.Name, v.Mark = say("account.device.self"), Mark{say("account.device.here"), "check", Info}
	}
	if d.Revoked {
		v.Mark = Mark{say("account.device.revoked"), "close", Caution}
	}
	return v
}
