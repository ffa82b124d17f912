package setup_test

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"conclave/keys"
	"conclave/keys/registry/client"
	"conclave/keys/registry/setup"
	"conclave/keys/registry/store/storetest"
	"conclave/keys/tlog"
)

// serveUntilKilled is the other process: a whole identity service.
func serveUntilKilled(dir string) {
	i, err := setup.Open(context.Background(), setup.Config{Dir: dir, Local: true, File: os.Getenv("CONCLAVE_KILL_FILE"), Database: os.Getenv("CONCLAVE_KILL_DATABASE")})
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		os.Exit(1)
	}
	fmt.Println("http://" + l.Addr().String())
	server := &http.Server{Handler: i.Handler(), ReadHeaderTimeout: time.Second}
	_ = server.Serve(l)
	os.Exit(1)
}

// acknowledged is what clients were told before the service was killed.
type acknowledged struct {
	sync.Mutex
	people []*person
}

// person is what one account's client was told.
type person struct {
	seed    uint32
	class   keys.Class
	good    []keys.PassportBundle // all that it got
	revoked []keys.PassportBundle // those of its second device, once that was revoked
}

func (a *acknowledged) tell(f func()) {
	a.Lock()
	defer a.Unlock()
	f()
}

// device is one of a person's two.
func (p *person) device(n byte) keys.DeviceKey {
	var seed [32]byte
	binary.BigEndian.PutUint32(seed[:], p.seed)
	seed[4] = n
	return keys.DeviceKeyFromSeed(seed)
}

// TestKilledServiceLosesNothingThatItAcknowledged kills the service at random
// moments under load. CONCLAVE_KILLS sets how often; 3 by default.
func TestKilledServiceLosesNothingThatItAcknowledged(t *testing.T) {
	killOften(t, "")
}

// TestKilledServiceOnPostgresLosesNothingThatItAcknowledged is the same where
// the database lives on.
func TestKilledServiceOnPostgresLosesNothingThatItAcknowledged(t *testing.T) {
	killOften(t, storetest.Start(t).Database(t))
}

func killOften(t *testing.T, database string) {
	kills := 3
	if n, err := strconv.Atoi(os.Getenv("CONCLAVE_KILLS")); err == nil {
		kills = n
	}
	dir := filepath.Join(t.TempDir(), "identity")
	settings := filepath.Join(t.TempDir(), "identity.json")
	if err := os.WriteFile(settings, []byte(`{"network_factor": 1000}`), 0o600); err != nil {
		t.Fatal(err)
	}
	told, memory := &acknowledged{}, &tlogMemory{}
	checked := 0
	for round := range kills + 1 {
		url, stop := startProcess(t, dir, settings, database)
		if round == kills {
			checked = 0 // at the end everything once more
		}
		checkTold(t, url, told.people[checked:], memory)
		checked = len(told.people)
		if t.Failed() || round == kills {
			checkWholeLog(t, url, told)
			stop()
			break
		}
		ctx, cancel := context.WithCancel(t.Context())
		var load sync.WaitGroup
		for worker := range uint32(4) {
			load.Go(func() { work(ctx, url, uint32(round)<<16|worker<<12, told) })
		}
		wait := time.NewTimer(time.Duration(rand.IntN(700)) * time.Millisecond)
		<-wait.C
		stop()
		cancel()
		load.Wait()
	}
	verified, passports, revoked := 0, 0, 0
	for _, p := range told.people {
		passports, revoked = passports+len(p.good), revoked+len(p.revoked)
		if p.class == keys.ClassPhone {
			verified++
		}
	}
	t.Logf("%d kills; acknowledged and found again: %d accounts, %d verifications, %d passports, %d revocations; log of %d entries",
		kills, len(told.people), verified, passports, revoked, memory.size)
}

func startProcess(t *testing.T, dir, settings, database string) (url string, kill func()) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "CONCLAVE_KILL_DIR="+dir, "CONCLAVE_KILL_FILE="+settings, "CONCLAVE_KILL_DATABASE="+database)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "http") {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		t.Fatalf("the service does not start again: %s %v", line, err)
	}
	return strings.TrimSpace(line), func() {
		_ = cmd.Process.Kill() // SIGKILL
		_ = cmd.Wait()
	}
}

func caller(url string, device keys.DeviceKey) *client.Client {
	c, err := client.New(client.Config{Service: url, Device: device, Transport: &http.Transport{DisableKeepAlives: true}})
	if err != nil {
		panic(err)
	}
	return c
}

// work makes one account after the other until the service dies, each with a
// verification, passports, and every other time a second device that is revoked.
func work(ctx context.Context, url string, seed uint32, told *acknowledged) {
	for ctx.Err() == nil {
		seed++
		p := &person{seed: seed, class: keys.ClassEmail}
		first := caller(url, p.device(1))
		if enter(ctx, first, seed) != nil {
			return
		}
		told.tell(func() { told.people = append(told.people, p) })
		if err := passport(ctx, first, p, told); err != nil {
			return
		}
		started, err := first.StartPhone(ctx, fmt.Sprintf("+4917%09d", seed))
		if err != nil {
			return
		}
		code, err := first.OutboxCode(ctx, started.Attempt)
		if err != nil {
			return
		}
		if _, err := first.FinishPhone(ctx, started.Attempt, code); err != nil {
			return
		}
		told.tell(func() { p.class = keys.ClassPhone })
		if seed%2 == 0 && revokeSecond(ctx, url, first, p, told) != nil {
			return
		}
	}
}

func enter(ctx context.Context, c *client.Client, seed uint32) error {
	started, err := c.StartSignIn(ctx, fmt.Sprintf("p%d@home.example", seed))
	if err != nil {
		return err
	}
	code, err := c.OutboxCode(ctx, started.Attempt)
	if err != nil {
		return err
	}
	_, err = c.FinishSignIn(ctx, started.Attempt, code, "P")
	return err
}

func passport(ctx context.Context, c *client.Client, p *person, told *acknowledged) error {
	b, err := c.Passport(ctx)
	if err == nil {
		told.tell(func() { p.good = append(p.good, b) })
	}
	return err
}

func revokeSecond(ctx context.Context, url string, first *client.Client, p *person, told *acknowledged) error {
	second := caller(url, p.device(2))
	if err := enter(ctx, second, p.seed); err != nil {
		return err
	}
	b, err := second.Passport(ctx)
	if err != nil {
		return err
	}
	if err := first.Revoke(ctx, p.device(2).Public()); err != nil {
		return err
	}
	told.tell(func() { p.revoked = append(p.revoked, b) })
	return nil
}

// checkTold holds the restarted service against what it said.
func checkTold(t *testing.T, url string, people []*person, memory *tlogMemory) {
	t.Helper()
	c := caller(url, keys.DeviceKeyFromSeed([32]byte{9: 9}))
	about, err := c.About(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	roots, _ := keys.NewRoots(about.Authorities...)
	key, err := tlog.ParseKey(about.LogKey)
	if err != nil {
		t.Fatal(err)
	}
	log, err := tlog.Open(tlog.Config{Key: key, Reader: c.Log(), Memory: memory})
	if err != nil {
		t.Fatal(err)
	}
	if err := log.Update(t.Context()); err != nil {
		t.Errorf("the log after a kill: %v", err)
		return
	}
	memory.size = log.Latest().Size
	for _, p := range people {
		a, err := caller(url, p.device(1)).Account(t.Context())
		if err != nil || a.Class < p.class {
			t.Errorf("an acknowledged account: %s, want %s, %v", a.Class, p.class, err)
		}
		for _, b := range p.good {
			if _, err := log.Check(t.Context(), roots, b, p.device(1).Public(), time.Now()); err != nil {
				t.Errorf("an acknowledged passport: %v", err)
			}
		}
		for _, b := range p.revoked {
			if _, err := log.Check(t.Context(), roots, b, p.device(2).Public(), time.Now()); !errors.Is(err, tlog.ErrRevoked) {
				t.Errorf("an acknowledged revocation: %v", err)
			}
		}
	}
}

// checkWholeLog audits every entry, and finds each acknowledged one at its place.
func checkWholeLog(t *testing.T, url string, told *acknowledged) {
	t.Helper()
	c := caller(url, keys.DeviceKeyFromSeed([32]byte{9: 9}))
	about, err := c.About(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	key, err := tlog.ParseKey(about.LogKey)
	if err != nil {
		t.Fatal(err)
	}
	report, err := tlog.Audit(t.Context(), c.Log(), key)
	if err != nil {
		t.Errorf("audit of the whole log: %v", err)
	}
	acknowledgedPassports := 0
	for _, p := range told.people {
		acknowledgedPassports += len(p.good) + len(p.revoked)
	}
	if report.Counts[tlog.KindPassport] < uint64(acknowledgedPassports) || report.Counts[tlog.KindNone] != 0 {
		t.Errorf("the log has %d passports and %d unreadable entries; %d passports were acknowledged",
			report.Counts[tlog.KindPassport], report.Counts[tlog.KindNone], acknowledgedPassports)
	}
}

type tlogMemory struct {
	data []byte
	size uint64
}

func (m *tlogMemory) Load() ([]byte, error) { return m.data, nil }

func (m *tlogMemory) Store(data []byte) error {
	m.data = append([]byte(nil), data...)
	return nil
}
