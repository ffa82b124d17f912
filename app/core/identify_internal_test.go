package core

import (
	"testing"
	"time"

	"conclave/keys"
)

// A passport that has ended proves nothing of its owner either, though the
// service was away when it was to be renewed.
func TestOwnPassportCountsUntilItsEnd(t *testing.T) {
	end := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	for now, want := range map[time.Time]keys.Class{
		end.Add(-time.Second): keys.ClassPhone, end: keys.ClassGuest, end.Add(time.Hour): keys.ClassGuest,
	} {
		a := &account{
			now:      func() time.Time { return now },
			standing: Standing{State: AccountReady, Class: keys.ClassPhone, Expires: end},
		}
		if got := a.class(); got != want {
			t.Errorf("%v after its end: %s, want %s", now.Sub(end), got, want)
		}
	}
}
