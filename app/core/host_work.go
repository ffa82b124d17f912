package core

import (
	"conclave/call"
	"conclave/call/wire"
	"conclave/keys"
)

// hosting carries out the intents of meeting hygiene. What this person may not
// do changes nothing: the meeting itself refuses it, here and at the others'.
func (c *Core) hosting(i Intent) {
	m := c.meeting
	if m == nil {
		return
	}
	do := m.runner.Do
	switch i := i.(type) {
	case React:
		do(call.ShowReaction{Reaction: call.Reaction(i.Reaction)})
	case LowerHand:
		do(call.LowerHand{Person: i.Person})
	case Rename:
		c.rename(i.Name)
	case MutePerson:
		c.stop(i.Person, call.Kinds{Mic: true})
	case StopCamera:
		c.stop(i.Person, call.Kinds{Camera: true})
	case StopShare:
		c.stop(i.Person, call.Kinds{Share: true})
	case MuteAll:
		do(call.StopStreams{Kinds: call.Kinds{Mic: true}})
	case LetSpeak:
		do(call.LetSpeak{Person: i.Person})
	case SetRules:
		do(call.SetRules{Rules: call.Rules(i.Rules)})
	case AdmitVerified:
		c.admitVerified()
	}
}

// stop never takes the zero key for everybody: a screen that names nobody
// stops nobody.
func (c *Core) stop(k keys.PublicKey, kinds call.Kinds) {
	if k != (keys.PublicKey{}) {
		c.meeting.runner.Do(call.StopStreams{Person: k, Kinds: kinds})
	}
}

// nameSequence numbers the name with which a meeting is entered: higher than
// that of an earlier stay there, whatever it was called then.
func (c *Core) nameSequence() uint64 { return uint64(max(c.cfg.Now().UnixMilli(), 1)) }

// rename changes the name in this meeting; the profile keeps its own.
func (c *Core) rename(name string) {
	m := c.meeting
	next := max(m.state.Name.Sequence, m.state.NewName.Sequence) + 1
	n, err := c.cfg.Device.SignName(m.link.Meeting, next, name)
	if err != nil {
		c.notify(Notice{Code: NoticeNameInvalid, Severity: SeverityWarning})
		return
	}
	m.runner.Do(call.Rename{Name: n})
}

// admitVerified lets in those who wait, are verified, and may come in by
// policy and by the host's demand.
func (c *Core) admitVerified() {
	m := c.meeting
	var in []wire.Ticket
	for _, k := range m.view(c.cfg.Now()).Lobby {
		if k.Verification != Unverified && k.Refusal == nil && !k.Admitting {
			in = append(in, tickets(k.Ticket)...)
		}
	}
	if len(in) > 0 { // none given would mean all
		m.runner.Do(call.Admit{Tickets: in})
	}
}

// ruled fills in what the host's rules leave to this person, and the powers of
// a host.
func (m *meeting) ruled(can *Can) {
	s := m.state
	in := s.Phase() == call.PhaseInMeeting
	may, rules := s.MayStart(s.Self), s.Rule.Rules
	can.Mute, can.SetRules = in && s.Host(), in && s.Host()
	can.Chat = in && s.MayChat(s.Self)
	can.Rename = in && s.MayRename(s.Self)
	can.Unmute = in && may.Mic
	can.React = in && !rules.Suspended
	can.RaiseHand = in
	can.ShareScreen = can.ShareScreen && may.Share
}

// hygiene fills in what the host's word makes of a person.
func (m *meeting) hygiene(v *Person, p call.Person) {
	s := m.state
	w := s.Showing(p.Key)
	v.Mic, v.Camera, v.Sharing, v.Hand = w.Mic, w.Camera, w.Share, w.Hand
	v.Muted = s.Refused(p.Key).Mic
	v.Reaction = Reaction(p.Reaction)
	if v.Muted {
		v.Speaking = false
	}
}

// hostNotice words a call's notice about what the host did; ok is false for
// the others.
func hostNotice(t call.Tell) (n Notice, ok bool) {
	codes := map[call.Notice]NoticeCode{
		call.NoticeMuted: NoticeMuted, call.NoticeCameraStopped: NoticeCameraStopped,
		call.NoticeShareStopped: NoticeShareStopped, call.NoticeSuspended: NoticeSuspended,
		call.NoticeResumed: NoticeResumed, call.NoticeNotAllowed: NoticeNotAllowed,
	}
	code, ok := codes[t.Notice]
	return Notice{Code: code, Severity: SeverityInfo, Name: t.Name}, ok
}
