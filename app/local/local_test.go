package local

import (
	"context"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"conclave/keys"
	"conclave/keys/registry/client"
)

// The service on this computer is the same one after a restart: address,
// keys, accounts; and its owner needs no account to host.
func TestAccountsOutliveTheService(t *testing.T) {
	program := filepath.Join(t.TempDir(), "conclave-serve")
	build := exec.Command("go", "build", "-o", program, "conclave/app/serve")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	device, err := keys.NewDeviceKey()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	start := func() (*Service, *client.Client, string) {
		s := New(Config{Program: program, Dir: dir})
		t.Cleanup(s.Close)
		service, pin, err := s.Start(ctx)
		if err != nil || pin != "" {
			t.Fatalf("%v, pin %q", err, pin)
		}
		c, err := client.New(client.Config{Service: service, Device: device})
		if err != nil {
			t.Fatal(err)
		}
		return s, c, service
	}
	s, c, first := start()
	started, err := c.StartSignIn(ctx, "ana@home.example")
	if err != nil {
		t.Fatal(err)
	}
	code, err := c.OutboxCode(ctx, started.Attempt)
	if err != nil {
		t.Fatal(err)
	}
	account, err := c.FinishSignIn(ctx, started.Attempt, code, "Ana")
	if err != nil {
		t.Fatal(err)
	}
	about, err := c.About(ctx)
	if err != nil {
		t.Fatal(err)
	}
	s.Close()

	s, c, second := start()
	if second != first {
		t.Errorf("now at %s, before at %s", second, first)
	}
	if now, err := c.Account(ctx); err != nil || now.ID != account.ID {
		t.Errorf("account after the restart: %v", err)
	}
	if now, err := c.About(ctx); err != nil || now.LogKey != about.LogKey {
		t.Errorf("another log: %v", err)
	}
	s.Close()

	// Somebody else has the port meanwhile: any other does.
	u, err := url.Parse(first)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", u.Host)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	_, c, third := start()
	if third == first {
		t.Error("two programs have one port")
	}
	if now, err := c.Account(ctx); err != nil || now.ID != account.ID {
		t.Errorf("account at another port: %v", err)
	}
}
