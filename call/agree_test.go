package call

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"conclave/keys"
)

// table is a meeting whose devices get the same messages in the same order,
// each at its own pace: between what somebody does and what the others hear,
// anything may happen.
type table struct {
	t     *testing.T
	plays []*play
	log   []spoken // as the service ordered it
	read  []int    // how far each device is
}

type spoken struct {
	from    int
	ref     uint32
	payload Payload
}

func sit(t *testing.T) *table {
	host := hosting(t).with(1, 2)
	tab := &table{t: t, plays: []*play{host}, read: make([]int, 3)}
	for i := 1; i < 3; i++ {
		p := newPlay(t, i)
		p.do(Join{Meeting: p.about.ID(), Name: p.name(i, "Guest")}, LinkReady{})
		p.s.Seat, p.s.Keys, p.s.About = SeatEntering, KeysJoining, p.about
		p.do(epoch(1, 0, nil, nil, 0, 1, 2))
		tab.plays = append(tab.plays, p)
	}
	for i := range tab.plays {
		tab.listen(i)
	}
	host.do(Wish{Wants{}})
	tab.listen(0)
	host.s.Told = true
	tab.log = append(tab.log, spoken{payload: host.s.Rule}) // what newcomers are told
	return tab
}

// do lets device i do something, and the service order what it says of it.
func (tab *table) do(i int, e Event) {
	tab.plays[i].do(e)
	tab.listen(i)
}

func (tab *table) listen(i int) {
	for _, s := range find[Say](tab.plays[i].did) {
		tab.log = append(tab.log, spoken{i, s.Ref, s.Payload})
	}
}

// deliver hands device i its next message; false when it has them all.
func (tab *table) deliver(i int) bool {
	if tab.read[i] == len(tab.log) {
		return false
	}
	m := tab.log[tab.read[i]]
	tab.read[i]++
	if m.from != i {
		tab.do(i, Heard{key(m.from), 1, m.payload})
	} else if m.ref != 0 {
		tab.do(i, Echoed{m.ref})
	}
	return true
}

// Whatever the host says and the others wish, and however late each device
// hears of it: in the end all of them refuse the same streams and show the same
// lines, and none sends what the others refuse.
func TestAllDevicesComeToTheSameRules(t *testing.T) {
	const rounds = 400
	for seed := range uint64(rounds) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		tab := sit(t)
		for range 60 {
			i := rnd.IntN(3)
			switch {
			case rnd.IntN(3) > 0:
				tab.deliver(i)
			case i == 0:
				tab.do(0, hostsWish(rnd))
			default:
				tab.do(i, Wish{Wants{Mic: rnd.IntN(2) > 0, Camera: rnd.IntN(2) > 0, Share: rnd.IntN(2) > 0}})
				if rnd.IntN(4) == 0 {
					tab.do(i, Chat{"hello"})
				}
			}
		}
		for more := true; more; {
			more = false
			for i := range tab.plays {
				more = tab.deliver(i) || more
			}
		}
		tab.agree(seed)
	}
}

func hostsWish(rnd *rand.Rand) Event {
	coin := func() bool { return rnd.IntN(2) > 0 }
	who := []keys.PublicKey{{}, key(1), key(2)}[rnd.IntN(3)]
	switch rnd.IntN(4) {
	case 0:
		return LetSpeak{who}
	case 1:
		return SetRules{Rules{Chat: coin(), Share: coin(), Rename: coin(), Unmute: coin(), Suspended: rnd.IntN(5) == 0}}
	}
	return StopStreams{who, Kinds{coin(), coin(), coin()}}
}

func (tab *table) agree(seed uint64) {
	host := tab.plays[0].s
	for i, p := range tab.plays {
		s := p.s
		if s.Rule.Sequence != host.Rule.Sequence || s.Rule.Rules != host.Rule.Rules {
			tab.t.Fatalf("seed %d: device %d has rules %d %v, the host %d %v", seed, i, s.Rule.Sequence, s.Rule.Rules, host.Rule.Sequence, host.Rule.Rules)
		}
		for j := range tab.plays {
			if got, want := s.Showing(key(j)), host.Showing(key(j)); got != want {
				tab.t.Fatalf("seed %d: device %d shows %d as %v, the host as %v\nrule %+v", seed, i, j, got, want, s.Rule)
			}
		}
		if s.Sends() != host.Showing(s.Self) {
			tab.t.Fatalf("seed %d: device %d sends %v, and %v is opened of it", seed, i, s.Sends(), host.Showing(s.Self))
		}
		if lines, all := shownLines(s), shownLines(host); !reflect.DeepEqual(lines, all) {
			tab.t.Fatalf("seed %d: device %d shows %v, the host %v", seed, i, lines, all)
		}
	}
}

// shownLines counts the lines of each member that were not refused.
func shownLines(s State) (n [3]int) {
	for _, l := range s.Chat {
		if !l.Failed {
			n[slices.IndexFunc(cast[:], func(d keys.DeviceKey) bool { return d.Public() == l.From })]++
		}
	}
	return n
}
