package registry_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"conclave/keys/policy"
	"conclave/keys/registry"
	"conclave/keys/registry/registrytest"
)

// A meeting can be planned three months ahead (app/core), and whoever joins it
// then reads the terms that were left when it was planned.
func TestTermsOutlastThePlan(t *testing.T) {
	var later atomic.Int64
	s := registrytest.NewService(t, func(cfg *registry.Config) {
		cfg.Now = func() time.Time { return time.Now().Add(time.Duration(later.Load())) }
	})
	ana := s.SignedIn(t, "ana@home.example", "Ana")
	terms := policy.Terms{Policy: defaultPolicy(t).Hash()}
	if err := ana.StoreTerms(t.Context(), terms.Encode()); err != nil {
		t.Fatal(err)
	}
	later.Store(int64(92 * 24 * time.Hour))
	if err := s.Registry.Start(t.Context()); err != nil { // once a day: what is over goes
		t.Fatal(err)
	}
	if text, err := s.Registry.Terms(t.Context(), fmt.Sprintf("%x", terms.Hash())); err != nil || string(text) != string(terms.Encode()) {
		t.Errorf("got %q, %v", text, err)
	}
}
