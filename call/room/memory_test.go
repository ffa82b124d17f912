package room_test

import (
	"testing"

	"conclave/call/room"
	"conclave/call/room/roomtest"
)

func TestMemoryContract(t *testing.T) {
	roomtest.Contract(t, func(*testing.T) room.Store { return room.NewMemory() })
}
