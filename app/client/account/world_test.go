package account_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"go.uber.org/goleak"

	"conclave/app/client/account"
	"conclave/app/core"
	"conclave/app/core/upgrade"
	"conclave/call"
	"conclave/call/calltest"
	"conclave/call/media"
	"conclave/call/runner"
	"conclave/keys"
	"conclave/keys/registry"
	"conclave/keys/registry/registrytest"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("k8s.io/klog/v2.(*flushDaemon).run.func1"),
		goleak.IgnoreAnyFunction("go.opencensus.io/stats/view.(*worker).start"))
}

// world is a real registry over HTTP with real partners, a clerk in front of it
// who may lie, the rooms' service and a relay in memory.
type world struct {
	*registrytest.Service
	t     testing.TB
	clerk *calltest.Clerk
	hall  *calltest.Hall
	relay *calltest.Relay
}

func newWorld(t testing.TB, change ...func(*registry.Config)) *world {
	t.Helper()
	var f func(*registry.Config)
	if len(change) > 0 {
		f = change[0]
	}
	w := &world{Service: registrytest.NewService(t, f), t: t, relay: calltest.NewRelay()}
	w.clerk = calltest.NewClerk(t, w.URL)
	w.hall = calltest.NewHall(w.relay)
	t.Cleanup(w.hall.Close)
	return w
}

// person is somebody's app without its screens.
type person struct {
	*core.Core
	t      testing.TB
	name   string
	dir    string
	device keys.DeviceKey
}

func (w *world) person(name string, change ...func(*core.Config)) *person {
	w.t.Helper()
	device, err := keys.NewDeviceKey()
	if err != nil {
		w.t.Fatal(err)
	}
	return w.start(name, device, w.t.TempDir(), change...)
}

// start opens the app of a device and its profile.
func (w *world) start(name string, device keys.DeviceKey, dir string, change ...func(*core.Config)) *person {
	w.t.Helper()
	p := &person{t: w.t, name: name, dir: dir, device: device}
	cfg := core.Config{
		Device:   device,
		Settings: core.Settings{Name: name, Service: w.clerk.URL, MicOff: true},
		Dial:     func(context.Context, string, string) (runner.Conn, error) { return w.hall.Dial(device.Public()) },
		Relay:    func(ctx context.Context, _, token, _ string) (media.Relay, error) { return w.relay.Dial(ctx, token) },
		Hardware: core.Hardware{
			Codecs: calltest.Codecs{},
			Camera: func(string) (media.VideoSource, error) { return &calltest.Still{Light: 99}, nil },
		},
		Format: media.VideoFormat{Width: 64, Height: 36, FrameRate: 5, Kilobits: 100},
		Identify: func(service, pin string, _ bool, report func(core.IdentityEvent)) core.Identity {
			return account.Open(account.Config{
				Service: service, Pin: pin, Device: device, Dir: dir, Open: w.Provider.Browse, Report: report,
			})
		},
	}
	for _, f := range change {
		f(&cfg)
	}
	p.Core = core.New(cfg)
	w.t.Cleanup(p.Close)
	return p
}

func (p *person) key() keys.PublicKey   { return p.device.Public() }
func (p *person) account() core.Account { return p.Latest().Account }

func (p *person) meeting() core.Meeting {
	if m := p.Latest().Meeting; m != nil {
		return *m
	}
	return core.Meeting{}
}

func (p *person) noticed(code core.NoticeCode) bool {
	return slices.ContainsFunc(p.Latest().Notices, func(n core.Notice) bool { return n.Code == code })
}

// await waits until is holds.
func (p *person) await(what string, is func() bool) {
	p.t.Helper()
	news := make(chan struct{}, 1)
	cancel := p.Subscribe(func() {
		select {
		case news <- struct{}{}:
		default:
		}
	})
	defer cancel()
	limit := time.NewTimer(20 * time.Second)
	defer limit.Stop()
	for !is() {
		select {
		case <-news:
		case <-limit.C:
			a, m := p.account(), p.meeting()
			p.t.Fatalf("%s: not %s: account %d (%s), course %s (%s), phase %d, end %d, notices %v",
				p.name, what, a.State, a.Why, a.Course.Phase, a.Course.Trouble, m.Phase, m.End, p.Latest().Notices)
		}
	}
}

func (p *person) phase(want upgrade.Phase) {
	p.t.Helper()
	p.await("in "+want.String(), func() bool { return p.account().Course.Phase == want })
}

func (p *person) do(e upgrade.Event) { p.Send(core.Proceed{Event: e}) }

// signIn makes an account with an e-mail address.
func (w *world) signIn(p *person, address string) {
	w.t.Helper()
	p.await("met", func() bool {
		return p.account().State == core.AccountSignedOut || p.account().State == core.AccountRevoked
	})
	p.Send(core.SignIn{})
	p.phase(upgrade.PhaseEnter)
	p.do(upgrade.Enter{Text: upgrade.Text(address), Name: upgrade.Text(p.name)})
	p.phase(upgrade.PhaseConfirm)
	p.do(upgrade.Type{Code: upgrade.Text(w.Mail.Code(address))})
	p.phase(upgrade.PhaseDone)
	p.await("ready", func() bool { return p.account().State == core.AccountReady && len(p.account().Devices) > 0 })
	p.do(upgrade.Close{})
	p.phase(upgrade.PhaseIdle)
}

// byPhone upgrades by SMS.
func (w *world) byPhone(p *person, number string) {
	w.t.Helper()
	p.Send(core.Upgrade{})
	p.phase(upgrade.PhaseChoose)
	p.do(upgrade.Choose{Way: keys.ClassPhone})
	p.phase(upgrade.PhaseEnter)
	p.do(upgrade.Enter{Text: upgrade.Text(number)})
	p.phase(upgrade.PhaseConfirm)
	p.do(upgrade.Type{Code: upgrade.Text(w.Text.Code(number))})
	p.phase(upgrade.PhaseDone)
	p.await("verified", func() bool { return p.account().Class == keys.ClassPhone })
}

func (p *person) inMeeting() {
	p.t.Helper()
	p.await("in the meeting", func() bool { return p.meeting().Phase == call.PhaseInMeeting })
}

// admit lets somebody in who knocks.
func (p *person) admit(guest *person) {
	p.t.Helper()
	guest.Send(core.JoinMeeting{Link: p.meeting().Link})
	p.await("asked by "+guest.name, func() bool {
		return slices.ContainsFunc(p.meeting().Lobby, func(k core.Knocker) bool { return k.Key == guest.key() })
	})
	p.Send(core.AdmitAll{})
	guest.inMeeting()
}

// knocked is what p sees of somebody at the door.
func (p *person) knocked(k keys.PublicKey) core.Knocker {
	for _, l := range p.meeting().Lobby {
		if l.Key == k {
			return l
		}
	}
	return core.Knocker{}
}

// sees is what p sees of a member.
func (p *person) sees(k keys.PublicKey) core.Person {
	for _, q := range p.meeting().People {
		if q.Key == k {
			return q
		}
	}
	return core.Person{}
}
