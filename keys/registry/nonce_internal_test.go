package registry

import (
	"encoding/binary"
	"errors"
	"testing"
	"time"

	"conclave/keys/registry/wire"
)

// Whoever floods the service with requests fills the memory of nonces. The
// others are told to come again then, and not that they have no account: their
// apps would put their passports away.
func TestFullMemoryOfNoncesSignsNobodyOut(t *testing.T) {
	now := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	g := &Registry{nonces: newLimiter(Rate{Burst: 1, Every: 2 * wire.Skew}, Rate{})}
	code := func(n uint64) wire.Code {
		var refused *wire.Error
		if err := g.spend(t.Context(), binary.BigEndian.AppendUint64(nil, n), now); errors.As(err, &refused) {
			return refused.Code
		} else if err != nil {
			t.Fatal(err)
		}
		return ""
	}
	for n := range uint64(maxBuckets) {
		if got := code(n); got != "" {
			t.Fatalf("nonce %d: %s", n, got)
		}
	}
	if got := code(7); got != wire.CodeUnauthorized {
		t.Errorf("a nonce for the second time: %q", got)
	}
	if got := code(maxBuckets); got != wire.CodeTooFast {
		t.Errorf("one more: %q, want %q", got, wire.CodeTooFast)
	}
	now = now.Add(2*wire.Skew + time.Second)
	if got := code(maxBuckets); got != "" {
		t.Errorf("after the flood: %q", got)
	}
}
