//go:build linux

package vault

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// insideSession tells this test binary that it runs in the session that
// TestRealSecretService made for it.
const insideSession = "CONCLAVE_TEST_SECRET_SERVICE"

// TestRealSecretService keeps secrets in gnome-keyring, a real Secret Service, on a
// message bus of its own: the test runs itself again inside dbus-run-session. With
// CI=true a missing program is a failure; elsewhere the test is skipped, loudly.
func TestRealSecretService(t *testing.T) {
	if os.Getenv(insideSession) != "" {
		t.Skip("this is the inner process")
	}
	for _, program := range []string{"dbus-run-session", "gnome-keyring-daemon"} {
		if _, err := exec.LookPath(program); err != nil {
			const hint = "%s is missing: the real keychain was NOT tested (Debian: apt-get install dbus gnome-keyring)"
			if os.Getenv("CI") == "true" {
				t.Fatalf(hint, program)
			}
			t.Skipf(hint, program)
		}
	}
	home := t.TempDir()
	run := filepath.Join(home, "run")
	if err := os.Mkdir(run, 0o700); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "dbus-run-session", "--", os.Args[0], "-test.run=^TestInsideSecretService$", "-test.v")
	cmd.Env = append(os.Environ(), insideSession+"=1", "HOME="+home, "XDG_RUNTIME_DIR="+run,
		"XDG_DATA_HOME="+filepath.Join(home, "data"), "XDG_CONFIG_HOME="+filepath.Join(home, "config"),
		"XDG_CACHE_HOME="+filepath.Join(home, "cache"))
	cmd.WaitDelay = 10 * time.Second
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: TestInsideSecretService") {
		t.Fatalf("inside the session: %v\n%s", err, out)
	}
}

// TestInsideSecretService is the inner process of TestRealSecretService.
func TestInsideSecretService(t *testing.T) {
	if os.Getenv(insideSession) == "" {
		t.Skip("runs inside TestRealSecretService")
	}
	cfg := Config{Service: "conclave-test", Backend: Keychain, ProbeTimeout: 20 * time.Second}

	// The daemon unlocks its keyring with the password on standard input, and goes
	// to the background when it is ready; it ends with the bus.
	daemon := exec.CommandContext(t.Context(), "gnome-keyring-daemon", "--unlock", "--components=secrets")
	daemon.Stdin = strings.NewReader("a password for the test")
	daemon.Stderr = os.Stderr
	if err := daemon.Run(); err != nil {
		t.Fatal(err)
	}
	v := mustOpen(t, cfg)
	if v.Kind() != Keychain {
		t.Fatalf("got %v, want the keychain", v.Kind())
	}
	exercise(t, v)
	if err := v.Store("device", []byte("seed")); err != nil {
		t.Fatal(err)
	}
	cfg.Backend = 0
	again := mustOpen(t, cfg)
	if again.Kind() != Keychain {
		t.Errorf("got %v, want the keychain by itself", again.Kind())
	}
	if got, err := again.Load("device"); err != nil || string(got) != "seed" {
		t.Errorf("after reopening: %q, %v", got, err)
	}
	cfg.Service = "conclave-other"
	other := mustOpen(t, cfg)
	if _, err := other.Load("device"); err == nil {
		t.Error("another service's secret was loaded")
	}
}
