package keys

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
)

// Limits of a bundle's encoding.
const (
	bundleVersion  = 1
	maxCheckpoint  = 4096
	maxPath        = 63 // hashes in an inclusion proof
	MaxBundleBytes = 1 + 32 + 1 + maxChain*(2+maxCertificate) + 8 + 2 + maxCheckpoint + 1 + maxPath*32
)

// ErrBundle is returned for bytes that are no passport bundle.
var ErrBundle = errors.New("parse passport bundle: malformed")

// PassportBundle is a passport with all that another client needs to check it:
// the chain, the key that opens its log entry, and the proof that the entry
// stands in the log. It is shown to the people one meets, and to nobody else; the
// certificate alone is the MLS credential too, which the meeting's service sees.
// It prints "[hidden]" with fmt and slog.
type PassportBundle struct {
	Chain   [][]byte   `json:"chain"`   // DER, leaf first
	Opening [32]byte   `json:"opening"` // key of the commitment in the log
	Log     LogReceipt `json:"log"`
}

// LogReceipt proves that an entry stands in the log: its index, a checkpoint
// (C2SP tlog-checkpoint) that covers it and the inclusion proof of RFC 6962
// section 2.1.1 under that checkpoint.
type LogReceipt struct {
	Index      uint64     `json:"index"`
	Checkpoint []byte     `json:"checkpoint"`
	Path       [][32]byte `json:"path"`
}

// Format prints "[hidden]".
func (PassportBundle) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, hiddenText) }

// LogValue returns "[hidden]".
func (PassportBundle) LogValue() slog.Value { return slog.StringValue(hiddenText) }

// Commitment is what the log holds of a certificate: HMAC-SHA-256 under the
// opening key. Without the key it says nothing about the certificate.
func Commitment(opening [32]byte, certificate []byte) [32]byte {
	return keyedHash(opening[:], "log commitment", certificate)
}

// LogLabel is the name under which the entries of one account stand in the log
// on one day (days since 1970, UTC). Only who knows the account's identifier
// recognises them, and entries of different days cannot be linked without it.
func LogLabel(account AccountID, day uint32) [32]byte {
	return keyedHash(account[:], "log label", binary.BigEndian.AppendUint32(nil, day))
}

func keyedHash(key []byte, label string, msg []byte) [32]byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(signaturePrefix + label + "\x00"))
	mac.Write(msg)
	return [32]byte(mac.Sum(nil))
}

// Encode returns the one encoding of b: version, opening, chain, index,
// checkpoint, path; lengths in front, big endian.
func (b PassportBundle) Encode() ([]byte, error) {
	if len(b.Chain) == 0 || len(b.Chain) > maxChain || len(b.Log.Path) > maxPath || len(b.Log.Checkpoint) > maxCheckpoint {
		return nil, fmt.Errorf("encode passport bundle: %w", ErrBundle)
	}
	out := append([]byte{bundleVersion}, b.Opening[:]...)
	out = append(out, byte(len(b.Chain)))
	for _, der := range b.Chain {
		if len(der) == 0 || len(der) > maxCertificate {
			return nil, fmt.Errorf("encode passport bundle: %w", ErrBundle)
		}
		out = binary.BigEndian.AppendUint16(out, uint16(len(der)))
		out = append(out, der...)
	}
	out = binary.BigEndian.AppendUint64(out, b.Log.Index)
	out = binary.BigEndian.AppendUint16(out, uint16(len(b.Log.Checkpoint)))
	out = append(out, b.Log.Checkpoint...)
	out = append(out, byte(len(b.Log.Path)))
	for _, h := range b.Log.Path {
		out = append(out, h[:]...)
	}
	return out, nil
}

// ParsePassportBundle reads what Encode writes, and no other bytes. It checks
// nothing: see Roots.Check and package tlog.
func ParsePassportBundle(data []byte) (PassportBundle, error) {
	r := bundleReader{rest: data}
	var b PassportBundle
	if r.number(1) != bundleVersion {
		return PassportBundle{}, ErrBundle
	}
	copy(b.Opening[:], r.take(32))
	n := r.number(1)
	if n == 0 || n > maxChain {
		return PassportBundle{}, ErrBundle
	}
	for range n {
		size := r.number(2)
		if size == 0 || size > maxCertificate {
			return PassportBundle{}, ErrBundle
		}
		b.Chain = append(b.Chain, append([]byte(nil), r.take(int(size))...))
	}
	b.Log.Index = r.number(8)
	size := r.number(2)
	if size > maxCheckpoint {
		return PassportBundle{}, ErrBundle
	}
	b.Log.Checkpoint = append([]byte(nil), r.take(int(size))...)
	n = r.number(1)
	if n > maxPath {
		return PassportBundle{}, ErrBundle
	}
	for range n {
		var h [32]byte
		copy(h[:], r.take(32))
		b.Log.Path = append(b.Log.Path, h)
	}
	if r.short || len(r.rest) != 0 {
		return PassportBundle{}, ErrBundle
	}
	return b, nil
}

// CertificateIn returns the passport (DER) in an encoded bundle, when it is one of
// device: what stands as credential in the device's leaf. Nil for anything else. It
// checks form, not trust.
func CertificateIn(bundle []byte, device PublicKey) []byte {
	b, err := ParsePassportBundle(bundle)
	if err != nil {
		return nil
	}
	p, err := ParsePassport(b.Chain[0])
	if err != nil || p.Device != device {
		return nil
	}
	return b.Chain[0]
}

// bundleReader takes bytes from the front; once too few are left it is short
// and gives zeros.
type bundleReader struct {
	rest  []byte
	short bool
}

func (r *bundleReader) take(n int) []byte {
	if r.short || n > len(r.rest) {
		r.short = true
		return nil
	}
	out := r.rest[:n]
	r.rest = r.rest[n:]
	return out
}

func (r *bundleReader) number(size int) uint64 {
	var v uint64
	for _, b := range r.take(size) {
		v = v<<8 | uint64(b)
	}
	return v
}
