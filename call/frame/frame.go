package frame

import "errors"

// Errors of sealing and opening, for callers to branch on and to count. None of
// them carries anything from a frame.
var (
	ErrNotReady    = errors.New("seal frame: no key to send with")
	ErrExhausted   = errors.New("seal frame: the key has sealed as many frames as it may")
	ErrNoKey       = errors.New("open frame: no key for its epoch")
	ErrReplay      = errors.New("open frame: seen before, or too old to tell")
	ErrForged      = errors.New("open frame: it does not authenticate")
	ErrWrongSender = errors.New("open frame: sealed by another member or for another stream")
	ErrMalformed   = errors.New("open frame: not a sealed frame")
	ErrClosed      = errors.New("use frame keys: the ring is closed")
)

// Stream is the context part of a KID: which of a member's streams a frame belongs
// to. Each has its own keys and counters, because two encoders must never share
// one (RFC 9605 section 6.1).
type Stream uint8

// The streams of one member.
const (
	Audio      Stream = 0
	CameraLow  Stream = 1
	CameraMid  Stream = 2
	CameraHigh Stream = 3
	Screen     Stream = 8
	ScreenHigh Stream = 9
	ShareAudio Stream = 10

	// Streams is one more than the highest stream number.
	Streams = 1 << streamBits
)
