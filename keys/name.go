package keys

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxNameRunes is the longest display name.
const MaxNameRunes = 64

// maxMarks is how many combining marks may follow one another: enough for every
// written language, too few to draw over the neighbours.
const maxMarks = 4

const contextName = "name"

// Errors of names.
var (
	ErrNameLength    = errors.New("check name: want 1 to 64 characters")
	ErrNameCharacter = errors.New("check name: it has a character that does not show or reorders text")
	ErrNameSignature = errors.New("verify name: its device has not signed it")
	ErrNameStatement = errors.New("parse name statement: malformed")
)

// CleanName returns name with outer and doubled spaces removed, or an error when
// it is empty, too long, or holds characters that hide, break or reorder text.
// It does not normalise (NFC): two names that look the same can differ, which is
// why people compare keys and codes and never names.
func CleanName(name string) (string, error) {
	if len(name) > 4*utf8.UTFMax*MaxNameRunes || !utf8.ValidString(name) {
		return "", ErrNameLength
	}
	marks, visible := 0, false
	for _, r := range name {
		if unicode.Is(unicode.M, r) {
			marks++
		} else {
			marks = 0
		}
		if marks > maxMarks || !isNameRune(r) {
			return "", ErrNameCharacter
		}
		visible = visible || unicode.IsGraphic(r) && !unicode.IsSpace(r) && !unicode.Is(unicode.M, r)
	}
	clean := strings.Join(strings.Fields(name), " ")
	if n := utf8.RuneCountInString(clean); n == 0 || n > MaxNameRunes || !visible {
		return "", ErrNameLength
	}
	return clean, nil
}

// isNameRune refuses control and format characters (bidi overrides, zero-width
// space, tags), separators of lines, private use, and letters that draw nothing.
func isNameRune(r rune) bool {
	switch r {
	case '\u200c', '\u200d': // joiners, needed by several scripts and by emoji
		return true
	case '\u115f', '\u1160', '\u3164', '\uffa0', '\u2800', '\u034f', '\u17b4', '\u17b5':
		return false
	}
	return unicode.IsGraphic(r) && !unicode.In(r, unicode.Co, unicode.Noncharacter_Code_Point)
}

// NameStatement is a display name signed by the device that wants to be called
// so, in one meeting. A higher Sequence replaces a lower one. It says nothing
// about who the person is. It prints "[hidden]" with fmt and slog; JSON carries
// it, because it travels inside sealed messages.
type NameStatement struct {
	Device    PublicKey `json:"device"`
	Sequence  uint64    `json:"sequence"`
	Name      string    `json:"name"`
	Signature []byte    `json:"signature"`
}

// Format prints "[hidden]".
func (NameStatement) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, hiddenText) }

// LogValue returns "[hidden]".
func (NameStatement) LogValue() slog.Value { return slog.StringValue(hiddenText) }

// SignName cleans and signs a display name for one meeting.
func (k DeviceKey) SignName(id MeetingID, seq uint64, name string) (NameStatement, error) {
	clean, err := CleanName(name)
	if err != nil {
		return NameStatement{}, err
	}
	n := NameStatement{Device: k.Public(), Sequence: seq, Name: clean}
	n.Signature = k.Sign(contextName, n.signed(id))
	return n, nil
}

// Verify reports an error unless the name is clean and Device signed it for this
// meeting. The caller compares Device with the member it came from.
func (n NameStatement) Verify(id MeetingID) error {
	clean, err := CleanName(n.Name)
	if err != nil {
		return err
	}
	if clean != n.Name {
		return ErrNameCharacter
	}
	if !Verify(n.Device, contextName, n.signed(id), n.Signature) {
		return ErrNameSignature
	}
	return nil
}

func (n NameStatement) signed(id MeetingID) []byte {
	out := append([]byte(nil), id[:]...)
	out = binary.BigEndian.AppendUint64(out, n.Sequence)
	return append(out, n.Name...)
}

// Encode returns device, sequence, signature and the name, in this order.
func (n NameStatement) Encode() []byte {
	out := append([]byte(nil), n.Device[:]...)
	out = binary.BigEndian.AppendUint64(out, n.Sequence)
	var sig [64]byte
	copy(sig[:], n.Signature)
	out = append(out, sig[:]...)
	return append(out, n.Name...)
}

// ParseNameStatement reads what Encode writes. It does not verify.
func ParseNameStatement(data []byte) (NameStatement, error) {
	const fixed = 32 + 8 + 64
	if len(data) <= fixed || len(data) > fixed+utf8.UTFMax*MaxNameRunes || !utf8.Valid(data[fixed:]) {
		return NameStatement{}, ErrNameStatement
	}
	return NameStatement{
		Device:    PublicKey(data[:32]),
		Sequence:  binary.BigEndian.Uint64(data[32:]),
		Signature: append([]byte(nil), data[40:fixed]...),
		Name:      string(data[fixed:]),
	}, nil
}
