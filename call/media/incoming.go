package media

import (
	"image"
	"sync"
	"sync/atomic"
	"time"

	"conclave/call/frame"
)

// remote is somebody at the relay, or a member who may appear there.
type remote struct {
	s        *Session
	identity string
	member   atomic.Pointer[Member] // nil: a stranger, whose frames are never opened
	present  bool                   // guarded by s.mu, as are since and told
	since    time.Time
	told     TileState
	level    float64
	grade    int // of their network, as the relay judges it
	graded   int // as last reported

	mu        sync.Mutex
	stats     RemoteStats
	delays    delays
	tracks    map[string]*inbound
	lastVideo time.Time // last picture that opened
	fault     TileState // why the newest picture did not open; TileUnknown when it did
	faultAt   time.Time
	voice     *voice
}

// inbound is one track of a remote. muted, width and height are guarded by the
// remote's mu.
type inbound struct {
	track         RemoteTrack
	stream        frame.Stream
	muted         bool
	width, height int
	asked         bool // the relay was told a size
	meter         meter
	stale         atomic.Bool // the decoder missed frames: wait for a key frame
	lastAsk       time.Time   // belongs to the reader
}

func newRemote(s *Session, identity string) *remote {
	return &remote{s: s, identity: identity, since: s.cfg.Now(), tracks: map[string]*inbound{}}
}

// setMember makes the remote a member or a stranger. s.mu is held.
func (r *remote) setMember(m Member, in bool) {
	old := r.member.Load()
	if old != nil && old.Shares && !(in && m.Shares) {
		// What comes next is another screen. Deferred, so that who paints now sees
		// the new word, or is cleared.
		defer tileOf(r.s.screens, old.Key).Clear()
	}
	if in {
		if old == nil || *old != m {
			r.member.Store(&m)
			r.mu.Lock()
			r.stats.Key = m.Key
			r.mu.Unlock()
		}
		return
	}
	r.member.Store(nil)
	r.mu.Lock()
	voice := r.voice
	r.voice = nil
	r.mu.Unlock()
	if voice != nil {
		r.s.mixer.remove(voice)
	}
}

// readLocked begins to read a track. s.mu is held.
func (s *Session) readLocked(r *remote, track RemoteTrack) {
	in := &inbound{track: track}
	read := r.readVideo
	switch track.Kind() {
	case KindAudio:
		in.stream, read = frame.Audio, r.readAudio
	case KindCamera:
		in.stream = frame.CameraMid
	case KindScreen:
		in.stream = frame.Screen
	case KindUnknown:
		return
	}
	in.stale.Store(true)
	r.mu.Lock()
	r.tracks[track.ID()] = in
	r.mu.Unlock()
	s.tasks.Go(func() {
		read(in)
		r.ended(in)
	})
}

func (r *remote) ended(in *inbound) {
	r.mu.Lock()
	if r.tracks[in.track.ID()] == in {
		delete(r.tracks, in.track.ID())
	}
	r.mu.Unlock()
	r.s.nudge()
}

func (r *remote) dropTrack(id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.tracks, id)
}

func (r *remote) dropTracks() {
	r.mu.Lock()
	defer r.mu.Unlock()
	clear(r.tracks)
}

func (r *remote) setMuted(id string, muted bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if in := r.tracks[id]; in != nil {
		in.muted = muted
	}
}

func (r *remote) tileFor(m *Member, stream frame.Stream) *Tile {
	if stream == frame.Screen {
		return r.s.ScreenTile(m.Key)
	}
	return r.s.Tile(m.Key)
}

// askForSizes tells the relay which tracks are watched, and how large. s.mu
// is held.
func (r *remote) askForSizes() {
	m := r.member.Load()
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, in := range r.tracks {
		w, h := 0, 0
		switch {
		case m == nil, r.s.refuses(m.Key, in.stream):
		case in.stream == frame.Audio:
			w, h = 1, 1
		case in.stream == frame.Screen && !m.Shares:
		case in.stream == frame.Screen:
			w, h = tileOf(r.s.screens, m.Key).Want()
		default:
			w, h = tileOf(r.s.tiles, m.Key).Want()
		}
		if in.asked && in.width == w && in.height == h {
			continue
		}
		if in.width == 0 && w > 0 {
			in.stale.Store(true)
		}
		in.asked, in.width, in.height = true, w, h
		in.track.SetWanted(w > 0, w, h)
	}
}

// ask asks for a key frame, unless that was done a moment ago.
func (in *inbound) ask() {
	if now := time.Now(); now.Sub(in.lastAsk) >= keySpacing {
		in.lastAsk = now
		in.track.RequestKeyFrame()
	}
}

// readAudio opens sound and puts it into the jitter buffer, until the track
// ends.
func (r *remote) readAudio(in *inbound) {
	var buf []byte
	for {
		f, err := in.track.ReadFrame()
		if err != nil {
			return
		}
		in.meter.count(len(f.Data))
		m := r.member.Load()
		if m == nil || !m.says(in.stream) || r.s.refuses(m.Key, in.stream) {
			r.s.unopened.Add(1)
			continue
		}
		packet, ok := r.open(m, in.stream, &buf, &f)
		if !ok {
			continue
		}
		v := r.speaking()
		if v == nil {
			continue
		}
		v.mu.Lock()
		v.jitter.push(f.Sequence, f.Timestamp, f.Arrived, packet)
		v.mu.Unlock()
	}
}

// speaking returns the remote's voice in the mixer, made when they are first
// heard; nil when they are not a member any more.
func (r *remote) speaking() *voice {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.voice != nil {
		return r.voice
	}
	if m := r.member.Load(); m == nil || r.s.refuses(m.Key, frame.Audio) {
		return nil
	}
	dec, err := r.s.cfg.Codecs.NewAudioDecoder()
	if err != nil {
		return nil
	}
	r.voice = &voice{dec: dec}
	r.s.mixer.add(r.voice)
	return r.voice
}

// readVideo opens, decodes and paints pictures until the track ends.
func (r *remote) readVideo(in *inbound) {
	w := &watcher{r: r, in: in}
	defer w.close()
	for {
		f, err := in.track.ReadFrame()
		if err != nil {
			return
		}
		in.meter.count(len(f.Data))
		m := r.member.Load()
		if m == nil || !m.says(in.stream) || r.s.refuses(m.Key, in.stream) {
			r.s.unopened.Add(1)
			in.stale.Store(true)
			continue
		}
		vp8, ok := r.open(m, in.stream, &w.buf, &f)
		if !ok {
			in.stale.Store(true)
			continue
		}
		w.show(m, vp8, f.Gap, f.Arrived)
	}
}

// watcher is the state of one track's pictures. It belongs to the reader.
type watcher struct {
	r    *remote
	in   *inbound
	buf  []byte
	dec  VideoDecoder
	tile painter
}

func (w *watcher) close() {
	if w.dec != nil {
		w.dec.Close()
	}
}

// show decodes a frame and paints it, unless nobody looks or the decoder lacks
// what the frame builds on.
func (w *watcher) show(m *Member, vp8 []byte, gap bool, arrived time.Time) {
	r, in := w.r, w.in
	if w.tile.tile == nil {
		w.tile = painter{codecs: r.s.cfg.Codecs, tile: r.tileFor(m, in.stream), whole: in.stream == frame.Screen, may: in.welcome(r)}
	}
	if width, _ := w.tile.tile.Want(); width == 0 {
		in.stale.Store(true)
		return
	}
	key := vp8[0]&1 == 0
	if gap && !key {
		in.stale.Store(true)
	}
	if in.stale.Load() && !key {
		in.ask()
		return
	}
	began := time.Now()
	pic, err := w.decode(vp8)
	decoded := time.Now()
	if err != nil {
		in.stale.Store(true)
		in.ask()
		r.mu.Lock()
		r.stats.Refused.Undecodable++
		r.mu.Unlock()
		return
	}
	in.stale.Store(false)
	if pic == nil {
		return
	}
	w.tile.read = r.s.cfg.ReadPatterns
	painted := w.tile.paint(pic)
	if painted {
		in.meter.painted(pic.Width, pic.Height, time.Since(arrived))
	}
	r.shown(painted, &w.tile, decoded.Sub(began), time.Since(decoded))
}

// welcome reports whether pictures of the track may still be shown.
func (in *inbound) welcome(r *remote) func() bool {
	return func() bool {
		m := r.member.Load()
		return m != nil && m.says(in.stream) && !r.s.refuses(m.Key, in.stream)
	}
}

func (w *watcher) decode(vp8 []byte) (*I420, error) {
	if w.dec == nil {
		dec, err := w.r.s.cfg.Codecs.NewVideoDecoder()
		if err != nil {
			return nil, err
		}
		w.dec = dec
	}
	return w.dec.Decode(vp8)
}

// shown counts a decoded picture.
func (r *remote) shown(painted bool, p *painter, decoding, painting time.Duration) {
	now := r.s.cfg.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	st := &r.stats
	st.VideoDecoded++
	st.Decoding += decoding
	st.Painting += painting
	if st.FirstPicture.IsZero() {
		st.FirstPicture = now
		r.s.mail.put(Event{Kind: EventFirstFrame, Key: st.Key})
	}
	if painted && p.found {
		st.Pattern = Reading{Number: p.number, Time: p.time, At: now}
		st.PatternsRead++
		r.delays.add(now.Sub(p.time))
	}
}

// painter scales and paints pictures onto a tile. It belongs to one goroutine.
type painter struct {
	codecs Painter
	tile   *Tile
	whole  bool        // show all of the picture in its own proportions rather than fill the tile
	read   bool        // look for patterns
	may    func() bool // asked once a picture is begun; nil for always
	scaled I420
	cut    I420 // the part of the picture that fills the tile; shares its planes

	found  bool // the newest picture held a pattern
	number uint32
	time   time.Time
}

func (p *painter) begin(pic *I420) *image.RGBA {
	if p.whole {
		return p.tile.BeginWhole(pic.Width, pic.Height)
	}
	return p.tile.Begin()
}

// paint shows pic on the tile, and reports whether anybody looks.
func (p *painter) paint(pic *I420) bool {
	img := p.begin(pic)
	if img == nil || p.may != nil && !p.may() {
		return false
	}
	w, h := img.Rect.Dx(), img.Rect.Dy()
	p.cut = *pic
	if !p.whole {
		p.cut = pic.Crop(w, h)
	}
	p.scaled.Resize(w, h)
	p.codecs.Scale(&p.scaled, &p.cut)
	p.codecs.Paint(img, &p.scaled)
	if p.read {
		p.number, p.time, p.found = ReadPattern(img)
	}
	p.tile.Done()
	return true
}
