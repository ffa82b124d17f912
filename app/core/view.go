package core

import (
	"slices"
	"strconv"
	"time"

	"conclave/call"
	"conclave/call/media"
	"conclave/keys"
)

// silentAfter is how long a member may be unheard before they are shown as
// not connected: the machine's warning, a person at a time.
const silentAfter = call.HeartbeatsWarn * call.HeartbeatEvery

var tileStates = map[media.TileState]TileState{
	media.TileUnknown: TileConnecting, media.TileConnecting: TileConnecting, media.TileLive: TileLive,
	media.TileCameraOff: TileCameraOff, media.TileWaitingForKey: TileWaitingForKey,
	media.TileCannotDecrypt: TileCannotDecrypt, media.TileWeak: TileWeak,
}

var silences = map[call.Fault]SilenceCause{
	call.FaultFork: SilenceFork, call.FaultForged: SilenceForged, call.FaultForbidden: SilenceForbidden,
	call.FaultDiffers: SilenceDiffers, call.FaultStranger: SilenceStranger, call.FaultUnheard: SilenceUnheard,
}

var verdicts = map[call.Verdict]CodeVerdict{
	call.VerdictNone: CodeNotCompared, call.VerdictMatches: CodeMatches,
	call.VerdictStale: CodeStale, call.VerdictDiffers: CodeDiffers,
}

func noticeOf(t call.Tell) Notice {
	n := Notice{Name: t.Name, Severity: SeverityAlarm, Modal: true}
	if host, ok := hostNotice(t); ok {
		return host
	}
	if proof, ok := proofNotice(t); ok {
		return proof
	}
	switch t.Notice {
	case call.NoticeServiceGone:
		return Notice{Code: NoticeServiceGone, Severity: SeverityWarning}
	case call.NoticeChatFailed:
		return Notice{Code: NoticeChatFailed, Severity: SeverityWarning}
	case call.NoticeRenamed:
		return Notice{Code: NoticeRenamed, Severity: SeverityWarning, Name: t.Name}
	case call.NoticeTooFast:
		return Notice{Code: NoticeTooFast, Severity: SeverityWarning}
	case call.NoticeInternal:
		return Notice{Code: NoticeInternal, Severity: SeverityWarning}
	case call.NoticeUnheard:
		return Notice{Code: NoticeUnheard, Severity: SeverityWarning}
	case call.NoticeFork:
		n.Code = NoticeFork
	case call.NoticeForged:
		n.Code = NoticeForged
	case call.NoticeForbidden:
		n.Code = NoticeForbidden
	case call.NoticeStranger:
		n.Code = NoticeStranger
	}
	return n
}

func (c *Core) snapshot() Snapshot {
	self := c.cfg.Device.Public()
	s := Snapshot{
		Revision: c.revision,
		Profile: Profile{
			Name: c.settings.Name, Key: self, Fingerprint: self.Fingerprint(), KeyPlace: c.cfg.KeyPlace,
		},
		Service: c.service, Devices: c.devices, Notices: slices.Clone(c.notices), Update: c.update,
		Can: Can{StartMeeting: true, JoinMeeting: true, ChooseService: true, RaiseHand: true, ShareScreen: c.mayShare()},
	}
	s.Devices.Testing = c.testing
	if p := c.preview; p != nil {
		s.Preview = p.view(c.testing)
		s.Devices.CameraFault, s.Devices.MicrophoneFault = p.shown.Camera.Fault, p.shown.Mic.Fault
	}
	s.Account, s.Can.Accounts = c.accountView(), c.cfg.Identify != nil
	if c.meeting != nil {
		s.Meeting = c.meeting.view(c.cfg.Now())
		host := s.Meeting.Host && s.Meeting.Phase != call.PhaseEnded
		s.Can.Admit, s.Can.Remove, s.Can.Lock, s.Can.EndForAll = host, host, host, host
		s.Devices.CameraFault, s.Devices.MicrophoneFault = c.meeting.camFault, c.meeting.micFault
		s.Devices.SpeakerFault = c.meeting.spkFault
		c.meeting.ruled(&s.Can)
	}
	return s
}

func (m *meeting) view(now time.Time) *Meeting {
	s := m.state
	v := &Meeting{
		ID: m.link.Meeting, Link: m.link.String(), Phase: s.Phase(), End: s.End, Mode: s.About.Mode,
		Host: s.Host(), Locked: s.Locked, Demand: s.About.Demand, Asks: s.About.Passcode, Since: s.Since,
		Waiting: Waiting{Position: s.Waiting, HostHere: s.HostIn},
		Mic:     Toggle{Wanted: s.Wants.Mic, On: s.Sends().Mic && m.micFault == DeviceFine, Fault: m.micFault},
		Camera:  Toggle{Wanted: s.Wants.Camera, On: s.Sends().Camera && m.camFault == DeviceFine, Fault: m.camFault},
		Share:   Toggle{Wanted: s.Wants.Share, On: s.Sends().Share && m.shrFault == DeviceFine, Fault: m.shrFault},
		Saving:  m.saving,
		Sending: s.Sending(), Retry: s.Try, Rules: Rules(s.Rule.Rules),
	}
	if !v.Sending {
		v.Silence = m.silence()
	}
	for _, k := range s.Lobby {
		waits := m.knocker(k, now)
		waits.Ticket = strconv.FormatUint(uint64(k.Ticket), 10)
		v.Lobby = append(v.Lobby, waits)
	}
	for _, p := range s.People {
		v.People = append(v.People, m.person(p, now))
	}
	for _, l := range s.Chat {
		v.Chat = append(v.Chat, ChatLine{
			From: l.From, Name: m.name(l.From), Self: l.From == s.Self, Text: l.Text, At: l.At,
			Pending: l.Pending, Failed: l.Failed,
		})
	}
	imitations(v.People)
	v.Code, v.Badge = m.code(), m.badge()
	v.Badge.proofs(v.People)
	return v
}

func (m *meeting) silence() SilenceCause {
	s := m.state
	if cause, ok := silences[s.Stopped()]; ok {
		return cause
	}
	switch s.Phase() {
	case call.PhaseSecuring, call.PhaseInMeeting:
		return SilenceSecuring
	case call.PhaseReconnecting:
		return SilenceOffline
	case call.PhaseIdle, call.PhaseConnecting, call.PhaseLobby, call.PhaseLeaving, call.PhaseEnded:
	}
	return SilenceNone
}

func (m *meeting) person(p call.Person, now time.Time) Person {
	s := m.state
	self := p.Key == s.Self
	v := Person{
		Key: p.Key, Name: p.Name, Self: self, Host: p.Key == s.About.Host, Fingerprint: p.Key.Fingerprint(),
		Mic: p.Says.Mic, Camera: p.Says.Camera, Hand: p.Says.Hand, Sharing: p.Says.Share,
		Speaking: m.speaking[p.Key], Quality: m.quality[p.Key], Tile: m.tiles[p.Key],
		Connected: self || p.Connected && now.Sub(p.Heard) < silentAfter,
	}
	m.hygiene(&v, p)
	m.proved(&v, now)
	if !self {
		v.SafetyNumber = keys.SafetyNumber(s.Self, p.Key)
	}
	if slices.Contains(s.Matched, p.Key) && s.Judged != call.VerdictDiffers {
		v.Trust = TrustCompared
	}
	switch {
	case self:
		v.Tile = m.preview()
	case v.Tile == TileConnecting && !v.Camera:
		v.Tile = TileCameraOff
	}
	return v
}

// preview is the state of the person's own tile.
func (m *meeting) preview() TileState {
	switch {
	case !m.state.Wants.Camera || m.camFault != DeviceFine:
		return TileCameraOff
	case m.state.Media == call.MediaOff:
		return TileConnecting
	}
	return TileLive
}

// name of a member, past or present, from their signed statement.
func (m *meeting) name(k keys.PublicKey) string {
	for _, n := range m.state.Known {
		if n.Device == k {
			return n.Name
		}
	}
	return ""
}

func (m *meeting) code() Code {
	s := m.state
	if s.Seat != call.SeatSeated || s.Keys == call.KeysJoining || s.Keys == call.KeysNone {
		return Code{}
	}
	c := Code{
		Digits: s.Code.Digits(), Words: s.Code.Words(), Epoch: s.Epoch,
		Compared: verdicts[s.Judged], Left: s.LeftOver,
	}
	if s.Judged == call.VerdictStale {
		c.Joined = s.Joined()
	}
	return c
}

func (m *meeting) badge() Badge {
	s := m.state
	ready := s.Keys == call.KeysReady || s.Keys == call.KeysMoving
	b := Badge{
		EndToEnd: ready && s.About.Mode == keys.ModeE2EE, Of: len(s.People),
		Compared: verdicts[s.Judged], Suite: suiteName(s.About.Suite), Strangers: s.Strangers,
		PostQuantum: ready && s.About.Suite >= 0xF000,
	}
	return b
}

// suiteName is the MLS cipher suite's registered name.
func suiteName(suite uint16) string {
	switch suite {
	case 1:
		return "MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519"
	case 0xF04E:
		return "MLKEM768X25519_AES256GCM_SHA384_Ed25519"
	case 0:
		return ""
	}
	return "0x" + strconv.FormatUint(uint64(suite), 16)
}
