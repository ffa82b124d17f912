package signon_test

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"

	"conclave/keys/registry"
	"conclave/keys/registry/client"
	"conclave/keys/registry/registrytest"
	"conclave/keys/registry/signon"
	"conclave/keys/registry/wire"
)

// resolver is DNS by hand.
type resolver map[string][]string

func (r resolver) LookupTXT(_ context.Context, name string) ([]string, error) {
	if texts, ok := r[name]; ok {
		return texts, nil
	}
	return nil, &net.DNSError{Name: name, IsNotFound: true}
}

func TestDomainsMustBeProved(t *testing.T) {
	p := registrytest.NewProvider(t, "eva@school.example")
	organisations := []signon.Organisation{{Domain: "school.example", Issuer: p.Issuer, ClientID: p.ClientID}}
	for name, row := range map[string]struct {
		dns    resolver
		domain string
		want   error
	}{
		"no record":        {resolver{}, "school.example", registry.ErrNotProved},
		"another provider": {resolver{"_conclave.school.example": {signon.Record("https://evil.example")}}, "school.example", registry.ErrNotProved},
		"wrong place":      {resolver{"school.example": {signon.Record(p.Issuer)}}, "school.example", registry.ErrNotProved},
		"proved":           {resolver{"_conclave.school.example": {"v=spf1", signon.Record(p.Issuer)}}, "school.example", nil},
		"unknown":          {resolver{}, "other.example", registry.ErrUnknown},
	} {
		v, err := signon.New(signon.Config{Organisations: organisations, Resolver: row.dns})
		if err != nil {
			t.Fatal(err)
		}
		issuer, id, err := v.Start(t.Context(), row.domain)
		if !errors.Is(err, row.want) || err == nil && (issuer != p.Issuer || id != p.ClientID) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTokensAreCheckedInFull(t *testing.T) {
	p := registrytest.NewProvider(t, "eva@school.example")
	v, err := signon.New(signon.Config{Organisations: []signon.Organisation{
		{Domain: "school.example", Issuer: p.Issuer, ClientID: p.ClientID, Proved: true},
	}})
	if err != nil {
		t.Fatal(err)
	}
	if subject, err := v.Verify(t.Context(), "school.example", "n", p.Token("Eva@School.example", "n")); err != nil || subject == "" {
		t.Fatalf("good token: %v", err)
	}
	for name, change := range map[string]func(map[string]any){
		"issuer":        func(c map[string]any) { c["iss"] = "https://evil.example" },
		"audience":      func(c map[string]any) { c["aud"] = "another app" },
		"expired":       func(c map[string]any) { c["exp"] = time.Now().Add(-time.Minute).Unix() },
		"nonce":         func(c map[string]any) { c["nonce"] = "other" },
		"no nonce":      func(c map[string]any) { delete(c, "nonce") },
		"no subject":    func(c map[string]any) { delete(c, "sub") },
		"unverified":    func(c map[string]any) { c["email_verified"] = false },
		"not said":      func(c map[string]any) { delete(c, "email_verified") },
		"other domain":  func(c map[string]any) { c["email"] = "eva@evil.example" },
		"sub-domain":    func(c map[string]any) { c["email"] = "eva@x.school.example" },
		"two at signs":  func(c map[string]any) { c["email"] = "eva@school.example@evil.example" },
		"no address":    func(c map[string]any) { delete(c, "email") },
		"address twice": func(c map[string]any) { c["email"] = []string{"a@school.example"} },
	} {
		p.Change(change)
		if _, err := v.Verify(t.Context(), "school.example", "n", p.Token("eva@school.example", "n")); !errors.Is(err, registry.ErrToken) {
			t.Errorf("%s: %v", name, err)
		}
	}
	p.Change(nil)
	other := registrytest.NewProvider(t, "eva@school.example")
	other.Issuer = p.Issuer
	for name, token := range map[string]string{"another key": other.Token("eva@school.example", "n"), "nothing": "", "no token": "a.b.c"} {
		if _, err := v.Verify(t.Context(), "school.example", "n", token); !errors.Is(err, registry.ErrToken) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestBrowserCanSayNoOrNothing(t *testing.T) {
	p := registrytest.NewProvider(t, "eva@school.example")
	start := wire.SignOn{Issuer: p.Issuer, ClientID: p.ClientID, Nonce: "n", Scopes: []string{"openid", "email"}}
	if token, err := client.SignOn(t.Context(), start, p.Browse, nil); err != nil || token == "" {
		t.Fatalf("yes: %v", err)
	}
	p.Deny(true)
	if _, err := client.SignOn(t.Context(), start, p.Browse, nil); !errors.Is(err, client.ErrDenied) {
		t.Errorf("no: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := client.SignOn(ctx, start, func(string) error { cancel(); return nil }, nil); !errors.Is(err, client.ErrDenied) {
		t.Errorf("window closed: %v", err)
	}
	if _, err := client.SignOn(t.Context(), start, func(string) error { return errors.New("no browser") }, nil); err == nil {
		t.Error("no browser, no error")
	}
	start.Issuer = "http://127.0.0.1:1"
	if _, err := client.SignOn(t.Context(), start, p.Browse, nil); !errors.Is(err, client.ErrProvider) {
		t.Errorf("provider down: %v", err)
	}
	v, _ := signon.New(signon.Config{Organisations: []signon.Organisation{{Domain: "a.example", Issuer: start.Issuer, ClientID: "x", Proved: true}}})
	if _, _, err := v.Start(t.Context(), "a.example"); !errors.Is(err, registry.ErrProvider) {
		t.Errorf("service's view: %v", err)
	}
}
