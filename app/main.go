// Command conclave is the desktop app: it reads its flags, builds the client
// core with real devices, and runs Fyne.
//
//	conclave                 opens the app
//	conclave LINK            opens the app and joins
//	conclave --kiosk         keeps a room's machine in its meetings
//	conclave kiosk ...       tells of it, and gives the room its identity
//	conclave policy ...      checks and signs a managed policy
//	conclave demo            holds a meeting of several windows and checks it
//	conclave bench           measures joins, rekeys and tiles
//
// Trust zone: device.
package main

import (
	"errors"
	"flag"
	"fmt"
	"net/url"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"syscall"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/app"

	"conclave/app/bench"
	"conclave/app/config"
	"conclave/app/core"
	"conclave/app/demo"
	"conclave/keys"
	"conclave/keys/vault"
	"conclave/ui"
)

func main() {
	os.Exit(run(os.Args[1:]))
}

func run(args []string) int {
	if code, done := administered(config.MachinePlace(), args); done {
		return code
	}
	var err error
	switch {
	case len(args) > 0 && args[0] == "demo":
		return demo.Main(args[1:], os.Stdout, os.Stderr)
	case len(args) > 0 && args[0] == "bench":
		return bench.Main(args[1:], os.Stdout, os.Stderr)
	default:
		err = open(args)
	}
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case errors.Is(err, errToldNoGL):
		return exitNoGL
	case err != nil:
		fmt.Fprintln(os.Stderr, "conclave:", err)
		return 1
	}
	return 0
}

// open runs the desktop app until its window is closed.
func open(args []string) error {
	o, err := parse(args)
	if err != nil {
		return err
	}
	o = o.environment(os.LookupEnv)
	if err := os.MkdirAll(o.profile, 0o700); err != nil {
		return fmt.Errorf("make profile folder: %w", err)
	}
	// A crash leaves its goroutines' stacks, which hold no names and no keys.
	if f, err := os.OpenFile(o.crashFile(), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600); err == nil {
		_ = debug.SetCrashOutput(f, debug.CrashOptions{})
		_ = f.Close()
	}
	if o.cpuProfile != "" {
		stop, err := startProfile(o.cpuProfile)
		if err != nil {
			return err
		}
		defer stop()
	}
	if err := checkGL(); err != nil {
		tellNoGL(err, o.language, os.Stderr, nativeBox)
		return errToldNoGL
	}
	a := app.NewWithID(appID)
	d := &desktop{options: o, app: a}
	defer d.close()
	d.start(nil)
	if d.err != nil {
		return d.err
	}
	quit := make(chan os.Signal, 1)
	signal.Notify(quit, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-quit
		fyne.Do(a.Quit)
	}()
	a.Run()
	return d.err
}

// desktop is the running app: a window that asks for a passphrase where one is
// needed, and then the shell over the core.
type desktop struct {
	options options
	app     fyne.App
	core    *core.Core
	stops   []func()
	err     error
}

// start opens the device key and the window; without a keychain it first asks
// for the passphrase of the sealed file. Called in Fyne's goroutine.
func (d *desktop) start(passphrase []byte) {
	key, place, err := d.options.device(passphrase)
	wrong := errors.Is(err, vault.ErrPassphrase)
	if wrong || errors.Is(err, vault.ErrNeedPassphrase) {
		ui.AskPassphrase(d.app, ui.PassphraseConfig{
			Language: d.options.language, Exists: d.options.sealedFileExists(), Wrong: wrong,
			Answer: d.start,
			Memory: func() {
				d.options.keyPlace = "memory"
				d.start(nil)
			},
		})
		return
	}
	if err == nil {
		err = d.open(key, place)
	}
	if err != nil {
		d.err = err
		d.app.Quit()
	}
}

func (d *desktop) open(key keys.DeviceKey, place core.KeyPlace) error {
	cfg, closeService, err := d.options.core(key, place, d.browse)
	if err != nil {
		return err
	}
	rules, err := d.options.rules()
	if err != nil {
		closeService()
		return err
	}
	rules.core(&cfg)
	d.core = core.New(cfg)
	d.stops = append(d.stops, closeService, d.core.Close) // last first: the core wipes its keys
	if d.options.stats != "" {
		d.stops = append(d.stops, writeStats(d.core, d.options.stats))
	}
	window := ui.Config{
		App: d.app, Post: fyne.Do, Frames: d.core.Frames(), Figures: d.core.Figures,
		Language: d.options.language, Version: appVersion, Folder: saveFolder(),
		Size: fyne.NewSize(float32(d.options.width), float32(d.options.height)),
	}
	rules.window(&window, d.core)
	shell := ui.New(window)
	if d.options.join != "" {
		d.core.Send(core.JoinMeeting{Link: d.options.join})
	}
	shell.Start()
	d.stops = append(d.stops, shell.Close)
	shell.Window().SetMaster()
	rules.close(shell.Window())
	shell.Window().Show()
	return nil
}

// browse shows a page in the system's browser; called from any goroutine.
func (d *desktop) browse(page string) error {
	address, err := url.Parse(page)
	if err != nil {
		return fmt.Errorf("open page: %w", err)
	}
	fyne.Do(func() { _ = d.app.OpenURL(address) }) // who sees no page goes back and tries again
	return nil
}

// close runs after Fyne's loop has ended, never in its queue, which is dropped.
func (d *desktop) close() {
	for _, stop := range slices.Backward(d.stops) {
		stop()
	}
}
