package call

import "time"

func (m *machine) fired(t Timer) {
	switch t {
	case TimerDial:
		if m.Link == LinkDialing || m.Link == LinkResuming || m.Entry != 0 {
			m.linkFailed(LinkFailed{Why: EndUnreachable})
		}
	case TimerRetry:
		if m.Link == LinkResuming {
			m.do(Dial{})
			m.arm(TimerDial, DialLimit)
		}
	case TimerSwitch:
		m.switchNow()
	case TimerCommit:
		m.planCommit(true)
	case TimerHeartbeat:
		m.heartbeat()
	case TimerStranger:
		if m.Strangers > 0 && !m.Alarmed {
			m.Alarmed = true
			m.do(Tell{Notice: NoticeStranger})
		}
	case TimerSecure:
		if m.Seat == SeatEntering {
			m.finish(EndBroken)
		}
	case TimerReaction:
		m.fade()
	case TimerLeave, timerCount:
	}
}

// heartbeat says one, checks for those of the others, and heals the keys when
// that is due.
func (m *machine) heartbeat() {
	m.arm(TimerHeartbeat, HeartbeatEvery)
	if m.Seat != SeatSeated || m.Keys == KeysBroken || m.Keys == KeysJoining {
		return
	}
	alone := len(m.People) <= 1
	if alone {
		m.HeardAny = m.now
	} else {
		m.say(Heartbeat{Roster: m.Roster, At: m.now, Seen: m.Seen, History: m.history(m.Seen), Heeds: m.Rule.Sequence})
		m.remind()
		m.missPassports()
	}
	silent := m.now.Sub(m.HeardAny)
	if silent > HeartbeatsWarn*HeartbeatEvery && !m.Warned {
		m.Warned = true
		m.do(Tell{Notice: NoticeUnheard})
	}
	if silent > HeartbeatsStop*HeartbeatEvery && m.Fault == FaultNone {
		m.Fault = FaultUnheard
	}
	heal := m.now.Sub(m.Healed) >= UpdateEvery && !alone && m.rank() == 0
	if (heal || m.shouldFill() || m.shouldRenew()) && m.Committing == 0 && m.Link == LinkUp {
		m.commit(m.admitted(), nil)
	}
}

// shouldFill: in a larger group each member commits once soon after entering,
// one after the other by leaf, so that the tree has keys at its inner nodes.
// While it has none, a commit is sealed to every member apart: at 200 of them
// and with post-quantum keys, 249 kB instead of 25.
func (m *machine) shouldFill() bool {
	self, in := m.Person(m.Self)
	turn := HeartbeatEvery * time.Duration(1+self.Leaf%FillTurns)
	return in && !m.Filled && len(m.People) >= FillFrom && m.now.Sub(m.Since) >= turn
}

// shouldRenew: the own passport is not the credential in the own leaf. It was
// renewed, or came after the meeting was made.
func (m *machine) shouldRenew() bool {
	self, in := m.Person(m.Self)
	return in && len(m.People) > 1 && self.Passport != m.Mine.Passport
}

func (m *machine) strangersSeen(n int) {
	switch {
	case n == 0:
		m.Strangers, m.Alarmed = 0, false
		m.disarm(TimerStranger)
	case m.Strangers == 0:
		m.Strangers = n
		m.arm(TimerStranger, StrangerGrace)
	default:
		m.Strangers = n
	}
}
