package mls

import (
	"fmt"
	"runtime"
	"testing"

	"conclave/keys/mls/internal/framing"
)

// crowd is a group of n members that one of them has added at once: the tree has
// leaves only. Two of the members can act, one for each implementation; the Welcome
// is for both.
type crowd struct {
	host    *Group
	ours    *ours
	theirs  *theirs
	welcome []byte
}

func gather(b testing.TB, id Suite, n int) *crowd {
	b.Helper()
	c := &crowd{host: create(b, person(b, id, "host")), ours: newOurs(b, id, "ours")}
	c.host.config.MaxLifetime = -1
	add := [][]byte{c.ours.keyPackage()}
	if id != PostQuantum {
		c.theirs = newTheirs(b, id, "theirs")
		add = append(add, c.theirs.keyPackage())
	}
	for i := len(add) + 1; i < n; i++ {
		add = append(add, keyPackage(b, person(b, id, fmt.Sprint("guest ", i))).Message())
	}
	if n == 2 {
		add = add[:1]
	}
	c.welcome = commit(b, c.host, CommitOptions{Add: add}).Welcome()
	return c
}

// populated is a group of n members who all came by an external commit, so that the
// tree is full of keys. It returns the founder, who has followed all of them.
func populated(b testing.TB, id Suite, n int) *Group {
	b.Helper()
	g := create(b, person(b, id, "founder"))
	for i := 1; i < n; i++ {
		info, err := g.GroupInfo(true)
		must(b, err)
		_, message, err := JoinExternal(person(b, id, fmt.Sprint("member ", i)), info, ExternalOptions{})
		must(b, err)
		deliver(b, message, g)
	}
	return g
}

// eachSize runs a benchmark for groups of several sizes. What it sets up for one of
// them is not made when that one was not asked for.
func eachSize(b *testing.B, sizes []int, run func(b *testing.B, n int)) {
	for _, n := range sizes {
		b.Run(fmt.Sprintf("members=%d", n), func(b *testing.B) { run(b, n) })
	}
}

// loop is b.Loop with the processor time beside the wall time, which on a machine
// that others use as well says more.
func loop(b *testing.B, do func()) {
	b.Helper()
	before := cpuTime()
	for b.Loop() {
		do()
	}
	b.ReportMetric(float64(cpuTime()-before)/float64(b.N), "cpu-ns/op")
}

// commits makes empty commits and applies them, with either implementation.
func commits(b *testing.B, g *Group, p *theirs) {
	b.Run("ours", func(b *testing.B) {
		loop(b, func() {
			staged, err := g.Commit(CommitOptions{})
			must(b, err)
			must(b, g.Merge(staged))
		})
	})
	b.Run("mls-go", func(b *testing.B) {
		loop(b, func() {
			staged, err := p.group.Commit(p.key, p.key.PublicKey(), nil)
			must(b, err)
			must(b, p.group.MergeCommit(staged))
		})
	})
}

// BenchmarkCommit is an empty commit, applied by its sender, in a tree without
// parents: the worst there is, a ciphertext to every member.
func BenchmarkCommit(b *testing.B) {
	eachSize(b, []int{2, 50, 500}, func(b *testing.B, n int) {
		c := gather(b, X25519AES128, n)
		p := c.theirs
		if n == 2 {
			p = newTheirs(b, X25519AES128, "founder")
			must(b, p.create([]byte("pair"), nil))
			_, _, err := p.commit(plan{add: [][]byte{newOurs(b, X25519AES128, "guest").keyPackage()}})
			must(b, err)
		} else {
			must(b, p.join(c.welcome))
		}
		commits(b, c.host, p)
	})
}

// BenchmarkCommitPopulated is the same in a tree full of keys, as a meeting's is
// once its members have spoken: a ciphertext for each level.
func BenchmarkCommitPopulated(b *testing.B) {
	eachSize(b, []int{50, 500}, func(b *testing.B, n int) {
		g := populated(b, X25519AES128, n-1)
		p := newTheirs(b, X25519AES128, "theirs")
		info, err := g.GroupInfo(true)
		must(b, err)
		message, err := p.joinExternal(info)
		must(b, err)
		deliver(b, message, g)
		commits(b, g, p)
	})
}

// BenchmarkJoin takes the same Welcome, with the tree in it.
func BenchmarkJoin(b *testing.B) {
	eachSize(b, []int{50, 500}, func(b *testing.B, n int) {
		c := gather(b, X25519AES128, n)
		for _, a := range []actor{c.ours, c.theirs} {
			b.Run(a.kind(), func(b *testing.B) {
				loop(b, func() { must(b, a.join(c.welcome)) })
			})
		}
	})
}

var text = make([]byte, 1024)

// BenchmarkSeal seals an application message of 1 kB.
func BenchmarkSeal(b *testing.B) {
	c := gather(b, X25519AES128, 50)
	must(b, c.ours.join(c.welcome))
	must(b, c.theirs.join(c.welcome))
	for _, a := range []actor{c.ours, c.theirs} {
		b.Run(a.kind(), func(b *testing.B) {
			loop(b, func() {
				_, err := a.protect(text, nil)
				must(b, err)
			})
		})
	}
}

// BenchmarkOpen opens messages that a third member has sealed.
func BenchmarkOpen(b *testing.B) {
	for _, kind := range []string{"ours", "mls-go"} {
		b.Run(kind, func(b *testing.B) {
			c := gather(b, X25519AES128, 50)
			must(b, c.ours.join(c.welcome))
			must(b, c.theirs.join(c.welcome))
			var to actor = c.ours
			if kind == "mls-go" {
				to = c.theirs
			}
			sealed := make([][]byte, b.N)
			for i := range sealed {
				var err error
				sealed[i], err = c.host.Protect(text, nil)
				must(b, err)
			}
			b.ResetTimer()
			before := cpuTime()
			for _, m := range sealed {
				_, _, _, err := to.unprotect(m)
				must(b, err)
			}
			b.ReportMetric(float64(cpuTime()-before)/float64(b.N), "cpu-ns/op")
		})
	}
}

// BenchmarkPostQuantumCommit is an empty commit in a tree full of keys, with the
// size that goes over the wire.
func BenchmarkPostQuantumCommit(b *testing.B) {
	eachSize(b, []int{10, 100, 200}, func(b *testing.B, n int) {
		g := populated(b, PostQuantum, n)
		b.Run("ours", func(b *testing.B) {
			size := 0
			loop(b, func() {
				staged, err := g.Commit(CommitOptions{})
				must(b, err)
				size = len(staged.Message())
				must(b, g.Merge(staged))
			})
			b.ReportMetric(float64(size), "wire-B")
		})
	})
}

// BenchmarkPostQuantumFollow is what each of the others does with that commit.
func BenchmarkPostQuantumFollow(b *testing.B) {
	const n = 200
	founder := populated(b, PostQuantum, n-1)
	info, err := founder.GroupInfo(true)
	must(b, err)
	follower, message, err := JoinExternal(person(b, PostQuantum, "last"), info, ExternalOptions{})
	must(b, err)
	deliver(b, message, founder)
	staged, err := founder.Commit(CommitOptions{})
	must(b, err)
	b.Run(fmt.Sprintf("members=%d", n), func(b *testing.B) {
		loop(b, func() {
			r, err := follower.Process(staged.Message())
			must(b, err)
			follower.Discard(r.Commit)
		})
	})
}

// BenchmarkSizes reports what goes over the wire: an empty commit in a tree without
// parents and in a full one, and a group info with the tree. Its times mean nothing.
func BenchmarkSizes(b *testing.B) {
	for _, id := range []Suite{X25519AES128, PostQuantum} {
		for _, n := range []int{10, 100, 200, 1000} {
			for _, tree := range []string{"blank", "populated"} {
				b.Run(fmt.Sprintf("suite=%#06x/members=%d/%s", uint16(id), n, tree), func(b *testing.B) {
					var g *Group
					if tree == "blank" {
						g = gather(b, id, n).host
						// A commit of the host's own has filled its path only.
					} else {
						g = populated(b, id, n)
					}
					b.ResetTimer()
					var staged *Staged
					for range b.N {
						var err error
						staged, err = g.Commit(CommitOptions{})
						must(b, err)
						g.Discard(staged)
					}
					info, err := g.GroupInfo(true)
					must(b, err)
					b.ReportMetric(float64(len(staged.Message())), "commit-B")
					b.ReportMetric(float64(len(info)), "info-B")
				})
			}
		}
	}
}

// held is how much more the heap holds after make than before.
func held(make func() any) (any, float64) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&before)
	v := make()
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&after)
	return v, float64(after.HeapAlloc) - float64(before.HeapAlloc)
}

// BenchmarkMemory reports what a group of 1,000 members holds whose tree is full of
// keys, with three past epochs. Its times mean nothing.
func BenchmarkMemory(b *testing.B) {
	for _, id := range []Suite{X25519AES128, PostQuantum} {
		b.Run(fmt.Sprintf("suite=%#06x/members=1000", uint16(id)), func(b *testing.B) {
			g, bytes := held(func() any { return populated(b, id, 1000) })
			b.ReportMetric(bytes/1e6, "held-MB")
			runtime.KeepAlive(g)
		})
	}
}

// TestMemoryOfAThousandMembers measures a group that has been joined by a Welcome
// and has then seen enough commits to keep three past epochs.
func TestMemoryOfAThousandMembers(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: a thousand key packages take a while")
	}
	for id, limit := range map[Suite]float64{X25519AES128: 8e6, PostQuantum: 16e6} {
		c := gather(t, id, 1000)
		joined, bytes := held(func() any {
			must(t, c.ours.join(c.welcome))
			for range maxPast {
				staged, err := c.ours.group.Commit(CommitOptions{})
				must(t, err)
				must(t, c.ours.group.Merge(staged))
			}
			return c.ours.group
		})
		t.Logf("suite %#06x: %.2f MB with %d past epochs", uint16(id), bytes/1e6, len(joined.(*Group).past))
		if bytes > limit {
			t.Errorf("suite %#06x: a group of 1,000 holds %.2f MB, want at most %.0f", uint16(id), bytes/1e6, limit/1e6)
		}
		runtime.KeepAlive(joined)
		runtime.KeepAlive(c)
	}
}

// TestThousandJoinsAreNotQuadratic checks that a commit with a thousand Adds costs
// about as much for each of them as one with a hundred.
func TestThousandJoinsAreNotQuadratic(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: a thousand key packages take a while")
	}
	run := func(n int) float64 {
		g := create(t, person(t, X25519AES128, "host"))
		var add [][]byte
		for i := range n {
			add = append(add, keyPackage(t, person(t, X25519AES128, fmt.Sprint(i))).Message())
		}
		r := testing.Benchmark(func(b *testing.B) {
			for b.Loop() {
				staged, err := g.Commit(CommitOptions{Add: add})
				must(b, err)
				g.Discard(staged)
			}
		})
		return float64(r.NsPerOp()) / float64(n)
	}
	small, large := run(100), run(1000)
	t.Logf("per Add: %.0f µs of 100, %.0f µs of 1,000", small/1e3, large/1e3)
	if large > 6*small {
		t.Errorf("an Add costs %.0f µs among 1,000 and %.0f µs among 100", large/1e3, small/1e3)
	}
}

// TestPostQuantumCommitIsSmall holds the size that section 7 of DESIGN.md names.
func TestPostQuantumCommitIsSmall(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: two hundred external commits take a while")
	}
	g := populated(t, PostQuantum, 200)
	staged, err := g.Commit(CommitOptions{})
	must(t, err)
	if n := len(staged.Message()); n > 40_000 {
		t.Errorf("a commit at 200 members has %d bytes, want at most 40,000", n)
	}
	if _, err := framing.ParseMessage(staged.Message()); err != nil {
		t.Error(err)
	}
}
