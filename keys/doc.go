// Package keys holds what a Conclave device signs and what people compare:
// the device key, the signed meeting descriptor and its identifier, the sealed
// knock at the lobby, display names, admissions, security codes and links.
//
// It is not the meeting's key agreement (that is keys/group over MLS), not the
// storage of secrets (keys/vault) and not the sealing of media (call/frame).
// It does no input or output, starts no goroutine, reads the clock nowhere, and
// imports the standard library only.
//
// # Trust zone
//
// Secrets of this package (DeviceKey, LobbyKey, Knock) belong to the device and
// never leave it, except a Knock, which leaves sealed to the host's lobby key.
// Everything else here is public to the service: it may hold descriptors,
// public keys and sealed knocks, and can forge none of them.
//
// # What may change
//
// Every signature and hash carries the label "Conclave 1 ", so that a later
// version can never be confused with this one. The encoding of a Descriptor, the
// identifier made from it, the security code and the safety number are pinned by
// golden vectors in the tests: they do not change within version 1.
//
// # Formatting
//
// Types that hold a secret print "[hidden]" with every verb of package fmt, in
// JSON and in log/slog; the private keys among them (DeviceKey, LobbyKey) also as
// an unexported field of another struct, which package fmt reads past all methods.
//
// All functions are safe for concurrent use; values are immutable.
package keys
