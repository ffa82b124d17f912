// Package peer carries sealed frames to and from the relay. It is the only
// package of the client that knows LiveKit or Pion, and hides both behind
// media.Relay.
//
// What it is not: it seals nothing and opens nothing, and it holds no key. It
// gets frames from conclave/call/media that are sealed already.
//
// Trust zone: the network's edge of the device. Everything that comes out of
// it was said by the relay and is to be treated so.
package peer
