package call

import (
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"conclave/call/wire"
	"conclave/keys"
	"conclave/keys/policy"
)

// events are one or more of every kind, built for the meeting of p.
func events(p *play) []Event {
	self := slices.IndexFunc(cast[:], func(d keys.DeviceKey) bool { return d.Public() == p.s.Self })
	list := []Event{
		Create{Sealed: p.seal, About: p.about, Name: p.name(self, "Me")},
		Join{Meeting: p.about.ID(), Name: p.name(self, "Me")},
		Leave{},
		EndAll{},
		Admit{},
		Admit{[]wire.Ticket{2}},
		Refuse{1},
		Remove{key(0)},
		Remove{key(2)},
		Lock{true},
		Chat{"hello"},
		Chat{""},
		Wish{Wants{Camera: true}},
		Wish{Wants{Mic: true, Hand: true}},
		SetRules{Rules{Suspended: true}},
		SetRules{Rules{Chat: true}},
		SetRules{OpenRules()},
		StopStreams{Kinds: Kinds{Mic: true, Camera: true}},
		StopStreams{key(1), Kinds{true, true, true}},
		StopStreams{key(2), Kinds{Mic: true}},
		LetSpeak{key(1)},
		LowerHand{},
		LowerHand{p.s.Self},
		ShowReaction{1},
		ShowReaction{77},
		Rename{p.name(self, "Other")},
		Rename{newer(p, self)},
		Judge{p.s.Epoch, true},
		Judge{p.s.Epoch, false},
		LinkReady{},
		LinkFailed{},
		LinkFailed{Final: true, Why: EndPinMismatch},
		KnockSealed{[]byte("k"), []byte("s")},
		KnockOpened{Ticket: 1, Device: key(1), KeyPackage: []byte("k"), Name: p.name(1, "Bob"), Passcode: true, Proof: NoAccounts()},
		KnockOpened{Ticket: 2, Device: key(3), KeyPackage: []byte("k"), Name: p.name(3, "Dan"), Passcode: true, Proof: NoAccounts()},
		KnockOpened{Ticket: 3, Device: key(4)},
		KnockOpened{Ticket: 4, Device: key(4), Broken: true},
		KeyFault{FaultFork},
		KeyFault{FaultForged},
		KeyFault{FaultForbidden},
		KeyFault{FaultNone},
		Echoed{p.s.Ref},
		Echoed{0},
		CommitFailed{p.s.Committing},
		CommitFailed{99},
		MediaUp{},
		MediaStalling{},
		MediaRestart{},
		StrangersSeen{0},
		StrangersSeen{2},
		OwnPassport{Proof: NoAccounts()},
		OwnPassport{Bundle: []byte("own"), Proof: holds(keys.ClassPhone, "", policy.DecisionAllow)},
		OwnPassport{Proof: holds(keys.ClassEmail, "", policy.DecisionRefuse)},
		PassportChecked{Device: key(1), Bundle: []byte("b"), Proof: Proof{Checked: CheckedFalse, Flaw: FlawRevoked}},
		CheckAgain{},
		EpochReady{Epoch: p.s.Epoch + 1, By: key(0), SelfRemoved: true},
		EpochReady{Epoch: p.s.Epoch + 1, By: key(2), SelfRemoved: true},
	}
	list = append(list, epochs(p, self)...)
	for _, payload := range []Payload{
		Text{"hi"},
		Present{Says: Wants{Camera: true}},
		Bye{},
		Names{[]keys.NameStatement{p.name(2, "Carol")}},
		Names{[]keys.NameStatement{newer(p, 2)}},
		Statement{Sequence: p.s.Rule.Sequence, Rules: OpenRules()},
		Statement{Sequence: p.s.Rule.Sequence + 1, Rules: Rules{Suspended: true}},
		Statement{Sequence: p.s.Rule.Sequence + 1, Rules: Rules{Unmute: true}, Stops: []Stop{{key(1), Marks{1, 1, 1}}}},
		Statement{Sequence: p.s.Rule.Sequence + 1, All: Marks{Mic: 1}, Voices: []keys.PublicKey{key(1), key(2)}},
		Present{Says: Wants{true, true, true, true}, Heeds: p.s.Rule.Sequence},
		Present{Says: Wants{true, true, true, true}, Heeds: 1 << 60},
		React{1},
		Lower{},
		Lower{p.s.Self},
		Heartbeat{Roster: p.s.Roster, At: p.now},
		Heartbeat{Roster: [32]byte{77}, At: p.now},
	} {
		for _, from := range []int{0, 2, 4} {
			list = append(list, Heard{key(from), p.s.Epoch, payload})
		}
	}
	for t := range timerCount {
		list = append(list, Fired{t, p.s.timers[t]}, Fired{t, p.s.timers[t] + 1})
	}
	list = append(list, Fired{timerCount, 0})
	next := p.s.After + 1
	for _, m := range []wire.Message{
		wire.Challenge{},
		wire.Ready{},
		wire.Meeting{},
		wire.Waiting{Position: 1},
		wire.Meeting{Encoded: p.seal.Encoded, Signature: p.seal.Signature},
		wire.Meeting{Encoded: p.other.Encoded, Signature: p.other.Signature},
		wire.Knocking{Ticket: 1, Device: key(1)},
		wire.Knocking{Ticket: 9, Device: key(4)},
		wire.Withdrawn{Ticket: 1},
		wire.Refused{Reason: wire.ReasonPasscode},
		wire.Joined{Welcome: []byte("w"), Sequence: next},
		wire.Ordered{Sequence: next, Sender: key(0)},
		wire.Ordered{Sequence: next + 4, Sender: key(0)},
		wire.Said{Sequence: next, Sender: key(2)},
		wire.Said{Sequence: next, Sender: p.s.Self},
		wire.Said{},
		wire.Roster{},
		wire.Roster{Seated: []wire.Seat{{Device: key(0), Connected: true}, {Device: key(2), Connected: true}}},
		wire.Gone{Device: key(0)},
		wire.Gone{Device: key(2)},
		wire.Gone{Device: p.s.Self},
		wire.MediaToken{URL: "ws://x", Token: "t"},
		wire.Locked{Locked: true},
		wire.Removed{},
		wire.Ended{Reason: wire.EndHost},
		wire.Ended{Reason: wire.EndEmpty},
	} {
		list = append(list, FromService{m})
	}
	refs := []uint32{0, 99, p.s.Committing}
	for _, a := range p.s.Asked {
		refs = append(refs, a.Ref)
	}
	for _, ref := range refs {
		list = append(list, FromService{wire.Done{Ref: ref}})
		for _, c := range []wire.Code{wire.CodeStale, wire.CodeInternal, wire.CodeNotSeated, wire.CodeEnded, wire.CodeTooFast} {
			list = append(list, FromService{wire.Failed{Ref: ref, Code: c}})
		}
	}
	return list
}

// epochs are next ones with other people in them.
func epochs(p *play, self int) (out []Event) {
	for _, line := range [][]int{{0}, {0, 1}, {0, 1, 2}, {0, 1, 2, 3}, {1, 2}} {
		if !slices.Contains(line, self) {
			continue
		}
		e := epoch(p.s.Epoch+1, line[len(line)-1], nil, nil, line...)
		for _, m := range e.Members {
			if _, in := p.s.Person(m.Key); !in {
				e.Added = append(e.Added, m.Key)
			}
		}
		for _, q := range p.s.People {
			if !slices.ContainsFunc(e.Members, func(m Member) bool { return m.Key == q.Key }) {
				e.Removed = append(e.Removed, q.Key)
			}
		}
		byHost := e
		byHost.By = key(0)
		out = append(out, e, byHost)
	}
	return out
}

// Whatever the four parts are, whatever happens: no panic, no write to the
// State that was passed in, and nothing after the end.
func TestEveryEventInEveryState(t *testing.T) {
	steps := 0
	for me := range 2 {
		full := hosting(t).with(1, 2).knocked(5, 3).do(Chat{"x"}, Judge{1, true})
		if me == 1 {
			full = seated(t, 2).do(Chat{"x"}, Judge{1, true})
		}
		for _, base := range []*play{newPlay(t, me), full} {
			for link := LinkDown; link <= LinkLost; link++ {
				for seat := SeatOut; seat <= SeatEnded; seat++ {
					for k := KeysNone; k <= KeysBroken; k++ {
						// Nothing but the media's own events asks for its state, so
						// that it may change along with the others.
						p := *base
						p.s.Link, p.s.Seat, p.s.Keys = link, seat, k
						p.s.Media = MediaOff + Media(int(link)+int(seat)+int(k))%MediaRestarting
						steps += tryAll(t, &p)
					}
				}
			}
		}
	}
	t.Logf("%d steps", steps)
}

func tryAll(t *testing.T, p *play) int {
	kept := deepCopy(p.s)
	list := events(p)
	for _, e := range list {
		after, effects := Step(p.s, p.now, e)
		if p.s.Seat == SeatEnded && (len(effects) > 0 || !reflect.DeepEqual(after, p.s)) {
			t.Fatalf("after the end, %T%+v still does %v", e, e, show(effects))
		}
		if after.Phase() == 0 {
			t.Fatalf("no phase for %v %v", after.Link, after.Seat)
		}
		check(t, p.s, after, e, effects)
	}
	if !reflect.DeepEqual(kept, p.s) {
		t.Fatalf("the State passed in was written to:\n%+v\n%+v", kept, p.s)
	}
	return len(list)
}

// check holds what is true of every step.
func check(t testing.TB, before, after State, e Event, effects []Effect) {
	t.Helper()
	fail := func(rule string) {
		t.Helper()
		t.Fatalf("%s: %T%+v\nbefore link=%d seat=%d keys=%d\nafter  link=%d seat=%d keys=%d\n%s", rule, e, e,
			before.Link, before.Seat, before.Keys, after.Link, after.Seat, after.Keys, show(effects))
	}
	usable := func(s State) bool { return s.Keys == KeysReady || s.Keys == KeysMoving }
	for _, f := range effects {
		switch f := f.(type) {
		case Say:
			if !usable(before) && !usable(after) || before.Keys == KeysBroken {
				fail("said without keys")
			}
		case MakeCommit:
			checkCommit(fail, before, after, f)
			if !usable(before) && !usable(after) || before.Keys == KeysBroken {
				fail("commit without keys")
			}
		case Departed:
			host := f.Person == after.About.Host
			if _, isGone := e.(FromService); isGone && host {
				fail("the service alone made the host departed")
			}
		}
	}
	if before.Seat != SeatEnded && after.Seat == SeatEnded {
		if len(find[Wipe](effects)) == 0 || len(find[StopMedia](effects)) == 0 || len(find[HangUp](effects)) == 0 {
			fail("ended without wiping, stopping and hanging up")
		}
		if usable(after) || after.Sending() {
			fail("ended with keys")
		}
	}
	if after.Sending() && (after.Seat != SeatSeated || !usable(after)) {
		fail("sending without a seat or keys")
	}
	joined := false
	if s, ok := e.(FromService); ok {
		_, joined = s.Message.(wire.Joined)
	}
	if after.After < before.After && !joined {
		fail("the sequence goes back")
	}
	if _, ok := e.(EpochReady); !ok && len(after.People) > 0 {
		if a, b := before.lineUp(), after.lineUp(); !slices.Equal(a, b) {
			fail("people changed without an epoch")
		}
	}
	if r, ok := e.(EpochReady); ok && after.Epoch != before.Epoch {
		for _, m := range r.Members {
			if q, in := after.Person(m.Key); !in || q.Leaf != m.Leaf {
				fail("a member of the epoch is not shown")
			}
		}
		if len(r.Members) != len(after.People) {
			fail("somebody is shown who is not in the epoch")
		}
	}
	checkRules(fail, before, after, e, effects)
	if len(find[MakeCommit](effects)) > 1 {
		fail("two commits at once")
	}
	if len(after.Asked) > len(before.Asked)+8 {
		fail("too many requests at once")
	}
}

// newer is a later name of device i than any that p.name makes.
func newer(p *play, i int) keys.NameStatement {
	if n, ok := signed.Load(i); ok {
		return n.(keys.NameStatement)
	}
	n := newName(p.t, p, i, 2, "Newer")
	signed.Store(i, n)
	return n
}

// checkRules holds what is true of the host's word, whatever happens.
func checkRules(fail func(string), before, after State, e Event, effects []Effect) {
	h, isHeard := e.(Heard)
	_, isEcho := e.(Echoed)
	_, isEpoch := e.(EpochReady)
	fromHost := isHeard && h.From == after.About.Host
	if !reflect.DeepEqual(before.Rule, after.Rule) && !fromHost && !after.Host() {
		fail("rules changed without the host's word")
	}
	if !reflect.DeepEqual(before.Rule, after.Rule) && !isEcho && !isEpoch && after.Host() {
		fail("the host's own word counted before it was ordered")
	}
	if before.Told && after.Told && after.Rule.Sequence < before.Rule.Sequence {
		fail("an older word was taken")
	}
	if after.Plan.Sequence != before.Plan.Sequence && !after.Host() {
		fail("a guest plans rules")
	}
	for _, s := range find[Say](effects) {
		switch s.Payload.(type) {
		case Statement, Lower:
			if !after.Host() {
				fail("a guest says what only the host may")
			}
		}
	}
	for _, l := range after.Chat[min(len(before.Chat), len(after.Chat)):] {
		if l.From != after.Self && (!after.Ruled() || !after.MayChat(l.From)) {
			fail("a line is shown that the rules forbid")
		}
	}
	if after.Rule.Rules.Suspended && after.Sending() {
		fail("sending while all is suspended")
	}
	if len(find[Tell](effects)) > 4 {
		fail("too many notices at once")
	}
	for _, p := range after.People {
		if after.Told && !p.On.within(max(after.Rule.Sequence, before.Rule.Sequence)) {
			fail("somebody heeds what was not said")
		}
		w := after.Showing(p.Key)
		closed := after.Closed()[p.Key]
		if p.Key != after.Self && (w.Mic && closed.Mic || w.Camera && closed.Camera || w.Share && closed.Share) {
			fail("shown as on, and not opened")
		}
		if after.Rule.Rules.Suspended && (w.Mic || w.Camera || w.Share) {
			fail("shown while all is suspended")
		}
	}
}

func checkCommit(fail func(string), before, after State, c MakeCommit) {
	if len(c.Adds) > 0 && !after.Host() {
		fail("a guest admits")
	}
	if len(c.Adds) > AdmitMost {
		fail("too many adds")
	}
	if before.Committing != 0 && after.Committing != c.Ref {
		fail("a commit beside another one")
	}
	for _, k := range c.Removes {
		p, in := after.Person(k)
		if !in || k == after.Self {
			fail("removes who is not there, or oneself")
		}
		if !p.Departed && !(after.Host() && slices.Contains(after.Removing, k)) {
			fail("removes somebody who did not depart, without the host's word")
		}
	}
	for _, k := range c.Adds {
		if !k.Admitted {
			fail("adds whom the host did not admit")
		}
	}
}

// wires keeps the timers as the runner does: the newest of a name runs.
type wires map[Timer]uint32

func (w wires) apply(t testing.TB, effects []Effect) {
	for _, e := range effects {
		switch e := e.(type) {
		case Arm:
			if old, ok := w[e.Timer]; ok && e.Generation <= old {
				t.Fatalf("timer %d armed with generation %d after %d", e.Timer, e.Generation, old)
			}
			if e.After < 0 {
				t.Fatalf("timer %d armed for %v", e.Timer, e.After)
			}
			w[e.Timer] = e.Generation
		case Disarm:
			delete(w, e.Timer)
		}
	}
}

// FuzzStep lets anything happen in any order.
func FuzzStep(f *testing.F) {
	f.Add(false, []byte{0, 16, 90, 200})
	f.Add(true, []byte{0, 16, 95, 17, 3, 1, 40, 41, 42, 43, 44})
	for i := range 40 {
		seed := make([]byte, 120)
		for j := range seed {
			seed[j] = byte(i*31 + j*j*7)
		}
		f.Add(i%2 == 0, seed)
	}
	f.Fuzz(func(t *testing.T, host bool, script []byte) {
		me := 1
		if host {
			me = 0
		}
		p := newPlay(t, me)
		p.do(events(p)[me]) // Create or Join
		running := wires{}
		running.apply(t, p.did)
		for _, b := range script[:min(len(script), 300)] {
			list := live(events(p), running)
			e := list[int(b)%len(list)]
			if int(b) >= len(list) { // the list is longer than a byte
				e = list[(int(b)*7919+len(p.all))%len(list)]
			}
			p.now = p.now.Add(time.Duration(b) * 20 * time.Millisecond)
			before, kept := p.s, deepCopy(p.s)
			p.do(e)
			check(t, before, p.s, e, p.did)
			if !reflect.DeepEqual(kept, before) {
				t.Fatalf("%T wrote to the State passed in", e)
			}
			if before.Seat == SeatEnded && len(p.did) > 0 {
				t.Fatalf("after the end: %v", show(p.did))
			}
			running.apply(t, p.did)
			if p.s.Seat == SeatEnded && len(running) > 0 {
				t.Fatalf("timers run after the end: %v", running)
			}
		}
	})
}

// live leaves out timers that do not run, as they never fire.
func live(list []Event, running wires) (out []Event) {
	for _, e := range list {
		if f, ok := e.(Fired); ok {
			if gen, runs := running[f.Timer]; !runs || gen != f.Generation {
				continue
			}
		}
		out = append(out, e)
	}
	return out
}

// Two futures of one State must not share what they append to.
func TestFuturesDoNotShareMemory(t *testing.T) {
	for _, base := range []*play{hosting(t).with(1, 2).knocked(5, 3), seated(t, 2)} {
		list := events(base)
		for i, e := range list {
			first, _ := Step(base.s, base.now, e)
			kept := deepCopy(first)
			second, _ := Step(base.s, base.now, list[(i+7)%len(list)])
			_, _ = Step(second, base.now, e)
			if !reflect.DeepEqual(first, kept) {
				t.Fatalf("%s", fmt.Sprintf("%T and another event share memory", e))
			}
		}
	}
}
