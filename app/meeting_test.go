package main_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"conclave/app/core"
	"conclave/call"
	"conclave/call/runner"
	"conclave/call/wire"
	"conclave/keys"
)

// trio is a meeting of three who see and hear each other.
func trio(t testing.TB, mode keys.Mode) (anna, bob, carol *person) {
	t.Helper()
	url := serviceOf(t).url
	anna, bob, carol = newPerson(t, "Anna", url), newPerson(t, "Bob", url), newPerson(t, "Carol", url)
	anna.start(mode, "")
	bob.knock(anna)
	carol.knock(anna)
	anna.admit(bob, carol)
	inTouch(t, anna, bob, carol)
	return anna, bob, carol
}

// The main job, end to end, no fakes between.
func TestThreePeopleMeet(t *testing.T) {
	anna, bob, carol := trio(t, keys.ModeE2EE)
	people := []*person{anna, bob, carol}

	for _, p := range people {
		for _, q := range people {
			if p == q {
				continue
			}
			first, at, _ := p.number(q)
			if age := time.Since(at); age < 0 || age > 5*time.Second {
				t.Errorf("%s's picture of %s is from %v ago", p.name, q.name, age)
			}
			await(t, 5*time.Second, "moving picture", func() bool {
				n, _, ok := p.number(q)
				return ok && n > first+5
			})
		}
		if share := p.hears(p); share > 0.05 {
			t.Errorf("%s hears their own tone: %.2f", p.name, share)
		}
	}

	code := anna.meeting().Code
	for _, p := range people {
		m := p.meeting()
		if m.Code.Digits == "" || m.Code.Digits != code.Digits || m.Code.Epoch != code.Epoch {
			t.Errorf("%s's code is %q of epoch %d, Anna's %q of %d", p.name, m.Code.Digits, m.Code.Epoch, code.Digits, code.Epoch)
		}
		if !m.Badge.EndToEnd || m.Mode != keys.ModeE2EE || !m.Sending {
			t.Errorf("%s: badge %+v, mode %v, sending %v", p.name, m.Badge, m.Mode, m.Sending)
		}
		for _, q := range m.People {
			if q.Name == "" || !q.Connected {
				t.Errorf("%s sees %+v", p.name, q)
			}
		}
	}

	carol.Send(core.SendChat{Text: "Can you hear me?"})
	for _, p := range people {
		await(t, 3*time.Second, "chat at "+p.name, func() bool {
			c := p.meeting().Chat
			return len(c) == 1 && c[0].Name == "Carol" && c[0].Text == "Can you hear me?" && !c[0].Pending
		})
	}

	carol.Send(core.LeaveMeeting{})
	carol.awaitPhase(call.PhaseEnded)
	await(t, 5*time.Second, "Carol gone", func() bool { return len(anna.meeting().People) == 2 && len(bob.meeting().People) == 2 })
	await(t, 5*time.Second, "one new code", func() bool {
		c := anna.meeting().Code.Digits
		return c != code.Digits && c == bob.meeting().Code.Digits
	})

	anna.Send(core.EndMeeting{})
	for _, p := range []*person{anna, bob} {
		p.awaitPhase(call.PhaseEnded)
		if p.meeting().End != call.EndForAll {
			t.Errorf("%s's meeting ended for reason %d", p.name, p.meeting().End)
		}
	}
}

// deaf hides from a client that it was removed, as a modified client would
// that wants to go on listening.
type deaf struct {
	runner.Conn
	from *atomic.Bool
}

func (d deaf) Receive(ctx context.Context) (wire.Message, error) {
	for {
		m, err := d.Conn.Receive(ctx)
		if err != nil || !d.from.Load() {
			return m, err
		}
	}
}

// Anna removes Carol, whose client will not take no for an answer: it keeps its
// keys and its connections as long as it is let.
func TestRemovedMemberReadsNothingMore(t *testing.T) {
	url := serviceOf(t).url
	var clings atomic.Bool
	anna, bob := newPerson(t, "Anna", url), newPerson(t, "Bob", url)
	carol := newPerson(t, "Carol", url, func(cfg *core.Config) {
		dial := cfg.Dial
		cfg.Dial = func(ctx context.Context, service, pin string) (runner.Conn, error) {
			c, err := dial(ctx, service, pin)
			if err != nil {
				return nil, err
			}
			return deaf{c, &clings}, nil
		}
	})
	anna.start(keys.ModeE2EE, "")
	bob.knock(anna)
	carol.knock(anna)
	anna.admit(bob, carol)
	inTouch(t, anna, bob, carol)
	before := anna.meeting().Code.Digits

	clings.Store(true)
	click := time.Now()
	anna.Send(core.Remove{Person: carol.key()})
	await(t, 5*time.Second, "Carol out", func() bool { return len(anna.meeting().People) == 2 && len(bob.meeting().People) == 2 })
	rekeyed := time.Since(click)

	last := carol.remote(anna).LastOpened
	quiet := time.Now()
	await(t, 15*time.Second, "Carol's last frame", func() bool {
		for _, q := range []*person{anna, bob} {
			if at := carol.remote(q).LastOpened; at.After(last) {
				last, quiet = at, time.Now()
			}
		}
		return time.Since(quiet) > 3*time.Second
	})
	t.Logf("removed: others rekeyed after %v, last decryptable frame %v after the click", rekeyed, last.Sub(click))
	if d := last.Sub(click); d > time.Second { // 300 ms is the target; the rest is for a busy machine
		t.Errorf("the removed member opened a frame %v after the click", d)
	}
	if after := anna.meeting().Code.Digits; after == before || after != bob.meeting().Code.Digits {
		t.Errorf("the code of the rest is not a new one in common")
	}
	inTouch(t, anna, bob)
}

// Dan comes late. Frames of before, which a relay may have kept, do not open.
func TestLateJoinerReadsNothingOfBefore(t *testing.T) {
	url := serviceOf(t).url
	anna, bob := newPerson(t, "Anna", url), newPerson(t, "Bob", url)
	kept := &tape{}
	bob2 := newPerson(t, "Carol", url, relayThrough(kept.record))
	anna.start(keys.ModeE2EE, "")
	bob.knock(anna)
	bob2.knock(anna)
	anna.admit(bob, bob2)
	inTouch(t, anna, bob, bob2)
	dan := newPerson(t, "Dan", url, relayThrough(kept.replay))
	old := kept.stop()
	if old < 20 {
		t.Fatalf("only %d frames were kept", old)
	}
	dan.knock(anna)
	anna.admit(dan)
	inTouch(t, anna, dan)
	await(t, 10*time.Second, "old frames offered", func() bool { return kept.left() == 0 })
	var refused uint64
	await(t, 5*time.Second, "old frames refused", func() bool {
		refused = 0
		for _, q := range []*person{anna, bob, bob2} {
			r := dan.remote(q).Refused
			refused += r.NoKey + r.Forged + r.Replayed + r.WrongSender
		}
		return refused >= uint64(old)
	})
	t.Logf("%d frames of before offered, %d refused", old, refused)
}

// Carol leaves and is back a moment later, while the relay still clears up after
// her.
func TestWhoLeavesMayComeBackAtOnce(t *testing.T) {
	anna, bob, carol := trio(t, keys.ModeE2EE)
	for range 2 {
		carol.Send(core.LeaveMeeting{})
		carol.awaitPhase(call.PhaseEnded)
		carol.Send(core.CloseMeeting{})
		await(t, 5*time.Second, "home", func() bool { return carol.Latest().Meeting == nil })
		await(t, 5*time.Second, "Carol out", func() bool { return len(anna.meeting().People) == 2 })
		carol.knock(anna)
		anna.admit(carol)
		inTouch(t, anna, bob, carol)
	}
	// The relay's last word on her former self would come now.
	before := carol.remote(anna).AudioOpened
	await(t, 10*time.Second, "three seconds more", func() bool { return carol.remote(anna).AudioOpened > before+150 })
	if s := anna.meeting().Silence; s != core.SilenceNone {
		t.Errorf("Anna is silent: %d", s)
	}
}

func TestLockKeepsTheDoorShut(t *testing.T) {
	url := serviceOf(t).url
	anna, bob := newPerson(t, "Anna", url), newPerson(t, "Bob", url)
	anna.start(keys.ModeE2EE, "")
	anna.Send(core.SetLocked{Locked: true})
	await(t, 3*time.Second, "locked", func() bool { return anna.meeting().Locked })
	bob.Send(core.JoinMeeting{Link: anna.meeting().Link})
	bob.awaitPhase(call.PhaseEnded)
	if bob.meeting().End != call.EndLocked {
		t.Errorf("end %d, want locked", bob.meeting().End)
	}
	anna.Send(core.SetLocked{})
	await(t, 3*time.Second, "unlocked", func() bool { return !anna.meeting().Locked })
	bob.Send(core.CloseMeeting{})
	bob.knock(anna)
}

// The service is killed in mid-meeting and started again on the same file:
// everybody is back, in the same meeting, with nothing lost.
func TestServiceIsKilledAndComesBack(t *testing.T) {
	file := t.TempDir() + "/meetings.db"
	h := &helper{}
	if err := h.start(orders{Listen: "127.0.0.1:0", File: file}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.stop() })
	at := h.url[len("http://"):]
	anna, bob, carol := newPerson(t, "Anna", h.url), newPerson(t, "Bob", h.url), newPerson(t, "Carol", h.url)
	anna.start(keys.ModeE2EE, "")
	bob.knock(anna)
	carol.knock(anna)
	anna.admit(bob, carol)
	inTouch(t, anna, bob, carol)
	people := []*person{anna, bob, carol}

	h.stop()
	for _, p := range people {
		p.awaitPhase(call.PhaseReconnecting)
		if !p.noticed(core.NoticeServiceGone) {
			t.Errorf("%s was not told", p.name)
		}
	}
	bob.Send(core.SendChat{Text: "while it was down"})
	down := time.Now()
	if err := h.start(orders{Listen: at, File: file}); err != nil {
		t.Fatal(err)
	}
	for _, p := range people {
		p.awaitPhase(call.PhaseInMeeting)
		await(t, 10*time.Second, "chat", func() bool {
			c := p.meeting().Chat
			return len(c) == 1 && !c[0].Pending
		})
	}
	t.Logf("control back after %v", time.Since(down))
	frames := map[*person]uint64{}
	for _, p := range people {
		frames[p] = p.remote(people[(len(frames)+1)%3]).AudioOpened
	}
	for i, p := range people {
		await(t, 40*time.Second, "media again at "+p.name, func() bool { return p.remote(people[(i+1)%3]).AudioOpened > frames[p]+25 })
	}
	t.Logf("media back after %v", time.Since(down))
	anna.Send(core.Remove{Person: carol.key()})
	carol.awaitPhase(call.PhaseEnded)
	await(t, 5*time.Second, "commits go on", func() bool { return anna.meeting().Code.Digits == bob.meeting().Code.Digits })
}
