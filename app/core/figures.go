package core

import (
	"conclave/call/media"
	"conclave/keys"
)

// codecNames are what each kind of track is coded with.
var codecNames = map[media.Kind]string{media.KindAudio: "Opus", media.KindCamera: "VP8", media.KindScreen: "VP8"}

// Figures are the numbers behind the running meeting, over the last second; ok
// is false without one. It may be called from any goroutine; once a second is
// enough.
func (c *Core) Figures() (f Figures, ok bool) {
	session, m := c.session.Load(), c.Latest().Meeting
	if session == nil || m == nil {
		return Figures{}, false
	}
	s := session.Stats()
	f = Figures{
		At: c.cfg.Now(), RTT: s.Relay.RoundTrip, Lost: s.Lost, Up: s.Up, Down: s.Down,
		Suite: m.Badge.Suite, Epoch: m.Code.Epoch, Refuse: map[string]uint64{},
	}
	self := c.cfg.Device.Public()
	for _, st := range s.Out {
		f.Out = append(f.Out, streamFigures(self, st))
	}
	for _, r := range s.Remotes {
		for _, st := range r.Streams {
			f.In = append(f.In, streamFigures(r.Key, st))
		}
		f.count(r.Refused)
	}
	if s.Unopened > 0 {
		f.Refuse["unopened"] = s.Unopened
	}
	return f, true
}

func streamFigures(k keys.PublicKey, s media.StreamStats) StreamFigures {
	f := StreamFigures{
		Person: k, Audio: s.Kind == media.KindAudio, Width: s.Width, Height: s.Height,
		FPS: s.FPS, Bits: s.Bits, Codec: codecNames[s.Kind], Delay: s.Delay,
	}
	if s.Kind == media.KindScreen {
		f.Stream = StreamScreen
	}
	return f
}

// count adds what was refused, by cause; causes without any stay out.
func (f *Figures) count(r media.Refusals) {
	for cause, n := range map[string]uint64{
		"no-key": r.NoKey, "forged": r.Forged, "replayed": r.Replayed, "wrong-sender": r.WrongSender,
		"malformed": r.Malformed, "undecodable": r.Undecodable,
	} {
		if n > 0 {
			f.Refuse[cause] += n
		}
	}
}
