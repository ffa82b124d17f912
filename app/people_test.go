package main_test

import (
	"context"
	"image"
	"sync"
	"testing"
	"time"

	"conclave/app/client"
	"conclave/app/core"
	"conclave/call"
	"conclave/call/calltest"
	"conclave/call/media"
	"conclave/call/media/device"
	"conclave/keys"
)

// tones are what the people hum, so that each can be told from the others in a
// mix.
var tones = map[string]float64{"Anna": 440, "Bob": 990, "Carol": 1740, "Dan": 2610}

// person is a whole client: everything but the window, with a drawn camera and
// a hummed microphone.
type person struct {
	*core.Core
	t      testing.TB
	name   string
	device keys.DeviceKey

	mu  sync.Mutex
	ear *calltest.Ear
}

// newPerson starts a client that uses the service at url. change may alter its
// configuration.
func newPerson(t testing.TB, name, url string, change ...func(*core.Config)) *person {
	t.Helper()
	key, err := keys.NewDeviceKey()
	if err != nil {
		t.Fatal(err)
	}
	p := &person{t: t, name: name, device: key}
	cfg := client.Config(core.Config{
		Device:   key,
		Settings: core.Settings{Name: name, Service: url},
		Hardware: core.Hardware{
			Codecs: new(device.Codecs),
			Camera: func(string) (media.VideoSource, error) {
				return media.NewPattern(media.PatternConfig{Width: 320, Height: 180, FrameRate: 15}), nil
			},
			Microphone: func(string) (media.AudioSource, error) { return media.NewTone(tones[name]), nil },
			Speaker: func(string) (media.AudioSink, error) {
				p.mu.Lock()
				defer p.mu.Unlock()
				p.ear = calltest.NewEar()
				return p.ear, nil
			},
		},
		Format:       media.VideoFormat{Width: 320, Height: 180, FrameRate: 15, Kilobits: 200},
		ReadPatterns: true,
	}, client.Places{}, nil)
	for _, f := range change {
		f(&cfg)
	}
	p.Core = core.New(cfg)
	t.Cleanup(p.Close)
	return p
}

func (p *person) key() keys.PublicKey { return p.device.Public() }

// meeting is what p's screen would show now.
func (p *person) meeting() core.Meeting {
	if m := p.Latest().Meeting; m != nil {
		return *m
	}
	return core.Meeting{}
}

func (p *person) noticed(code core.NoticeCode) bool {
	for _, n := range p.Latest().Notices {
		if n.Code == code {
			return true
		}
	}
	return false
}

// await waits until is holds, and says what was missing when it does not.
func await(t testing.TB, limit time.Duration, what string, is func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(limit); !is(); <-tick.C {
		if time.Now().After(end) {
			t.Fatalf("after %v: not %s", limit, what)
		}
	}
}

func (p *person) awaitPhase(phase call.Phase) {
	p.t.Helper()
	defer func() {
		if m := p.meeting(); m.Phase != phase {
			p.t.Logf("%s is in phase %d, end %d", p.name, m.Phase, m.End)
		}
	}()
	await(p.t, 15*time.Second, p.name+" in the phase wanted", func() bool { return p.meeting().Phase == phase })
}

// start opens a meeting.
func (p *person) start(mode keys.Mode, passcode string) {
	p.t.Helper()
	p.Send(core.StartMeeting{Mode: mode, Passcode: passcode})
	p.awaitPhase(call.PhaseInMeeting)
}

// knock goes to the door of host's meeting and waits there.
func (p *person) knock(host *person) {
	p.t.Helper()
	p.Send(core.JoinMeeting{Link: host.meeting().Link})
	p.awaitPhase(call.PhaseLobby)
}

// admit lets everybody in who waits, and waits until guests are.
func (p *person) admit(guests ...*person) {
	p.t.Helper()
	await(p.t, 10*time.Second, "everybody at the door", func() bool { return len(p.meeting().Lobby) >= len(guests) })
	p.Send(core.AdmitAll{})
	for _, g := range guests {
		g.awaitPhase(call.PhaseInMeeting)
	}
}

// remote is what p's session counts of somebody.
func (p *person) remote(of *person) media.RemoteStats {
	s, _ := p.MediaStats()
	for _, r := range s.Remotes {
		if r.Key == of.key() {
			return r
		}
	}
	return media.RemoteStats{}
}

// picture is what p's screen shows of somebody.
func (p *person) picture(of *person) *image.RGBA {
	p.Frames().Want(of.key(), core.StreamCamera, 320, 180)
	img, _ := p.Frames().Latest(of.key(), core.StreamCamera)
	return img
}

// number reads the drawn frame number off p's screen.
func (p *person) number(of *person) (uint32, time.Time, bool) {
	img := p.picture(of)
	if img == nil {
		return 0, time.Time{}, false
	}
	return media.ReadPattern(img)
}

// hears is how much of what p hears is somebody's tone, 0 to 1.
func (p *person) hears(of *person) float64 {
	p.mu.Lock()
	ear := p.ear
	p.mu.Unlock()
	if ear == nil {
		return 0
	}
	heard := ear.Heard()
	if len(heard) < media.SampleRate/4 {
		return 0
	}
	return media.ToneShare(heard[len(heard)-media.SampleRate/4:], tones[of.name])
}

// inTouch waits until everybody sees and hears everybody else.
func inTouch(t testing.TB, people ...*person) {
	t.Helper()
	for _, p := range people {
		for _, q := range people {
			if p == q {
				continue
			}
			await(t, 15*time.Second, p.name+" seeing "+q.name, func() bool {
				_, _, ok := p.number(q)
				return ok
			})
			await(t, 15*time.Second, p.name+" hearing "+q.name, func() bool { return p.hears(q) > 0.15 })
		}
	}
}

// reachable redirects a client's relay connection through f.
func relayThrough(f func(media.Relay) media.Relay) func(*core.Config) {
	return func(cfg *core.Config) {
		dial := cfg.Relay
		cfg.Relay = func(ctx context.Context, url, token, pin string) (media.Relay, error) {
			r, err := dial(ctx, url, token, pin)
			if err != nil {
				return nil, err
			}
			return f(r), nil
		}
	}
}
