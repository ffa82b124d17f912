package media

import (
	"encoding/binary"
	"fmt"
	"os"
	"sync"
	"time"
)

// Recorder is an AudioSink that writes what would be heard into a WAV file, in
// real time: 48 kHz, mono, 16 bits.
type Recorder struct {
	file  *os.File
	stop  chan struct{}
	done  chan struct{}
	begin sync.Once
	end   sync.Once
	ended sync.WaitGroup
	wrote uint32 // bytes of sound; owned by the loop
}

// NewRecorder creates or replaces the file at path.
func NewRecorder(path string) (*Recorder, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("record sound: %w", err)
	}
	r := &Recorder{file: f, stop: make(chan struct{}), done: make(chan struct{})}
	if err := r.header(); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("record sound: %w", err)
	}
	return r, nil
}

// Play implements AudioSink.
func (r *Recorder) Play(mix func(pcm []int16)) error {
	r.begin.Do(func() { r.ended.Go(func() { r.loop(mix) }) })
	return nil
}

// Done implements AudioSink; a full disk closes it.
func (r *Recorder) Done() <-chan struct{} { return r.done }

// Close implements AudioSink and completes the file.
func (r *Recorder) Close() error {
	var err error
	r.end.Do(func() {
		close(r.stop)
		r.ended.Wait()
		err = r.file.Close()
	})
	return err
}

func (r *Recorder) loop(mix func([]int16)) {
	pcm, raw := make([]int16, FrameSamples), make([]byte, 2*FrameSamples)
	due := time.NewTicker(20 * time.Millisecond)
	defer due.Stop()
	for n := 0; ; n++ {
		select {
		case <-r.stop:
			_ = r.header()
			return
		case <-due.C:
		}
		mix(pcm)
		for i, v := range pcm {
			binary.LittleEndian.PutUint16(raw[2*i:], uint16(v))
		}
		if _, err := r.file.WriteAt(raw, 44+int64(r.wrote)); err != nil {
			close(r.done)
			return
		}
		r.wrote += uint32(len(raw))
		if n%50 == 0 { // so that a killed program leaves a file that plays
			_ = r.header()
		}
	}
}

// header writes the RIFF header for the sound so far.
func (r *Recorder) header() error {
	var h [44]byte
	copy(h[0:], "RIFF")
	binary.LittleEndian.PutUint32(h[4:], 36+r.wrote)
	copy(h[8:], "WAVEfmt ")
	binary.LittleEndian.PutUint32(h[16:], 16)
	binary.LittleEndian.PutUint16(h[20:], 1)
	binary.LittleEndian.PutUint16(h[22:], 1)
	binary.LittleEndian.PutUint32(h[24:], SampleRate)
	binary.LittleEndian.PutUint32(h[28:], 2*SampleRate)
	binary.LittleEndian.PutUint16(h[32:], 2)
	binary.LittleEndian.PutUint16(h[34:], 16)
	copy(h[36:], "data")
	binary.LittleEndian.PutUint32(h[40:], r.wrote)
	_, err := r.file.WriteAt(h[:], 0)
	return err
}
