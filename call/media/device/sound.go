package device

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/gen2brain/malgo"

	"conclave/call/media"
)

// SoundConfig says which microphone or speaker is opened.
type SoundConfig struct {
	// ID is a Device.ID of List; "" is the system's default.
	ID string
	// Backends are tried in order; nil is the operating system's own. The
	// Null backend is never chosen: no device is an error, not silence.
	Backends []malgo.Backend
	// Echo, when it is the same for a microphone and a speaker, keeps what the
	// speaker plays out of what the microphone hears, and its noise down.
	Echo *Echo
}

// silence is how long a device may deliver or ask for nothing before it counts
// as lost. Sound servers stall for a second when a Bluetooth headset changes
// its profile.
const silence = 3 * time.Second

func backends(want []malgo.Backend) []malgo.Backend {
	if want != nil {
		return want
	}
	switch runtime.GOOS {
	case "windows":
		return []malgo.Backend{malgo.BackendWasapi}
	case "darwin":
		return []malgo.Backend{malgo.BackendCoreaudio}
	default:
		return []malgo.Backend{malgo.BackendPulseaudio, malgo.BackendAlsa}
	}
}

// openContext reaches a sound server; none is ErrDeviceMissing.
func openContext(want []malgo.Backend) (*malgo.AllocatedContext, error) {
	ctx, err := malgo.InitContext(backends(want), malgo.ContextConfig{}, nil)
	if err != nil {
		return nil, fmt.Errorf("reach sound system: %w", media.ErrDeviceMissing)
	}
	return ctx, nil
}

func closeContext(ctx *malgo.AllocatedContext) {
	_ = ctx.Uninit() // nothing is left to do about an error
	ctx.Free()
}

// choose finds the device with an ID; nil means the default one. It fails when
// there is none at all.
func choose(ctx *malgo.AllocatedContext, kind malgo.DeviceType, id string) (*malgo.DeviceID, error) {
	infos, err := ctx.Devices(kind)
	if err != nil || len(infos) == 0 {
		return nil, media.ErrDeviceMissing
	}
	if id == "" {
		return nil, nil
	}
	for i := range infos {
		if infos[i].ID.String() == id {
			return &infos[i].ID, nil
		}
	}
	return nil, media.ErrDeviceMissing
}

func soundError(what string, err error) error {
	switch {
	case errors.Is(err, malgo.ErrBusy), errors.Is(err, malgo.ErrAlreadyInUse), errors.Is(err, malgo.ErrAccessDenied):
		return fmt.Errorf("%s: %w", what, media.ErrDeviceBusy)
	default:
		return fmt.Errorf("%s: %w (%v)", what, media.ErrDeviceMissing, err)
	}
}

// pcm views a callback's bytes, which are valid only inside the callback.
func pcm(b []byte) []int16 {
	if len(b) < 2 {
		return nil
	}
	return unsafe.Slice((*int16)(unsafe.Pointer(&b[0])), len(b)/2)
}

// stream is what a microphone and a speaker share: a malgo device, its ring,
// and the knowledge of whether it is still alive.
type stream struct {
	ctx    *malgo.AllocatedContext
	dev    *malgo.Device
	ring   *samples
	wake   chan struct{}
	gone   chan struct{} // closed when the device went away
	lost   sync.Once
	closed atomic.Bool
	once   sync.Once
}

func (s *stream) stopped() {
	if !s.closed.Load() {
		s.lost.Do(func() { close(s.gone) })
	}
}

func (s *stream) signal() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

func (s *stream) open(kind malgo.DeviceType, cfg SoundConfig, data malgo.DataProc) error {
	ctx, err := openContext(cfg.Backends)
	if err != nil {
		return err
	}
	id, err := choose(ctx, kind, cfg.ID)
	if err != nil {
		closeContext(ctx)
		return err
	}
	dc := malgo.DefaultDeviceConfig(kind)
	dc.SampleRate = media.SampleRate
	dc.PeriodSizeInMilliseconds = 10
	if kind == malgo.Playback {
		// Sound is mixed in frames of 20 ms, and a busy machine leaves a
		// speaker alone for longer than a microphone minds.
		dc.PeriodSizeInMilliseconds = 20
	}
	dc.Alsa.NoMMap = 1
	dc.Capture.Format, dc.Capture.Channels = malgo.FormatS16, 1
	dc.Playback.Format, dc.Playback.Channels = malgo.FormatS16, 1
	if id != nil {
		dc.Capture.DeviceID, dc.Playback.DeviceID = id.Pointer(), id.Pointer()
	}
	dev, err := malgo.InitDevice(ctx.Context, dc, malgo.DeviceCallbacks{Data: data, Stop: s.stopped})
	if err == nil {
		if err = dev.Start(); err != nil {
			s.closed.Store(true)
			dev.Uninit()
		}
	}
	if err != nil {
		closeContext(ctx)
		return err
	}
	s.ctx, s.dev = ctx, dev
	return nil
}

// closing is how long a device may take to close. miniaudio waits for ever for
// a PulseAudio that died; such a device is abandoned with its thread.
const closing = time.Second

// close stops the callbacks and waits for one that is under way.
func (s *stream) close() {
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.dev.Uninit()
		closeContext(s.ctx)
	}()
	t := time.NewTimer(closing)
	defer t.Stop()
	select {
	case <-done:
	case <-t.C:
	}
}

// Microphone is a capture device. See media.AudioSource.
type Microphone struct {
	stream
	end  chan struct{}
	echo *Echo

	clean  sync.Mutex // guards cancel, which Close frees
	cancel *canceller // nil without an Echo
}

// OpenMicrophone opens a microphone and begins to listen.
func OpenMicrophone(cfg SoundConfig) (*Microphone, error) {
	m := &Microphone{end: make(chan struct{})}
	m.ring, m.wake, m.gone = newSamples(15), make(chan struct{}, 1), make(chan struct{}) // 0.68 s
	err := m.open(malgo.Capture, cfg, m.hear)
	if err != nil {
		return nil, soundError("open microphone", err)
	}
	if cfg.Echo != nil {
		m.echo, m.cancel = cfg.Echo, newCanceller()
		m.echo.hears(m)
	}
	return m, nil
}

// hear is called by the device, in real time.
func (m *Microphone) hear(_, in []byte, _ uint32) {
	m.ring.write(pcm(in)) // what finds no room is lost: nobody reads
	m.signal()
}

// latest is how much sound may wait to be read: more is a reader that fell
// behind, and old sound is worth less than prompt sound.
const latest = 5 * media.FrameSamples

// Read waits for the next 20 ms.
func (m *Microphone) Read(ctx context.Context, out []int16) error {
	quiet := time.NewTimer(silence)
	defer quiet.Stop()
	for m.ring.len() < len(out) {
		if m.closed.Load() {
			return fmt.Errorf("read microphone: %w", media.ErrSourceClosed)
		}
		select {
		case <-m.wake:
		case <-m.end:
			return fmt.Errorf("read microphone: %w", media.ErrSourceClosed)
		case <-m.gone:
			return fmt.Errorf("read microphone: %w", media.ErrDeviceLost)
		case <-quiet.C:
			return fmt.Errorf("read microphone: %w", media.ErrDeviceLost)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	m.next(out)
	for m.ring.len() > latest {
		m.next(out)
	}
	return nil
}

// next takes 20 ms out of the ring, without the echo of what was played.
func (m *Microphone) next(out []int16) {
	m.ring.take(out)
	m.clean.Lock()
	defer m.clean.Unlock()
	if m.cancel == nil || len(out) != media.FrameSamples {
		return
	}
	copy(m.cancel.near[:], out)
	m.echo.take(m, m.cancel.far[:])
	m.cancel.run()
	copy(out, m.cancel.out[:])
}

// Close stops listening.
func (m *Microphone) Close() error {
	m.once.Do(func() {
		m.closed.Store(true)
		close(m.end)
		m.close()
		m.clean.Lock()
		defer m.clean.Unlock()
		if m.cancel != nil {
			m.cancel.free()
			m.cancel = nil
		}
	})
	return nil
}

// Speaker is a playback device. See media.AudioSink.
type Speaker struct {
	stream
	echo    *Echo
	end     chan struct{}
	pump    sync.WaitGroup
	started atomic.Bool
	short   atomic.Bool // the device asked for more than there was
}

// OpenSpeaker opens a speaker, which plays silence until Play.
func OpenSpeaker(cfg SoundConfig) (*Speaker, error) {
	s := &Speaker{end: make(chan struct{}), echo: cfg.Echo}
	if s.echo != nil {
		s.echo.plays(s)
	}
	s.ring, s.wake, s.gone = newSamples(14), make(chan struct{}, 1), make(chan struct{})
	err := s.open(malgo.Playback, cfg, s.speak)
	if err != nil {
		return nil, soundError("open speaker", err)
	}
	return s, nil
}

// speak is called by the device, in real time.
func (s *Speaker) speak(out, _ []byte, _ uint32) {
	p := pcm(out)
	n := s.ring.take(p)
	clear(p[n:])
	if s.echo != nil {
		s.echo.played(s, p)
	}
	if n < len(p) {
		s.short.Store(true)
	}
	s.signal()
}

// How much sound is mixed before the device asks for it. It begins low, for
// the sake of delay, and grows where a device asks in bursts.
const (
	leastAhead = 2 * media.FrameSamples
	mostAhead  = 12 * media.FrameSamples
)

// Play begins to play what mix makes.
func (s *Speaker) Play(mix func(pcm []int16)) error {
	if s.started.Swap(true) {
		return errors.New("play: speaker plays already")
	}
	s.pump.Add(1)
	go func() {
		defer s.pump.Done()
		buf := make([]int16, media.FrameSamples)
		quiet := time.NewTimer(silence)
		defer quiet.Stop()
		ahead := leastAhead
		for played := false; ; played = true {
			if s.short.Swap(false) && played {
				ahead = min(ahead+media.FrameSamples, mostAhead)
			}
			for s.ring.len() < ahead {
				mix(buf)
				s.ring.write(buf)
			}
			select {
			case <-s.wake:
				quiet.Reset(silence)
			case <-quiet.C:
				s.stopped()
				return
			case <-s.end:
				return
			}
		}
	}()
	return nil
}

// Done is closed when the device went away.
func (s *Speaker) Done() <-chan struct{} { return s.gone }

// Close stops playing.
func (s *Speaker) Close() error {
	s.once.Do(func() {
		s.closed.Store(true)
		close(s.end)
		s.pump.Wait()
		s.close()
	})
	return nil
}

var (
	_ media.AudioSource = (*Microphone)(nil)
	_ media.AudioSink   = (*Speaker)(nil)
)
