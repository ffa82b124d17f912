package core_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"conclave/app/core"
	"conclave/call"
	"conclave/call/media"
	"conclave/call/wire"
	"conclave/keys"
)

// In this file the service lies. Each test says what is noticed, by whom, and
// that nothing more is sent; the first one is the control.

func TestHonestServiceRaisesNoAlarm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, anna, bob, carol := meet(t)
		for i, c := range []*client{anna, bob, carol, anna, bob} {
			c.Send(core.SendChat{Text: string(rune('a' + i))})
			time.Sleep(25 * time.Second)
		}
		for _, c := range []*client{anna, bob, carol} {
			w.sends(c)
			if list := c.Latest().Notices; len(list) > 0 {
				t.Errorf("%s was told %v", c.name, list)
			}
			expect(t, c.name+"'s lines", len(c.meeting().Chat), 5)
			c.Send(core.SetMic{On: true})
			w.sends(c)
			stats, _ := c.MediaStats()
			for _, r := range stats.Remotes {
				if r.VideoOpened == 0 || r.Refused != (media.Refusals{}) {
					t.Errorf("%s: %d opened, refused %+v", c.name, r.AudioOpened, r.Refused)
				}
			}
		}
		w.sealed()
	})
}

// The operator mints a token and sends somebody in.
func TestGhostAtTheRelayStopsEverybody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, anna, bob, carol := meet(t)
		ghost, err := w.relay.Dial(context.Background(), "for a ghost")
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(call.StrangerGrace + time.Second)
		for _, c := range []*client{anna, bob, carol} {
			expect(t, c.name+"'s silence", c.meeting().Silence, core.SilenceStranger)
			expect(t, c.name+" was told", c.noticed(core.NoticeStranger), true)
			expect(t, c.name+" counts", c.meeting().Badge.Strangers, 1)
			w.silent(c)
			expect(t, c.name+" shows", len(c.meeting().People), 3)
		}
		ghost.Close()
		time.Sleep(time.Second)
		for _, c := range []*client{anna, bob, carol} {
			w.sends(c)
		}
		w.sealed()
	})
}

// A seat in the service's list is not a place in the meeting.
func TestGhostInTheRosterIsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, anna, bob, _ := meet(t)
		ghost := wire.Seat{Device: keys.PublicKey{7}, Connected: true}
		for _, c := range []*client{anna, bob} {
			w.liar.Tell(c.key(), wire.Roster{Seated: []wire.Seat{ghost, {Device: anna.key(), Connected: true}}})
			expect(t, "people", len(c.meeting().People), 3)
		}
	})
}

// flipped is b with one bit changed near its end.
func flipped(b []byte) []byte {
	out := append([]byte(nil), b...)
	out[len(out)-9] ^= 1
	return out
}

func TestForgedCommitBreaksTheMeetingLoudly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, anna, bob, carol := meet(t)
		w.liar.Down(func(c keys.PublicKey, m wire.Message) []wire.Message {
			if o, ok := m.(wire.Ordered); ok && c == bob.key() {
				o.Commit = flipped(o.Commit)
				m = o
			}
			return []wire.Message{m}
		})
		anna.Send(core.Remove{Person: carol.key()})
		time.Sleep(time.Second)
		expect(t, "silence", bob.meeting().Silence, core.SilenceForged)
		expect(t, "told", bob.noticed(core.NoticeForged), true)
		w.silent(bob)
		expect(t, "epoch's people stay", len(bob.meeting().People), 3)
	})
}

// A commit of another meeting, or of an earlier epoch, under the host's name.
func TestReplayedCommitIsNoticed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		var first wire.Message
		w.liar.Down(func(_ keys.PublicKey, m wire.Message) []wire.Message {
			if _, ok := m.(wire.Ordered); ok && first == nil {
				first = m
			}
			return []wire.Message{m}
		})
		anna := w.start(keys.ModeE2EE, "")
		bob := w.client("Bob")
		w.admit(anna, bob)
		time.Sleep(2 * time.Second)
		for _, c := range []*client{anna, bob} {
			w.liar.Tell(c.key(), first)
			expect(t, c.name+"'s silence", c.meeting().Silence, core.SilenceFork)
			expect(t, c.name+" was told", c.noticed(core.NoticeFork), true)
			w.silent(c)
		}
	})
}

// The service keeps Carol's removal from Bob, whose frames she could still
// open. It has to keep everything after it from him, too.
func TestWithheldRemovalStopsSendingWithinAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, anna, bob, carol := meet(t)
		withheld := false
		w.liar.Down(func(c keys.PublicKey, m wire.Message) []wire.Message {
			if _, ok := m.(wire.Ordered); ok && c == bob.key() {
				withheld = true
			}
			if sequenced(m) && withheld && c == bob.key() {
				return nil
			}
			return []wire.Message{m}
		})
		anna.Send(core.Remove{Person: carol.key()})
		began := time.Now()
		for bob.meeting().Sending && time.Since(began) < 5*time.Minute {
			time.Sleep(time.Second)
		}
		t.Logf("Bob stopped after %v", time.Since(began))
		if d := time.Since(began); d > (call.HeartbeatsStop+2)*call.HeartbeatEvery {
			t.Errorf("Bob went on for %v", d)
		}
		expect(t, "silence", bob.meeting().Silence, core.SilenceUnheard)
		expect(t, "told", bob.noticed(core.NoticeUnheard), true)
		w.silent(bob)
	})
}

func sequenced(m wire.Message) bool {
	switch m.(type) {
	case wire.Ordered, wire.Said:
		return true
	}
	return false
}

// It withholds the commit only, and hands on what was said later.
func TestWithheldCommitIsNoticedAtTheNextMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, anna, bob, carol := meet(t)
		w.liar.Down(func(c keys.PublicKey, m wire.Message) []wire.Message {
			if _, ok := m.(wire.Ordered); ok && c == bob.key() {
				return nil
			}
			return []wire.Message{m}
		})
		anna.Send(core.Remove{Person: carol.key()})
		time.Sleep(time.Second)
		expect(t, "silence", bob.meeting().Silence, core.SilenceFork)
		w.silent(bob)
	})
}

// Two commits win in the same epoch: one for Anna and Carol, one for Bob.
func TestForkedOrderIsNoticed(t *testing.T) {
	for _, isolate := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			w, anna, bob, carol := meet(t)
			epochs := anna.meeting().Code.Epoch
			// Bob is told that Carol is gone, and so is nobody else; his commit
			// comes back to him alone.
			w.liar.Up(func(c keys.PublicKey, m wire.Message) []wire.Message {
				if commit, ok := m.(wire.Commit); ok && c == bob.key() {
					go w.liar.Tell(bob.key(), wire.Ordered{Epoch: commit.Epoch, Sender: bob.key(), Commit: commit.Commit})
					return nil
				}
				if s, ok := m.(wire.Say); ok && c == bob.key() && !isolate {
					s.Epoch = epochs // so that the honest service passes it on
					m = s
				}
				return []wire.Message{m}
			})
			if isolate {
				w.liar.Down(func(c keys.PublicKey, m wire.Message) []wire.Message {
					if s, ok := m.(wire.Said); ok && (c == bob.key()) != (s.Sender == bob.key()) {
						return nil
					}
					return []wire.Message{m}
				})
			}
			w.liar.Tell(bob.key(), wire.Gone{Device: carol.key()})
			time.Sleep(3 * time.Second)
			expect(t, "Bob's fork", len(bob.meeting().People), 2)
			expect(t, "the others'", len(anna.meeting().People), 3)
			if bob.meeting().Code.Digits == anna.meeting().Code.Digits {
				t.Error("the code is the same on both sides of a fork")
			}
			time.Sleep((call.HeartbeatsStop + 2) * call.HeartbeatEvery)
			// In Bob's fork Carol is a stranger, and she is at the relay.
			expect(t, "Bob's silence", bob.meeting().Silence, core.SilenceStranger)
			expect(t, "Bob was told", bob.noticed(core.NoticeStranger), true)
			if isolate { // Bob hears nobody; Anna and Carol see him as not connected
				expect(t, "Bob was told", bob.noticed(core.NoticeUnheard), true)
				for _, p := range anna.meeting().People {
					if p.Key == bob.key() && p.Connected {
						t.Error("Bob is shown as connected after a minute's silence")
					}
				}
			} else {
				for _, c := range []*client{anna, carol} {
					expect(t, c.name+"'s silence", c.meeting().Silence, core.SilenceFork)
					expect(t, c.name+" was told", c.noticed(core.NoticeFork), true)
					w.silent(c)
				}
			}
			w.silent(bob)
		})
	}
}

// A Welcome reaches somebody for whom it was not made.
func TestWelcomeOfAnotherIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		anna := w.start(keys.ModeE2EE, "")
		bob, carol := w.client("Bob"), w.client("Carol")
		carol.Send(core.JoinMeeting{Link: anna.meeting().Link})
		synctest.Wait()
		w.liar.Down(func(c keys.PublicKey, m wire.Message) []wire.Message {
			if j, ok := m.(wire.Joined); ok {
				go w.liar.Tell(carol.key(), j)
			}
			return []wire.Message{m}
		})
		bob.Send(core.JoinMeeting{Link: anna.meeting().Link})
		synctest.Wait()
		for _, k := range anna.meeting().Lobby {
			if k.Name == "Bob" {
				anna.Send(core.Admit{Ticket: k.Ticket})
			}
		}
		time.Sleep(2 * time.Second)
		expect(t, "Bob", bob.meeting().Phase, call.PhaseInMeeting)
		expect(t, "Carol", carol.meeting().End, call.EndBroken)
		expect(t, "Carol was told", carol.noticed(core.NoticeForged), true)
		expect(t, "Carol's people", len(carol.meeting().People), 0)
		expect(t, "Anna sees", len(anna.meeting().People), 2)
	})
}

// Carol left and knocks anew; the service answers with her first Welcome.
func TestWelcomeOfAnEarlierEpochIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		anna := w.start(keys.ModeE2EE, "")
		var old []wire.Message
		w.liar.Down(func(_ keys.PublicKey, m wire.Message) []wire.Message {
			if _, ok := m.(wire.Joined); ok {
				old = append(old, m)
			}
			return []wire.Message{m}
		})
		carol := w.client("Carol")
		w.admit(anna, carol)
		carol.Send(core.LeaveMeeting{})
		time.Sleep(3 * time.Second)
		carol.Send(core.CloseMeeting{})
		carol.Send(core.JoinMeeting{Link: anna.meeting().Link})
		synctest.Wait()
		expect(t, "Carol asks again", len(anna.meeting().Lobby), 1)
		w.liar.Tell(carol.key(), old[0])
		expect(t, "Carol", carol.meeting().End, call.EndBroken)
		expect(t, "told", carol.noticed(core.NoticeForged), true)
	})
}

// The names in the lobby change places on the way to the host.
func TestSwappedNamesInTheLobbyShowNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		anna := w.start(keys.ModeE2EE, "")
		bob, carol := w.client("Bob"), w.client("Carol")
		var held []wire.Knocking
		w.liar.Down(func(c keys.PublicKey, m wire.Message) []wire.Message {
			k, ok := m.(wire.Knocking)
			if !ok || len(held) == 2 {
				return []wire.Message{m}
			}
			held = append(held, k)
			if len(held) < 2 {
				return nil
			}
			a, b := held[0], held[1]
			a.Sealed, b.Sealed = b.Sealed, a.Sealed
			return []wire.Message{a, b}
		})
		bob.Send(core.JoinMeeting{Link: anna.meeting().Link})
		synctest.Wait()
		carol.Send(core.JoinMeeting{Link: anna.meeting().Link})
		time.Sleep(time.Second)
		expect(t, "lobby", len(anna.meeting().Lobby), 0)
		expect(t, "Bob", bob.meeting().End, call.EndRefused)
		expect(t, "Carol", carol.meeting().End, call.EndRefused)
	})
}

// The key package in a knock is the ghost's, or another person's.
func TestSwappedKeyPackageIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		anna := w.start(keys.ModeE2EE, "")
		bob, carol := w.client("Bob"), w.client("Carol")
		bob.Send(core.JoinMeeting{Link: anna.meeting().Link})
		synctest.Wait()
		var kept []byte
		w.liar.Up(func(c keys.PublicKey, m wire.Message) []wire.Message {
			if k, ok := m.(wire.Knock); ok {
				if kept == nil {
					kept = k.KeyPackage
				} else {
					k.KeyPackage = kept
					m = k
				}
			}
			return []wire.Message{m}
		})
		dan := w.client("Dan")
		dan.Send(core.JoinMeeting{Link: anna.meeting().Link})
		synctest.Wait()
		carol.Send(core.JoinMeeting{Link: anna.meeting().Link})
		synctest.Wait()
		expect(t, "Carol", carol.meeting().End, call.EndRefused)
		for _, k := range anna.meeting().Lobby {
			if k.Name == "Carol" {
				t.Error("Carol is shown with another's key package")
			}
		}
		expect(t, "the others wait", len(anna.meeting().Lobby), 2)
	})
}

// A transport meeting is shown as an end-to-end encrypted one, or the other way.
func TestRelabelledMeetingIsRefused(t *testing.T) {
	for _, mode := range []keys.Mode{keys.ModeE2EE, keys.ModeTransport} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			anna := w.start(mode, "")
			w.liar.Down(func(c keys.PublicKey, m wire.Message) []wire.Message {
				if seen, ok := m.(wire.Meeting); ok {
					d, err := keys.ParseDescriptor(seen.Encoded)
					if err != nil {
						t.Error(err)
					}
					d.Mode = keys.ModeE2EE + keys.ModeTransport - d.Mode
					seen.Encoded = d.Encode()
					m = seen
				}
				return []wire.Message{m}
			})
			bob := w.client("Bob")
			bob.Send(core.JoinMeeting{Link: anna.meeting().Link})
			expect(t, "end", bob.meeting().End, call.EndRelabelled)
			expect(t, "lobby", len(anna.meeting().Lobby), 0)
		})
	}
}

func TestReplayedMessageIsNoticed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, anna, bob, carol := meet(t)
		var said wire.Message
		w.liar.Down(func(c keys.PublicKey, m wire.Message) []wire.Message {
			if s, ok := m.(wire.Said); ok && s.Sender == anna.key() {
				said = m
			}
			return []wire.Message{m}
		})
		anna.Send(core.SendChat{Text: "yes"})
		synctest.Wait()
		w.liar.Tell(bob.key(), said)
		expect(t, "lines", len(bob.meeting().Chat), 1)
		expect(t, "silence", bob.meeting().Silence, core.SilenceFork)
		w.silent(bob)
		w.liar.Tell(anna.key(), said) // her own, a second time
		expect(t, "her lines", len(anna.meeting().Chat), 1)
		expect(t, "her silence", anna.meeting().Silence, core.SilenceFork)
		expect(t, "Carol is left alone", carol.meeting().Silence, core.SilenceNone)
	})
}

// Bob gets two lines in the other order, or one of them not at all.
func TestReorderedAndDroppedMessagesAreNoticed(t *testing.T) {
	for _, drop := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			w, anna, bob, carol := meet(t)
			var held wire.Message
			lies := true
			w.liar.Down(func(c keys.PublicKey, m wire.Message) []wire.Message {
				s, ok := m.(wire.Said)
				if !ok || c != bob.key() || !lies || s.Sender == bob.key() {
					return []wire.Message{m}
				}
				if held == nil {
					held = m
					return nil
				}
				lies = false
				if drop {
					return []wire.Message{m}
				}
				return []wire.Message{m, held}
			})
			anna.Send(core.SendChat{Text: "shall we?"})
			synctest.Wait()
			carol.Send(core.SendChat{Text: "no"})
			time.Sleep(call.HeartbeatEvery + time.Second)
			expect(t, "silence", bob.meeting().Silence, core.SilenceFork)
			expect(t, "told", bob.noticed(core.NoticeFork), true)
			w.silent(bob)
		})
	}
}

// A message is held back until its epoch is over. It could still be opened, and
// comes too late to have been said now.
func TestMessageHeldBackOverACommitIsNoticed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, anna, bob, carol := meet(t)
		var held wire.Message
		w.liar.Down(func(c keys.PublicKey, m wire.Message) []wire.Message {
			s, ok := m.(wire.Said)
			if ok && c == bob.key() && s.Sender == anna.key() && held == nil {
				held = m
				return nil
			}
			if _, ok := m.(wire.Ordered); ok && c == bob.key() && held != nil {
				return []wire.Message{m, held}
			}
			return []wire.Message{m}
		})
		anna.Send(core.SendChat{Text: "Carol must go"})
		synctest.Wait()
		anna.Send(core.Remove{Person: carol.key()})
		time.Sleep(time.Second)
		expect(t, "lines", len(bob.meeting().Chat), 0)
		expect(t, "silence", bob.meeting().Silence, core.SilenceFork)
		w.silent(bob)
	})
}

// What Carol said is handed on as Anna's.
func TestMessageUnderAnothersNameIsNoticed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, anna, bob, carol := meet(t)
		w.liar.Down(func(c keys.PublicKey, m wire.Message) []wire.Message {
			if s, ok := m.(wire.Said); ok && c == bob.key() && s.Sender == carol.key() {
				s.Sender = anna.key()
				m = s
			}
			return []wire.Message{m}
		})
		carol.Send(core.SendChat{Text: "I resign"})
		time.Sleep(time.Second)
		expect(t, "lines", len(bob.meeting().Chat), 0)
		expect(t, "silence", bob.meeting().Silence, core.SilenceForged)
		w.silent(bob)
	})
}

// The service says that Carol is gone while she lives. She can be put out by
// that, like by a cut cable, and comes back without anybody being asked.
func TestLivingMemberWhoIsCalledGoneComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, anna, bob, carol := meet(t)
		for _, c := range []*client{anna, bob} {
			w.liar.Tell(c.key(), wire.Gone{Device: carol.key()})
		}
		time.Sleep(2 * time.Second)
		expect(t, "Anna sees", len(anna.meeting().People), 2)
		expect(t, "Carol", carol.meeting().End, call.EndRemoved)
		w.silent(carol)
		link := anna.meeting().Link
		carol.Send(core.CloseMeeting{})
		carol.Send(core.JoinMeeting{Link: link})
		time.Sleep(5 * time.Second)
		expect(t, "Carol", carol.meeting().Phase, call.PhaseInMeeting)
		expect(t, "Bob sees", len(bob.meeting().People), 3)
		expect(t, "code", carol.meeting().Code.Digits, bob.meeting().Code.Digits)
		w.sends(carol)
	})
}

// And the host cannot be put out by it at all.
func TestHostWhoIsCalledGoneStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, anna, bob, carol := meet(t)
		for _, c := range []*client{bob, carol} {
			w.liar.Tell(c.key(), wire.Gone{Device: anna.key()})
		}
		time.Sleep(5 * time.Second)
		expect(t, "Bob sees", len(bob.meeting().People), 3)
		expect(t, "Anna", anna.meeting().Phase, call.PhaseInMeeting)
	})
}

// The relay passes one member's pictures off as another's.
func TestSwappedPicturesAreNotShown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, anna, bob, carol := meet(t)
		time.Sleep(time.Second)
		w.relay.Swap()
		time.Sleep(500 * time.Millisecond) // what was on its way
		opened := func(c *client) (opened, wrong uint64) {
			s, _ := c.MediaStats()
			for _, r := range s.Remotes {
				opened += r.VideoOpened
				wrong += r.Refused.WrongSender
			}
			return opened, wrong
		}
		before := map[*client]uint64{}
		for _, c := range []*client{anna, bob, carol} {
			before[c], _ = opened(c)
		}
		time.Sleep(5 * time.Second)
		var wrong uint64
		for _, c := range []*client{anna, bob, carol} {
			n, w := opened(c)
			expect(t, c.name+" opened", n, before[c])
			wrong += w
		}
		if wrong == 0 {
			t.Error("no frame came under another name: the test shows nothing")
		}
	})
}

// The service announces somebody's commit under its own name, or says that the
// meeting is over: annoying, and nothing leaks.
func TestServiceCanEndAMeetingAndNothingElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, anna, bob, carol := meet(t)
		w.liar.Tell(bob.key(), wire.Removed{})
		w.liar.Tell(carol.key(), wire.Ended{Reason: wire.EndHost})
		expect(t, "Bob", bob.meeting().End, call.EndRemoved)
		expect(t, "Carol", carol.meeting().End, call.EndForAll)
		w.silent(bob)
		w.silent(carol)
		expect(t, "Anna", anna.meeting().Phase, call.PhaseInMeeting)
		w.sealed()
	})
}
