package registry_test

import (
	"errors"
	"testing"
	"time"

	"conclave/keys"
	"conclave/keys/registry/registrytest"
	"conclave/keys/tlog"
)

// Who lost a seat is not shown as the organisation's for the rest of the day.
func TestWithdrawnSeatTakesThePassportsBack(t *testing.T) {
	s := registrytest.NewService(t, nil)
	ctx := t.Context()
	ana, bob := s.SignedIn(t, "ana@work.example", "Ana"), s.SignedIn(t, "bob@work.example", "Bob")
	before, err := ana.Passport(ctx) // from her address, and not from the seat
	if err != nil {
		t.Fatal(err)
	}
	for _, seat := range []string{"ana@work.example", "bob@work.example"} {
		if err := s.Registry.AssignSeat(ctx, seat, "work.example", time.Time{}, "operator"); err != nil {
			t.Fatal(err)
		}
	}
	bundles := map[string]keys.PassportBundle{}
	for name, p := range map[string]registrytest.Person{"ana": ana, "bob": bob} {
		if _, err := p.ClaimSeat(ctx); err != nil {
			t.Fatal(err)
		}
		if bundles[name], err = p.Passport(ctx); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Registry.WithdrawSeat(ctx, "ana@work.example"); err != nil {
		t.Fatal(err)
	}
	e := look(t, bob, keys.AccountID{})
	for name, row := range map[string]struct {
		bundle keys.PassportBundle
		device keys.DeviceKey
		want   error
	}{
		"of the seat":       {bundles["ana"], ana.Device, tlog.ErrRevoked},
		"of the address":    {before, ana.Device, nil},
		"of another's seat": {bundles["bob"], bob.Device, nil},
	} {
		if _, err := e.log.Check(ctx, e.roots, row.bundle, row.device.Public(), time.Now()); !errors.Is(err, row.want) {
			t.Errorf("%s: %v, want %v", name, err, row.want)
		}
	}
	if b, err := ana.Passport(ctx); err != nil {
		t.Error(err)
	} else if p, err := keys.ParsePassport(b.Chain[0]); err != nil || p.Class != keys.ClassEmail {
		t.Errorf("a new one: %v", err)
	}
}
