// Package update tells whether a newer version of the program is out. It reads
// a manifest that the makers signed, believes nothing that does not carry their
// signature, and installs nothing: the app shows where the new version is.
//
// The manifest is a signed note (C2SP signed-note; golang.org/x/mod/sumdb/note)
// whose text is one JSON object. Who signs, and where the manifest lies, is set
// when the packages are made (app/pack); a program built otherwise never asks.
//
// Trust zone: device. The server of the manifest may withhold news, no more.
package update

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/mod/semver"
	"golang.org/x/mod/sumdb/note"
)

// MaxManifest bounds a manifest, in bytes.
const MaxManifest = 64 << 10

// askLimit is how long one question may take, and redirects how often it may be
// sent on: whoever asks by hand has the client's own limit no more.
const (
	askLimit  = 20 * time.Second
	redirects = 5
)

// Set by app/pack through the linker; empty in every other build.
var (
	address  string // https URL of the manifest
	verifier string // the makers' key, as note.NewVerifier reads it
)

// Errors of Open and Ask.
var (
	ErrSignature = errors.New("read update manifest: not signed by Conclave's makers")
	ErrManifest  = errors.New("read update manifest: malformed")
	ErrNotAsked  = errors.New("ask for updates: this build has no address and key for them")
)

// Manifest lists the packages of one version.
type Manifest struct {
	Format  string    `json:"format"`  // Format
	Version string    `json:"version"` // semantic, without the v: "1.2.0"
	Made    time.Time `json:"made"`
	Page    string    `json:"page"`  // https URL where people get it
	Notes   string    `json:"notes"` // what is new, one paragraph
	Files   []File    `json:"files"`
}

// File is one package.
type File struct {
	Name   string `json:"name"`
	System string `json:"system"` // linux, windows, darwin
	Size   int64  `json:"size"`   // bytes
	SHA256 string `json:"sha256"` // lower-case hexadecimal
}

// Format is the first field of every manifest.
const Format = "conclave-update/1"

// Sign writes m as a signed note. key is a private key as note.GenerateKey
// writes it.
func Sign(m Manifest, key string) ([]byte, error) {
	signer, err := note.NewSigner(strings.TrimSpace(key))
	if err != nil {
		return nil, errors.New("sign update manifest: the key is not one of note.GenerateKey's")
	}
	m.Format = Format
	if err := m.check(); err != nil {
		return nil, err
	}
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("sign update manifest: %w", err)
	}
	return note.Sign(&note.Note{Text: string(text) + "\n"}, signer)
}

// Open checks the signature of a manifest and reads it; nothing of it is looked
// at before.
func Open(signed []byte, verifier string) (Manifest, error) {
	if len(signed) > MaxManifest {
		return Manifest{}, ErrManifest
	}
	v, err := note.NewVerifier(verifier)
	if err != nil {
		return Manifest{}, ErrSignature
	}
	n, err := note.Open(signed, note.VerifierList(v))
	if err != nil {
		return Manifest{}, ErrSignature
	}
	var m Manifest
	d := json.NewDecoder(strings.NewReader(n.Text))
	d.DisallowUnknownFields()
	if err := d.Decode(&m); err != nil || d.More() {
		return Manifest{}, ErrManifest
	}
	return m, m.check()
}

func (m Manifest) check() error {
	page, err := url.Parse(m.Page)
	if m.Format != Format || err != nil || page.Scheme != "https" || page.Host == "" || len(m.Notes) > 2000 || len(m.Files) > 64 {
		return ErrManifest
	}
	if v := "v" + m.Version; !semver.IsValid(v) || semver.Build(v) != "" || semver.Canonical(v) != v {
		return ErrManifest
	}
	for _, f := range m.Files {
		if f.Name == "" || strings.ContainsAny(f.Name, `/\`) || f.Size <= 0 || len(f.SHA256) != 64 {
			return ErrManifest
		}
	}
	return nil
}

// IsNewer reports whether m is a later version than the running one. A
// pre-release is news only to those who run one.
func (m Manifest) IsNewer(running string) bool {
	then, now := "v"+m.Version, "v"+running
	if !semver.IsValid(now) || semver.Prerelease(then) != "" && semver.Prerelease(now) == "" {
		return false
	}
	return semver.Compare(then, now) > 0
}

// Asks reports whether this build can ask for updates at all.
func Asks() bool { return address != "" && verifier != "" }

// Ask fetches the manifest and checks it. It sends nothing but the request:
// no version, no identifier, no cookie.
func Ask(ctx context.Context) (Manifest, error) {
	if !Asks() {
		return Manifest{}, ErrNotAsked
	}
	return ask(ctx, http.DefaultTransport, address, verifier)
}

func ask(ctx context.Context, via http.RoundTripper, address, verifier string) (Manifest, error) {
	ctx, cancel := context.WithTimeout(ctx, askLimit)
	defer cancel()
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil || q.URL.Scheme != "https" {
		return Manifest{}, errors.New("ask for updates: the address is not an https one")
	}
	q.Header.Set("User-Agent", "conclave")
	c := http.Client{Transport: via, CheckRedirect: func(q *http.Request, before []*http.Request) error {
		switch {
		case q.URL.Scheme != "https":
			return errors.New("ask for updates: sent on to an address without TLS")
		case len(before) > redirects:
			return errors.New("ask for updates: sent on too often")
		}
		return nil
	}}
	a, err := c.Do(q)
	if err != nil {
		return Manifest{}, fmt.Errorf("ask for updates: %w", err)
	}
	defer func() { _ = a.Body.Close() }()
	if a.StatusCode != http.StatusOK {
		return Manifest{}, fmt.Errorf("ask for updates: the server answered %d", a.StatusCode)
	}
	var body bytes.Buffer
	if _, err := io.Copy(&body, io.LimitReader(a.Body, MaxManifest+1)); err != nil {
		return Manifest{}, fmt.Errorf("ask for updates: %w", err)
	}
	return Open(body.Bytes(), verifier)
}
