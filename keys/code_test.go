package keys

import (
	"slices"
	"strings"
	"testing"
)

// What people compare is pinned: two versions of the app must show the same.
func TestSecurityCodeGolden(t *testing.T) {
	d := descriptor()
	c := SecurityCode([]byte("authenticator of 32 bytes or so."), d.ID(), []PublicKey{device(1).Public(), device(2).Public(), device(3).Public()})
	const (
		wantDigits = "65555 37406 41398 38365 28851 11725"
		wantWords  = "clock canyon dagger cider carpet desert puzzle north desert feather bottle lotus"
		wantSafety = "11872 67316 74021 15143 17945 36501"
	)
	if c.Digits() != wantDigits {
		t.Errorf("digits %q, want %q", c.Digits(), wantDigits)
	}
	if got := strings.Join(c.Words(), " "); got != wantWords {
		t.Errorf("words %q, want %q", got, wantWords)
	}
	if got := SafetyNumber(device(1).Public(), device(2).Public()); got != wantSafety {
		t.Errorf("safety number %q, want %q", got, wantSafety)
	}
}

func TestSecurityCodeCoversEverything(t *testing.T) {
	id := descriptor().ID()
	a, b, c := device(1).Public(), device(2).Public(), device(3).Public()
	base := SecurityCode([]byte("auth"), id, []PublicKey{a, b})
	if base != SecurityCode([]byte("auth"), id, []PublicKey{b, a}) {
		t.Error("the order of people changes the code")
	}
	for what, other := range map[string]Code{
		"authenticator": SecurityCode([]byte("outh"), id, []PublicKey{a, b}),
		"meeting":       SecurityCode([]byte("auth"), MeetingID{1}, []PublicKey{a, b}),
		"a person more": SecurityCode([]byte("auth"), id, []PublicKey{a, b, c}),
		"a person less": SecurityCode([]byte("auth"), id, []PublicKey{a}),
		"another":       SecurityCode([]byte("auth"), id, []PublicKey{a, c}),
		"twice":         SecurityCode([]byte("auth"), id, []PublicKey{a, b, b}),
	} {
		if other == base || other.Digits() == base.Digits() || slices.Equal(other.Words(), base.Words()) {
			t.Errorf("%s: the code is the same", what)
		}
	}
	in := []PublicKey{b, a}
	SecurityCode(nil, id, in)
	if in[0] != b {
		t.Error("the caller's list was sorted")
	}
}

func TestCodeForm(t *testing.T) {
	c := SecurityCode([]byte("auth"), MeetingID{}, nil)
	groups := strings.Fields(c.Digits())
	if len(groups) != 6 || len(c.Digits()) != 35 {
		t.Errorf("got %q", c.Digits())
	}
	for _, g := range groups {
		if len(g) != 5 || strings.Trim(g, "0123456789") != "" {
			t.Errorf("group %q", g)
		}
	}
	if len(c.Words()) != 12 {
		t.Errorf("got %d words", len(c.Words()))
	}
	if got := (Code{}).Digits(); got != "00000 00000 00000 00000 00000 00000" {
		t.Errorf("zero code %q", got)
	}
}

// TestDigitsAreSpread looks at each place of many codes: every digit comes up about
// as often as the others.
func TestDigitsAreSpread(t *testing.T) {
	const runs = 4000
	var counts [codeDigits][10]int
	for i := range runs {
		for place, d := range SecurityCode([]byte{byte(i), byte(i >> 8)}, MeetingID{}, nil) {
			counts[place][d]++
		}
	}
	for place, c := range counts {
		for d, n := range c {
			if n < runs/10-130 || n > runs/10+130 { // seven standard deviations
				t.Errorf("digit %d stands %d times in place %d, want about %d", d, n, place, runs/10)
			}
		}
	}
}

func TestWordListIsFitForReadingAloud(t *testing.T) {
	words := strings.Fields(wordList)
	if len(words) != 256 || !slices.IsSorted(words) {
		t.Fatalf("%d words, sorted: %v", len(words), slices.IsSorted(words))
	}
	begins := map[string]string{}
	for _, w := range words {
		if len(w) < 3 || len(w) > 8 || strings.Trim(w, "abcdefghijklmnopqrstuvwxyz") != "" {
			t.Errorf("%q is not a short plain word", w)
		}
		if other, ok := begins[w]; ok {
			t.Errorf("%q and %q are the same", w, other)
		}
		begins[w] = w
	}
}

func TestSafetyNumber(t *testing.T) {
	a, b, c := device(1).Public(), device(2).Public(), device(3).Public()
	if SafetyNumber(a, b) != SafetyNumber(b, a) {
		t.Error("the two sides see different numbers")
	}
	if SafetyNumber(a, b) == SafetyNumber(a, c) || SafetyNumber(a, a) == SafetyNumber(a, b) {
		t.Error("two pairs have one number")
	}
	if got := SafetyNumber(a, b); len(strings.Fields(got)) != 6 || len(got) != 35 {
		t.Errorf("got %q", got)
	}
}

func BenchmarkSecurityCode(b *testing.B) {
	id, people := descriptor().ID(), make([]PublicKey, 50)
	for i := range people {
		people[i] = device(byte(i)).Public()
	}
	for b.Loop() {
		SecurityCode([]byte("auth"), id, people)
	}
}

func BenchmarkSafetyNumber(b *testing.B) {
	x, y := device(1).Public(), device(2).Public()
	for b.Loop() {
		SafetyNumber(x, y)
	}
}
