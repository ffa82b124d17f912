package media

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"conclave/call/frame"
)

// board is a screen on which nothing moves unless a test draws.
type board struct {
	every time.Duration
	pic   *I420
	n     int
	drawn chan byte
	fault chan error
}

func newBoard() *board {
	return &board{every: 125 * time.Millisecond, pic: NewI420(320, 192), drawn: make(chan byte, 1), fault: make(chan error, 1)}
}

func (b *board) Read(ctx context.Context) (*I420, error) {
	t := time.NewTimer(b.every)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	b.n++
	b.pic.Time, b.pic.Still = time.Duration(b.n)*b.every, b.n > 1
	select {
	case err := <-b.fault:
		return nil, err
	case v := <-b.drawn:
		b.pic.Y[0], b.pic.Still = v, false
	default:
	}
	return b.pic, nil
}

func (*board) Close() error { return nil }

func sharing(b *board) func(*SessionConfig) {
	return func(cfg *SessionConfig) { cfg.Screen = func() (VideoSource, error) { return b, nil } }
}

func TestScreenIsItsOwnStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := start(t, sharing(newBoard()))
		defer g.s.Close()
		g.s.SetSending(true)
		g.s.SetWants(Wants{Camera: true, Share: true})
		g.run(2 * time.Second)
		camera, screen := g.relay().local(KindCamera), g.relay().local(KindScreen)
		if camera == nil || screen == nil || camera.sent() == 0 || screen.sent() == 0 {
			t.Fatal("camera and screen are not both published and sent")
		}
		anna := newRing(t, annaLeaf)
		screen.mu.Lock()
		first := screen.frames[0]
		screen.mu.Unlock()
		if _, err := anna.Open(nil, clearVideo, selfLeaf, frame.CameraMid, first); !errors.Is(err, frame.ErrWrongSender) {
			t.Errorf("a screen's frame opened as a camera's: %v", err)
		}
		if _, err := anna.Open(nil, clearVideo, selfLeaf, frame.Screen, first); err != nil {
			t.Errorf("a screen's frame: %v", err)
		}
		g.s.SetWants(Wants{Camera: true})
		g.run(300 * time.Millisecond)
		n := screen.sent()
		g.run(2 * time.Second)
		if screen.sent() != n || !screen.isMuted() {
			t.Errorf("%d frames after sharing ended, muted %v", screen.sent()-n, screen.isMuted())
		}
	})
}

func TestQuietScreenCostsLittleAndAnswersAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBoard()
		g := start(t, sharing(b))
		defer g.s.Close()
		g.s.SetSending(true)
		g.s.SetWants(Wants{Share: true})
		g.run(5 * time.Second)
		screen := g.relay().local(KindScreen)
		before := screen.sent()
		g.run(5 * time.Second)
		if n := screen.sent() - before; n < 3 || n > 7 {
			t.Errorf("%d pictures of a quiet screen in 5 s; want about one a second", n)
		}
		before = screen.sent()
		b.drawn <- 200
		g.run(150 * time.Millisecond)
		if screen.sent() == before {
			t.Error("what was drawn was not sent at once")
		}
		g.run(5 * time.Second)
		g.codecs.mu.Lock()
		enc := g.codecs.encoders[0]
		g.codecs.mu.Unlock()
		keys := enc.keys
		screen.request()
		g.run(300 * time.Millisecond)
		if enc.keys != keys+1 {
			t.Errorf("%d key frames for one request, of a quiet screen", enc.keys-keys)
		}
	})
}

// screenPicture is a frame of Anna's screen, sealed with her ring.
func screenPicture(t *testing.T, ring *frame.Ring, n uint32) []byte {
	t.Helper()
	pic := NewI420(160, 96)
	DrawPattern(pic, n, time.Now())
	plain, _, err := (&fakeEncoder{format: VideoFormat{Width: 160, Height: 96}}).Encode(nil, pic, true)
	if err != nil {
		t.Fatal(err)
	}
	out, ok := sealWith(ring, frame.Screen, new([]byte), plain, clearVideo, true)
	if !ok {
		t.Fatal("not sealed")
	}
	return out
}

func TestScreensOfThoseWhoDoNotShareStayShut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := start(t, nil)
		defer g.s.Close()
		g.join()
		screen := newFakeTrack("scr", annaAt, KindScreen)
		r := g.relay()
		r.mu.Lock()
		r.remotes = append(r.remotes, screen)
		r.mu.Unlock()
		r.events <- RelayEvent{Kind: RelayTrackOpened, Participant: annaAt, TrackID: "scr", TrackKind: KindScreen, Track: screen}
		g.admit()
		g.s.ScreenTile(annaKey).Resize(160, 96)
		g.run(200 * time.Millisecond)
		ring := newRing(t, annaLeaf)
		screen.put(screenPicture(t, ring, 1))
		g.run(200 * time.Millisecond)
		if img, _ := g.s.ScreenTile(annaKey).Latest(); img != nil || screen.isWanted() || g.anna().VideoOpened != 0 {
			t.Error("a screen was opened of somebody who does not say that they share")
		}
		says := []Member{{Key: selfKey, Leaf: selfLeaf}, {Key: annaKey, Leaf: annaLeaf, Shares: true}}
		g.s.SetMembers(says)
		g.run(200 * time.Millisecond)
		screen.put(screenPicture(t, ring, 2))
		g.run(200 * time.Millisecond)
		img, _ := g.s.ScreenTile(annaKey).Latest()
		if img == nil || !screen.isWanted() {
			t.Fatal("their screen is not shown")
		}
		if n, _, ok := ReadPattern(img); !ok || n != 2 {
			t.Errorf("picture %d, %v", n, ok)
		}
		says[1].Shares = false
		g.s.SetMembers(says)
		g.run(200 * time.Millisecond)
		screen.put(screenPicture(t, ring, 3))
		g.run(200 * time.Millisecond)
		if img, _ := g.s.ScreenTile(annaKey).Latest(); img != nil || screen.isWanted() {
			t.Error("what was shared is still shown after they ended it")
		}
	})
}

// A camera that stands still is weak, however well the screen flows.
func TestScreenDoesNotSpeakForTheCamera(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := start(t, nil)
		defer g.s.Close()
		camera, _ := g.join()
		screen := newFakeTrack("scr", annaAt, KindScreen)
		r := g.relay()
		r.mu.Lock()
		r.remotes = append(r.remotes, screen)
		r.mu.Unlock()
		r.events <- RelayEvent{Kind: RelayTrackOpened, Participant: annaAt, TrackID: "scr", TrackKind: KindScreen, Track: screen}
		g.s.SetMembers([]Member{{Key: selfKey, Leaf: selfLeaf}, {Key: annaKey, Leaf: annaLeaf, Shares: true}})
		g.s.Tile(annaKey).Resize(160, 96)
		g.s.ScreenTile(annaKey).Resize(160, 96)
		g.run(200 * time.Millisecond)
		ring := newRing(t, annaLeaf)
		camera.put(picture(t, ring, 1, true))
		for n := range 10 {
			screen.put(screenPicture(t, ring, uint32(n)))
			g.run(500 * time.Millisecond)
		}
		if s := g.anna().State; s != TileWeak {
			t.Errorf("the tile's state is %d, want weak", s)
		}
	})
}

func TestLostScreenIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBoard()
		g := start(t, sharing(b))
		defer g.s.Close()
		g.s.SetWants(Wants{Share: true})
		g.run(time.Second)
		b.fault <- fmt.Errorf("read board: %w", ErrDeviceLost)
		g.run(time.Second)
		lost := g.saw(EventDeviceLost)
		found := false
		for _, e := range lost {
			found = found || e.Device == DeviceScreen && errors.Is(e.Err, ErrDeviceLost)
		}
		if !found {
			t.Errorf("nobody was told: %+v", lost)
		}
	})
}
