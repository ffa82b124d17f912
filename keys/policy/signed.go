package policy

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// Errors of signed policies.
var (
	ErrSignature = errors.New("open policy: the service's policy key has not signed it")
	ErrRollback  = errors.New("open policy: an older version than the one known")
	ErrSwapped   = errors.New("open policy: another text with the version of the one known")
)

// Sign returns the policy file with the signature of the service's policy key
// below, in the format of signed notes. The text above stays readable JSON.
func Sign(p *Policy, signer note.Signer) ([]byte, error) {
	signed, err := note.Sign(&note.Note{Text: string(p.text)}, signer)
	if err != nil {
		return nil, fmt.Errorf("sign policy: %w", err)
	}
	return signed, nil
}

// Open verifies and parses what Sign made.
func Open(signed []byte, key note.Verifier) (*Policy, error) {
	if len(signed) > maxFile+4096 {
		return nil, ErrSignature
	}
	opened, err := note.Open(signed, note.VerifierList(key))
	if err != nil {
		return nil, ErrSignature
	}
	return Parse([]byte(opened.Text))
}

// Replace reports whether next may take the place of known: the version must
// grow, or the text must be the same.
func Replace(known, next *Policy) error {
	switch {
	case known == nil, next.Version > known.Version, known.Hash() == next.Hash():
		return nil
	case next.Version < known.Version:
		return ErrRollback
	}
	return ErrSwapped
}

// Edited returns p under another name, version and time, as an operator makes
// the next version of a preset. It only changes the head of the text.
func (p *Policy) Edited(name string, version uint64, issued string) (*Policy, error) {
	text := string(p.text)
	for field, value := range map[string][2]string{
		"name":    {quoted(p.Name), quoted(name)},
		"version": {fmt.Sprint(p.Version), fmt.Sprint(version)},
		"issued":  {quoted(p.Issued.Format("2006-01-02T15:04:05Z")), quoted(issued)},
	} {
		from := quoted(field) + ": " + value[0] + ","
		if !strings.Contains(text, from) {
			return nil, fmt.Errorf("edit policy: field %s is not written as in the presets", field)
		}
		text = strings.Replace(text, from, quoted(field)+": "+value[1]+",", 1)
	}
	return Parse([]byte(text))
}

func quoted(s string) string { return `"` + s + `"` }

// textOf returns the text of a signed note, or data itself when it is none.
func textOf(data []byte) []byte {
	if i := bytes.LastIndex(data, []byte("\n\n— ")); i >= 0 {
		return data[:i+1]
	}
	return data
}
