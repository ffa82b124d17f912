package present

import (
	"cmp"
	"math"
	"slices"

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
	Proof       []Line // everything known of who they are, for the details
	MicOn       bool
	CameraOn    bool
	Hand        bool
	Speaking    bool
	CanRemove   bool
	CanLetSpeak bool // silent by the rules or by the host, who can change it for them
	Turn        int  // to speak, from 1; 0 while the hand is down
	Muted       bool // by the host
}

// Knocker is a row of the host's lobby panel.
type Knocker struct {
	Ticket      string
	Key         keys.PublicKey
	Name        string
	Called      string
	Marks       []Mark
	Fingerprint string
	Proof       []Line
	Admitting   bool
	Refusal     string // why they cannot be let in; "" when they can
	Verified    bool   // let in by "admit all verified"
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
		return p.ClassMark(keys.ClassGuest, "")
	case core.VerifiedEmail:
		return p.ClassMark(keys.ClassEmail, "")
	case core.VerifiedPhone:
		return p.ClassMark(keys.ClassPhone, "")
	case core.VerifiedOrganisation:
		return p.ClassMark(keys.ClassOrganisation, "")
	case core.VerifiedSeat:
		return p.ClassMark(keys.ClassSeat, "")
	case core.VerifiedVoucher:
		return p.ClassMark(keys.ClassVoucher, "")
	}
	return p.ClassMark(keys.ClassGuest, "")
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

// Hands puts the raised hands in the order in which they were first seen.
func Hands(before []keys.PublicKey, m *core.Meeting) []keys.PublicKey {
	if m == nil {
		return nil
	}
	up := map[keys.PublicKey]bool{}
	for _, who := range m.People {
		up[who.Key] = who.Hand
	}
	after := []keys.PublicKey{}
	for _, k := range before {
		if up[k] {
			after = append(after, k)
		}
	}
	for _, who := range m.People {
		if who.Hand && !slices.Contains(after, who.Key) {
			after = append(after, who.Key)
		}
	}
	return after
}

// turn is when it is a person's turn to speak, from 1; 0 while their hand is
// down.
func (p Presenter) turn(who core.Person) int {
	if !who.Hand {
		return 0
	}
	if i := slices.Index(p.Hands, who.Key); i >= 0 {
		return i + 1
	}
	return len(p.Hands) + 1
}

// last puts who has no turn behind everybody who has one.
func last(turn int) int {
	if turn == 0 {
		return math.MaxInt
	}
	return turn
}

// People lists the holders of the key, hands first in their order, then in the
// core's order.
func (p Presenter) People(s core.Snapshot) []Person {
	m := s.Meeting
	rows := make([]Person, 0, len(m.People))
	for _, who := range m.People {
		row := p.person(who, s.Can.Remove)
		row.CanLetSpeak = s.Can.Mute && !who.Self && !who.Mic && (who.Muted || !m.Rules.Unmute)
		rows = append(rows, row)
	}
	slices.SortStableFunc(rows, func(a, b Person) int { return cmp.Compare(last(a.Turn), last(b.Turn)) })
	return rows
}

func (p Presenter) person(who core.Person, canRemove bool) Person {
	row := Person{
		Key: who.Key, Name: p.Name(who), Called: who.Name, Fingerprint: who.Fingerprint, MicOn: who.Mic, CameraOn: who.Camera,
		Hand: who.Hand, Speaking: who.Speaking, CanRemove: canRemove && !who.Self, Turn: p.turn(who), Muted: who.Muted,
	}
	if who.Muted {
		row.Marks = append(row.Marks, Mark{p.Text.Say("person.muted"), "mic-off", Caution})
	}
	if who.Host {
		row.Marks = append(row.Marks, Mark{p.Text.Say("person.host"), "star", Info})
	}
	f := proofOf(who)
	row.Marks, row.Proof = append(row.Marks, p.proofMarks(f)...), p.proof(f)
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
		f := proofOfKnocker(k)
		row := Knocker{
			Ticket: k.Ticket, Key: k.Key, Name: name, Called: k.Name, Fingerprint: k.Fingerprint, Admitting: k.Admitting,
			Marks: p.proofMarks(f), Proof: p.proof(f), Verified: verifiedClass(k.Verification) && k.Refusal == nil && !k.Admitting,
		}
		if k.Refusal != nil {
			row.Refusal = k.Refusal.Reason
			if row.Refusal == "" {
				row.Refusal = p.Text.Say("people.refused")
			}
		}
		rows = append(rows, row)
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
	Unverified     bool // the mark at the name: nobody stood up for them
	Verified       bool // somebody did
	Imitates       bool // the name looks like somebody else's here
	Changed        bool // known under this name with another key
	Compared       bool
	MicOff         bool
	Hand, Speaking bool
	Weak           bool
	Self           bool
	Muted          bool // by the host
	Quality        int  // of the network, 1 (bad) to 4; 0 is unknown
	Reaction       Icon // "" for none
	Turn           int  // to speak, from 1; 0 while the hand is down
}

// Tiles lists the stage: shared screens first, then people in the core's
// order, self last as soon as there are others.
func (p Presenter) Tiles(s core.Snapshot) []Tile {
	m := s.Meeting
	var shares, others, self []Tile
	for _, who := range m.People {
		if who.Sharing && !who.Self { // one's own screen is before one's eyes already
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
	return Tile{Key: who.Key, Stream: core.StreamScreen, Called: who.Name, Name: p.Text.Say("tile.share", "name", p.Name(who)), Live: true, Caption: p.Text.Say("tile.share.starting"), CaptionIcon: "share"}
}

func (p Presenter) base(who core.Person) Tile {
	return Tile{
		Key: who.Key, Name: p.Name(who), Called: who.Name, Host: who.Host, Self: who.Self, Hand: who.Hand, Speaking: who.Speaking, MicOff: !who.Mic,
		Unverified: !verifiedClass(who.Verification), Verified: verifiedClass(who.Verification), Imitates: who.Imitates != "", Changed: who.Trust == core.TrustChanged, Compared: who.Trust == core.TrustCompared,
		Turn: p.turn(who), Muted: who.Muted, Quality: max(0, min(who.Quality, 4)), Reaction: reactionIcon(who.Reaction),
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
