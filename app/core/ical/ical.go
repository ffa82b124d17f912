// Package ical writes one meeting as an iCalendar object (RFC 5545), for the
// calendars that people already have. It reads none.
//
// What it writes holds the meeting's link and nothing that opens a door: no
// passcode, no key. Trust zone: device; the text is made to be sent around.
package ical

import (
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Event is a meeting.
type Event struct {
	UID      string    // the same for the same meeting, worldwide
	Stamp    time.Time // when the invitation was made
	Start    time.Time
	Duration time.Duration // whole minutes; at least one
	Title    string
	Link     string
}

// foldAt is the most bytes of a line without its end (RFC 5545, section 3.1).
const foldAt = 75

// Encode returns the object, with CRLF at the end of each line, lines folded,
// text escaped, and times in UTC, so that it needs no time zone beside it.
func (e Event) Encode() []byte {
	var b strings.Builder
	for _, line := range []string{
		"BEGIN:VCALENDAR",
		"VERSION:2.0",
		"PRODID:-//Conclave//Conclave//EN",
		"CALSCALE:GREGORIAN",
		"METHOD:PUBLISH",
		"BEGIN:VEVENT",
		"UID:" + escape(e.UID),
		"DTSTAMP:" + utc(e.Stamp),
		"DTSTART:" + utc(e.Start),
		"DURATION:" + duration(e.Duration),
		"SUMMARY:" + escape(e.Title),
		"DESCRIPTION:" + escape(e.Link),
		"URL:" + plain(e.Link),
		"END:VEVENT",
		"END:VCALENDAR",
	} {
		fold(&b, line)
	}
	return []byte(b.String())
}

func utc(t time.Time) string { return t.UTC().Format("20060102T150405Z") }

func duration(d time.Duration) string {
	return "PT" + strconv.Itoa(max(1, int(d/time.Minute))) + "M"
}

// escape writes a TEXT value (section 3.3.11). Control characters, which it
// may not hold, are left out.
func escape(s string) string {
	var b strings.Builder
	for _, r := range strings.ReplaceAll(strings.ToValidUTF8(s, ""), "\r\n", "\n") {
		switch {
		case r == '\\' || r == ';' || r == ',':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r >= 0x20 && r != 0x7f || r == '\t':
			b.WriteRune(r)
		}
	}
	return b.String()
}

// plain writes a URI value, which is not escaped: what cannot stand in one is
// left out.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if r <= 0x20 || r >= 0x7f {
			return -1
		}
		return r
	}, s)
}

// fold breaks a line, never inside a character.
func fold(b *strings.Builder, line string) {
	room := foldAt
	for len(line) > room {
		n := room
		for !utf8.RuneStart(line[n]) {
			n--
		}
		b.WriteString(line[:n])
		b.WriteString("\r\n ")
		line, room = line[n:], foldAt-1
	}
	b.WriteString(line)
	b.WriteString("\r\n")
}
