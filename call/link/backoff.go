package link

import "time"

// Bounds of Backoff: the first retry is quick, since most losses are short; the
// longest wait keeps a thousand clients from drowning a service that restarts.
const (
	backoffUnit = 300 * time.Millisecond
	backoffMost = 60 * time.Second
)

// Backoff is how long to wait before try n, counted from 1: 0.3 n² seconds, at
// most 60, of which up to a quarter is taken off by jitter, a number from 0 to
// 1 (such as rand.Float64 gives).
func Backoff(n int, jitter float64) time.Duration {
	wait := backoffMost
	if n < 1 {
		n = 1
	}
	if n < 100 {
		wait = min(backoffUnit*time.Duration(n*n), backoffMost)
	}
	return wait - time.Duration(float64(wait)*min(max(jitter, 0), 1)/4)
}
