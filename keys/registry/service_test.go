package registry_test

import (
	"testing"

	"conclave/keys/registry/registrytest"
	"conclave/keys/registry/store"
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
