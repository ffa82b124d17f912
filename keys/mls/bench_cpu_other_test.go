//go:build !unix

package mls

import "time"

// cpuTime is not known here; benchmarks then report wall time only.
func cpuTime() time.Duration { return 0 }
