package kiosk

import (
	"fmt"
	"os"
	"path/filepath"

	"conclave/app/config"
	"conclave/app/core"
)

// knownFolder holds, below the kiosk's folder, what an enrolled room knows of
// services: their keys, their newest checkpoint, the room's own account. Nothing
// in it tells of a meeting or its people.
const knownFolder = "services"

// known is where that lies; "" for a room that is somebody else each time, and
// so must not know a service again either.
func known(at config.Place, p config.Policy, kept core.KeyPlace) string {
	if kept != core.KeyPlaceKeychain && kept != core.KeyPlaceFile {
		return ""
	}
	return filepath.Join(Folder(at, p), knownFolder)
}

// forgetKnown forgets the services with the identity that they know: another
// identity's account would look as if they had put it in the place of this one's.
func forgetKnown(folder string) error {
	if err := os.RemoveAll(filepath.Join(folder, knownFolder)); err != nil {
		return fmt.Errorf("forget services: %w", err)
	}
	return nil
}
