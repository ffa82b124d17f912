package core

import (
	"image"
	"sync/atomic"
	"time"

	"conclave/call"
	"conclave/keys"
)

// RoomTime is a time of the week at which a room meets, in the machine's zone.
type RoomTime struct {
	Days   []time.Weekday
	Start  time.Duration // after midnight, as a clock on the wall shows it
	Length time.Duration
}

// slot is one occurrence of a RoomTime.
type slot struct{ Start, End time.Time }

// on returns the occurrence that begins on the day of now plus days. The clock on
// the wall counts: on the day of a change of the clocks half past nine stays half
// past nine.
func (t RoomTime) on(now time.Time, days int) (slot, bool) {
	y, m, d := now.Date()
	start := time.Date(y, m, d+days, int(t.Start/time.Hour), int(t.Start%time.Hour/time.Minute), 0, 0, now.Location())
	for _, w := range t.Days {
		if w == time.Date(y, m, d+days, 12, 0, 0, 0, now.Location()).Weekday() {
			return slot{start, start.Add(t.Length)}, true
		}
	}
	return slot{}, false
}

// current is the occurrence that runs now; of several, the one that ends last.
func current(times []RoomTime, now time.Time) (found slot, ok bool) {
	for _, t := range times {
		for days := -1; days <= 0; days++ { // one that began yesterday may run past midnight
			s, is := t.on(now, days)
			if is && !now.Before(s.Start) && now.Before(s.End) && s.End.After(found.End) {
				found, ok = s, true
			}
		}
	}
	return found, ok
}

// upcoming is the next occurrence, within a week.
func upcoming(times []RoomTime, now time.Time) (found slot, ok bool) {
	for _, t := range times {
		for days := range 8 {
			if s, is := t.on(now, days); is && s.Start.After(now) && (!ok || s.Start.Before(found.Start)) {
				found, ok = s, true
			}
		}
	}
	return found, ok
}

func (r *Room) kiosk() Kiosk {
	now, s := r.cfg.Core.Now(), r.state
	k := Kiosk{
		Room: r.cfg.Room, At: s.at, Saving: r.saving.Load(), Help: r.cfg.Help, Trouble: s.why, Retrying: s.retry,
		Trying: !s.last && s.why != NoticeNone,
	}
	for _, p := range r.cfg.Rooms {
		room := KioskRoom{Name: p.Name}
		if t, ok := current(p.Times, now); ok {
			room.Now, room.Start, room.End = true, t.Start, t.End
		} else if t, ok := upcoming(p.Times, now); ok {
			room.Start, room.End = t.Start, t.End
			if r.cfg.AutoJoin && (k.Next.IsZero() || t.Start.Before(k.Next)) {
				k.Next = t.Start
			}
		}
		k.Rooms = append(k.Rooms, room)
	}
	if s.at >= 0 {
		k.Joining = r.cfg.Rooms[s.at].Name
		if left := s.company.Add(r.cfg.Idle).Sub(now).Round(time.Second); left > 0 && left <= time.Minute {
			if _, running := current(r.cfg.Rooms[s.at].Times, now); !running || !r.cfg.AutoJoin {
				k.Idle = left
			}
		}
	}
	return k
}

// view is what a limited user may see of the core's snapshot: built up from
// nothing, so that what is added to Snapshot stays out by default.
func (r *Room) view(s Snapshot, k Kiosk) Snapshot {
	v := Snapshot{
		Revision: r.revision,
		Profile:  s.Profile,
		Devices: Devices{
			CameraFault: s.Devices.CameraFault, MicrophoneFault: s.Devices.MicrophoneFault, SpeakerFault: s.Devices.SpeakerFault,
			Level: s.Devices.Level,
		},
		Kiosk: &k, Managed: r.cfg.Managed, Can: Can{RaiseHand: true},
		Update: Update{Version: s.Update.Version}, // to tell of it; a page to open is none of this screen's
	}
	if m := s.Meeting; m != nil && r.state.why == NoticeNone {
		v.Meeting = &Meeting{
			ID: m.ID, Phase: m.Phase, End: m.End, Mode: m.Mode, Since: m.Since, Waiting: m.Waiting, Rules: m.Rules,
			People: m.People, Code: m.Code, Badge: m.Badge, Mic: m.Mic, Camera: m.Camera,
			Sending: m.Sending, Silence: m.Silence, Retry: m.Retry,
		}
	}
	return v
}

func (r *Room) stage(s Snapshot) RoomStage {
	switch {
	case r.state.over:
		return RoomOver
	case r.state.at < 0:
		return RoomResting
	case r.state.why != NoticeNone:
		return RoomTrouble
	case s.Meeting == nil:
		return RoomEntering
	}
	switch s.Meeting.Phase {
	case call.PhaseLobby:
		return RoomWaiting
	case call.PhaseInMeeting:
		return RoomMeeting
	case call.PhaseReconnecting:
		return RoomBack
	case call.PhaseLeaving, call.PhaseEnded:
		return RoomOver
	case call.PhaseIdle, call.PhaseConnecting, call.PhaseSecuring:
	}
	return RoomEntering
}

// roomFrames asks for pictures of half the size while power is saved.
type roomFrames struct {
	Frames
	saving *atomic.Bool
}

// Want implements Frames.
func (f *roomFrames) Want(person keys.PublicKey, stream Stream, width, height int) {
	if f.saving.Load() {
		width, height = width/2, height/2
	}
	f.Frames.Want(person, stream, width, height)
}

// Latest implements Frames.
func (f *roomFrames) Latest(person keys.PublicKey, stream Stream) (*image.RGBA, uint64) {
	return f.Frames.Latest(person, stream)
}
