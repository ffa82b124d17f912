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

// The streams of one member. Each has its own keys and counter, because two
// encoders must never share one (RFC 9605 section 9.1).
const (
	Audio      Stream = 0
	CameraLow  Stream = 1
	CameraMid  Stream = 2
	CameraHigh Stream = 3
	Screen     Stream = 8
	ScreenHigh Stream = 9
	ShareAudio Stream = 10

	// Streams is one more than the highest stream number.
	Streams = 16
)
