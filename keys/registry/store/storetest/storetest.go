// Package storetest starts a PostgreSQL server for a test. For tests only.
//
// The server is Debian's or whatever is installed; it listens on a socket in a
// folder of its own, and ends with the test. Where there is none the test is
// skipped and says so.
package storetest

import (
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // registers the driver "pgx"
)

// Server is a PostgreSQL server of one test.
type Server struct {
	dir       string
	databases atomic.Int64
	restart   func() error
}

// programs finds the folder of initdb and pg_ctl, or "".
func programs() string {
	if path, err := exec.LookPath("initdb"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil {
			return filepath.Dir(path)
		}
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb") // the pattern is sound
	if len(found) == 0 {
		return ""
	}
	return filepath.Dir(found[len(found)-1])
}

// Start starts a server, or skips the test where none is installed.
func Start(t testing.TB) *Server {
	t.Helper()
	bin := programs()
	if bin == "" {
		t.Skip("SKIPPED, nothing of PostgreSQL was tested: no initdb on PATH or in /usr/lib/postgresql; .ci/libs test installs Debian's postgresql")
	}
	// Not t.TempDir: the server runs as another user, who may not enter that.
	dir, err := os.MkdirTemp("", "pg") // short: a socket's path has 107 bytes
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	attributes, err := unprivileged(dir)
	if err != nil {
		t.Skipf("SKIPPED, nothing of PostgreSQL was tested: %v", err)
	}
	run := func(program string, args ...string) error {
		cmd := exec.Command(filepath.Join(bin, program), args...)
		cmd.Dir, cmd.SysProcAttr = dir, attributes
		cmd.Env = append(os.Environ(), "LC_ALL=C", "HOME="+dir)
		log := filepath.Join(dir, program+".log")
		file, err := os.Create(log) // a pipe would stay open in the server
		if err != nil {
			return err
		}
		defer func() { _ = file.Close() }()
		cmd.Stdout, cmd.Stderr = file, file
		if err := cmd.Run(); err != nil {
			text, _ := os.ReadFile(log)
			return fmt.Errorf("%s: %w\n%s", program, err, text)
		}
		return nil
	}
	data := filepath.Join(dir, "data")
	if err := run("initdb", "-D", data, "-U", "conclave", "-E", "UTF8", "--locale=C", "--auth=trust", "--no-sync"); err != nil {
		t.Fatal(err)
	}
	options := strings.Join([]string{"-c listen_addresses=''", "-k " + dir, "-c max_connections=100"}, " ")
	log := filepath.Join(dir, "server.log")
	if err := run("pg_ctl", "-D", data, "-l", log, "-o", options, "-w", "-t", "60", "start"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := run("pg_ctl", "-D", data, "-m", "immediate", "-w", "stop"); err != nil {
			t.Error(err)
		}
	})
	return &Server{dir: dir, restart: func() error {
		return run("pg_ctl", "-D", data, "-l", log, "-o", options, "-m", "immediate", "-w", "-t", "60", "restart")
	}}
}

// Crash ends the server without letting it finish anything, and starts it again.
func (s *Server) Crash(t testing.TB) {
	t.Helper()
	if err := s.restart(); err != nil {
		t.Fatal(err)
	}
}

// Database makes an empty database and returns its connection string.
func (s *Server) Database(t testing.TB) string {
	t.Helper()
	name := fmt.Sprintf("test%d", s.databases.Add(1))
	db, err := sql.Open("pgx", s.connection("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if _, err := db.Exec("CREATE DATABASE " + name); err != nil {
		t.Fatal(err)
	}
	return s.connection(name)
}

func (s *Server) connection(name string) string {
	return fmt.Sprintf("host=%s user=conclave dbname=%s sslmode=disable", s.dir, name)
}
