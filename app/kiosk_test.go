package main_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"conclave/app/client"
	"conclave/app/config"
	"conclave/app/core"
	"conclave/app/kiosk"
	"conclave/call"
	"conclave/call/media"
	"conclave/call/media/device"
	"conclave/keys"
)

// kioskAt in the environment turns the test program into a kiosk whose policy lies
// in that folder; with "screen" behind it, into its screen.
const kioskAt = "CONCLAVE_TEST_KIOSK"

func init() {
	dir := os.Getenv(kioskAt)
	if dir == "" {
		return
	}
	if len(os.Args) > 1 && os.Args[1] == "screen" {
		os.Exit(headless(dir))
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	err := kiosk.Run(ctx, kiosk.Config{Place: config.PlaceIn(dir), Program: os.Args[0], Args: []string{"screen"}, Version: "test"})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// headless is a kiosk's screen without a window: all else is what the program
// does. Its camera is unplugged while a file lies in the kiosk's folder, and what
// somebody touches is read from another.
func headless(dir string) int {
	s, err := kiosk.OpenScreen(kiosk.ScreenConfig{
		Place: config.PlaceIn(dir), In: os.Stdin, Out: os.Stdout,
		Core: func(c core.Config, known string) (core.Config, error) {
			c.Hardware = core.Hardware{
				Codecs:     new(device.Codecs),
				Camera:     func(string) (media.VideoSource, error) { return openPlug(dir) },
				Microphone: func(string) (media.AudioSource, error) { return media.NewTone(700), nil },
				Speaker:    func(string) (media.AudioSink, error) { return mute{}, nil },
			}
			c.Format = media.VideoFormat{Width: 320, Height: 180, FrameRate: 15, Kilobits: 200}
			return client.Config(c, client.Places{Known: known}, nil), nil
		},
	})
	if err != nil {
		return 1
	}
	defer s.Close()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-s.Done():
			return 0
		case <-tick.C:
			s.Alive()
			if m := s.Latest().Meeting; m != nil && s.Frames() != nil {
				for _, p := range m.People {
					s.Frames().Want(p.Key, core.StreamCamera, 320, 180)
					s.Frames().Latest(p.Key, core.StreamCamera)
				}
			}
			if os.Remove(filepath.Join(dir, "enter")) == nil {
				s.Send(core.EnterRoom{Room: 0})
			}
		}
	}
}

type mute struct{}

func (mute) Play(func([]int16)) error { return nil }
func (mute) Done() <-chan struct{}    { return nil }
func (mute) Close() error             { return nil }

// plug is a camera that somebody can pull out.
type plug struct {
	media.VideoSource
	dir string
}

func openPlug(dir string) (media.VideoSource, error) {
	if pulled(dir) {
		return nil, media.ErrDeviceMissing
	}
	return plug{media.NewPattern(media.PatternConfig{Width: 320, Height: 180, FrameRate: 15}), dir}, nil
}

// Read implements media.VideoSource.
func (p plug) Read(ctx context.Context) (*media.I420, error) {
	if pulled(p.dir) {
		return nil, media.ErrDeviceMissing
	}
	return p.VideoSource.Read(ctx)
}

func pulled(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "unplugged"))
	return err == nil
}

// cable is a network between a kiosk and its service that can be cut.
type cable struct {
	net.Listener
	to string

	mu    sync.Mutex
	cut   bool
	conns map[net.Conn]bool
}

func newCable(t *testing.T, to string) *cable {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &cable{Listener: l, to: to, conns: map[net.Conn]bool{}}
	t.Cleanup(func() {
		_ = l.Close()
		w.set(true)
	})
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go w.carry(c)
		}
	}()
	return w
}

func (w *cable) keep(c net.Conn) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.cut {
		w.conns[c] = true
	}
	return !w.cut
}

func (w *cable) carry(c net.Conn) {
	defer func() { _ = c.Close() }()
	d, err := net.Dial("tcp", w.to)
	if err != nil {
		return
	}
	defer func() { _ = d.Close() }()
	if !w.keep(c) || !w.keep(d) {
		return
	}
	go func() {
		_, _ = io.Copy(d, c)
		_ = d.Close()
	}()
	_, _ = io.Copy(c, d)
}

// set cuts the cable, or mends it.
func (w *cable) set(cut bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cut = cut
	if cut {
		for c := range w.conns {
			_ = c.Close()
		}
		w.conns = map[net.Conn]bool{}
	}
}

// classroom is a kiosk in a process of its own, as its administrator sees it.
type classroom struct {
	t   *testing.T
	dir string
	cmd *exec.Cmd
}

func newClassroom(t *testing.T, link, more string) *classroom {
	t.Helper()
	r := &classroom{t: t, dir: t.TempDir()}
	text, err := json.Marshal(link)
	if err != nil {
		t.Fatal(err)
	}
	policy := `{"version": 1, "kiosk": {"room": "Room 204", "idle": "30m", ` + more + `"rooms": [{"name": "Mathematics", "link": ` + string(text) + `,
		"schedule": [{"days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "start": "00:00", "length": "24h"}]}]}}`
	if err := os.WriteFile(filepath.Join(r.dir, "managed.json"), []byte(policy), 0o644); err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *classroom) start() {
	r.t.Helper()
	r.cmd = exec.Command(os.Args[0])
	r.cmd.Env = append(os.Environ(), kioskAt+"="+r.dir, "DBUS_SESSION_BUS_ADDRESS=unix:path=/nonexistent")
	r.cmd.Stderr = io.Discard
	if err := r.cmd.Start(); err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() {
		_ = r.cmd.Process.Signal(syscall.SIGTERM)
		_ = r.cmd.Wait()
	})
}

// tell runs an administrator's command.
func (r *classroom) tell(args ...string) (out string, code int) {
	var b bytes.Buffer
	code = kiosk.Main(args, config.PlaceIn(r.dir), &b, &b)
	return b.String(), code
}

func (r *classroom) status() (s kiosk.Status) {
	out, _ := r.tell("status", "--json")
	_ = json.Unmarshal([]byte(out), &s)
	return s
}

// await waits for a state of the room, and returns how long it took.
func (r *classroom) await(limit time.Duration, what string, is func(kiosk.Status) bool) time.Duration {
	r.t.Helper()
	began := time.Now()
	defer func() {
		if r.t.Failed() {
			log, _ := os.ReadFile(filepath.Join(r.dir, "kiosk", "log.jsonl"))
			r.t.Logf("status %+v\n%s", r.status(), log)
		}
	}()
	await(r.t, limit, what, func() bool { return is(r.status()) })
	return time.Since(began)
}

func inState(states ...string) func(kiosk.Status) bool {
	return func(s kiosk.Status) bool {
		for _, state := range states {
			if s.State == state {
				return true
			}
		}
		return false
	}
}

// in returns the room as the host sees it.
func (r *classroom) in(host *person) *core.Person {
	for _, p := range host.meeting().People {
		if p.Name == "Room 204, kiosk" {
			return &p
		}
	}
	return nil
}

// flows waits until new sound of the room has been opened by the host.
func (r *classroom) flows(host *person, limit time.Duration) {
	r.t.Helper()
	heard := func() uint64 {
		p := r.in(host)
		s, ok := host.MediaStats()
		if p == nil || !ok {
			return 0
		}
		for _, remote := range s.Remotes {
			if remote.Key == p.Key {
				return remote.AudioOpened
			}
		}
		return 0
	}
	before := heard()
	await(r.t, limit, "sound from the room", func() bool {
		n := heard()
		before = min(before, n)
		return n > before+25
	})
}

func killProcess(t *testing.T, pid int) {
	t.Helper()
	p, err := os.FindProcess(pid)
	if err == nil {
		err = p.Kill()
	}
	if err != nil {
		t.Fatal(err)
	}
}

// The promise of a room: whatever happens to it, it is back in its meeting without
// anybody's help. The policy is laid, the room enrolled, let in once; then its
// process is killed, its network cut, its camera unplugged and its service killed
// in turn.
func TestTheRoomComesBackByItself(t *testing.T) {
	file := t.TempDir() + "/meetings.db"
	h := &helper{}
	if err := h.start(orders{Listen: "127.0.0.1:0", File: file}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.stop() })
	at := h.url[len("http://"):]
	anna := newPerson(t, "Anna", h.url)
	anna.start(keys.ModeE2EE, "")
	w := newCable(t, at)
	link, err := keys.ParseLink(anna.meeting().Link)
	if err != nil {
		t.Fatal(err)
	}
	link.Service = "http://" + w.Addr().String()

	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent")
	r := newClassroom(t, link.String(), `"identity": "enrolled", `)
	if out, code := r.tell("enrol"); code != kiosk.ExitFine || !strings.Contains(out, "sealed file") {
		t.Fatalf("enrol: %d %s", code, out)
	}
	began := time.Now()
	r.start()
	r.await(20*time.Second, "in the lobby", inState("lobby"))
	t.Logf("from the start to the lobby: %v", time.Since(began).Round(10*time.Millisecond))
	await(t, 5*time.Second, "the room at the door", func() bool { return len(anna.meeting().Lobby) == 1 })
	if k := anna.meeting().Lobby[0]; k.Name != "Room 204, kiosk" {
		t.Errorf("it calls itself %q", k.Name)
	}
	anna.Send(core.AdmitAll{})
	r.await(15*time.Second, "in the meeting", inState("meeting"))
	r.flows(anna, 20*time.Second)

	first := r.status().Screen
	began = time.Now()
	killProcess(t, first)
	r.await(20*time.Second, "another screen", func(s kiosk.Status) bool { return s.Screen != first && s.Screen != 0 })
	r.await(60*time.Second, "in the meeting after a crash", inState("meeting"))
	r.flows(anna, 30*time.Second)
	t.Logf("screen killed: back and heard after %v", time.Since(began).Round(10*time.Millisecond))

	w.set(true)
	r.await(30*time.Second, "without network", inState("reconnecting", "trouble"))
	w.set(false)
	began = time.Now()
	r.await(90*time.Second, "in the meeting after the network", inState("meeting"))
	r.flows(anna, 60*time.Second)
	t.Logf("network mended: back and heard after %v", time.Since(began).Round(10*time.Millisecond))

	if err := os.WriteFile(filepath.Join(r.dir, "unplugged"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	r.await(20*time.Second, "without camera", func(s kiosk.Status) bool { return s.Devices.Camera != "ok" })
	if s := r.status(); s.State != "meeting" || s.Exit() != kiosk.ExitDevice {
		t.Errorf("without camera: %s, exit %d", s.State, s.Exit())
	}
	r.flows(anna, 10*time.Second)
	if err := os.Remove(filepath.Join(r.dir, "unplugged")); err != nil {
		t.Fatal(err)
	}
	took := r.await(40*time.Second, "with its camera again", func(s kiosk.Status) bool { return s.Devices.Camera == "ok" })
	t.Logf("camera plugged in: seen after %v", took.Round(10*time.Millisecond))

	h.stop()
	r.await(40*time.Second, "without service", inState("reconnecting", "trouble"))
	if err := h.start(orders{Listen: at, File: file}); err != nil {
		t.Fatal(err)
	}
	began = time.Now()
	anna.awaitPhase(call.PhaseInMeeting)
	r.await(90*time.Second, "in the meeting after the service", inState("meeting"))
	r.flows(anna, 60*time.Second)
	t.Logf("service started again: back and heard after %v", time.Since(began).Round(10*time.Millisecond))

	s := r.status()
	if s.Crashes != 1 || s.Identity != "enrolled" || s.Keys != "sealed file" || s.Exit() != kiosk.ExitFine {
		t.Errorf("%+v", s)
	}
}

// dump takes the memory of a running process.
func dump(t *testing.T, pid int) []byte {
	t.Helper()
	base := filepath.Join(t.TempDir(), "core")
	if out, err := exec.Command("gcore", "-o", base, fmt.Sprint(pid)).CombinedOutput(); err != nil {
		t.Fatalf("gcore: %v\n%s", err, out)
	}
	path := fmt.Sprintf("%s.%d", base, pid)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	_ = os.Remove(path)
	return b
}

// seedOf finds the seed of a device's key in a process's memory, where Go's form
// of a private key has the public half behind it.
func seedOf(memory []byte, public keys.PublicKey) []byte {
	for rest := memory; ; {
		i := bytes.Index(rest, public[:])
		if i < 0 {
			return nil
		}
		if at := len(memory) - len(rest) + i; at >= 32 {
			seed := memory[at-32 : at]
			if k := ed25519.NewKeyFromSeed(seed); bytes.Equal(k[32:], public[:]) {
				return bytes.Clone(seed)
			}
		}
		rest = rest[i+1:]
	}
}

// picture reports whether memory holds a piece of the host's decoded picture: the
// test pattern has a magenta frame, as long lines of RGBA.
func picture(memory []byte) bool {
	const least = 48
	run := 0
	for i := 0; i+4 <= len(memory); i += 4 {
		if p := memory[i : i+4]; p[0] > 200 && p[1] < 70 && p[2] > 200 && p[3] == 255 {
			if run++; run == least {
				return true
			}
			continue
		}
		run = 0
	}
	return false
}

// After a meeting, and after idle, nothing of it is left: not on the disk, not in
// Fyne's preferences, not in the memory of any process of the kiosk. The dump in the
// meeting shows that the search finds what is there.
func TestNothingIsLeftOfAMeeting(t *testing.T) {
	if _, err := exec.LookPath("gcore"); err != nil || runtime.GOOS != "linux" {
		t.Skip("no gcore here to take a process's memory with")
	}
	anna := newPerson(t, "Annabel-Marker-Xylophon", serviceOf(t).url)
	anna.start(keys.ModeE2EE, "")
	t.Setenv("XDG_RUNTIME_DIR", t.TempDir())
	r := newClassroom(t, anna.meeting().Link, "")
	r.start()
	r.await(20*time.Second, "in the lobby", inState("lobby"))
	await(t, 5*time.Second, "the room at the door", func() bool { return len(anna.meeting().Lobby) == 1 })
	anna.Send(core.AdmitAll{})
	r.await(15*time.Second, "in the meeting", inState("meeting"))
	r.flows(anna, 20*time.Second)
	const chat = "the-answer-is-Quetzalcoatl-4711"
	anna.Send(core.SendChat{Text: chat})
	await(t, 5*time.Second, "chat", func() bool { c := anna.meeting().Chat; return len(c) == 1 && !c[0].Pending })
	device := r.in(anna).Key
	screen := r.status().Screen
	markers := map[string][]byte{"the host's name": []byte(anna.name), "chat": []byte(chat), "the host's key": func() []byte { k := anna.key(); return k[:] }()}
	var seed []byte
	await(t, 30*time.Second, "everything in the memory of the meeting", func() bool {
		memory := dump(t, screen)
		if seed = seedOf(memory, device); seed == nil {
			return false
		}
		for _, m := range markers {
			if !bytes.Contains(memory, m) {
				return false
			}
		}
		return picture(memory)
	})
	markers["the room's key"], markers["the room's public key"] = seed, device[:]

	gone := func(when string) {
		t.Helper()
		s := r.status()
		for what, pid := range map[string]int{"the supervisor": s.PID, "the screen": s.Screen} {
			memory := dump(t, pid)
			for name, m := range markers {
				if bytes.Contains(memory, m) {
					t.Errorf("%s: the memory of %s holds %s", when, what, name)
				}
			}
			if picture(memory) {
				t.Errorf("%s: the memory of %s holds a picture", when, what)
			}
		}
		for _, dir := range []string{r.dir, os.Getenv("XDG_RUNTIME_DIR")} {
			nothingIn(t, when, dir, markers)
		}
	}
	anna.Send(core.EndMeeting{})
	took := r.await(20*time.Second, "another screen", func(s kiosk.Status) bool { return s.Screen != screen && s.State == "resting" })
	t.Logf("wiped, and the next screen at rest, %v after the end", took.Round(10*time.Millisecond))
	gone("after the meeting")
	if s := r.status(); s.Last == nil || s.Last.Ended.IsZero() || s.Crashes != 0 {
		t.Errorf("%+v", s)
	}
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/limits", r.status().Screen))
	if err != nil || !strings.Contains(strings.Join(strings.Fields(string(text)), " "), "Max core file size 0 0") {
		t.Errorf("a crash would write a core file: %v", err)
	}
}

// nothingIn looks through all files of a folder.
func nothingIn(t *testing.T, when, dir string, markers map[string][]byte) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			if errors.Is(err, os.ErrNotExist) {
				return nil // a screen's folder came or went
			}
			return err
		}
		text, err := os.ReadFile(path)
		for name, m := range markers {
			if bytes.Contains(text, m) {
				t.Errorf("%s: %s holds %s", when, path, name)
			}
		}
		if errors.Is(err, os.ErrNotExist) {
			return nil
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// Left alone, a room that somebody entered by hand goes by itself, and is wiped as
// after any meeting.
func TestAnIdleRoomIsWiped(t *testing.T) {
	anna := newPerson(t, "Annegret-Marker-Zimtstern", serviceOf(t).url)
	anna.start(keys.ModeE2EE, "")
	r := newClassroom(t, anna.meeting().Link, `"auto-join": false, `)
	policy := filepath.Join(r.dir, "managed.json")
	text, err := os.ReadFile(policy)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(policy, bytes.Replace(text, []byte(`"30m"`), []byte(`"30s"`), 1), 0o644); err != nil {
		t.Fatal(err)
	}
	r.start()
	r.await(20*time.Second, "at rest", inState("resting"))
	if err := os.WriteFile(filepath.Join(r.dir, "enter"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	r.await(20*time.Second, "in the lobby", inState("lobby"))
	screen := r.status().Screen
	took := r.await(45*time.Second, "another screen", func(s kiosk.Status) bool { return s.Screen != screen && s.State == "resting" })
	t.Logf("wiped %v after it was left alone with an idle time of 30s", took.Round(100*time.Millisecond))
	if runtime.GOOS != "linux" {
		return
	}
	k := anna.key()
	markers := map[string][]byte{"the host's key": k[:]}
	s := r.status()
	for what, pid := range map[string]int{"the supervisor": s.PID, "the screen": s.Screen} {
		for name, m := range markers {
			if bytes.Contains(dump(t, pid), m) {
				t.Errorf("the memory of %s holds %s", what, name)
			}
		}
	}
}
