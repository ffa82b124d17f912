package core

import (
	"slices"
	"time"

	"conclave/app/core/upgrade"
	"conclave/call"
	"conclave/call/runner"
	"conclave/keys"
	"conclave/keys/policy"
)

// account is the standing with one service: the chosen one, or that of a
// meeting elsewhere.
type account struct {
	service, pin string
	now          func() time.Time
	identity     Identity
	standing     Standing
	course       upgrade.State
	refused      *Refusal
	again        func()     // opens what was refused
	refusedAs    keys.Class // the class that was refused
	waiting      *waiting   // for a Permit
}

// fromIdentity is what the identity of a service reported.
type fromIdentity struct {
	from  *account
	event IdentityEvent
}

// accountAt is the account at a service, which is opened when it is not yet;
// nil where this core keeps no accounts.
func (c *Core) accountAt(service, pin string) *account {
	if c.cfg.Identify == nil || service == "" {
		return nil
	}
	for _, a := range c.accounts {
		if a.service == service && a.pin == pin {
			return a
		}
	}
	a := &account{service: service, pin: pin, now: c.cfg.Now}
	local := c.service.Local && c.service.URL == service
	a.identity = c.cfg.Identify(service, pin, local, func(e IdentityEvent) { c.post(fromIdentity{a, e}) })
	c.accounts = append(c.accounts, a)
	return a
}

// own is the account that the screens show: that of the meeting that was just
// refused, or else the chosen service's.
func (c *Core) own() *account {
	for _, a := range c.accounts {
		if a.refused != nil && a.refused.Join != nil {
			return a
		}
	}
	return c.accountAt(c.service.URL, c.pin)
}

// tidyAccounts closes accounts that neither the chosen service nor a meeting
// needs any more.
func (c *Core) tidyAccounts() {
	keep := func(a *account) bool {
		chosen := a.service == c.service.URL && a.pin == c.pin
		meeting := c.meeting != nil && a.service == c.meeting.link.Service && a.pin == c.meeting.link.Pin
		return chosen || meeting || a.refused != nil
	}
	c.accounts = slices.DeleteFunc(c.accounts, func(a *account) bool {
		if keep(a) {
			return false
		}
		c.tasks.Go(a.identity.Close)
		return true
	})
}

func (c *Core) closeAccounts() {
	for _, a := range c.accounts {
		a.identity.Close()
	}
	c.accounts = nil
}

// accountIntent is what somebody wants of their account.
func (c *Core) accountIntent(i Intent) {
	a := c.own()
	if a == nil {
		return
	}
	switch i := i.(type) {
	case SignIn:
		c.course(a, upgrade.SignIn{})
	case Upgrade:
		c.course(a, upgrade.Begin{Account: a.signedIn(), Class: a.class(), Ways: a.standing.Ways})
	case Proceed:
		if isPersons(i.Event) {
			c.course(a, i.Event)
		}
	case DropRefusal:
		a.refused = nil
	case SignOut:
		a.refused = nil
		a.identity.SignOut()
	case DeleteAccount:
		a.refused = nil
		a.identity.Delete()
	case RevokeDevice:
		a.identity.Revoke(i.Device)
	case ExportAccount:
		a.identity.Export(i.Path)
	}
}

// isPersons reports whether a person may send the event: the driver's own come
// from the identity alone.
func isPersons(e upgrade.Event) bool {
	switch e.(type) {
	case upgrade.Choose, upgrade.Enter, upgrade.Type, upgrade.Resend, upgrade.Back, upgrade.Retry, upgrade.Close:
		return true
	}
	return false
}

// course steps the course of signing in or an upgrade.
func (c *Core) course(a *account, e upgrade.Event) {
	var effects []upgrade.Effect
	a.course, effects = upgrade.Step(a.course, e)
	a.identity.Carry(effects)
	if _, closed := e.(upgrade.Close); closed && a.course.Phase == upgrade.PhaseIdle {
		a.refused = nil
	}
}

func (a *account) signedIn() bool {
	switch a.standing.State {
	case AccountReady, AccountNoPassport:
		return true
	case AccountUnknown, AccountNotOffered, AccountSignedOut, AccountRevoked:
	}
	return false
}

// class is what the own passport says, until it ends.
func (a *account) class() keys.Class {
	if a.standing.State == AccountReady && a.standing.Class.IsValid() && a.now().Before(a.standing.Expires) {
		return a.standing.Class
	}
	return keys.ClassGuest
}

func (c *Core) fromIdentity(w fromIdentity) {
	a := w.from
	if !slices.Contains(c.accounts, a) {
		return
	}
	switch e := w.event.(type) {
	case Standing:
		c.stands(a, e)
	case Stepped:
		c.course(a, e.Event)
	case Permit:
		c.permitted(a, e)
	case Warned:
		c.notify(e.Notice)
	}
}

// stands takes a standing over. What policy refused a moment ago and allows now
// opens by itself.
func (c *Core) stands(a *account, s Standing) {
	again := !s.Expires.Equal(a.standing.Expires) || !s.Logged.Equal(a.standing.Logged) || s.State != a.standing.State
	a.standing = s
	if m := c.meeting; again && m != nil && m.account == a {
		m.runner.Do(call.CheckAgain{})
	}
	inMeeting := c.meeting != nil && c.meeting.state.Seat != call.SeatEnded
	if a.refused != nil && !inMeeting && a.opens(*a.refused) {
		a.refused = nil
		a.again()
	}
}

// refuse keeps what was refused, and how to begin it again.
func (a *account) refuse(r Refusal, again func()) {
	a.refused, a.again, a.refusedAs = &r, again, a.class()
}

// opens reports whether what was refused may work now. What a host demands is
// found out at the door, so any other class is worth a try.
func (a *account) opens(r Refusal) bool {
	if r.Join != nil {
		return a.class() != a.refusedAs
	}
	return a.may(r.Action).Allowed()
}

// subject is this person as policy sees them.
func (a *account) subject() policy.Subject {
	if a.class() == keys.ClassGuest {
		return policy.Guest()
	}
	return policy.Subject{Class: a.class(), Organisation: a.standing.Issuer}
}

func (a *account) may(action policy.Action) policy.Answer {
	return a.standing.Policy.Decide(a.subject(), action)
}

// permission is how an answer is shown.
func permission(action policy.Action, a policy.Answer) Permission {
	return Permission{Action: action, Decision: a.Decision, Limit: a.Limit, Reason: a.Reason, Unlock: slices.Clone(a.Unlock)}
}

// waiting is a meeting that waits for the answer of its number: then goes on
// with it, and again begins anew after an upgrade.
type waiting struct {
	number uint64
	start  StartMeeting
	then   func(Permit)
	again  func()
}

// permitStart asks about a meeting on the chosen service, and creates it.
func (c *Core) permitStart(i StartMeeting) {
	c.permit(c.accountAt(c.service.URL, c.pin), waiting{
		start: i, then: func(p Permit) { c.create(i, p) }, again: func() { c.startMeeting(i) },
	})
}

// permit asks the identity whether a meeting may be hosted. Where there are no
// accounts everybody may.
func (c *Core) permit(a *account, w waiting) {
	if a == nil {
		w.then(Permit{Allowed: true})
		return
	}
	c.asked++
	w.number = c.asked
	a.waiting = &w
	a.identity.Host(HostRequest{Number: w.number, Mode: w.start.Mode, Demand: w.start.Demand})
}

// permitted goes on with the meeting that was asked about, or shows why not.
func (c *Core) permitted(a *account, p Permit) {
	w := a.waiting
	if w == nil || p.Number != w.number {
		return
	}
	a.waiting = nil
	switch {
	case p.Allowed && c.mayEnter():
		a.refused = nil
		w.then(p)
	case p.Allowed:
	case p.Refused != nil:
		a.refuse(Refusal{Permission: *p.Refused, Start: &w.start}, w.again)
	default:
		c.notify(Notice{Code: p.Why, Severity: SeverityWarning})
	}
}

// terms is the hash of what a meeting is opened under now: the policy in force
// and the host's demand.
func (c *Core) terms(d keys.Demand) [32]byte {
	a := c.accountAt(c.service.URL, c.pin)
	if a == nil || a.standing.Policy == nil {
		return [32]byte{}
	}
	return TermsOf(a.standing.Policy, d).Hash()
}

// TermsOf are the terms of a meeting under a policy.
func TermsOf(p *policy.Policy, d keys.Demand) policy.Terms {
	return policy.Terms{Policy: p.Hash(), Demand: policy.Demand{VerifiedOnly: d.Verified, Organisation: d.Organisation}}
}

// leaveTerms has the terms of a meeting that is planned left at the service, for
// those who join it under a later policy. It is false while nobody knows the
// policy. Whether the plan may be hosted is asked when it starts.
func (c *Core) leaveTerms(i StartMeeting) bool {
	a := c.accountAt(c.service.URL, c.pin)
	switch {
	case a == nil, a.standing.State == AccountNotOffered:
		return true
	case a.standing.Policy == nil:
		return false
	}
	a.identity.Host(HostRequest{Mode: i.Mode, Demand: i.Demand}) // nobody waits for number 0
	return true
}

// nameAt is the name to use in a meeting: that of the passport where there is
// one, for a passport in another name proves nothing.
func (c *Core) nameAt(link keys.Link) string {
	if a := c.accountAt(link.Service, link.Pin); a != nil && a.standing.State == AccountReady {
		return a.standing.Name
	}
	return c.settings.Name
}

func (c *Core) renameAccount(name string) {
	for _, a := range c.accounts {
		if a.signedIn() && a.standing.Name != name {
			a.identity.Rename(name)
		}
	}
}

// passports is the runner's view of the account; nil for none.
func (a *account) passports() runner.Passports {
	if a == nil {
		return nil
	}
	return a.identity
}

func (m *meeting) stopLimit() {
	if m.limit != nil {
		m.limit.Stop()
	}
}

// refusedAtDoor keeps what policy did not let this person join.
func (c *Core) refusedAtDoor(m *meeting) {
	if m.account == nil || m.joined == nil {
		return
	}
	answer, refused := m.state.Refusal(m.state.Mine.Proof)
	if !refused {
		return
	}
	join := *m.joined
	m.account.refuse(Refusal{Permission: permission(joining(m.state.About.Mode), answer), Join: &join}, func() { c.joinMeeting(join) })
}

func joining(mode keys.Mode) policy.Action {
	if mode == keys.ModeTransport {
		return policy.ActionJoinTransport
	}
	return policy.ActionJoinE2EE
}

// accountView is what the screens draw of the account.
func (c *Core) accountView() Account {
	a := c.own()
	if a == nil {
		return Account{State: AccountNotOffered, Class: keys.ClassGuest}
	}
	s := a.standing
	v := Account{
		State: s.State, Why: s.Why, Name: s.Name, Class: a.class(), Issuer: s.Issuer, Expires: s.Expires, Logged: s.Logged,
		Ways: slices.Clone(s.Ways), Devices: slices.Clone(s.Devices), Course: a.course,
	}
	if a.refused != nil {
		r := *a.refused
		v.Refused = &r
	}
	if s.Policy != nil {
		v.Policy = s.Policy.Name
		for _, action := range policy.Actions() {
			v.May = append(v.May, permission(action, a.may(action)))
		}
	}
	return v
}

// timeUp ends a meeting that lasts as long as its host's policy lets it.
func (c *Core) timeUp(m *meeting, longest time.Duration) {
	if longest <= 0 {
		return
	}
	number := m.number
	m.limit = time.AfterFunc(longest, func() { c.post(overdue{number}) })
}

// overdue: the meeting's time is over.
type overdue struct{ meeting int }
