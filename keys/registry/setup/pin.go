package setup

import (
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"net/http"
)

// pinned dials services with one certificate of their own making; "" asks the
// system's authorities. A pin is SHA-256 over the key (SPKI) in base64url, as
// links of meetings carry it.
func pinned(pin string) (http.RoundTripper, error) {
	if pin == "" {
		return nil, nil
	}
	want, err := base64.RawURLEncoding.DecodeString(pin)
	if err != nil || len(want) != sha256.Size {
		return nil, errors.New("read pin: want the 43 characters that the service printed at its start")
	}
	c := &tls.Config{MinVersion: tls.VersionTLS13, InsecureSkipVerify: true} // VerifyConnection is stricter
	c.VerifyConnection = func(state tls.ConnectionState) error {
		if len(state.PeerCertificates) > 0 {
			got := sha256.Sum256(state.PeerCertificates[0].RawSubjectPublicKeyInfo)
			if subtle.ConstantTimeCompare(got[:], want) == 1 {
				return nil
			}
		}
		return errors.New("the service has another certificate than the pin says")
	}
	return &http.Transport{TLSClientConfig: c, DisableKeepAlives: true}, nil
}
