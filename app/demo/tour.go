package demo

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"conclave/app/local"
)

// The tour: two people use every part of a meeting by the keyboard, from the
// first start to the end, and each step leaves a picture of each window for
// somebody to look at. What is wrong in it is seen by eyes; what it checks
// itself is that every step arrives.

// look is one appearance and size of the windows.
type look struct {
	name          string // for the folder of its pictures
	theme         string // FYNE_THEME
	width, height int
}

var looks = []look{
	{"light-900x600", "light", 900, 600},
	{"dark-1920x1080", "dark", 1920, 1080},
	{"dark-900x600", "dark", 900, 600},
	{"light-1920x1080", "light", 1920, 1080},
}

// settled is how long a window drawn by software needs to show what a key has
// asked for.
const settled = 900 * time.Millisecond

// tourResult is the last line that the tour prints.
type tourResult struct {
	OK       bool     `json:"ok"`
	Story    string   `json:"story"`
	Pictures int      `json:"pictures"`
	Failures []string `json:"failures,omitempty"`
}

// tourStory runs the tour in every look and returns the exit code.
func (d *demo) tourStory() int {
	r := tourResult{Story: "tour"}
	for _, l := range looks {
		one := &demo{options: d.options, out: d.out}
		one.participants, one.width, one.height, one.theme = 2, l.width, l.height, l.theme
		one.options.out = filepath.Join(d.options.out, l.name)
		one.step("the tour in %s", l.name)
		if err := one.tour(); err != nil {
			one.shoot("failed")
			one.fail("%s: %v", l.name, err)
		}
		one.close()
		r.Pictures += one.shots
		r.Failures = append(r.Failures, one.result.Failures...)
	}
	r.OK = len(r.Failures) == 0
	line, _ := json.Marshal(r)
	fmt.Fprintln(d.out, string(line))
	if !r.OK {
		return 1
	}
	return 0
}

func (d *demo) tour() error {
	if err := os.MkdirAll(d.options.out, 0o755); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "conclave-tour-")
	if err != nil {
		return err
	}
	d.dir = dir
	clips, speech := findClips(d.clips, d.dir), findSpeech()
	d.service = local.New(local.Config{Args: []string{"--data", filepath.Join(d.dir, "service")}})
	url, pin, err := d.service.Start(contextOf(30 * time.Second))
	if err != nil {
		return err
	}
	if pin != "" {
		url += "#" + pin
	}
	for i := range d.participants {
		d.nameless = i == 0 // the first one starts for the first time
		p, err := openPerson(d, i, url, clips.file(i), speech.file(i))
		if err != nil {
			return fmt.Errorf("start %s's app: %w", names[i], err)
		}
		d.people = append(d.people, p)
		if err := p.screen.WaitTitle(60*time.Second, "Home", "Welcome"); err != nil {
			return fmt.Errorf("%s's app: %w; it wrote: %s", p.name, err, p.lastLog())
		}
		if err := p.screen.WaitDrawn(60 * time.Second); err != nil {
			return err
		}
		if err := p.screen.Focus(); err != nil {
			return err
		}
	}
	for _, part := range []func(host, guest *person) error{d.tourArrive, d.tourMeet, d.tourTalk, d.tourTools, d.tourEnd} {
		if err := part(d.people[0], d.people[1]); err != nil {
			return err
		}
	}
	return nil
}

// press presses keys one after the other and gives the window time to show
// what they ask for.
func (p *person) press(combinations ...string) error {
	for _, c := range combinations {
		if err := p.screen.Key(c); err != nil {
			return err
		}
		time.Sleep(settled)
	}
	return nil
}

// view presses keys in one window, and keeps what it then shows.
func (d *demo) view(p *person, name string, combinations ...string) error {
	if err := p.press(combinations...); err != nil {
		return err
	}
	d.step("%s: %s", p.name, name)
	d.shots++
	return p.screen.Save(filepath.Join(d.options.out, fmt.Sprintf("%02d-%s-%s.png", d.shots, name, strings.ToLower(p.name))))
}

func (d *demo) tourArrive(host, guest *person) error {
	if err := d.view(host, "first-start"); err != nil {
		return err
	}
	if err := host.screen.Write(host.name); err != nil {
		return err
	}
	if err := host.press("Return"); err != nil {
		return err
	}
	if !strings.HasSuffix(host.screen.Title(), "Home") { // signing in is offered once
		if err := d.view(host, "sign-in"); err != nil {
			return err
		}
		if err := host.press("Escape"); err != nil {
			return err
		}
	}
	if err := host.screen.WaitTitle(10*time.Second, "Home"); err != nil {
		return err
	}
	if err := d.view(host, "home"); err != nil {
		return err
	}
	if err := d.view(host, "settings", "ctrl+comma"); err != nil {
		return err
	}
	if err := d.view(host, "before", "Escape", "ctrl+n"); err != nil {
		return err
	}
	if err := host.goInside("Meeting"); err != nil {
		return err
	}
	time.Sleep(settled)
	if err := d.view(host, "alone"); err != nil {
		return err
	}
	link, err := host.waitLink()
	if err != nil {
		return err
	}
	if err := guest.knock(link); err != nil {
		return err
	}
	return d.both(host, guest, "lobby")
}

// both keeps what the two windows show.
func (d *demo) both(host, guest *person, name string) error {
	time.Sleep(settled)
	if err := d.view(host, name); err != nil {
		return err
	}
	return d.view(guest, name)
}

func (d *demo) tourMeet(host, guest *person) error {
	if err := host.press("ctrl+shift+a"); err != nil {
		return err
	}
	if err := guest.screen.WaitTitle(20*time.Second, "Meeting"); err != nil {
		return err
	}
	for _, pair := range [][2]*person{{host, guest}, {guest, host}} {
		if err := pair[0].waitPicture(pair[1].who, 5, 20*time.Second); err != nil {
			return err
		}
	}
	if err := d.both(host, guest, "meeting"); err != nil {
		return err
	}
	var codes [2]string
	for i, p := range d.people {
		if err := d.view(p, "code", "ctrl+shift+k"); err != nil {
			return err
		}
		var err error
		if codes[i], err = p.screen.ReadCode(p.dir); err != nil {
			return fmt.Errorf("%s's code: %w", p.name, err)
		}
	}
	if codes[0] != codes[1] {
		return fmt.Errorf("the codes differ: %s and %s", codes[0], codes[1])
	}
	for _, p := range d.people {
		if err := d.view(p, "code-matches", "ctrl+shift+m"); err != nil {
			return err
		}
		if p.screen.Title() != "" && strings.HasSuffix(p.screen.Title(), "Security code") {
			if err := p.press("Escape"); err != nil {
				return err
			}
		}
	}
	return d.view(host, "compared")
}

func (d *demo) tourTalk(host, guest *person) error {
	if err := guest.press("ctrl+shift+c"); err != nil {
		return err
	}
	if err := guest.screen.Write("Good morning, the code matches."); err != nil {
		return err
	}
	if err := guest.press("Return"); err != nil {
		return err
	}
	if err := d.view(host, "chat", "ctrl+shift+c"); err != nil {
		return err
	}
	if err := d.view(guest, "chat"); err != nil {
		return err
	}
	if err := host.press("ctrl+shift+c"); err != nil {
		return err
	}
	if err := d.view(guest, "reactions", "ctrl+shift+c", "ctrl+shift+h", "ctrl+shift+e"); err != nil {
		return err
	}
	if err := guest.press("Tab", "Tab", "Return"); err != nil {
		return err
	}
	if err := d.both(host, guest, "reaction"); err != nil {
		return err
	}
	if err := d.view(guest, "own-menu", "ctrl+shift+j"); err != nil {
		return err
	}
	return d.view(guest, "statistics", "Escape", "ctrl+shift+b")
}

func (d *demo) tourTools(host, guest *person) error {
	if err := guest.press("Escape", "ctrl+shift+s"); err != nil {
		return err
	}
	time.Sleep(2 * settled)
	if err := d.both(host, guest, "sharing"); err != nil {
		return err
	}
	if err := guest.press("ctrl+shift+s"); err != nil {
		return err
	}
	if err := d.view(host, "people", "ctrl+shift+p"); err != nil {
		return err
	}
	if err := d.view(host, "tools", "ctrl+shift+p", "ctrl+shift+g"); err != nil {
		return err
	}
	if err := host.press("Escape", "ctrl+shift+u", "Return"); err != nil {
		return err
	}
	if err := d.both(host, guest, "muted"); err != nil {
		return err
	}
	if err := d.view(guest, "speaker-view", "ctrl+shift+d", "ctrl+shift+v"); err != nil {
		return err
	}
	return d.view(host, "question", "ctrl+shift+q")
}

func (d *demo) tourEnd(host, guest *person) error {
	if err := host.press("Escape"); err != nil {
		return err
	}
	if err := guest.press("ctrl+shift+l"); err != nil {
		return err
	}
	if err := guest.screen.WaitTitle(15*time.Second, "Ended"); err != nil {
		return err
	}
	if err := d.both(host, guest, "left"); err != nil {
		return err
	}
	if err := host.press("ctrl+shift+q", "Return"); err != nil {
		return err
	}
	if err := host.screen.WaitTitle(15*time.Second, "Ended", "Home"); err != nil {
		return err
	}
	return d.view(host, "ended")
}
