package frame

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"fmt"
	"testing"
)

// sizes are an audio frame, one packet, and a large picture.
var sizes = []int{100, 1200, 20_000}

func TestSealAndOpenDoNotAllocate(t *testing.T) {
	alice, bob := pair(t, newClock())
	plain := make([]byte, 1200)
	sealed, opened := make([]byte, 0, 2048), make([]byte, 0, 2048)
	var err error
	allocs := testing.AllocsPerRun(2000, func() {
		if sealed, err = alice.Sealer(CameraLow).Seal(sealed[:0], plain[:1], plain[1:], false); err != nil {
			t.Fatal(err)
		}
		if opened, err = bob.Open(opened[:0], 1, 1, CameraLow, sealed); err != nil {
			t.Fatal(err)
		}
	})
	if allocs != 0 {
		t.Errorf("got %v allocations for a frame, want 0", allocs)
	}
	forged := append([]byte(nil), sealed...)
	forged[len(forged)-1] ^= 1
	counter := uint64(1 << 20)
	allocs = testing.AllocsPerRun(2000, func() {
		counter++
		Header{KID: NewKID(CameraLow, 1, 1), Counter: counter}.Append(forged[1:1])
		if _, err := bob.Open(opened[:0], 1, 1, CameraLow, forged); err != ErrForged {
			t.Fatal(err)
		}
	})
	if allocs != 0 {
		t.Errorf("got %v allocations for a forged frame, want 0", allocs)
	}
}

func rawGCM(b *testing.B) cipher.AEAD {
	block, err := aes.NewCipher(make([]byte, 32))
	if err != nil {
		b.Fatal(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		b.Fatal(err)
	}
	return aead
}

func BenchmarkSeal(b *testing.B) {
	for _, size := range sizes {
		plain := make([]byte, size)
		dst := make([]byte, 0, size+Overhead+MaxClear)
		b.Run(fmt.Sprintf("raw/%d", size), func(b *testing.B) {
			aead := rawGCM(b)
			var nonce [12]byte
			var counter uint64
			aad := make([]byte, 5)
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				counter++
				binary.BigEndian.PutUint64(nonce[4:], counter)
				aead.Seal(dst[:0], nonce[:], plain[1:], aad)
			}
		})
		b.Run(fmt.Sprintf("frame/%d", size), func(b *testing.B) {
			alice, _ := pair(b, newClock())
			s := alice.Sealer(CameraLow)
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := s.Seal(dst[:0], plain[:1], plain[1:], false); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkOpen(b *testing.B) {
	const batch = 512 // frames sealed ahead, outside the measured time
	for _, size := range sizes {
		plain := make([]byte, size)
		dst := make([]byte, 0, size+Overhead+MaxClear)
		b.Run(fmt.Sprintf("raw/%d", size), func(b *testing.B) {
			aead := rawGCM(b)
			aad := make([]byte, 5)
			nonces, sealed := make([][12]byte, batch), make([][]byte, batch)
			for i := range sealed {
				binary.BigEndian.PutUint64(nonces[i][4:], uint64(i))
				sealed[i] = aead.Seal(nil, nonces[i][:], plain[1:], aad)
			}
			b.SetBytes(int64(size))
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				if _, err := aead.Open(dst[:0], nonces[i%batch][:], sealed[i%batch], aad); err != nil {
					b.Fatal(err)
				}
				i++
			}
		})
		b.Run(fmt.Sprintf("frame/%d", size), func(b *testing.B) {
			alice, bob := pair(b, newClock())
			sealed := make([][]byte, batch)
			for i := range sealed {
				var err error
				if sealed[i], err = alice.Sealer(CameraLow).Seal(nil, plain[:1], plain[1:], false); err != nil {
					b.Fatal(err)
				}
			}
			kid := NewKID(CameraLow, 1, 1)
			b.SetBytes(int64(size))
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				if i%batch == 0 && i > 0 { // forget what was opened: 1/512 of the time, a few ns
					in, _ := bob.epochs[0].receiver(AES256GCM, kid)
					in.seen = window{}
				}
				if _, err := bob.Open(dst[:0], 1, 1, CameraLow, sealed[i%batch]); err != nil {
					b.Fatal(err)
				}
				i++
			}
		})
	}
}

func BenchmarkAddEpoch(b *testing.B) {
	r := NewRing(Config{})
	key := base(1)
	for e := uint64(0); b.Loop(); e++ {
		if err := r.AddEpoch(e, key, 1); err != nil {
			b.Fatal(err)
		}
	}
}
