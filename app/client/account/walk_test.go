package account_test

import (
	"testing"
	"time"

	"conclave/app/client/account"
	"conclave/app/core"
	"conclave/app/core/upgrade"
	"conclave/app/core/upgrade/driver"
	"conclave/call"
	"conclave/keys"
	"conclave/keys/policy"
	"conclave/keys/registry"
	"conclave/keys/registry/registrytest"
	"conclave/keys/registry/voucher"
)

// TestUpgradeStory is the whole walk of the issue, with a real registry, mail
// server, gateway, provider and partner.
func TestUpgradeStory(t *testing.T) {
	w := newWorld(t)
	ana, eva, ida := w.person("Ana"), w.person("Eva"), w.person("Ida")
	w.signIn(ana, "ana@home.example")

	// An e-mail address is not enough to host; she learns why and what helps.
	ana.Send(core.StartMeeting{Mode: keys.ModeE2EE})
	ana.await("refused", func() bool { return ana.account().Refused != nil })
	r := ana.account().Refused
	if r.Action != policy.ActionHostE2EE || r.Reason == "" || len(r.Unlock) != 4 || r.Start == nil || ana.Latest().Meeting != nil {
		t.Fatalf("refused with %+v", r)
	}

	// She upgrades by SMS, and the meeting opens by itself.
	begin := time.Now()
	w.byPhone(ana, "+491701234567")
	took := time.Since(begin)
	ana.inMeeting()
	t.Logf("from Upgrade to verified: %v, to hosting: %v", took, time.Since(begin))
	if took > 3*time.Second {
		t.Errorf("the upgrade took %v", took)
	}
	if ana.account().Refused != nil {
		t.Error("the refusal stays")
	}
	ana.do(upgrade.Close{})

	// Eva by her school's sign-on.
	w.signIn(eva, "eva@home.example")
	eva.Send(core.Upgrade{})
	eva.phase(upgrade.PhaseChoose)
	eva.do(upgrade.Choose{Way: keys.ClassOrganisation})
	eva.do(upgrade.Enter{Text: registrytest.Domain})
	eva.phase(upgrade.PhaseDone)

	// Ida by a voucher that the partner cannot recognise.
	w.signIn(ida, "ida@home.example")
	ida.Send(core.Upgrade{})
	ida.phase(upgrade.PhaseChoose)
	ida.do(upgrade.Choose{Way: keys.ClassVoucher})
	ida.do(upgrade.Enter{Text: upgrade.Text(w.voucher())})
	ida.phase(upgrade.PhaseDone)

	ana.admit(eva)
	ana.admit(ida)
	people := []*person{ana, eva, ida}
	want := map[*person]core.Person{
		ana: {Verification: core.VerifiedPhone, Logged: true},
		eva: {Verification: core.VerifiedOrganisation, Issuer: registrytest.Domain, Logged: true},
		ida: {Verification: core.VerifiedVoucher, Issuer: registrytest.PartnerName, Logged: true},
	}
	for _, p := range people {
		p.await("everybody checked", func() bool { b := p.meeting().Badge; return b.LogChecked && b.Of == 3 && b.Verified == 3 })
		for _, q := range people {
			got := p.sees(q.key())
			if got.Verification != want[q].Verification || got.Issuer != want[q].Issuer || !got.Logged {
				t.Errorf("%s sees %s as %+v", p.name, q.name, got)
			}
		}
		if p.meeting().Code.Digits != ana.meeting().Code.Digits {
			t.Errorf("%s has another code", p.name)
		}
	}
}

func (w *world) voucher() string {
	w.t.Helper()
	request, err := voucher.NewRequest(w.Public)
	if err != nil {
		w.t.Fatal(err)
	}
	blind, err := w.Partner.Sign(request.Blinded())
	if err != nil {
		w.t.Fatal(err)
	}
	v, err := request.Finish(blind)
	if err != nil {
		w.t.Fatal(err)
	}
	return driver.FormatVoucher(registrytest.PartnerName, v.Message, v.Signature)
}

// A host may ask for more than policy does; whoever cannot prove it does not
// get in, and is told what would help.
func TestDemandKeepsOthersOut(t *testing.T) {
	w := newWorld(t)
	ana, bob := w.person("Ana"), w.person("Bob")
	w.signIn(ana, "ana@home.example")
	w.byPhone(ana, "+491701234567")
	w.signIn(bob, "bob@home.example")
	ana.Send(core.StartMeeting{Mode: keys.ModeE2EE, Demand: keys.Demand{Organisation: registrytest.Domain}})
	ana.inMeeting()
	bob.Send(core.JoinMeeting{Link: ana.meeting().Link})
	bob.await("refused", func() bool { return bob.account().Refused != nil })
	if r := bob.account().Refused; r.Join == nil || len(r.Unlock) != 2 || bob.meeting().End != call.EndPolicy {
		t.Errorf("%+v, end %d", r, bob.meeting().End)
	}
	if len(ana.meeting().Lobby) != 0 {
		t.Error("he knocked all the same")
	}
	// He signs on at the school, and is at the door by himself.
	bob.Send(core.Upgrade{})
	bob.phase(upgrade.PhaseChoose)
	bob.do(upgrade.Choose{Way: keys.ClassOrganisation})
	bob.do(upgrade.Enter{Text: registrytest.Domain})
	ana.await("asked", func() bool { return len(ana.meeting().Lobby) == 1 })
	k := ana.knocked(bob.key())
	if k.Refusal != nil || k.Verification != core.VerifiedOrganisation || k.Issuer != registrytest.Domain || !k.Logged {
		t.Errorf("at the door: %+v", k)
	}
	ana.Send(core.AdmitVerified{})
	bob.inMeeting()
}

// By the default policy the host decides about e-mail accounts.
func TestHostDecidesAboutEmailAccounts(t *testing.T) {
	w := newWorld(t)
	ana, bob := w.person("Ana"), w.person("Bob")
	w.signIn(ana, "ana@home.example")
	w.byPhone(ana, "+491701234567")
	w.signIn(bob, "bob@home.example")
	ana.Send(core.StartMeeting{Mode: keys.ModeE2EE})
	ana.inMeeting()
	ana.admit(bob)
	ana.await("Bob checked", func() bool { return ana.sees(bob.key()).Verification == core.VerifiedEmail })
	if b := ana.meeting().Badge; b.Verified != 1 || b.Of != 2 || !b.LogChecked {
		t.Errorf("badge %+v", b)
	}
}

// The second start uses the passport of the first, and knows the service.
func TestAccountOutlivesTheApp(t *testing.T) {
	w := newWorld(t)
	ana := w.person("Ana")
	w.signIn(ana, "ana@home.example")
	expires := ana.account().Expires
	ana.Close()
	again := w.start("Ana", ana.device, ana.dir)
	again.await("ready", func() bool { return again.account().State == core.AccountReady })
	if !again.account().Expires.Equal(expires) {
		t.Error("the passport of the first start was not used")
	}
	again.Send(core.SignOut{})
	again.await("signed out", func() bool { return again.account().State == core.AccountSignedOut })
	w.signIn(again, "ana@home.example")
}

// A device that another one ended is told so, and has no passport any more.
func TestRevokedDeviceIsTold(t *testing.T) {
	w := newWorld(t)
	ana, second := w.person("Ana"), w.person("Ana")
	w.signIn(ana, "ana@home.example")
	w.signIn(second, "ana@home.example")
	second.Send(core.RevokeDevice{Device: ana.key()})
	second.await("ended", func() bool {
		for _, d := range second.account().Devices {
			if d.Key == ana.key() && d.Revoked {
				return true
			}
		}
		return false
	})
	ana.Close()
	again := w.start("Ana", ana.device, ana.dir)
	again.await("told", func() bool { return again.account().State == core.AccountRevoked })
}

// every makes an app read the log often.
func every(w *world, d time.Duration) func(*core.Config) {
	return func(cfg *core.Config) {
		device := cfg.Device
		cfg.Identify = func(service, pin string, _ bool, report func(core.IdentityEvent)) core.Identity {
			return account.Open(account.Config{Service: service, Pin: pin, Device: device, Report: report, Every: d})
		}
	}
}

// A passport that is revoked while its owner sits in a meeting counts no
// longer, and everybody else is told.
func TestRevocationReachesARunningMeeting(t *testing.T) {
	w := newWorld(t)
	ana, bob := w.person("Ana", every(w, 200*time.Millisecond)), w.person("Bob")
	w.signIn(ana, "ana@home.example")
	w.byPhone(ana, "+491701234567")
	w.signIn(bob, "bob@home.example")
	second := w.person("Bob")
	w.signIn(second, "bob@home.example")
	ana.Send(core.StartMeeting{Mode: keys.ModeE2EE})
	ana.inMeeting()
	ana.admit(bob)
	ana.await("Bob checked", func() bool { return ana.sees(bob.key()).Logged })
	second.Send(core.RevokeDevice{Device: bob.key()})
	ana.await("told", func() bool { return ana.noticed(core.NoticeMemberFalse) })
	if p := ana.sees(bob.key()); p.Logged || p.Verification != core.Unverified || ana.meeting().Badge.LogChecked {
		t.Errorf("shown as %+v", p)
	}
}

// A renewed passport is said in the meeting: an upgrade counts for the others
// at once.
func TestUpgradeInAMeetingReachesTheOthers(t *testing.T) {
	w := newWorld(t)
	ana, bob := w.person("Ana"), w.person("Bob")
	w.signIn(ana, "ana@home.example")
	w.byPhone(ana, "+491701234567")
	w.signIn(bob, "bob@home.example")
	ana.Send(core.StartMeeting{Mode: keys.ModeE2EE})
	ana.inMeeting()
	ana.admit(bob)
	ana.await("Bob checked", func() bool { return ana.sees(bob.key()).Verification == core.VerifiedEmail })
	w.byPhone(bob, "+491701234568")
	ana.await("Bob verified", func() bool { return ana.sees(bob.key()).Verification == core.VerifiedPhone })
}

// Where the policy lets everybody host, as on one's own computer, nobody needs
// an account; nothing is proved, and the badge says so.
func TestGuestsMeetWhereThePolicyIsEveryone(t *testing.T) {
	everyone, err := policy.Preset("everyone")
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, func(c *registry.Config) { c.Policy = everyone })
	ana, bob := w.person("Ana"), w.person("Bob")
	ana.Send(core.StartMeeting{Mode: keys.ModeE2EE})
	ana.inMeeting()
	ana.admit(bob)
	if b := ana.meeting().Badge; b.LogChecked || b.Verified != 0 || !b.EndToEnd {
		t.Errorf("badge %+v", b)
	}
	if a := ana.account(); a.State != core.AccountSignedOut || a.Policy != "everyone" {
		t.Errorf("account %d, policy %q", a.State, a.Policy)
	}
}

// A service without accounts works as before; what needs a proof is refused.
func TestServiceWithoutAccounts(t *testing.T) {
	w := newWorld(t)
	w.clerk.Lie(func(_, _ string, _ int, _ []byte) (int, []byte) { return 404, []byte("no accounts") })
	ana, bob := w.person("Ana"), w.person("Bob")
	ana.await("told", func() bool { return ana.account().State == core.AccountNotOffered })
	ana.Send(core.StartMeeting{Mode: keys.ModeE2EE, Demand: keys.Demand{Verified: true}})
	ana.await("refused", func() bool { return len(ana.Latest().Notices) > 0 })
	if ana.Latest().Meeting != nil {
		t.Error("a demand that nobody can meet opened a meeting")
	}
	ana.Send(core.StartMeeting{Mode: keys.ModeE2EE})
	ana.inMeeting()
	ana.admit(bob)
	if ana.meeting().Badge.LogChecked {
		t.Error("the badge says that a log was checked")
	}
}

// Once a service had accounts, it cannot say that it has none.
func TestServiceThatDeniesItsAccountsIsRefused(t *testing.T) {
	w := newWorld(t)
	ana := w.person("Ana")
	w.signIn(ana, "ana@home.example")
	ana.Close()
	w.clerk.Lie(func(_, _ string, _ int, _ []byte) (int, []byte) { return 404, []byte("no accounts") })
	again := w.start("Ana", ana.device, ana.dir)
	again.await("told", func() bool { return again.noticed(core.NoticeServiceIdentity) })
	again.Send(core.StartMeeting{Mode: keys.ModeE2EE})
	again.await("answered", func() bool {
		n := again.Latest().Notices
		return len(n) > 0 && n[len(n)-1].Severity == core.SeverityWarning
	})
	if again.Latest().Meeting != nil {
		t.Error("hosts all the same")
	}
}

// Names that imitate somebody are marked at the door and inside.
func TestImitationsAreMarked(t *testing.T) {
	everyone, err := policy.Preset("everyone")
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, func(c *registry.Config) { c.Policy = everyone })
	ana, false1 := w.person("Ana Lima"), w.person("Anа Lirna") // a Cyrillic letter; rn for m
	ana.Send(core.StartMeeting{Mode: keys.ModeE2EE})
	ana.inMeeting()
	false1.Send(core.JoinMeeting{Link: ana.meeting().Link})
	ana.await("asked", func() bool { return len(ana.meeting().Lobby) == 1 })
	if k := ana.knocked(false1.key()); k.Imitates != "Ana Lima" {
		t.Errorf("at the door: %q", k.Imitates)
	}
	ana.Send(core.AdmitAll{})
	false1.inMeeting()
	ana.await("two", func() bool { return len(ana.meeting().People) == 2 })
	if got := ana.sees(false1.key()).Imitates; got != "Ana Lima" {
		t.Errorf("inside: %q", got)
	}
	if got := ana.sees(ana.key()).Imitates; got != "" {
		t.Errorf("the real one is said to imitate %q", got)
	}
}

// A planned meeting keeps the policy under which it was planned, also where
// another one is in force when it begins.
func TestPlannedMeetingKeepsItsPolicy(t *testing.T) {
	p := newPlot(t)
	ana := p.ana
	ana.await("ready", func() bool { return ana.account().State == core.AccountReady })
	ana.Send(core.Schedule{Title: "Tomorrow", Start: time.Now().Add(time.Hour), Duration: time.Hour, Mode: keys.ModeE2EE})
	ana.await("planned", func() bool { return len(ana.Latest().Plans) == 1 })
	p.ana.Send(core.StartMeeting{Mode: keys.ModeE2EE}) // by then the service has the terms
	ana.inMeeting()
	ana.Send(core.EndMeeting{})
	ana.await("ended", func() bool { return ana.meeting().Phase == call.PhaseEnded })
	ana.Send(core.CloseMeeting{})

	next, err := policy.Preset("verified-only")
	if err != nil {
		t.Fatal(err)
	}
	if next, err = next.Edited("verified-only", 2, "2026-11-22T00:00:00Z"); err != nil {
		t.Fatal(err)
	}
	p.SetPolicy(next, true)
	ana.Send(core.StartScheduled{Meeting: ana.Latest().Plans[0].ID})
	ana.inMeeting()
	carl := p.person("Carl", keys.ClassEmail)
	carl.Send(core.JoinMeeting{Link: ana.meeting().Link})
	ana.await("asked", func() bool { return len(ana.meeting().Lobby) == 1 })
	if k := ana.knocked(carl.key()); k.Refusal != nil || k.Verification != core.VerifiedEmail {
		t.Errorf("at the door: %+v", k)
	}
}
