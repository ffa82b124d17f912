package uitest

import (
	"time"

	"conclave/app/core"
	"conclave/call"
)

// KioskScene is a screen of a classroom machine in one of its states.
type KioskScene struct {
	Name     string
	Snapshot core.Snapshot
	Help     bool // the help is open
}

func kiosk(change func(*core.Kiosk)) *core.Kiosk {
	k := &core.Kiosk{
		Room: "Room 204", At: -1, Help: "Call Jonas on 4711, or knock at room 12.",
		Rooms: []core.KioskRoom{
			{Name: "Mathematics 8b", Start: Noon().Add(55 * time.Minute), End: Noon().Add(100 * time.Minute)},
			{Name: "Norwegian 8b", Start: Noon().Add(26 * time.Hour), End: Noon().Add(27 * time.Hour)},
			{Name: "Assembly"},
		},
		Next: Noon().Add(55 * time.Minute),
	}
	if change != nil {
		change(k)
	}
	return k
}

// AtKiosk is a kiosk at rest.
func AtKiosk(change func(*core.Kiosk)) core.Snapshot {
	return core.Snapshot{
		Profile: core.Profile{Name: "Room 204, kiosk", Key: Key(0), Fingerprint: fingerprint(0), KeyPlace: core.KeyPlaceMemory},
		Kiosk:   kiosk(change), Can: core.Can{RaiseHand: true},
	}
}

// KioskIn is a kiosk in a meeting of so many people.
func KioskIn(people int, change func(*core.Kiosk)) core.Snapshot {
	s := AtKiosk(func(k *core.Kiosk) {
		k.At, k.Joining = 0, "Mathematics 8b"
		if change != nil {
			change(k)
		}
	})
	s.Meeting = InMeeting(people).Meeting
	s.Meeting.Link = ""
	s.Meeting.People[0].Name = "Room 204, kiosk"
	return s
}

func kioskPhase(p call.Phase) core.Snapshot {
	s := KioskIn(1, nil)
	s.Meeting.Phase = p
	return s
}

func kioskTrouble(code core.NoticeCode, trying bool) core.Snapshot {
	return AtKiosk(func(k *core.Kiosk) {
		k.At, k.Joining, k.Trouble, k.Trying, k.Retrying = 0, "Mathematics 8b", code, trying, Noon().Add(8*time.Second)
	})
}

// KioskScenes lists the screens of a kiosk.
func KioskScenes() []KioskScene {
	one := AtKiosk(func(k *core.Kiosk) {
		k.Rooms, k.Next = []core.KioskRoom{{Name: "Weekly assembly of the whole school"}}, time.Time{}
	})
	many := AtKiosk(func(k *core.Kiosk) {
		k.Rooms[0].Now = true
		for _, name := range []string{"Physics", "History", "English", "Staff", "Parents", "Library", "Music", "Arts", "Open door"} {
			k.Rooms = append(k.Rooms, core.KioskRoom{Name: name})
		}
	})
	lobby := kioskPhase(call.PhaseLobby)
	lobby.Meeting.Waiting.HostHere = true
	locked := AtKiosk(func(k *core.Kiosk) {
		k.Locked, k.Problem = true, `/etc/conclave/managed.json:14: the managed policy has an unknown key: "kiosk.auto_join"; did you mean "auto-join"?`
	})
	faulty := KioskIn(4, func(k *core.Kiosk) { k.Saving = true })
	faulty.Meeting.Camera = core.Toggle{Wanted: true, Fault: core.DeviceMissing}
	faulty.Meeting.Mic = core.Toggle{}
	back := KioskIn(3, nil)
	back.Meeting.Phase, back.Meeting.Retry = call.PhaseReconnecting, 2
	return []KioskScene{
		{"rooms", AtKiosk(nil), false},
		{"rooms-1", one, false},
		{"rooms-12", many, false},
		{"help", AtKiosk(nil), true},
		{"entering", AtKiosk(func(k *core.Kiosk) { k.At, k.Joining = 0, "Mathematics 8b" }), false},
		{"securing", kioskPhase(call.PhaseSecuring), false},
		{"lobby", lobby, false},
		{"meeting-1", KioskIn(1, func(k *core.Kiosk) { k.Idle = 42 * time.Second }), false},
		{"meeting-4", faulty, false},
		{"meeting-9", KioskIn(9, nil), false},
		{"meeting-14", States(KioskIn(14, nil)), false},
		{"reconnecting", back, false},
		{"fork", Silenced(KioskIn(3, nil), core.SilenceFork), false},
		{"wiping", kioskPhase(call.PhaseLeaving), false},
		{"down", kioskTrouble(core.NoticeServiceDown, true), false},
		{"notyet", kioskTrouble(core.NoticeNoMeeting, true), false},
		{"pin", kioskTrouble(core.NoticePin, true), false},
		{"refused", kioskTrouble(core.NoticeRefused, false), false},
		{"locked", locked, false},
	}
}
