package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/app"

	"conclave/app/client"
	"conclave/app/config"
	"conclave/app/core"
	"conclave/app/kiosk"
	"conclave/ui"
	"conclave/ui/theme"
)

// administered does what an administrator has decided about this start: a
// command of theirs, the kiosk, or the locked screen. done is false when the
// program is an ordinary one.
func administered(place config.Place, args []string) (code int, done bool) {
	if len(args) > 0 {
		switch args[0] {
		case "kiosk":
			if len(args) > 1 && args[1] == "screen" {
				return screenMain(place, args[2:]), true
			}
			return kiosk.Main(args[1:], place, os.Stdout, os.Stderr), true
		case "policy":
			return kiosk.PolicyMain(args[1:], os.Stdout, os.Stderr), true
		}
	}
	policy, err := config.ReadPolicy(place)
	wanted := slices.Contains(args, "--kiosk") || slices.Contains(args, "-kiosk")
	switch {
	case wanted || policy.Kiosk != nil:
		return kioskMain(place, args), true
	case err != nil:
		fmt.Fprintln(os.Stderr, "conclave:", err)
		return lockedMain(err), true
	}
	return 0, false
}

// trial are the flags of builds that are tried on a machine that is no kiosk. In
// others there is but --kiosk.
type trial struct {
	kiosk         bool
	video, audio  string
	width, height int
}

func parseKiosk(args []string) (trial, error) {
	var t trial
	fs := flag.NewFlagSet("conclave --kiosk", flag.ContinueOnError)
	fs.SetOutput(os.Stderr)
	fs.BoolVar(&t.kiosk, "kiosk", false, "keep this machine's room in its meetings")
	if config.Trial() {
		fs.StringVar(&t.video, "video", "", "trial: instead of the camera")
		fs.StringVar(&t.audio, "audio", "", "trial: instead of the microphone")
		fs.IntVar(&t.width, "width", 0, "trial: width of a window")
		fs.IntVar(&t.height, "height", 0, "trial: height of a window")
	}
	if err := fs.Parse(args); err != nil {
		return t, err
	}
	if fs.NArg() > 0 {
		// A second start, with a link from a browser or a file manager: it is neither
		// opened nor handed to the kiosk that runs.
		return t, errors.New("this machine is a kiosk: links are not opened here")
	}
	return t, nil
}

// kioskMain is the supervisor. It shows nothing itself.
func kioskMain(place config.Place, args []string) int {
	if _, err := parseKiosk(args); err != nil {
		fmt.Fprintln(os.Stderr, "conclave:", err)
		return kiosk.ExitUsage
	}
	self, err := os.Executable()
	if err != nil {
		fmt.Fprintln(os.Stderr, "conclave:", err)
		return kiosk.ExitUsage
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err = kiosk.Run(ctx, kiosk.Config{Place: place, Program: self, Args: append([]string{"kiosk", "screen"}, args...), Version: appVersion})
	switch {
	case errors.Is(err, kiosk.ErrRunning):
		fmt.Fprintln(os.Stderr, "conclave:", err)
		return kiosk.ExitSecond
	case err != nil:
		fmt.Fprintln(os.Stderr, "conclave:", err)
		return kiosk.ExitUsage
	}
	return kiosk.ExitFine
}

// screenMain is the window of a kiosk, in a process of its own for each meeting.
func screenMain(place config.Place, args []string) int {
	t, err := parseKiosk(args)
	if err != nil {
		return kiosk.ExitUsage
	}
	s, err := kiosk.OpenScreen(kiosk.ScreenConfig{Place: place, In: os.Stdin, Out: os.Stdout, Core: func(c core.Config, known string) (core.Config, error) {
		hardware, err := client.Hardware(client.Sources{Video: t.video, Audio: t.audio})
		if err != nil {
			return c, err
		}
		c.Hardware, c.Updates = hardware, updates()
		return client.Config(c, client.Places{Known: known}, nil), nil
	}})
	if err != nil {
		fmt.Fprintln(os.Stderr, "conclave: a kiosk's screen is started by conclave --kiosk:", err)
		return kiosk.ExitUsage
	}
	defer s.Close()
	showKiosk(app.NewWithID(appID), s, s.Policy(), fyne.NewSize(float32(t.width), float32(t.height)))
	return kiosk.ExitFine
}

// showKiosk runs Fyne until the screen is to end.
func showKiosk(a fyne.App, s *kiosk.Screen, p config.Policy, window fyne.Size) {
	c := ui.KioskConfig{
		App: a, Post: fyne.Do, Snapshots: s, Frames: s.Frames(), Send: s.Send, Version: appVersion,
		Language: language(p.Language), Look: looks[p.Appearance], TextScale: float32(p.TextSize) / 100,
		Alive: s.Alive, Strain: s.Strain, Window: window,
	}
	if p.Kiosk != nil {
		c.Key = fyne.KeyName(p.Kiosk.Key)
	}
	k := ui.NewKiosk(c)
	go func() {
		<-s.Done()
		fyne.Do(a.Quit)
	}()
	k.Start()
	k.Window().Show()
	a.Run()
	k.Close()
}

var looks = map[string]theme.Appearance{
	"": theme.System, "system": theme.System, "light": theme.Light, "dark": theme.Dark, "contrast": theme.HighContrast,
}

// language is the policy's, or the system's.
func language(decided string) string {
	if decided != "" {
		return decided
	}
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if v := os.Getenv(name); v != "" {
			return v
		}
	}
	return ""
}

// lockedMain shows why an ordinary start is refused: a policy that is not
// understood. This window may be closed, for there is nothing behind it.
func lockedMain(why error) int {
	a := app.NewWithID(appID)
	k := ui.NewKiosk(ui.KioskConfig{
		App: a, Post: fyne.Do, Snapshots: lockedSnapshot{why.Error()}, Send: func(core.Intent) {}, Version: appVersion,
		Language: language(""), Window: fyne.NewSize(900, 600),
	})
	k.Start()
	k.Window().SetCloseIntercept(nil)
	k.Window().SetMaster()
	k.Window().Show()
	a.Run()
	k.Close()
	return kiosk.ExitLocked
}

// lockedSnapshot is all that there is to see then.
type lockedSnapshot struct{ problem string }

func (l lockedSnapshot) Latest() core.Snapshot {
	return core.Snapshot{Revision: 1, Kiosk: &core.Kiosk{Locked: true, Problem: l.problem, At: -1}}
}

func (lockedSnapshot) Subscribe(func()) (cancel func()) { return func() {} }
