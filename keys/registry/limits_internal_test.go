package registry

import (
	"errors"
	"strconv"
	"testing"
	"time"
)

// Looking for keys that may go takes a while in a full limiter: a flood of new
// ones makes it do so once a second, not each time.
func TestFullLimiterIsSweptOnceASecond(t *testing.T) {
	now := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	l := newLimiter(Rate{Burst: 1, Every: 100 * time.Millisecond}, Rate{})
	for n := range maxBuckets {
		if err := l.take(strconv.Itoa(n), now); err != nil {
			t.Fatal(err)
		}
	}
	for after, want := range []error{errFull, errFull, nil} {
		at := now.Add(time.Duration(after) * 500 * time.Millisecond)
		if err := l.take("another", at); !errors.Is(err, want) {
			t.Errorf("after %v: %v, want %v", at.Sub(now), err, want)
		}
	}
	if len(l.buckets) != 1 {
		t.Errorf("%d keys are left", len(l.buckets))
	}
}
