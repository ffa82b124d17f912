package main_test

import (
	"testing"
	"time"

	"conclave/app/core"
	"conclave/keys"
)

// The numbers behind a meeting are the ones of the meeting.
func TestFiguresAreTrue(t *testing.T) {
	url := serviceOf(t).url
	lose := make(chan struct{})
	defer close(lose)
	anna, bob := newPerson(t, "Anna", url, withScreen(lose)), newPerson(t, "Bob", url)
	if _, ok := anna.Figures(); ok {
		t.Error("figures without a meeting")
	}
	anna.start(keys.ModeE2EE, "")
	bob.knock(anna)
	anna.admit(bob)
	inTouch(t, anna, bob)
	anna.Send(core.SetShare{On: true})
	await(t, 10*time.Second, "Anna's screen at Bob's", func() bool { img, _ := bob.screen(anna); return img != nil })
	var f core.Figures
	await(t, 15*time.Second, "Bob's figures of sound, camera and screen", func() bool {
		bob.number(anna)
		bob.screen(anna)
		f, _ = bob.Figures()
		sound, camera, screen := false, false, false
		for _, s := range f.In {
			if s.Person != anna.key() {
				return false
			}
			switch {
			case s.Audio:
				sound = s.Codec == "Opus" && s.FPS > 40 && s.FPS < 60
			case s.Stream == core.StreamCamera:
				camera = s.Codec == "VP8" && s.Width == 320 && s.Height == 180 && s.FPS > 5 && s.Delay > 0
			default:
				screen = s.Codec == "VP8" && s.Width == 1280 && s.Height == 720 && s.FPS > 3
			}
		}
		return sound && camera && screen && f.RTT > 0 && f.Down > 50_000 && f.Up > 20_000 && len(f.Out) == 2
	})
	t.Logf("%+v", f)
	if f.Suite == "" || f.Epoch == 0 || f.Lost > 0.05 {
		t.Errorf("suite %q, epoch %d, lost %.2f", f.Suite, f.Epoch, f.Lost)
	}
	await(t, 20*time.Second, "the network's quality at both", func() bool {
		for _, p := range []*person{anna, bob} {
			for _, q := range p.meeting().People {
				if q.Quality < 1 || q.Quality > 4 {
					return false
				}
			}
		}
		return true
	})
}
