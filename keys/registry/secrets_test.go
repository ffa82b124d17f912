package registry_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"conclave/keys"
	"conclave/keys/registry"
	"conclave/keys/registry/registrytest"
)

func TestSecretsAreSealedAndComeBack(t *testing.T) {
	dir, now := t.TempDir(), time.Now()
	seal := filepath.Join(t.TempDir(), "elsewhere.key")
	first, err := registry.OpenSecrets(dir, seal, "conclave.test", now)
	if err != nil {
		t.Fatal(err)
	}
	again, err := registry.OpenSecrets(dir, seal, "conclave.test", now)
	if err != nil || again.LogKey() != first.LogKey() || again.PolicyKey() != first.PolicyKey() {
		t.Fatalf("second start: %v", err)
	}
	for _, path := range []string{seal, filepath.Join(dir, "secrets.sealed")} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v", filepath.Base(path), info.Mode())
		}
	}
	data, _ := os.ReadFile(filepath.Join(dir, "secrets.sealed"))
	if strings.Contains(string(data), "PRIVATE") || strings.Contains(string(data), "seed") {
		t.Error("the file shows keys")
	}
	wrong := filepath.Join(t.TempDir(), "wrong.key")
	_ = os.WriteFile(wrong, make([]byte, 32), 0o600)
	if _, err := registry.OpenSecrets(dir, wrong, "conclave.test", now); !errors.Is(err, registry.ErrSecrets) {
		t.Errorf("wrong seal key: %v", err)
	}
	if _, err := registry.OpenSecrets(dir, filepath.Join(dir, "missing"), "conclave.test", now); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing seal key: %v", err)
	}
	data[len(data)-1] ^= 1
	_ = os.WriteFile(filepath.Join(dir, "secrets.sealed"), data, 0o600)
	if _, err := registry.OpenSecrets(dir, seal, "conclave.test", now); !errors.Is(err, registry.ErrSecrets) {
		t.Errorf("damaged file: %v", err)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x"} {
		if s := fmt.Sprintf(verb, first); s != "[hidden]" {
			t.Errorf("%s shows %s", verb, s)
		}
		if s := fmt.Sprintf(verb, struct{ s registry.Secrets }{first}); strings.Contains(s, "PRIVATE") {
			t.Errorf("%s shows keys inside of another struct", verb)
		}
	}
}

func TestRotatedAuthorityIsAcceptedByOldClients(t *testing.T) {
	dir, now := t.TempDir(), time.Now()
	secrets, err := registry.OpenSecrets(dir, "", "conclave.test", now)
	if err != nil {
		t.Fatal(err)
	}
	old := rootsOf(t, secrets)
	log := newMemoryLedger()
	s := registrytest.NewService(t, func(c *registry.Config) { c.Secrets, c.Ledger = secrets, log })
	ana := s.SignedIn(t, "ana@home.example", "Ana")
	before, err := ana.Passport(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := secrets.Rotate(dir, "", "conclave.test", nil, now); err != nil {
			t.Fatal(err)
		}
	}
	if secrets, err = registry.OpenSecrets(dir, "", "conclave.test", now); err != nil || len(secrets.Authorities()) != 3 {
		t.Fatalf("after rotating: %v", err)
	}
	after, err := ana.Passport(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	fresh := rootsOf(t, secrets)
	client := log.client(t)
	for name, row := range map[string]struct {
		roots keys.Roots
		b     keys.PassportBundle
	}{
		"old client, old passport": {old, before}, "old client, new passport": {old, after},
		"new client, old passport": {fresh, before}, "new client, new passport": {fresh, after},
	} {
		if _, err := client.Check(t.Context(), row.roots, row.b, ana.Device.Public(), time.Now()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestManyRotationsKeepTheLastClients rotates more often than chains are long:
// who knew the authority before, or the one before that, goes on.
func TestManyRotationsKeepTheLastClients(t *testing.T) {
	dir, now := t.TempDir(), time.Now()
	secrets, err := registry.OpenSecrets(dir, "", "conclave.test", now)
	if err != nil {
		t.Fatal(err)
	}
	log := newMemoryLedger()
	s := registrytest.NewService(t, func(c *registry.Config) { c.Secrets, c.Ledger = secrets, log })
	ana := s.SignedIn(t, "ana@home.example", "Ana")
	known := []keys.Roots{rootsOf(t, secrets), rootsOf(t, secrets)}
	for i := range 6 {
		if err := secrets.Rotate(dir, "", "conclave.test", nil, now); err != nil {
			t.Fatal(err)
		}
		b, err := ana.Passport(t.Context()) // the running service signs with the new one at once
		if err != nil {
			t.Fatal(err)
		}
		client := log.client(t)
		for age, roots := range append([]keys.Roots{rootsOf(t, secrets)}, known...) {
			if _, err := client.Check(t.Context(), roots, b, ana.Device.Public(), time.Now()); err != nil {
				t.Errorf("rotation %d, roots %d rotations old: %v", i+1, age, err)
			}
		}
		known = []keys.Roots{rootsOf(t, secrets), known[0]}
	}
}
