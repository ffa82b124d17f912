package setup_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"conclave/keys"
	"conclave/keys/registry/client"
	"conclave/keys/registry/setup"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv("CONCLAVE_KILL_DIR"); dir != "" {
		serveUntilKilled(dir)
	}
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("k8s.io/klog/v2.(*flushDaemon).run.func1"),
		goleak.IgnoreAnyFunction("go.opencensus.io/stats/view.(*worker).start"))
}

func open(t *testing.T, cfg setup.Config) (*setup.Identity, string) {
	t.Helper()
	i, err := setup.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(i.Handler())
	t.Cleanup(server.Close)
	return i, server.URL
}

func newPerson(t *testing.T, url string, seed byte) *client.Client {
	t.Helper()
	c, err := client.New(client.Config{Service: url, Device: keys.DeviceKeyFromSeed([32]byte{seed}), Transport: &http.Transport{DisableKeepAlives: true}})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func signIn(t *testing.T, c *client.Client, address string) {
	t.Helper()
	started, err := c.StartSignIn(t.Context(), address)
	if err != nil || !started.Outbox {
		t.Fatalf("start: %v", err)
	}
	code, err := c.OutboxCode(t.Context(), started.Attempt)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.FinishSignIn(t.Context(), started.Attempt, code, "Ana"); err != nil {
		t.Fatal(err)
	}
}

func TestDefaultsWorkAtOnceAndSurviveARestart(t *testing.T) {
	dir := t.TempDir()
	i, url := open(t, setup.Config{Dir: dir, Local: true})
	ana := newPerson(t, url, 1)
	signIn(t, ana, "ana@home.example")
	// Every way that the defaults offer works: here the phone, by the outbox.
	started, err := ana.StartPhone(t.Context(), "+491701234567")
	if err != nil {
		t.Fatal(err)
	}
	code, err := ana.OutboxCode(t.Context(), started.Attempt)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ana.FinishPhone(t.Context(), started.Attempt, code); err != nil {
		t.Fatal(err)
	}
	if _, err := newPerson(t, url, 2).OutboxCode(t.Context(), started.Attempt); err == nil {
		t.Error("another device read the outbox")
	}
	if _, err := ana.Passport(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := i.Close(); err != nil {
		t.Fatal(err)
	}
	i, url = open(t, setup.Config{Dir: dir, Local: true})
	defer func() { _ = i.Close() }()
	if a, err := newPerson(t, url, 1).Account(t.Context()); err != nil || a.Class != keys.ClassPhone {
		t.Errorf("after a restart: %s, %v", a.Class, err)
	}
}

func TestWithoutAFolderNothingStays(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	i, url := open(t, setup.Config{Local: true})
	signIn(t, newPerson(t, url, 1), "ana@home.example")
	if err := i.Close(); err != nil {
		t.Fatal(err)
	}
	if left, _ := os.ReadDir(os.TempDir()); len(left) != 0 {
		t.Errorf("%d files are left", len(left))
	}
}

func TestOperatorsCommandsWorkBesideTheService(t *testing.T) {
	data := t.TempDir()
	i, url := open(t, setup.Config{Dir: setup.Folder(data), Local: true})
	defer func() { _ = i.Close() }()
	ana := newPerson(t, url, 1)
	signIn(t, ana, "ana@firm.example")
	run := func(args ...string) (string, error) {
		var out bytes.Buffer
		err := setup.Command(t.Context(), args, &out)
		return out.String(), err
	}
	if out, err := run("seat", "assign", "--data", data, "--organisation", "firm.example", "@firm.example"); err != nil || !strings.Contains(out, "assigned") {
		t.Fatalf("seat: %v", err)
	}
	if a, err := ana.ClaimSeat(t.Context()); err != nil || a.Class != keys.ClassSeat {
		t.Errorf("claim: %v", err)
	}
	if out, err := run("disclose", "--data", data, "--ground", "court-order", "--what", "account", "ana@firm.example"); err != nil || !strings.Contains(out, "ana@firm.example") || !strings.Contains(out, "never has the keys") {
		t.Errorf("disclose: %v %s", err, out)
	}
	if _, err := ana.Passport(t.Context()); err != nil {
		t.Errorf("the running service afterwards: %v", err)
	}
	if report, err := ana.Disclosures(t.Context()); err != nil || len(report.Disclosures) != 1 {
		t.Errorf("report: %v", err)
	}
	if out, err := run("log", "verify", url+"/log/", "--key", i.Secrets.LogKey()); err != nil || !strings.Contains(out, "disclosure  1") {
		t.Errorf("log verify: %v\n%s", err, out)
	}
	if out, err := run("policy", "explain", "--class", "email", "--action", "host-e2ee"); err != nil || !strings.Contains(out, "refuse") {
		t.Errorf("policy: %v", err)
	}
	for _, args := range [][]string{{"log"}, {"seat", "give"}, {"disclose"}, {"policy"}, {"log", "verify", "x"}, {"disclose", "--data", data, "--ground", "curiosity", "--what", "account", "x"}} {
		if _, err := run(args...); err == nil {
			t.Errorf("%v: no error", args)
		}
	}
}

func TestSettingsThatAreWrongAreNamed(t *testing.T) {
	for name, text := range map[string]string{
		"unknown field": `{"mailhost":"x"}`, "not JSON": "mail", "no sender": `{"mail_host":"mail.example"}`,
		"policy": `{"policy":"nobody"}`, "provider": `{"sms_provider":"pigeon"}`, "plain http": `{"sms_provider":"generic","sms_url":"http://sms.example"}`,
		"secret": `{"billing_secret":"/missing"}`, "partner": `{"partners":{"x":"/missing"}}`,
		"organisation": `{"organisations":[{"domain":"School.example"}]}`, "roots": `{"mail_host":"m","mail_from":"a@b.example","mail_roots":"/missing"}`,
	} {
		file := filepath.Join(t.TempDir(), "identity.json")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if i, err := setup.Open(t.Context(), setup.Config{File: file, Local: true}); err == nil {
			t.Errorf("%s: accepted", name)
			_ = i.Close()
		}
	}
}
