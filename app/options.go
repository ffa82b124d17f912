package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"conclave/app/client"
	"conclave/app/core"
	"conclave/app/local"
	"conclave/keys"
)

// options are what the command line says.
type options struct {
	profile, name, service, join string
	video, audio, record         string
	keyPlace, language, stats    string
	cpuProfile                   string
	stamp                        int
	width, height                int
}

func parse(args []string) (options, error) {
	var o options
	dir, err := os.UserConfigDir()
	if err != nil {
		dir = os.TempDir()
	}
	fs := flag.NewFlagSet("conclave", flag.ContinueOnError)
	fs.StringVar(&o.profile, "profile", filepath.Join(dir, "conclave"), "folder of this person's settings")
	fs.StringVar(&o.name, "name", "", "display name, instead of asking")
	fs.StringVar(&o.service, "service", "", "address of the service for new meetings; empty hosts on this computer")
	fs.StringVar(&o.join, "join", "", "link of a meeting to join at once")
	fs.StringVar(&o.video, "video", "", "instead of the camera: a file (.ivf, .y4m), pattern, portrait or none")
	fs.StringVar(&o.audio, "audio", "", "instead of the microphone: a file (.wav), tone:HERTZ or none")
	fs.StringVar(&o.record, "record", "", "instead of the speaker: a .wav file that gets what would be heard")
	fs.StringVar(&o.keyPlace, "keys", "", "where the device key lies: keychain, file or memory; empty takes the first that works. The file asks for its passphrase, or takes it from "+passphraseVariable)
	fs.StringVar(&o.language, "language", "", "language of the screens; empty follows the system")
	fs.StringVar(&o.stats, "stats", "", "file that gets the meeting's figures as JSON, twice a second")
	fs.StringVar(&o.cpuProfile, "cpuprofile", "", "file that gets a processor profile of the app")
	fs.IntVar(&o.stamp, "stamp", 0, "draw this number and the capture time into outgoing pictures (1 to 15), for tests")
	fs.IntVar(&o.width, "width", 1100, "width of the window")
	fs.IntVar(&o.height, "height", 720, "height of the window")
	fs.Usage = func() {
		fmt.Fprintln(fs.Output(), "conclave [flags] [LINK]\nconclave demo [flags]\nconclave bench [flags]\n\nFlags:")
		fs.PrintDefaults()
	}
	if err := fs.Parse(args); err != nil {
		return o, err
	}
	switch {
	case fs.NArg() > 1:
		return o, errors.New("at most one link can be given")
	case fs.NArg() == 1 && o.join != "":
		return o, errors.New("the link is given twice")
	case fs.NArg() == 1:
		o.join = fs.Arg(0)
	}
	if o.stamp < 0 || o.stamp > 15 {
		return o, errors.New("--stamp must be 0 to 15")
	}
	return o, nil
}

func (o options) sealedFileExists() bool {
	_, err := os.Stat(filepath.Join(o.profile, appID+".vault"))
	return err == nil
}

func (o options) crashFile() string { return filepath.Join(o.profile, "crash.txt") }

// core builds the client's configuration from real parts, and returns what
// ends the service on this computer. open shows a page in the system's browser.
// Without a place for the device key nothing else is kept either: an account
// belongs to a key.
func (o options) core(device keys.DeviceKey, place core.KeyPlace, open func(string) error) (core.Config, func(), error) {
	settings, err := o.settings()
	if err != nil {
		return core.Config{}, nil, err
	}
	hardware, err := client.Hardware(client.Sources{Video: o.video, Audio: o.audio, Record: o.record, Stamp: o.stamp})
	if err != nil {
		return core.Config{}, nil, err
	}
	var dir string
	var places client.Places
	if place != core.KeyPlaceMemory {
		dir = filepath.Join(o.profile, "service")
		places = client.Places{Known: filepath.Join(o.profile, "services"), OwnKnown: filepath.Join(dir, "known")}
	}
	child := local.New(local.Config{Dir: dir})
	cfg := core.Config{
		Device: device, KeyPlace: place, Settings: settings, Save: o.save, Local: child.Start, Hardware: hardware,
		Updates: updates(),
	}
	if err := o.remember(&cfg, device, place); err != nil {
		return core.Config{}, nil, err
	}
	return client.Config(cfg, places, open), child.Close, nil
}

func (o options) settingsFile() string { return filepath.Join(o.profile, "settings.json") }

// settings reads what was kept; flags win.
func (o options) settings() (core.Settings, error) {
	var s core.Settings
	data, err := os.ReadFile(o.settingsFile())
	if err == nil {
		if err := json.Unmarshal(data, &s); err != nil {
			return s, fmt.Errorf("read settings: %s is damaged; delete it to start afresh", o.settingsFile())
		}
	} else if !errors.Is(err, os.ErrNotExist) {
		return s, fmt.Errorf("read settings: %w", err)
	}
	if o.name != "" {
		name, err := keys.CleanName(o.name)
		if err != nil {
			return s, fmt.Errorf("--name: %w", err)
		}
		s.Name = name
	}
	if o.service != "" {
		if s.Service, s.Pin, err = core.ParseService(o.service); err != nil {
			return s, fmt.Errorf("--service: %w", err)
		}
	}
	return s, nil
}

// save writes the settings so that a crash leaves the old or the new ones.
func (o options) save(s core.Settings) error {
	data, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return fmt.Errorf("save settings: %w", err)
	}
	next := o.settingsFile() + ".new"
	if err := os.WriteFile(next, data, 0o600); err != nil {
		return fmt.Errorf("save settings: %w", err)
	}
	if err := os.Rename(next, o.settingsFile()); err != nil {
		return fmt.Errorf("save settings: %w", err)
	}
	return nil
}
