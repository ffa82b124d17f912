package present

import (
	"conclave/app/core"
	"conclave/call"
	"conclave/keys"
)

// HomeView is what the home screen shows.
type HomeView struct {
	Greeting    string
	Name        string
	Fingerprint string
	KeyIcon     Icon
	KeyTone     Tone
	KeyWords    string // where the key lies
	Service     Mark   // the state of the service, Words "" when there is nothing to say
	CanStart    bool
	CanJoin     bool
	CanChoose   bool
	CanPlan     bool    // there is a core that plans, or plans that it keeps
	Managed     bool    // the organisation has decided something here
	Update      *Banner // a newer version; UpdatePage is where to get it
	UpdatePage  string
}

// Home computes the view.
func (p Presenter) Home(s core.Snapshot) HomeView {
	v := HomeView{
		Greeting: p.Text.Say(greetingKey(p.Now.Hour()), "name", s.Profile.Name), Name: s.Profile.Name, Fingerprint: s.Profile.Fingerprint,
		Service: p.service(s.Service), CanStart: s.Can.StartMeeting, CanJoin: s.Can.JoinMeeting, CanChoose: s.Can.ChooseService,
	}
	v.KeyWords, v.KeyIcon, v.KeyTone = p.keyPlace(s.Profile.KeyPlace)
	v.CanPlan, v.Managed, v.UpdatePage = s.Can.StartMeeting, len(s.Managed) > 0, s.Update.Page
	if s.Update.Version != "" {
		v.Update = &Banner{
			Icon: "refresh", Tone: Info, Title: p.Text.Say("update.title", "version", s.Update.Version), Words: p.Text.Say("update.words"),
		}
		if s.Update.Notes != "" {
			v.Update.Words = s.Update.Notes
		}
	}
	return v
}

func greetingKey(hour int) string {
	switch {
	case hour < 5:
		return "home.greeting.night"
	case hour < 12:
		return "home.greeting.morning"
	case hour < 18:
		return "home.greeting.day"
	}
	return "home.greeting.evening"
}

func (p Presenter) keyPlace(k core.KeyPlace) (string, Icon, Tone) {
	switch k {
	case core.KeyPlaceUnknown:
		return p.Text.Say("key.unknown"), "key", Neutral
	case core.KeyPlaceKeychain:
		return p.Text.Say("key.keychain"), "key", Info
	case core.KeyPlaceFile:
		return p.Text.Say("key.file"), "key", Info
	case core.KeyPlaceMemory:
		return p.Text.Say("key.memory"), "warning", Caution
	}
	return p.Text.Say("key.unknown"), "key", Neutral
}

func (p Presenter) service(s core.Service) Mark {
	switch s.State {
	case core.ServiceNone:
		return Mark{}
	case core.ServiceStarting:
		return Mark{p.Text.Say("service.starting"), "clock", Neutral}
	case core.ServiceUp:
		if s.Local {
			return Mark{p.Text.Say("service.up.local"), "computer", Info}
		}
		return Mark{p.Text.Say("service.up", "url", s.URL), "globe", Info}
	case core.ServiceFailed:
		return Mark{p.Text.Say("service.failed"), "warning", Caution}
	}
	return Mark{}
}

// ProgressView is the screen between home and a meeting.
type ProgressView struct {
	Icon         Icon
	Title, Words string
	Step, Steps  int
	CanCancel    bool
}

// Progress computes the view: never a turning wheel without a word.
func (p Presenter) Progress(m *core.Meeting) ProgressView {
	v := ProgressView{Icon: "globe", Step: 1, Steps: 3, CanCancel: true}
	key := "progress.connecting"
	switch m.Phase {
	case call.PhaseSecuring:
		key, v.Icon, v.Step = "progress.securing", "key", 3
		if m.Mode == keys.ModeTransport {
			key, v.Icon = "progress.entering", "door"
		}
	case call.PhaseLeaving:
		key, v.Icon, v.Step, v.CanCancel = "progress.leaving", "leave", 0, false
	case call.PhaseIdle, call.PhaseConnecting, call.PhaseLobby, call.PhaseInMeeting, call.PhaseReconnecting, call.PhaseEnded:
	}
	v.Title, v.Words = p.Text.Say(key+".title"), p.Text.Say(key+".words")
	return v
}

// LobbyView is the screen of one who waits.
type LobbyView struct {
	Title, Words string
	Position     string
	HostHere     bool
	Host         Mark
	Mode         Badge
	Name         string
	Fingerprint  string
	Verification Mark
}

// Lobby computes the view.
func (p Presenter) Lobby(s core.Snapshot) LobbyView {
	m := s.Meeting
	v := LobbyView{
		Title: p.Text.Say("lobby.title"), Name: s.Profile.Name, Fingerprint: s.Profile.Fingerprint,
		Verification: p.ownMark(s.Account), HostHere: m.Waiting.HostHere, Mode: p.modeBadge(m.Mode),
	}
	v.Words = p.Text.Say("lobby.words.nohost")
	v.Host = Mark{p.Text.Say("lobby.nohost"), "clock", Caution}
	if m.Waiting.HostHere {
		v.Words = p.Text.Say("lobby.words.host")
		v.Host = Mark{p.Text.Say("lobby.host"), "check", Info}
	}
	switch m.Waiting.Position {
	case 0:
	case 1:
		v.Position = p.Text.Say("lobby.next")
	default:
		v.Position = p.Text.Say("lobby.position", "n", m.Waiting.Position)
	}
	return v
}

// ownMark is what a host sees of this person: nothing without a passport.
func (p Presenter) ownMark(a core.Account) Mark {
	if a.State != core.AccountReady {
		return p.ClassMark(keys.ClassGuest, "")
	}
	return p.ClassMark(a.Class, a.Issuer)
}

// modeBadge says what a meeting's mode promises before one is inside.
func (p Presenter) modeBadge(m keys.Mode) Badge {
	if m == keys.ModeE2EE {
		return Badge{p.Text.Say("badge.will.e2ee"), "shield-lock", Info}
	}
	if m == keys.ModeTransport {
		return Badge{p.Text.Say("badge.transport"), "shield-off", Caution}
	}
	return Badge{}
}

// EndedView says why a meeting is over and what comes next.
type EndedView struct {
	Icon         Icon
	Tone         Tone
	Title, Words string
	Next         string
	Again        bool // joining once more makes sense
	Passcode     bool // and needs another passcode
}

type ending struct {
	key      string
	icon     Icon
	tone     Tone
	again    bool
	passcode bool
}

func endingOf(r call.EndReason) ending {
	switch r {
	case call.EndNone, call.EndLeft:
		return ending{"left", "leave", Neutral, true, false}
	case call.EndForAll:
		return ending{"forall", "end", Neutral, false, false}
	case call.EndRemoved:
		return ending{"removed", "person-remove", Caution, false, false}
	case call.EndRefused:
		return ending{"refused", "door", Caution, false, false}
	case call.EndPasscode:
		return ending{"passcode", "key", Caution, true, true}
	case call.EndLocked:
		return ending{"locked", "lock", Caution, true, false}
	case call.EndFull:
		return ending{"full", "people", Caution, true, false}
	case call.EndNotFound:
		return ending{"notfound", "question", Caution, true, false}
	case call.EndRelabelled:
		return ending{"relabelled", "shield-alert", Alarm, false, false}
	case call.EndUnreachable:
		return ending{"unreachable", "signal-weak", Caution, true, false}
	case call.EndLost:
		return ending{"lost", "signal-weak", Caution, true, false}
	case call.EndBroken:
		return ending{"broken", "shield-alert", Alarm, false, false}
	case call.EndVersion:
		return ending{"version", "refresh", Caution, false, false}
	case call.EndPinMismatch:
		return ending{"pin", "shield-alert", Alarm, false, false}
	case call.EndTooFast:
		return ending{"toofast", "clock", Caution, true, false}
	case call.EndPolicy:
		return ending{"policy", "shield-lock", Caution, false, false}
	case call.EndServiceExpired:
		return ending{"expired", "clock", Caution, false, false}
	}
	return ending{"left", "leave", Neutral, true, false}
}

// Ended computes the view.
func (p Presenter) Ended(m *core.Meeting) EndedView {
	e := endingOf(m.End)
	key := "ended." + e.key
	return EndedView{
		Icon: e.icon, Tone: e.tone, Title: p.Text.Say(key + ".title"), Words: p.Text.Say(key + ".words"),
		Next: p.Text.Say(key + ".next"), Again: e.again && m.Link != "" && !m.Host, Passcode: e.passcode,
	}
}
