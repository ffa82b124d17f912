package media

import (
	"maps"

	"conclave/call/frame"
	"conclave/keys"
)

// Kinds are kinds of a person's streams.
type Kinds struct{ Mic, Camera, Share bool }

// SetRefused says which streams of which members the meeting's host has
// forbidden. After it returns no further frame of them is opened, decoded or
// played, but for one that is being opened at that moment. Whoever is not named
// is not refused; nil refuses nobody.
func (s *Session) SetRefused(refused map[keys.PublicKey]Kinds) {
	kept := maps.Clone(refused)
	s.refused.Store(&kept)
	s.mu.Lock()
	for _, r := range s.remotes {
		m := r.member.Load()
		if m == nil {
			continue
		}
		if kept[m.Key].Mic {
			r.hush()
		}
		if kept[m.Key].Camera {
			tileOf(s.tiles, m.Key).Clear()
		}
		if kept[m.Key].Share {
			tileOf(s.screens, m.Key).Clear()
		}
	}
	s.mu.Unlock()
	s.nudge()
}

// refuses reports whether a stream of a member is not to be opened.
func (s *Session) refuses(k keys.PublicKey, stream frame.Stream) bool {
	refused := s.refused.Load()
	if refused == nil {
		return false
	}
	kinds := (*refused)[k]
	switch stream {
	case frame.Audio:
		return kinds.Mic
	case frame.Screen:
		return kinds.Share
	}
	return kinds.Camera
}

// hush drops what is left of a remote's sound.
func (r *remote) hush() {
	r.mu.Lock()
	voice := r.voice
	r.voice = nil
	r.mu.Unlock()
	if voice != nil {
		r.s.mixer.remove(voice)
	}
}
