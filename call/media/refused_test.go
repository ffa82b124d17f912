package media

import (
	"testing"
	"testing/synctest"
	"time"

	"conclave/keys"
)

// What is refused is neither opened nor asked for, and nothing old stays on the
// tile; what is refused no more comes back.
func TestRefusedStreamsAreNotOpened(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := start(t, nil)
		defer g.end()
		g.admit()
		g.s.Tile(annaKey).Resize(160, 96)
		camera, _ := g.join()
		ring := newRing(t, annaLeaf)
		defer ring.Close()
		camera.put(picture(t, ring, 1, true))
		g.run(time.Second)
		before := g.anna()
		if before.VideoOpened != 1 {
			t.Fatalf("%d pictures opened, want 1", before.VideoOpened)
		}
		g.s.SetRefused(map[keys.PublicKey]Kinds{annaKey: {Mic: true, Camera: true}})
		g.run(time.Second)
		camera.put(picture(t, ring, 2, true))
		g.run(time.Second)
		after := g.anna()
		if after.VideoOpened != 1 || after.State != TileCameraOff {
			t.Errorf("opened %d, state %d", after.VideoOpened, after.State)
		}
		if camera.isWanted() {
			t.Error("the relay is still asked for it")
		}
		if img, _ := g.s.Tile(annaKey).Latest(); img != nil {
			t.Error("the last picture is still shown")
		}
		g.s.SetRefused(nil)
		camera.put(picture(t, ring, 3, true))
		g.run(time.Second)
		if now := g.anna(); now.VideoOpened != 2 {
			t.Errorf("opened %d afterwards, want 2", now.VideoOpened)
		}
	})
}
