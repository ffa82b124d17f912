package core_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"conclave/app/core"
	"conclave/call"
	"conclave/call/calltest"
	"conclave/call/media"
	"conclave/call/runner"
	"conclave/keys"
)

// counted are devices that count how often they are opened and closed.
type counted struct {
	mu           sync.Mutex
	opened, shut int
	ids          []string
	fault        error
}

func (d *counted) open(id string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.fault != nil {
		return d.fault
	}
	d.opened++
	d.ids = append(d.ids, id)
	return nil
}

func (d *counted) close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.shut++
}

func (d *counted) now() (opened, shut int) {
	synctest.Wait()
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.opened, d.shut
}

func (d *counted) fail(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.fault = err
}

type countedCamera struct {
	calltest.Still
	by *counted
}

func (c *countedCamera) Close() error { c.by.close(); return nil }

func (d *counted) camera(cfg *core.Config) {
	cfg.Hardware.Camera = func(id string) (media.VideoSource, error) {
		if err := d.open(id); err != nil {
			return nil, err
		}
		return &countedCamera{calltest.Still{Light: 99}, d}, nil
	}
}

func (c *client) preview() core.Preview {
	synctest.Wait()
	if p := c.Latest().Preview; p != nil {
		return *p
	}
	return core.Preview{}
}

func TestPreviewShowsOneselfAndSendsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		anna := w.start(keys.ModeE2EE, "sesame")
		link := anna.meeting().Link
		dials := 0
		bob := w.client("Bob", func(cfg *core.Config) {
			cfg.Settings.MicOff = false
			relay := cfg.Relay
			cfg.Relay = func(ctx context.Context, url, token, pin string) (media.Relay, error) {
				dials++
				return relay(ctx, url, token, pin)
			}
		})
		bob.Send(core.OpenPreview{Link: link})
		synctest.Wait()
		bob.Frames().Want(bob.key(), core.StreamCamera, 64, 36)
		time.Sleep(time.Second)
		p := bob.preview()
		if !p.Looked || p.Missing || p.Mode != keys.ModeE2EE || !p.Asks || !p.HostHere || p.Locked {
			t.Errorf("of the meeting it shows %+v", p)
		}
		if !p.Mic.On || !p.Camera.On || bob.Latest().Devices.Level == 0 {
			t.Errorf("mic %+v, camera %+v, level %v", p.Mic, p.Camera, bob.Latest().Devices.Level)
		}
		if img, _ := bob.Frames().Latest(bob.key(), core.StreamCamera); img == nil {
			t.Error("Bob does not see himself")
		}
		if dials != 0 || len(anna.meeting().Lobby) != 0 {
			t.Errorf("a preview reached the relay %d times, or the lobby: %v", dials, anna.meeting().Lobby)
		}
		from := bob.Latest().Revision
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if n := bob.Latest().Revision - from; n > 21 {
			t.Errorf("%d snapshots in two seconds of a preview; the level is worth ten a second", n)
		}

		bob.Send(core.SetMic{})
		bob.Send(core.SetCamera{})
		anna.Send(core.SetLocked{Locked: true})
		time.Sleep(6 * time.Second)
		if p := bob.preview(); p.Mic.On || p.Camera.On || !p.Locked {
			t.Errorf("after switching off and locking: %+v", p)
		}
		bob.Send(core.ClosePreview{})
		synctest.Wait()
		if bob.Latest().Preview != nil || dials != 0 {
			t.Error("the preview is not closed")
		}
	})
}

func TestPreviewHandsItsCameraToTheMeeting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		cam := &counted{}
		anna := w.client("Anna", cam.camera)
		anna.Send(core.OpenPreview{Start: core.StartMeeting{Mode: keys.ModeE2EE}})
		time.Sleep(time.Second)
		if p := anna.preview(); p.Mode != keys.ModeE2EE || !p.Looked {
			t.Errorf("preview of a meeting to start: %+v", p)
		}
		anna.Send(core.StartMeeting{Mode: keys.ModeE2EE})
		time.Sleep(2 * time.Second)
		if anna.meeting().Phase != call.PhaseInMeeting || anna.Latest().Preview != nil {
			t.Fatalf("phase %d", anna.meeting().Phase)
		}
		if o, c := cam.now(); o != 1 || c != 0 {
			t.Errorf("the camera was opened %d times and closed %d times", o, c)
		}
		w.sends(anna)
		anna.Send(core.LeaveMeeting{})
		anna.Send(core.CloseMeeting{})
		time.Sleep(5 * time.Second)
		if o, c := cam.now(); o != 1 || c != 1 {
			t.Errorf("after leaving it was opened %d times and closed %d times", o, c)
		}
	})
}

// Who waits in the lobby is not filmed for longer than a moment.
func TestCameraGoesOutInTheLobby(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		anna := w.start(keys.ModeE2EE, "")
		cam := &counted{}
		bob := w.client("Bob", cam.camera)
		link := anna.meeting().Link
		bob.Send(core.OpenPreview{Link: link})
		time.Sleep(time.Second)
		bob.Send(core.JoinMeeting{Link: link})
		time.Sleep(4 * time.Second)
		if bob.meeting().Phase != call.PhaseLobby {
			t.Fatalf("phase %d", bob.meeting().Phase)
		}
		if o, c := cam.now(); o != 1 || c != 1 {
			t.Errorf("in the lobby: opened %d times, closed %d times", o, c)
		}
		anna.Send(core.AdmitAll{})
		time.Sleep(4 * time.Second)
		if o, c := cam.now(); o != 2 || c != 1 || bob.meeting().Phase != call.PhaseInMeeting {
			t.Errorf("inside: opened %d times, closed %d times, phase %d", o, c, bob.meeting().Phase)
		}
		w.sends(bob)
	})
}

func TestPreviewOfWhatIsNotThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		bob := w.client("Bob")
		gone := keys.Link{Service: "https://meet.test", Meeting: keys.MeetingID{9}}.String()
		bob.Send(core.OpenPreview{Link: gone})
		time.Sleep(time.Second)
		if p := bob.preview(); !p.Looked || !p.Missing {
			t.Errorf("a meeting that is not there: %+v", p)
		}
		bob.Send(core.ClosePreview{})
		bob.Send(core.OpenPreview{Link: "https://example.org/x"})
		if bob.preview(); bob.Latest().Preview != nil || !bob.noticed(core.NoticeForeignLink) && !bob.noticed(core.NoticeBrokenLink) {
			t.Error("a link that leads elsewhere opened a preview")
		}
		deaf := w.client("Carol", func(cfg *core.Config) {
			cfg.Dial = func(context.Context, string, string) (runner.Conn, error) { return nil, errors.New("no route") }
		})
		deaf.Send(core.OpenPreview{Link: gone})
		time.Sleep(time.Second)
		if p := deaf.preview(); p.Looked || !deaf.noticed(core.NoticeServiceDown) {
			t.Errorf("without a service: %+v", p)
		}
	})
}

func TestPreviewTellsOfDevicesAndOpensOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		cam := &counted{fault: media.ErrDeviceBusy}
		anna := w.client("Anna", cam.camera)
		anna.Send(core.OpenPreview{Start: core.StartMeeting{Mode: keys.ModeE2EE}})
		time.Sleep(time.Second)
		if f := anna.preview().Camera.Fault; f != core.DeviceBusy || anna.Latest().Devices.CameraFault != f {
			t.Errorf("fault %d, want busy", f)
		}
		cam.fail(nil)
		time.Sleep(4 * time.Second)
		if p := anna.preview(); !p.Camera.On || p.Camera.Fault != core.DeviceFine {
			t.Errorf("when it is free again: %+v", p.Camera)
		}
		anna.Send(core.ChooseDevices{Camera: "other"})
		time.Sleep(500 * time.Millisecond)
		if o, c := cam.now(); o != 2 || c != 1 || cam.ids[1] != "other" {
			t.Errorf("another camera: opened %d, closed %d, %v", o, c, cam.ids)
		}
	})
}

// ear is a speaker that counts what it is given.
type ear struct {
	loud, frames int
	stop         chan struct{}
}

func (e *ear) Play(mix func([]int16)) error {
	go func() {
		pcm := make([]int16, media.FrameSamples)
		for tick := time.NewTicker(20 * time.Millisecond); ; {
			select {
			case <-tick.C:
				mix(pcm)
				e.frames++
				for _, v := range pcm {
					e.loud = max(e.loud, int(v), -int(v))
				}
			case <-e.stop:
				tick.Stop()
				return
			}
		}
	}()
	return nil
}
func (e *ear) Done() <-chan struct{} { return nil }
func (e *ear) Close() error          { close(e.stop); return nil }

func TestTestSoundIsHeardOnTheChosenSpeaker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		heard := &ear{stop: make(chan struct{})}
		var id string
		anna := w.client("Anna", func(cfg *core.Config) {
			cfg.Settings.Speaker = "loud"
			cfg.Hardware.Speaker = func(chosen string) (media.AudioSink, error) { id = chosen; return heard, nil }
		})
		anna.Send(core.OpenPreview{Start: core.StartMeeting{Mode: keys.ModeE2EE}})
		anna.Send(core.TestSpeaker{})
		anna.Send(core.TestSpeaker{})
		if !anna.preview().Testing {
			t.Error("it does not say that it plays")
		}
		time.Sleep(3 * time.Second)
		if p := anna.preview(); p.Testing || id != "loud" || heard.frames < 75 || heard.frames > 100 || heard.loud < 4000 || heard.loud > 32000 {
			t.Errorf("on %q %d frames, as loud as %d, still playing %v", id, heard.frames, heard.loud, p.Testing)
		}
	})
}
