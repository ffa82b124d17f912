package roomtest

import (
	"context"
	"errors"

	"conclave/call/room"
	"conclave/keys"
)

// ErrFault is what a Faulty store fails with.
var ErrFault = errors.New("made to fail")

// Fault says when a call fails.
type Fault uint8

const (
	// Never is the zero Fault.
	Never Fault = iota
	// Before the effect: nothing is stored.
	Before
	// After the effect: it is stored, and the caller is told otherwise.
	After
)

// Faulty is a store whose Order and Load fail on purpose. Set the faults while
// no call runs.
type Faulty struct {
	room.Store
	// FailOrder applies to the next Order, FailLoad to so many Loads.
	FailOrder Fault
	FailLoad  int
}

// Order implements room.Store.
func (f *Faulty) Order(ctx context.Context, s room.Step) error {
	fault := f.FailOrder
	f.FailOrder = Never
	switch fault {
	case Never:
		return f.Store.Order(ctx, s)
	case Before:
		return ErrFault
	case After:
		if err := f.Store.Order(ctx, s); err != nil {
			return err
		}
		return ErrFault
	}
	return ErrFault
}

// Load implements room.Store.
func (f *Faulty) Load(ctx context.Context, id keys.MeetingID) (room.Record, error) {
	if f.FailLoad > 0 {
		f.FailLoad--
		return room.Record{}, ErrFault
	}
	return f.Store.Load(ctx, id)
}
