package config

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"conclave/keys"
)

// roomsMost is how many buttons fit on a screen and can still be hit.
const roomsMost = 12

// reader takes values out of a tree. It keeps the first error; what it returns after
// one does not count.
type reader struct {
	from string
	err  error
}

func (r *reader) fail(n node, why error, what string) error { return r.failAt(n.line, why, what) }

func (r *reader) failAt(line int, why error, what string) error {
	if r.err == nil {
		r.err = &PolicyError{r.from, line, why, what}
	}
	return r.err
}

func (r *reader) want(n node, name string, kind nodeKind) bool {
	if n.kind != kind {
		_ = r.fail(n, ErrPolicyValue, fmt.Sprintf("%s is %s, want %s", name, n.kind, kind))
	}
	return r.err == nil
}

func (r *reader) text(n node, name string, most int) string {
	if !r.want(n, name, kindText) {
		return ""
	}
	if len(n.text) > most {
		_ = r.fail(n, ErrPolicyValue, fmt.Sprintf("%s is longer than %d bytes", name, most))
	}
	if strings.ContainsFunc(n.text, unicode.IsControl) {
		_ = r.fail(n, ErrPolicyValue, name+" has control characters")
	}
	return n.text
}

func (r *reader) on(n node, name string) bool { return r.want(n, name, kindSwitch) && n.on }

func (r *reader) number(n node, name string, least, most int) int {
	if !r.want(n, name, kindNumber) {
		return least
	}
	v, err := strconv.Atoi(n.text)
	if err != nil || v < least || v > most {
		_ = r.fail(n, ErrPolicyValue, fmt.Sprintf("%s: want a whole number from %d to %d", name, least, most))
	}
	return v
}

func (r *reader) word(n node, name string, words ...string) string {
	v := r.text(n, name, 64)
	if r.err == nil && !slices.Contains(words, v) {
		_ = r.fail(n, ErrPolicyValue, fmt.Sprintf("%s: want %s", name, strings.Join(words, ", ")))
	}
	return v
}

// words reads a list of different words, at least one.
func (r *reader) words(n node, name string, of []string) []string {
	if !r.want(n, name, kindList) {
		return nil
	}
	var all []string
	for _, item := range n.items {
		w := r.word(item, name, of...)
		if slices.Contains(all, w) {
			_ = r.fail(item, ErrPolicyValue, name+": "+strconv.Quote(w)+" is there twice")
		}
		all = append(all, w)
	}
	if len(all) == 0 {
		_ = r.fail(n, ErrPolicyValue, name+" is empty")
	}
	return all
}

func (r *reader) duration(n node, name string, least, most time.Duration) time.Duration {
	v := r.text(n, name, 32)
	if r.err != nil {
		return least
	}
	d, err := time.ParseDuration(v)
	if err != nil || d < least || d > most {
		_ = r.fail(n, ErrPolicyValue, fmt.Sprintf("%s: want a time from %v to %v, such as 45m", name, least, most))
	}
	return d
}

// name reads what others see: by the same rules as a person's name.
func (r *reader) name(n node, name string) string {
	v := r.text(n, name, 256)
	if r.err != nil {
		return ""
	}
	clean, err := keys.CleanName(v)
	if err != nil {
		_ = r.fail(n, ErrPolicyValue, name+": "+err.Error())
	}
	return clean
}

// service reads an address by the rules of links, so that nothing is accepted here
// that cannot be dialled later.
func (r *reader) service(n node) string {
	v := r.text(n, "service", 512)
	if r.err != nil {
		return ""
	}
	if !strings.Contains(v, "://") {
		v = "https://" + v
	}
	u, err := url.Parse(v)
	if err == nil && (u.Fragment != "" || u.RawQuery != "" || strings.Trim(u.Path, "/") != "" || u.User != nil) {
		err = errors.New("want only scheme, host and port")
	}
	if err == nil {
		u.Path = "/m/" + keys.MeetingID{1}.String()
		var l keys.Link
		if l, err = keys.ParseLink(u.String()); err == nil {
			return l.Service
		}
	}
	_ = r.fail(n, ErrPolicyValue, "service: want an address such as https://meet.example.org")
	return ""
}

func (r *reader) pin(n node) string {
	v := r.text(n, "pin", 64)
	if b, err := base64.RawURLEncoding.DecodeString(v); r.err == nil && (err != nil || len(b) != 32) {
		_ = r.fail(n, ErrPolicyValue, "pin: want 43 characters, as conclave-serve prints them")
	}
	return v
}

func (r *reader) kiosk(n node) *KioskPolicy {
	k := &KioskPolicy{AutoJoin: true, Idle: 5 * time.Minute, Power: "auto"}
	if !r.want(n, "kiosk", kindObject) {
		return k
	}
	for _, f := range n.fields {
		r.kioskKey(k, f)
	}
	if k.Room == "" {
		_ = r.fail(n, ErrPolicyValue, "kiosk.room is missing")
	}
	if len(k.Rooms) == 0 {
		_ = r.fail(n, ErrPolicyValue, "kiosk.rooms is missing")
	}
	return k
}

func (r *reader) kioskKey(k *KioskPolicy, f field) {
	v, name := f.value, "kiosk."+f.name
	switch f.name {
	case "room":
		k.Room = r.name(v, name)
	case "rooms":
		k.Rooms = r.rooms(v)
	case "auto-join":
		k.AutoJoin = r.on(v, name)
	case "key":
		k.Key = r.key(v)
	case "idle":
		k.Idle = r.duration(v, name, 30*time.Second, 24*time.Hour)
	case "identity":
		k.Enrolled = r.word(v, name, "fresh", "enrolled") == "enrolled"
	case "help":
		k.Help = r.text(v, name, 500)
	case "power":
		k.Power = r.word(v, name, "auto", "on", "off")
	case "folder":
		k.Folder = r.text(v, name, 1024)
	case "muted":
		k.Muted = r.on(v, name)
	case "hidden":
		k.Hidden = r.on(v, name)
	default:
		r.unknown(f, "kiosk.")
	}
}

// key takes only keys that mean nothing to a desktop by themselves.
func (r *reader) key(n node) string {
	v := r.text(n, "kiosk.key", 16)
	one := len(v) == 1 && (v[0] >= 'A' && v[0] <= 'Z' || v[0] >= '0' && v[0] <= '9')
	f := false
	if number, ok := strings.CutPrefix(v, "F"); ok && number != "" {
		i, err := strconv.Atoi(number)
		f = err == nil && i >= 1 && i <= 12 && number == strconv.Itoa(i)
	}
	if r.err == nil && !one && !f && v != "Space" && v != "Return" {
		_ = r.fail(n, ErrPolicyValue, "kiosk.key: want A to Z, 0 to 9, Space, Return or F1 to F12")
	}
	return v
}

func (r *reader) rooms(n node) []PolicyRoom {
	if !r.want(n, "kiosk.rooms", kindList) {
		return nil
	}
	if len(n.items) == 0 || len(n.items) > roomsMost {
		_ = r.fail(n, ErrPolicyValue, fmt.Sprintf("kiosk.rooms: want 1 to %d rooms", roomsMost))
		return nil
	}
	var all []PolicyRoom
	for _, item := range n.items {
		room := r.room(item)
		if slices.ContainsFunc(all, func(o PolicyRoom) bool { return o.Name == room.Name }) {
			_ = r.fail(item, ErrPolicyValue, "kiosk.rooms: two have the same name")
		}
		all = append(all, room)
	}
	return all
}

func (r *reader) room(n node) (room PolicyRoom) {
	if !r.want(n, "kiosk.rooms", kindObject) {
		return room
	}
	for _, f := range n.fields {
		name := "kiosk.rooms." + f.name
		switch f.name {
		case "name":
			room.Name = r.name(f.value, name)
		case "link":
			room.Link = r.text(f.value, name, 1024)
			if l, err := keys.ParseLink(room.Link); r.err == nil && err != nil {
				_ = r.fail(f.value, ErrPolicyValue, name+": not a meeting's link")
			} else if r.err == nil {
				room.Link = l.String()
			}
		case "passcode":
			room.Passcode = r.text(f.value, name, 128)
		case "schedule":
			room.Times = r.schedule(f.value)
		default:
			r.unknown(f, "kiosk.rooms.")
		}
	}
	if room.Name == "" || room.Link == "" {
		_ = r.fail(n, ErrPolicyValue, "kiosk.rooms: a room needs name and link")
	}
	return room
}

func (r *reader) schedule(n node) []PolicyTime {
	if !r.want(n, "kiosk.rooms.schedule", kindList) {
		return nil
	}
	if len(n.items) > 64 {
		_ = r.fail(n, ErrPolicyValue, "kiosk.rooms.schedule: more than 64 times")
		return nil
	}
	var all []PolicyTime
	for _, item := range n.items {
		all = append(all, r.time(item))
	}
	return all
}

var weekdays = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

func (r *reader) time(n node) (t PolicyTime) {
	if !r.want(n, "kiosk.rooms.schedule", kindObject) {
		return t
	}
	started := false
	for _, f := range n.fields {
		name := "kiosk.rooms.schedule." + f.name
		switch f.name {
		case "days":
			for _, d := range r.words(f.value, name, weekdays) {
				t.Days = append(t.Days, time.Weekday(slices.Index(weekdays, d)))
			}
		case "start":
			at, err := time.Parse("15:04", r.text(f.value, name, 5))
			if r.err == nil && err != nil {
				_ = r.fail(f.value, ErrPolicyValue, name+": want a time of day such as 09:30")
			}
			t.Start = time.Duration(at.Hour())*time.Hour + time.Duration(at.Minute())*time.Minute
			started = true
		case "length":
			t.Length = r.duration(f.value, name, time.Minute, 24*time.Hour)
		default:
			r.unknown(f, "kiosk.rooms.schedule.")
		}
	}
	if len(t.Days) == 0 || !started || t.Length == 0 {
		_ = r.fail(n, ErrPolicyValue, "kiosk.rooms.schedule: a time needs days, start and length")
	}
	return t
}
