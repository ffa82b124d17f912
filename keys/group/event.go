package group

import (
	"crypto/sha256"
	"fmt"
	"io"
	"log/slog"
)

// Event is what a handled message came to: Changed or Said.
type Event interface{ isEvent() }

// Changed says that a commit took effect: a new epoch has begun, with new keys.
type Changed struct {
	Epoch       uint64 // the new one
	By          Member // who committed
	Added       []Member
	Removed     []Member
	SelfRemoved bool // this device is out; the group is over
}

// Said is an application message, signed by its sender. Its text prints "[hidden]".
type Said struct {
	From      Member
	Epoch     uint64
	Plaintext []byte
}

func (Changed) isEvent() {}
func (Said) isEvent()    {}

const hiddenText = "[hidden]"

// Format prints "[hidden]".
func (Said) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, hiddenText) }

// MarshalText returns "[hidden]".
func (Said) MarshalText() ([]byte, error) { return []byte(hiddenText), nil }

// LogValue returns "[hidden]".
func (Said) LogValue() slog.Value { return slog.StringValue(hiddenText) }

// maxOwn is how many of our own messages may be on their way at once.
const maxOwn = 256

// ownMessages remembers what this device has sealed, until the service echoes it:
// MLS lets nobody open a message of their own.
type ownMessages struct {
	order [][32]byte
	said  map[[32]byte]Said
}

func (o *ownMessages) add(sealed []byte, said Said) {
	if o.said == nil {
		o.said = map[[32]byte]Said{}
	}
	if len(o.order) == maxOwn {
		delete(o.said, o.order[0])
		o.order = o.order[1:]
	}
	id := sha256.Sum256(sealed)
	o.order = append(o.order, id)
	o.said[id] = said
}

// find returns the message once: a second echo is a replay.
func (o *ownMessages) find(sealed []byte) (Said, bool) {
	if len(o.said) == 0 {
		return Said{}, false
	}
	id := sha256.Sum256(sealed)
	said, ok := o.said[id]
	if ok {
		delete(o.said, id)
	}
	return said, ok
}
