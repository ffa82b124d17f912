package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"

	"conclave/ui/present"
)

// bindTalk makes the space bar push-to-talk: while it is held, who is muted is
// heard. It is a key for that only while nothing has the keyboard, so that no
// field loses a space and no button its press. Whoever leaves the window with
// the key held is muted again, because nobody would tell us of its release.
func (s *Shell) bindTalk() {
	if c, ok := s.window.Canvas().(desktop.Canvas); ok {
		c.SetOnKeyDown(s.keyDown)
		c.SetOnKeyUp(s.keyUp)
	}
	s.config.App.Lifecycle().SetOnExitedForeground(s.hush)
}

func (s *Shell) keyDown(k *fyne.KeyEvent) {
	if k.Name != fyne.KeySpace || s.talking || s.shown != present.Meeting || s.over != 0 || s.notices.Open() {
		return
	}
	if s.window.Canvas().Focused() == nil {
		s.talking = s.meeting.Talk()
	}
}

func (s *Shell) keyUp(k *fyne.KeyEvent) {
	if k.Name == fyne.KeySpace {
		s.hush()
	}
}

// hush ends what the space bar began.
func (s *Shell) hush() {
	if s.talking {
		s.talking = false
		s.meeting.Hush()
	}
}
