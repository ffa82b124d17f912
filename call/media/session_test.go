package media

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"conclave/call/frame"
	"conclave/keys"
)

var meeting = keys.MeetingID{5}

// rig is a session on a fake relay, inside a synctest bubble.
type rig struct {
	t       *testing.T
	s       *Session
	ring    *frame.Ring
	codecs  *fakeCodecs
	mu      sync.Mutex
	relays  []*fakeRelay
	dialErr error
	events  []Event
}

const (
	selfLeaf = 0
	annaLeaf = 3
)

var (
	selfKey = keys.PublicKey{1}
	annaKey = keys.PublicKey{2}
	annaAt  = keys.RelayIdentity(meeting, annaKey)
)

func baseKey(b byte) []byte { return slices.Repeat([]byte{b}, 32) }

func newRing(t *testing.T, leaf uint32) *frame.Ring {
	t.Helper()
	r := frame.NewRing(frame.Config{})
	if err := errors.Join(r.AddEpoch(1, baseKey(1), leaf), r.SwitchSend(1, false)); err != nil {
		t.Fatal(err)
	}
	return r
}

// start makes a session; change may adapt its configuration.
func start(t *testing.T, change func(*SessionConfig)) *rig {
	t.Helper()
	g := &rig{t: t, ring: newRing(t, selfLeaf), codecs: &fakeCodecs{}}
	cfg := SessionConfig{
		Mode: keys.ModeE2EE, Meeting: meeting, Self: selfKey, Ring: g.ring, Codecs: g.codecs, ReadPatterns: true,
		Format: VideoFormat{Width: 160, Height: 96, FrameRate: 25, Kilobits: 100},
		Dial: func(context.Context) (Relay, error) {
			g.mu.Lock()
			defer g.mu.Unlock()
			if g.dialErr != nil {
				return nil, g.dialErr
			}
			r := newFakeRelay()
			g.relays = append(g.relays, r)
			return r, nil
		},
		Video: func() (VideoSource, error) {
			return NewPattern(PatternConfig{Width: 160, Height: 96, FrameRate: 25}), nil
		},
		Audio: func() (AudioSource, error) { return NewTone(440), nil },
	}
	if change != nil {
		change(&cfg)
	}
	g.s = NewSession(cfg)
	go func() {
		for e := range g.s.Events() {
			g.mu.Lock()
			g.events = append(g.events, e)
			g.mu.Unlock()
		}
	}()
	g.run(200 * time.Millisecond)
	return g
}

// run lets fake time pass.
func (g *rig) run(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func (g *rig) relay() *fakeRelay {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.relays) == 0 {
		g.t.Fatal("the session has not dialled")
	}
	return g.relays[len(g.relays)-1]
}

// saw returns the events of a kind.
func (g *rig) saw(k EventKind) []Event {
	g.mu.Lock()
	defer g.mu.Unlock()
	var out []Event
	for _, e := range g.events {
		if e.Kind == k {
			out = append(out, e)
		}
	}
	return out
}

func (g *rig) anna() RemoteStats {
	for _, r := range g.s.Stats().Remotes {
		if r.Key == annaKey {
			return r
		}
	}
	return RemoteStats{}
}

// join lets Anna appear with a camera and a microphone, as a member.
func (g *rig) join() (camera, mic *fakeTrack) {
	camera, mic = newFakeTrack("cam", annaAt, KindCamera), newFakeTrack("mic", annaAt, KindAudio)
	r := g.relay()
	r.mu.Lock()
	r.remotes = append(r.remotes, camera, mic)
	r.mu.Unlock()
	r.events <- RelayEvent{Kind: RelayJoined, Participant: annaAt}
	r.events <- RelayEvent{Kind: RelayTrackOpened, Participant: annaAt, TrackID: "cam", TrackKind: KindCamera, Track: camera}
	r.events <- RelayEvent{Kind: RelayTrackOpened, Participant: annaAt, TrackID: "mic", TrackKind: KindAudio, Track: mic}
	g.run(10 * time.Millisecond)
	return camera, mic
}

func (g *rig) admit() {
	g.s.SetMembers([]Member{{Key: selfKey, Leaf: selfLeaf}, {Key: annaKey, Leaf: annaLeaf}})
	g.s.Tile(annaKey).Resize(160, 96)
}

// picture is a frame of Anna's pattern, sealed with her ring.
func picture(t *testing.T, ring *frame.Ring, n uint32, key bool) []byte {
	t.Helper()
	pic := NewI420(160, 96)
	DrawPattern(pic, n, time.Now())
	e := &fakeEncoder{format: VideoFormat{Width: 160, Height: 96}, frames: 1}
	plain, _, err := e.Encode(nil, pic, key)
	if err != nil {
		t.Fatal(err)
	}
	if ring == nil {
		return plain
	}
	out, err := ring.Sealer(frame.CameraMid).Seal(nil, plain[:1], plain[1:], key)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// end closes the session and everything that a bubble would miss.
func (g *rig) end() {
	g.s.Close()
	for _, r := range g.relays {
		r.Close()
	}
	synctest.Wait()
}

func TestNothingPlainIsHandedToTheRelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := start(t, nil)
		defer g.end()
		g.s.SetWants(Wants{Mic: true, Camera: true})
		g.s.SetSending(true)
		g.run(time.Second)
		receiver := newRing(t, 9)
		var buf []byte
		for kind, row := range map[Kind]struct {
			stream frame.Stream
			open   int
		}{KindCamera: {frame.CameraMid, 1}, KindAudio: {frame.Audio, 0}} {
			l := g.relay().local(kind)
			if l == nil || l.sent() < 20 {
				t.Fatalf("kind %d: too little was sent", kind)
			}
			if !l.sealed {
				t.Errorf("kind %d: the relay was told that frames are plain", kind)
			}
			for i, f := range l.frames {
				out, err := receiver.Open(buf[:0], row.open, selfLeaf, row.stream, f)
				if err != nil {
					t.Fatalf("kind %d: frame %d does not open: %v", kind, i, err)
				}
				if len(f) < len(out)+16 {
					t.Errorf("kind %d: frame %d has no room for a tag", kind, i)
				}
			}
		}
	})
}

func TestTransportModeSendsPlainFramesAndSaysSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := start(t, func(c *SessionConfig) { c.Mode, c.Ring = keys.ModeTransport, nil })
		defer g.end()
		g.s.SetWants(Wants{Camera: true})
		g.s.SetSending(true)
		g.run(time.Second)
		l := g.relay().local(KindCamera)
		if l.sealed {
			t.Error("the relay was told that frames are sealed")
		}
		if _, err := new(fakeDecoder).Decode(l.frames[0]); err != nil {
			t.Errorf("the frame is not plain: %v", err)
		}
	})
}

func TestWithoutAKeyNothingIsSent(t *testing.T) {
	for name, ring := range map[string]*frame.Ring{"no ring": nil, "no epoch": frame.NewRing(frame.Config{})} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := start(t, func(c *SessionConfig) { c.Ring = ring })
				defer g.end()
				g.s.SetWants(Wants{Mic: true, Camera: true})
				g.s.SetSending(true)
				g.run(time.Second)
				for _, k := range []Kind{KindCamera, KindAudio} {
					if l := g.relay().local(k); l != nil && l.sent() > 0 {
						t.Errorf("kind %d: %d frames left without a key", k, l.sent())
					}
				}
			})
		})
	}
}

func TestSendingForbiddenStopsEverythingAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := start(t, nil)
		defer g.end()
		g.s.SetWants(Wants{Mic: true, Camera: true})
		g.run(time.Second)
		cam, mic := g.relay().local(KindCamera), g.relay().local(KindAudio)
		if cam.sent()+mic.sent() != 0 {
			t.Fatal("frames left before sending was allowed")
		}
		g.s.SetSending(true)
		g.run(time.Second)
		if cam.sent() < 20 || mic.sent() < 45 {
			t.Fatalf("%d pictures and %d sounds in a second", cam.sent(), mic.sent())
		}
		g.s.SetSending(false)
		n, m := cam.sent(), mic.sent()
		g.run(5 * time.Second)
		if cam.sent() != n || mic.sent() != m {
			t.Error("frames left after SetSending(false) returned")
		}
		g.s.SetSending(true)
		g.run(100 * time.Millisecond)
		if cam.frames[n][0]&1 != 0 {
			t.Error("the first picture after the pause is not a key frame")
		}
	})
}

func TestFrameThatIsBeingEncodedWhenSendingIsForbiddenStaysHere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := start(t, nil)
		defer g.end()
		frames := 0
		g.codecs.during = func() {
			if frames++; frames == 5 {
				g.s.SetSending(false)
			}
		}
		g.s.SetSending(true)
		g.s.SetWants(Wants{Camera: true})
		g.run(time.Second)
		if n := g.relay().local(KindCamera).sent(); n != 4 {
			t.Errorf("%d frames left, want the 4 of before", n)
		}
	})
}

func TestNewEpochAndRequestsBringKeyFrames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := start(t, nil)
		defer g.end()
		g.s.SetWants(Wants{Camera: true})
		g.s.SetSending(true)
		g.run(time.Second)
		cam := g.relay().local(KindCamera)
		keysIn := func(from int) (n int) {
			for _, f := range cam.frames[from:] {
				if f[0]&1 == 0 {
					n++
				}
			}
			return n
		}
		if got := keysIn(0); got != 1 {
			t.Errorf("%d key frames in a quiet second, want 1", got)
		}
		at := cam.sent()
		for range 10 { // ten people join within 100 ms
			cam.request()
			g.run(10 * time.Millisecond)
		}
		g.run(time.Second)
		if got := keysIn(at); got < 1 || got > 2 {
			t.Errorf("%d key frames for ten requests at once, want 1 or 2", got)
		}
		at = cam.sent()
		if err := errors.Join(g.ring.AddEpoch(2, baseKey(2), selfLeaf), g.ring.SwitchSend(2, true)); err != nil {
			t.Fatal(err)
		}
		g.run(100 * time.Millisecond)
		if cam.frames[at][0]&1 != 0 {
			t.Error("the first picture under a new key is not a key frame")
		}
		// Whoever joined with that epoch sees it from now on, and asks.
		at = cam.sent()
		cam.request()
		g.run(50 * time.Millisecond)
		if keysIn(at) != 1 {
			t.Error("a joiner waits for their first picture because their joining caused a key frame")
		}
	})
}

func TestMembersPictureIsShownAndStrangersIsNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := start(t, nil)
		defer g.end()
		ring := newRing(t, annaLeaf)
		g.s.Tile(annaKey).Resize(160, 96)
		camera, _ := g.join()
		camera.put(picture(t, ring, 1, true))
		g.run(time.Second)
		if got := g.s.Strangers(); !slices.Equal(got, []string{annaAt}) {
			t.Errorf("strangers are %v, want Anna", got)
		}
		if len(g.codecs.decoders) != 0 {
			t.Error("a stranger's frame reached a decoder")
		}
		if camera.isWanted() {
			t.Error("a stranger's track is asked for")
		}
		if ev := g.saw(EventStrangers); len(ev) != 1 || len(ev[0].Strangers) != 1 {
			t.Errorf("events about strangers: %v", ev)
		}
		g.admit()
		g.run(200 * time.Millisecond)
		camera.put(picture(t, ring, 2, false))
		g.run(50 * time.Millisecond)
		if camera.asked() == 0 {
			t.Error("no key frame was asked for after the admission")
		}
		camera.put(picture(t, ring, 3, true))
		g.run(200 * time.Millisecond)
		if st := g.anna(); st.Pattern.Number != 3 || st.State != TileLive || st.VideoDecoded != 1 {
			t.Errorf("picture %d in state %d, %d decoded; want 3, live, 1", st.Pattern.Number, st.State, st.VideoDecoded)
		}
		if len(g.s.Strangers()) != 0 {
			t.Error("Anna is still a stranger")
		}
		g.s.SetMembers([]Member{{Key: selfKey, Leaf: selfLeaf}})
		camera.put(picture(t, ring, 4, true))
		g.run(200 * time.Millisecond)
		if len(g.s.Strangers()) != 1 {
			t.Error("who was removed and stays at the relay is not reported")
		}
		if fed := g.codecs.decoders[0].fed; fed != 1 {
			t.Errorf("the decoder was fed %d frames, want the one of before the removal", fed)
		}
	})
}

func TestWhatDoesNotAuthenticateNeverReachesADecoder(t *testing.T) {
	good := newRing(t, annaLeaf)
	other := newRing(t, annaLeaf+1)
	wrong := frame.NewRing(frame.Config{})
	future := frame.NewRing(frame.Config{})
	if err := errors.Join(wrong.AddEpoch(1, baseKey(66), annaLeaf), wrong.SwitchSend(1, false),
		future.AddEpoch(2, baseKey(2), annaLeaf), future.SwitchSend(2, false)); err != nil {
		t.Fatal(err)
	}
	flipped := picture(t, good, 1, true)
	flipped[0] ^= 2
	for name, row := range map[string]struct {
		frame []byte
		state TileState
		count func(Refusals) uint64
	}{
		"plain":              {picture(t, nil, 1, true), TileCannotDecrypt, func(r Refusals) uint64 { return r.Malformed + r.WrongSender + r.Forged }},
		"another key":        {picture(t, wrong, 1, true), TileCannotDecrypt, func(r Refusals) uint64 { return r.Forged }},
		"another member":     {picture(t, other, 1, true), TileCannotDecrypt, func(r Refusals) uint64 { return r.WrongSender }},
		"clear byte changed": {flipped, TileCannotDecrypt, func(r Refusals) uint64 { return r.Forged }},
		"unknown epoch":      {picture(t, future, 1, true), TileWaitingForKey, func(r Refusals) uint64 { return r.NoKey }},
		"empty":              {nil, TileCannotDecrypt, func(r Refusals) uint64 { return r.Malformed }},
		"one byte":           {[]byte{0}, TileCannotDecrypt, func(r Refusals) uint64 { return r.Malformed }},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := start(t, nil)
				defer g.end()
				camera, _ := g.join()
				g.admit()
				camera.put(row.frame)
				g.run(300 * time.Millisecond)
				if len(g.codecs.decoders) != 0 {
					t.Error("it reached a decoder")
				}
				st := g.anna()
				if row.count(st.Refused) != 1 {
					t.Errorf("counted as %+v", st.Refused)
				}
				if st.State != row.state {
					t.Errorf("tile state %d, want %d", st.State, row.state)
				}
				if img, _ := g.s.Tile(annaKey).Latest(); img != nil {
					t.Error("something was painted")
				}
			})
		})
	}
}

func TestSoundIsPlayedAndItsLevelReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := start(t, nil)
		defer g.end()
		ring := newRing(t, annaLeaf)
		_, mic := g.join()
		g.admit()
		for range 50 {
			out, err := ring.Sealer(frame.Audio).Seal(nil, nil, []byte{0x20, 0}, true) // level 8192
			if err != nil {
				t.Fatal(err)
			}
			mic.put(out)
			g.run(20 * time.Millisecond)
		}
		st := g.anna()
		if st.AudioOpened != 50 || st.Level < 0.5 {
			t.Errorf("%d sounds opened, level %.2f", st.AudioOpened, st.Level)
		}
		g.run(2 * time.Second)
		ev := g.saw(EventSpeaking)
		if len(ev) < 2 || ev[0].Key != annaKey || ev[0].Level < 0.5 || ev[len(ev)-1].Level != 0 {
			t.Errorf("speaking events %+v: want a level above 0.5 first and 0 last", ev)
		}
	})
}

func TestDeviceThatIsMissingIsReportedOnceAndTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		have := false
		g := start(t, func(c *SessionConfig) {
			real := c.Video
			c.Video = func() (VideoSource, error) {
				mu.Lock()
				defer mu.Unlock()
				if !have {
					return nil, ErrDeviceBusy
				}
				return real()
			}
		})
		defer g.end()
		g.s.SetWants(Wants{Camera: true})
		g.run(10 * time.Second)
		lost := func(d DeviceKind) (n int) {
			for _, e := range g.saw(EventDeviceLost) {
				if e.Device == d {
					n++
				}
			}
			return n
		}
		if lost(DeviceCamera) != 1 || lost(DeviceSpeaker) != 1 {
			t.Fatalf("camera lost %d times, speaker %d times; want once each", lost(DeviceCamera), lost(DeviceSpeaker))
		}
		if !g.relay().local(KindCamera).isMuted() {
			t.Error("a camera that is busy is not shown as off to the others")
		}
		mu.Lock()
		have = true
		mu.Unlock()
		g.run(5 * time.Second)
		if len(g.saw(EventDeviceBack)) != 1 {
			t.Error("the camera's return was not reported")
		}
		if g.relay().local(KindCamera).isMuted() {
			t.Error("the camera is still shown as off")
		}
	})
}

func TestWantsCloseAndOpenDevices(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := start(t, nil)
		defer g.end()
		g.s.SetSending(true)
		g.s.SetWants(Wants{Camera: true, Mic: true})
		g.run(time.Second)
		cam, mic := g.relay().local(KindCamera), g.relay().local(KindAudio)
		g.s.SetWants(Wants{Mic: true})
		g.run(100 * time.Millisecond)
		n, m := cam.sent(), mic.sent()
		g.run(time.Second)
		if cam.sent() != n || !cam.isMuted() {
			t.Errorf("the camera sends on after it was switched off (muted %v)", cam.isMuted())
		}
		if mic.sent() <= m {
			t.Error("the microphone went off with the camera")
		}
		if !g.codecs.encoders[0].closed {
			t.Error("the encoder of a camera that is off is still open")
		}
		g.s.SetWants(Wants{Camera: true, Mic: true})
		g.run(500 * time.Millisecond)
		if cam.sent() == n || cam.isMuted() {
			t.Error("the camera did not come back")
		}
		for i := 1; i < len(mic.times); i++ {
			if mic.times[i] <= mic.times[i-1] {
				t.Fatalf("sound %d is not later than the one before", i)
			}
		}
	})
}

func TestRelayThatIsGoneIsDialledAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := start(t, nil)
		defer g.end()
		g.s.SetWants(Wants{Camera: true})
		g.s.SetSending(true)
		g.run(time.Second)
		camera, _ := g.join()
		g.admit()
		g.run(100 * time.Millisecond)
		g.mu.Lock()
		g.dialErr = errors.New("dial: refused")
		g.mu.Unlock()
		camera.close()
		g.relay().die()
		g.run(20 * time.Second)
		if n := len(g.saw(EventStalled)); n == 0 {
			t.Error("nobody was told")
		}
		if st := g.anna().State; st != TileConnecting {
			t.Errorf("tile state %d without a relay, want connecting", st)
		}
		g.mu.Lock()
		g.dialErr = nil
		g.mu.Unlock()
		g.run(15 * time.Second)
		if len(g.relays) != 2 {
			t.Fatalf("dialled %d relays, want 2", len(g.relays))
		}
		l := g.relay().local(KindCamera)
		if l == nil || l.sent() == 0 || l.frames[0][0]&1 != 0 {
			t.Error("no key frame on the new relay")
		}
		if got := g.s.Stats().Reconnects; got != 1 {
			t.Errorf("%d reconnects, want 1", got)
		}
	})
}

func TestSlowReaderOfEventsMissesNoState(t *testing.T) {
	m := newMailbox()
	for i := range 1000 {
		m.put(Event{Kind: EventSpeaking, Key: annaKey, Level: float64(i)})
		m.put(Event{Kind: EventStalled})
		m.put(Event{Kind: EventFlowing})
	}
	ctx, cancel := context.WithCancel(t.Context())
	go m.run(ctx)
	a, b := <-m.out, <-m.out
	cancel()
	if a.Level != 999 || b.Kind != EventFlowing {
		t.Errorf("got %v and %v, want the newest of each", a, b)
	}
	if len(m.held) != 0 {
		t.Errorf("%d events are held", len(m.held))
	}
}

func TestCloseEndsAllGoroutines(t *testing.T) {
	// A synctest bubble fails when a goroutine is left after its test returns.
	synctest.Test(t, func(t *testing.T) {
		g := start(t, nil)
		g.s.SetWants(Wants{Camera: true, Mic: true})
		g.s.SetSending(true)
		g.run(time.Second)
		g.end()
		g.s.Close()
	})
}
