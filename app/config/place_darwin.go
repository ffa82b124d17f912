package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
)

// managedPreferences is where a profile of an MDM service is laid for the whole
// machine.
const managedPreferences = "/Library/Managed Preferences/org.conclave.app.plist"

// machinePlace is a file of the administrator's, or managed preferences. Not run
// here: no Mac was at hand.
func machinePlace() Place {
	const dir = "/Library/Application Support/Conclave/"
	return Place{File: dir + "managed.json", Key: dir + "managed.key", Folder: dir + "kiosk", Other: preferences}
}

// preferences turns the property list into JSON by the system's own program,
// which also reads the binary form.
func preferences() (from string, text []byte, found bool, err error) {
	if _, err := os.Stat(managedPreferences); errors.Is(err, fs.ErrNotExist) {
		return managedPreferences, nil, false, nil
	}
	text, err = exec.Command("/usr/bin/plutil", "-convert", "json", "-o", "-", managedPreferences).Output()
	if err != nil {
		return managedPreferences, nil, false, fmt.Errorf("plutil: %w", err)
	}
	return managedPreferences, text, true, nil
}
