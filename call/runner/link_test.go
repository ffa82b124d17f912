package runner_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"conclave/call"
	"conclave/call/calltest"
	"conclave/call/runner"
	"conclave/call/wire"
	"conclave/keys"
)

// script is a connection that says what the test wants.
type script struct {
	in     chan wire.Message
	out    chan wire.Message
	closed chan struct{}
	once   sync.Once
	stuck  chan struct{} // Send waits for it, when set
}

func newScript() *script {
	return &script{in: make(chan wire.Message, 1024), out: make(chan wire.Message, 1024), closed: make(chan struct{})}
}

func (s *script) Send(ctx context.Context, m wire.Message) error {
	if s.stuck != nil {
		select {
		case <-s.stuck:
		case <-ctx.Done():
			return ctx.Err()
		case <-s.closed:
			return errors.New("closed")
		}
	}
	select {
	case s.out <- m:
		return nil
	case <-s.closed:
		return errors.New("closed")
	}
}

func (s *script) Receive(ctx context.Context) (wire.Message, error) {
	select {
	case m := <-s.in:
		return m, nil
	case <-s.closed:
		return nil, errors.New("closed")
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (s *script) Close() error {
	s.once.Do(func() { close(s.closed) })
	return nil
}

func TestUnreachableServiceIsDialledOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPerson(t, "", func(keys.PublicKey) (runner.Conn, error) { return nil, errors.New("refused") })
		p.join(keys.MeetingID{1}, "Guest")
		equal(t, "end", p.now().End, call.EndUnreachable)
		equal(t, "dials", p.dials, 1)
	})
}

func TestFinalErrorsSayWhy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPerson(t, "", func(keys.PublicKey) (runner.Conn, error) {
			return nil, &runner.FinalError{Why: call.EndPinMismatch, Err: errors.New("pin")}
		})
		p.join(keys.MeetingID{1}, "Guest")
		equal(t, "end", p.now().End, call.EndPinMismatch)
	})
}

// A device that connects elsewhere must not fight for its seat.
func TestFinalErrorOfALinkIsNotTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPerson(t, "", func(keys.PublicKey) (runner.Conn, error) { return replaced{newScript()}, nil })
		p.join(keys.MeetingID{1}, "Guest")
		equal(t, "end", p.now().End, call.EndLost)
		equal(t, "dials", p.dials, 1)
	})
}

type replaced struct{ *script }

func (replaced) Receive(context.Context) (wire.Message, error) {
	return nil, &runner.FinalError{Why: call.EndLost, Err: errors.New("replaced")}
}

func TestHangingDialEndsAtItsLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hang := make(chan struct{})
		p := newPerson(t, "", func(keys.PublicKey) (runner.Conn, error) {
			<-hang
			return nil, errors.New("too late")
		})
		p.join(keys.MeetingID{1}, "Guest")
		time.Sleep(call.DialLimit - time.Second)
		equal(t, "phase", p.now().Phase(), call.PhaseConnecting)
		time.Sleep(2 * time.Second)
		equal(t, "end", p.now().End, call.EndUnreachable)
		close(hang)
		p.r.Close()
	})
}

// A connection that comes about after the person has left is closed.
func TestLateConnectionIsClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		go1 := make(chan struct{})
		conn := newScript()
		p := newPerson(t, "", func(keys.PublicKey) (runner.Conn, error) {
			<-go1
			return conn, nil
		})
		p.join(keys.MeetingID{1}, "Guest")
		p.r.Do(call.Leave{})
		equal(t, "end", p.now().End, call.EndLeft)
		close(go1)
		synctest.Wait()
		select {
		case <-conn.closed:
		default:
			t.Error("the late connection stays open")
		}
	})
}

func TestServiceDownForLongIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHall(t)
		host, _ := meet(t, h, 0)
		before := host.dials
		h.Kill()
		time.Sleep(20 * time.Minute)
		equal(t, "end", host.now().End, call.EndLost)
		equal(t, "dials", host.dials-before, call.Retries)
		equal(t, "media", host.newestMedia().Told().Closed, true)
	})
}

func TestServiceThatSaysNothingIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPerson(t, "", func(keys.PublicKey) (runner.Conn, error) { return newScript(), nil })
		p.join(keys.MeetingID{1}, "Guest")
		equal(t, "phase", p.now().Phase(), call.PhaseConnecting)
		time.Sleep(30 * time.Minute)
		equal(t, "end", p.now().End, call.EndLost)
	})
}

// A network that takes nothing any more: the link counts as broken after the
// time of one message.
func TestSlowWriterBreaksTheLink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var conns atomic.Int32
		p := newPerson(t, "", func(keys.PublicKey) (runner.Conn, error) {
			conns.Add(1)
			s := newScript()
			s.stuck = make(chan struct{})
			return s, nil
		})
		p.join(keys.MeetingID{1}, "Guest")
		time.Sleep(12 * time.Second)
		equal(t, "link", p.now().Link != call.LinkUp || conns.Load() > 1, true)
	})
}

// More messages waiting than a meeting can make: the link is dead in all but
// name, and memory does not grow.
func TestOverflowBreaksTheLink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHall(t)
		var stuck atomic.Pointer[chan struct{}]
		p := newPerson(t, "", func(k keys.PublicKey) (runner.Conn, error) {
			c, err := h.Dial(k)
			return &slow{c, &stuck}, err
		})
		p.create(keys.ModeE2EE, false)
		synctest.Wait()
		wait := make(chan struct{})
		stuck.Store(&wait)
		p.r.Do(call.Chat{Text: "x"})
		for i := range 400 {
			p.r.Do(call.Lock{Locked: i%2 == 0})
		}
		equal(t, "phase", p.now().Phase(), call.PhaseReconnecting)
		stuck.Store(nil)
		close(wait)
		time.Sleep(5 * time.Second)
		s := p.now()
		equal(t, "phase", s.Phase(), call.PhaseInMeeting)
		for _, l := range s.Chat {
			if l.Pending {
				t.Fatal("a line of chat still hangs")
			}
		}
	})
}

type slow struct {
	*calltest.HallConn
	stuck *atomic.Pointer[chan struct{}]
}

func (s *slow) Send(ctx context.Context, m wire.Message) error {
	if wait := s.stuck.Load(); wait != nil {
		select {
		case <-*wait:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return s.HallConn.Send(ctx, m)
}

// Whatever a service says, nothing panics, nothing is sent, and Close leaves
// nothing behind.
func TestGarbageFromTheService(t *testing.T) {
	garbage := func(id keys.MeetingID) []wire.Message {
		return []wire.Message{
			wire.Joined{Welcome: []byte("no welcome"), Sequence: 1},
			wire.Ordered{Sequence: 1, Commit: []byte("no commit")},
			wire.Said{Sequence: 1, Message: []byte("no message")},
			wire.Knocking{Ticket: 1, KeyPackage: []byte("x"), Sealed: []byte("y")},
			wire.Meeting{Encoded: []byte("no descriptor"), Signature: []byte("x")},
			wire.MediaToken{URL: "::", Token: "x"},
			wire.Waiting{Position: -1},
			wire.Gone{},
			wire.Roster{},
			wire.Done{Ref: 77},
			wire.Failed{Ref: 77, Code: "nonsense"},
			wire.Refused{Reason: "nonsense"},
			wire.Ended{Reason: "nonsense"},
		}
	}
	for i := range garbage(keys.MeetingID{}) {
		synctest.Test(t, func(t *testing.T) {
			s := newScript()
			p := newPerson(t, "", func(keys.PublicKey) (runner.Conn, error) { return s, nil })
			p.join(keys.MeetingID{1}, "Guest")
			s.in <- garbage(keys.MeetingID{1})[i]
			for _, m := range garbage(keys.MeetingID{1}) {
				s.in <- m
			}
			if p.now().Sending() {
				t.Error("it sends")
			}
		})
		synctest.Test(t, func(t *testing.T) {
			h := newHall(t)
			tap := make(chan wire.Message, 16)
			host := newPerson(t, "", through(h))
			id := host.create(keys.ModeE2EE, false)
			guest := newPerson(t, "", func(k keys.PublicKey) (runner.Conn, error) {
				c, err := h.Dial(k)
				return &injected{HallConn: c, extra: tap}, err
			})
			synctest.Wait()
			guest.join(id, "Guest")
			host.r.Do(call.Admit{})
			time.Sleep(3 * time.Second)
			m := garbage(id)[i]
			after := guest.now().After
			switch w := m.(type) {
			case wire.Ordered:
				w.Sequence, w.Sender = after+1, host.device.Public()
				m = w
			case wire.Said:
				w.Sequence, w.Sender = after+1, host.device.Public()
				m = w
			}
			tap <- m
			time.Sleep(time.Second)
			s := guest.now()
			switch m.(type) {
			case wire.Ordered:
				equal(t, "fault", s.Stopped(), call.FaultForged)
				equal(t, "sending", guest.newestMedia().Told().Sending, false)
			case wire.Said:
				equal(t, "fault", s.Stopped(), call.FaultFork)
				equal(t, "sending", guest.newestMedia().Told().Sending, false)
			case wire.Ended:
				equal(t, "ended", s.Seat, call.SeatEnded)
			default:
				equal(t, "still in", s.Phase(), call.PhaseInMeeting)
			}
		})
	}
}

// injected is a link into which the test puts messages of its own.
type injected struct {
	*calltest.HallConn
	extra chan wire.Message
	once  sync.Once
	all   chan got
}

type got struct {
	m   wire.Message
	err error
}

func (i *injected) Receive(ctx context.Context) (wire.Message, error) {
	i.once.Do(func() {
		i.all = make(chan got)
		go func() {
			for {
				m, err := i.HallConn.Receive(context.Background())
				select {
				case i.all <- got{m, err}:
				case <-ctx.Done():
					return
				}
				if err != nil {
					return
				}
			}
		}()
	})
	select {
	case m := <-i.extra:
		return m, nil
	case g := <-i.all:
		return g.m, g.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Close at any moment leaves no goroutine: synctest fails otherwise.
func TestCloseAtAnyMoment(t *testing.T) {
	for _, wait := range []time.Duration{0, 10 * time.Millisecond, time.Second, 12 * time.Second, time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			h := newHall(t)
			host := newPerson(t, "", through(h))
			id := host.create(keys.ModeE2EE, false)
			guest := newPerson(t, "", through(h))
			guest.join(id, "Guest")
			host.r.Do(call.Admit{})
			time.Sleep(wait)
			if wait > 30*time.Second {
				h.Kill()
			}
			guest.r.Close()
			guest.r.Close()
			guest.r.Do(call.Leave{}) // nobody listens, nobody waits
			host.r.Close()
		})
	}
}
