// Package core is the client: it turns a person's intents into work and
// publishes what there is to see as whole, immutable snapshots.
//
// One goroutine owns the state. The package draws nothing, opens no socket, no
// device and no keychain itself: those come in through Config. Trust zone:
// device; it handles plaintext and key material, and its snapshots hold no
// secret.
package core
