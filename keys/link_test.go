package keys

import (
	"errors"
	"strings"
	"testing"
)

func TestParseLink(t *testing.T) {
	id := descriptor().ID()
	m := "/m/" + id.String()
	pin := strings.Repeat("A", 42) + "E"
	cases := []struct {
		text string
		want Link
		err  error
	}{
		{"https://meet.example.org" + m, Link{"https://meet.example.org", id, ""}, nil},
		{"  https://meet.example.org" + m + "\n", Link{"https://meet.example.org", id, ""}, nil},
		{"HTTPS://Meet.Example.ORG/m/" + strings.ToUpper(id.String()), Link{"https://meet.example.org", id, ""}, nil},
		{"https://meet.example.org" + m + "/", Link{"https://meet.example.org", id, ""}, nil},
		{"https://meet.example.org:8443" + m + "#" + pin, Link{"https://meet.example.org:8443", id, pin}, nil},
		{"https://192.0.2.7" + m, Link{"https://192.0.2.7", id, ""}, nil},
		{"https://[2001:db8::7]:99" + m, Link{"https://[2001:db8::7]:99", id, ""}, nil},
		{"conclave://meet.example.org:8443" + m + "#" + pin, Link{"https://meet.example.org:8443", id, pin}, nil},
		{"http://127.0.0.1:8080" + m, Link{"http://127.0.0.1:8080", id, ""}, nil},
		{"http://[::1]:8080" + m, Link{"http://[::1]:8080", id, ""}, nil},
		{"http://localhost:8080" + m, Link{"http://localhost:8080", id, ""}, nil},
		{"http://meet.example.org" + m, Link{}, ErrLinkNotSecure},
		{"http://127.0.0.1.example.org" + m, Link{}, ErrLinkNotSecure},
		{"http://192.0.2.7" + m, Link{}, ErrLinkNotSecure},
		{"", Link{}, ErrNotLink},
		{"hello", Link{}, ErrNotLink},
		{id.String(), Link{}, ErrNotLink},
		{"meet.example.org" + m, Link{}, ErrNotLink},
		{"https:" + m, Link{}, ErrNotLink},
		{"https://%zz" + m, Link{}, ErrNotLink},
		{strings.Repeat("x", 3000), Link{}, ErrNotLink},
		{"ftp://meet.example.org" + m, Link{}, ErrForeignLink},
		{"javascript://meet.example.org" + m, Link{}, ErrForeignLink},
		{"https://meet.example.org/j/123456", Link{}, ErrForeignLink},
		{"https://meet.example.org/x" + m, Link{}, ErrForeignLink},
		{"https://meet.example.org" + m + "?pwd=1", Link{}, ErrForeignLink},
		{"https://meet.example.org" + m + "?", Link{}, ErrForeignLink},
		{"https://anna:secret@meet.example.org" + m, Link{}, ErrForeignLink},
		{"https://anna@meet.example.org" + m, Link{}, ErrForeignLink},
		{"https://meet_example.org" + m, Link{}, ErrForeignLink},
		{"https://meet..org" + m, Link{}, ErrForeignLink},
		{"https://мeet.example.org" + m, Link{}, ErrForeignLink}, // Cyrillic
		{"https://meet.example.org:" + m, Link{}, ErrForeignLink},
		{"https://meet.example.org:0" + m, Link{}, ErrForeignLink},
		{"https://meet.example.org:0443" + m, Link{}, ErrForeignLink},
		{"https://meet.example.org:99999" + m, Link{}, ErrForeignLink},
		{"https://[fe80::1%25eth0]" + m, Link{}, ErrForeignLink},
		{"https://meet.example.org/%6d/" + id.String(), Link{}, ErrForeignLink},
		{"https://meet.example.org/m/", Link{}, ErrLinkMeeting},
		{"https://meet.example.org/m/" + id.String()[:51], Link{}, ErrLinkMeeting},
		{"https://meet.example.org" + m + "a", Link{}, ErrLinkMeeting},
		{"https://meet.example.org" + m + "/x", Link{}, ErrLinkMeeting},
		{"https://meet.example.org/m/" + strings.Replace(id.String(), id.String()[:1], "1", 1), Link{}, ErrLinkMeeting},
		{"https://meet.example.org" + m + "#short", Link{}, ErrLinkPin},
		{"https://meet.example.org" + m + "#" + pin + "=", Link{}, ErrLinkPin},
		{"https://meet.example.org" + m + "#" + pin[:42] + "F", Link{}, ErrLinkPin},
	}
	for _, c := range cases {
		got, err := ParseLink(c.text)
		if got != c.want || !errors.Is(err, c.err) || (c.err == nil) != (err == nil) {
			t.Errorf("%q: got %+v, %v; want %+v, %v", c.text, got, err, c.want, c.err)
		}
		if err == nil {
			if again, err := ParseLink(got.String()); err != nil || again != got {
				t.Errorf("%q does not read back: %v", got, err)
			}
		}
	}
}
