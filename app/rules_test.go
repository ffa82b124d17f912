package main_test

import (
	"context"
	"testing"
	"time"

	"conclave/app/core"
	"conclave/call"
	"conclave/call/runner"
	"conclave/call/wire"
	"conclave/keys"
)

// heedless is the connection of somebody whose program does not learn what is
// said in the group while on is set, so that it obeys nobody.
type heedless struct {
	runner.Conn
	on <-chan struct{}
}

func (h heedless) Receive(ctx context.Context) (wire.Message, error) {
	for {
		m, err := h.Conn.Receive(ctx)
		if _, said := m.(wire.Said); said && err == nil {
			select {
			case <-h.on:
				continue
			default:
			}
		}
		return m, err
	}
}

// Through the real service and the real relay: Bob goes on sending after the host
// muted and stopped him, and nobody opens a frame of it.
func TestWhoIgnoresTheHostIsNotOpened(t *testing.T) {
	url := serviceOf(t).url
	on := make(chan struct{})
	anna, carol := newPerson(t, "Anna", url), newPerson(t, "Carol", url)
	bob := newPerson(t, "Bob", url, func(cfg *core.Config) {
		dial := cfg.Dial
		cfg.Dial = func(ctx context.Context, url, pin string) (runner.Conn, error) {
			conn, err := dial(ctx, url, pin)
			if err != nil {
				return nil, err
			}
			return heedless{conn, on}, nil
		}
	})
	anna.start(keys.ModeE2EE, "")
	for _, p := range []*person{bob, carol} {
		p.knock(anna)
		anna.admit(p)
	}
	inTouch(t, anna, bob, carol)
	close(on)
	clicked := time.Now()
	anna.Send(core.MutePerson{Person: bob.key()})
	anna.Send(core.StopCamera{Person: bob.key()})
	for _, p := range []*person{anna, carol} {
		await(t, 3*time.Second, "refused by "+p.name, func() bool {
			for _, who := range p.meeting().People {
				if who.Key == bob.key() {
					return who.Muted && who.Tile == core.TileCameraOff
				}
			}
			return false
		})
	}
	t.Logf("refused by both after %v", time.Since(clicked).Round(time.Millisecond))
	before := []uint64{anna.remote(bob).AudioOpened + anna.remote(bob).VideoOpened, carol.remote(bob).AudioOpened + carol.remote(bob).VideoOpened}
	sent, _ := bob.MediaStats()
	await(t, 5*time.Second, "a second of Bob's sound sent", func() bool {
		now, _ := bob.MediaStats()
		return now.Sent.AudioFrames > sent.Sent.AudioFrames+50
	})
	for i, p := range []*person{anna, carol} {
		if n := p.remote(bob).AudioOpened + p.remote(bob).VideoOpened; n != before[i] {
			t.Errorf("%s opened %d frames of Bob", p.name, n-before[i])
		}
	}
}

// A classroom machine loses power, starts again with the same key, and is inside
// without anybody's doing, behind a locked door.
func TestMachineThatLostPowerIsBackByItself(t *testing.T) {
	url := serviceOf(t).url
	anna := newPerson(t, "Anna", url)
	var dial func(context.Context, string, string) (runner.Conn, error) // with Bob's key
	bob := newPerson(t, "Bob", url, func(cfg *core.Config) { dial = cfg.Dial })
	anna.start(keys.ModeE2EE, "")
	bob.knock(anna)
	anna.admit(bob)
	inTouch(t, anna, bob)
	anna.Send(core.SetLocked{Locked: true})
	await(t, 3*time.Second, "locked", func() bool { return anna.meeting().Locked })
	bob.Close() // without a word
	again := newPerson(t, "Bob", url, func(cfg *core.Config) { cfg.Device, cfg.Dial = bob.device, dial })
	again.device = bob.device
	started := time.Now()
	again.Send(core.JoinMeeting{Link: anna.meeting().Link})
	again.awaitPhase(call.PhaseInMeeting)
	t.Logf("back after %v", time.Since(started).Round(time.Millisecond))
	inTouch(t, anna, again)
	if n := len(anna.meeting().People); n != 2 {
		t.Errorf("%d people, want 2", n)
	}
}
