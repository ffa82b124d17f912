package media

import (
	"context"
	"sync/atomic"
	"time"

	"conclave/call/frame"
)

// keySpacing is the shortest time between key frames that receivers ask for. A
// key frame is ten times as large as others, and everybody who joins asks.
const keySpacing = 200 * time.Millisecond

// videoOut sends the camera or the screen.
type videoOut struct {
	outgoing
	format VideoFormat
	stream frame.Stream
	open   func() (VideoSource, error)
	key    atomic.Bool                 // a key frame is asked for
	target atomic.Pointer[VideoFormat] // what adaptation leaves of format; nil for all of it
}

func newVideoOut(s *Session, device DeviceKind) *videoOut {
	v := &videoOut{outgoing: outgoing{s: s, device: device}}
	if device == DeviceScreen {
		v.kind, v.format, v.stream, v.open = KindScreen, s.cfg.ScreenFormat, frame.Screen, s.cfg.Screen
	} else {
		v.kind, v.format, v.stream, v.open = KindCamera, s.cfg.Format, frame.CameraMid, s.cfg.Video
	}
	v.width, v.height = v.format.Width, v.format.Height
	v.run = v.capture
	return v
}

// preview is the tile in which we see ourselves.
func (v *videoOut) preview() *Tile {
	if v.device == DeviceScreen {
		return v.s.ScreenTile(v.s.cfg.Self)
	}
	return v.s.Tile(v.s.cfg.Self)
}

// capture reads the camera, shows the preview, and encodes, seals and sends.
func (v *videoOut) capture(ctx context.Context) error {
	if v.open == nil {
		return ErrDeviceMissing
	}
	src, err := v.open()
	if err != nil {
		return err
	}
	defer src.Close()
	p := &producer{v: v, tile: painter{codecs: v.s.cfg.Codecs, tile: v.preview(), whole: v.device == DeviceScreen}}
	defer p.close()
	for n := 0; ; n++ {
		pic, err := src.Read(ctx)
		if err != nil {
			return err
		}
		if n == 0 {
			p.base = time.Since(v.s.began) - pic.Time
			v.report(nil)
		}
		p.tile.paint(pic)
		if err := p.send(pic); err != nil {
			return err
		}
	}
}

// producer is the state of one run of a camera. It belongs to one goroutine.
type producer struct {
	v      *videoOut
	tile   painter
	enc    VideoEncoder
	size   VideoFormat   // of enc
	base   time.Duration // of this run of the camera
	scaled I420
	frame  []byte
	sealed []byte

	track   LocalTrack
	epoch   uint64
	mustKey bool // the receivers cannot use anything but a key frame
	last    time.Duration
	any     bool // last means something
	still   int  // how many pictures in a row showed nothing new
	// lastAsked is when a request was last granted. Key frames for a new epoch do
	// not count: somebody who joins asks right after the one that their own
	// joining caused, and must not wait for their first picture.
	lastAsked time.Time
}

func (p *producer) close() {
	if p.enc != nil {
		p.enc.Close()
	}
}

// send encodes pic and sends it if it is due and sending is possible.
func (p *producer) send(pic *I420) error {
	v := p.v
	track := v.current()
	if track != p.track {
		p.track, p.mustKey = track, true
	}
	if track == nil || !v.s.maySend() {
		p.mustKey = true
		return nil
	}
	interval := time.Second / time.Duration(v.now().FrameRate)
	step := pic.Time - p.last
	if p.any && step >= 0 && step < interval*3/4 {
		return nil // the camera is faster than the format
	}
	if p.idle(pic, step, track) {
		return nil
	}
	if !p.any || step <= 0 || step > time.Second {
		step = interval
	}
	if err := p.fit(pic); err != nil {
		return err
	}
	began := time.Now()
	out, isKey, err := p.enc.Encode(p.frame[:0], &p.scaled, p.wantKey(began))
	if err != nil {
		return err
	}
	p.frame, p.last, p.any = out, pic.Time, true
	if len(out) == 0 {
		v.s.sent.update(func(st *SentStats) { st.Dropped++; st.Encoding += time.Since(began) })
		return nil
	}
	took := time.Since(began)
	sealed, ok := v.seal(&p.sealed, out, isKey)
	if !ok || !v.write(track, sealed, p.base+pic.Time, step) {
		p.mustKey = true // the encoder counts on a frame that nobody got
		return nil
	}
	if isKey {
		p.mustKey = false
	}
	v.s.sent.update(func(st *SentStats) {
		st.VideoFrames++
		st.VideoBytes += uint64(len(sealed))
		st.Encoding += took
		if isKey {
			st.KeyFrames++
		}
		if st.FirstPicture.IsZero() {
			st.FirstPicture = v.s.cfg.Now()
		}
	})
	v.meter.count(len(sealed))
	v.meter.size(p.size.Width, p.size.Height)
	return nil
}

// refinements is how many times a picture is sent again although nothing moved:
// the encoder makes letters sharper each time.
const refinements = 12

// stillEvery is how often a picture that does not move is sent all the same, so
// that a receiver can tell a quiet screen from a broken stream.
const stillEvery = time.Second

// idle reports whether pic need not be sent, because nothing moved and nobody
// needs a key frame.
func (p *producer) idle(pic *I420, step time.Duration, track LocalTrack) bool {
	if !pic.Still {
		p.still = 0
		return false
	}
	p.still++
	if track.TakeKeyFrameRequest() {
		p.v.key.Store(true)
	}
	return p.still > refinements && p.any && step >= 0 && step < stillEvery && !p.mustKey && !p.v.key.Load()
}

// wantKey decides whether the next frame must be a key frame. Requests that
// come too soon after the last one wait.
func (p *producer) wantKey(now time.Time) bool {
	if p.v.s.sealed() && p.v.s.cfg.Ring != nil {
		// A stream takes a new key at a key frame, so that is due.
		if epoch, ok := p.v.s.cfg.Ring.SendEpoch(); ok && epoch != p.epoch {
			p.epoch, p.mustKey = epoch, true
		}
	}
	if p.track.TakeKeyFrameRequest() {
		p.v.key.Store(true)
	}
	if p.mustKey {
		p.v.key.Store(false) // this one serves whoever has asked so far
	}
	if p.v.key.Load() && (p.lastAsked.IsZero() || now.Sub(p.lastAsked) >= keySpacing) {
		p.v.key.Store(false)
		p.mustKey, p.lastAsked = true, now
	}
	return p.mustKey
}

// fit scales pic to what is sent, and makes an encoder for that size.
func (p *producer) fit(pic *I420) error {
	size := p.v.now()
	size.Width, size.Height = inside2(pic.Width, pic.Height, size.Width, size.Height)
	if p.enc != nil && size.Kilobits != p.size.Kilobits {
		if err := p.enc.SetKilobits(size.Kilobits); err != nil {
			return err
		}
		p.size.Kilobits = size.Kilobits
	}
	if p.enc == nil || size.Width != p.size.Width || size.Height != p.size.Height {
		p.close()
		p.enc = nil
		enc, err := p.v.s.cfg.Codecs.NewVideoEncoder(size)
		if err != nil {
			return err
		}
		p.enc, p.size, p.mustKey = enc, size, true
		p.scaled.Resize(size.Width, size.Height)
	}
	p.v.s.cfg.Codecs.Scale(&p.scaled, pic)
	p.scaled.Time = pic.Time
	return nil
}

// inside2 is the largest even size of the aspect w:h that fits into maxW by
// maxH and is not larger than w by h. It is at least 16 by 16.
func inside2(w, h, maxW, maxH int) (int, int) {
	if w > maxW || h > maxH {
		if w*maxH > h*maxW {
			w, h = maxW, h*maxW/w
		} else {
			w, h = w*maxH/h, maxH
		}
	}
	return max(w&^1, 16), max(h&^1, 16)
}
