package media

import (
	"context"
	"errors"
)

// Errors of devices. Sources and sinks wrap them, so test with errors.Is.
var (
	ErrDeviceMissing = errors.New("device missing")
	ErrDeviceBusy    = errors.New("device busy")
	ErrDeviceLost    = errors.New("device lost") // was there, and went away while open
	ErrSourceClosed  = errors.New("source closed")
)

// Sound is 48 kHz mono in frames of 20 ms everywhere in this package.
const (
	SampleRate   = 48000
	FrameSamples = 960
)

// VideoSource delivers pictures at its own pace: a camera, a file, a pattern.
//
// Read waits for the next picture, which stays valid until the next Read or
// Close. After an error that is not the context's the source is dead and only
// Close may follow; ErrDeviceLost says that a device went away. Read is called
// from one goroutine; Close may be called from another and ends a waiting Read
// with an error.
type VideoSource interface {
	Read(ctx context.Context) (*I420, error)
	Close() error
}

// AudioSource delivers sound at its own pace: a microphone, a file, a tone.
//
// Read waits for and fills pcm, which has FrameSamples samples. Errors and
// goroutines are as with VideoSource.
type AudioSource interface {
	Read(ctx context.Context, pcm []int16) error
	Close() error
}

// AudioSink is a speaker.
//
// Play begins to call mix, from one goroutine of the sink, whenever 20 ms of
// sound are wanted; mix fills all of pcm and does not block. Play is called
// once. Done is closed when the device went away; Close stops the calls,
// waits for one that is under way, and may be called twice.
type AudioSink interface {
	Play(mix func(pcm []int16)) error
	Done() <-chan struct{}
	Close() error
}
