package screen

import (
	"strings"

	"fyne.io/fyne/v2"

	"conclave/app/core"
	"conclave/keys"
	"conclave/ui/present"
	"conclave/ui/theme"
	"conclave/ui/widget"
)

// Chat is the panel with the messages of a meeting.
type Chat struct {
	kit    *Kit
	object *fyne.Container
	note   *widget.Text
	lines  *rows[present.ChatLine, *chatRow]
	scroll *widget.Scroller
	empty  *widget.Text
	field  *widget.Entry
	send   *widget.Button
	write  *fyne.Container
	closed *fyne.Container // in the place of write, while the host lets nobody write
	why    *widget.Text
	shown  int
}

// longestLine is as many characters as a message may have.
const longestLine = 2000

// NewChat returns the panel.
func NewChat(k *Kit, closePanel func()) *Chat {
	c := &Chat{kit: k, note: small(""), lines: newRows[present.ChatLine](theme.SpaceS, newChatRow), empty: centred(k.say("chat.empty"), theme.SizeBody, theme.ColorMuted, false), field: k.entry(k.say("chat.hint"))}
	c.field.Limit = longestLine
	c.field.OnSubmitted = func(string) { c.submit() }
	c.field.Escape = closePanel
	c.send = k.button(widget.ButtonConfig{Icon: theme.IconSend, Kind: widget.Primary, Tip: k.say("chat.send"), Tapped: c.submit})
	c.scroll = widget.ScrollPanel(widget.Column(theme.SpaceM, c.note, c.lines.box))
	middle := widget.Stack(c.scroll, widget.Middle(240, c.empty))
	c.write = widget.Grow(widget.Row(theme.SpaceS, c.field, c.send), c.field)
	c.why = small("")
	c.closed = widget.Tinted(theme.ColorRaised, theme.SpaceM, widget.Grow(widget.Row(theme.SpaceS, widget.NewIcon(theme.IconLock, 18, theme.ColorMuted), c.why), c.why))
	c.closed.Hide()
	c.object = widget.Grow(widget.Column(theme.SpaceM, panelHead(k, k.say("chat.title"), closePanel), middle, c.write, c.closed), middle)
	return c
}

// Object returns what is drawn.
func (c *Chat) Object() fyne.CanvasObject { return c.object }

// Field is where typing begins.
func (c *Chat) Field() fyne.Focusable { return c.field }

// Show draws a snapshot.
func (c *Chat) Show(p present.Presenter, s core.Snapshot) {
	note := "chat.private"
	if s.Meeting.Mode == keys.ModeTransport {
		note = "chat.notprivate"
	}
	c.note.Set(c.kit.say(note))
	changed := c.lines.fill(p.Chat(s.Meeting))
	if why := p.WhyNoChat(s); (why != "") != c.closed.Visible() || why != c.why.Words() {
		c.why.Set(why)
		show(c.closed, why != "")
		show(c.write, why == "")
		changed = true
	}
	show(c.empty, len(s.Meeting.Chat) == 0)
	if changed || c.shown != len(s.Meeting.Chat) {
		c.shown = len(s.Meeting.Chat)
		c.object.Refresh()
		c.scroll.ScrollToBottom()
	}
}

// Forget drops what was typed.
func (c *Chat) Forget() {
	c.field.SetText("")
	c.lines.fill(nil)
	c.shown = 0
}

func (c *Chat) submit() {
	words := strings.TrimSpace(c.field.Text)
	if words == "" || !c.write.Visible() {
		return
	}
	c.kit.Send(core.SendChat{Text: words})
	c.field.SetText("")
}

type chatRow struct {
	root              *fyne.Container
	head              *fyne.Container
	name, time, state *widget.Text
	words             *widget.Text
	box               *widget.Box
}

func newChatRow() *chatRow {
	r := &chatRow{
		name: widget.NewText("", widget.Style{Size: theme.SizeSmall, Bold: true}),
		time: widget.NewText("", widget.Style{Size: theme.SizeTiny, Color: theme.ColorMuted, Solid: true}), state: widget.NewText("", widget.Style{Size: theme.SizeTiny, Color: theme.ColorMuted}),
		words: body(""), box: widget.NewBox(widget.BoxStyle{Fill: theme.ColorRaised, Radius: 12}),
	}
	r.head = widget.Grow(widget.Row(theme.SpaceS, r.name, r.time), r.name)
	bubble := widget.Stack(r.box, widget.PadXY(theme.SpaceM, theme.SpaceS, r.words))
	r.root = widget.Column(theme.SpaceXS, r.head, bubble, r.state)
	return r
}

func (r *chatRow) object() fyne.CanvasObject { return r.root }

func (r *chatRow) set(v present.ChatLine) {
	r.name.Set(v.Name)
	r.time.Set(v.Time)
	r.words.Set(v.Text)
	r.state.Set(v.State)
	show(r.head, !v.Joined)
	show(r.state, v.State != "")
	fill := widget.BoxStyle{Fill: theme.ColorRaised, Radius: 12}
	if v.Self {
		fill.Fill = theme.ColorPrimarySoft
	}
	color := theme.ColorMuted
	if v.Failed {
		color = theme.ColorDanger
	}
	r.box.Set(fill)
	r.state.SetColor(color)
}
