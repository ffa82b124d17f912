// Package frame seals and opens media frames with SFrame (RFC 9605): one seal for
// each encoded frame, under keys that only the members of a meeting hold.
//
// It is not key agreement (keys/group exports the base keys), not a codec, and
// it knows no network. It holds everything that decides whether a frame may be
// played: key windows, replay windows, and the binding of a frame to its sender.
//
// # Use
//
//	ring := frame.NewRing(frame.Config{Suite: frame.AES256GCM})
//	ring.AddEpoch(epoch, base, leaf)     // from then on frames of this epoch open
//	ring.SwitchSend(epoch, true)         // from the next key frame on they are sealed with it
//	sealed, err := ring.Sealer(frame.CameraLow).Seal(buf[:0], vp8[:1], vp8[1:], keyFrame)
//	vp8, err := ring.Open(buf[:0], 1, leaf, frame.CameraLow, sealed)
//
// # Trust zone
//
// Device only. The relay sees the clear bytes, the header (stream, leaf, six
// bits of the epoch, a counter) and the length; it can change none of them
// without Open refusing. A frame that does not authenticate is never returned, in
// whole or in part: nothing unauthenticated reaches a decoder.
//
// What it cannot do: every member holds the key of every other, because SFrame is
// symmetric. A member could therefore seal a frame as another member; the relay's
// binding of tracks to participants stands against that, and keys/THREATS.md says so.
// Go cannot wipe expanded AES keys: Close and Expire wipe what they can and let go
// of the rest.
package frame
