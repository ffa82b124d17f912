package media

import (
	"context"
	"math/rand/v2"
	"slices"
	"time"
)

// The back-off between attempts to reach the relay. A room whose relay
// restarts is full of people who all try again, hence the randomness.
const (
	firstWait = 250 * time.Millisecond
	longWait  = 8 * time.Second
)

// connect keeps a relay connection up until the session ends.
func (s *Session) connect() {
	wait := firstWait
	for s.ctx.Err() == nil {
		relay, err := s.cfg.Dial(s.ctx)
		if err != nil {
			if s.ctx.Err() != nil {
				return
			}
			s.mail.put(Event{Kind: EventStalled, Err: err})
			s.pause(wait/2 + rand.N(wait))
			wait = min(2*wait, longWait)
			continue
		}
		began := time.Now()
		s.attach(relay)
		s.follow(relay)
		s.detach(relay)
		if time.Since(began) > longWait {
			wait = firstWait
		}
		if s.ctx.Err() == nil {
			s.mail.put(Event{Kind: EventStalled, Err: ErrRelayClosed})
			s.pause(wait/2 + rand.N(wait))
			wait = min(2*wait, longWait)
		}
	}
}

func (s *Session) pause(d time.Duration) {
	ctx, cancel := context.WithTimeout(s.ctx, d)
	defer cancel()
	<-ctx.Done()
}

func (s *Session) attach(relay Relay) {
	s.mu.Lock()
	s.relay = relay
	if s.connected.IsZero() {
		s.connected = s.cfg.Now()
	} else {
		s.reconnects++
	}
	s.mu.Unlock()
	s.mail.put(Event{Kind: EventFlowing})
	s.nudge()
}

// repairTime is how long a connection may repair itself before it is given up
// for a new one, with a new token and perhaps to another relay.
const repairTime = 3 * time.Second

// follow handles what happens at the relay until the connection is over.
func (s *Session) follow(relay Relay) {
	events := relay.Events()
	var limit <-chan time.Time // of a repair that is under way
	for {
		select {
		case e, ok := <-events:
			if !ok {
				return
			}
			switch {
			case e.Kind == RelayInterrupted && limit == nil:
				limit = time.After(repairTime)
			case e.Kind == RelayRestored:
				limit = nil
			}
			s.handle(e)
		case <-limit:
			return
		case <-s.ctx.Done():
			return
		}
	}
}

func (s *Session) detach(relay Relay) {
	s.mu.Lock()
	s.relay = nil
	for identity, r := range s.remotes {
		r.present = false
		r.dropTracks()
		if _, in := s.members[identity]; !in {
			r.setMember(Member{}, false)
			delete(s.remotes, identity)
		}
	}
	s.mu.Unlock()
	s.camera.unpublished()
	s.screen.unpublished()
	s.mic.unpublished()
	relay.Close()
	s.nudge()
}

func (s *Session) handle(e RelayEvent) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch e.Kind {
	case RelayJoined:
		s.remoteLocked(e.Participant).present = true
	case RelayLeft:
		s.leftLocked(e.Participant)
	case RelayTrackOpened:
		r := s.remoteLocked(e.Participant)
		r.present = true
		s.readLocked(r, e.Track)
	case RelayTrackClosed:
		if r := s.remotes[e.Participant]; r != nil {
			r.dropTrack(e.TrackID)
		}
	case RelayTrackMuted, RelayTrackUnmuted:
		if r := s.remotes[e.Participant]; r != nil {
			r.setMuted(e.TrackID, e.Kind == RelayTrackMuted)
		}
	case RelayQuality:
		if e.Participant == s.self {
			s.selfGrade = e.Quality
		} else if r := s.remotes[e.Participant]; r != nil {
			r.grade = e.Quality
		}
	case RelayInterrupted:
		s.mail.put(Event{Kind: EventStalled, Err: ErrRelayClosed})
	case RelayRestored:
		s.mail.put(Event{Kind: EventFlowing})
	case RelayUnknown:
	}
	s.nudge()
}

func (s *Session) leftLocked(identity string) {
	r := s.remotes[identity]
	if r == nil {
		return
	}
	r.present = false
	r.dropTracks()
	if _, in := s.members[identity]; !in {
		delete(s.remotes, identity)
	}
}

// watch compares what is with what should be: at every tick, and when nudged.
func (s *Session) watch() {
	const tick = 100 * time.Millisecond
	t := time.NewTicker(tick)
	defer t.Stop()
	for n := 0; ; n++ {
		select {
		case <-t.C:
		case <-s.poke:
		case <-s.ctx.Done():
			return
		}
		s.reconcile()
		s.measure()
		s.report()
		if n%10 == 0 && s.cfg.Ring != nil {
			s.cfg.Ring.Expire()
		}
	}
}

// reconcile starts and stops devices and tracks as wanted.
func (s *Session) reconcile() {
	s.mu.Lock()
	wants, relay := s.wants, s.relay
	for _, r := range s.remotes {
		r.askForSizes()
	}
	s.mu.Unlock()
	s.camera.reconcile(wants.Camera, relay)
	s.screen.reconcile(wants.Share, relay)
	s.mic.reconcile(wants.Mic, relay)
}

// report sends events for what changed.
func (s *Session) report() {
	now := s.cfg.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	var strangers []string
	for identity, r := range s.remotes {
		if _, in := s.members[identity]; !in && r.present {
			strangers = append(strangers, identity)
		}
		r.report(now)
	}
	slices.Sort(strangers)
	if !slices.Equal(strangers, s.strangers) {
		s.strangers = strangers
		s.mail.put(Event{Kind: EventStrangers, Strangers: slices.Clone(strangers)})
	}
	quality := s.ownGrade
	if s.selfGrade > 0 && quality > 0 {
		quality = min(quality, s.selfGrade)
	}
	if quality != s.toldGrade {
		s.toldGrade = quality
		s.mail.put(Event{Kind: EventQuality, Key: s.cfg.Self, Quality: quality})
	}
	if level := s.mic.loudness(); changed(s.level, level) {
		s.level = level
		s.mail.put(Event{Kind: EventSpeaking, Key: s.cfg.Self, Level: level})
	}
}

// changed reports whether a level meter should move.
func changed(was, is float64) bool {
	d := is - was
	return d > 0.04 || d < -0.04 || (is == 0) != (was == 0)
}

// play keeps a speaker fed. While there is none a clock takes its place, so
// that levels and statistics go on.
func (s *Session) play() {
	told := false
	for s.ctx.Err() == nil {
		sink, err := s.openSpeaker()
		if err == nil {
			if told {
				s.mail.put(Event{Kind: EventDeviceBack, Device: DeviceSpeaker})
			}
			told = false
			err = s.playOn(sink)
		}
		if s.ctx.Err() != nil {
			return
		}
		if err != nil && !told {
			told = true
			s.mail.put(Event{Kind: EventDeviceLost, Device: DeviceSpeaker, Err: err})
		}
		if err != nil {
			s.playInto(2 * time.Second)
		}
	}
}

func (s *Session) openSpeaker() (AudioSink, error) {
	if s.cfg.Speaker == nil {
		return nil, ErrDeviceMissing
	}
	return s.cfg.Speaker()
}

// playOn plays until the sink or the session ends. No error means that another
// speaker was chosen.
func (s *Session) playOn(sink AudioSink) error {
	s.mu.Lock()
	s.speaker, s.reopening = sink, false
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		s.speaker = nil
		s.mu.Unlock()
		_ = sink.Close() // it is given up whatever it says
	}()
	if err := sink.Play(s.mixer.mix); err != nil {
		return err
	}
	t := time.NewTicker(100 * time.Millisecond)
	defer t.Stop()
	for {
		select {
		case <-sink.Done():
			return ErrDeviceLost
		case <-s.ctx.Done():
			return nil
		case <-t.C:
			s.mu.Lock()
			again := s.reopening
			s.mu.Unlock()
			if again {
				return nil
			}
		}
	}
}

// playInto mixes for a while in real time and throws the sound away.
func (s *Session) playInto(d time.Duration) {
	t := time.NewTicker(20 * time.Millisecond)
	defer t.Stop()
	pcm := make([]int16, FrameSamples)
	for ; d > 0; d -= 20 * time.Millisecond {
		select {
		case <-t.C:
			s.mixer.mix(pcm)
		case <-s.ctx.Done():
			return
		}
	}
}
