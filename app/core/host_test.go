package core_test

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"conclave/app/core"
	"conclave/call"
	"conclave/call/runner"
	"conclave/call/wire"
	"conclave/keys"
)

// person is how c shows somebody.
func (c *client) person(k keys.PublicKey) core.Person {
	c.t.Helper()
	for _, p := range c.meeting().People {
		if p.Key == k {
			return p
		}
	}
	c.t.Fatalf("%s does not show that person", c.name)
	return core.Person{}
}

// opened is how many frames of somebody's c has opened.
func (c *client) opened(k keys.PublicKey) (sound, pictures uint64) {
	synctest.Wait()
	stats, _ := c.MediaStats()
	for _, r := range stats.Remotes {
		if r.Key == k {
			return r.AudioOpened, r.VideoOpened
		}
	}
	return 0, 0
}

func pass() { time.Sleep(500 * time.Millisecond) }

func TestHostsNumbersAreThoseOfTheMeeting(t *testing.T) {
	expect(t, "last reaction", call.Reaction(core.ReactionParty), call.ReactionMost)
	expect(t, "shown for", core.ReactionTime, call.ReactionTime)
}

func TestMutedMemberIsToldAndUnmutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, anna, bob, carol := meet(t)
		bob.Send(core.SetMic{On: true})
		pass()
		expect(t, "shown as on", carol.person(bob.key()).Mic, true)
		anna.Send(core.MutePerson{Person: bob.key()})
		pass()
		expect(t, "wanted by Bob", bob.meeting().Mic.Wanted, false)
		expect(t, "told", bob.noticed(core.NoticeMuted), true)
		expect(t, "by whom", bob.Latest().Notices[0].Name, "Anna")
		expect(t, "may unmute", bob.Latest().Can.Unmute, true)
		expect(t, "shown to Carol", carol.person(bob.key()).Muted, true)
		bob.Send(core.SetMic{On: true})
		pass()
		expect(t, "on", bob.meeting().Mic.On, true)
		expect(t, "shown as on again", carol.person(bob.key()).Mic, true)
		sound, _ := carol.opened(bob.key())
		pass()
		if now, _ := carol.opened(bob.key()); now == sound {
			t.Error("Carol hears nothing of Bob")
		}
	})
}

// Bob's program never learns that he was muted and stopped, which is what an
// altered program would look like: it goes on sending, and nobody opens it.
func TestWhoGoesOnSendingIsNotOpened(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, anna, bob, carol := meet(t)
		bob.Send(core.SetMic{On: true})
		pass()
		w.liar.Down(func(c keys.PublicKey, m wire.Message) []wire.Message {
			if _, ok := m.(wire.Said); ok && c == bob.key() {
				return nil
			}
			return []wire.Message{m}
		})
		anna.Send(core.MutePerson{Person: bob.key()})
		anna.Send(core.StopCamera{Person: bob.key()})
		pass()
		type seen struct{ sound, pictures uint64 }
		before := map[*client]seen{}
		for _, c := range []*client{anna, carol} {
			sound, pictures := c.opened(bob.key())
			before[c] = seen{sound, pictures}
		}
		w.sends(bob)
		for c, was := range before {
			sound, pictures := c.opened(bob.key())
			expect(t, "opened by "+c.name, seen{sound, pictures}, was)
			expect(t, "tile of "+c.name, c.person(bob.key()).Tile, core.TileCameraOff)
			expect(t, "muted for "+c.name, c.person(bob.key()).Muted, true)
		}
		sound, pictures := bob.opened(carol.key())
		if sound+pictures == 0 {
			t.Error("Bob opens nothing of Carol: the control is broken")
		}
	})
}

func TestRulesOfAMemberCountNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, anna, bob, mallory := conspiracy(t)
		before := bob.meeting().Rules
		for _, p := range []call.Payload{
			call.Statement{Sequence: 1 << 40, Rules: call.Rules{Suspended: true}},
			call.Statement{Sequence: 1 << 41, Rules: call.Rules{}, All: call.Marks{Mic: 1 << 41}},
			call.Lower{},
		} {
			if err := mallory.Say(t.Context(), p); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
			_ = mallory.CatchUp(t.Context())
		}
		for _, c := range []*client{anna, bob} {
			expect(t, "rules of "+c.name, c.meeting().Rules, before)
			w.sends(c)
		}
	})
}

// What the rules forbid to chat is not shown, whatever program said it.
func TestForbiddenChatOfAnAlteredProgramIsNotShown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, anna, bob, mallory := conspiracy(t)
		say := func(text string) {
			_ = mallory.CatchUp(t.Context())
			if err := mallory.Say(t.Context(), call.Text{Text: text}); err != nil {
				t.Fatal(err)
			}
			pass()
		}
		say("allowed")
		rules := anna.meeting().Rules
		rules.Chat = false
		anna.Send(core.SetRules{Rules: rules})
		pass()
		say("forbidden")
		anna.Send(core.SendChat{Text: "quiet"})
		pass()
		for _, c := range []*client{anna, bob} {
			expect(t, c.name+"'s lines", len(c.meeting().Chat), 2)
		}
		expect(t, "Bob may chat", bob.Latest().Can.Chat, false)
		expect(t, "Anna may", anna.Latest().Can.Chat, true)
	})
}

// A service that repeats an old word of the host's is found out.
func TestReplayedRulesAreAnAlarm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, anna, bob, _ := meet(t)
		var kept []wire.Said
		w.liar.Down(func(c keys.PublicKey, m wire.Message) []wire.Message {
			if said, ok := m.(wire.Said); ok && c == bob.key() && said.Sender == anna.key() {
				kept = append(kept, said)
			}
			return []wire.Message{m}
		})
		anna.Send(core.MuteAll{})
		pass()
		w.liar.Down(nil)
		expect(t, "muted", bob.person(bob.key()).Muted, true)
		bob.Send(core.SetMic{On: true})
		pass()
		expect(t, "unmuted", bob.meeting().Mic.On, true)
		w.liar.Tell(bob.key(), slices.Clone(kept)[0])
		pass()
		expect(t, "alarm", bob.meeting().Silence, core.SilenceFork)
		expect(t, "not muted by it", bob.meeting().Mic.Wanted, true)
	})
}

func TestNewcomerLearnsTheRules(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, anna, _, _ := meet(t)
		anna.Send(core.SetRules{Rules: core.Rules{Chat: true}})
		pass()
		dan := w.client("Dan")
		w.admit(anna, dan)
		dan.Send(core.SetMic{On: true})
		pass()
		expect(t, "rules", dan.meeting().Rules, core.Rules{Chat: true})
		expect(t, "microphone", dan.meeting().Mic.Wanted, false)
		expect(t, "told", dan.noticed(core.NoticeNotAllowed), true)
		can := dan.Latest().Can
		expect(t, "may", [3]bool{can.Chat, can.Rename, can.Unmute}, [3]bool{true, false, false})
		anna.Send(core.LetSpeak{Person: dan.key()})
		pass()
		expect(t, "may speak", dan.Latest().Can.Unmute, true)
		dan.Send(core.SetMic{On: true})
		pass()
		expect(t, "is heard", anna.person(dan.key()).Mic, true)
	})
}

func TestSuspendedMeetingSendsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, anna, bob, carol := meet(t)
		anna.Send(core.SetRules{Rules: core.Rules{Chat: true, Share: true, Rename: true, Unmute: true, Suspended: true}})
		pass()
		for _, c := range []*client{anna, bob, carol} {
			w.silent(c)
			expect(t, c.name+" was told", c.noticed(core.NoticeSuspended), true)
			expect(t, c.name+": locked", c.meeting().Locked, true)
		}
		anna.Send(core.SetRules{Rules: core.Rules{Chat: true, Share: true, Rename: true, Unmute: true}})
		pass()
		for _, c := range []*client{anna, bob, carol} {
			expect(t, c.name+": camera", c.meeting().Camera.Wanted, false)
			c.Send(core.SetCamera{On: true})
			w.sends(c)
		}
		expect(t, "picture", carol.person(bob.key()).Camera, true)
	})
}

func TestReactionIsShownForItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, anna, bob, _ := meet(t)
		bob.Send(core.React{Reaction: core.ReactionParty})
		pass()
		expect(t, "shown", anna.person(bob.key()).Reaction, core.ReactionParty)
		time.Sleep(core.ReactionTime)
		expect(t, "afterwards", anna.person(bob.key()).Reaction, core.ReactionNone)
		expect(t, "own", bob.person(bob.key()).Reaction, core.ReactionNone)
	})
}

func TestRenamedInThisMeeting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, anna, bob, _ := meet(t)
		bob.Send(core.Rename{Name: " Robert "})
		pass()
		expect(t, "for Anna", anna.person(bob.key()).Name, "Robert")
		expect(t, "for Bob", bob.person(bob.key()).Name, "Robert")
		expect(t, "told", anna.noticed(core.NoticeRenamed), true)
		bob.Send(core.Rename{Name: "Bobby"})
		bob.Send(core.Rename{Name: "\u202e"})
		pass()
		expect(t, "again", anna.person(bob.key()).Name, "Bobby")
		expect(t, "refused", bob.noticed(core.NoticeNameInvalid), true)
		expect(t, "profile", bob.Latest().Profile.Name, "Bob")
	})
}

// Whoever was renamed and starts anew is called as their profile says, for all.
func TestNameOfASecondStayCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, anna, bob, carol := meet(t)
		bob.Send(core.Rename{Name: "Robert"})
		pass()
		bob.Send(core.LeaveMeeting{})
		time.Sleep(3 * time.Second)
		bob.Send(core.CloseMeeting{})
		w.admit(anna, bob)
		time.Sleep(3 * time.Second)
		for _, c := range []*client{anna, bob, carol} {
			expect(t, "for "+c.name, c.person(bob.key()).Name, "Bob")
		}
		bob.Send(core.Rename{Name: "Robert"})
		pass()
		expect(t, "renamed again", carol.person(bob.key()).Name, "Robert")
	})
}

// A classroom machine that lost power knocks again, and is inside without
// anybody's doing: also through a locked door, and not after a removal.
func TestCrashedMemberComesBackWithoutAsking(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, anna, bob, _ := meet(t)
		again := func(name string) *client {
			return w.client(name, func(cfg *core.Config) {
				cfg.Device = bob.device
				cfg.Dial = func(context.Context, string, string) (runner.Conn, error) {
					c, err := w.hall.Dial(bob.key())
					if err != nil {
						return nil, err
					}
					return w.liar.Between(bob.key(), c), nil
				}
			})
		}
		back := func(c *client, after time.Duration) call.Phase {
			c.device = bob.device
			time.Sleep(after)
			c.Send(core.JoinMeeting{Link: anna.meeting().Link})
			time.Sleep(3 * time.Second)
			return c.meeting().Phase
		}
		bob.Close()
		second := again("Bob")
		expect(t, "at once", back(second, 0), call.PhaseInMeeting)
		w.sends(second)
		second.Close()
		anna.Send(core.SetLocked{Locked: true})
		third := again("Bob")
		expect(t, "a minute later, the door locked", back(third, time.Minute), call.PhaseInMeeting)
		w.sends(third)
		expect(t, "people", len(anna.meeting().People), 3)
		third.Close()
		anna.Send(core.SetLocked{Locked: false})
		expect(t, "under another name", back(again("Mallory"), time.Second), call.PhaseLobby)
	})
}
