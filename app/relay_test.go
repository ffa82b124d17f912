package main_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"image"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pion/rtp/codecs"

	"conclave/app/core"
	"conclave/call"
	"conclave/call/media"
	"conclave/call/media/device"
	"conclave/call/peer"
	"conclave/call/relay/relaytest"
	"conclave/keys"
)

// spied are real codecs whose encoders keep what they made: the plaintext that
// the relay must not see.
type spied struct {
	device.Codecs
	mu     sync.Mutex
	frames [][]byte
}

func (s *spied) keep(frame []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.frames = append(s.frames, slices.Clone(frame))
}

func (s *spied) NewVideoEncoder(f media.VideoFormat) (media.VideoEncoder, error) {
	e, err := s.Codecs.NewVideoEncoder(f)
	return spiedVideo{e, s}, err
}

func (s *spied) NewAudioEncoder() (media.AudioEncoder, error) {
	e, err := s.Codecs.NewAudioEncoder()
	return spiedAudio{e, s}, err
}

type spiedVideo struct {
	media.VideoEncoder
	by *spied
}

func (e spiedVideo) Encode(dst []byte, p *media.I420, key bool) ([]byte, bool, error) {
	frame, isKey, err := e.VideoEncoder.Encode(dst, p, key)
	e.by.keep(frame[len(dst):])
	return frame, isKey, err
}

type spiedAudio struct {
	media.AudioEncoder
	by *spied
}

func (e spiedAudio) Encode(dst []byte, pcm []int16) ([]byte, error) {
	packet, err := e.AudioEncoder.Encode(dst, pcm)
	e.by.keep(packet[len(dst):])
	return packet, err
}

// recording is a meeting as its relay saw it.
type recording struct {
	seen
	plain  [][]byte // what the encoders made
	people []*person
	id     keys.MeetingID
}

// recorded holds a meeting of two under the operator's eyes for some seconds.
func recorded(t *testing.T, mode keys.Mode) recording {
	t.Helper()
	h, spy := serviceOf(t), &spied{}
	spying := func(cfg *core.Config) { cfg.Hardware.Codecs = spy }
	anna, bob := newPerson(t, "Anna", h.url, spying), newPerson(t, "Bob", h.url, spying)
	anna.start(mode, "")
	id := anna.meeting().ID
	bob.knock(anna)
	anna.admit(bob)
	inTouch(t, anna, bob)
	h.watch(t, id)
	bob.Send(core.SendChat{Text: "a secret line of chat"})
	var s seen
	poll := time.NewTicker(500 * time.Millisecond)
	defer poll.Stop()
	await(t, 20*time.Second, "enough recorded", func() bool {
		<-poll.C // each poll copies the whole recording
		s = h.seen(t, id)
		video, audio := 0, 0
		for _, p := range s.Packets {
			if p.Video {
				video++
			} else {
				audio++
			}
		}
		return video > 100 && audio > 150
	})
	for _, p := range []*person{anna, bob} {
		if m := p.meeting(); !m.Sending || m.Badge.Strangers != 0 {
			t.Errorf("%s: sending %v, %d strangers", p.name, m.Sending, m.Badge.Strangers)
		}
		p.Close()
	}
	spy.mu.Lock()
	defer spy.mu.Unlock()
	return recording{s, spy.frames, []*person{anna, bob}, id}
}

// watched is what a decoder makes of a recording.
type watched struct {
	frames, pictures, patterns int     // frames assembled, decoded, and recognised
	packets, sounds            int     // packets fed, and decoded
	tone                       float64 // share of the most tone-like half second
}

// watch decodes a recording as anybody would who takes it for plain media.
func watch(t *testing.T, packets []relaytest.Packet) (w watched) {
	t.Helper()
	tracks := map[string][]relaytest.Packet{}
	for _, p := range packets {
		tracks[p.Track] = append(tracks[p.Track], p)
	}
	for _, track := range tracks {
		if track[0].Video {
			w.video(t, track)
		} else {
			w.audio(t, track)
		}
	}
	return w
}

func (w *watched) video(t *testing.T, track []relaytest.Packet) {
	t.Helper()
	dec, err := new(device.Codecs).NewVideoDecoder()
	if err != nil {
		t.Fatal(err)
	}
	defer dec.Close()
	for _, frame := range assembled(track) {
		w.frames++
		pic, err := dec.Decode(frame)
		if err != nil || pic == nil {
			continue
		}
		w.pictures++
		if pic.Width < 64 || pic.Width > 4096 || pic.Height < 36 || pic.Height > 4096 {
			continue
		}
		img := image.NewRGBA(image.Rect(0, 0, pic.Width, pic.Height))
		media.PlainPainter{}.Paint(img, pic)
		if _, at, ok := media.ReadPattern(img); ok && time.Since(at).Abs() < time.Hour {
			w.patterns++
		}
	}
}

// assembled puts the VP8 frames of a track together.
func assembled(track []relaytest.Packet) (frames [][]byte) {
	slices.SortStableFunc(track, func(a, b relaytest.Packet) int { return int(int16(a.Sequence - b.Sequence)) })
	var frame []byte
	var at uint32
	for _, p := range track {
		var vp8 codecs.VP8Packet
		body, err := vp8.Unmarshal(p.Payload)
		if err != nil {
			continue
		}
		if p.Timestamp != at {
			frame, at = nil, p.Timestamp
		}
		frame = append(frame, body...)
		if p.Marker && len(frame) > 0 {
			frames = append(frames, frame)
			frame = nil
		}
	}
	return frames
}

func (w *watched) audio(t *testing.T, track []relaytest.Packet) {
	t.Helper()
	dec, err := new(device.Codecs).NewAudioDecoder()
	if err != nil {
		t.Fatal(err)
	}
	defer dec.Close()
	var heard []int16
	pcm := make([]int16, media.FrameSamples)
	for _, p := range track {
		if len(p.Payload) == 0 {
			continue
		}
		w.packets++
		if dec.Decode(p.Payload, pcm) == nil {
			w.sounds++
			heard = append(heard, pcm...)
		}
	}
	for half := range slices.Chunk(heard, media.SampleRate/2) {
		for _, hertz := range tones {
			w.tone = max(w.tone, media.ToneShare(half, hertz))
		}
	}
}

// overlap counts the places where sixteen bytes in a row of what the encoders
// made, beyond the first byte of a frame, were seen by the relay.
func overlap(r recording) (n int) {
	const window = 16
	plain := map[[window]byte]bool{}
	for _, f := range r.plain {
		for at := 1; at+window <= len(f); at++ {
			w := [window]byte(f[at:])
			if !bytes.Equal(w[:], bytes.Repeat(w[:1], window)) { // a run of one byte says nothing
				plain[w] = true
			}
		}
	}
	for _, p := range r.Packets {
		for at := 0; at+window <= len(p.Payload); at++ {
			if plain[[window]byte(p.Payload[at:])] {
				n++
			}
		}
	}
	return n
}

func TestRelayReadsNothing(t *testing.T) {
	r := recorded(t, keys.ModeE2EE)
	w := watch(t, r.Packets)
	n := overlap(r)
	t.Logf("e2ee: %d packets; %+v; %d places in common with %d plaintext frames", len(r.Packets), w, n, len(r.plain))
	if w.frames < 20 || w.packets < 100 || len(r.plain) < 100 {
		t.Fatal("too little was recorded to tell")
	}
	if w.patterns > 0 {
		t.Errorf("%d pictures can be read", w.patterns)
	}
	if w.tone > 0.1 {
		t.Errorf("a tone can be heard: share %.2f", w.tone)
	}
	if n > 0 {
		t.Errorf("plaintext shows up %d times in what the relay carried", n)
	}
	told := strings.Join(r.Facts, "\n")
	if told == "" {
		t.Error("nothing is known of what the relay tells")
	}
	for _, p := range r.people {
		raw := p.key()
		for what, secret := range map[string]string{
			"the name": p.name, "the device key": raw.String(), "its bytes": base64.StdEncoding.EncodeToString(raw[:]),
			"the meeting": r.id.String(), "the chat": "secret line",
		} {
			if strings.Contains(told, secret) {
				t.Errorf("the relay knows %s of %s", what, p.name)
			}
		}
	}
}

// The same instruments on a meeting that promises less: they do see and hear.
func TestRelayReadsTransportMode(t *testing.T) {
	r := recorded(t, keys.ModeTransport)
	w := watch(t, r.Packets)
	n := overlap(r)
	t.Logf("transport: %d packets; %+v; %d places in common", len(r.Packets), w, n)
	if w.patterns < w.frames/2 || w.patterns < 20 {
		t.Errorf("%d of %d pictures can be read: the instrument is blind", w.patterns, w.frames)
	}
	if w.tone < 0.5 {
		t.Errorf("tone's share is %.2f: the instrument is deaf", w.tone)
	}
	if n == 0 {
		t.Error("no plaintext found: the comparison is blind")
	}
	for _, p := range r.people {
		if p.Latest().Meeting.Badge.EndToEnd {
			t.Errorf("%s's badge says end-to-end", p.name)
		}
	}
}

// The operator sends somebody in with a token of their own making.
func TestGhostAtTheRelayGetsNothing(t *testing.T) {
	h := serviceOf(t)
	anna, bob, carol := trio(t, keys.ModeE2EE)
	people := []*person{anna, bob, carol}
	id := anna.meeting().ID
	began := time.Now()
	ghost, err := peer.Dial(context.Background(), peer.Config{
		URL: "ws" + strings.TrimPrefix(h.url, "http"), Token: h.token(t, id, "pgh05t"),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer ghost.Close()
	var mu sync.Mutex
	caught := map[media.Kind][][]byte{}
	go func() {
		for e := range ghost.Events() {
			if e.Track == nil {
				continue
			}
			e.Track.SetWanted(true, 320, 180)
			go func() {
				for {
					f, err := e.Track.ReadFrame()
					if err != nil {
						return
					}
					mu.Lock()
					caught[e.Track.Kind()] = append(caught[e.Track.Kind()], slices.Clone(f.Data))
					mu.Unlock()
				}
			}()
		}
	}()
	for _, p := range people {
		await(t, 10*time.Second, p.name+" silent because of a stranger", func() bool {
			return p.meeting().Silence == core.SilenceStranger && !p.meeting().Sending
		})
		if !p.noticed(core.NoticeStranger) {
			t.Errorf("%s was not told", p.name)
		}
		if len(p.meeting().People) != 3 {
			t.Errorf("%s shows %d people", p.name, len(p.meeting().People))
		}
	}
	t.Logf("everybody silent %v after the ghost began to dial", time.Since(began))
	sent := map[*person]media.SentStats{}
	for _, p := range people {
		s, _ := p.MediaStats()
		sent[p] = s.Sent
	}
	pause := time.NewTimer(2 * time.Second)
	<-pause.C
	for _, p := range people {
		s, _ := p.MediaStats()
		if s.Sent.VideoFrames != sent[p].VideoFrames || s.Sent.AudioFrames != sent[p].AudioFrames {
			t.Errorf("%s still sends: %+v, then %+v", p.name, sent[p], s.Sent)
		}
		if m := p.meeting(); m.Phase != call.PhaseInMeeting || m.Badge.Strangers != 1 {
			t.Errorf("%s: phase %d, %d strangers", p.name, m.Phase, m.Badge.Strangers)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	dec, err := new(device.Codecs).NewVideoDecoder()
	if err != nil {
		t.Fatal(err)
	}
	defer dec.Close()
	for _, f := range caught[media.KindCamera] {
		if pic, err := dec.Decode(f); err == nil && pic != nil && pic.Width >= 64 && pic.Height >= 36 {
			img := image.NewRGBA(image.Rect(0, 0, pic.Width, pic.Height))
			media.PlainPainter{}.Paint(img, pic)
			if _, _, ok := media.ReadPattern(img); ok {
				t.Error("the ghost sees a picture")
			}
		}
	}
	t.Logf("the ghost caught %d pictures and %d packets of sound, all sealed", len(caught[media.KindCamera]), len(caught[media.KindAudio]))
	if len(caught[media.KindAudio]) == 0 {
		t.Error("the ghost caught nothing at all: the test shows little")
	}
	ghost.Close()
	for _, p := range people {
		await(t, 10*time.Second, p.name+" sending again", func() bool { return p.meeting().Sending })
	}
}
