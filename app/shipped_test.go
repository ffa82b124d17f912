package main_test

import (
	"bufio"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"conclave/app/core"
	"conclave/call"
	"conclave/keys"
)

// shipped builds and starts conclave-serve as an administrator would who has no
// certificate, and returns where it is.
func shipped(t *testing.T) (url, pin string) {
	t.Helper()
	folder := t.TempDir()
	program := filepath.Join(folder, "conclave-serve")
	build := exec.Command("go", "build", "-o", program, "conclave/app/serve")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the service: %v\n%s", err, out)
	}
	// Guests may host here: what accounts are asked for is another test's matter.
	identity := filepath.Join(folder, "identity.json")
	if err := os.WriteFile(identity, []byte(`{"policy":"everyone"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "--listen", "127.0.0.1:0", "--data", filepath.Join(folder, "data"), "--identity", identity)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		t.Fatal("the service did not start:", err)
	}
	var at struct{ URL, Pin string }
	if err := json.Unmarshal(line, &at); err != nil {
		t.Fatal(err)
	}
	return at.URL, at.Pin
}

// The program that is handed out, with the certificate that it makes itself:
// the link alone is enough to get in, and to find out another certificate.
func TestShippedServiceWithItsOwnCertificate(t *testing.T) {
	url, pin := shipped(t)
	if !strings.HasPrefix(url, "https://") || pin == "" {
		t.Fatalf("the service is at %q with pin %q", url, pin)
	}
	anna := newPerson(t, "Anna", url, func(cfg *core.Config) { cfg.Settings.Pin = pin })
	bob, carol := newPerson(t, "Bob", "https://elsewhere.example"), newPerson(t, "Carol", "https://elsewhere.example")
	anna.start(keys.ModeE2EE, "")
	bob.knock(anna)
	anna.admit(bob)
	inTouch(t, anna, bob)

	wrong, err := keys.ParseLink(anna.meeting().Link)
	if err != nil {
		t.Fatal(err)
	}
	wrong.Pin = strings.Repeat("B", 42) + "A"
	carol.Send(core.JoinMeeting{Link: wrong.String()})
	carol.awaitPhase(call.PhaseEnded)
	if end := carol.meeting().End; end != call.EndPinMismatch {
		t.Errorf("another certificate ends with %d", end)
	}
}
