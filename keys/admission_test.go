package keys

import (
	"bytes"
	"testing"
)

func TestAdmission(t *testing.T) {
	host, joiner, id := device(1), device(2).Public(), descriptor().ID()
	a := host.SignAdmission(id, joiner, [32]byte{9})
	if err := a.Verify(id, host.Public()); err != nil {
		t.Fatal(err)
	}
	if err := a.Verify(MeetingID{1}, host.Public()); err != ErrAdmissionMeeting {
		t.Errorf("another meeting: got %v", err)
	}
	if err := a.Verify(id, joiner); err != ErrAdmissionMeeting {
		t.Errorf("another host: got %v", err)
	}
	forged := device(3).SignAdmission(id, joiner, [32]byte{9})
	forged.Host = host.Public()
	if err := forged.Verify(id, host.Public()); err != ErrAdmissionSignature {
		t.Errorf("signed by another: got %v", err)
	}
	encoded := a.Encode()
	back, err := ParseAdmission(encoded)
	if err != nil || back.Joiner != joiner || back.KeyPackage != [32]byte{9} || back.Verify(id, host.Public()) != nil {
		t.Fatalf("read back: %v", err)
	}
	for i := range encoded {
		altered := bytes.Clone(encoded)
		altered[i] ^= 1
		if got, err := ParseAdmission(altered); err == nil && got.Verify(id, host.Public()) == nil {
			t.Errorf("altered at %d: verified", i)
		}
		if _, err := ParseAdmission(encoded[:i]); err != ErrAdmission {
			t.Errorf("cut at %d: got %v", i, err)
		}
	}
	if _, err := ParseAdmission(append(encoded, 0)); err != ErrAdmission {
		t.Errorf("longer: got %v", err)
	}
}
