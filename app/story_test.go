package main_test

import (
	"slices"
	"testing"
	"time"

	"conclave/app/client"
	"conclave/app/client/account"
	"conclave/app/core"
	"conclave/app/core/upgrade"
	"conclave/app/core/upgrade/driver"
	"conclave/call"
	"conclave/keys"
	"conclave/keys/policy"
	"conclave/keys/registry/registrytest"
	"conclave/keys/registry/voucher"
)

// story is a service with accounts and real partners: mail server, SMS gateway,
// OpenID provider, a partner that gives vouchers.
type story struct {
	t        testing.TB
	registry *registrytest.Service
	service  *helper
}

func newStory(t testing.TB) *story {
	t.Helper()
	s := &story{t: t, registry: registrytest.NewService(t, nil), service: &helper{}}
	if err := s.service.start(orders{Listen: "127.0.0.1:0", Identity: s.registry.URL}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.service.stop)
	return s
}

// person is an app at the story's service, with the real way to accounts.
func (s *story) person(name string) *person {
	return newPerson(s.t, name, s.service.url, func(cfg *core.Config) {
		device := cfg.Device
		cfg.Identify = func(service, pin string, _ bool, report func(core.IdentityEvent)) core.Identity {
			return account.Open(account.Config{
				Service: service, Pin: pin, Device: device, Open: s.registry.Provider.Browse, Report: report,
			})
		}
	})
}

func (p *person) course(want upgrade.Phase) {
	p.t.Helper()
	await(p.t, 20*time.Second, p.name+" in "+want.String(), func() bool { return p.Latest().Account.Course.Phase == want })
}

func (p *person) proceed(e upgrade.Event) { p.Send(core.Proceed{Event: e}) }

// signIn makes an account with the code that the mail server got.
func (s *story) signIn(p *person, address string) {
	s.t.Helper()
	await(s.t, 20*time.Second, p.name+" meeting the service", func() bool { return p.Latest().Account.State == core.AccountSignedOut })
	p.Send(core.SignIn{})
	p.course(upgrade.PhaseEnter)
	p.proceed(upgrade.Enter{Text: upgrade.Text(address), Name: upgrade.Text(p.name)})
	p.course(upgrade.PhaseConfirm)
	p.proceed(upgrade.Type{Code: upgrade.Text(s.registry.Mail.Code(address))})
	p.course(upgrade.PhaseDone)
	p.proceed(upgrade.Close{})
	p.course(upgrade.PhaseIdle)
}

// choose begins an upgrade and takes a way.
func (p *person) choose(way keys.Class, text string) {
	p.t.Helper()
	p.Send(core.Upgrade{})
	p.course(upgrade.PhaseChoose)
	p.proceed(upgrade.Choose{Way: way})
	p.course(upgrade.PhaseEnter)
	p.proceed(upgrade.Enter{Text: upgrade.Text(text)})
}

func (s *story) voucher() string {
	s.t.Helper()
	request, err := voucher.NewRequest(s.registry.Public)
	if err != nil {
		s.t.Fatal(err)
	}
	blind, err := s.registry.Partner.Sign(request.Blinded())
	if err != nil {
		s.t.Fatal(err)
	}
	v, err := request.Finish(blind)
	if err != nil {
		s.t.Fatal(err)
	}
	return driver.FormatVoucher(registrytest.PartnerName, v.Message, v.Signature)
}

// The walk of the issue, end to end, no fakes between: apps with cores, links
// and media as shipped, a service with its relay in a process of its own, and
// partners who speak SMTP, HTTP and OpenID Connect.
func TestThreePeopleBecomeVerifiedAndMeet(t *testing.T) {
	s := newStory(t)
	anna, bob, carol := s.person("Anna"), s.person("Bob"), s.person("Carol")
	s.signIn(anna, "anna@home.example")

	anna.Send(core.StartMeeting{Mode: keys.ModeE2EE})
	await(t, 10*time.Second, "Anna refused", func() bool { return anna.Latest().Account.Refused != nil })
	r := anna.Latest().Account.Refused
	if r.Action != policy.ActionHostE2EE || r.Reason == "" || len(r.Unlock) == 0 || anna.meeting().Phase != 0 {
		t.Fatalf("refused with %+v", r)
	}
	t.Logf("refused: %s; it would open to %v", r.Reason, r.Unlock)

	begin := time.Now()
	anna.choose(keys.ClassPhone, "+491701234567")
	anna.course(upgrade.PhaseConfirm)
	anna.proceed(upgrade.Type{Code: upgrade.Text(s.registry.Text.Code("+491701234567"))})
	anna.course(upgrade.PhaseDone)
	took := time.Since(begin)
	anna.awaitPhase(call.PhaseInMeeting) // by itself
	t.Logf("from Upgrade to verified: %v; the refused meeting was open after %v", took, time.Since(begin))
	if took > 3*time.Second {
		t.Errorf("the upgrade took %v", took)
	}
	anna.proceed(upgrade.Close{})

	s.signIn(bob, "bob@home.example")
	bob.choose(keys.ClassOrganisation, registrytest.Domain)
	bob.course(upgrade.PhaseDone)
	s.signIn(carol, "carol@home.example")
	carol.choose(keys.ClassVoucher, s.voucher())
	carol.course(upgrade.PhaseDone)

	bob.knock(anna)
	carol.knock(anna)
	anna.admit(bob, carol)
	inTouch(t, anna, bob, carol)
	want := map[keys.PublicKey]core.Person{
		anna.key():  {Verification: core.VerifiedPhone},
		bob.key():   {Verification: core.VerifiedOrganisation, Issuer: registrytest.Domain},
		carol.key(): {Verification: core.VerifiedVoucher, Issuer: registrytest.PartnerName},
	}
	for _, p := range []*person{anna, bob, carol} {
		await(t, 10*time.Second, p.name+" having checked everybody", func() bool {
			b := p.meeting().Badge
			return b.Verified == 3 && b.Of == 3 && b.LogChecked && b.EndToEnd
		})
		for _, q := range p.meeting().People {
			if w := want[q.Key]; q.Verification != w.Verification || q.Issuer != w.Issuer || !q.Logged {
				t.Errorf("%s sees %+v", p.name, q)
			}
		}
		if code := p.meeting().Code.Digits; code == "" || code != anna.meeting().Code.Digits {
			t.Errorf("%s has another code", p.name)
		}
	}
}

// Nothing of services lies below a loopback address, and each other one has a
// folder of its own.
func TestEachServiceIsRememberedApart(t *testing.T) {
	places := client.Places{Known: "known", OwnKnown: "own"}
	var seen []string
	for _, at := range []string{"https://a.example", "https://a.example:8443", "https://b.example"} {
		dir := places.Of(at, false)
		if dir == "" || slices.Contains(seen, dir) {
			t.Errorf("%v lies in %q", at, dir)
		}
		seen = append(seen, dir)
	}
	if got := places.Of("https://A.example:443/", false); got != seen[0] {
		t.Errorf("the same service, written otherwise, lies in %q", got)
	}
	if got := places.Of("http://127.0.0.1:1234", false); got != "" {
		t.Errorf("a loopback service lies in %q", got)
	}
	if got := places.Of("http://127.0.0.1:1234", true); got != "own" {
		t.Errorf("the own service lies in %q", got)
	}
}
