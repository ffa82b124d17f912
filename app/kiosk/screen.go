package kiosk

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"time"

	"conclave/app/config"
	"conclave/app/core"
	"conclave/keys"
)

// Screen is the inside of a screen's process: a limited core, and the line to the
// supervisor. It has no window; whoever opens one shows Latest and sends what
// Send takes. Its methods may be called from any goroutine.
type Screen struct {
	room   *core.Room // nil when locked
	locked core.Snapshot
	policy config.Policy
	done   chan struct{}
	once   sync.Once

	mu    sync.Mutex
	out   io.Writer
	alive time.Time
}

// ScreenConfig is what a screen works with.
type ScreenConfig struct {
	Place config.Place
	// In and Out are the line to the supervisor: standard input and output.
	In  io.Reader
	Out io.Writer
	// Core completes a client's configuration: the service, the relay, the devices.
	// What is known of services lies in the folder known, or in memory where that is "".
	Core func(c core.Config, known string) (core.Config, error)
}

// aliveEvery is how often a screen says that its window still answers.
const aliveEvery = 5 * time.Second

// NameOf is how the others see a room.
func NameOf(room string) string { return room + ", kiosk" }

// OpenScreen reads the supervisor's orders and starts the room, or the locked
// screen. It fails only where there is no supervisor.
func OpenScreen(cfg ScreenConfig) (*Screen, error) {
	seed, o, err := take(cfg.In)
	if err != nil {
		return nil, err
	}
	s := &Screen{out: cfg.Out, done: make(chan struct{})}
	p, err := config.ReadPolicy(cfg.Place)
	problem := o.Problem
	if err != nil && problem == "" {
		problem = err.Error()
	}
	s.policy = p
	if problem == "" && p.Kiosk != nil {
		problem = s.start(cfg, p, o, seed)
	}
	clear(seed[:])
	if s.room == nil {
		s.lock(p, problem)
	}
	go func() {
		_, _ = io.Copy(io.Discard, cfg.In) // ends with the supervisor
		s.end()
	}()
	return s, nil
}

func (s *Screen) start(cfg ScreenConfig, p config.Policy, o orders, seed [seedSize]byte) (problem string) {
	k := p.Kiosk
	name, err := keys.CleanName(NameOf(k.Room))
	if err != nil {
		return fmt.Sprintf("%s: kiosk.room: %v", p.From, err)
	}
	inner, err := cfg.Core(core.Config{
		Device: keys.DeviceKeyFromSeed(seed), KeyPlace: o.Keys,
		Settings: core.Settings{
			Name: name, Service: p.Service, Pin: p.Pin, Camera: p.Camera, Microphone: p.Microphone, Speaker: p.Speaker,
			MicOff: k.Muted, CameraOff: k.Hidden,
		},
	}, known(cfg.Place, p, o.Keys))
	if err != nil {
		return err.Error()
	}
	// Whatever was filled in: a kiosk hosts nothing and keeps nothing.
	inner.Local, inner.Save, inner.Report, inner.SaveReport = nil, nil, nil, nil
	if !p.Updates {
		inner.Updates = nil
	}
	inner.Keep = nil
	s.room = core.NewRoom(core.RoomConfig{
		Core: inner, Room: k.Room, Rooms: plans(k.Rooms), AutoJoin: k.AutoJoin, Idle: k.Idle, Help: k.Help,
		Saving: savings[k.Power], Resume: o.Resume, Hold: o.Hold, Managed: p.Locked,
		Spread: func(d time.Duration) time.Duration { return d*3/4 + rand.N(d/2+1) },
		Report: func(r core.RoomReport) { s.say(word{Report: reportOf(r)}) },
		Over: func(e core.RoomEnd) {
			s.say(word{Over: &overing{e.Room, e.Until}})
			s.end()
		},
	})
	return ""
}

var savings = map[string]core.Saving{"auto": core.SavingAuto, "on": core.SavingOn, "off": core.SavingOff}

func plans(rooms []config.PolicyRoom) []core.RoomPlan {
	all := make([]core.RoomPlan, 0, len(rooms))
	for _, r := range rooms {
		p := core.RoomPlan{Name: r.Name, Link: r.Link, Passcode: r.Passcode}
		for _, t := range r.Times {
			p.Times = append(p.Times, core.RoomTime{Days: t.Days, Start: t.Start, Length: t.Length})
		}
		all = append(all, p)
	}
	return all
}

func (s *Screen) lock(p config.Policy, problem string) {
	if problem == "" {
		problem = p.From + `: the managed policy has no section "kiosk"`
	}
	k := &core.Kiosk{Locked: true, Problem: problem, At: -1}
	if p.Kiosk != nil {
		k.Room, k.Help = p.Kiosk.Room, p.Kiosk.Help
	}
	s.locked = core.Snapshot{Revision: 1, Kiosk: k}
	s.say(word{Report: &report{Stage: "locked", Room: -1, Camera: "unknown", Microphone: "unknown", Speaker: "unknown"}})
}

// Policy is what is in force; the zero one on a locked screen.
func (s *Screen) Policy() config.Policy { return s.policy }

// Latest returns what there is to see.
func (s *Screen) Latest() core.Snapshot {
	if s.room == nil {
		return s.locked
	}
	return s.room.Latest()
}

// Subscribe calls news after each change of Latest, until cancel is called.
func (s *Screen) Subscribe(news func()) (cancel func()) {
	if s.room == nil {
		return func() {}
	}
	return s.room.Subscribe(news)
}

// Send hands a wish to the room; a locked screen takes none.
func (s *Screen) Send(i core.Intent) {
	if s.room != nil {
		s.room.Send(i)
	}
}

// Frames gives the window its pictures; nil on a locked screen.
func (s *Screen) Frames() core.Frames {
	if s.room == nil {
		return nil
	}
	return s.room.Frames()
}

// Strain tells whether the window keeps up with the pictures.
func (s *Screen) Strain(strained bool) {
	if s.room != nil {
		s.room.Strain(strained)
	}
}

// Alive tells the supervisor, now and then, that the window answers.
func (s *Screen) Alive() {
	s.mu.Lock()
	late := time.Since(s.alive) >= aliveEvery
	if late {
		s.alive = time.Now()
	}
	s.mu.Unlock()
	if late {
		s.say(word{Alive: true})
	}
}

// Done is closed when the process is to end.
func (s *Screen) Done() <-chan struct{} { return s.done }

func (s *Screen) end() { s.once.Do(func() { close(s.done) }) }

// Close leaves the meeting and wipes what is ours. The process ends after it.
func (s *Screen) Close() {
	s.end()
	if s.room != nil {
		s.room.Close()
	}
}

func (s *Screen) say(w word) {
	text, err := json.Marshal(w)
	if err != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	_, _ = s.out.Write(append(text, '\n'))
}
