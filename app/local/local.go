// Package local runs the service on this computer, as a child process: a crash
// of one does not take the other. The child ends when this process does, since
// its standard input closes then.
//
// Trust zone: device, but what it starts is the service: nothing that it says
// is believed more than a remote one's word.
package local

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"

	"conclave/app/core"
)

// startLimit is how long the child may take to answer.
const startLimit = 20 * time.Second

// Service is at most one child process. Its methods may be called from any
// goroutine.
type Service struct {
	cfg Config

	mu    sync.Mutex
	child *exec.Cmd
	stdin io.Closer
	done  chan struct{}
	ready announcement
}

// Config says how to start the child.
type Config struct {
	// Program is conclave-serve; "" looks beside this program, then in PATH.
	Program string
	// Args follow --local.
	Args []string
	// Dir is where the child keeps accounts, the log and meetings, and where the
	// port of the last time is noted, so that links stay the same; "" keeps
	// nothing.
	Dir string
	// Stderr gets the child's log; nil drops it.
	Stderr io.Writer
}

// announcement is the line that the child prints when it can be reached.
type announcement struct {
	URL string `json:"url"`
	Pin string `json:"pin"`
}

// New makes a Service that is not started yet.
func New(cfg Config) *Service { return &Service{cfg: cfg} }

// Start starts the child, unless it runs, and returns how to reach it. It
// wraps core.ErrPortInUse where that is why it failed.
func (s *Service) Start(ctx context.Context) (service, pin string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.child != nil {
		select {
		case <-s.done:
		default:
			return s.ready.URL, s.ready.Pin, nil
		}
	}
	if err := s.startKept(ctx); err != nil {
		return "", "", fmt.Errorf("start the service on this computer: %w", err)
	}
	return s.ready.URL, s.ready.Pin, nil
}

// portFile notes the port of the last time.
const portFile = "port"

// startKept starts the child with its folder and at the port of the last time.
// Where another program has the port, any other does; where another child has
// the folder, this one keeps nothing.
func (s *Service) startKept(ctx context.Context) error {
	if s.cfg.Dir == "" {
		return s.start(ctx, nil)
	}
	if err := os.MkdirAll(s.cfg.Dir, 0o700); err != nil {
		return err
	}
	data := []string{"--data", s.cfg.Dir}
	file := filepath.Join(s.cfg.Dir, portFile)
	err := core.ErrPortInUse
	if port := readPort(file); port != "" {
		err = s.start(ctx, append([]string{"--port", port}, data...))
	}
	if errors.Is(err, core.ErrPortInUse) {
		err = s.start(ctx, data)
	}
	if errors.Is(err, core.ErrPortInUse) {
		return s.start(ctx, nil) // the folder is in use, not the port
	}
	if err == nil {
		if u, bad := url.Parse(s.ready.URL); bad == nil {
			_ = os.WriteFile(file, []byte(u.Port()), 0o600) // the next start takes any other
		}
	}
	return err
}

func readPort(file string) string {
	text, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	port, err := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 16)
	if err != nil || port == 0 {
		return ""
	}
	return strconv.FormatUint(port, 10)
}

func (s *Service) start(ctx context.Context, args []string) error {
	program, err := s.program()
	if err != nil {
		return err
	}
	child := exec.Command(program, append(append([]string{"--local"}, args...), s.cfg.Args...)...)
	stdin, err := child.StdinPipe()
	if err != nil {
		return err
	}
	stdout, err := child.StdoutPipe()
	if err != nil {
		return err
	}
	said := &tail{also: s.cfg.Stderr}
	child.Stderr = said
	if err := child.Start(); err != nil {
		return err
	}
	done, lines := make(chan struct{}), make(chan announcement, 1)
	go func() {
		defer close(done)
		r := bufio.NewReaderSize(stdout, 4096)
		var a announcement
		if line, err := r.ReadSlice('\n'); err == nil && json.Unmarshal(line, &a) == nil && a.URL != "" {
			lines <- a
		}
		_, _ = io.Copy(io.Discard, r)
		_ = child.Wait()
	}()
	wait, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	select {
	case s.ready = <-lines:
		s.child, s.stdin, s.done = child, stdin, done
		return nil
	case <-done:
		if text := said.last(); strings.Contains(text, "in use") {
			return fmt.Errorf("%w: %s", core.ErrPortInUse, text)
		} else if text != "" {
			return errors.New(text)
		}
		return errors.New("it ended at once")
	case <-wait.Done():
		_ = child.Process.Kill()
		<-done
		return errors.New("it did not answer in time")
	}
}

func (s *Service) program() (string, error) {
	if s.cfg.Program != "" {
		return s.cfg.Program, nil
	}
	name := "conclave-serve"
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	if self, err := os.Executable(); err == nil {
		beside := filepath.Join(filepath.Dir(self), name)
		if _, err := os.Stat(beside); err == nil {
			return beside, nil
		}
	}
	return exec.LookPath(name)
}

// Process is the child's process, or nil; for tests that kill it.
func (s *Service) Process() *os.Process {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.child == nil {
		return nil
	}
	return s.child.Process
}

// Close ends the child and waits for it.
func (s *Service) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.child == nil {
		return
	}
	_ = s.stdin.Close()
	select {
	case <-s.done:
	case <-time.After(5 * time.Second):
		_ = s.child.Process.Kill()
		<-s.done
	}
	s.child = nil
}

// tail keeps the last line that was written.
type tail struct {
	mu   sync.Mutex
	also io.Writer
	line string
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.also != nil {
		_, _ = t.also.Write(p)
	}
	for line := range strings.Lines(string(p)) {
		if text := strings.TrimSpace(line); text != "" {
			t.line = text[:min(len(text), 300)]
		}
	}
	return len(p), nil
}

func (t *tail) last() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.line
}
