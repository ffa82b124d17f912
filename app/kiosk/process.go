package kiosk

import (
	"bufio"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// screen is a screen's process, as the supervisor sees it.
type screen struct {
	cmd   *exec.Cmd
	in    io.Closer
	dir   string
	pid   int
	words chan word
	done  chan struct{} // closed when the process has ended
	gone  chan struct{} // closed by close: nobody listens any more
}

// dirPrefix begins the name of a screen's folder.
const dirPrefix = "conclave-kiosk-screen-"

// memoryDirs are where a folder lies in memory, in the order of preference; the
// system's folder for temporary files is the last resort.
func memoryDirs() []string {
	return []string{os.Getenv("XDG_RUNTIME_DIR"), "/dev/shm", os.TempDir()}
}

func screenDir() (string, error) {
	var last error
	for _, parent := range memoryDirs() {
		if parent == "" {
			continue
		}
		dir, err := os.MkdirTemp(parent, dirPrefix) // mode 0700
		if err == nil {
			return dir, nil
		}
		last = err
	}
	return "", last
}

// sweep removes the folders of screens whose supervisor was killed. The lock is
// held: no screen of ours runs. Folders of other users cannot be removed, and are
// not.
func sweep() {
	for _, parent := range memoryDirs() {
		if parent == "" {
			continue
		}
		left, _ := filepath.Glob(filepath.Join(parent, dirPrefix+"*"))
		for _, dir := range left {
			info, err := os.Lstat(dir) // a link there is somebody else's
			if err == nil && info.IsDir() && !inUse(dir) {
				_ = os.RemoveAll(dir)
			}
		}
	}
}

// inUse reports whether the supervisor that made a folder still lives; another
// kiosk, with another folder of its own, may run beside this one in a trial.
func inUse(dir string) bool {
	release, err := lock(dir)
	if err != nil {
		return true
	}
	release()
	return false
}

// startScreen starts a process with a folder of its own for all that libraries
// keep: Fyne's preferences, caches, temporary files.
func startScreen(cfg Config, seed []byte, o orders) (*screen, error) {
	dir, err := screenDir()
	if err != nil {
		return nil, err
	}
	release, err := lock(dir)
	if err != nil {
		return nil, err
	}
	s := &screen{dir: dir, words: make(chan word), done: make(chan struct{}), gone: make(chan struct{})}
	s.cmd = exec.Command(cfg.Program, cfg.Args...)
	s.cmd.Env = append(environment(os.Environ(), dir), cfg.Env...)
	s.cmd.Dir = dir
	fail := func(err error) (*screen, error) {
		release()
		_ = os.RemoveAll(dir)
		return nil, err
	}
	in, err := s.cmd.StdinPipe()
	if err != nil {
		return fail(err)
	}
	s.in = in
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return fail(err)
	}
	if err := s.cmd.Start(); err != nil {
		return fail(err)
	}
	s.pid = s.cmd.Process.Pid
	go func() {
		defer close(s.done)
		defer release()
		s.listen(out)
		_ = s.cmd.Wait()
	}()
	if err := give(in, seed, o); err != nil {
		_ = s.close(true)
		return nil, err
	}
	return s, nil
}

// environment moves every folder that a library might write to into dir. HOME stays:
// sound servers find their sockets by it.
func environment(environ []string, dir string) []string {
	moved := map[string]string{
		"XDG_CONFIG_HOME": dir, "XDG_CACHE_HOME": dir, "XDG_DATA_HOME": dir, "XDG_STATE_HOME": dir, "TMPDIR": dir,
	}
	if runtime.GOOS == "windows" {
		moved = map[string]string{"APPDATA": dir, "LOCALAPPDATA": dir, "TEMP": dir, "TMP": dir}
	}
	environ = slices.DeleteFunc(slices.Clone(environ), func(v string) bool {
		name, _, _ := strings.Cut(v, "=")
		_, is := moved[name]
		return is || name == passphraseVariable
	})
	for name, path := range moved {
		environ = append(environ, name+"="+path)
	}
	return environ
}

// listen reads lines until the screen ends. A line that is not understood, or is
// too long, is dropped.
func (s *screen) listen(out io.Reader) {
	r := bufio.NewReaderSize(out, 4096)
	for {
		line, err := r.ReadSlice('\n')
		if err == bufio.ErrBufferFull {
			continue
		}
		if err != nil {
			return
		}
		var w word
		if json.Unmarshal(line, &w) != nil {
			continue
		}
		select {
		case s.words <- w:
		case <-s.gone:
		}
	}
}

// close ends the process, at once or after it had time to say goodbye, waits, and
// removes its folder. It returns how the process ended.
func (s *screen) close(atOnce bool) (how string) {
	close(s.gone)
	_ = s.in.Close()
	if atOnce {
		_ = s.cmd.Process.Kill()
	}
	t := time.NewTimer(endLimit)
	defer t.Stop()
	select {
	case <-s.done:
	case <-t.C:
		_ = s.cmd.Process.Kill()
		<-s.done
	}
	_ = os.RemoveAll(s.dir)
	if s.cmd.ProcessState == nil {
		return "unknown"
	}
	return s.cmd.ProcessState.String()
}
