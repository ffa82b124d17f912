package service_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"go.uber.org/goleak"

	"conclave/app/service"
	"conclave/call/link"
	"conclave/call/relay"
	"conclave/call/wire"
	"conclave/keys"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// running is a service on the loopback address.
type running struct {
	*service.Service
	url string
}

func start(t *testing.T, c service.Config) running {
	t.Helper()
	if c.Relay == nil {
		c.Relay = relay.None{}
	}
	s, err := service.New(c)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return running{s, "http://" + l.Addr().String()}
}

// client is one device on the control socket.
type client struct {
	*testing.T
	device keys.DeviceKey
	conn   *link.Conn
}

func newDevice(t *testing.T) keys.DeviceKey {
	t.Helper()
	d, err := keys.NewDeviceKey()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func dial(t *testing.T, url string, device keys.DeviceKey) *client {
	t.Helper()
	conn, err := link.Dial(t.Context(), link.Config{Service: url, Device: device})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return &client{T: t, device: device, conn: conn}
}

func (c *client) send(r wire.Request) {
	c.Helper()
	if err := c.conn.Send(c.Context(), r); err != nil {
		c.Fatalf("send %s: %v", r.Type(), err)
	}
}

// until returns the next notice of type T; others before it are skipped.
func until[T wire.Notice](c *client) T {
	c.Helper()
	ctx, cancel := context.WithTimeout(c.Context(), 10*time.Second)
	defer cancel()
	for {
		m, err := c.conn.Receive(ctx)
		if err != nil {
			var want T
			c.Fatalf("waiting for %s: %v", want.Type(), err)
		}
		if n, ok := m.(T); ok {
			return n
		}
		if f, ok := m.(wire.Failed); ok {
			var want T
			c.Fatalf("waiting for %s: got Failed %s", want.Type(), f.Code)
		}
	}
}

func newMeeting(t *testing.T, host keys.DeviceKey) (wire.Create, keys.MeetingID) {
	t.Helper()
	lobby, err := keys.NewLobbyKey()
	if err != nil {
		t.Fatal(err)
	}
	d, err := keys.NewDescriptor(keys.ModeE2EE, 1, host.Public(), lobby.Public(), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	s := host.SignDescriptor(d)
	return wire.Create{Ref: 1, Encoded: s.Encoded, Signature: s.Signature}, d.ID()
}

func TestMeetingOverTheSocket(t *testing.T) {
	s := start(t, service.Config{})
	host, guest := dial(t, s.url, newDevice(t)), dial(t, s.url, newDevice(t))
	create, id := newMeeting(t, host.device)
	host.send(create)
	if got := until[wire.MediaToken](host); got.URL != "ws"+s.url[4:] || got.Token == "" {
		t.Errorf("media token: got URL %q", got.URL)
	}
	until[wire.Done](host)

	guest.send(wire.Look{Ref: 1, Meeting: id})
	m := until[wire.Meeting](guest)
	if d, err := (keys.SignedDescriptor{Encoded: m.Encoded, Signature: m.Signature}).Verify(id); err != nil || d.Host != host.device.Public() {
		t.Fatalf("descriptor: got %v, host %v", err, d.Host)
	}
	if !m.HostHere || m.Locked {
		t.Errorf("meeting: got %+v", m)
	}
	guest.send(wire.Knock{Ref: 2, Meeting: id, KeyPackage: []byte("kp"), Sealed: []byte("sealed")})
	if w := until[wire.Waiting](guest); w.Position != 1 || !w.HostHere {
		t.Errorf("waiting: got %+v", w)
	}
	k := until[wire.Knocking](host)
	if k.Device != guest.device.Public() || string(k.KeyPackage) != "kp" || string(k.Sealed) != "sealed" {
		t.Errorf("knocking: got %+v", k)
	}
	host.send(wire.Commit{Ref: 2, Epoch: 0, Commit: []byte("add"), Welcome: []byte("welcome"), Adds: []wire.Ticket{k.Ticket}})
	if o := until[wire.Ordered](host); o.Sequence != 1 || o.Epoch != 0 || o.Sender != host.device.Public() || string(o.Commit) != "add" {
		t.Errorf("echo: got %+v", o)
	}
	until[wire.Done](host)
	if j := until[wire.Joined](guest); string(j.Welcome) != "welcome" || j.Sequence != 1 {
		t.Errorf("joined: got %+v", j)
	}
	until[wire.MediaToken](guest)
	if r := until[wire.Roster](guest); len(r.Seated) != 2 || !r.Seated[0].Connected || !r.Seated[1].Connected {
		t.Errorf("roster: got %+v", r)
	}
	guest.send(wire.Say{Ref: 3, Epoch: 1, Message: []byte("hello")})
	for _, c := range []*client{host, guest} {
		if got := until[wire.Said](c); got.Sequence != 2 || got.Epoch != 1 || got.Sender != guest.device.Public() || string(got.Message) != "hello" {
			t.Errorf("said: got %+v", got)
		}
	}
	host.send(wire.Commit{Ref: 3, Epoch: 1, Commit: []byte("remove"), Removes: []keys.PublicKey{guest.device.Public()}})
	until[wire.Ordered](guest)
	until[wire.Removed](guest)
	host.send(wire.End{Ref: 4})
	if e := until[wire.Ended](host); e.Reason != wire.EndHost {
		t.Errorf("ended: got %+v", e)
	}
	until[wire.Done](host)
	guest.send(wire.Look{Ref: 5, Meeting: id})
	if f, err := guest.conn.Receive(t.Context()); err != nil || f != (wire.Failed{Ref: 5, Code: wire.CodeEnded}) {
		// The roster after the removal never reaches the removed.
		t.Errorf("look at an ended meeting: got %+v, %v", f, err)
	}
}

func TestResumeReplaysInOrder(t *testing.T) {
	s := start(t, service.Config{})
	host := dial(t, s.url, newDevice(t))
	create, id := newMeeting(t, host.device)
	host.send(create)
	until[wire.Done](host)
	for i := range 5 {
		host.send(wire.Commit{Ref: uint32(i + 2), Epoch: uint64(i), Commit: []byte{byte(i)}})
		until[wire.Done](host)
	}
	again := dial(t, s.url, host.device)
	again.send(wire.Resume{Ref: 1, Meeting: id, After: 2})
	for want := uint64(3); want <= 5; want++ {
		if o := until[wire.Ordered](again); o.Sequence != want {
			t.Fatalf("replayed sequence %d, want %d", o.Sequence, want)
		}
	}
	until[wire.Done](again)
	// The old connection is told why it ends, so that the two do not take turns.
	for {
		_, err := host.conn.Receive(t.Context())
		if err == nil {
			continue
		}
		if !errors.Is(err, link.ErrReplaced) {
			t.Errorf("old connection: got %v, want ErrReplaced", err)
		}
		break
	}
}

func TestHelloForAnotherServiceIsRefused(t *testing.T) {
	s := start(t, service.Config{})
	ws, _, err := websocket.Dial(t.Context(), "ws"+s.url[4:]+wire.Path, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ws.CloseNow() }()
	_, text, err := ws.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	challenge, err := wire.DecodeNotice(text)
	if err != nil {
		t.Fatal(err)
	}
	hello, err := wire.Encode(wire.NewHello(newDevice(t), challenge.(wire.Challenge).Nonce, "another.example"))
	if err != nil {
		t.Fatal(err)
	}
	if err := ws.Write(t.Context(), websocket.MessageText, hello); err != nil {
		t.Fatal(err)
	}
	_, text, err = ws.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := wire.DecodeNotice(text); got != (wire.Failed{Code: wire.CodeBadRequest}) {
		t.Errorf("got %s, want bad-request", text)
	}
	if _, _, err = ws.Read(t.Context()); websocket.CloseStatus(err) != wire.CloseMisused {
		t.Errorf("got %v, want close %d", err, wire.CloseMisused)
	}
}

// raw is a client that does not follow the protocol.
func raw(t *testing.T, s running, device keys.DeviceKey) *websocket.Conn {
	t.Helper()
	ws, _, err := websocket.Dial(t.Context(), "ws"+s.url[4:]+wire.Path, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ws.CloseNow() })
	_, text, err := ws.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	challenge, err := wire.DecodeNotice(text)
	if err != nil {
		t.Fatal(err)
	}
	hello, err := wire.Encode(wire.NewHello(device, challenge.(wire.Challenge).Nonce, strings.TrimPrefix(s.url, "http://")))
	if err != nil {
		t.Fatal(err)
	}
	if err := ws.Write(t.Context(), websocket.MessageText, hello); err != nil {
		t.Fatal(err)
	}
	if _, text, err = ws.Read(t.Context()); err != nil || string(text) != `{"type":"ready"}` {
		t.Fatalf("got %s, %v; want ready", text, err)
	}
	return ws
}

func TestBadMessagesAreAnsweredThenCut(t *testing.T) {
	s := start(t, service.Config{})
	ws := raw(t, s, newDevice(t))
	for i := range 8 {
		if err := ws.Write(t.Context(), websocket.MessageText, []byte(`{"type":"dance"}`)); err != nil {
			t.Fatal(err)
		}
		if _, text, err := ws.Read(t.Context()); err != nil || string(text) != `{"type":"failed","ref":0,"code":"bad-request"}` {
			t.Fatalf("bad message %d: got %s, %v", i, text, err)
		}
	}
	if _, _, err := ws.Read(t.Context()); websocket.CloseStatus(err) != wire.CloseMisused {
		t.Errorf("got %v, want close %d", err, wire.CloseMisused)
	}
	ws = raw(t, s, newDevice(t))
	if err := ws.Write(t.Context(), websocket.MessageText, []byte(strings.Repeat(" ", wire.MaxPlain)+`{"type":"leave","ref":1}`)); err != nil {
		t.Fatal(err)
	}
	if _, text, err := ws.Read(t.Context()); err != nil || string(text) != `{"type":"failed","ref":0,"code":"too-large"}` {
		t.Fatalf("large message: got %s, %v", text, err)
	}
	if err := ws.Write(t.Context(), websocket.MessageText, make([]byte, wire.MaxMessage+1)); err != nil {
		t.Logf("writing an oversized message: %v", err)
	}
	if _, _, err := ws.Read(t.Context()); err == nil {
		t.Error("a message over all limits does not end the connection")
	}
	// The service lives on.
	raw(t, s, newDevice(t))
}

func TestRequestsOutOfOrderAreAnswered(t *testing.T) {
	s := start(t, service.Config{})
	c := dial(t, s.url, newDevice(t))
	rows := []struct {
		request wire.Request
		want    wire.Code
	}{
		{wire.NewHello(c.device, make([]byte, 32), "x"), wire.CodeBadRequest},
		{wire.Say{Ref: 1, Message: []byte("x")}, wire.CodeNotSeated},
		{wire.Commit{Ref: 1, Commit: []byte("x")}, wire.CodeNotSeated},
		{wire.Leave{Ref: 1}, wire.CodeNotSeated},
		{wire.End{Ref: 1}, wire.CodeNotSeated},
		{wire.Lock{Ref: 1}, wire.CodeNotSeated},
		{wire.Renew{Ref: 1}, wire.CodeNotSeated},
		{wire.Refuse{Ref: 1, Ticket: 1, Reason: wire.ReasonRefused}, wire.CodeNotSeated},
		{wire.Look{Ref: 1, Meeting: keys.MeetingID{1}}, wire.CodeNotFound},
		{wire.Knock{Ref: 1, Meeting: keys.MeetingID{1}, KeyPackage: []byte("x"), Sealed: []byte("x")}, wire.CodeNotFound},
		{wire.Resume{Ref: 1, Meeting: keys.MeetingID{1}}, wire.CodeNotFound},
		{wire.Create{Ref: 1, Encoded: []byte("x"), Signature: []byte("x")}, wire.CodeBadRequest},
	}
	for _, row := range rows {
		c.send(row.request)
		want := wire.Failed{Ref: row.request.Reference(), Code: row.want}
		if got, err := c.conn.Receive(t.Context()); err != nil || got != wire.Message(want) {
			t.Errorf("%s: got %+v, %v; want %+v", row.request.Type(), got, err, want)
		}
	}
	other := newDevice(t)
	create, _ := newMeeting(t, other)
	c.send(create)
	if got, err := c.conn.Receive(t.Context()); err != nil || got != (wire.Failed{Ref: 1, Code: wire.CodeBadRequest}) {
		t.Errorf("creating somebody else's meeting: got %+v, %v", got, err)
	}
}

func TestConnectionsPerAddressAreLimited(t *testing.T) {
	s := start(t, service.Config{Connections: service.Connections{PerAddress: 2}})
	dial(t, s.url, newDevice(t))
	dial(t, s.url, newDevice(t))
	if _, err := link.Dial(t.Context(), link.Config{Service: s.url, Device: newDevice(t)}); !errors.Is(err, wire.CodeBusy) {
		t.Errorf("third connection: got %v, want busy", err)
	}
}

func TestTooFastIsAnsweredAndChangesNothing(t *testing.T) {
	s := start(t, service.Config{Connections: service.Connections{Rate: 0.001, Burst: 2}})
	c := dial(t, s.url, newDevice(t))
	create, id := newMeeting(t, c.device)
	c.send(create)
	until[wire.Done](c)
	c.send(wire.Commit{Ref: 2, Commit: []byte("x")})
	until[wire.Done](c)
	c.send(wire.End{Ref: 3})
	for {
		got, err := c.conn.Receive(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if f, ok := got.(wire.Failed); ok {
			if f != (wire.Failed{Ref: 3, Code: wire.CodeTooFast}) {
				t.Errorf("got %+v, want too-fast", f)
			}
			break
		}
	}
	other := dial(t, s.url, newDevice(t))
	other.send(wire.Look{Ref: 1, Meeting: id})
	until[wire.Meeting](other)
}

func TestSlowReaderIsCutAndCanResume(t *testing.T) {
	s := start(t, service.Config{Connections: service.Connections{Backlog: 256 << 10, Rate: 1e6, Burst: 1e6, Bytes: 1 << 30}})
	host := dial(t, s.url, newDevice(t))
	create, id := newMeeting(t, host.device)
	host.send(create)
	until[wire.Done](host)
	// A guest that never reads: its socket's buffers fill, then its backlog.
	device := newDevice(t)
	guest := raw(t, s, device)
	knock, err := wire.Encode(wire.Knock{Ref: 1, Meeting: id, KeyPackage: []byte("k"), Sealed: []byte("s")})
	if err != nil {
		t.Fatal(err)
	}
	if err := guest.Write(t.Context(), websocket.MessageText, knock); err != nil {
		t.Fatal(err)
	}
	k := until[wire.Knocking](host)
	host.send(wire.Commit{Ref: 2, Commit: []byte("c"), Welcome: []byte("w"), Adds: []wire.Ticket{k.Ticket}})
	until[wire.Done](host)
	sent := uint64(1)
	big := make([]byte, wire.MaxSaid)
	for connected := true; connected; sent++ {
		host.send(wire.Say{Ref: 3, Epoch: 1, Message: big})
		for {
			m, err := host.conn.Receive(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if r, ok := m.(wire.Roster); ok {
				for _, seat := range r.Seated {
					if seat.Device == device.Public() {
						connected = seat.Connected
					}
				}
			}
			if _, ok := m.(wire.Done); ok {
				break
			}
		}
		if sent > 5000 {
			t.Fatal("a reader that never reads is never cut")
		}
	}
	t.Logf("cut after %d messages", sent-1)
	_ = guest.CloseNow()
	again := dial(t, s.url, device)
	after := sent - 2 // two fit into the backlog of this test
	again.send(wire.Resume{Ref: 1, Meeting: id, After: after})
	for want := after + 1; want <= sent; want++ {
		if got := until[wire.Said](again); got.Sequence != want {
			t.Fatalf("replayed %d, want %d", got.Sequence, want)
		}
	}
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(body)
}

func TestPages(t *testing.T) {
	s := start(t, service.Config{})
	host := dial(t, s.url, newDevice(t))
	create, id := newMeeting(t, host.device)
	host.send(create)
	until[wire.Done](host)
	if code, body := get(t, s.url+"/healthz"); code != 200 || body != "ok\n" {
		t.Errorf("healthz: got %d %q", code, body)
	}
	code, body := get(t, s.url+"/metrics")
	if code != 200 || !strings.Contains(body, "conclave_meetings 1\n") || !strings.Contains(body, "conclave_seated 1\n") {
		t.Errorf("metrics: got %d %q", code, body)
	}
	for _, secret := range []string{id.String(), host.device.Public().String(), "127.0.0.1"} {
		if strings.Contains(body, secret) {
			t.Errorf("metrics name %q", secret)
		}
	}
	if code, body := get(t, s.url+"/m/"+id.String()); code != 200 || !strings.Contains(body, id.String()) || strings.Contains(body, "<script") {
		t.Errorf("page: got %d %q", code, body)
	}
	if code, _ := get(t, s.url+"/m/<script>"); code != 404 {
		t.Errorf("page of a broken id: got %d", code)
	}
	for _, path := range []string{"/", "/twirp/livekit.RoomService/ListRooms", "/agent", "/whip/v1", "/debug/pprof/", "/rtc"} {
		if code, _ := get(t, s.url+path); code != 404 {
			t.Errorf("%s: got %d, want 404", path, code)
		}
	}
}
