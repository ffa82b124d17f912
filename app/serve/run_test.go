package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"conclave/call/link"
	"conclave/call/wire"
	"conclave/keys"
)

// program is one conclave-serve in this process.
type program struct {
	announcement
	stop  context.CancelFunc
	stdin io.Closer
	ended chan int
	err   *lockedBuffer
}

type lockedBuffer struct {
	mu sync.Mutex
	bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.String()
}

func start(t *testing.T, args ...string) *program {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	stdinR, stdinW := io.Pipe()
	stdoutR, stdoutW := io.Pipe()
	p := &program{stop: stop, stdin: stdinW, ended: make(chan int, 1), err: &lockedBuffer{}}
	go func() {
		p.ended <- run(ctx, process{args: args, in: stdinR, out: stdoutW, err: p.err})
		_ = stdoutW.Close()
	}()
	t.Cleanup(func() { stop(); _ = stdinW.Close() })
	line, err := bufio.NewReader(stdoutR).ReadBytes('\n')
	if err != nil {
		t.Fatalf("no announcement: %v; standard error:\n%s", err, p.err)
	}
	if err := json.Unmarshal(line, &p.announcement); err != nil || p.URL == "" {
		t.Fatalf("announcement %q: %v", line, err)
	}
	return p
}

func (p *program) wait(t *testing.T) int {
	t.Helper()
	select {
	case code := <-p.ended:
		return code
	case <-time.After(20 * time.Second):
		t.Fatal("the program does not end")
		return 0
	}
}

func device(t *testing.T) keys.DeviceKey {
	t.Helper()
	d, err := keys.NewDeviceKey()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func dial(t *testing.T, p *program, d keys.DeviceKey) *link.Conn {
	t.Helper()
	c, err := link.Dial(t.Context(), link.Config{Service: p.URL, Pin: p.Pin, Device: d})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func request(t *testing.T, c *link.Conn, r wire.Request) []wire.Message {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := c.Send(ctx, r); err != nil {
		t.Fatal(err)
	}
	var all []wire.Message
	for {
		m, err := c.Receive(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if f, ok := m.(wire.Failed); ok && f.Ref == r.Reference() {
			t.Fatalf("%s failed: %s", r.Type(), f.Code)
		}
		if m == (wire.Done{Ref: r.Reference()}) {
			return all
		}
		all = append(all, m)
	}
}

func create(t *testing.T, c *link.Conn, d keys.DeviceKey) keys.MeetingID {
	t.Helper()
	lobby, err := keys.NewLobbyKey()
	if err != nil {
		t.Fatal(err)
	}
	desc, err := keys.NewDescriptor(keys.ModeE2EE, 1, d.Public(), lobby.Public(), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	s := d.SignDescriptor(desc)
	request(t, c, wire.Create{Ref: 1, Encoded: s.Encoded, Signature: s.Signature})
	return desc.ID()
}

func TestLocalServesAndEndsWithItsParent(t *testing.T) {
	first, second := start(t, "--local"), start(t, "--local")
	for _, p := range []*program{first, second} {
		if !strings.HasPrefix(p.URL, "http://127.0.0.1:") || p.Pin != "" {
			t.Errorf("announced %+v", p.announcement)
		}
		d := device(t)
		c := dial(t, p, d)
		create(t, c, d)
		_ = c.Close()
	}
	if first.URL == second.URL {
		t.Errorf("two services at %s", first.URL)
	}
	_ = first.stdin.Close()
	if code := first.wait(t); code != exitOK {
		t.Errorf("exit code %d after standard input closed", code)
	}
	second.stop()
	if code := second.wait(t); code != exitOK {
		t.Errorf("exit code %d after a signal", code)
	}
}

func TestMeetingSurvivesARestart(t *testing.T) {
	data, d := t.TempDir(), device(t)
	p := start(t, "--local", "--data", data)
	c := dial(t, p, d)
	id := create(t, c, d)
	request(t, c, wire.Commit{Ref: 2, Epoch: 0, Commit: []byte("one")})
	request(t, c, wire.Lock{Ref: 3, Locked: true})
	_ = c.Close()
	_ = p.stdin.Close()
	p.wait(t)

	p = start(t, "--local", "--data", data)
	c = dial(t, p, d)
	got := request(t, c, wire.Resume{Ref: 1, Meeting: id, After: 0})
	if len(got) == 0 {
		t.Fatal("nothing replayed")
	}
	o, ok := got[0].(wire.Ordered)
	if !ok || o.Sequence != 1 || o.Epoch != 0 || string(o.Commit) != "one" {
		t.Errorf("replayed %+v", got[0])
	}
	if !slices.Contains(got, wire.Message(wire.Locked{Locked: true})) {
		t.Errorf("the lock is lost: %+v", got)
	}
	request(t, c, wire.Commit{Ref: 2, Epoch: 1, Commit: []byte("two")})
	_ = c.Close()
	_ = p.stdin.Close()
	p.wait(t) // or it writes into the folder while that is removed
}

func TestSelfMadeCertificateIsPinnedAndKept(t *testing.T) {
	data := t.TempDir()
	flags := []string{"--listen", "127.0.0.1:0", "--media-port", "0", "--data", data}
	p := start(t, flags...)
	if !strings.HasPrefix(p.URL, "https://127.0.0.1:") || p.Pin == "" {
		t.Fatalf("announced %+v", p.announcement)
	}
	d := device(t)
	create(t, dial(t, p, d), d)
	other := link.Config{Service: p.URL, Device: d}
	if _, err := link.Dial(t.Context(), other); !errors.Is(err, link.ErrCertificate) {
		t.Errorf("without the pin: got %v, want ErrCertificate", err)
	}
	other.Pin = strings.Repeat("A", 43)
	if _, err := link.Dial(t.Context(), other); !errors.Is(err, link.ErrCertificate) {
		t.Errorf("with another pin: got %v, want ErrCertificate", err)
	}
	p.stop()
	p.wait(t)
	pin := p.Pin
	if p = start(t, flags...); p.Pin != pin {
		t.Errorf("the pin changed from %s to %s: every link is broken", pin, p.Pin)
	}
	if info, err := os.Stat(filepath.Join(data, "certificate.pem")); err != nil || info.Mode().Perm()&0o077 != 0 {
		t.Errorf("certificate file: %v, %v", info.Mode(), err)
	}
}

func TestMistakesAreOneLine(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	port := portOf(taken.Addr().String())
	media, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = media.Close() }()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("lobby = 3\ncolour = red\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	busy := t.TempDir()
	start(t, "--local", "--data", busy)
	rows := []struct {
		name string
		args []string
		code int
		want string
	}{
		{"unknown flag", []string{"--colour"}, exitUsage, "-colour"},
		{"argument", []string{"here"}, exitUsage, `unexpected argument "here"`},
		{"bad number", []string{"--lobby", "many"}, exitUsage, `"many" is not a number`},
		{"bad media port", []string{"--media-port", "70000"}, exitUsage, "at most 65535"},
		{"bad address", []string{"--media-address", "here"}, exitUsage, "not an IP address"},
		{"bad url", []string{"--url", "http://x"}, exitUsage, "https://host"},
		{"bad log", []string{"--log", "loud"}, exitUsage, "is not debug"},
		{"half a certificate", []string{"--tls-cert", "x"}, exitUsage, "go together"},
		{"port without local", []string{"--port", "1"}, exitUsage, "--port is for --local"},
		{"settings file", []string{"--config", file}, exitUsage, ":2: unknown setting \"colour\""},
		{"no settings file", []string{"--config", file + "x"}, exitUsage, "no such file"},
		{"port in use", []string{"--local", "--port", port}, exitFailed, "port " + port + " is already in use"},
		{"public port in use", []string{"--listen", taken.Addr().String()}, exitFailed, "choose another with --listen"},
		{"media port in use", []string{"--local", "--media-port", portOf(media.LocalAddr().String())}, exitFailed, "(UDP) is already in use"},
		{"not an address", []string{"--listen", "nowhere.invalid:1"}, exitFailed, "cannot listen on nowhere.invalid:1"},
		{"data is a file", []string{"--local", "--data", file}, exitFailed, "data folder " + file},
		{"data below a file", []string{"--local", "--data", filepath.Join(file, "x")}, exitFailed, "cannot be made"},
		{"data in use", []string{"--local", "--data", busy}, exitFailed, "in use by another conclave-serve"},
		{"no certificate", []string{"--listen", "127.0.0.1:0", "--tls-cert", file, "--tls-key", file}, exitFailed, "certificate cannot be used"},
	}
	for _, row := range rows {
		var out, errs lockedBuffer
		code := run(t.Context(), process{args: row.args, in: strings.NewReader(""), out: &out, err: &errs})
		lines := strings.Split(strings.TrimSpace(errs.String()), "\n")
		last := lines[len(lines)-1]
		if code != row.code || !strings.HasPrefix(last, "conclave-serve: ") || !strings.Contains(last, row.want) {
			t.Errorf("%s: exit %d, %q; want %d, %q in it", row.name, code, last, row.code, row.want)
		}
		mistakes := slices.DeleteFunc(lines, func(l string) bool { return strings.Contains(l, "level=WARN") })
		if len(mistakes) != 1 || out.String() != "" {
			t.Errorf("%s: printed %q and %q, want one line on standard error", row.name, out.String(), errs.String())
		}
	}
}

func TestManagedSettingIsLocked(t *testing.T) {
	managed := filepath.Join(t.TempDir(), "managed.conf")
	if err := os.WriteFile(managed, []byte("seats = 10\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var errs lockedBuffer
	code := run(t.Context(), process{args: []string{"--local", "--seats", "1000"}, managed: managed, in: strings.NewReader(""), out: io.Discard, err: &errs})
	if code != exitUsage || !strings.Contains(errs.String(), "administrator") {
		t.Errorf("exit %d, %q", code, errs.String())
	}
}

func TestHelpNamesEverySetting(t *testing.T) {
	var out, errs lockedBuffer
	if code := run(t.Context(), process{args: []string{"--help"}, out: &out, err: &errs}); code != exitOK || errs.String() != "" {
		t.Errorf("exit %d, standard error %q", code, errs.String())
	}
	for _, want := range []string{"-local", "-port", "-config", "-data", "-listen", "-seats"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("help does not name %s", want)
		}
	}
}

func TestServiceCannotDecryptAndNeedsNoC(t *testing.T) {
	list := exec.Command("go", "list", "-deps", "-f", "{{.ImportPath}} {{len .CgoFiles}}", ".")
	list.Env = append(os.Environ(), "CGO_ENABLED=0")
	text, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for line := range strings.Lines(string(text)) {
		path, cgo, _ := strings.Cut(strings.TrimSpace(line), " ")
		found = found || path == "conclave/call/room"
		for _, never := range []string{"conclave/call/frame", "conclave/keys/group", "conclave/keys/mls", "conclave/keys/vault", "conclave/call/media", "conclave/call/peer", "fyne.io/"} {
			if strings.HasPrefix(path, never) {
				t.Errorf("the service links %s", path)
			}
		}
		if cgo != "0" {
			t.Errorf("%s needs C", path)
		}
	}
	if !found {
		t.Error("the list is not the service's")
	}
}

// TestOnePortLeadsToTheRelayWhileSeated: the media token works at the public
// port, over TLS, and is void as soon as a commit unseats its device.
func TestOnePortLeadsToTheRelayWhileSeated(t *testing.T) {
	p := start(t, "--listen", "127.0.0.1:0", "--media-port", "0")
	hostKey, guestKey := device(t), device(t)
	host, guest := dial(t, p, hostKey), dial(t, p, guestKey)
	id := create(t, host, hostKey)
	request(t, guest, wire.Knock{Ref: 1, Meeting: id, KeyPackage: []byte("k"), Sealed: []byte("s")})
	ticket := wait[wire.Knocking](t, host).Ticket
	request(t, host, wire.Commit{Ref: 2, Commit: []byte("c"), Welcome: []byte("w"), Adds: []wire.Ticket{ticket}})
	media := wait[wire.MediaToken](t, guest)
	if want := "wss" + strings.TrimPrefix(p.URL, "https"); media.URL != want {
		t.Errorf("media URL %q, want %q", media.URL, want)
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: link.TLS(p.Pin), DisableKeepAlives: true}}
	get := func(path string) int {
		answer, err := client.Get(p.URL + path + "?access_token=" + media.Token.Reveal())
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		return answer.StatusCode
	}
	if got := get("/rtc/validate"); got != http.StatusOK {
		t.Errorf("while seated: status %d", got)
	}
	for _, path := range []string{"/twirp/livekit.RoomService/ListRooms", "/agent", "/whip/v1", "/settings"} {
		if got := get(path); got != http.StatusNotFound {
			t.Errorf("%s: status %d, want 404", path, got)
		}
	}
	request(t, host, wire.Commit{Ref: 3, Epoch: 1, Commit: []byte("c"), Removes: []keys.PublicKey{guestKey.Public()}})
	if got := get("/rtc/validate"); got != http.StatusUnauthorized {
		t.Errorf("after the removal: status %d, want 401", got)
	}
}

// wait returns the next notice of a type.
func wait[T wire.Notice](t *testing.T, c *link.Conn) T {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for {
		m, err := c.Receive(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if n, ok := m.(T); ok {
			return n
		}
	}
}
