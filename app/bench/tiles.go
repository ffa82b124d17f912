package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"conclave/app/core"
	"conclave/app/demo/display"
	"conclave/app/demo/report"
	"conclave/call"
	"conclave/keys"
)

// clockTicks a second in /proc/PID/stat: fixed at 100 for user programs on
// Linux.
const clockTicks = 100

func contextOf(limit time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	context.AfterFunc(ctx, cancel)
	return ctx
}

// until polls every few milliseconds.
func until(limit time.Duration, done func() bool) error {
	end := time.Now().Add(limit)
	for !done() {
		if time.Now().After(end) {
			return errors.New("it took too long")
		}
		time.Sleep(2 * time.Millisecond)
	}
	return nil
}

// tiles measures the processor time and memory of one real window, drawn by
// software, that shows n people.
func (b bench) tiles(n int, watched time.Duration) error {
	host, link, err := b.host(keys.ModeE2EE)
	if err != nil {
		return err
	}
	defer host.Close()
	others := []*core.Core{}
	defer func() {
		for _, c := range others {
			c.Close()
		}
	}()
	for i := range n - 1 {
		c, err := b.open("Guest " + strconv.Itoa(i+1))
		if err != nil {
			return err
		}
		others = append(others, c)
		c.Send(core.JoinMeeting{Link: link})
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	stats := filepath.Join(b.dir, "stats-"+strconv.Itoa(n)+".json")
	screen, err := display.Open(filepath.Join(b.dir, "screen-"+strconv.Itoa(n)), 1280, 800)
	if err != nil {
		return err
	}
	defer screen.Close()
	app := exec.Command(self,
		"--profile", filepath.Join(b.dir, "viewer"), "--name", "Viewer", "--keys", "memory", "--join", link,
		"--video", "none", "--audio", "none", "--record", "none", "--stats", stats, "--width", "1280", "--height", "800")
	app.Env = append(os.Environ(), "DISPLAY="+screen.Name, "LIBGL_ALWAYS_SOFTWARE=1", "LP_NUM_THREADS=1", "WAYLAND_DISPLAY=")
	app.Stderr = b.log
	if err := app.Start(); err != nil {
		return err
	}
	defer func() {
		_ = app.Process.Signal(os.Interrupt)
		_ = app.Wait()
	}()
	err = until(60*time.Second, func() bool {
		m := host.Latest().Meeting
		return m != nil && m.Phase == call.PhaseInMeeting && len(m.People) == n+1
	})
	if err != nil {
		return fmt.Errorf("gather %d people: %w", n+1, err)
	}
	pid := app.Process.Pid
	time.Sleep(3 * time.Second) // pictures flow and the window has settled
	before, err := processorTime(pid)
	if err != nil {
		return err
	}
	decoded, began := decodedBy(stats), time.Now()
	time.Sleep(watched)
	after, err := processorTime(pid)
	if err != nil {
		return err
	}
	took := time.Since(began)
	rate := float64(decodedBy(stats)-decoded) / took.Seconds() / float64(n)
	return b.tell(map[string]any{
		"bench": "tiles", "tiles": n, "core_percent": int(100*(after-before).Seconds()/took.Seconds() + 0.5),
		"rss_mb": residentMegabytes(pid), "decoded_per_tile_per_second": int(rate + 0.5),
	})
}

func processorTime(pid int) (time.Duration, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	f := strings.Fields(string(data[strings.LastIndexByte(string(data), ')')+1:]))
	user, _ := strconv.Atoi(f[11])
	system, _ := strconv.Atoi(f[12])
	return time.Duration(user+system) * time.Second / clockTicks, nil
}

func residentMegabytes(pid int) int {
	data, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for line := range strings.Lines(string(data)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kb, _ := strconv.Atoi(strings.Fields(rest)[0])
			return kb / 1024
		}
	}
	return 0
}

// decodedBy is how many pictures the app of a statistics file has decoded.
func decodedBy(stats string) (n uint64) {
	var f report.Figures
	data, err := os.ReadFile(stats)
	if err != nil || json.Unmarshal(data, &f) != nil {
		return 0
	}
	for _, r := range f.Media.Remotes {
		n += r.VideoDecoded
	}
	return n
}
