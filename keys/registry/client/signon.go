package client

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"conclave/keys/registry/wire"
)

// Errors of SignOn.
var (
	ErrProvider = errors.New("sign on: the organisation's provider does not answer")
	ErrDenied   = errors.New("sign on: it was refused or ended")
)

// page is what the browser shows at the end. It holds nothing of the request.
const page = `<!doctype html><meta charset="utf-8"><title>Conclave</title><p>You can close this page and go back to Conclave.</p>`

// SignOn runs the authorization code flow with PKCE (RFC 7636) for start: it
// listens on a loopback address (RFC 8252 section 7.3), hands the provider's
// page to open, which shows it in the system's browser, and returns the ID token
// for FinishOrganisation. The token is checked by the service, which knows the
// nonce. It ends with ctx at the latest; transport may be nil.
func SignOn(ctx context.Context, start wire.SignOn, open func(url string) error, transport http.RoundTripper) (string, error) {
	ctx = oidc.ClientContext(ctx, &http.Client{Timeout: timeout, Transport: transport})
	provider, err := oidc.NewProvider(ctx, start.Issuer)
	if err != nil {
		return "", ErrProvider
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", errors.New("sign on: no local address to listen on")
	}
	cfg := oauth2.Config{
		ClientID: start.ClientID, Endpoint: provider.Endpoint(), Scopes: start.Scopes,
		RedirectURL: "http://" + listener.Addr().String() + "/callback",
	}
	var random [16]byte
	_, _ = rand.Read(random[:])
	state, verifier := base64.RawURLEncoding.EncodeToString(random[:]), oauth2.GenerateVerifier()
	result := make(chan result, 1)
	server := &http.Server{Handler: callback(state, result), ReadHeaderTimeout: 5 * time.Second, MaxHeaderBytes: 16 << 10}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = server.Serve(listener) // returns when the server is closed below
	}()
	defer func() {
		_ = server.Close() // nothing is left to answer
		<-ended
	}()
	if err := open(cfg.AuthCodeURL(state, oidc.Nonce(start.Nonce), oauth2.S256ChallengeOption(verifier))); err != nil {
		return "", errors.New("sign on: the browser does not open")
	}
	select {
	case <-ctx.Done():
		return "", ErrDenied
	case r := <-result:
		if r.err != nil {
			return "", r.err
		}
		return exchange(ctx, cfg, r.code, verifier)
	}
}

type result struct {
	code string
	err  error
}

// callback takes the one redirect with our state; all other requests change
// nothing.
func callback(state string, out chan<- result) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		query := r.URL.Query()
		if r.Method != http.MethodGet || r.URL.Path != "/callback" ||
			subtle.ConstantTimeCompare([]byte(query.Get("state")), []byte(state)) != 1 {
			http.Error(w, "not found", http.StatusNotFound)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", "default-src 'none'")
		_, _ = w.Write([]byte(page))
		got := result{code: query.Get("code")}
		if got.code == "" {
			got.err = ErrDenied
		}
		select {
		case out <- got:
		default: // the first one counts
		}
	})
}

func exchange(ctx context.Context, cfg oauth2.Config, code, verifier string) (string, error) {
	token, err := cfg.Exchange(ctx, code, oauth2.VerifierOption(verifier))
	if err != nil {
		var refused *oauth2.RetrieveError
		if errors.As(err, &refused) {
			return "", ErrDenied // the text of err would quote the answer
		}
		return "", ErrProvider
	}
	id, ok := token.Extra("id_token").(string)
	if !ok || len(id) > wire.MaxBody/2 {
		return "", ErrProvider
	}
	return id, nil
}
