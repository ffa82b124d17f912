package group

import (
	"bytes"
	"errors"
	"testing"

	"conclave/keys"
)

// fuzzRoom is a meeting of three with true messages of each kind.
func fuzzRoom(f *testing.F) (bob *person, messages [][]byte, welcome []byte, kp []byte) {
	r := openRoomWith(f, SuiteClassic)
	people := r.admit("a", "bob")
	staged, err := people[0].Commit(nil, nil)
	if err != nil {
		f.Fatal(err)
	}
	sealed, err := people[0].Seal([]byte("hello"))
	if err != nil {
		f.Fatal(err)
	}
	c := r.person("c", newDevice(f))
	c.cfg.Passport = newOffice(f).passport(c.device.Public())
	j, err := Prepare(c.cfg)
	if err != nil {
		f.Fatal(err)
	}
	adding, err := r.host.Commit([][]byte{j.KeyPackage()}, nil)
	if err != nil {
		f.Fatal(err)
	}
	return people[1], [][]byte{staged.Commit, sealed, adding.Commit}, adding.Welcome, j.KeyPackage()
}

// edit alters a true message. Keys are new in every process of a fuzzing run, so the
// inputs are edits, which mean the same everywhere, and not messages.
func edit(message []byte, at uint16, drop uint8, insert []byte) []byte {
	i := int(at) % (len(message) + 1)
	j := min(i+int(drop), len(message))
	out := append([]byte{}, message[:i]...)
	return append(append(out, insert...), message[j:]...)
}

func addEdits(f *testing.F) {
	f.Add(uint8(0), uint16(0), uint8(0), []byte{})
	f.Add(uint8(1), uint16(9), uint8(1), []byte{0})
	f.Add(uint8(2), uint16(50), uint8(4), []byte{1, 2, 3, 4})
	f.Add(uint8(2), uint16(100), uint8(0), []byte{0xff})
	f.Add(uint8(0), uint16(4), uint8(255), []byte{})
}

// FuzzHandle gives a member altered messages: the true ones apart, all are refused
// with an error of this package, and nothing changes.
func FuzzHandle(f *testing.F) {
	bob, messages, _, _ := fuzzRoom(f)
	addEdits(f)
	before := view(f, bob)
	f.Fuzz(func(t *testing.T, which uint8, at uint16, drop uint8, insert []byte) {
		original := messages[int(which)%len(messages)]
		message := edit(original, at, drop, insert)
		if bytes.Equal(original, message) {
			return
		}
		event, err := bob.Handle(message)
		if err == nil {
			t.Fatalf("taken as %T", event)
		}
		known := false
		for _, e := range []error{ErrStale, ErrFuture, ErrInvalid, ErrForbidden, ErrOtherMeeting} {
			known = known || errors.Is(err, e)
		}
		if !known {
			t.Fatalf("an error without a name: %v", err)
		}
		if view(t, bob) != before {
			t.Fatal("a refused message changed the group")
		}
	})
}

// FuzzJoin gives a joiner altered Welcomes, signed by the host so that they come to
// MLS: none is taken, and the true one still is.
func FuzzJoin(f *testing.F) {
	r := openRoomWith(f, SuiteClassic)
	_, j := r.prepare("joiner")
	staged, err := r.host.Commit([][]byte{j.KeyPackage()}, nil)
	if err != nil {
		f.Fatal(err)
	}
	inner, err := j.meeting.openWelcome(staged.Welcome)
	if err != nil {
		f.Fatal(err)
	}
	addEdits(f)
	f.Fuzz(func(t *testing.T, _ uint8, at uint16, drop uint8, insert []byte) {
		altered := edit(inner, at, drop, insert)
		if bytes.Equal(altered, inner) {
			return
		}
		if _, err := j.Join(r.host.meeting.signWelcome(altered)); err == nil {
			t.Fatal("joined by an altered Welcome")
		}
		if j.joiner == nil {
			t.Fatal("an altered Welcome used up the key package")
		}
	})
}

func FuzzReadProposals(f *testing.F) {
	_, messages, _, _ := fuzzRoom(f)
	for _, m := range messages {
		f.Add(m)
	}
	f.Fuzz(func(t *testing.T, message []byte) {
		p, err := readProposals(message)
		if err != nil && (len(p.adds) > 0 || len(p.removes) > 0) {
			t.Fatal("proposals beside the error")
		}
	})
}

func FuzzCheckKeyPackage(f *testing.F) {
	_, _, _, kp := fuzzRoom(f)
	host := keys.DeviceKeyFromSeed([32]byte{1})
	cfg := Config{Device: host, Descriptor: testSigned(f, host, func(d *keys.Descriptor) { d.Suite = SuiteClassic })}
	if _, _, err := CheckKeyPackage(cfg, kp); err != nil {
		f.Fatal(err)
	}
	addEdits(f)
	f.Fuzz(func(t *testing.T, _ uint8, at uint16, drop uint8, insert []byte) {
		altered := edit(kp, at, drop, insert)
		if _, _, err := CheckKeyPackage(cfg, altered); err == nil && !bytes.Equal(altered, kp) {
			t.Fatal("an altered key package was accepted")
		}
	})
}

func FuzzParseAdmissions(f *testing.F) {
	host := keys.DeviceKeyFromSeed([32]byte{1})
	f.Add(encodeAdmissions([]keys.Admission{host.SignAdmission(keys.MeetingID{2}, keys.PublicKey{3}, [32]byte{4})}))
	f.Add([]byte{1, 0, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		list, err := parseAdmissions(data)
		if err == nil && !bytes.Equal(encodeAdmissions(list), data) {
			t.Fatal("two encodings of one list")
		}
	})
}
