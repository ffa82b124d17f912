package present

import (
	"conclave/app/core"
	"conclave/call"
	"conclave/keys"
)

// Badge is the statement about encryption that every meeting shows.
type Badge struct {
	Words string
	Icon  Icon
	Tone  Tone
}

// Fact is one line of what lies behind the badge.
type Fact struct {
	Icon         Icon
	Tone         Tone
	Title, Words string
}

// Badge computes the badge from facts alone. Green needs a code that was
// compared and found the same, for the line-up as it is.
func (p Presenter) Badge(m *core.Meeting) Badge {
	say := p.Text.Say
	if m.Silence == core.SilenceDiffers || m.Code.Compared == core.CodeDiffers || m.Badge.Compared == core.CodeDiffers {
		return Badge{say("badge.differs"), "shield-alert", Alarm}
	}
	if alarming(m.Silence) || m.Badge.Strangers > 0 {
		return Badge{say("badge.alarm"), "shield-alert", Alarm}
	}
	if m.Mode == keys.ModeTransport {
		return Badge{say("badge.transport"), "shield-off", Caution}
	}
	if m.Phase == call.PhaseReconnecting || m.Silence == core.SilenceOffline {
		return Badge{say("badge.offline"), "shield", Neutral}
	}
	if m.Mode != keys.ModeE2EE || !m.Badge.EndToEnd {
		return Badge{say("badge.securing"), "shield", Neutral}
	}
	if m.Badge.Of <= 1 && len(m.People) <= 1 {
		return Badge{say("badge.alone"), "shield-lock", Info}
	}
	verified := p.Text.Say("badge.verified", "n", m.Badge.Verified, "of", m.Badge.Of)
	switch m.Badge.Compared {
	case core.CodeMatches:
		return Badge{say("badge.compared", "verified", verified), "shield-check", OK}
	case core.CodeStale:
		return Badge{say("badge.stale", "verified", verified), "shield-lock", Caution}
	case core.CodeNotCompared, core.CodeDiffers:
	}
	return Badge{say("badge.e2ee", "verified", verified), "shield-lock", Info}
}

func alarming(c core.SilenceCause) bool {
	switch c {
	case core.SilenceNone, core.SilenceSecuring, core.SilenceOffline:
		return false
	case core.SilenceStranger, core.SilenceFork, core.SilenceForged, core.SilenceForbidden, core.SilenceUnheard, core.SilenceDiffers:
		return true
	}
	return true
}

// Facts lists what the badge was computed from, and what it does not cover.
func (p Presenter) Facts(m *core.Meeting) []Fact {
	say := p.Text.Say
	if m.Mode == keys.ModeTransport {
		return append([]Fact{
			{"shield-off", Caution, say("fact.transport.title"), say("fact.transport.words")},
			{"eye", Caution, say("fact.operator.title"), say("fact.operator.words")},
			p.verifiedFact(m),
		}, p.peopleFacts(m)...)
	}
	facts := []Fact{{"shield-lock", Info, say("fact.e2ee.title"), say("fact.e2ee.words")}}
	if !m.Badge.EndToEnd {
		facts[0] = Fact{"shield", Neutral, say("fact.notready.title"), say("fact.notready.words")}
	}
	facts = append(facts, p.verifiedFact(m))
	facts = append(append(facts, p.peopleFacts(m)...), p.comparedFact(m))
	if m.Badge.Strangers > 0 {
		facts = append(facts, Fact{"shield-alert", Alarm, p.Text.Count("fact.strangers.title", m.Badge.Strangers), say("fact.strangers.words")})
	} else {
		facts = append(facts, Fact{"eye", Info, say("fact.nostrangers.title"), say("fact.nostrangers.words")})
	}
	if m.Badge.PostQuantum {
		facts = append(facts, Fact{"key", Info, say("fact.pq.title"), say("fact.pq.words", "suite", m.Badge.Suite)})
	} else {
		facts = append(facts, Fact{"key", Neutral, say("fact.nopq.title"), say("fact.nopq.words", "suite", m.Badge.Suite)})
	}
	if m.Badge.LogChecked {
		return append(facts, Fact{"check", Info, say("fact.log.title"), say("fact.log.words")})
	}
	return append(facts, Fact{"info", Neutral, say("fact.nolog.title"), say("fact.nolog.words")})
}

func (p Presenter) verifiedFact(m *core.Meeting) Fact {
	tone, icon := Neutral, Icon("question")
	if m.Badge.Of > 0 && m.Badge.Verified == m.Badge.Of {
		tone, icon = OK, "check"
	}
	return Fact{icon, tone, p.Text.Say("fact.verified.title", "n", m.Badge.Verified, "of", m.Badge.Of), p.Text.Say("fact.verified.words")}
}

// peopleFacts are what a host demands of people, and what is odd about them.
func (p Presenter) peopleFacts(m *core.Meeting) []Fact {
	var out []Fact
	say := p.Text.Say
	if m.Demand.Organisation != "" {
		out = append(out, Fact{"building", Info, say("fact.organisation.title", "domain", m.Demand.Organisation), say("fact.demand.words")})
	} else if m.Demand.Verified {
		out = append(out, Fact{"lock", Info, say("fact.demand.title"), say("fact.demand.words")})
	}
	for _, who := range m.People {
		if who.Imitates != "" && !who.Self {
			return append(out, Fact{"warning", Alarm, say("fact.imitates.title"), say("fact.imitates.words")})
		}
	}
	return out
}

func (p Presenter) comparedFact(m *core.Meeting) Fact {
	say := p.Text.Say
	switch m.Badge.Compared {
	case core.CodeNotCompared:
		return Fact{"qr", Neutral, say("fact.notcompared.title"), say("fact.notcompared.words")}
	case core.CodeMatches:
		return Fact{"shield-check", OK, say("fact.compared.title"), say("fact.compared.words")}
	case core.CodeStale:
		return Fact{"refresh", Caution, say("fact.stale.title"), say("fact.stale.words")}
	case core.CodeDiffers:
		return Fact{"shield-alert", Alarm, say("fact.differs.title"), say("fact.differs.words")}
	}
	return Fact{"qr", Neutral, say("fact.notcompared.title"), say("fact.notcompared.words")}
}
