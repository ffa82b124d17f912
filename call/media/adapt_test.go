package media

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// newest is the encoder in use.
func (g *rig) encoder() *fakeEncoder {
	g.codecs.mu.Lock()
	defer g.codecs.mu.Unlock()
	return g.codecs.encoders[len(g.codecs.encoders)-1]
}

func sendingCamera(t *testing.T, change func(*SessionConfig)) *rig {
	g := start(t, change)
	g.s.SetSending(true)
	g.s.SetWants(Wants{Camera: true})
	g.run(2 * time.Second)
	return g
}

func TestLossMakesPicturesSmallerAndCalmBringsThemBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := sendingCamera(t, nil)
		defer g.end()
		if e := g.encoder(); e.format.Width != 160 || e.rate() != 100 {
			t.Fatalf("to begin with %d wide at %d kbit/s", e.format.Width, e.rate())
		}
		camera := g.relay().local(KindCamera)
		camera.lose(0.3)
		g.run(2500 * time.Millisecond)
		if e := g.encoder(); e.rate() > 75 {
			t.Errorf("after two seconds of loss still %d kbit/s", e.rate())
		}
		g.run(6 * time.Second)
		bad := g.encoder()
		if bad.rate() > 31 || bad.format.Width != 80 || bad.format.Height != 48 {
			t.Errorf("after more loss %dx%d at %d kbit/s", bad.format.Width, bad.format.Height, bad.rate())
		}
		if q := g.saw(EventQuality); len(q) == 0 || q[len(q)-1].Key != selfKey || q[len(q)-1].Quality != 1 {
			t.Errorf("one's own network is not shown as bad: %+v", q)
		}
		camera.lose(0)
		g.run(25 * time.Second)
		if e := g.encoder(); e.format.Width != 160 || e.rate() != 100 {
			t.Errorf("after calm %d wide at %d kbit/s", e.format.Width, e.rate())
		}
		if q := g.saw(EventQuality); q[len(q)-1].Quality != 4 {
			t.Errorf("one's own network is not shown as good again: %+v", q[len(q)-1])
		}
	})
}

func TestGrowingDelayLowersTheRate(t *testing.T) {
	var g governor
	for range 5 {
		g.network(0, 40*time.Millisecond)
	}
	for range 5 {
		g.network(0, 900*time.Millisecond)
	}
	if g.share > 0.5 {
		t.Errorf("share %.2f while packets queue for a second", g.share)
	}
}

func TestTextKeepsItsSize(t *testing.T) {
	g := governor{share: 0.2, shrunk: 2}
	f := g.format(DefaultScreenFormat())
	if f.Width != 1920 || f.FrameRate >= 8 || f.Kilobits != 400 {
		t.Errorf("a screen on a bad network: %+v", f)
	}
	for saving := range savings {
		g := governor{saving: saving}
		for rate := 1; rate <= 60; rate++ {
			if f := g.format(VideoFormat{Width: 64, Height: 36, FrameRate: rate, Kilobits: 10}); f.FrameRate < 1 || f.FrameRate > rate {
				t.Fatalf("step %d: %d of %d pictures a second", saving, f.FrameRate, rate)
			}
		}
	}
}

func TestWeakMachineSendsFewerPicturesAndSaysSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var slow atomic.Int64
		codecs := &fakeCodecs{during: func() { time.Sleep(time.Duration(slow.Load())) }}
		g := sendingCamera(t, func(cfg *SessionConfig) { cfg.Codecs = codecs })
		defer g.end()
		g.s.SetBudget(0.0001)
		slow.Store(int64(10 * time.Millisecond))
		g.run(8 * time.Second)
		saw := g.saw(EventSaving)
		if len(saw) != 1 || !saw[0].Saving {
			t.Fatalf("events of saving: %+v", saw)
		}
		camera := g.relay().local(KindCamera)
		before := camera.sent()
		g.run(5 * time.Second)
		if n := camera.sent() - before; n < 30 || n > 60 {
			t.Errorf("%d pictures in 5 s; want a third of 125", n)
		}
		slow.Store(0)
		g.run(40 * time.Second)
		if saw = g.saw(EventSaving); len(saw) != 2 || saw[1].Saving {
			t.Errorf("after the strain: %+v", saw)
		}
		before = camera.sent()
		g.run(5 * time.Second)
		if n := camera.sent() - before; n < 115 {
			t.Errorf("%d pictures in 5 s after the strain; want 125", n)
		}
	})
}

func TestStreamsAreMeasured(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := sendingCamera(t, nil)
		defer g.end()
		g.s.SetWants(Wants{Camera: true, Mic: true})
		camera, _ := g.join()
		g.admit()
		ring := newRing(t, annaLeaf)
		for n := range 40 {
			camera.put(picture(t, ring, uint32(n), n == 0))
			g.run(100 * time.Millisecond)
		}
		st := g.s.Stats()
		if len(st.Out) != 2 || st.Out[0].Kind != KindAudio || st.Out[0].FPS < 45 || st.Out[0].FPS > 55 {
			t.Errorf("own sound: %+v", st.Out)
		}
		if v := st.Out[1]; v.Kind != KindCamera || v.Width != 160 || v.FPS < 22 || v.FPS > 27 || v.Bits < 1000 {
			t.Errorf("own picture: %+v", v)
		}
		in := g.anna().Streams
		if len(in) != 2 || in[1].Kind != KindCamera || in[1].Width != 160 || in[1].FPS < 9 || in[1].FPS > 11 {
			t.Errorf("Anna's streams: %+v", in)
		}
		g.relay().events <- RelayEvent{Kind: RelayQuality, Participant: annaAt, Quality: 2}
		g.run(300 * time.Millisecond)
		if q := g.anna().Quality; q != 2 {
			t.Errorf("Anna's network is %d", q)
		}
	})
}

// plugged is a microphone or camera that can be pulled out.
type plugged struct {
	out            atomic.Bool
	opened, closed atomic.Int32
}

type pluggedMic struct {
	*Tone
	by *plugged
}

func (p pluggedMic) Read(ctx context.Context, pcm []int16) error {
	if p.by.out.Load() {
		return ErrDeviceLost
	}
	return p.Tone.Read(ctx, pcm)
}

func (p pluggedMic) Close() error {
	p.by.closed.Add(1)
	return p.Tone.Close()
}

type pluggedCamera struct {
	*Pattern
	by *plugged
}

func (p pluggedCamera) Read(ctx context.Context) (*I420, error) {
	if p.by.out.Load() {
		return nil, ErrDeviceLost
	}
	return p.Pattern.Read(ctx)
}

func (p *plugged) open() error {
	if p.out.Load() {
		return ErrDeviceMissing
	}
	p.opened.Add(1)
	return nil
}

// sink is a speaker that can be pulled out.
type pluggedSpeaker struct {
	gone chan struct{}
}

func (pluggedSpeaker) Play(func([]int16)) error { return nil }
func (s pluggedSpeaker) Done() <-chan struct{}  { return s.gone }
func (pluggedSpeaker) Close() error             { return nil }

func TestDevicesComeBackWhenPluggedInAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cam, mic, spk := &plugged{}, &plugged{}, &plugged{}
		var gone atomic.Pointer[chan struct{}]
		g := start(t, func(cfg *SessionConfig) {
			cfg.Video = func() (VideoSource, error) {
				return pluggedCamera{NewPattern(PatternConfig{Width: 160, Height: 96, FrameRate: 25}), cam}, cam.open()
			}
			cfg.Audio = func() (AudioSource, error) { return pluggedMic{NewTone(440), mic}, mic.open() }
			cfg.Speaker = func() (AudioSink, error) {
				c := make(chan struct{})
				gone.Store(&c)
				return pluggedSpeaker{c}, spk.open()
			}
		})
		defer g.end()
		g.s.SetSending(true)
		g.s.SetWants(Wants{Mic: true, Camera: true})
		g.run(2 * time.Second)
		camera, voice := g.relay().local(KindCamera), g.relay().local(KindAudio)
		for _, d := range []*plugged{cam, mic, spk} {
			d.out.Store(true)
		}
		close(*gone.Load())
		g.run(3 * time.Second)
		lost := map[DeviceKind]bool{}
		for _, e := range g.saw(EventDeviceLost) {
			lost[e.Device] = errors.Is(e.Err, ErrDeviceLost) || errors.Is(e.Err, ErrDeviceMissing)
		}
		if !lost[DeviceCamera] || !lost[DeviceMicrophone] || !lost[DeviceSpeaker] {
			t.Errorf("told as lost: %v", lost)
		}
		if !camera.isMuted() || !voice.isMuted() {
			t.Error("the others are not told that nothing comes")
		}
		g.run(10 * time.Second)
		if n := len(g.saw(EventDeviceLost)); n > 6 {
			t.Errorf("%d events for three devices: each fault is told once, and once more when its kind changes", n)
		}
		pictures, sounds := camera.sent(), voice.sent()
		for _, d := range []*plugged{cam, mic, spk} {
			d.out.Store(false)
		}
		g.run(5 * time.Second)
		back := map[DeviceKind]bool{}
		for _, e := range g.saw(EventDeviceBack) {
			back[e.Device] = true
		}
		if len(back) != 3 || camera.sent() < pictures+50 || voice.sent() < sounds+100 || camera.isMuted() || voice.isMuted() {
			t.Errorf("5 s after plugging in: told %v, %d pictures, %d sounds", back, camera.sent()-pictures, voice.sent()-sounds)
		}
	})
}

func TestPressingToTalkOpensNothingAndIsPrompt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mic := &plugged{}
		g := start(t, func(cfg *SessionConfig) {
			cfg.Audio = func() (AudioSource, error) { return pluggedMic{NewTone(440), mic}, mic.open() }
		})
		defer g.end()
		g.s.SetSending(true)
		g.s.SetWants(Wants{Mic: true})
		g.run(time.Second)
		voice := g.relay().local(KindAudio)
		for range 5 {
			g.s.SetWants(Wants{})
			g.run(25 * time.Millisecond)
			before := voice.sent()
			g.run(500 * time.Millisecond)
			if n := voice.sent() - before; n > 0 {
				t.Errorf("%d packets of a microphone that is off", n)
			}
			g.s.SetWants(Wants{Mic: true})
			g.run(45 * time.Millisecond)
			if voice.sent() == before {
				t.Error("nothing is heard 45 ms after the press")
			}
			g.run(300 * time.Millisecond)
		}
		if mic.opened.Load() != 1 || mic.closed.Load() != 0 {
			t.Errorf("the microphone was opened %d times and closed %d times", mic.opened.Load(), mic.closed.Load())
		}
	})
}
