package main_test

import (
	"slices"
	"sync"

	"conclave/call/media"
)

// tape keeps the frames that one client got from the relay, and offers them to
// another one, track for track, as a relay that keeps everything could.
type tape struct {
	mu      sync.Mutex
	stopped bool
	frames  map[string][]media.RemoteFrame // by sender and kind
}

func trackOf(t media.RemoteTrack) string { return t.Participant() + string(rune('0'+t.Kind())) }

func (k *tape) stop() (n int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.stopped = true
	return k.leftLocked()
}

func (k *tape) left() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.leftLocked()
}

func (k *tape) leftLocked() (n int) {
	for _, f := range k.frames {
		n += len(f)
	}
	return n
}

func (k *tape) record(r media.Relay) media.Relay { return newTapped(r, k.keep) }
func (k *tape) replay(r media.Relay) media.Relay { return newTapped(r, k.offer) }

// keep copies what comes.
func (k *tape) keep(t media.RemoteTrack) (media.RemoteFrame, error) {
	f, err := t.ReadFrame()
	if err != nil {
		return f, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.frames == nil {
		k.frames = map[string][]media.RemoteFrame{}
	}
	if list := k.frames[trackOf(t)]; !k.stopped && len(list) < 40 {
		old := f
		old.Data = slices.Clone(f.Data)
		k.frames[trackOf(t)] = append(list, old)
	}
	return f, nil
}

// offer puts what was kept before what comes.
func (k *tape) offer(t media.RemoteTrack) (media.RemoteFrame, error) {
	k.mu.Lock()
	if list := k.frames[trackOf(t)]; len(list) > 0 {
		k.frames[trackOf(t)] = list[1:]
		k.mu.Unlock()
		return list[0], nil
	}
	k.mu.Unlock()
	return t.ReadFrame()
}

// tapped is a relay connection whose tracks are read through read.
type tapped struct {
	media.Relay
	events chan media.RelayEvent
	read   func(media.RemoteTrack) (media.RemoteFrame, error)
}

func newTapped(r media.Relay, read func(media.RemoteTrack) (media.RemoteFrame, error)) *tapped {
	t := &tapped{Relay: r, events: make(chan media.RelayEvent, 1024), read: read}
	go func() {
		defer close(t.events)
		for e := range r.Events() {
			if e.Track != nil {
				e.Track = tappedTrack{e.Track, read}
			}
			t.events <- e
		}
	}()
	return t
}

func (t *tapped) Events() <-chan media.RelayEvent { return t.events }

type tappedTrack struct {
	media.RemoteTrack
	read func(media.RemoteTrack) (media.RemoteFrame, error)
}

func (t tappedTrack) ReadFrame() (media.RemoteFrame, error) { return t.read(t.RemoteTrack) }
