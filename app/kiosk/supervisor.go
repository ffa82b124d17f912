package kiosk

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"reflect"
	"time"

	"conclave/app/config"
	"conclave/app/core"
)

// ErrRunning says that another kiosk uses the folder.
var ErrRunning = errors.New("start kiosk: it runs already on this machine")

// Config is what a supervisor works with. Program must be set.
type Config struct {
	// Place is where the policy lies.
	Place config.Place
	// Program and Args start a screen; Env is added to this process's environment.
	Program string
	Args    []string
	Env     []string
	// Version is told in the status.
	Version string
	// Quiet is how long a screen may say nothing before it is taken for hung; zero is
	// a minute.
	Quiet time.Duration
}

const (
	// steady is how long a screen must have lived for a crash to count as the first.
	steady = time.Minute
	// policyEvery is how often the policy is read again. A changed one comes into
	// force when nobody is in a meeting.
	policyEvery = 5 * time.Second
	// endLimit is how long a screen may take to end after it was told to.
	endLimit = 3 * time.Second
	// lockTries is how often the lock is asked for.
	lockTries = 5
)

// crashPauses are those before a screen is started again after crashes in a row.
var crashPauses = []time.Duration{0, time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 30 * time.Second}

// supervisor is one run. All of it belongs to the goroutine of Run.
type supervisor struct {
	cfg    Config
	folder string
	log    *slog.Logger
	status Status

	policy  config.Policy
	problem string
	seed    [seedSize]byte // of the present identity
	fresh   bool           // it is to be made anew
	keys    core.KeyPlace
	resume  int
	hold    map[int]time.Time
	crashes int
}

// Run keeps a screen running until ctx ends. It returns ErrRunning where another
// kiosk does that already, and any other error only before the first screen.
func Run(ctx context.Context, cfg Config) error {
	if cfg.Quiet == 0 {
		cfg.Quiet = time.Minute
	}
	s := &supervisor{cfg: cfg, resume: -1, fresh: true, hold: map[int]time.Time{}}
	s.readPolicy()
	s.folder = Folder(cfg.Place, s.policy)
	defer clear(s.seed[:])
	if err := noCoreFiles(); err != nil {
		return fmt.Errorf("start kiosk: forbid core files: %w", err)
	}
	release, err := s.settle()
	if err != nil {
		return err
	}
	defer release()
	sweep()
	s.log.Info("started", "version", cfg.Version, "policy", s.policy.From)
	for ctx.Err() == nil {
		s.once(ctx)
	}
	s.state("stopped")
	s.log.Info("stopped")
	return nil
}

// Folder is where the kiosk of a policy keeps status and log.
func Folder(at config.Place, p config.Policy) string {
	if p.Kiosk != nil && p.Kiosk.Folder != "" {
		return p.Kiosk.Folder
	}
	return at.Folder
}

// settle takes the folder. Where it cannot be used the screen says so: a machine
// on a wall must not show a desktop instead.
func (s *supervisor) settle() (release func(), err error) {
	began := time.Now()
	s.status = Status{Version: s.cfg.Version, PID: os.Getpid(), Started: began, State: "starting", Since: began}
	s.log = slog.New(slog.NewJSONHandler(os.Stderr, nil))
	if err := os.MkdirAll(s.folder, 0o750); err != nil {
		return s.homeless(err), nil
	}
	unlock, err := lock(s.folder)
	for range lockTries { // a status that looks just now holds it for a moment
		if !errors.Is(err, ErrRunning) {
			break
		}
		pause(context.Background(), 20*time.Millisecond)
		unlock, err = lock(s.folder)
	}
	if errors.Is(err, ErrRunning) {
		return nil, err
	}
	if err != nil {
		return s.homeless(err), nil
	}
	log, closeLog, err := openLog(s.folder)
	if err != nil {
		unlock()
		return s.homeless(err), nil
	}
	s.log = log
	if before, err := ReadStatus(s.folder); err == nil {
		s.status.Last, s.status.Errors = before.Last, before.Errors
	}
	return func() {
		closeLog()
		unlock()
	}, nil
}

func (s *supervisor) homeless(err error) func() {
	s.problem = fmt.Sprintf("the kiosk's folder %s cannot be used: %v", s.folder, err)
	s.folder = ""
	return func() {}
}

// readPolicy takes the machine's policy over, and reports whether it differs from
// the one before.
func (s *supervisor) readPolicy() bool {
	p, err := config.ReadPolicy(s.cfg.Place)
	problem := ""
	switch {
	case err != nil:
		problem = err.Error()
	case p.Kiosk == nil && p.From == "":
		problem = s.cfg.Place.File + ": there is no managed policy, and a kiosk needs one"
	case p.Kiosk == nil:
		problem = p.From + `: the managed policy has no section "kiosk"`
	}
	changed := problem != s.problem || !reflect.DeepEqual(p, s.policy)
	s.policy, s.problem = p, problem
	return changed
}

// once runs one screen from its start to its end.
func (s *supervisor) once(ctx context.Context) {
	homeless := s.folder == ""
	kept := s.problem
	s.readPolicy()
	if homeless {
		s.problem = kept
	}
	s.identity()
	s.describe()
	o := orders{Problem: s.problem, Resume: s.resume, Hold: s.hold, Keys: s.keys}
	began := time.Now()
	sc, err := startScreen(s.cfg, s.seed[:], o)
	if err != nil {
		s.status.fail(time.Now(), "screen-did-not-start")
		s.log.Error("screen did not start", "error", err.Error())
		s.save()
		pause(ctx, crashPauses[len(crashPauses)-1])
		return
	}
	s.status.Screens++
	s.status.Screen = sc.pid
	s.save()
	s.end(ctx, sc, s.follow(ctx, sc), began)
}

// identity fills the seed. Where that fails, the screen is locked.
func (s *supervisor) identity() {
	if s.problem != "" {
		return
	}
	if s.policy.Kiosk.Enrolled {
		place, err := enrolled(s.folder, s.seed[:])
		if err != nil {
			s.problem = err.Error()
			return
		}
		s.keys = place
		return
	}
	if s.fresh {
		_, _ = rand.Read(s.seed[:]) // never fails
		s.fresh = false
	}
	s.keys = core.KeyPlaceMemory
}

func (s *supervisor) describe() {
	st := &s.status
	st.Policy, st.Problem, st.Identity, st.Keys = s.policy.From, s.problem, "", ""
	st.Devices = Devices{"unknown", "unknown", "unknown"}
	st.Trouble, st.Meeting, st.Saving = "", "", false
	if k := s.policy.Kiosk; k != nil {
		st.Room, st.Identity = k.Room, "fresh"
		if k.Enrolled {
			st.Identity = "enrolled"
		}
		st.Keys = placeName(s.keys)
	}
	if s.problem != "" {
		if st.State != "locked" {
			st.fail(time.Now(), "locked")
			s.log.Error("locked", "problem", s.problem)
		}
		s.state("locked")
		return
	}
	s.state("starting")
}

func (s *supervisor) state(name string) {
	if s.status.State != name {
		s.status.State, s.status.Since = name, time.Now()
	}
	s.save()
}

func (s *supervisor) save() {
	if s.folder == "" {
		return
	}
	s.status.Written = time.Now()
	if err := s.status.write(s.folder); err != nil {
		s.log.Error("status not written", "error", err.Error())
	}
}

// ending is why a screen is no more.
type ending uint8

const (
	endStopped ending = iota + 1 // the supervisor is to end
	endOver                      // a meeting is over: wipe
	endPolicy                    // another policy is in force
	endHung                      // it said nothing for too long
	endCrashed
)

// follow listens to a screen until something ends it.
func (s *supervisor) follow(ctx context.Context, sc *screen) ending {
	heard := time.Now()
	t := time.NewTicker(policyEvery)
	defer t.Stop()
	quiet := time.NewTicker(s.cfg.Quiet / 4)
	defer quiet.Stop()
	for {
		select {
		case <-ctx.Done():
			return endStopped
		case <-sc.done:
			return endCrashed
		case w := <-sc.words:
			heard = time.Now()
			if w.Report != nil {
				s.take(*w.Report)
			}
			if w.Over != nil {
				s.over(*w.Over)
				return endOver
			}
		case <-quiet.C:
			if time.Since(heard) > s.cfg.Quiet {
				return endHung
			}
		case <-t.C:
			if s.idle() && s.folder != "" && s.newPolicy() {
				return endPolicy
			}
		}
	}
}

func (s *supervisor) idle() bool { return s.status.State == "resting" || s.status.State == "locked" }

// newPolicy also looks whether a room was enrolled, or its enrolment taken away,
// in the meantime.
func (s *supervisor) newPolicy() bool {
	before := s.problem
	changed := s.readPolicy()
	if s.problem == "" {
		s.identity()
	}
	if s.problem == before && before != "" {
		return false
	}
	return changed || s.problem != before
}

// take copies a screen's report to the status and the log. What it holds is known
// beforehand: words of a list and numbers of the policy's rooms.
func (s *supervisor) take(r report) {
	r, understood := r.heard(s.rooms())
	if !understood {
		return
	}
	st, now := &s.status, time.Now()
	before := st.State
	devices := Devices{r.Camera, r.Microphone, r.Speaker}
	if devices != st.Devices {
		s.log.Info("devices", "camera", r.Camera, "microphone", r.Microphone, "speaker", r.Speaker)
		for what, state := range map[string]string{"camera": r.Camera, "microphone": r.Microphone, "speaker": r.Speaker} {
			if state != "ok" && state != "unknown" {
				st.fail(now, what+"-"+state)
			}
		}
	}
	if r.Saving != st.Saving {
		s.log.Info("power", "saving", r.Saving)
	}
	st.Devices, st.Saving, st.Trouble, st.Meeting = devices, r.Saving, r.Trouble, s.name(r.Room)
	if s.problem != "" {
		s.save()
		return
	}
	switch r.Stage {
	case "meeting", "reconnecting", "entering", "lobby", "trouble":
		s.resume = r.Room
	case "resting":
		s.resume = -1
	}
	if r.Stage == "meeting" && (st.Last == nil || !st.Last.Ended.IsZero()) {
		st.Last = &Meeting{Name: s.name(r.Room), Began: now}
	}
	if r.Stage == "trouble" && (before != "trouble" || r.Trouble != "") {
		st.fail(now, r.Trouble)
	}
	if before != r.Stage {
		s.log.Info("state", "state", r.Stage, "room", r.Room, "trouble", r.Trouble)
	}
	s.state(r.Stage)
}

func (s *supervisor) name(room int) string {
	if k := s.policy.Kiosk; k != nil && room >= 0 && room < len(k.Rooms) {
		return k.Rooms[room].Name
	}
	return ""
}

func (s *supervisor) over(o overing) {
	if last := s.status.Last; last != nil && last.Ended.IsZero() {
		ended := *last
		ended.Ended = time.Now()
		s.status.Last = &ended
	}
	if until, held := o.heard(s.rooms(), time.Now()); held {
		s.hold[o.Room] = until
	}
	s.resume, s.fresh = -1, true
}

// end brings a screen's process down, takes its folder away, and says what comes
// next.
func (s *supervisor) end(ctx context.Context, sc *screen, why ending, began time.Time) {
	how := sc.close(why == endHung)
	if why != endCrashed && why != endHung {
		s.crashes = 0
		if why == endOver {
			clear(s.seed[:])
			s.log.Info("wiped", "process", sc.pid)
		}
		return
	}
	if time.Since(began) > steady {
		s.crashes = 0
	}
	code := "screen-crashed"
	if why == endHung {
		code = "screen-hung"
	}
	s.status.Crashes++
	s.status.fail(time.Now(), code)
	wait := crashPauses[min(s.crashes, len(crashPauses)-1)]
	s.crashes++
	s.log.Error("screen ended", "code", code, "how", how, "lived", time.Since(began).Round(time.Millisecond).String(), "again_in", wait.String())
	s.save()
	pause(ctx, wait)
}

func pause(ctx context.Context, d time.Duration) {
	if d == 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
