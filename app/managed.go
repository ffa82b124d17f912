package main

import (
	"fmt"
	"strings"

	"fyne.io/fyne/v2"

	"conclave/app/config"
	"conclave/app/core"
	"conclave/keys"
	"conclave/ui"
	"conclave/ui/theme"
)

// rules are what the managed policy says of an ordinary start.
type rules struct{ policy config.Policy }

// rules reads the policy, and refuses flags and variables that say otherwise.
func (o options) rules() (rules, error) {
	p, err := config.ReadPolicy(config.MachinePlace())
	if err != nil {
		return rules{}, err
	}
	return rules{p}, o.obey(p)
}

// environment fills in what no flag says: a variable stands between the settings
// file and a flag.
func (o options) environment(lookup func(string) (string, bool)) options {
	for name, to := range map[string]*string{
		"CONCLAVE_NAME": &o.name, "CONCLAVE_SERVICE": &o.service, "CONCLAVE_LANGUAGE": &o.language,
	} {
		if v, ok := lookup(name); ok && v != "" && *to == "" {
			*to = v
		}
	}
	return o
}

// obey names the flag, or what stands for it, that says otherwise than the policy.
func (o options) obey(p config.Policy) error {
	conflicts := map[string]bool{
		"--record":   o.record != "" && !p.Record,
		"--language": o.language != "" && p.Language != "" && !strings.EqualFold(o.language, p.Language),
	}
	if o.service != "" && p.Service != "" {
		service, pin, err := core.ParseService(o.service)
		conflicts["--service"] = err != nil || service != p.Service || pin != p.Pin
	}
	for flag, is := range conflicts {
		if is {
			return fmt.Errorf("%s: %w (%s)", flag, config.ErrLocked, p.From)
		}
	}
	return nil
}

// core puts what is decided into a client's configuration.
func (r rules) core(c *core.Config) {
	p := r.policy
	s := &c.Settings
	if p.Service != "" {
		s.Service, s.Pin = p.Service, p.Pin
	}
	for name, device := range map[string]struct{ to, from *string }{
		"camera": {&s.Camera, &p.Camera}, "microphone": {&s.Microphone, &p.Microphone}, "speaker": {&s.Speaker, &p.Speaker},
	} {
		if p.Sets(name) {
			*device.to = *device.from
		}
	}
	if !p.HostHere {
		c.Local = nil
	}
	if !p.Updates {
		c.Updates = nil
	}
}

func (r rules) limits() core.Limits {
	p := r.policy
	l := core.Limits{
		Settings: p.Locked, Service: p.Sets("service") || !p.HostHere && p.Service != "",
		Devices: p.Sets("camera") || p.Sets("microphone") || p.Sets("speaker"), NoShare: !p.Share,
	}
	for _, m := range p.Modes {
		switch m {
		case "e2ee":
			l.Modes = append(l.Modes, keys.ModeE2EE)
		case "transport":
			l.Modes = append(l.Modes, keys.ModeTransport)
		}
	}
	return l
}

// window puts a core within the limits before the window, and the decided look on
// it.
func (r rules) window(c *ui.Config, inner *core.Core) {
	p := r.policy
	limited := core.Restrict(inner, r.limits())
	c.Snapshots, c.Send = limited, limited.Send
	if p.Language != "" {
		c.Language = p.Language
	}
	if p.Sets("appearance") || p.Sets("text-size") {
		c.Theme = &theme.Config{Appearance: looks[p.Appearance], Scale: float32(p.TextSize) / 100}
	}
}

// close keeps the window where it may not be closed.
func (r rules) close(w fyne.Window) {
	if !r.policy.Close {
		w.SetCloseIntercept(func() {})
	}
}
