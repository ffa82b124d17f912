// Package media carries pictures and sound of one meeting: from a camera or a
// file through an encoder and a seal to the relay, and from the relay through
// the seal, a jitter buffer and a decoder to a tile and a speaker.
//
// What to use: a [Session] is one meeting's media and the only thing that
// call/runner holds. A [Tile] is what a screen draws. [Pattern], [Tone],
// [OpenY4M], [OpenIVF] and [OpenWAV] are sources for tests, demonstrations and
// machines without devices.
//
// What it is not: it knows no camera driver, no C library and no transport.
// Those stand behind [Codecs], [VideoSource], [AudioSource], [AudioSink] and
// [Relay], which conclave/call/media/device and conclave/call/peer implement,
// so this package builds without cgo and its rules are tested with fakes.
//
// Trust zone: device. Plain pictures and sound exist here. What is handed to a
// Relay in E2EE mode is sealed first, here, so that no transport ever holds a
// plain frame; what comes from a Relay is not believed until it is opened with
// the key of the member whose relay identity the track bears. A frame that
// does not authenticate never reaches a decoder.
package media
