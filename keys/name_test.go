package keys

import (
	"strings"
	"testing"
)

func TestCleanName(t *testing.T) {
	cases := []struct {
		name string
		want string
		err  error
	}{
		{"Anna", "Anna", nil},
		{"  Anna \u00a0 Müller  ", "Anna Müller", nil},
		{"José", "José", nil},
		{"J\u006f\u0301se", "J\u006f\u0301se", nil},
		{"李雷", "李雷", nil},
		{"محمد", "محمد", nil},
		{"क्\u200dष", "क्\u200dष", nil}, // joiner
		{"👩\u200d🚀", "👩\u200d🚀", nil},
		{strings.Repeat("x", 64), strings.Repeat("x", 64), nil},
		{strings.Repeat("é", 64), strings.Repeat("é", 64), nil},
		{"", "", ErrNameLength},
		{"   ", "", ErrNameLength},
		{strings.Repeat("x", 65), "", ErrNameLength},
		{strings.Repeat("x", 5000), "", ErrNameLength},
		{"\xff\xfe", "", ErrNameLength},
		{"\u200d", "", ErrNameLength},
		{"Anna\n", "", ErrNameCharacter},
		{"An\x00na", "", ErrNameCharacter},
		{"An\tna", "", ErrNameCharacter},
		{"\u202eannA", "", ErrNameCharacter},
		{"Anna\u2066x", "", ErrNameCharacter},
		{"Anna\u200f", "", ErrNameCharacter},
		{"An\u200bna", "", ErrNameCharacter},
		{"An\ufeffna", "", ErrNameCharacter},
		{"Anna\u2028", "", ErrNameCharacter},
		{"\u3164", "", ErrNameCharacter},
		{"\u2800", "", ErrNameCharacter},
		{"Anna\ue000", "", ErrNameCharacter},
		{"Anna\U000e0041", "", ErrNameCharacter},
		{"A" + strings.Repeat("\u0301", 5), "", ErrNameCharacter},
		{"A" + strings.Repeat("\u0301", 4), "A" + strings.Repeat("\u0301", 4), nil},
		{"\u0301", "", ErrNameLength},
	}
	for _, c := range cases {
		got, err := CleanName(c.name)
		if got != c.want || err != c.err {
			t.Errorf("%q: got %q, %v; want %q, %v", c.name, got, err, c.want, c.err)
		}
		if err != nil && c.name != "" && len(c.name) < 100 && strings.Contains(err.Error(), c.name) {
			t.Errorf("the error repeats the name: %v", err)
		}
	}
}

func TestNameStatement(t *testing.T) {
	k, id := device(1), descriptor().ID()
	n, err := k.SignName(id, 3, " Anna  B ")
	if err != nil || n.Name != "Anna B" || n.Device != k.Public() || n.Sequence != 3 {
		t.Fatalf("%q, %v", n.Name, err)
	}
	if err := n.Verify(id); err != nil {
		t.Fatal(err)
	}
	if _, err := k.SignName(id, 1, "\x00"); err != ErrNameCharacter {
		t.Errorf("got %v", err)
	}
	for what, alter := range map[string]func(*NameStatement){
		"name":      func(n *NameStatement) { n.Name = "Bert" },
		"sequence":  func(n *NameStatement) { n.Sequence++ },
		"device":    func(n *NameStatement) { n.Device = device(2).Public() },
		"signature": func(n *NameStatement) { n.Signature = n.Signature[1:] },
		"spaces":    func(n *NameStatement) { n.Name = "Anna  B" },
		"unclean":   func(n *NameStatement) { n.Name = "An\nna" },
	} {
		altered := n
		alter(&altered)
		if err := altered.Verify(id); err == nil {
			t.Errorf("altered %s: verified", what)
		}
	}
	if err := n.Verify(MeetingID{1}); err != ErrNameSignature {
		t.Errorf("another meeting: got %v, want ErrNameSignature", err)
	}
	back, err := ParseNameStatement(n.Encode())
	if err != nil || back.Verify(id) != nil || back.Name != n.Name {
		t.Errorf("read back: %v", err)
	}
	for cut := range 105 {
		if _, err := ParseNameStatement(n.Encode()[:cut]); err == nil && cut <= 104 {
			t.Errorf("cut at %d: accepted", cut)
		}
	}
	if _, err := ParseNameStatement(make([]byte, 104+257)); err != ErrNameStatement {
		t.Errorf("long: got %v", err)
	}
	if _, err := ParseNameStatement(append(make([]byte, 104), 0xff)); err != ErrNameStatement {
		t.Errorf("not UTF-8: got %v", err)
	}
}
