package present

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"conclave/app/core"
	"conclave/keys"
)

// Figure is a name with a value.
type Figure struct{ Name, Value string }

// StreamRow is one picture or sound in the table of figures.
type StreamRow struct{ Who, What, Size, Rate, Bits, Delay string }

// Figures are the statistics for nerds.
type Figures struct {
	Lines []Figure
	Out   []StreamRow
	In    []StreamRow
}

// Figures computes the view. Whoever has left is called by nothing.
func (p Presenter) Figures(f core.Figures, m *core.Meeting) Figures {
	say := p.Text.Say
	v := Figures{Lines: []Figure{
		{say("figures.rtt"), milliseconds(f.RTT)},
		{say("figures.lost"), fmt.Sprintf("%.1f %%", 100*f.Lost)},
		{say("figures.up"), bits(f.Up)},
		{say("figures.down"), bits(f.Down)},
	}}
	if f.Suite != "" {
		v.Lines = append(v.Lines, Figure{say("figures.suite"), f.Suite})
	}
	v.Lines = append(v.Lines, Figure{say("figures.epoch"), fmt.Sprint(f.Epoch)}, Figure{say("figures.refused"), refused(f.Refuse)})
	names := map[keys.PublicKey]string{}
	if m != nil {
		for _, who := range m.People {
			names[who.Key] = p.Name(who)
		}
	}
	for _, s := range f.Out {
		v.Out = append(v.Out, p.stream(s, say("figures.you")))
	}
	for _, s := range f.In {
		v.In = append(v.In, p.stream(s, names[s.Person]))
	}
	return v
}

func (p Presenter) stream(s core.StreamFigures, who string) StreamRow {
	row := StreamRow{Who: who, What: p.Text.Say("figures.camera"), Bits: bits(s.Bits)}
	if s.Delay > 0 {
		row.Delay = milliseconds(s.Delay)
	}
	switch {
	case s.Audio:
		row.What = p.Text.Say("figures.sound")
	case s.Stream == core.StreamScreen:
		row.What = p.Text.Say("figures.screen")
	}
	if s.Codec != "" {
		row.What += " · " + s.Codec
	}
	if s.Width > 0 {
		row.Size = fmt.Sprintf("%d×%d", s.Width, s.Height)
	}
	if s.FPS > 0 {
		row.Rate = fmt.Sprintf("%.0f/s", s.FPS)
	}
	return row
}

func milliseconds(d time.Duration) string {
	if d == 0 {
		return "–"
	}
	return fmt.Sprintf("%d ms", d.Milliseconds())
}

func bits(b float64) string {
	switch {
	case b <= 0:
		return "–"
	case b < 1e6:
		return fmt.Sprintf("%.0f kbit/s", b/1e3)
	}
	return fmt.Sprintf("%.1f Mbit/s", b/1e6)
}

// refused lists causes with how many frames each stopped.
func refused(by map[string]uint64) string {
	parts := []string{}
	for _, cause := range slices.Sorted(maps.Keys(by)) {
		if by[cause] > 0 {
			parts = append(parts, fmt.Sprintf("%s %d", cause, by[cause]))
		}
	}
	if len(parts) == 0 {
		return "0"
	}
	return strings.Join(parts, ", ")
}
