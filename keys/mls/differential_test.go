package mls

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"conclave/keys/mls/internal/suite"
)

var peerSuites = []Suite{X25519AES128, P256AES128, X25519ChaCha}

// hall is a group whose members run either implementation, with a delivery service
// that gives every message to all of them.
type hall struct {
	t       *testing.T
	suite   Suite
	seats   []actor
	service ExternalProposer
	names   int
}

func openHall(t *testing.T, id Suite, founder string) *hall {
	t.Helper()
	s, err := suite.Lookup(id)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := s.NewSigner()
	if err != nil {
		t.Fatal(err)
	}
	key, err := s.SignatureKey(signer)
	if err != nil {
		t.Fatal(err)
	}
	h := &hall{t: t, suite: id, service: ExternalProposer{Suite: id, Signer: signer, GroupID: []byte("hall")}}
	a := h.newcomer(founder)
	if err := a.create([]byte("hall"), Extensions{ExternalSendersExtension([]ExternalSender{{SignatureKey: key, Credential: BasicCredential([]byte("service"))}})}); err != nil {
		t.Fatalf("create by %s: %v", a.kind(), err)
	}
	h.seats = []actor{a}
	return h
}

func (h *hall) newcomer(kind string) actor {
	h.names++
	return newActor(h.t, kind, h.suite, fmt.Sprintf("%s %d", kind, h.names))
}

// spread hands a message to all but its sender.
func (h *hall) spread(message []byte, from actor) {
	h.t.Helper()
	for _, a := range h.seats {
		if a == from {
			continue
		}
		if err := a.handle(message); err != nil {
			h.t.Fatalf("%s at leaf %d takes a message of %s: %v", a.kind(), a.self(), from.kind(), err)
		}
	}
}

// leave takes the removed member out before the commit is spread: what a client
// does with its own removal is tested elsewhere.
func (h *hall) leave(leaf LeafIndex) {
	for i, a := range h.seats {
		if a.self() == leaf {
			h.seats = append(h.seats[:i:i], h.seats[i+1:]...)
			return
		}
	}
	h.t.Fatalf("nobody at leaf %d", leaf)
}

func (h *hall) commit(by actor, p plan, joiners ...actor) {
	h.t.Helper()
	message, welcome, err := by.commit(p)
	if err != nil {
		h.t.Fatalf("commit by %s: %v", by.kind(), err)
	}
	for _, leaf := range p.remove {
		h.leave(leaf)
	}
	h.spread(message, by)
	if err := by.accept(message); err != nil {
		h.t.Fatalf("commit by %s: echo: %v", by.kind(), err)
	}
	for _, j := range joiners {
		if err := j.join(welcome); err != nil {
			h.t.Fatalf("%s joins by a welcome of %s: %v", j.kind(), by.kind(), err)
		}
		h.seats = append(h.seats, j)
	}
	h.agree()
}

func (h *hall) propose(by actor, t ProposalType, private bool, add []byte, remove LeafIndex) {
	h.t.Helper()
	message, err := by.propose(t, private, add, remove)
	if err != nil {
		h.t.Fatalf("proposal of type %d by %s: %v", t, by.kind(), err)
	}
	h.spread(message, by)
}

func (h *hall) joinExternal(kind string, from actor) {
	h.t.Helper()
	info, err := from.groupInfo()
	if err != nil {
		h.t.Fatal(err)
	}
	a := h.newcomer(kind)
	message, err := a.joinExternal(info)
	if err != nil {
		h.t.Fatalf("%s joins from outside by a group info of %s: %v", kind, from.kind(), err)
	}
	h.spread(message, a)
	h.seats = append(h.seats, a)
	h.agree()
}

func (h *hall) externalRemove(leaf LeafIndex, by actor) {
	h.t.Helper()
	message, err := h.service.ProposeRemove(by.epoch(), leaf)
	if err != nil {
		h.t.Fatal(err)
	}
	h.spread(message, nil)
	h.commitRemoving(by, leaf, false)
}

// commitRemoving commits a proposed Remove by reference.
func (h *hall) commitRemoving(by actor, leaf LeafIndex, private bool) {
	h.t.Helper()
	message, _, err := by.commit(plan{private: private})
	if err != nil {
		h.t.Fatalf("commit by %s: %v", by.kind(), err)
	}
	h.leave(leaf)
	h.spread(message, by)
	if err := by.accept(message); err != nil {
		h.t.Fatal(err)
	}
	h.agree()
}

func (h *hall) talk(from actor, text string) {
	h.t.Helper()
	message, err := from.protect([]byte(text), []byte("aad"))
	if err != nil {
		h.t.Fatalf("%s protects: %v", from.kind(), err)
	}
	for _, a := range h.seats {
		if a == from {
			continue
		}
		got, aad, leaf, err := a.unprotect(message)
		if err != nil {
			h.t.Fatalf("%s opens a message of %s: %v", a.kind(), from.kind(), err)
		}
		if string(got) != text || string(aad) != "aad" || leaf != from.self() {
			h.t.Fatalf("%s opened %q, %q from leaf %d", a.kind(), got, aad, leaf)
		}
	}
}

// agree checks that everybody is in the same epoch, with the same secrets.
func (h *hall) agree() {
	h.t.Helper()
	first := h.seats[0]
	want, err := first.export("check", []byte("context"), 32)
	if err != nil {
		h.t.Fatal(err)
	}
	for _, a := range h.seats[1:] {
		got, err := a.export("check", []byte("context"), 32)
		if err != nil {
			h.t.Fatal(err)
		}
		if a.epoch() != first.epoch() || a.members() != len(h.seats) {
			h.t.Fatalf("%s: epoch %d with %d members; %s: epoch %d; seats: %d", a.kind(), a.epoch(), a.members(), first.kind(), first.epoch(), len(h.seats))
		}
		if !bytes.Equal(got, want) || !bytes.Equal(a.authenticator(), first.authenticator()) {
			h.t.Fatalf("%s at leaf %d and %s at leaf %d differ in epoch %d", a.kind(), a.self(), first.kind(), first.self(), a.epoch())
		}
	}
}

// TestDifferential drives both implementations through everything a meeting does,
// with either of them as the one who acts.
func TestDifferential(t *testing.T) {
	pairs := [][2]string{{"ours", "mls-go"}, {"mls-go", "ours"}}
	for _, id := range peerSuites {
		for _, pair := range pairs {
			t.Run(fmt.Sprintf("suite %d %s acts on %s", id, pair[0], pair[1]), func(t *testing.T) {
				h := openHall(t, id, pair[0])
				actor := h.seats[0]
				for range 3 {
					j := h.newcomer(pair[1])
					h.commit(actor, plan{add: [][]byte{j.keyPackage()}}, j)
				}
				h.talk(actor, "hello")
				h.talk(h.seats[1], "hello yourself")
				h.commit(actor, plan{})
				h.commit(h.seats[2], plan{})
				h.joinExternal(pair[0], h.seats[1])
				h.joinExternal(pair[1], actor)
				h.commit(actor, plan{private: true})
				h.commit(h.seats[1], plan{private: true})
				h.talk(actor, "after private commits")
				h.propose(h.seats[1], ProposalUpdate, false, nil, 0)
				h.commit(actor, plan{})
				h.propose(actor, ProposalUpdate, pair[0] == "ours", nil, 0)
				h.commit(h.seats[1], plan{private: true})
				j := h.newcomer(pair[1])
				h.propose(h.seats[1], ProposalAdd, false, j.keyPackage(), 0)
				h.commit(actor, plan{}, j)
				leaf := h.seats[2].self()
				h.propose(h.seats[1], ProposalRemove, false, nil, leaf)
				h.commitRemoving(actor, leaf, false)
				h.commit(actor, plan{remove: []LeafIndex{h.seats[2].self()}})
				h.externalRemove(h.seats[len(h.seats)-1].self(), actor)
				h.talk(h.seats[1], "the end")
			})
		}
	}
}

// TestDifferentialLostCommit lets each implementation lose the race for an epoch.
func TestDifferentialLostCommit(t *testing.T) {
	for _, id := range peerSuites {
		for _, pair := range [][2]string{{"ours", "mls-go"}, {"mls-go", "ours"}} {
			t.Run(fmt.Sprintf("suite %d %s loses to %s", id, pair[0], pair[1]), func(t *testing.T) {
				h := openHall(t, id, pair[0])
				loser := h.seats[0]
				j := h.newcomer(pair[1])
				h.commit(loser, plan{add: [][]byte{j.keyPackage()}}, j)
				lost, _, err := loser.commit(plan{})
				if err != nil {
					t.Fatal(err)
				}
				if err := loser.drop(); err != nil {
					t.Fatal(err)
				}
				h.commit(j, plan{})
				if err := j.handle(lost); err == nil {
					t.Fatal("a commit of a past epoch was applied")
				}
				h.commit(loser, plan{})
			})
		}
	}
}

const walkers = 12

// TestRandomWalk goes 1,000 steps with up to 12 members of both kinds.
func TestRandomWalk(t *testing.T) {
	steps := 1000
	if testing.Short() {
		steps = 100
	}
	walk(t, X25519AES128, steps, []string{"ours", "mls-go"}, 1)
}

// TestRandomWalkOtherSuites goes fewer steps: with mls-go on suites 2 and 3, and
// among ourselves on the post-quantum suite, which nobody else has in Go.
func TestRandomWalkOtherSuites(t *testing.T) {
	for _, id := range []Suite{P256AES128, X25519ChaCha} {
		t.Run(fmt.Sprint("suite ", id), func(t *testing.T) { walk(t, id, 120, []string{"ours", "mls-go"}, 2) })
	}
	t.Run("post-quantum", func(t *testing.T) { walk(t, PostQuantum, 150, []string{"ours"}, 3) })
}

func walk(t *testing.T, id Suite, steps int, kinds []string, seed uint64) {
	rnd := rand.New(rand.NewPCG(seed, 0))
	h := openHall(t, id, kinds[0])
	done := make(map[string]int)
	for step := range steps {
		name := h.step(rnd, kinds)
		done[name]++
		if t.Failed() {
			t.Fatalf("at step %d, %s", step, name)
		}
	}
	t.Logf("steps done: %v; epoch %d", done, h.seats[0].epoch())
	if len(done) < 8 {
		t.Fatal("too few kinds of steps were done")
	}
}

// step does one thing that the present size of the group allows.
func (h *hall) step(rnd *rand.Rand, kinds []string) string {
	by := h.seats[rnd.IntN(len(h.seats))]
	other := h.seats[rnd.IntN(len(h.seats))]
	kind := kinds[rnd.IntN(len(kinds))]
	private := rnd.IntN(2) == 0
	room := len(h.seats) < walkers
	crowd := len(h.seats) > 4 && other != by
	switch choice := rnd.IntN(10); {
	case choice <= 1 && room:
		var adds [][]byte
		var joiners []actor
		for range 1 + rnd.IntN(min(3, walkers-len(h.seats))) {
			j := h.newcomer(kinds[rnd.IntN(len(kinds))])
			adds, joiners = append(adds, j.keyPackage()), append(joiners, j)
		}
		h.commit(by, plan{add: adds, private: private}, joiners...)
		return "add by value"
	case choice == 2 && room:
		h.joinExternal(kind, by)
		return "external commit"
	case choice == 3 && room && other != by:
		j := h.newcomer(kind)
		h.propose(other, ProposalAdd, false, j.keyPackage(), 0)
		h.commit(by, plan{private: private}, j)
		return "add by reference"
	case choice == 4 && crowd:
		h.commit(by, plan{remove: []LeafIndex{other.self()}, private: private})
		return "remove by value"
	case choice == 5 && crowd:
		third := h.seats[rnd.IntN(len(h.seats))]
		if third == other {
			third = by
		}
		leaf := other.self()
		h.propose(third, ProposalRemove, private && third.kind() == "ours", nil, leaf)
		h.commitRemoving(by, leaf, private)
		return "remove by reference"
	case choice == 6 && crowd:
		h.externalRemove(other.self(), by)
		return "remove by the service"
	case choice == 7 && other != by:
		h.propose(other, ProposalUpdate, private && other.kind() == "ours", nil, 0)
		h.commit(by, plan{private: private})
		return "update by reference"
	case choice == 8:
		h.talk(by, "step")
		return "application message"
	default:
		h.commit(by, plan{private: private})
		return "empty commit"
	}
}
