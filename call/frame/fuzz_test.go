package frame

import (
	"bytes"
	"testing"
)

func FuzzParseHeader(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{0xff, 1, 2, 3})
	f.Add([]byte{0x99, 0x01, 0x23, 0x45, 0x67})
	f.Fuzz(func(t *testing.T, data []byte) {
		h, n, err := ParseHeader(data)
		if err != nil {
			if err != ErrMalformed || n != 0 || h != (Header{}) {
				t.Fatalf("got %v, %d, %+v beside the error", err, n, h)
			}
			return
		}
		if got := h.Append(nil); !bytes.Equal(got, data[:n]) {
			t.Fatalf("%x reads as %+v, which writes %x", data[:n], h, got)
		}
	})
}

// FuzzOpen alters a true frame: whatever comes in, only the true frame opens.
func FuzzOpen(f *testing.F) {
	alice, _ := pair(f, newClock())
	true1 := seal(f, alice, CameraLow, "the true frame", true)
	f.Add(1, uint32(1), uint8(CameraLow), true1)
	f.Add(0, uint32(1), uint8(CameraLow), true1)
	f.Add(1, uint32(2), uint8(Audio), true1[:len(true1)-1])
	f.Add(17, uint32(1), uint8(1), []byte{0xff})
	f.Fuzz(func(t *testing.T, clearLen int, leaf uint32, stream uint8, sealed []byte) {
		_, bob := pair(t, newClock())
		got, err := bob.Open(nil, clearLen, leaf, Stream(stream), sealed)
		isTrue := clearLen == 1 && leaf == 1 && Stream(stream) == CameraLow && bytes.Equal(sealed, true1)
		if (err == nil) != isTrue {
			t.Fatalf("opened: %v (%q), is the true frame: %v", err == nil, got, isTrue)
		}
		if err != nil && got != nil {
			t.Fatal("bytes beside the error")
		}
	})
}
