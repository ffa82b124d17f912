package widget

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	fwidget "fyne.io/fyne/v2/widget"

	"conclave/ui/theme"
)

// Style is how text looks. The zero value is plain body text.
type Style struct {
	Size  fyne.ThemeSizeName  // theme.SizeBody when ""
	Color fyne.ThemeColorName // theme.ColorText when ""
	Bold  bool
	Mono  bool
	Align fyne.TextAlign
	Wrap  bool // else one line, cut off with an ellipsis where too long
	Lines int  // with Wrap: at most so many lines; 0 is no limit
	Solid bool // never cut off: the least width is that of the whole text
}

// Text shows words in one style.
type Text struct {
	fwidget.BaseWidget
	words string
	style Style
	width float32
	cache struct {
		words string
		width float32
		size  float32
		lines []string
	}
}

// NewText returns text in a style.
func NewText(words string, style Style) *Text {
	if style.Size == "" {
		style.Size = theme.SizeBody
	}
	if style.Color == "" {
		style.Color = theme.ColorText
	}
	t := &Text{words: words, style: style}
	t.ExtendBaseWidget(t)
	return t
}

// Set changes the words.
func (t *Text) Set(words string) {
	if t.words != words {
		t.words = words
		t.Refresh()
	}
}

// SetColor changes the colour.
func (t *Text) SetColor(c fyne.ThemeColorName) {
	if t.style.Color != c {
		t.style.Color = c
		t.Refresh()
	}
}

// SetLines changes the most lines of text that wraps.
func (t *Text) SetLines(n int) {
	if t.style.Lines != n {
		t.style.Lines = n
		t.cache.lines = nil
		t.Refresh()
	}
}

// Words returns the words.
func (t *Text) Words() string { return t.words }

// AccessibilityLabel implements fyne.Accessible.
func (t *Text) AccessibilityLabel() string { return t.words }

// AccessibilityRole implements fyne.Accessible.
func (t *Text) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleText }

func (t *Text) fyneStyle() fyne.TextStyle {
	return fyne.TextStyle{Bold: t.style.Bold, Monospace: t.style.Mono}
}

func (t *Text) size() float32 { return t.Theme().Size(t.style.Size) }

func (t *Text) measure(s string) fyne.Size { return fyne.MeasureText(s, t.size(), t.fyneStyle()) }

func (t *Text) lineHeight() float32 { return t.measure("Mg").Height }

// HeightFor implements Heighter.
func (t *Text) HeightFor(width float32) float32 {
	return t.lineHeight() * float32(len(t.lines(width)))
}

// Resize remembers the width, which the least height follows from.
func (t *Text) Resize(size fyne.Size) {
	changed := t.width != size.Width
	t.width = size.Width
	t.BaseWidget.Resize(size)
	if changed {
		t.Refresh()
	}
}

// MinSize implements fyne.CanvasObject.
func (t *Text) MinSize() fyne.Size {
	t.ExtendBaseWidget(t)
	natural := t.measure(t.words)
	if t.style.Wrap {
		width := t.width
		if width == 0 {
			width = max(natural.Width, 1)
		}
		return fyne.NewSize(min(natural.Width, t.measure("mmmmmmmm").Width), t.HeightFor(width))
	}
	if !t.style.Solid {
		natural.Width = min(natural.Width, t.measure("mmmm…").Width)
	}
	return fyne.NewSize(natural.Width, t.lineHeight())
}

// Natural returns the width of the whole text on one line.
func (t *Text) Natural() float32 { return t.measure(t.words).Width }

func (t *Text) lines(width float32) []string {
	if t.cache.lines != nil && t.cache.words == t.words && t.cache.width == width && t.cache.size == t.size() {
		return t.cache.lines
	}
	var lines []string
	switch {
	case !t.style.Wrap:
		lines = []string{t.cut(t.words, width)}
	default:
		for paragraph := range strings.SplitSeq(t.words, "\n") {
			lines = append(lines, t.wrap(paragraph, width)...)
		}
		if n := t.style.Lines; n > 0 && len(lines) > n {
			last := t.cut(lines[n-1]+" "+lines[n]+"…", width)
			lines = append(lines[:n-1:n-1], last)
		}
	}
	t.cache.words, t.cache.width, t.cache.size, t.cache.lines = t.words, width, t.size(), lines
	return lines
}

func (t *Text) wrap(words string, width float32) []string {
	lines := []string{}
	line := ""
	for word := range strings.FieldsSeq(words) {
		try := word
		if line != "" {
			try = line + " " + word
		}
		if t.measure(try).Width <= width+0.5 {
			line = try
			continue
		}
		if line != "" {
			lines = append(lines, line)
		}
		for t.measure(word).Width > width+0.5 && len([]rune(word)) > 1 {
			head := t.fit(word, width)
			lines = append(lines, head)
			word = word[len(head):]
		}
		line = word
	}
	return append(lines, line)
}

// fit returns the longest head of a word that fits, at least one character.
func (t *Text) fit(word string, width float32) string {
	runes := []rune(word)
	n := 1
	for n < len(runes) && t.measure(string(runes[:n+1])).Width <= width {
		n++
	}
	return string(runes[:n])
}

func (t *Text) cut(words string, width float32) string {
	if t.measure(words).Width <= width+0.5 {
		return words
	}
	runes := []rune(words)
	low, high := 0, len(runes)
	for low < high {
		mid := (low + high + 1) / 2
		if t.measure(string(runes[:mid])+"…").Width <= width+0.5 {
			low = mid
		} else {
			high = mid - 1
		}
	}
	return strings.TrimRight(string(runes[:low]), " ") + "…"
}

// CutOff reports whether words are missing at the present size, for tests.
func (t *Text) CutOff() bool {
	drawn := strings.Join(t.lines(t.Size().Width), " ")
	return strings.HasSuffix(drawn, "…") && !strings.HasSuffix(t.words, "…")
}

// CreateRenderer implements fyne.Widget.
func (t *Text) CreateRenderer() fyne.WidgetRenderer {
	r := &textRenderer{text: t}
	r.Refresh()
	return laidOut(r, t.Size())
}

type textRenderer struct {
	text  *Text
	lines []*canvas.Text
}

func (r *textRenderer) Layout(size fyne.Size) {
	h := r.text.lineHeight()
	for i, l := range r.lines {
		l.Move(fyne.NewPos(0, float32(i)*h))
		l.Resize(fyne.NewSize(size.Width, h))
	}
}

func (r *textRenderer) MinSize() fyne.Size { return r.text.MinSize() }

func (r *textRenderer) Refresh() {
	t := r.text
	width := t.Size().Width
	if width == 0 {
		width = t.Natural()
	}
	lines := t.lines(width)
	for len(r.lines) < len(lines) {
		r.lines = append(r.lines, canvas.NewText("", nil))
	}
	r.lines = r.lines[:len(lines)]
	c := colorOf(t, t.style.Color)
	for i, l := range r.lines {
		l.Text, l.Color, l.TextSize, l.TextStyle, l.Alignment = lines[i], c, t.size(), t.fyneStyle(), t.style.Align
	}
	r.Layout(t.Size())
	for _, l := range r.lines {
		l.Refresh()
	}
}

func (r *textRenderer) Objects() []fyne.CanvasObject {
	out := make([]fyne.CanvasObject, len(r.lines))
	for i, l := range r.lines {
		out[i] = l
	}
	return out
}

func (r *textRenderer) Destroy() {}

var _ fyne.Accessible = (*Text)(nil)

func variant() fyne.ThemeVariant { return fyne.CurrentApp().Settings().ThemeVariant() }
