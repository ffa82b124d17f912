package setup

import (
	"io"
	"strings"
	"testing"
)

// FuzzOrder reads any command as the admin socket would.
func FuzzOrder(f *testing.F) {
	for _, text := range []string{
		"disclose\n--data\nx\n--ground\nemergency\n--what\naccount\na@b.example", "seat\nassign\n--until\n2027-01-31\n@firm.example",
		"policy\nexplain\n--policy\nin-force\n--data\nx", "log\nstatus", "backup\n--to\n/x", "authority\nrotate",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		args := strings.Split(text, "\n")
		if !IsCommand(args[0]) {
			return
		}
		o, err := parseOrder(args, io.Discard)
		if err == nil && o.do == nil {
			t.Fatal("nothing to do, and no error")
		}
	})
}

// FuzzSettings reads any settings file.
func FuzzSettings(f *testing.F) {
	f.Add([]byte(`{"name":"x","network_factor":3,"organisations":[{"domain":"a.example"}],"partners":{"p":"f"}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := parseSettings(data)
		if err == nil && (s.Name == "" || s.Policy == "") {
			t.Fatal("settings without their defaults")
		}
	})
}
