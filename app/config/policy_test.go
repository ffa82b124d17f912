package config_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"conclave/app/config"
	ident "conclave/keys"
)

var link = ident.Link{Service: "https://meet.school.test", Meeting: ident.MeetingID{7}}.String()

// classroom is a policy with every key.
var classroom = `{
  "version": 1,
  "service": "meet.school.test", "pin": "` + strings.Repeat("A", 43) + `",
  "camera": "cam0", "microphone": "mic0", "speaker": "spk0",
  "host-here": false,
  "modes": ["e2ee"],
  "updates": true, "language": "de", "appearance": "contrast", "text-size": 150,
  "share": false, "record": false, "close": false,
  "kiosk": {
    "room": "Room 204",
    "rooms": [
      {"name": "Mathematics", "link": "` + link + `", "passcode": "seven",
       "schedule": [{"days": ["mon", "wed"], "start": "09:30", "length": "45m"}]},
      {"name": "Assembly", "link": "` + link + `"}
    ],
    "auto-join": false, "key": "F5", "idle": "90s", "identity": "enrolled", "help": "Call 4711",
    "power": "on", "folder": "/srv/kiosk", "muted": true, "hidden": true
  }
}`

func TestEveryKeyOfThePolicyIsTaken(t *testing.T) {
	p, err := config.ParsePolicy("managed.json", []byte(classroom))
	if err != nil {
		t.Fatal(err)
	}
	k := p.Kiosk
	if p.Service != "https://meet.school.test" || len(p.Pin) != 43 || p.Camera != "cam0" || p.Microphone != "mic0" || p.Speaker != "spk0" ||
		p.HostHere || !slices.Equal(p.Modes, []string{"e2ee"}) || !p.Updates || p.Language != "de" || p.Appearance != "contrast" ||
		p.TextSize != 150 || p.Share || p.Record || p.Close {
		t.Errorf("%+v", p)
	}
	if k.Room != "Room 204" || k.AutoJoin || k.Key != "F5" || k.Idle != 90*time.Second || !k.Enrolled || k.Help != "Call 4711" ||
		k.Power != "on" || k.Folder != "/srv/kiosk" || !k.Muted || !k.Hidden || len(k.Rooms) != 2 {
		t.Errorf("%+v", k)
	}
	first := k.Rooms[0]
	if first.Name != "Mathematics" || first.Link != link || first.Passcode != "seven" || len(first.Times) != 1 ||
		first.Times[0].Start != 9*time.Hour+30*time.Minute || first.Times[0].Length != 45*time.Minute ||
		!slices.Equal(first.Times[0].Days, []time.Weekday{time.Monday, time.Wednesday}) {
		t.Errorf("%+v", first)
	}
	for _, key := range config.PolicyKeys() {
		if key.Name != "version" && !strings.HasPrefix(key.Name, "kiosk.rooms.") && !p.Sets(key.Name) {
			t.Errorf("%s is set, and not locked", key.Name)
		}
	}
}

func TestWithoutAPolicyEverythingIsAllowed(t *testing.T) {
	p, err := config.ReadPolicy(config.PlaceIn(t.TempDir()))
	if err != nil {
		t.Fatal(err)
	}
	if !p.HostHere || !p.Share || !p.Record || !p.Close || !p.Updates || len(p.Modes) != 2 || p.Kiosk != nil || len(p.Locked) != 0 {
		t.Errorf("%+v", p)
	}
}

func TestAKioskIsNotToldOfUpdatesUnlessThePolicySaysSo(t *testing.T) {
	for _, said := range []string{"", `"updates": true,`} {
		p, err := config.ParsePolicy("f", []byte(`{"version": 1, `+said+`"kiosk": {"room": "A", "rooms": [{"name": "B", "link": "`+link+`"}]}}`))
		if err != nil || p.Updates != (said != "") {
			t.Errorf("%q: updates %v, %v", said, p.Updates, err)
		}
	}
}

// Each row is a policy that must not come into force, what it is refused for, and
// the line that the message names.
func TestABrokenPolicyIsRefusedWithItsLine(t *testing.T) {
	kiosk := func(inner string) string {
		return "{\"version\": 1,\n\"kiosk\": {\"room\": \"Room\",\n\"rooms\": [{\"name\": \"A\", \"link\": \"" + link + "\"}],\n" + inner + "}}"
	}
	rows := map[string]struct {
		text string
		why  error
		line int
	}{
		"empty":              {"", config.ErrPolicyForm, 1},
		"not JSON":           {"{\n\"version\": 1,\n}", config.ErrPolicyForm, 3},
		"cut off":            {"{\"version\": 1,\n\"share\": tr", config.ErrPolicyForm, 2},
		"not an object":      {"\n[]", config.ErrPolicyForm, 2},
		"something after it": {"{\"version\": 1}\n{}", config.ErrPolicyForm, 2},
		"not UTF-8":          {"{\"version\": 1, \"camera\": \"\xff\"}", config.ErrPolicyForm, 0},
		"twice":              {"{\"version\": 1,\n\"share\": true,\n\"share\": false}", config.ErrPolicyForm, 3},
		"too deep":           {strings.Repeat("[", 40), config.ErrPolicyForm, 1},
		"too long":           {`{"version": 1}` + strings.Repeat(" ", 300_000), config.ErrPolicyForm, 0},
		"no version":         {"{\n\"share\": true}", config.ErrPolicyVersion, 1},
		"later version":      {"{\n\"share\": true,\n\"version\": 2}", config.ErrPolicyVersion, 3},
		"version as text":    {"{\n\"version\": \"1\"}", config.ErrPolicyValue, 2},
		"version 0":          {"{\"version\": 0}", config.ErrPolicyValue, 1},
		"unknown key":        {"{\"version\": 1,\n\n\"shares\": true}", config.ErrPolicyKey, 3},
		"other spelling":     {"{\"version\": 1,\n\"host_here\": true}", config.ErrPolicyKey, 2},
		"wrong type":         {"{\"version\": 1,\n\"share\": \"no\"}", config.ErrPolicyValue, 2},
		"null":               {"{\"version\": 1,\n\"share\": null}", config.ErrPolicyValue, 2},
		"no mode":            {"{\"version\": 1,\n\"modes\": []}", config.ErrPolicyValue, 2},
		"unknown mode":       {"{\"version\": 1,\n\"modes\": [\"e2ee\",\n\"plain\"]}", config.ErrPolicyValue, 3},
		"no address":         {"{\"version\": 1,\n\"service\": \"ftp://x\"}", config.ErrPolicyValue, 2},
		"address with path":  {"{\"version\": 1,\n\"service\": \"https://x.test/evil\"}", config.ErrPolicyValue, 2},
		"pin alone":          {"{\"version\": 1,\n\"pin\": \"" + strings.Repeat("A", 43) + "\"}", config.ErrPolicyValue, 2},
		"pin too short":      {"{\"version\": 1, \"service\": \"x.test\",\n\"pin\": \"AAAA\"}", config.ErrPolicyValue, 2},
		"huge text":          {"{\"version\": 1,\n\"text-size\": 900}", config.ErrPolicyValue, 2},
		"half a number":      {"{\"version\": 1,\n\"text-size\": 100.5}", config.ErrPolicyValue, 2},
		"kiosk without room": {"{\"version\": 1,\n\"kiosk\": {}}", config.ErrPolicyValue, 2},
		"unknown in kiosk":   {kiosk("\"rom\": 1"), config.ErrPolicyKey, 4},
		"idle at once":       {kiosk("\"idle\": \"1s\""), config.ErrPolicyValue, 4},
		"idle in words":      {kiosk("\"idle\": \"soon\""), config.ErrPolicyValue, 4},
		"key of the desktop": {kiosk("\"key\": \"Escape\""), config.ErrPolicyValue, 4},
		"F13":                {kiosk("\"key\": \"F13\""), config.ErrPolicyValue, 4},
		"identity":           {kiosk("\"identity\": \"mine\""), config.ErrPolicyValue, 4},
		"no rooms":           {"{\"version\": 1, \"kiosk\": {\"room\": \"A\",\n\"rooms\": []}}", config.ErrPolicyValue, 2},
		"no link":            {"{\"version\": 1, \"kiosk\": {\"room\": \"A\",\n\"rooms\": [{\"name\": \"B\"}]}}", config.ErrPolicyValue, 2},
		"foreign link":       {"{\"version\": 1, \"kiosk\": {\"room\": \"A\",\n\"rooms\": [{\"name\": \"B\",\n\"link\": \"https://elsewhere.test/\"}]}}", config.ErrPolicyValue, 3},
		"unknown in room":    {"{\"version\": 1, \"kiosk\": {\"room\": \"A\",\n\"rooms\": [{\"name\": \"B\",\n\"url\": \"x\"}]}}", config.ErrPolicyKey, 3},
		"25 o'clock":         {"{\"version\": 1, \"kiosk\": {\"room\": \"A\", \"rooms\": [{\"name\": \"B\", \"link\": \"" + link + "\", \"schedule\": [\n{\"days\": [\"mon\"], \"start\": \"25:00\", \"length\": \"1h\"}]}]}}", config.ErrPolicyValue, 2},
		"some day":           {"{\"version\": 1, \"kiosk\": {\"room\": \"A\", \"rooms\": [{\"name\": \"B\", \"link\": \"" + link + "\", \"schedule\": [\n{\"days\": [\"someday\"], \"start\": \"09:00\", \"length\": \"1h\"}]}]}}", config.ErrPolicyValue, 2},
	}
	for name, row := range rows {
		p, err := config.ParsePolicy("managed.json", []byte(row.text))
		var broken *config.PolicyError
		if !errors.As(err, &broken) || !errors.Is(err, row.why) || broken.Line != row.line || broken.File != "managed.json" {
			t.Errorf("%s: got %v (line %d), want %v in line %d", name, err, lineOf(err), row.why, row.line)
		}
		if p.From != "" || p.Kiosk != nil || p.Share {
			t.Errorf("%s: half of it is in force: %+v", name, p)
		}
	}
}

func lineOf(err error) int {
	var broken *config.PolicyError
	if errors.As(err, &broken) {
		return broken.Line
	}
	return -1
}

// A message goes to the screen and to the log: a passcode must not be in it.
func TestErrorsOfAPolicyHoldNoPasscode(t *testing.T) {
	_, err := config.ParsePolicy("f", []byte(`{"version": 1, "kiosk": {"room": "A", "rooms": [{"name": "B", "link": "x", "passcode": "swordfish\u0007"}]}}`))
	if err == nil || strings.Contains(err.Error(), "swordfish") {
		t.Errorf("%v", err)
	}
}

func lay(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestPolicyThatCannotBeReadLocks(t *testing.T) {
	at := config.PlaceIn(t.TempDir())
	if err := os.Mkdir(at.File, 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := config.ReadPolicy(at); !errors.Is(err, config.ErrPolicyUnreadable) || !strings.Contains(err.Error(), at.File) {
		t.Errorf("a folder in the place of the policy: %v", err)
	}
	at = config.PlaceIn(t.TempDir())
	if err := os.Symlink("managed.json", at.File); err != nil {
		t.Fatal(err)
	}
	if _, err := config.ReadPolicy(at); !errors.Is(err, config.ErrPolicyUnreadable) {
		t.Errorf("a link in a circle: %v", err)
	}
	at.Other = func() (string, []byte, bool, error) { return "store", nil, false, errors.New("no access") }
	at.File = filepath.Join(t.TempDir(), "none")
	if _, err := config.ReadPolicy(at); !errors.Is(err, config.ErrPolicyUnreadable) || !strings.Contains(err.Error(), "store") {
		t.Errorf("the system's store does not answer: %v", err)
	}
}

func TestPolicyThatOthersCanWriteLocks(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("rights are no modes there")
	}
	at := config.PlaceIn(t.TempDir())
	lay(t, at.File, `{"version": 1}`)
	if _, err := config.ReadPolicy(at); err != nil {
		t.Fatal(err)
	}
	for _, mode := range []os.FileMode{0o666, 0o664, 0o646} {
		if err := os.Chmod(at.File, mode); err != nil {
			t.Fatal(err)
		}
		if _, err := config.ReadPolicy(at); !errors.Is(err, config.ErrPolicyOpen) {
			t.Errorf("mode %o: %v", mode, err)
		}
	}
	if os.Geteuid() != 0 {
		return // only root can give a file away
	}
	if err := errors.Join(os.Chmod(at.File, 0o644), os.Chown(at.File, 4711, 4711)); err != nil {
		t.Fatal(err)
	}
	if _, err := config.ReadPolicy(at); !errors.Is(err, config.ErrPolicyOpen) {
		t.Errorf("a limited user's file: %v", err)
	}
}

func TestTwoPoliciesAreNone(t *testing.T) {
	at := config.PlaceIn(t.TempDir())
	lay(t, at.File, `{"version": 1}`)
	at.Other = func() (string, []byte, bool, error) {
		return "store", []byte(`{"version": 1, "share": false}`), true, nil
	}
	if _, err := config.ReadPolicy(at); !errors.Is(err, config.ErrPolicyForm) {
		t.Errorf("two policies: %v", err)
	}
	if err := os.Remove(at.File); err != nil {
		t.Fatal(err)
	}
	if p, err := config.ReadPolicy(at); err != nil || p.Share || p.From != "store" {
		t.Errorf("%+v, %v", p, err)
	}
}

func TestADemandedSignatureIsChecked(t *testing.T) {
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	at := config.PlaceIn(t.TempDir())
	const text = `{"version": 1, "share": false}`
	demand := func() { lay(t, at.Key, base64.StdEncoding.EncodeToString(public)+"\n") }
	refused := func(what string, why error) {
		t.Helper()
		if p, err := config.ReadPolicy(at); !errors.Is(err, why) || p.From != "" {
			t.Errorf("%s: %+v, %v", what, p, err)
		}
	}
	demand()
	refused("a key and no policy", config.ErrPolicyUnsigned)
	lay(t, at.File, text)
	refused("no signature", config.ErrPolicyUnsigned)
	sig, err := config.SignPolicy(private, "f", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	lay(t, at.File+".sig", string(sig))
	if p, err := config.ReadPolicy(at); err != nil || p.Share {
		t.Errorf("signed: %+v, %v", p, err)
	}
	lay(t, at.File, text+" ")
	refused("changed after signing", config.ErrPolicyUnsigned)
	lay(t, at.File, text)
	_, other, _ := ed25519.GenerateKey(nil)
	forged, err := config.SignPolicy(other, "f", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	lay(t, at.File+".sig", string(forged))
	refused("somebody else's signature", config.ErrPolicyUnsigned)
	lay(t, at.File+".sig", base64.StdEncoding.EncodeToString(ed25519.Sign(private, []byte(text))))
	refused("a signature made for something else", config.ErrPolicyUnsigned)
	lay(t, at.File+".sig", string(sig))
	lay(t, at.Key, "not a key")
	refused("a damaged key", config.ErrPolicyForm)
	if _, err := config.SignPolicy(private, "f", []byte(`{"version": 1, "x": 1}`)); err == nil {
		t.Error("a policy that nobody understands was signed")
	}
}

func TestTheRegistryIsReadLikeTheFile(t *testing.T) {
	text, err := config.RegistryPolicy(`HKLM\x`, map[string]any{
		"version": uint64(1), "share": uint64(0), "text-size": uint64(150), "modes": []string{"e2ee"}, "camera": `\\?\usb"1`,
		"kiosk.room": "Room 204", "kiosk.auto-join": uint64(1), "kiosk.idle": "90s",
		"kiosk.rooms": "[{\"name\": \"A\",\r\n\"link\": \"" + link + "\"}]",
	})
	if err != nil {
		t.Fatal(err)
	}
	p, err := config.ParsePolicy(`HKLM\x`, text)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if p.Share || p.TextSize != 150 || p.Camera != `\\?\usb"1` || p.Kiosk == nil || p.Kiosk.Room != "Room 204" || !p.Kiosk.AutoJoin || len(p.Kiosk.Rooms) != 1 {
		t.Errorf("%+v %+v", p, p.Kiosk)
	}
	for name, v := range map[string]any{"share": uint64(2), "kiosk.rooms": "{", "shares": uint64(1), "camera": uint64(3), "kiosk": "x", "x\"y": "z"} {
		text, err := config.RegistryPolicy(`HKLM\x`, map[string]any{"version": uint64(1), name: v})
		if err == nil {
			_, err = config.ParsePolicy(`HKLM\x`, text)
		}
		var broken *config.PolicyError
		if !errors.As(err, &broken) {
			t.Errorf("%s = %v: %v", name, v, err)
		}
	}
}

// The page and the table are held together: each key stands in a row of its own
// with its default, and a danger column that says something or is a dash on purpose.
func TestAdminPageListsEveryPolicyKey(t *testing.T) {
	page, err := os.ReadFile("../ADMIN.md")
	if err != nil {
		t.Fatal(err)
	}
	row := regexp.MustCompile("(?m)^\\| `([a-z.-]+)` \\| ([^|]*) \\| ([^|]*) \\| ([^|]*) \\| ([^|]+) \\|$")
	_, section, ok := strings.Cut(string(page), "### Keys of the managed policy")
	if !ok {
		t.Fatal("ADMIN.md has no section of the policy's keys")
	}
	section, _, _ = strings.Cut(section, "\n## ")
	documented := map[string][]string{}
	for _, m := range row.FindAllStringSubmatch(section, -1) {
		documented[m[1]] = m
	}
	for _, k := range config.PolicyKeys() {
		m := documented[k.Name]
		if m == nil {
			t.Errorf("ADMIN.md has no row for %s", k.Name)
			continue
		}
		if m[2] != k.Kind || strings.Trim(m[3], "`") != k.Default {
			t.Errorf("%s: the page says %q, default %q; the table %q, %q", k.Name, m[2], m[3], k.Kind, k.Default)
		}
		if strings.TrimSpace(m[5]) == "" {
			t.Errorf("%s: no word on its danger", k.Name)
		}
		delete(documented, k.Name)
	}
	for name := range documented {
		t.Errorf("ADMIN.md lists %s, which is no key", name)
	}
}

func FuzzPolicy(f *testing.F) {
	f.Add([]byte(classroom))
	f.Add([]byte(`{"version":1}`))
	f.Add([]byte(`{"version":1,"kiosk":{"rooms":[[[[[`))
	f.Add([]byte("{\"version\":1,\n\"x\":1}"))
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := config.ParsePolicy("f", text)
		if err != nil {
			var broken *config.PolicyError
			if !errors.As(err, &broken) {
				t.Fatalf("%T: %v", err, err)
			}
			if n := 1 + strings.Count(string(text), "\n"); broken.Line < 0 || broken.Line > n {
				t.Fatalf("line %d of %d", broken.Line, n)
			}
			if p.From != "" || p.Kiosk != nil || len(p.Locked) > 0 {
				t.Fatal("half of a broken policy is in force")
			}
			return
		}
		if k := p.Kiosk; k != nil {
			if k.Room == "" || len(k.Rooms) == 0 || len(k.Rooms) > 12 || k.Idle < 30*time.Second {
				t.Fatalf("%+v", k)
			}
			for _, r := range k.Rooms {
				if _, err := ident.ParseLink(r.Link); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
}
