package keys

import "testing"

func TestImitationsAreFoundAndOthersLeftAlone(t *testing.T) {
	for name, row := range map[string]struct {
		a, b string
		want bool
	}{
		"same": {"Ana Lima", "Ana Lima", true}, "case": {"Ana Lima", "ANA LIMA", true}, "spaces": {"Ana Lima", "AnaLima", true},
		"Cyrillic a": {"Ana Lima", "Аna Limа", true}, "Greek o": {"Otto", "Οttο", true}, "accent": {"Ana", "Ána", true},
		"combining": {"Ana", "A\u0301na", true}, "l for I": {"Ida Ilves", "lda llves", true}, "zero": {"Otto", "0tt0", true},
		"rn for m": {"Emma", "Ernma", true}, "full width": {"Ana", "Ａｎａ", true}, "joiner": {"Ana", "An\u200da", true}, "dot": {"Ana L", "Ana L.", true},
		"other name": {"Ana Lima", "Eva Lima", false}, "longer": {"Ana", "Anna", false}, "empty": {"Ana", "", false},
		"other scripts": {"田中", "佐藤", false}, "Arabic": {"سارة", "ليلى", false},
	} {
		if got := LooksAlike(row.a, row.b); got != row.want {
			t.Errorf("%s: %q and %q: got %t", name, row.a, row.b, got)
		}
	}
}

func FuzzLooksAlike(f *testing.F) {
	f.Add("Ana", "Аnа")
	f.Fuzz(func(t *testing.T, a, b string) {
		if !LooksAlike(a, a) || LooksAlike(a, b) != LooksAlike(b, a) {
			t.Fatal("no equivalence")
		}
	})
}
