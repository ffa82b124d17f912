package present

import (
	"conclave/app/core"
	"conclave/call"
	"conclave/keys"
)

// Tools is what the host's tools show: the door, what the others may do, and
// what happens to everybody at once.
type Tools struct {
	Locked                      bool
	Waiting                     string // "2 people wait", "" for nobody
	Chat, Share, Rename, Unmute bool   // the others may
	Suspended                   bool
	Others                      bool // somebody else is here
	Hands                       bool // a hand is up
}

// Tools computes the view; ok is false for who has no such powers.
func (p Presenter) Tools(s core.Snapshot) (v Tools, ok bool) {
	m := s.Meeting
	if m == nil || !s.Can.SetRules && !s.Can.Lock {
		return v, false
	}
	v = Tools{
		Locked: m.Locked, Chat: m.Rules.Chat, Share: m.Rules.Share, Rename: m.Rules.Rename, Unmute: m.Rules.Unmute,
		Suspended: m.Rules.Suspended, Others: len(m.People) > 1,
	}
	if len(m.Lobby) > 0 {
		v.Waiting = p.Text.Count("people.waiting", len(m.Lobby))
	}
	for _, who := range m.People {
		v.Hands = v.Hands || who.Hand
	}
	return v, true
}

// WhyNoChat says why nothing can be written now; "" when it can.
func (p Presenter) WhyNoChat(s core.Snapshot) string {
	switch m := s.Meeting; {
	case m == nil || s.Can.Chat || m.Phase != call.PhaseInMeeting:
		return ""
	case m.Rules.Suspended:
		return p.Text.Say("why.suspended")
	}
	return p.Text.Say("why.chat")
}

// Deed is something that can be done about one person.
type Deed uint8

// The deeds, in the order of the menu.
const (
	DeedPin Deed = iota + 1
	DeedUnpin
	DeedMute
	DeedLetSpeak
	DeedStopCamera
	DeedStopShare
	DeedLowerHand
	DeedRemove
	DeedHideSelf
	DeedShowSelf
	DeedMirror
	DeedUnmirror
	DeedRename
	DeedFigures
)

// MenuItem is a line of a menu. One that is not Enabled says Why.
type MenuItem struct {
	Deed    Deed
	Icon    Icon
	Label   string
	Enabled bool
	Why     string
	Danger  bool
}

// PersonMenu is what can be done about one person.
type PersonMenu struct {
	Key   keys.PublicKey
	Name  string
	Items []MenuItem
}

// OwnView is how the person has set their own window.
type OwnView struct {
	Pinned   bool // the one whose menu it is
	Mirrored bool // one's own picture
	Hidden   bool // likewise
	Figures  bool // there are statistics to look at
}

// PersonMenu computes the menu; ok is false when they are not here any more.
func (p Presenter) PersonMenu(s core.Snapshot, key keys.PublicKey, own OwnView) (v PersonMenu, ok bool) {
	for _, who := range s.Meeting.People {
		if who.Key != key {
			continue
		}
		v = PersonMenu{Key: key, Name: p.Name(who)}
		item := func(d Deed, icon Icon, label string) *MenuItem {
			v.Items = append(v.Items, MenuItem{Deed: d, Icon: icon, Label: p.Text.Say(label), Enabled: true})
			return &v.Items[len(v.Items)-1]
		}
		if own.Pinned {
			item(DeedUnpin, "pin", "deed.unpin")
		} else {
			item(DeedPin, "pin", "deed.pin")
		}
		if who.Self {
			p.ownDeeds(s, own, item)
		} else {
			p.hostDeeds(s, who, item)
		}
		return v, true
	}
	return v, false
}

func (p Presenter) ownDeeds(s core.Snapshot, own OwnView, item func(Deed, Icon, string) *MenuItem) {
	if own.Hidden {
		item(DeedShowSelf, "eye", "deed.showself")
	} else {
		item(DeedHideSelf, "eye", "deed.hideself")
	}
	if own.Mirrored {
		item(DeedUnmirror, "mirror", "deed.unmirror")
	} else {
		item(DeedMirror, "mirror", "deed.mirror")
	}
	rename := item(DeedRename, "person", "deed.rename")
	if !s.Can.Rename {
		rename.Enabled, rename.Why = false, p.Text.Say("why.rename")
	}
	if own.Figures {
		item(DeedFigures, "chart", "deed.figures")
	}
}

func (p Presenter) hostDeeds(s core.Snapshot, who core.Person, item func(Deed, Icon, string) *MenuItem) {
	if s.Can.Mute {
		mute := item(DeedMute, "mic-off", "deed.mute")
		if !who.Mic {
			mute.Enabled, mute.Why = false, p.Text.Say("why.muted")
		}
		if who.Muted || !s.Meeting.Rules.Unmute {
			item(DeedLetSpeak, "mic", "deed.letspeak")
		}
		stop := item(DeedStopCamera, "camera-off", "deed.stopcamera")
		if !who.Camera {
			stop.Enabled, stop.Why = false, p.Text.Say("why.nocamera")
		}
		if who.Sharing {
			item(DeedStopShare, "share", "deed.stopshare")
		}
		if who.Hand {
			item(DeedLowerHand, "hand", "deed.lowerhand")
		}
	}
	if s.Can.Remove {
		item(DeedRemove, "person-remove", "deed.remove").Danger = true
	}
}
