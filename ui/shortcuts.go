package ui

import (
	"runtime"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"

	"conclave/app/core"
	"conclave/keys"
	"conclave/ui/present"
	"conclave/ui/screen"
	"conclave/ui/text"
)

// Shortcut is one line of the table of keys. All of them work on every screen
// where their action makes sense, also while a field is being typed in.
type Shortcut struct {
	Action string         // names it in tips and in ui/text, as "shortcut." + Action
	Key    fyne.KeyName   // with Ctrl, or Command on macOS; but Escape alone
	Shift  bool           // and Shift
	do     func(s *Shell) // on Fyne's goroutine
}

// Shortcuts is the table of keys.
//
//	Ctrl+N        start a meeting with what is chosen on the home screen; again, on the
//	              screen before it, go inside
//	Ctrl+Shift+N  plan a meeting
//	Ctrl+Shift+R  report somebody of this meeting
//	Ctrl+J        home: go to the field for the link (type it, Enter joins)
//	Ctrl+Shift+T  home: the other mode, end-to-end or transport
//	Ctrl+D        microphone on or off, also before a meeting
//	Ctrl+E        camera on or off, also before a meeting
//	Ctrl+Shift+S  share the screen, where the core can
//	Ctrl+Shift+H  raise or lower the hand, where the core can
//	Ctrl+Shift+A  host: admit the first in the lobby
//	Ctrl+Shift+O  host: lock or unlock the door
//	Ctrl+Shift+X  host: remove the last person in the list (asks; Enter says yes)
//	Ctrl+Shift+E  pick a reaction
//	Ctrl+Shift+G  host: the tools (door, rules, everybody)
//	Ctrl+Shift+U  host: mute everybody (asks; Enter says yes)
//	Ctrl+Shift+J  one's own menu: picture, name, statistics
//	Ctrl+Shift+B  statistics for nerds
//	Ctrl+Shift+Y  hide one's own picture, or show it again
//	Ctrl+PgDn     next page of people; Ctrl+PgUp the one before
//	Ctrl+Shift+P  people panel
//	Ctrl+Shift+C  chat panel, and go to its field (Enter sends)
//	Ctrl+Shift+I  copy the meeting's link
//	Ctrl+Shift+V  gallery or speaker view
//	Ctrl+Shift+K  show or hide the security code
//	Ctrl+Shift+M  security code: it matches
//	Ctrl+Shift+F  security code: it differs
//	Ctrl+Shift+L  leave (also the lobby, and while connecting)
//	Ctrl+Shift+Q  host: end for all (asks; Enter says yes)
//	Ctrl+Shift+D  put the first notice away
//	Ctrl+comma    settings
//	Escape        close what is open; answer a question with no; from an ended meeting, home
func Shortcuts() []Shortcut {
	return []Shortcut{
		{"start", fyne.KeyN, false, (*Shell).startMeeting},
		{"join", fyne.KeyJ, false, (*Shell).focusLink},
		{"mode", fyne.KeyT, true, (*Shell).otherMode},
		{"schedule", fyne.KeyN, true, (*Shell).openSchedule},
		{"report", fyne.KeyR, true, (*Shell).openReport},
		{"mic", fyne.KeyD, false, beforeOrIn((*screen.Preview).ToggleMic, (*screen.Meeting).ToggleMic)},
		{"camera", fyne.KeyE, false, beforeOrIn((*screen.Preview).ToggleCamera, (*screen.Meeting).ToggleCamera)},
		{"share", fyne.KeyS, true, inMeeting((*screen.Meeting).ToggleShare)},
		{"hand", fyne.KeyH, true, inMeeting((*screen.Meeting).ToggleHand)},
		{"admit", fyne.KeyA, true, inMeeting((*screen.Meeting).AdmitFirst)},
		{"lock", fyne.KeyO, true, inMeeting((*screen.Meeting).ToggleLock)},
		{"remove", fyne.KeyX, true, inMeeting((*screen.Meeting).RemoveLast)},
		{"react", fyne.KeyE, true, inMeeting((*screen.Meeting).React)},
		{"tools", fyne.KeyG, true, inMeeting((*screen.Meeting).OpenTools)},
		{"muteall", fyne.KeyU, true, inMeeting((*screen.Meeting).MuteAll)},
		{"more", fyne.KeyJ, true, inMeeting((*screen.Meeting).OpenMore)},
		{"figures", fyne.KeyB, true, inMeeting((*screen.Meeting).OpenFigures)},
		{"self", fyne.KeyY, true, inMeeting((*screen.Meeting).ToggleSelf)},
		{"next", fyne.KeyPageDown, false, inMeeting(func(m *screen.Meeting) { m.Turn(1) })},
		{"previous", fyne.KeyPageUp, false, inMeeting(func(m *screen.Meeting) { m.Turn(-1) })},
		{"people", fyne.KeyP, true, (*Shell).togglePeople},
		{"chat", fyne.KeyC, true, (*Shell).toggleChat},
		{"link", fyne.KeyI, true, inMeeting((*screen.Meeting).CopyLink)},
		{"view", fyne.KeyV, true, inMeeting((*screen.Meeting).SwitchView)},
		{"code", fyne.KeyK, true, (*Shell).toggleCode},
		{"matches", fyne.KeyM, true, func(s *Shell) { s.judge(true) }},
		{"differs", fyne.KeyF, true, func(s *Shell) { s.judge(false) }},
		{"leave", fyne.KeyL, true, (*Shell).leave},
		{"end", fyne.KeyQ, true, inMeeting((*screen.Meeting).End)},
		{"dismiss", fyne.KeyD, true, func(s *Shell) { s.notices.DismissFirst() }},
		{"settings", fyne.KeyComma, false, func(s *Shell) { s.toggle(present.Settings) }},
		{"back", fyne.KeyEscape, false, (*Shell).back},
	}
}

// Keys writes a shortcut as people read it.
func (s Shortcut) Keys() string {
	parts := []string{}
	if s.Key != fyne.KeyEscape {
		parts = append(parts, "Ctrl")
		if runtime.GOOS == "darwin" {
			parts[0] = "Cmd"
		}
	}
	if s.Shift {
		parts = append(parts, "Shift")
	}
	name := string(s.Key)
	switch s.Key {
	case fyne.KeyEscape:
		name = "Esc"
	case fyne.KeyPageDown:
		name = "PgDn"
	case fyne.KeyPageUp:
		name = "PgUp"
	}
	return strings.Join(append(parts, name), "+")
}

func (s Shortcut) fyne() *desktop.CustomShortcut {
	m := fyne.KeyModifierShortcutDefault
	if s.Shift {
		m |= fyne.KeyModifierShift
	}
	return &desktop.CustomShortcut{KeyName: s.Key, Modifier: m}
}

// tip returns words with the keys of an action behind them.
func tip(t *text.Speaker, key, action string) string {
	words := t.Say(key)
	for _, s := range Shortcuts() {
		if s.Action == action {
			return words + "  (" + s.Keys() + ")"
		}
	}
	return words
}

// bind gives the window's canvas every shortcut.
func (s *Shell) bind() {
	c := s.window.Canvas()
	for _, sc := range Shortcuts() {
		if sc.Key == fyne.KeyEscape {
			continue
		}
		c.AddShortcut(sc.fyne(), func(fyne.Shortcut) { sc.do(s) })
	}
	s.bindTalk()
	c.SetOnTypedKey(func(k *fyne.KeyEvent) {
		switch k.Name {
		case fyne.KeyEscape:
			s.back()
		case fyne.KeyReturn, fyne.KeyEnter:
			if s.notices.Open() {
				s.notices.Answer(true)
			}
		}
	})
}

// passOn is what focused fields do with a shortcut that is not theirs.
func (s *Shell) passOn(sc fyne.Shortcut) {
	for _, own := range Shortcuts() {
		if own.Key != fyne.KeyEscape && own.fyne().ShortcutName() == sc.ShortcutName() {
			own.do(s)
			return
		}
	}
}

// beforeOrIn is for what can be switched before a meeting as well as in it.
func beforeOrIn(before func(*screen.Preview), in func(*screen.Meeting)) func(*Shell) {
	return func(s *Shell) {
		if s.inPreview() {
			before(s.rooms.preview)
			return
		}
		inMeeting(in)(s)
	}
}

func inMeeting(do func(*screen.Meeting)) func(*Shell) {
	return func(s *Shell) {
		if s.shown == present.Meeting && !s.notices.Open() {
			do(s.meeting)
		}
	}
}

func (s *Shell) focusLink() {
	if s.inPreview() {
		s.rooms.preview.Go()
	}
	if s.shown == present.Home {
		s.close()
		s.focus(s.home.Field())
	}
}

func (s *Shell) otherMode() {
	if s.shown != present.Home {
		return
	}
	if s.home.Mode() == keys.ModeE2EE {
		s.home.SetMode(keys.ModeTransport)
	} else {
		s.home.SetMode(keys.ModeE2EE)
	}
}

func (s *Shell) togglePeople() {
	if s.shown == present.Meeting {
		s.close()
		s.meeting.Toggle(screen.PanelPeople)
	}
}

func (s *Shell) toggleChat() {
	if s.shown == present.Meeting {
		s.close()
		s.meeting.Toggle(screen.PanelChat)
	}
}

func (s *Shell) toggleCode() {
	if s.shown == present.Meeting {
		s.toggle(present.Code)
	}
}

func (s *Shell) judge(matches bool) {
	if s.over == present.Code {
		s.code.Judge(matches)
	}
}

func (s *Shell) leave() {
	if s.inPreview() {
		s.leavePreview()
		return
	}
	switch s.shown {
	case present.Progress, present.Lobby, present.Meeting:
		s.config.Send(core.LeaveMeeting{})
	case present.Welcome, present.Home, present.Ended, present.Code, present.Settings, present.Facts, present.Account, present.Course, present.Refused:
	}
}

// back closes what lies on top.
func (s *Shell) back() {
	switch {
	case s.notices.Open():
		s.notices.Answer(false)
	case s.over == present.Course:
		s.course.Escape()
	case s.over == present.Refused:
		s.refused.Escape()
	case s.over != 0:
		s.close()
	case s.shown == present.Meeting && s.meeting.CloseSheet():
	case s.shown == present.Meeting && s.meeting.Panel() != screen.PanelNone:
		s.meeting.OpenPanel(screen.PanelNone)
	case s.shown == present.Ended:
		s.ended.Home()
	case s.shown == present.Preview:
		s.leavePreview()
	}
}

// Do takes the action of a shortcut by its name, "facts" for the facts behind
// the badge or "account" for the account's screen; an unknown name does
// nothing. It is for tests and demos.
func (s *Shell) Do(action string) {
	switch action {
	case "facts":
		s.toggle(present.Facts)
		return
	case "recent":
		s.toggle(present.Acquaintances)
		return
	case "licences":
		s.toggle(present.Licences)
		return
	case "account":
		s.toggle(present.Account)
		return
	case "person":
		s.openSecond()
		return
	}
	for _, sc := range Shortcuts() {
		if sc.Action == action {
			sc.do(s)
		}
	}
}
