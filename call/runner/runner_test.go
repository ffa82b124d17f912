package runner_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"conclave/call"
	"conclave/call/calltest"
	"conclave/call/frame"
	"conclave/call/media"
	"conclave/call/runner"
	"conclave/call/wire"
	"conclave/keys"
	"conclave/keys/group"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// person is a runner with a record of what it shows and does.
type person struct {
	t      testing.TB
	device keys.DeviceKey
	r      *runner.Runner

	mu    sync.Mutex
	state call.State
	tells []call.Notice
	media []*calltest.Media
	rings []*frame.Ring
	dials int
}

func (p *person) now() call.State {
	synctest.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.state
}

func (p *person) told(n call.Notice) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, t := range p.tells {
		if t == n {
			return true
		}
	}
	return false
}

func (p *person) newestMedia() *calltest.Media {
	synctest.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.media) == 0 {
		p.t.Fatal("no media were started")
	}
	return p.media[len(p.media)-1]
}

func (p *person) newestRing() *frame.Ring {
	synctest.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.rings[len(p.rings)-1]
}

// newPerson starts a runner that dials with dial.
func newPerson(t testing.TB, passcode string, dial func(keys.PublicKey) (runner.Conn, error), change ...func(*runner.Config)) *person {
	t.Helper()
	device, err := keys.NewDeviceKey()
	if err != nil {
		t.Fatal(err)
	}
	p := &person{t: t, device: device}
	cfg := runner.Config{
		Device: device, Passcode: passcode, Wants: call.Wants{Mic: true},
		Dial: func(context.Context) (runner.Conn, error) {
			p.mu.Lock()
			p.dials++
			p.mu.Unlock()
			return dial(device.Public())
		},
		Media: func(_ keys.Descriptor, ring *frame.Ring, _ func() (string, string)) runner.Media {
			m := calltest.NewMedia()
			p.mu.Lock()
			defer p.mu.Unlock()
			p.media, p.rings = append(p.media, m), append(p.rings, ring)
			return m
		},
		Observe: func(s call.State) {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.state = s
		},
		Tell: func(t call.Tell) {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.tells = append(p.tells, t.Notice)
		},
	}
	for _, f := range change {
		f(&cfg)
	}
	p.r = runner.Start(cfg)
	t.Cleanup(p.r.Close)
	return p
}

func through(h *calltest.Hall) func(keys.PublicKey) (runner.Conn, error) {
	return func(k keys.PublicKey) (runner.Conn, error) {
		c, err := h.Dial(k)
		if err != nil {
			return nil, err
		}
		return c, nil
	}
}

func (p *person) create(mode keys.Mode, passcode bool) keys.MeetingID {
	p.t.Helper()
	lobby, err := keys.NewLobbyKey()
	if err != nil {
		p.t.Fatal(err)
	}
	about, err := keys.NewDescriptor(mode, group.DefaultSuite, p.device.Public(), lobby.Public(), time.Now())
	if err != nil {
		p.t.Fatal(err)
	}
	about.Passcode = passcode
	name, err := p.device.SignName(about.ID(), 1, "Host")
	if err != nil {
		p.t.Fatal(err)
	}
	p.r.Create(about, lobby, name)
	return about.ID()
}

func (p *person) join(id keys.MeetingID, as string) {
	p.t.Helper()
	name, err := p.device.SignName(id, 1, as)
	if err != nil {
		p.t.Fatal(err)
	}
	p.r.Do(call.Join{Meeting: id, Name: name})
	synctest.Wait()
}

func newHall(t testing.TB) *calltest.Hall {
	h := calltest.NewHall(nil)
	t.Cleanup(h.Close)
	return h
}

// meet holds a meeting of a host and guests, all in and ready.
func meet(t testing.TB, h *calltest.Hall, guests int) (*person, []*person) {
	t.Helper()
	host := newPerson(t, "", through(h))
	id := host.create(keys.ModeE2EE, false)
	synctest.Wait()
	var all []*person
	for range guests {
		g := newPerson(t, "", through(h))
		g.join(id, "Guest")
		all = append(all, g)
	}
	synctest.Wait()
	host.r.Do(call.Admit{})
	time.Sleep(3 * time.Second)
	for _, p := range append(all, host) {
		if s := p.now(); s.Phase() != call.PhaseInMeeting || len(s.People) != guests+1 {
			t.Fatalf("not in the meeting: phase %d, end %d, %d people", s.Phase(), s.End, len(s.People))
		}
	}
	return host, all
}

func equal[T comparable](t testing.TB, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func TestThreePeopleMeetWithOneCode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHall(t)
		host, guests := meet(t, h, 2)
		code := host.now().Code
		for _, g := range guests {
			equal(t, "code", g.now().Code == code, true)
			equal(t, "epoch", g.now().Epoch, host.now().Epoch)
		}
		host.r.Do(call.Chat{Text: "hello"})
		for _, p := range append(guests, host) {
			s := p.now()
			if len(s.Chat) != 1 || s.Chat[0].Text != "hello" || s.Chat[0].Pending {
				t.Errorf("chat is %v", s.Chat)
			}
			for _, q := range s.People {
				if q.Name == "" {
					t.Errorf("somebody has no name after the greeting")
				}
			}
		}
		told := host.newestMedia().Told()
		equal(t, "sending", told.Sending, true)
		equal(t, "mic", told.Wants.Mic, true)
		equal(t, "members", len(told.Members), 3)
		if told.KeyFrames == 0 {
			t.Error("no key frame was asked for after the switch of keys")
		}
	})
}

// Frames sealed by one open at the other, in both directions.
func TestMembersOpenEachOthersFrames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHall(t)
		host, guests := meet(t, h, 1)
		opens(t, host, guests[0], true)
		opens(t, guests[0], host, true)
	})
}

// opens seals a frame at from and tries to open it at to.
func opens(t testing.TB, from, to *person, want bool) {
	t.Helper()
	sealed := seal(t, from)
	if got := open(to, from, sealed) == nil; got != want {
		t.Errorf("frame opened: %v, want %v", got, want)
	}
}

func seal(t testing.TB, from *person) []byte {
	t.Helper()
	sealed, err := from.newestRing().Sealer(frame.Audio).Seal(nil, nil, []byte("sound"), true)
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

func sealPicture(t testing.TB, from *person, key bool) []byte {
	t.Helper()
	sealed, err := from.newestRing().Sealer(frame.CameraMid).Seal(nil, nil, []byte("picture"), key)
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

func open(to, from *person, sealed []byte) error {
	self, _ := from.now().Person(from.device.Public())
	_, err := to.newestRing().Open(nil, 0, self.Leaf, frame.Audio, sealed)
	return err
}

func TestRemovedMemberOpensNothingAndIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHall(t)
		host, guests := meet(t, h, 2)
		out, stays := guests[0], guests[1]
		old := host.now().Code
		ring := out.newestRing()
		host.r.Do(call.Remove{Person: out.device.Public()})
		s := out.now()
		equal(t, "end", s.End, call.EndRemoved)
		equal(t, "media closed", out.newestMedia().Told().Closed, true)
		equal(t, "code changed", host.now().Code == old, false)
		equal(t, "code is one", host.now().Code == stays.now().Code, true)
		_, err := ring.Open(nil, 0, 0, frame.Audio, seal(t, host))
		equal(t, "keys wiped", errors.Is(err, frame.ErrClosed), true)
		opens(t, host, stays, true)
	})
}

// A removed member whose program ignores that keeps its keys, and can open
// nothing with them: pictures do not wait for a key frame either.
func TestRemovedMemberWhoClingsOpensNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHall(t)
		host, _ := meet(t, h, 1)
		var deaf atomic.Bool
		out := newPerson(t, "", func(k keys.PublicKey) (runner.Conn, error) {
			c, err := h.Dial(k)
			return &muffled{HallConn: c, deaf: &deaf}, err
		})
		out.join(host.now().Meeting, "Out")
		host.r.Do(call.Admit{})
		time.Sleep(5 * time.Second)
		self, _ := host.now().Person(host.device.Public())
		opens := func(stream frame.Stream, sealed []byte) error {
			_, err := out.newestRing().Open(nil, 0, self.Leaf, stream, sealed)
			return err
		}
		if err := opens(frame.CameraMid, sealPicture(t, host, true)); err != nil {
			t.Fatal("before:", err)
		}
		deaf.Store(true)
		host.r.Do(call.Remove{Person: out.device.Public()})
		synctest.Wait()
		equal(t, "still thinks to be in", out.now().Phase(), call.PhaseInMeeting)
		for name, err := range map[string]error{
			"picture": opens(frame.CameraMid, sealPicture(t, host, false)), "sound": opens(frame.Audio, seal(t, host)),
		} {
			if !errors.Is(err, frame.ErrNoKey) {
				t.Errorf("%s after the removal: %v, want %v", name, err, frame.ErrNoKey)
			}
		}
	})
}

func TestLateJoinerOpensNothingOfBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHall(t)
		host, _ := meet(t, h, 1)
		early := seal(t, host)
		late := newPerson(t, "", through(h))
		late.join(host.now().Meeting, "Late")
		host.r.Do(call.Admit{})
		time.Sleep(3 * time.Second)
		equal(t, "phase", late.now().Phase(), call.PhaseInMeeting)
		if err := open(late, host, early); err == nil {
			t.Error("the late joiner opens an earlier frame")
		}
		opens(t, host, late, true)
	})
}

func TestPasscodeIsCheckedByTheHost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHall(t)
		host := newPerson(t, "sesame", through(h))
		id := host.create(keys.ModeE2EE, true)
		synctest.Wait()
		wrong, right := newPerson(t, "simsala", through(h)), newPerson(t, "sesame", through(h))
		wrong.join(id, "Wrong")
		right.join(id, "Right")
		equal(t, "wrong", wrong.now().End, call.EndPasscode)
		equal(t, "right waits", right.now().Phase(), call.PhaseLobby)
		equal(t, "lobby", len(host.now().Lobby), 1)
	})
}

func TestTransportModeHasNoRing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHall(t)
		host := newPerson(t, "", through(h))
		host.create(keys.ModeTransport, false)
		if host.newestRing() != nil {
			t.Error("a meeting in transport mode has frame keys")
		}
		equal(t, "phase", host.now().Phase(), call.PhaseInMeeting)
	})
}

func TestEverybodyIsBackAfterARestartOfTheService(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHall(t)
		host, guests := meet(t, h, 2)
		h.Kill()
		guests[0].r.Do(call.Chat{Text: "said while it is down"})
		for _, p := range append(guests, host) {
			equal(t, "phase", p.now().Phase(), call.PhaseReconnecting)
			equal(t, "media go on", p.newestMedia().Told().Sending, true)
		}
		time.Sleep(2 * time.Second)
		h.Start()
		time.Sleep(10 * time.Second)
		for _, p := range append(guests, host) {
			s := p.now()
			equal(t, "phase", s.Phase(), call.PhaseInMeeting)
			equal(t, "people", len(s.People), 3)
			equal(t, "chat", len(s.Chat), 1)
			equal(t, "pending", s.Chat[0].Pending, false)
		}
		host.r.Do(call.Remove{Person: guests[1].device.Public()})
		equal(t, "commits work", guests[1].now().End, call.EndRemoved)
	})
}

// A link that breaks while a commit is on its way: whether the service had
// ordered it or not, the host is in step again.
func TestLinkBreaksAroundACommit(t *testing.T) {
	for _, ordered := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			h := newHall(t)
			var due atomic.Bool
			host := newPerson(t, "", func(k keys.PublicKey) (runner.Conn, error) {
				c, err := h.Dial(k)
				return &faulty{HallConn: c, ordered: ordered, due: &due}, err
			})
			id := host.create(keys.ModeE2EE, false)
			guest := newPerson(t, "", through(h))
			synctest.Wait()
			guest.join(id, "Guest")
			due.Store(true)
			host.r.Do(call.Admit{})
			time.Sleep(10 * time.Second)
			equal(t, "still due", due.Load(), false)
			for _, p := range []*person{host, guest} {
				s := p.now()
				equal(t, "phase", s.Phase(), call.PhaseInMeeting)
				equal(t, "people", len(s.People), 2)
				equal(t, "sending", s.Sending(), true)
			}
			equal(t, "code", host.now().Code == guest.now().Code, true)
		})
	}
}

// faulty breaks the link at the first commit that is due: before the service
// has it, or after, with its echo.
type faulty struct {
	*calltest.HallConn
	ordered bool
	due     *atomic.Bool
}

func (f *faulty) Send(ctx context.Context, m wire.Message) error {
	_, commit := m.(wire.Commit)
	if !commit || !f.due.CompareAndSwap(true, false) {
		return f.HallConn.Send(ctx, m)
	}
	if f.ordered {
		f.Mute()
		_ = f.HallConn.Send(ctx, m)
	}
	_ = f.Close()
	return errors.New("broken")
}

// The door may be locked: that keeps new people out, not somebody whose network
// failed for a minute.
func TestDeadMemberIsRemovedAndComesBackUnasked(t *testing.T) {
	for _, locked := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			h := newHall(t)
			host, _ := meet(t, h, 1)
			var down atomic.Bool
			dead := newPerson(t, "", func(k keys.PublicKey) (runner.Conn, error) {
				if !down.Load() {
					return through(h)(k)
				}
				return nil, calltest.ErrDown
			})
			dead.join(host.now().Meeting, "Dead")
			host.r.Do(call.Admit{})
			time.Sleep(3 * time.Second)
			equal(t, "in", len(host.now().People), 3)
			host.r.Do(call.Lock{Locked: locked})
			down.Store(true)
			h.Break(dead.device.Public())
			time.Sleep(12 * time.Second)
			equal(t, "out", len(host.now().People), 2)
			down.Store(false)
			time.Sleep(60 * time.Second)
			equal(t, "back", len(host.now().People), 3)
			equal(t, "phase", dead.now().Phase(), call.PhaseInMeeting)
			equal(t, "code", dead.now().Code == host.now().Code, true)

			host.r.Do(call.Remove{Person: dead.device.Public()})
			time.Sleep(time.Second)
			again := newPerson(t, "", through(h))
			again.join(host.now().Meeting, "New")
			if end := again.now().End; locked != (end == call.EndLocked) {
				t.Errorf("locked %v: somebody new ends with %d", locked, end)
			}
		})
	}
}

// When the host is away, the others still shut out whom the service lost, and
// the host stays a member.
func TestMembersShutOutTheDeadWithoutTheHost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHall(t)
		host, guests := meet(t, h, 3)
		host.r.Close()
		guests[0].r.Close()
		time.Sleep(15 * time.Second)
		for _, g := range guests[1:] {
			s := g.now()
			equal(t, "people", len(s.People), 3) // the host is one of them
			equal(t, "keys", s.Keys, call.KeysReady)
		}
	})
}

func TestLeaveTellsTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHall(t)
		host, guests := meet(t, h, 1)
		guests[0].r.Do(call.Leave{})
		time.Sleep(2 * time.Second)
		equal(t, "end", guests[0].now().End, call.EndLeft)
		equal(t, "people", len(host.now().People), 1)
	})
}

func TestEndForAllEndsEverybody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHall(t)
		host, guests := meet(t, h, 2)
		host.r.Do(call.EndAll{})
		for _, p := range append(guests, host) {
			equal(t, "end", p.now().End, call.EndForAll)
			equal(t, "media", p.newestMedia().Told().Closed, true)
		}
	})
}

func TestFormerFrameKeysAreWipedInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHall(t)
		host, guests := meet(t, h, 1)
		early := seal(t, host)
		third := newPerson(t, "", through(h))
		third.join(host.now().Meeting, "Third")
		host.r.Do(call.Admit{})
		time.Sleep(5 * time.Second)
		if err := open(guests[0], host, early); err != nil {
			t.Errorf("five seconds later: %v", err)
		}
		late := seal(t, host)
		time.Sleep(frame.KeepOldFor)
		if err := open(guests[0], host, early); !errors.Is(err, frame.ErrNoKey) {
			t.Errorf("after its time: %v, want %v", err, frame.ErrNoKey)
		}
		if err := open(guests[0], host, late); err != nil {
			t.Errorf("of this epoch: %v", err)
		}
	})
}

func TestStrangersStopSending(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHall(t)
		host, _ := meet(t, h, 1)
		m := host.newestMedia()
		m.Report(media.Event{Kind: media.EventStrangers, Strangers: []string{"ghost"}})
		time.Sleep(call.StrangerGrace + time.Second)
		equal(t, "sending", m.Told().Sending, false)
		equal(t, "notice", host.told(call.NoticeStranger), true)
		m.Report(media.Event{Kind: media.EventStrangers})
		synctest.Wait()
		equal(t, "sending again", m.Told().Sending, true)
	})
}

func TestSilentMembersStopSending(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHall(t)
		var deaf atomic.Bool
		host := newPerson(t, "", through(h))
		id := host.create(keys.ModeE2EE, false)
		guest := newPerson(t, "", func(k keys.PublicKey) (runner.Conn, error) {
			c, err := h.Dial(k)
			return &muffled{HallConn: c, deaf: &deaf}, err
		})
		synctest.Wait()
		guest.join(id, "Guest")
		host.r.Do(call.Admit{})
		time.Sleep(3 * time.Second)
		deaf.Store(true)
		time.Sleep(42 * time.Second)
		synctest.Wait()
		equal(t, "warned", guest.told(call.NoticeUnheard), true)
		equal(t, "still sending", guest.newestMedia().Told().Sending, true)
		time.Sleep(40 * time.Second)
		equal(t, "stopped", guest.newestMedia().Told().Sending, false)
		equal(t, "fault", guest.now().Stopped(), call.FaultUnheard)
	})
}

// muffled is a link on which the service withholds everything.
type muffled struct {
	*calltest.HallConn
	deaf *atomic.Bool
}

func (m *muffled) Receive(ctx context.Context) (wire.Message, error) {
	for {
		got, err := m.HallConn.Receive(ctx)
		if err != nil || !m.deaf.Load() {
			return got, err
		}
	}
}

// What somebody says of their microphone reaches the others' media, so that
// nobody is heard who is shown muted.
func TestWhoIsMutedIsSilentForTheOthersMedia(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHall(t)
		host, guests := meet(t, h, 1)
		silent := func() bool {
			for _, m := range guests[0].newestMedia().Told().Members {
				if m.Key == host.now().Self {
					return m.Silent
				}
			}
			t.Fatal("the host is no member")
			return false
		}
		equal(t, "silent with the microphone on", silent(), false)
		host.r.Do(call.Wish{Wants: call.Wants{}})
		synctest.Wait()
		equal(t, "silent when muted", silent(), true)
		host.r.Do(call.Wish{Wants: call.Wants{Mic: true}})
		synctest.Wait()
		equal(t, "silent when on again", silent(), false)
	})
}
