// Package rule names the rules of RFC 9420 that an input can break.
package rule

import "errors"

// Error says which rule of which section an input broke.
type Error struct {
	Section string // section of RFC 9420, for example "12.2"
	Reason  string // what was attempted, and what was wrong
	Err     error  // the cause, if there is one beyond the rule
}

// Broken returns an error for a broken rule.
func Broken(section, reason string) error {
	return &Error{Section: section, Reason: reason}
}

// Because returns an error for a broken rule that has a cause of its own.
func Because(section, reason string, err error) error {
	return &Error{Section: section, Reason: reason, Err: err}
}

func (e *Error) Error() string {
	s := e.Reason + " (RFC 9420 section " + e.Section + ")"
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Section returns the section that err names, or "" when it names none. Where
// rules are nested, it is the innermost: the one that was really broken.
func Section(err error) string {
	section := ""
	for {
		var e *Error
		if !errors.As(err, &e) {
			return section
		}
		section, err = e.Section, e.Err
	}
}
