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
		c.SetOnKeyDown(s.KeyDown)
		c.SetOnKeyUp(s.KeyUp)
	}
	s.config.App.Lifecycle().SetOnExitedForeground(s.hush)
}

// KeyDown takes a key that was pressed while nothing has the keyboard.
func (s *Shell) KeyDown(k *fyne.KeyEvent) {
	if k.Name != fyne.KeySpace || s.talking || s.shown != present.Meeting || s.over != 0 || s.notices.Open() {
		return
	}
	if s.window.Canvas().Focused() == nil {
		s.talking = s.meeting.Talk()
	}
}

// KeyUp takes a key that was let go.
func (s *Shell) KeyUp(k *fyne.KeyEvent) {
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

// openSecond opens the menu of the second person in the list.
func (s *Shell) openSecond() {
	if s.shown == present.Meeting && len(s.last.Meeting.People) > 1 {
		s.meeting.OpenPerson(s.last.Meeting.People[1].Key)
	}
}
