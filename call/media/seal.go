package media

import (
	"errors"

	"conclave/call/frame"
)

// clearVideo is how much of a VP8 frame stays readable for the relay: the byte
// with the key-frame bit, authenticated. Nothing of a sound frame does.
const clearVideo = 1

// seal turns an encoded picture into what may leave the device. The result
// lies in *buf. It is false when the frame must not be sent.
func (v *videoOut) seal(buf *[]byte, vp8 []byte, key bool) ([]byte, bool) {
	if !v.s.sealed() {
		return vp8, true
	}
	return sealWith(v.s.cfg.Ring, v.stream, buf, vp8, clearVideo, key)
}

// seal does the same for sound.
func (a *audioOut) seal(buf *[]byte, packet []byte) ([]byte, bool) {
	if !a.s.sealed() {
		return packet, true
	}
	return sealWith(a.s.cfg.Ring, frame.Audio, buf, packet, 0, true)
}

func sealWith(ring *frame.Ring, stream frame.Stream, buf *[]byte, plain []byte, open int, key bool) ([]byte, bool) {
	if ring == nil || len(plain) < open {
		return nil, false
	}
	out, err := ring.Sealer(stream).Seal((*buf)[:0], plain[:open], plain[open:], key)
	if err != nil {
		return nil, false
	}
	*buf = out
	return out, true
}

// open turns what the relay delivered into an encoded frame, or counts why it
// did not. The result lies in *buf.
func (r *remote) open(m *Member, stream frame.Stream, buf *[]byte, f *RemoteFrame) ([]byte, bool) {
	now := r.s.cfg.Now()
	video := stream != frame.Audio
	plain, err := f.Data, error(nil)
	if r.s.sealed() {
		plain, err = r.decrypt(m, stream, buf, f.Data)
	} else if len(f.Data) == 0 {
		err = frame.ErrMalformed
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stats.Bytes += uint64(len(f.Data))
	if video {
		r.stats.VideoReceived++
	} else {
		r.stats.AudioReceived++
	}
	if err != nil {
		r.refusedLocked(err, stream == frame.CameraMid)
		return nil, false
	}
	r.stats.LastOpened = now
	if video {
		r.stats.VideoOpened++
		if stream == frame.CameraMid { // the tile's state is the camera's
			r.lastVideo, r.fault = now, TileUnknown
		}
	} else {
		r.stats.AudioOpened++
		if r.stats.FirstSound.IsZero() {
			r.stats.FirstSound = now
		}
	}
	return plain, true
}

func (r *remote) decrypt(m *Member, stream frame.Stream, buf *[]byte, data []byte) ([]byte, error) {
	if r.s.cfg.Ring == nil {
		return nil, frame.ErrNoKey
	}
	open := clearVideo
	if stream == frame.Audio {
		open = 0
	}
	out, err := r.s.cfg.Ring.Open((*buf)[:0], open, m.Leaf, stream, data)
	if err != nil {
		return nil, err
	}
	*buf = out
	if len(out) == 0 {
		return nil, frame.ErrMalformed
	}
	return out, nil
}

// refusedLocked counts a refusal and remembers what it says about the tile.
func (r *remote) refusedLocked(err error, camera bool) {
	n := &r.stats.Refused
	fault := TileCannotDecrypt
	switch {
	case errors.Is(err, frame.ErrNoKey):
		n.NoKey++
		fault = TileWaitingForKey
	case errors.Is(err, frame.ErrReplay):
		n.Replayed++
		return // a duplicate says nothing about the picture
	case errors.Is(err, frame.ErrWrongSender):
		n.WrongSender++
	case errors.Is(err, frame.ErrForged):
		n.Forged++
	default:
		n.Malformed++
	}
	if camera {
		r.fault, r.faultAt = fault, r.s.cfg.Now()
	}
}
