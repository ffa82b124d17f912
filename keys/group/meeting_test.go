package group

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"conclave/keys"
)

// person is somebody in a test meeting.
type person struct {
	t      testing.TB
	name   string
	device keys.DeviceKey
	cfg    Config
	*Group
}

// room is a meeting with an honest service: it orders commits and hands every
// message to everybody, its sender included.
type room struct {
	t       testing.TB
	cfg     Config // without device
	host    *person
	present []*person
}

func testSigned(t testing.TB, host keys.DeviceKey, change func(*keys.Descriptor)) keys.SignedDescriptor {
	t.Helper()
	d, err := keys.NewDescriptor(keys.ModeE2EE, DefaultSuite, host.Public(), [32]byte{9}, time.Unix(1_800_000_000, 0))
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(&d)
	}
	return host.SignDescriptor(d)
}

func newDevice(t testing.TB) keys.DeviceKey {
	t.Helper()
	k, err := keys.NewDeviceKey()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// openRoom returns a meeting with the host alone in it.
func openRoom(t testing.TB) *room { return openRoomWith(t, DefaultSuite) }

func openRoomWith(t testing.TB, suite uint16) *room {
	t.Helper()
	device := newDevice(t)
	r := &room{t: t, cfg: Config{Descriptor: testSigned(t, device, func(d *keys.Descriptor) { d.Suite = suite })}}
	r.host = r.person("host", device)
	g, err := Create(r.host.cfg)
	if err != nil {
		t.Fatal(err)
	}
	r.host.Group = g
	r.present = []*person{r.host}
	t.Cleanup(func() {
		for _, p := range r.present {
			p.Close()
		}
	})
	return r
}

func (r *room) person(name string, device keys.DeviceKey) *person {
	cfg := r.cfg
	cfg.Device = device
	return &person{t: r.t, name: name, device: device, cfg: cfg}
}

// prepare makes a person with a key package.
func (r *room) prepare(name string) (*person, *Joining) {
	r.t.Helper()
	p := r.person(name, newDevice(r.t))
	j, err := Prepare(p.cfg)
	if err != nil {
		r.t.Fatal(err)
	}
	return p, j
}

// admit lets n people in with one commit and returns them.
func (r *room) admit(names ...string) []*person {
	r.t.Helper()
	var people []*person
	var joining []*Joining
	var packages [][]byte
	for _, name := range names {
		p, j := r.prepare(name)
		people, joining, packages = append(people, p), append(joining, j), append(packages, j.KeyPackage())
	}
	staged, err := r.host.Commit(packages, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	r.deliver(staged.Commit)
	for i, p := range people {
		g, err := joining[i].Join(staged.Welcome)
		if err != nil {
			r.t.Fatalf("%s: %v", p.name, err)
		}
		p.Group = g
		r.present = append(r.present, p)
	}
	return people
}

// deliver hands a message to everybody and returns what each made of it.
func (r *room) deliver(message []byte) map[*person]Event {
	r.t.Helper()
	events := map[*person]Event{}
	for _, p := range r.present {
		event, err := p.Handle(message)
		if err != nil {
			r.t.Fatalf("%s: %v", p.name, err)
		}
		events[p] = event
	}
	return events
}

// agree fails the test unless everybody is in the same group and epoch.
func (r *room) agree() {
	r.t.Helper()
	want := view(r.t, r.present[0])
	for _, p := range r.present[1:] {
		if got := view(r.t, p); got != want {
			r.t.Fatalf("%s sees another group than %s", p.name, r.present[0].name)
		}
	}
}

// disagree fails the test when two people, who ought not to, see the same.
func disagree(t testing.TB, a, b *person) {
	t.Helper()
	if a.Code() == b.Code() || bytes.Equal(a.Authenticator(), b.Authenticator()) {
		t.Fatalf("%s and %s see the same group", a.name, b.name)
	}
}

// state is everything about a group that others must share.
type state struct {
	epoch         uint64
	code          string
	roster        [32]byte
	authenticator string
	frames        string
	members       int
}

func view(t testing.TB, p *person) state {
	t.Helper()
	fk, err := p.FrameKeys()
	if err != nil {
		t.Fatal(err)
	}
	if fk.Epoch != p.Epoch() || fk.Leaf != p.Self().Leaf || len(fk.Base) != 32 {
		t.Fatalf("frame keys of epoch %d and leaf %d, want %d and %d", fk.Epoch, fk.Leaf, p.Epoch(), p.Self().Leaf)
	}
	return state{
		epoch: p.Epoch(), code: p.Code().Digits(), roster: p.RosterHash(),
		authenticator: string(p.Authenticator()), frames: string(fk.Base), members: len(p.Members()),
	}
}

// unchanged runs f and fails the test when it changed what p sees, or when p can
// no longer take part.
func (r *room) unchanged(p *person, f func()) {
	r.t.Helper()
	before := view(r.t, p)
	f()
	if view(r.t, p) != before {
		r.t.Fatalf("%s: a refused message changed the group", p.name)
	}
}

// wantForbidden fails the test unless err names the rule.
func wantForbidden(t testing.TB, err error, why Why) {
	t.Helper()
	var forbidden *ForbiddenError
	if !errors.Is(err, ErrForbidden) || !errors.As(err, &forbidden) {
		t.Fatalf("got %v, want ErrForbidden", err)
	}
	if forbidden.Why != why {
		t.Fatalf("got %q, want %q", forbidden.Why, why)
	}
}

func (r *room) leave(p *person) {
	for i, q := range r.present {
		if q == p {
			r.present = append(r.present[:i:i], r.present[i+1:]...)
			return
		}
	}
}
