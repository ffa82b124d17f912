package keys

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"math/big"
	"net/url"
	"time"
)

// accountScheme is the scheme of the URI that carries the account:
// conclave-account:<26 characters>.
const accountScheme = "conclave-account"

// maxCertificate is the longest certificate that is parsed, and maxChain the
// longest chain: leaf, and up to three authorities.
const (
	maxCertificate = 4096
	maxChain       = 4
)

// verificationOID marks the private extension with class and issuer. It lies
// under 2.25, where anybody may place a number without registration (X.667).
var verificationOID = asn1.ObjectIdentifier{2, 25, 1784235091, 1}

// verification is the content of the extension, in DER:
//
//	Verification ::= SEQUENCE {
//	    version  INTEGER (1),
//	    class    INTEGER,
//	    issuer   UTF8String,
//	    verified INTEGER,   -- seconds since 1970
//	    expires  INTEGER }  -- the same; 0 for never
type verification struct {
	Version  int
	Class    int
	Issuer   string `asn1:"utf8"`
	Verified int64
	Expires  int64
}

// SignPassport makes the certificate of p. Serial is drawn when it is zero;
// SignerName is taken from authority. authority must be a CA certificate and
// signer its key.
func SignPassport(authority *x509.Certificate, signer crypto.Signer, p Passport) ([]byte, error) {
	if p.Serial == ([16]byte{}) {
		_, _ = rand.Read(p.Serial[:])
	}
	p.Serial[0] &= 0x7f // a positive number in 16 octets (RFC 5280 section 4.1.2.2)
	p.Serial[0] |= 0x40
	p.NotBefore, p.NotAfter = wholeSeconds(p.NotBefore), wholeSeconds(p.NotAfter)
	if err := p.check(); err != nil {
		return nil, fmt.Errorf("sign passport: %w", err)
	}
	v := verification{Version: 1, Class: int(p.Class), Issuer: p.Issuer, Verified: p.Verified.Unix()}
	if !p.Expires.IsZero() {
		v.Expires = p.Expires.Unix()
	}
	extension, err := asn1.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("sign passport: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber:          new(big.Int).SetBytes(p.Serial[:]),
		Subject:               pkix.Name{CommonName: p.Name},
		NotBefore:             p.NotBefore,
		NotAfter:              p.NotAfter,
		KeyUsage:              x509.KeyUsageDigitalSignature,
		BasicConstraintsValid: true,
		URIs:                  []*url.URL{{Scheme: accountScheme, Opaque: p.Account.String()}},
		ExtraExtensions:       []pkix.Extension{{Id: verificationOID, Value: extension}},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, authority, ed25519.PublicKey(p.Device[:]), signer)
	if err != nil {
		return nil, fmt.Errorf("sign passport: %w", err)
	}
	return der, nil
}

func wholeSeconds(t time.Time) time.Time { return time.Unix(t.Unix(), 0).UTC() }

// ParsePassport reads a certificate that SignPassport made. It checks form, not
// trust: use Roots.Check.
func ParsePassport(der []byte) (Passport, error) {
	p, _, err := parsePassport(der)
	return p, err
}

func parsePassport(der []byte) (Passport, *x509.Certificate, error) {
	if len(der) > maxCertificate {
		return Passport{}, nil, ErrPassport
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return Passport{}, nil, ErrPassport
	}
	device, isEd25519 := cert.PublicKey.(ed25519.PublicKey)
	serial := cert.SerialNumber.Bytes()
	switch {
	case !isEd25519, cert.IsCA, cert.KeyUsage != x509.KeyUsageDigitalSignature, len(serial) != 16:
		return Passport{}, nil, ErrPassport
	case len(cert.URIs) != 1 || cert.URIs[0].Scheme != accountScheme:
		return Passport{}, nil, ErrPassport
	case len(cert.DNSNames)+len(cert.EmailAddresses)+len(cert.IPAddresses) != 0:
		return Passport{}, nil, ErrPassport
	}
	p := Passport{
		Device: PublicKey(device), Name: cert.Subject.CommonName, Serial: [16]byte(serial),
		NotBefore: cert.NotBefore, NotAfter: cert.NotAfter, SignerName: cert.Issuer.CommonName,
	}
	if p.Account, err = ParseAccountID(cert.URIs[0].Opaque); err != nil {
		return Passport{}, nil, ErrPassport
	}
	if err := p.readVerification(cert.Extensions); err != nil {
		return Passport{}, nil, err
	}
	if err := p.check(); err != nil {
		return Passport{}, nil, err
	}
	return p, cert, nil
}

// readVerification takes class, issuer and times from the one extension.
func (p *Passport) readVerification(extensions []pkix.Extension) error {
	found := 0
	for _, e := range extensions {
		if !e.Id.Equal(verificationOID) {
			continue
		}
		found++
		var v verification
		rest, err := asn1.Unmarshal(e.Value, &v)
		if err != nil || len(rest) != 0 || v.Version != 1 || v.Class <= 0 || v.Class > 255 {
			return ErrPassport
		}
		if again, err := asn1.Marshal(v); err != nil || !bytes.Equal(again, e.Value) {
			return ErrPassport
		}
		if v.Verified <= 0 || v.Verified > maxCreated || v.Expires < 0 || v.Expires > maxCreated {
			return ErrPassport
		}
		p.Class, p.Issuer, p.Verified = Class(v.Class), v.Issuer, time.Unix(v.Verified, 0).UTC()
		if v.Expires != 0 {
			p.Expires = time.Unix(v.Expires, 0).UTC()
		}
	}
	if found != 1 {
		return ErrPassport
	}
	return nil
}

// Roots are the authorities whose passports a client accepts: its service's,
// and those that an organisation configured.
type Roots struct{ certificates []*x509.Certificate }

// NewRoots parses authorities' certificates in DER.
func NewRoots(authorities ...[]byte) (Roots, error) {
	var r Roots
	for _, der := range authorities {
		cert, err := x509.ParseCertificate(der)
		if err != nil || !cert.IsCA || !cert.BasicConstraintsValid {
			return Roots{}, fmt.Errorf("read authority: %w", ErrPassport)
		}
		r.certificates = append(r.certificates, cert)
	}
	return r, nil
}

// Check returns the passport of a chain (leaf first) when an authority among r
// issued it, to this device, and both the certificate and the verification
// inside are valid at now. It does not ask the log: that is tlog's part.
func (r Roots) Check(chain [][]byte, device PublicKey, now time.Time) (Passport, error) {
	if len(chain) == 0 || len(chain) > maxChain {
		return Passport{}, ErrPassport
	}
	p, leaf, err := parsePassport(chain[0])
	if err != nil {
		return Passport{}, err
	}
	if p.Device != device {
		return Passport{}, ErrPassportDevice
	}
	if now.Before(p.NotBefore.Add(-PassportSkew)) || now.After(p.NotAfter) {
		return Passport{}, ErrPassportDates
	}
	if !p.Expires.IsZero() && now.After(p.Expires) {
		return Passport{}, ErrPassportAuthority
	}
	roots, between := x509.NewCertPool(), x509.NewCertPool()
	for _, c := range r.certificates {
		roots.AddCert(c)
	}
	for _, der := range chain[1:] {
		if len(der) > maxCertificate {
			return Passport{}, ErrPassport
		}
		c, err := x509.ParseCertificate(der)
		if err != nil {
			return Passport{}, ErrPassport
		}
		between.AddCert(c)
	}
	at := now
	if at.Before(p.NotBefore) {
		at = p.NotBefore // a clock that is slow by less than PassportSkew
	}
	_, err = leaf.Verify(x509.VerifyOptions{
		Roots: roots, Intermediates: between, CurrentTime: at, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	if err != nil {
		return Passport{}, ErrPassportChain
	}
	return p, nil
}
