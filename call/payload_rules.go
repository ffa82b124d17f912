package call

import (
	"encoding/binary"

	"conclave/keys"
)

// The payloads of meeting hygiene besides Statement.
type (
	// React shows a reaction.
	React struct{ Reaction Reaction }
	// Lower lowers the hand of a person, or everybody's for the zero key. Only
	// the host's counts.
	Lower struct{ Person keys.PublicKey }
)

func (Statement) payload() {}
func (React) payload()     {}
func (Lower) payload()     {}

type statement struct {
	Sequence  uint64   `json:"sequence"`
	Chat      bool     `json:"chat"`
	Share     bool     `json:"share"`
	Rename    bool     `json:"rename"`
	Unmute    bool     `json:"unmute"`
	Suspended bool     `json:"suspended"`
	All       []uint64 `json:"all"`              // microphone, camera, screen
	Stops     [][]byte `json:"stops,omitempty"`  // device key and three numbers
	Voices    []byte   `json:"voices,omitempty"` // device keys
}

const (
	keySize  = len(keys.PublicKey{})
	stopSize = keySize + 3*8
)

func encodeStatement(st Statement) *statement {
	r := st.Rules
	out := &statement{
		Sequence: st.Sequence, Chat: r.Chat, Share: r.Share, Rename: r.Rename, Unmute: r.Unmute,
		Suspended: r.Suspended, All: []uint64{st.All.Mic, st.All.Camera, st.All.Share},
	}
	for _, s := range st.Stops {
		b := append(make([]byte, 0, stopSize), s.Person[:]...)
		for _, n := range []uint64{s.At.Mic, s.At.Camera, s.At.Share} {
			b = binary.BigEndian.AppendUint64(b, n)
		}
		out.Stops = append(out.Stops, b)
	}
	for _, k := range st.Voices {
		out.Voices = append(out.Voices, k[:]...)
	}
	return out
}

// decodeStatement refuses numbers beyond the statement's own, lists beyond
// their limits, and a person named twice.
func decodeStatement(e *statement) (Statement, error) {
	if len(e.All) != 3 {
		return Statement{}, ErrPayload
	}
	out := Statement{
		Sequence: e.Sequence,
		Rules:    Rules{e.Chat, e.Share, e.Rename, e.Unmute, e.Suspended},
		All:      Marks{e.All[0], e.All[1], e.All[2]},
	}
	ok := e.Sequence > 0 && e.Sequence <= maxSequence && out.All.within(e.Sequence) &&
		len(e.Stops) <= MaxStops && len(e.Voices)%keySize == 0 && len(e.Voices)/keySize <= MaxVoices
	if !ok {
		return Statement{}, ErrPayload
	}
	seen := make(map[keys.PublicKey]bool, len(e.Stops))
	for _, b := range e.Stops {
		if len(b) != stopSize {
			return Statement{}, ErrPayload
		}
		s := Stop{Person: keys.PublicKey(b[:keySize])}
		numbers := b[keySize:]
		s.At.Mic = binary.BigEndian.Uint64(numbers)
		s.At.Camera = binary.BigEndian.Uint64(numbers[8:])
		s.At.Share = binary.BigEndian.Uint64(numbers[16:])
		if seen[s.Person] || !s.At.within(e.Sequence) {
			return Statement{}, ErrPayload
		}
		seen[s.Person] = true
		out.Stops = append(out.Stops, s)
	}
	clear(seen)
	for rest := e.Voices; len(rest) > 0; rest = rest[keySize:] {
		k := keys.PublicKey(rest[:keySize])
		if seen[k] {
			return Statement{}, ErrPayload
		}
		seen[k] = true
		out.Voices = append(out.Voices, k)
	}
	return out, nil
}

func (a Marks) within(n uint64) bool { return max(a.Mic, a.Camera, a.Share) <= n }
