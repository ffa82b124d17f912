// Package account is this device's standing with one service: it signs in and
// upgrades, keeps a passport fresh, and watches the service's log.
//
// What the service says is believed only as far as it is proved. The keys of
// its log and its policy, and its authorities, are remembered from the first
// use (Dir); another one later is refused. The log is read on every round and
// must continue what was seen; a policy counts only when it is signed, not older
// than the one known, and in the log; a passport, one's own as well as anybody
// else's, only when it stands every check of keys/tlog. Passports in the
// owner's name that the owner did not ask for are told.
//
// It is not the course of an upgrade (app/core/upgrade, which it drives), and
// draws nothing: it implements core.Identity and reports to the core.
//
// Trust zone: device. It holds the device key to sign requests. What lies in
// Dir is no secret, but says which services are used and under which account.
package account
