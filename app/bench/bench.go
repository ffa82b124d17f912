// Package bench measures what app/BENCHMARKS.md tells of a whole client: joins
// in both modes side by side, and what tiles cost. All of it runs against a
// real service in a process of its own; figures are ratios within one run.
package bench

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime/pprof"
	"slices"
	"time"

	"conclave/app/client"
	"conclave/app/core"
	"conclave/app/local"
	"conclave/call"
	"conclave/keys"
)

// Main runs "conclave bench" and returns its exit code.
func Main(args []string, stdout, stderr io.Writer) int {
	fs := flag.NewFlagSet("conclave bench", flag.ContinueOnError)
	fs.SetOutput(stderr)
	joins := fs.Int("joins", 20, "joins to measure in each mode; 0 leaves them out")
	tiles := fs.Bool("tiles", true, "measure windows of 1, 4 and 9 tiles (needs Xvfb)")
	profile := fs.String("cpuprofile", "", "file that gets a processor profile of this process")
	seconds := fs.Int("seconds", 10, "how long each number of tiles is measured")
	if err := fs.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return 0
		}
		return 2
	}
	if *profile != "" {
		f, err := os.Create(*profile)
		if err != nil {
			fmt.Fprintln(stderr, "conclave bench:", err)
			return 1
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			fmt.Fprintln(stderr, "conclave bench:", err)
			return 1
		}
		defer pprof.StopCPUProfile()
	}
	if err := measure(stdout, stderr, *joins, *tiles, time.Duration(*seconds)*time.Second); err != nil {
		fmt.Fprintln(stderr, "conclave bench:", err)
		return 1
	}
	return 0
}

func measure(out, log io.Writer, joins int, tiles bool, watched time.Duration) error {
	dir, err := os.MkdirTemp("", "conclave-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	service := local.New(local.Config{Args: []string{"--data", dir}})
	defer service.Close()
	url, pin, err := service.Start(contextOf(30 * time.Second))
	if err != nil {
		return err
	}
	b := bench{service: url, pin: pin, out: out, log: log, dir: dir}
	if joins > 0 {
		if err := b.joins(joins); err != nil {
			return fmt.Errorf("joins: %w", err)
		}
	}
	if tiles {
		for _, n := range []int{1, 4, 9} {
			if err := b.tiles(n, watched); err != nil {
				return fmt.Errorf("%d tiles: %w", n, err)
			}
		}
	}
	return nil
}

// bench is one run against one service.
type bench struct {
	service, pin, dir string
	out, log          io.Writer
}

// open starts a client without a window, with a drawn picture for a camera.
func (b bench) open(name string) (*core.Core, error) {
	device, err := keys.NewDeviceKey()
	if err != nil {
		return nil, err
	}
	hardware, err := client.Hardware(client.Sources{Video: "portrait", Audio: "tone:440", Record: "none"})
	if err != nil {
		return nil, err
	}
	hardware.List = nil
	return core.New(client.Config(core.Config{
		Device: device, KeyPlace: core.KeyPlaceMemory, Hardware: hardware,
		Settings: core.Settings{Name: name, Service: b.service, Pin: b.pin},
	}, client.Places{}, nil)), nil
}

// host starts a meeting with a client that admits everybody at once.
func (b bench) host(mode keys.Mode) (c *core.Core, link string, err error) {
	if c, err = b.open("Host"); err != nil {
		return nil, "", err
	}
	c.Subscribe(func() {
		if m := c.Latest().Meeting; m != nil {
			for _, k := range m.Lobby {
				if !k.Admitting {
					go c.Send(core.Admit{Ticket: k.Ticket})
				}
			}
		}
	})
	c.Send(core.StartMeeting{Mode: mode})
	err = until(20*time.Second, func() bool {
		m := c.Latest().Meeting
		if m == nil || m.Phase != call.PhaseInMeeting {
			return false
		}
		link = m.Link
		stats, ok := c.MediaStats()
		return ok && stats.Sent.VideoFrames > 5
	})
	if err != nil {
		c.Close()
		return nil, "", fmt.Errorf("start a meeting: %w", err)
	}
	return c, link, nil
}

// joins measures the time from the click on Join to the first decoded picture,
// both modes in turn.
func (b bench) joins(n int) error {
	times := map[keys.Mode][]time.Duration{}
	for range n {
		for _, mode := range []keys.Mode{keys.ModeE2EE, keys.ModeTransport} {
			d, err := b.join(mode)
			if err != nil {
				return fmt.Errorf("%v: %w", mode, err)
			}
			times[mode] = append(times[mode], d)
		}
	}
	sealed, open := median(times[keys.ModeE2EE]), median(times[keys.ModeTransport])
	return b.tell(map[string]any{
		"bench": "join", "joins": n, "e2ee_ms": sealed.Milliseconds(), "transport_ms": open.Milliseconds(),
		"ratio":       float64(sealed) / float64(open),
		"e2ee_min_ms": slices.Min(times[keys.ModeE2EE]).Milliseconds(), "e2ee_max_ms": slices.Max(times[keys.ModeE2EE]).Milliseconds(),
		"transport_min_ms": slices.Min(times[keys.ModeTransport]).Milliseconds(), "transport_max_ms": slices.Max(times[keys.ModeTransport]).Milliseconds(),
	})
}

func (b bench) join(mode keys.Mode) (time.Duration, error) {
	host, link, err := b.host(mode)
	if err != nil {
		return 0, err
	}
	defer host.Close()
	guest, err := b.open("Guest")
	if err != nil {
		return 0, err
	}
	defer guest.Close()
	key := host.Latest().Profile.Key
	clicked := time.Now()
	guest.Send(core.JoinMeeting{Link: link})
	var first time.Time
	err = until(20*time.Second, func() bool {
		guest.Frames().Want(key, core.StreamCamera, 640, 360)
		stats, _ := guest.MediaStats()
		for _, r := range stats.Remotes {
			if r.Key == key && !r.FirstPicture.IsZero() {
				first = r.FirstPicture
				return true
			}
		}
		return false
	})
	return first.Sub(clicked), err
}

func (b bench) tell(figures map[string]any) error {
	line, err := json.Marshal(figures)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(b.out, string(line))
	return err
}

func median(list []time.Duration) time.Duration {
	list = slices.Clone(list)
	slices.Sort(list)
	return list[len(list)/2]
}
