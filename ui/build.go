package ui

import (
	"conclave/ui/present"
	"conclave/ui/screen"
	"conclave/ui/text"
	"conclave/ui/theme"
	"conclave/ui/widget"
)

// build makes every screen in the present language.
func (s *Shell) build() {
	s.text = text.New(s.prefs.Language)
	s.tips = widget.NewTips()
	k := s.kit()
	s.notices = screen.NewNotices(k)
	s.welcome, s.home = screen.NewWelcome(k), screen.NewHome(k)
	s.progress, s.lobby, s.ended = screen.NewProgress(k), screen.NewLobby(k), screen.NewEnded(k)
	s.rooms = newRooms(k)
	s.meeting, s.code, s.facts = screen.NewMeeting(k), screen.NewCode(k), screen.NewFacts(k)
	s.account, s.course, s.refused = screen.NewAccount(k), screen.NewCourse(k), screen.NewRefused(k)
	s.settings = screen.NewSettings(k, s.config.Version, s.shortcutLines())
	s.content, s.overlay = widget.Stack(), widget.Stack()
	s.overlay.Hide()
	// No ground lies under the screens: Fyne clears the window with the theme's
	// background, and without a graphics card one more layer of the window's
	// size costs as much as the pictures.
	s.root = widget.Stack(widget.NewGate(s.enclosure), s.content, s.overlay, s.notices.Cards, s.notices.Modal, s.tips.Layer, widget.NewGate(s.enclosure))
	s.shown, s.over, s.asked = 0, 0, 0
	s.window.SetContent(s.root)
}

// enclosure is what Tab must not leave now; nil when it may go anywhere.
func (s *Shell) enclosure() *widget.Enclosure {
	switch {
	case s.notices.Open():
		return s.notices.Enclosure()
	case s.over == present.Facts:
		return s.facts.Enclosure()
	case s.shown == present.Meeting && s.over == 0:
		return s.meeting.Enclosure()
	}
	return nil
}

func (s *Shell) shortcutLines() []screen.Shortcut {
	lines := []screen.Shortcut{}
	for _, sc := range Shortcuts() {
		lines = append(lines, screen.Shortcut{Keys: sc.Keys(), Words: s.text.Say("shortcut." + sc.Action)})
	}
	return append(lines, screen.Shortcut{Keys: s.text.Say("key.space"), Words: s.text.Say("shortcut.talk")})
}

func (s *Shell) kit() *screen.Kit {
	return &screen.Kit{
		Text: s.text, Tips: s.tips, Shortcut: s.passOn, Send: s.config.Send, Frames: s.config.Frames,
		Copy: func(words string) {
			s.config.App.Clipboard().SetContent(words)
			s.toast(s.text.Say("toast.copied"))
		},
		Paste: func() string { return s.config.App.Clipboard().Content() },
		Focus: s.focus, Open: s.open, Close: s.close, Back: s.back,
		Confirm: func(title, words, label string, do func()) {
			s.meeting.CloseSheet()
			s.notices.Ask(title, words, label, do)
		},
		Tip:      func(key, action string) string { return tip(s.text, key, action) },
		Prefs:    func() screen.Preferences { return s.prefs },
		Prefer:   s.prefer,
		Tell:     s.toast,
		Figures:  s.config.Figures,
		Folder:   s.config.Folder,
		Relayout: func() { s.root.Refresh() },
	}
}

func (s *Shell) loadPreferences() {
	p := s.config.App.Preferences()
	s.prefs = screen.Preferences{
		Appearance: theme.Appearance(p.IntWithFallback(prefAppearance, int(theme.System))),
		Scale:      float32(p.FloatWithFallback(prefScale, 1)),
		Language:   text.Match(p.StringWithFallback(prefLanguage, s.config.Language)),
	}
	if s.prefs.Appearance > theme.HighContrast {
		s.prefs.Appearance = theme.System
	}
	if t := s.config.Theme; t != nil {
		s.prefs.Appearance, s.prefs.Scale = t.Appearance, max(t.Scale, 1)
	}
}

// prefer takes a choice about the window over at once and keeps it.
func (s *Shell) prefer(p screen.Preferences) {
	before := s.prefs
	s.prefs = p
	kept := s.config.App.Preferences()
	kept.SetInt(prefAppearance, int(p.Appearance))
	kept.SetFloat(prefScale, float64(p.Scale))
	kept.SetString(prefLanguage, p.Language)
	if p.Appearance != before.Appearance || p.Scale != before.Scale {
		s.applyTheme()
	}
	if p.Language != before.Language {
		s.rebuild()
		return
	}
	s.settings.Show(s.presenter(), s.last)
	s.root.Refresh()
}

// rebuild makes the screens anew, in another language.
func (s *Shell) rebuild() {
	over, panel := s.over, s.meeting.Panel()
	s.meeting.Forget()
	s.build()
	s.Render(s.last)
	if s.shown == present.Meeting {
		s.meeting.OpenPanel(panel)
	}
	if over != 0 {
		s.open(over)
	}
}

func (s *Shell) applyTheme() {
	s.config.App.Settings().SetTheme(theme.New(theme.Config{Appearance: s.prefs.Appearance, Scale: s.prefs.Scale}))
}
