package core

import (
	"cmp"
	"encoding/json"
	"errors"
	"slices"
	"time"
	"unicode/utf8"

	"conclave/call"
	"conclave/keys"
)

// Acquaintance is somebody met before, as this device remembers them. The list
// is sealed on disk with a key from the vault, and is never sent.
type Acquaintance struct {
	Key          keys.PublicKey
	Name         string
	Fingerprint  string
	SafetyNumber string
	Verification Verification
	Issuer       string
	Compared     bool // their key was in a line-up whose code was found to match
	Met          time.Time
}

// ForgetPerson forgets somebody met before; the zero key forgets everybody.
type ForgetPerson struct{ Person keys.PublicKey }

func (ForgetPerson) intent() {}

// maxAcquaintances bounds the list: about what a person can know, and far
// below what a profile's file may hold.
const maxAcquaintances = 500

// peopleFile is the list's name in Config.Keep.
const peopleFile = "people"

// circle is everybody met before, newest first. It is a value: its list is
// never written in place, so snapshots may share it.
type circle struct{ list []Acquaintance }

func (c circle) find(key keys.PublicKey) (Acquaintance, bool) {
	i := slices.IndexFunc(c.list, func(a Acquaintance) bool { return a.Key == key })
	if i < 0 {
		return Acquaintance{}, false
	}
	return c.list[i], true
}

// trust says what is known of somebody who shows a key and a name. A known
// name with another key is TrustChanged; where the code was compared with the
// known one, it stays so until the code is compared with the other key too:
// having been in one meeting makes nobody who they say.
func (c circle) trust(key keys.PublicKey, name string) Trust {
	if name == "" {
		return TrustUnknown
	}
	known, met := c.find(key)
	met = met && known.Name == name
	if met && known.Compared {
		return TrustCompared
	}
	namesake, compared := c.namesake(key, name)
	switch {
	case compared, namesake && !met:
		return TrustChanged
	case met:
		return TrustMet
	}
	return TrustUnknown
}

// namesake reports whether somebody with another key has a name that may be
// taken for this one, and whether the code was compared with such a person.
func (c circle) namesake(key keys.PublicKey, name string) (found, compared bool) {
	for _, a := range c.list {
		if a.Key != key && keys.LooksAlike(a.Name, name) {
			found, compared = true, compared || a.Compared
		}
	}
	return found, compared
}

// meet puts somebody at the front. What was compared holds for the name that
// was compared: under another name they begin anew.
func (c circle) meet(a Acquaintance) (circle, bool) {
	before, known := c.find(a.Key)
	if known && before.Name == a.Name {
		a.Compared = a.Compared || before.Compared
	}
	if before == a {
		return c, false
	}
	list := make([]Acquaintance, 0, len(c.list)+1)
	list = append(list, a)
	for _, b := range c.list {
		if b.Key != a.Key {
			list = append(list, b)
		}
	}
	slices.SortStableFunc(list, func(a, b Acquaintance) int { return b.Met.Compare(a.Met) })
	return circle{bounded(list)}, true
}

// bounded leaves the oldest out, first those with whom nothing was compared.
func bounded(list []Acquaintance) []Acquaintance {
	for len(list) > maxAcquaintances {
		last := len(list) - 1
		for i, a := range slices.Backward(list) {
			if !a.Compared {
				last = i
				break
			}
		}
		list = slices.Delete(list, last, last+1)
	}
	return list
}

// forget leaves somebody out, or everybody with the zero key.
func (c circle) forget(key keys.PublicKey) circle {
	if key == (keys.PublicKey{}) {
		return circle{}
	}
	return circle{slices.DeleteFunc(slices.Clone(c.list), func(a Acquaintance) bool { return a.Key == key })}
}

// keptPerson is an Acquaintance as it lies in the file: what can be computed is
// left out.
type keptPerson struct {
	Key          string       `json:"key"`
	Name         string       `json:"name"`
	Verification Verification `json:"verification,omitempty"`
	Issuer       string       `json:"issuer,omitempty"`
	Compared     bool         `json:"compared,omitempty"`
	Met          int64        `json:"met"` // Unix seconds
}

func (c circle) encode() ([]byte, error) {
	kept := make([]keptPerson, 0, len(c.list))
	for _, a := range c.list {
		kept = append(kept, keptPerson{a.Key.String(), a.Name, a.Verification, a.Issuer, a.Compared, a.Met.Unix()})
	}
	return json.Marshal(kept)
}

var errPeople = errors.New("parse people: malformed")

// parsePeople reads a circle for this device. It takes nothing half: one
// malformed entry refuses the whole file.
func parsePeople(data []byte, self keys.PublicKey) (circle, error) {
	if len(data) == 0 {
		return circle{}, nil
	}
	var kept []keptPerson
	if json.Unmarshal(data, &kept) != nil || len(kept) > maxAcquaintances {
		return circle{}, errPeople
	}
	list, seen := make([]Acquaintance, 0, len(kept)), map[keys.PublicKey]bool{}
	for _, k := range kept {
		a, err := k.parse(self)
		if err != nil || seen[a.Key] {
			return circle{}, errPeople
		}
		seen[a.Key] = true
		list = append(list, a)
	}
	slices.SortStableFunc(list, func(a, b Acquaintance) int { return cmp.Compare(b.Met.Unix(), a.Met.Unix()) })
	return circle{list}, nil
}

// mostIssuer bounds an issuer's name: a domain's length.
const mostIssuer = 253

// latest is the last second of the year 9999.
const latest = 253402300799

func (k keptPerson) parse(self keys.PublicKey) (Acquaintance, error) {
	key, err := keys.ParsePublicKey(k.Key)
	if err != nil || key == self || key == (keys.PublicKey{}) {
		return Acquaintance{}, errPeople
	}
	name, err := keys.CleanName(k.Name)
	if err != nil || name != k.Name || k.Verification > VerifiedVoucher || k.Met < 0 || k.Met > latest ||
		len(k.Issuer) > mostIssuer || !utf8.ValidString(k.Issuer) {
		return Acquaintance{}, errPeople
	}
	return Acquaintance{
		Key: key, Name: name, Fingerprint: key.Fingerprint(), SafetyNumber: keys.SafetyNumber(self, key),
		Verification: k.Verification, Issuer: k.Issuer, Compared: k.Compared, Met: time.Unix(k.Met, 0).UTC(),
	}, nil
}

// recent is what the core's goroutine knows of people. Trust is judged by who
// was known when the present meeting began: nobody becomes an acquaintance by
// staying in it.
type recent struct {
	circle
	before  circle // at the beginning of the present meeting
	meeting int    // its number
	since   time.Time
	gone    map[keys.PublicKey]bool // forgotten during it
	told    map[keys.PublicKey]bool // of a known name with another key
}

// acquaint gives the people of a snapshot their trust, and remembers them.
func (c *Core) acquaint(s *Snapshot) {
	if c.meeting != nil && s.Meeting != nil {
		if c.recent.meeting != c.meeting.number {
			c.recent = recent{
				circle: c.recent.circle, before: c.recent.circle, meeting: c.meeting.number,
				since: c.cfg.Now(), gone: map[keys.PublicKey]bool{}, told: map[keys.PublicKey]bool{},
			}
		}
		c.remember(s.Meeting)
		c.recognise(s)
	}
	s.People = c.recent.list
}

// remember takes over who is inside, while the line-up is beyond doubt.
func (c *Core) remember(m *Meeting) {
	if m.Phase != call.PhaseInMeeting || !m.Sending {
		return
	}
	next, changed := c.recent.circle, false
	for _, p := range m.People {
		if p.Self || p.Name == "" || c.recent.gone[p.Key] {
			continue
		}
		if clean, err := keys.CleanName(p.Name); err != nil || clean != p.Name {
			continue
		}
		var news bool
		next, news = next.meet(Acquaintance{
			Key: p.Key, Name: p.Name, Fingerprint: p.Fingerprint, SafetyNumber: p.SafetyNumber,
			Verification: p.Verification, Issuer: p.Issuer[:min(len(p.Issuer), mostIssuer)],
			Compared: p.Trust == TrustCompared, Met: c.recent.since.UTC().Truncate(time.Second),
		})
		changed = changed || news
	}
	if changed {
		c.recent.circle = next
		c.keepPeople()
	}
}

// recognise fills in the trust of people and knockers, and tells of known
// names with other keys, once a meeting.
func (c *Core) recognise(s *Snapshot) {
	for i := range s.Meeting.People {
		p := &s.Meeting.People[i]
		if p.Self || p.Trust == TrustCompared {
			continue
		}
		p.Trust = c.recent.before.trust(p.Key, p.Name)
		if p.Trust == TrustCompared && s.Meeting.Code.Compared == CodeDiffers {
			p.Trust = TrustMet // the present finding outweighs the earlier one
		}
		c.warnOfChange(s, p.Trust, p.Key, p.Name)
	}
	for i := range s.Meeting.Lobby {
		k := &s.Meeting.Lobby[i]
		k.Trust = c.recent.before.trust(k.Key, k.Name)
		c.warnOfChange(s, k.Trust, k.Key, k.Name)
	}
}

func (c *Core) warnOfChange(s *Snapshot, t Trust, key keys.PublicKey, name string) {
	if t != TrustChanged || c.recent.told[key] {
		return
	}
	c.recent.told[key] = true
	severity := SeverityWarning
	if _, compared := c.recent.before.namesake(key, name); compared {
		severity = SeverityAlarm
	}
	c.notify(Notice{Code: NoticeNameChanged, Severity: severity, Name: name})
	s.Notices = slices.Clone(c.notices)
}

func (c *Core) forgetPerson(i ForgetPerson) {
	if c.recent.gone != nil {
		c.recent.gone[i.Person] = true
		if i.Person == (keys.PublicKey{}) {
			for _, a := range c.recent.list {
				c.recent.gone[a.Key] = true
			}
		}
	}
	c.recent.circle, c.recent.before = c.recent.forget(i.Person), c.recent.before.forget(i.Person)
	c.keepPeople()
}

func (c *Core) keepPeople() {
	if data, err := c.recent.encode(); err == nil {
		c.keep(peopleFile, data)
	}
}
