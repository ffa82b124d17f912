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
}

// Banner is a sentence across the stage.
type Banner struct {
	Icon  Icon
	Tone  Tone
	Title string
	Words string
}

// MeetingView is what the meeting's screen shows beside its lists.
type MeetingView struct {
	Badge   Badge
	Elapsed string
	Locked  bool
	Banner  *Banner // nil when all is well

	Mic, Camera, Share, Hand  Control
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
		Badge: p.Badge(m), Elapsed: Elapsed(m.Since, p.Now), Locked: m.Locked, Banner: p.banner(m),
		Mic:      p.toggle("mic", "mic", m.Mic),
		Camera:   p.toggle("camera", "camera", m.Camera),
		Share:    Control{Label: say("control.share"), Icon: "share", Shown: s.Can.ShareScreen, Enabled: true, On: m.Share.On},
		Hand:     Control{Label: say("control.hand"), Icon: "hand", Shown: s.Can.RaiseHand, Enabled: true, On: ownHand(m)},
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
	for _, who := range m.People {
		if who.Self {
			return who.Hand
		}
	}
	return false
}

func (p Presenter) banner(m *core.Meeting) *Banner {
	say := p.Text.Say
	if m.Phase == call.PhaseReconnecting {
		return &Banner{"refresh", Caution, say("banner.reconnecting.title"), p.Text.Count("banner.reconnecting.words", max(m.Retry, 1))}
	}
	if m.Sending {
		return nil
	}
	switch m.Silence {
	case core.SilenceNone:
		return nil
	case core.SilenceSecuring:
		return &Banner{"key", Info, say("banner.securing.title"), say("banner.securing.words")}
	case core.SilenceStranger:
		return &Banner{"shield-alert", Alarm, say("banner.stranger.title"), say("banner.stranger.words")}
	case core.SilenceFork:
		return &Banner{"shield-alert", Alarm, say("banner.fork.title"), say("banner.fork.words")}
	case core.SilenceForged:
		return &Banner{"shield-alert", Alarm, say("banner.forged.title"), say("banner.forged.words")}
	case core.SilenceForbidden:
		return &Banner{"shield-alert", Alarm, say("banner.forbidden.title"), say("banner.forbidden.words")}
	case core.SilenceUnheard:
		return &Banner{"shield-alert", Alarm, say("banner.unheard.title"), say("banner.unheard.words")}
	case core.SilenceDiffers:
		return &Banner{"shield-alert", Alarm, say("banner.differs.title"), say("banner.differs.words")}
	case core.SilenceOffline:
		return &Banner{"signal-weak", Caution, say("banner.offline.title"), say("banner.offline.words")}
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
