package channel

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// SignatureHeader carries the signature of webhooks and of gateway requests:
// "t=<unix seconds>,v1=<hex of HMAC-SHA-256 over seconds, a dot and the body>".
const SignatureHeader = "X-Conclave-Signature"

// Tolerance is how old a signed webhook may be. Receivers also remember what
// they received within it, so that none counts twice.
const Tolerance = 5 * time.Minute

// ErrSignature is returned for a webhook that the partner did not sign, or not
// now.
var ErrSignature = errors.New("verify webhook: not signed")

// Sign returns the header's value for a body.
func Sign(secret []byte, now time.Time, body []byte) string {
	seconds := strconv.FormatInt(now.Unix(), 10)
	return fmt.Sprintf("t=%s,v1=%s", seconds, hex.EncodeToString(sum(secret, seconds, body)))
}

// Verify reports an error unless value signs body with secret, about now.
func Verify(secret []byte, value string, body []byte, now time.Time) error {
	seconds, signature, ok := strings.Cut(strings.TrimPrefix(value, "t="), ",v1=")
	if !ok || len(secret) == 0 || !strings.HasPrefix(value, "t=") {
		return ErrSignature
	}
	n, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil || now.Sub(time.Unix(n, 0)).Abs() > Tolerance {
		return ErrSignature
	}
	got, err := hex.DecodeString(signature)
	if err != nil || !hmac.Equal(got, sum(secret, seconds, body)) {
		return ErrSignature
	}
	return nil
}

func sum(secret []byte, seconds string, body []byte) []byte {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(seconds + "."))
	mac.Write(body)
	return mac.Sum(nil)
}
