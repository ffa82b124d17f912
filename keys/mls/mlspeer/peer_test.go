package main

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"testing"
)

// line is a conversation with a peer in this process.
type line struct {
	t   *testing.T
	in  io.Writer
	out *bufio.Reader
	n   int
}

func dial(t *testing.T) *line {
	inR, inW := io.Pipe()
	outR, outW := io.Pipe()
	done := make(chan error, 1)
	go func() { done <- serve(inR, outW) }()
	t.Cleanup(func() {
		inW.Close()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return &line{t: t, in: inW, out: bufio.NewReader(outR)}
}

// raw sends a request and returns the answer, which may be a refusal.
func (l *line) raw(r map[string]any) map[string]any {
	l.t.Helper()
	l.n++
	r["id"] = l.n
	b, err := json.Marshal(r)
	if err != nil {
		l.t.Fatal(err)
	}
	go l.in.Write(append(b, '\n'))
	text, err := l.out.ReadBytes('\n')
	if err != nil {
		l.t.Fatal(err)
	}
	var a map[string]any
	if err := json.Unmarshal(text, &a); err != nil {
		l.t.Fatal(err)
	}
	if a["id"] != float64(l.n) {
		l.t.Fatalf("answer %v to request %d", a["id"], l.n)
	}
	return a
}

func (l *line) ask(op, client string, r map[string]any) map[string]any {
	l.t.Helper()
	if r == nil {
		r = map[string]any{}
	}
	r["op"], r["client"] = op, client
	a := l.raw(r)
	if a["ok"] != true {
		l.t.Fatalf("%s by %s: %v", op, client, a["error"])
	}
	return a
}

type m = map[string]any

func TestTwoPeersTalkOverTheDoor(t *testing.T) {
	for _, suite := range []int{1, 2, 3, 8, 0x4E, 0xF04E} {
		t.Run(fmt.Sprint("suite ", suite), func(t *testing.T) {
			a, b := dial(t), dial(t)
			text := func(s string) string { return hex.EncodeToString([]byte(s)) }
			sender := a.ask("external_sender", "service", m{"suite": suite, "identity": text("service")})
			a.ask("create", "anna", m{"suite": suite, "identity": text("anna"), "group_id": text("room"), "extensions": []any{sender["extension"]}})
			kp := b.ask("key_package", "ben", m{"suite": suite, "identity": text("ben")})
			c := a.ask("commit", "anna", m{"add": []any{kp["key_package"]}, "tree_apart": true})
			a.ask("handle", "anna", m{"message": c["message"]})
			b.ask("join", "ben", m{"welcome": c["welcome"], "ratchet_tree": c["ratchet_tree"]})
			both := func() {
				t.Helper()
				x, y := a.ask("authenticator", "anna", nil), b.ask("authenticator", "ben", nil)
				if x["authenticator"] != y["authenticator"] || x["epoch"] != y["epoch"] {
					t.Fatalf("%v and %v", x, y)
				}
				e := m{"label": "media", "context": "00", "length": 32}
				if a.ask("export", "anna", e)["secret"] != b.ask("export", "ben", e)["secret"] {
					t.Fatal("exporters differ")
				}
			}
			both()
			p := a.ask("protect", "anna", m{"plaintext": text("hello"), "authenticated_data": "07"})
			if got := b.ask("unprotect", "ben", m{"message": p["message"]}); got["plaintext"] != text("hello") || got["authenticated_data"] != "07" {
				t.Fatalf("opened %v", got)
			}
			u := b.ask("propose", "ben", m{"type": "update", "private": true})
			a.ask("handle", "anna", m{"message": u["message"]})
			c = a.ask("commit", "anna", m{"private": true})
			b.ask("handle", "ben", m{"message": c["message"]})
			a.ask("merge", "anna", nil)
			both()
			info := b.ask("group_info", "ben", nil)
			j := a.ask("external_join", "cleo", m{"suite": suite, "identity": text("cleo"), "group_info": info["message"]})
			for who, at := range map[string]*line{"anna": a, "ben": b} {
				if got := at.ask("handle", who, m{"message": j["message"]}); got["authenticator"] != j["authenticator"] {
					t.Fatal("cleo disagrees")
				}
			}
			if list := b.ask("members", "ben", nil)["members"].([]any); len(list) != 3 {
				t.Fatalf("members: %v", list)
			}
			r := a.ask("external_propose", "service", m{"suite": suite, "group_id": text("room"), "epoch": j["epoch"], "index": 0, "leaf": j["leaf"]})
			for who, at := range map[string]*line{"anna": a, "ben": b} {
				at.ask("handle", who, m{"message": r["message"]})
			}
			if refs := b.ask("state", "ben", nil)["refs"].([]any); len(refs) != 1 {
				t.Fatalf("proposals: %v", refs)
			}
			c = b.ask("commit", "ben", nil)
			got := a.ask("handle", "anna", m{"message": c["message"]})
			if fmt.Sprint(got["removed"]) != "[2]" {
				t.Fatalf("removed: %v", got["removed"])
			}
			b.ask("handle", "ben", m{"message": c["message"]})
			both()
			if refused := b.raw(m{"op": "handle", "client": "ben", "message": "00"}); refused["ok"] != false || refused["section"] != "2.1" {
				t.Fatalf("a message of one byte: %v", refused)
			}
		})
	}
}

func TestDoorAnswersNonsense(t *testing.T) {
	l := dial(t)
	for _, r := range []m{{"op": "dance"}, {"op": "handle"}, {"op": "create", "suite": 4}, {"op": "create", "identity": "zz"}, {"op": "join", "welcome": "00"}} {
		if a := l.raw(r); a["ok"] != false {
			t.Fatalf("%v was answered with %v", r, a)
		}
	}
}
