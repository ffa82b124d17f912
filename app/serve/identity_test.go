package main

import (
	"bytes"
	"net/http"
	"strings"
	"testing"

	"conclave/call/link"
	"conclave/keys"
	"conclave/keys/registry/client"
	"conclave/keys/tlog"
)

func registryClient(t *testing.T, p *program, d keys.DeviceKey) *client.Client {
	t.Helper()
	transport := &http.Transport{DisableKeepAlives: true, TLSClientConfig: link.TLS(p.Pin)}
	c, err := client.New(client.Config{Service: p.URL, Device: d, Transport: transport})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestAccountsWorkAtOnceOnThisComputer(t *testing.T) {
	p := start(t, "--local")
	d := device(t)
	c := registryClient(t, p, d)
	started, err := c.StartSignIn(t.Context(), "ana@home.example")
	if err != nil {
		t.Fatal(err)
	}
	code, err := c.OutboxCode(t.Context(), started.Attempt)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.FinishSignIn(t.Context(), started.Attempt, code, "Ana"); err != nil {
		t.Fatal(err)
	}
	about, err := c.About(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	key, err := tlog.ParseKey(about.LogKey)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Passport(t.Context()); err != nil {
		t.Fatal(err)
	}
	report, err := tlog.Audit(t.Context(), c.Log(), key)
	if err != nil || report.Counts[tlog.KindPassport] != 1 {
		t.Errorf("the log: %v", err)
	}
	_ = p.stdin.Close()
	if code := p.wait(t); code != exitOK {
		t.Errorf("exit code %d:\n%s", code, p.err)
	}
}

func TestOutboxIsClosedToOthersThanThisComputer(t *testing.T) {
	p := start(t, "--listen", "127.0.0.1:0", "--media-port", "0")
	c := registryClient(t, p, device(t))
	started, err := c.StartSignIn(t.Context(), "ana@home.example")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.OutboxCode(t.Context(), started.Attempt); err == nil || started.Outbox {
		t.Error("anybody can read the code")
	}
	p.stop()
	p.wait(t)
}

func TestPolicyCommandPrintsDecisionRuleReasonAndWaysOut(t *testing.T) {
	var out, errs bytes.Buffer
	code := run(t.Context(), process{args: []string{"policy", "explain", "--class", "email", "--action", "host-e2ee"}, out: &out, err: &errs})
	for _, want := range []string{"refuse", "email-host-e2ee", "costs nothing", "phone (allow)"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("lacks %q:\n%s", want, out.String())
		}
	}
	if code != exitOK || errs.Len() != 0 {
		t.Errorf("exit code %d, %s", code, errs.String())
	}
	if code := run(t.Context(), process{args: []string{"policy"}, out: &out, err: &errs}); code != exitUsage {
		t.Errorf("without arguments: %d", code)
	}
}
