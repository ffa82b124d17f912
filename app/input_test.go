package main_test

import (
	"bytes"
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"conclave/app/core"
	"conclave/call"
	"conclave/call/wire"
	"conclave/keys"
)

func TestWrongPasscodeEndToEnd(t *testing.T) {
	at := serviceOf(t).url
	anna, bob := newPerson(t, "Anna", at), newPerson(t, "Bob", at)
	anna.start(keys.ModeE2EE, "sesame")
	link := anna.meeting().Link
	bob.Send(core.JoinMeeting{Link: link, Passcode: "simsala"})
	bob.awaitPhase(call.PhaseEnded)
	if bob.meeting().End != call.EndPasscode {
		t.Errorf("end %d, want passcode", bob.meeting().End)
	}
	bob.Send(core.CloseMeeting{})
	bob.Send(core.JoinMeeting{Link: link, Passcode: "sesame"})
	bob.awaitPhase(call.PhaseLobby)
	anna.admit(bob)
}

// Addresses at which there is no service of ours, or not the one that was meant.
func TestServicesThatAreNone(t *testing.T) {
	nobody, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := "http://" + nobody.Addr().String()
	_ = nobody.Close()
	page := httptest.NewServer(http.NotFoundHandler())
	defer page.Close()
	strange := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ws, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer func() { _ = ws.CloseNow() }()
		_ = ws.Write(r.Context(), websocket.MessageText, []byte(`{"type":"welcome to another protocol"}`))
		_, _, _ = ws.Read(r.Context())
	}))
	defer strange.Close()
	forged := httptest.NewUnstartedServer(http.NotFoundHandler())
	forged.Config.ErrorLog = log.New(io.Discard, "", 0)
	forged.StartTLS()
	defer forged.Close()
	pin := strings.Repeat("A", 43)

	for name, row := range map[string]struct {
		service, pin string
		want         call.EndReason
	}{
		"nobody listens":      {closed, "", call.EndUnreachable},
		"a web page":          {page.URL, "", call.EndUnreachable},
		"another protocol":    {strange.URL, "", call.EndUnreachable},
		"another certificate": {forged.URL, pin, call.EndPinMismatch},
	} {
		bob := newPerson(t, "Bob", closed)
		link := keys.Link{Service: row.service, Meeting: keys.MeetingID{3}, Pin: row.pin}
		bob.Send(core.JoinMeeting{Link: link.String()})
		bob.awaitPhase(call.PhaseEnded)
		if end := bob.meeting().End; end != row.want {
			t.Errorf("%s: end %d, want %d", name, end, row.want)
		}
	}
}

// raw is a control connection of somebody who keeps no rules.
type raw struct {
	*websocket.Conn
	t testing.TB
}

// dialRaw connects; with a device it also greets as the protocol asks.
func dialRaw(t testing.TB, service string, greet bool) raw {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	ws, _, err := websocket.Dial(ctx, "ws"+strings.TrimPrefix(service, "http")+wire.Path, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ws.CloseNow() })
	r := raw{ws, t}
	_, text, err := ws.Read(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if !greet {
		return r
	}
	m, err := wire.DecodeNotice(text)
	if err != nil {
		t.Fatal(err)
	}
	device, err := keys.NewDeviceKey()
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(service)
	if err != nil {
		t.Fatal(err)
	}
	hello, err := wire.Encode(wire.NewHello(device, m.(wire.Challenge).Nonce, u.Host))
	if err != nil {
		t.Fatal(err)
	}
	r.say(hello)
	return r
}

func (r raw) say(text []byte) {
	ctx, cancel := context.WithTimeout(r.t.Context(), 5*time.Second)
	defer cancel()
	_ = r.Write(ctx, websocket.MessageText, text) // the service may have hung up
}

// hungUp reads until the service ends the connection.
func (r raw) hungUp() {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), 15*time.Second)
	defer cancel()
	for {
		if _, _, err := r.Read(ctx); err != nil {
			if ctx.Err() != nil {
				r.t.Error("the service keeps the connection")
			}
			return
		}
	}
}

// Malformed, oversized, misplaced: the service turns its sender away, and the
// meeting beside it goes on.
func TestMisuseOfTheControlSocketHarmsNobody(t *testing.T) {
	at := serviceOf(t).url
	anna, bob := newPerson(t, "Anna", at), newPerson(t, "Bob", at)
	anna.start(keys.ModeE2EE, "")
	bob.knock(anna)
	anna.admit(bob)
	inTouch(t, anna, bob)
	id := anna.meeting().ID

	big := append(append([]byte(`{"type":"say","ref":1,"epoch":1,"message":"`), bytes.Repeat([]byte("A"), 2*wire.MaxMessage)...), `"}`...)
	plain := append(append([]byte(`{"type":"lock","ref":1,"locked":true,"x":"`), bytes.Repeat([]byte("A"), 2*wire.MaxPlain)...), `"}`...)
	abuses := [][]byte{
		nil, []byte("{"), []byte("null"), []byte(`{"type":"hello"}`), []byte("\xff\xfe"), []byte(`{"type":"lock","ref":1,"locked":true,"locked":false}`),
		plain, bytes.Repeat([]byte("["), 10_000), []byte(`{"type":"commit","ref":1,"epoch":0,"commit":"AAAA"}`),
		[]byte(`{"type":"resume","ref":2,"meeting":"` + id.String() + `","after":0}`),
		[]byte(`{"type":"end","ref":3}`), []byte(`{"type":"renew","ref":4}`), []byte(`{"type":"say","ref":5,"epoch":2,"message":"AAAA"}`),
		[]byte(`{"type":"knock","ref":6,"meeting":"` + id.String() + `","keypackage":"AAAA","sealed":"AAAA"}`),
	}
	for _, greet := range []bool{false, true} {
		r := dialRaw(t, at, greet)
		r.say(big)
		r.hungUp()
		r = dialRaw(t, at, greet)
		for range 3 {
			for _, a := range abuses {
				r.say(a)
			}
		}
		r.hungUp()
	}
	// A flood of well-formed requests, from somebody who does not even read.
	flooder := dialRaw(t, at, true)
	for range 3000 {
		flooder.say([]byte(`{"type":"look","ref":1,"meeting":"` + id.String() + `"}`))
	}

	before := bob.remote(anna).AudioOpened
	await(t, 5*time.Second, "the meeting going on", func() bool { return bob.remote(anna).AudioOpened > before+50 })
	anna.Send(core.SendChat{Text: "still here"})
	await(t, 5*time.Second, "chat", func() bool { return len(bob.meeting().Chat) == 1 })
	for _, p := range []*person{anna, bob} {
		m := p.meeting()
		if m.Phase != call.PhaseInMeeting || len(m.People) != 2 || len(m.Lobby) != 0 || m.Locked || !m.Sending {
			t.Errorf("%s: phase %d, %d people, %d at the door, locked %v", p.name, m.Phase, len(m.People), len(m.Lobby), m.Locked)
		}
		if list := p.Latest().Notices; len(list) > 0 {
			t.Errorf("%s was told %v", p.name, list)
		}
	}
}
