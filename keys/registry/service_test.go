package registry_test

import (
	"context"
	"testing"

	"conclave/keys"
	"conclave/keys/policy"
	"conclave/keys/registry"
	"conclave/keys/registry/registrytest"
	"conclave/keys/registry/store"
	"conclave/keys/registry/voucher"
	"conclave/keys/tlog"
	"conclave/keys/tlog/tlogtest"
)

func count(t *testing.T, s *registrytest.Service, kind string) int {
	t.Helper()
	n := 0
	err := s.Store.Read(t.Context(), func(tx store.Tx) error {
		all, err := tx.List(store.Kind(kind), "*")
		n = len(all)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func newVoucher(t *testing.T, s *registrytest.Service) (message, signature []byte) {
	t.Helper()
	r, err := voucher.NewRequest(s.Public)
	if err != nil {
		t.Fatal(err)
	}
	blind, err := s.Partner.Sign(r.Blinded())
	if err != nil {
		t.Fatal(err)
	}
	v, err := r.Finish(blind)
	if err != nil {
		t.Fatal(err)
	}
	return v.Message, v.Signature
}

// memoryLedger is a ledger over the log in memory.
type memoryLedger struct{ log *tlogtest.Log }

func newMemoryLedger() *memoryLedger { return &memoryLedger{tlogtest.New("log.test")} }

// Append implements registry.Ledger.
func (l *memoryLedger) Append(_ context.Context, e tlog.Entry) (keys.LogReceipt, error) {
	return l.log.Receipt(l.log.Append(e.Encode())), nil
}

// client is a fresh view of the log.
func (l *memoryLedger) client(t *testing.T) *tlog.Client {
	t.Helper()
	c, err := tlog.Open(tlog.Config{Key: l.log.Key(), Reader: l.log, Memory: &tlogtest.Memory{}})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Update(t.Context()); err != nil {
		t.Fatal(err)
	}
	return c
}

func rootsOf(t *testing.T, s registry.Secrets) keys.Roots {
	t.Helper()
	roots, err := keys.NewRoots(s.Authorities()...)
	if err != nil {
		t.Fatal(err)
	}
	return roots
}

func defaultPolicy(t *testing.T) *policy.Policy {
	t.Helper()
	p, err := policy.Preset(policy.DefaultPreset)
	if err != nil {
		t.Fatal(err)
	}
	return p
}
