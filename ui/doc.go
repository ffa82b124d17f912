// Package ui is Conclave's window: it owns the screens, decides which of them
// is shown, and passes wishes to the core. Render takes a snapshot; everything
// else here belongs to Fyne's goroutine, which is entered only through the
// injected Post. It opens no network, no file and no key: all that it knows
// comes as core.Snapshot and core.Frames, all that it wants leaves as
// core.Intent.
package ui
