package uitest

import (
	"fmt"
	"strings"
	"time"

	"conclave/app/core"
	"conclave/call"
	"conclave/keys"
)

var names = [...]string{"Mira Solberg", "Jonas Weber", "Aïcha Diallo", "Tom Brandt", "Li Wei", "Ingrid Haugen-Møllerstad", "Sam", "Olga Petrova", "Bao Nguyen"}

// Key returns a fixed key for a number.
func Key(n int) keys.PublicKey {
	var k keys.PublicKey
	for i := range k {
		k[i] = byte(n*37 + i*11 + 3)
	}
	return k
}

func fingerprint(n int) string {
	groups := []string{}
	for i := range 8 {
		groups = append(groups, fmt.Sprintf("%04x", (n*7919+i*40503+257)&0xffff))
	}
	return strings.Join(groups, " ")
}

func digits(seed int) string {
	groups := []string{}
	for i := range 6 {
		groups = append(groups, fmt.Sprintf("%05d", (seed*48271+i*69621+12345)%100000))
	}
	return strings.Join(groups, " ")
}

// FirstStart is before a name was given.
func FirstStart() core.Snapshot {
	return core.Snapshot{
		Profile: core.Profile{Key: Key(0), Fingerprint: fingerprint(0), KeyPlace: core.KeyPlaceKeychain},
		Can:     core.Can{StartMeeting: true, JoinMeeting: true, ChooseService: true},
	}
}

// AtHome is the home screen of somebody who has started before.
func AtHome() core.Snapshot {
	return core.Snapshot{
		Revision: 1,
		Profile:  core.Profile{Name: names[0], Key: Key(0), Fingerprint: fingerprint(0), KeyPlace: core.KeyPlaceKeychain},
		Service:  core.Service{State: core.ServiceNone},
		Devices: core.Devices{
			Cameras:     []core.Device{{ID: "cam0", Label: "Integrated Camera"}, {ID: "cam1", Label: "Logitech BRIO Ultra HD Webcam 4K"}},
			Microphones: []core.Device{{ID: "mic0", Label: "Built-in Microphone"}},
			Speakers:    []core.Device{{ID: "spk0", Label: "Built-in Speakers"}, {ID: "spk1", Label: "Headset"}},
			Camera:      "cam1", Level: 0.4,
		},
		Can: core.Can{StartMeeting: true, JoinMeeting: true, ChooseService: true},
	}
}

// Somebody returns a person of a meeting; 0 is oneself.
func Somebody(n int) core.Person {
	p := core.Person{
		Key: Key(n), Name: names[n%len(names)], Fingerprint: fingerprint(n), SafetyNumber: digits(n + 100),
		Mic: true, Camera: true, Connected: true, Tile: core.TileLive, Trust: core.TrustUnknown,
	}
	if n == 0 {
		p.Self, p.SafetyNumber = true, ""
	}
	return p
}

// Waiting returns somebody in the lobby.
func Waiting(n int) core.Knocker {
	return core.Knocker{Ticket: fmt.Sprintf("t%d", n), Name: names[n%len(names)], Key: Key(n), Fingerprint: fingerprint(n), Since: Noon().Add(-time.Minute)}
}

// InMeeting is an end-to-end encrypted meeting of so many people, nobody
// verified and nothing compared yet. Number 1 hosts.
func InMeeting(people int) core.Snapshot {
	s := AtHome()
	s.Can = core.Can{ShareScreen: true, React: true, RaiseHand: true, Chat: true, Rename: true, Unmute: true}
	s.Devices.Screens = []core.Device{{ID: "screen1", Label: "Built-in screen"}}
	m := &core.Meeting{
		Rules: core.Rules{Chat: true, Share: true, Rename: true, Unmute: true},
		ID:    keys.MeetingID(Key(77)), Link: "https://meet.example.org/m/" + strings.Repeat("abcd2345", 6) + "abcd",
		Phase: call.PhaseInMeeting, Mode: keys.ModeE2EE, Since: Noon().Add(-12*time.Minute - 34*time.Second),
		Mic: core.Toggle{Wanted: true, On: true}, Camera: core.Toggle{Wanted: true, On: true}, Sending: true,
		Code: core.Code{
			Digits: digits(1), Epoch: uint64(people),
			Words: strings.Fields("amber violin harbor pepper tunnel walnut rocket meadow candle lemon oyster ribbon"),
		},
		Badge: core.Badge{EndToEnd: true, Of: people, Suite: "X25519, AES-128-GCM, Ed25519"},
	}
	for i := range people {
		m.People = append(m.People, Somebody(i))
	}
	if people > 1 {
		m.People[1].Host = true
	}
	s.Meeting = m
	return s
}

// Hosting makes oneself the host.
func Hosting(s core.Snapshot) core.Snapshot {
	s.Meeting.Host = true
	for i := range s.Meeting.People {
		s.Meeting.People[i].Host = i == 0
	}
	s.Can.Admit, s.Can.Remove, s.Can.Lock, s.Can.EndForAll, s.Can.Mute, s.Can.SetRules = true, true, true, true, true, true
	return s
}

// InLobby is waiting to be let in.
func InLobby() core.Snapshot {
	s := AtHome()
	s.Can = core.Can{}
	s.Meeting = &core.Meeting{Phase: call.PhaseLobby, Mode: keys.ModeE2EE, Link: "https://meet.example.org/m/x", Waiting: core.Waiting{Position: 2, HostHere: true}}
	return s
}

// Phase puts a meeting of one into a phase.
func Phase(p call.Phase) core.Snapshot {
	s := InMeeting(1)
	s.Meeting.Phase = p
	return s
}

// After is an ended meeting.
func After(reason call.EndReason) core.Snapshot {
	s := InMeeting(2)
	s.Meeting.Phase, s.Meeting.End = call.PhaseEnded, reason
	return s
}

// Chatting adds messages.
func Chatting(s core.Snapshot) core.Snapshot {
	at := Noon().Add(-5 * time.Minute)
	line := func(n int, words string, after time.Duration) core.ChatLine {
		return core.ChatLine{From: Key(n), Name: names[n], Self: n == 0, Text: words, At: at.Add(after)}
	}
	s.Meeting.Chat = []core.ChatLine{
		line(1, "Good morning! Can everybody hear me?", 0),
		line(1, "I have put the draft in the usual folder.", 40*time.Second),
		line(2, "Loud and clear.", 70*time.Second),
		line(0, "Yes. Shall we compare the code first? It takes half a minute and then we know that nobody sits in between.", 2*time.Minute),
		line(2, "Good idea", 3*time.Minute),
	}
	pending := line(0, "Reading it now", 4*time.Minute)
	pending.Pending = true
	s.Meeting.Chat = append(s.Meeting.Chat, pending)
	return s
}

// States gives every tile of a meeting another state.
func States(s core.Snapshot) core.Snapshot {
	states := []core.TileState{core.TileLive, core.TileLive, core.TileCameraOff, core.TileWaitingForKey, core.TileCannotDecrypt, core.TileWeak, core.TileConnecting}
	for i := range s.Meeting.People {
		p := &s.Meeting.People[i]
		p.Tile = states[i%len(states)]
		p.Camera = p.Tile != core.TileCameraOff
		p.Mic = i%3 != 2
		p.Speaking = i == 1
		p.Hand = i == 3
		p.Trust = core.Trust(i % 4)
	}
	return s
}

// Silenced stops sending for a cause.
func Silenced(s core.Snapshot, c core.SilenceCause) core.Snapshot {
	s.Meeting.Sending, s.Meeting.Silence = false, c
	return s
}

// Told adds a notice.
func Told(s core.Snapshot, n core.Notice) core.Snapshot {
	n.ID = uint64(len(s.Notices) + 1)
	s.Notices = append(append([]core.Notice(nil), s.Notices...), n)
	return s
}

// Judged gives the code a verdict.
func Judged(s core.Snapshot, v core.CodeVerdict) core.Snapshot {
	s.Meeting.Code.Compared, s.Meeting.Badge.Compared = v, v
	return s
}
