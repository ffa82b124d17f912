package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"image"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"conclave/app/demo/display"
	"conclave/app/demo/report"
	"conclave/app/demo/stamp"
)

// lookEvery is how often each window is looked at for stamps. It adds up to
// its own length to every age that is measured.
const lookEvery = 20 * time.Millisecond

// person is one participant: an app, its window and what was seen in it.
type person struct {
	demo   *demo
	name   string
	who    int // number of their stamp
	dir    string
	speech string
	screen *display.Screen
	app    *exec.Cmd
	log    *os.File

	stop chan struct{}
	done chan struct{}

	mu   sync.Mutex
	seen map[int]*sighting // by who
}

// sighting is what one window showed of another person.
type sighting struct {
	first, last time.Time // when a new picture was on the glass
	captured    time.Time // of the last one
	number      uint16
	pictures    int
	ages        []time.Duration
	area        image.Rectangle
}

func contextOf(limit time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	context.AfterFunc(ctx, cancel)
	return ctx
}

// openPerson starts an app on a display of its own. Its identity lives in
// memory, so that nothing of the demonstration is kept.
func openPerson(d *demo, i int, service, clip, speech string) (*person, error) {
	p := &person{
		demo: d, name: names[i], who: i + 1, dir: filepath.Join(d.dir, names[i]), speech: speech,
		stop: make(chan struct{}), done: make(chan struct{}), seen: map[int]*sighting{},
	}
	var err error
	if p.screen, err = display.Open(filepath.Join(p.dir, "screen"), d.width, d.height); err != nil {
		close(p.done)
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	p.app = exec.Command(self,
		"--profile", filepath.Join(p.dir, "profile"), "--keys", "memory", "--service", service,
		"--video", clip, "--audio", speech, "--record", p.recording(), "--stamp", strconv.Itoa(p.who),
		"--stats", p.stats(), "--language", "en",
		"--width", strconv.Itoa(d.width), "--height", strconv.Itoa(d.height))
	if !d.nameless {
		p.app.Args = append(p.app.Args, "--name", p.name)
	}
	p.app.Env = append(os.Environ(), "DISPLAY="+p.screen.Name, "WAYLAND_DISPLAY=", "FYNE_SCALE=1",
		"LIBGL_ALWAYS_SOFTWARE=1", "LP_NUM_THREADS=1", "HOME="+p.dir, "XDG_CONFIG_HOME="+p.dir)
	if d.theme != "" {
		p.app.Env = append(p.app.Env, "FYNE_THEME="+d.theme)
	}
	if p.log, err = os.Create(filepath.Join(p.dir, "app.log")); err != nil {
		return nil, err
	}
	p.app.Stdout, p.app.Stderr = p.log, p.log
	if err := p.app.Start(); err != nil {
		return nil, err
	}
	go p.watch()
	return p, nil
}

func (p *person) recording() string { return filepath.Join(p.dir, "heard.wav") }
func (p *person) stats() string     { return filepath.Join(p.dir, "stats.json") }

// figures reads what the app tells about itself.
func (p *person) figures() (f report.Figures, err error) {
	data, err := os.ReadFile(p.stats())
	if err != nil {
		return f, err
	}
	return f, json.Unmarshal(data, &f)
}

// watch looks at the window until stop is closed.
func (p *person) watch() {
	defer close(p.done)
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	var img *image.RGBA
	for {
		select {
		case <-p.stop:
			return
		case <-tick.C:
		}
		var err error
		at := time.Now()
		if img, err = p.screen.Look(img); err != nil {
			return
		}
		for _, r := range stamp.Find(img, at) {
			if r.Who != p.who {
				p.saw(r, at)
			}
		}
	}
}

func (p *person) saw(r stamp.Reading, at time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.seen[r.Who]
	if s == nil {
		s = &sighting{first: at}
		p.seen[r.Who] = s
	}
	if s.pictures > 0 && s.number == r.Number {
		return
	}
	s.number, s.last, s.captured, s.area = r.Number, at, r.Time, r.Area
	s.pictures++
	s.ages = append(s.ages, at.Sub(r.Time))
}

// sight returns what was seen of who so far.
func (p *person) sight(who int) sighting {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s := p.seen[who]; s != nil {
		c := *s
		c.ages = append([]time.Duration(nil), s.ages...)
		return c
	}
	return sighting{}
}

// forget starts the counting anew.
func (p *person) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seen = map[int]*sighting{}
}

// waitPicture waits until the window shows at least n pictures of who.
func (p *person) waitPicture(who, n int, limit time.Duration) error {
	end := time.Now().Add(limit)
	for time.Now().Before(end) {
		if p.sight(who).pictures >= n {
			return nil
		}
		time.Sleep(20 * time.Millisecond)
	}
	return fmt.Errorf("%s's window shows %d moving pictures of %s, want %d", p.name, p.sight(who).pictures, names[who-1], n)
}

// lastLog is the end of the app's log, for a failure's message.
func (p *person) lastLog() string {
	data, err := os.ReadFile(filepath.Join(p.dir, "app.log"))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(data[max(0, len(data)-1200):]))
}

func (p *person) close() {
	select {
	case <-p.stop:
	default:
		close(p.stop)
	}
	<-p.done
	if p.app != nil && p.app.Process != nil {
		_ = p.app.Process.Signal(os.Interrupt)
		ended := make(chan struct{})
		go func() {
			_ = p.app.Wait()
			close(ended)
		}()
		select {
		case <-ended:
		case <-time.After(5 * time.Second):
			_ = p.app.Process.Kill()
			<-ended
		}
	}
	if p.screen != nil {
		p.screen.Close()
	}
	if p.log != nil {
		_ = p.log.Close()
	}
}
