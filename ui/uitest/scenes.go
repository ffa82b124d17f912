package uitest

import (
	"slices"

	"conclave/app/core"
	"conclave/call"
	"conclave/keys"
)

// Scene is a screen in one of its main states.
type Scene struct {
	Name     string
	Snapshot core.Snapshot
	Keys     []string // actions of ui.Shortcuts to take after it is shown
}

// Scenes lists every screen with its main states, for goldens and for looking
// at.
func Scenes() []Scene {
	e2ee := InMeeting(3)
	transport := InMeeting(3)
	transport.Meeting.Mode, transport.Meeting.Badge.EndToEnd = keys.ModeTransport, false
	host := Hosting(InMeeting(3))
	host.Meeting.Lobby = []core.Knocker{Waiting(4), Waiting(5)}
	locked := Hosting(InMeeting(4))
	locked.Meeting.Locked = true
	stale := Judged(InMeeting(4), core.CodeStale)
	stale.Meeting.Code.Joined, stale.Meeting.Code.Left = []keys.PublicKey{Key(3)}, 1
	noCamera := InMeeting(2)
	noCamera.Meeting.Camera = core.Toggle{Wanted: true, Fault: core.DeviceMissing}
	noCamera.Meeting.Mic = core.Toggle{}
	memory := AtHome()
	memory.Profile.KeyPlace = core.KeyPlaceMemory
	memory.Service = core.Service{State: core.ServiceFailed, Local: true, Why: core.NoticePortInUse}
	reconnecting := InMeeting(3)
	reconnecting.Meeting.Phase, reconnecting.Meeting.Retry = call.PhaseReconnecting, 3
	sharing := InMeeting(4)
	sharing.Meeting.People[1].Sharing = true
	noHost := InLobby()
	noHost.Meeting.Waiting = core.Waiting{}
	waiting := InMeeting(3)
	waiting.Meeting.People[1].Name = ""
	return slices.Concat(AccountScenes(), RoomScenes(), MeetingScenes(), []Scene{
		{"meeting-25", InMeeting(25), nil},
		{"meeting-unnamed", waiting, nil},
		{"welcome", FirstStart(), nil},
		{"home", AtHome(), nil},
		{"home-service", AtHome(), []string{"mode"}},
		{"home-nokeychain", Told(memory, core.Notice{Code: core.NoticePortInUse, Severity: core.SeverityWarning}), nil},
		{"home-badlink", Told(AtHome(), core.Notice{Code: core.NoticeBrokenLink, Severity: core.SeverityWarning}), nil},
		{"connecting", Phase(call.PhaseConnecting), nil},
		{"securing", Phase(call.PhaseSecuring), nil},
		{"leaving", Phase(call.PhaseLeaving), nil},
		{"lobby", InLobby(), nil},
		{"lobby-nohost", noHost, nil},
		{"meeting-alone", Hosting(InMeeting(1)), nil},
		{"meeting-2", noCamera, nil},
		{"meeting-3", e2ee, nil},
		{"meeting-9", States(InMeeting(9)), nil},
		{"meeting-transport", transport, nil},
		{"meeting-knock", host, nil},
		{"meeting-people", host, []string{"people"}},
		{"meeting-chat", Chatting(InMeeting(3)), []string{"chat"}},
		{"meeting-locked", Judged(locked, core.CodeMatches), nil},
		{"meeting-reconnecting", reconnecting, nil},
		{"meeting-stranger", strangers(), nil},
		{"meeting-fork", Told(Silenced(InMeeting(3), core.SilenceFork), core.Notice{Code: core.NoticeFork, Severity: core.SeverityAlarm, Modal: true}), nil},
		{"meeting-notices", Told(Told(InMeeting(3), core.Notice{Code: core.NoticeNameChanged, Severity: core.SeverityAlarm, Name: "Jonas Weber"}), core.Notice{Code: core.NoticeCameraBusy, Severity: core.SeverityWarning}), nil},
		{"meeting-speaker", States(InMeeting(5)), []string{"view"}},
		{"meeting-share", sharing, nil},
		{"meeting-end", host, []string{"end"}},
		{"facts", e2ee, []string{"facts"}},
		{"facts-transport", transport, []string{"facts"}},
		{"code", e2ee, []string{"code"}},
		{"code-matches", Judged(InMeeting(3), core.CodeMatches), []string{"code"}},
		{"code-stale", stale, []string{"code"}},
		{"code-differs", Silenced(Judged(InMeeting(3), core.CodeDiffers), core.SilenceDiffers), []string{"code"}},
		{"settings", AtHome(), []string{"settings"}},
		{"ended-left", After(call.EndLeft), nil},
		{"ended-removed", After(call.EndRemoved), nil},
		{"ended-passcode", After(call.EndPasscode), nil},
		{"ended-pin", After(call.EndPinMismatch), nil},
	})
}

func strangers() core.Snapshot {
	s := Silenced(InMeeting(3), core.SilenceStranger)
	s.Meeting.Badge.Strangers = 1
	return s
}
