package registry_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"conclave/keys"
	"conclave/keys/registry"
	"conclave/keys/registry/channel"
	"conclave/keys/registry/registrytest"
	"conclave/keys/registry/store"
	"conclave/keys/tlog"
)

// TestFaultsBeforeAndAfterEachStepLeaveNoHalfTruth makes each writing step of
// each operation fail, before and after its effect, restarts, and checks that
// what was acknowledged holds, and that nothing was half done for good.
func TestFaultsBeforeAndAfterEachStepLeaveNoHalfTruth(t *testing.T) {
	operations := map[string]func(*faultWorld) error{
		"sign in": func(w *faultWorld) error { return w.signIn(w.second, "ana@home.example") },
		"phone":   func(w *faultWorld) error { return w.phone() },
		"issue": func(w *faultWorld) error {
			b, err := w.registry.Issue(w.t.Context(), w.by)
			if err == nil {
				w.good = append(w.good, b)
			}
			return err
		},
		"revoke": func(w *faultWorld) error {
			err := w.registry.Revoke(w.t.Context(), w.by, w.other.Device)
			if err == nil {
				w.revoked = true
			}
			return err
		},
		"delete": func(w *faultWorld) error {
			err := w.registry.Delete(w.t.Context(), w.by)
			if err == nil {
				w.deleted = true
			}
			return err
		},
		"disclose": func(w *faultWorld) error {
			_, err := w.registry.Disclose(w.t.Context(), "emergency", "account", []string{"ana@home.example"})
			return err
		},
	}
	for name, operation := range operations {
		t.Run(name, func(t *testing.T) {
			w := newFaultWorld(t)
			w.faults.Arm(0, registrytest.FaultNone)
			if err := operation(w); err != nil {
				t.Fatal(err)
			}
			steps := w.faults.Disarm()
			if steps == 0 {
				t.Fatal("it writes nothing")
			}
			for step := 1; step <= steps; step++ {
				for _, fault := range []registrytest.Fault{registrytest.FaultBefore, registrytest.FaultAfter} {
					t.Run(fmt.Sprintf("step %d of %d, fault %d", step, steps, fault), func(t *testing.T) {
						w := newFaultWorld(t)
						w.faults.Arm(step, fault)
						err := operation(w)
						w.faults.Disarm()
						if !errors.Is(err, registrytest.ErrFault) {
							t.Fatalf("the fault was hidden: %v", err)
						}
						w.restart()
						w.check()
						if err := operation(w); err != nil && name != "delete" {
							t.Errorf("again: %v", err)
						}
						w.check()
					})
				}
			}
		})
	}
}

// faultWorld is a registry in memory, with an account that has two devices.
type faultWorld struct {
	t                 *testing.T
	faults            *registrytest.Faults
	store             store.Store
	log               *memoryLedger
	secrets           registry.Secrets
	outbox            *channel.Outbox
	registry          *registry.Registry
	by, other, second registry.Caller
	good              []keys.PassportBundle // acknowledged, of by
	others            keys.PassportBundle   // of other
	revoked, deleted  bool
}

func newFaultWorld(t *testing.T) *faultWorld {
	t.Helper()
	caller := func(i byte) registry.Caller {
		return registry.Caller{Device: keys.DeviceKeyFromSeed([32]byte{i}).Public(), Network: "n"}
	}
	w := &faultWorld{t: t, faults: &registrytest.Faults{}, store: store.NewMemory(), log: newMemoryLedger(), by: caller(1), other: caller(2), second: caller(3)}
	var err error
	if w.secrets, err = registry.NewSecrets("conclave.test", time.Now()); err != nil {
		t.Fatal(err)
	}
	if w.outbox, err = channel.NewOutbox(filepath.Join(t.TempDir(), "outbox")); err != nil {
		t.Fatal(err)
	}
	w.restart()
	for _, by := range []registry.Caller{w.by, w.other} {
		if err := w.signIn(by, "ana@home.example"); err != nil {
			t.Fatal(err)
		}
	}
	if w.others, err = w.registry.Issue(t.Context(), w.other); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *faultWorld) restart() {
	w.t.Helper()
	var err error
	w.registry, err = registry.New(registry.Config{
		Store: w.faults.Store(w.store), Ledger: w.faults.Ledger(w.log), Secrets: w.secrets, Name: "test",
		Mail: w.outbox, Text: w.outbox, Outbox: w.outbox, Policy: defaultPolicy(w.t), Limits: registrytest.Generous(),
	})
	if err != nil {
		w.t.Fatal(err)
	}
	if err := w.registry.Start(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

func (w *faultWorld) signIn(by registry.Caller, address string) error {
	started, err := w.registry.StartSignIn(w.t.Context(), by, address)
	if err != nil {
		return err
	}
	code, err := w.registry.OutboxCode(w.t.Context(), by, started.Attempt)
	if err != nil {
		return err
	}
	_, err = w.registry.FinishSignIn(w.t.Context(), by, started.Attempt, code, "Ana")
	return err
}

func (w *faultWorld) phone() error {
	started, err := w.registry.StartPhone(w.t.Context(), w.by, "+491701234567")
	if err != nil {
		return err
	}
	code, err := w.registry.OutboxCode(w.t.Context(), w.by, started.Attempt)
	if err != nil {
		return err
	}
	_, err = w.registry.FinishPhone(w.t.Context(), w.by, started.Attempt, code)
	return err
}

// check holds the records and the log against each other and against what was
// acknowledged.
func (w *faultWorld) check() {
	w.t.Helper()
	client, roots := w.log.client(w.t), rootsOf(w.t, w.secrets)
	for _, b := range w.good {
		if _, err := client.Check(w.t.Context(), roots, b, w.by.Device, time.Now()); err != nil && !w.deleted {
			w.t.Errorf("an acknowledged passport: %v", err)
		}
	}
	_, othersErr := client.Check(w.t.Context(), roots, w.others, w.other.Device, time.Now())
	_, accountErr := w.registry.Account(w.t.Context(), w.other)
	if (w.revoked || w.deleted) && !errors.Is(othersErr, tlog.ErrRevoked) {
		w.t.Errorf("acknowledged revocation: %v", othersErr)
	}
	if (accountErr != nil) != (othersErr != nil) {
		w.t.Errorf("the device says %v, its passport %v", accountErr, othersErr)
	}
	_, mine := w.registry.Account(w.t.Context(), w.by)
	if w.deleted && mine == nil {
		w.t.Error("an account that was deleted lives")
	}
	err := w.store.Read(w.t.Context(), func(tx store.Tx) error {
		accounts, _ := tx.List("account", "*")
		for _, kind := range []store.Kind{"address", "device", "verification", "passport", "proof"} {
			records, err := tx.List(kind, "*")
			if err != nil {
				return err
			}
			for _, r := range records {
				if len(accounts) == 0 || r.Owner != accounts[0].Owner {
					w.t.Errorf("a record of kind %s belongs to nobody", kind)
				}
			}
		}
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
}
