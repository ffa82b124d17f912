package room_test

import (
	"testing"
	"testing/synctest"
	"time"

	"conclave/call/room"
	"conclave/call/wire"
	"conclave/keys"
)

// A host signs a planned meeting's descriptor when it is planned, so that its
// link works from then on, and opens it weeks later.
func TestPlannedMeetingOpensWeeksLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, nil, room.Limits{})
		host := h.connect(0)
		for i, row := range []struct {
			age  time.Duration
			want wire.Code
		}{
			{90 * 24 * time.Hour, ""},
			{99 * 24 * time.Hour, ""},
			{101 * 24 * time.Hour, wire.CodeBadRequest},
			{-23 * time.Hour, ""},
			{-25 * time.Hour, wire.CodeBadRequest},
		} {
			d := keys.Descriptor{
				Version: keys.DescriptorVersion, Mode: keys.ModeE2EE, Suite: 1, Host: host.device.Public(),
				LobbyKey: [32]byte{9}, Created: time.Now().Add(-row.age).UTC().Truncate(time.Second), Nonce: [16]byte{byte(i + 1)},
			}
			s := host.device.SignDescriptor(d)
			host.expect(wire.Create{Ref: 1, Encoded: s.Encoded, Signature: s.Signature}, row.want)
			if row.want == "" {
				host.expect(wire.End{Ref: 2}, "")
				host = h.connect(0)
			}
		}
	})
}

// An ended meeting is not forgotten while its descriptor could open it again.
func TestEndedMeetingStaysEndedWhileItsDescriptorIsTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, nil, room.Limits{})
		host := h.connect(0)
		create, _ := descriptor(t, host.device, 1)
		host.expect(create, "")
		host.expect(wire.End{Ref: 2}, "")
		for _, wait := range []time.Duration{50 * 24 * time.Hour, 49 * 24 * time.Hour} {
			time.Sleep(wait)
			if err := h.hall.Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
			host = h.connect(0)
			host.expect(create, wire.CodeEnded)
		}
	})
}
