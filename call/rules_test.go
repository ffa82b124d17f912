package call

import (
	"slices"
	"testing"
	"time"

	"conclave/call/wire"
	"conclave/keys"
)

// ruling is a host with members 1 and 2, who know the host's word and say that
// everything of theirs is on.
func ruling(t testing.TB) *play {
	p := hosting(t).with(1, 2)
	return p.on(1).on(2)
}

// on lets member i say that everything is on, knowing all that this device knows.
func (p *play) on(i int) *play { return p.says(i, Wants{Mic: true, Camera: true, Share: true}) }

func (p *play) says(i int, w Wants) *play {
	return p.do(Heard{key(i), p.s.Epoch, Present{Says: w, Heeds: p.s.Rule.Sequence}})
}

// echo lets the service order what this device said last.
func (p *play) echo() *play {
	p.t.Helper()
	return p.do(Echoed{p.asked("say")})
}

// open are rules with a change.
func open(change func(*Rules)) Rules {
	r := OpenRules()
	change(&r)
	return r
}

func shown(p *play, i int) Wants { return p.s.Showing(key(i)) }

var all = Wants{Mic: true, Camera: true, Share: true}

func TestHostsWordCountsWhenItIsOrdered(t *testing.T) {
	p := ruling(t).do(StopStreams{Person: key(1), Kinds: Kinds{Mic: true}})
	want(t, "before the echo", shown(p, 1), all)
	p.echo()
	want(t, "after it", shown(p, 1), Wants{Camera: true, Share: true})
	want(t, "the other", shown(p, 2), all)
	want(t, "closed", p.s.Closed()[key(1)], Kinds{Mic: true})
}

// A stream comes back when its person says so, knowing of the stop; what was
// on its way before the stop opens nothing.
func TestStoppedStreamComesBackOnlyKnowingly(t *testing.T) {
	for name, row := range map[string]struct {
		kinds Kinds
		left  Wants
	}{
		"sound":   {Kinds{Mic: true}, Wants{Camera: true, Share: true}},
		"picture": {Kinds{Camera: true}, Wants{Mic: true, Share: true}},
		"screen":  {Kinds{Share: true}, Wants{Mic: true, Camera: true}},
	} {
		t.Run(name, func(t *testing.T) {
			p := ruling(t).do(StopStreams{Person: key(1), Kinds: row.kinds}).echo()
			want(t, "stopped", shown(p, 1), row.left)
			p.do(Heard{key(1), p.s.Epoch, Present{Says: all, Heeds: p.s.Rule.Sequence - 1}})
			want(t, "said before they knew", shown(p, 1), row.left)
			p.on(1)
			want(t, "said knowingly", shown(p, 1), all)
		})
	}
}

// A member who claims to know what will be said is not immune to it.
func TestClaimOfTheFutureLiftsNothing(t *testing.T) {
	p := ruling(t)
	p.do(Heard{key(1), p.s.Epoch, Present{Says: all, Heeds: 1 << 60}})
	p.do(StopStreams{Person: key(1), Kinds: Kinds{Mic: true}}).echo()
	want(t, "heard", shown(p, 1).Mic, false)

	guest := joining(t).from(wire.Joined{Welcome: []byte("w"), Sequence: 10}).do(epoch(1, 0, nil, nil, 0, 1, 2))
	guest.do(Heard{key(2), 1, Present{Says: all, Heeds: 1 << 60}})
	guest.hostSays(Statement{Sequence: 7, Rules: OpenRules()})
	guest.hostSays(Statement{Sequence: 8, Rules: OpenRules(), Stops: []Stop{{key(2), Marks{Mic: 8}}}})
	want(t, "heard by a newcomer", shown(guest, 2).Mic, false)
}

func TestMuteAllSparesTheHost(t *testing.T) {
	p := ruling(t).do(StopStreams{Kinds: Kinds{Mic: true}}).echo()
	for i, on := range []bool{true, false, false} {
		if i == 0 {
			want(t, "the host", shown(p, 0).Mic, on)
			continue
		}
		want(t, "a member", shown(p, i).Mic, on)
	}
	p.on(2)
	want(t, "unmuted", shown(p, 2).Mic, true)
}

func TestClosedUnmutingLeavesTheWordToThoseWhoSpeak(t *testing.T) {
	p := hosting(t).with(1, 2)
	p.says(1, Wants{Mic: true}).says(2, Wants{})
	p.do(SetRules{open(func(r *Rules) { r.Unmute = false })}).echo()
	want(t, "speaks on", shown(p, 1).Mic, true)
	p.says(2, Wants{Mic: true})
	want(t, "may not begin", shown(p, 2).Mic, false)
	p.says(1, Wants{}).echo().says(1, Wants{Mic: true})
	want(t, "fell silent", shown(p, 1).Mic, false)
	p.do(LetSpeak{key(2)}).echo()
	want(t, "was given the word", shown(p, 2).Mic, true)
	p.do(StopStreams{Person: key(2), Kinds: Kinds{Mic: true}}).echo().says(2, Wants{Mic: true})
	want(t, "the word was taken", shown(p, 2).Mic, false)
	p.do(SetRules{OpenRules()}).echo().says(1, Wants{Mic: true})
	want(t, "opened again", shown(p, 1).Mic, true)
}

// While nobody may unmute, a camera that was stopped stays so, whatever its
// program claims and whatever else the host says meanwhile.
func TestStoppedCameraStaysStoppedWhileUnmutingIsClosed(t *testing.T) {
	p := ruling(t).do(SetRules{open(func(r *Rules) { r.Unmute = false })}).echo()
	p.do(StopStreams{Person: key(1), Kinds: Kinds{Camera: true}}).echo().on(1)
	want(t, "claimed", shown(p, 1).Camera, false)
	p.do(StopStreams{Person: key(2), Kinds: Kinds{Mic: true}}).echo().on(1)
	want(t, "after another word", shown(p, 1).Camera, false)
	want(t, "never stopped", shown(p, 2).Camera, true)
	p.do(LetSpeak{key(1)}).echo()
	want(t, "let", shown(p, 1), all)
}

func TestForbiddenShareIsShownOfNobodyButTheHost(t *testing.T) {
	p := ruling(t).do(SetRules{open(func(r *Rules) { r.Share = false })}).echo().on(1)
	want(t, "a member's", shown(p, 1).Share, false)
	p.do(Wish{Wants{Share: true}})
	want(t, "the host's", shown(p, 0).Share, true)
}

func TestChatOfThoseWhoMayNotIsNotShown(t *testing.T) {
	p := seated(t, 2).hostSays(Statement{Sequence: 2, Rules: open(func(r *Rules) { r.Chat = false })})
	p.do(Heard{key(2), 1, Text{"let me in"}}, Heard{key(0), 1, Text{"quiet please"}})
	want(t, "lines", len(p.s.Chat), 1)
	want(t, "of the host", p.s.Chat[0].From, key(0))
	p.do(Chat{"me too"})
	want(t, "told", one[Tell](p).Notice, NoticeChatFailed)
	none[Say](p)
}

// A line that was said in time and ordered too late is shown to nobody, and
// its writer is told.
func TestLineThatTheRuleOvertookFails(t *testing.T) {
	p := seated(t, 2).do(Chat{"hello"})
	p.hostSays(Statement{Sequence: 2, Rules: open(func(r *Rules) { r.Chat = false })})
	p.do(Echoed{p.s.Chat[0].Ref})
	want(t, "failed", p.s.Chat[0].Failed, true)
}

func TestOnlyTheHostRules(t *testing.T) {
	for name, from := range map[string]int{"a member": 2, "somebody outside": 4} {
		p := seated(t, 2)
		before := deepCopy(p.s.Rule)
		p.do(Heard{key(from), 1, Statement{Sequence: 9, Rules: Rules{Suspended: true}}}, Heard{key(from), 1, Lower{}})
		want(t, name+" said rules", p.s.Rule.Sequence, before.Sequence)
		want(t, name+" suspended", p.s.Rule.Rules.Suspended, false)
	}
	p := seated(t, 2)
	for _, e := range []Event{
		SetRules{Rules{Suspended: true}},
		StopStreams{Kinds: Kinds{Mic: true}},
		StopStreams{Person: key(2), Kinds: Kinds{Mic: true}},
		LetSpeak{key(2)},
		LowerHand{key(2)},
		LowerHand{},
	} {
		p.do(e)
		none[Say](p)
	}
}

func TestOlderWordIsNotTaken(t *testing.T) {
	p := seated(t, 2)
	muted := Statement{Sequence: 3, Rules: OpenRules(), All: Marks{Mic: 3}}
	p.hostSays(muted).hostSays(Statement{Sequence: 2, Rules: OpenRules()}).hostSays(Statement{Sequence: 3, Rules: OpenRules()})
	want(t, "all muted", p.s.Rule.All.Mic, uint64(3))
}

func TestMemberObeysAndIsTold(t *testing.T) {
	for name, row := range map[string]struct {
		st    Statement
		left  Wants
		tells []Notice
	}{
		"muted":   {Statement{Rules: OpenRules(), Stops: []Stop{{key(1), Marks{Mic: 2}}}}, Wants{Camera: true, Share: true, Hand: true}, []Notice{NoticeMuted}},
		"camera":  {Statement{Rules: OpenRules(), Stops: []Stop{{key(1), Marks{Camera: 2}}}}, Wants{Mic: true, Share: true, Hand: true}, []Notice{NoticeCameraStopped}},
		"share":   {Statement{Rules: OpenRules(), Stops: []Stop{{key(1), Marks{Share: 2}}}}, Wants{Mic: true, Camera: true, Hand: true}, []Notice{NoticeShareStopped}},
		"all":     {Statement{Rules: OpenRules(), All: Marks{Mic: 2}}, Wants{Camera: true, Share: true, Hand: true}, []Notice{NoticeMuted}},
		"another": {Statement{Rules: OpenRules(), Stops: []Stop{{key(2), Marks{Mic: 2}}}}, Wants{true, true, true, true}, nil},
		"no word": {Statement{Rules: open(func(r *Rules) { r.Unmute = false })}, Wants{Camera: true, Share: true, Hand: true}, []Notice{NoticeMuted}},
		"a word":  {Statement{Rules: open(func(r *Rules) { r.Unmute = false }), Voices: []keys.PublicKey{key(1)}}, Wants{true, true, true, true}, nil},
		"suspended": {
			Statement{Rules: Rules{Suspended: true}}, Wants{Hand: true}, []Notice{NoticeSuspended},
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := seated(t, 2).do(Wish{Wants{true, true, true, true}}).echo()
			row.st.Sequence = 2
			p.hostSays(row.st)
			want(t, "wants", p.s.Wants, row.left)
			want(t, "sends", p.s.Sends(), row.left)
			var told []Notice
			for _, n := range find[Tell](p.did) {
				told = append(told, n.Notice)
			}
			if !slices.Equal(told, row.tells) {
				t.Errorf("told %v, want %v", told, row.tells)
			}
		})
	}
}

// Nothing leaves the device between the person's click and the moment at which
// the others hear.
func TestUnmutingWaitsForItsPlaceInTheOrder(t *testing.T) {
	p := seated(t, 2).hostSays(Statement{Sequence: 2, Rules: OpenRules(), All: Marks{Mic: 2}})
	want(t, "muted", p.s.Wants.Mic, false)
	p.do(Wish{Wants{Mic: true}})
	want(t, "wished", p.s.Wants.Mic, true)
	want(t, "sent at once", p.s.Sends().Mic, false)
	p.echo()
	want(t, "sent", p.s.Sends().Mic, true)
	p.hostSays(Statement{Sequence: 3, Rules: OpenRules(), All: Marks{Mic: 2}})
	want(t, "another word mutes nobody again", p.s.Sends().Mic, true)
}

func TestWishThatTheRulesForbidIsRefusedAndTold(t *testing.T) {
	p := seated(t, 2).hostSays(Statement{Sequence: 2, Rules: Rules{}})
	p.do(Wish{Wants{Mic: true, Share: true}})
	want(t, "wants", p.s.Wants, Wants{})
	want(t, "told", one[Tell](p).Notice, NoticeNotAllowed)
}

func TestNewcomerOpensNothingBeforeTheHostsWord(t *testing.T) {
	p := joining(t).from(wire.Joined{Welcome: []byte("w"), Sequence: 10}).do(epoch(1, 0, nil, nil, 0, 1, 2))
	p.on(2).do(Heard{key(2), 1, Text{"early"}}, Heard{key(0), 1, Text{"welcome"}}, Heard{key(2), 1, React{1}})
	want(t, "closed", p.s.Closed()[key(2)], Kinds{true, true, true})
	want(t, "shown", shown(p, 2), Wants{})
	want(t, "lines", len(p.s.Chat), 0)
	p.hostSays(Statement{Sequence: 5, Rules: open(func(r *Rules) { r.Chat, r.Share = false, false })})
	want(t, "shown then", shown(p, 2), Wants{Mic: true, Camera: true})
	want(t, "lines then", len(p.s.Chat), 1)
	want(t, "of", p.s.Chat[0].From, key(0))
}

// Without a host there is nobody to wait for.
func TestNewcomerDoesNotWaitForAHostWhoIsGone(t *testing.T) {
	p := joining(t).from(wire.Joined{Welcome: []byte("w"), Sequence: 10}).do(epoch(1, 0, nil, nil, 0, 1, 2))
	p.on(2).do(Heard{key(2), 1, Text{"early"}}).from(wire.Gone{Device: key(0)})
	want(t, "shown", shown(p, 2), all)
	want(t, "lines", len(p.s.Chat), 1)
}

// Who was muted before a newcomer came, and has unmuted, is heard by them too.
func TestNewcomerHearsWhoHasUnmuted(t *testing.T) {
	p := joining(t).from(wire.Joined{Welcome: []byte("w"), Sequence: 10}).do(epoch(1, 0, nil, nil, 0, 1, 2, 3))
	p.do(Heard{key(2), 1, Present{Says: all, Heeds: 5}}, Heard{key(3), 1, Present{Says: all, Heeds: 4}})
	p.hostSays(Statement{Sequence: 6, Rules: OpenRules(), All: Marks{Mic: 5}})
	want(t, "unmuted", shown(p, 2).Mic, true)
	want(t, "muted", shown(p, 3).Mic, false)
	want(t, "nobody muted the newcomer", p.s.Wants.Mic, true)
	want(t, "told", len(find[Tell](p.did)), 0)
	want(t, "says so", one[Say](p).Payload, Payload(Present{Says: Wants{Mic: true}, Heeds: 6}))
}

// Leaving and coming back does not unmute.
func TestMutedMemberWhoComesBackIsStillMuted(t *testing.T) {
	p := ruling(t).do(StopStreams{Kinds: Kinds{Mic: true}}).echo()
	p.from(wire.Gone{Device: key(1)}).do(epoch(p.s.Epoch+1, 0, nil, []int{1}, 0, 2))
	p.do(epoch(p.s.Epoch+1, 0, []int{1}, nil, 0, 1, 2))
	var st Statement
	for _, s := range find[Say](p.did) {
		if said, ok := s.Payload.(Statement); ok {
			st = said
		}
	}
	want(t, "told to the newcomer", st.stop(key(1)).Mic, p.s.Rule.Sequence)
	p.do(Heard{key(1), p.s.Epoch, Present{Says: all}})
	want(t, "heard", shown(p, 1).Mic, false)

	back := joining(t).from(wire.Joined{Welcome: []byte("w"), Sequence: 10}).do(epoch(1, 0, nil, nil, 0, 1, 2))
	back.hostSays(st)
	want(t, "their own device", back.s.Wants.Mic, false)
}

func TestSuspendedMeetingIsSilentAndLocked(t *testing.T) {
	p := ruling(t).knocked(9, 3).do(SetRules{open(func(r *Rules) { r.Suspended = true })}).echo()
	want(t, "locked", sent[wire.Lock](p).Locked, true)
	want(t, "sending", p.s.Sending(), false)
	for i := range 3 {
		want(t, "shown", shown(p, i), Wants{})
	}
	p.do(Lock{Locked: false})
	none[Send](p)
	p.wait(time.Minute).do(Admit{})
	none[MakeCommit](p)
	p.do(Heard{key(1), p.s.Epoch, Text{"x"}}, Chat{"y"}, ShowReaction{1}, Heard{key(1), p.s.Epoch, React{1}})
	want(t, "lines", len(p.s.Chat), 0)
	who, _ := p.s.Person(key(1))
	want(t, "reaction", who.Reaction, Reaction(0))
	// A member who went on sending is not heard when it ends, either.
	p.on(1).do(SetRules{OpenRules()}).echo()
	want(t, "after it", shown(p, 1), Wants{})
	want(t, "admitted then", len(find[MakeCommit](p.all)), 1)
	p.on(1)
	want(t, "started again", shown(p, 1), all)
}

func TestStaleWordIsSaidAgain(t *testing.T) {
	p := ruling(t).do(StopStreams{Kinds: Kinds{Mic: true}}).refused("say", wire.CodeStale)
	none[Say](p) // in an epoch that may be over
	p.do(epoch(p.s.Epoch+1, 1, nil, nil, 0, 1, 2))
	says := find[Say](p.did)
	st, ok := says[len(says)-1].Payload.(Statement)
	want(t, "again", ok && st.All.Mic == st.Sequence, true)
	// The epoch was here before the answer.
	old := p.asked("say")
	p.do(epoch(p.s.Epoch+1, 1, nil, nil, 0, 1, 2)).from(wire.Failed{Ref: old, Code: wire.CodeStale})
	_, ok = one[Say](p).Payload.(Statement)
	want(t, "at once", ok, true)
	// One that was overtaken by a newer one is not.
	old = p.asked("say")
	p.do(StopStreams{Kinds: Kinds{Camera: true}}, epoch(p.s.Epoch+1, 1, nil, nil, 0, 1, 2))
	p.from(wire.Failed{Ref: old, Code: wire.CodeStale})
	none[Say](p)
}

func TestWhoDoesNotHeedIsRemindedWithEveryHeartbeat(t *testing.T) {
	p := ruling(t)
	p.wait(HeartbeatEvery).fire(TimerHeartbeat)
	want(t, "all heed", len(saidPayloads(p)), 1)
	p.do(StopStreams{Kinds: Kinds{Mic: true}}).echo().wait(HeartbeatEvery).fire(TimerHeartbeat)
	want(t, "reminded", saidPayloads(p)[1], "call.Statement")
	p.says(1, Wants{}).says(2, Wants{}).wait(HeartbeatEvery).fire(TimerHeartbeat)
	want(t, "heard", len(saidPayloads(p)), 1)
}

func TestStatementsStayWithinTheirLimits(t *testing.T) {
	var st Statement
	for i := range MaxStops + 3 {
		st.put(keys.PublicKey{1, byte(i), byte(i >> 8)}, Marks{Mic: uint64(i + 1)})
	}
	st.Sequence = MaxStops + 3
	for i := range MaxVoices + 3 {
		st.Voices = append(st.Voices, keys.PublicKey{2, byte(i), byte(i >> 8)})
	}
	s := hosting(t).s
	for _, stop := range st.Stops { // all of them members
		s.People = append(s.People, Person{Key: stop.Person})
	}
	for _, k := range st.Voices {
		s.People = append(s.People, Person{Key: k})
	}
	st.bound(s)
	want(t, "stops", len(st.Stops), MaxStops)
	want(t, "voices", len(st.Voices), MaxVoices)
	want(t, "who fell out stops all", st.All.Mic, uint64(3))
	data, err := EncodePayload(st)
	if err != nil || len(data)+1<<10 > wire.MaxSaid {
		t.Errorf("%d bytes, %v", len(data), err)
	}
	if _, err := DecodePayload(data); err != nil {
		t.Error(err)
	}
}

func TestReactionsFadeAndDoNotFlood(t *testing.T) {
	p := seated(t, 2).do(ShowReaction{2})
	want(t, "said", one[Say](p).Payload, Payload(React{2}))
	p.do(ShowReaction{3})
	none[Say](p)
	p.wait(time.Second).do(Heard{key(2), 1, React{4}}, Heard{key(2), 1, React{5}})
	who, _ := p.s.Person(key(2))
	want(t, "the first of two at once", who.Reaction, Reaction(4))
	p.wait(ReactionTime - time.Second).fire(TimerReaction)
	self, _ := p.s.Person(key(1))
	want(t, "own", self.Reaction, Reaction(0))
	want(t, "the other's fades later", armed(p, TimerReaction), time.Second)
	p.wait(time.Second).fire(TimerReaction)
	who, _ = p.s.Person(key(2))
	want(t, "faded", who.Reaction, Reaction(0))
	want(t, "no timer", armed(p, TimerReaction), time.Duration(-1))
	p.do(ShowReaction{0}).do(ShowReaction{ReactionMost + 1})
	none[Say](p)
}

func TestHands(t *testing.T) {
	p := seated(t, 2).do(Wish{Wants{Hand: true}}).says(2, Wants{Hand: true})
	p.do(LowerHand{key(1)})
	want(t, "own", p.s.Wants.Hand, false)
	p.do(Wish{Wants{Hand: true}}, Heard{key(2), 1, Lower{key(1)}})
	want(t, "by a member", p.s.Wants.Hand, true)
	p.do(Heard{key(0), 1, Lower{}})
	want(t, "by the host", p.s.Wants.Hand, false)
	want(t, "of the other", shown(p, 2).Hand, false)

	host := hosting(t).with(1, 2).do(Wish{Wants{Hand: true}}).says(1, Wants{Hand: true}).do(LowerHand{})
	want(t, "the host's own", host.s.Wants.Hand, false)
	want(t, "of a member", shown(host, 1).Hand, false)
}

// newName is a second name of device i, which it signed.
func newName(t testing.TB, p *play, i int, seq uint64, text string) keys.NameStatement {
	t.Helper()
	n, err := cast[i].SignName(p.about.ID(), seq, text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestRename(t *testing.T) {
	p := seated(t, 2).do(Rename{newName(t, seated(t), 1, 2, "Robert")})
	want(t, "before it is ordered", p.s.People[0].Name, "Bob")
	p.echo()
	want(t, "then", p.s.People[0].Name, "Robert")
	p.do(Rename{newName(t, p, 1, 2, "Rob")})
	none[Say](p) // no higher sequence
	p.do(Rename{newName(t, p, 2, 9, "Carla")})
	none[Say](p) // somebody else's
}

func TestForbiddenRenameIsNotBelieved(t *testing.T) {
	p := seated(t, 2).do(Heard{key(2), 1, Names{[]keys.NameStatement{p0(t, 2, 1, "Carol")}}})
	p.hostSays(Statement{Sequence: 2, Rules: open(func(r *Rules) { r.Rename = false })})
	p.do(Heard{key(2), 1, Names{[]keys.NameStatement{p0(t, 2, 2, "The Host")}}})
	want(t, "a member's", p.s.nameOf(key(2)), "Carol")
	none[Tell](p)
	p.do(Heard{key(0), 1, Names{[]keys.NameStatement{p0(t, 0, 5, "Anne")}}})
	want(t, "the host's", p.s.nameOf(key(0)), "Anne")
	p.do(Rename{p0(t, 1, 2, "Robert")})
	none[Say](p)
	want(t, "told", one[Tell](p).Notice, NoticeNotAllowed)
}

// A forbidden name that reached a newcomer before the host's word is put right
// by the names that the host hands them.
func TestNewcomerTakesForbiddenNamesFromTheHost(t *testing.T) {
	p := joining(t).from(wire.Joined{Welcome: []byte("w"), Sequence: 10}).do(epoch(1, 0, nil, nil, 0, 1, 2))
	p.do(Heard{key(2), 1, Names{[]keys.NameStatement{p0(t, 2, 2, "The Host")}}})
	p.hostSays(Statement{Sequence: 2, Rules: open(func(r *Rules) { r.Rename = false })})
	p.do(Heard{key(0), 1, Names{[]keys.NameStatement{p0(t, 2, 1, "Carol")}}})
	who, _ := p.s.Person(key(2))
	want(t, "shown", who.Name, "Carol")
}

func p0(t testing.TB, i int, seq uint64, text string) keys.NameStatement {
	return newName(t, newPlay(t, 1), i, seq, text)
}

// A rename and a rule that cross: the order decides, on every device.
func TestRenameThatTheRuleOvertookIsDropped(t *testing.T) {
	p := seated(t, 2).do(Rename{p0(t, 1, 2, "Robert")})
	ref := p.asked("say")
	p.hostSays(Statement{Sequence: 2, Rules: open(func(r *Rules) { r.Rename = false })}).do(Echoed{ref})
	want(t, "own name", p.s.Name.Name, "Bob")
	want(t, "told", one[Tell](p).Notice, NoticeNotAllowed)
}

func TestWhoCrashedComesBackUnasked(t *testing.T) {
	out := func() *play { // member 2 was let in, and their connection died
		p := hosting(t).with(1, 2).from(wire.Gone{Device: key(2)})
		return p.do(epoch(p.s.Epoch+1, 0, nil, []int{2}, 0, 1)).wait(time.Minute)
	}
	for name, row := range map[string]struct {
		play *play
		in   bool
	}{
		"by a new key":            {out().knocked(6, 2), true},
		"through a locked door":   {out().from(wire.Locked{Locked: true}).knocked(6, 2), true},
		"while all is suspended":  {out().do(SetRules{Rules{Suspended: true}}).echo().knocked(6, 2), false},
		"somebody new":            {out().knocked(6, 3), false},
		"after the host's Remove": {removedAndGone(t).knocked(6, 2), false},
	} {
		want(t, name, row.play.s.Lobby[0].Admitted, row.in)
		want(t, name+": commits", len(find[MakeCommit](row.play.did)), map[bool]int{true: 1}[row.in])
	}
	p := out()
	p.from(wire.Knocking{Ticket: 6, Device: key(2)})
	p.do(KnockOpened{Ticket: 6, Device: key(2), KeyPackage: []byte("kp"), Name: p0(t, 2, 2, "Somebody else"), Passcode: true})
	want(t, "under another name", p.s.Lobby[0].Admitted, false)
	p = out()
	p.do(KnockOpened{Ticket: 6, Device: key(2), KeyPackage: []byte("kp"), Name: p.name(2, "Guest")})
	want(t, "with a wrong passcode", len(p.s.Lobby), 0)
}

// A device that crashes all day has the host asked again, and does not make it
// commit more than once a second.
func TestWhoComesBackTooOftenAsks(t *testing.T) {
	p := hosting(t).with(1, 2)
	crash := func(ticket int) {
		p.knocked(wire.Ticket(ticket), 2)
		one[MakeCommit](p)
		p.do(epoch(p.s.Epoch+1, 0, nil, []int{2}, 0, 1))
	}
	for i := range ReturnsMost {
		crash(i + 1)
		one[MakeCommit](p)
		p.do(epoch(p.s.Epoch+1, 0, []int{2}, nil, 0, 1, 2))
		if i == 0 {
			crash(100)
			none[MakeCommit](p)
			p.wait(AdmitEvery).fire(TimerCommit)
			one[MakeCommit](p)
			p.do(epoch(p.s.Epoch+1, 0, []int{2}, nil, 0, 1, 2))
		}
		p.wait(AdmitEvery)
		if i == ReturnsMost-2 {
			break
		}
	}
	crash(200)
	none[MakeCommit](p)
	want(t, "admitted", p.s.Lobby[0].Admitted, false)
}

func removedAndGone(t testing.TB) *play {
	p := hosting(t).with(1, 2).do(Remove{key(2)}).from(wire.Gone{Device: key(2)})
	return p.do(epoch(p.s.Epoch+1, 0, nil, []int{2}, 0, 1)).wait(time.Minute)
}
