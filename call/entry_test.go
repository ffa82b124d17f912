package call

import (
	"testing"
	"time"

	"conclave/call/wire"
	"conclave/keys"
)

func TestJoinDials(t *testing.T) {
	p := newPlay(t, 1).do(Join{})
	want(t, "link", p.s.Link, LinkDialing)
	want(t, "phase", p.s.Phase(), PhaseConnecting)
	one[Dial](p)
	want(t, "dial limit", armed(p, TimerDial), DialLimit)
}

func TestCreateMakesTheGroupOnlyAfterTheServiceAgreed(t *testing.T) {
	p := newPlay(t, 0)
	p.do(Create{Sealed: p.seal, About: p.about, Name: p.name(0, "Anna")})
	none[CreateGroup](p)
	p.do(LinkReady{})
	want(t, "encoded", string(sent[wire.Create](p).Encoded), string(p.seal.Encoded))
	want(t, "seat", p.s.Seat, SeatEntering)
	p.answer("create")
	one[CreateGroup](p)
	p.do(epoch(0, 0, nil, nil, 0))
	want(t, "seat", p.s.Seat, SeatSeated)
	want(t, "keys", p.s.Keys, KeysReady)
	want(t, "phase", p.s.Phase(), PhaseInMeeting)
	want(t, "now", one[SwitchKeys](p).Now, true)
}

func TestKnockIsSealedOnlyForTheMeetingOfTheLink(t *testing.T) {
	p := newPlay(t, 1)
	p.do(Join{Meeting: p.about.ID(), Name: p.name(1, "Bob")}, LinkReady{})
	sent[wire.Look](p)
	other := p.about
	other.Mode = keys.ModeTransport
	relabelled := cast[0].SignDescriptor(other) // even if the host signed another one
	p.from(wire.Meeting{Encoded: relabelled.Encoded, Signature: relabelled.Signature})
	want(t, "end", p.s.End, EndRelabelled)
	none[SealKnock](p)
}

func TestKnockLeadsToLobbyThenSecuringThenMeeting(t *testing.T) {
	p := joining(t)
	want(t, "phase", p.s.Phase(), PhaseLobby)
	want(t, "sending", p.s.Sending(), false)
	p.from(wire.Waiting{Position: 3, HostHere: true})
	want(t, "position", p.s.Waiting, 3)
	p.from(wire.Joined{Welcome: []byte("w"), Sequence: 10})
	want(t, "phase", p.s.Phase(), PhaseSecuring)
	want(t, "sending", p.s.Sending(), false)
	want(t, "after", p.s.After, uint64(10))
	want(t, "limit", armed(p, TimerSecure), SecureLimit)
	one[JoinGroup](p)
	p.do(epoch(1, 0, nil, nil, 0, 1))
	want(t, "phase", p.s.Phase(), PhaseInMeeting)
	want(t, "sending", p.s.Sending(), true)
	want(t, "self first", p.s.People[0].Key, key(1))
	if got := saidPayloads(p); len(got) != 2 || got[0] != "call.Present" || got[1] != "call.Names" {
		t.Errorf("said %v, want presence and the own name", got)
	}
}

func TestEntryFailsWithItsReason(t *testing.T) {
	for code, end := range map[wire.Code]EndReason{
		wire.CodeNotFound: EndNotFound, wire.CodeLocked: EndLocked, wire.CodeFull: EndFull, wire.CodeBusy: EndFull,
		wire.CodeEnded: EndForAll, wire.CodeTooFast: EndTooFast, wire.CodeVersion: EndVersion,
		wire.CodeInternal: EndUnreachable, wire.CodeBadRequest: EndUnreachable,
	} {
		p := newPlay(t, 1)
		p.do(Join{Meeting: p.about.ID(), Name: p.name(1, "Bob")}, LinkReady{}).refused("look", code)
		want(t, string(code), p.s.End, end)
	}
	for reason, end := range map[wire.Reason]EndReason{
		wire.ReasonPasscode: EndPasscode, wire.ReasonLocked: EndLocked, wire.ReasonFull: EndFull,
		wire.ReasonEnded: EndForAll, wire.ReasonRefused: EndRefused,
	} {
		p := joining(t).from(wire.Refused{Reason: reason})
		want(t, string(reason), p.s.End, end)
		one[Wipe](p)
	}
}

func TestBadWelcomeEndsAtOnceAndIsTold(t *testing.T) {
	p := joining(t).from(wire.Joined{Welcome: []byte("w"), Sequence: 10}).do(KeyFault{FaultForged})
	want(t, "end", p.s.End, EndBroken)
	want(t, "notice", one[Tell](p).Notice, NoticeForged)
	one[Wipe](p)
}

func TestSecuringHasALimit(t *testing.T) {
	p := joining(t).from(wire.Joined{Welcome: []byte("w"), Sequence: 10}).fire(TimerSecure)
	want(t, "end", p.s.End, EndBroken)
}

// A service that takes the connection and says nothing must not hold the
// person for ever.
func TestUnansweredEntryIsTriedAgainAndGivenUp(t *testing.T) {
	p := newPlay(t, 1)
	p.do(Join{Meeting: p.about.ID()}, LinkReady{})
	want(t, "limit", armed(p, TimerDial), DialLimit)
	for range Retries {
		p.fire(TimerDial)
		want(t, "link", p.s.Link, LinkResuming)
		p.fire(TimerRetry).do(LinkReady{})
	}
	p.fire(TimerDial)
	want(t, "end", p.s.End, EndLost)
}

func TestAnsweredEntryNeedsNoLimit(t *testing.T) {
	p := joining(t)
	gen := p.s.timers[TimerDial]
	p.do(Fired{TimerDial, gen})
	want(t, "phase", p.s.Phase(), PhaseLobby)
}

func TestUnreachableServiceEndsTheFirstDial(t *testing.T) {
	p := newPlay(t, 1).do(Join{}, LinkFailed{})
	want(t, "end", p.s.End, EndUnreachable)
	p = newPlay(t, 1).do(Join{}, LinkFailed{Final: true, Why: EndPinMismatch})
	want(t, "end", p.s.End, EndPinMismatch)
	p = newPlay(t, 1).do(Join{}).fire(TimerDial)
	want(t, "end", p.s.End, EndUnreachable)
}

func TestLostLinkBacksOffAndGivesUp(t *testing.T) {
	p := seated(t).do(LinkFailed{})
	want(t, "phase", p.s.Phase(), PhaseReconnecting)
	want(t, "told", one[Tell](p).Notice, NoticeServiceGone)
	want(t, "media goes on", p.s.Sending(), true)
	var waits []time.Duration
	for range Retries - 1 {
		waits = append(waits, Backoff(p.s.Try))
		p.fire(TimerRetry)
		one[Dial](p)
		p.do(LinkFailed{})
		none[Tell](p)
	}
	for i := 1; i < len(waits); i++ {
		if waits[i] <= waits[i-1] {
			t.Errorf("back-off does not grow: %v", waits)
		}
	}
	p.fire(TimerRetry).do(LinkFailed{})
	want(t, "end", p.s.End, EndLost)
	one[Wipe](p)
}

// The dial limit of an attempt that failed early must not count as another
// failure while the back-off is longer than that limit.
func TestFailedAttemptDisarmsItsDialLimit(t *testing.T) {
	p := seated(t).do(LinkFailed{}).fire(TimerRetry)
	gen := p.s.timers[TimerDial]
	p.do(LinkFailed{})
	try := p.s.Try
	p.do(Fired{TimerDial, gen})
	want(t, "tries", p.s.Try, try)
}

func TestResumeAsksForWhatIsMissing(t *testing.T) {
	p := seated(t)
	p.from(wire.Said{Sequence: 11, Epoch: 1, Sender: key(0), Message: []byte("m")})
	p.do(LinkFailed{}).fire(TimerRetry).do(LinkReady{})
	want(t, "after", sent[wire.Resume](p).After, uint64(11))
	want(t, "tries are kept until it worked", p.s.Try, 1)
	p.answer("resume")
	want(t, "tries", p.s.Try, 0)
	want(t, "phase", p.s.Phase(), PhaseInMeeting)
}

func TestServiceThatForgotTheSeatIsKnockedAtAgain(t *testing.T) {
	p := seated(t).do(LinkFailed{}).fire(TimerRetry).do(LinkReady{}).refused("resume", wire.CodeNotSeated)
	want(t, "seat", p.s.Seat, SeatOut)
	one[Wipe](p)
	one[StopMedia](p)
	sent[wire.Look](p)
	want(t, "sending", p.s.Sending(), false)
	p.from(wire.Meeting{Encoded: p.seal.Encoded, Signature: p.seal.Signature})
	one[SealKnock](p)
}

func TestResumeOfAnEndedMeetingEnds(t *testing.T) {
	for code, end := range map[wire.Code]EndReason{wire.CodeNotFound: EndServiceExpired, wire.CodeEnded: EndForAll} {
		p := seated(t).do(LinkFailed{}).fire(TimerRetry).do(LinkReady{}).refused("resume", code)
		want(t, string(code), p.s.End, end)
	}
	p := hosting(t).do(LinkFailed{}).fire(TimerRetry).do(LinkReady{}).refused("resume", wire.CodeNotSeated)
	want(t, "a host cannot be let in", p.s.End, EndLost)
}

func TestLeaveSaysByeOnceThenStops(t *testing.T) {
	p := seated(t).do(Leave{})
	want(t, "bye", saidPayloads(p)[0], "call.Bye")
	sent[wire.Leave](p)
	one[StopMedia](p)
	want(t, "phase", p.s.Phase(), PhaseLeaving)
	want(t, "sending", p.s.Sending(), false)
	p.do(Leave{}, Chat{"x"}, Wish{Wants{Camera: true}})
	if len(p.did) != 0 {
		t.Errorf("leaving still does %s", show(p.did))
	}
	p.answer("leave")
	want(t, "end", p.s.End, EndLeft)
	one[Wipe](p)
}

func TestLeaveDoesNotWaitForAnAnswerThatWillNotCome(t *testing.T) {
	p := seated(t).do(Leave{}).fire(TimerLeave)
	want(t, "timer", p.s.End, EndLeft)
	p = seated(t).do(Leave{}, LinkFailed{})
	want(t, "link", p.s.End, EndLeft)
	p = seated(t).do(Leave{}).refused("leave", wire.CodeNotSeated)
	want(t, "refused", p.s.End, EndLeft)
	p = seated(t).do(LinkFailed{}, Leave{})
	want(t, "offline", p.s.End, EndLeft)
	p = newPlay(t, 1).do(Join{}, Leave{})
	want(t, "dialling", p.s.End, EndLeft)
}

func TestLeaveDuringRekeyWipesKeys(t *testing.T) {
	p := seated(t, 2).do(epoch(2, 0, []int{3}, nil, 0, 1, 2, 3))
	want(t, "keys", p.s.Keys, KeysMoving)
	p.do(Leave{}).fire(TimerLeave)
	one[Wipe](p)
	want(t, "keys", p.s.Keys, KeysNone)
	want(t, "code", p.s.Code == keys.Code{}, true)
}

func TestServiceEndsTheMeeting(t *testing.T) {
	want(t, "removed", seated(t).from(wire.Removed{}).s.End, EndRemoved)
	want(t, "host", seated(t).from(wire.Ended{Reason: wire.EndHost}).s.End, EndForAll)
	want(t, "expired", seated(t).from(wire.Ended{Reason: wire.EndExpired}).s.End, EndServiceExpired)
}

func TestEndForAllIsTheHosts(t *testing.T) {
	p := hosting(t).do(EndAll{})
	sent[wire.End](p)
	p.answer("end")
	want(t, "end", p.s.End, EndForAll)
	p = seated(t).do(EndAll{})
	want(t, "guest's effects", len(p.did), 0)
}
