package widget

import (
	"math"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	fwidget "fyne.io/fyne/v2/widget"

	"conclave/ui/theme"
)

// meterBars is how many steps a meter has: enough to see one's own voice move,
// few enough that a redraw costs nothing.
const meterBars = 16

// Meter shows how loud the microphone hears, in small bars.
type Meter struct {
	fwidget.BaseWidget
	words string
	lit   int
}

// NewMeter returns a meter at rest; words say what it measures.
func NewMeter(words string) *Meter {
	m := &Meter{words: words}
	m.ExtendBaseWidget(m)
	return m
}

// Set shows a level from 0 to 1. Speech lies low in that range, so the scale
// is a root: a usual voice reaches the middle.
func (m *Meter) Set(level float64) {
	lit := int(math.Round(math.Sqrt(min(1, max(0, level))) * meterBars))
	if lit != m.lit {
		m.lit = lit
		m.Refresh()
	}
}

// Lit is how many bars are lit, for tests.
func (m *Meter) Lit() int { return m.lit }

// AccessibilityLabel implements fyne.Accessible.
func (m *Meter) AccessibilityLabel() string { return m.words }

// AccessibilityRole implements fyne.Accessible.
func (m *Meter) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleText }

// CreateRenderer implements fyne.Widget.
func (m *Meter) CreateRenderer() fyne.WidgetRenderer {
	r := &meterRenderer{meter: m}
	for range meterBars {
		r.bars = append(r.bars, canvas.NewRectangle(nil))
	}
	r.apply()
	return laidOut(r, m.Size())
}

type meterRenderer struct {
	meter *Meter
	bars  []fyne.CanvasObject
}

func (r *meterRenderer) apply() {
	for i, o := range r.bars {
		c := theme.ColorRaised
		if i < r.meter.lit {
			c = theme.ColorOKSolid
		}
		o.(*canvas.Rectangle).FillColor = colorOf(r.meter, c)
	}
}

func (r *meterRenderer) Layout(size fyne.Size) {
	const gap = 3
	w := (size.Width - gap*(meterBars-1)) / meterBars
	for i, o := range r.bars {
		o.Move(fyne.NewPos(float32(i)*(w+gap), 0))
		o.Resize(fyne.NewSize(w, size.Height))
	}
}

func (r *meterRenderer) MinSize() fyne.Size { return fyne.NewSize(120, 10*scaleOf(r.meter)) }

func (r *meterRenderer) Refresh() {
	r.apply()
	for _, o := range r.bars {
		o.Refresh()
	}
}

func (r *meterRenderer) Objects() []fyne.CanvasObject { return r.bars }

func (r *meterRenderer) Destroy() {}
