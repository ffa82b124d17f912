package demo

import (
	"fmt"
	"math"
	"slices"
	"time"

	"conclave/app/demo/report"
	"conclave/call/media"
)

// result is the last line that the demonstration prints. Times are in
// milliseconds.
type result struct {
	OK           bool      `json:"ok"`
	Participants int       `json:"participants"`
	Mode         string    `json:"mode"`
	Suite        string    `json:"suite"`
	Video        string    `json:"video"`
	Speech       string    `json:"speech"`
	CodeEqual    bool      `json:"code_equal"`
	FirstPicture []float64 `json:"first_picture_ms"` // from the host's key press to the picture on the joiner's glass
	GlassToGlass float64   `json:"glass_to_glass_ms"`
	Shown        []shown   `json:"shown"`
	Pairs        []pair    `json:"pairs"`
	Heard        []heard   `json:"heard"`

	RemovedLastFrame float64  `json:"removed_last_frame_ms"`
	RelayBytes       uint64   `json:"relay_bytes"` // that the apps sent to the relay and got from it
	Failures         []string `json:"failures,omitempty"`
}

// shown is what one window showed of somebody while it was watched.
type shown struct {
	In       string  `json:"in"`
	Of       string  `json:"of"`
	Pictures int     `json:"pictures"`
	Rate     float64 `json:"per_second"`
}

// pair counts pictures from one app to another.
type pair struct {
	From    string `json:"from"`
	To      string `json:"to"`
	Sent    uint64 `json:"sent"`
	Decoded uint64 `json:"decoded"`
	Refused uint64 `json:"refused"`
}

// heard says how alike one person's sound is to what another heard, 0 to 1.
type heard struct {
	From     string  `json:"from"`
	To       string  `json:"to"`
	Likeness float64 `json:"likeness"`
}

func milliseconds(d time.Duration) float64 { return round(float64(d) / float64(time.Millisecond)) }

func round(f float64) float64 { return math.Round(f*10) / 10 }

func median(list []time.Duration) time.Duration {
	if len(list) == 0 {
		return 0
	}
	list = slices.Clone(list)
	slices.Sort(list)
	return list[len(list)/2]
}

// weigh adds up what went through the relay, at the end of the meeting.
func (d *demo) weigh() {
	d.result.RelayBytes = 0
	for _, p := range d.people {
		if f, err := p.figures(); err == nil {
			d.result.RelayBytes += f.Media.Relay.BytesSent + f.Media.Relay.BytesReceived
		}
	}
}

// collect reads the pictures of every pair from the apps' figures, while
// everybody is in the meeting.
func (d *demo) collect() {
	d.result.Pairs = nil
	figures := make([]report.Figures, len(d.people))
	for i, p := range d.people {
		f, err := p.figures()
		if err != nil {
			d.fail("%s's app tells no figures: %v", p.name, err)
			continue
		}
		figures[i] = f
	}
	d.result.Mode, d.result.Suite = figures[0].Mode, figures[0].Suite
	if d.result.Mode != "e2ee" {
		d.fail("the meeting's mode is %q", d.result.Mode)
	}
	for i, to := range figures {
		for j, from := range figures {
			if i == j {
				continue
			}
			p := pair{From: names[j], To: names[i], Sent: from.Media.Sent.VideoFrames}
			for _, r := range to.Media.Remotes {
				if r.Key == from.Self {
					p.Decoded, p.Refused = r.VideoDecoded, refused(r.Refused)
				}
			}
			if p.Decoded == 0 {
				d.fail("%s's app decoded no picture of %s", p.To, p.From)
			}
			d.result.Pairs = append(d.result.Pairs, p)
		}
	}
}

func refused(r media.Refusals) uint64 {
	return r.NoKey + r.Forged + r.Replayed + r.WrongSender + r.Malformed + r.Undecodable
}

// figures prints the result for people, before the line for programs.
func (d *demo) figures() {
	r := d.result
	d.step("mode %s, suite %s, codes equal: %v", r.Mode, r.Suite, r.CodeEqual)
	for _, p := range r.Pairs {
		d.step("%s to %s: %d pictures sent, %d decoded, %d refused", p.From, p.To, p.Sent, p.Decoded, p.Refused)
	}
	for _, h := range r.Heard {
		d.step("%s heard %s: likeness of the envelopes %.2f", h.To, h.From, h.Likeness)
	}
	d.step("screenshots are in %s", fmt.Sprintf("%s/", d.options.out))
}
