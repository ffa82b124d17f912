// Package voucher makes and checks vouchers that cannot be linked: a partner
// organisation signs a blinded message (RSA blind signatures, RFC 9474,
// RSABSSA-SHA384-PSS-Randomized), and the service checks the unblinded one.
// The partner knows whom it gave a voucher, the service which account redeemed
// one; not even together do they know which voucher was whose.
//
// Single use is the service's part: it remembers ID of each redeemed voucher.
// Trust zones: Issuer runs at the partner, Request on the device, Verifier at
// the service.
package voucher

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"github.com/cloudflare/circl/blindsign/blindrsa"
)

// Bits is the size of partners' keys.
const Bits = 3072

const variant = blindrsa.SHA384PSSRandomized

// prefixSize is how many random bytes preparing puts before a message (RFC 9474
// section 4.1).
const prefixSize = 32

// Label stands in front of every message, so that a partner's key that also
// signs other things blindly can not be used here.
const label = "Conclave 1 voucher\x00"

// MessageSize is the length of a voucher's prepared message.
const MessageSize = prefixSize + len(label) + 32

// Errors of vouchers.
var (
	ErrKey     = errors.New("read voucher key: want an RSA key of 2048 to 4096 bits")
	ErrVoucher = errors.New("check voucher: the partner has not signed it")
)

// Voucher is an unblinded signature, ready to be redeemed. It prints "[hidden]":
// who has it can use it.
type Voucher struct{ Message, Signature []byte }

// Format prints "[hidden]".
func (Voucher) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "[hidden]") }

// LogValue returns "[hidden]".
func (Voucher) LogValue() slog.Value { return slog.StringValue("[hidden]") }

// ID names the voucher for ever, whatever its signature looks like.
func (v Voucher) ID() [32]byte {
	return sha256.Sum256(append([]byte("Conclave 1 spent\x00"), v.Message...))
}

// Issuer signs for a partner.
type Issuer struct {
	signer blindrsa.Signer
	public *rsa.PublicKey
}

// NewIssuer uses a partner's private key.
func NewIssuer(key *rsa.PrivateKey) (*Issuer, error) {
	if !isSize(&key.PublicKey) {
		return nil, ErrKey
	}
	return &Issuer{blindrsa.NewSigner(key), &key.PublicKey}, nil
}

// Sign signs what a device blinded. Each call is one voucher: the partner
// decides before, about the person in front of it.
func (i *Issuer) Sign(blinded []byte) ([]byte, error) {
	signature, err := i.signer.BlindSign(blinded)
	if err != nil {
		return nil, errors.New("sign voucher: the request is malformed")
	}
	return signature, nil
}

// Public returns the partner's public key in DER (PKIX).
func (i *Issuer) Public() ([]byte, error) {
	der, err := x509.MarshalPKIXPublicKey(i.public)
	if err != nil {
		return nil, fmt.Errorf("write voucher key: %w", err)
	}
	return der, nil
}

// Request is a voucher between blinding and unblinding, on the device. It
// prints "[hidden]".
type Request struct {
	client  blindrsa.Client
	state   blindrsa.State
	message []byte
	blinded []byte
}

// Format prints "[hidden]".
func (*Request) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "[hidden]") }

// LogValue returns "[hidden]".
func (*Request) LogValue() slog.Value { return slog.StringValue("[hidden]") }

// NewRequest draws a message and blinds it for the partner whose public key is
// in DER.
func NewRequest(public []byte) (*Request, error) {
	key, err := parse(public)
	if err != nil {
		return nil, err
	}
	client, err := blindrsa.NewClient(variant, key)
	if err != nil {
		return nil, ErrKey
	}
	message := make([]byte, len(label)+32)
	copy(message, label)
	_, _ = rand.Read(message[len(label):])
	prepared, err := client.Prepare(rand.Reader, message)
	if err != nil {
		return nil, fmt.Errorf("ask for voucher: %w", err)
	}
	blinded, state, err := client.Blind(rand.Reader, prepared)
	if err != nil {
		return nil, fmt.Errorf("ask for voucher: %w", err)
	}
	return &Request{client, state, prepared, blinded}, nil
}

// Blinded is what the partner signs.
func (r *Request) Blinded() []byte { return r.blinded }

// Finish unblinds the partner's answer and checks it.
func (r *Request) Finish(answer []byte) (Voucher, error) {
	signature, err := r.client.Finalize(r.state, answer)
	if err != nil {
		return Voucher{}, ErrVoucher
	}
	return Voucher{Message: r.message, Signature: signature}, nil
}

// Verifier checks the vouchers of one partner.
type Verifier struct{ verifier blindrsa.Verifier }

// NewVerifier uses a partner's public key in DER.
func NewVerifier(public []byte) (Verifier, error) {
	key, err := parse(public)
	if err != nil {
		return Verifier{}, err
	}
	v, err := blindrsa.NewVerifier(variant, key)
	if err != nil {
		return Verifier{}, ErrKey
	}
	return Verifier{v}, nil
}

// Verify reports an error unless the partner signed v.
func (v Verifier) Verify(voucher Voucher) error {
	m := voucher.Message
	if len(m) != MessageSize || string(m[prefixSize:prefixSize+len(label)]) != label {
		return ErrVoucher
	}
	if v.verifier.Verify(m, voucher.Signature) != nil {
		return ErrVoucher
	}
	return nil
}

func parse(public []byte) (*rsa.PublicKey, error) {
	if len(public) > 2048 {
		return nil, ErrKey
	}
	parsed, err := x509.ParsePKIXPublicKey(public)
	key, isRSA := parsed.(*rsa.PublicKey)
	if err != nil || !isRSA || !isSize(key) {
		return nil, ErrKey
	}
	return key, nil
}

func isSize(k *rsa.PublicKey) bool { return k.N.BitLen() >= 2048 && k.N.BitLen() <= 4096 }
