package ui

import (
	"fyne.io/fyne/v2"

	"conclave/ui/screen"
	"conclave/ui/text"
	"conclave/ui/theme"
)

// PassphraseConfig describes the question for a passphrase.
type PassphraseConfig struct {
	Language string
	Exists   bool // a sealed file is there: it is to be opened, not made
	Wrong    bool // the last answer did not open it
	// Answer gets the passphrase, once, after the window has closed. It owns
	// the bytes.
	Answer func(passphrase []byte)
	// Memory goes on without keeping the key; nil does not offer it.
	Memory func()
}

// AskPassphrase shows a window that asks for the passphrase of the sealed file,
// where this computer has no keychain. Closing it ends the app. It must be
// called on Fyne's goroutine, or before the app runs.
func AskPassphrase(app fyne.App, c PassphraseConfig) {
	t := text.New(c.Language)
	app.Settings().SetTheme(theme.New(theme.Config{}))
	w := app.NewWindow(t.Say("app.name") + " - " + t.Say("title.passphrase"))
	w.SetPadded(false)
	w.SetIcon(theme.AppIcon())
	w.Resize(fyne.NewSize(620, 520))
	w.CenterOnScreen()
	// The next window opens before this one closes, or Fyne would end.
	next := func(do func()) {
		do()
		w.Close()
	}
	s := screen.NewPassphrase(&screen.Kit{Text: t, Focus: w.Canvas().Focus, Back: func() {}}, screen.PassphraseView{
		Exists: c.Exists, Wrong: c.Wrong, Memory: c.Memory != nil,
		Answer: func(p []byte) { next(func() { c.Answer(p) }) },
		Skip:   func() { next(c.Memory) },
	})
	w.SetContent(s.Object())
	w.Canvas().Focus(s.Field())
	w.Show()
}
