package frame

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"
)

// clock is a clock that stands until it is moved.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Unix(1_000_000, 0)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func base(epoch uint64) []byte { return bytes.Repeat([]byte{byte(epoch), 7}, 16) }

// add adds epochs to a ring, each with its own base key.
func add(t testing.TB, r *Ring, leaf uint32, epochs ...uint64) {
	t.Helper()
	for _, e := range epochs {
		if err := r.AddEpoch(e, base(e), leaf); err != nil {
			t.Fatal(err)
		}
	}
}

// pair returns the rings of two members, with leaves 1 and 2, in epoch 1.
func pair(t testing.TB, c *clock) (alice, bob *Ring) {
	t.Helper()
	alice, bob = NewRing(Config{Now: c.Now}), NewRing(Config{Now: c.Now})
	add(t, alice, 1, 1)
	add(t, bob, 2, 1)
	switchSend(t, alice, 1, false)
	return alice, bob
}

func switchSend(t testing.TB, r *Ring, epoch uint64, atKeyFrame bool) {
	t.Helper()
	if err := r.SwitchSend(epoch, atKeyFrame); err != nil {
		t.Fatal(err)
	}
}

func seal(t testing.TB, r *Ring, stream Stream, plain string, keyFrame bool) []byte {
	t.Helper()
	out, err := r.Sealer(stream).Seal(nil, []byte{0x10}, []byte(plain), keyFrame)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// epochOf returns the low bits of the epoch that sealed a frame with one clear byte.
func epochOf(t testing.TB, sealed []byte) uint64 {
	t.Helper()
	h, _, err := ParseHeader(sealed[1:])
	if err != nil {
		t.Fatal(err)
	}
	return h.KID.Epoch()
}

// refuse opens a frame and fails the test unless it is refused with want, without
// a byte of plaintext anywhere.
func refuse(t *testing.T, r *Ring, leaf uint32, stream Stream, sealed []byte, plain string, want error) {
	t.Helper()
	dst := make([]byte, 0, len(sealed)+64)
	got, err := r.Open(dst, 1, leaf, stream, sealed)
	if !errors.Is(err, want) {
		t.Errorf("got error %v, want %v", err, want)
	}
	if got != nil {
		t.Errorf("got %d bytes beside the error, want none", len(got))
	}
	if bytes.Contains(dst[:cap(dst)], []byte(plain)) {
		t.Error("plaintext of a refused frame was left in the buffer")
	}
}

func TestOpenReturnsWhatWasSealed(t *testing.T) {
	for _, suite := range []Suite{AES128GCM, AES256GCM} {
		for _, size := range []int{0, 1, 100, 20_000} {
			alice, bob := NewRing(Config{Suite: suite}), NewRing(Config{Suite: suite})
			add(t, alice, 1, 1)
			add(t, bob, 2, 1)
			switchSend(t, alice, 1, false)
			frame := bytes.Repeat([]byte{0xab}, size+3)
			for range 300 {
				sealed, err := alice.Sealer(Screen).Seal([]byte("before"), frame[:3], frame[3:], true)
				if err != nil {
					t.Fatal(err)
				}
				sealed = bytes.TrimPrefix(sealed, []byte("before"))
				if !bytes.HasPrefix(sealed, frame[:3]) {
					t.Fatal("the clear part does not stand in front")
				}
				got, err := bob.Open([]byte("before"), 3, 1, Screen, sealed)
				if err != nil || !bytes.Equal(got, append([]byte("before"), frame...)) {
					t.Fatalf("%v, %d bytes: %v", suite, size, err)
				}
			}
		}
	}
}

func TestOpenRefusesAlteredFrames(t *testing.T) {
	const plain = "a picture that must not leak from a refused frame"
	alice, bob := pair(t, newClock())
	sealed := seal(t, alice, CameraLow, plain, true)
	_, headerLen, err := ParseHeader(sealed[1:])
	if err != nil {
		t.Fatal(err)
	}
	for bit := range len(sealed) * 8 {
		altered := bytes.Clone(sealed)
		altered[bit/8] ^= 1 << (bit % 8)
		want := ErrForged
		if at := bit / 8; at >= 1 && at < 1+headerLen {
			// A changed header names another key or counter, or is none.
			dst := make([]byte, 0, 256)
			if got, err := bob.Open(dst, 1, 1, CameraLow, altered); err == nil || got != nil {
				t.Fatalf("header bit %d: opened", bit)
			}
			continue
		}
		refuse(t, bob, 1, CameraLow, altered, plain, want)
	}
	for n := range sealed {
		if got, err := bob.Open(nil, 1, 1, CameraLow, sealed[:n]); err == nil || got != nil {
			t.Fatalf("cut at %d: opened", n)
		}
	}
	refuse(t, bob, 1, CameraLow, sealed[:1+headerLen+TagSize-1], plain, ErrMalformed)
	refuse(t, bob, 1, CameraLow, append(bytes.Clone(sealed), 0), plain, ErrForged)
	if got, err := bob.Open(nil, 0, 1, CameraLow, sealed[1:]); err == nil || got != nil {
		t.Error("opened without its clear byte")
	}
	// None of this has moved the replay window: the true frame still opens, once.
	got, err := bob.Open(nil, 1, 1, CameraLow, sealed)
	if err != nil || string(got[1:]) != plain {
		t.Fatalf("the true frame: %v", err)
	}
	refuse(t, bob, 1, CameraLow, sealed, plain, ErrReplay)
}

func TestOpenRefusesAnotherSender(t *testing.T) {
	const plain = "hello from leaf one"
	alice, bob := pair(t, newClock())
	sealed := seal(t, alice, CameraLow, plain, true)
	refuse(t, bob, 3, CameraLow, sealed, plain, ErrWrongSender)
	refuse(t, bob, 1, CameraMid, sealed, plain, ErrWrongSender)
	refuse(t, bob, 1, Audio, sealed, plain, ErrWrongSender)
	refuse(t, bob, 1+1<<leafBits, CameraLow, sealed, plain, ErrWrongSender)

	// The same with the header rewritten to claim leaf 3: its key is another one.
	h, n, err := ParseHeader(sealed[1:])
	if err != nil {
		t.Fatal(err)
	}
	claimed := Header{KID: NewKID(CameraLow, 3, 1), Counter: h.Counter}.Append([]byte{sealed[0]})
	claimed = append(claimed, sealed[1+n:]...)
	refuse(t, bob, 3, CameraLow, claimed, plain, ErrForged)
	// And with a KID that our layout does not have.
	beyond := Header{KID: h.KID | 1<<20, Counter: h.Counter}.Append([]byte{sealed[0]})
	refuse(t, bob, 1, CameraLow, append(beyond, sealed[1+n:]...), plain, ErrWrongSender)
}

func TestOpenRefusesAnotherMeeting(t *testing.T) {
	const plain = "for another meeting"
	alice, _ := pair(t, newClock())
	stranger := NewRing(Config{})
	if err := stranger.AddEpoch(1, bytes.Repeat([]byte{9}, 32), 2); err != nil {
		t.Fatal(err)
	}
	refuse(t, stranger, 1, CameraLow, seal(t, alice, CameraLow, plain, true), plain, ErrForged)
	refuse(t, NewRing(Config{}), 1, CameraLow, seal(t, alice, CameraLow, plain, true), plain, ErrNoKey)
}

func TestOldEpochOpensTenSecondsAndNoLonger(t *testing.T) {
	const plain = "sealed before the switch"
	c := newClock()
	alice, bob := pair(t, c)
	frames := [][]byte{seal(t, alice, Audio, plain, true), seal(t, alice, Audio, plain, true), seal(t, alice, Audio, plain, true)}
	c.advance(time.Hour) // the newest epoch has no end
	add(t, bob, 2, 2)
	c.advance(KeepOldFor - 1)
	bob.Expire()
	if _, err := bob.Open(nil, 1, 1, Audio, frames[0]); err != nil {
		t.Errorf("just before the end: %v", err)
	}
	c.advance(1)
	refuse(t, bob, 1, Audio, frames[1], plain, ErrNoKey) // without Expire
	old := bob.epochs[0].epoch
	secret := old.secret
	bob.Expire()
	if len(bob.epochs) != 1 || old.receivers != nil || !bytes.Equal(secret, make([]byte, len(secret))) {
		t.Error("the former epoch's secret was not wiped")
	}
	refuse(t, bob, 1, Audio, frames[2], plain, ErrNoKey)
}

func TestIdleStreamForgetsItsKey(t *testing.T) {
	c := newClock()
	alice, _ := pair(t, c)
	seal(t, alice, Screen, "x", true)
	add(t, alice, 1, 2)
	switchSend(t, alice, 2, true)
	c.advance(KeepOldFor)
	alice.Expire()
	if s := alice.Sealer(Screen); s.ready || s.key.aead != nil {
		t.Error("the idle stream still holds the former epoch's key")
	}
	if got := epochOf(t, seal(t, alice, Screen, "x", false)); got != 2 {
		t.Errorf("sealed with epoch %d, want 2", got)
	}
}

func TestAtMostThreeOldEpochs(t *testing.T) {
	const plain = "old"
	alice, bob := pair(t, newClock())
	frames := map[uint64][]byte{1: seal(t, alice, Audio, plain, true)}
	for e := uint64(2); e <= 5; e++ {
		add(t, alice, 1, e)
		add(t, bob, 2, e)
		switchSend(t, alice, e, false)
		frames[e] = seal(t, alice, Audio, plain, true)
	}
	refuse(t, bob, 1, Audio, frames[1], plain, ErrNoKey)
	for e := uint64(2); e <= 5; e++ {
		if _, err := bob.Open(nil, 1, 1, Audio, frames[e]); err != nil {
			t.Errorf("epoch %d: %v", e, err)
		}
	}
}

func TestEpochWithRecurringBitsReplacesTheOldOne(t *testing.T) {
	const plain = "sixty-four epochs ago"
	alice, bob := pair(t, newClock())
	sealed := seal(t, alice, Audio, plain, true)
	add(t, bob, 2, 65)
	refuse(t, bob, 1, Audio, sealed, plain, ErrForged) // the key is that of epoch 65
	if len(bob.epochs) != 1 {
		t.Errorf("got %d epochs, want 1", len(bob.epochs))
	}
}

func TestAddEpochRefusesToBeginAgain(t *testing.T) {
	r := NewRing(Config{})
	add(t, r, 1, 0, 3)
	for _, e := range []uint64{0, 2, 3} {
		if err := r.AddEpoch(e, base(e), 1); err != ErrEpochOrder {
			t.Errorf("epoch %d: got %v, want ErrEpochOrder", e, err)
		}
	}
	if err := r.AddEpoch(4, base(4), MaxLeaf+1); err != ErrLeaf {
		t.Errorf("got %v, want ErrLeaf", err)
	}
	if err := r.AddEpoch(4, nil, 1); err == nil {
		t.Error("added an epoch without a key")
	}
	if err := NewRing(Config{Suite: 1}).AddEpoch(4, base(4), 1); err == nil {
		t.Error("added an epoch to a ring of an unknown suite")
	}
}

func TestNothingIsSealedBeforeSwitch(t *testing.T) {
	r := NewRing(Config{})
	if _, err := r.Sealer(Audio).Seal(nil, nil, []byte("x"), true); err != ErrNotReady {
		t.Errorf("empty ring: got %v, want ErrNotReady", err)
	}
	add(t, r, 1, 1)
	if _, err := r.Sealer(Audio).Seal(nil, nil, []byte("x"), true); err != ErrNotReady {
		t.Errorf("before SwitchSend: got %v, want ErrNotReady", err)
	}
	if err := r.SwitchSend(2, false); err != ErrEpoch {
		t.Errorf("switch to an unknown epoch: got %v, want ErrEpoch", err)
	}
	switchSend(t, r, 1, true)
	if _, err := r.Sealer(CameraLow).Seal(nil, nil, []byte("x"), false); err != nil {
		t.Errorf("the first epoch waits for nothing: %v", err)
	}
	if _, err := r.Sealer(Audio).Seal(nil, make([]byte, MaxClear+1), nil, true); err != ErrMalformed {
		t.Errorf("long clear part: got %v, want ErrMalformed", err)
	}
	add(t, r, 1, 2)
	switchSend(t, r, 2, false)
	if err := r.SwitchSend(1, false); err != ErrEpoch {
		t.Errorf("switch back: got %v, want ErrEpoch", err)
	}
}

func TestVideoSwitchesAtKeyFrameAndAudioAtOnce(t *testing.T) {
	alice, _ := pair(t, newClock())
	seal(t, alice, CameraLow, "x", true)
	seal(t, alice, Audio, "x", true)
	add(t, alice, 1, 2)
	switchSend(t, alice, 2, true)
	steps := []struct {
		stream   Stream
		keyFrame bool
		want     uint64
	}{
		{CameraLow, false, 1},
		{Audio, false, 2},
		{CameraLow, false, 1},
		{CameraLow, true, 2},
		{CameraLow, false, 2},
		{Screen, false, 2}, // a stream that begins now has nothing to stay with
	}
	for i, s := range steps {
		if got := epochOf(t, seal(t, alice, s.stream, "x", s.keyFrame)); got != s.want {
			t.Errorf("step %d: sealed with epoch %d, want %d", i, got, s.want)
		}
	}
}

func TestVideoDoesNotWaitForEverForAKeyFrame(t *testing.T) {
	c := newClock()
	alice, _ := pair(t, c)
	seal(t, alice, CameraLow, "x", true)
	add(t, alice, 1, 2)
	switchSend(t, alice, 2, true)
	c.advance(KeyFrameWait - 1)
	if got := epochOf(t, seal(t, alice, CameraLow, "x", false)); got != 1 {
		t.Errorf("before the end of the wait: epoch %d, want 1", got)
	}
	c.advance(1)
	if got := epochOf(t, seal(t, alice, CameraLow, "x", false)); got != 2 {
		t.Errorf("after the wait: epoch %d, want 2", got)
	}
}

func TestRemoveSwitchesAtOnce(t *testing.T) {
	alice, _ := pair(t, newClock())
	seal(t, alice, CameraLow, "x", true)
	add(t, alice, 1, 2)
	switchSend(t, alice, 2, false)
	add(t, alice, 1, 3)
	switchSend(t, alice, 3, true) // patient, but epoch 1 stays forbidden
	if got := epochOf(t, seal(t, alice, CameraLow, "x", false)); got != 3 {
		t.Errorf("sealed with epoch %d after a Remove, want 3", got)
	}
	add(t, alice, 1, 4)
	switchSend(t, alice, 4, true)
	if got := epochOf(t, seal(t, alice, CameraLow, "x", false)); got != 3 {
		t.Errorf("sealed with epoch %d, want 3 until the key frame", got)
	}
	switchSend(t, alice, 4, false)
	if got := epochOf(t, seal(t, alice, CameraLow, "x", false)); got != 4 {
		t.Errorf("sealed with epoch %d after being told to switch at once, want 4", got)
	}
}

func TestCountersNeverRepeat(t *testing.T) {
	alice, _ := pair(t, newClock())
	type used struct {
		kid     KID
		counter uint64
	}
	var mu sync.Mutex
	seen := map[used]bool{}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 500 {
				sealed, err := alice.Sealer(CameraLow).Seal(nil, nil, nil, false)
				if err != nil {
					t.Error(err)
					return
				}
				h, _, _ := ParseHeader(sealed)
				mu.Lock()
				if seen[used{h.KID, h.Counter}] {
					t.Errorf("counter %d of key %x used twice", h.Counter, h.KID)
				}
				seen[used{h.KID, h.Counter}] = true
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if len(seen) != 2000 {
		t.Errorf("got %d counters, want 2000", len(seen))
	}
}

func TestExhaustedKeyRefuses(t *testing.T) {
	alice, _ := pair(t, newClock())
	s := alice.Sealer(Audio)
	seal(t, alice, Audio, "x", true)
	s.counter = maxFrames
	if _, err := s.Seal(nil, nil, nil, true); err != ErrExhausted {
		t.Errorf("got %v, want ErrExhausted", err)
	}
	add(t, alice, 1, 2)
	switchSend(t, alice, 2, false)
	if _, err := s.Seal(nil, nil, nil, true); err != nil {
		t.Errorf("the next epoch begins again: %v", err)
	}
}

func TestReplayWindow(t *testing.T) {
	var w window
	steps := []struct {
		counter uint64
		fresh   bool
	}{
		{5000, true},
		{5000, false},
		{4999, true},
		{4999, false},
		{5000 - windowSize, false},
		{5000 - windowSize + 1, true},
		{5000 - windowSize + 1, false},
		{5001, true},
		{5000 - windowSize + 1, false},
		{5000 - windowSize + 2, true},
		{6500, true},
		{5001, false},
		{6500 - windowSize + 1, true},
		{6499, true},
		{6499, false},
		{1 << 60, true},
		{6500, false},
		{1<<60 - 1, true},
		{1 << 60, false},
	}
	for i, s := range steps {
		if got := w.isFresh(s.counter); got != s.fresh {
			t.Errorf("step %d: counter %d fresh: %v, want %v", i, s.counter, got, s.fresh)
		}
		if s.fresh {
			w.mark(s.counter)
		}
	}
}

// TestReplayWindowAgainstModel compares the bitmap with a plain set.
func TestReplayWindowAgainstModel(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var w window
	seen, highest := map[uint64]bool{}, uint64(0)
	at := uint64(10_000)
	for range 200_000 {
		at += uint64(rng.IntN(4))
		if rng.IntN(500) == 0 {
			at += uint64(rng.IntN(3000))
		}
		c := at - uint64(rng.IntN(1500))
		want := !seen[c] && (len(seen) == 0 || c > highest || highest-c < windowSize)
		if got := w.isFresh(c); got != want {
			t.Fatalf("counter %d, highest %d: fresh %v, want %v", c, highest, got, want)
		}
		if want {
			w.mark(c)
			seen[c], highest = true, max(highest, c)
		}
	}
}

func TestCloseWipesAndRefuses(t *testing.T) {
	alice, bob := pair(t, newClock())
	sealed := seal(t, alice, Audio, "x", true)
	secrets := [][]byte{alice.epochs[0].secret, bob.epochs[0].secret}
	alice.Close()
	bob.Close()
	for _, s := range secrets {
		if !bytes.Equal(s, make([]byte, len(s))) {
			t.Error("a secret survived Close")
		}
	}
	refuse(t, bob, 1, Audio, sealed, "x", ErrClosed)
	if _, err := alice.Sealer(Audio).Seal(nil, nil, nil, true); err != ErrClosed {
		t.Errorf("seal: got %v, want ErrClosed", err)
	}
	if err := alice.AddEpoch(9, base(9), 1); err != ErrClosed {
		t.Errorf("add: got %v, want ErrClosed", err)
	}
	if err := alice.SwitchSend(1, false); err != ErrClosed {
		t.Errorf("switch: got %v, want ErrClosed", err)
	}
}

// TestConcurrentUse moves through epochs while streams are sealed and opened; the
// race detector watches, and every frame must open as what it was.
func TestConcurrentUse(t *testing.T) {
	alice, bob := pair(t, newClock())
	var wg sync.WaitGroup
	for _, stream := range []Stream{Audio, CameraLow, CameraHigh, Screen} {
		wg.Go(func() {
			for i := range 400 {
				want := fmt.Sprintf("frame %d of stream %d", i, stream)
				sealed, err := alice.Sealer(stream).Seal(nil, []byte{byte(i)}, []byte(want), i%30 == 0)
				if err != nil {
					t.Error(err)
					return
				}
				got, err := bob.Open(nil, 1, 1, stream, sealed)
				if err == ErrNoKey { // three epochs passed in between
					continue
				}
				if err != nil || string(got[1:]) != want {
					t.Errorf("got %q, %v; want %q", got, err, want)
				}
			}
		})
	}
	for e := uint64(2); e < 40; e++ {
		add(t, bob, 2, e)
		add(t, alice, 1, e)
		switchSend(t, alice, e, e%2 == 0)
		alice.Expire()
		if got, ok := alice.SendEpoch(); !ok || got != e {
			t.Errorf("send epoch %d, want %d", got, e)
		}
	}
	wg.Wait()
}

func TestKIDLayout(t *testing.T) {
	k := NewKID(15, 1023, 127)
	if k != 1<<20-1 || k.Stream() != 15 || k.Leaf() != 1023 || k.Epoch() != 63 || !k.isOurs() {
		t.Errorf("got %x: stream %d leaf %d epoch %d", uint64(k), k.Stream(), k.Leaf(), k.Epoch())
	}
	if k := NewKID(CameraHigh, 513, 66); k != 3<<16|513<<6|2 {
		t.Errorf("got %x", uint64(k))
	}
}

func TestStreamsOfAMemberHaveTheirOwnKeys(t *testing.T) {
	alice, bob := pair(t, newClock())
	first := seal(t, alice, CameraLow, "the same text", true)
	second := seal(t, alice, CameraMid, "the same text", true)
	_, n, _ := ParseHeader(first[1:])
	if bytes.Equal(first[1+n:], second[1+n:]) {
		t.Error("two streams produced the same ciphertext")
	}
	if _, err := bob.Open(nil, 1, 1, CameraMid, second); err != nil {
		t.Error(err)
	}
	if _, err := bob.Open(nil, 1, 1, CameraLow, first); err != nil {
		t.Error(err)
	}
}
