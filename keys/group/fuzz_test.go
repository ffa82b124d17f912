package group

import (
	"bytes"
	"errors"
	"testing"
	"time"

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
	_, j := r.prepare("c")
	adding, err := r.host.Commit([][]byte{j.KeyPackage()}, nil)
	if err != nil {
		f.Fatal(err)
	}
	return people[1], [][]byte{staged.Commit, sealed, adding.Commit}, adding.Welcome, j.KeyPackage()
}

// FuzzHandle gives a member altered messages: the true ones apart, all are refused
// with an error of this package, and nothing changes.
func FuzzHandle(f *testing.F) {
	bob, messages, _, _ := fuzzRoom(f)
	for _, m := range messages {
		f.Add(m)
		f.Add(m[:len(m)/2])
	}
	before := view(f, bob)
	f.Fuzz(func(t *testing.T, message []byte) {
		for _, m := range messages {
			if bytes.Equal(m, message) {
				return
			}
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
	cfg := Config{Device: host, Descriptor: testSigned(f, host, func(d *keys.Descriptor) { d.Suite = SuiteClassic; d.Created = time.Unix(1, 0) })}
	f.Add(kp)
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, err := CheckKeyPackage(cfg, data); err == nil && !bytes.Equal(data, kp) {
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
