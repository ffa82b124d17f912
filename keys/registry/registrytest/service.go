package registrytest

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"conclave/keys"
	"conclave/keys/policy"
	"conclave/keys/registry"
	"conclave/keys/registry/channel"
	"conclave/keys/registry/client"
	"conclave/keys/registry/ledger"
	"conclave/keys/registry/signon"
	"conclave/keys/registry/store"
	"conclave/keys/registry/voucher"
)

// Service is a registry with real partners, served over HTTP.
type Service struct {
	URL      string
	Registry *registry.Registry
	Ledger   *ledger.Ledger
	Secrets  registry.Secrets
	Store    store.Store
	Mail     *MailServer
	Text     *Gateway
	Provider *Provider
	Partner  *voucher.Issuer
	Public   []byte // the partner's key
}

// Domain is the organisation of the provider.
const Domain = "school.example"

// PartnerName is that of the partner whose vouchers count.
const PartnerName = "relief.example"

// BillingSecret signs billing webhooks.
const BillingSecret = "billing secret"

// NewService starts a service with SQLite that ends with the test. change may
// alter its configuration.
func NewService(t testing.TB, change func(*registry.Config)) *Service {
	t.Helper()
	dir := t.TempDir()
	s := &Service{Mail: NewMailServer(t), Text: NewGateway(t), Provider: NewProvider(t, "eva@"+Domain)}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	var err error
	s.Secrets, err = registry.OpenSecrets(filepath.Join(dir, "secrets"), "", "conclave.test", time.Now())
	must(err)
	s.Ledger, err = ledger.Open(ledger.Config{Dir: filepath.Join(dir, "log"), Key: s.Secrets.LogSigner()}, s.Secrets.LogKey())
	must(err)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second) // that of the test has ended
		defer cancel()
		_ = s.Ledger.Close(ctx)
	})
	database, err := store.OpenSQLite(t.Context(), filepath.Join(dir, "registry.db"))
	must(err)
	t.Cleanup(func() { _ = database.Close() })
	s.Store = database
	mail, err := channel.NewMail(channel.MailConfig{Host: "127.0.0.1", Port: s.Mail.Port, From: "codes@conclave.test", Hello: "localhost", Roots: s.Mail.Roots, Timeout: 5 * time.Second})
	must(err)
	text, err := channel.NewGateway(s.Text.Config())
	must(err)
	organisations, err := signon.New(signon.Config{Organisations: []signon.Organisation{
		{Domain: Domain, Issuer: s.Provider.Issuer, ClientID: s.Provider.ClientID, Proved: true},
	}})
	must(err)
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	must(err)
	s.Partner, err = voucher.NewIssuer(key)
	must(err)
	s.Public, err = s.Partner.Public()
	must(err)
	rules, err := policy.Preset(policy.DefaultPreset)
	must(err)
	cfg := registry.Config{
		Store: s.Store, Ledger: s.Ledger, Secrets: s.Secrets, Name: "conclave.test", Mail: mail, Text: text, SignOn: organisations,
		Partners: map[string][]byte{PartnerName: s.Public}, BillingSecret: []byte(BillingSecret), GatewaySecret: s.Text.Secret,
		Policy: rules, Limits: Generous(),
	}
	if change != nil {
		change(&cfg)
		s.Store = cfg.Store
	}
	s.Registry, err = registry.New(cfg)
	must(err)
	must(s.Registry.Start(t.Context()))
	mux := http.NewServeMux()
	mux.Handle("/v1/", s.Registry.Handler())
	mux.Handle(client.LogPrefix, http.StripPrefix("/log", s.Ledger))
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	s.URL = server.URL
	return s
}

// Generous limits do not get in the way of tests.
func Generous() registry.Limits {
	r := registry.Rate{Burst: 100_000, Every: time.Millisecond}
	return registry.Limits{CodesPerDevice: r, CodesPerAddress: r, CodesPerNetwork: r, TriesPerNetwork: r, Requests: r, Passports: r}
}

// Person is somebody with a device.
type Person struct {
	Device keys.DeviceKey
	*client.Client
}

// NewPerson makes one without an account.
func (s *Service) NewPerson(t testing.TB) Person {
	t.Helper()
	device, err := keys.NewDeviceKey()
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{DisableKeepAlives: true}
	c, err := client.New(client.Config{Service: s.URL, Device: device, Transport: transport})
	if err != nil {
		t.Fatal(err)
	}
	return Person{device, c}
}

// SignedIn makes a person with an account.
func (s *Service) SignedIn(t testing.TB, address, name string) Person {
	t.Helper()
	p := s.NewPerson(t)
	started, err := p.StartSignIn(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.FinishSignIn(t.Context(), started.Attempt, s.Mail.Code(address), name); err != nil {
		t.Fatal(err)
	}
	return p
}
