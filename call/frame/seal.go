package frame

import (
	"slices"
	"sync"
)

// maxFrames is how many frames one key may seal. It is far below the limits of
// AES-GCM (draft-irtf-cfrg-aead-limits) and five years of video.
const maxFrames = 1 << 32

// Sealer seals the frames of one stream. There is one for each stream of a Ring,
// because a counter must never be used twice. Safe for concurrent use.
type Sealer struct {
	ring   *Ring
	stream Stream

	mu      sync.Mutex
	ready   bool
	epoch   uint64
	kid     KID
	key     key
	counter uint64
	nonce   [12]byte
	header  [MaxHeader]byte
	aad     [MaxHeader + MaxClear]byte
}

// Sealer returns the sealer of a stream, always the same one. It panics for a
// stream of 16 or above.
func (r *Ring) Sealer(stream Stream) *Sealer { return r.sealers[stream] }

// Seal appends clear, the SFrame header, and the sealed plaintext with its tag to
// dst, and returns it. clear (at most MaxClear bytes) stays readable and is
// authenticated together with the header. keyFrame says that the picture stands
// alone; an epoch switch may wait for it. dst must not overlap the inputs. With
// Overhead bytes to spare in dst nothing is allocated.
//
// It fails with ErrNotReady while there is no epoch to send with, with ErrMalformed
// when clear is too long, and with ErrClosed; nothing is ever sent in clear then.
func (s *Sealer) Seal(dst, clear, plaintext []byte, keyFrame bool) ([]byte, error) {
	if len(clear) > MaxClear {
		return nil, ErrMalformed
	}
	s.ring.mu.RLock()
	defer s.ring.mu.RUnlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.choose(keyFrame); err != nil {
		return nil, err
	}
	if s.counter >= maxFrames {
		return nil, ErrExhausted
	}
	header := Header{KID: s.kid, Counter: s.counter}
	n := header.put(&s.header)
	xorCounter(&s.nonce, &s.key.salt, s.counter)
	s.counter++
	aad := s.aad[:n+copy(s.aad[n:], clear)]
	copy(aad, s.header[:n])

	dst = slices.Grow(dst, len(clear)+n+len(plaintext)+TagSize)
	dst = append(dst, clear...)
	dst = append(dst, s.header[:n]...)
	return s.key.aead.Seal(dst, s.nonce[:], plaintext, aad), nil
}

// choose makes s.key the one to seal the next frame with. The ring is locked for
// reading, s for writing.
func (s *Sealer) choose(keyFrame bool) error {
	want := &s.ring.send
	switch {
	case s.ring.closed:
		return ErrClosed
	case !want.ready:
		return ErrNotReady
	case s.ready && s.epoch == want.epoch:
		return nil
	}
	if s.ready && !keyFrame && !s.stream.isAudio() && s.mayStay(want) {
		return nil
	}
	return s.adopt(want.epoch)
}

// mayStay reports whether the stream may go on with its former epoch for a while.
func (s *Sealer) mayStay(want *sending) bool {
	former, ok := s.ring.findLocked(s.epoch)
	if !ok || s.epoch < want.floor {
		return false
	}
	now := s.ring.now()
	return now.Before(want.deadline) && !former.isOver(now)
}

func (s *Sealer) adopt(number uint64) error {
	e, ok := s.ring.findLocked(number)
	if !ok {
		return ErrNotReady
	}
	kid := NewKID(s.stream, e.leaf, number)
	k, err := s.ring.suite.expand(e.secret, kid)
	if err != nil {
		return err
	}
	s.ready, s.epoch, s.kid, s.key, s.counter = true, number, kid, k, 0
	return nil
}

// forget drops the key.
func (s *Sealer) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ready, s.key = false, key{}
}

// isAudio reports whether every frame of the stream stands alone.
func (s Stream) isAudio() bool { return s == Audio || s == ShareAudio }
