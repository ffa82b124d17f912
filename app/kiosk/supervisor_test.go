package kiosk

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"conclave/app/config"
	"conclave/app/core"
	"conclave/keys"
)

// These in the environment turn the test program into a screen that follows a
// script, and into a supervisor of such screens.
const (
	fakeAt       = "CONCLAVE_TEST_SCREEN"
	supervisorAt = "CONCLAVE_TEST_SUPERVISOR"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(fakeAt); dir != "" {
		os.Exit(fake(dir))
	}
	if dir := os.Getenv(supervisorAt); dir != "" {
		cfg := fakeConfig(dir)
		if err := Run(context.Background(), cfg); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

// started is what a fake screen notes of itself.
type started struct {
	Seed   string // its hash
	Orders orders
	PID    int
	Folder string
}

// fake does what the script of its number says, a line each: a word to say, "wait"
// for the supervisor's end of the line, "hang", "leave" something behind, or "exit N".
func fake(dir string) int {
	seed, o, err := take(os.Stdin)
	if err != nil {
		return 9
	}
	sum := sha256.Sum256(seed[:])
	note, _ := json.Marshal(started{hex.EncodeToString(sum[:]), o, os.Getpid(), os.Getenv("XDG_CONFIG_HOME")})
	f, err := os.OpenFile(filepath.Join(dir, "starts"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return 9
	}
	_, _ = f.Write(append(note, '\n'))
	_ = f.Close()
	script := "wait"
	if text, err := os.ReadFile(filepath.Join(dir, "script"+strconv.Itoa(len(startsIn(dir))))); err == nil {
		script = string(text)
	}
	for line := range strings.Lines(script + "\n") {
		switch line = strings.TrimSpace(line); {
		case line == "wait":
			_, _ = io.Copy(io.Discard, os.Stdin)
			return 0
		case line == "hang":
			select {}
		case line == "leave":
			_ = os.WriteFile(filepath.Join(os.Getenv("XDG_CONFIG_HOME"), "preferences"), []byte("x"), 0o600)
		case strings.HasPrefix(line, "exit "):
			n, _ := strconv.Atoi(line[5:])
			return n
		case line != "":
			fmt.Println(line)
		}
	}
	return 0
}

func startsIn(dir string) []started {
	text, _ := os.ReadFile(filepath.Join(dir, "starts"))
	var all []started
	for s := bufio.NewScanner(bytes.NewReader(text)); s.Scan(); {
		var one started
		if json.Unmarshal(s.Bytes(), &one) == nil {
			all = append(all, one)
		}
	}
	return all
}

var roomLink = keys.Link{Service: "https://meet.school.test", Meeting: keys.MeetingID{7}}.String()

func policyText(more string) string {
	return `{"version": 1, "kiosk": {"room": "Room 204", "rooms": [{"name": "Mathematics", "link": "` + roomLink + `"}, {"name": "Assembly", "link": "` + roomLink + `"}]` + more + `}}`
}

func fakeConfig(dir string) Config {
	return Config{Place: config.PlaceIn(dir), Program: os.Args[0], Args: []string{"-test.run", "^$"}, Env: []string{fakeAt + "=" + dir}, Version: "1.2.3"}
}

// house is a machine with a policy and scripts for its screens.
type house struct {
	t      *testing.T
	dir    string
	cancel context.CancelFunc
	ended  chan error
}

func newHouse(t *testing.T, policy string, scripts ...string) *house {
	t.Helper()
	h := &house{t: t, dir: t.TempDir(), ended: make(chan error, 1)}
	t.Setenv("XDG_RUNTIME_DIR", t.TempDir())
	h.lay("managed.json", policy)
	for i, s := range scripts {
		h.lay("script"+strconv.Itoa(i+1), s)
	}
	return h
}

func (h *house) lay(name, text string) {
	h.t.Helper()
	if err := os.WriteFile(filepath.Join(h.dir, name), []byte(text), 0o644); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) run(change ...func(*Config)) {
	cfg := fakeConfig(h.dir)
	for _, f := range change {
		f(&cfg)
	}
	ctx, cancel := context.WithCancel(context.Background())
	h.cancel = cancel
	go func() { h.ended <- Run(ctx, cfg) }()
	h.t.Cleanup(func() { h.stop() })
}

func (h *house) stop() {
	h.t.Helper()
	if h.cancel == nil {
		return
	}
	h.cancel()
	h.cancel = nil
	select {
	case err := <-h.ended:
		if err != nil {
			h.t.Errorf("the supervisor ended: %v", err)
		}
	case <-time.After(10 * time.Second):
		h.t.Fatal("the supervisor does not end")
	}
}

func (h *house) await(what string, is func() bool) {
	h.t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(15 * time.Second); !is(); <-tick.C {
		if time.Now().After(end) {
			h.t.Fatalf("not %s; status %+v, log\n%s", what, h.status(), h.log())
		}
	}
}

func (h *house) starts(n int) []started {
	h.t.Helper()
	h.await(fmt.Sprint(n, " screens"), func() bool { return len(startsIn(h.dir)) >= n })
	return startsIn(h.dir)
}

func (h *house) status() Status {
	s, _ := ReadStatus(filepath.Join(h.dir, "kiosk"))
	return s
}

func (h *house) log() string {
	text, _ := os.ReadFile(filepath.Join(h.dir, "kiosk", logFile))
	return string(text)
}

const inRoom1 = `{"report":{"stage":"meeting","room":1,"camera":"ok","microphone":"ok","speaker":"ok"}}`

func TestACrashedScreenIsBackInItsRoomAsTheSameDevice(t *testing.T) {
	h := newHouse(t, policyText(""), inRoom1+"\nleave\nexit 2", inRoom1+"\nwait")
	h.run()
	all := h.starts(2)
	if all[0].Orders.Resume != -1 || all[1].Orders.Resume != 1 || all[0].Seed != all[1].Seed || all[1].Orders.Keys != core.KeyPlaceMemory {
		t.Errorf("%+v", all)
	}
	h.await("in the meeting", func() bool { return h.status().State == "meeting" })
	s := h.status()
	if s.Crashes != 1 || s.Screens != 2 || s.Meeting != "Assembly" || s.Last == nil || s.Exit() != ExitFine || s.Version != "1.2.3" || s.Identity != "fresh" || s.Keys != "memory" {
		t.Errorf("%+v", s)
	}
	if len(s.Errors) != 1 || s.Errors[0].Code != "screen-crashed" {
		t.Errorf("%+v", s.Errors)
	}
	if _, err := os.Stat(all[0].Folder); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder of the first screen is there: %v", err)
	}
	h.stop()
	if s := h.status(); s.State != "stopped" || s.Exit() != ExitNotRunning {
		t.Errorf("%+v", s)
	}
	if _, err := os.Stat(all[1].Folder); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder of the last screen is there: %v", err)
	}
}

func TestAMeetingThatIsOverLeavesNoIdentity(t *testing.T) {
	until := time.Now().Add(time.Hour).UTC().Round(time.Second)
	h := newHouse(t, policyText(""), inRoom1+"\nleave\n"+`{"over":{"room":1,"until":"`+until.Format(time.RFC3339)+`"}}`+"\nwait")
	h.run()
	all := h.starts(2)
	if all[0].Seed == all[1].Seed || all[1].Orders.Resume != -1 || !all[1].Orders.Hold[1].Equal(until) {
		t.Errorf("%+v", all)
	}
	if s := h.status(); s.Crashes != 0 || s.Last == nil || s.Last.Name != "Assembly" || s.Last.Ended.IsZero() {
		t.Errorf("%+v", s)
	}
	if _, err := os.Stat(all[0].Folder); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder of the first screen is there: %v", err)
	}
}

func TestAScreenThatHangsIsEnded(t *testing.T) {
	h := newHouse(t, policyText(""), inRoom1+"\nhang", inRoom1+"\nwait")
	h.run(func(c *Config) { c.Quiet = 300 * time.Millisecond })
	if all := h.starts(2); all[1].Orders.Resume != 1 {
		t.Errorf("%+v", all)
	}
	h.await("noted", func() bool {
		return slices.ContainsFunc(h.status().Errors, func(e Error) bool { return e.Code == "screen-hung" })
	})
}

func TestABrokenPolicyLocksUntilItIsMended(t *testing.T) {
	rows := map[string]struct {
		lay  func(h *house)
		says string
	}{
		"unknown key": {func(h *house) { h.lay("managed.json", "{\"version\": 1,\n\"shares\": 1}") }, "managed.json:2"},
		"none":        {func(h *house) { _ = os.Remove(filepath.Join(h.dir, "managed.json")) }, "there is no managed policy"},
		"no kiosk":    {func(h *house) { h.lay("managed.json", `{"version": 1}`) }, `no section "kiosk"`},
		"unsigned":    {func(h *house) { h.lay("managed.key", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=") }, "managed.json.sig"},
		"later":       {func(h *house) { h.lay("managed.json", `{"version": 7}`) }, "version 7"},
		"unreadable": {func(h *house) {
			_ = os.Remove(filepath.Join(h.dir, "managed.json"))
			_ = os.Mkdir(filepath.Join(h.dir, "managed.json"), 0o755)
		}, "cannot be read"},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, policyText(""))
			row.lay(h)
			h.run()
			all := h.starts(1)
			if !strings.Contains(all[0].Orders.Problem, row.says) {
				t.Errorf("the screen is told %q", all[0].Orders.Problem)
			}
			h.await("locked", func() bool { return h.status().State == "locked" })
			if s := h.status(); !strings.Contains(s.Problem, row.says) || s.Exit() != ExitLocked {
				t.Errorf("%+v", s)
			}
			if !strings.Contains(h.log(), `"msg":"locked"`) {
				t.Error("nothing in the log")
			}
			if name != "unknown key" {
				return // one that is mended is enough: it takes seconds
			}
			h.lay("managed.json", policyText(""))
			if all := h.starts(2); all[1].Orders.Problem != "" {
				t.Errorf("still locked: %q", all[1].Orders.Problem)
			}
		})
	}
}

func TestASecondKioskIsRefused(t *testing.T) {
	h := newHouse(t, policyText(""), `{"report":{"stage":"resting","room":-1,"camera":"ok","microphone":"ok","speaker":"ok"}}`+"\nwait")
	h.run()
	h.await("resting", func() bool { return h.status().State == "resting" })
	if err := Run(context.Background(), fakeConfig(h.dir)); !errors.Is(err, ErrRunning) {
		t.Errorf("a second one: %v", err)
	}
	if n := len(startsIn(h.dir)); n != 1 {
		t.Errorf("%d screens", n)
	}
}

// kill -9 of the supervisor: its screen must not stay, for nobody would wipe it.
func TestAScreenEndsWithItsSupervisor(t *testing.T) {
	h := newHouse(t, policyText(""), inRoom1+"\nleave\nwait")
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), supervisorAt+"="+h.dir)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	first := h.starts(1)[0]
	h.await("in the meeting", func() bool { return h.status().State == "meeting" })
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	if runtime.GOOS == "linux" {
		h.await("the screen gone", func() bool {
			state, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", first.PID))
			return err != nil || bytes.Contains(state, []byte(") Z "))
		})
	}
	if h.status().Exit() != ExitNotRunning {
		t.Errorf("%+v", h.status())
	}
	h.run() // and the next one clears up
	h.starts(2)
	if _, err := os.Stat(first.Folder); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder of the first screen is there: %v", err)
	}
}

func TestDevicesAndTroubleAreToldByCodes(t *testing.T) {
	trouble := `{"report":{"stage":"trouble","room":0,"trouble":"service-down","camera":"missing","microphone":"ok","speaker":"ok","saving":true}}`
	h := newHouse(t, policyText(""), "not json\n"+strings.Repeat("x", 9000)+"\n"+trouble+"\n"+trouble+"\nwait")
	h.run()
	h.await("in trouble", func() bool { return h.status().State == "trouble" })
	s := h.status()
	if s.Exit() != ExitTrouble || s.Devices.Camera != "missing" || !s.Saving || s.Trouble != "service-down" {
		t.Errorf("%+v", s)
	}
	for _, line := range strings.Split(strings.TrimSpace(h.log()), "\n") {
		var fields map[string]any
		if err := json.Unmarshal([]byte(line), &fields); err != nil || fields["time"] == nil || fields["level"] == nil || fields["msg"] == nil {
			t.Errorf("a line of the log: %s: %v", line, err)
		}
	}
	if strings.Contains(h.log(), roomLink) || strings.Contains(h.log(), "meet.school.test") {
		t.Error("the log has the link")
	}
}

func TestExitCodesOfTheStatus(t *testing.T) {
	ok := Devices{"ok", "ok", "ok"}
	rows := []struct {
		s    Status
		want int
	}{
		{Status{Running: true, State: "resting", Devices: ok}, ExitFine},
		{Status{Running: true, State: "meeting", Devices: ok}, ExitFine},
		{Status{Running: true, State: "starting", Devices: Devices{"unknown", "unknown", "unknown"}}, ExitFine},
		{Status{Running: true, State: "trouble", Devices: ok}, ExitTrouble},
		{Status{Running: true, State: "locked"}, ExitLocked},
		{Status{Running: true, State: "meeting", Devices: Devices{"ok", "busy", "ok"}}, ExitDevice},
		{Status{State: "meeting", Devices: ok}, ExitNotRunning},
	}
	for _, row := range rows {
		if got := row.s.Exit(); got != row.want {
			t.Errorf("%+v: %d, want %d", row.s, got, row.want)
		}
	}
}

func TestTheLogIsPutAsideOnce(t *testing.T) {
	r := &rolling{path: filepath.Join(t.TempDir(), "log"), most: 100}
	if err := r.open(); err != nil {
		t.Fatal(err)
	}
	defer r.close()
	for i := range 30 {
		_, _ = fmt.Fprintf(r, "line %02d of the log, thirty bytes\n", i)
	}
	for name, want := range map[string]string{"": "line 29", ".1": "line 26"} {
		text, err := os.ReadFile(r.path + name)
		if err != nil || !strings.Contains(string(text), want) || len(text) > 100 {
			t.Errorf("%q: %q, %v", name, text, err)
		}
	}
}

func TestErrorsAreCountedAndBounded(t *testing.T) {
	var s Status
	for i := range 40 {
		s.fail(time.Now(), fmt.Sprint("code-", i))
		s.fail(time.Now(), fmt.Sprint("code-", i))
	}
	if len(s.Errors) != errorsMost || s.Errors[0].Code != "code-24" || s.Errors[15].Times != 2 {
		t.Errorf("%+v", s.Errors)
	}
}

func TestEnrolledRoomKeepsItsKeyWithoutAKeychain(t *testing.T) {
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent")
	h := newHouse(t, policyText(`, "identity": "enrolled"`))
	h.run()
	if all := h.starts(1); !strings.Contains(all[0].Orders.Problem, "conclave kiosk enrol") {
		t.Errorf("not enrolled: %q", all[0].Orders.Problem)
	}
	h.stop()
	var out, fault bytes.Buffer
	if code := Main([]string{"enrol"}, config.PlaceIn(h.dir), &out, &fault); code != ExitFine || !strings.Contains(out.String(), "sealed file") {
		t.Fatalf("enrol: %d %s%s", code, out.String(), fault.String())
	}
	h.run()
	h.starts(2)
	h.stop()
	h.run()
	if all := h.starts(3); all[2].Orders.Problem != "" || all[2].Orders.Keys != core.KeyPlaceFile || all[2].Seed != all[1].Seed || all[2].Seed == all[0].Seed {
		t.Errorf("%+v", all)
	}
	h.stop()
	key, _, err := makeIdentity(filepath.Join(h.dir, "kiosk"))
	if err != nil {
		t.Fatal(err)
	}
	seed := key.Seed()
	_ = filepath.WalkDir(h.dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			if text, _ := os.ReadFile(path); bytes.Contains(text, seed[:]) {
				t.Errorf("%s holds the seed", path)
			}
		}
		return nil
	})
	if code := Main([]string{"forget"}, config.PlaceIn(h.dir), &out, &fault); code != ExitFine {
		t.Fatalf("forget: %d %s", code, fault.String())
	}
	if _, err := enrolled(filepath.Join(h.dir, "kiosk"), seed[:]); !errors.Is(err, errNotEnrolled) {
		t.Errorf("after forgetting: %v", err)
	}
}

func TestStatusCommand(t *testing.T) {
	h := newHouse(t, policyText(""), inRoom1+"\nwait")
	h.run()
	h.await("in the meeting", func() bool { return h.status().State == "meeting" })
	var out, fault bytes.Buffer
	if code := Main([]string{"status", "--json"}, config.PlaceIn(h.dir), &out, &fault); code != ExitFine {
		t.Errorf("exit %d: %s", code, fault.String())
	}
	var s Status
	if err := json.Unmarshal(out.Bytes(), &s); err != nil || s.Room != "Room 204" || s.State != "meeting" || !s.Running {
		t.Errorf("%v: %s", err, out.String())
	}
	for _, secret := range []string{roomLink, "meet.school.test"} {
		if strings.Contains(out.String(), secret) {
			t.Errorf("the status has %s", secret)
		}
	}
	out.Reset()
	if code := Main([]string{"status"}, config.PlaceIn(h.dir), &out, &fault); code != ExitFine || !strings.Contains(out.String(), "meeting        Assembly") {
		t.Errorf("exit %d: %s", code, out.String())
	}
	for _, args := range [][]string{nil, {"x"}, {"status", "x"}, {"status", "--x"}} {
		if code := Main(args, config.PlaceIn(h.dir), &out, &fault); code != ExitUsage {
			t.Errorf("%v: exit %d", args, code)
		}
	}
	h.stop()
	h.lay("managed.json", "{")
	if code := Main([]string{"status"}, config.PlaceIn(h.dir), &out, &fault); code != ExitLocked {
		t.Errorf("broken policy: exit %d", code)
	}
}

func TestPolicyCommands(t *testing.T) {
	dir := t.TempDir()
	policy, key := filepath.Join(dir, "managed.json"), filepath.Join(dir, "school")
	var out, fault bytes.Buffer
	do := func(want int, args ...string) {
		t.Helper()
		if got := PolicyMain(args, &out, &fault); got != want {
			t.Errorf("%v: exit %d, want %d: %s", args, got, want, fault.String())
		}
	}
	if err := os.WriteFile(policy, []byte(policyText("")), 0o644); err != nil {
		t.Fatal(err)
	}
	do(ExitFine, "check", policy)
	do(ExitFine, "key", "--out", key)
	do(ExitUsage, "key", "--out", key) // never over another key
	do(ExitFine, "sign", "--key", key, policy)
	public, err := os.ReadFile(key + ".pub")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "managed.key"), public, 0o644); err != nil {
		t.Fatal(err)
	}
	if p, err := config.ReadPolicy(config.PlaceIn(dir)); err != nil || p.Kiosk == nil {
		t.Errorf("%+v, %v", p, err)
	}
	if err := os.WriteFile(policy, []byte("{\"version\": 1,\n\"x\": 1}"), 0o644); err != nil {
		t.Fatal(err)
	}
	do(ExitLocked, "check", policy)
	if !strings.Contains(fault.String(), "managed.json:2") {
		t.Errorf("%s", fault.String())
	}
	do(ExitLocked, "sign", "--key", key, policy)
	do(ExitUsage, "sign", "--key", policy, policy)
	do(ExitUsage)
	do(ExitUsage, "x")
}

// A policy that breaks while the room rests locks it within seconds; one that
// breaks in a meeting does so after it.
func TestAPolicyThatBreaksLocksARestingRoom(t *testing.T) {
	const resting = `{"report":{"stage":"resting","room":-1,"camera":"unknown","microphone":"unknown","speaker":"unknown"}}`
	h := newHouse(t, policyText(""), resting+"\nwait")
	h.run()
	h.await("resting", func() bool { return h.status().State == "resting" })
	h.lay("managed.json", "{\"version\": 1,\n\"shares\": 1}")
	if all := h.starts(2); !strings.Contains(all[1].Orders.Problem, "managed.json:2") {
		t.Errorf("%+v", all)
	}
	h.await("locked", func() bool { return h.status().State == "locked" })
}

// A screen that was taken over writes nothing of its own into status and log,
// points at no room that is none, and keeps the room out for a day at most.
func TestAScreenSaysOnlyWhatScreensSay(t *testing.T) {
	h := newHouse(t, policyText(""),
		`{"report":{"stage":"meet-anna-smith","room":0,"camera":"ok","microphone":"ok","speaker":"ok"}}`+"\n"+
			`{"report":{"stage":"trouble","room":7,"trouble":"anna-smith","camera":"anna-smith","microphone":"ok","speaker":"ok"}}`+"\n"+
			`{"over":{"room":9,"until":"2999-01-01T00:00:00Z"}}`+"\nwait",
		`{"over":{"room":1,"until":"2999-01-01T00:00:00Z"}}`+"\nwait",
		inRoom1+"\nwait")
	h.run()
	all := h.starts(3)
	h.await("in its meeting", func() bool { return h.status().State == "meeting" })
	if text, err := json.Marshal(h.status()); err != nil || bytes.Contains(append(text, h.log()...), []byte("anna-smith")) {
		t.Errorf("%s\n%s", text, h.log())
	}
	if o := all[1].Orders; len(o.Hold) != 0 || o.Resume != -1 {
		t.Errorf("a room that is none is held: %+v", o)
	}
	if hold := all[2].Orders.Hold[1]; time.Until(hold) > 24*time.Hour || time.Until(hold) < 23*time.Hour {
		t.Errorf("held until %v", hold)
	}
}
