package call

import (
	"slices"
	"time"

	"conclave/keys"
)

// Rules are what the host lets the others do.
type Rules struct {
	Chat, Share, Rename, Unmute bool // allowed to everybody
	Suspended                   bool // nothing of anybody's is shown, heard or sent
}

// OpenRules are those of a meeting whose host has said nothing else.
func OpenRules() Rules { return Rules{Chat: true, Share: true, Rename: true, Unmute: true} }

// Kinds are kinds of a person's streams.
type Kinds struct{ Mic, Camera, Share bool }

// Marks are numbers of the host's statements, one for each kind of stream; 0
// is never.
type Marks struct{ Mic, Camera, Share uint64 }

func (a Marks) newest(b Marks) Marks {
	return Marks{max(a.Mic, b.Mic), max(a.Camera, b.Camera), max(a.Share, b.Share)}
}

func (a Marks) least(b Marks) Marks {
	return Marks{min(a.Mic, b.Mic), min(a.Camera, b.Camera), min(a.Share, b.Share)}
}

// at is n for each of the kinds.
func (k Kinds) at(n uint64) (m Marks) {
	if k.Mic {
		m.Mic = n
	}
	if k.Camera {
		m.Camera = n
	}
	if k.Share {
		m.Share = n
	}
	return m
}

// Stop says with which statements the host stopped a person's streams.
type Stop struct {
	Person keys.PublicKey
	At     Marks
}

// Statement is the host's whole word on the meeting: a newer one replaces an
// older one. It is said in the group, where nobody but the host's device can
// say it, and again to whoever joins or does not heed it yet.
//
// A stream that was stopped is refused by all until its person, knowing of the
// stop, says that it is on again. While Unmute is off, sound is taken from
// Voices alone: who comes in, or was silent, stays so without a word of the
// host's.
type Statement struct {
	Sequence uint64
	Rules    Rules
	All      Marks // stops of everybody but the host
	Stops    []Stop
	Voices   []keys.PublicKey
}

// Limits of a statement, so that it fits into one message.
const (
	// MaxStops bounds the people stopped one by one; one more stops everybody,
	// since forgetting somebody would let them through.
	MaxStops = 256
	// MaxVoices bounds those who may speak while the others may not.
	MaxVoices = 512
	// maxSequence keeps numbers exact in every reader of JSON.
	maxSequence = 1<<53 - 1
)

// Tuning of reactions.
const (
	// ReactionTime is how long a reaction is shown.
	ReactionTime = 5 * time.Second
	// ReactEvery is the least time between two reactions of one person.
	ReactEvery = 500 * time.Millisecond
)

// Reaction is a small sign over a tile; 0 is none.
type Reaction uint8

// ReactionMost is the last of the reactions that app/core names.
const ReactionMost Reaction = 6

// stop is what is known of person k's stops, by name.
func (st Statement) stop(k keys.PublicKey) Marks {
	i := slices.IndexFunc(st.Stops, func(s Stop) bool { return s.Person == k })
	if i < 0 {
		return Marks{}
	}
	return st.Stops[i].At
}

// Ruled reports whether the host's word is known here, or nobody is there who
// could give it. Until then nothing of anybody's is shown.
func (s State) Ruled() bool {
	if s.Told || s.Host() {
		return true
	}
	host, in := s.Person(s.About.Host)
	return !in || !host.Connected || host.Departed
}

// MayChat reports whether lines of k are shown.
func (s State) MayChat(k keys.PublicKey) bool {
	r := s.Rule.Rules
	return !r.Suspended && (r.Chat || k == s.About.Host)
}

// MayRename reports whether k may change their name.
func (s State) MayRename(k keys.PublicKey) bool {
	r := s.Rule.Rules
	return k == s.About.Host || r.Rename && !r.Suspended
}

// MayStart are the streams that k may switch on.
func (s State) MayStart(k keys.PublicKey) Kinds {
	return s.mayStart(k, s.Rule.stop(k), slices.Contains(s.Rule.Voices, k))
}

func (s State) mayStart(k keys.PublicKey, stop Marks, voice bool) Kinds {
	r := s.Rule.Rules
	switch {
	case r.Suspended:
		return Kinds{}
	case k == s.About.Host:
		return Kinds{true, true, true}
	}
	return Kinds{Mic: r.Unmute || voice, Camera: r.Unmute || stop.Camera == 0, Share: r.Share}
}

// Refused are the streams of k that the host's word forbids: nobody opens
// them, and their own device sends none of them.
func (s State) Refused(k keys.PublicKey) Kinds {
	p, _ := s.Person(k)
	p.Key = k
	return s.refused(p, s.Rule.stop(k), slices.Contains(s.Rule.Voices, k))
}

func (s State) refused(p Person, stop Marks, voice bool) Kinds {
	may := s.mayStart(p.Key, stop, voice)
	out := Kinds{!may.Mic, !may.Camera, !may.Share}
	if p.Key == s.About.Host {
		return out
	}
	due := s.Rule.All.newest(stop)
	if s.Rule.Rules.Unmute { // else Voices say who is heard
		out.Mic = out.Mic || due.Mic > p.On.Mic
	}
	out.Camera = out.Camera || due.Camera > p.On.Camera
	out.Share = out.Share || due.Share > p.On.Share
	return out
}

// Closed are the streams of the others that are not to be opened here,
// whatever they say; somebody of whom all may be opened is left out.
func (s State) Closed() map[keys.PublicKey]Kinds {
	st, ruled := s.Rule, s.Ruled()
	if ruled && st.Rules == OpenRules() && st.All == (Marks{}) && len(st.Stops) == 0 {
		return nil
	}
	stops := make(map[keys.PublicKey]Marks, len(st.Stops))
	for _, stop := range st.Stops {
		stops[stop.Person] = stop.At
	}
	voices := make(map[keys.PublicKey]bool, len(st.Voices))
	for _, k := range st.Voices {
		voices[k] = true
	}
	out := map[keys.PublicKey]Kinds{}
	for _, p := range s.People {
		closed := Kinds{true, true, true}
		if ruled {
			closed = s.refused(p, stops[p.Key], voices[p.Key])
		}
		if p.Key != s.Self && closed != (Kinds{}) {
			out[p.Key] = closed
		}
	}
	return out
}

// Showing is what is opened of k, or sent where k is this device: what they
// say, and what the host's word leaves of it.
func (s State) Showing(k keys.PublicKey) Wants {
	p, in := s.Person(k)
	if !in {
		return Wants{}
	}
	refused, w := s.Refused(k), p.Says
	if k != s.Self && !s.Ruled() {
		refused = Kinds{true, true, true}
	}
	return w.less(refused)
}

// less is w without streams of these kinds.
func (w Wants) less(k Kinds) Wants {
	w.Mic, w.Camera, w.Share = w.Mic && !k.Mic, w.Camera && !k.Camera, w.Share && !k.Share
	return w
}

// Sends is what this device sends, where State.Sending: the person's wishes,
// less what the host's word refuses.
func (s State) Sends() Wants { return s.Wants.less(s.Refused(s.Self)) }
