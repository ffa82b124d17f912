package call

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"conclave/keys"
)

// MaxPayload bounds an encoded payload, in bytes.
// Sealed, it must fit into wire.MaxSaid.
const MaxPayload = 48 << 10

// maxNames bounds the statements in one Names payload, so that the longest of
// them fit.
const maxNames = 96

// ErrPayload: the bytes are not a payload of this version.
var ErrPayload = errors.New("read member's message: malformed")

// Payload is what members say to each other as MLS application messages: the
// group proves who said it, and the service cannot read it.
type Payload interface{ payload() }

// The payloads.
type (
	// Names carries signed names, one's own or a bundle for somebody new.
	Names struct{ Statements []keys.NameStatement }
	// Text is a chat line.
	Text struct{ Text string }
	// Heartbeat binds the sender's view of the group to a time: who is in it,
	// and what was delivered in this epoch, in which order.
	Heartbeat struct {
		Roster  [32]byte
		At      time.Time
		Seen    uint64
		History [32]byte
		Heeds   uint64 // the host's newest Statement that the sender knows
	}
	// Present is said in each new epoch, and when wishes change: the sender has
	// the epoch's keys, and shows what Says tells. Heeds is as in Heartbeat.
	Present struct {
		Says  Wants
		Heeds uint64
	}
	// Bye is the last thing that a leaving member says.
	Bye struct{}
)

func (Names) payload()     {}
func (Text) payload()      {}
func (Heartbeat) payload() {}
func (Present) payload()   {}
func (Bye) payload()       {}

// envelope is the JSON form; exactly one field is set.
type envelope struct {
	Names     [][]byte   `json:"names,omitempty"`
	Text      *string    `json:"text,omitempty"`
	Heartbeat *heartbeat `json:"heartbeat,omitempty"`
	Present   *present   `json:"present,omitempty"`
	Bye       bool       `json:"bye,omitempty"`
	Rules     *statement `json:"rules,omitempty"`
	React     Reaction   `json:"react,omitempty"`
	Lower     []byte     `json:"lower,omitempty"`
	Passports [][]byte   `json:"passports,omitempty"`
}

type heartbeat struct {
	Roster  []byte `json:"roster"`
	At      int64  `json:"at"` // Unix milliseconds
	Seen    uint64 `json:"seen"`
	History []byte `json:"history"`
	Heeds   uint64 `json:"heeds"`
}

type present struct {
	Mic    bool   `json:"mic"`
	Camera bool   `json:"camera"`
	Share  bool   `json:"share"`
	Hand   bool   `json:"hand"`
	Heeds  uint64 `json:"heeds"`
}

// EncodePayload writes p.
func EncodePayload(p Payload) ([]byte, error) {
	var e envelope
	switch p := p.(type) {
	case Names:
		for _, n := range p.Statements {
			e.Names = append(e.Names, n.Encode())
		}
	case Text:
		e.Text = &p.Text
	case Heartbeat:
		e.Heartbeat = &heartbeat{p.Roster[:], p.At.UnixMilli(), p.Seen, p.History[:], p.Heeds}
	case Present:
		e.Present = &present{p.Says.Mic, p.Says.Camera, p.Says.Share, p.Says.Hand, p.Heeds}
	case Bye:
		e.Bye = true
	case Statement:
		e.Rules = encodeStatement(p)
	case React:
		e.React = p.Reaction
	case Lower:
		e.Lower = p.Person[:]
	case Passports:
		e.Passports = p.Bundles
	}
	data, err := json.Marshal(e)
	if err != nil {
		return nil, fmt.Errorf("write member's message: %w", err)
	}
	if len(data) > MaxPayload {
		return nil, errors.New("write member's message: too large")
	}
	return data, nil
}

// DecodePayload reads a payload. It refuses unknown fields, trailing bytes,
// none or several kinds at once, and values out of their limits; names are
// parsed, not yet verified.
func DecodePayload(data []byte) (Payload, error) {
	if len(data) > MaxPayload {
		return nil, ErrPayload
	}
	var e envelope
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&e); err != nil {
		return nil, ErrPayload
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, ErrPayload
	}
	var found []Payload
	if len(e.Names) > 0 {
		names, err := decodeNames(e.Names)
		if err != nil {
			return nil, err
		}
		found = append(found, names)
	}
	if len(e.Passports) > 0 {
		passports, err := decodePassports(e.Passports)
		if err != nil {
			return nil, err
		}
		found = append(found, passports)
	}
	if e.Text != nil {
		if text, ok := CleanText(*e.Text); ok && text == *e.Text {
			found = append(found, Text{text})
		} else {
			return nil, ErrPayload
		}
	}
	if e.Heartbeat != nil {
		h := e.Heartbeat
		if len(h.Roster) != 32 || len(h.History) != 32 {
			return nil, ErrPayload
		}
		found = append(found, Heartbeat{
			Roster: [32]byte(h.Roster), At: time.UnixMilli(h.At).UTC(), Seen: h.Seen, History: [32]byte(h.History), Heeds: h.Heeds,
		})
	}
	if p := e.Present; p != nil {
		found = append(found, Present{Wants{p.Mic, p.Camera, p.Share, p.Hand}, p.Heeds})
	}
	if e.Bye {
		found = append(found, Bye{})
	}
	if e.Rules != nil {
		st, err := decodeStatement(e.Rules)
		if err != nil {
			return nil, err
		}
		found = append(found, st)
	}
	if e.React > ReactionMost || len(e.Lower) != 0 && len(e.Lower) != keySize {
		return nil, ErrPayload
	}
	if e.React != 0 {
		found = append(found, React{e.React})
	}
	if len(e.Lower) != 0 {
		found = append(found, Lower{keys.PublicKey(e.Lower)})
	}
	if len(found) != 1 {
		return nil, ErrPayload
	}
	return found[0], nil
}

func decodeNames(encoded [][]byte) (Names, error) {
	if len(encoded) > maxNames {
		return Names{}, ErrPayload
	}
	var out Names
	for _, b := range encoded {
		n, err := keys.ParseNameStatement(b)
		if err != nil {
			return Names{}, ErrPayload
		}
		out.Statements = append(out.Statements, n)
	}
	return out, nil
}

// CleanText trims a chat line and reports whether it can be sent: valid UTF-8,
// 1 to ChatRunes runes, no control characters but newline and tab, and none of
// the bidirectional overrides that make text read as something else.
func CleanText(text string) (string, bool) {
	text = strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n"))
	n := utf8.RuneCountInString(text)
	if n == 0 || n > ChatRunes || !utf8.ValidString(text) {
		return "", false
	}
	for _, r := range text {
		isControl := r < 0x20 && r != '\n' && r != '\t' || r >= 0x7f && r < 0xa0
		isOverride := r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069
		if isControl || isOverride {
			return "", false
		}
	}
	return text, true
}
