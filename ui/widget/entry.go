package widget

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	fwidget "fyne.io/fyne/v2/widget"
)

// Entry is Fyne's text field, except that the program's own shortcuts pass
// through it (Fyne gives a focused field every shortcut, and drops those that
// it does not know) and that Enter sends.
type Entry struct {
	fwidget.Entry
	Shortcut func(fyne.Shortcut) // for what the field does not use itself
	Escape   func()              // the Escape key; nil does nothing
	Limit    int                 // in characters; 0 is none
}

// NewEntry returns a field of one line.
func NewEntry(placeholder string, shortcut func(fyne.Shortcut)) *Entry {
	e := &Entry{Shortcut: shortcut}
	e.PlaceHolder = placeholder
	e.Wrapping = fyne.TextWrapOff
	e.Scroll = fyne.ScrollHorizontalOnly // OpenGL draws what sticks out of a field that does not clip
	e.ExtendBaseWidget(e)
	return e
}

// TypedShortcut implements fyne.Shortcutable.
func (e *Entry) TypedShortcut(s fyne.Shortcut) {
	if _, own := s.(*desktop.CustomShortcut); own && e.Shortcut != nil {
		e.Shortcut(s)
		return
	}
	e.Entry.TypedShortcut(s)
}

// TypedKey implements fyne.Focusable.
func (e *Entry) TypedKey(k *fyne.KeyEvent) {
	if k.Name == fyne.KeyEscape && e.Escape != nil {
		e.Escape()
		return
	}
	e.Entry.TypedKey(k)
}

// TypedRune implements fyne.Focusable.
func (e *Entry) TypedRune(r rune) {
	if e.Limit > 0 && len([]rune(e.Text)) >= e.Limit && e.SelectedText() == "" {
		return
	}
	e.Entry.TypedRune(r)
}

// CreateRenderer implements fyne.Widget.
func (e *Entry) CreateRenderer() fyne.WidgetRenderer {
	return again(e.Entry.CreateRenderer(), e.Size())
}
