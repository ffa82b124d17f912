package registry_test

import (
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"conclave/keys/policy"
	"conclave/keys/registry"
	"conclave/keys/registry/registrytest"
	"conclave/keys/registry/wire"
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

// An account leaves so many terms and no more; those that somebody left before
// cost nobody anything, and outlast the account without its name on them.
func TestTermsOfAnAccountAreBounded(t *testing.T) {
	s := registrytest.NewService(t, nil)
	ana, bob := s.SignedIn(t, "ana@home.example", "Ana"), s.SignedIn(t, "bob@home.example", "Bob")
	of := func(n int) policy.Terms {
		return policy.Terms{Policy: defaultPolicy(t).Hash(), Demand: policy.Demand{Organisation: fmt.Sprintf("n%d.example", n)}}
	}
	terms := func(n int) []byte { return of(n).Encode() }
	for n := range 1000 {
		if err := ana.StoreTerms(t.Context(), terms(n)); err != nil {
			t.Fatalf("terms %d: %v", n, err)
		}
	}
	var refused *wire.Error
	if err := ana.StoreTerms(t.Context(), terms(1000)); !errors.As(err, &refused) || refused.Code != wire.CodeTooFast {
		t.Errorf("one more: %v", err)
	}
	if err := ana.StoreTerms(t.Context(), terms(7)); err != nil {
		t.Errorf("some that are there: %v", err)
	}
	for _, n := range []int{7, 1000} {
		if err := bob.StoreTerms(t.Context(), terms(n)); err != nil {
			t.Errorf("another account, terms %d: %v", n, err)
		}
	}
	if err := ana.Delete(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Registry.Terms(t.Context(), fmt.Sprintf("%x", of(7).Hash())); err != nil {
		t.Errorf("after the account: %v", err)
	}
}
