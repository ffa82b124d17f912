package core

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"conclave/keys"
)

func person(t testing.TB, n byte, name string, compared bool) Acquaintance {
	t.Helper()
	key := keys.DeviceKeyFromSeed([32]byte{n, 1}).Public()
	self := keys.DeviceKeyFromSeed([32]byte{1}).Public()
	return Acquaintance{
		Key: key, Name: name, Fingerprint: key.Fingerprint(), SafetyNumber: keys.SafetyNumber(self, key),
		Compared: compared, Met: time.Unix(int64(n)*1000, 0).UTC(),
	}
}

func TestTrustFollowsKeyAndName(t *testing.T) {
	anna, bob := person(t, 2, "Anna", false), person(t, 3, "Bob", true)
	fake := person(t, 4, "B0b", false)
	c := circle{[]Acquaintance{anna, bob, fake}}
	for name, row := range map[string]struct {
		key  keys.PublicKey
		name string
		want Trust
	}{
		"nobody":                       {keys.PublicKey{9}, "Carol", TrustUnknown},
		"no name yet":                  {bob.Key, "", TrustUnknown},
		"met":                          {anna.Key, "Anna", TrustMet},
		"compared":                     {bob.Key, "Bob", TrustCompared},
		"known name, new key":          {keys.PublicKey{9}, "Anna", TrustChanged},
		"name drawn alike":             {keys.PublicKey{9}, "Аnna", TrustChanged},
		"compared key, another name":   {bob.Key, "Carol", TrustUnknown},
		"takes the name of another":    {anna.Key, "Bob", TrustChanged},
		"met, but still not the other": {fake.Key, "B0b", TrustChanged},
	} {
		if got := c.trust(row.key, row.name); got != row.want {
			t.Errorf("%s: got %d, want %d", name, got, row.want)
		}
	}
}

func TestAnotherNameBeginsAnew(t *testing.T) {
	bob := person(t, 3, "Bob", true)
	c, changed := circle{}.meet(bob)
	renamed := bob
	renamed.Name, renamed.Compared = "The director", false
	c, _ = c.meet(renamed)
	if !changed || len(c.list) != 1 || c.list[0].Compared {
		t.Errorf("got %+v", c.list)
	}
	if _, changed := c.meet(renamed); changed {
		t.Error("the same again is a change")
	}
}

func TestCircleIsBoundedAndKeepsTheCompared(t *testing.T) {
	c := circle{}
	for n := range maxAcquaintances + 20 {
		a := person(t, 0, fmt.Sprint("Nr ", n), n < 5)
		a.Key[0], a.Key[1] = byte(n), byte(n>>8)
		a.Met = time.Unix(int64(n), 0).UTC()
		c, _ = c.meet(a)
	}
	if len(c.list) != maxAcquaintances || !c.list[len(c.list)-1].Compared || c.list[0].Name != "Nr 519" {
		t.Errorf("%d people, the last %+v", len(c.list), c.list[len(c.list)-1])
	}
	data, err := c.encode()
	if err != nil || len(data) > 1<<19 {
		t.Errorf("the file has %d bytes, %v", len(data), err)
	}
}

func TestKeptPeopleAreReadBack(t *testing.T) {
	self := keys.DeviceKeyFromSeed([32]byte{1}).Public()
	want := circle{[]Acquaintance{person(t, 5, "Aïcha", true), person(t, 3, "Bob", false)}}
	want.list[0].Verification, want.list[0].Issuer = VerifiedOrganisation, "school.example"
	data, err := want.encode()
	if err != nil {
		t.Fatal(err)
	}
	got, err := parsePeople(data, self)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want.list, got.list); d != "" {
		t.Error(d)
	}
}

func TestMalformedPeopleAreRefusedWhole(t *testing.T) {
	self := keys.DeviceKeyFromSeed([32]byte{1}).Public()
	key := person(t, 3, "Bob", false).Key.String()
	entry := func(changes ...string) string {
		return "[" + strings.NewReplacer(changes...).Replace(`{"key":"`+key+`","name":"Bob","verification":1,"met":5}`) + "]"
	}
	if c, err := parsePeople([]byte(entry()), self); err != nil || len(c.list) != 1 {
		t.Fatalf("a good entry: %v", err)
	}
	for name, text := range map[string]string{
		"not JSON": "x", "an object": "{}", "no key": entry(key, ""), "oneself": entry(key, self.String()),
		"no name": entry("Bob", ""), "unclean name": entry("Bob", ` Bob\n`), "class": entry(`:1,`, `:9,`),
		"negative class": entry(`:1,`, `:-1,`), "year 10000": entry(`:5`, `:253402300800`), "before 1970": entry(`:5`, `:-5`),
		"twice": strings.Replace(entry(), "]", ","+strings.TrimPrefix(entry(), "["), 1),
	} {
		if _, err := parsePeople([]byte(text), self); err == nil {
			t.Errorf("%s is taken: %s", name, text)
		}
	}
}

func FuzzParsePeople(f *testing.F) {
	self := keys.DeviceKeyFromSeed([32]byte{1}).Public()
	good, _ := circle{[]Acquaintance{person(f, 5, "Aïcha", true)}}.encode()
	f.Add(good)
	f.Add([]byte(`[{"key":null}]`))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := parsePeople(data, self)
		if err != nil {
			return
		}
		out, err := c.encode()
		if err != nil {
			t.Fatal(err)
		}
		again, err := parsePeople(out, self)
		if err != nil || !cmp.Equal(again.list, c.list) {
			t.Errorf("not the same when read again: %v", err)
		}
	})
}

func somePlans(t testing.TB, device keys.DeviceKey) []plan {
	t.Helper()
	lobby, err := keys.NewLobbyKey()
	if err != nil {
		t.Fatal(err)
	}
	about, err := keys.NewDescriptor(keys.ModeE2EE, 1, device.Public(), lobby.Public(), time.Unix(1e9, 0))
	if err != nil {
		t.Fatal(err)
	}
	about.Passcode = true
	return []plan{{
		title: "Weekly", service: "https://meet.test", pin: strings.Repeat("A", 43), about: about, lobby: lobby, passcode: "sesame",
		start: time.Unix(2e9, 0).UTC(), duration: time.Hour,
	}}
}

func TestKeptPlansAreReadBackByTheirHostOnly(t *testing.T) {
	device := keys.DeviceKeyFromSeed([32]byte{1})
	want := somePlans(t, device)
	data, err := encodePlans(want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := parsePlans(data, device.Public())
	if err != nil || len(got) != 1 {
		t.Fatalf("%d plans, %v", len(got), err)
	}
	g, w := got[0], want[0]
	if g.about.ID() != w.about.ID() || g.lobby.Bytes() != w.lobby.Bytes() || g.passcode != w.passcode || g.link() != w.link() ||
		g.start != w.start || g.duration != w.duration || g.title != w.title {
		t.Error("a plan is not the same when read again")
	}
	if _, err := parsePlans(data, keys.DeviceKeyFromSeed([32]byte{2}).Public()); err == nil {
		t.Error("another device's plans are taken")
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		if text := fmt.Sprintf(verb, g); text != hidden {
			t.Errorf("%s prints %s", verb, text)
		}
	}
	for name, change := range map[string][2]string{
		"another lobby key": {`"lobby":"`, `"lobby":"AAAA`}, "another link": {"/m/", "/m/a"}, "no passcode": {`"sesame"`, `""`},
		"no time": {`"minutes":60`, `"minutes":-60`}, "no title": {"Weekly", ""},
	} {
		if _, err := parsePlans([]byte(strings.Replace(string(data), change[0], change[1], 1)), device.Public()); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

func FuzzParsePlans(f *testing.F) {
	device := keys.DeviceKeyFromSeed([32]byte{1})
	good, _ := encodePlans(somePlans(f, device))
	f.Add(good)
	f.Fuzz(func(t *testing.T, data []byte) {
		plans, err := parsePlans(data, device.Public())
		if err != nil {
			return
		}
		for _, p := range plans {
			if v := p.view(); v.Link == "" || len(v.Calendar) == 0 || strings.Contains(string(v.Calendar), "\n\n") {
				t.Errorf("plan %+v", v)
			}
		}
	})
}
