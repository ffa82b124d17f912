package tree

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// EachParallel calls do for 0..n-1 on all processors and returns one of the
// errors, if there was any; after an error it begins no further call. The caller's
// goroutine does its share, and each takes the next number when it is done with the
// last, so a processor that is busy elsewhere holds up nobody. Two calls do not earn
// a goroutine: to wake a processor costs about as much as one of them.
func EachParallel(n int, do func(int) error) error {
	var next atomic.Int64
	var failed atomic.Pointer[error]
	work := func() {
		for failed.Load() == nil {
			k := int(next.Add(1)) - 1
			if k >= n {
				return
			}
			if err := do(k); err != nil {
				failed.Store(&err)
			}
		}
	}
	var wait sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), n/2) - 1 {
		wait.Go(work)
	}
	work()
	wait.Wait()
	if err := failed.Load(); err != nil {
		return *err
	}
	return nil
}
