package keys

import (
	"bytes"
	"testing"
	"unicode"
	"unicode/utf8"
)

func FuzzParseDescriptor(f *testing.F) {
	f.Add(descriptor().Encode())
	f.Fuzz(func(t *testing.T, data []byte) {
		if d, err := ParseDescriptor(data); err == nil && !bytes.Equal(d.Encode(), data) {
			t.Fatalf("%x has two encodings", data)
		}
	})
}

func FuzzParseLink(f *testing.F) {
	f.Add("https://meet.example.org/m/" + descriptor().ID().String())
	f.Add("conclave://[::1]:1/m/" + descriptor().ID().String() + "#x")
	f.Add("http://localhost/m/")
	f.Fuzz(func(t *testing.T, text string) {
		l, err := ParseLink(text)
		if err != nil {
			if l != (Link{}) {
				t.Fatal("a link beside the error")
			}
			return
		}
		if again, err := ParseLink(l.String()); err != nil || again != l {
			t.Fatalf("%q reads as %q, which reads as %q (%v)", text, l, again, err)
		}
	})
}

func FuzzCleanName(f *testing.F) {
	f.Add(" Anna  B ")
	f.Add("\u202eAnna")
	f.Fuzz(func(t *testing.T, name string) {
		clean, err := CleanName(name)
		if err != nil {
			return
		}
		if again, err := CleanName(clean); err != nil || again != clean {
			t.Fatalf("%q cleans to %q, which cleans to %q (%v)", name, clean, again, err)
		}
		if n := utf8.RuneCountInString(clean); n < 1 || n > MaxNameRunes {
			t.Fatalf("%d characters", n)
		}
		for _, r := range clean {
			if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
				t.Fatalf("%q is left in the name", r)
			}
		}
	})
}

func FuzzParseNameStatement(f *testing.F) {
	n, err := device(1).SignName(MeetingID{}, 1, "Anna")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(n.Encode())
	f.Fuzz(func(t *testing.T, data []byte) {
		if n, err := ParseNameStatement(data); err == nil && !bytes.Equal(n.Encode(), data) {
			t.Fatalf("%x has two encodings", data)
		}
	})
}

func FuzzParseKnock(f *testing.F) {
	n, err := device(1).SignName(MeetingID{}, 1, "Anna")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(NewKnock(n, "code").encode())
	f.Fuzz(func(t *testing.T, data []byte) {
		if k, err := parseKnock(data); err == nil && !bytes.Equal(k.encode(), data) {
			t.Fatalf("%x has two encodings", data)
		}
	})
}

func FuzzOpenKnock(f *testing.F) {
	lobby, err := LobbyKeyFromBytes([32]byte{1, 2, 3})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(make([]byte, 32+knockSizes[0]+16))
	f.Fuzz(func(t *testing.T, sealed []byte) {
		if _, err := lobby.Open(MeetingID{}, device(1).Public(), sealed); err != ErrKnock {
			t.Fatalf("got %v", err)
		}
	})
}

func FuzzParseAdmission(f *testing.F) {
	f.Add(device(1).SignAdmission(MeetingID{}, PublicKey{}, [32]byte{}).Encode())
	f.Fuzz(func(t *testing.T, data []byte) {
		if a, err := ParseAdmission(data); err == nil && !bytes.Equal(a.Encode(), data) {
			t.Fatalf("%x has two encodings", data)
		}
	})
}

func FuzzParseText(f *testing.F) {
	f.Add(descriptor().ID().String())
	f.Add(device(1).Public().String())
	f.Fuzz(func(t *testing.T, text string) {
		if id, err := ParseMeetingID(text); err == nil && id.String() != text {
			t.Fatalf("meeting id %q has two forms", text)
		}
		if k, err := ParsePublicKey(text); err == nil && k.String() != text {
			t.Fatalf("public key %q has two forms", text)
		}
	})
}
