package core

import (
	"time"

	"conclave/keys"
)

// Acquaintance is somebody met before, as this device remembers them. The list
// is sealed on disk with a key from the vault, and is never sent.
type Acquaintance struct {
	Key          keys.PublicKey
	Name         string
	Fingerprint  string
	SafetyNumber string
	Verification Verification
	Issuer       string
	Compared     bool // their key was in a line-up whose code was found to match
	Met          time.Time
}

// ForgetPerson forgets somebody met before; the zero key forgets everybody.
type ForgetPerson struct{ Person keys.PublicKey }

func (ForgetPerson) intent() {}
