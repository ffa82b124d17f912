package relay_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/livekit/protocol/livekit"
	"github.com/livekit/protocol/logger"
	lksdk "github.com/livekit/server-sdk-go/v2"
	"github.com/pion/webrtc/v4"
	"github.com/pion/webrtc/v4/pkg/media"
	"google.golang.org/protobuf/proto"

	"conclave/call/relay"
	"conclave/call/relay/relaytest"
	"conclave/call/wire"
)

const secret = "a secret for tests of at least 32 characters"

func TestMain(m *testing.M) {
	lksdk.SetLogger(logger.GetDiscardLogger())
	code := m.Run()
	if left := leftovers(); code == 0 && left != "" {
		fmt.Println("goroutines of ours are left:\n" + left)
		code = 1
	}
	os.Exit(code)
}

// start runs a local relay behind a front of its own.
func start(t *testing.T) (*relay.Server, string) {
	t.Helper()
	s, err := relay.Start(t.Context(), relay.Config{Local: true, Secret: secret})
	if err != nil {
		t.Fatal(err)
	}
	front := httptest.NewServer(s.Handler())
	t.Cleanup(func() {
		front.CloseClientConnections()
		front.Close()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s, "ws" + strings.TrimPrefix(front.URL, "http")
}

// leftovers waits until no goroutine runs code of package relay, and returns
// those that stay. LiveKit's own are known to stay, and are not looked at.
func leftovers() string {
	deadline := time.Now().Add(5 * time.Second)
	for {
		var ours []string
		stacks := make([]byte, 16<<20)
		stacks = stacks[:runtime.Stack(stacks, true)]
		for one := range strings.SplitSeq(string(stacks), "\n\n") {
			if strings.Contains(one, "conclave/call/relay.") {
				ours = append(ours, one)
			}
		}
		if len(ours) == 0 || time.Now().After(deadline) {
			return strings.Join(ours, "\n\n")
		}
		<-time.After(5 * time.Millisecond)
	}
}

func token(t *testing.T, s *relay.Server, room, identity string) wire.Token {
	t.Helper()
	tok, err := s.Token(room, identity)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// member is a stock LiveKit client.
type member struct {
	room *lksdk.Room
	got  chan []byte
}

// lastPacket waits until nothing has come for a second (the sender sends every
// 20 ms), and returns when the last packet came. LiveKit's own farewell is no
// measure: a proxy may lose it when the engine hangs up.
func lastPacket(t *testing.T, m *member) time.Time {
	t.Helper()
	last, deadline := time.Now(), time.After(10*time.Second)
	for {
		select {
		case <-m.got:
			last = time.Now()
		case <-time.After(time.Second):
			return last
		case <-deadline:
			t.Fatal("packets keep coming")
		}
	}
}

func join(t *testing.T, url string, tok wire.Token) *member {
	t.Helper()
	m := &member{got: make(chan []byte, 1000)}
	room, err := lksdk.ConnectToRoomWithToken(url, tok.Reveal(), &lksdk.RoomCallback{
		ParticipantCallback: lksdk.ParticipantCallback{
			OnTrackSubscribed: func(tr *webrtc.TrackRemote, _ *lksdk.RemoteTrackPublication, _ *lksdk.RemoteParticipant) {
				go func() {
					for {
						p, _, err := tr.ReadRTP()
						if err != nil {
							return
						}
						select {
						case m.got <- p.Payload:
						default:
						}
					}
				}()
			},
		},
	}, lksdk.WithLogger(logger.GetDiscardLogger()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(room.Disconnect)
	m.room = room
	return m
}

// publish sends marked packets of sound every 20 ms until the test ends.
func publish(t *testing.T, m *member, mark []byte) {
	t.Helper()
	track, err := lksdk.NewLocalTrack(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	track.OnBind(func() {
		defer close(done)
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				_ = track.WriteSample(media.Sample{Data: mark, Duration: 20 * time.Millisecond}, nil)
			}
		}
	})
	if _, err := m.room.LocalParticipant.PublishTrack(track, &lksdk.TrackPublicationOptions{
		Source: livekit.TrackSource_MICROPHONE, Encryption: livekit.Encryption_CUSTOM,
	}); err != nil {
		cancel()
		t.Fatal(err)
	}
	t.Cleanup(func() { cancel(); <-done })
}

func within[T any](t *testing.T, what string, c <-chan T, d time.Duration) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(d):
		t.Fatalf("%s: nothing within %v", what, d)
		panic("unreachable")
	}
}

func TestMediaFlowsAndTheObserverSeesIt(t *testing.T) {
	s, url := start(t)
	mark := []byte("known text in a packet")
	anna, ben := join(t, url, token(t, s, "room", "id-anna")), join(t, url, token(t, s, "room", "id-ben"))
	observer, err := relaytest.Observe(s, secret, "room")
	if err != nil {
		t.Fatal(err)
	}
	defer observer.Close()
	publish(t, anna, mark)
	if got := within(t, "Ben's first packet", ben.got, 10*time.Second); !bytes.Equal(got, mark) {
		t.Errorf("Ben got %q, want %q", got, mark)
	}
	for deadline := time.Now().Add(10 * time.Second); ; {
		if packets := observer.Packets(); len(packets) > 0 {
			if !bytes.Equal(packets[0].Payload, mark) || packets[0].Identity != "id-anna" || packets[0].Video {
				t.Errorf("the observer got %+v", packets[0])
			}
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the observer sees no packet")
		}
		<-time.After(5 * time.Millisecond)
	}
	for _, p := range ben.room.GetRemoteParticipants() {
		if p.Identity() == "observer" || p.Name() != "" || p.Metadata() != "" {
			t.Errorf("participant %q has name %q, metadata %q", p.Identity(), p.Name(), p.Metadata())
		}
	}
}

func TestRemoveTakesDownAtOnceAndVoidsTheToken(t *testing.T) {
	s, url := start(t)
	tok := token(t, s, "room", "id-anna")
	anna, ben := join(t, url, tok), join(t, url, token(t, s, "room", "id-ben"))
	publish(t, ben, []byte("x"))
	within(t, "Anna's first packet", anna.got, 10*time.Second)
	clicked := time.Now()
	s.Remove("room", "id-anna")
	took := lastPacket(t, anna).Sub(clicked)
	t.Logf("Anna's last packet came %v after the removal", took)
	if took > 2*time.Second {
		t.Errorf("removal took %v", took)
	}
	if status := get(t, url, "/rtc/validate", tok); status != http.StatusUnauthorized {
		t.Errorf("the token of the removed: got status %d, want 401", status)
	}
	// Let in again, the same identity may connect, and stays.
	again := join(t, url, token(t, s, "room", "id-anna"))
	within(t, "Anna's first packet after coming back", again.got, 10*time.Second)
	s.Empty("room")
	lastPacket(t, again)
	if status := get(t, url, "/rtc/validate", tok); status != http.StatusUnauthorized {
		t.Errorf("a token for the emptied room: got status %d, want 401", status)
	}
}

func get(t *testing.T, base, path string, tok wire.Token) int {
	t.Helper()
	answer, err := http.Get("http" + strings.TrimPrefix(base, "ws") + path + "?access_token=" + url.QueryEscape(tok.Reveal()))
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	return answer.StatusCode
}

func TestFrontLetsOnlySignallingThrough(t *testing.T) {
	s, url := start(t)
	tok := token(t, s, "room", "id-anna")
	rows := []struct {
		path string
		tok  wire.Token
		want int
	}{
		{"/rtc/validate", tok, 200},
		{"/rtc/validate", "", 401},
		{"/rtc/validate", tok[:len(tok)-3] + "AAA", 401},
		{"/rtc/validate", "x.y.z", 401},
		{"/", tok, 404},
		{"/rtc/../twirp/livekit.RoomService/ListRooms", tok, 404},
		{"/rtc/other", tok, 404},
		{"/twirp/livekit.RoomService/ListRooms", tok, 404},
		{"/whip/v1", tok, 404},
		{"/agent", tok, 404},
	}
	for _, row := range rows {
		if got := get(t, url, row.path, row.tok); got != row.want {
			t.Errorf("%s: got %d, want %d", row.path, got, row.want)
		}
	}
	// A second relay's token is not the first one's.
	other, err := relay.Start(t.Context(), relay.Config{Local: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Close() }()
	if got := get(t, url, "/rtc/validate", token(t, other, "room", "id-anna")); got != 401 {
		t.Errorf("another relay's token: got %d, want 401", got)
	}
}

// joinAnswer speaks LiveKit's signalling just far enough to get the join answer.
func joinAnswer(t *testing.T, base string, tok wire.Token) *livekit.JoinResponse {
	t.Helper()
	ws, _, err := websocket.Dial(t.Context(), base+"/rtc?protocol=16&access_token="+url.QueryEscape(tok.Reveal()), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ws.CloseNow() }()
	ws.SetReadLimit(1 << 20)
	_, data, err := ws.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var m livekit.SignalResponse
	if err := proto.Unmarshal(data, &m); err != nil || m.GetJoin() == nil {
		t.Fatalf("got %v, %v; want a join answer", &m, err)
	}
	return m.GetJoin()
}

func TestNobodyOutsideIsNamedOrContacted(t *testing.T) {
	s, base := start(t)
	answer := joinAnswer(t, base, token(t, s, "room", "id-anna"))
	if len(answer.IceServers) == 0 {
		t.Error("no ICE servers: then clients use their own default")
	}
	for _, server := range answer.IceServers {
		for _, u := range server.Urls {
			if u != "stun:127.0.0.1:9" {
				t.Errorf("clients are told to ask %s", u)
			}
		}
	}
	perm := answer.Participant.Permission
	if perm.CanPublishData || perm.CanUpdateMetadata || !perm.CanPublish || !perm.CanSubscribe || len(perm.CanPublishSources) != 4 {
		t.Errorf("permissions: got %v", perm)
	}
	if answer.Participant.Name != "" || answer.Participant.Metadata != "" || answer.ServerInfo.GetRegion() != "" {
		t.Errorf("join answer carries names: %v", answer)
	}
	// Clients of the tests before close theirs a moment after they left.
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	outside := outsideSockets(t)
	for until := time.Now().Add(10 * time.Second); len(outside) > 0 && time.Now().Before(until); outside = outsideSockets(t) {
		<-tick.C
	}
	for _, a := range outside {
		t.Errorf("a socket is bound to %s", a)
	}
}

// outsideSockets are those that others than this computer could reach.
func outsideSockets(t *testing.T) []string {
	t.Helper()
	return slices.DeleteFunc(ownSockets(t), func(a string) bool {
		return strings.HasPrefix(a, "127.0.0.1:") || strings.HasPrefix(a, "[::1]:")
	})
}

// ownSockets lists the local addresses of this process's listening TCP and
// bound UDP sockets (Linux).
func ownSockets(t *testing.T) []string {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("reads /proc")
	}
	mine := map[string]bool{}
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if to, err := os.Readlink("/proc/self/fd/" + f.Name()); err == nil {
			mine[to] = true
		}
	}
	var all []string
	for _, table := range []string{"tcp", "tcp6", "udp", "udp6"} {
		data, err := os.ReadFile("/proc/net/" + table)
		if err != nil {
			continue
		}
		lines := bufio.NewScanner(bytes.NewReader(data))
		for lines.Scan() {
			f := strings.Fields(lines.Text())
			listening := len(f) > 9 && (strings.HasPrefix(table, "udp") || f[3] == "0A")
			if listening && mine["socket:["+f[9]+"]"] {
				all = append(all, address(f[1]))
			}
		}
	}
	if len(all) < 3 {
		t.Fatalf("found only %v: the check looks at nothing", all)
	}
	return slices.Compact(all)
}

// address decodes an address of /proc/net: words in host order, in hex.
func address(s string) string {
	host, port, _ := strings.Cut(s, ":")
	var ip net.IP
	for word := range slices.Chunk([]byte(host), 8) {
		var n uint32
		_, _ = fmt.Sscanf(string(word), "%X", &n)
		ip = append(ip, byte(n), byte(n>>8), byte(n>>16), byte(n>>24))
	}
	var p int
	_, _ = fmt.Sscanf(port, "%X", &p)
	return net.JoinHostPort(ip.String(), fmt.Sprint(p))
}

func TestTwoRelaysAtOnce(t *testing.T) {
	first, firstURL := start(t)
	second, secondURL := start(t)
	for i, r := range []struct {
		s   *relay.Server
		url string
	}{{first, firstURL}, {second, secondURL}} {
		anna, ben := join(t, r.url, token(t, r.s, "room", "a")), join(t, r.url, token(t, r.s, "room", "b"))
		publish(t, anna, []byte{byte(i)})
		if got := within(t, "first packet", ben.got, 10*time.Second); !bytes.Equal(got, []byte{byte(i)}) {
			t.Errorf("relay %d: got %v", i, got)
		}
	}
}
