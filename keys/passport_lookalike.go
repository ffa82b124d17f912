package keys

import (
	"strings"
	"unicode"
)

// lookalikes maps letters to the Latin one that they are drawn like in usual
// fonts: Cyrillic, Greek, and digits. It is a short list of the letters that
// whole names can be forged with, not Unicode's whole table (UTS 39).
var lookalikes = strings.NewReplacer(
	"а", "a", "в", "b", "с", "c", "ԁ", "d", "е", "e", "ё", "e", "һ", "h", "і", "i", "ї", "i", "ј", "j", "к", "k", "ӏ", "l",
	"м", "m", "н", "h", "о", "o", "р", "p", "ԛ", "q", "ѕ", "s", "т", "t", "у", "y", "ѵ", "v", "ԝ", "w", "х", "x", "ү", "y", "з", "3",
	"α", "a", "β", "b", "ε", "e", "η", "n", "ι", "i", "κ", "k", "μ", "m", "ν", "v", "ο", "o", "ρ", "p", "τ", "t", "υ", "y", "χ", "x", "ζ", "z",
	"ı", "i", "0", "o", "1", "l", "|", "l", "5", "s", "ß", "b", "ł", "l", "ø", "o", "đ", "d", "ħ", "h",
)

// accented maps precomposed Latin letters, which have no marks to take off, to
// their base letter.
var accented = strings.NewReplacer(
	"à", "a", "á", "a", "â", "a", "ã", "a", "ä", "a", "å", "a", "ā", "a", "ă", "a", "ą", "a", "ç", "c", "ć", "c", "č", "c",
	"è", "e", "é", "e", "ê", "e", "ë", "e", "ē", "e", "ę", "e", "ě", "e", "ì", "i", "í", "i", "î", "i", "ï", "i", "ī", "i",
	"ñ", "n", "ń", "n", "ň", "n", "ò", "o", "ó", "o", "ô", "o", "õ", "o", "ö", "o", "ō", "o", "ő", "o", "ù", "u", "ú", "u",
	"û", "u", "ü", "u", "ū", "u", "ů", "u", "ű", "u", "ý", "y", "ÿ", "y", "ś", "s", "š", "s", "ş", "s", "ź", "z", "ż", "z", "ž", "z",
	"ğ", "g", "ř", "r", "ť", "t", "ď", "d",
)

// LooksAlike reports whether two display names may be taken for one another at
// a glance: equal, or equal once case, spaces, marks and letters that are drawn
// alike are set aside. A screen marks such names; it never decides by them. It
// finds usual imitations and promises no more.
func LooksAlike(a, b string) bool { return skeleton(a) == skeleton(b) }

func skeleton(name string) string {
	plain := strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.M, r), unicode.IsSpace(r), unicode.IsPunct(r), r == '\u200c', r == '\u200d':
			return -1
		case r >= 0xff01 && r <= 0xff5e: // full width
			return unicode.ToLower(r - 0xfee0)
		case r == 'I': // drawn like l in most fonts
			return 'l'
		}
		return unicode.ToLower(r)
	}, name)
	plain = lookalikes.Replace(accented.Replace(plain))
	// i differs from l by a dot; rn is drawn like m, and vv like w.
	return strings.NewReplacer("rn", "m", "vv", "w", "i", "l").Replace(plain)
}
