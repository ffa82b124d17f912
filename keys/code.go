package keys

import (
	"bytes"
	"crypto/hkdf"
	"crypto/sha256"
	_ "embed"
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"slices"
	"strings"
)

const (
	codeDigits = 30
	codeWords  = 12
	groupSize  = 5
)

//go:embed words.txt
var wordList string

// Code is a meeting's security code: 30 decimal digits, the same for everybody
// in the same epoch with the same line-up, and different otherwise. Codes are
// compared with ==. It prints "[hidden]"; Digits and Words are for the screen.
type Code [codeDigits]byte // each 0 to 9

// SecurityCode derives the code from the epoch authenticator of the group (RFC
// 9420 section 8.7, which covers tree, transcript and secrets), the meeting
// (whose identifier is the hash of the signed descriptor) and the identity keys
// of everybody, in any order.
//
// 30 digits are 99 bits: two groups made to show the same code cost about 2^50
// trials, each with a signature.
func SecurityCode(authenticator []byte, id MeetingID, identities []PublicKey) Code {
	sorted := slices.Clone(identities)
	slices.SortFunc(sorted, func(a, b PublicKey) int { return bytes.Compare(a[:], b[:]) })
	info := []byte(signaturePrefix + "security code\x00")
	info = append(info, id[:]...)
	info = binary.BigEndian.AppendUint32(info, uint32(len(sorted)))
	for _, k := range sorted {
		info = append(info, k[:]...)
	}
	out, err := hkdf.Key(sha256.New, authenticator, nil, string(info), codeDigits)
	if err != nil {
		panic("keys: HKDF refuses 30 bytes: " + err.Error())
	}
	return digits([codeDigits]byte(out))
}

// digits turns each 5 bytes, as a big-endian number modulo 100,000, into 5 digits.
func digits(random [codeDigits]byte) (c Code) {
	for i := 0; i < codeDigits; i += groupSize {
		var wide [8]byte
		copy(wide[3:], random[i:i+groupSize])
		n := binary.BigEndian.Uint64(wide[:]) % 100_000
		for j := groupSize - 1; j >= 0; j-- {
			c[i+j] = byte(n % 10)
			n /= 10
		}
	}
	return c
}

// Digits returns six groups of five digits, separated by spaces.
func (c Code) Digits() string {
	out := make([]byte, 0, codeDigits+codeDigits/groupSize)
	for i, d := range c {
		if i > 0 && i%groupSize == 0 {
			out = append(out, ' ')
		}
		out = append(out, '0'+d%10)
	}
	return string(out)
}

// Words returns the same code as twelve words for reading aloud: the number
// modulo 2^96, one word a byte. Equal digits give equal words.
func (c Code) Words() []string {
	n, ok := new(big.Int).SetString(strings.ReplaceAll(c.Digits(), " ", ""), 10)
	if !ok {
		panic("keys: digits are digits")
	}
	var raw [16]byte // 10^30 is below 2^100
	n.FillBytes(raw[:])
	list := strings.Fields(wordList)
	words := make([]string, codeWords)
	for i, b := range raw[len(raw)-codeWords:] {
		words[i] = list[b]
	}
	return words
}

// Format prints "[hidden]".
func (Code) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, hiddenText) }

// MarshalText returns "[hidden]".
func (Code) MarshalText() ([]byte, error) { return []byte(hiddenText), nil }

// LogValue returns "[hidden]".
func (Code) LogValue() slog.Value { return slog.StringValue(hiddenText) }

// safetyRounds makes a search for two keys with the same number dearer, and
// costs a device under a millisecond.
const safetyRounds = 2048

// SafetyNumber returns 30 digits in six groups for a pair of devices, the same
// in both orders and in every meeting.
func SafetyNumber(a, b PublicKey) string {
	if bytes.Compare(a[:], b[:]) > 0 {
		a, b = b, a
	}
	msg := append([]byte(signaturePrefix+"safety number\x00"), a[:]...)
	msg = append(msg, b[:]...)
	sum := sha256.Sum256(msg)
	for range safetyRounds {
		sum = sha256.Sum256(append(sum[:], msg...))
	}
	return digits([codeDigits]byte(sum[:codeDigits])).Digits()
}
