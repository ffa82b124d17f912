package core_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"conclave/app/core"
	"conclave/call"
	"conclave/call/calltest"
	"conclave/call/media"
	"conclave/call/runner"
	"conclave/call/wire"
	"conclave/keys"
)

// In this file things go wrong that have nothing to do with lies. Each is a
// clear state on the screen.

func TestWrongPasscodeIsSaid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		anna := w.start(keys.ModeE2EE, "sesame")
		link := anna.meeting().Link
		bob := w.client("Bob")
		for _, wrong := range []string{"", "simsala", "Sesame"} {
			bob.Send(core.JoinMeeting{Link: link, Passcode: wrong})
			expect(t, "end after "+wrong, bob.meeting().End, call.EndPasscode)
			expect(t, "lobby", len(anna.meeting().Lobby), 0)
			bob.Send(core.CloseMeeting{})
		}
		bob.Send(core.JoinMeeting{Link: link, Passcode: "sesame"})
		expect(t, "phase", bob.meeting().Phase, call.PhaseLobby)
		expect(t, "lobby", len(anna.meeting().Lobby), 1)
	})
}

func TestPasscodeTooLongEndsInsteadOfHanging(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		anna := w.start(keys.ModeE2EE, "sesame")
		bob := w.client("Bob")
		bob.Send(core.JoinMeeting{Link: anna.meeting().Link, Passcode: string(make([]byte, keys.MaxPasscode+1))})
		expect(t, "phase", bob.meeting().Phase, call.PhaseEnded)
		expect(t, "end", bob.meeting().End, call.EndPasscode)
	})
}

func TestLinksThatLeadNowhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		bob := w.client("Bob")
		for link, code := range map[string]core.NoticeCode{
			"":                              core.NoticeBrokenLink,
			"not a link":                    core.NoticeBrokenLink,
			"https://meet.test/m/tooshort":  core.NoticeBrokenLink,
			"https://zoom.us/j/123456789":   core.NoticeForeignLink,
			"https://meet.test/other/thing": core.NoticeForeignLink,
		} {
			bob.Send(core.JoinMeeting{Link: link})
			expect(t, link, bob.noticed(code), true)
			if bob.Latest().Meeting != nil {
				t.Errorf("%q opened a meeting", link)
			}
			for _, n := range bob.Latest().Notices {
				bob.Send(core.Dismiss{Notice: n.ID})
			}
		}
		synctest.Wait()
		expect(t, "notices left", len(bob.Latest().Notices), 0)
		unknown := keys.Link{Service: "https://meet.test", Meeting: keys.MeetingID{5}}
		bob.Send(core.JoinMeeting{Link: unknown.String()})
		expect(t, "unknown meeting", bob.meeting().End, call.EndNotFound)
	})
}

func TestServiceDownIsSaid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.hall.Kill()
		bob := w.client("Bob")
		bob.Send(core.StartMeeting{Mode: keys.ModeE2EE})
		expect(t, "start", bob.meeting().End, call.EndUnreachable)
		bob.Send(core.JoinMeeting{Link: keys.Link{Service: "https://meet.test", Meeting: keys.MeetingID{5}}.String()})
		expect(t, "join", bob.meeting().End, call.EndUnreachable)
		w.hall.Start()
		bob.Send(core.StartMeeting{Mode: keys.ModeE2EE})
		expect(t, "and up again", bob.meeting().Phase, call.PhaseInMeeting)
	})
}

func TestFinalDialErrorsAreSaid(t *testing.T) {
	for _, why := range []call.EndReason{call.EndPinMismatch, call.EndVersion} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			bob := w.client("Bob", func(cfg *core.Config) {
				cfg.Dial = func(context.Context, string, string) (runner.Conn, error) {
					return nil, fmt.Errorf("dial: %w", &runner.FinalError{Why: why, Err: errors.New("no")})
				}
			})
			bob.Send(core.StartMeeting{Mode: keys.ModeE2EE})
			expect(t, "end", bob.meeting().End, why)
		})
	}
}

func TestServiceGoneInMidMeetingAndBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, anna, bob, carol := meet(t)
		w.hall.Kill()
		time.Sleep(3 * time.Second)
		for _, c := range []*client{anna, bob, carol} {
			expect(t, c.name+"'s phase", c.meeting().Phase, call.PhaseReconnecting)
			expect(t, c.name+" was told", c.noticed(core.NoticeServiceGone), true)
			expect(t, c.name+" counts tries", c.meeting().Retry > 0, true)
			w.sends(c)
		}
		carol.Send(core.SendChat{Text: "are you there?"})
		expect(t, "kept as pending", carol.meeting().Chat[0].Pending, true)
		w.hall.Start()
		time.Sleep(20 * time.Second)
		for _, c := range []*client{anna, bob, carol} {
			expect(t, c.name+"'s phase", c.meeting().Phase, call.PhaseInMeeting)
			expect(t, c.name+"'s lines", len(c.meeting().Chat), 1)
			expect(t, c.name+"'s code", c.meeting().Code.Digits, anna.meeting().Code.Digits)
			w.sends(c)
		}
	})
}

func TestDevicesThatFailAndComeBack(t *testing.T) {
	for _, row := range []struct {
		name   string
		err    error
		fault  core.DeviceFault
		notice core.NoticeCode
	}{
		{"missing", media.ErrDeviceMissing, core.DeviceMissing, core.NoticeCameraMissing},
		{"busy", media.ErrDeviceBusy, core.DeviceBusy, core.NoticeCameraBusy},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			broken := make(chan error, 1)
			broken <- row.err
			anna := w.start(keys.ModeE2EE, "", func(cfg *core.Config) {
				cfg.Hardware.Camera = func(string) (media.VideoSource, error) {
					select {
					case err := <-broken:
						broken <- err
						return nil, fmt.Errorf("open camera: %w", err)
					default:
						return &calltest.Still{}, nil
					}
				}
			})
			time.Sleep(2 * time.Second)
			expect(t, row.name+" wanted", anna.meeting().Camera.Wanted, true)
			expect(t, row.name+" on", anna.meeting().Camera.On, false)
			expect(t, row.name, anna.meeting().Camera.Fault, row.fault)
			expect(t, row.name+" told", anna.noticed(row.notice), true)
			<-broken
			time.Sleep(5 * time.Second)
			expect(t, row.name+" and back", anna.meeting().Camera.On, true)
		})
	}
}

func TestNoSoundDevices(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		anna := w.start(keys.ModeE2EE, "", func(cfg *core.Config) {
			cfg.Hardware.Microphone, cfg.Hardware.Speaker = nil, nil
		})
		anna.Send(core.SetMic{On: true})
		time.Sleep(2 * time.Second)
		expect(t, "microphone", anna.meeting().Mic.Fault, core.DeviceMissing)
		expect(t, "speaker", anna.Latest().Devices.SpeakerFault, core.DeviceMissing)
		expect(t, "told of the microphone", anna.noticed(core.NoticeMicMissing), true)
		expect(t, "told of the speaker", anna.noticed(core.NoticeSpeakerMissing), true)
		expect(t, "the meeting goes on", anna.meeting().Phase, call.PhaseInMeeting)
		w.sends(anna)
	})
}

func TestServiceOnThisComputer(t *testing.T) {
	local := func(err error) func(*core.Config) {
		return func(cfg *core.Config) {
			cfg.Settings.Service = ""
			cfg.Local = func(context.Context) (string, string, error) { return "http://127.0.0.1:4000", "", err }
		}
	}
	for name, row := range map[string]struct {
		err   error
		state core.ServiceState
		code  core.NoticeCode
	}{
		"starts":       {nil, core.ServiceUp, core.NoticeNone},
		"port in use":  {fmt.Errorf("start: %w", core.ErrPortInUse), core.ServiceFailed, core.NoticePortInUse},
		"did not come": {errors.New("exit status 1"), core.ServiceFailed, core.NoticeServiceBroken},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			anna := w.client("Anna", local(row.err))
			anna.Send(core.StartMeeting{Mode: keys.ModeE2EE})
			synctest.Wait()
			expect(t, name, anna.Latest().Service.State, row.state)
			expect(t, name, anna.Latest().Service.Why, row.code)
			expect(t, name, anna.Latest().Meeting != nil, row.err == nil)
			if row.err != nil {
				expect(t, name, anna.noticed(row.code), true)
			}
		})
	}
}

func TestNobodyEntersWithoutAName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		bob := w.client("")
		bob.Send(core.StartMeeting{Mode: keys.ModeE2EE})
		expect(t, "told", bob.noticed(core.NoticeNameInvalid), true)
		expect(t, "meeting", bob.Latest().Meeting == nil, true)
		bob.Send(core.SetName{Name: "\u202eBob"})
		expect(t, "name", bob.Latest().Profile.Name, "")
		bob.Send(core.SetName{Name: " Bob  B. "})
		synctest.Wait()
		expect(t, "name", bob.Latest().Profile.Name, "Bob B.")
	})
}

func TestRefusedAndLocked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		anna := w.start(keys.ModeE2EE, "")
		bob := w.client("Bob")
		bob.Send(core.JoinMeeting{Link: anna.meeting().Link})
		synctest.Wait()
		anna.Send(core.Admit{Ticket: "no number"})
		time.Sleep(time.Second)
		expect(t, "still waits", bob.meeting().Phase, call.PhaseLobby)
		anna.Send(core.Refuse{Ticket: anna.meeting().Lobby[0].Ticket})
		expect(t, "refused", bob.meeting().End, call.EndRefused)
		anna.Send(core.SetLocked{Locked: true})
		expect(t, "locked", anna.meeting().Locked, true)
		bob.Send(core.CloseMeeting{})
		bob.Send(core.JoinMeeting{Link: anna.meeting().Link})
		expect(t, "locked out", bob.meeting().End, call.EndLocked)
	})
}

// The meeting goes on without its host; nobody can be let in any more.
func TestHostLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, anna, bob, carol := meet(t)
		link := anna.meeting().Link
		anna.Send(core.LeaveMeeting{})
		time.Sleep(3 * time.Second)
		expect(t, "Anna", anna.meeting().End, call.EndLeft)
		for _, c := range []*client{bob, carol} {
			expect(t, c.name+" sees", len(c.meeting().People), 2)
			expect(t, "code", c.meeting().Code.Digits, bob.meeting().Code.Digits)
			w.sends(c)
		}
		dan := w.client("Dan")
		dan.Send(core.JoinMeeting{Link: link})
		time.Sleep(5 * time.Second)
		expect(t, "Dan", dan.meeting().Phase, call.PhaseLobby)
		expect(t, "is there a host", dan.meeting().Waiting.HostHere, false)
		carol.Send(core.LeaveMeeting{})
		time.Sleep(3 * time.Second)
		expect(t, "Bob alone", len(bob.meeting().People), 1)
		expect(t, "Bob", bob.meeting().Silence, core.SilenceNone)
	})
}

// A guest's buttons are not there, and pressing them anyway does nothing.
func TestGuestHasNoHostsPowers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, anna, bob, carol := meet(t)
		expect(t, "can", bob.Latest().Can.Remove || bob.Latest().Can.Admit || bob.Latest().Can.EndForAll, false)
		for _, i := range []core.Intent{
			core.Remove{Person: carol.key()}, core.EndMeeting{}, core.SetLocked{Locked: true}, core.AdmitAll{},
		} {
			bob.Send(i)
		}
		time.Sleep(2 * time.Second)
		expect(t, "people", len(anna.meeting().People), 3)
		expect(t, "locked", anna.meeting().Locked, false)
		w.sends(carol)
	})
}

func TestCodeThatDiffersStopsSending(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, anna, bob, _ := meet(t)
		anna.Send(core.JudgeCode{Epoch: anna.meeting().Code.Epoch, Matches: true})
		expect(t, "compared", anna.meeting().Code.Compared, core.CodeMatches)
		for _, p := range anna.meeting().People {
			expect(t, "trust", p.Trust, core.TrustCompared)
		}
		bob.Send(core.JudgeCode{Epoch: bob.meeting().Code.Epoch})
		expect(t, "silence", bob.meeting().Silence, core.SilenceDiffers)
		w.silent(bob)
		bob.Send(core.JudgeCode{Epoch: bob.meeting().Code.Epoch, Matches: true})
		w.sends(bob)
	})
}

// Screen and meeting must never wait for each other, whatever either does.
func TestFloodDoesNotFreezeTheApp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		anna := w.start(keys.ModeE2EE, "")
		flood := make([]wire.Message, 5000)
		for i := range flood {
			flood[i] = wire.Waiting{Position: i}
		}
		w.liar.Tell(anna.key(), flood...)
		var senders sync.WaitGroup
		for range 4 {
			senders.Go(func() {
				for range 2000 {
					anna.Send(core.SendChat{Text: ""}) // each is answered by a notice
				}
			})
		}
		senders.Wait()
		synctest.Wait()
		expect(t, "phase", anna.meeting().Phase != call.PhaseEnded, true)
		expect(t, "told", anna.noticed(core.NoticeChatFailed), true)
	})
}

// Close at any moment leaves no goroutine: synctest fails otherwise.
func TestCloseAtAnyMoment(t *testing.T) {
	for _, wait := range []time.Duration{-1, 0, time.Millisecond, 50 * time.Millisecond, 3 * time.Second, 30 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			anna := w.client("Anna")
			anna.Send(core.StartMeeting{Mode: keys.ModeE2EE})
			bob := w.client("Bob")
			if wait >= 0 {
				bob.Send(core.JoinMeeting{Link: anna.meeting().Link})
				anna.Send(core.AdmitAll{})
				time.Sleep(wait)
			}
			anna.Close()
			bob.Close()
			bob.Send(core.LeaveMeeting{}) // nobody listens, nobody waits
			anna.Close()
		})
	}
}

// The removed one's relay is the service's accomplice and keeps them: they have
// no keys any more, and the others stop, because a stranger is there.
func TestRemovedMemberWhomTheRelayKeepsReadsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, anna, bob, carol := meet(t)
		w.relay.KeepAll()
		w.liar.Down(func(c keys.PublicKey, m wire.Message) []wire.Message {
			if c == carol.key() {
				return nil // nor is she told
			}
			return []wire.Message{m}
		})
		anna.Send(core.Remove{Person: carol.key()})
		synctest.Wait()
		opened := func() (n uint64) {
			s, _ := carol.MediaStats()
			for _, r := range s.Remotes {
				n += r.VideoOpened + r.AudioOpened
			}
			return n
		}
		before := opened()
		time.Sleep(time.Second) // the others still send, in the grace for strangers
		stats, _ := carol.MediaStats()
		var noKey uint64
		for _, r := range stats.Remotes {
			noKey += r.Refused.NoKey
		}
		if noKey == 0 {
			t.Error("nothing sealed with the new keys reached her: the test shows nothing")
		}
		if n := opened(); n != before {
			t.Errorf("she opened %d frames after her removal", n-before)
		}
		time.Sleep(call.StrangerGrace)
		for _, c := range []*client{anna, bob} {
			expect(t, c.name+"'s silence", c.meeting().Silence, core.SilenceStranger)
			w.silent(c)
		}
	})
}
