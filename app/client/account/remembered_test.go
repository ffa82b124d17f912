package account_test

import (
	"fmt"
	"net"
	"net/http"
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

// A device that the service added behind the owner's back, and lists as ended,
// explains no passport.
func TestEndedDeviceExplainsNoPassport(t *testing.T) {
	ghost, err := keys.NewDeviceKey()
	if err != nil {
		t.Fatal(err)
	}
	p := newPlot(t)
	p.ana.await("ready", func() bool { return len(p.ana.account().Devices) == 1 })
	p.forged.Devices = append(p.forged.Devices, wire.Device{Key: ghost.Public(), Added: time.Now(), Revoked: time.Now()})
	p.forged.Bundles = append(p.forged.Bundles, p.Issue(t, ghost.Public(), p.forged.Account.ID, "Ana", keys.ClassPhone, true))
	ana := p.again(p.ana)
	ana.await("told", func() bool { return ana.noticed(core.NoticePassportUnknown) })
}

// A service that gives the device to another account would have it watch for
// the passports of that one, and call it by the other's name.
func TestAnotherAccountOfTheDeviceIsALie(t *testing.T) {
	p := newPlot(t)
	p.ana.await("ready", func() bool { return len(p.ana.account().Devices) == 1 })
	p.ana.Close()
	p.Enrol(t, p.ana.key(), "Anna Director", keys.ClassPhone)
	p.sendsNothing(t, p.again(p.ana), core.NoticeServiceIdentity)
}

// A link with another pin opens a second session with the service that is known:
// what the first one learnt meanwhile holds for it too.
func TestSessionsOfAServiceKnowTheSame(t *testing.T) {
	p := newPlot(t)
	p.ana.await("ready", func() bool { return p.ana.account().State == core.AccountReady })
	dir := t.TempDir()
	open := func(url string, way http.RoundTripper) (*account.Session, chan core.Standing) {
		news := make(chan core.Standing, 100)
		s := account.Open(account.Config{
			Service: url, Device: p.ana.device, Dir: dir, Transport: way,
			Report: func(e core.IdentityEvent) {
				if st, is := e.(core.Standing); is {
					news <- st
				}
			},
		})
		t.Cleanup(s.Close)
		return s, news
	}
	way := &cutWay{}
	way.cut.Store(true)
	_, late := open(calltest.NewForger(t).URL, way)
	<-late // it could not ask yet
	_, first := open(p.URL, http.DefaultTransport)
	for st := range first {
		if st.State == core.AccountReady {
			break
		}
	}
	way.cut.Store(false)
	if st := <-late; st.Why != core.NoticeServiceIdentity {
		t.Errorf("the later session met another service under the same name, and stands at %+v", st)
	}
}

// Whether somebody may host is looked at by everybody who meets them, not by
// their own app alone; so is that a meeting has the terms of its service.
func TestWhoMayNotHostIsSeenByTheOthers(t *testing.T) {
	p := newPlot(t)
	p.ana.await("ready", func() bool { return p.ana.account().State == core.AccountReady })
	p.ana.Close()
	ready := make(chan struct{}, 100)
	s := account.Open(account.Config{Service: p.URL, Device: p.ana.device, Dir: p.ana.dir, Report: func(e core.IdentityEvent) {
		if st, is := e.(core.Standing); is && st.State == core.AccountReady {
			ready <- struct{}{}
		}
	}})
	defer s.Close()
	<-ready
	inForce, err := policy.Preset(policy.DefaultPreset)
	if err != nil {
		t.Fatal(err)
	}
	about := keys.Descriptor{Mode: keys.ModeE2EE, PolicyHash: core.TermsOf(inForce, keys.Demand{}).Hash(), Host: p.bob.key()}
	bob := call.Shown{Device: p.bob.key()}
	if got := s.Check(t.Context(), about, bob); got.Answer.Decision != inForce.Decide(policy.Guest(), policy.ActionHostE2EE).Decision || got.Answer.Allowed() {
		t.Errorf("a guest hosts: %+v", got)
	}
	about.Mode = keys.ModeTransport
	if got := s.Check(t.Context(), about, bob); got.Answer.Decision != inForce.Decide(policy.Guest(), policy.ActionHostTransport).Decision {
		t.Errorf("a guest hosts in transport mode: %+v", got)
	}
	about.Host = p.ana.key()
	if got := s.Check(t.Context(), about, bob); got.Answer.Decision != inForce.Decide(policy.Guest(), policy.ActionJoinTransport).Decision {
		t.Errorf("a guest joins: %+v", got)
	}
	about.PolicyHash = [32]byte{}
	if got := s.Check(t.Context(), about, bob); got.Checked != call.CheckedFalse || got.Flaw != call.FlawTerms {
		t.Errorf("a meeting without terms, at a service that has a policy: %+v", got)
	}
}

// cutWay is a way to a service that can be cut.
type cutWay struct{ cut atomic.Bool }

func (w *cutWay) RoundTrip(r *http.Request) (*http.Response, error) {
	if w.cut.Load() {
		return nil, net.ErrClosed
	}
	return http.DefaultTransport.RoundTrip(r)
}

// Between the start and the first answer of the service nobody knows what its
// log holds: no terms are believed, and nothing breaks.
func TestTermsBeforeTheFirstRound(t *testing.T) {
	p := newPlot(t)
	p.ana.await("ready", func() bool { return p.ana.account().State == core.AccountReady })
	p.ana.Close()
	inForce, err := policy.Preset(policy.DefaultPreset)
	if err != nil {
		t.Fatal(err)
	}
	terms := core.TermsOf(inForce, keys.Demand{})
	p.Answer(fmt.Sprintf("terms/%x", terms.Hash()), terms.Encode())
	p.Answer("about", []byte("busy"))
	s := account.Open(account.Config{Service: p.URL, Device: p.ana.device, Dir: p.ana.dir, Report: func(core.IdentityEvent) {}})
	defer s.Close()
	about := keys.Descriptor{Mode: keys.ModeE2EE, PolicyHash: terms.Hash()}
	if got := s.Check(t.Context(), about, call.Shown{Device: p.bob.key()}); got.Checked != call.CheckedAway || got.Answer.Decision == policy.DecisionAllow {
		t.Errorf("%+v", got)
	}
	s.SignOut() // the service answers that, and nothing breaks either
}
