package present

import (
	"fmt"
	"time"

	"conclave/app/core"
	"conclave/call"
)

// Control is one button of a meeting's bar.
type Control struct {
	Label   string
	Icon    Icon
	Shown   bool
	Enabled bool
	On      bool // for panels: open; for devices: wished and working
	Faulty  bool // wished and not working, or off where that matters
	Count   string
	Why     string // why it is not Enabled, or ""
}

// Banner is a sentence across the stage.
type Banner struct {
	Icon  Icon
	Tone  Tone
	Title string
	Words string
}

// MeetingBanner is the banner of a meeting, and what it offers.
type MeetingBanner struct {
	Banner
	Action BannerAction
	Label  string // of the action
}

// MeetingView is what the meeting's screen shows beside its lists.
type MeetingView struct {
	Badge   Badge
	Elapsed string
	Locked  bool
	Banner  *MeetingBanner // nil when all is well

	Mic, Camera, Share, Hand  Control
	React, Tools              Control
	People, Chat, Code        Control
	Lock, Link, Leave, EndAll Control
	CanAdmit                  bool
	Alone                     bool // nobody else yet: how to invite
}

// Meeting computes the view. panels tells what the person has open, unread how
// many chat lines they have not seen.
func (p Presenter) Meeting(s core.Snapshot, unread int) MeetingView {
	m, say := s.Meeting, p.Text.Say
	return MeetingView{
		Badge: p.Badge(m), Elapsed: Elapsed(m.Since, p.Now), Locked: m.Locked, Banner: p.banner(s),
		Mic:      p.mic(s),
		Camera:   p.toggle("camera", "camera", m.Camera),
		Share:    p.shareControl(s),
		Hand:     Control{Label: say("control.hand"), Icon: "hand", Shown: s.Can.RaiseHand, Enabled: true, On: ownHand(m)},
		React:    p.react(s),
		Tools:    Control{Label: say("control.tools"), Icon: "star", Shown: s.Can.SetRules, Enabled: true},
		People:   Control{Label: say("control.people"), Icon: "people", Shown: true, Enabled: true, Count: peopleCount(s)},
		Chat:     Control{Label: say("control.chat"), Icon: "chat", Shown: true, Enabled: true, Count: count(unread)},
		Code:     Control{Label: say("control.code"), Icon: "shield-check", Shown: true, Enabled: m.Code.Digits != ""},
		Lock:     p.lock(s),
		Link:     Control{Label: say("control.link"), Icon: "link", Shown: m.Link != "", Enabled: true},
		Leave:    Control{Label: say("control.leave"), Icon: "leave", Shown: true, Enabled: true},
		EndAll:   Control{Label: say("control.end"), Icon: "end", Shown: s.Can.EndForAll, Enabled: true},
		CanAdmit: s.Can.Admit, Alone: len(m.People) <= 1,
	}
}

// mic is the microphone's button: what the host forbids stands there with the
// reason.
func (p Presenter) mic(s core.Snapshot) Control {
	c := p.toggle("mic", "mic", s.Meeting.Mic)
	if own, ok := self(s.Meeting); ok && own.Muted && !s.Can.Unmute {
		c.Enabled, c.Why, c.Faulty = false, p.Text.Say("why.unmute"), true
		c.Label, c.Icon = p.Text.Say("control.mic.off"), "mic-off"
	}
	return c
}

func (p Presenter) shareControl(s core.Snapshot) Control {
	m := s.Meeting
	c := Control{Label: p.Text.Say("control.share"), Icon: "share", Shown: s.Can.ShareScreen, Enabled: true, On: m.Share.Wanted}
	switch {
	case m.Share.Wanted:
		c.Label, c.Shown = p.Text.Say("control.unshare"), true
	case !s.Can.ShareScreen && !m.Host && !m.Rules.Share && len(s.Devices.Screens) > 0:
		c.Shown, c.Enabled, c.Why = true, false, p.Text.Say("why.share")
	}
	return c
}

func (p Presenter) react(s core.Snapshot) Control {
	c := Control{Label: p.Text.Say("control.react"), Icon: "smile", Shown: s.Can.React, Enabled: true}
	if s.Meeting.Rules.Suspended {
		c.Shown, c.Enabled, c.Why = true, false, p.Text.Say("why.suspended")
	}
	return c
}

func self(m *core.Meeting) (core.Person, bool) {
	for _, who := range m.People {
		if who.Self {
			return who, true
		}
	}
	return core.Person{}, false
}

func (p Presenter) lock(s core.Snapshot) Control {
	c := Control{Label: p.Text.Say("control.lock"), Icon: "unlock", Shown: s.Can.Lock, Enabled: true, On: s.Meeting.Locked}
	if s.Meeting.Locked {
		c.Label, c.Icon = p.Text.Say("control.unlock"), "lock"
	}
	return c
}

func (p Presenter) toggle(name string, icon Icon, t core.Toggle) Control {
	c := Control{Icon: icon, Shown: true, Enabled: true, On: t.On}
	switch {
	case t.Wanted && t.Fault != core.DeviceFine:
		c.Label, c.Icon, c.Faulty = p.Text.Say("control."+name+".fault"), icon+"-off", true
	case t.Wanted:
		c.Label, c.On = p.Text.Say("control."+name+".on"), true
	default:
		c.Label, c.Icon, c.Faulty = p.Text.Say("control."+name+".off"), icon+"-off", true
	}
	return c
}

// peopleCount is how many wait for a host's word, or else who is inside.
func peopleCount(s core.Snapshot) string {
	if s.Can.Admit && len(s.Meeting.Lobby) > 0 {
		return fmt.Sprintf("+%d", len(s.Meeting.Lobby))
	}
	return count(len(s.Meeting.People))
}

func count(n int) string {
	switch {
	case n == 0:
		return ""
	case n > 99:
		return "99+"
	}
	return fmt.Sprint(n)
}

func ownHand(m *core.Meeting) bool {
	own, _ := self(m)
	return own.Hand
}

// BannerAction is what a banner offers.
type BannerAction uint8

// The actions of banners.
const (
	BannerNothing BannerAction = iota
	BannerStopShare
	BannerResume
)

func (p Presenter) banner(s core.Snapshot) *MeetingBanner {
	if b := p.alarm(s.Meeting); b != nil {
		return &MeetingBanner{Banner: *b}
	}
	m, say := s.Meeting, p.Text.Say
	own, _ := self(m)
	switch {
	case m.Rules.Suspended && s.Can.SetRules:
		return &MeetingBanner{Banner: Banner{Icon: "pause", Tone: Caution, Title: say("banner.suspended.title"), Words: say("banner.suspended.host")}, Action: BannerResume, Label: say("banner.suspended.resume")}
	case m.Rules.Suspended:
		return &MeetingBanner{Banner: Banner{Icon: "pause", Tone: Caution, Title: say("banner.suspended.title"), Words: say("banner.suspended.words")}}
	case m.Share.Wanted && m.Share.Fault != core.DeviceFine:
		return &MeetingBanner{Banner: Banner{Icon: "share", Tone: Caution, Title: say("banner.sharefault.title"), Words: say("banner.sharefault.words")}, Action: BannerStopShare, Label: say("banner.share.stop")}
	case m.Share.Wanted:
		return &MeetingBanner{Banner: Banner{Icon: "share", Tone: Info, Title: say("banner.share.title"), Words: say("banner.share.words")}, Action: BannerStopShare, Label: say("banner.share.stop")}
	case own.Muted && !s.Can.Unmute:
		return &MeetingBanner{Banner: Banner{Icon: "mic-off", Tone: Caution, Title: say("banner.muted.title"), Words: say("banner.muted.stay")}}
	case own.Muted:
		return &MeetingBanner{Banner: Banner{Icon: "mic-off", Tone: Info, Title: say("banner.muted.title"), Words: say("banner.muted.words")}}
	}
	return nil
}

// alarm is the banner of what is wrong, or nil.
func (p Presenter) alarm(m *core.Meeting) *Banner {
	say := p.Text.Say
	if m.Phase == call.PhaseReconnecting {
		return &Banner{Icon: "refresh", Tone: Caution, Title: say("banner.reconnecting.title"), Words: p.Text.Count("banner.reconnecting.words", max(m.Retry, 1))}
	}
	if m.Sending {
		return nil
	}
	switch m.Silence {
	case core.SilenceNone:
		return nil
	case core.SilenceSecuring:
		return &Banner{Icon: "key", Tone: Info, Title: say("banner.securing.title"), Words: say("banner.securing.words")}
	case core.SilenceStranger:
		return &Banner{Icon: "shield-alert", Tone: Alarm, Title: say("banner.stranger.title"), Words: say("banner.stranger.words")}
	case core.SilenceFork:
		return &Banner{Icon: "shield-alert", Tone: Alarm, Title: say("banner.fork.title"), Words: say("banner.fork.words")}
	case core.SilenceForged:
		return &Banner{Icon: "shield-alert", Tone: Alarm, Title: say("banner.forged.title"), Words: say("banner.forged.words")}
	case core.SilenceForbidden:
		return &Banner{Icon: "shield-alert", Tone: Alarm, Title: say("banner.forbidden.title"), Words: say("banner.forbidden.words")}
	case core.SilenceUnheard:
		return &Banner{Icon: "shield-alert", Tone: Alarm, Title: say("banner.unheard.title"), Words: say("banner.unheard.words")}
	case core.SilenceDiffers:
		return &Banner{Icon: "shield-alert", Tone: Alarm, Title: say("banner.differs.title"), Words: say("banner.differs.words")}
	case core.SilenceOffline:
		return &Banner{Icon: "signal-weak", Tone: Caution, Title: say("banner.offline.title"), Words: say("banner.offline.words")}
	}
	return nil
}

// Elapsed writes the time since a moment as 0:07, 12:30 or 1:02:03; "" before
// it is known.
func Elapsed(since, now time.Time) string {
	if since.IsZero() || now.Before(since) {
		return ""
	}
	d := int(now.Sub(since).Seconds())
	if d >= 3600 {
		return fmt.Sprintf("%d:%02d:%02d", d/3600, d/60%60, d%60)
	}
	return fmt.Sprintf("%d:%02d", d/60, d%60)
}

// ChatLine is one message of the chat panel.
type ChatLine struct {
	Name, Text, Time, State string
	Self, Failed            bool
	Seed                    byte
	Joined                  bool // same person as the line above, a short time later
}

// Chat lists the messages, oldest first.
func (p Presenter) Chat(m *core.Meeting) []ChatLine {
	rows := make([]ChatLine, 0, len(m.Chat))
	for i, l := range m.Chat {
		row := ChatLine{Name: l.Name, Text: l.Text, Time: l.At.Local().Format("15:04"), Self: l.Self, Failed: l.Failed, Seed: l.From[0]}
		if row.Name == "" {
			row.Name = p.Text.Say("person.unnamed")
		}
		if l.Self {
			row.Name = p.Text.Say("chat.you")
		}
		switch {
		case l.Failed:
			row.State = p.Text.Say("chat.failed")
		case l.Pending:
			row.State = p.Text.Say("chat.pending")
		}
		if i > 0 {
			before := m.Chat[i-1]
			row.Joined = before.From == l.From && before.Name == l.Name && l.At.Sub(before.At) < 3*time.Minute
		}
		rows = append(rows, row)
	}
	return rows
}
