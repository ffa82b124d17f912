package call

import (
	"fmt"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"conclave/call/wire"
	"conclave/keys"
)

// play runs one device's meeting, step by step, at a time of its own.
type play struct {
	t     testing.TB
	now   time.Time
	s     State
	did   []Effect // of the last step
	all   []Effect
	about keys.Descriptor
	seal  keys.SignedDescriptor
	other keys.SignedDescriptor // the same, relabelled
	me    keys.DeviceKey
}

// cast are the devices of all plays: 0 hosts.
var cast = func() (out [5]keys.DeviceKey) {
	for i := range out {
		out[i] = keys.DeviceKeyFromSeed([32]byte{byte(i + 1)})
	}
	return out
}()

func key(i int) keys.PublicKey { return cast[i].Public() }

func newPlay(t testing.TB, me int) *play {
	t.Helper()
	start := time.Unix(1_800_000_000, 0)
	about := keys.Descriptor{
		Version: keys.DescriptorVersion, Mode: keys.ModeE2EE, Suite: 1, Host: key(0),
		LobbyKey: [32]byte{9}, Created: start.UTC(),
	}
	relabelled := about
	relabelled.Mode = keys.ModeTransport
	return &play{
		other: cast[0].SignDescriptor(relabelled),
		t:     t, now: start, about: about, seal: cast[0].SignDescriptor(about), me: cast[me],
		s: Begin(key(me), Wants{Mic: true}),
	}
}

func (p *play) do(events ...Event) *play {
	p.t.Helper()
	for _, e := range events {
		p.s, p.did = Step(p.s, p.now, e)
		p.all = append(p.all, p.did...)
	}
	return p
}

func (p *play) from(m ...wire.Message) *play {
	p.t.Helper()
	for _, m := range m {
		p.do(FromService{m})
	}
	return p
}

func (p *play) wait(d time.Duration) *play {
	p.now = p.now.Add(d)
	return p
}

// said is the next ordered message, of device i.
func (p *play) said(i int) wire.Said {
	return wire.Said{Sequence: p.s.After + 1, Epoch: p.s.Epoch, Sender: key(i), Message: []byte{byte(p.s.After), byte(i)}}
}

// beat delivers a heartbeat of device i, made at a time by its clock, which has
// seen what this device has seen.
func (p *play) beat(i int, at time.Time) *play {
	m := machine{State: p.s}
	h := Heartbeat{Roster: p.s.Roster, At: at, Seen: p.s.Seen, History: m.history(p.s.Seen)}
	return p.from(p.said(i)).do(Heard{key(i), p.s.Epoch, h})
}

// fire lets the newest generation of a timer run out.
func (p *play) fire(t Timer) *play { return p.do(Fired{t, p.s.timers[t]}) }

// signed keeps what name has signed: all plays are of the same meeting.
var signed sync.Map

func (p *play) name(i int, text string) keys.NameStatement {
	p.t.Helper()
	type which struct {
		device int
		text   string
	}
	if n, ok := signed.Load(which{i, text}); ok {
		return n.(keys.NameStatement)
	}
	n, err := cast[i].SignName(p.about.ID(), 1, text)
	if err != nil {
		p.t.Fatal(err)
	}
	signed.Store(which{i, text}, n)
	return n
}

// asked is the number of the open request of a type.
func (p *play) asked(what string) uint32 {
	p.t.Helper()
	for _, a := range slices.Backward(p.s.Asked) {
		if a.What == what {
			return a.Ref
		}
	}
	p.t.Fatalf("no %q is open in %v", what, p.s.Asked)
	return 0
}

func (p *play) answer(what string) *play { return p.from(wire.Done{Ref: p.asked(what)}) }

func (p *play) refused(what string, code wire.Code) *play {
	return p.from(wire.Failed{Ref: p.asked(what), Code: code})
}

// epoch is the EpochReady of these members.
func epoch(number uint64, by int, added, removed []int, members ...int) EpochReady {
	e := EpochReady{Epoch: number, By: key(by), Roster: [32]byte{byte(number)}}
	for leaf, m := range members {
		e.Members = append(e.Members, Member{Key: key(m), Leaf: uint32(leaf)})
	}
	for _, a := range added {
		e.Added = append(e.Added, key(a))
	}
	for _, r := range removed {
		e.Removed = append(e.Removed, key(r))
	}
	return e
}

// hosting is a host alone in a meeting.
func hosting(t testing.TB) *play {
	t.Helper()
	p := newPlay(t, 0)
	p.do(Create{Sealed: p.seal, About: p.about, Name: p.name(0, "Anna")}, LinkReady{})
	return p.answer("create").do(epoch(0, 0, nil, nil, 0))
}

// with brings others in, whose commit has been echoed, and lets all of them be
// ready.
func (p *play) with(others ...int) *play {
	p.t.Helper()
	members := append([]int{0}, others...)
	p.do(epoch(p.s.Epoch+1, 0, others, nil, members...))
	for _, o := range append(others, 0) {
		if key(o) != p.s.Self {
			p.do(Heard{key(o), p.s.Epoch, Names{[]keys.NameStatement{p.name(o, "Guest")}}})
			p.do(Heard{key(o), p.s.Epoch, Present{}})
		}
	}
	return p.wait(AdmitEvery)
}

// joining is guest 1 who knocked.
func joining(t testing.TB) *play {
	t.Helper()
	p := newPlay(t, 1)
	p.do(Join{Meeting: p.about.ID(), Name: p.name(1, "Bob")}, LinkReady{})
	p.from(wire.Meeting{Encoded: p.seal.Encoded, Signature: p.seal.Signature, HostHere: true})
	p.answer("look").do(KnockSealed{KeyPackage: []byte("kp"), Sealed: []byte("sealed")})
	return p.answer("knock")
}

// seated is guest 1 in a meeting with the host and others.
func seated(t testing.TB, others ...int) *play {
	t.Helper()
	p := joining(t).from(wire.Joined{Welcome: []byte("w"), Sequence: 10})
	p.do(epoch(1, 0, nil, nil, append([]int{0, 1}, others...)...))
	return p.hostSays(Statement{Sequence: 1, Rules: OpenRules()})
}

// hostSays lets the host's word be heard.
func (p *play) hostSays(st Statement) *play {
	return p.do(Heard{key(0), p.s.Epoch, st})
}

// knocked shows guest i to the host.
func (p *play) knocked(ticket wire.Ticket, i int) *play {
	p.t.Helper()
	p.from(wire.Knocking{Ticket: ticket, Device: key(i), KeyPackage: []byte("kp"), Sealed: []byte("s")})
	return p.do(KnockOpened{Ticket: ticket, Device: key(i), KeyPackage: []byte("kp"), Name: p.name(i, "Guest"), Passcode: true, Proof: NoAccounts()})
}

func find[E Effect](effects []Effect) (out []E) {
	for _, e := range effects {
		if e, ok := e.(E); ok {
			out = append(out, e)
		}
	}
	return out
}

// one returns the only effect of its type in the last step.
func one[E Effect](p *play) E {
	p.t.Helper()
	found := find[E](p.did)
	if len(found) != 1 {
		p.t.Fatalf("%d effects %T, want 1, in %s", len(found), *new(E), show(p.did))
	}
	return found[0]
}

func none[E Effect](p *play) {
	p.t.Helper()
	if found := find[E](p.did); len(found) > 0 {
		p.t.Fatalf("unwanted %s", show(p.did))
	}
}

// sent returns the only message of a type sent in the last step.
func sent[M wire.Message](p *play) M {
	p.t.Helper()
	var out []M
	for _, s := range find[Send](p.did) {
		if m, ok := s.Message.(M); ok {
			out = append(out, m)
		}
	}
	if len(out) != 1 {
		p.t.Fatalf("%d messages %T, want 1, in %s", len(out), *new(M), show(p.did))
	}
	return out[0]
}

// saidPayloads are those of the last step.
func saidPayloads(p *play) (out []string) {
	for _, s := range find[Say](p.did) {
		out = append(out, fmt.Sprintf("%T", s.Payload))
	}
	return out
}

func armed(p *play, t Timer) time.Duration {
	p.t.Helper()
	var last time.Duration = -1
	for _, e := range p.did {
		switch e := e.(type) {
		case Arm:
			if e.Timer == t {
				last = e.After
			}
		case Disarm:
			if e.Timer == t {
				last = -1
			}
		}
	}
	return last
}

func show(effects []Effect) (out []string) {
	for _, e := range effects {
		out = append(out, fmt.Sprintf("%T%+v", e, e))
	}
	return out
}

func want[T comparable](t testing.TB, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// deepCopy copies everything that a State or its parts point to.
func deepCopy[T any](v T) T {
	return copied(reflect.ValueOf(v)).Interface().(T)
}

func copied(v reflect.Value) reflect.Value {
	switch v.Kind() {
	case reflect.Slice:
		if v.IsNil() {
			return v
		}
		out := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		for i := range v.Len() {
			out.Index(i).Set(copied(v.Index(i)))
		}
		return out
	case reflect.Map:
		if v.IsNil() {
			return v
		}
		out := reflect.MakeMap(v.Type())
		for it := v.MapRange(); it.Next(); {
			out.SetMapIndex(it.Key(), copied(it.Value()))
		}
		return out
	case reflect.Struct:
		out := reflect.New(v.Type()).Elem()
		out.Set(v)
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() && v.Type() != reflect.TypeFor[time.Time]() {
				out.Field(i).Set(copied(v.Field(i)))
			}
		}
		return out
	}
	return v
}
