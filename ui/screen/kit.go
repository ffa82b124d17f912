// Package screen holds Conclave's screens, one file each. A screen draws what
// ui/present says, with the pieces of ui/widget, and sends the person's wishes
// as intents. It keeps no state of the meeting; what it keeps is what a person
// has typed or opened. Everything here belongs to Fyne's goroutine.
package screen

import (
	"image"

	"fyne.io/fyne/v2"

	"conclave/app/core"
	"conclave/keys"
	"conclave/ui/present"
	"conclave/ui/text"
	"conclave/ui/theme"
	"conclave/ui/widget"
)

// Kit is what every screen is given.
type Kit struct {
	Text     *text.Speaker
	Tips     *widget.Tips
	Shortcut func(fyne.Shortcut)                         // the program's shortcuts, for focused fields
	Send     func(core.Intent)                           // to the core
	Frames   core.Frames                                 // moving pictures; may be nil
	Copy     func(string)                                // to the clipboard
	Paste    func() string                               // from the clipboard
	Focus    func(fyne.Focusable)                        // the keyboard
	Open     func(present.Screen)                        // Code or Settings over the present screen
	Back     func()                                      // what Escape does
	Close    func()                                      // what Open opened
	Confirm  func(title, words, label string, do func()) // asks before doing
	Tip      func(key string, action string) string      // a tip with its shortcut
	Tell     func(words string)                          // a word for a moment
	Figures  func() (core.Figures, bool)                 // statistics for nerds; nil when there are none
	Prefs    func() Preferences                          // how it looks now
	Prefer   func(Preferences)                           // how it shall look
	Relayout func()                                      // after something inside a panel grew or shrank
	Folder   string                                      // where files are saved when nobody says otherwise
}

// Preferences are the person's own choices about the window.
type Preferences struct {
	Appearance theme.Appearance
	Scale      float32
	Language   string
}

// Screen is one of the screens.
type Screen interface {
	Object() fyne.CanvasObject
	// Show draws a snapshot. Only what differs from before is touched.
	Show(p present.Presenter, s core.Snapshot)
}

func (k *Kit) say(key string, pairs ...any) string { return k.Text.Say(key, pairs...) }

func (k *Kit) button(c widget.ButtonConfig) *widget.Button {
	c.Tips, c.Escape = k.Tips, k.Back
	return widget.NewButton(c)
}

func (k *Kit) entry(placeholder string) *widget.Entry {
	e := widget.NewEntry(placeholder, k.Shortcut)
	e.Escape = func() {
		k.Focus(nil)
		k.Back()
	}
	return e
}

func (k *Kit) source(person keys.PublicKey, stream core.Stream) widget.Source {
	if k.Frames == nil {
		return widget.Source{}
	}
	return widget.Source{
		Want:   func(w, h int) { k.Frames.Want(person, stream, w, h) },
		Latest: func() (*image.RGBA, uint64) { return k.Frames.Latest(person, stream) },
	}
}

// The styles of text that the screens share.
func display(words string) *widget.Text {
	return widget.NewText(words, widget.Style{Size: theme.SizeDisplay, Bold: true, Wrap: true})
}

func title(words string) *widget.Text {
	return widget.NewText(words, widget.Style{Size: theme.SizeTitle, Bold: true, Wrap: true})
}

func body(words string) *widget.Text {
	return widget.NewText(words, widget.Style{Wrap: true})
}

func muted(words string) *widget.Text {
	return widget.NewText(words, widget.Style{Color: theme.ColorMuted, Wrap: true})
}

func small(words string) *widget.Text {
	return widget.NewText(words, widget.Style{Size: theme.SizeSmall, Color: theme.ColorMuted, Wrap: true})
}

func label(words string) *widget.Text {
	return widget.NewText(words, widget.Style{Size: theme.SizeSmall, Color: theme.ColorMuted, Bold: true, Wrap: true})
}

func mono(words string) *widget.Text {
	return widget.NewText(words, widget.Style{Size: theme.SizeSmall, Mono: true, Wrap: true})
}

func centred(words string, size fyne.ThemeSizeName, c fyne.ThemeColorName, bold bool) *widget.Text {
	return widget.NewText(words, widget.Style{Size: size, Color: c, Bold: bold, Wrap: true, Align: fyne.TextAlignCenter})
}

// tag shows a mark.
func tag(m present.Mark) *widget.Pill {
	return widget.NewTag(m.Words, theme.Icon(m.Icon), m.Tone)
}

// medallion is a large icon on a soft disc, for screens that say one thing.
type medallion struct {
	object *fyne.Container
	box    *widget.Box
	icon   *widget.Icon
}

func newMedallion() *medallion {
	m := &medallion{box: widget.NewBox(widget.BoxStyle{Radius: 44}), icon: widget.NewIcon(theme.IconNone, 40, theme.ColorText)}
	m.object = widget.Place(widget.Row(theme.SpaceNo, widget.Fixed(88, 88, widget.Stack(m.box, widget.Middle(40, m.icon)))), widget.Center, widget.Center)
	return m
}

func (m *medallion) set(icon present.Icon, tone present.Tone) {
	text, soft := widget.Colors(tone)
	m.box.Set(widget.BoxStyle{Fill: soft, Radius: 44})
	m.icon.Set(theme.Icon(icon), text)
}

// header is the bar at the top of the screens outside a meeting.
func header(k *Kit, right ...fyne.CanvasObject) fyne.CanvasObject {
	gap := widget.Gap()
	row := widget.Row(theme.SpaceS, widget.NewPicture(theme.Logo(), 30), widget.NewText(k.say("app.name"), widget.Style{Size: theme.SizeLead, Bold: true, Solid: true}), gap)
	row.Objects = append(row.Objects, right...)
	return widget.PadXY(theme.SpaceL, theme.SpaceM, widget.Grow(row, gap))
}

// marks is a line of tags that is reused from snapshot to snapshot.
type marks struct {
	row  *fyne.Container
	last []present.Mark
}

func newMarks() *marks { return &marks{row: widget.WrapShrinking(theme.SpaceXS, 90)} }

func (m *marks) set(list []present.Mark) {
	same := len(list) == len(m.last)
	for i := range list {
		same = same && list[i] == m.last[i]
	}
	if same {
		return
	}
	m.last = append([]present.Mark(nil), list...)
	for i, mark := range list {
		if i == len(m.row.Objects) {
			m.row.Objects = append(m.row.Objects, tag(mark))
			continue
		}
		m.row.Objects[i].(*widget.Pill).Set(mark.Words, theme.Icon(mark.Icon), mark.Tone)
	}
	m.row.Objects = m.row.Objects[:len(list)]
	m.row.Refresh()
}
