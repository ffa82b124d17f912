// Package present decides what each screen says: from the core's snapshot to
// words, order, colours of meaning and what can be clicked. It is pure and
// knows no toolkit, so that every sentence about encryption is tested by a
// table. The screens draw what it returns and add nothing of their own.
package present

import (
	"time"

	"conclave/app/core"
	"conclave/app/core/upgrade"
	"conclave/call"
	"conclave/keys"
	"conclave/ui/text"
)

// Presenter turns snapshots into views in one language at one moment.
type Presenter struct {
	Text  *text.Speaker
	Now   time.Time
	Hands []keys.PublicKey // whose hands are up, who raised it first comes first
}

// Tone is the colour of a statement by its meaning.
type Tone uint8

// The tones. OK is only for what was proved or compared.
const (
	Neutral Tone = iota
	Info
	OK
	Caution
	Alarm
)

// Icon names a drawing in assets.
type Icon string

// Screen is one of the screens that the core's state asks for.
type Screen uint8

// The screens. Code, Settings and Facts are opened by the person and lie
// over the others.
const (
	Welcome Screen = iota + 1
	Home
	Progress
	Lobby
	Meeting
	Ended
	Code
	Settings
	Facts
	Account // own verification, rights and devices
	Course  // signing in or becoming verified, while it runs
	Refused // what policy refused a moment ago
)

// Which returns the screen that a snapshot asks for.
func Which(s core.Snapshot) Screen {
	if s.Profile.Name == "" {
		return Welcome
	}
	if s.Meeting == nil && s.Preview != nil {
		return Preview
	}
	if s.Meeting == nil {
		return Home
	}
	switch s.Meeting.Phase {
	case call.PhaseIdle:
		return Home
	case call.PhaseConnecting, call.PhaseSecuring, call.PhaseLeaving:
		return Progress
	case call.PhaseLobby:
		return Lobby
	case call.PhaseInMeeting, call.PhaseReconnecting:
		return Meeting
	case call.PhaseEnded:
		return Ended
	}
	return Home
}

// Asked returns the screen that the account asks for, over the one that Which
// names: a course that runs, or a refusal that waits for an answer. It is 0
// when there is none; a course that is done does not lie over the meeting that
// it opened.
func Asked(s core.Snapshot) Screen {
	if Which(s) == Welcome {
		return 0
	}
	switch phase := s.Account.Course.Phase; {
	case phase == upgrade.PhaseDone && s.Meeting != nil:
		return 0
	case phase != upgrade.PhaseIdle:
		return Course
	case s.Account.Refused != nil && (s.Meeting == nil || s.Meeting.Phase == call.PhaseEnded):
		return Refused
	}
	return 0
}

// Title returns the window's title: the program and the screen.
func (p Presenter) Title(screen Screen, s core.Snapshot) string {
	return p.Text.Say("app.name") + " - " + p.Text.Say(titleKey(screen, s))
}

func titleKey(screen Screen, s core.Snapshot) string {
	if key, ok := roomTitles[screen]; ok {
		return key
	}
	switch screen {
	case Welcome:
		return "title.welcome"
	case Home:
		return "title.home"
	case Progress:
		if s.Meeting == nil {
			return "title.connecting"
		}
		switch s.Meeting.Phase {
		case call.PhaseSecuring:
			return "title.securing"
		case call.PhaseLeaving:
			return "title.leaving"
		case call.PhaseIdle, call.PhaseConnecting, call.PhaseLobby, call.PhaseInMeeting, call.PhaseReconnecting, call.PhaseEnded:
			return "title.connecting"
		}
		return "title.connecting"
	case Lobby:
		return "title.lobby"
	case Meeting:
		if s.Meeting != nil && s.Meeting.Phase == call.PhaseReconnecting {
			return "title.reconnecting"
		}
		return "title.meeting"
	case Ended:
		return "title.ended"
	case Code:
		return "title.code"
	case Settings:
		return "title.settings"
	case Facts:
		return "title.meeting"
	case Account:
		return "title.account"
	case Course:
		if s.Account.Course.Way == keys.ClassEmail {
			return "title.signin"
		}
		return "title.course"
	case Refused:
		return "title.refused"
	}
	return "title.home"
}
