package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// PolicyVersion is the newest form of the managed policy that is understood. A
// policy of a later one is refused whole: what it forbids is not known here.
const PolicyVersion = 1

// Policy is what an administrator has decided for every user of this machine.
// The zero value decides nothing.
type Policy struct {
	// From names where it was read: a file or a registry key; "" without one.
	From string
	// Locked are the names of the keys that it sets, in the table's order.
	Locked []string

	Service, Pin                string
	Camera, Microphone, Speaker string
	HostHere                    bool
	Modes                       []string // "e2ee", "transport"
	Updates                     bool
	Language                    string
	Appearance                  string // system, light, dark, contrast
	TextSize                    int    // per cent
	Share, Record, Close        bool
	Kiosk                       *KioskPolicy
}

// KioskPolicy makes the machine a room's and nothing else.
type KioskPolicy struct {
	Room          string
	Rooms         []PolicyRoom
	AutoJoin      bool
	Key           string
	Idle          time.Duration
	Enrolled      bool // else a fresh identity for every meeting
	Help          string
	Power         string // auto, on, off
	Folder        string
	Muted, Hidden bool
}

// PolicyRoom is one meeting that the kiosk may enter.
type PolicyRoom struct {
	Name, Link, Passcode string
	Times                []PolicyTime
}

// PolicyTime is one time of the week, in the machine's own zone.
type PolicyTime struct {
	Days   []time.Weekday
	Start  time.Duration // after midnight
	Length time.Duration
}

// Sets reports whether the policy decides a key.
func (p Policy) Sets(name string) bool { return slices.Contains(p.Locked, name) }

// PolicyKey describes one key of the managed policy.
type PolicyKey struct {
	// Name as it stands in the file; those of the kiosk lie in the object "kiosk"
	// and begin with "kiosk.", those of a room with "kiosk.rooms.", of its times with
	// "kiosk.rooms.schedule.".
	Name string
	Kind string // text, number, switch, duration, list, object
	// Default as an administrator would write it.
	Default string
	// Help is one line for an administrator.
	Help string
}

// PolicyKeys is the table of the managed policy. app/ADMIN.md has the same with
// the danger of each; a test holds the two together.
func PolicyKeys() []PolicyKey {
	return []PolicyKey{
		{"version", "number", "", "form of the policy; must be 1"},
		{"service", "text", "", "address of the service for new meetings"},
		{"pin", "text", "", "fingerprint of its certificate, where that is of its own making"},
		{"camera", "text", "", "device to use, by its ID"},
		{"microphone", "text", "", "device to use, by its ID"},
		{"speaker", "text", "", "device to use, by its ID"},
		{"host-here", "switch", "true", "may meetings be hosted on this computer"},
		{"modes", "list", `["e2ee", "transport"]`, "modes in which meetings may be started"},
		{"updates", "switch", "true", "tell that a newer version is out; in a kiosk false unless set"},
		{"language", "text", "", "language of the screens: en, de or nb"},
		{"appearance", "text", "system", "system, light, dark or contrast"},
		{"text-size", "number", "100", "size of the text in per cent, 100 to 200"},
		{"share", "switch", "true", "may the screen be shared"},
		{"record", "switch", "true", "may --record write what is heard to a file"},
		{"close", "switch", "true", "may the window be closed"},
		{"kiosk", "object", "", "makes this machine a kiosk: every start is one"},
		{"kiosk.room", "text", "", "name of the room, as its screen and the others see it"},
		{"kiosk.rooms", "list", "", "meetings that may be entered, 1 to 12"},
		{"kiosk.rooms.name", "text", "", "what the button says"},
		{"kiosk.rooms.link", "text", "", "the meeting's link"},
		{"kiosk.rooms.passcode", "text", "", "its passcode, where it asks one"},
		{"kiosk.rooms.schedule", "list", "", "times of the week"},
		{"kiosk.rooms.schedule.days", "list", "", "mon, tue, wed, thu, fri, sat, sun"},
		{"kiosk.rooms.schedule.start", "text", "", "time of day as 09:30, in the machine's zone"},
		{"kiosk.rooms.schedule.length", "duration", "", "how long, as 45m; at most 24h"},
		{"kiosk.auto-join", "switch", "true", "enter by itself when a scheduled time begins"},
		{"kiosk.key", "text", "", "key that enters the present or first room: a letter, digit, Space, Return or F1 to F12"},
		{"kiosk.idle", "duration", "5m", "alone for so long, and the meeting is left and everything wiped; at least 30s"},
		{"kiosk.identity", "text", "fresh", "fresh for every meeting, or enrolled"},
		{"kiosk.help", "text", "", "whom to call, shown behind the help button"},
		{"kiosk.power", "text", "auto", "save power: auto (when the machine is too slow), on or off"},
		{"kiosk.folder", "text", "", "folder for status, log and an enrolled identity; empty: the system's"},
		{"kiosk.muted", "switch", "false", "enter with the microphone off"},
		{"kiosk.hidden", "switch", "false", "enter with the camera off"},
	}
}

// The reasons why a policy is refused; PolicyError wraps one of them.
var (
	ErrPolicyUnreadable = errors.New("cannot be read")
	ErrPolicyUnsigned   = errors.New("is not signed by the key that this machine demands")
	ErrPolicyForm       = errors.New("is not in the form of a policy")
	ErrPolicyKey        = errors.New("has an unknown key")
	ErrPolicyValue      = errors.New("has a value that is not allowed")
	ErrPolicyVersion    = errors.New("is of a later version than this program understands")
	ErrPolicyOpen       = errors.New("can be changed by others than the administrator")
)

// PolicyError says why a policy is refused, and where. Nothing of the policy is in
// force then, and nothing may be done with the program.
type PolicyError struct {
	File string
	Line int // from 1; 0 where it is about the whole file
	Why  error
	What string // the key, the value's fault; never a passcode
}

// Error names file and line first.
func (e *PolicyError) Error() string {
	at := e.File
	if e.Line > 0 {
		at += fmt.Sprintf(":%d", e.Line)
	}
	if e.What == "" {
		return at + ": the managed policy " + e.Why.Error()
	}
	return at + ": the managed policy " + e.Why.Error() + ": " + e.What
}

// Unwrap returns the reason.
func (e *PolicyError) Unwrap() error { return e.Why }

// ParsePolicy reads a policy as JSON. from names it in errors.
func ParsePolicy(from string, text []byte) (Policy, error) {
	root, err := parseTree(from, text)
	if err != nil {
		return Policy{}, err
	}
	return policyOf(from, root)
}

func defaults(from string) Policy {
	return Policy{
		From: from, HostHere: true, Modes: []string{"e2ee", "transport"}, Updates: true,
		Appearance: "system", TextSize: 100, Share: true, Record: true, Close: true,
	}
}

func policyOf(from string, root node) (Policy, error) {
	p := defaults(from)
	r := reader{from: from}
	if root.kind != kindObject {
		return Policy{}, r.fail(root, ErrPolicyForm, "want one object")
	}
	// The version first: what follows is only understood when it is.
	version := root.field("version")
	if version == nil {
		return Policy{}, r.fail(root, ErrPolicyVersion, `"version" is missing`)
	}
	if n := r.number(*version, "version", 1, 1<<30); r.err == nil && n > PolicyVersion {
		return Policy{}, r.fail(*version, ErrPolicyVersion, fmt.Sprintf("version %d, this program knows %d", n, PolicyVersion))
	}
	for _, f := range root.fields {
		r.top(&p, f)
	}
	if r.err == nil && p.Pin != "" && p.Service == "" {
		_ = r.fail(*root.field("pin"), ErrPolicyValue, "pin without service")
	}
	if r.err != nil {
		return Policy{}, r.err
	}
	if p.Kiosk != nil && root.field("updates") == nil {
		p.Updates = false
	}
	set := map[string]bool{}
	for _, f := range root.fields {
		set[f.name] = true
		if f.name == "kiosk" {
			for _, k := range f.value.fields {
				set["kiosk."+k.name] = true
			}
		}
	}
	for _, k := range PolicyKeys() {
		if set[k.Name] && k.Name != "version" {
			p.Locked = append(p.Locked, k.Name)
		}
	}
	return p, nil
}

func (r *reader) top(p *Policy, f field) {
	v := f.value
	switch f.name {
	case "version":
	case "service":
		p.Service = r.service(v)
	case "pin":
		p.Pin = r.pin(v)
	case "camera":
		p.Camera = r.text(v, f.name, 512)
	case "microphone":
		p.Microphone = r.text(v, f.name, 512)
	case "speaker":
		p.Speaker = r.text(v, f.name, 512)
	case "host-here":
		p.HostHere = r.on(v, f.name)
	case "modes":
		p.Modes = r.words(v, f.name, []string{"e2ee", "transport"})
	case "updates":
		p.Updates = r.on(v, f.name)
	case "language":
		p.Language = r.word(v, f.name, "en", "de", "nb")
	case "appearance":
		p.Appearance = r.word(v, f.name, "system", "light", "dark", "contrast")
	case "text-size":
		p.TextSize = r.number(v, f.name, 100, 200)
	case "share":
		p.Share = r.on(v, f.name)
	case "record":
		p.Record = r.on(v, f.name)
	case "close":
		p.Close = r.on(v, f.name)
	case "kiosk":
		p.Kiosk = r.kiosk(v)
	default:
		r.unknown(f, "")
	}
}

func (r *reader) unknown(f field, prefix string) {
	what := fmt.Sprintf("%q", prefix+f.name)
	if len(what) > 80 {
		what = what[:80] + "…"
	}
	for _, k := range PolicyKeys() {
		if strings.HasPrefix(k.Name, prefix) && strings.EqualFold(strings.ReplaceAll(f.name, "_", "-"), k.Name[len(prefix):]) {
			what += fmt.Sprintf(`; did you mean %q?`, k.Name[len(prefix):])
		}
	}
	_ = r.failAt(f.line, ErrPolicyKey, what)
}
