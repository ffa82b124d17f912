package core

import (
	"time"

	"conclave/call"
)

// roomState is where a room stands. The zero time of retry says that there is no
// trouble.
type roomState struct {
	at      int // the room that is entered or to be entered; -1 is none
	byHand  bool
	since   time.Time // it was entered
	company time.Time // somebody else was there, or it was entered
	leaving time.Time // somebody asked to leave
	why     NoticeCode
	retry   time.Time
	tries   int
	last    bool // the try after retry is not one: it is over then
	fresh   bool // what the core shows is of the last try, not of the one before
	over    bool
}

// pauses are those between tries; the last one stays. A service that restarts is
// back within seconds, and one that is down for the night is not asked more than
// twice a minute.
var pauses = []time.Duration{2 * time.Second, 4 * time.Second, 8 * time.Second, 15 * time.Second, 30 * time.Second}

const (
	// farewell is how long a refusal stays on the screen before all is wiped.
	farewell = 15 * time.Second
	// slowPause is for what only an administrator can mend, or a host who has not
	// begun.
	slowPause = 20 * time.Second
	// leaveLimit is how long saying goodbye may take.
	leaveLimit = 4 * time.Second
	// joinLimit is how long the core may take to begin a meeting at all.
	joinLimit = 15 * time.Second
	// staleLimit is how long the end of the try before is taken for that.
	staleLimit = 2 * time.Second
)

// ending says what the end of a meeting means to a room that wants to be in it.
type roomEnding struct {
	why   NoticeCode
	pause time.Duration // to the next try; 0 grows with the tries
	last  bool          // no next try: the host has spoken
	over  bool          // nothing went wrong
}

func roomEndingOf(r call.EndReason) roomEnding {
	switch r {
	case call.EndNone, call.EndLeft, call.EndForAll:
		return roomEnding{over: true}
	case call.EndRemoved, call.EndRefused:
		return roomEnding{why: NoticeRefused, pause: farewell, last: true}
	case call.EndNotFound:
		return roomEnding{why: NoticeNoMeeting, pause: slowPause}
	case call.EndLocked:
		return roomEnding{why: NoticeLocked, pause: slowPause}
	case call.EndFull:
		return roomEnding{why: NoticeFull, pause: slowPause}
	case call.EndPasscode:
		return roomEnding{why: NoticeWrongPasscode, pause: slowPause}
	case call.EndPinMismatch:
		return roomEnding{why: NoticePin, pause: slowPause}
	case call.EndVersion:
		return roomEnding{why: NoticeVersion, pause: slowPause}
	case call.EndRelabelled:
		return roomEnding{why: NoticeRelabelled, pause: slowPause}
	case call.EndServiceExpired:
		return roomEnding{why: NoticeNoMeeting, pause: slowPause}
	case call.EndTooFast:
		return roomEnding{why: NoticeTooFast, pause: slowPause}
	case call.EndUnreachable:
		return roomEnding{why: NoticeServiceDown}
	case call.EndLost:
		return roomEnding{why: NoticeServiceGone}
	case call.EndBroken:
		return roomEnding{why: NoticeInternal}
	}
	return roomEnding{why: NoticeInternal}
}

// choose is somebody's touch: a room, or "try now".
func (r *Room) choose(room int) {
	s := &r.state
	if room < 0 || room >= len(r.cfg.Rooms) || s.over {
		return
	}
	switch {
	case s.at < 0:
		r.enter(room, true)
	case s.at == room && !s.retry.IsZero() && !s.last:
		s.byHand, s.company = true, r.cfg.Core.Now()
		s.retry = r.cfg.Core.Now()
	}
}

func (r *Room) enter(room int, byHand bool) {
	now := r.cfg.Core.Now()
	r.state = roomState{at: room, byHand: byHand, since: now, company: now}
	r.join()
}

func (r *Room) join() {
	p := r.cfg.Rooms[r.state.at]
	r.state.fresh = r.core.Latest().Meeting == nil
	if !r.state.fresh {
		r.core.Send(CloseMeeting{})
	}
	r.state.why, r.state.retry, r.state.since = NoticeNone, time.Time{}, r.cfg.Core.Now()
	r.core.Send(JoinMeeting{Link: p.Link, Passcode: p.Passcode})
}

// leave is somebody's wish, or the clock's.
func (r *Room) leave() {
	s := &r.state
	if s.at < 0 || s.over {
		return
	}
	if s.leaving.IsZero() {
		s.leaving = r.cfg.Core.Now()
	}
	m := r.core.Latest().Meeting
	if !s.retry.IsZero() || m == nil || m.Phase == call.PhaseEnded {
		r.finish()
		return
	}
	r.core.Send(LeaveMeeting{})
}

// finish asks to be wiped. A time that is still running is not entered again by
// itself: somebody has ended it.
func (r *Room) finish() {
	s := &r.state
	if s.over {
		return
	}
	s.over = true
	end := RoomEnd{Room: s.at}
	if t, ok := current(r.cfg.Rooms[s.at].Times, r.cfg.Core.Now()); ok {
		end.Until = t.End
	}
	if r.cfg.Over != nil {
		r.cfg.Over(end)
	}
}

// step does what is due.
func (r *Room) step() {
	s, now := &r.state, r.cfg.Core.Now()
	switch {
	case s.over:
	case s.at < 0:
		r.begin(now)
	case !s.leaving.IsZero():
		if m := r.core.Latest().Meeting; m == nil || m.Phase == call.PhaseEnded || now.Sub(s.leaving) >= leaveLimit {
			r.finish()
		}
	case !s.retry.IsZero():
		r.again(now)
	default:
		r.watch(now)
	}
}

// begin enters what is due by schedule.
func (r *Room) begin(now time.Time) {
	if !r.cfg.AutoJoin {
		return
	}
	for i, p := range r.cfg.Rooms {
		if _, ok := current(p.Times, now); ok && !now.Before(r.cfg.Hold[i]) {
			r.enter(i, false)
			return
		}
	}
}

// again tries anew, or gives up where nobody is waited for any more.
func (r *Room) again(now time.Time) {
	s := &r.state
	switch {
	case s.last && !now.Before(s.retry), r.alone(now):
		r.finish()
	case !now.Before(s.retry):
		r.join()
	}
}

// watch looks at the meeting that is being entered or is on.
func (r *Room) watch(now time.Time) {
	s := &r.state
	snap := r.core.Latest()
	m := snap.Meeting
	s.fresh = s.fresh || m == nil || m.Phase != call.PhaseEnded || now.Sub(s.since) > staleLimit
	switch {
	case !s.fresh:
		return
	case m == nil && snap.Account.Refused != nil:
		r.trouble(now, roomEnding{why: NoticeRefused, pause: slowPause})
		return
	case m == nil:
		if now.Sub(s.since) > joinLimit {
			r.trouble(now, roomEnding{why: NoticeInternal})
		}
		return
	case m.Phase == call.PhaseEnded:
		if e := roomEndingOf(m.End); e.over {
			r.finish()
		} else {
			r.trouble(now, e)
		}
		return
	case m.Phase == call.PhaseInMeeting:
		s.tries = 0
		for _, p := range m.People {
			if !p.Self && p.Connected {
				s.company = now
			}
		}
	}
	if r.alone(now) {
		r.leave()
	}
}

// alone reports that nobody else has been there for long, and that no time of the
// schedule runs in which somebody is expected.
func (r *Room) alone(now time.Time) bool {
	_, running := current(r.cfg.Rooms[r.state.at].Times, now)
	return now.Sub(r.state.company) >= r.cfg.Idle && !(running && r.cfg.AutoJoin)
}

func (r *Room) trouble(now time.Time, e roomEnding) {
	s := &r.state
	pause := e.pause
	if pause == 0 {
		pause = pauses[min(s.tries, len(pauses)-1)]
		s.tries++
	}
	if !e.last {
		pause = r.cfg.Spread(pause)
	}
	s.why, s.retry, s.last = e.why, now.Add(pause), e.last
}
