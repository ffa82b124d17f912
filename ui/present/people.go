package present

import (
	"conclave/app/core"
	"conclave/keys"
)

// Mark is a short statement about a person.
type Mark struct {
	Words string
	Icon  Icon
	Tone  Tone
}

// Person is a row of the people panel.
type Person struct {
	Key         keys.PublicKey
	Name        string
	Called      string // the bare name, for initials; "" before it came
	Marks       []Mark
	Fingerprint string
	MicOn       bool
	CameraOn    bool
	Hand        bool
	Speaking    bool
	CanRemove   bool
}

// Knocker is a row of the host's lobby panel.
type Knocker struct {
	Ticket      string
	Key         keys.PublicKey
	Name        string
	Called      string
	Marks       []Mark
	Fingerprint string
	Admitting   bool
}

// Name returns what to call a person: their own signed name, or that it has
// not come yet.
func (p Presenter) Name(who core.Person) string {
	name := who.Name
	if name == "" {
		name = p.Text.Say("person.unnamed")
	}
	if who.Self {
		return p.Text.Say("person.you", "name", name)
	}
	return name
}

// Verification returns the mark of a verification class.
func (p Presenter) Verification(v core.Verification) Mark {
	switch v {
	case core.Unverified:
		return Mark{p.Text.Say("verification.unverified"), "question", Caution}
	case core.VerifiedEmail:
		return Mark{p.Text.Say("verification.email"), "check", OK}
	case core.VerifiedPhone:
		return Mark{p.Text.Say("verification.phone"), "check", OK}
	case core.VerifiedOrganisation:
		return Mark{p.Text.Say("verification.organisation"), "check", OK}
	case core.VerifiedSeat:
		return Mark{p.Text.Say("verification.seat"), "check", OK}
	case core.VerifiedVoucher:
		return Mark{p.Text.Say("verification.voucher"), "check", OK}
	}
	return Mark{p.Text.Say("verification.unverified"), "question", Caution}
}

// Trust returns the mark of what this device knows of a key.
func (p Presenter) Trust(t core.Trust) Mark {
	switch t {
	case core.TrustUnknown:
		return Mark{p.Text.Say("trust.new"), "", Neutral}
	case core.TrustMet:
		return Mark{p.Text.Say("trust.met"), "", Info}
	case core.TrustCompared:
		return Mark{p.Text.Say("trust.compared"), "shield-check", OK}
	case core.TrustChanged:
		return Mark{p.Text.Say("trust.changed"), "warning", Alarm}
	}
	return Mark{p.Text.Say("trust.new"), "", Neutral}
}

// People lists the holders of the key, hands first, then in the core's order.
func (p Presenter) People(s core.Snapshot) []Person {
	m := s.Meeting
	rows := make([]Person, 0, len(m.People))
	for _, hand := range []bool{true, false} {
		for _, who := range m.People {
			if who.Hand == hand {
				rows = append(rows, p.person(who, s.Can.Remove))
			}
		}
	}
	return rows
}

func (p Presenter) person(who core.Person, canRemove bool) Person {
	row := Person{
		Key: who.Key, Name: p.Name(who), Called: who.Name, Fingerprint: who.Fingerprint, MicOn: who.Mic, CameraOn: who.Camera,
		Hand: who.Hand, Speaking: who.Speaking, CanRemove: canRemove && !who.Self,
	}
	if who.Host {
		row.Marks = append(row.Marks, Mark{p.Text.Say("person.host"), "star", Info})
	}
	row.Marks = append(row.Marks, p.Verification(who.Verification))
	if !who.Self {
		row.Marks = append(row.Marks, p.Trust(who.Trust))
	}
	if !who.Connected && !who.Self {
		row.Marks = append(row.Marks, Mark{p.Text.Say("person.away"), "signal-weak", Neutral})
	}
	return row
}

// Knockers lists who waits, oldest first.
func (p Presenter) Knockers(m *core.Meeting) []Knocker {
	rows := make([]Knocker, 0, len(m.Lobby))
	for _, k := range m.Lobby {
		name := k.Name
		if name == "" {
			name = p.Text.Say("person.unnamed")
		}
		rows = append(rows, Knocker{
			Ticket: k.Ticket, Key: k.Key, Name: name, Called: k.Name, Fingerprint: k.Fingerprint, Admitting: k.Admitting,
			Marks: []Mark{p.Verification(k.Verification), p.Trust(k.Trust)},
		})
	}
	return rows
}

// Tile is one person on the stage.
type Tile struct {
	Key            keys.PublicKey
	Stream         core.Stream
	Name           string
	Called         string // the bare name, for initials
	Live           bool   // show the picture
	Caption        string // what is shown until there is a picture, or instead of one
	CaptionIcon    Icon
	CaptionTone    Tone
	Host           bool
	Unverified     bool // the mark at the name
	Changed        bool // known under this name with another key
	Compared       bool
	MicOff         bool
	Hand, Speaking bool
	Weak           bool
	Self           bool
}

// Tiles lists the stage: shared screens first, then people in the core's
// order, self last as soon as there are others.
func (p Presenter) Tiles(s core.Snapshot) []Tile {
	m := s.Meeting
	var shares, others, self []Tile
	for _, who := range m.People {
		if who.Sharing {
			shares = append(shares, p.share(who))
		}
		if who.Self {
			self = append(self, p.ownTile(who, m))
		} else {
			others = append(others, p.tile(who))
		}
	}
	return append(append(shares, others...), self...)
}

func (p Presenter) share(who core.Person) Tile {
	return Tile{Key: who.Key, Stream: core.StreamScreen, Called: who.Name, Name: p.Text.Say("tile.share", "name", p.Name(who)), Live: true, Self: who.Self}
}

func (p Presenter) base(who core.Person) Tile {
	return Tile{
		Key: who.Key, Name: p.Name(who), Called: who.Name, Host: who.Host, Self: who.Self, Hand: who.Hand, Speaking: who.Speaking, MicOff: !who.Mic,
		Unverified: who.Verification == core.Unverified, Changed: who.Trust == core.TrustChanged, Compared: who.Trust == core.TrustCompared,
	}
}

func (p Presenter) tile(who core.Person) Tile {
	t := p.base(who)
	state := who.Tile
	if !who.Camera && state == core.TileLive {
		state = core.TileCameraOff
	}
	switch state {
	case core.TileConnecting:
		t.Caption, t.CaptionIcon = p.Text.Say("tile.connecting"), "clock"
	case core.TileLive: // the words are shown until the first picture is there
		t.Live, t.Caption, t.CaptionIcon = true, p.Text.Say("tile.connecting"), "clock"
	case core.TileCameraOff:
		t.Caption, t.CaptionIcon = p.Text.Say("tile.camera-off"), "camera-off"
	case core.TileWaitingForKey:
		t.Caption, t.CaptionIcon = p.Text.Say("tile.waiting-for-a-key"), "key"
		if who.Name != "" {
			t.Caption = p.Text.Say("tile.waiting-for-key", "name", who.Name)
		}
	case core.TileCannotDecrypt:
		t.Caption, t.CaptionIcon, t.CaptionTone = p.Text.Say("tile.cannot-decrypt"), "shield-alert", Alarm
	case core.TileWeak:
		t.Live, t.Weak = true, true
		t.Caption, t.CaptionIcon, t.CaptionTone = p.Text.Say("tile.weak"), "signal-weak", Caution
	}
	return t
}

func (p Presenter) ownTile(who core.Person, m *core.Meeting) Tile {
	t := p.base(who)
	t.MicOff = !m.Mic.On
	if m.Camera.On && who.Tile == core.TileLive {
		t.Live, t.Caption, t.CaptionIcon = true, p.Text.Say("tile.camera-starting"), "clock"
		return t
	}
	if m.Camera.Wanted && m.Camera.Fault != core.DeviceFine {
		t.Caption, t.CaptionIcon, t.CaptionTone = p.Text.Say(faultKey("camera", m.Camera.Fault)), "camera-off", Caution
		return t
	}
	if m.Camera.On {
		t.Caption, t.CaptionIcon = p.Text.Say("tile.camera-starting"), "clock"
		return t
	}
	t.Caption, t.CaptionIcon = p.Text.Say("tile.own-camera-off"), "camera-off"
	return t
}

func faultKey(device string, f core.DeviceFault) string {
	switch f {
	case core.DeviceFine:
		return "fault." + device + ".fine"
	case core.DeviceMissing:
		return "fault." + device + ".missing"
	case core.DeviceBusy:
		return "fault." + device + ".busy"
	case core.DeviceBroken:
		return "fault." + device + ".broken"
	}
	return "fault." + device + ".broken"
}

// Fault says what is wrong with a camera, microphone or speaker.
func (p Presenter) Fault(device string, f core.DeviceFault) string {
	return p.Text.Say(faultKey(device, f))
}
