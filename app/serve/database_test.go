package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"conclave/call/wire"
	"conclave/keys/registry/setup"
	"conclave/keys/registry/store/storetest"
)

// TestAccountsAndMeetingsLiveInPostgres starts the whole program on a database,
// ends it, and starts it again; then commands work on the folder beside it.
func TestAccountsAndMeetingsLiveInPostgres(t *testing.T) {
	connection := filepath.Join(t.TempDir(), "connection")
	if err := os.WriteFile(connection, []byte(storetest.Start(t).Database(t)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	data, d := t.TempDir(), device(t)
	args := []string{"--data", data, "--database", connection, "--listen", "127.0.0.1:0", "--media-port", "0", "--admin-socket", "off"}
	p := start(t, args...)
	c := registryClient(t, p, d)
	started, err := c.StartSignIn(t.Context(), "ana@home.example")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.FinishSignIn(t.Context(), started.Attempt, codeInOutbox(t, data), "Ana"); err != nil {
		t.Fatal(err)
	}
	conn := dial(t, p, d)
	id := create(t, conn, d)
	request(t, conn, wire.Commit{Ref: 2, Epoch: 0, Commit: []byte("one")})
	_ = conn.Close()
	p.stop()
	p.wait(t)
	for _, file := range []string{filepath.Join(data, "meetings.db"), filepath.Join(setup.Folder(data), "registry.db")} {
		if _, err := os.Stat(file); err == nil {
			t.Errorf("%s is there", filepath.Base(file))
		}
	}

	p = start(t, args...)
	if a, err := registryClient(t, p, d).Account(t.Context()); err != nil || string(a.Name) != "Ana" {
		t.Errorf("the account after a restart: %v", err)
	}
	conn = dial(t, p, d)
	got := request(t, conn, wire.Resume{Ref: 1, Meeting: id, After: 0})
	if o, ok := got[0].(wire.Ordered); !ok || string(o.Commit) != "one" {
		t.Errorf("the meeting after a restart: %+v", got)
	}
	_ = conn.Close()
	p.stop()
	p.wait(t)

	command := func(args ...string) (int, string) {
		var out, errs bytes.Buffer
		code := run(t.Context(), process{args: args, out: &out, err: &errs})
		return code, out.String() + errs.String()
	}
	disclose := []string{"disclose", "--data", data, "--ground", "emergency", "--what", "account"}
	if code, text := command(append(disclose, "--database", connection, "ana@home.example")...); code != exitOK || !strings.Contains(text, "Ana") {
		t.Errorf("with the database: %d %s", code, text)
	}
	if code, text := command(append(disclose, "ana@home.example")...); code != exitFailed || !strings.Contains(text, "database") {
		t.Errorf("without it: %d %s", code, text)
	}
}

func TestDatabaseMistakesAreOneLineWithoutThePassword(t *testing.T) {
	dir := t.TempDir()
	file := func(text string) string {
		path := filepath.Join(dir, "connection")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for name, connection := range map[string]string{
		"empty": "", "malformed": "postgres://ana:Geheim7@[::1/x", "nobody there": "host=" + dir + " user=ana password=Geheim7 dbname=x sslmode=disable connect_timeout=2",
	} {
		var out, errs bytes.Buffer
		code := run(t.Context(), process{args: []string{"--data", dir, "--database", file(connection), "--listen", "127.0.0.1:0", "--media-port", "0"}, out: &out, err: &errs})
		lines := strings.Split(strings.TrimSpace(errs.String()), "\n")
		if code == exitOK || len(lines) != 1 || strings.Contains(errs.String(), "Geheim7") {
			t.Errorf("%s: %d\n%s", name, code, errs.String())
		}
	}
	for _, args := range [][]string{{"--local", "--database", "x"}, {"--database", "x"}, {"--data", dir, "--database", filepath.Join(dir, "missing")}} {
		var out, errs bytes.Buffer
		if code := run(t.Context(), process{args: args, in: strings.NewReader(""), out: &out, err: &errs}); code == exitOK {
			t.Errorf("%v: accepted", args)
		}
	}
}
