package setup_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"conclave/keys"
	"conclave/keys/registry/setup"
	"conclave/keys/registry/store/storetest"
	"conclave/keys/registry/wire"
	"conclave/keys/tlog"
	"conclave/keys/tlog/tlogtest"
)

// shortDir is short enough for the path of a socket.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "a")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func command(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	err := setup.Command(t.Context(), args, &out)
	return out.String(), err
}

func TestCommandsGoThroughTheRunningService(t *testing.T) {
	data := shortDir(t)
	settings := filepath.Join(data, "identity.json")
	if err := os.WriteFile(settings, []byte(`{"policy":"verify-once"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	i, url := open(t, setup.Config{Dir: setup.Folder(data), File: settings, Local: true})
	defer func() { _ = i.Close() }()
	ana := newPerson(t, url, 1)
	signIn(t, ana, "ana@firm.example")
	var log bytes.Buffer
	path := setup.AdminSocket(data)
	socket, err := i.ServeAdmin(path, http.NotFoundHandler(), slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := i.ServeAdmin(path, nil, slog.New(slog.DiscardHandler)); err == nil {
		t.Error("two services have one socket")
	}
	for _, file := range []string{path, path + ".token"} {
		if info, err := os.Stat(file); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", filepath.Base(file), info.Mode(), err)
		}
	}
	// Commands with a folder that does not exist can only succeed over there.
	for _, row := range []struct{ args, want string }{
		{"seat assign --admin " + path + " --data /nowhere --organisation firm.example @firm.example", "assigned"},
		{"disclose --data " + data + " --ground court-order --what account ana@firm.example", "never has the keys"},
		{"log status --data " + data, i.Secrets.LogKey()},
		{"policy explain --data " + data + " --policy in-force --class email --action host-e2ee", "refuse"},
		{"policy diff in-force everyone --data " + data, "email"},
		{"authority rotate --data " + data, "rotated"},
		{"backup --data " + data + " --to " + filepath.Join(data, "copy"), "the log was audited"},
		{"seat withdraw --data " + data + " @firm.example", "withdrawn"},
	} {
		out, err := command(t, strings.Fields(row.args)...)
		if err != nil || !strings.Contains(out, row.want) {
			t.Errorf("%s: %v\n%s", row.args, err, out)
		}
	}
	if strings.Contains(log.String(), "ana@") || !strings.Contains(log.String(), "command=disclose") {
		t.Errorf("the log says %s", log.String())
	}
	for _, args := range []string{"disclose --ground curiosity --what account x", "policy check /etc/passwd --policy in-force", "backup --to relative"} {
		if out, err := command(t, append(strings.Fields(args), "--data", data)...); err == nil {
			t.Errorf("%s: no error\n%s", args, out)
		}
	}
	if len(i.Secrets.Authorities()) != 2 {
		t.Errorf("%d authorities", len(i.Secrets.Authorities()))
	}
	askWithoutToken(t, path)
	mistake := filepath.Join(data, "identity.json")
	if _, err := i.ServeAdmin(mistake, nil, slog.New(slog.DiscardHandler)); err == nil {
		t.Error("a socket in place of a file")
	}
	if _, err := os.Stat(mistake); err != nil {
		t.Errorf("a file that was named by mistake: %v", err)
	}
	if err := socket.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(path + ".token"); err == nil {
		t.Error("the token is left")
	}
}

func askWithoutToken(t *testing.T, path string) {
	t.Helper()
	transport := &http.Transport{DisableKeepAlives: true, DialContext: func(context.Context, string, string) (net.Conn, error) { return net.Dial("unix", path) }}
	for _, token := range []string{"", "Bearer ", "Bearer x"} {
		r, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://admin/command", strings.NewReader(`{"args":["log","status"]}`))
		r.Header.Set("Authorization", token)
		response, err := (&http.Client{Transport: transport}).Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode != http.StatusUnauthorized {
			t.Errorf("token %q: %s", token, response.Status)
		}
	}
}

// TestBackUpComesBackAsAService copies a running service, goes on, and starts
// the copy: it knows all that was there, and clients that saw more refuse it.
func TestBackUpComesBackAsAService(t *testing.T) {
	data, to := t.TempDir(), filepath.Join(t.TempDir(), "data", "identity")
	if err := os.Mkdir(filepath.Dir(to), 0o700); err != nil {
		t.Fatal(err)
	}
	i, url := open(t, setup.Config{Dir: setup.Folder(data), Local: true})
	ana := newPerson(t, url, 1)
	signIn(t, ana, "ana@home.example")
	before, err := ana.Passport(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	key := i.Ledger.Key()
	stayed, ahead := newMemory(t, i, key), newMemory(t, i, key)
	if out, err := command(t, "backup", "--data", data, "--to", to); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if _, err := ana.Passport(t.Context()); err != nil { // more than the copy knows
		t.Fatal(err)
	}
	if err := ahead.Update(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := i.Close(); err != nil {
		t.Fatal(err)
	}
	restored, url := open(t, setup.Config{Dir: to, Local: true})
	defer func() { _ = restored.Close() }()
	if a, err := newPerson(t, url, 1).Account(t.Context()); err != nil || string(a.Name) != "Ana" {
		t.Errorf("the account: %v", err)
	}
	roots, err := keys.NewRoots(restored.Secrets.Authorities()...)
	if err != nil {
		t.Fatal(err)
	}
	stayed.reader.Reader, ahead.reader.Reader = restored.Ledger, restored.Ledger
	device := keys.DeviceKeyFromSeed([32]byte{1}).Public()
	if _, err := stayed.Check(t.Context(), roots, before, device, time.Now()); err != nil {
		t.Errorf("a client that saw no more than the copy: %v", err)
	}
	if err := ahead.Update(t.Context()); !errors.Is(err, tlog.ErrRollback) {
		t.Errorf("a client that saw more: %v, want a rollback", err)
	}
	next, err := newPerson(t, url, 1).Passport(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := stayed.Check(t.Context(), roots, next, device, time.Now()); err != nil {
		t.Errorf("a passport of the restored service: %v", err)
	}
}

// swapped is a reader of a log that another may replace.
type swapped struct{ tlog.Reader }

type view struct {
	*tlog.Client
	reader *swapped
}

func newMemory(t *testing.T, i *setup.Identity, key tlog.Key) view {
	t.Helper()
	r := &swapped{i.Ledger}
	c, err := tlog.Open(tlog.Config{Key: key, Reader: r, Memory: &tlogtest.Memory{}})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Update(t.Context()); err != nil {
		t.Fatal(err)
	}
	return view{c, r}
}

func TestConfiguredAuthorityReplacesTheOneBefore(t *testing.T) {
	dir := t.TempDir()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	pemFile, settings := filepath.Join(dir, "authority.pem"), filepath.Join(dir, "identity.json")
	_ = os.WriteFile(pemFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600)
	_ = os.WriteFile(settings, []byte(`{"authority_key":"`+filepath.ToSlash(pemFile)+`"}`), 0o600)
	data := filepath.Join(dir, "data")
	i, _ := open(t, setup.Config{Dir: data, Local: true})
	old, err := keys.NewRoots(i.Secrets.Authorities()...)
	if err != nil {
		t.Fatal(err)
	}
	_ = i.Close()
	for range 2 { // the second start changes nothing
		i, url := open(t, setup.Config{Dir: data, Local: true, File: settings})
		newest := i.Secrets.Authorities()[len(i.Secrets.Authorities())-1]
		cert, err := x509.ParseCertificate(newest)
		if err != nil || !cert.PublicKey.(ed25519.PublicKey).Equal(key.Public()) || len(i.Secrets.Authorities()) != 2 {
			t.Fatalf("the authority is not the configured one; %d authorities, %v", len(i.Secrets.Authorities()), err)
		}
		ana := newPerson(t, url, 1)
		signIn(t, ana, "ana@home.example")
		b, err := ana.Passport(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		c := newMemory(t, i, i.Ledger.Key())
		if _, err := c.Check(t.Context(), old, b, keys.DeviceKeyFromSeed([32]byte{1}).Public(), time.Now()); err != nil {
			t.Errorf("a client of the authority before: %v", err)
		}
		_ = i.Close()
	}
	_ = os.WriteFile(pemFile, []byte("PRIVATE"), 0o600)
	if i, err := setup.Open(t.Context(), setup.Config{Dir: data, Local: true, File: settings}); err == nil {
		t.Error("a damaged key was accepted")
		_ = i.Close()
	}
}

// TestTwoServicesShareAccountsAndRefuseRepeatedRequests runs two services on one
// database and one folder.
func TestTwoServicesShareAccountsAndRefuseRepeatedRequests(t *testing.T) {
	connection, dir := storetest.Start(t).Database(t), filepath.Join(t.TempDir(), "identity")
	a, first := open(t, setup.Config{Dir: dir, Database: connection, Local: true})
	defer func() { _ = a.Close() }()
	b, second := open(t, setup.Config{Dir: dir, Database: connection, Local: true})
	defer func() { _ = b.Close() }()
	ana := newPerson(t, first, 1)
	signIn(t, ana, "ana@home.example")
	if one, err := newPerson(t, second, 1).Account(t.Context()); err != nil || string(one.Name) != "Ana" {
		t.Errorf("at the other service: %v", err)
	}
	for _, url := range []string{first, second} {
		if _, err := newPerson(t, url, 1).Passport(t.Context()); err != nil {
			t.Errorf("a passport of each: %v", err)
		}
	}
	if r, err := tlog.Audit(t.Context(), a.Ledger, a.Ledger.Key()); err != nil || r.Counts[tlog.KindPassport] != 2 {
		t.Errorf("the log of both: %v", err)
	}
	recorded := signed(first)
	repeat := func(i *setup.Identity) int {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodPost, "http://"+strings.TrimPrefix(first, "http://")+"/v1/account", strings.NewReader("{}"))
		r.Header = recorded
		i.Handler().ServeHTTP(w, r)
		return w.Code
	}
	if got := []int{repeat(a), repeat(b), repeat(b)}; got[0] != 200 || got[1] != 401 || got[2] != 401 {
		t.Errorf("one request three times: %v, want 200 and then 401", got)
	}
	if out, err := command(t, "log", "status", "--data", filepath.Dir(dir)); err == nil {
		t.Errorf("opened the folder without its database: %s", out)
	}
}

func TestReportIsAPageAndAFile(t *testing.T) {
	i, url := open(t, setup.Config{Dir: t.TempDir(), Local: true})
	defer func() { _ = i.Close() }()
	signIn(t, newPerson(t, url, 1), "ana@home.example")
	get := func(path string) (*http.Response, string) {
		response, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Get(url + path)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = response.Body.Close() }()
		text, _ := io.ReadAll(response.Body)
		return response, string(text)
	}
	if r, text := get("/disclosures"); r.StatusCode != 200 || !strings.Contains(text, "None so far.") || !strings.Contains(text, "never has the keys") {
		t.Errorf("empty page: %s\n%s", r.Status, text)
	}
	if _, err := i.Registry.Disclose(t.Context(), "court-order", "devices", []string{"ana@home.example"}); err != nil {
		t.Fatal(err)
	}
	r, text := get("/disclosures")
	for _, want := range []string{"court-order", "devices", "1 disclosures", time.Now().UTC().Format(time.DateOnly)} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %q:\n%s", want, text)
		}
	}
	if strings.Contains(text, "ana@") || strings.Contains(text, "<script") || r.Header.Get("Content-Security-Policy") == "" {
		t.Error("the page names a person, or runs scripts")
	}
	for _, path := range []string{"/disclosures.json", "/v1/disclosures"} {
		if r, text := get(path); r.Header.Get("Content-Type") != "application/json" || !strings.Contains(text, `"ground":"court-order"`) {
			t.Errorf("%s: %s", path, text)
		}
	}
}

// signed is the header of one request for the account by device 1.
func signed(url string) http.Header {
	device := keys.DeviceKeyFromSeed([32]byte{1})
	return http.Header{wire.Header: {wire.Sign(device, strings.TrimPrefix(url, "http://"), "/v1/account", []byte("{}"), time.Now())}}
}
