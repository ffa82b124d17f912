package registry

import (
	"sync"
	"time"

	"conclave/keys/registry/wire"
)

// Rate allows Burst events at once and one more every Every.
type Rate struct {
	Burst int
	Every time.Duration
}

// Limits bound what one person, address or network can ask for. Zero rates are
// replaced by the defaults.
type Limits struct {
	CodesPerDevice  Rate // codes that one device asks for
	CodesPerAddress Rate // codes that go to one address or number
	CodesPerNetwork Rate // codes that one network (IPv4 /24, IPv6 /64) asks for
	TriesPerNetwork Rate // codes, tokens and vouchers that one network tries
	Requests        Rate // requests of one network, of any kind
	Passports       Rate // passports of one device
}

// DefaultLimits fit a service of some thousand people; a whole school behind
// one address needs higher ones for its network.
func DefaultLimits() Limits {
	return Limits{
		CodesPerDevice:  Rate{5, 5 * time.Minute},
		CodesPerAddress: Rate{5, 10 * time.Minute},
		CodesPerNetwork: Rate{40, 15 * time.Second},
		TriesPerNetwork: Rate{60, 5 * time.Second},
		Requests:        Rate{200, 50 * time.Millisecond},
		Passports:       Rate{20, 10 * time.Minute},
	}
}

// Widen returns the limits with those of networks raised by a factor: for many
// people behind one address.
func (l Limits) Widen(factor int) Limits {
	for _, r := range []*Rate{&l.CodesPerNetwork, &l.TriesPerNetwork, &l.Requests} {
		r.Burst *= factor
		r.Every /= time.Duration(factor)
	}
	return l
}

// maxBuckets bounds the memory of a limiter. When it is full, buckets that have
// filled up again go; when none has, new keys are refused.
const maxBuckets = 100_000

// sweepEvery is how often a full limiter looks for buckets that may go: it looks at
// all of them, which a flood of new keys must not make it do for each.
const sweepEvery = time.Second

// errFull is what a full limiter says of every new key.
var errFull error = &wire.Error{Code: wire.CodeTooFast, RetryAfter: 60}

// limiter is a token bucket a key. It forgets on restart.
type limiter struct {
	rate    Rate
	mutex   sync.Mutex
	buckets map[string]time.Time // when the bucket will be full again
	swept   time.Time            // when forget looked last
}

func newLimiter(chosen, standard Rate) *limiter {
	if chosen.Burst == 0 || chosen.Every == 0 {
		chosen = standard
	}
	return &limiter{rate: chosen, buckets: map[string]time.Time{}}
}

// take counts one event of key, or returns too-fast with the time to wait.
func (l *limiter) take(key string, now time.Time) error {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	full := l.buckets[key]
	if full.Before(now) {
		full = now
	}
	full = full.Add(l.rate.Every)
	if wait := full.Sub(now) - time.Duration(l.rate.Burst)*l.rate.Every; wait > 0 {
		return &wire.Error{Code: wire.CodeTooFast, RetryAfter: int(wait/time.Second) + 1}
	}
	if _, known := l.buckets[key]; !known && len(l.buckets) >= maxBuckets && !l.forget(now) {
		return errFull
	}
	l.buckets[key] = full
	return nil
}

func (l *limiter) forget(now time.Time) bool {
	if now.Sub(l.swept) < sweepEvery {
		return false
	}
	l.swept = now
	before := len(l.buckets)
	for key, full := range l.buckets {
		if full.Before(now) {
			delete(l.buckets, key)
		}
	}
	return len(l.buckets) < before
}
