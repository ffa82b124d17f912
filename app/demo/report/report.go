// Package report is what a running app tells about itself when it is started
// with --stats: figures for the demonstration and the benchmarks, no key and no
// message.
package report

import (
	"time"

	"conclave/app/core"
	"conclave/call/media"
	"conclave/keys"
)

// Figures are one app's at one moment.
type Figures struct {
	At     time.Time
	Self   keys.PublicKey
	Name   string
	Link   string // of the meeting
	Phase  uint8  // call.Phase
	End    uint8  // call.EndReason
	Mode   string
	Suite  string
	Epoch  uint64
	People map[string]string // device key to name
	Media  media.Stats       // the last ones, kept after the meeting
}

// Of reads the figures of c. before are the last ones, whose media figures
// stay when the meeting is over.
func Of(c *core.Core, before Figures) Figures {
	s := c.Latest()
	f := Figures{At: time.Now(), Self: s.Profile.Key, Name: s.Profile.Name, Media: before.Media, People: before.People}
	if m := s.Meeting; m != nil {
		f.Link, f.Phase, f.End, f.Epoch = m.Link, uint8(m.Phase), uint8(m.End), m.Code.Epoch
		f.Suite, f.Mode = m.Badge.Suite, m.Mode.String()
		if len(m.People) > 0 {
			f.People = map[string]string{}
			for _, p := range m.People {
				f.People[p.Key.String()] = p.Name
			}
		}
	}
	if stats, ok := c.MediaStats(); ok {
		f.Media = stats
	}
	return f
}
