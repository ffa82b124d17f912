package peer_test

import (
	"context"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"conclave/call/frame"
	"conclave/call/media"
	"conclave/call/media/device"
	"conclave/call/peer"
	"conclave/call/relay"
	"conclave/keys"
)

// room is a relay of its own for one test, and the meeting held on it.
type room struct {
	t    *testing.T
	srv  *relay.Server
	http *httptest.Server
	id   keys.MeetingID
}

func newRoom(t *testing.T) *room {
	t.Helper()
	srv, err := relay.Start(t.Context(), relay.Config{Local: true})
	if err != nil {
		t.Fatal(err)
	}
	r := &room{t: t, srv: srv, http: httptest.NewServer(srv.Handler()), id: keys.MeetingID{1, 2, 3}}
	t.Cleanup(func() {
		r.http.Close()
		if err := srv.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// dial returns a Dial function for an identity.
func (r *room) dial(identity string) func(context.Context) (media.Relay, error) {
	return func(ctx context.Context) (media.Relay, error) {
		token, err := r.srv.Token(keys.RelayRoom(r.id), identity)
		if err != nil {
			return nil, err
		}
		return peer.Dial(ctx, peer.Config{URL: "ws" + strings.TrimPrefix(r.http.URL, "http"), Token: string(token)})
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
