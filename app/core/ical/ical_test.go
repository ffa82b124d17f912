package ical_test

import (
	"bytes"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"conclave/app/core/ical"
)

var start = time.Date(2026, time.December, 1, 14, 30, 0, 0, time.FixedZone("CET", 3600))

func event() ical.Event {
	return ical.Event{
		UID: "abc@meet.test", Stamp: start.Add(-24 * time.Hour), Start: start, Duration: 45 * time.Minute,
		Title: "Weekly", Link: "https://meet.test/m/abc",
	}
}

func TestEncodeIsWhatACalendarExpects(t *testing.T) {
	want := strings.Join([]string{
		"BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Conclave//Conclave//EN", "CALSCALE:GREGORIAN", "METHOD:PUBLISH",
		"BEGIN:VEVENT", "UID:abc@meet.test", "DTSTAMP:20261130T133000Z", "DTSTART:20261201T133000Z", "DURATION:PT45M",
		"SUMMARY:Weekly", "DESCRIPTION:https://meet.test/m/abc", "URL:https://meet.test/m/abc", "END:VEVENT", "END:VCALENDAR", "",
	}, "\r\n")
	if got := string(event().Encode()); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestTextIsEscaped(t *testing.T) {
	e := event()
	e.Title = "Budget; 1, 2 \\ 3\r\nEND:VEVENT\x00\x1b\n\tand on"
	if got, want := value(t, e.Encode(), "SUMMARY"), `Budget\; 1\, 2 \\ 3\nEND:VEVENT\n`+"\tand on"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	e.Link = "https://meet.test/m/abc\r\nATTACH:file:///etc/passwd"
	if got := value(t, e.Encode(), "URL"); strings.ContainsAny(got, "\r\n ") {
		t.Errorf("a link brought a line of its own: %q", got)
	}
}

func TestLongLinesAreFoldedBetweenCharacters(t *testing.T) {
	e := event()
	e.Title = strings.Repeat("Blåbærgrøt 🫐 ", 30)
	encoded := e.Encode()
	for line := range strings.SplitSeq(strings.TrimSuffix(string(encoded), "\r\n"), "\r\n") {
		if len(line) > 75 || !utf8.ValidString(line) || strings.Contains(line, "\n") {
			t.Errorf("bad line of %d bytes: %q", len(line), line)
		}
	}
	if got := value(t, encoded, "SUMMARY"); got != e.Title {
		t.Errorf("unfolded: %q", got)
	}
}

// value reads one property back, as RFC 5545 says how.
func value(t *testing.T, encoded []byte, name string) string {
	t.Helper()
	unfolded := strings.ReplaceAll(string(encoded), "\r\n ", "")
	found, n := "", 0
	for line := range strings.SplitSeq(unfolded, "\r\n") {
		if v, ok := strings.CutPrefix(line, name+":"); ok {
			found, n = v, n+1
		}
	}
	if n != 1 {
		t.Fatalf("%d lines of %s", n, name)
	}
	return found
}

func FuzzEncode(f *testing.F) {
	f.Add("Weekly", "https://meet.test/m/abc", int64(45))
	f.Add("a\r\nBEGIN:VEVENT", "x\ny", int64(-1))
	f.Add(strings.Repeat("é", 200), strings.Repeat("a", 400), int64(1<<40))
	f.Fuzz(func(t *testing.T, title, link string, minutes int64) {
		e := event()
		e.Title, e.Link, e.Duration = title, link, time.Duration(minutes)*time.Minute
		encoded := e.Encode()
		if n := bytes.Count(encoded, []byte("\r\nBEGIN:VEVENT\r\n")); n != 1 {
			t.Errorf("%d events", n)
		}
		lines := strings.Split(strings.ReplaceAll(string(encoded), "\r\n ", ""), "\r\n")
		if len(lines) != 16 {
			t.Errorf("%d lines", len(lines))
		}
		for line := range strings.SplitSeq(string(encoded), "\r\n") {
			if len(line) > 75 || strings.ContainsAny(line, "\r\n\x00") || !utf8.ValidString(line) {
				t.Errorf("bad line %q", line)
			}
		}
	})
}
