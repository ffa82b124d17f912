package present

import (
	"time"

	"conclave/app/core"
	"conclave/call"
	"conclave/keys"
)

// KioskScreen is one of the screens of a classroom machine.
type KioskScreen uint8

// The screens of a kiosk.
const (
	KioskRooms KioskScreen = iota + 1
	KioskMessage
	KioskMeeting
)

// KioskTiles is how many people a kiosk shows: what a weak machine can draw and
// what can be told apart from the back of a classroom.
const KioskTiles = 9

// WhichKiosk returns the screen that a snapshot asks for.
func WhichKiosk(s core.Snapshot) KioskScreen {
	k := s.Kiosk
	switch {
	case k == nil || k.Locked || k.Trouble != core.NoticeNone:
		return KioskMessage
	case k.At < 0:
		return KioskRooms
	case s.Meeting != nil && (s.Meeting.Phase == call.PhaseInMeeting || s.Meeting.Phase == call.PhaseReconnecting):
		return KioskMeeting
	}
	return KioskMessage
}

// KioskRoom is one large button.
type KioskRoom struct {
	Name, Words string
	Now         bool // the one that is meant
}

// KioskRoomsView is the choice of a room.
type KioskRoomsView struct {
	Room, Clock  string
	Title, Words string
	Rooms        []KioskRoom
	Help         bool
}

// KioskRooms computes the view.
func (p Presenter) KioskRooms(s core.Snapshot) KioskRoomsView {
	k := s.Kiosk
	v := KioskRoomsView{Room: k.Room, Clock: p.Now.Local().Format("15:04"), Title: p.Text.Say("kiosk.rooms.title"), Help: true}
	if len(k.Rooms) == 1 {
		v.Title = p.Text.Say("kiosk.rooms.single")
	}
	if !k.Next.IsZero() {
		v.Words = p.Text.Say("kiosk.rooms.next", "when", p.when(k.Next))
	}
	for _, r := range k.Rooms {
		row := KioskRoom{Name: r.Name, Now: r.Now}
		switch {
		case r.Now:
			row.Words = p.Text.Say("kiosk.room.now", "end", clock(r.End))
		case !r.Start.IsZero():
			row.Words = p.when(r.Start)
		}
		v.Rooms = append(v.Rooms, row)
	}
	return v
}

func clock(t time.Time) string { return t.Local().Format("15:04") }

// when names a moment of the coming week.
func (p Presenter) when(t time.Time) string {
	now, t := p.Now.Local(), t.Local()
	y, m, d := now.Date()
	switch midnight := time.Date(y, m, d, 0, 0, 0, 0, now.Location()); {
	case t.Before(midnight.AddDate(0, 0, 1)):
		return p.Text.Say("kiosk.when.today", "time", clock(t))
	case t.Before(midnight.AddDate(0, 0, 2)):
		return p.Text.Say("kiosk.when.tomorrow", "time", clock(t))
	}
	days := [...]string{"kiosk.day.sun", "kiosk.day.mon", "kiosk.day.tue", "kiosk.day.wed", "kiosk.day.thu", "kiosk.day.fri", "kiosk.day.sat"}
	return p.Text.Say("kiosk.when.day", "day", p.Text.Say(days[t.Weekday()]), "time", clock(t))
}

// KioskMessageView says one thing: entering, waiting, trouble, locked.
type KioskMessageView struct {
	Room          string
	Icon          Icon
	Tone          Tone
	Title, Words  string
	Detail        string // of a broken policy: file and line, as it stands
	Count         string // the time until something happens
	Seen          string // what the host sees
	Mode          Badge
	Try           bool // trying now can be asked for
	Leave, IsBack bool // leaving can be; it is called going back
	Help          string
}

// KioskMessage computes the view.
func (p Presenter) KioskMessage(s core.Snapshot) KioskMessageView {
	k := s.Kiosk
	if k == nil {
		return KioskMessageView{Icon: "lock", Tone: Alarm, Title: p.Text.Say("kiosk.locked.title")}
	}
	v := KioskMessageView{Room: k.Room, Leave: true}
	switch {
	case k.Locked:
		v.Icon, v.Tone, v.Leave = "lock", Alarm, false
		v.Title, v.Words, v.Detail, v.Help = p.Text.Say("kiosk.locked.title"), p.Text.Say("kiosk.locked.words"), k.Problem, k.Help
	case k.Trouble != core.NoticeNone:
		p.kioskTrouble(&v, k)
	case s.Meeting == nil:
		p.kioskStep(&v, k, "kiosk.entering", "globe")
	default:
		p.kioskPhase(&v, s)
	}
	if k.Idle > 0 && k.Trouble == core.NoticeNone { // where there is trouble, the next try is what matters
		v.Count = p.Text.Count("kiosk.idle", seconds(k.Idle))
	}
	return v
}

func (p Presenter) kioskStep(v *KioskMessageView, k *core.Kiosk, key string, icon Icon) {
	v.Icon, v.Tone = icon, Info
	v.Title, v.Words = p.Text.Say(key+".title", "room", k.Joining), p.Text.Say(key+".words")
}

func (p Presenter) kioskPhase(v *KioskMessageView, s core.Snapshot) {
	k, m := s.Kiosk, s.Meeting
	switch m.Phase {
	case call.PhaseLobby:
		p.kioskStep(v, k, "kiosk.lobby", "door")
		if !m.Waiting.HostHere {
			v.Words = p.Text.Say("kiosk.lobby.nohost")
		}
		v.Seen, v.Mode = p.Text.Say("kiosk.lobby.seen", "name", s.Profile.Name), p.modeBadge(m.Mode)
	case call.PhaseSecuring:
		p.kioskStep(v, k, "kiosk.securing", "key")
		if m.Mode == keys.ModeTransport {
			p.kioskStep(v, k, "kiosk.entering", "door")
		}
	case call.PhaseLeaving, call.PhaseEnded:
		p.kioskStep(v, k, "kiosk.wiping", "leave")
		v.Leave = false
	case call.PhaseIdle, call.PhaseConnecting, call.PhaseInMeeting, call.PhaseReconnecting:
		p.kioskStep(v, k, "kiosk.entering", "globe")
	}
}

// troubles has the words and the sign of what keeps a room out.
var troubles = map[core.NoticeCode]struct {
	key  string
	icon Icon
	tone Tone
}{
	core.NoticeServiceDown:   {"down", "signal-weak", Caution},
	core.NoticeServiceGone:   {"down", "signal-weak", Caution},
	core.NoticeNoMeeting:     {"notyet", "clock", Info},
	core.NoticeLocked:        {"closed", "lock", Caution},
	core.NoticeFull:          {"full", "people", Caution},
	core.NoticeRefused:       {"refused", "person-remove", Caution},
	core.NoticePin:           {"pin", "shield-alert", Alarm},
	core.NoticeRelabelled:    {"pin", "shield-alert", Alarm},
	core.NoticeVersion:       {"version", "refresh", Caution},
	core.NoticeWrongPasscode: {"passcode", "key", Caution},
	core.NoticeTooFast:       {"busy", "clock", Caution},
}

func (p Presenter) kioskTrouble(v *KioskMessageView, k *core.Kiosk) {
	t, ok := troubles[k.Trouble]
	if !ok {
		t.key, t.icon, t.tone = "broken", "warning", Caution
	}
	v.Icon, v.Tone = t.icon, t.tone
	v.Title, v.Words = p.Text.Say("kiosk.trouble."+t.key+".title", "room", k.Joining), p.Text.Say("kiosk.trouble."+t.key+".words")
	v.Try, v.IsBack = k.Trying, true
	left := seconds(k.Retrying.Sub(p.Now))
	switch {
	case left <= 0 && k.Trying:
		v.Count = p.Text.Say("kiosk.trying")
	case k.Trying:
		v.Count = p.Text.Count("kiosk.retry", left)
	case left > 0:
		v.Count = p.Text.Count("kiosk.back", left)
	}
}

// seconds rounds up: a countdown says 1 until it is over.
func seconds(d time.Duration) int { return int((d + time.Second - 1) / time.Second) }

// KioskMeetingView is the meeting with the least of controls.
type KioskMeetingView struct {
	Room, Clock              string
	Badge                    Badge
	Banner                   *Banner
	Tiles                    []Tile
	More                     string // how many are not shown
	Alone                    string // what to tell while nobody else is there
	Saving                   string // that power is saved
	Idle                     string
	Mic, Camera, Hand, Leave Control
	Help                     Control
}

// KioskMeeting computes the view. spoke is when people spoke last: of more than
// can be shown, those are.
func (p Presenter) KioskMeeting(s core.Snapshot, spoke map[keys.PublicKey]time.Time) KioskMeetingView {
	k, say := s.Kiosk, p.Text.Say
	m := p.Meeting(s, 0)
	v := KioskMeetingView{
		Room: k.Joining, Clock: clock(p.Now), Badge: m.Badge, Mic: m.Mic, Camera: m.Camera, Hand: m.Hand,
		Leave: Control{Label: say("kiosk.leave"), Icon: "leave", Shown: true, Enabled: true},
		Help:  Control{Label: say("kiosk.help"), Icon: "question", Shown: true, Enabled: true},
	}
	if m.Banner != nil {
		v.Banner = &Banner{m.Banner.Icon, m.Banner.Tone, m.Banner.Title, m.Banner.Words}
	}
	tiles := chosen(p.Tiles(s), spoke)
	if n := len(p.Tiles(s)) - len(tiles); n > 0 {
		v.More = p.Text.Count("kiosk.more", n)
	}
	v.Tiles = tiles
	if len(s.Meeting.People) <= 1 {
		v.Alone = say("kiosk.alone")
	}
	if k.Saving {
		v.Saving = say("kiosk.saving")
	}
	if k.Idle > 0 {
		v.Idle = p.Text.Count("kiosk.idle", seconds(k.Idle))
	}
	return v
}

// chosen keeps shared screens, oneself, and of the others those who spoke last, in
// the order in which all of them stand: tiles that stay do not move.
func chosen(all []Tile, spoke map[keys.PublicKey]time.Time) []Tile {
	for len(all) > KioskTiles {
		drop := -1
		for i, t := range all {
			if t.Self || t.Stream == core.StreamScreen || t.Speaking {
				continue
			}
			if drop < 0 || !spoke[t.Key].After(spoke[all[drop].Key]) {
				drop = i
			}
		}
		if drop < 0 {
			return all[:KioskTiles]
		}
		all = append(all[:drop:drop], all[drop+1:]...)
	}
	return all
}

// KioskHelpView is what the help button tells.
type KioskHelpView struct {
	Title, Words, Room, Keys string
	Update                   string // that a newer version is out, where the policy lets it be told
}

// KioskHelp computes the view.
func (p Presenter) KioskHelp(s core.Snapshot, version string) KioskHelpView {
	k := s.Kiosk
	v := KioskHelpView{Title: p.Text.Say("kiosk.help.title"), Words: k.Help}
	if v.Words == "" {
		v.Words = p.Text.Say("kiosk.help.words")
	}
	v.Room = k.Room + " · " + p.Text.Say("app.name") + " " + version
	if s.Update.Version != "" {
		v.Update = p.Text.Say("kiosk.help.update", "version", s.Update.Version)
	}
	switch s.Profile.KeyPlace {
	case core.KeyPlaceMemory, core.KeyPlaceUnknown:
		v.Keys = p.Text.Say("kiosk.keys.memory")
	case core.KeyPlaceFile:
		v.Keys = p.Text.Say("kiosk.keys.file")
	case core.KeyPlaceKeychain:
		v.Keys = p.Text.Say("kiosk.keys.keychain")
	}
	return v
}
