package media

import (
	"context"
	"encoding/binary"
	"errors"
	"sync"
	"time"
)

// fakeCodecs are codecs whose frames are easy to look into: a video frame is a
// first byte with VP8's key-frame bit, the size, and the luma of each 8x8
// block's corner; a sound packet is the first sample and a sequence number.
type fakeCodecs struct {
	PlainPainter
	mu       sync.Mutex
	during   func() // called inside Encode
	encoders []*fakeEncoder
	decoders []*fakeDecoder
}

type fakeEncoder struct {
	format VideoFormat
	during func()
	mu     sync.Mutex
	rates  []int
	keys   int
	frames int
	closed bool
}

func (c *fakeCodecs) NewVideoEncoder(f VideoFormat) (VideoEncoder, error) {
	e := &fakeEncoder{format: f, during: c.during}
	c.mu.Lock()
	c.encoders = append(c.encoders, e)
	c.mu.Unlock()
	return e, nil
}

func (e *fakeEncoder) Encode(dst []byte, p *I420, key bool) ([]byte, bool, error) {
	if p.Width != e.format.Width || p.Height != e.format.Height {
		return dst, false, errors.New("fake encoder: another size")
	}
	if e.during != nil {
		e.during()
	}
	key = key || e.frames == 0
	e.frames++
	first := byte(1)
	if key {
		first = 0
		e.keys++
	}
	dst = append(dst, first)
	dst = binary.BigEndian.AppendUint16(dst, uint16(p.Width))
	dst = binary.BigEndian.AppendUint16(dst, uint16(p.Height))
	for y := 0; y < p.Height; y += 4 {
		for x := 0; x < p.Width; x += 4 {
			dst = append(dst, p.Y[y*p.StrideY+x], p.U[y/2*p.StrideUV+x/2], p.V[y/2*p.StrideUV+x/2])
		}
	}
	return dst, key, nil
}

func (e *fakeEncoder) SetKilobits(kbps int) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.rates = append(e.rates, kbps)
	return nil
}

func (e *fakeEncoder) Close() { e.closed = true }

// rate is the newest target.
func (e *fakeEncoder) rate() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.rates) == 0 {
		return e.format.Kilobits
	}
	return e.rates[len(e.rates)-1]
}

type fakeDecoder struct {
	pic    I420
	fed    int
	keyed  bool
	closed bool
}

func (c *fakeCodecs) NewVideoDecoder() (VideoDecoder, error) {
	d := &fakeDecoder{}
	c.mu.Lock()
	c.decoders = append(c.decoders, d)
	c.mu.Unlock()
	return d, nil
}

func (d *fakeDecoder) Decode(frame []byte) (*I420, error) {
	d.fed++
	if len(frame) < 5 {
		return nil, errors.New("fake decoder: short frame")
	}
	d.keyed = d.keyed || frame[0]&1 == 0
	if !d.keyed {
		return nil, errors.New("fake decoder: delta without key")
	}
	w, h := int(binary.BigEndian.Uint16(frame[1:])), int(binary.BigEndian.Uint16(frame[3:]))
	if w > 4096 || h > 4096 || len(frame) != 5+3*((w+3)/4)*((h+3)/4) {
		return nil, errors.New("fake decoder: wrong length")
	}
	d.pic.Resize(w, h)
	at := frame[5:]
	for y := range h {
		for x := range w {
			b := at[3*(y/4*((w+3)/4)+x/4):]
			d.pic.Y[y*w+x] = b[0]
			d.pic.U[y/2*d.pic.StrideUV+x/2], d.pic.V[y/2*d.pic.StrideUV+x/2] = b[1], b[2]
		}
	}
	return &d.pic, nil
}

func (d *fakeDecoder) Close() { d.closed = true }

type fakeSound struct{ recovered, concealed int }

func (*fakeCodecs) NewAudioEncoder() (AudioEncoder, error) { return &fakeSound{}, nil }
func (*fakeCodecs) NewAudioDecoder() (AudioDecoder, error) { return &fakeSound{}, nil }

func (*fakeSound) Encode(dst []byte, pcm []int16) ([]byte, error) {
	return binary.BigEndian.AppendUint16(dst, uint16(pcm[0])), nil
}

func (*fakeSound) Decode(packet []byte, pcm []int16) error {
	if len(packet) != 2 {
		return errors.New("fake decoder: not a packet")
	}
	for i := range pcm {
		pcm[i] = int16(binary.BigEndian.Uint16(packet))
	}
	return nil
}

// Recover plays the value before the next packet's, negated so that a test
// sees it.
func (f *fakeSound) Recover(next []byte, pcm []int16) error {
	f.recovered++
	for i := range pcm {
		pcm[i] = -int16(binary.BigEndian.Uint16(next)) + 1
	}
	return nil
}

func (f *fakeSound) Conceal(pcm []int16) error {
	f.concealed++
	for i := range pcm {
		pcm[i] = 7000
	}
	return nil
}

func (*fakeSound) SetLoss(int) error { return nil }
func (*fakeSound) Close()            {}

// fakeRelay connects what is published on it to what is read from it. A test
// plays the other participants.
type fakeRelay struct {
	events chan RelayEvent
	once   sync.Once

	mu        sync.Mutex
	published map[Kind]*fakeLocal
	remotes   []*fakeTrack
	closed    bool
	stats     RelayStats
}

func newFakeRelay() *fakeRelay {
	return &fakeRelay{events: make(chan RelayEvent, 64), published: map[Kind]*fakeLocal{}}
}

func (r *fakeRelay) Publish(_ context.Context, kind Kind, w, h int, sealed bool) (LocalTrack, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil, ErrRelayClosed
	}
	l := &fakeLocal{kind: kind, sealed: sealed}
	r.published[kind] = l
	return l, nil
}

func (r *fakeRelay) local(kind Kind) *fakeLocal {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.published[kind]
}

func (r *fakeRelay) Events() <-chan RelayEvent { return r.events }
func (r *fakeRelay) Stats() RelayStats {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.stats
}

// die ends the connection as a crash of the relay does.
func (r *fakeRelay) die() { r.once.Do(func() { close(r.events) }) }

func (r *fakeRelay) Close() {
	r.mu.Lock()
	r.closed = true
	for _, t := range r.remotes {
		t.close()
	}
	r.mu.Unlock()
	r.die()
}

type fakeLocal struct {
	kind   Kind
	sealed bool

	mu     sync.Mutex
	frames [][]byte
	times  []time.Duration
	muted  bool
	ask    bool
	lost   float64
}

func (l *fakeLocal) Write(frame []byte, t, _ time.Duration) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.frames = append(l.frames, append([]byte(nil), frame...))
	l.times = append(l.times, t)
	return nil
}

func (l *fakeLocal) TakeKeyFrameRequest() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	ask := l.ask
	l.ask = false
	return ask
}

func (l *fakeLocal) request() {
	l.mu.Lock()
	l.ask = true
	l.mu.Unlock()
}

func (l *fakeLocal) SetMuted(m bool) {
	l.mu.Lock()
	l.muted = m
	l.mu.Unlock()
}

func (l *fakeLocal) sent() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.frames)
}

func (l *fakeLocal) isMuted() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.muted
}

func (l *fakeLocal) Loss() float64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lost
}

func (l *fakeLocal) lose(share float64) {
	l.mu.Lock()
	l.lost = share
	l.mu.Unlock()
}

func (*fakeLocal) Close() {}

// fakeTrack is a remote track that a test feeds.
type fakeTrack struct {
	id, participant string
	kind            Kind
	frames          chan []byte
	end             chan struct{}
	once            sync.Once
	sequence        uint16

	mu     sync.Mutex
	asks   int
	wanted bool
}

func newFakeTrack(id, participant string, kind Kind) *fakeTrack {
	return &fakeTrack{id: id, participant: participant, kind: kind, frames: make(chan []byte, 256), end: make(chan struct{})}
}

func (t *fakeTrack) put(frame []byte) {
	select {
	case t.frames <- append([]byte(nil), frame...):
	case <-t.end:
	}
}

func (t *fakeTrack) close()              { t.once.Do(func() { close(t.end) }) }
func (t *fakeTrack) ID() string          { return t.id }
func (t *fakeTrack) Participant() string { return t.participant }
func (t *fakeTrack) Kind() Kind          { return t.kind }

func (t *fakeTrack) ReadFrame() (RemoteFrame, error) {
	select {
	case f := <-t.frames:
		t.sequence++
		return RemoteFrame{Data: f, Sequence: t.sequence, Timestamp: uint32(t.sequence) * 960, Arrived: time.Now()}, nil
	case <-t.end:
		return RemoteFrame{}, ErrRelayClosed
	}
}

func (t *fakeTrack) RequestKeyFrame() {
	t.mu.Lock()
	t.asks++
	t.mu.Unlock()
}

func (t *fakeTrack) asked() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.asks
}

func (t *fakeTrack) SetWanted(wanted bool, _, _ int) {
	t.mu.Lock()
	t.wanted = wanted
	t.mu.Unlock()
}

func (t *fakeTrack) isWanted() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.wanted
}
