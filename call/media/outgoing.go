package media

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

// retry is how long after a device failed it is tried again.
const retry = 2 * time.Second

// outgoing is what a camera, a screen and a microphone have in common: a
// goroutine that reads the device while it is wanted, and a track at the relay
// that is published while connected and muted while the device is off.
type outgoing struct {
	s             *Session
	device        DeviceKind
	kind          Kind
	width, height int
	run           func(ctx context.Context) error // reads the device until ctx is done
	stays         bool                            // open when it is not wanted any more, for the next time

	mu         sync.Mutex
	cancel     context.CancelFunc // nil while not running
	running    bool
	wanted     bool
	notBefore  time.Time // of the next attempt to open the device
	failed     error     // why the device gives nothing; nil when it does or was not tried
	track      LocalTrack
	publishing bool
	muted      bool
	meter      meter
}

func (o *outgoing) reconcile(want bool, relay Relay) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case want && !o.running && !time.Now().Before(o.notBefore):
		o.startLocked()
	case !want && o.cancel != nil && !o.stays:
		o.cancel()
		o.cancel = nil
	}
	o.wanted = want
	if !want {
		o.failed, o.notBefore = nil, time.Time{}
	}
	if want && relay != nil && o.track == nil && !o.publishing {
		o.publishing = true
		o.s.tasks.Go(func() { o.publish(relay) })
	}
	if off := !want || o.failed != nil; o.track != nil && off != o.muted {
		o.muted = off
		o.track.SetMuted(off)
	}
}

func (o *outgoing) startLocked() {
	ctx, cancel := context.WithCancel(o.s.ctx)
	o.cancel, o.running = cancel, true
	o.s.tasks.Go(func() {
		defer cancel()
		err := o.run(ctx)
		stopped := ctx.Err() != nil
		o.mu.Lock()
		o.running, o.cancel = false, nil
		failed := err != nil && !stopped && o.wanted
		if failed {
			o.notBefore = time.Now().Add(retry)
		}
		o.mu.Unlock()
		if failed {
			o.report(err)
		}
		o.s.nudge()
	})
}

// report tells that the device failed, or with nil that it works.
func (o *outgoing) report(err error) {
	o.mu.Lock()
	before := o.failed
	o.failed = err
	o.mu.Unlock()
	switch {
	case err == nil && before != nil:
		o.s.mail.put(Event{Kind: EventDeviceBack, Device: o.device})
	case err != nil && (before == nil || !sameFault(before, err)):
		o.s.mail.put(Event{Kind: EventDeviceLost, Device: o.device, Err: err})
	}
}

func sameFault(a, b error) bool {
	for _, fault := range []error{ErrDeviceMissing, ErrDeviceBusy, ErrDeviceLost} {
		if errors.Is(a, fault) != errors.Is(b, fault) {
			return false
		}
	}
	return true
}

// publish offers the track. A failure is tried again at the next tick.
func (o *outgoing) publish(relay Relay) {
	ctx, cancel := context.WithTimeout(o.s.ctx, 10*time.Second)
	defer cancel()
	track, err := relay.Publish(ctx, o.kind, o.width, o.height, o.s.sealed())
	if err != nil {
		o.s.pause(firstWait)
	}
	o.s.mu.Lock()
	current := o.s.relay
	o.s.mu.Unlock()
	o.mu.Lock()
	defer o.mu.Unlock()
	o.publishing = false
	if err != nil {
		return
	}
	if current != relay { // that connection is over
		track.Close()
		return
	}
	o.track, o.muted = track, false
	o.s.nudge()
}

// unpublished forgets the track of a connection that is over.
func (o *outgoing) unpublished() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.track = nil
}

func (o *outgoing) current() LocalTrack {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.track
}

func (o *outgoing) reopen() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.cancel != nil {
		o.cancel()
		o.cancel = nil
	}
	o.notBefore = time.Time{}
}

// write hands a sealed frame to the relay unless sending was forbidden in the
// meantime.
func (o *outgoing) write(track LocalTrack, sealed []byte, t, d time.Duration) bool {
	o.s.gate.RLock()
	defer o.s.gate.RUnlock()
	return o.s.sending && track.Write(sealed, t, d) == nil
}

// audioOut sends the microphone.
//
// A microphone that was switched on once stays open until the session ends, so
// that who presses to talk is heard from the first syllable. While it is off,
// what it hears is thrown away where it is read: it is not measured, encoded or
// sent.
type audioOut struct {
	outgoing
	on    atomic.Bool   // as wished
	level atomic.Uint64 // loudness in millionths
}

func newAudioOut(s *Session) *audioOut {
	a := &audioOut{outgoing: outgoing{s: s, device: DeviceMicrophone, kind: KindAudio, stays: true}}
	a.run = a.capture
	return a
}

func (a *audioOut) loudness() float64 { return float64(a.level.Load()) / 1e6 }

// capture reads the microphone, and encodes, seals and sends what it hears.
func (a *audioOut) capture(ctx context.Context) error {
	if a.s.cfg.Audio == nil {
		return ErrDeviceMissing
	}
	src, err := a.s.cfg.Audio()
	if err != nil {
		return err
	}
	defer src.Close()
	enc, err := a.s.cfg.Codecs.NewAudioEncoder()
	if err != nil {
		return err
	}
	defer enc.Close()
	defer a.level.Store(0)
	var (
		pcm            [FrameSamples]int16
		packet, sealed []byte
		base           time.Duration // of this run of the microphone
	)
	for n := 0; ; n++ {
		if err := src.Read(ctx, pcm[:]); err != nil {
			return err
		}
		if n == 0 {
			base = time.Since(a.s.began)
			a.report(nil)
		}
		if !a.on.Load() {
			a.level.Store(0)
			continue
		}
		a.level.Store(uint64(1e6 * loudness(pcm[:])))
		track := a.current()
		if track == nil || !a.s.maySend() {
			continue
		}
		if n%50 == 0 {
			if err := enc.SetLoss(int(track.Loss() * 100)); err != nil {
				return err
			}
		}
		if packet, err = enc.Encode(packet[:0], pcm[:]); err != nil {
			return err
		}
		out, ok := a.seal(&sealed, packet)
		if !ok || !a.write(track, out, base+time.Duration(n)*20*time.Millisecond, 20*time.Millisecond) {
			continue
		}
		a.s.sent.update(func(st *SentStats) {
			st.AudioFrames++
			st.AudioBytes += uint64(len(out))
		})
		a.meter.count(len(out))
	}
}
