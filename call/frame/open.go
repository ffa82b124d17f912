package frame

import "slices"

// Open authenticates and decrypts what Seal made and appends clear part and
// plaintext to dst, that is, the frame as the encoder made it. clearLen is the
// length of the clear part, leaf and stream are what the caller knows about the
// track: a frame sealed as anybody or anything else is refused. dst must not
// overlap sealed. With room in dst nothing is allocated.
//
// Errors: ErrMalformed, ErrWrongSender, ErrNoKey (an epoch that is over, or not
// here yet), ErrReplay, ErrForged, ErrClosed. On error nothing is returned, and the
// replay window has not moved.
func (r *Ring) Open(dst []byte, clearLen int, leaf uint32, stream Stream, sealed []byte) ([]byte, error) {
	if clearLen < 0 || clearLen > MaxClear || len(sealed) < clearLen {
		return nil, ErrMalformed
	}
	header, n, err := ParseHeader(sealed[clearLen:])
	if err != nil || len(sealed) < clearLen+n+TagSize {
		return nil, ErrMalformed
	}
	if !header.KID.isOurs() || header.KID.Leaf() != leaf || header.KID.Stream() != stream {
		return nil, ErrWrongSender
	}
	e, err := r.receiveEpoch(header.KID)
	if err != nil {
		return nil, err
	}
	in, err := e.receiver(r.suite, header.KID)
	if err != nil {
		return nil, err
	}
	return in.open(dst, header.Counter, sealed[:clearLen], sealed[clearLen:clearLen+n], sealed[clearLen+n:])
}

// receiveEpoch returns the epoch that a KID names, when it is not over.
func (r *Ring) receiveEpoch(kid KID) (*epoch, error) {
	w := r.live.Load()
	if w.closed {
		return nil, ErrClosed
	}
	for i := len(w.epochs) - 1; i >= 0; i-- {
		e := &w.epochs[i]
		if e.number&(1<<epochBits-1) != kid.Epoch() {
			continue
		}
		if !e.until.IsZero() && e.isOver(r.now()) {
			return nil, ErrNoKey
		}
		return e.epoch, nil
	}
	return nil, ErrNoKey
}

// receiver returns the receiver of a KID, deriving its key the first time. Only
// KIDs that the caller vouches for come here, so strangers cannot fill the map.
func (e *epoch) receiver(suite Suite, kid KID) (*receiver, error) {
	slot := &e.recent[(uint64(kid.Leaf())+uint64(kid.Stream())<<4)%uint64(len(e.recent))]
	if in := slot.Load(); in != nil && in.kid == kid {
		return in, nil
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.secret == nil {
		return nil, ErrNoKey
	}
	in := e.receivers[kid]
	if in == nil {
		k, err := suite.expand(e.secret, kid)
		if err != nil {
			return nil, err
		}
		in = &receiver{kid: kid, key: k}
		e.receivers[kid] = in
	}
	slot.Store(in)
	return in, nil
}

func (in *receiver) open(dst []byte, counter uint64, clear, header, ciphertext []byte) ([]byte, error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.over {
		return nil, ErrNoKey
	}
	if !in.seen.isFresh(counter) {
		return nil, ErrReplay
	}
	xorCounter(&in.nonce, &in.key.salt, counter)
	n := copy(in.aad[:], header)
	n += copy(in.aad[n:], clear)
	dst = slices.Grow(dst, len(clear)+len(ciphertext)-TagSize)
	out := append(dst, clear...)
	out, err := in.key.aead.Open(out, in.nonce[:], ciphertext, in.aad[:n])
	if err != nil {
		return nil, ErrForged
	}
	in.seen.mark(counter)
	return out, nil
}
