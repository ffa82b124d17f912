package tree

import (
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
)

// TestEachParallelCallsEachOnce leaves out no number and calls none twice.
func TestEachParallelCallsEachOnce(t *testing.T) {
	for _, n := range []int{0, 1, 2, 3, 4, 7, 1000} {
		calls := make([]atomic.Int32, n)
		err := EachParallel(n, func(k int) error {
			calls[k].Add(1)
			return nil
		})
		if err != nil {
			t.Errorf("%d calls: %v", n, err)
		}
		for k := range calls {
			if c := calls[k].Load(); c != 1 {
				t.Errorf("%d calls: number %d was called %d times", n, k, c)
			}
		}
	}
}

// TestEachParallelReturnsTheError wherever in the row it is.
func TestEachParallelReturnsTheError(t *testing.T) {
	broken := errors.New("broken")
	for _, n := range []int{1, 2, 9} {
		for bad := range n {
			err := EachParallel(n, func(k int) error {
				if k == bad {
					return fmt.Errorf("call %d: %w", k, broken)
				}
				return nil
			})
			if !errors.Is(err, broken) {
				t.Errorf("%d calls, number %d fails: got %v", n, bad, err)
			}
		}
	}
}

// TestEachParallelStopsAfterAnError does not go through a long row in vain.
func TestEachParallelStopsAfterAnError(t *testing.T) {
	const n = 1 << 20
	var calls atomic.Int64
	_ = EachParallel(n, func(int) error {
		calls.Add(1)
		return errors.New("broken")
	})
	if c := calls.Load(); c == n {
		t.Errorf("all %d calls were made after an error", c)
	}
}
