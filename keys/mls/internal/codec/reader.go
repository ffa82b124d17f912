// Package codec reads and writes the presentation language of RFC 9420
// (section 2.1): big-endian integers, and vectors whose length stands in front
// in one, two or four bytes.
//
// Reading is strict. A length that is not in its shortest form, that runs past
// the end of the input, or that leaves bytes over, is refused; nothing is
// allocated before the input is known to hold it.
package codec

import (
	"encoding/binary"

	"conclave/keys/mls/internal/rule"
)

// Decodable is a structure that reads itself.
type Decodable interface{ Decode(r *Reader) }

// Reader takes values off the front of its input. The first error sticks, and
// from then on every read yields a zero value: callers check Err once.
type Reader struct {
	rest   []byte
	err    error
	budget *int // of vector elements, shared with the readers of vectors inside
}

// maxElements bounds the vector elements of one structure, all vectors in it taken
// together. An element of two bytes can take fifty in memory; without the bound a
// message of 8 MB could take 400. The tree of a group of 65,536 has about 800,000.
const maxElements = 1 << 20

// NewReader reads from b. The values it returns are copies.
func NewReader(b []byte) *Reader {
	budget := maxElements
	return &Reader{rest: b, budget: &budget}
}

// Unmarshal decodes the whole of b into v, and refuses bytes left over.
func Unmarshal(b []byte, v Decodable) error {
	r := NewReader(b)
	v.Decode(r)
	return r.Done()
}

// Err returns the first error.
func (r *Reader) Err() error { return r.err }

// Fail makes err the reader's error, unless there is one already.
func (r *Reader) Fail(err error) {
	if r.err == nil {
		r.err = err
		r.rest = nil
	}
}

// Done returns the first error, or an error when input is left over.
func (r *Reader) Done() error {
	if r.err == nil && len(r.rest) > 0 {
		r.Fail(rule.Broken("2.1", "decode: bytes left over after the structure"))
	}
	return r.err
}

// Rest takes everything that is left.
func (r *Reader) Rest() []byte {
	return append([]byte(nil), r.take(len(r.rest))...)
}

// Len returns how many bytes are left.
func (r *Reader) Len() int { return len(r.rest) }

// Uint8 reads one byte.
func (r *Reader) Uint8() uint8 {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

// Uint16 reads two bytes.
func (r *Reader) Uint16() uint16 {
	if b := r.take(2); b != nil {
		return binary.BigEndian.Uint16(b)
	}
	return 0
}

// Uint32 reads four bytes.
func (r *Reader) Uint32() uint32 {
	if b := r.take(4); b != nil {
		return binary.BigEndian.Uint32(b)
	}
	return 0
}

// Uint64 reads eight bytes.
func (r *Reader) Uint64() uint64 {
	if b := r.take(8); b != nil {
		return binary.BigEndian.Uint64(b)
	}
	return 0
}

// Raw reads n bytes that carry no length.
func (r *Reader) Raw(n int) []byte {
	return append([]byte(nil), r.take(n)...)
}

// Opaque reads opaque<V>.
func (r *Reader) Opaque() []byte {
	return append([]byte{}, r.take(r.Length())...)
}

// Optional reads the presence byte of optional<T> (section 2.1.1).
func (r *Reader) Optional() bool {
	switch r.Uint8() {
	case 0:
		return false
	case 1:
		return true
	default:
		r.Fail(rule.Broken("2.1.1", "decode: presence byte is neither 0 nor 1"))
		return false
	}
}

// Vector reads T<V>, an element at a time.
func Vector[T any](r *Reader, element func(*Reader) T) []T {
	inner := Reader{rest: r.take(r.Length()), err: r.err, budget: r.budget}
	var list []T
	for len(inner.rest) > 0 && inner.err == nil {
		if *r.budget--; *r.budget < 0 {
			inner.Fail(rule.Broken("2.1.2", "decode: too many vector elements"))
			break
		}
		before := len(inner.rest)
		v := element(&inner)
		if len(inner.rest) == before {
			inner.Fail(rule.Broken("2.1.2", "decode: empty vector element"))
		}
		list = append(list, v)
	}
	if inner.err != nil {
		r.Fail(inner.err)
		return nil
	}
	return list
}

// Length reads a vector's length (section 2.1.2), which must be in its shortest
// form.
func (r *Reader) Length() int {
	first := r.Uint8()
	if r.err != nil {
		return 0
	}
	n := int(first & 0x3f)
	switch first >> 6 {
	case 0:
	case 1:
		n = n<<8 | int(r.Uint8())
		if n < 1<<6 {
			r.Fail(rule.Broken("2.1.2", "decode: vector length is not in its shortest form"))
		}
	case 2:
		n = n<<8 | int(r.Uint8())
		n = n<<16 | int(r.Uint16())
		if n < 1<<14 {
			r.Fail(rule.Broken("2.1.2", "decode: vector length is not in its shortest form"))
		}
	default:
		r.Fail(rule.Broken("2.1.2", "decode: vector length has the reserved prefix"))
	}
	if r.err != nil {
		return 0
	}
	return n
}

func (r *Reader) take(n int) []byte {
	if r.err != nil {
		return nil
	}
	if n > len(r.rest) {
		r.Fail(rule.Broken("2.1", "decode: input is too short"))
		return nil
	}
	b := r.rest[:n:n]
	r.rest = r.rest[n:]
	return b
}
