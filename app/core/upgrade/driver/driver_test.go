package driver

import (
	"bytes"
	"testing"
	"time"

	"go.uber.org/goleak"

	"conclave/app/core/upgrade"
	"conclave/keys"
	"conclave/keys/registry/registrytest"
	"conclave/keys/registry/voucher"
	"conclave/keys/registry/wire"
	"conclave/keys/tlog"
	"conclave/keys/tlog/tlogtest"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("k8s.io/klog/v2.(*flushDaemon).run.func1"),
		goleak.IgnoreAnyFunction("go.opencensus.io/stats/view.(*worker).start"))
}

// course is a person's app around the state machine, with a real service.
type course struct {
	t        *testing.T
	s        *registrytest.Service
	person   registrytest.Person
	driver   *Driver
	events   chan upgrade.Event
	state    upgrade.State
	passport keys.Passport
}

func newCourse(t *testing.T, s *registrytest.Service) *course {
	t.Helper()
	c := &course{t: t, s: s, person: s.NewPerson(t), events: make(chan upgrade.Event, 8)}
	roots, err := keys.NewRoots(s.Secrets.Authorities()...)
	if err != nil {
		t.Fatal(err)
	}
	log, err := tlog.Open(tlog.Config{Key: s.Ledger.Key(), Reader: c.person.Log(), Memory: &tlogtest.Memory{}})
	if err != nil {
		t.Fatal(err)
	}
	c.driver = New(Config{
		Device: c.person.Device.Public(), Client: c.person.Client, Roots: roots, Log: log,
		Report: func(e upgrade.Event) { c.events <- e }, Open: s.Provider.Browse,
		Passport: func(_ keys.PassportBundle, p keys.Passport) { c.passport = p },
	})
	t.Cleanup(c.driver.Close)
	return c
}

// do steps with an event and goes on until nothing is waited for.
func (c *course) do(e upgrade.Event) {
	c.t.Helper()
	next, effects := upgrade.Step(c.state, e)
	c.state = next
	c.driver.Carry(effects)
	limit := time.NewTimer(20 * time.Second)
	defer limit.Stop()
	for c.state.Phase.IsWaiting() && !(c.state.Phase == upgrade.PhaseIssuing && c.state.Trouble != upgrade.TroubleNone) {
		select {
		case e := <-c.events:
			next, effects := upgrade.Step(c.state, e)
			c.state = next
			c.driver.Carry(effects)
		case <-limit.C:
			c.t.Fatalf("nothing happens in %s", c.state.Phase)
		}
	}
}

func (c *course) want(phase upgrade.Phase, trouble upgrade.Trouble) {
	c.t.Helper()
	if c.state.Phase != phase || c.state.Trouble != trouble {
		c.t.Fatalf("phase %s, trouble %s; want %s, %s", c.state.Phase, c.state.Trouble, phase, trouble)
	}
}

var ways = []keys.Class{keys.ClassPhone, keys.ClassOrganisation, keys.ClassSeat, keys.ClassVoucher}

func TestCourseWithARealService(t *testing.T) {
	s := registrytest.NewService(t, nil)
	c := newCourse(t, s)
	c.do(upgrade.Begin{Ways: ways})
	c.want(upgrade.PhaseEnter, upgrade.TroubleNone)
	c.do(upgrade.Enter{Text: "not an address"})
	c.want(upgrade.PhaseEnter, upgrade.TroubleInput)
	c.do(upgrade.Enter{Text: "ana@home.example", Name: "Ana"})
	c.want(upgrade.PhaseConfirm, upgrade.TroubleNone)
	code := s.Mail.Code("ana@home.example")
	wrong := "000000"
	if code == wrong {
		wrong = "000001"
	}
	c.do(upgrade.Type{Code: upgrade.Text(wrong)})
	c.want(upgrade.PhaseConfirm, upgrade.TroubleWrongCode)
	if c.state.TriesLeft != 4 {
		t.Errorf("%d tries left, want 4", c.state.TriesLeft)
	}
	c.do(upgrade.Type{Code: upgrade.Text(code)})
	c.want(upgrade.PhaseChoose, upgrade.TroubleNone)

	c.do(upgrade.Choose{Way: keys.ClassSeat})
	c.want(upgrade.PhaseChoose, upgrade.TroubleNoSeat)
	c.do(upgrade.Choose{Way: keys.ClassPhone})
	s.Text.Answer(500)
	c.do(upgrade.Enter{Text: "+491701234567"})
	c.want(upgrade.PhaseEnter, upgrade.TroubleGatewayDown)
	s.Text.Answer(0)
	begin := time.Now()
	c.do(upgrade.Enter{Text: "+491701234567"})
	c.want(upgrade.PhaseConfirm, upgrade.TroubleNone)
	c.do(upgrade.Type{Code: upgrade.Text(s.Text.Code("+491701234567"))})
	c.want(upgrade.PhaseDone, upgrade.TroubleNone)
	if took := time.Since(begin); took > 3*time.Second || c.passport.Class != keys.ClassPhone {
		t.Errorf("took %v, passport says %s", took, c.passport.Class)
	}

	c.do(upgrade.Begin{Account: true, Class: keys.ClassPhone, Ways: ways})
	c.do(upgrade.Choose{Way: keys.ClassOrganisation})
	s.Provider.Deny(true)
	c.do(upgrade.Enter{Text: registrytest.Domain})
	c.want(upgrade.PhaseEnter, upgrade.TroubleDenied)
	s.Provider.Deny(false)
	c.do(upgrade.Enter{Text: registrytest.Domain})
	c.want(upgrade.PhaseDone, upgrade.TroubleNone)
	if c.passport.Issuer != registrytest.Domain {
		t.Error("the passport does not name the school")
	}
}

func TestVoucherAsText(t *testing.T) {
	s := registrytest.NewService(t, nil)
	c := newCourse(t, s)
	c.do(upgrade.Begin{Ways: ways})
	c.do(upgrade.Enter{Text: "ida@home.example", Name: "Ida"})
	c.do(upgrade.Type{Code: upgrade.Text(s.Mail.Code("ida@home.example"))})
	c.do(upgrade.Choose{Way: keys.ClassVoucher})
	c.do(upgrade.Enter{Text: "hello"})
	c.want(upgrade.PhaseEnter, upgrade.TroubleVoucher)
	r, err := voucher.NewRequest(s.Public)
	if err != nil {
		t.Fatal(err)
	}
	blind, _ := s.Partner.Sign(r.Blinded())
	v, err := r.Finish(blind)
	if err != nil {
		t.Fatal(err)
	}
	c.do(upgrade.Enter{Text: upgrade.Text(FormatVoucher(registrytest.PartnerName, v.Message, v.Signature))})
	c.want(upgrade.PhaseDone, upgrade.TroubleNone)
	c.do(upgrade.Begin{Account: true, Class: keys.ClassVoucher, Ways: ways})
	c.do(upgrade.Choose{Way: keys.ClassVoucher})
	c.do(upgrade.Enter{Text: upgrade.Text(FormatVoucher(registrytest.PartnerName, v.Message, v.Signature))})
	c.want(upgrade.PhaseEnter, upgrade.TroubleUsed)
}

func TestEveryCodeOfTheServiceIsATrouble(t *testing.T) {
	for _, code := range wire.Codes() {
		if troubles[code] == upgrade.TroubleNone {
			t.Errorf("%s is no trouble", code)
		}
	}
}

func FuzzParseVoucher(f *testing.F) {
	f.Add(FormatVoucher("p.example", []byte("m"), []byte("s")))
	f.Fuzz(func(t *testing.T, text string) {
		partner, m, s, ok := ParseVoucher(text)
		if !ok {
			return
		}
		p2, m2, s2, ok := ParseVoucher(FormatVoucher(partner, m, s))
		if !ok || p2 != partner || !bytes.Equal(m, m2) || !bytes.Equal(s, s2) {
			t.Fatal("does not come back")
		}
	})
}
