package group

import (
	"fmt"
	"testing"

	"conclave/keys"
)

// crowd returns a meeting of n members, of whom each has committed once, as in a
// meeting that has run for a while.
func crowd(b *testing.B, suite uint16, n int) *room {
	b.Helper()
	r := openRoomWith(b, suite)
	names := make([]string, n-1)
	for i := range names {
		names[i] = fmt.Sprint("guest ", i)
	}
	r.admit(names...)
	for _, p := range r.present {
		staged, err := p.Commit(nil, nil)
		if err != nil {
			b.Fatal(err)
		}
		r.deliver(staged.Commit)
	}
	return r
}

// BenchmarkCommitRemove is the host's commit that removes one member, from the
// click to the message and the new epoch's secrets. It is discarded each time, so the group
// stays as it was.
func BenchmarkCommitRemove(b *testing.B) {
	for name, suite := range map[string]uint16{"classic": SuiteClassic, "postquantum": SuitePostQuantum} {
		for _, n := range []int{2, 10, 50} {
			b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
				r := crowd(b, suite, n)
				gone := []keys.PublicKey{r.present[n-1].device.Public()}
				var size int
				b.ReportAllocs()
				for b.Loop() {
					staged, err := r.host.Commit(nil, gone)
					if err != nil {
						b.Fatal(err)
					}
					size = len(staged.Commit)
					r.host.Discard()
				}
				b.ReportMetric(float64(size), "B/commit")
			})
		}
	}
}

// BenchmarkHandleCommit is what a member does with a commit: from the message to the
// new epoch's frame keys.
func BenchmarkHandleCommit(b *testing.B) {
	for name, suite := range map[string]uint16{"classic": SuiteClassic, "postquantum": SuitePostQuantum} {
		for _, n := range []int{2, 10, 50} {
			b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
				r := crowd(b, suite, n)
				receiver := r.present[1]
				for b.Loop() {
					b.StopTimer()
					staged, err := r.host.Commit(nil, nil)
					if err != nil {
						b.Fatal(err)
					}
					if _, err := r.host.Handle(staged.Commit); err != nil {
						b.Fatal(err)
					}
					b.StartTimer()
					if _, err := receiver.Handle(staged.Commit); err != nil {
						b.Fatal(err)
					}
					if _, err := receiver.FrameKeys(); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// BenchmarkJoin is a joiner's work with a Welcome into a meeting of n.
func BenchmarkJoin(b *testing.B) {
	for name, suite := range map[string]uint16{"classic": SuiteClassic, "postquantum": SuitePostQuantum} {
		for _, n := range []int{2, 10, 50} {
			b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
				r := crowd(b, suite, n)
				_, j := r.prepare("joiner")
				staged, err := r.host.Commit([][]byte{j.KeyPackage()}, nil)
				if err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(len(staged.Welcome)), "B/welcome")
				inner, err := j.meeting.openWelcome(staged.Welcome)
				if err != nil {
					b.Fatal(err)
				}
				for b.Loop() {
					e, _, err := j.joiner.join(inner)
					if err != nil {
						b.Fatal(err)
					}
					e.close()
				}
			})
		}
	}
}
