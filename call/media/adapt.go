package media

import (
	"runtime"
	"time"
)

// DefaultBudget is the share of all processors that pictures may keep busy
// before fewer of them are sent; the window that draws them needs the rest.
const DefaultBudget = 0.5

// The bounds and steps of adaptation, as far as the network is concerned: down
// at once and by as much as is lost, up slowly, as congestion control does.
const (
	leastShare   = 0.12
	lossBad      = 0.08 // from here on the rate sinks
	lossGood     = 0.02 // up to here it rises
	risingBy     = 1.12 // each second
	delayedAbove = 250 * time.Millisecond
)

// The steps of saving on a weak machine, as shares of the wished pictures a
// second, and how many seconds it takes to go one up or down.
var savings = [...]float64{1, 2. / 3, 1. / 2, 1. / 3}

const (
	strainedFor = 2
	relaxedFor  = 8
)

// governor decides how much of the wished formats is sent now. It belongs to the
// session's watch.
type governor struct {
	share    float64       // of the bit rate; 0 counts as 1
	least    time.Duration // shortest round trip seen
	saving   int           // index into savings
	strained int           // seconds over budget in a row
	relaxed  int           // seconds far below it in a row
	shrunk   int           // 0 whole pictures, 1 three quarters, 2 half of width and height
}

// network takes note of a second's loss and round trip.
func (g *governor) network(loss float64, roundTrip time.Duration) {
	if g.share == 0 {
		g.share = 1
	}
	if roundTrip > 0 && (g.least == 0 || roundTrip < g.least) {
		g.least = roundTrip
	}
	delayed := g.least > 0 && roundTrip > 2*g.least+delayedAbove
	switch {
	case loss >= lossBad:
		g.share *= 1 - min(loss, 0.5)
	case delayed:
		g.share *= 0.85
	case loss <= lossGood:
		g.share *= risingBy
	}
	g.share = min(max(g.share, leastShare), 1)
	// Sizes change with some play, since each change costs a key frame.
	switch {
	case g.share < 0.25:
		g.shrunk = 2
	case g.share < 0.5:
		g.shrunk = max(g.shrunk, 1)
		if g.share > 0.35 {
			g.shrunk = 1
		}
	case g.share > 0.7:
		g.shrunk = 0
	case g.shrunk == 2:
		g.shrunk = 1
	}
}

// machine takes note of how busy pictures kept the processors for a second, and
// reports whether saving began or ended.
func (g *governor) machine(load, budget float64) (changed bool) {
	before := g.saving > 0
	switch {
	case load > budget:
		g.strained, g.relaxed = g.strained+1, 0
	case load < budget/2:
		g.relaxed, g.strained = g.relaxed+1, 0
	default:
		g.strained, g.relaxed = 0, 0
	}
	if g.strained >= strainedFor {
		g.saving, g.strained = min(g.saving+1, len(savings)-1), 0
	}
	if g.relaxed >= relaxedFor {
		g.saving, g.relaxed = max(g.saving-1, 0), 0
	}
	return before != (g.saving > 0)
}

// format is what of a wished format is sent now. Text keeps its size, and so
// stays readable, at the price of pictures.
func (g *governor) format(wish VideoFormat) VideoFormat {
	f := wish
	if g.share > 0 {
		f.Kilobits = max(int(float64(wish.Kilobits)*g.share), 30)
	}
	frames := savings[g.saving]
	switch {
	case wish.Text && g.shrunk > 0:
		frames /= 1 + float64(g.shrunk)
	case g.shrunk == 1:
		f.Width, f.Height = f.Width*3/4, f.Height*3/4
	case g.shrunk == 2:
		f.Width, f.Height = f.Width/2, f.Height/2
	}
	f.FrameRate = max(int(float64(wish.FrameRate)*frames+0.5), min(wish.FrameRate, 2))
	return f
}

// SetBudget sets the share of all processors, above 0 and at most 1, that
// encoding, decoding and painting may keep busy; 0 is DefaultBudget. Above it
// for two seconds fewer pictures are sent, in three steps, and EventSaving says
// so; far below it for eight seconds they come back.
func (s *Session) SetBudget(share float64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.budget = min(max(share, 0), 1)
}

// adapt lets the governor see a second and passes on what it decides. busy is
// how many processors' time pictures took.
func (s *Session) adapt(loss float64, roundTrip time.Duration, busy float64) {
	s.mu.Lock()
	budget := s.budget
	s.mu.Unlock()
	if budget == 0 {
		budget = DefaultBudget
	}
	g := &s.governor
	g.network(loss, roundTrip)
	changed := g.machine(busy/float64(runtime.NumCPU()), budget)
	for _, v := range []*videoOut{s.camera, s.screen} {
		f := g.format(v.format)
		v.target.Store(&f)
	}
	if changed {
		s.mail.put(Event{Kind: EventSaving, Saving: g.saving > 0})
	}
}

// now is the format to send in.
func (v *videoOut) now() VideoFormat {
	if f := v.target.Load(); f != nil {
		return *f
	}
	return v.format
}
