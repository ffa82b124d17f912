package frame

import "encoding/binary"

// Sizes in bytes.
const (
	// MaxHeader is the longest SFrame header (RFC 9605 section 4.3).
	MaxHeader = 1 + 8 + 8
	// TagSize is the length of the authentication tag, in both suites.
	TagSize = 16
	// MaxClear is the longest clear part in front of a sealed frame.
	MaxClear = 16
	// Overhead is the most that Seal adds to clear part and plaintext.
	Overhead = MaxHeader + TagSize
)

// Layout of a KID (RFC 9605 section 5.2): context, leaf, epoch. The widths are
// fixed and not computed from the size of the group: leaf indices may exceed the
// number of members, and the layout must not move when somebody joins.
const (
	epochBits  = 6
	leafBits   = 10
	streamBits = 4

	// MaxLeaf is the highest leaf index that a KID can name.
	MaxLeaf = 1<<leafBits - 1
)

// KID names the key of a frame: whose, of which stream, of which epoch.
type KID uint64

// NewKID packs the three parts. Leaf and stream beyond their width are cut, so
// callers check them before.
func NewKID(stream Stream, leaf uint32, epoch uint64) KID {
	return KID(stream)&(1<<streamBits-1)<<(leafBits+epochBits) |
		KID(leaf)&MaxLeaf<<epochBits | KID(epoch)&(1<<epochBits-1)
}

// Stream returns the context part.
func (k KID) Stream() Stream { return Stream(k >> (leafBits + epochBits) & (1<<streamBits - 1)) }

// Leaf returns the sender's leaf index in the meeting's group.
func (k KID) Leaf() uint32 { return uint32(k>>epochBits) & MaxLeaf }

// Epoch returns the six lowest bits of the epoch.
func (k KID) Epoch() uint64 { return uint64(k) & (1<<epochBits - 1) }

// isOurs reports whether nothing stands above the three parts.
func (k KID) isOurs() bool { return k>>(streamBits+leafBits+epochBits) == 0 }

// Header is the clear head of a sealed frame.
type Header struct {
	KID     KID
	Counter uint64
}

// Append appends the encoding of h, 1 to 17 bytes.
func (h Header) Append(dst []byte) []byte {
	var buf [MaxHeader]byte
	return append(dst, buf[:h.put(&buf)]...)
}

// put writes the encoding of h to buf and returns its length.
func (h Header) put(buf *[MaxHeader]byte) int {
	x, kid := field(uint64(h.KID))
	y, counter := field(h.Counter)
	buf[0] = x<<4 | y
	n := 1 + putMinimal(buf[1:], uint64(h.KID), kid)
	return n + putMinimal(buf[n:], h.Counter, counter)
}

// field returns the four bits that stand for a number in the config byte, and how
// many bytes follow.
func field(v uint64) (bits byte, length int) {
	if v < 8 {
		return byte(v), 0
	}
	for length = 1; v > 0xff; length++ {
		v >>= 8
	}
	return 8 | byte(length-1), length
}

func putMinimal(dst []byte, v uint64, length int) int {
	for i := length - 1; i >= 0; i-- {
		dst[i] = byte(v)
		v >>= 8
	}
	return length
}

// ParseHeader reads a header from the front of data and returns its length. It
// accepts the shortest encoding only, so that a header has one form.
func ParseHeader(data []byte) (Header, int, error) {
	if len(data) == 0 {
		return Header{}, 0, ErrMalformed
	}
	config := data[0]
	kid, n, ok := parseField(config>>4, data, 1)
	if !ok {
		return Header{}, 0, ErrMalformed
	}
	counter, n, ok := parseField(config&15, data, n)
	if !ok {
		return Header{}, 0, ErrMalformed
	}
	return Header{KID: KID(kid), Counter: counter}, n, nil
}

// parseField reads the number that bits announce, at data[at:].
func parseField(bits byte, data []byte, at int) (v uint64, next int, ok bool) {
	if bits&8 == 0 {
		return uint64(bits), at, true
	}
	length := int(bits&7) + 1
	if len(data)-at < length {
		return 0, 0, false
	}
	for _, b := range data[at : at+length] {
		v = v<<8 | uint64(b)
	}
	if length == 1 && v < 8 || length > 1 && data[at] == 0 {
		return 0, 0, false
	}
	return v, at + length, true
}

// xorCounter sets nonce to salt XOR counter (RFC 9605 section 4.4.3).
func xorCounter(nonce *[12]byte, salt *[12]byte, counter uint64) {
	*nonce = *salt
	tail := binary.BigEndian.Uint64(nonce[4:]) ^ counter
	binary.BigEndian.PutUint64(nonce[4:], tail)
}
