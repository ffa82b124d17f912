package uitest

import (
	"image"
	"image/color"
	"sync"
	"time"

	"conclave/app/core"
	"conclave/call"
	"conclave/keys"
)

// Noon is the moment at which every test happens.
func Noon() time.Time { return time.Date(2026, time.November, 21, 14, 5, 9, 0, time.UTC) }

// Core is a fake core: it holds a snapshot, remembers intents, and answers
// some of them by a small script of its own when Play is set.
type Core struct {
	mu      sync.Mutex
	latest  core.Snapshot
	news    map[int]func()
	next    int
	intents []core.Intent
	play    func(core.Snapshot, core.Intent) core.Snapshot
}

// NewCore returns a core that shows a snapshot.
func NewCore(s core.Snapshot) *Core { return &Core{latest: s, news: map[int]func(){}} }

// Latest implements ui.Snapshots.
func (c *Core) Latest() core.Snapshot {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.latest
}

// Subscribe implements ui.Snapshots.
func (c *Core) Subscribe(news func()) (cancel func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	id := c.next
	c.next++
	c.news[id] = news
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.news, id)
	}
}

// Publish makes a snapshot the newest and tells whoever subscribed.
func (c *Core) Publish(s core.Snapshot) {
	c.mu.Lock()
	s.Revision = c.latest.Revision + 1
	c.latest = s
	tell := make([]func(), 0, len(c.news))
	for _, f := range c.news {
		tell = append(tell, f)
	}
	c.mu.Unlock()
	for _, f := range tell {
		f()
	}
}

// Play sets how intents change the snapshot; nil only remembers them.
func (c *Core) Play(play func(core.Snapshot, core.Intent) core.Snapshot) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.play = play
}

// Send takes an intent.
func (c *Core) Send(i core.Intent) {
	c.mu.Lock()
	c.intents = append(c.intents, i)
	play, s := c.play, c.latest
	c.mu.Unlock()
	if play != nil {
		c.Publish(play(s, i))
	}
}

// Intents returns and forgets what was sent.
func (c *Core) Intents() []core.Intent {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := c.intents
	c.intents = nil
	return out
}

// Posts is a queue in the place of fyne.Do. Tests run it when they want.
type Posts struct {
	mu    sync.Mutex
	queue []func()
}

// Post queues a function.
func (p *Posts) Post(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.queue = append(p.queue, f)
}

// Run runs what was queued, also what that queues, and reports how many.
func (p *Posts) Run() int {
	n := 0
	for {
		p.mu.Lock()
		queue := p.queue
		p.queue = nil
		p.mu.Unlock()
		if len(queue) == 0 {
			return n
		}
		for _, f := range queue {
			f()
			n++
		}
	}
}

type picture struct {
	who    keys.PublicKey
	stream core.Stream
	turn   uint64 // pictures repeat after four
}

// Frames gives every person a drawn picture, and remembers what was wanted.
type Frames struct {
	mu       sync.Mutex
	wants    map[picture]image.Point
	pictures map[picture]*image.RGBA
	sequence uint64
	Blank    bool // no pictures at all
}

// NewFrames returns pictures.
func NewFrames() *Frames {
	return &Frames{wants: map[picture]image.Point{}, pictures: map[picture]*image.RGBA{}, sequence: 1}
}

// Want implements core.Frames.
func (f *Frames) Want(who keys.PublicKey, stream core.Stream, w, h int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.wants[picture{who: who, stream: stream}] = image.Pt(w, h)
}

// Wanted returns the size that was last asked for.
func (f *Frames) Wanted(who keys.PublicKey) image.Point {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.wants[picture{who: who}]
}

// Advance makes every picture a new one.
func (f *Frames) Advance() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.sequence++
}

// Latest implements core.Frames.
func (f *Frames) Latest(who keys.PublicKey, stream core.Stream) (*image.RGBA, uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	key := picture{who: who, stream: stream}
	size := f.wants[key]
	if size.X == 0 || size.Y == 0 || f.Blank {
		return nil, 0
	}
	key.turn = f.sequence % 4
	img := f.pictures[key]
	if img == nil || img.Bounds().Size() != size {
		img = portrait(size, who[0], key.turn*10)
		if stream == core.StreamScreen {
			img = desktop(size, key.turn)
		}
		f.pictures[key] = img
	}
	return img, f.sequence
}

// portrait draws a head and shoulders before a room that slowly changes.
func portrait(size image.Point, seed byte, n uint64) *image.RGBA {
	img := image.NewRGBA(image.Rectangle{Max: size})
	r := float64(size.Y) * 0.19
	cx, cy := float64(size.X)/2+float64(n%40)-10, float64(size.Y)*0.42
	skins := [...]color.RGBA{{0xe8, 0xb9, 0x96, 255}, {0xc6, 0x8c, 0x63, 255}, {0x8a, 0x5a, 0x3b, 255}, {0xf0, 0xcd, 0xb0, 255}}
	skin := skins[int(seed)%len(skins)]
	shirt := color.RGBA{60 + seed%120, 90 + seed/3, 160 - seed/4, 255}
	for y := range size.Y {
		for x := range size.X {
			fx, fy := float64(x), float64(y)
			c := color.RGBA{uint8(70 + 60*y/size.Y), uint8(80 + 70*x/size.X), uint8(100 + int(seed)%70), 255}
			dx, dy := (fx-cx)/r, (fy-cy)/(r*1.25)
			bx, by := (fx-cx)/(r*2.3), (fy-float64(size.Y)*1.02)/(r*2.1)
			switch {
			case dx*dx+dy*dy < 1 && dy > -0.45:
				c = skin
			case dx*dx+dy*dy < 1.12 && dy < 0.2:
				c = color.RGBA{50 + seed%60, 38, 30, 255}
			case bx*bx+by*by < 1:
				c = shirt
			}
			img.SetRGBA(x, y, c)
		}
	}
	return img
}

// Act is a script for Play: it answers the intents as a real core would in a
// meeting that goes well.
func Act(s core.Snapshot, i core.Intent) core.Snapshot {
	m := s.Meeting
	if m != nil {
		c := *m
		m = &c
		s.Meeting = m
	}
	switch i := i.(type) {
	case core.SetName:
		s.Profile.Name = i.Name
	case core.OpenPreview:
		s.Preview = &core.Preview{Link: i.Link, Start: i.Start, Mode: keys.ModeE2EE, Looked: true, HostHere: true, Mic: core.Toggle{Wanted: true, On: true}, Camera: core.Toggle{Wanted: true, On: true}}
		if i.Link == "" {
			s.Preview.Mode = i.Start.Mode
		}
	case core.ClosePreview:
		s.Preview = nil
	case core.StartMeeting:
		s = Hosting(InMeeting(1))
		s.Meeting.Mode = i.Mode
		s.Meeting.Lobby = []core.Knocker{Waiting(4), Waiting(5)}
	case core.JoinMeeting:
		s = InLobby()
	case core.LeaveMeeting:
		if m != nil {
			m.Phase, m.End = call.PhaseEnded, call.EndLeft
		}
	case core.EndMeeting:
		m.Phase, m.End = call.PhaseEnded, call.EndForAll
	case core.CloseMeeting:
		s.Meeting, s.Can = nil, core.Can{StartMeeting: true, JoinMeeting: true, ChooseService: true}
	case core.SetMic:
		m.Mic.Wanted, m.Mic.On = i.On, i.On
	case core.SetCamera:
		m.Camera.Wanted, m.Camera.On = i.On, i.On
	case core.SetLocked:
		m.Locked = i.Locked
	case core.Admit:
		m.Lobby = without(m.Lobby, i.Ticket)
		m.People = append(append([]core.Person(nil), m.People...), Somebody(len(m.People)))
		m.Badge.Of = len(m.People)
	case core.AdmitAll:
		m.Lobby = nil
	case core.Refuse:
		m.Lobby = without(m.Lobby, i.Ticket)
	case core.Remove:
		people := []core.Person{}
		for _, who := range m.People {
			if who.Key != i.Person {
				people = append(people, who)
			}
		}
		m.People = people
	case core.SendChat:
		m.Chat = append(append([]core.ChatLine(nil), m.Chat...), core.ChatLine{From: s.Profile.Key, Name: s.Profile.Name, Self: true, Text: i.Text, At: Noon()})
	case core.JudgeCode:
		m.Code.Compared = core.CodeMatches
		if !i.Matches {
			m.Code.Compared = core.CodeDiffers
		}
		m.Badge.Compared = m.Code.Compared
	case core.Dismiss:
		left := []core.Notice{}
		for _, n := range s.Notices {
			if n.ID != i.Notice {
				left = append(left, n)
			}
		}
		s.Notices = left
	default:
		return hygiene(s, i)
	}
	return s
}

func without(list []core.Knocker, ticket string) []core.Knocker {
	out := []core.Knocker{}
	for _, k := range list {
		if k.Ticket != ticket {
			out = append(out, k)
		}
	}
	return out
}
