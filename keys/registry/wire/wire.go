// Package wire is what the registry and its clients say to each other over
// HTTP: JSON bodies, a closed list of error codes, and the signature of the
// device below each request.
//
// It is not the control socket of meetings (call/wire). There are no sessions,
// cookies or bearer tokens: each request is signed by the device key, so that
// nothing that the service stores or logs lets anybody act as a device.
//
// Trust zone: both ends; everything received is hostile until it was decoded by
// Decode, which is strict. Standard library and package keys only.
package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"conclave/keys"
)

// Prefix is where the registry's paths begin. A new version has another one.
const Prefix = "/v1/"

// MaxBody is the longest request body, in bytes. MaxAnswer is the longest
// answer that a client reads.
const (
	MaxBody   = 16 << 10
	MaxAnswer = 4 << 20
)

// Code says why a request failed. The list is closed.
type Code string

// The codes.
const (
	CodeBadRequest   Code = "bad-request"    // malformed; 400
	CodeTooLarge     Code = "too-large"      // body too long; 413
	CodeUnauthorized Code = "unauthorized"   // not signed by a device of an account; 401
	CodeTooFast      Code = "too-fast"       // see RetryAfter; 429
	CodeNotFound     Code = "not-found"      // 404
	CodeWrongCode    Code = "wrong-code"     // see TriesLeft; 422
	CodeExpired      Code = "expired"        // the code or attempt is no longer valid; 410
	CodeUsed         Code = "used"           // the number or voucher belongs to somebody already; 409
	CodeChannelDown  Code = "channel-down"   // the mail server or gateway does not answer; 503
	CodeUndelivered  Code = "undelivered"    // the mail server or gateway refused the address; 422
	CodeNotProved    Code = "not-proved"     // the organisation's domain is not proved; 422
	CodeSignOn       Code = "sign-on-failed" // the organisation's answer does not hold; 422
	CodeNoSeat       Code = "no-seat"        // nobody assigned a seat; 404
	CodeVoucher      Code = "voucher"        // not signed by the partner; 422
	CodeName         Code = "name"           // display name not acceptable; 422
	CodeUnavailable  Code = "unavailable"    // this service does not offer that way; 404
	CodeInternal     Code = "internal"       // 500
)

var statuses = map[Code]int{
	CodeBadRequest: 400, CodeTooLarge: 413, CodeUnauthorized: 401, CodeTooFast: 429, CodeNotFound: 404,
	CodeWrongCode: 422, CodeExpired: 410, CodeUsed: 409, CodeChannelDown: 503, CodeUndelivered: 422,
	CodeNotProved: 422, CodeSignOn: 422, CodeNoSeat: 404, CodeVoucher: 422, CodeName: 422,
	CodeUnavailable: 404, CodeInternal: 500,
}

// Status returns the HTTP status of a code; 0 for an unknown one.
func (c Code) Status() int { return statuses[c] }

// Codes lists all codes, in no order.
func Codes() []Code {
	out := make([]Code, 0, len(statuses))
	for c := range statuses {
		out = append(out, c)
	}
	return out
}

// Error is a failed request.
type Error struct {
	Code       Code `json:"code"`
	TriesLeft  int  `json:"tries_left,omitempty"`
	RetryAfter int  `json:"retry_after,omitempty"` // seconds
}

// Error names the code alone.
func (e *Error) Error() string { return "registry: " + string(e.Code) }

// Fail returns an error with a code.
func Fail(c Code) *Error { return &Error{Code: c} }

// Text hides itself when printed: addresses, numbers, codes, names and tokens.
// JSON carries it, because it travels in requests.
type Text string

// Format prints "[hidden]".
func (Text) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "[hidden]") }

// LogValue returns "[hidden]".
func (Text) LogValue() slog.Value { return slog.StringValue("[hidden]") }

// Requests and answers, by path below Prefix. All requests are POST with a
// signed JSON body, except where said.
type (
	// About answers GET about, which is not signed.
	About struct {
		Version       int      `json:"version"`
		Authorities   [][]byte `json:"authorities"` // certificates in DER, oldest first
		LogKey        string   `json:"log_key"`     // verifier key of the log
		PolicyKey     string   `json:"policy_key"`  // verifier key of policies
		Ways          []string `json:"ways"`        // classes that can be had here
		Outbox        bool     `json:"outbox"`      // codes lie in a folder of this computer
		Organisations []string `json:"organisations,omitempty"`
		Partners      []string `json:"partners,omitempty"` // of vouchers
	}
	// SignInStart asks for a code by e-mail: signin/start, answered by Started.
	SignInStart struct {
		Address Text `json:"address"`
	}
	// PhoneStart asks for a code by SMS: phone/start, answered by Started.
	PhoneStart struct {
		Number Text `json:"number"` // E.164: + and digits
	}
	// Started says that a code is on its way.
	Started struct {
		Attempt string    `json:"attempt"`
		Until   time.Time `json:"until"`
		Outbox  bool      `json:"outbox"` // see outbox
	}
	// Finish types a code in: signin/finish, phone/finish, answered by Account.
	Finish struct {
		Attempt string `json:"attempt"`
		Code    Text   `json:"code"`
		Name    Text   `json:"name,omitempty"` // signin/finish: of a new account
	}
	// Outbox asks for the message of an attempt, where the service keeps them in
	// a folder instead of sending them: outbox, answered by OutboxMessage.
	Outbox struct {
		Attempt string `json:"attempt"`
	}
	// OutboxMessage is a message that was not sent.
	OutboxMessage struct {
		Code Text `json:"code"`
	}
	// SignOnStart begins signing on at an organisation: organisation/start.
	SignOnStart struct {
		Domain string `json:"domain"`
	}
	// SignOn says where: the app runs the authorization code flow with PKCE.
	SignOn struct {
		Attempt  string   `json:"attempt"`
		Issuer   string   `json:"issuer"`
		ClientID string   `json:"client_id"`
		Nonce    string   `json:"nonce"`
		Scopes   []string `json:"scopes"`
	}
	// SignOnFinish brings the ID token: organisation/finish, answered by Account.
	SignOnFinish struct {
		Attempt string `json:"attempt"`
		Token   Text   `json:"token"`
	}
	// Voucher redeems one: voucher/redeem, answered by Account.
	Voucher struct {
		Partner   string `json:"partner"`
		Message   []byte `json:"message"`
		Signature []byte `json:"signature"`
	}
	// Empty is the body of account, seat/claim, passport, passports, devices,
	// export, delete, and the answer where there is nothing to say.
	Empty struct{}
	// Rename sets the display name: account/name, answered by Account.
	Rename struct {
		Name Text `json:"name"`
	}
	// Revoke ends a device: devices/revoke.
	Revoke struct {
		Device keys.PublicKey `json:"device"`
	}
	// Account is the state of the caller's account: account.
	Account struct {
		ID            keys.AccountID `json:"id"`
		Name          Text           `json:"name"`
		Address       Text           `json:"address"`
		Class         keys.Class     `json:"class"` // what passports will say
		Verifications []Verification `json:"verifications"`
		Created       time.Time      `json:"created"`
	}
	// Verification is one way in which the account was verified.
	Verification struct {
		Class    keys.Class `json:"class"`
		Issuer   string     `json:"issuer,omitempty"`
		Evidence string     `json:"evidence"` // its kind, never itself
		Verified time.Time  `json:"verified"`
		Expires  time.Time  `json:"expires,omitzero"`
	}
	// Passports answers passports: all of the account that are still valid.
	Passports struct {
		Bundles [][]byte `json:"bundles"`
	}
	// Passport answers passport: a new one for the calling device.
	Passport struct {
		Bundle []byte `json:"bundle"` // keys.PassportBundle, encoded
	}
	// Devices answers devices.
	Devices struct {
		Devices []Device `json:"devices"`
	}
	// Device is a device of the account.
	Device struct {
		Key     keys.PublicKey `json:"key"`
		Added   time.Time      `json:"added"`
		Revoked time.Time      `json:"revoked,omitzero"`
	}
	// Export answers export: all that the service holds about the account.
	Export struct {
		Account   Account   `json:"account"`
		Devices   []Device  `json:"devices"`
		Passports [][]byte  `json:"passports"` // certificates in DER
		Made      time.Time `json:"made"`
		// Missing says in words what no service has.
		Missing []string `json:"missing"`
	}
	// Disclosure is one line of GET disclosures, the transparency report.
	Disclosure struct {
		Day    string `json:"day"` // 2026-11-22
		Ground string `json:"ground"`
		What   string `json:"what"`
		Count  uint64 `json:"count"`
		Index  uint64 `json:"index"` // in the log
	}
	// Report answers GET disclosures.
	Report struct {
		Disclosures []Disclosure `json:"disclosures"`
	}
)

// ErrBody is returned for a body that is not exactly one JSON object of the type.
var ErrBody = errors.New("decode registry message: malformed")

// Decode reads one JSON object strictly: no unknown fields, nothing after it.
// The caller bounds the length of data.
func Decode(data []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return ErrBody // the text of err would quote the body
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return ErrBody
	}
	return nil
}
