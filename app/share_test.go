package main_test

import (
	"fmt"
	"image"
	"testing"
	"time"

	"conclave/app/core"
	"conclave/call/media"
	"conclave/keys"
)

// withScreen gives a client a screen that shows the pattern; lose unplugs it.
func withScreen(lose <-chan struct{}) func(*core.Config) {
	return func(cfg *core.Config) {
		cfg.Hardware.List = func() core.Devices { return core.Devices{Screens: []core.Device{{ID: "one", Label: "Screen"}}} }
		cfg.Hardware.Screen = func(string) (media.VideoSource, error) {
			p := media.NewPattern(media.PatternConfig{Width: 1280, Height: 720, FrameRate: 8})
			go func() {
				<-lose
				_ = p.Close()
			}()
			return p, nil
		}
	}
}

// screen is what p's window would show of what somebody shares.
func (p *person) screen(of *person) (*image.RGBA, uint64) {
	p.Frames().Want(of.key(), core.StreamScreen, 640, 360)
	return p.Frames().Latest(of.key(), core.StreamScreen)
}

// shares is what p says that somebody does.
func (p *person) shares(of *person) bool {
	for _, q := range p.meeting().People {
		if q.Key == of.key() {
			return q.Sharing
		}
	}
	return false
}

func TestAScreenIsShared(t *testing.T) {
	url := serviceOf(t).url
	lose := make(chan struct{})
	anna, bob := newPerson(t, "Anna", url, withScreen(lose)), newPerson(t, "Bob", url)
	defer func() {
		select {
		case <-lose:
		default:
			close(lose)
		}
	}()
	anna.start(keys.ModeE2EE, "")
	bob.knock(anna)
	anna.admit(bob)
	inTouch(t, anna, bob)
	if !anna.Latest().Can.ShareScreen || bob.Latest().Can.ShareScreen {
		t.Fatal("who has a screen may share it, and nobody else")
	}

	began := time.Now()
	anna.Send(core.SetShare{On: true})
	var first uint32
	await(t, 10*time.Second, "Anna's screen at Bob's", func() bool {
		img, _ := bob.screen(anna)
		if img == nil {
			return false
		}
		var ok bool
		first, _, ok = media.ReadPattern(img)
		return ok
	})
	t.Logf("first picture of the screen %v after the click", time.Since(began))
	await(t, 5*time.Second, "a moving screen", func() bool {
		img, _ := bob.screen(anna)
		n, _, ok := media.ReadPattern(img)
		return ok && n > first+5
	})
	if !bob.shares(anna) || !anna.shares(anna) || !anna.meeting().Share.On {
		t.Errorf("sharing: at Bob's %v, at Anna's %v, %+v", bob.shares(anna), anna.shares(anna), anna.meeting().Share)
	}
	if _, _, ok := bob.number(anna); !ok {
		t.Error("Anna's camera is gone while she shares")
	}
	await(t, 2*time.Second, "what she shares at Anna's own", func() bool { img, _ := anna.screen(anna); return img != nil })

	bob.Send(core.SetShare{On: true})
	await(t, 2*time.Second, "Bob told that he has no screen", func() bool {
		return bob.noticed(core.NoticeScreenMissing) && bob.meeting().Share.Fault == core.DeviceMissing && !bob.meeting().Share.Wanted
	})

	anna.Send(core.SetShare{})
	await(t, 5*time.Second, "no screen any more", func() bool {
		img, _ := bob.screen(anna)
		return img == nil && !bob.shares(anna)
	})

	anna.Send(core.SetShare{On: true})
	await(t, 10*time.Second, "Anna's screen again", func() bool { img, _ := bob.screen(anna); return img != nil })
	close(lose)
	await(t, 5*time.Second, "the lost screen told, and not shared again", func() bool {
		return anna.noticed(core.NoticeScreenMissing) && !anna.meeting().Share.Wanted && !bob.shares(anna)
	})
}

// What a relay records of a meeting with a shared screen reads as nothing.
func TestRelayReadsNothingOfAScreen(t *testing.T) {
	lose := make(chan struct{})
	defer close(lose)
	share := withScreen(lose)
	for _, mode := range []keys.Mode{keys.ModeE2EE, keys.ModeTransport} {
		t.Run(fmt.Sprint(mode), func(t *testing.T) {
			h, spy := serviceOf(t), &spied{}
			change := func(cfg *core.Config) { share(cfg); cfg.Hardware.Codecs, cfg.Hardware.Camera = spy, nil }
			anna, bob := newPerson(t, "Anna", h.url, change), newPerson(t, "Bob", h.url)
			anna.start(mode, "")
			id := anna.meeting().ID
			bob.knock(anna)
			anna.admit(bob)
			anna.Send(core.SetShare{On: true})
			await(t, 15*time.Second, "Anna's screen at Bob's", func() bool { img, _ := bob.screen(anna); return img != nil })
			bob.Send(core.SetCamera{})
			h.watch(t, id)
			var s seen
			poll := time.NewTicker(500 * time.Millisecond)
			defer poll.Stop()
			n := 0
			await(t, 20*time.Second, "enough recorded", func() bool {
				<-poll.C
				s, n = h.seen(t, id), 0
				for _, p := range s.Packets {
					if p.Video {
						n++
					}
				}
				return n > 150
			})
			spy.mu.Lock()
			r := recording{seen: s, plain: spy.frames}
			spy.mu.Unlock()
			places, saw := overlap(r), watch(t, r.Packets)
			t.Logf("%d packets of pictures; %+v; %d places in common", n, saw, places)
			if sealed := mode == keys.ModeE2EE; sealed && (places > 0 || saw.patterns > 0) {
				t.Error("the relay reads the screen")
			} else if !sealed && (places == 0 || saw.patterns == 0) {
				t.Error("the instruments are blind")
			}
		})
	}
}
