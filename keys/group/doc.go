// Package group is the group of one meeting: who is in it, in which epoch, and the
// secrets that they share. It puts the meeting's rules on top of MLS (RFC 9420).
//
// It is not MLS itself (that lies behind one file, see engine.go), it does not
// send or receive, and it decides nothing: the caller, on behalf of a person,
// decides who is admitted and removed, and the service orders messages.
//
// # The rules
//
// The group's identifier is the meeting's, which is the hash of the signed
// descriptor, so that mode, host and suite are part of every key. The device key
// is the MLS signature key. The credential is the device's passport (x509, one
// certificate), or the bare key (basic) for guests; a member may exchange it in a
// commit for another of the same device. Here a passport is read, and must be of
// the key that signs; whether it is to be believed (chain, dates, revocation, log)
// the caller finds out, and asks Passport for what is in the leaf.
//
// Only the host adds, and only with a signed admission for that device and that
// key package. The host removes; anybody else removes only whom the caller has
// reported as Departed. Nobody joins from outside, nobody proposes, nothing else
// about the group changes. All members check all of it, and the same check is made
// before this device commits.
//
// A commit is staged and takes effect when the service has ordered it and Handle
// sees it again: the first commit of an epoch wins.
//
// # Trust zone
//
// Device only. Messages come from the service and are not trusted: what Handle
// refuses has changed nothing. Secrets live in memory only, and Close wipes what Go
// lets it wipe.
//
// A Group, and a Joining, belong to one goroutine at a time.
package group
