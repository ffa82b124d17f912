package account_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"conclave/app/client/account"
	"conclave/app/core"
	"conclave/call"
	"conclave/call/calltest"
	"conclave/keys"
	"conclave/keys/policy"
	"conclave/keys/registry/wire"
)

// A lying registry, case by case. It can refuse and delay; whatever it states
// falsely of people, keys, its log or its policy is found out, and nothing is
// sent to anybody on the strength of it.

// conspirator is the modified app of somebody who is in league with the
// service: it shows what it is told to, and finds itself in order.
type conspirator struct {
	core.Identity
	shows *atomic.Pointer[[]byte]
	self  keys.PublicKey
}

func (c conspirator) Own(context.Context) []byte { return *c.shows.Load() }

func (c conspirator) Check(ctx context.Context, about keys.Descriptor, shown call.Shown) call.Proof {
	if shown.Device == c.self {
		return call.NoAccounts()
	}
	return c.Identity.Check(ctx, about, shown)
}

// plot is a service that lies, Ana who hosts there, and Bob, whose app shows
// what the plot says.
type plot struct {
	*calltest.Forger
	w        *world
	ana, bob *person
	shows    atomic.Pointer[[]byte]
	forged   *calltest.Forged // of Ana
}

func newPlot(t *testing.T) *plot {
	t.Helper()
	p := &plot{Forger: calltest.NewForger(t), w: &world{t: t, relay: calltest.NewRelay()}}
	p.w.hall = calltest.NewHall(p.w.relay)
	t.Cleanup(p.w.hall.Close)
	p.shows.Store(new([]byte))
	p.ana = p.person("Ana", keys.ClassPhone)
	p.bob = p.person("Bob", keys.ClassNone, func(cfg *core.Config) {
		identify, self := cfg.Identify, cfg.Device.Public()
		cfg.Identify = func(service, pin string, local bool, report func(core.IdentityEvent)) core.Identity {
			return conspirator{identify(service, pin, local, report), &p.shows, self}
		}
	})
	return p
}

// person opens an app whose device has an account of a class; ClassNone: none.
func (p *plot) person(name string, class keys.Class, change ...func(*core.Config)) *person {
	device, err := keys.NewDeviceKey()
	if err != nil {
		p.w.t.Fatal(err)
	}
	if class != keys.ClassNone {
		forged := p.Enrol(p.w.t, device.Public(), name, class)
		if p.forged == nil {
			p.forged = forged
		}
	}
	dir := p.w.t.TempDir()
	here := func(cfg *core.Config) {
		cfg.Settings.Service = p.URL
		cfg.Identify = func(service, pin string, _ bool, report func(core.IdentityEvent)) core.Identity {
			return account.Open(account.Config{Service: service, Pin: pin, Device: device, Dir: dir, Report: report})
		}
	}
	p.w.clerk = &calltest.Clerk{URL: p.URL}
	return p.w.start(name, device, dir, append([]func(*core.Config){here}, change...)...)
}

// again closes somebody's app and opens it anew, which reads the log at once.
func (p *plot) again(q *person) *person {
	q.Close()
	device, dir := q.device, q.dir
	return p.w.start(q.name, device, dir, func(cfg *core.Config) {
		cfg.Settings.Service = p.URL
		cfg.Identify = func(service, pin string, _ bool, report func(core.IdentityEvent)) core.Identity {
			return account.Open(account.Config{Service: service, Pin: pin, Device: device, Dir: dir, Report: report})
		}
	})
}

func (p *plot) hosts() {
	p.ana.await("ready", func() bool { return p.ana.account().State == core.AccountReady })
	p.ana.Send(core.StartMeeting{Mode: keys.ModeE2EE})
	p.ana.inMeeting()
}

// keptOut has Bob knock with a bundle, and fails unless Ana's app lets nobody
// in, whatever she presses.
func (p *plot) keptOut(t *testing.T, bundle []byte) {
	t.Helper()
	p.shows.Store(&bundle)
	ana, bob := p.ana, p.bob
	bob.Send(core.JoinMeeting{Link: ana.meeting().Link})
	ana.await("asked", func() bool { return len(ana.meeting().Lobby) == 1 })
	k := ana.knocked(bob.key())
	if k.Refusal == nil || k.Verification != core.Unverified || k.Logged {
		t.Errorf("at the door: %+v", k)
	}
	ana.Send(core.AdmitAll{})
	ana.Send(core.Admit{Ticket: k.Ticket})
	ana.Send(core.AdmitVerified{})
	ana.Send(core.SendChat{Text: "after"})
	ana.await("after", func() bool { c := ana.meeting().Chat; return len(c) == 1 && !c[0].Pending })
	if n, phase := len(ana.meeting().People), bob.meeting().Phase; n != 1 || phase != call.PhaseLobby {
		t.Errorf("%d people, Bob in phase %d", n, phase)
	}
}

// sendsNothing fails unless Ana's app, after the lie was found out with code,
// neither hosts nor shows a passport.
func (p *plot) sendsNothing(t *testing.T, ana *person, code core.NoticeCode) {
	t.Helper()
	ana.await("told", func() bool { return ana.noticed(code) })
	ana.await("without a passport", func() bool { return ana.account().State == core.AccountNoPassport })
	if a := ana.account(); a.Why != code || a.Class != keys.ClassGuest {
		t.Errorf("account %+v", a.Why)
	}
	ana.Send(core.StartMeeting{Mode: keys.ModeE2EE})
	ana.await("answered", func() bool {
		a := ana.account()
		n := 0
		for _, notice := range ana.Latest().Notices {
			if notice.Code == code && notice.Severity == core.SeverityWarning {
				n++
			}
		}
		return a.Refused != nil || n > 0
	})
	if ana.Latest().Meeting != nil || len(p.w.relay.Carried()) != 0 {
		t.Error("something was sent")
	}
}

func TestPassportForAnotherNameIsCaught(t *testing.T) {
	t.Run("at the door", func(t *testing.T) {
		p := newPlot(t)
		p.hosts()
		p.keptOut(t, p.Issue(t, p.bob.key(), keys.NewAccountID(), "Anna Director", keys.ClassOrganisation, true))
	})
	t.Run("one's own", func(t *testing.T) {
		p := newPlot(t)
		p.ana.await("ready", func() bool { return p.ana.account().State == core.AccountReady })
		p.forged.Bundle = p.Issue(t, p.ana.key(), p.forged.Account.ID, "Anna Director", keys.ClassPhone, true)
		p.forged.Account.Class = keys.ClassSeat // so that the app asks for a new one
		p.sendsNothing(t, p.again(p.ana), core.NoticePassportFalse)
	})
}

func TestWrongClassIsCaught(t *testing.T) {
	t.Run("changed in the certificate", func(t *testing.T) {
		p := newPlot(t)
		p.hosts()
		b, err := keys.ParsePassportBundle(p.Issue(t, p.bob.key(), keys.NewAccountID(), "Bob", keys.ClassEmail, true))
		if err != nil {
			t.Fatal(err)
		}
		other, err := keys.ParsePassportBundle(p.Issue(t, p.bob.key(), keys.NewAccountID(), "Bob", keys.ClassSeat, false))
		if err != nil {
			t.Fatal(err)
		}
		b.Chain = other.Chain // the class of one in the log entry of the other
		data, err := b.Encode()
		if err != nil {
			t.Fatal(err)
		}
		p.keptOut(t, data)
	})
	t.Run("one's own", func(t *testing.T) {
		p := newPlot(t)
		p.ana.await("ready", func() bool { return p.ana.account().State == core.AccountReady })
		p.forged.Account.Class = keys.ClassSeat // while the passport says phone
		p.sendsNothing(t, p.again(p.ana), core.NoticePassportFalse)
	})
}

func TestPassportOutsideTheLogIsCaught(t *testing.T) {
	p := newPlot(t)
	p.hosts()
	p.keptOut(t, p.Issue(t, p.bob.key(), keys.NewAccountID(), "Bob", keys.ClassSeat, false))
}

func TestPassportOfAnotherDeviceIsCaught(t *testing.T) {
	p := newPlot(t)
	p.hosts()
	p.keptOut(t, p.Issue(t, p.ana.key(), keys.NewAccountID(), "Bob", keys.ClassSeat, true))
}

// Mallory's program is altered: she says a true, logged passport of her own device,
// and has the bare key in her leaf of the group, or another passport. The leaf
// decides who she is.
func TestPassportThatIsNotInTheLeafProvesNothing(t *testing.T) {
	p := newPlot(t)
	p.hosts()
	ana := p.ana
	in := make(chan *calltest.Rogue, 1)
	go func() {
		r, err := calltest.NewRogue(t.Context(), p.w.hall, ana.meeting().ID, "Mallory")
		if err != nil {
			t.Error(err)
		}
		in <- r
	}()
	ana.await("asked", func() bool { return len(ana.meeting().Lobby) == 1 })
	ana.Send(core.AdmitAll{})
	mallory := <-in
	if mallory == nil {
		t.FailNow()
	}
	defer func() { _ = mallory.Close() }()
	chats := 0
	says := func(bundle []byte) {
		t.Helper()
		for _, said := range []call.Payload{call.Passports{Bundles: [][]byte{bundle}}, call.Text{Text: "here I am"}} {
			if err := errors.Join(mallory.CatchUp(t.Context()), mallory.Say(t.Context(), said)); err != nil {
				t.Fatal(err)
			}
		}
		chats++
		ana.await("said", func() bool { return len(ana.meeting().Chat) == chats })
	}
	wears := func(bundle []byte) {
		t.Helper()
		b, err := keys.ParsePassportBundle(bundle)
		if err != nil {
			t.Fatal(err)
		}
		epoch := ana.meeting().Code.Epoch
		if err := errors.Join(mallory.CatchUp(t.Context()), mallory.Wear(t.Context(), b.Chain[0])); err != nil {
			t.Fatal(err)
		}
		ana.await("in the next epoch", func() bool { return ana.meeting().Code.Epoch > epoch })
	}
	issue := func() []byte {
		return p.Issue(t, mallory.Device(), keys.NewAccountID(), "Mallory", keys.ClassSeat, true)
	}
	unproved := func(when string) {
		t.Helper()
		if q := ana.sees(mallory.Device()); q.Logged || q.Verification != core.Unverified {
			t.Errorf("%s: %+v", when, q)
		}
	}
	first, second := issue(), issue()
	says(first)
	unproved("said, with the bare key in the leaf")
	wears(first)
	ana.await("her passport", func() bool { return ana.sees(mallory.Device()).Verification == core.VerifiedSeat })
	wears(second)
	unproved("another one in the leaf")
	says(first)
	unproved("said again, with another one in the leaf")
	says(second)
	ana.await("the other one", func() bool { return ana.sees(mallory.Device()).Logged })
}

func TestForkedLogIsCaught(t *testing.T) {
	p := newPlot(t)
	p.hosts()
	// Bob's passport stands in a log that Ana is not shown.
	mine, size := p.Log.Fork(2), 2
	p.Log.Become(p.Log.Fork(size - 1))
	bundle := p.Issue(t, p.bob.key(), keys.NewAccountID(), "Bob", keys.ClassSeat, true)
	p.Log.Become(mine)
	p.keptOut(t, bundle)
	p.ana.await("told", func() bool { return p.ana.noticed(core.NoticeLogForked) })
}

func TestLogRolledBackIsCaught(t *testing.T) {
	p := newPlot(t)
	p.ana.await("ready", func() bool { return p.ana.account().State == core.AccountReady })
	p.Log.Show(1)
	p.sendsNothing(t, p.again(p.ana), core.NoticeLogForked)
}

func TestRevokedPassportServedAsGoodIsCaught(t *testing.T) {
	t.Run("at the door", func(t *testing.T) {
		p := newPlot(t)
		p.hosts()
		bundle := p.Issue(t, p.bob.key(), keys.NewAccountID(), "Bob", keys.ClassSeat, true)
		p.Revoke(t, bundle)
		p.keptOut(t, bundle)
	})
	t.Run("one's own", func(t *testing.T) {
		p := newPlot(t)
		p.ana.await("ready", func() bool { return p.ana.account().State == core.AccountReady })
		p.Revoke(t, p.forged.Bundle)
		p.sendsNothing(t, p.again(p.ana), core.NoticePassportFalse)
	})
}

// The policy of the descriptor is swapped for one that would refuse nobody, or
// everybody: neither counts.
func TestPolicySwappedAfterCreationIsCaught(t *testing.T) {
	p := newPlot(t)
	p.hosts()
	swapped, err := policy.Preset("everyone")
	if err != nil {
		t.Fatal(err)
	}
	if swapped, err = swapped.Edited("verify-once", 2, "2026-11-22T00:00:00Z"); err != nil {
		t.Fatal(err)
	}
	p.SwapPolicy(swapped)
	carl := p.person("Carl", keys.ClassPhone)
	carl.Send(core.JoinMeeting{Link: p.ana.meeting().Link})
	carl.await("ended", func() bool { return carl.meeting().End == call.EndPolicy })
	if len(p.ana.meeting().Lobby) != 0 {
		t.Error("he knocked: under which policy?")
	}
}

func TestPolicyOutsideTheLogIsCaught(t *testing.T) {
	p := newPlot(t)
	p.ana.await("ready", func() bool { return p.ana.account().State == core.AccountReady })
	loose, err := policy.Preset("everyone")
	if err != nil {
		t.Fatal(err)
	}
	if loose, err = loose.Edited("everyone", 2, "2026-11-22T00:00:00Z"); err != nil {
		t.Fatal(err)
	}
	p.SetPolicy(loose, false)
	p.sendsNothing(t, p.again(p.ana), core.NoticePolicyUnlogged)
}

func TestDeviceThatTheOwnerNeverAddedIsTold(t *testing.T) {
	ghost, err := keys.NewDeviceKey()
	if err != nil {
		t.Fatal(err)
	}
	t.Run("listed", func(t *testing.T) {
		p := newPlot(t)
		p.ana.await("ready", func() bool { return len(p.ana.account().Devices) == 1 })
		p.forged.Devices = append(p.forged.Devices, wire.Device{Key: ghost.Public(), Added: time.Now()})
		ana := p.again(p.ana)
		ana.await("told", func() bool { return ana.noticed(core.NoticeDeviceAdded) })
	})
	t.Run("hidden, with its passport denied", func(t *testing.T) {
		p := newPlot(t)
		p.ana.await("ready", func() bool { return len(p.ana.account().Devices) == 1 })
		p.Issue(t, ghost.Public(), p.forged.Account.ID, "Ana", keys.ClassPhone, true)
		ana := p.again(p.ana)
		ana.await("told", func() bool { return ana.noticed(core.NoticePassportUnknown) })
	})
	t.Run("hidden, with its passport shown", func(t *testing.T) {
		p := newPlot(t)
		p.ana.await("ready", func() bool { return len(p.ana.account().Devices) == 1 })
		p.forged.Bundles = append(p.forged.Bundles, p.Issue(t, ghost.Public(), p.forged.Account.ID, "Ana", keys.ClassPhone, true))
		ana := p.again(p.ana)
		ana.await("told", func() bool { return ana.noticed(core.NoticePassportUnknown) })
	})
}

// Another key under the same address is another service.
func TestServiceThatChangesItsKeysIsRefused(t *testing.T) {
	other := calltest.NewForger(t)
	for name, change := range map[string]func(*wire.About){
		"log":    func(a *wire.About) { a.LogKey = "forger+00000000+AfM0Hn9FY6AyjZu6lq2lqlo9TTSvfIRa3HhYQ1YbLVAa" },
		"policy": func(a *wire.About) { a.PolicyKey = "x" },
		"authority": func(a *wire.About) {
			a.Authorities = other.Authorities()
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlot(t)
			p.ana.await("ready", func() bool { return p.ana.account().State == core.AccountReady })
			p.SetAbout(change)
			p.sendsNothing(t, p.again(p.ana), core.NoticeServiceIdentity)
		})
	}
}

// An authority that comes after a known one is taken over, so that a service
// may change its own as often as it must.
func TestLaterAuthoritiesAreRemembered(t *testing.T) {
	other := calltest.NewForger(t)
	p := newPlot(t)
	p.ana.await("ready", func() bool { return p.ana.account().State == core.AccountReady })
	p.SetAbout(func(a *wire.About) { a.Authorities = append(a.Authorities, other.Authorities()...) })
	second := p.again(p.ana)
	second.await("ready", func() bool { return second.account().State == core.AccountReady && !second.account().Logged.IsZero() })
	p.SetAbout(func(a *wire.About) { a.Authorities = other.Authorities() })
	third := p.again(second)
	third.await("ready", func() bool { return third.account().State == core.AccountReady })
	if third.noticed(core.NoticeServiceIdentity) {
		t.Error("an authority that was announced is refused")
	}
}
