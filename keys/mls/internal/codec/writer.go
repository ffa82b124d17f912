package codec

import "encoding/binary"

// maxVector is the longest vector the length prefix can express.
const maxVector = 1<<30 - 1

// Encodable is a structure that writes itself.
type Encodable interface{ Encode(w *Writer) }

// Writer appends values to a growing buffer. Its zero value is ready.
type Writer struct{ buf []byte }

// NewWriter returns a writer with room for n bytes, for those who know how many
// there will be.
func NewWriter(n int) Writer { return Writer{buf: make([]byte, 0, n)} }

// Marshal encodes v.
func Marshal(v Encodable) []byte {
	var w Writer
	v.Encode(&w)
	return w.buf
}

// Bytes returns what was written. The writer must not be used afterwards.
func (w *Writer) Bytes() []byte { return w.buf }

// Uint8 writes one byte.
func (w *Writer) Uint8(v uint8) { w.buf = append(w.buf, v) }

// Uint16 writes two bytes.
func (w *Writer) Uint16(v uint16) { w.buf = binary.BigEndian.AppendUint16(w.buf, v) }

// Uint32 writes four bytes.
func (w *Writer) Uint32(v uint32) { w.buf = binary.BigEndian.AppendUint32(w.buf, v) }

// Uint64 writes eight bytes.
func (w *Writer) Uint64(v uint64) { w.buf = binary.BigEndian.AppendUint64(w.buf, v) }

// Raw writes bytes without a length.
func (w *Writer) Raw(b []byte) { w.buf = append(w.buf, b...) }

// Opaque writes opaque<V>.
func (w *Writer) Opaque(b []byte) {
	w.buf = appendLength(w.buf, len(b))
	w.buf = append(w.buf, b...)
}

// Length writes a vector's length.
func (w *Writer) Length(n int) { w.buf = appendLength(w.buf, n) }

// Optional writes the presence byte of optional<T>.
func (w *Writer) Optional(present bool) {
	if present {
		w.Uint8(1)
	} else {
		w.Uint8(0)
	}
}

// Vector writes T<V>: whatever body writes, with its length in front.
func (w *Writer) Vector(body func(w *Writer)) {
	start := len(w.buf)
	w.buf = append(w.buf, 0)
	body(w)
	n := len(w.buf) - start - 1
	var prefix [4]byte
	p := appendLength(prefix[:0], n)
	for range len(p) - 1 {
		w.buf = append(w.buf, 0)
	}
	copy(w.buf[start+len(p):], w.buf[start+1:start+1+n])
	copy(w.buf[start:], p)
}

// List writes the elements of a vector.
func List[T Encodable](w *Writer, list []T) {
	w.Vector(func(w *Writer) {
		for i := range list {
			list[i].Encode(w)
		}
	})
}

// appendLength writes a vector's length in its shortest form. Every input is
// limited far below 2^30 bytes, so a longer one is a fault of the program.
func appendLength(b []byte, n int) []byte {
	switch {
	case n < 1<<6:
		return append(b, byte(n))
	case n < 1<<14:
		return append(b, 0x40|byte(n>>8), byte(n))
	case n <= maxVector:
		return append(b, 0x80|byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
	default:
		panic("codec: vector longer than 2^30-1 bytes")
	}
}
