// Package wire is the schema of Conclave's control messages, version 1: what a
// client and the service say to each other over one WebSocket, as JSON text
// frames of the form {"type":"…", …}.
//
// Use [Encode] to write, [DecodeRequest] on the service's side and
// [DecodeNotice] on the client's. Decoding is strict: an unknown type, an
// unknown or repeated field, a value out of its limits, or a message longer
// than its type allows is refused, so both sides agree on what was said.
//
// It is not a transport and holds no state: call/link dials, call/room decides.
// Trust zone: shared. Whatever arrives from the service through this package is
// a claim; membership is believed only after MLS has verified it.
//
// What will still work in five years: version 1 messages keep their names and
// meanings; new fields or types come with a new version. The prose is in
// call/PROTOCOL.md, and a test checks that it names every type and code.
package wire

import "conclave/keys"

// Version is the protocol version that this package speaks.
const Version = 1

// Path is the HTTP path of the control WebSocket on the service.
const Path = "/control"

// Limits. The binary ones count bytes before base64.
const (
	// MaxMessage bounds the messages that carry MLS material or a roster.
	MaxMessage = 1 << 20
	// MaxPlain bounds every other message.
	MaxPlain = 16 << 10
	// MaxCommit and MaxWelcome together stay under MaxMessage as base64.
	MaxCommit  = 256 << 10
	MaxWelcome = 480 << 10
	// MaxKeyPackage holds a post-quantum key package ten times over.
	MaxKeyPackage = 32 << 10
	// MaxSealedKnock holds a name statement, a passcode and a passport with its
	// proofs.
	MaxSealedKnock = 26 << 10
	// MaxSaid bounds one MLS application message (chat, names, heartbeat).
	MaxSaid = 64 << 10
	// MaxDescriptor bounds an encoded meeting descriptor.
	MaxDescriptor = 4 << 10
	// MaxSignature bounds a signature; Ed25519 needs 64.
	MaxSignature = 128
	// MaxChanges bounds the adds and removes of one commit.
	MaxChanges = 256
	// MaxSeated bounds a roster.
	MaxSeated = 1024
	// NonceSize is the exact size of a challenge.
	NonceSize = 32
	// MaxURL and MaxToken bound a media token message.
	MaxURL   = 2 << 10
	MaxToken = 8 << 10
)

// Ticket names one waiting knock within its meeting. It is chosen by the
// service and means nothing elsewhere. Zero is no ticket.
type Ticket uint64

// Message is one control message of either direction. The types of this package
// are its only implementations; all are used as values, never as pointers.
type Message interface {
	// Type is the name on the wire.
	Type() string
	// check returns an error that says which field breaks which limit.
	check() error
}

// Request is a message from a client to the service. All but Hello carry a
// reference chosen by the client, which the service's Done or Failed repeats.
type Request interface {
	Message
	// Reference is the Ref field; 0 for Hello.
	Reference() uint32
	request()
}

// Notice is a message from the service to a client.
type Notice interface {
	Message
	notice()
}

// helloContext separates the signature of a Hello from all others that a device
// key makes.
const helloContext = "hello"

// helloBytes is what a Hello signs: the service's nonce and the authority
// (host or host:port) that the client dialled. The authority keeps a service
// from passing another one's challenge on to a client and using the answer.
func helloBytes(nonce []byte, authority string) []byte {
	return append(append([]byte{}, nonce...), authority...)
}

// NewHello answers a challenge. Authority is the host, with port when not the
// scheme's default, that the client dialled: what it sends as the HTTP Host.
func NewHello(device keys.DeviceKey, nonce []byte, authority string) Hello {
	return Hello{
		Version:   Version,
		Device:    device.Public(),
		Signature: device.Sign(helloContext, helloBytes(nonce, authority)),
	}
}

// Verify reports whether the hello answers nonce for the service reached as
// authority.
func (m Hello) Verify(nonce []byte, authority string) bool {
	return keys.Verify(m.Device, helloContext, helloBytes(nonce, authority), m.Signature)
}
