package media

import (
	"slices"
	"time"

	"conclave/call/frame"
)

// Times after which a tile's state changes.
const (
	weakAfter   = 2 * time.Second // without a picture
	silentAfter = 3 * time.Second // at the relay without a track of pictures
)

// report sends the events that are due for one remote. s.mu is held.
func (r *remote) report(now time.Time) {
	m := r.member.Load()
	if m == nil {
		r.told, r.level = TileUnknown, 0
		return
	}
	state, level := r.state(now), r.heard()
	if state != r.told {
		r.told = state
		r.s.mail.put(Event{Kind: EventTileState, Key: m.Key, State: state})
	}
	if changed(r.level, level) {
		r.level = level
		r.s.mail.put(Event{Kind: EventSpeaking, Key: m.Key, Level: level})
	}
	quality := r.grade
	if state == TileWeak {
		quality = 1
	}
	if quality != r.graded {
		r.graded = quality
		r.s.mail.put(Event{Kind: EventQuality, Key: m.Key, Quality: quality})
	}
	r.mu.Lock()
	r.stats.State, r.stats.Quality = state, quality
	r.mu.Unlock()
}

// state derives what the tile shows. s.mu is held.
func (r *remote) state(now time.Time) TileState {
	r.mu.Lock()
	defer r.mu.Unlock()
	var camera *inbound
	for _, in := range r.tracks {
		if in.stream == frame.CameraMid {
			camera = in
		}
	}
	switch {
	case !r.present:
		r.since = now
		return TileConnecting
	case camera == nil && now.Sub(r.since) < silentAfter && r.lastVideo.IsZero():
		return TileConnecting
	case camera == nil || camera.muted || r.hides() || r.s.refuses(r.stats.Key, frame.CameraMid):
		return TileCameraOff
	case r.fault != TileUnknown && now.Sub(r.faultAt) < weakAfter:
		return r.fault
	case camera.asked && camera.width == 0:
		return TileLive // nobody looks, so nothing is asked for
	case r.lastVideo.IsZero() && now.Sub(r.since) < silentAfter:
		return TileConnecting
	case now.Sub(r.lastVideo) > weakAfter:
		return TileWeak
	}
	return TileLive
}

// hides reports whether they say that their camera is off.
func (r *remote) hides() bool {
	m := r.member.Load()
	return m != nil && m.Hidden
}

// heard is how loud the remote is.
func (r *remote) heard() float64 {
	r.mu.Lock()
	v := r.voice
	r.mu.Unlock()
	if v == nil {
		return 0
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.level
}

// snapshot returns the remote's figures; false for a stranger.
func (r *remote) snapshot() (RemoteStats, bool) {
	r.mu.Lock()
	st, v := r.stats, r.voice
	st.GlassToGlass = r.delays.median()
	for _, in := range r.tracks {
		st.Streams = append(st.Streams, in.meter.read(in.track.Kind()))
	}
	slices.SortFunc(st.Streams, func(a, b StreamStats) int { return int(a.Kind) - int(b.Kind) })
	r.mu.Unlock()
	if v != nil {
		v.mu.Lock()
		st.AudioLost, st.AudioRecovered = v.jitter.lost, v.jitter.recovered
		st.JitterDepth = time.Duration(v.jitter.depth) * 20 * time.Millisecond
		st.Level = v.level
		v.mu.Unlock()
	}
	return st, r.member.Load() != nil
}
