package device

// #cgo pkg-config: speexdsp
// #include "echo.h"
import "C"

import (
	"sync"
	"unsafe"

	"conclave/call/media"
)

// How far behind what was played its echo may be heard, and how much of what was
// played may wait for the microphone. A frame must wait, since the two devices
// call at different moments; more would eat into the first.
const (
	echoTail    = media.SampleRate / 5   // 200 ms: the devices' buffers and a room
	echoFrame   = media.FrameSamples / 2 // what is cleaned at a time, and so the delay that it costs
	quietFrames = 25                     // after which no echo is looked for, which spares most of the work
	farWaits    = media.FrameSamples
	farCapacity = 50 * media.FrameSamples // some sound servers ask for half a second at once
	farWindow   = 100                     // frames after which what never was needed is dropped
)

// Echo tells a microphone what a speaker plays, so that nobody hears themselves
// out of somebody else's loudspeaker. The same Echo is given to both in their
// SoundConfig. Of several speakers, or microphones, the one that was opened last
// counts. Safe for concurrent use.
type Echo struct {
	mu      sync.Mutex
	speaker *Speaker
	mic     *Microphone
	far     []int16 // played and not yet compared; at most farCapacity
	running bool    // the microphone takes a frame each time
	least   int     // of far, left over in this window
	taken   int     // frames in this window
}

// NewEcho returns an Echo that knows no device yet.
func NewEcho() *Echo { return &Echo{far: make([]int16, 0, farCapacity)} }

// plays makes s the speaker that is listened to.
func (e *Echo) plays(s *Speaker) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.speaker = s
	e.restartLocked()
}

// hears makes m the microphone that hears it.
func (e *Echo) hears(m *Microphone) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.mic = m
	e.restartLocked()
}

func (e *Echo) restartLocked() {
	e.far, e.running, e.least, e.taken = e.far[:0], false, farCapacity, 0
}

// played takes note of what a speaker gave to its device. It is called in real
// time: it neither allocates nor waits for more than a copy.
func (e *Echo) played(s *Speaker, pcm []int16) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.speaker != s || e.mic == nil {
		return
	}
	if over := len(e.far) + len(pcm) - cap(e.far); over > 0 {
		e.dropLocked(over)
	}
	e.far = append(e.far, pcm[:min(len(pcm), cap(e.far)-len(e.far))]...)
}

func (e *Echo) dropLocked(n int) {
	n = min(n, len(e.far))
	e.far = e.far[:copy(e.far, e.far[n:])]
}

// take fills far with what was played while the microphone heard its next
// frame, or with silence, and reports whether something was played.
func (e *Echo) take(m *Microphone, far []int16) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	clear(far)
	if e.mic != m {
		return false
	}
	if !e.running && len(e.far) < len(far)+farWaits {
		return false
	}
	if len(e.far) < len(far) {
		e.running = false // nothing is played; wait for a frame to spare again
		return false
	}
	e.running = true
	copy(far, e.far)
	e.dropLocked(len(far))
	e.least, e.taken = min(e.least, len(e.far)), e.taken+1
	if e.taken == farWindow {
		// What was left over all the time waits for nothing: the clocks of the
		// devices differ, or the microphone stood still.
		if e.least > 2*farWaits {
			e.dropLocked(e.least - farWaits)
		}
		e.least, e.taken = farCapacity, 0
	}
	return true
}

// canceller takes the speaker's sound out of the microphone's. It belongs to the
// goroutine that reads the microphone.
type canceller struct {
	c              *C.cv_echo
	near, far, out [media.FrameSamples]int16
	quiet          int // frames in a row in which nothing was played
}

// newCanceller returns nil where there is no memory for one: a meeting with echo
// is better than none.
func newCanceller() *canceller {
	c := C.cv_echo_new(media.SampleRate, echoFrame, echoTail)
	if c == nil {
		return nil
	}
	return &canceller{c: c}
}

// run cleans a.near, which far was played beside, into a.out, which is echoFrame
// samples late.
func (a *canceller) run() {
	a.quiet++
	if a.far != [media.FrameSamples]int16{} {
		a.quiet = 0
	}
	for at := 0; at < media.FrameSamples; at += echoFrame {
		far := sound(&a.far[at])
		if a.quiet > quietFrames {
			far = nil
		}
		C.cv_echo_run(a.c, sound(&a.near[at]), far, sound(&a.out[at]))
	}
}

func sound(p *int16) *C.int16_t { return (*C.int16_t)(unsafe.Pointer(p)) }

func (a *canceller) free() {
	C.cv_echo_free(a.c)
	a.c = nil
}
