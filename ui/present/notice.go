package present

import (
	"conclave/app/core"
)

// Action is what a notice offers beside being put away.
type Action uint8

// The actions.
const (
	ActionNone Action = iota
	ActionLeave
	ActionCode
	ActionSettings
	ActionAccount
)

// Notice is one thing to tell the person.
type Notice struct {
	ID           uint64
	Icon         Icon
	Tone         Tone
	Title, Words string
	Next         string // what to do, or ""
	Modal        bool
	Action       Action
	ActionLabel  string
}

// Notices lists what to tell, alarms first, at most one of them modal.
func (p Presenter) Notices(s core.Snapshot) []Notice {
	out, modal := []Notice{}, false
	for _, severity := range []core.Severity{core.SeverityAlarm, core.SeverityWarning, core.SeverityInfo} {
		for _, n := range s.Notices {
			if n.Severity != severity || n.Code == core.NoticeNone || s.Meeting != nil && toldByBanner(n.Code) {
				continue
			}
			v := p.notice(n, s.Meeting != nil)
			v.Modal = n.Modal && !modal
			modal = modal || v.Modal
			out = append(out, v)
		}
	}
	return out
}

// toldByBanner reports whether a meeting's banner says the same for as long as
// it is so.
func toldByBanner(c core.NoticeCode) bool {
	return c == core.NoticeMuted || c == core.NoticeSuspended
}

func (p Presenter) notice(n core.Notice, inMeeting bool) Notice {
	code := string(n.Code)
	if !p.Text.Has("notice." + code + ".title") {
		code = string(core.NoticeInternal)
	}
	name := n.Name
	if name == "" {
		name = p.Text.Say("person.somebody")
	}
	v := Notice{
		ID: n.ID, Title: p.Text.Say("notice."+code+".title", "name", name),
		Words: p.Text.Say("notice."+code+".words", "name", name),
	}
	if key := "notice." + code + ".next"; p.Text.Has(key) {
		v.Next = p.Text.Say(key, "name", name)
	}
	switch n.Severity {
	case core.SeverityInfo:
		v.Icon, v.Tone = "info", Info
	case core.SeverityWarning:
		v.Icon, v.Tone = "warning", Caution
	case core.SeverityAlarm:
		v.Icon, v.Tone = "shield-alert", Alarm
	}
	if inMeeting {
		v.Action = actionOf(n.Code)
	} else if n.Code == core.NoticePassportUnknown || n.Code == core.NoticeDeviceAdded {
		v.Action = ActionAccount // its devices are there
	}
	switch v.Action {
	case ActionNone:
	case ActionLeave:
		v.ActionLabel = p.Text.Say("notice.action.leave")
	case ActionCode:
		v.ActionLabel = p.Text.Say("notice.action.code")
	case ActionSettings:
		v.ActionLabel = p.Text.Say("notice.action.settings")
	case ActionAccount:
		v.ActionLabel = p.Text.Say("notice.action.account")
	}
	return v
}

// actionOf names the action that helps. Where the line-up itself is in doubt,
// that is comparing the code; where it is known to be wrong, leaving.
func actionOf(c core.NoticeCode) Action {
	switch c {
	case core.NoticeFork, core.NoticeForged, core.NoticeForbidden, core.NoticeCodeDiffers, core.NoticeStranger:
		return ActionLeave
	case core.NoticeNameChanged, core.NoticeRenamed, core.NoticeUnheard, core.NoticeMemberFalse, core.NoticeLogForked:
		return ActionCode
	case core.NoticeCameraMissing, core.NoticeCameraBusy, core.NoticeMicMissing, core.NoticeSpeakerMissing:
		return ActionSettings
	}
	return ActionNone
}
