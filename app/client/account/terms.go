package account

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/mod/sumdb/note"

	"conclave/app/core"
	"conclave/keys"
	"conclave/keys/policy"
	"conclave/keys/registry/client"
	"conclave/keys/registry/wire"
	"conclave/keys/tlog"
)

// rules are those of one meeting. Without a policy everybody may come; the
// host's demand is enforced by the meeting itself.
type rules struct {
	meeting policy.Meeting
	none    bool
}

func (r rules) decide(s policy.Subject, a policy.Action) policy.Answer {
	if r.none {
		return policy.Answer{Decision: policy.DecisionAllow}
	}
	return r.meeting.Decide(s, a)
}

// readPolicy fetches the policy in force and accepts it when it is signed, not
// older than the one known, and in the log.
func (s *Session) readPolicy(ctx context.Context) error {
	signed, err := s.client.Policy(ctx, "")
	if err != nil {
		return err
	}
	p, err := s.openPolicy(signed)
	if err != nil || policy.Replace(s.trust.policy(), p) != nil || !s.log.IsLoggedPolicy(p.Version, p.Hash()) {
		return errPolicy
	}
	if known := s.trust.policy(); known == nil || known.Hash() != p.Hash() {
		next := s.trust
		next.Policy = p.Text()
		if err := s.remember(next); err != nil {
			return err
		}
	}
	s.set(func(st *core.Standing) { st.Policy = p })
	return nil
}

func (s *Session) openPolicy(signed []byte) (*policy.Policy, error) {
	s.mu.Lock()
	text := s.trust.PolicyKey
	s.mu.Unlock()
	key, err := note.NewVerifier(text)
	if err != nil {
		return nil, errPolicy
	}
	return policy.Open(signed, key)
}

// termsOf finds the policy and the demand that the host of a meeting signed.
// They may come from anywhere: the descriptor has their hash. It has none where the
// service has no policy, and no host may say that of one that does.
func (s *Session) termsOf(ctx context.Context, about keys.Descriptor) (rules, error) {
	if about.PolicyHash == [32]byte{} {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.stand.Policy != nil || len(s.trust.Policy) > 0 {
			return rules{}, policy.ErrTerms
		}
		return rules{none: true}, nil
	}
	s.mu.Lock()
	m, known := s.terms[about.PolicyHash]
	now, log := s.stand.Policy, s.log
	s.mu.Unlock()
	if known {
		return rules{meeting: m}, nil
	}
	if now != nil {
		if m, err := policy.Bind(about.PolicyHash, core.TermsOf(now, about.Demand), now); err == nil {
			return s.keepTerms(about, m), nil
		}
	}
	if log == nil { // before the first round nobody knows which policies are in the log
		return rules{}, client.ErrDown
	}
	text, err := s.client.Terms(ctx, about.PolicyHash)
	if err != nil {
		return rules{}, fmt.Errorf("read terms: %w", err)
	}
	t, err := policy.ParseTerms(text)
	if err != nil {
		return rules{}, err
	}
	demand := policy.Demand{VerifiedOnly: about.Demand.Verified, Organisation: about.Demand.Organisation}
	if t.Demand != demand {
		return rules{}, policy.ErrTerms
	}
	signed, err := s.client.Policy(ctx, t.Policy.String())
	if err != nil {
		return rules{}, fmt.Errorf("read terms: %w", err)
	}
	p, err := s.openPolicy(signed)
	if err != nil || !log.IsLoggedPolicy(p.Version, p.Hash()) {
		return rules{}, errPolicy
	}
	bound, err := policy.Bind(about.PolicyHash, t, p)
	if err != nil {
		return rules{}, err
	}
	return s.keepTerms(about, bound), nil
}

func (s *Session) keepTerms(about keys.Descriptor, m policy.Meeting) rules {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.terms) > 100 {
		clear(s.terms)
	}
	s.terms[about.PolicyHash] = m
	return rules{meeting: m}
}

// Host implements core.Identity.
func (s *Session) Host(r core.HostRequest) {
	s.work.Go(func() {
		ctx, cancel := context.WithTimeout(s.ctx, roundLimit)
		defer cancel()
		p := s.mayHost(ctx, r)
		p.Number = r.Number
		if s.ctx.Err() == nil {
			s.cfg.Report(p)
		}
	})
}

// mayHost decides by the policy in force now, and leaves the terms of the
// meeting for those who will join.
func (s *Session) mayHost(ctx context.Context, r core.HostRequest) core.Permit {
	s.wait(ctx)
	s.round.Lock()
	defer s.round.Unlock()
	if err := s.roundLocked(); err != nil {
		return core.Permit{Why: core.NoticeServiceDown}
	}
	s.mu.Lock()
	stand, liar := s.stand, s.liar
	s.mu.Unlock()
	switch {
	case liar != nil, stand.State == core.AccountUnknown:
		return core.Permit{Why: stand.Why}
	case stand.State == core.AccountNotOffered:
		return core.Permit{Allowed: r.Demand.IsZero(), Why: core.NoticeAccountFailed}
	}
	subject := policy.Guest()
	if stand.State == core.AccountReady {
		subject = policy.Subject{Class: stand.Class, Organisation: stand.Issuer}
	}
	wanted := policy.ActionHostE2EE
	if r.Mode == keys.ModeTransport {
		wanted = policy.ActionHostTransport
	}
	for _, a := range []policy.Action{wanted, policy.ActionSize, policy.ActionDuration} {
		if answer := stand.Policy.Decide(subject, a); !answer.Allowed() {
			return core.Permit{Refused: &core.Permission{
				Action: wanted, Decision: answer.Decision, Limit: answer.Limit, Reason: answer.Reason, Unlock: slices.Clone(answer.Unlock),
			}}
		}
	}
	terms := core.TermsOf(stand.Policy, r.Demand)
	var refused *wire.Error
	err := s.client.StoreTerms(ctx, terms.Encode())
	if err != nil && !(errors.As(err, &refused) && refused.Code == wire.CodeUnauthorized) {
		return core.Permit{Why: core.NoticeServiceDown}
	} // a guest leaves none: who joins makes them from the policy in force
	return core.Permit{
		Allowed: true, Terms: terms.Hash(), Most: stand.Policy.Decide(subject, policy.ActionSize).Limit,
		Longest: time.Duration(stand.Policy.Decide(subject, policy.ActionDuration).Limit) * time.Minute,
	}
}

// watch looks for devices and passports of the account that its owner did not
// ask for.
func (s *Session) watch(ctx context.Context) error {
	devices, err := s.client.Devices(ctx)
	if err != nil {
		return err
	}
	if err := s.takeDevices(devices); err != nil {
		return err
	}
	found := s.log.Unexplained()
	if len(found) == 0 {
		return nil
	}
	bundles, err := s.client.Passports(ctx)
	if err != nil {
		return err
	}
	known := s.trust.Devices
	if _, err := s.log.Explain(bundles, func(k keys.PublicKey) bool { return slices.Contains(known, k) }); err != nil {
		return err
	}
	return s.tell(found)
}

// tell warns of the findings among found that stay unexplained, each once:
// those of a device that the owner does not know, and those that the service
// does not open.
func (s *Session) tell(found []tlog.Finding) error {
	next := s.trust
	for _, f := range s.log.Unexplained() {
		before := slices.ContainsFunc(found, func(g tlog.Finding) bool { return g.Index == f.Index })
		if before && !slices.Contains(next.Told, f.Index) {
			next.Told = append(slices.Clip(next.Told), f.Index)
			s.warn(core.NoticePassportUnknown, "")
		}
	}
	if len(next.Told) == len(s.trust.Told) {
		return nil
	}
	return s.remember(next)
}

// takeDevices shows the account's devices. One that was not there before is
// told, once; at the first look all are as they should be. One that had ended
// before it was seen is none of the owner's: what it was issued is told (tell).
func (s *Session) takeDevices(devices []wire.Device) error {
	self := s.cfg.Device.Public()
	next := s.trust
	var list []core.AccountDevice
	for _, d := range devices {
		list = append(list, core.AccountDevice{
			Key: d.Key, Fingerprint: d.Key.Fingerprint(), Added: d.Added, Self: d.Key == self, Revoked: !d.Revoked.IsZero(),
		})
		if slices.Contains(next.Devices, d.Key) || !d.Revoked.IsZero() {
			continue
		}
		next.Devices = append(slices.Clip(next.Devices), d.Key)
		if len(s.trust.Devices) > 0 && d.Key != self {
			s.warn(core.NoticeDeviceAdded, "")
		}
	}
	s.set(func(st *core.Standing) { st.Devices = list })
	if len(next.Devices) == len(s.trust.Devices) {
		return nil
	}
	return s.remember(next)
}
