package core_test

import (
	"bytes"
	"context"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"conclave/app/core"
	"conclave/call"
	"conclave/call/calltest"
	"conclave/call/media"
	"conclave/call/runner"
	"conclave/keys"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is a service, its relay, a liar in front of the service, and people.
// All of it lives in fake time.
type world struct {
	t     testing.TB
	relay *calltest.Relay
	hall  *calltest.Hall
	liar  *calltest.Liar
}

func newWorld(t testing.TB) *world {
	w := &world{t: t, relay: calltest.NewRelay(), liar: calltest.NewLiar()}
	w.hall = calltest.NewHall(w.relay)
	t.Cleanup(w.hall.Close)
	return w
}

// client is somebody's app.
type client struct {
	*core.Core
	t      testing.TB
	name   string
	device keys.DeviceKey
}

// client starts an app. change, where given, sees its configuration first.
func (w *world) client(name string, change ...func(*core.Config)) *client {
	w.t.Helper()
	device, err := keys.NewDeviceKey()
	if err != nil {
		w.t.Fatal(err)
	}
	cfg := core.Config{
		Device:   device,
		Settings: core.Settings{Name: name, Service: "https://meet.test", MicOff: true},
		Dial: func(context.Context, string, string) (runner.Conn, error) {
			c, err := w.hall.Dial(device.Public())
			if err != nil {
				return nil, err
			}
			return w.liar.Between(device.Public(), c), nil
		},
		Relay: func(ctx context.Context, _, token, _ string) (media.Relay, error) { return w.relay.Dial(ctx, token) },
		Hardware: core.Hardware{
			Codecs:     calltest.Codecs{},
			Camera:     func(string) (media.VideoSource, error) { return &calltest.Still{Light: 99}, nil },
			Speaker:    func(string) (media.AudioSink, error) { return deaf{}, nil },
			Microphone: func(string) (media.AudioSource, error) { return calltest.Hum{Level: 2000}, nil },
		},
		Format: media.VideoFormat{Width: 64, Height: 36, FrameRate: 5, Kilobits: 100},
	}
	for _, f := range change {
		f(&cfg)
	}
	c := &client{Core: core.New(cfg), t: w.t, name: name, device: device}
	w.t.Cleanup(c.Close)
	return c
}

// deaf is a speaker that plays nothing, so that fake time is cheap.
type deaf struct{}

func (deaf) Play(func([]int16)) error { return nil }
func (deaf) Done() <-chan struct{}    { return nil }
func (deaf) Close() error             { return nil }

func (c *client) key() keys.PublicKey { return c.device.Public() }

// meeting is what is shown of it now.
func (c *client) meeting() core.Meeting {
	c.t.Helper()
	synctest.Wait()
	if m := c.Latest().Meeting; m != nil {
		return *m
	}
	return core.Meeting{}
}

func (c *client) noticed(code core.NoticeCode) bool {
	synctest.Wait()
	for _, n := range c.Latest().Notices {
		if n.Code == code {
			return true
		}
	}
	return false
}

// frames is how many of its frames the relay has carried.
func (w *world) frames(c *client) int {
	synctest.Wait()
	return w.relay.From(c.meeting().ID, c.key())
}

// silent fails unless nothing of c arrives at the relay for a while.
func (w *world) silent(c *client) {
	w.t.Helper()
	before := w.frames(c)
	time.Sleep(5 * time.Second)
	if n := w.frames(c) - before; n != 0 {
		w.t.Errorf("%s still sends: %d frames in 5 s", c.name, n)
	}
	if c.meeting().Sending {
		w.t.Errorf("%s is shown as sending", c.name)
	}
}

func (w *world) sends(c *client) {
	w.t.Helper()
	before := w.frames(c)
	time.Sleep(2 * time.Second)
	if w.frames(c) == before {
		w.t.Errorf("%s sends nothing: phase %d, silence %d", c.name, c.meeting().Phase, c.meeting().Silence)
	}
}

// sealed fails where a frame that a device sent could be read at the relay.
func (w *world) sealed() {
	w.t.Helper()
	all := w.relay.Carried()
	for _, f := range all {
		if bytes.Contains(f.Data, calltest.Marker) {
			w.t.Fatal("the relay carried a frame that was not sealed")
		}
	}
	if len(all) == 0 {
		w.t.Fatal("the relay carried nothing")
	}
}

func expect[T comparable](t testing.TB, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// start opens a meeting.
func (w *world) start(mode keys.Mode, passcode string, change ...func(*core.Config)) *client {
	w.t.Helper()
	host := w.client("Anna", change...)
	host.Send(core.StartMeeting{Mode: mode, Passcode: passcode})
	if p := host.meeting().Phase; p != call.PhaseInMeeting {
		w.t.Fatalf("the host is in phase %d, end %d", p, host.meeting().End)
	}
	return host
}

// admit brings a client in through the lobby.
func (w *world) admit(host, c *client) {
	w.t.Helper()
	c.Send(core.JoinMeeting{Link: host.meeting().Link})
	synctest.Wait()
	host.Send(core.AdmitAll{})
	for range 60 {
		time.Sleep(100 * time.Millisecond)
		if c.meeting().Phase == call.PhaseInMeeting {
			return
		}
	}
	w.t.Fatalf("%s is not in: phase %d, end %d", c.name, c.meeting().Phase, c.meeting().End)
}

// meet is a meeting of Anna, Bob and Carol in which everybody sends.
func meet(t testing.TB) (w *world, anna, bob, carol *client) {
	t.Helper()
	w = newWorld(t)
	anna = w.start(keys.ModeE2EE, "")
	bob, carol = w.client("Bob"), w.client("Carol")
	w.admit(anna, bob)
	w.admit(anna, carol)
	time.Sleep(3 * time.Second)
	for _, c := range []*client{anna, bob, carol} {
		w.sends(c)
		expect(t, c.name+"'s code", c.meeting().Code.Digits, anna.meeting().Code.Digits)
		expect(t, c.name+" sees", len(c.meeting().People), 3)
	}
	return w, anna, bob, carol
}
