package codec

import (
	"bytes"
	"testing"

	"conclave/keys/mls/internal/rule"
)

// pair is a structure with one of everything.
type pair struct {
	number uint16
	opaque []byte
	list   []uint32
	maybe  bool
}

func (p *pair) Encode(w *Writer) {
	w.Uint16(p.number)
	w.Opaque(p.opaque)
	w.Vector(func(w *Writer) {
		for _, v := range p.list {
			w.Uint32(v)
		}
	})
	w.Optional(p.maybe)
}

func (p *pair) Decode(r *Reader) {
	p.number = r.Uint16()
	p.opaque = r.Opaque()
	p.list = Vector(r, (*Reader).Uint32)
	p.maybe = r.Optional()
}

func TestRoundTripAtEveryLengthOfPrefix(t *testing.T) {
	for _, n := range []int{0, 1, 63, 64, 65, 16383, 16384, 16385, 70000} {
		in := &pair{number: 7, opaque: bytes.Repeat([]byte{9}, n), list: make([]uint32, n/4), maybe: n%2 == 1}
		b := Marshal(in)
		out := new(pair)
		if err := Unmarshal(b, out); err != nil {
			t.Fatalf("%d bytes: %v", n, err)
		}
		if !bytes.Equal(Marshal(out), b) || len(out.opaque) != n || len(out.list) != n/4 {
			t.Fatalf("%d bytes did not come back", n)
		}
		for cut := range min(len(b), 80) {
			if Unmarshal(b[:cut], new(pair)) == nil {
				t.Fatalf("%d of %d bytes were taken for the whole", cut, len(b))
			}
		}
	}
}

func TestRefusesWhatIsNotCanonical(t *testing.T) {
	rows := []struct {
		name, section string
		in            []byte
	}{
		{"empty", "2.1", nil},
		{"two-byte length that fits one", "2.1.2", []byte{0, 7, 0x40, 0x3f}},
		{"four-byte length that fits one", "2.1.2", []byte{0, 7, 0x80, 0, 0, 1}},
		{"four-byte length that fits two", "2.1.2", []byte{0, 7, 0x80, 0, 0x3f, 0xff}},
		{"reserved prefix", "2.1.2", []byte{0, 7, 0xc0, 0, 0, 0}},
		{"length beyond the end", "2.1", []byte{0, 7, 0x05, 1}},
		{"length of a gigabyte", "2.1", []byte{0, 7, 0xbf, 0xff, 0xff, 0xff}},
		{"list that ends inside an element", "2.1", []byte{0, 7, 0, 3, 1, 1, 1, 0}},
		{"presence byte 2", "2.1.1", []byte{0, 7, 0, 0, 2}},
		{"a byte left over", "2.1", []byte{0, 7, 0, 0, 0, 0}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			if err := Unmarshal(row.in, new(pair)); rule.Section(err) != row.section {
				t.Fatalf("got %v, want section %s", err, row.section)
			}
		})
	}
}

func TestReaderKeepsItsFirstErrorAndAllocatesNothing(t *testing.T) {
	r := NewReader([]byte{0xbf, 0xff, 0xff, 0xff})
	n := testing.AllocsPerRun(100, func() { NewReader([]byte{0xbf, 0xff, 0xff, 0xff}).Opaque() })
	if n > 4 {
		t.Errorf("%v allocations for a length without a body", n)
	}
	r.Opaque()
	first := r.Err()
	if r.Uint64() != 0 || r.Optional() || r.Err() != first || r.Len() != 0 {
		t.Error("a reader went on after its error")
	}
}

func TestElementsAreBoundedOverNestedVectors(t *testing.T) {
	var w Writer
	w.Vector(func(w *Writer) {
		for range 1 << 10 {
			w.Vector(func(w *Writer) { w.Raw(make([]byte, 1<<11)) })
		}
	})
	r := NewReader(w.Bytes())
	total := 0
	Vector(r, func(r *Reader) int {
		total += len(Vector(r, (*Reader).Uint8))
		return 0
	})
	if rule.Section(r.Err()) != "2.1.2" || total > maxElements {
		t.Fatalf("%d elements were decoded: %v", total, r.Err())
	}
}

func TestDecodedBytesAreCopies(t *testing.T) {
	in := []byte{3, 1, 2, 3}
	r := NewReader(in)
	out := r.Opaque()
	in[1] = 9
	if out[0] != 1 {
		t.Error("decoded bytes changed with the input")
	}
}
