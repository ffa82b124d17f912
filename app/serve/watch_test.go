package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"conclave/call/link"
	"conclave/keys/registry/setup"
)

// codeInOutbox reads the only code that lies in a service's folder.
func codeInOutbox(t *testing.T, data string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(setup.Folder(data), "outbox", "*"))
	if err != nil || len(files) != 1 {
		t.Fatalf("%d codes in the outbox, %v", len(files), err)
	}
	text, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	code := ""
	for word := range strings.FieldsFuncSeq(string(text), func(r rune) bool { return r < '0' || r > '9' }) {
		if len(word) == 6 {
			code = word
		}
	}
	if code == "" {
		t.Fatal("no code in the outbox")
	}
	return code
}

// TestLogsAndFiguresHoldNothingPersonal runs a service at its most talkative,
// with accounts, failures, a meeting and an operator, and searches what it wrote.
func TestLogsAndFiguresHoldNothingPersonal(t *testing.T) {
	data, err := os.MkdirTemp("", "s") // short: a socket's path has 107 bytes
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(data) })
	p := start(t, "--data", data, "--listen", "127.0.0.1:0", "--media-port", "0", "--log", "debug", "--log-format", "json")
	d := device(t)
	c := registryClient(t, p, d)
	const address, name = "wilhelmina@home.example", "Wilhelmina Quist"
	started, err := c.StartSignIn(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	code := codeInOutbox(t, data)
	wrong := "000000"
	if code == wrong {
		wrong = "000001"
	}
	if _, err := c.FinishSignIn(t.Context(), started.Attempt, wrong, name); err == nil {
		t.Error("a wrong code was accepted")
	}
	account, err := c.FinishSignIn(t.Context(), started.Attempt, code, name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Passport(t.Context()); err != nil {
		t.Fatal(err)
	}
	conn := dial(t, p, d)
	meeting := create(t, conn, d)
	_ = conn.Close()
	if err := os.RemoveAll(filepath.Join(setup.Folder(data), "outbox")); err != nil {
		t.Fatal(err)
	}
	if _, err := registryClient(t, p, device(t)).StartSignIn(t.Context(), "other-"+address); err == nil {
		t.Error("a code was sent to nowhere")
	}
	var out, errs bytes.Buffer
	disclosed := run(t.Context(), process{args: []string{"disclose", "--data", data, "--ground", "emergency", "--what", "account", address}, out: &out, err: &errs})
	if disclosed != exitOK || !strings.Contains(out.String(), name) {
		t.Errorf("disclose: %d %s", disclosed, errs.String())
	}
	figures := figuresOf(t, p)
	p.stop()
	p.wait(t)
	log := p.err.String()
	for line := range strings.Lines(log) {
		if !json.Valid([]byte(line)) {
			t.Errorf("not JSON: %s", line)
		}
	}
	if !strings.Contains(log, `"command":"disclose"`) || !strings.Contains(log, "a code could not be sent") {
		t.Errorf("the log lacks what happened:\n%s", log)
	}
	for what, secret := range map[string]string{
		"address": "wilhelmina", "name": "Quist", "code": code, "wrong code": `"` + wrong, "attempt": started.Attempt, "account": account.ID.String(),
		"device": d.Public().String(), "meeting": meeting.String(), "network address": "127.0.0.1",
	} {
		if strings.Contains(strings.ToLower(log), strings.ToLower(secret)) {
			t.Errorf("the log holds the %s:\n%s", what, log)
		}
		if strings.Contains(strings.ToLower(figures), strings.ToLower(secret)) {
			t.Errorf("the figures hold the %s", what)
		}
	}
	for _, want := range []string{
		`conclave_registry_requests_total{code="ok",path="signin/finish"} 1`, `conclave_registry_requests_total{code="wrong-code",path="signin/finish"} 1`,
		`conclave_accounts{class="email"} 1`, `conclave_log_entries_total{kind="passport"} 1`, `conclave_log_entries_total{kind="disclosure"} 1`,
		"conclave_log_size 4", "conclave_log_append_seconds_count", "conclave_meetings ", "go_goroutines",
	} {
		if !strings.Contains(figures, want) {
			t.Errorf("the figures lack %s", want)
		}
	}
	if t.Failed() {
		t.Log(figures)
	}
}

func figuresOf(t *testing.T, p *program) string {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: link.TLS(p.Pin)}}
	response, err := client.Get(p.URL + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("figures: %s %v", response.Status, err)
	}
	return string(text)
}
