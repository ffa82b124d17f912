package demo

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// meet is the meeting, step by step, with the first person as its host.
func (d *demo) meet() error {
	host, guests := d.people[0], d.people[1:]
	d.shoot("01-home")

	d.step("%s starts an end-to-end encrypted meeting", host.name)
	if err := host.screen.Key("ctrl+n"); err != nil {
		return err
	}
	if err := host.goInside("Meeting"); err != nil {
		return fmt.Errorf("%s starts a meeting: %w", host.name, err)
	}
	link, err := host.waitLink()
	if err != nil {
		return err
	}
	d.step("%s's window shows the meeting; its link is %s", host.name, link)

	for _, p := range guests {
		d.step("%s types the link and knocks", p.name)
		if err := p.knock(link); err != nil {
			return err
		}
	}
	d.shoot("02-lobby")
	if _, err := host.screen.Shows(host.dir, guests[0].name, 15*time.Second); err != nil {
		return fmt.Errorf("the host's lobby: %w", err)
	}
	d.step("%s's window shows who waits", host.name)

	if err := d.admitAll(host, guests); err != nil {
		return err
	}
	if err := d.watchPictures(); err != nil {
		return err
	}
	d.shoot("03-meeting")
	if err := d.compareCodes("04-code"); err != nil {
		return err
	}
	if err := d.chat(); err != nil {
		return err
	}
	d.hear()
	d.collect()
	if len(guests) > 1 {
		if err := d.removeLast(host); err != nil {
			return err
		}
	}
	d.weigh()
	d.step("%s ends the meeting for all", host.name)
	if err := host.screen.Key("ctrl+shift+q"); err != nil {
		return err
	}
	time.Sleep(400 * time.Millisecond) // the question has to be on the screen before it is answered
	if err := host.screen.Key("Return"); err != nil {
		return err
	}
	for _, p := range d.people {
		if err := p.screen.WaitTitle(15*time.Second, "Ended", "Home"); err != nil {
			d.fail("%s's window after the end: %v", p.name, err)
		}
	}
	d.shoot("08-ended")
	return nil
}

func (p *person) waitLink() (string, error) {
	end := time.Now().Add(10 * time.Second)
	for time.Now().Before(end) {
		if f, err := p.figures(); err == nil && f.Link != "" {
			return f.Link, nil
		}
		time.Sleep(100 * time.Millisecond)
	}
	return "", errors.New("the app tells no link")
}

// knock joins by link as a person would, and waits for the lobby.
func (p *person) knock(link string) error {
	if err := p.screen.Key("ctrl+j"); err != nil {
		return err
	}
	if err := p.screen.Write(link); err != nil {
		return err
	}
	if err := p.screen.Key("Return"); err != nil {
		return err
	}
	if err := p.goInside("Lobby"); err != nil {
		return fmt.Errorf("%s knocks: %w", p.name, err)
	}
	return nil
}

// goInside goes on from the screen before a meeting, where camera and
// microphone are tried, to the one with the title.
func (p *person) goInside(title string) error {
	const before = "Before the meeting"
	if err := p.screen.WaitTitle(20*time.Second, title, before); err != nil {
		return err
	}
	if strings.HasSuffix(p.screen.Title(), before) {
		if err := p.screen.Key("ctrl+n"); err != nil {
			return err
		}
	}
	return p.screen.WaitTitle(20*time.Second, title)
}

// admitAll admits the guests one by one and waits until each window shows a
// moving picture of everybody else.
func (d *demo) admitAll(host *person, guests []*person) error {
	for _, p := range guests {
		d.step("%s admits %s", host.name, p.name)
		pressed := time.Now()
		if err := host.screen.Key("ctrl+shift+a"); err != nil {
			return err
		}
		if err := p.screen.WaitTitle(20*time.Second, "Meeting"); err != nil {
			return fmt.Errorf("%s is admitted: %w", p.name, err)
		}
		if err := p.waitPicture(host.who, 1, 20*time.Second); err != nil {
			return err
		}
		first := p.sight(host.who).first.Sub(pressed)
		d.result.FirstPicture = append(d.result.FirstPicture, milliseconds(first))
		d.step("%s sees %s, %d ms after the host's key press", p.name, host.name, first.Milliseconds())
	}
	for _, p := range d.people {
		for _, q := range d.people {
			if p != q {
				if err := p.waitPicture(q.who, 5, 20*time.Second); err != nil {
					return err
				}
			}
		}
	}
	d.step("every window shows moving pictures of everybody else")
	return nil
}

// leastRate is how many new pictures a second of somebody a window has to show
// to count as moving. Three windows drawn by software and all that watches
// them share the machine; the rates themselves are in the result.
const leastRate = 1

// watchPictures counts what the windows show for a while.
func (d *demo) watchPictures() error {
	for _, p := range d.people {
		p.forget()
	}
	began := time.Now()
	time.Sleep(time.Duration(d.seconds) * time.Second)
	took := time.Since(began).Seconds()
	var ages []time.Duration
	for _, p := range d.people {
		for _, q := range d.people {
			if p == q {
				continue
			}
			s := p.sight(q.who)
			rate := float64(s.pictures) / took
			if rate < leastRate {
				d.fail("%s's window shows only %.1f pictures a second of %s", p.name, rate, q.name)
			}
			d.result.Shown = append(d.result.Shown, shown{p.name, q.name, s.pictures, round(rate)})
			ages = append(ages, s.ages...)
		}
	}
	d.result.GlassToGlass = milliseconds(median(ages))
	d.step("glass to glass: median %.0f ms over %d pictures", d.result.GlassToGlass, len(ages))
	return nil
}

// compareCodes opens the security code in every window, reads it off the
// screen, and says in each window that it matches.
func (d *demo) compareCodes(shot string) error {
	for _, p := range d.people {
		if err := p.screen.Key("ctrl+shift+k"); err != nil {
			return err
		}
		if err := p.screen.WaitTitle(10*time.Second, "Security code"); err != nil {
			return fmt.Errorf("%s opens the code: %w", p.name, err)
		}
	}
	codes := map[string]bool{}
	for _, p := range d.people {
		code, err := p.screen.ReadCode(p.dir)
		if err != nil {
			return fmt.Errorf("%s's code: %w", p.name, err)
		}
		codes[code] = true
		d.step("%s reads %s", p.name, groups(code))
	}
	d.result.CodeEqual = len(codes) == 1
	if !d.result.CodeEqual {
		d.fail("the windows show %d different security codes", len(codes))
	}
	d.shoot(shot)
	for _, p := range d.people {
		if err := p.screen.Key("ctrl+shift+m"); err != nil {
			return err
		}
	}
	time.Sleep(500 * time.Millisecond)
	for _, p := range d.people {
		if strings.HasSuffix(p.screen.Title(), "Security code") {
			if err := p.screen.Key("ctrl+shift+k"); err != nil {
				return err
			}
		}
		if err := p.screen.WaitTitle(10*time.Second, "Meeting"); err != nil {
			return fmt.Errorf("%s closes the code: %w", p.name, err)
		}
	}
	d.step("the codes are equal in all windows and were said to match")
	return nil
}

func groups(code string) string {
	var out []string
	for i := 0; i+5 <= len(code); i += 5 {
		out = append(out, code[i:i+5])
	}
	return strings.Join(out, " ")
}

// chat has every person say a line and reads it in the others' windows.
func (d *demo) chat() error {
	for _, p := range d.people {
		if err := p.screen.Key("ctrl+shift+c"); err != nil {
			return err
		}
	}
	time.Sleep(500 * time.Millisecond)
	lines := []string{"Hello from", "Greetings from", "Welcome from", "Cheers from", "Regards from", "Salutations from"}
	for i, p := range d.people {
		text := lines[i] + " " + p.name
		if err := p.screen.Write(text); err != nil {
			return err
		}
		if err := p.screen.Key("Return"); err != nil {
			return err
		}
		for _, q := range d.people {
			if q == p {
				continue
			}
			if _, err := q.screen.Shows(q.dir, text, 20*time.Second); err != nil {
				d.fail("chat: %s wrote %q, but %v", p.name, text, err)
			}
		}
	}
	d.shoot("05-chat")
	d.step("each window shows the chat of all others")
	for _, p := range d.people {
		if err := p.screen.Key("ctrl+shift+c"); err != nil {
			return err
		}
	}
	time.Sleep(300 * time.Millisecond)
	return nil
}

// removeLast has the host remove the last person and watches what that one
// still sees.
func (d *demo) removeLast(host *person) error {
	out := d.people[len(d.people)-1]
	rest := d.people[:len(d.people)-1]
	d.step("%s removes %s", host.name, out.name)
	if err := host.screen.Key("ctrl+shift+x"); err != nil {
		return err
	}
	time.Sleep(500 * time.Millisecond)
	d.shoot("06-remove")
	pressed := time.Now()
	if err := host.screen.Key("Return"); err != nil {
		return err
	}
	if err := out.screen.WaitTitle(15*time.Second, "Ended"); err != nil {
		return fmt.Errorf("%s is removed: %w", out.name, err)
	}
	time.Sleep(2 * time.Second) // anything that still came would be shown or counted by now
	var last time.Time
	for _, p := range rest {
		if s := out.sight(p.who); s.last.After(last) {
			last = s.last
		}
	}
	f, err := out.figures()
	if err != nil {
		return err
	}
	for _, r := range f.Media.Remotes {
		if r.LastOpened.After(last) {
			last = r.LastOpened
		}
	}
	d.result.RemovedLastFrame = milliseconds(last.Sub(pressed))
	d.step("%s's last frame that could be decrypted: %.0f ms after the host's key press", out.name, d.result.RemovedLastFrame)
	for _, p := range rest {
		p.forget()
	}
	time.Sleep(time.Second)
	for _, p := range rest {
		for _, q := range rest {
			if p == q {
				continue
			}
			if err := p.waitPicture(q.who, 3, 10*time.Second); err != nil {
				d.fail("after the removal: %v", err)
			}
		}
		if s := p.sight(out.who); s.pictures > 0 {
			d.fail("%s's window still shows new pictures of %s", p.name, out.name)
		}
	}
	d.shoot("07-removed")
	before := d.people
	d.people = rest
	err = d.compareCodes("07-code-after")
	d.people = before
	return err
}
