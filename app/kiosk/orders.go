package kiosk

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"conclave/app/core"
)

// orders are what a screen is started with: a seed of 32 bytes, then one line of
// JSON, on standard input, which stays open as long as the supervisor lives.
type orders struct {
	// Problem locks the screen; nothing else counts then.
	Problem string `json:"problem,omitempty"`
	// Resume is the room that the screen before crashed in, or -1.
	Resume int `json:"resume"`
	// Hold says until when a room is not entered by itself.
	Hold map[int]time.Time `json:"hold,omitempty"`
	// Keys is where the seed lies: a core.KeyPlace.
	Keys core.KeyPlace `json:"keys"`
}

// seedSize is that of a device key.
const seedSize = 32

// ordersMost is far above what orders are.
const ordersMost = 64 << 10

// give writes orders. The seed goes out as it is, without copies of ours.
func give(w io.Writer, seed []byte, o orders) error {
	text, err := json.Marshal(o)
	if err != nil {
		return err
	}
	if _, err := w.Write(seed); err != nil {
		return err
	}
	_, err = w.Write(append(text, '\n'))
	return err
}

// take reads orders. The caller clears the seed.
func take(r io.Reader) (seed [seedSize]byte, o orders, err error) {
	if _, err = io.ReadFull(r, seed[:]); err != nil {
		return seed, o, fmt.Errorf("read the supervisor's orders: %w", err)
	}
	b := bufio.NewReaderSize(io.LimitReader(r, ordersMost), 512)
	line, err := b.ReadBytes('\n')
	if err != nil {
		return seed, o, fmt.Errorf("read the supervisor's orders: %w", err)
	}
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	if err := d.Decode(&o); err != nil {
		return seed, o, errors.New("read the supervisor's orders: not understood")
	}
	return seed, o, nil
}

// word is a line that a screen says. Its fields are facts without people; the
// supervisor copies them to the status and the log.
type word struct {
	Alive  bool     `json:"alive,omitempty"`
	Report *report  `json:"report,omitempty"`
	Over   *overing `json:"over,omitempty"`
}

type report struct {
	Stage      string `json:"stage"`
	Room       int    `json:"room"`
	Trouble    string `json:"trouble,omitempty"`
	Saving     bool   `json:"saving,omitempty"`
	Camera     string `json:"camera"`
	Microphone string `json:"microphone"`
	Speaker    string `json:"speaker"`
}

type overing struct {
	Room  int       `json:"room"`
	Until time.Time `json:"until,omitzero"`
}

func faultName(f core.DeviceFault) string {
	switch f {
	case core.DeviceFine:
		return "ok"
	case core.DeviceMissing:
		return "missing"
	case core.DeviceBusy:
		return "busy"
	case core.DeviceBroken:
		return "broken"
	}
	return "unknown"
}

// reportOf tells of devices only while they are open: at rest nobody has looked.
func reportOf(r core.RoomReport) *report {
	out := &report{
		Stage: r.Stage.String(), Room: r.Room, Trouble: string(r.Trouble), Saving: r.Saving,
		Camera: "unknown", Microphone: "unknown", Speaker: "unknown",
	}
	if r.Stage == core.RoomMeeting || r.Stage == core.RoomBack {
		out.Camera, out.Microphone, out.Speaker = faultName(r.Camera), faultName(r.Microphone), faultName(r.Speaker)
	}
	return out
}
