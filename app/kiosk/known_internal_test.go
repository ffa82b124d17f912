package kiosk

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"conclave/app/config"
	"conclave/app/core"
)

// An enrolled room knows its services again at the next meeting, or each would
// be a first contact; one that is fresh each time keeps nothing of them.
func TestOnlyAnEnrolledRoomKnowsItsServicesAgain(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "managed.json"), []byte(policyText("")), 0o600); err != nil {
		t.Fatal(err)
	}
	place := config.PlaceIn(dir)
	for kept, want := range map[core.KeyPlace]string{
		core.KeyPlaceFile: filepath.Join(place.Folder, "services"), core.KeyPlaceKeychain: filepath.Join(place.Folder, "services"),
		core.KeyPlaceMemory: "", core.KeyPlaceUnknown: "",
	} {
		var in bytes.Buffer
		if err := give(&in, make([]byte, seedSize), orders{Resume: -1, Keys: kept}); err != nil {
			t.Fatal(err)
		}
		asked, got := false, ""
		s, err := OpenScreen(ScreenConfig{Place: place, In: &in, Out: io.Discard, Core: func(c core.Config, known string) (core.Config, error) {
			asked, got = true, known
			return c, errors.New("no devices here")
		}})
		if err != nil {
			t.Fatal(err)
		}
		<-s.Done()
		s.Close()
		if !asked || got != want {
			t.Errorf("keys at %d: services known in %q", kept, got)
		}
	}
}

// Whoever forgets a room forgets its services too: the next room there has
// another account, which must not look like a lie of theirs.
func TestAForgottenRoomsServicesAreForgotten(t *testing.T) {
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent")
	folder := t.TempDir()
	e := Enrolment{Folder: folder, Name: "Room"}
	if _, err := e.Make(); err != nil {
		t.Fatal(err)
	}
	left := filepath.Join(folder, knownFolder, "0a", "service.json")
	if err := errors.Join(os.MkdirAll(filepath.Dir(left), 0o700), os.WriteFile(left, []byte("{}"), 0o600)); err != nil {
		t.Fatal(err)
	}
	if err := e.Forget(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(left); err == nil {
		t.Error("what the room knew of services is still there")
	}
}
