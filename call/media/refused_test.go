package media

import (
	"testing"
	"testing/synctest"
	"time"

	"conclave/call/frame"
	"conclave/keys"
)

// Of somebody who says that they are silent and hidden nothing is opened,
// whatever their app sends; what they said before plays to its end, and the
// relay is asked for sound all along, so that a word is not missed.
func TestWhoSaysToBeSilentIsNotHeard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := start(t, nil)
		defer g.end()
		g.admit()
		camera, mic := g.join()
		ring := newRing(t, annaLeaf)
		defer ring.Close()
		speak := func() {
			sound, err := ring.Sealer(frame.Audio).Seal(nil, nil, []byte{0x20, 0}, true)
			if err != nil {
				t.Fatal(err)
			}
			mic.put(sound)
		}
		says := []Member{{Key: selfKey, Leaf: selfLeaf}, {Key: annaKey, Leaf: annaLeaf, Silent: true, Hidden: true}}
		g.s.SetMembers(says)
		speak()
		camera.put(picture(t, ring, 1, true))
		g.run(time.Second)
		if st := g.anna(); st.AudioOpened != 0 || st.VideoOpened != 0 || st.State != TileCameraOff {
			t.Errorf("silent and hidden: %d sounds and %d pictures opened, state %d", st.AudioOpened, st.VideoOpened, st.State)
		}
		if !mic.isWanted() {
			t.Error("the relay is not asked for sound: the next word would come late")
		}
		says[1].Silent, says[1].Hidden = false, false
		g.s.SetMembers(says)
		speak()
		camera.put(picture(t, ring, 2, true))
		g.run(time.Second)
		if st := g.anna(); st.AudioOpened != 1 || st.VideoOpened != 1 {
			t.Errorf("open again: %d sounds and %d pictures opened", st.AudioOpened, st.VideoOpened)
		}
	})
}

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
