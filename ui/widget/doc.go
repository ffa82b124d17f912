// Package widget holds the pieces that Conclave's screens are made of: text
// that wraps, buttons, fields, tiles, badges, the security code. A widget
// draws what it is told and calls back what was clicked; it knows no meeting
// and no language. Everything here belongs to Fyne's goroutine.
package widget
