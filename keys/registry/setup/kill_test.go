//go:build !windows

package setup_test

import (
	"bufio"
	"context"
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
	"conclave/keys/tlog"
)

// serveUntilKilled is the other process: a whole identity service.
func serveUntilKilled(dir string) {
	i, err := setup.Open(context.Background(), setup.Config{Dir: dir, Local: true, File: os.Getenv("CONCLAVE_KILL_FILE")})
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
	accounts  map[byte]bool // seeds of devices
	passports map[byte]keys.PassportBundle
}

// TestKilledServiceLosesNothingThatItAcknowledged kills the service at random
// moments under load. CONCLAVE_KILLS sets how often; 3 by default.
func TestKilledServiceLosesNothingThatItAcknowledged(t *testing.T) {
	kills := 3
	if n, err := strconv.Atoi(os.Getenv("CONCLAVE_KILLS")); err == nil {
		kills = n
	}
	dir := filepath.Join(t.TempDir(), "identity")
	told := &acknowledged{accounts: map[byte]bool{}, passports: map[byte]keys.PassportBundle{}}
	memory := &tlogMemory{}
	for round := range kills + 1 {
		url, stop := startProcess(t, dir)
		checkTold(t, url, told, memory)
		if t.Failed() || round == kills {
			stop()
			break
		}
		ctx, cancel := context.WithCancel(t.Context())
		var load sync.WaitGroup
		for worker := range 4 {
			load.Go(func() { work(ctx, url, byte(1+worker), told) })
		}
		wait := time.NewTimer(time.Duration(rand.IntN(700)) * time.Millisecond)
		<-wait.C
		stop()
		cancel()
		load.Wait()
	}
	t.Logf("%d kills, %d accounts, newest passports of %d devices, log of %d entries", kills, len(told.accounts), len(told.passports), memory.size)
}

func startProcess(t *testing.T, dir string) (url string, kill func()) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "CONCLAVE_KILL_DIR="+dir)
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

func caller(url string, seed byte) *client.Client {
	c, err := client.New(client.Config{Service: url, Device: keys.DeviceKeyFromSeed([32]byte{seed}), Transport: &http.Transport{DisableKeepAlives: true}})
	if err != nil {
		panic(err)
	}
	return c
}

// work signs in and asks for passports until the service dies.
func work(ctx context.Context, url string, seed byte, told *acknowledged) {
	c := caller(url, seed)
	for ctx.Err() == nil {
		told.Lock()
		known := told.accounts[seed]
		told.Unlock()
		if !known {
			started, err := c.StartSignIn(ctx, fmt.Sprintf("p%d@home.example", seed))
			if err != nil {
				return
			}
			code, err := c.OutboxCode(ctx, started.Attempt)
			if err != nil {
				return
			}
			if _, err := c.FinishSignIn(ctx, started.Attempt, code, "P"); err != nil {
				return
			}
			told.Lock()
			told.accounts[seed] = true
			told.Unlock()
		}
		b, err := c.Passport(ctx)
		if err != nil {
			return
		}
		told.Lock()
		told.passports[seed] = b
		told.Unlock()
	}
}

// checkTold holds the restarted service against what it said.
func checkTold(t *testing.T, url string, told *acknowledged, memory *tlogMemory) {
	t.Helper()
	c := caller(url, 200)
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
	told.Lock()
	defer told.Unlock()
	for seed := range told.accounts {
		if _, err := caller(url, seed).Account(t.Context()); err != nil {
			t.Errorf("an acknowledged account: %v", err)
		}
	}
	for seed, b := range told.passports {
		device := keys.DeviceKeyFromSeed([32]byte{seed}).Public()
		if _, err := log.Check(t.Context(), roots, b, device, time.Now()); err != nil {
			t.Errorf("an acknowledged passport: %v", err)
		}
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
