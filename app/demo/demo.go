// Package demo holds a meeting between real windows and checks it from what
// the windows show: it starts a service and several desktop apps as processes
// of their own, each on a virtual display with its own clip and speech, types
// and clicks as people would, and reads the screens back.
//
// It is a test instrument that ships with the app, so that everybody can see
// the promise kept on their own machine. Trust zone: none of ours; it knows
// only what a person in front of the windows knows, and each app's figures.
package demo

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"conclave/app/local"
)

// options are what the command line says.
type options struct {
	participants  int
	out, clips    string
	seconds       int
	width, height int
	story         string
	theme         string // light or dark; empty is the desktop's
}

// Main runs "conclave demo" and returns its exit code: 0 when every check held.
func Main(args []string, stdout, stderr io.Writer) int {
	var o options
	fs := flag.NewFlagSet("conclave demo", flag.ContinueOnError)
	fs.SetOutput(stderr)
	fs.IntVar(&o.participants, "participants", 3, "how many people meet (2 to 6)")
	fs.StringVar(&o.out, "out", filepath.Join("out", "demo"), "folder for the screenshots")
	fs.StringVar(&o.clips, "clips", "", "folder of clips (.ivf, .y4m); empty looks for some")
	fs.IntVar(&o.seconds, "seconds", 8, "how long the pictures are watched")
	fs.IntVar(&o.width, "width", 1100, "width of each window")
	fs.IntVar(&o.height, "height", 720, "height of each window")
	fs.StringVar(&o.story, "story", "", "upgrade: how somebody becomes verified and hosts, without windows; tour: every screen of a meeting, kept as pictures; empty: the meeting")
	if err := fs.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return 0
		}
		return 2
	}
	if o.participants < 2 || o.participants > 6 || fs.NArg() > 0 {
		fmt.Fprintln(stderr, "conclave demo: want 2 to 6 participants and no other words")
		return 2
	}
	switch o.story {
	case "", "tour":
	case "upgrade":
		return (&demo{options: o, out: stdout}).upgradeStory()
	default:
		fmt.Fprintln(stderr, "conclave demo: --story is upgrade, tour, or nothing")
		return 2
	}
	if runtime.GOOS != "linux" {
		fmt.Fprintln(stderr, "conclave demo: it needs Linux with Xvfb, xdotool, tesseract and zbarimg")
		return 2
	}
	for _, tool := range []string{"Xvfb", "xdotool", "tesseract", "zbarimg"} {
		if _, err := exec.LookPath(tool); err != nil {
			fmt.Fprintf(stderr, "conclave demo: %s is missing; run it as \"make demo\", which installs it\n", tool)
			return 2
		}
	}
	d := &demo{options: o, out: stdout, result: result{Participants: o.participants}}
	interrupt := make(chan os.Signal, 1)
	signal.Notify(interrupt, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-interrupt
		d.close()
		os.Exit(130)
	}()
	defer d.close()
	if o.story == "tour" {
		if o.out == filepath.Join("out", "demo") {
			d.options.out = filepath.Join("out", "tour")
		}
		return d.tourStory()
	}
	err := d.run()
	if err != nil {
		d.fail("%v", err)
	}
	d.figures()
	d.result.OK = len(d.result.Failures) == 0
	line, _ := json.Marshal(d.result)
	fmt.Fprintln(stdout, string(line))
	if !d.result.OK {
		return 1
	}
	return 0
}

// demo is one run.
type demo struct {
	options
	out     io.Writer
	result  result
	dir     string // scratch
	service *local.Service
	people  []*person
	closed  bool

	nameless bool // the next app is not told its person's name
	shots    int  // of the tour
}

// step prints what happens next.
func (d *demo) step(format string, args ...any) {
	fmt.Fprintf(d.out, "%s  %s\n", time.Now().Format("15:04:05.000"), fmt.Sprintf(format, args...))
}

// fail records a check that did not hold.
func (d *demo) fail(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	d.result.Failures = append(d.result.Failures, text)
	d.step("FAILED: %s", text)
}

func (d *demo) close() {
	if d.closed {
		return
	}
	d.closed = true
	for _, p := range d.people {
		p.close()
	}
	if d.service != nil {
		d.service.Close()
	}
	_ = os.RemoveAll(d.dir)
}

// names of the people, who are also the numbers of their stamps, from 1.
var names = []string{"Anna", "Bjarne", "Clara", "David", "Elin", "Farid"}

func (d *demo) run() error {
	if err := os.MkdirAll(d.options.out, 0o755); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "conclave-demo-")
	if err != nil {
		return err
	}
	d.dir = dir
	if err := d.start(); err != nil {
		return err
	}
	if err := d.meet(); err != nil {
		d.shoot("failed")
		return err
	}
	return nil
}

// start brings up the service and every person's app.
func (d *demo) start() error {
	clips := findClips(d.clips, d.dir)
	d.result.Video = clips.origin
	d.step("video: %s", clips.origin)
	speech := findSpeech()
	d.result.Speech = speech.origin
	d.step("speech: %s", speech.origin)

	d.service = local.New(local.Config{Args: []string{"--data", filepath.Join(d.dir, "service")}})
	url, pin, err := d.service.Start(contextOf(30 * time.Second))
	if err != nil {
		return err
	}
	if pin != "" {
		url += "#" + pin
	}
	d.step("service: %s", url)
	for i := range d.participants {
		p, err := openPerson(d, i, url, clips.file(i), speech.file(i))
		if err != nil {
			return fmt.Errorf("start %s's app: %w", names[i], err)
		}
		d.people = append(d.people, p)
	}
	for _, p := range d.people {
		if err := p.screen.WaitTitle(60*time.Second, "Home"); err != nil {
			return fmt.Errorf("%s's app: %w; it wrote: %s", p.name, err, p.lastLog())
		}
		if err := p.screen.WaitDrawn(60 * time.Second); err != nil {
			return fmt.Errorf("%s's app: %w", p.name, err)
		}
		if err := p.screen.Focus(); err != nil {
			return fmt.Errorf("%s's app: %w", p.name, err)
		}
	}
	d.step("%d apps are open, each with its own window", len(d.people))
	return nil
}

// shoot saves what every window shows.
func (d *demo) shoot(step string) {
	for _, p := range d.people {
		name := fmt.Sprintf("%s-%s.png", step, strings.ToLower(p.name))
		if err := p.screen.Save(filepath.Join(d.options.out, name)); err != nil {
			d.fail("screenshot %s: %v", name, err)
		}
	}
}
