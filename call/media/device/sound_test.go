//go:build linux

package device

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/gen2brain/malgo"

	"conclave/call/media"
)

var onlyPulse = SoundConfig{Backends: []malgo.Backend{malgo.BackendPulseaudio}}

// soundServer starts a PulseAudio of the test's own, without hardware: a
// speaker whose sound can be recorded ("spk.monitor") and a microphone that
// hears what is played to "vmic". It returns a function that kills it.
func soundServer(t *testing.T) (kill func()) {
	t.Helper()
	for _, tool := range []string{"pulseaudio", "parec", "pacat"} {
		if _, err := exec.LookPath(tool); err != nil {
			if os.Getenv("CI") == "true" {
				t.Fatalf("%s is not installed: nothing proves that sound works", tool)
			}
			t.Skipf("NOT TESTED: %s is not installed, so nothing proves here that microphone and speaker work", tool)
		}
	}
	dir, err := os.MkdirTemp("", "pulse") // short: a socket's path has 108 bytes
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	socket := filepath.Join(dir, "s")
	t.Setenv("XDG_RUNTIME_DIR", dir)
	t.Setenv("HOME", dir)
	cmd := exec.Command("pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no", "--log-level=error",
		"--load=module-native-protocol-unix socket="+socket+" auth-anonymous=1",
		"--load=module-null-sink sink_name=spk rate=48000",
		"--load=module-null-sink sink_name=vmic rate=48000 channels=1",
		"--load=module-remap-source source_name=mic master=vmic.monitor source_properties=device.description=TestMicrophone")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var once sync.Once
	kill = func() {
		once.Do(func() {
			_ = cmd.Process.Kill() // ended already, then
			_ = cmd.Wait()
		})
	}
	t.Cleanup(kill)
	t.Setenv("PULSE_SERVER", "unix:"+socket)
	for limit := time.Now().Add(10 * time.Second); ; {
		if out, err := exec.Command("pactl", "list", "short", "sources").Output(); err == nil && bytes.Contains(out, []byte("\tmic\t")) {
			break
		}
		if time.Now().After(limit) {
			t.Fatal("pulseaudio does not answer")
		}
		<-time.After(20 * time.Millisecond)
	}
	if err := exec.Command("pactl", "set-default-sink", "spk").Run(); err != nil {
		t.Fatal(err)
	}
	if err := exec.Command("pactl", "set-default-source", "mic").Run(); err != nil {
		t.Fatal(err)
	}
	return kill
}

func sine(pcm []int16, from int, hertz float64) {
	for i := range pcm {
		pcm[i] = int16(9000 * math.Sin(2*math.Pi*hertz*float64(from+i)/media.SampleRate))
	}
}

// pure is the share of 40 ms pieces that are nothing but the tone. A machine
// under load drops a piece now and then, which shifts the phase of the rest.
func pure(pcm []int16, hertz float64) float64 {
	const piece = 2 * media.FrameSamples
	good := 0
	for i := 0; i+piece <= len(pcm); i += piece {
		if media.ToneShare(pcm[i:i+piece], hertz) > 0.9 {
			good++
		}
	}
	return float64(good) / float64(len(pcm)/piece)
}

func TestSpeakerPlaysWhatIsMixed(t *testing.T) {
	soundServer(t)
	s, err := OpenSpeaker(onlyPulse)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	at := 0
	if err := s.Play(func(pcm []int16) {
		sine(pcm, at, 700)
		at += len(pcm)
	}); err != nil {
		t.Fatal(err)
	}
	rec := exec.Command("parec", "-d", "spk.monitor", "--format=s16le", "--rate=48000", "--channels=1", "--raw")
	out, err := rec.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := rec.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rec.Process.Kill(); _ = rec.Wait() }()
	raw, heard := make([]byte, 2*media.SampleRate), make([]int16, media.SampleRate)
	best := 0.0
	for range 10 { // seconds, of which a busy machine may spoil some
		if _, err := io.ReadFull(out, raw); err != nil {
			t.Fatal(err)
		}
		for i := range heard {
			heard[i] = int16(binary.LittleEndian.Uint16(raw[2*i:]))
		}
		if best = max(best, pure(heard, 700)); best >= 0.8 {
			break
		}
	}
	if best < 0.8 {
		t.Errorf("the tone is in %.2f of the best second of what came out, want 0.8", best)
	}
	if err := s.Play(func([]int16) {}); err == nil {
		t.Error("a second Play was accepted")
	}
}

func TestMicrophoneHearsWhatIsPlayedToIt(t *testing.T) {
	soundServer(t)
	play := exec.Command("pacat", "-d", "vmic", "--format=s16le", "--rate=48000", "--channels=1", "--raw")
	in, err := play.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := play.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = play.Process.Kill(); _ = play.Wait() }()
	go func() {
		pcm := make([]int16, media.SampleRate*15)
		sine(pcm, 0, 900)
		_ = binary.Write(in, binary.LittleEndian, pcm) // ends when the player is killed
	}()
	m, err := OpenMicrophone(onlyPulse)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	pcm := make([]int16, media.FrameSamples)
	best, frames := 0.0, 0
	began := time.Now()
	for ; frames < 500 && best < 0.8; frames += 50 {
		var heard []int16
		for range 50 {
			if err := m.Read(t.Context(), pcm); err != nil {
				t.Fatal(err)
			}
			heard = append(heard, pcm...)
		}
		best = max(best, pure(heard, 900))
	}
	if took, want := time.Since(began), time.Duration(frames)*20*time.Millisecond; took < want*7/10 || took > want*2+3*time.Second {
		t.Errorf("%v of sound took %v", want, took)
	}
	if best < 0.8 {
		t.Errorf("the tone is in %.2f of the best second of what was heard, want 0.8", best)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for err == nil { // what is in the ring may be read first
		err = m.Read(ctx, pcm)
	}
	if !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled read: %v", err)
	}
}

func TestSoundServerThatDiesIsALostDevice(t *testing.T) {
	kill := soundServer(t)
	m, err := OpenMicrophone(onlyPulse)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	s, err := OpenSpeaker(onlyPulse)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Play(func(pcm []int16) { clear(pcm) }); err != nil {
		t.Fatal(err)
	}
	pcm := make([]int16, media.FrameSamples)
	if err := m.Read(t.Context(), pcm); err != nil {
		t.Fatal(err)
	}
	kill()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for err = nil; err == nil; {
		err = m.Read(ctx, pcm)
	}
	if !errors.Is(err, media.ErrDeviceLost) {
		t.Errorf("read after the server died: %v, want ErrDeviceLost", err)
	}
	select {
	case <-s.Done():
	case <-ctx.Done():
		t.Error("the speaker did not notice")
	}
	_, _ = m.Close(), s.Close()
	var before, after syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &before)
	<-time.After(500 * time.Millisecond)
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &after)
	if used := time.Duration(after.Utime.Nano() - before.Utime.Nano()); used > 100*time.Millisecond {
		t.Errorf("a device that was abandoned uses %v of processor in 500 ms", used)
	}
	if _, err := OpenMicrophone(onlyPulse); !errors.Is(err, media.ErrDeviceMissing) {
		t.Errorf("open without a server: %v, want ErrDeviceMissing", err)
	}
}

func TestNoSoundSystemIsMissingNotSilent(t *testing.T) {
	t.Setenv("PULSE_SERVER", "unix:/nonexistent/socket")
	if _, err := OpenMicrophone(onlyPulse); !errors.Is(err, media.ErrDeviceMissing) {
		t.Errorf("microphone: %v, want ErrDeviceMissing", err)
	}
	if _, err := OpenSpeaker(onlyPulse); !errors.Is(err, media.ErrDeviceMissing) {
		t.Errorf("speaker: %v, want ErrDeviceMissing", err)
	}
}

func TestUnknownDeviceIDIsMissing(t *testing.T) {
	soundServer(t)
	cfg := onlyPulse
	cfg.ID = "no such device"
	if _, err := OpenMicrophone(cfg); !errors.Is(err, media.ErrDeviceMissing) {
		t.Errorf("open: %v, want ErrDeviceMissing", err)
	}
	d := List()
	if len(d.Microphones) == 0 || len(d.Speakers) == 0 {
		t.Fatalf("found %d microphones and %d speakers", len(d.Microphones), len(d.Speakers))
	}
	for _, mic := range d.Microphones {
		if mic.Label == "TestMicrophone" {
			cfg.ID = mic.ID
		}
	}
	m, err := OpenMicrophone(cfg)
	if err != nil {
		t.Fatalf("open the test's microphone by its ID: %v", err)
	}
	if err := m.Close(); err != nil {
		t.Error(err)
	}
}

func TestCallbacksDoNotAllocate(t *testing.T) {
	m := &Microphone{}
	m.ring, m.wake = newSamples(15), make(chan struct{}, 1)
	s := &Speaker{}
	s.ring, s.wake = newSamples(13), make(chan struct{}, 1)
	in, out := make([]byte, 960), make([]byte, 960)
	if n := testing.AllocsPerRun(100, func() { m.hear(nil, in, 480); s.speak(out, nil, 480) }); n != 0 {
		t.Errorf("%v allocations a callback, want 0", n)
	}
}

func TestRingKeepsOrderBetweenTwoGoroutines(t *testing.T) {
	r := newSamples(8)
	const total = 100_000
	go func() {
		for n := 0; n < total; {
			var b [37]int16
			for i := range b {
				b[i] = int16(n + i)
			}
			n += r.write(b[:min(len(b), total-n)])
			runtime.Gosched()
		}
	}()
	var b [29]int16
	for n := 0; n < total; {
		k := r.take(b[:])
		if k == 0 {
			runtime.Gosched()
		}
		for i := range k {
			if b[i] != int16(n+i) {
				t.Fatalf("sample %d is %d", n+i, b[i])
			}
		}
		n += k
	}
}
