package wire

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"strconv"
	"strings"
	"time"

	"conclave/keys"
)

// Header carries the signature: "Conclave 1 <device> <unix time> <nonce> <signature>".
const Header = "Authorization"

const scheme = "Conclave 1 "

// Skew is how far the clocks of a device and the service may differ.
const Skew = 2 * time.Minute

const contextRequest = "registry request"

// ErrSignature is returned for a request that no device signed for this service,
// path and body, now.
var ErrSignature = errors.New("verify registry request: not signed")

// Nonce makes each request unique, so that none can be replayed.
type Nonce [16]byte

// Sign returns the header of a request. host is the service's name and port as
// in the URL, so that a request to one service is worth nothing at another.
func Sign(device keys.DeviceKey, host, path string, body []byte, now time.Time) string {
	var nonce Nonce
	_, _ = rand.Read(nonce[:])
	signature := device.Sign(contextRequest, signed(host, path, body, now.Unix(), nonce))
	return scheme + strings.Join([]string{
		device.Public().String(), strconv.FormatInt(now.Unix(), 10),
		base64.RawURLEncoding.EncodeToString(nonce[:]), base64.RawURLEncoding.EncodeToString(signature),
	}, " ")
}

// Verify returns the device that signed a request, and its nonce, which the
// caller must refuse to see twice within 2 x Skew.
func Verify(header, host, path string, body []byte, now time.Time) (keys.PublicKey, Nonce, error) {
	rest, ok := strings.CutPrefix(header, scheme)
	parts := strings.Split(rest, " ")
	if !ok || len(header) > 512 || len(parts) != 4 {
		return keys.PublicKey{}, Nonce{}, ErrSignature
	}
	device, err := keys.ParsePublicKey(parts[0])
	if err != nil {
		return keys.PublicKey{}, Nonce{}, ErrSignature
	}
	seconds, err := strconv.ParseInt(parts[1], 10, 64)
	if err != nil || time.Unix(seconds, 0).Sub(now).Abs() > Skew {
		return keys.PublicKey{}, Nonce{}, ErrSignature
	}
	nonce, err := base64.RawURLEncoding.Strict().DecodeString(parts[2])
	signature, err2 := base64.RawURLEncoding.Strict().DecodeString(parts[3])
	if err != nil || err2 != nil || len(nonce) != len(Nonce{}) {
		return keys.PublicKey{}, Nonce{}, ErrSignature
	}
	if !keys.Verify(device, contextRequest, signed(host, path, body, seconds, Nonce(nonce)), signature) {
		return keys.PublicKey{}, Nonce{}, ErrSignature
	}
	return device, Nonce(nonce), nil
}

func signed(host, path string, body []byte, seconds int64, nonce Nonce) []byte {
	sum := sha256.Sum256(body)
	out := binary.BigEndian.AppendUint16(nil, uint16(len(host)))
	out = append(out, host...)
	out = binary.BigEndian.AppendUint16(out, uint16(len(path)))
	out = append(out, path...)
	out = binary.BigEndian.AppendUint64(out, uint64(seconds))
	out = append(out, nonce[:]...)
	return append(out, sum[:]...)
}
