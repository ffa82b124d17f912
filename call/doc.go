// Package call is the meeting as a pure machine: Step takes a State and an
// Event and returns the next State and the Effects to carry out.
//
// It holds no key, opens no socket, starts no goroutine and reads no clock;
// call/runner does what the effects say and feeds the outcome back as events.
// Trust zone: device. States hold names and chat, never key material.
//
// A meeting has four parts that move apart from each other, and one phase that
// is derived from them:
//
//	Link   Down -> Dialing -> Up -> Resuming -> Up | Lost
//	Seat   Out -> Knocking -> Entering -> Seated -> Leaving -> Ended
//	Keys   None -> Joining -> Ready -> Moving -> Ready ...   any -> Broken
//	Media  Off -> Connecting -> Flowing -> Stalled -> Restarting -> Flowing
//
// Nothing is sent unless Keys is Ready or Moving (State.Sending lists all
// conditions). After Ended nothing happens. The people shown are the members
// of the key's epoch, never the service's list.
package call
