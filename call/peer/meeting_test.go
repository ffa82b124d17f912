package peer_test

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"conclave/call/frame"
	"conclave/call/media"
	"conclave/call/media/device"
	"conclave/call/peer"
	"conclave/keys"
)

// room is a meeting on the relay of a helper process.
type room struct {
	t     *testing.T
	relay *helper
	id    keys.MeetingID
}

// rooms numbers the meetings of this process.
var rooms atomic.Uint32

func newRoom(t *testing.T) *room {
	t.Helper()
	return roomOn(t, shared(t))
}

func roomOn(t *testing.T, h *helper) *room {
	n := rooms.Add(1)
	return &room{t: t, relay: h, id: keys.MeetingID{1, byte(n >> 8), byte(n)}}
}

// dial returns a Dial function for an identity.
func (r *room) dial(identity string) func(context.Context) (media.Relay, error) {
	return func(ctx context.Context) (media.Relay, error) {
		token, err := r.relay.token(ctx, keys.RelayRoom(r.id), identity)
		if err != nil {
			return nil, err
		}
		return peer.Dial(ctx, peer.Config{URL: "ws" + strings.TrimPrefix(r.relay.url, "http"), Token: token})
	}
}

// ear is a speaker that remembers the last second of what it played.
type ear struct {
	end  chan struct{}
	done sync.WaitGroup
	once sync.Once

	mu    sync.Mutex
	heard []int16
}

func newEar() *ear { return &ear{end: make(chan struct{})} }

func (e *ear) Play(mix func([]int16)) error {
	e.done.Go(func() {
		t := time.NewTicker(20 * time.Millisecond)
		defer t.Stop()
		pcm := make([]int16, media.FrameSamples)
		for {
			select {
			case <-t.C:
			case <-e.end:
				return
			}
			mix(pcm)
			e.mu.Lock()
			e.heard = append(e.heard, pcm...)
			if over := len(e.heard) - media.SampleRate; over > 0 {
				e.heard = e.heard[over:]
			}
			e.mu.Unlock()
		}
	})
	return nil
}

func (e *ear) Done() <-chan struct{} { return nil }

func (e *ear) Close() error {
	e.once.Do(func() { close(e.end) })
	e.done.Wait()
	return nil
}

func (e *ear) share(hertz float64) float64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	return media.ToneShare(e.heard, hertz)
}

// person is one client of a test meeting.
type person struct {
	key     keys.PublicKey
	leaf    uint32
	ring    *frame.Ring
	ear     *ear
	session *media.Session
}

// join starts a client that shows the pattern and sounds a tone. base is the
// frame key of epoch 1; nil means transport mode.
func (r *room) join(n byte, base []byte, hertz float64) *person {
	r.t.Helper()
	p := &person{key: keys.PublicKey{n}, leaf: uint32(n), ear: newEar()}
	cfg := media.SessionConfig{
		Mode: keys.ModeTransport, Meeting: r.id, Self: p.key, Codecs: new(device.Codecs), ReadPatterns: true,
		Dial:    r.dial(keys.RelayIdentity(r.id, p.key)),
		Video:   func() (media.VideoSource, error) { return media.NewPattern(media.PatternConfig{}), nil },
		Audio:   func() (media.AudioSource, error) { return media.NewTone(hertz), nil },
		Speaker: func() (media.AudioSink, error) { return p.ear, nil },
	}
	if base != nil {
		p.ring = frame.NewRing(frame.Config{})
		if err := p.ring.AddEpoch(1, base, p.leaf); err != nil {
			r.t.Fatal(err)
		}
		if err := p.ring.SwitchSend(1, false); err != nil {
			r.t.Fatal(err)
		}
		cfg.Mode, cfg.Ring = keys.ModeE2EE, p.ring
	}
	p.session = media.NewSession(cfg)
	r.t.Cleanup(p.session.Close)
	p.session.SetWants(media.Wants{Mic: true, Camera: true})
	p.session.SetSending(true)
	return p
}

// meet makes everybody a member for everybody, at visible tiles.
func meet(people ...*person) {
	var members []media.Member
	for _, p := range people {
		members = append(members, media.Member{Key: p.key, Leaf: p.leaf})
	}
	for _, p := range people {
		p.session.SetMembers(members)
		for _, o := range people {
			p.session.Tile(o.key).Resize(320, 180)
		}
	}
}

// of finds the figures of a remote.
func (p *person) of(o *person) media.RemoteStats {
	for _, st := range p.session.Stats().Remotes {
		if st.Key == o.key {
			return st
		}
	}
	return media.RemoteStats{}
}

// within waits until a condition holds, or fails with what.
func within(t *testing.T, limit time.Duration, what string, holds func() bool) time.Duration {
	t.Helper()
	began := time.Now()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		if time.Since(began) > limit {
			t.Fatalf("%s: not within %v", what, limit)
		}
		<-tick.C
	}
	return time.Since(began)
}

func key32(b byte) []byte {
	k := make([]byte, 32)
	for i := range k {
		k[i] = b
	}
	return k
}

func TestThreePeopleSeeAndHearEachOtherSealed(t *testing.T) {
	r := newRoom(t)
	base := key32(7)
	people := []*person{r.join(1, base, 500), r.join(2, base, 800), r.join(3, base, 1100)}
	meet(people...)
	for i, p := range people {
		for j, o := range people {
			if i == j {
				continue
			}
			within(t, 15*time.Second, "pattern read", func() bool { return p.of(o).PatternsRead > 20 })
			st := p.of(o)
			t.Logf("%d sees %d: first picture %v after start, glass to glass %v", i, j, st.FirstPicture.Sub(p.session.Stats().Started).Round(time.Millisecond), st.GlassToGlass)
			if st.State != media.TileLive {
				t.Errorf("%d sees %d in state %d, want live", i, j, st.State)
			}
			if st.GlassToGlass <= 0 || st.GlassToGlass > time.Second {
				t.Errorf("glass to glass %v", st.GlassToGlass)
			}
			if st.Refused != (media.Refusals{}) {
				t.Errorf("%d refused frames of %d: %+v", i, j, st.Refused)
			}
			hertz := []float64{500, 800, 1100}[j]
			within(t, 5*time.Second, "tone heard", func() bool { return p.ear.share(hertz) > 0.2 })
		}
		if share := p.ear.share([]float64{500, 800, 1100}[i]); share > 0.02 {
			t.Errorf("%d hears itself: %.3f", i, share)
		}
		if got := p.session.Strangers(); len(got) != 0 {
			t.Errorf("%d sees strangers %v", i, got)
		}
	}
}

func TestTransportModeIsTheSamePathWithoutSeals(t *testing.T) {
	r := newRoom(t)
	a, b := r.join(1, nil, 500), r.join(2, nil, 800)
	meet(a, b)
	within(t, 15*time.Second, "pattern read", func() bool { return a.of(b).PatternsRead > 5 && b.of(a).PatternsRead > 5 })
	within(t, 5*time.Second, "tone heard", func() bool { return a.ear.share(800) > 0.5 })
}

func TestWrongKeyGivesNeitherPictureNorSound(t *testing.T) {
	r := newRoom(t)
	a, b := r.join(1, key32(7), 500), r.join(2, key32(8), 800)
	meet(a, b)
	within(t, 15*time.Second, "frames refused", func() bool {
		st := a.of(b)
		return st.Refused.Forged > 20 && st.State == media.TileCannotDecrypt
	})
	st := a.of(b)
	if st.VideoOpened != 0 || st.VideoDecoded != 0 || st.AudioOpened != 0 {
		t.Errorf("opened %d pictures and %d sounds with the wrong key", st.VideoOpened, st.AudioOpened)
	}
	if img, _ := a.session.Tile(b.key).Latest(); img != nil {
		t.Error("something was painted")
	}
	if share := a.ear.share(800); share != 0 {
		t.Errorf("the tone was heard: %.3f", share)
	}
}

func TestStrangerIsReportedAndNeverOpened(t *testing.T) {
	r := newRoom(t)
	base := key32(7)
	a, b := r.join(1, base, 500), r.join(2, base, 800)
	// b holds the key, but the group of a knows nobody of that name.
	a.session.SetMembers([]media.Member{{Key: a.key, Leaf: a.leaf}})
	a.session.Tile(b.key).Resize(320, 180)
	within(t, 15*time.Second, "stranger reported", func() bool { return len(a.session.Strangers()) == 1 })
	if got, want := a.session.Strangers()[0], keys.RelayIdentity(r.id, b.key); got != want {
		t.Errorf("stranger is %q, want %q", got, want)
	}
	if img, _ := a.session.Tile(b.key).Latest(); img != nil {
		t.Error("a stranger's picture was painted")
	}
	if st := a.session.Stats(); len(st.Remotes) != 0 {
		t.Errorf("a stranger has figures: %+v", st.Remotes)
	}
	meet(a, b)
	within(t, 15*time.Second, "picture after admission", func() bool { return a.of(b).PatternsRead > 0 })
}

func TestRemovedMemberIsCutOffAndNothingLeavesWhenSendingIsForbidden(t *testing.T) {
	r := newRoom(t)
	base := key32(7)
	a, b := r.join(1, base, 500), r.join(2, base, 800)
	meet(a, b)
	within(t, 15*time.Second, "pictures both ways", func() bool { return a.of(b).PatternsRead > 3 && b.of(a).PatternsRead > 3 })

	// a forbids sending: what b has received stops growing.
	a.session.SetSending(false)
	sent := a.session.Stats().Sent
	pause(300 * time.Millisecond) // what is under way in the relay
	had := b.of(a)
	pause(500 * time.Millisecond)
	if now := b.of(a); now.VideoReceived != had.VideoReceived || now.AudioReceived != had.AudioReceived {
		t.Errorf("%d pictures and %d sounds arrived after sending was forbidden", now.VideoReceived-had.VideoReceived, now.AudioReceived-had.AudioReceived)
	}
	if now := a.session.Stats().Sent; now.VideoFrames != sent.VideoFrames || now.AudioFrames != sent.AudioFrames {
		t.Errorf("frames were sent after SetSending(false) returned")
	}
	within(t, 5*time.Second, "tile is weak", func() bool { return b.of(a).State == media.TileWeak })
	a.session.SetSending(true)
	within(t, 5*time.Second, "picture again", func() bool { return b.of(a).State == media.TileLive })

	// a moves to a key that b does not get: b's last decryptable frame was before.
	if err := a.ring.AddEpoch(2, key32(9), a.leaf); err != nil {
		t.Fatal(err)
	}
	clicked := time.Now()
	if err := a.ring.SwitchSend(2, false); err != nil {
		t.Fatal(err)
	}
	within(t, 5*time.Second, "waiting for the key", func() bool { return b.of(a).State == media.TileWaitingForKey })
	last := b.of(a).LastOpened.Sub(clicked)
	t.Logf("last decryptable frame %v after the switch", last)
	if last > 300*time.Millisecond {
		t.Errorf("last decryptable frame %v after the switch, want less than 300 ms", last)
	}
	// b gets it late: the picture comes back by itself.
	if err := b.ring.AddEpoch(2, key32(9), b.leaf); err != nil {
		t.Fatal(err)
	}
	within(t, 5*time.Second, "picture after the key", func() bool { return b.of(a).State == media.TileLive })
}

// pause lets packets in other programs arrive; there is nothing to wait for
// when the rule is that nothing comes.
func pause(d time.Duration) { <-time.After(d) }

func TestCameraOffAndOnAndHiddenTiles(t *testing.T) {
	r := newRoom(t)
	base := key32(7)
	a, b := r.join(1, base, 500), r.join(2, base, 800)
	meet(a, b)
	within(t, 15*time.Second, "picture", func() bool { return b.of(a).PatternsRead > 3 })
	a.session.SetWants(media.Wants{Mic: true})
	within(t, 5*time.Second, "camera off", func() bool { return b.of(a).State == media.TileCameraOff })
	a.session.SetWants(media.Wants{Mic: true, Camera: true})
	before := b.of(a).PatternsRead
	took := within(t, 5*time.Second, "camera on again", func() bool { return b.of(a).PatternsRead > before && b.of(a).State == media.TileLive })
	t.Logf("camera on again after %v", took)
	if refused := b.of(a).Refused; refused != (media.Refusals{}) {
		t.Errorf("frames that the relay made up after the mute were counted: %+v", refused)
	}

	b.session.Tile(a.key).Resize(0, 0)
	within(t, 5*time.Second, "hidden tile costs nothing", func() bool {
		was := b.of(a).VideoReceived
		pause(300 * time.Millisecond)
		return b.of(a).VideoReceived == was
	})
	if b.of(a).AudioReceived == 0 {
		t.Error("sound stopped with the picture")
	}
	before = b.of(a).PatternsRead
	b.session.Tile(a.key).Resize(200, 113)
	took = within(t, 5*time.Second, "visible again", func() bool { return b.of(a).PatternsRead > before })
	t.Logf("visible again after %v", took)
	img, _ := b.session.Tile(a.key).Latest()
	if img == nil || img.Rect.Dx() != 200 || img.Rect.Dy() != 113 {
		t.Errorf("tile is %v, want 200x113", img)
	}
}

func TestMeetingGoesOnAfterTheRelayDied(t *testing.T) {
	h := startHelper(t, "127.0.0.1:0")
	r := roomOn(t, h)
	base := key32(7)
	a, b := r.join(1, base, 500), r.join(2, base, 800)
	meet(a, b)
	both := func() bool { return a.of(b).State == media.TileLive && b.of(a).State == media.TileLive }
	within(t, 15*time.Second, "pictures both ways", both)
	h.stop()
	within(t, 15*time.Second, "stall noticed", func() bool { return a.of(b).State != media.TileLive })
	again := startHelper(t, strings.TrimPrefix(h.url, "http://"))
	if again.url != h.url {
		t.Fatalf("relay is back at %s, want %s", again.url, h.url)
	}
	took := within(t, 40*time.Second, "pictures both ways again", both)
	t.Logf("pictures again %v after the relay came back", took)
}
