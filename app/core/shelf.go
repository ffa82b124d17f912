package core

import (
	"sync"
	"time"

	"conclave/call/media"
)

// shelfTime is how long a device that a preview had open waits for the meeting
// to take it, so that the camera's light and picture do not flicker. Who has to
// wait longer, in a lobby, is not filmed meanwhile.
const shelfTime = 3 * time.Second

// keeping says whether a preview's devices go on the shelf when it ends.
type keeping struct {
	mu   sync.Mutex
	hand bool
}

func (k *keeping) set(hand bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.hand = hand
}

func (k *keeping) handed() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.hand
}

// shelf holds at most one camera and one microphone between a preview and the
// meeting. Safe for concurrent use.
type shelf struct {
	mu     sync.Mutex
	video  held[media.VideoSource]
	audio  held[media.AudioSource]
	closed bool
}

// source is what cameras and microphones have in common here.
type source interface {
	comparable
	Close() error
}

// held is one device on the shelf; its zero value is none.
type held[S source] struct {
	source S
	id     string
	timer  *time.Timer
}

// put lays a device on its place, where it is closed when nobody takes it in
// time. s.mu is held.
func put[S source](s *shelf, at *held[S], v S, id string) {
	if s.closed {
		_ = v.Close() // it is given up whatever it says
		return
	}
	drop(at)
	at.source, at.id = v, id
	at.timer = time.AfterFunc(shelfTime, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if at.source == v {
			drop(at)
		}
	})
}

// take returns the device of that place when it is the one that is wanted; any
// other is closed, since the hardware may be the same. The shelf is locked.
func take[S source](at *held[S], id string) (v S, ok bool) {
	if at.timer == nil {
		return v, false
	}
	if at.id != id {
		drop(at)
		return v, false
	}
	at.timer.Stop()
	v = at.source
	*at = held[S]{}
	return v, true
}

func drop[S source](at *held[S]) {
	if at.timer != nil {
		at.timer.Stop()
		_ = at.source.Close() // as above
	}
	*at = held[S]{}
}

// close lets go of everything.
func (s *shelf) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	drop(&s.video)
	drop(&s.audio)
}

// lentVideo goes back to the shelf when its preview is handed over.
type lentVideo struct {
	media.VideoSource
	shelf *shelf
	keep  *keeping
	id    string
}

func (l lentVideo) Close() error {
	if !l.keep.handed() {
		return l.VideoSource.Close()
	}
	l.shelf.mu.Lock()
	defer l.shelf.mu.Unlock()
	put(l.shelf, &l.shelf.video, l.VideoSource, l.id)
	return nil
}

type lentAudio struct {
	media.AudioSource
	shelf *shelf
	keep  *keeping
	id    string
}

func (l lentAudio) Close() error {
	if !l.keep.handed() {
		return l.AudioSource.Close()
	}
	l.shelf.mu.Lock()
	defer l.shelf.mu.Unlock()
	put(l.shelf, &l.shelf.audio, l.AudioSource, l.id)
	return nil
}

// openCamera opens the chosen camera, or takes it from the shelf. keep is a
// preview's, nil for a meeting.
func (c *Core) openCamera(keep *keeping) (media.VideoSource, error) {
	id := c.Latest().Devices.Camera
	c.shelf.mu.Lock()
	v, ok := take(&c.shelf.video, id)
	c.shelf.mu.Unlock()
	if !ok {
		var err error
		if v, err = c.cfg.Hardware.Camera(id); err != nil {
			return nil, err
		}
	}
	if keep != nil {
		return lentVideo{v, &c.shelf, keep, id}, nil
	}
	return v, nil
}

// openMicrophone does the same for the microphone.
func (c *Core) openMicrophone(keep *keeping) (media.AudioSource, error) {
	id := c.Latest().Devices.Microphone
	c.shelf.mu.Lock()
	v, ok := take(&c.shelf.audio, id)
	c.shelf.mu.Unlock()
	if !ok {
		var err error
		if v, err = c.cfg.Hardware.Microphone(id); err != nil {
			return nil, err
		}
	}
	if keep != nil {
		return lentAudio{v, &c.shelf, keep, id}, nil
	}
	return v, nil
}
