// Package client is a device's way to the registry: signed requests, the log's
// files, and signing on at an organisation through the system's browser.
//
// It decides nothing and stores nothing: what it brings is checked by keys,
// keys/tlog and keys/policy. Trust zone: device; it holds the device key to sign
// requests, and no error of it quotes what was sent.
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"strings"
	"time"

	"conclave/keys"
	"conclave/keys/registry/wire"
)

// Config is what a Client works with. Service and Device must be set.
type Config struct {
	// Service is the service's address, as in keys.Link.
	Service string
	// Device signs the requests.
	Device keys.DeviceKey
	// Transport carries the requests, with whatever pins the certificate;
	// http.DefaultTransport when nil.
	Transport http.RoundTripper
	// Now is the clock; time.Now when nil.
	Now func() time.Time
}

// timeout of a request. Issuing waits for the log, signing on for a provider.
const timeout = 20 * time.Second

// Client talks to one service. Its methods may be called from any goroutine.
// Their errors are *wire.Error when the service refused, and ErrDown otherwise.
type Client struct {
	cfg  Config
	base *url.URL
	http *http.Client
}

// ErrDown is returned when the service does not answer as a service does.
var ErrDown = errors.New("ask registry: the service does not answer")

// New checks the configuration; it does not connect.
func New(cfg Config) (*Client, error) {
	base, err := url.Parse(cfg.Service)
	if err != nil || base.Host == "" || base.Scheme != "https" && base.Scheme != "http" || cfg.Device.IsZero() {
		return nil, errors.New("set up registry client: want a service and a device key")
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	c := &http.Client{Timeout: timeout, Transport: cfg.Transport}
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Client{cfg: cfg, base: &url.URL{Scheme: base.Scheme, Host: base.Host, Path: "/"}, http: c}, nil
}

// call sends a signed request and decodes the answer into out.
func (c *Client) call(ctx context.Context, path string, in, out any) error {
	body, isRaw := in.([]byte)
	if !isRaw {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return fmt.Errorf("ask registry: %w", err)
		}
	}
	target := c.base.JoinPath(wire.Prefix, path)
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, target.String(), bytes.NewReader(body))
	if err != nil {
		return ErrDown
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set(wire.Header, wire.Sign(c.cfg.Device, target.Host, target.Path, body, c.cfg.Now()))
	data, err := c.do(r, wire.MaxAnswer)
	if err != nil {
		return err
	}
	if json.Unmarshal(data, out) != nil { // lenient: a newer service may say more
		return ErrDown
	}
	return nil
}

func (c *Client) get(ctx context.Context, path string, limit int64) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base.JoinPath(path).String(), http.NoBody)
	if err != nil {
		return nil, ErrDown
	}
	return c.do(r, limit)
}

func (c *Client) do(r *http.Request, limit int64) ([]byte, error) {
	response, err := c.http.Do(r)
	if err != nil {
		return nil, errors.Join(ErrDown, r.Context().Err())
	}
	defer func() { _ = response.Body.Close() }()
	data, err := io.ReadAll(io.LimitReader(response.Body, limit+1))
	if err != nil || int64(len(data)) > limit {
		return nil, ErrDown
	}
	if response.StatusCode == http.StatusOK {
		return data, nil
	}
	failed := &wire.Error{}
	if json.Unmarshal(data, failed) == nil && failed.Code.Status() == response.StatusCode {
		return nil, failed
	}
	if response.StatusCode == http.StatusNotFound {
		return nil, fs.ErrNotExist
	}
	return nil, ErrDown
}

// About asks what the service offers.
func (c *Client) About(ctx context.Context) (out wire.About, err error) {
	data, err := c.get(ctx, wire.Prefix+"about", wire.MaxAnswer)
	if err == nil && json.Unmarshal(data, &out) != nil {
		err = ErrDown
	}
	return out, err
}

// Policy fetches the signed policy in force, or with a hash that one.
func (c *Client) Policy(ctx context.Context, hash string) ([]byte, error) {
	path := wire.Prefix + "policy"
	if hash != "" {
		path += "/" + hash
	}
	return c.get(ctx, path, 128<<10)
}

// Terms fetches the terms of a meeting by their hash.
func (c *Client) Terms(ctx context.Context, hash [32]byte) ([]byte, error) {
	return c.get(ctx, fmt.Sprintf("%sterms/%x", wire.Prefix, hash), 4096)
}

// StoreTerms leaves the terms of a meeting for those who join.
func (c *Client) StoreTerms(ctx context.Context, terms []byte) error {
	return c.call(ctx, "terms", terms, &wire.Empty{})
}

// StartSignIn asks for a code by e-mail.
func (c *Client) StartSignIn(ctx context.Context, address string) (out wire.Started, err error) {
	err = c.call(ctx, "signin/start", wire.SignInStart{Address: wire.Text(address)}, &out)
	return out, err
}

// FinishSignIn types it in; name is that of a new account.
func (c *Client) FinishSignIn(ctx context.Context, attempt, code, name string) (out wire.Account, err error) {
	err = c.call(ctx, "signin/finish", wire.Finish{Attempt: attempt, Code: wire.Text(code), Name: wire.Text(name)}, &out)
	return out, err
}

// StartPhone asks for a code by SMS.
func (c *Client) StartPhone(ctx context.Context, number string) (out wire.Started, err error) {
	err = c.call(ctx, "phone/start", wire.PhoneStart{Number: wire.Text(number)}, &out)
	return out, err
}

// FinishPhone types it in.
func (c *Client) FinishPhone(ctx context.Context, attempt, code string) (out wire.Account, err error) {
	err = c.call(ctx, "phone/finish", wire.Finish{Attempt: attempt, Code: wire.Text(code)}, &out)
	return out, err
}

// OutboxCode reads the code that a service on one's own computer did not send.
func (c *Client) OutboxCode(ctx context.Context, attempt string) (string, error) {
	var out wire.OutboxMessage
	err := c.call(ctx, "outbox", wire.Outbox{Attempt: attempt}, &out)
	return string(out.Code), err
}

// StartOrganisation asks where the people of a domain sign on.
func (c *Client) StartOrganisation(ctx context.Context, domain string) (out wire.SignOn, err error) {
	err = c.call(ctx, "organisation/start", wire.SignOnStart{Domain: domain}, &out)
	return out, err
}

// FinishOrganisation brings the ID token that SignOn got.
func (c *Client) FinishOrganisation(ctx context.Context, attempt, token string) (out wire.Account, err error) {
	err = c.call(ctx, "organisation/finish", wire.SignOnFinish{Attempt: attempt, Token: wire.Text(token)}, &out)
	return out, err
}

// ClaimSeat takes the seat that was assigned to the account's address.
func (c *Client) ClaimSeat(ctx context.Context) (out wire.Account, err error) {
	err = c.call(ctx, "seat/claim", wire.Empty{}, &out)
	return out, err
}

// RedeemVoucher takes a partner's voucher.
func (c *Client) RedeemVoucher(ctx context.Context, partner string, message, signature []byte) (out wire.Account, err error) {
	err = c.call(ctx, "voucher/redeem", wire.Voucher{Partner: partner, Message: message, Signature: signature}, &out)
	return out, err
}

// Account describes the device's account.
func (c *Client) Account(ctx context.Context) (out wire.Account, err error) {
	err = c.call(ctx, "account", wire.Empty{}, &out)
	return out, err
}

// Rename sets the display name.
func (c *Client) Rename(ctx context.Context, name string) (out wire.Account, err error) {
	err = c.call(ctx, "account/name", wire.Rename{Name: wire.Text(name)}, &out)
	return out, err
}

// Passport asks for a new passport. It is not checked.
func (c *Client) Passport(ctx context.Context) (keys.PassportBundle, error) {
	var out wire.Passport
	if err := c.call(ctx, "passport", wire.Empty{}, &out); err != nil {
		return keys.PassportBundle{}, err
	}
	b, err := keys.ParsePassportBundle(out.Bundle)
	if err != nil {
		return keys.PassportBundle{}, ErrDown
	}
	return b, nil
}

// Passports asks for all passports of the account, for tlog.Client.Explain.
func (c *Client) Passports(ctx context.Context) ([]keys.PassportBundle, error) {
	var out wire.Passports
	if err := c.call(ctx, "passports", wire.Empty{}, &out); err != nil {
		return nil, err
	}
	var bundles []keys.PassportBundle
	for _, data := range out.Bundles {
		b, err := keys.ParsePassportBundle(data)
		if err != nil {
			return nil, ErrDown
		}
		bundles = append(bundles, b)
	}
	return bundles, nil
}

// Devices lists the account's devices.
func (c *Client) Devices(ctx context.Context) ([]wire.Device, error) {
	var out wire.Devices
	err := c.call(ctx, "devices", wire.Empty{}, &out)
	return out.Devices, err
}

// Revoke ends a device of the account.
func (c *Client) Revoke(ctx context.Context, device keys.PublicKey) error {
	return c.call(ctx, "devices/revoke", wire.Revoke{Device: device}, &wire.Empty{})
}

// Export asks for all that the service holds about the account.
func (c *Client) Export(ctx context.Context) (out wire.Export, err error) {
	err = c.call(ctx, "export", wire.Empty{}, &out)
	return out, err
}

// Delete removes the account.
func (c *Client) Delete(ctx context.Context) error {
	return c.call(ctx, "delete", wire.Empty{}, &wire.Empty{})
}

// Disclosures fetches the transparency report.
func (c *Client) Disclosures(ctx context.Context) (out wire.Report, err error) {
	data, err := c.get(ctx, wire.Prefix+"disclosures", wire.MaxAnswer)
	if err == nil && json.Unmarshal(data, &out) != nil {
		err = ErrDown
	}
	return out, err
}

// LogPrefix is where a service serves the log's files.
const LogPrefix = "/log/"

// Log reads the files of a log over HTTP; it implements tlog.Reader.
type Log struct {
	base *url.URL
	http *http.Client
}

// NewLog reads the log at address, for outsiders; transport may be nil.
func NewLog(address string, transport http.RoundTripper) (*Log, error) {
	base, err := url.Parse(address)
	if err != nil || base.Host == "" || base.Scheme != "https" && base.Scheme != "http" {
		return nil, errors.New("set up log reader: want an http address")
	}
	return &Log{base, &http.Client{Timeout: timeout, Transport: transport}}, nil
}

// Log reads the log of the service.
func (c *Client) Log() *Log { return &Log{c.base.JoinPath(LogPrefix), c.http} }

// Read implements tlog.Reader.
func (l *Log) Read(ctx context.Context, path string, limit int64) ([]byte, error) {
	if strings.Contains(path, "..") {
		return nil, fs.ErrNotExist
	}
	c := &Client{base: l.base, http: l.http}
	return c.get(ctx, path, limit)
}
