package call

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"conclave/call/wire"
	"conclave/keys"
)

func TestRemovalSwitchesSendingAtOnce(t *testing.T) {
	p := hosting(t).with(1, 2).do(epoch(2, 0, nil, []int{2}, 0, 1))
	want(t, "keys", p.s.Keys, KeysReady)
	want(t, "now", one[SwitchKeys](p), SwitchKeys{Epoch: 2, Now: true})
}

func TestAdmissionSwitchesWhenAllAreReady(t *testing.T) {
	p := hosting(t).do(epoch(1, 0, []int{1, 2}, nil, 0, 1, 2))
	want(t, "keys", p.s.Keys, KeysMoving)
	want(t, "limit", armed(p, TimerSwitch), SwitchLimit)
	none[SwitchKeys](p)
	p.do(Heard{key(1), 1, Present{}})
	none[SwitchKeys](p)
	p.do(Heard{key(2), 0, Present{}})
	none[SwitchKeys](p) // of an earlier epoch
	p.do(Heard{key(2), 1, Present{}})
	want(t, "switch", one[SwitchKeys](p), SwitchKeys{Epoch: 1})
	want(t, "keys", p.s.Keys, KeysReady)
}

func TestSlowMemberIsWaitedForTwoSeconds(t *testing.T) {
	p := hosting(t).do(epoch(1, 0, []int{1}, nil, 0, 1)).fire(TimerSwitch)
	want(t, "switch", one[SwitchKeys](p), SwitchKeys{Epoch: 1})
}

// People who keep coming must not put the switch off for ever: receivers keep
// only three former epochs.
func TestCrowdDoesNotPutTheSwitchOff(t *testing.T) {
	p := hosting(t).do(epoch(1, 0, []int{1}, nil, 0, 1))
	gen := p.s.timers[TimerSwitch]
	p.do(epoch(2, 0, []int{2}, nil, 0, 1, 2), epoch(3, 0, []int{3}, nil, 0, 1, 2, 3))
	p.do(Fired{TimerSwitch, gen})
	want(t, "switch", one[SwitchKeys](p), SwitchKeys{Epoch: 3})
}

func TestPeopleAreTheMembersOfTheEpoch(t *testing.T) {
	p := hosting(t).with(1, 2)
	p.from(wire.Roster{Seated: []wire.Seat{{Device: key(0), Connected: true}, {Device: key(3), Connected: true}, {Device: key(1), Connected: true}}})
	want(t, "people", len(p.s.People), 3)
	if _, in := p.s.Person(key(3)); in {
		t.Error("the service's list added somebody")
	}
	bob, _ := p.s.Person(key(1))
	carol, _ := p.s.Person(key(2))
	want(t, "Bob connected", bob.Connected, true)
	want(t, "Carol connected", carol.Connected, false)
}

func TestKnockerWaitsForTheHost(t *testing.T) {
	p := hosting(t).knocked(7, 1)
	none[MakeCommit](p)
	want(t, "lobby", len(p.s.Lobby), 1)
	p.do(Admit{Tickets: []wire.Ticket{8}})
	none[MakeCommit](p)
	p.do(Admit{Tickets: []wire.Ticket{7}})
	want(t, "adds", one[MakeCommit](p).Adds[0].Key, key(1))
	p.do(epoch(1, 0, []int{1}, nil, 0, 1))
	want(t, "lobby", len(p.s.Lobby), 0)
	want(t, "committing", p.s.Committing, uint32(0))
}

func TestAdmissionsAreBatched(t *testing.T) {
	p := hosting(t).knocked(1, 1).do(Admit{}).do(epoch(1, 0, []int{1}, nil, 0, 1))
	p.knocked(2, 2).wait(300 * time.Millisecond).do(Admit{Tickets: []wire.Ticket{2}})
	none[MakeCommit](p)
	want(t, "wait", armed(p, TimerCommit), 700*time.Millisecond)
	p.knocked(3, 3).do(Admit{}).wait(700 * time.Millisecond).fire(TimerCommit)
	want(t, "adds", len(one[MakeCommit](p).Adds), 2)
}

func TestOneCommitTakesNoMoreThanTheServiceDoes(t *testing.T) {
	p := hosting(t)
	for i := range AdmitMost + 5 {
		var k keys.PublicKey
		k[0], k[1] = 200, byte(i)
		p.do(KnockOpened{Ticket: wire.Ticket(i + 1), Device: k, Passcode: true, Proof: NoAccounts()})
	}
	p.do(Admit{})
	want(t, "adds", len(one[MakeCommit](p).Adds), AdmitMost)
}

func TestOnlyTheHostAdmits(t *testing.T) {
	p := seated(t).do(Admit{}, KnockOpened{Ticket: 3, Device: key(3), Passcode: true, Proof: NoAccounts()}, Refuse{3}, Remove{key(0)}, Lock{true})
	p.from(wire.Knocking{Ticket: 3, Device: key(3), KeyPackage: []byte("k"), Sealed: []byte("s")})
	for _, e := range p.all {
		switch e.(type) {
		case MakeCommit, OpenKnock:
			t.Errorf("a guest did %T", e)
		}
	}
	want(t, "lobby", len(p.s.Lobby), 0)
}

func TestLostCommitIsMadeAgain(t *testing.T) {
	p := hosting(t).with(1).knocked(7, 2).do(Admit{})
	ref := one[MakeCommit](p).Ref
	p.do(epoch(2, 1, nil, nil, 0, 1)) // Bob's own update won
	none[MakeCommit](p)
	p.from(wire.Failed{Ref: ref, Code: wire.CodeStale})
	one[DropCommit](p)
	want(t, "wait", armed(p, TimerCommit), CommitterStep)
	p.wait(time.Second).fire(TimerCommit)
	want(t, "adds", one[MakeCommit](p).Adds[0].Key, key(2))
}

// The service may have ordered a commit and broken the link before the echo:
// to forget the commit then would make its echo unreadable.
func TestCommitUnderWaySurvivesALostLink(t *testing.T) {
	p := hosting(t).knocked(7, 1).do(Admit{})
	p.do(LinkFailed{})
	none[DropCommit](p)
	p.fire(TimerRetry).do(LinkReady{})
	none[DropCommit](p)
	p.from(wire.Ordered{Sequence: 1, Sender: key(0), Commit: []byte("c")})
	one[OpenCommit](p)
	p.do(epoch(1, 0, []int{1}, nil, 0, 1)).answer("resume")
	none[DropCommit](p)
	none[MakeCommit](p)
}

func TestCommitThatWasNotOrderedIsMadeAgainAfterResuming(t *testing.T) {
	p := hosting(t).knocked(7, 1).do(Admit{})
	p.do(LinkFailed{}).wait(2 * time.Second).fire(TimerRetry).do(LinkReady{})
	p.from(wire.Knocking{Ticket: 7, Device: key(1), KeyPackage: []byte("kp"), Sealed: []byte("s")})
	none[OpenKnock](p) // known
	p.answer("resume")
	one[DropCommit](p)
	want(t, "adds", len(one[MakeCommit](p).Adds), 1)
}

func TestUncertainCommitIsResolvedByResuming(t *testing.T) {
	p := hosting(t).knocked(7, 1).do(Admit{}).refused("commit", wire.CodeInternal)
	want(t, "link", p.s.Link, LinkResuming)
	none[DropCommit](p)
}

// Whoever left the lobby while the host was offline must not be in the next
// commit: the service would refuse it, again and again.
func TestKnockerWhoIsNotShownAgainIsForgotten(t *testing.T) {
	p := hosting(t).knocked(7, 1).knocked(8, 2).do(LinkFailed{}, Admit{})
	p.fire(TimerRetry).do(LinkReady{})
	p.from(wire.Knocking{Ticket: 8, Device: key(2), KeyPackage: []byte("kp"), Sealed: []byte("s")})
	p.answer("resume")
	adds := one[MakeCommit](p).Adds
	if len(adds) != 1 || adds[0].Ticket != 8 {
		t.Errorf("adds %v, want only ticket 8", adds)
	}
	want(t, "lobby", len(p.s.Lobby), 1)
}

// A key package that passes the first look and fails in the group must not
// block everybody else.
func TestUnmakeableCommitAsksTheHostAgain(t *testing.T) {
	p := hosting(t).knocked(7, 1).do(Admit{})
	p.do(CommitFailed{one[MakeCommit](p).Ref})
	want(t, "admitted", p.s.Lobby[0].Admitted, false)
	p.wait(time.Minute).fire(TimerCommit)
	none[MakeCommit](p)
	p.knocked(8, 2).do(Admit{Tickets: []wire.Ticket{8}})
	want(t, "adds", len(one[MakeCommit](p).Adds), 1)
}

func TestRemoveCommitsAtOnce(t *testing.T) {
	p := hosting(t).with(1, 2).wait(-AdmitEvery).do(Remove{key(2)})
	if got := one[MakeCommit](p).Removes; !slices.Equal(got, []keys.PublicKey{key(2)}) {
		t.Errorf("removes %v", got)
	}
	p.do(Remove{key(2)}, Remove{key(0)}, Remove{key(3)})
	none[MakeCommit](p)
}

// A removed person who knocks while the removal is under way waits like
// anybody else.
func TestRemovedPersonDoesNotComeBackUnasked(t *testing.T) {
	p := hosting(t).with(1, 2).from(wire.Gone{Device: key(2)}) // lost once, so on the list
	p.do(epoch(2, 0, nil, []int{2}, 0, 1)).knocked(5, 2).wait(time.Second).fire(TimerCommit)
	p.do(epoch(3, 0, []int{2}, nil, 0, 1, 2)) // and back
	p.do(Remove{key(2)}).knocked(6, 2)
	want(t, "admitted", p.s.Lobby[0].Admitted, false)
	p.do(epoch(4, 0, nil, []int{2}, 0, 1)).wait(time.Minute).fire(TimerCommit)
	none[MakeCommit](p)
	p.from(wire.Withdrawn{Ticket: 6}).knocked(7, 2)
	want(t, "admitted later", p.s.Lobby[0].Admitted, false)
}

// And one who knocked first and is removed then, likewise.
func TestRemovalTakesAdmissionBack(t *testing.T) {
	p := hosting(t).with(1, 2).knocked(6, 2) // lost their keys: let in unasked
	want(t, "admitted", p.s.Lobby[0].Admitted, true)
	p.do(Remove{key(2)})
	want(t, "admitted", p.s.Lobby[0].Admitted, false)
}

func TestMemberWhoLostTheirKeysComesBackUnasked(t *testing.T) {
	p := hosting(t).with(1, 2).knocked(6, 2)
	if got := find[MakeCommit](p.all); len(got) != 1 || !slices.Equal(got[0].Removes, []keys.PublicKey{key(2)}) {
		t.Fatalf("commits %v, want the removal of the old leaf", got)
	}
	p.do(epoch(2, 0, nil, []int{2}, 0, 1))
	want(t, "added again", one[MakeCommit](p).Adds[0].Key, key(2))
	p.do(epoch(3, 0, []int{2}, nil, 0, 1, 2))
	want(t, "spent", len(p.s.Lost), 0)
}

func TestWhoSaidGoodbyeAsksAgain(t *testing.T) {
	p := hosting(t).with(1).do(Heard{key(1), 1, Bye{}})
	one[Departed](p)
	one[MakeCommit](p)
	p.do(epoch(2, 0, nil, []int{1}, 0)).knocked(6, 1)
	want(t, "admitted", p.s.Lobby[0].Admitted, false)
}

func TestHostsOwnDeviceCannotKnock(t *testing.T) {
	p := hosting(t).knocked(6, 0)
	want(t, "refused", sent[wire.Refuse](p).Reason, wire.ReasonRefused)
	none[MakeCommit](p)
}

func TestWrongPasscodeIsRefusedAndCounted(t *testing.T) {
	p := hosting(t)
	for i := range PasscodeTries {
		p.do(KnockOpened{Ticket: wire.Ticket(i + 1), Device: key(1)})
		want(t, "reason", sent[wire.Refuse](p).Reason, wire.ReasonPasscode)
	}
	p.do(KnockOpened{Ticket: 99, Device: key(1), Passcode: true, Proof: NoAccounts()})
	want(t, "right, but too late", sent[wire.Refuse](p).Reason, wire.ReasonRefused)
	p.do(KnockOpened{Ticket: 100, Device: key(2), Passcode: true, Proof: NoAccounts()})
	want(t, "somebody else", len(p.s.Lobby), 1)
}

func TestBrokenKnockIsRefused(t *testing.T) {
	p := hosting(t).do(KnockOpened{Ticket: 1, Device: key(1), Broken: true, Passcode: true, Proof: NoAccounts()})
	want(t, "reason", sent[wire.Refuse](p).Reason, wire.ReasonRefused)
	want(t, "lobby", len(p.s.Lobby), 0)
}

func TestRefusalAfterTheCommitIsTooLate(t *testing.T) {
	p := hosting(t).knocked(7, 1).do(Admit{}).do(Refuse{7})
	if len(p.did) != 0 {
		t.Errorf("did %v", show(p.did))
	}
}

func TestFirstInLineCommitsADeparture(t *testing.T) {
	gone := wire.Gone{Device: key(2)}
	p := hosting(t).with(1, 2).from(gone)
	one[Departed](p)
	one[MakeCommit](p)

	p = seated(t, 2, 3).from(gone) // a guest waits for the host
	none[MakeCommit](p)
	want(t, "wait", armed(p, TimerCommit), CommitterStep)
	p.fire(TimerCommit)
	one[MakeCommit](p)

	seats := []wire.Seat{{Device: key(1), Connected: true}, {Device: key(3), Connected: true}}
	p = seated(t, 2, 3).from(wire.Roster{Seated: seats}, gone) // no host here
	one[MakeCommit](p)
}

func TestHostIsNeverRemovedByGone(t *testing.T) {
	p := seated(t, 2).from(wire.Gone{Device: key(0)}).fire(TimerCommit)
	for _, e := range p.all {
		switch e.(type) {
		case MakeCommit, Departed:
			t.Errorf("did %T", e)
		}
	}
	host, _ := p.s.Person(key(0))
	want(t, "shown as not connected", host.Connected, false)
	p.do(Heard{key(0), 1, Bye{}})
	one[Departed](p)
}

// Back before anybody took them out: nobody needs to any more, and the service
// would not let us.
func TestReturnCancelsADeparture(t *testing.T) {
	p := seated(t, 2).from(wire.Gone{Device: key(2)})
	p.from(wire.Roster{Seated: []wire.Seat{{Device: key(0), Connected: true}, {Device: key(2), Connected: true}}})
	want(t, "returned", one[Returned](p).Person, key(2))
	p.fire(TimerCommit)
	none[MakeCommit](p)
}

func TestServiceCannotUndoAGoodbye(t *testing.T) {
	p := seated(t, 2).do(Heard{key(2), 1, Bye{}})
	p.from(wire.Roster{Seated: []wire.Seat{{Device: key(2), Connected: true}}})
	none[Returned](p)
	p.fire(TimerCommit)
	one[MakeCommit](p)
}

func TestRemovedByTheHostEnds(t *testing.T) {
	p := seated(t).do(EpochReady{Epoch: 2, By: key(0), SelfRemoved: true})
	want(t, "end", p.s.End, EndRemoved)
	one[Wipe](p)
}

// Nobody but the host may mean it: a member acted on the service's word that
// this connection died.
func TestRemovedByAMemberComesBack(t *testing.T) {
	p := seated(t, 2).do(EpochReady{Epoch: 2, By: key(2), SelfRemoved: true})
	want(t, "seat", p.s.Seat, SeatOut)
	want(t, "sending", p.s.Sending(), false)
	one[Wipe](p)
	sent[wire.Look](p)
	p.from(wire.Removed{}) // follows from the service
	want(t, "not ended", p.s.Seat, SeatOut)
}

func TestForeignRosterInAHeartbeatIsAFork(t *testing.T) {
	p := seated(t).beat(0, time.Time{})
	want(t, "keys", p.s.Keys, KeysReady)
	p.from(p.said(0)).do(Heard{key(0), 1, Heartbeat{Roster: [32]byte{99}}})
	want(t, "keys", p.s.Keys, KeysBroken)
	want(t, "fault", p.s.Stopped(), FaultFork)
	want(t, "notice", one[Tell](p).Notice, NoticeFork)
	want(t, "sending", p.s.Sending(), false)
}

// The history of an epoch: what one member was given and another was not, or
// in another order, comes out with the next heartbeat.
func TestForeignHistoryInAHeartbeatIsAFork(t *testing.T) {
	p := seated(t)
	for range 3 {
		p.from(p.said(0)).beat(0, p.now)
	}
	want(t, "honest", p.s.Keys, KeysReady)
	own := machine{State: p.s}
	for name, h := range map[string]Heartbeat{
		"swapped":      {Roster: p.s.Roster, Seen: p.s.Seen, History: [32]byte{1}},
		"one missing":  {Roster: p.s.Roster, Seen: p.s.Seen + 1, History: own.history(p.s.Seen)},
		"one repeated": {Roster: p.s.Roster, Seen: p.s.Seen - 1, History: own.history(p.s.Seen)},
		"empty":        {Roster: p.s.Roster, Seen: p.s.Seen},
	} {
		q := *p
		q.from(q.said(0)).do(Heard{key(0), 1, h})
		want(t, name, q.s.Stopped(), FaultFork)
	}
	older := Heartbeat{Roster: p.s.Roster, At: p.now, Seen: p.s.Seen - 2, History: own.history(p.s.Seen - 2)}
	p.from(p.said(0)).from(p.said(0)).do(Heard{key(0), 1, older})
	want(t, "on its way for long", p.s.Keys, KeysReady)
	p.do(epoch(2, 0, nil, nil, 0, 1)).beat(0, p.now)
	want(t, "a new epoch begins anew", p.s.Stopped(), FaultNone)
}

func TestHistoryIsBounded(t *testing.T) {
	p := seated(t)
	first := Heartbeat{Roster: p.s.Roster}
	for i := range 2 * HistoryKept {
		p.from(p.said(0))
		if i == 1 {
			m := machine{State: p.s}
			first.Seen, first.History = p.s.Seen, m.history(p.s.Seen)
		}
	}
	want(t, "kept", len(p.s.History), HistoryKept)
	p.do(Heard{key(0), 1, first})
	want(t, "too old to tell", p.s.Keys, KeysReady)
}

func TestBrokenKeysStopEverything(t *testing.T) {
	for _, f := range []Fault{FaultFork, FaultForged, FaultForbidden} {
		p := seated(t, 2).do(KeyFault{f})
		want(t, "sending", p.s.Sending(), false)
		p.all = nil
		p.do(Chat{"hello"}, Wish{Wants{Camera: true}}, epoch(2, 0, nil, []int{2}, 0, 1)).fire(TimerHeartbeat)
		p.from(wire.Ordered{Sequence: 11, Sender: key(0), Commit: []byte("c")}, wire.Said{Sequence: 12, Sender: key(0), Message: []byte("m")})
		p.from(wire.Gone{Device: key(2)}).fire(TimerCommit)
		for _, e := range p.all {
			switch e.(type) {
			case Say, MakeCommit, SwitchKeys, OpenCommit, OpenSaid:
				t.Errorf("%v: did %T", f, e)
			}
		}
		want(t, "epoch stays", p.s.Epoch, uint64(1))
		p.do(Leave{})
		none[Say](p)
	}
}

func TestUnheardMembersWarnThenStopThenHeal(t *testing.T) {
	p := seated(t)
	beat := func() { p.wait(HeartbeatEvery).fire(TimerHeartbeat) }
	for range HeartbeatsWarn {
		beat()
		none[Tell](p)
	}
	beat()
	want(t, "notice", one[Tell](p).Notice, NoticeUnheard)
	want(t, "still sending", p.s.Sending(), true)
	for range HeartbeatsStop - HeartbeatsWarn {
		beat()
	}
	want(t, "stopped", p.s.Stopped(), FaultUnheard)
	want(t, "still beating", len(find[Say](p.did)), 1)
	p.beat(0, p.now)
	want(t, "sending", p.s.Sending(), true)
}

func TestAloneNobodyNeedsToBeHeard(t *testing.T) {
	p := hosting(t)
	for range 2 * HeartbeatsStop {
		p.wait(HeartbeatEvery).fire(TimerHeartbeat)
		none[Tell](p)
		none[Say](p)
	}
	want(t, "sending", p.s.Sending(), true)
}

// A service that delivers everything, only ever later, keeps this device in a
// past in which somebody removed since can still read.
func TestServiceThatSlowsTimeIsNoticed(t *testing.T) {
	p := seated(t)
	made := p.now
	for range 40 {
		p.wait(50 * time.Second)
		made = made.Add(HeartbeatEvery)
		p.fire(TimerHeartbeat).beat(0, made)
	}
	want(t, "stopped", p.s.Stopped(), FaultUnheard)
}

// Clocks that merely differ, by whatever amount, are no reason for alarm.
func TestClocksMayDiffer(t *testing.T) {
	for _, skew := range []time.Duration{-24 * time.Hour, time.Hour} {
		p := seated(t)
		for range 40 {
			p.wait(HeartbeatEvery).fire(TimerHeartbeat)
			p.beat(0, p.now.Add(skew))
		}
		want(t, "stopped", p.s.Stopped(), FaultNone)
	}
}

func TestKeysHealEveryFiveMinutes(t *testing.T) {
	p := hosting(t).with(1)
	p.beat(1, p.now)
	p.wait(UpdateEvery - 2*time.Second).fire(TimerHeartbeat)
	none[MakeCommit](p)
	p.wait(2 * AdmitEvery).fire(TimerHeartbeat)
	c := one[MakeCommit](p)
	want(t, "empty", len(c.Adds)+len(c.Removes), 0)
	p.do(epoch(2, 0, nil, nil, 0, 1)).wait(HeartbeatEvery).fire(TimerHeartbeat)
	none[MakeCommit](p)
}

func TestMembersOfALargeGroupFillTheTreeInTurn(t *testing.T) {
	p := seated(t)
	crowd := EpochReady{Epoch: 2, By: key(0), Members: []Member{{Key: key(0)}}}
	for i := range uint32(FillFrom - 1) {
		m := Member{Key: keys.PublicKey{200, byte(i)}, Leaf: i + 1}
		if i == 2 {
			m.Key = p.s.Self
		}
		crowd.Members = append(crowd.Members, m)
	}
	p.do(crowd)
	for turn := 1; turn < 1+3%FillTurns; turn++ {
		p.wait(HeartbeatEvery).fire(TimerHeartbeat)
		none[MakeCommit](p)
	}
	p.wait(HeartbeatEvery).fire(TimerHeartbeat)
	c := one[MakeCommit](p)
	want(t, "empty", len(c.Adds)+len(c.Removes), 0)
	crowd.Epoch, crowd.By = 3, p.s.Self
	p.do(crowd)
	p.wait(HeartbeatEvery).fire(TimerHeartbeat)
	none[MakeCommit](p)
}

func TestStrangersAlarmAfterAGrace(t *testing.T) {
	p := seated(t).do(StrangersSeen{1})
	want(t, "grace", armed(p, TimerStranger), StrangerGrace)
	want(t, "sending in the grace", p.s.Sending(), true)
	p.do(StrangersSeen{2}).fire(TimerStranger)
	want(t, "notice", one[Tell](p).Notice, NoticeStranger)
	want(t, "stopped", p.s.Stopped(), FaultStranger)
	p.do(StrangersSeen{0})
	want(t, "sending again", p.s.Sending(), true)

	p = seated(t).do(StrangersSeen{1}, StrangersSeen{0})
	p.fire(TimerStranger)
	none[Tell](p)
}

func TestCodeIsJudgedForItsEpochAndLineUp(t *testing.T) {
	p := hosting(t).with(1).do(Judge{Epoch: 0, Matches: true})
	want(t, "old code", p.s.Judged, VerdictNone)
	p.do(Judge{Epoch: 1, Matches: true})
	want(t, "matches", p.s.Judged, VerdictMatches)
	p.do(epoch(2, 0, nil, nil, 0, 1))
	want(t, "rekey keeps it", p.s.Judged, VerdictMatches)
	p.with(1, 2)
	want(t, "joined", p.s.Judged, VerdictStale)
	if got := p.s.Joined(); !slices.Equal(got, []keys.PublicKey{key(2)}) {
		t.Errorf("joined %v", got)
	}
	p.do(Judge{Epoch: 3, Matches: false})
	want(t, "stopped", p.s.Stopped(), FaultDiffers)
	want(t, "sending", p.s.Sending(), false)
}

func TestSwappedNameIsNotBelieved(t *testing.T) {
	p := seated(t, 2)
	forged := p.name(2, "Carol")
	forged.Name = "Mallory"
	p.do(Heard{key(0), 1, Names{[]keys.NameStatement{forged}}})
	who, _ := p.s.Person(key(2))
	want(t, "name", who.Name, "")
	p.do(Heard{key(0), 1, Names{[]keys.NameStatement{p.name(2, "Carol")}}})
	who, _ = p.s.Person(key(2))
	want(t, "name", who.Name, "Carol")
	renamed, err := cast[2].SignName(p.about.ID(), 2, "Caroline")
	if err != nil {
		t.Fatal(err)
	}
	p.do(Heard{key(2), 1, Names{[]keys.NameStatement{renamed}}})
	want(t, "told under the old name", one[Tell](p), Tell{NoticeRenamed, "Carol"})
	p.do(Heard{key(2), 1, Names{[]keys.NameStatement{p.name(2, "Carol")}}})
	who, _ = p.s.Person(key(2))
	want(t, "an older one is not taken back", who.Name, "Caroline")
}

func TestGapInTheOrderResumes(t *testing.T) {
	p := seated(t).from(wire.Ordered{Sequence: 12, Sender: key(0), Commit: []byte("c")})
	none[OpenCommit](p)
	want(t, "link", p.s.Link, LinkResuming)
	one[HangUp](p)
}

func TestRepeatedSequenceIsIgnored(t *testing.T) {
	said := wire.Said{Sequence: 11, Sender: key(0), Message: []byte("m")}
	p := seated(t).from(said)
	one[OpenSaid](p)
	p.from(said)
	none[OpenSaid](p)
}

// Withholding one message for good ends in giving up, not in a loop.
func TestGapThatStaysIsGivenUp(t *testing.T) {
	p := seated(t)
	for range Retries {
		p.from(wire.Said{Sequence: 13, Sender: key(0), Message: []byte("m")})
		want(t, "link", p.s.Link, LinkResuming)
		p.fire(TimerRetry).do(LinkReady{})
	}
	p.from(wire.Said{Sequence: 13, Sender: key(0), Message: []byte("m")})
	want(t, "end", p.s.End, EndLost)
}

func TestChatIsPendingUntilEchoed(t *testing.T) {
	p := seated(t).do(Chat{"  hello\r\nthere "})
	want(t, "text", p.s.Chat[0].Text, "hello\nthere")
	want(t, "pending", p.s.Chat[0].Pending, true)
	p.do(Echoed{one[Say](p).Ref})
	want(t, "pending", p.s.Chat[0].Pending, false)
	p.do(Heard{key(0), 1, Text{"hi"}})
	want(t, "from", p.s.Chat[1].From, key(0))
}

func TestStaleChatIsSaidAgain(t *testing.T) {
	p := seated(t).do(Chat{"hello"})
	ref := one[Say](p).Ref
	p.do(epoch(2, 0, nil, nil, 0, 1)).from(wire.Failed{Ref: ref, Code: wire.CodeStale})
	say := one[Say](p)
	want(t, "again", say.Payload, Payload(Text{"hello"}))
	p.from(wire.Done{Ref: say.Ref})
	want(t, "pending", p.s.Chat[0].Pending, false)
	want(t, "lines", len(p.s.Chat), 1)
}

func TestRefusedChatIsShownAsFailed(t *testing.T) {
	p := seated(t).do(Chat{"hello"}).refused("say", wire.CodeTooFast)
	want(t, "failed", p.s.Chat[0].Failed, true)
	want(t, "notice", one[Tell](p).Notice, NoticeChatFailed)
}

func TestChatSurvivesALostLink(t *testing.T) {
	p := seated(t).do(Chat{"one"}, Chat{"two"})
	second := one[Say](p).Ref
	p.do(LinkFailed{}, Chat{"three"})
	none[Say](p)
	want(t, "kept", len(p.s.Chat), 3)
	p.fire(TimerRetry).do(LinkReady{})
	p.do(Echoed{second}) // replayed
	p.answer("resume")
	var texts []string
	for _, s := range find[Say](p.did) {
		if text, ok := s.Payload.(Text); ok {
			texts = append(texts, text.Text)
		}
	}
	if !slices.Equal(texts, []string{"one", "three"}) {
		t.Errorf("said again %q, want what was not echoed", texts)
	}
}

func TestChatDoesNotPileUp(t *testing.T) {
	p := seated(t).do(LinkFailed{})
	for range ChatWaiting {
		p.do(Chat{"x"})
		none[Tell](p)
	}
	p.do(Chat{"one too many"})
	want(t, "notice", one[Tell](p).Notice, NoticeChatFailed)
	want(t, "lines", len(p.s.Chat), ChatWaiting)
}

func TestNothingIsSaidWithoutKeys(t *testing.T) {
	p := joining(t).do(Chat{"hello"})
	none[Say](p)
	want(t, "notice", one[Tell](p).Notice, NoticeChatFailed)
}

func TestChatIsBounded(t *testing.T) {
	p := seated(t)
	for range ChatKept + 10 {
		p.do(Heard{key(0), 1, Text{"x"}})
	}
	want(t, "lines", len(p.s.Chat), ChatKept)
}

func TestWishIsSaidToTheOthers(t *testing.T) {
	p := seated(t).do(Wish{Wants{Camera: true}})
	want(t, "said", one[Say](p).Payload, Payload(Present{Says: Wants{Camera: true}, Heeds: 1}))
	want(t, "own tile", p.s.People[0].Says.Camera, true)
	p.do(Wish{Wants{Camera: true}})
	none[Say](p)
}

func TestNewMemberHearsAllNames(t *testing.T) {
	p := hosting(t).with(1)
	p.do(Heard{key(1), 1, Names{[]keys.NameStatement{p.name(1, "Bob")}}})
	p.knocked(3, 2).do(Admit{}).do(epoch(2, 0, []int{2}, nil, 0, 1, 2))
	says := find[Say](p.did)
	names, ok := says[len(says)-1].Payload.(Names)
	if !ok || len(names.Statements) != 3 { // the newcomer's own too, from their knock
		t.Errorf("said %v", saidPayloads(p))
	}
}

func TestTokenStartsMediaAndIsRenewedWhenItStalls(t *testing.T) {
	p := seated(t).from(wire.MediaToken{URL: "ws://x", Token: "secret"})
	want(t, "start", one[StartMedia](p), StartMedia{"ws://x", "secret"})
	want(t, "media", p.s.Media, MediaConnecting)
	p.do(MediaUp{})
	want(t, "media", p.s.Media, MediaFlowing)
	p.do(MediaStalling{})
	want(t, "media", p.s.Media, MediaStalled)
	sent[wire.Renew](p)
	p.do(MediaRestart{})
	want(t, "media", p.s.Media, MediaRestarting)
	p.do(MediaUp{})
	want(t, "media", p.s.Media, MediaFlowing)
}

func TestLockIsTheHosts(t *testing.T) {
	p := hosting(t).do(Lock{true})
	want(t, "sent", sent[wire.Lock](p).Locked, true)
	want(t, "not yet", p.s.Locked, false)
	p.from(wire.Locked{Locked: true})
	want(t, "locked", p.s.Locked, true)
}

func TestOldTimersAreIgnored(t *testing.T) {
	p := seated(t, 2).do(epoch(2, 0, []int{3}, nil, 0, 1, 2, 3))
	before := p.s
	p.do(Fired{TimerSwitch, before.timers[TimerSwitch] - 1}, Fired{Timer: 200})
	want(t, "keys", p.s.Keys, KeysMoving)
}

func TestStateHoldsNoSharedBytes(t *testing.T) {
	p := hosting(t).knocked(7, 1)
	if !bytes.Equal(p.s.Lobby[0].KeyPackage, []byte("kp")) {
		t.Error("the key package of the knock is lost")
	}
}
