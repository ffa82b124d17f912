package registrytest

import (
	"context"
	"errors"
	"sync"

	"conclave/keys"
	"conclave/keys/registry"
	"conclave/keys/registry/store"
	"conclave/keys/tlog"
)

// ErrFault is what faults return.
var ErrFault = errors.New("fault on purpose")

// Fault is when a step fails.
type Fault uint8

// The faults.
const (
	FaultNone   Fault = iota
	FaultBefore       // the step fails and nothing was done
	FaultAfter        // the step fails although it was done
)

// Faults counts the writing steps of a store and a ledger, and makes one fail.
type Faults struct {
	mutex sync.Mutex
	step  int
	at    int
	fault Fault
}

// Arm makes the step at (from 1) fail from now.
func (f *Faults) Arm(at int, fault Fault) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	f.step, f.at, f.fault = 0, at, fault
}

// Disarm ends faults and returns how many steps there were since Arm.
func (f *Faults) Disarm() int {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	f.fault = FaultNone
	return f.step
}

func (f *Faults) run(step func() error) error {
	f.mutex.Lock()
	f.step++
	fault := FaultNone
	if f.step == f.at {
		fault = f.fault
	}
	f.mutex.Unlock()
	if fault == FaultBefore {
		return ErrFault
	}
	if err := step(); err != nil {
		return err
	}
	if fault == FaultAfter {
		return ErrFault
	}
	return nil
}

// Store returns a store whose writing transactions fail as armed.
func (f *Faults) Store(s store.Store) store.Store { return faultyStore{s, f} }

type faultyStore struct {
	store.Store
	faults *Faults
}

// Write implements store.Store.
func (s faultyStore) Write(ctx context.Context, f func(store.Tx) error) error {
	return s.faults.run(func() error { return s.Store.Write(ctx, f) })
}

// Ledger returns a ledger whose appends fail as armed.
func (f *Faults) Ledger(l registry.Ledger) registry.Ledger { return faultyLedger{l, f} }

type faultyLedger struct {
	registry.Ledger
	faults *Faults
}

// Append implements registry.Ledger.
func (l faultyLedger) Append(ctx context.Context, e tlog.Entry) (r keys.LogReceipt, err error) {
	err = l.faults.run(func() error {
		var err error
		r, err = l.Ledger.Append(ctx, e)
		return err
	})
	return r, err
}
