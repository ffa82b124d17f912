// Package text says everything that Conclave says to people, in their
// language. It is a catalogue and nothing else: no screen, no state. Keys are
// written where they are used; a test holds them and every language to each
// other, placeholders included.
package text

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"conclave/assets"
)

// English is the language that every other one is measured by, and the one
// that stands in for a language that Conclave does not have.
const English = "en"

// Language is one that Conclave speaks.
type Language struct{ Tag, Name string }

// Languages lists them, each named in itself.
func Languages() []Language {
	return []Language{{"en", "English"}, {"de", "Deutsch"}, {"nb", "Norsk bokmål"}}
}

// Speaker says things in one language. It is read-only and safe for
// concurrent use.
type Speaker struct {
	tag             string
	words, fallback map[string]string
}

// New returns the speaker for a language tag such as "de", "de-AT" or
// "nb_NO.UTF-8"; Norwegian without a variety is bokmål, and an unknown
// language is English.
func New(tag string) *Speaker {
	tag = Match(tag)
	return &Speaker{tag: tag, words: load(tag), fallback: load(English)}
}

// Match returns the tag of the language that serves a wish best.
func Match(tag string) string {
	lower := strings.ToLower(tag)
	if i := strings.IndexAny(lower, "-_.@"); i >= 0 {
		lower = lower[:i]
	}
	if lower == "no" || lower == "nn" {
		lower = "nb"
	}
	if slices.ContainsFunc(Languages(), func(l Language) bool { return l.Tag == lower }) {
		return lower
	}
	return English
}

// Tag returns the language that is spoken.
func (s *Speaker) Tag() string { return s.tag }

// Has reports whether there are words for a key.
func (s *Speaker) Has(key string) bool {
	_, ok := s.fallback[key]
	return ok
}

// Say returns the words of a key with {placeholders} filled in from pairs of
// name and value. A key without words is returned itself, in brackets, so that
// it is seen.
func (s *Speaker) Say(key string, pairs ...any) string {
	words, ok := s.words[key]
	if !ok {
		if words, ok = s.fallback[key]; !ok {
			return "[" + key + "]"
		}
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		words = strings.ReplaceAll(words, "{"+fmt.Sprint(pairs[i])+"}", fmt.Sprint(pairs[i+1]))
	}
	return words
}

// Count says key.one for 1 and key.other for every other number, with {n}
// filled in. English, German and Norwegian need no more than these two.
func (s *Speaker) Count(key string, n int, pairs ...any) string {
	form := ".other"
	if n == 1 {
		form = ".one"
	}
	return s.Say(key+form, append([]any{"n", n}, pairs...)...)
}

func load(tag string) map[string]string {
	words := map[string]string{}
	for _, b := range assets.Language(tag) {
		// A broken catalogue is found by TestLanguagesAreWhole; here it only
		// means that English stands in for its words.
		_ = json.Unmarshal(b, &words)
	}
	return words
}
